"""Where a file goes: whether it could be written there, and all of it or nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import DataError


def check_place(path: Path, endings: tuple[str, ...], remedy: str) -> None:
    """DataError, with the remedy, unless a file of one of these endings could be written there now."""
    if path.suffix not in endings:
        raise DataError(
            f"cannot write {path}: got the file ending '{path.suffix}', expected one of {', '.join(endings)}"
        )
    if path.is_dir():
        raise DataError(f"cannot write {path}: it is a folder, expected a file name")
    if not path.parent.is_dir():
        raise DataError(f"cannot write {path}: {path.parent} is not an existing folder; make it first")
    if path.exists() and not os.access(path, os.W_OK):
        raise DataError(f"cannot write {path}: the file is write-protected; {remedy}")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}; {remedy}") from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside the file to write to: at the end it replaces the file, after an error it is removed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
