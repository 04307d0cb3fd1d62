"""Exact solutions of other scalar fields φ_tt = c²φ_xx − V'(φ): φ⁴, double Sine-Gordon, Liouville."""

from __future__ import annotations

import torch

from .moving import Component, Jet, Pair, Place, boosted, cosh, phase, scale, sech, sinh


def phi4_kink(
    x: Place, t: Place = 0.0, velocity: float = 0.0, c: float = 1.0, g: float = 1.0, v: float = 1.0
) -> Pair:
    """φ⁴ kink φ = v tanh(γ v√(g/2) (x − velocity·t)/c) of V = ¼g(φ² − v²)²: from −v to v.

    Rest energy (2√2/3) c √g v³. R. Rajaraman, *Solitons and Instantons*, eq. 2.32. ValueError for
    |velocity| ≥ c.
    """
    rate = v * (g / 2) ** 0.5 / c

    def rest(x: torch.Tensor, t: torch.Tensor) -> Jet:
        return v * torch.tanh(rate * x), torch.zeros_like(x), v * rate * sech(rate * x) ** 2

    return boosted(rest, x, t, velocity, c)


def phi4_antikink(
    x: Place, t: Place = 0.0, velocity: float = 0.0, c: float = 1.0, g: float = 1.0, v: float = 1.0
) -> Pair:
    """The φ⁴ kink with the opposite sign: from v to −v."""
    phi, rate = phi4_kink(x, t, velocity, c, g, v)
    return -phi, -rate


def double_sine_gordon_kink(
    x: Place, t: Place = 0.0, v: float = 0.0, c: float = 1.0, m: float = 1.0, mu: float = 1.0
) -> Pair:
    """Kink of V = m²(1 − cos φ) + μ²(1 − cos 2φ), from 0 to 2π:

        φ = π + 2 arctan[ (m/M) sinh(γM(x − vt)/c) ],   M² = m² + 4μ².

    It looks like two half-kinks where m ≪ μ. Campbell, Peyrard & Sodano, Physica D 19 (1986) 165, §2 (in
    other units). ValueError for m = 0, where kinks join 0 and π, or |v| ≥ c.
    """
    if not m > 0:
        raise ValueError(f"got m = {m}, expected m > 0; the kinks of m = 0 join 0 and π")
    mass = (m**2 + 4 * mu**2) ** 0.5

    def rest(x: torch.Tensor, t: torch.Tensor) -> Jet:
        a = mass / c * x
        size = scale(a)
        value, rate, slope = phase(
            Component(m / mass * sinh(a, size), x=m / c * cosh(a, size)), Component(torch.exp(-size)), 2.0
        )
        return torch.pi + value, rate, slope

    return boosted(rest, x, t, v, c)


def liouville_bounce(
    x: Place,
    t: Place = 0.0,
    rate: float = 1.0,
    v: float = 0.0,
    c: float = 1.0,
    m: float = 1.0,
    beta: float = 1.0,
) -> Pair:
    """Liouville field that climbs its potential V = (m²/β²) e^{βφ} and falls back, in a frame of velocity v:

        φ = (1/β) ln[ (2κ²/m²) sech²(κt') ],   t' = γ(t − vx/c²), κ = `rate`.

    One of J. Liouville's solutions, J. Math. Pures Appl. 18 (1853) 71. ValueError for κ = 0 or |v| ≥ c.
    """
    if rate == 0:
        raise ValueError("got rate = 0, expected another number")

    def rest(x: torch.Tensor, t: torch.Tensor) -> Jet:
        a = rate * t
        square = a.abs() + torch.log1p(torch.exp(-2 * a.abs()))  # ln(2 cosh a)
        constant = torch.log(torch.tensor(8 * rate**2 / m**2, dtype=a.dtype, device=a.device))
        return (constant - 2 * square) / beta, -2 * rate * torch.tanh(a) / beta, torch.zeros_like(a)

    return boosted(rest, x, t, v, c)
