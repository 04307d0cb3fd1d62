"""Fields as they were measured: samples, steps, and the noise in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from lagrangians.jets import JetSpace, jet_space
from lagrangians.parser import symbol_table
from simulations.files.conventions import space_names, spacing

from ..measured.noise import spectral_deviation


@dataclass(frozen=True)
class MeasuredFields:
    """Samples of the fields φ^a(t, x[, y]) with white Gaussian noise of standard deviation `deviations[a]`.

    `values` holds an array (sample, time, *S) for each field of `jets`; `spacing` Δt, Δx, …; `periodic` says
    whether the space axes close.
    """

    jets: JetSpace
    values: tuple[np.ndarray, ...]
    spacing: tuple[float, ...]
    periodic: bool
    deviations: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values[0].shape

    def with_values(self, values: Sequence[np.ndarray]) -> MeasuredFields:
        """The same measurement of other numbers."""
        return replace(self, values=tuple(values))


def measured_fields(
    dataset: xr.Dataset, fields: Sequence[str], boundary: str, deviations: Sequence[float] | None = None
) -> MeasuredFields:
    """From a dataset in normal form; the noise is estimated from the data unless it is given.

    A winding field counts as open, since it jumps at the seam. Raises ValueError for a field whose name no
    equation can hold, such as `sin`.
    """
    axes = space_names(dataset)
    values = tuple(np.asarray(dataset[name].values, dtype=np.float64) for name in fields)
    jets = jet_space(tuple(fields), ("t", *axes))
    symbol_table(jets, ())
    steps = tuple(spacing(dataset, name) for name in ("time", *axes))
    if deviations is None:
        deviations = [spectral_deviation(v) for v in values]
    return MeasuredFields(jets, values, steps, boundary == "periodic", tuple(float(s) for s in deviations))
