"""Kinks of φ⁴ and of the double Sine-Gordon field, pairs of them, and Liouville's bounce."""

from __future__ import annotations

from typing import Any

import torch

from ...grids import Grid
from .. import relativistic
from ..registry import State, solution
from .placing import CENTRE, Theory, about


@solution(
    "kink",
    "phi4",
    "kink, from one vacuum to the other",
    {"v": ("velocity", 0.0), "centre": CENTRE},
    "Rajaraman, *Solitons and Instantons*, eq. 2.32",
    boundary="neumann",
)
def _phi4_kink(grid: Grid, time: float, theory: Theory, v: float, centre: float | None) -> State:
    return relativistic.phi4_kink(about(grid, centre), time, v, **theory)


@solution(
    "antikink",
    "phi4",
    "antikink, the kink with the opposite sign",
    {"v": ("velocity", 0.0), "centre": CENTRE},
    "Rajaraman, *Solitons and Instantons*, eq. 2.32",
    boundary="neumann",
)
def _phi4_antikink(grid: Grid, time: float, theory: Theory, v: float, centre: float | None) -> State:
    return relativistic.phi4_antikink(about(grid, centre), time, v, **theory)


SUM_OF_KINKS = {
    "v": ("velocity of each", 0.5),
    "separation": ("distance at the start, default half of the box", None),
    "centre": CENTRE,
}


def _pair(
    kink: Any, top: float, grid: Grid, time: float, v: float, separation: float | None, centre: float | None
) -> State:
    """kink − (the same kink further right, moving to the left) from a kink(x, t, v) that starts at 0."""
    half = (grid.length[0] / 2 if separation is None else separation) / 2
    x = about(grid, centre)
    (left, left_rate), (right, right_rate) = kink(x + half, time, v), kink(x - half, time, -v)
    return left - right + top, left_rate - right_rate


@solution(
    "kink-antikink",
    "phi4",
    "kink and antikink that approach, each exact; they are bound or scattered, and radiate",
    SUM_OF_KINKS,
    "Campbell, Schonfeld & Wingate, Physica D 9 (1983) 1",
    exact=False,
)
def _phi4_kink_antikink(
    grid: Grid, time: float, theory: Theory, v: float, separation: float | None, centre: float | None
) -> State:
    def kink(x: torch.Tensor, t: float, velocity: float) -> Any:
        return relativistic.phi4_kink(x, t, velocity, **theory)

    return _pair(kink, -theory["v"], grid, time, v, separation, centre)


@solution(
    "kink",
    "double_sine_gordon",
    "kink, from 0 to 2π",
    {"v": ("velocity", 0.0), "centre": CENTRE},
    "Campbell, Peyrard & Sodano, Physica D 19 (1986) 165",
    boundary="winding",
)
def _double_kink(grid: Grid, time: float, theory: Theory, v: float, centre: float | None) -> State:
    return relativistic.double_sine_gordon_kink(about(grid, centre), time, v, **theory)


@solution(
    "kink-antikink",
    "double_sine_gordon",
    "kink and antikink that approach, each exact; they radiate when they collide",
    SUM_OF_KINKS,
    "Campbell, Peyrard & Sodano, Physica D 19 (1986) 165",
    exact=False,
)
def _double_kink_antikink(
    grid: Grid, time: float, theory: Theory, v: float, separation: float | None, centre: float | None
) -> State:
    def kink(x: torch.Tensor, t: float, velocity: float) -> Any:
        return relativistic.double_sine_gordon_kink(x, t, velocity, **theory)

    return _pair(kink, 0.0, grid, time, v, separation, centre)


@solution(
    "bounce",
    "liouville",
    "uniform field that climbs its potential and falls back",
    {
        "rate": ("κ of sech²(κt)", 1.0),
        "wait": ("time until it is highest", 1.0),
    },
    "Liouville, J. Math. Pures Appl. 18 (1853) 71",
)
def _bounce(grid: Grid, time: float, theory: Theory, rate: float, wait: float) -> State:
    return relativistic.liouville_bounce(about(grid, 0.0), time - wait, rate, **theory)
