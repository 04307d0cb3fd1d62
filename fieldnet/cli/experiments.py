"""`fieldnet reproduce`: the paper's own experiments, beside its numbers and beside controls."""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from typing import Annotated, Any

import typer


def reproduce(
    experiment: Annotated[str, typer.Argument(help="translation or rotation.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for results.json and figures; it is made.")],
    grid: Annotated[int, typer.Option(help="Pixels along the side of the rotated images: 7 or 20, say.")] = 7,
    angle: Annotated[str, typer.Option(help="fixed (π/10) or unknown (in [0, π/4], not given).")] = "unknown",
    seeds: Annotated[int, typer.Option(help="How many seeds; every one is reported.")] = 5,
    seed: Annotated[int, typer.Option(help="The first seed, of data and starts.")] = 0,
) -> None:
    """Learn the generator of translations or rotations from pairs of data: results.json and figures.

    results.json is rewritten after every seed of a rotation, "complete" false, so that Ctrl-C keeps them.
    """
    from ..experiments import rotation, translation
    from ..pictures.learned_vector_fields import draw_experiment
    from ..saving import write_text
    from .experiment_tables import print_experiment
    from .folders import prepare_folder
    from .progress import training_progress

    check(experiment, grid, angle, seeds)
    prepare_folder(out)
    began = time.perf_counter()
    numbers = list(range(seed, seed + seeds))
    content: dict[str, Any] = {
        "schema": "fieldnet/experiment/1",
        "experiment": experiment,
        "versions": {"python": platform.python_version(), **versions()},
        "complete": False,
    }

    def keep(result: dict[str, Any]) -> None:
        content.update(result=result, seconds=round(time.perf_counter() - began, 1))
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        write_text(out / "results.json", text + "\n")

    with training_progress() as report:
        if experiment == "translation":
            result = translation.run_all(numbers, report)
        else:
            result = rotation.run_setting(grid, angle, numbers, report=report, keep=keep)
    content["complete"] = True
    keep(result)
    print_experiment(content)
    pictures = draw_experiment(content, out)
    typer.echo(f"written: {', '.join(str(path) for path in (out / 'results.json', *pictures))}")


def check(experiment: str, grid: int, angle: str, seeds: int) -> None:
    """ValueError unless the options make sense."""
    if experiment not in ("translation", "rotation"):
        raise ValueError(f"got the experiment {experiment!r}, expected translation or rotation")
    if angle not in ("fixed", "unknown"):
        raise ValueError(f"got --angle {angle!r}, expected fixed or unknown")
    if not 5 <= grid <= 40:
        raise ValueError(f"got --grid {grid}, expected 5 to 40 pixels; the paper has 7 and 20")
    if seeds < 1:
        raise ValueError(f"got --seeds {seeds}, expected at least 1")


def versions() -> dict[str, str]:
    """Of the packages that the numbers depend on."""
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "numpy", "fieldnet")}
