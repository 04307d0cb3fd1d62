"""Picture files: all of one or nothing."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from matplotlib.figure import Figure

from .style import SHARPNESS

STILL = (".png", ".svg", ".pdf")
MOVING = (".gif", ".mp4")


def check_picture(path: Path) -> None:
    """ValueError unless a picture could be written there now. Leaves no trace."""
    if path.suffix not in STILL + MOVING:
        raise ValueError(
            f"cannot write {path}: got the file ending '{path.suffix}', expected one of "
            f"{', '.join(STILL + MOVING)}"
        )
    if path.is_dir():
        raise ValueError(f"cannot write {path}: it is a folder, expected a file name")
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {path}: {path.parent} is not an existing folder; make it first")
    if path.exists() and not os.access(path, os.W_OK):
        raise ValueError(f"cannot write {path}: the file is write-protected; choose another --out")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror or error}; choose another --out") from None


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file atomically."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save_figure(figure: Figure, path: Path) -> None:
    """A still picture, in the format of its ending, without dates."""
    kind = path.suffix[1:]
    stream = io.BytesIO()
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {"Software": None})
    figure.savefig(stream, format=kind, dpi=SHARPNESS, metadata=dates)
    write_bytes(path, stream.getvalue())
