"""What finished parts of a long run have found, kept in a file so that an interrupted run goes on."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .saving import write_text

SCHEMA = "fieldnet/progress/1"
NAME = ".progress.json"


class FileMemory(MutableMapping[str, Any]):
    """A mapping of JSON values behind which a file stands; every change replaces the file atomically.
    Threads may share it.

    The file counts only under the same `key`; one of another key, or one that cannot be read, is ignored and
    replaced. Floats come back to the last bit. `made` says whether the folder was made for the file.
    """

    def __init__(self, path: Path, key: str, fresh: bool = False):
        self.path, self.key, self.made = path, key, False
        self._lock = threading.Lock()
        self._parts: dict[str, Any] = {} if fresh else _read(path, key)
        self.found = len(self._parts)

    def __getitem__(self, name: str) -> Any:
        return self._parts[name]

    def __setitem__(self, name: str, value: Any) -> None:
        with self._lock:
            self._parts[name] = value
            self._write()

    def __delitem__(self, name: str) -> None:
        with self._lock:
            del self._parts[name]
            self._write()

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def forget(self) -> None:
        """Remove the file, and the folder that was made for it if nothing else is in it."""
        self._parts.clear()
        self.path.unlink(missing_ok=True)
        if self.made and not any(self.path.parent.iterdir()):
            self.path.parent.rmdir()

    def _write(self) -> None:
        text = json.dumps({"schema": SCHEMA, "key": self.key, "parts": self._parts})
        if not self.path.parent.is_dir():
            self.path.parent.mkdir(parents=True)
            self.made = True
        write_text(self.path, text)


def _read(path: Path, key: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict) or content.get("schema") != SCHEMA or content.get("key") != key:
        return {}
    parts = content.get("parts")
    return parts if isinstance(parts, dict) else {}


def key_of(file: Path, options: Mapping[str, Any]) -> str:
    """A hash of the bytes of the data, of the options and of fieldnet's version."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(2**20):
            digest.update(block)
    digest.update(
        json.dumps({"options": dict(options), "version": version("fieldnet")}, sort_keys=True).encode()
    )
    return digest.hexdigest()
