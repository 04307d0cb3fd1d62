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
from fieldnet.systems.page import FIGURES
from simulations import save, simulate

FOLDER = Path(__file__).parent / "figures"
SHARPNESS = 72  # dots an inch
COLOURS = 128


def picture(name: str) -> Path:
    """Simulate a system as it is by default, and draw it; returns where."""
    experiment = prepare(Options(name))
    data = simulate(
        experiment.system, experiment.initial, experiment.t_end, save_every=experiment.save_every, seed=0
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
    for name in names or FIGURES:
        path = picture(name)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
