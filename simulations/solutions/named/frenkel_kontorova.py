"""The kink of a Frenkel–Kontorova chain, in the continuum limit."""

from __future__ import annotations

from typing import Any

import torch

from .. import sine_gordon
from ..registry import State, solution
from .placing import CENTRE, Theory


def _kink(chain: Any, time: float, theory: Theory, sign: int, v: float, centre: float | None) -> State:
    count = chain.points[0]
    n = torch.arange(count, dtype=torch.float64) - ((count - 1) / 2 if centre is None else centre)
    speed, rate = (theory["kappa"] / theory["m"]) ** 0.5, (theory["V"] / theory["m"]) ** 0.5
    return (sine_gordon.kink if sign > 0 else sine_gordon.antikink)(n, time, v, c=speed, m=rate)


LIMIT = "in the continuum limit, good where its width √(κ/V) is above a site; it relaxes, and radiates"
VELOCITY = ("velocity in sites a time, below √(κ/m)", 0.0)
BRAUN = "Braun & Kivshar, *The Frenkel–Kontorova Model*, §1.2"


@solution(
    "kink",
    "frenkel_kontorova",
    f"kink {LIMIT}",
    {"v": VELOCITY, "centre": CENTRE},
    BRAUN,
    boundary="winding",
    exact=False,
)
def _upward(chain: Any, time: float, theory: Theory, v: float, centre: float | None) -> State:
    return _kink(chain, time, theory, 1, v, centre)


@solution(
    "antikink",
    "frenkel_kontorova",
    f"antikink {LIMIT}",
    {"v": VELOCITY, "centre": CENTRE},
    BRAUN,
    boundary="winding",
    exact=False,
)
def _downward(chain: Any, time: float, theory: Theory, v: float, centre: float | None) -> State:
    return _kink(chain, time, theory, -1, v, centre)
