"""Solitons of Toda's lattice mq̈_n = a[e^{−b(q_n − q_{n−1})} − e^{−b(q_{n+1} − q_n)}]."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from .moving import Pair, Place, coordinates
from .tau_functions import exponents, weighted


def toda_solitons(
    n: Place,
    t: Place = 0.0,
    kappas: Sequence[float] = (1.0,),
    places: Sequence[float] | None = None,
    m: float = 1.0,
    a: float = 1.0,
    b: float = 1.0,
) -> Pair:
    """(q, q_t) of any number of compressions that run along the chain:

        q_n = (1/b) ln(τ_{n−1}/τ_n),   θ_i = 2|κ_i|(n − n_i) − 2 sign(κ_i) Ω_i t,   Ω_i = √(ab/m) sinh|κ_i|,

    to the right for κ_i > 0, with speed Ω_i/|κ_i|; q falls by 2|κ_i|/b across soliton i. One soliton is
    e^{−b(q_{n+1} − q_n)} − 1 = sinh²κ sech²(κ(n − n_1) − Ωt). M. Toda, *Theory of Nonlinear Lattices*,
    §3.3–3.6; interaction exp(A_ij) = −P(θ_i − θ_j)/P(θ_i + θ_j) from P = ∂_t² − (4ab/m) sinh²(½∂_n).
    ValueError for κ = 0, equal ones, or another number of places.
    """
    places = [0.0] * len(kappas) if places is None else list(places)
    if len(places) != len(kappas):
        raise ValueError(f"got {len(places)} places for {len(kappas)} solitons, expected one for each")
    if not kappas or 0 in kappas or len(set(kappas)) < len(kappas):
        raise ValueError(f"got κ = {tuple(kappas)}, expected different numbers other than 0")
    n, t = coordinates(n, t)
    numbers = [2 * abs(kappa) for kappa in kappas]
    unit = (a * b / m) ** 0.5
    rates = [-2 * unit * math.sinh(kappa) for kappa in kappas]

    def interaction(i: int, j: int) -> float:
        def symbol(sign: int) -> float:
            rate, number = rates[i] + sign * rates[j], numbers[i] + sign * numbers[j]
            return rate**2 - 4 * unit**2 * math.sinh(number / 2) ** 2

        return -symbol(-1) / symbol(1)

    def logarithm(n: torch.Tensor) -> Pair:
        phases = [k * (n - place) + rate * t for k, place, rate in zip(numbers, places, rates, strict=True)]
        sums, subsets = exponents(phases, interaction)
        return torch.logsumexp(sums, 0), weighted(sums, subsets, rates)[0]

    (before, rate_before), (here, rate_here) = logarithm(n - 1), logarithm(n)
    return (before - here) / b, (rate_before - rate_here) / b
