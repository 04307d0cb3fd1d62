"""One writer at a time, by a lock that the system takes back when a process dies."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from ..errors import DataError

try:
    import fcntl
except ImportError:  # Windows has none: there two writers are the user's own care
    fcntl = None  # type: ignore[assignment]


def lock(path: Path, message: str) -> BinaryIO:
    """The open file, locked until it is closed; DataError with the message if another process has it."""
    stream = open(path, "ab")  # noqa: SIM115  # closing it gives the lock back
    if fcntl is not None:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.close()
            raise DataError(message) from None
    return stream
