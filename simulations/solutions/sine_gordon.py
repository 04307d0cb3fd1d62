"""Solitons of φ_tt = c²φ_xx − m² sin φ, each moving with any velocity below c.

The formulas are those of P. G. Drazin and R. S. Johnson, *Solitons: an Introduction*, with x → mx/c, t → mt
(kinks §1.5 and §5.4; breathers: M. J. Ablowitz, D. J. Kaup, A. C. Newell, H. Segur, Phys. Rev. Lett. 30
(1973) 1262), and Lorentz transformations of them.
"""

from __future__ import annotations

import torch

from .moving import Component, Jet, Pair, Place, boosted, cosh, lorentz_factor, phase, scale, sech, sinh


def kink(x: Place, t: Place = 0.0, v: float = 0.0, c: float = 1.0, m: float = 1.0) -> Pair:
    """Sine-Gordon kink φ = 4 arctan exp(γm(x − vt)/c), γ = 1/√(1 − v²/c²): from 0 at −∞ to 2π at +∞.

    Shapes: x and t broadcast. Rest energy 8mc. ValueError for |v| ≥ c.

    >>> kink(torch.tensor(0.0))[0] / torch.pi
    tensor(1., dtype=torch.float64)
    """

    def rest(x: torch.Tensor, t: torch.Tensor) -> Jet:
        place = m / c * x
        return 4 * torch.atan(torch.exp(place)), torch.zeros_like(place), 2 * m / c * sech(place)

    return boosted(rest, x, t, v, c)


def antikink(x: Place, t: Place = 0.0, v: float = 0.0, c: float = 1.0, m: float = 1.0) -> Pair:
    """Sine-Gordon antikink, the kink mirrored: φ = 4 arctan exp(−γm(x − vt)/c), from 2π to 0."""
    return kink(-torch.as_tensor(x, dtype=torch.float64), t, -v, c, m)


def kink_antikink(x: Place, t: Place, v: float, c: float = 1.0, m: float = 1.0, boost: float = 0.0) -> Pair:
    """Collision of a kink and an antikink of velocities ±v that meet at x = 0, t = 0:

        φ = 4 arctan[ sinh(γm v t'/c) / ((v/c) cosh(γm x'/c)) ]

    in the frame (x', t') of their centre of mass, which moves with velocity `boost`. φ → 0 at both ends. For
    t < 0 the antikink is on the left and the pair approaches. ValueError for v = 0, |v| ≥ c or |boost| ≥ c.
    """
    speed, rate = _approach(v, c, m)

    def rest(x: torch.Tensor, t: torch.Tensor) -> Jet:
        a, b = rate * v * t, rate * x
        size = scale(*torch.broadcast_tensors(a, b))
        return phase(
            Component(sinh(a, size) / speed, t=rate * v * cosh(a, size) / speed),
            Component(cosh(b, size), x=rate * sinh(b, size)),
        )

    return boosted(rest, x, t, boost, c)


def kink_kink(x: Place, t: Place, v: float, c: float = 1.0, m: float = 1.0, boost: float = 0.0) -> Pair:
    """Two kinks of velocities ±v that repel each other and are closest at x = 0, t = 0:

        φ = 4 arctan[ (v/c) sinh(γm x'/c) / cosh(γm v t'/c) ],   from −2π to 2π,

    in the frame (x', t') of their centre of mass, which moves with velocity `boost`. ValueError for v = 0,
    |v| ≥ c or |boost| ≥ c.
    """
    speed, rate = _approach(v, c, m)

    def rest(x: torch.Tensor, t: torch.Tensor) -> Jet:
        a, b = rate * v * t, rate * x
        size = scale(*torch.broadcast_tensors(a, b))
        return phase(
            Component(speed * sinh(b, size), x=speed * rate * cosh(b, size)),
            Component(cosh(a, size), t=rate * v * sinh(a, size)),
        )

    return boosted(rest, x, t, boost, c)


def breather(
    x: Place,
    t: Place = 0.0,
    frequency: float = 0.5,
    v: float = 0.0,
    c: float = 1.0,
    m: float = 1.0,
) -> Pair:
    """Sine-Gordon breather of internal frequency ω (0 < ω < m) in its rest frame, moving with velocity v:

        φ = 4 arctan[ (√(m² − ω²)/ω) sin(ωt') / cosh(√(m² − ω²) x'/c) ],   t' = γ(t − vx/c²), x' = γ(x − vt).

    Energy 16 c √(m² − ω²) γ. ValueError for ω outside (0, m) or |v| ≥ c.
    """
    if not 0 < frequency < m:
        raise ValueError(f"got frequency {frequency}, expected 0 < frequency < m = {m}")
    width = (m**2 - frequency**2) ** 0.5

    def rest(x: torch.Tensor, t: torch.Tensor) -> Jet:
        a, b = frequency * t, width / c * x
        size = scale(*torch.broadcast_tensors(b, a * 0))
        small = torch.exp(-size)
        return phase(
            Component(width / frequency * torch.sin(a) * small, t=width * torch.cos(a) * small),
            Component(cosh(b, size), x=width / c * sinh(b, size)),
        )

    return boosted(rest, x, t, v, c)


def _approach(v: float, c: float, m: float) -> tuple[float, float]:
    """v/c and γm/c."""
    if v == 0:
        raise ValueError(
            "got v = 0, expected 0 < |v| < c; a pair at rest is the limit of no solution of this form"
        )
    return v / c, m / c * lorentz_factor(v, c)
