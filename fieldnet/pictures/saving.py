"""Picture files: all of one or nothing."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure

from simulations.files.places import check_place, replacing

from .style import SHARPNESS

STILL = (".png", ".svg", ".pdf")
MOVING = (".gif", ".mp4")


def check_picture(path: Path) -> None:
    """ValueError unless a picture could be written there now. Leaves no trace."""
    check_place(path, STILL + MOVING, "choose another --out")


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def save_figure(figure: Figure, path: Path) -> None:
    """A still picture, in the format of its ending, without dates."""
    kind = path.suffix[1:]
    stream = io.BytesIO()
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {"Software": None})
    figure.savefig(stream, format=kind, dpi=SHARPNESS, metadata=dates)
    write_bytes(path, stream.getvalue())
