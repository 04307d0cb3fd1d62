"""A theory run from held-out data, and its error against time beside what noise alone would show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr

from lagrangians import Lagrangian
from simulations import BlowUpError, FieldSystem, Grid, simulate
from simulations.files.conventions import field_names, space_names, spacing

from ..measured.band import NOISY
from .initial import ROOM, InitialState, estimate_initial_state

WITHIN = 2.0
"""A run tracks the data while its error is below this multiple of the floor."""

RESOLUTION = 1e-3
"""The least floor: below this error a run of noise-free data counts as exact."""

Theory = Lagrangian | FieldSystem | Sequence[str]


@dataclass(frozen=True)
class Comparison:
    """A run beside data, in units of the data: every error is a root mean square over points and fields,
    each field in units of its standard deviation over the data.

    error: |run − data|, which a perfect theory keeps at `floor` = σ/(standard deviation), σ the noise.
    excess: √(error² − floor²), the error of the run itself, where the noise is white.
    initial: spread of runs from other initial states within their uncertainty: what of `excess` the initial
        data explain.
    tracked: the time, from the first one, up to which error ≤ 2·floor, one a sample; the whole duration
        where it always is. explained: the same for 2·√(floor² + initial²). These runs have seen the first
        `initial_state.window` times; the rest is a forecast.
    stopped: why the run ended early, with time and place of a blow-up; what came before is kept.

    shape: error, excess, initial (sample, time); floor a number; tracked, explained (sample,)
    """

    simulated: xr.Dataset
    times: np.ndarray
    error: np.ndarray
    initial: np.ndarray
    floor: float
    initial_state: InitialState
    duration: float
    stopped: str | None

    @property
    def excess(self) -> np.ndarray:
        return np.sqrt(np.maximum(self.error**2 - self.floor**2, 0))

    @property
    def tracked(self) -> np.ndarray:
        return self._until(np.full_like(self.error, WITHIN * max(self.floor, RESOLUTION)))

    @property
    def explained(self) -> np.ndarray:
        return self._until(WITHIN * np.hypot(max(self.floor, RESOLUTION), self.initial))

    def _until(self, limit: np.ndarray) -> np.ndarray:
        beyond = self.error > limit
        last = self.times[-1] if self.stopped else self.times[0] + self.duration
        first = np.where(beyond.any(1), self.times[beyond.argmax(1)], last)
        return first - self.times[0]

    def content(self) -> dict[str, Any]:
        """What lagrangian.json holds of it: worst samples."""
        chi = self.initial_state.chi_square
        return {
            "rollout_error": float(self.error[:, -1].max()),
            "rollout_excess": float(self.excess[:, -1].max()),
            "rollout_initial_error": float(self.initial[:, -1].max()),
            "rollout_floor": self.floor,
            "rollout_tracked": float(self.tracked.min()),
            "rollout_explained": float(self.explained.min()),
            "rollout_duration": self.duration,
            "rollout_stopped": self.stopped,
            "initial_method": self.initial_state.method,
            "initial_window": self.initial_state.window,
            "initial_chi_square": float(chi.max()) if np.isfinite(chi).all() else None,
            "noise": self.initial_state.noise.tolist(),
        }


def run_beside(
    theory: Theory,
    held_out: xr.Dataset,
    fields: Sequence[str] | None = None,
    boundary: str | None = None,
    *,
    window: int | None = None,
    noise: Sequence[float] | None = None,
    draws: int = 8,
    seed: int = 0,
    parameters: Any = None,
) -> Comparison:
    """Run a theory from the beginning of held-out data (normal form) at their times.

    The initial state is estimated, see `estimate_initial_state`: at 20% noise a fit through the theory over
    a quarter of the times has ten to a hundred times less error than a polynomial through the first ones.

    Args:
        theory: a Lagrangian, equations of motion in jet names ("u_tt = …" or "u_t = …", one a field; this
            is how dissipative ones come), or a system on a grid.
        held_out: fields (sample, time, *space).
        fields: names in the data, in the order of the system's fields; default all of them. A theory of a
            potential, such as Korteweg and de Vries's, has w_x for its state.
        boundary: of all axes, default as the data say.
        window: how many of the first times determine the initial state; default a quarter, or 32 if they
            are at most half of all.
        noise: σ of each field, estimated from the data by default.
        draws, seed: of other initial states within their uncertainty.
        parameters: values of the Lagrangian's parameters.

    Raises ValueError for data that do not fit the theory. A blow-up does not raise, see `Comparison`.
    """
    if space_names(held_out) == ("node",):
        raise ValueError("got oscillators on nodes, expected a field on a grid; use fieldnet.rollout")
    names = list(field_names(held_out) if fields is None else fields)
    missing = [name for name in names if name not in held_out.data_vars]
    if missing:
        raise ValueError(
            f"got no field {', '.join(missing)} in the data, expected {', '.join(field_names(held_out))}"
        )
    system = system_of(theory, held_out, names, boundary, parameters)
    if len(names) != len(system.fields):
        raise ValueError(
            f"got the fields {', '.join(names)}, expected {len(system.fields)}: {', '.join(system.fields)}"
        )
    with torch.no_grad():
        start = estimate_initial_state(system, held_out, names, window, noise, draws, seed)
        run, stopped = _run(system, start.q, start.v, held_out)
        count = run.sizes["time"]
        data = held_out.isel(time=slice(0, count))
        size = {name: float(held_out[name].values.std()) or 1.0 for name in names}
        error = _distance(run, data, system.fields, names, size)
        initial = _spread(system, start, run, held_out, names, size)
    axes = {name: held_out[name] for name in space_names(held_out)}
    run = run.assign_coords({"time": held_out["time"][:count], **axes})
    floor = np.sqrt(np.mean([(s / size[n]) ** 2 for s, n in zip(start.noise, names, strict=True)]))
    times = held_out["time"].values
    return Comparison(
        simulated=run.rename(dict(zip(system.fields, names, strict=True))),
        times=times[:count],
        error=error,
        initial=initial,
        floor=float(floor) if floor > NOISY else 0.0,
        initial_state=start,
        duration=float(times[-1] - times[0]),
        stopped=stopped,
    )


def system_of(
    theory: Theory,
    dataset: xr.Dataset,
    fields: Sequence[str],
    boundary: str | None = None,
    parameters: Any = None,
) -> FieldSystem:
    """The system of a theory on the grid of the data; texts go through the allow-list parser."""
    if isinstance(theory, FieldSystem):
        return theory
    grid = Grid.from_dataset(dataset, boundary)
    if isinstance(theory, Lagrangian):
        return FieldSystem(theory, grid, parameters=parameters)
    if isinstance(theory, str):
        theory = [theory]
    return FieldSystem.from_equations(list(theory), fields, ("t", *grid.axes), grid, parameters=parameters)


def _run(
    system: FieldSystem, q: torch.Tensor, v: torch.Tensor | None, dataset: xr.Dataset
) -> tuple[xr.Dataset, str | None]:
    step, count = spacing(dataset, "time"), dataset.sizes["time"] - 1
    initial = q if v is None else (q, v)
    try:
        return simulate(system, initial, count * step, save_every=step), None
    except BlowUpError as error:
        if error.partial is None:
            raise
        return error.partial, str(error)


def _spread(
    system: FieldSystem,
    start: InitialState,
    run: xr.Dataset,
    dataset: xr.Dataset,
    names: Sequence[str],
    size: dict[str, float],
) -> np.ndarray:
    """Root mean square over the draws of their distance from the run; the times that all of them reach,
    infinite after. shape: (sample, time)
    """
    places, rates = start.draws
    samples = len(start.q)
    squares = np.zeros((samples, run.sizes["time"]))
    batch = max(1, ROOM // (dataset.sizes["time"] * start.q.numel()))
    for first in range(0, len(places), batch):
        some = slice(first, first + batch)
        q, v = places[some].flatten(0, 1), None if rates is None else rates[some].flatten(0, 1)
        others, _ = _run(system, q, v, dataset)
        both = min(others.sizes["time"], run.sizes["time"])
        near, far = (d.isel(time=slice(0, both)) for d in (run, others))
        for number in range(0, len(q), samples):
            other = far.isel(sample=slice(number, number + samples))
            away = _distance(other, near, system.fields, system.fields, _renamed(size, names, system))
            squares[:, :both] += away**2
        squares[:, both:] = np.inf
    return np.sqrt(squares / max(1, len(start.draws[0])))


def _renamed(size: dict[str, float], names: Sequence[str], system: FieldSystem) -> dict[str, float]:
    return {own: size[name] for own, name in zip(system.fields, names, strict=True)}


def _distance(
    run: xr.Dataset,
    data: xr.Dataset,
    own: Sequence[str],
    names: Sequence[str],
    size: dict[str, float],
) -> np.ndarray:
    """Root mean square over points and fields of (run − data)/size. shape: (sample, time)"""
    squares = []
    for mine, name in zip(own, names, strict=True):
        difference = (run[mine].values - data[name].values) / size[name]
        squares.append(np.mean(difference**2, axis=tuple(range(2, difference.ndim))))
    return np.sqrt(np.mean(squares, axis=0))
