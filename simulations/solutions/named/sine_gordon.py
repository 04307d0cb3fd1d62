"""Kinks and breathers of Sine-Gordon."""

from __future__ import annotations

import math

import torch

from ...grids import Grid
from .. import sine_gordon
from ..moving import lorentz_factor
from ..registry import State, solution
from .placing import CENTRE, Theory, about

SEPARATION = ("distance at the start, up to the shift by the collision; default half of the box", None)
DRAZIN = "Drazin & Johnson, *Solitons: an Introduction*, ch. 5"


@solution(
    "kink",
    "sine_gordon",
    "kink, from 0 to 2π",
    {"v": ("velocity", 0.0), "centre": CENTRE},
    DRAZIN,
    boundary="winding",
)
def _kink(grid: Grid, time: float, theory: Theory, v: float, centre: float | None) -> State:
    return sine_gordon.kink(about(grid, centre), time, v, **theory)


@solution(
    "antikink",
    "sine_gordon",
    "antikink, from 2π to 0",
    {"v": ("velocity", 0.0), "centre": CENTRE},
    DRAZIN,
    boundary="winding",
)
def _antikink(grid: Grid, time: float, theory: Theory, v: float, centre: float | None) -> State:
    return sine_gordon.antikink(about(grid, centre), time, v, **theory)


def _colliding(
    grid: Grid, time: float, v: float, separation: float | None, boost: float, centre: float | None, c: float
) -> tuple[torch.Tensor, float]:
    """(x, t) with the collision at the origin, for a pair that starts `separation` apart about the centre."""
    distance = grid.length[0] / 2 if separation is None else separation
    if v == 0:
        raise ValueError("got v = 0, expected 0 < |v| < c")
    wait = lorentz_factor(boost, c) * distance / (2 * abs(v))
    return about(grid, centre) - boost * wait, time - wait


PAIR = {
    "v": ("velocity of each in the frame of their centre of mass", 0.5),
    "separation": SEPARATION,
    "boost": ("velocity of their centre of mass", 0.0),
    "centre": CENTRE,
}


@solution("kink-antikink", "sine_gordon", "kink and antikink that pass through each other", PAIR, DRAZIN)
def _kink_antikink(
    grid: Grid,
    time: float,
    theory: Theory,
    v: float,
    separation: float | None,
    boost: float,
    centre: float | None,
) -> State:
    x, t = _colliding(grid, time, v, separation, boost, centre, theory["c"])
    return sine_gordon.kink_antikink(x, t, v, boost=boost, **theory)


@solution(
    "kink-kink", "sine_gordon", "two kinks that repel each other, from −2π to 2π", PAIR, DRAZIN, "winding"
)
def _kink_kink(
    grid: Grid,
    time: float,
    theory: Theory,
    v: float,
    separation: float | None,
    boost: float,
    centre: float | None,
) -> State:
    x, t = _colliding(grid, time, v, separation, boost, centre, theory["c"])
    return sine_gordon.kink_kink(x, t, v, boost=boost, **theory)


@solution(
    "breather",
    "sine_gordon",
    "kink and antikink that are bound to each other",
    {
        "frequency": ("of the pulsation in units of m, between 0 and 1", 0.5),
        "v": ("velocity", 0.0),
        "phase": ("of the pulsation at the start, in radians", math.pi / 2),
        "centre": CENTRE,
    },
    "Ablowitz, Kaup, Newell & Segur, Phys. Rev. Lett. 30 (1973) 1262",
)
def _breather(
    grid: Grid, time: float, theory: Theory, frequency: float, v: float, phase: float, centre: float | None
) -> State:
    rate = frequency * theory["m"]
    if not 0 < frequency < 1:
        raise ValueError(f"got frequency {frequency}, expected a number between 0 and 1, in units of m")
    wait = lorentz_factor(v, theory["c"]) * phase / rate
    return sine_gordon.breather(about(grid, centre) + v * wait, time + wait, rate, v, **theory)
