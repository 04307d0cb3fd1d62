"""Solitons on a Toda ring."""

from __future__ import annotations

import math
from typing import Any

import torch

from .. import toda
from ..registry import State, solution
from .placing import CENTRE, Theory


def _ring(chain: Any, time: float, theory: Theory, kappas: tuple, places: tuple) -> State:
    """Solitons on a ring: stretched evenly until its rise is the ring's, which rescales a."""
    count = chain.points[0]
    drop = sum(2 * abs(kappa) / theory["b"] for kappa in kappas)
    stretch = (chain.rise[0] + drop) / count
    n = torch.arange(count, dtype=torch.float64)
    rescaled = {**theory, "a": theory["a"] * math.exp(-theory["b"] * stretch)}
    q, v = toda.toda_solitons(n, time, kappas, places, **rescaled)
    return q + stretch * n, v


@solution(
    "soliton",
    "toda_lattice",
    "compression that runs along a ring",
    {"kappa": ("inverse width, negative for one that runs to the left", 1.0), "centre": CENTRE},
    "Toda, *Theory of Nonlinear Lattices*, §3.3",
)
def _toda(chain: Any, time: float, theory: Theory, kappa: float, centre: float | None) -> State:
    place = chain.points[0] / 2 if centre is None else centre
    return _ring(chain, time, theory, (kappa,), (place,))


@solution(
    "two-solitons",
    "toda_lattice",
    "two compressions on a ring that meet",
    {
        "kappa1": ("inverse width of the left one, negative for one that runs to the left", 1.0),
        "kappa2": ("inverse width of the right one", -0.6),
        "separation": ("distance at the start, default a third of the ring", None),
        "centre": ("middle between the two at the start, default that of the ring", None),
    },
    "Toda, *Theory of Nonlinear Lattices*, §3.6",
)
def _two_toda(
    chain: Any,
    time: float,
    theory: Theory,
    kappa1: float,
    kappa2: float,
    separation: float | None,
    centre: float | None,
) -> State:
    half = (chain.points[0] / 3 if separation is None else separation) / 2
    place = chain.points[0] / 2 if centre is None else centre
    return _ring(chain, time, theory, (kappa1, kappa2), (place - half, place + half))
