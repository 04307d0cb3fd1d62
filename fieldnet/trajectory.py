"""Derivatives of measured fields, and any expression in jets along a trajectory."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import sympy
import torch
import xarray as xr
from scipy.signal import savgol_filter

from lagrangians.jets import JetSpace, MultiIndex, raised
from simulations import Grid
from simulations.derivatives import Derivative
from simulations.fields.kernels import Kernel

from .learning.weak_form import half_points

NOISY = 1e-4  # relative noise above which time derivatives are smoothed


class Trajectory:
    """Fields on a grid (or functions of time alone) with their jets taken from the data themselves.

    Time derivatives are those of polynomials fitted in a moving window (Savitzky–Golay): of degree 8 over 9
    times, which is the central difference of order 8, or of degree 4 over a window chosen from the data where
    these are noisy. Space derivatives are those of the grid. `margin` times at either end, where windows are
    one-sided, are left out of everything.

    values: one array (sample, time, *S) a field, in the order of `jets`.
    """

    def __init__(self, values: Sequence[np.ndarray], times: np.ndarray, jets: JetSpace, grid: Grid | None):
        self.jets = jets
        self.grid = grid
        self.step = float((times[-1] - times[0]) / (len(times) - 1))
        self.window, self.degree = _time_window(values, self.step)
        self.margin = self.window // 2
        if len(times) < 3 * self.window:
            raise ValueError(
                f"too few time steps: got {len(times)}, expected at least {3 * self.window} "
                "for time derivatives"
            )
        self._all_times = times
        self._values = list(values)
        self._derivative = None if grid is None else Derivative(grid)
        self._known: dict[tuple[int, MultiIndex], torch.Tensor] = {}

    @classmethod
    def from_dataset(
        cls, dataset: xr.Dataset, fields: Sequence[str], jets: JetSpace, grid: Grid | None
    ) -> Trajectory:
        """The fields with these names; an oscillator file gives one function of time a node."""
        if grid is None:
            theta = np.unwrap(dataset[fields[0]].values, axis=1)
            return cls([theta[..., i] for i in range(theta.shape[-1])], dataset["time"].values, jets, None)
        return cls([dataset[name].values for name in fields], dataset["time"].values, jets, grid)

    @cached_property
    def times(self) -> np.ndarray:
        """The times that are kept. shape: (time,)"""
        return self._all_times[self.margin : len(self._all_times) - self.margin]

    def evaluate(self, expressions: Sequence[sympy.Expr]) -> list[np.ndarray]:
        """Expressions in the fields at every kept time and point. shape: (sample, time, *S) each"""
        kernel = Kernel([self.jets.to_jets(e) for e in expressions], self.jets)
        arguments = {name: self._argument(kernel, name) for name in kernel.inputs}
        reference = self._jet(0, self.jets.zero)
        results = [torch.as_tensor(value, dtype=torch.float64) for value in kernel(arguments)]
        return [value.expand(reference.shape).numpy() for value in results]

    def integrate(self, density: np.ndarray) -> np.ndarray:
        """∫ density dx. shape: (sample, time, *S) -> (sample, time)"""
        if self.grid is None:
            return density
        axes = tuple(range(2, 2 + self.grid.dimension))
        return (density * self.grid.weights().numpy()).sum(axes)

    def coordinate(self, number: int) -> np.ndarray:
        """A coordinate at every kept time and point, to broadcast with (time, *S)."""
        space = 0 if self.grid is None else self.grid.dimension
        if number == 0:
            return self.times.reshape(-1, *[1] * space)
        if self.grid is None:
            raise ValueError("got a space coordinate, expected functions of time alone")
        return self.grid.mesh()[number - 1].numpy()

    def _argument(self, kernel: Kernel, name: str) -> torch.Tensor:
        if name in kernel.jets:
            return self._jet(*kernel.jets[name])
        if name in self.jets.coordinate_names:
            return torch.tensor(self.coordinate(self.jets.coordinate_names.index(name)))
        raise ValueError(f"got the parameter {name} without a value; substitute a number for it")

    def _jet(self, field: int, index: MultiIndex) -> torch.Tensor:
        if (field, index) not in self._known:
            axis = next((alpha for alpha in range(len(index) - 1, 0, -1) if index[alpha]), None)
            if axis is None:
                smoothed = savgol_filter(
                    self._values[field], self.window, self.degree, deriv=index[0], delta=self.step, axis=1
                )
                kept = smoothed[:, self.margin : smoothed.shape[1] - self.margin]
                self._known[field, index] = torch.from_numpy(np.ascontiguousarray(kept))
            elif self._derivative is None:
                raise ValueError("got a space derivative, expected functions of time alone")
            else:
                lower = self._jet(field, raised(index, axis, -1))
                again = index[axis] > 1
                take = self._derivative.flux if again else self._derivative.field
                self._known[field, index] = take(lower, axis - 1)
        return self._known[field, index]


def noise_level(values: np.ndarray, axis: int = 1) -> float:
    """σ of white noise, relative to the standard deviation: the root mean square of 8th differences over
    √12870.
    12870 = Σ_j C(8, j)² is the variance of the 8th difference of unit noise. Smooth data that are well
    sampled give almost 0.
    """
    differences = np.diff(values, 8, axis=axis)
    return float(np.sqrt(np.mean(differences**2) / 12870) / max(np.std(values), 1e-300))


def _time_window(values: Sequence[np.ndarray], step: float) -> tuple[int, int]:
    """(points, degree) of the polynomials in time."""
    if max(noise_level(v) for v in values) < NOISY:
        return 9, 8
    widest = max(values, key=np.std)
    return 2 * half_points(widest, 1, step) + 1, 4
