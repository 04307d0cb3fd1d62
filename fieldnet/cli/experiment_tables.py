"""Tables of `fieldnet reproduce`: ours, the paper's number, the control, a row each."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

CONSOLE = Console(highlight=False)
if not CONSOLE.is_terminal:
    CONSOLE.width = 132


def print_experiment(content: dict[str, Any]) -> None:
    """The tables for the content of a results.json."""
    {"translation": _translation, "rotation": _rotation}[content["experiment"]](content["result"])


def _table(title: str, *headings: str) -> Table:
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0, justify="left" if number == 0 else "right")
    return table


def _rotation(result: dict[str, Any]) -> None:
    size = result["size"]
    table = _table(
        f"Rotation, {size}×{size}, angle {result['angle']}: cosine with L_θ = x∂_y − y∂_x",
        "run",
        "centre (d−1)/2",
        "centre d/2",
        "vector field",
        "degree",
        "held-out loss",
        "error, rad",
        "verdict",
    )
    for run in result["runs"]:
        table.add_row(*_rotation_row(f"seed {run['seed']}", run))
    table.add_section()
    for run in result.get("other_interpolation", ()):
        table.add_row(*_rotation_row(f"seed {run['seed']}, read by {run['kernel']}", run))
    if "exact" in result:
        table.add_row(*_rotation_row("exact generator", result["exact"]))
    for run in result.get("controls", ()):
        table.add_row(*_rotation_row(f"control: {run['kind']}", run))
    table.add_section()
    for name, row in result.get("baselines", {}).items():
        table.add_row(
            f"dense {name}",
            f"{row['cosine_true_centre']:.2f}",
            f"{row['cosine_paper_centre']:.2f}",
            *[""] * 5,
        )
    if result["published"] is not None:
        table.add_row("paper", "", f"{result['published']:.2f}", *[""] * 5)
    CONSOLE.print(table)
    CONSOLE.print(
        f"the cosine between the rotations about both centres is {result['ceiling_paper_centre']:.4f}"
    )


def _rotation_row(name: str, run: dict[str, Any]) -> tuple[str, ...]:
    error = run["largest_angle_error"]
    return (
        name,
        f"{run['cosine_true_centre']:.6f}",
        f"{run['cosine_paper_centre']:.4f}",
        f"{run['cosine_vector_field']:.6f}",
        str(run["degree"]),
        f"{run['held_out_losses'][run['degrees'].index(run['degree'])]:.1e}",
        "" if error is None else f"{error:.1e}",
        run["verdict"],
    )


def _translation(result: dict[str, Any]) -> None:
    table = _table(
        f"Finite shifts by {result['shift']}, d = {result['points']}: cosine with the shift",
        "matrix",
        "true L",
        "learned L",
        "true L, the paper's shift",
        "paper",
    )
    for true, learned in zip(*(result["finite_shifts"][k] for k in ("truth", "learned")), strict=True):
        table.add_row(
            "exp(zL)" if true["n"] is None else f"(I + zL/n)^n, n = {true['n']}",
            f"{true['cosine_exact']:.4f}",
            f"{learned['cosine_exact']:.4f}",
            f"{true['cosine_paper']:.4f}",
            "" if true["published"] is None else f"{true['published']:.2f}",
        )
    CONSOLE.print(table)
    table = _table(
        "Learned zL",
        "run",
        "parameters",
        "held-out loss",
        "cosine",
        "cosine, |k| ≤ 4",
        "norm/true",
        "chosen",
        "verdict",
    )
    for run in [*result["runs"], *result["controls"]]:
        name = f"seed {run['seed']}" if run["kind"] == "shifted" else f"control: {run['kind']}"
        for row in run["families"]:
            chosen = row["family"] == run["chosen"]
            table.add_row(
                f"{name}, {row['family']}",
                str(row["parameters"]),
                f"{row['held_out_loss']:.1e}",
                f"{row['cosine']:.4f}",
                f"{row['cosine_in_band']:.4f}",
                f"{row['relative_norm']:.4f}",
                "yes" if chosen else "",
                run["verdict"] if chosen else "",
            )
    CONSOLE.print(table)
    nyquist = ", ".join(f"{name}: {error:.1e}" for name, error in result["nyquist"].items())
    CONSOLE.print(f"largest error of exp(zL), L of Whittaker and Shannon: {nyquist}")
