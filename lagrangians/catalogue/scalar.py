"""One real scalar field φ(t, x, …) with a potential: ℒ = ½φ_t² − ½c²|∇φ|² − V(φ)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from lagrangians.catalogue.arguments import constant
from lagrangians.density import Lagrangian

SPACE = ("x", "y", "z")


def _scalar(potential: Callable[[sympy.Expr], sympy.Expr], speed: Any, dimension: int) -> Lagrangian:
    if dimension not in (1, 2, 3):
        raise ValueError(f"got {dimension} space dimensions, expected 1, 2 or 3")
    t, *space = coordinates = sympy.symbols(("t", *SPACE[:dimension]))
    phi = sympy.Function("phi")(*coordinates)
    gradient = sympy.Add(*(phi.diff(x) ** 2 for x in space))
    half = sympy.Rational(1, 2)
    density = half * phi.diff(t) ** 2 - half * constant(speed) ** 2 * gradient - potential(phi)
    return Lagrangian(density, (phi,), tuple(coordinates))


def klein_gordon(c: Any = 1, m: Any = 1, dimension: int = 1) -> Lagrangian:
    """Free field of mass m: V = ½m²φ², so φ_tt = c²∇²φ − m²φ and ω² = c²k² + m².

    c is the speed of light, m the mass in units of frequency (m = 0 is the wave equation); vacuum φ = 0.
    Peskin & Schroeder, *An Introduction to Quantum Field Theory*, eq. 2.6.
    """
    return _scalar(lambda phi: constant(m) ** 2 * phi**2 / 2, c, dimension)


def sine_gordon(c: Any = 1, m: Any = 1, dimension: int = 1) -> Lagrangian:
    """V = m²(1 − cos φ), so φ_tt = c²∇²φ − m² sin φ.

    c is the limiting speed, m the frequency of small oscillations; vacua φ = 2πn, kinks of width c/m
    between them. Rajaraman, *Solitons and Instantons*, eq. 2.69 (there for a rescaled field).
    """
    return _scalar(lambda phi: constant(m) ** 2 * (1 - sympy.cos(phi)), c, dimension)


def double_sine_gordon(c: Any = 1, m: Any = 1, mu: Any = 1, dimension: int = 1) -> Lagrangian:
    """V = m²(1 − cos φ) + μ²(1 − cos 2φ), so φ_tt = c²∇²φ − m² sin φ − 2μ² sin 2φ.

    m and μ weigh the two harmonics; vacuum φ = 0 with mass² m² + 4μ². Not integrable: kinks radiate when
    they collide. Campbell, Peyrard & Sodano, Physica D 19 (1986) 165.
    """

    def potential(phi: sympy.Expr) -> sympy.Expr:
        return constant(m) ** 2 * (1 - sympy.cos(phi)) + constant(mu) ** 2 * (1 - sympy.cos(2 * phi))

    return _scalar(potential, c, dimension)


def sinh_gordon(c: Any = 1, m: Any = 1, dimension: int = 1) -> Lagrangian:
    """V = m²(cosh φ − 1), so φ_tt = c²∇²φ − m² sinh φ; vacuum φ = 0 with mass m. Integrable, without kinks.

    Zamolodchikov, Nucl. Phys. B 770 (2007) 1, eq. 1.1 (there for a rescaled field).
    """
    return _scalar(lambda phi: constant(m) ** 2 * (sympy.cosh(phi) - 1), c, dimension)


def phi4(c: Any = 1, g: Any = 1, v: Any = 1, dimension: int = 1) -> Lagrangian:
    """V = ¼g(φ² − v²)², so φ_tt = c²∇²φ − gφ(φ² − v²).

    g > 0 is the coupling, ±v are the vacua, with mass² 2gv²; kinks v tanh(v√(g/2) x/c) join them.
    Rajaraman, *Solitons and Instantons*, eq. 2.15.
    """
    return _scalar(lambda phi: constant(g) * (phi**2 - constant(v) ** 2) ** 2 / 4, c, dimension)
