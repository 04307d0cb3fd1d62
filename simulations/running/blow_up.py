"""Where and when a field left the finite numbers, and what the evidence says to do about it."""

from __future__ import annotations

import math

import numpy as np
import torch

from ..integrators import State
from .frames import Moment
from .run import Run

AFFORDABLE = 50_000_000  # values times steps that are computed again from t = 0 for the sake of advice
RUNAWAY = 1e3  # times the largest initial value
NEARBY = 0.02  # of the time: two step sizes blow up at the same time

_SIGNS = "is the potential bounded below, are the signs of the parameters right?"
_DOMAIN = (
    "does the force divide by zero, take a root or a logarithm of a negative number, or overflow in an "
    "exponential? check the parameters and the initial data"
)


def is_finite(state: State) -> bool:
    """Whether every value of q and v is: a finite sum says so without memory, else all are looked at."""
    parts = [part for part in state if part is not None]
    return all(bool(torch.isfinite(part.sum())) or bool(torch.isfinite(part).all()) for part in parts)


def blow_up_message(run: Run, before: Moment, last: int) -> str:
    """Which value was the first that is not finite, and advice, in one line.

    `before` is a finite state, from which the steps up to number `last` lead to one that is not: they are
    taken again one by one. The advice comes from an experiment: the force there, or half the step.
    """
    found = _first_break(run, before, last)
    if found is None:
        return f"a field blew up before t = {last * run.step:.6g}; reduce the step"
    (q, v, number), after = found
    if run.method.adaptive:
        when = f"between t = {number * run.step:.6g} and t = {(number + 1) * run.step:.6g}"
    else:
        when = f"at t = {(number + 1) * run.step:.6g} (step {number + 1})"
    name, where, value = first_place(run, q, after)
    place = f"{where}, last finite value {value:.4g}"
    return f"the field {name} blew up {when}, {place}: {_advice(run, before, (q, v, number))}"


def first_place(run: Run, before: torch.Tensor, after: State | None = None) -> tuple[str, str, float]:
    """(field, "sample 0, x = 1.5", last value) of what broke: the largest of the values that did.

    Without a state after, the largest of all values: a spectral derivative spreads a NaN everywhere at once.
    """
    broken = torch.ones_like(before, dtype=torch.bool)
    if after is not None:
        broken = ~torch.isfinite(after[0])
        if after[1] is not None:
            broken = broken | ~torch.isfinite(after[1])
    if after is None:
        sample = int(before.flatten(1).abs().amax(1).argmax())
    else:
        sample = int(broken.flatten(1).any(1).to(torch.int).argmax())
    sizes = torch.where(broken[sample], before[sample].abs(), -1.0)
    place = [int(i) for i in np.unravel_index(int(sizes.argmax()), tuple(sizes.shape))]
    value = float(before[sample][tuple(place)])
    field = place.pop(0) if len(run.system.fields) > 1 else 0
    coordinates = zip(run.system.axes, run.places(), place, strict=True)
    where = [f"sample {sample}", *(f"{axis} = {values[i]:.6g}" for axis, values, i in coordinates)]
    return run.system.fields[field], ", ".join(where), value


def _first_break(run: Run, before: Moment, last: int) -> tuple[Moment, State] | None:
    """The last finite state and the one after it, step by step."""
    q, v, number = before
    while number < last:
        following = run.advance(q, v, number, run.step, 1)
        if not is_finite(following):
            return (q, v, number), following
        q, v = following
        number += 1
    return None


def _advice(run: Run, before: Moment, broken: Moment) -> str:
    q, _, number = broken
    runaway = float(q.abs().max()) > RUNAWAY * max(1.0, float(run.q.abs().max()))
    if not runaway and not _force_is_finite(run, broken):
        return f"the force is not finite there though the field is; {_DOMAIN}"
    if run.method.adaptive:
        return f"the solution ends there; {_SIGNS if runaway else _DOMAIN}"
    if 2 * number * q.numel() <= AFFORDABLE:
        before = run.q, run.v, 0
    start, end = before[2], number + 1
    beyond = end + max(1, (end - start) // 4)
    halved = _time_with_half_the_step(run, before, beyond)
    duration, time = (end - start) * run.step, end * run.step
    if halved is None:
        return (
            f"with half the step it is finite until t = {beyond * run.step:.6g}, so the step is too large; "
            f"pass step={run.step / 2:.3g} or less"
        )
    if abs(halved - time) <= NEARBY * duration + 3 * run.step:
        what = f"diverges; {_SIGNS}" if runaway else f"ends there: {_SIGNS} {_DOMAIN}"
        return f"with half the step it does so at t = {halved:.6g}, so the solution itself {what}"
    return (
        f"with half the step it does so at t = {halved:.6g}, so the step is too large; "
        f"pass step={run.step / 4:.3g} or less"
    )


def _force_is_finite(run: Run, moment: Moment) -> bool:
    q, v, number = moment
    time = number * run.step
    if v is None:
        return bool(torch.isfinite(run.system.velocity(q, time=time)).all())
    return bool(torch.isfinite(run.system.acceleration(q, v, time=time)).all())


def _time_with_half_the_step(run: Run, before: Moment, beyond: int) -> float | None:
    """When the field breaks with half the step, None if not before step `beyond` of the whole ones."""
    q, v, number = before
    half, first, last = run.step / 2, 2 * number, 2 * beyond
    piece = max(1, math.isqrt(last - first))
    while first < last:
        count = min(piece, last - first)
        following = run.advance(q, v, first, half, count)
        if not is_finite(following):
            for single in range(first, first + count):
                q, v = run.advance(q, v, single, half, 1)
                if not is_finite((q, v)):
                    return (single + 1) * half
        q, v = following
        first += count
    return None
