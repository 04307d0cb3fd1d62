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

from .measured.band import NOISY
from .measured.noise import noise_level
from .measured.smoothing import Smoothing, chosen_smoothing

__all__ = ["NOISY", "Trajectory", "base_of", "noise_level"]


class Trajectory:
    """Fields on a grid (or functions of time alone) with their jets taken from the data themselves.

    Time derivatives are those of polynomials fitted in a moving window (Savitzky–Golay): of degree 8 over 9
    times, which is the central difference of order 8, or, where the data are noisy, of degree 4 over the
    widest window whose residual is that of the noise. Space derivatives are those of the grid; noisy data
    are first projected on the waves that stand out of their noise. `margin` times at either end, where
    windows are one-sided, are left out of everything. Short clean data get lower degrees over fewer times.

    `base` is the jet that the data are of: (0, 1) for w_x where the theory is one of a potential w; jets
    below it are antiderivatives along a periodic axis, of mean 0 but for the slope.

    values: one array (sample, time, *S) a field, in the order of `jets`.
    """

    def __init__(
        self,
        values: Sequence[np.ndarray],
        times: np.ndarray,
        jets: JetSpace,
        grid: Grid | None,
        base: MultiIndex | None = None,
        smoothing: Smoothing | None = None,
    ):
        self.jets = jets
        self.grid = grid
        self.base = jets.zero if base is None else base
        self.step = float((times[-1] - times[0]) / (len(times) - 1))
        self.smoothing = smoothing or chosen_smoothing(values, grid)
        self.window, self.degree = self.smoothing.window, self.smoothing.degree
        self.margin = self.smoothing.margin
        if len(times) < 3 * self.window:
            raise ValueError(
                f"too few time steps: got {len(times)}, expected at least {3 * self.window} "
                "for time derivatives"
            )
        self._all_times = times
        bands = self.smoothing.bands
        self._values = [v if band is None else band.smooth(v) for v, band in zip(values, bands, strict=True)]
        self._derivative = None if grid is None else Derivative(grid)
        self._known: dict[tuple[int, MultiIndex], torch.Tensor] = {}

    @classmethod
    def from_dataset(
        cls,
        dataset: xr.Dataset,
        fields: Sequence[str],
        jets: JetSpace,
        grid: Grid | None,
        noise: Sequence[float] | None = None,
    ) -> Trajectory:
        """The fields with these names; an oscillator file gives one function of time a node.

        Names of a first space derivative, such as w_x for the field w, make that the `base`. `noise`: σ of
        each field, estimated where it is not given.
        """
        times = dataset["time"].values
        if grid is None:
            theta = np.unwrap(dataset[fields[0]].values, axis=1)
            values = [theta[..., i] for i in range(theta.shape[-1])]
            return cls(values, times, jets, None, smoothing=chosen_smoothing(values, None, noise))
        values = [dataset[name].values for name in fields]
        return cls(values, times, jets, grid, base_of(fields, jets), chosen_smoothing(values, grid, noise))

    def smoothed(self) -> list[np.ndarray]:
        """The fields at every time, as smooth as their derivatives. shape: (sample, time, *S) each"""
        return [savgol_filter(v, self.window, self.degree, axis=1) for v in self._values]

    def with_values(self, values: Sequence[np.ndarray]) -> Trajectory:
        """Other values at the same places and times, smoothed in the same way."""
        return Trajectory(values, self._all_times, self.jets, self.grid, self.base, self.smoothing)

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
            self._known[field, index] = self._derived(field, index)
        return self._known[field, index]

    def _derived(self, field: int, index: MultiIndex) -> torch.Tensor:
        base = self.base
        lower = next((a for a in range(1, len(index)) if index[a] < base[a]), None)
        if lower is not None:
            return self._antiderivative(self._jet(field, raised(index, lower)), lower - 1, any(index))
        axis = next((alpha for alpha in range(len(index) - 1, 0, -1) if index[alpha] > base[alpha]), None)
        if axis is None:
            smoothed = savgol_filter(
                self._values[field], self.window, self.degree, deriv=index[0], delta=self.step, axis=1
            )
            kept = smoothed[:, self.margin : smoothed.shape[1] - self.margin]
            return torch.from_numpy(np.ascontiguousarray(kept))
        if self._derivative is None:
            raise ValueError("got a space derivative, expected functions of time alone")
        take = self._derivative.flux if index[axis] > base[axis] + 1 else self._derivative.field
        return take(self._jet(field, raised(index, axis, -1)), axis - 1)

    def _antiderivative(self, slope: torch.Tensor, axis: int, moving: bool) -> torch.Tensor:
        """∫ slope dx with mean 0, plus the mean slope times x where it is that of the field itself."""
        grid = self.grid
        if grid is None or grid.boundary[axis] != "periodic":
            raise ValueError("got a theory of a potential, expected its data on a periodic axis")
        dim = axis - grid.dimension
        shape = [-1 if other == axis else 1 for other in range(grid.dimension)]
        k = grid.wavenumbers(axis).reshape(shape)
        inverse = torch.where(k == 0, 0.0, 1 / (1j * torch.where(k == 0, 1.0, k)))
        values = torch.fft.ifft(torch.fft.fft(slope, dim=dim) * inverse, dim=dim).real
        if moving:
            return values
        return values + slope.mean(dim, keepdim=True) * (grid.mesh()[axis] - grid.origin[axis])


def base_of(fields: Sequence[str], jets: JetSpace) -> MultiIndex:
    """The first space derivative that all names are of, such as (0, 1) for w_x; else that of the fields."""
    places = [jets.parse(name) for name in fields]
    indices = {place[1] for place in places if place is not None}
    if None in places or len(indices) != 1 or [p[0] for p in places if p] != list(range(len(jets.fields))):
        return jets.zero
    (index,) = indices
    return index if sum(index) == 1 and not index[0] else jets.zero
