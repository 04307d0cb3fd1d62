"""Solitons of Korteweg–de Vries' equation and its kin, as (w, u = w_x); of Boussinesq's as (w, w_t)."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .moving import Component, Pair, Place, coordinates, cosh, phase, scale, sech, sinh
from .tau_functions import exponents, weighted


def korteweg_de_vries_solitons(
    x: Place,
    t: Place = 0.0,
    velocities: Sequence[float] = (1.0,),
    places: Sequence[float] | None = None,
    alpha: float = 6.0,
    beta: float = 1.0,
) -> Pair:
    """(w, u = w_x) of any number of solitons of u_t + αuu_x + βu_xxx = 0:

        w = (12β/α) ∂_x ln τ,   θ_i = k_i(x − x_i − V_i t),   V_i = βk_i²,   A_ij = (k_i − k_j)²/(k_i + k_j)².

    One soliton is u = (3V/α) sech²(½√(V/β)(x − x_1 − Vt)). R. Hirota, Phys. Rev. Lett. 27 (1971) 1192, eqs.
    3–6. A soliton with no other on its left has its crest at x_i + V_i t; one on its left puts it forward by
    ln(1/A)/k_i. ValueError for velocities of another sign than β, equal ones, or another number of places.
    """
    places = [0.0] * len(velocities) if places is None else list(places)
    if len(places) != len(velocities):
        raise ValueError(f"got {len(places)} places for {len(velocities)} velocities, expected one for each")
    if not velocities or any(not v / beta > 0 for v in velocities):
        raise ValueError(f"got velocities {tuple(velocities)}, expected numbers of the sign of β = {beta}")
    if len(set(velocities)) < len(velocities):
        raise ValueError(f"got velocities {tuple(velocities)}, expected different ones")
    x, t = coordinates(x, t)
    numbers = [(v / beta) ** 0.5 for v in velocities]
    phases = [k * (x - place - v * t) for k, place, v in zip(numbers, places, velocities, strict=True)]

    def interaction(i: int, j: int) -> float:
        return ((numbers[i] - numbers[j]) / (numbers[i] + numbers[j])) ** 2

    slope, curvature = weighted(*exponents(phases, interaction), numbers)
    return 12 * beta / alpha * slope, 12 * beta / alpha * curvature


def modified_korteweg_de_vries_soliton(
    x: Place, t: Place = 0.0, v: float = 1.0, alpha: float = 6.0, beta: float = 1.0
) -> Pair:
    """(w, u = w_x) with u = √(6v/α) sech(√(v/β)(x − vt)) of u_t + αu²u_x + βu_xxx = 0, for αβ > 0.

    M. Wadati, J. Phys. Soc. Japan 32 (1972) 1681. ValueError for αβ ≤ 0 or v of another sign than β.
    """
    _focusing(alpha, beta)
    if not v / beta > 0:
        raise ValueError(f"got velocity {v}, expected one of the sign of β = {beta}")
    x, t = coordinates(x, t)
    number = (v / beta) ** 0.5
    place, factor = number * (x - v * t), (6 * beta / alpha) ** 0.5
    return 2 * factor * torch.atan(torch.exp(place)), factor * number * sech(place)


def modified_korteweg_de_vries_breather(
    x: Place, t: Place = 0.0, a: float = 1.0, b: float = 0.5, alpha: float = 6.0, beta: float = 1.0
) -> Pair:
    """(w, u = w_x) of a pulsating wave of wavenumber a in an envelope of width 1/b, for αβ > 0:

        w = 2√(6β/α) arctan[ b sin(a(x − V_a t)) / (a cosh(b(x − V_b t))) ],
        V_a = β(3b² − a²),   V_b = β(b² − 3a²).

    M. Wadati, J. Phys. Soc. Japan 34 (1973) 1289. ValueError for αβ ≤ 0, a = 0 or b = 0.
    """
    _focusing(alpha, beta)
    if a == 0 or b == 0:
        raise ValueError(f"got a = {a}, b = {b}, expected numbers other than 0")
    x, t = coordinates(x, t)
    wave, envelope = a * (x - beta * (3 * b**2 - a**2) * t), b * (x - beta * (b**2 - 3 * a**2) * t)
    size = scale(envelope)
    small = torch.exp(-size)
    w, _, u = phase(
        Component(b / a * torch.sin(wave) * small, x=b * torch.cos(wave) * small),
        Component(cosh(envelope, size), x=b * sinh(envelope, size)),
        2 * (6 * beta / alpha) ** 0.5,
    )
    return w, u


def boussinesq_soliton(
    x: Place, t: Place = 0.0, v: float = 0.5, c: float = 1.0, alpha: float = 1.0, beta: float = 1.0
) -> Pair:
    """(w, w_t) of the soliton of u_tt = c²u_xx + α(u²)_xx − βu_xxxx, u = w_x:

        u = A sech²(κ(x − vt)),   κ² = (c² − v²)/(4β),   A = −6βκ²/α.

    J. L. Bona and R. L. Sachs, Commun. Math. Phys. 118 (1988) 15, eq. 4 (with α = −1 there). ValueError for
    (c² − v²)/β ≤ 0.
    """
    if not (c**2 - v**2) / beta > 0:
        raise ValueError(f"got velocity {v}, expected (c² − v²)/β > 0 with c = {c}, β = {beta}")
    x, t = coordinates(x, t)
    number = ((c**2 - v**2) / (4 * beta)) ** 0.5
    height = -6 * beta * number**2 / alpha
    place = number * (x - v * t)
    return height / number * torch.tanh(place), -v * height * sech(place) ** 2


def _focusing(alpha: float, beta: float) -> None:
    if not alpha * beta > 0:
        raise ValueError(f"got α = {alpha}, β = {beta}, expected the same sign: the focusing equation")
