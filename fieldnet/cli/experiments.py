"""`fieldnet reproduce`: the paper's own experiments, and that of robustness, beside controls."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import Annotated, Any

import typer

LARGEST_SEED = 10**9


def reproduce(
    experiment: Annotated[str, typer.Argument(help="translation, rotation or robustness.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for results.json and figures; it is made.")],
    grid: Annotated[
        int | None, typer.Option(help="Pixels along the side of rotated images, 5 to 40; default: 7.")
    ] = None,
    angle: Annotated[
        str | None,
        typer.Option(help="Of rotations: fixed (π/10) or unknown (in [0, π/4]); default: unknown."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many seeds; every one is reported.")] = 5,
    seed: Annotated[int, typer.Option(help="The first seed, of data and starts.")] = 0,
    images: Annotated[
        Path | None,
        typer.Option(help="Of robustness: images to classify, an .npz or a folder; without, fields alone."),
    ] = None,
) -> None:
    """Run an experiment again, beside controls: results.json and figures.

    translation, rotation: learn the generator from pairs of data. robustness: predict how much noise on the
    input changes a trained model's loss.

    Translations take seconds, rotations on 7×7 and robustness minutes, 20×20 with unknown angles half an
    hour. After every seed results.json is rewritten, "complete" false, so that Ctrl-C keeps them.
    """
    from ..experiments import robustness, rotation, translation
    from ..experiments.datasets import load_images
    from ..pictures.learned_vector_fields import draw_experiment
    from ..pictures.robustness import draw_robustness
    from ..saving import json_text, write_text
    from .experiment_tables import print_experiment
    from .folders import prepare_folder
    from .progress import training_progress

    grid, angle = checked(experiment, grid, angle, seeds, seed, images)
    data = None if images is None else load_images(images)
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
        text = json_text(content, indent=1)
        write_text(out / "results.json", text)

    with training_progress() as report:
        if experiment == "translation":
            result = translation.run_all(numbers, report)
        elif experiment == "robustness":
            result = robustness.run_all(numbers, data, report, keep)
        else:
            result = rotation.run_setting(grid, angle, numbers, report=report, keep=keep)
    content["complete"] = True
    keep(result)
    if experiment == "robustness":
        typer.echo(robustness.robustness_table(result))
        pictures = draw_robustness(result, out)
    else:
        print_experiment(content)
        pictures = draw_experiment(content, out)
    typer.echo(f"written: {', '.join(str(path) for path in (out / 'results.json', *pictures))}")


def checked(
    experiment: str, grid: int | None, angle: str | None, seeds: int, seed: int, images: Path | None = None
) -> tuple[int, str]:
    """Grid and angle, by default the first of the paper; ValueError unless the options make sense."""
    if experiment not in ("translation", "rotation", "robustness"):
        raise ValueError(
            f"got the experiment {experiment!r}, expected translation or rotation, or robustness"
        )
    if experiment != "rotation" and (grid, angle) != (None, None):
        raise ValueError(f"got --grid or --angle with {experiment}, expected them with rotation only")
    if experiment != "robustness" and images is not None:
        raise ValueError(f"got --images with {experiment}, expected it with robustness only")
    grid, angle = 7 if grid is None else grid, "unknown" if angle is None else angle
    if angle not in ("fixed", "unknown"):
        raise ValueError(f"got --angle {angle!r}, expected fixed or unknown")
    if not 5 <= grid <= 40:
        raise ValueError(f"got --grid {grid}, expected 5 to 40 pixels; the paper has 7 and 20")
    if seeds < 1:
        raise ValueError(f"got --seeds {seeds}, expected at least 1")
    if not 0 <= seed <= LARGEST_SEED - seeds:
        raise ValueError(f"got --seed {seed} for {seeds} seeds, expected 0 to {LARGEST_SEED} for all of them")
    return grid, angle


def versions() -> dict[str, str]:
    """Of the packages that the numbers depend on."""
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "numpy", "fieldnet")}
