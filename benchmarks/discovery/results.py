"""benchmarks/results/discovery.json: one row a theory, noise, seed and method, safe to stop and to share."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..__main__ import RESULTS, replace

FILE = RESULTS / "discovery.json"
KEY = ("theory", "noise", "seed", "method")


def key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a row is about."""
    return tuple(row[name] for name in KEY)


def load(path: Path = FILE) -> dict[str, Any]:
    """The file, or an empty one."""
    return json.loads(path.read_text("utf-8")) if path.exists() else {"runs": [], "rows": []}


def add(row: Mapping[str, Any], run: Mapping[str, Any], path: Path = FILE) -> None:
    """Put a row, and the run that measured it, into the file in place of one about the same.

    Several processes may do so at once.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.parent):
        content = load(path)
        if run not in content["runs"]:
            content["runs"].append(dict(run))
        new = {**row, "run": content["runs"].index(run)}
        rows = [*(old for old in content["rows"] if key(old) != key(new)), new]
        content["rows"] = sorted(rows, key=key)
        replace(path, as_text(content))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Wait until no other process is in here for this folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def as_text(content: Mapping[str, Any]) -> str:
    """JSON with a line for every row."""
    head = {name: value for name, value in content.items() if name != "rows"}
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in content["rows"])
    text = json.dumps({**head, "rows": "ROWS"}, indent=2, ensure_ascii=False)
    return text.replace('"ROWS"', f"[\n{rows}\n]" if rows else "[]") + "\n"
