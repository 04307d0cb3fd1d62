"""Folders for results, checked before the long work begins."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def prepare_folder(folder: Path) -> None:
    """Raise ValueError unless results could be written to `folder` now; it need not exist. Leaves no
    trace.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"cannot write to {folder}: it is a file, expected a folder; choose another --out")
    existing = folder
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        raise ValueError(f"cannot write to {folder}: {existing} is a file; choose another --out")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ValueError(f"cannot write to {folder}: {existing} is write-protected; choose another --out")
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise ValueError(
            f"cannot write to {folder}: {error.strerror or error}; choose another --out"
        ) from None
