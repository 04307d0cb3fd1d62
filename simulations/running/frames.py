"""Saved states: what a run hands over as it goes, and how they are kept in memory."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
import xarray

from .measurement_noise import standard_deviation, with_noise
from .metadata import field_dims
from .run import Run

Moment = tuple[torch.Tensor, torch.Tensor | None, int]


class Frames(Protocol):
    """Where saved states go."""

    def start(self) -> Moment:
        """(q, v, number of the step) to go on from."""

    def record(self, q: torch.Tensor, v: torch.Tensor | None) -> None:
        """Keep the next saved state."""

    def most_steps(self) -> int:
        """How many steps may be taken before `passed` is called."""

    def passed(self, q: torch.Tensor, v: torch.Tensor | None, number: int) -> None:
        """Told of the state after every piece of work: the moment for a checkpoint."""


class FramesInMemory:
    """One array (sample, time, *points) a field, filled as the run goes; also of velocities if wanted."""

    def __init__(self, run: Run, velocities: bool):
        self.run = run
        self.count = 0
        shape = (run.q.shape[0], run.saves + 1, *run.system.points)
        self.fields = [np.empty(shape, run.dtype) for _ in run.system.fields]
        self.rates = [np.empty(shape, run.dtype) for _ in run.system.fields] if velocities else []
        self.record(run.q, run.v)

    def start(self) -> Moment:
        return self.run.q, self.run.v, 0

    def record(self, q: torch.Tensor, v: torch.Tensor | None) -> None:
        for array, part in zip(self.fields, self.run.fields_of(q), strict=True):
            array[:, self.count] = part.cpu().numpy()
        if v is not None:
            for array, part in zip(self.rates, self.run.fields_of(v), strict=False):
                array[:, self.count] = part.cpu().numpy()
        self.count += 1

    def most_steps(self) -> int:
        return self.run.steps

    def passed(self, q: torch.Tensor, v: torch.Tensor | None, number: int) -> None:
        """Nothing to do: memory does not outlive the run."""

    def dataset(self, frame: xarray.Dataset, noise: float = 0.0) -> xarray.Dataset:
        """The fields so far, in a skeleton of as many times; with noise, put into the arrays themselves."""
        if noise > 0:
            for field, array in enumerate(self.fields):
                frames = (np.ascontiguousarray(array[:, i]) for i in range(self.count))
                deviation = noise * standard_deviation(frames)
                for i in range(self.count):
                    values = np.ascontiguousarray(array[:, i])
                    array[:, i] = with_noise(values, deviation, self.run.seed, field, i)
        return self._named(self.fields, frame)

    def dataset_of_velocities(self, frame: xarray.Dataset) -> xarray.Dataset:
        """The velocities so far, without noise."""
        return self._named(self.rates, frame)

    def _named(self, arrays: list[np.ndarray], frame: xarray.Dataset) -> xarray.Dataset:
        dims = field_dims(self.run)
        named = zip(self.run.system.fields, arrays, strict=True)
        return frame.assign({name: (dims, array[:, : self.count]) for name, array in named})
