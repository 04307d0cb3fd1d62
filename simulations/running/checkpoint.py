"""A run on its way to a file: a folder beside it from which it goes on, bit for bit, after any interruption.

`.NAME.partial/` holds `run.json` (what the run is), `frames` (the saved states, appended as they come, field
by field in the machine's own numbers) and `checkpoint.npz` (the state, the number of its step, and how many
frames are valid; replaced atomically). What was appended after the last checkpoint is cut off and computed
again.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from ..errors import DataError
from .fingerprint import differences, fingerprint
from .frames import Moment
from .lock import lock
from .run import Run


class FramesOnDisk:
    """The frames of a run in a folder; made, or found and continued.

    Args:
        run: what is computed.
        out: the file that comes of it in the end.
        resume: whether to continue a folder that is there; otherwise it is removed.
        saves: a checkpoint after so many saved states, or
        seconds: after so much time, whichever comes first; between saved states too.

    Raises DataError (a ValueError) for the folder of another run, and while another process writes it.
    """

    def __init__(self, run: Run, out: Path, resume: bool = True, saves: int = 1000, seconds: float = 10.0):
        self.run = run
        self.out = out
        self.saves, self.seconds = saves, seconds
        self.folder = out.with_name(f".{out.name}.partial")
        self.count = 0
        self._size = run.dtype.itemsize * int(np.prod(run.frame_shape))
        shutil.rmtree(self._finished, ignore_errors=True)
        try:
            self.folder.mkdir(exist_ok=True)
            self._lock = lock(self.folder / "lock", f"{out} is being written by another process; wait for it")
        except OSError as error:
            raise self._cannot_write(error) from None
        try:
            self._open(resume)
        except BaseException:
            self._lock.close()
            raise
        self._checkpointed = self.count
        self._at, self._looked, self._number = time.monotonic(), time.monotonic(), self._moment[2]
        self._rate = 0.0

    def _open(self, resume: bool) -> None:
        try:
            if not resume:
                self._clear()
            self._check_that_it_is_the_same_run()
            self._moment = self._read_checkpoint() or (self.run.q, self.run.v, 0)
            path = self.folder / "frames"
            path.touch()
            self._stream = open(path, "r+b")  # noqa: SIM115  # open for as long as the run goes
            self._stream.truncate(self.count * len(self.run.system.fields) * self._size)
            self._stream.seek(0, os.SEEK_END)
            if self.count == 0:
                self.record(self.run.q, self.run.v)
        except OSError as error:
            raise self._cannot_write(error) from None

    def start(self) -> Moment:
        return self._moment

    def record(self, q: torch.Tensor, v: torch.Tensor | None) -> None:
        try:
            for part in self.run.fields_of(q):
                self._stream.write(np.ascontiguousarray(part.cpu().numpy()).data)
            self._stream.flush()
        except OSError as error:
            raise self._cannot_write(error) from None
        self.count += 1

    def most_steps(self) -> int:
        """As many as take until the next checkpoint is due, by the speed of the last ones; 1 at first."""
        return max(1, int(self._rate * self.seconds))

    def passed(self, q: torch.Tensor, v: torch.Tensor | None, number: int) -> None:
        """Writes a checkpoint if one is due."""
        now = time.monotonic()
        self._rate = (number - self._number) / max(now - self._looked, 1e-9)
        if now - self._at >= self.seconds or self.count - self._checkpointed >= self.saves:
            self._write_checkpoint(q, v, number)
            self._checkpointed, self._at = self.count, now
        self._looked, self._number = time.monotonic(), number

    def frames(self, field: int) -> Iterator[np.ndarray]:
        """The saved states of a field, one after the other, shape (sample, *points)."""
        self._stream.flush()
        with open(self.folder / "frames", "rb") as stream:
            for index in range(self.count):
                stream.seek((index * len(self.run.system.fields) + field) * self._size)
                yield np.frombuffer(stream.read(self._size), self.run.dtype).reshape(self.run.frame_shape)

    def remove(self) -> None:
        """The folder, at once: it is renamed first, so that no half of one is ever found."""
        self._stream.close()
        os.replace(self.folder, self._finished)
        shutil.rmtree(self._finished, ignore_errors=True)
        self._lock.close()

    def close(self) -> None:
        """Leave the folder for a later run."""
        self._stream.close()
        self._lock.close()

    @property
    def _finished(self) -> Path:
        return self.folder.with_suffix(".finished")

    def _clear(self) -> None:
        """Remove what there is, the description last: without it nothing else counts."""
        for name in ("checkpoint.npz", "frames", "run.json"):
            (self.folder / name).unlink(missing_ok=True)

    def _check_that_it_is_the_same_run(self) -> None:
        path, mine = self.folder / "run.json", fingerprint(self.run)
        if not path.exists():
            self._clear()
            self._replace("run.json", lambda stream: stream.write(json.dumps(mine, indent=1).encode()))
            return
        try:
            theirs = json.loads(path.read_text("utf-8"))
        except ValueError:
            raise DataError(f"{path} is damaged; {self._remedy()}") from None
        other = differences(theirs, mine)
        if other:
            raise DataError(f"{self.folder} holds another run ({other}); {self._remedy()}")

    def _read_checkpoint(self) -> Moment | None:
        path = self.folder / "checkpoint.npz"
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as saved:
                self.count, number = int(saved["count"]), int(saved["number"])
                q = torch.from_numpy(saved["q"]).to(self.run.q.device)
                v = None if self.run.v is None else torch.from_numpy(saved["v"]).to(self.run.q.device)
        except (ValueError, KeyError, EOFError, OSError):
            raise DataError(f"{path} is damaged; {self._remedy()}") from None
        frames = self.folder / "frames"
        wanted = self.count * len(self.run.system.fields) * self._size
        if not frames.exists() or frames.stat().st_size < wanted:
            raise DataError(f"{frames} is shorter than its checkpoint says; {self._remedy()}")
        return q, v, number

    def _write_checkpoint(self, q: torch.Tensor, v: torch.Tensor | None, number: int) -> None:
        state: dict[str, Any] = {"number": number, "count": self.count, "q": q.cpu().numpy()}
        if v is not None:
            state["v"] = v.cpu().numpy()
        try:
            os.fsync(self._stream.fileno())
            self._replace("checkpoint.npz", lambda stream: np.savez(stream, **state))
        except OSError as error:
            raise self._cannot_write(error) from None

    def _replace(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        temporary = self.folder / f"{name}.new"
        with open(temporary, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, self.folder / name)

    def _remedy(self) -> str:
        return "delete it, or start anew (resume=False, --overwrite)"

    def _cannot_write(self, error: OSError) -> DataError:
        return DataError(f"cannot write {self.out}: {error.strerror or error}")
