"""`fieldnet symmetries`: the point symmetries that a file of trajectories shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..symmetry.fields.result import FieldSymmetries


def symmetries(
    file: Annotated[
        Path, typer.Argument(help="NetCDF, HDF5 or .npz with a field on (t, x[, y]) or (t, node).")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the results; it is made.", show_default=False)
    ],
    lagrangian: Annotated[
        str | None,
        typer.Option(
            help="A lagrangian.json, or a name of the catalogue such as sine_gordon:c=1.2,m=0.9; "
            "default: learned from the data.",
            show_default=False,
        ),
    ] = None,
    degree: Annotated[int, typer.Option(help="Degree of the vector fields in the coordinates.")] = 1,
    field: Annotated[str | None, typer.Option(help="Which field, where the file holds several.")] = None,
    boundary: Annotated[
        str | None,
        typer.Option(help="periodic, winding, open, dirichlet or neumann; default: from the data."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the learning and of the random controls.")] = 0,
) -> None:
    """Find the symmetries of measured dynamics: symmetries.json and a picture of each vector field."""
    from rich.console import Console
    from rich.table import Table

    from ..discover_symmetries import discover_symmetries
    from ..saving import json_text, write_text
    from ..symmetry.fields.result import FieldSymmetries
    from .folders import prepare_folder
    from .progress import training_progress

    prepare_folder(out)
    with training_progress() as progress:
        found = discover_symmetries(file, lagrangian, field, degree, boundary, seed, progress)
    text = json_text(found.content())
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "symmetries.json", text)
    written = [out / "symmetries.json", *found.figures(out)]

    console = Console(highlight=False, soft_wrap=True)
    typer.echo(found.verdict)
    table = Table("", "found", "beside")
    for row in found.table():
        table.add_row(*row)
    console.print(table)
    if isinstance(found, FieldSymmetries):
        _print_generators(found, console)
    typer.echo(f"written: {', '.join(map(str, written))}")


def _print_generators(found: FieldSymmetries, console) -> None:
    from rich.table import Table

    from ..symmetry.fields.text import generator_text

    generators = Table("generator", "from the proved span", title_justify="left")
    for i, X in enumerate(found.generators):
        angle = found.angle_of(i)
        generators.add_row(generator_text(X, 5), "" if angle is None else f"{angle:.2g}°")
    console.print(generators)
    audit = found.audit
    if audit is None:
        typer.echo(f"  audit       {found.audit_note}")
        return
    if audit.charges or audit.local:
        table = Table("charge or current", "drift or ‖∂J‖/‖∂_tJ⁰‖", "control")
        for charge in audit.charges:
            table.add_row(charge.name, f"{charge.relative_drift:.1e}", f"{charge.control_drift:.1e}")
        for item in audit.local:
            table.add_row(f"{item.name} (local)", f"{item.residual:.1e}", f"{item.control_residual:.1e}")
        console.print(table)
