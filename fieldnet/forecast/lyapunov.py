"""The largest Lyapunov exponent: how fast two runs of one theory part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from simulations import BlowUpError
from simulations.running.blow_up import is_finite
from simulations.running.run import prepare_run

SEPARATION = 1e-7
"""Distance of two close runs in units of the size of the state."""

BLOCKS = 8
"""Blocks of time whose growth gives the error."""

POWER = 3.0
"""Growth like t^3 over the second half of the run is not yet counted as chaos."""

ERRORS = 3.0


@dataclass(frozen=True)
class Lyapunov:
    """The largest exponent λ = lim log|δ(t)|/t of the runs from one state.

    `exponent` is the mean growth over the second half of the run, after half of it was left for δ to turn
    into the fastest direction; `stderr` comes from the blocks of that half and from different first δ.
    `chaotic`: growth over the second half above that of a power law t³, by three standard errors. A regular
    system has |δ| ~ t, log t/t → 0; there `time` is infinite and `bound` says below what the exponent lies.

    shape: times (interval,), growth (δ, interval): log of the growth over each interval
    """

    exponent: float
    stderr: float
    chaotic: bool
    times: np.ndarray
    growth: np.ndarray

    @property
    def time(self) -> float:
        """1/λ, infinite where chaos was not shown."""
        return 1 / self.exponent if self.chaotic else float("inf")

    @property
    def bound(self) -> float:
        """Upper end of the 95% interval of λ."""
        return max(self.exponent, 0.0) + 1.96 * self.stderr

    @property
    def running(self) -> np.ndarray:
        """(1/t) log|δ(t)/δ(0)|, mean over the δ. shape: (interval,)"""
        return np.cumsum(self.growth.mean(0)) / self.times

    def content(self) -> dict[str, Any]:
        return {
            "lyapunov_exponent": self.exponent,
            "lyapunov_stderr": self.stderr,
            "lyapunov_time": self.time if self.chaotic else None,
            "lyapunov_bound": self.bound,
            "chaotic": self.chaotic,
        }


def lyapunov_time(
    system: Any,
    state: Any,
    duration: float,
    interval: float | None = None,
    directions: int = 3,
    seed: int = 0,
    **options: Any,
) -> Lyapunov:
    """The largest Lyapunov exponent by pairs of close runs with renormalisation.

    After every `interval` (default duration/200) the log of the separation is noted and the separation
    brought back to 1e-7 of the size of the state, q and v each in units of their size. G. Benettin,
    L. Galgani and J.-M. Strelcyn, Phys. Rev. A 14 (1976) 2338.

    Args:
        system: anything deterministic that `simulations.simulate` runs.
        state: q, or (q, v), of one sample: the system's state shape, with or without a sample axis of
            length 1.
        duration: how long; chaos is seen where it exceeds about ten Lyapunov times.
        directions: how many random first separations.
        options: step, integrator, backend, as for `simulate`.

    Raises ValueError for a state of several samples, or a duration that is not positive; BlowUpError where
    the run leaves the finite numbers.
    """
    if not (np.isfinite(duration) and duration > 0):
        raise ValueError(f"got duration {duration}, expected a positive number")
    interval = duration / 200 if interval is None else interval
    count = round(duration / interval)
    if count < 4 * BLOCKS:
        raise ValueError(
            f"got {count} intervals, expected at least {4 * BLOCKS}; "
            "take a longer duration or a shorter interval"
        )
    y, sizes = _layout(system, state)
    random = torch.Generator().manual_seed(seed)
    delta = torch.randn((directions, *y.shape), dtype=torch.float64, generator=random)
    delta = SEPARATION * delta / _norm(delta)
    run = prepare_run(system, _state(y + delta, sizes), count * interval, interval, **options)
    growth = np.empty((directions, count))
    with torch.no_grad():
        for number in range(count):
            states = _state(torch.cat([y[None], y + delta]), sizes)
            q, v = states if isinstance(states, tuple) else (states, None)
            moved = run.advance(q, v, number * run.substeps, run.step, run.substeps)
            if not is_finite(moved):
                raise BlowUpError(
                    f"the run left the finite numbers between t = {number * interval:.6g} and "
                    f"t = {(number + 1) * interval:.6g}; take a shorter duration or a smaller step"
                )
            present = [p for p in moved if p is not None]
            after = torch.stack([p / s for p, s in zip(present, sizes, strict=True)], 1)
            y, delta = after[0], after[1:] - after[0]
            length = _norm(delta)
            growth[:, number] = torch.log(length.flatten() / SEPARATION).numpy()
            delta = SEPARATION * delta / length
    return _judged(growth, interval)


def _judged(growth: np.ndarray, interval: float) -> Lyapunov:
    count = growth.shape[1]
    late = growth[:, count // 2 :]
    span = late.shape[1] * interval
    blocks = np.stack([b.sum(1) for b in np.array_split(late, BLOCKS, axis=1)], 1)
    mean = blocks.mean(0)  # directions share the run and are no independent witnesses of its growth
    stderr = float(np.hypot(mean.std(ddof=1) * np.sqrt(BLOCKS), late.sum(1).std(ddof=min(1, len(late) - 1))))
    total = float(late.sum(1).mean())
    chaotic = total > POWER * np.log(2) + ERRORS * stderr
    times = interval * np.arange(1, count + 1)
    return Lyapunov(total / span, stderr / span, bool(chaotic), times, growth)


def _layout(system: Any, state: Any) -> tuple[torch.Tensor, tuple[float, ...]]:
    """(q/|q|, v/|v|) stacked, and the sizes. shape: (1 or 2, *state)"""
    parts = [
        torch.as_tensor(p, dtype=torch.float64) for p in (state if isinstance(state, tuple) else (state,))
    ]
    if system.time_order == 2 and len(parts) == 1:
        parts.append(torch.zeros_like(parts[0]))
    if len(parts) != system.time_order:
        raise ValueError(
            f"got {len(parts)} parts of the state, expected {'(q, v)' if system.time_order == 2 else 'q'}"
        )
    dimension = len(system.points) + (len(system.fields) > 1)
    parts = [p[0] if p.ndim == dimension + 1 and len(p) == 1 else p for p in parts]
    if any(p.ndim != dimension for p in parts):
        raise ValueError("got a state of several samples, expected one; call it for each")
    largest = max(float(p.abs().max()) for p in parts) or 1.0
    sizes = tuple(float(p.square().mean().sqrt()) or largest for p in parts)
    return torch.stack([p / s for p, s in zip(parts, sizes, strict=True)]), sizes


def _state(y: torch.Tensor, sizes: tuple[float, ...]) -> Any:
    """q or (q, v) from scaled states. shape: (state, 1 or 2, …)"""
    parts = tuple(y[:, number] * size for number, size in enumerate(sizes))
    return parts if len(parts) == 2 else parts[0]


def _norm(delta: torch.Tensor) -> torch.Tensor:
    """Root mean square of each separation. shape: (n, …) -> (n, 1, …)"""
    dims = tuple(range(1, delta.ndim))
    return delta.square().mean(dims, keepdim=True).sqrt()
