"""Generated loops compiled with numba, an optional extra; machine code is kept for later processes."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import stat
import sys
import tempfile
import types
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

_INLINE = ("alternating", "sine", "cosine")
_ADDING_UP = ("total", "dots")  # sums alone may be reordered, so that they become vector code
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}


@cache
def numba_is_installed() -> bool:
    """Whether the extra `fast` is there; asking does not import it."""
    return importlib.util.find_spec("numba") is not None


@cache
def compile_source(text: str, entries: tuple[str, ...], parallel: bool = False) -> dict[str, Callable]:
    """The functions named in `entries`, compiled with everything they call; machine code is kept on disk.

    Only `text` is ever executed as Python, never what a file holds. Products and sums contract to fused
    operations, and the functions `total` and `dots` reorder their sums; nothing else of IEEE arithmetic is
    given up. With `parallel`, each `prange` loop in an entry
    runs on numba's threads; without, it is a plain loop.

    Raises ImportError without numba.
    """
    import numba  # takes half a second, so only once something is compiled

    if not parallel:
        text = text.replace("prange(", "range(")
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    path = _kept(text, digest)
    module = types.ModuleType(f"fieldnet_kernel_{digest}")
    sys.modules[module.__name__] = module
    namespace = module.__dict__
    namespace["prange"] = numba.prange
    exec(compile(text, f"<kernel {digest}>" if path is None else str(path), "exec"), namespace)
    for name in [key for key, value in namespace.items() if isinstance(value, types.FunctionType)]:
        options = {**_OPTIONS, "cache": path is not None}
        if name in _INLINE:
            options = {"inline": "always"}
        elif name in _ADDING_UP:
            options["fastmath"] = {"contract", "reassoc", "nsz"}
        elif parallel and "prange" in namespace[name].__code__.co_names:
            options["parallel"] = True
        namespace[name] = numba.njit(**options)(namespace[name])
    return {entry: namespace[entry] for entry in entries}


def _kept(text: str, digest: str) -> Path | None:
    """A file with this text in a directory of the user's own, for numba to keep machine code beside.

    None where there is no such directory, or it cannot be written, or others could write in it.
    """
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / f"kernel_{digest}.py"
    try:
        if not (path.is_file() and path.read_text("utf-8") == text):
            handle, partial = tempfile.mkstemp(dir=folder, suffix=".partial")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(partial, path)
        return path
    except OSError:
        return None


def cache_folder() -> Path | None:
    """`$XDG_CACHE_HOME/fieldnet/kernels` (by default under ~/.cache), made with mode 0700.

    None if it cannot be made or written, is a link, or belongs to or is writable by somebody else: numba
    loads machine code from it.
    """
    root = os.environ.get("XDG_CACHE_HOME") or (
        os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.path.expanduser("~/.cache")
    )
    if not root or not os.path.isabs(root):
        return None
    folder = Path(root) / "fieldnet" / "kernels"
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        safe = all(_is_ours(place) for place in (folder.parent, folder))
    except OSError:
        return None
    return folder if safe and os.access(folder, os.W_OK) else None


def _is_ours(folder: Path) -> bool:
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    if os.name == "nt":
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
