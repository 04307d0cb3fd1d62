"""The pictures of docs/simulations.md: what `fieldnet simulate NAME` and `fieldnet plot` make, small.

Runtime: about two minutes on two cores.
Command: .venv/bin/python docs/figures.py [NAME …]
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import torch
from PIL import Image

from fieldnet.pictures import figure_for, picture_style, shown
from fieldnet.systems import Options, prepare
from fieldnet.systems.page import FIGURES, STIRRED, STIRRED_FIGURE
from simulations import save, simulate

FOLDER = Path(__file__).parent / "figures"
SHARPNESS = 72  # dots an inch
COLOURS = 128


def picture(name: str) -> Path:
    """Simulate a system as it is by default, or the stirred flow, and draw it; returns where."""
    options = STIRRED if name == STIRRED_FIGURE else Options(name)
    experiment = prepare(options)
    data = simulate(
        experiment.system,
        experiment.initial,
        experiment.t_end,
        save_every=experiment.save_every,
        step=options.step,
        seed=options.seed,
    )
    path = FOLDER / f"{name}.png"
    with tempfile.TemporaryDirectory() as folder, picture_style():
        file = Path(folder) / "data.nc"
        save(data.assign_attrs(experiment.attributes), file)
        figure = figure_for(shown(file))
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=SHARPNESS, metadata={"Software": None})
    Image.open(stream).convert("RGB").quantize(COLOURS).save(path, optimize=True)
    return path


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    for name in names or (*FIGURES, STIRRED_FIGURE):
        path = picture(name)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
