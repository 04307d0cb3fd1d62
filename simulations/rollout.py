"""A run as a differentiable function of its initial data and parameters, with bounded memory."""

from __future__ import annotations

import math

import torch
from torch.utils.checkpoint import checkpoint

from .backends import propagator
from .integrators import Integrator, Simulated
from .running.run import chosen_integrator, division, number_of_saves

States = tuple[torch.Tensor, torch.Tensor | None]


def rollout(
    system: Simulated,
    q: torch.Tensor,
    v: torch.Tensor | None = None,
    *,
    t_end: float,
    save_every: float | None = None,
    step: float | None = None,
    integrator: str | Integrator | None = None,
    seed: int = 0,
    backend: str = "loop",
    checkpoint_every: int | None = None,
) -> States:
    """The saved states (q(t), v(t)), with gradients to q, v and the tensors that the system is made of.

    The numbers are those of `simulate` with the same back end. Gradients are those of the discrete map, to
    round-off: reverse mode through every step. Steps are grouped into segments of which only the ends are
    kept, and which are computed again in the backward pass (`torch.utils.checkpoint`): with n steps, segments
    of √n keep O(√n) states instead of O(n), for one more run's time. Saved states are kept besides.

    Args:
        system, integrator, seed: as in `simulate`.
        q, v: shape (…, [field,] *points), any batch axes, dtype and device; v = 0 if left out.
        t_end: the last time; save_every: time between saved states, default t_end (the ends only).
        step: as in `simulate`. It is fixed by the values at t = 0, without gradient.
        backend: "loop" or "torch"; the compiled kernel has no gradient.
        checkpoint_every: steps a segment, default √n rounded up; 0 keeps everything.

    Returns q(t), v(t) of shape (…, time, [field,] *points) with 1 + t_end/save_every times, v None for
    systems of first order in time. ValueError for shapes that do not fit and as in `simulate`.
    """
    v = _velocity(system, q, v)
    if backend not in ("loop", "torch"):
        raise ValueError(f"got backend '{backend}', expected loop or torch, which have gradients")
    save_every = t_end if save_every is None else save_every
    saves = number_of_saves(t_end, save_every)
    method = chosen_integrator(integrator, system, seed)
    with torch.no_grad():
        fixed = q.detach(), None if v is None else v.detach()
        size, substeps = division(system, method, *fixed, t_end, save_every, step)
    steps = saves * substeps
    segment = math.isqrt(steps - 1) + 1 if checkpoint_every is None else checkpoint_every
    if segment < 0 or int(segment) != segment:
        raise ValueError(f"got checkpoint_every = {segment}, expected a whole number ≥ 0; 0 keeps every step")
    advance = propagator(system, method, q, backend, steps)

    def run(q: torch.Tensor, v: torch.Tensor | None, first: int, last: int) -> list[States]:
        """The states at saved times after step `first`, and at `last`."""
        states: list[States] = []
        while first < last:
            until = min(first - first % substeps + substeps, last)
            q, v = advance(q, v, first, size, until - first)
            states.append((q, v))
            first = until
        return states

    saved, present = [(q, v)], (q, v)
    for first in range(0, steps, segment or steps):
        last = min(first + (segment or steps), steps)
        if segment and torch.is_grad_enabled():
            states = checkpoint(run, *present, first, last, use_reentrant=False, preserve_rng_state=False)
        else:
            states = run(*present, first, last)
        present = states[-1]
        saved += states if last % substeps == 0 else states[:-1]
    axis = -1 - len(system.points) - (len(system.fields) > 1)
    positions = torch.stack([state[0] for state in saved], axis)
    if v is None:
        return positions, None
    return positions, torch.stack([rate for _, rate in saved if rate is not None], axis)


def _velocity(system: Simulated, q: torch.Tensor, v: torch.Tensor | None) -> torch.Tensor | None:
    shape = ((len(system.fields),) if len(system.fields) > 1 else ()) + tuple(system.points)
    for tensor in (q, v):
        if tensor is not None and tuple(tensor.shape[tensor.ndim - len(shape) :]) != shape:
            wanted = ", ".join(map(str, shape))
            raise ValueError(f"got a state of shape {tuple(tensor.shape)}, expected (…, {wanted})")
    if system.time_order == 1:
        if v is not None:
            raise ValueError("got v for a system of first order in time, expected q alone")
        return None
    return torch.zeros_like(q) if v is None else v.expand_as(q)
