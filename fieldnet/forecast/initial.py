"""The initial state of noisy data: the state from which a theory comes nearest to the first times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr

from simulations import BlowUpError, initial_state, simulate
from simulations.files.conventions import spacing

from ..learning.weak_form import half_points
from ..measured.band import NOISY, Band, band_of
from ..measured.noise import noise_deviation

State = tuple[torch.Tensor, torch.Tensor | None]
STEPS = 6
HALVINGS = 4
CONDITION = 1e-5  # singular values below this part of the largest count as 0
SMALL = 1e-4  # of the size of the data: step of the difference quotients
ROOM = 2**23  # values of one batch of perturbed runs
MOST_DIRECTIONS = 2000


@dataclass(frozen=True)
class InitialState:
    """States at the first time of the data, one a sample, with what is known of their errors.

    `draws` are other states within the uncertainty, shape (draw, sample, …) as q. `chi_square` is the mean
    squared residual over the window in units of the noise, one a sample: near 1 where the theory explains
    the data; NaN where no fit was made. `window` counts saved times.
    """

    q: torch.Tensor
    v: torch.Tensor | None
    draws: tuple[torch.Tensor, torch.Tensor | None]
    method: str
    window: int
    chi_square: np.ndarray
    noise: np.ndarray


def estimate_initial_state(
    system: Any,
    dataset: xr.Dataset,
    names: Sequence[str],
    window: int | None = None,
    noise: Sequence[float] | None = None,
    draws: int = 8,
    seed: int = 0,
) -> InitialState:
    """The state at the first time of data in normal form, for a system with a grid.

    Data with noise below 1e-4 of their standard deviation are interpolated in time. For noisier ones the
    likelihood of the first `window` times (default: a quarter of all, or 32 if they are at most half) is
    maximised over the modes of (q, v) that stand out of the noise, by Gauss–Newton through the simulator,
    from a smoothed state and through windows of growing length. The covariance σ²(JᵀJ)⁻¹ gives the draws.
    Where the theory blows up within the window the smoothed state stands. `noise`: σ of each field, estimated
    where it is not given.
    """
    values = [dataset[name].values for name in names]
    sigma = np.array(
        [noise_deviation(v, mixed=True) for v in values] if noise is None else list(noise), dtype=float
    )
    spread = np.array([v.std() for v in values])
    times = dataset.sizes["time"]
    if np.all(sigma <= NOISY * spread):
        return _interpolated(system, dataset, names, sigma)
    window = min(max(32, times // 4), times // 2) if window is None else window
    if not 2 <= window <= times:
        raise ValueError(f"got a window of {window} times, expected 2 to {times}")
    sigma = np.maximum(sigma, NOISY * spread)
    bands = [band_of(v, system.grid, s) for v, s in zip(values, sigma, strict=True)]
    start = _smoothed(system, dataset, names, values, bands)
    fit = _Fit(system, np.stack(values, 2), bands, sigma, spacing(dataset, "time"))
    if fit.directions > MOST_DIRECTIONS:
        raise ValueError(
            f"the initial state has {fit.directions} modes above the noise, expected at most "
            f"{MOST_DIRECTIONS}; coarsen the data"
        )
    draw = np.random.default_rng(seed)
    found = [
        fit.maximum(number, fit.state_of(*start, number), window, draw, draws)
        for number in range(len(start[0]))
    ]
    states, others, chi = zip(*found, strict=True)
    best = fit.stacked(states)
    pairs = [fit.stacked(row) for row in zip(*others, strict=True)]
    rates = [rate for _, rate in pairs if rate is not None]
    return InitialState(
        q=best[0],
        v=best[1],
        draws=(torch.stack([place for place, _ in pairs]), torch.stack(rates) if rates else None),
        method="maximum likelihood" if np.isfinite(chi).any() else "smoothing",
        window=window,
        chi_square=np.array(chi),
        noise=sigma,
    )


def _interpolated(system: Any, dataset: xr.Dataset, names: Sequence[str], sigma: np.ndarray) -> InitialState:
    """Interpolation in t over nine times; over seven as a measure of its error."""
    times = dataset.sizes["time"]
    second = system.time_order == 2
    q, v = initial_state(dataset, names, window=min(9, times))
    other, rate = initial_state(dataset, names, window=min(7, times - 1))
    missing = np.full(len(q), np.nan)
    draws = other[None], rate[None] if second else None
    return InitialState(q, v if second else None, draws, "interpolation", min(9, times), missing, sigma)


def _smoothed(
    system: Any, dataset: xr.Dataset, names: Sequence[str], values: Sequence[np.ndarray], bands: list[Band]
) -> State:
    """A polynomial in t of degree 4 over a window chosen from the data, in the bands."""
    times = dataset.sizes["time"]
    smooth = dataset.assign(
        {n: dataset[n].copy(data=band.smooth(v)) for n, v, band in zip(names, values, bands, strict=True)}
    )
    width = 2 * half_points(max(values, key=np.std), 1, spacing(dataset, "time")) + 1
    q, v = initial_state(smooth, names, window=min(width, times), degree=min(4, times - 1))
    return q, v if system.time_order == 2 else None


class _Fit:
    """Gauss–Newton on the modes of the initial state of one sample.

    The unknowns are the amplitudes of the modes of q, then of v, field by field, in units of σ; so are the
    residuals, mode by mode and time by time, that is white noise of variance 1 where the theory is right.
    """

    def __init__(self, system: Any, values: np.ndarray, bands: list[Band], sigma: np.ndarray, step: float):
        self.system, self.values, self.bands = system, values, bands
        self.sigma, self.step = sigma, step
        self.moving = [~band.held for band in bands]
        self.second = system.time_order == 2

    @property
    def directions(self) -> int:
        rates = sum(int(m.sum()) for m in self.moving) if self.second else 0
        return sum(band.modes for band in self.bands) + rates

    def state_of(self, q: torch.Tensor, v: torch.Tensor | None, number: int) -> np.ndarray:
        """(q, v) of a sample, fields always stacked. shape: (1 or 2, field, *points)"""
        parts = [q[number]] if v is None else [q[number], v[number]]
        return np.stack([np.stack([f.numpy() for f in self.system.split(p)]) for p in parts])

    def stacked(self, states: Sequence[np.ndarray]) -> State:
        """(q, v) with a leading axis, in the layout of the system."""
        array = torch.from_numpy(np.stack(states))
        q = self.system.join(list(array[:, 0].unbind(1)))
        return q, self.system.join(list(array[:, 1].unbind(1))) if self.second else None

    def maximum(
        self, number: int, state: np.ndarray, window: int, draw: np.random.Generator, draws: int
    ) -> tuple[np.ndarray, list[np.ndarray], float]:
        """(state, states within its uncertainty, χ² of a degree of freedom)."""
        try:
            for length in sorted({min(window, max(8, window // 4)), window}):
                state, jacobian, residual = self._descend(number, state, length)
        except BlowUpError:
            return state, [state] * draws, float("nan")
        root = _root_of_inverse(jacobian)
        freedom = max(1, residual.size - root.shape[1])
        changes = root @ draw.standard_normal((root.shape[1], draws))
        others = [state + self._built(column) for column in changes.T]
        return state, others, float(residual @ residual / freedom)

    def _descend(
        self, number: int, state: np.ndarray, length: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(state, Jacobian, residual) where a step no longer gains a unit of χ²."""
        residual = self._residual(number, [state], length)[0]
        jacobian = self._jacobian(number, state, length, residual)
        for _ in range(STEPS):
            root = _root_of_inverse(jacobian)
            change = root @ (root.T @ (jacobian.T @ residual))
            best, left = self._along(number, state, change, length, residual)
            gained = residual @ residual - left @ left
            curved = np.sum((residual - jacobian @ change - left) ** 2)
            state, residual = best, left
            if min(gained, curved) < 1:
                break
            jacobian = self._jacobian(number, state, length, residual)
        return state, jacobian, residual

    def _along(
        self, number: int, state: np.ndarray, change: np.ndarray, length: int, residual: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The first of the whole step, half of it, … that lowers χ², with its residual; else no step."""
        for halving in range(HALVINGS):
            tried = state + self._built(change / 2**halving)
            try:
                left = self._residual(number, [tried], length)[0]
            except BlowUpError:
                continue
            if left @ left < residual @ residual:
                return tried, left
        return state, residual

    def _jacobian(self, number: int, state: np.ndarray, length: int, residual: np.ndarray) -> np.ndarray:
        """∂(model)/∂(unknowns) by difference quotients of whole runs. shape: (residuals, directions)"""
        size = SMALL * float(np.max(self.values.std((0, 1, *range(3, self.values.ndim))) / self.sigma))
        size *= np.sqrt(np.prod(self.system.points))
        columns = np.empty((len(residual), self.directions))
        batch = max(1, ROOM // (length * int(np.prod(state.shape[1:]))))
        unit = np.eye(self.directions) * size
        for first in range(0, self.directions, batch):
            rows = unit[first : first + batch]
            moved = self._residual(number, [state + self._built(row) for row in rows], length)
            columns[:, first : first + batch] = (residual[:, None] - moved.T) / size
        return columns

    def _residual(self, number: int, states: Sequence[np.ndarray], length: int) -> np.ndarray:
        """(data − run)/σ of every time and mode. shape: (states, time·modes)"""
        runs = simulate(self.system, self._initial(states), (length - 1) * self.step, save_every=self.step)
        rows = []
        for a, (field, band) in enumerate(zip(self.system.fields, self.bands, strict=True)):
            difference = self.values[number, :length, a] - runs[field].values
            rows.append(band.project(difference).reshape(len(states), -1) / self.sigma[a])
        return np.concatenate(rows, 1)

    def _initial(self, states: Sequence[np.ndarray]) -> Any:
        q, v = self.stacked(states)
        return q if v is None else (q, v)

    def _built(self, unknowns: np.ndarray) -> np.ndarray:
        """The change of the state that the unknowns mean. shape: (directions,) -> (1 or 2, field, *points)"""
        parts, start = [], 0
        for order in range(2 if self.second else 1):
            fields = []
            for a, band in enumerate(self.bands):
                free = self.moving[a] if order else np.ones(band.modes, dtype=bool)
                amplitudes = np.zeros(band.modes)
                amplitudes[free] = unknowns[start : start + int(free.sum())]
                start += int(free.sum())
                fields.append(band.build(self.sigma[a] * amplitudes))
            parts.append(np.stack(fields))
        return np.stack(parts)


def _root_of_inverse(jacobian: np.ndarray) -> np.ndarray:
    """R with RRᵀ = (JᵀJ)⁺. shape: (residuals, directions) -> (directions, rank)"""
    squares, vectors = np.linalg.eigh(jacobian.T @ jacobian)
    kept = squares > CONDITION**2 * squares[-1]
    return vectors[:, kept] / np.sqrt(squares[kept])
