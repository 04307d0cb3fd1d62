"""Finitely many degrees of freedom; one coordinate, time."""

from __future__ import annotations

from typing import Any

import sympy

from lagrangians.catalogue.arguments import constant
from lagrangians.catalogue.registry import Vacuum, theory
from lagrangians.density import Lagrangian

FAMILY = "Mechanics"
MASS = ("mass", "mass")
t = sympy.Symbol("t")


def _variables(*names: str) -> tuple[sympy.Expr, ...]:
    return tuple(sympy.Function(name)(t) for name in names)


@theory(
    family=FAMILY,
    title="Free particle",
    parameters={"m": MASS},
    reference="Landau & Lifshitz, *Mechanics*, §4",
)
def free_particle(m: Any = 1) -> Lagrangian:
    """ℒ = ½mq̇², so q̈ = 0. Landau & Lifshitz, *Mechanics*, §4."""
    (q,) = _variables("q")
    return Lagrangian(constant(m) * q.diff(t) ** 2 / 2, (q,), (t,))


@theory(
    family=FAMILY,
    title="Harmonic oscillator",
    parameters={"m": MASS, "kappa": ("stiffness of the spring", "force / length")},
    reference="Landau & Lifshitz, *Mechanics*, §21",
)
def harmonic_oscillator(m: Any = 1, kappa: Any = 1) -> Lagrangian:
    """ℒ = ½mq̇² − ½κq², so mq̈ = −κq and ω² = κ/m. Landau & Lifshitz, *Mechanics*, §21."""
    (q,) = _variables("q")
    return Lagrangian(constant(m) * q.diff(t) ** 2 / 2 - constant(kappa) * q**2 / 2, (q,), (t,))


@theory(
    family=FAMILY,
    title="Two coupled oscillators",
    parameters={
        "m": ("mass of each", "mass"),
        "kappa": ("stiffness of the outer springs", "force / length"),
        "coupling": ("stiffness of the spring between the two", "force / length"),
    },
    reference="Landau & Lifshitz, *Mechanics*, §23",
)
def coupled_oscillators(m: Any = 1, kappa: Any = 1, coupling: Any = 1) -> Lagrangian:
    """ℒ = ½m(q̇_1² + q̇_2²) − ½κ(q_1² + q_2²) − ½K(q_1 − q_2)²; ω² = κ/m and (κ + 2K)/m.

    Landau & Lifshitz, *Mechanics*, §23.
    """
    a, b = _variables("q_1", "q_2")
    kinetic = constant(m) * (a.diff(t) ** 2 + b.diff(t) ** 2)
    potential = constant(kappa) * (a**2 + b**2) + constant(coupling) * (a - b) ** 2
    return Lagrangian((kinetic - potential) / 2, (a, b), (t,))


@theory(
    family=FAMILY,
    title="Plane pendulum",
    parameters={"m": MASS, "l": ("length", "length"), "g": ("acceleration of gravity", "length / time²")},
    vacua=(Vacuum(), Vacuum({"theta": sympy.pi}, "upright, unstable")),
    reference="Landau & Lifshitz, *Mechanics*, §5",
)
def pendulum(m: Any = 1, l: Any = 1, g: Any = 1) -> Lagrangian:
    """ℒ = ½ml²θ̇² − mgl(1 − cos θ), so θ̈ = −(g/l) sin θ; θ = 0 hangs down. Landau & Lifshitz,
    *Mechanics*, §5.
    """
    (theta,) = _variables("theta")
    mass, length = constant(m), constant(l)
    kinetic = mass * length**2 * theta.diff(t) ** 2 / 2
    return Lagrangian(kinetic - mass * constant(g) * length * (1 - sympy.cos(theta)), (theta,), (t,))


@theory(
    family=FAMILY,
    title="Double pendulum",
    parameters={
        "m": ("mass of each bob", "mass"),
        "l": ("length of each rod", "length"),
        "g": ("acceleration of gravity", "length / time²"),
    },
    reference="Landau & Lifshitz, *Mechanics*, §5, problem 1",
    note="Chaotic; the kinetic matrix depends on the angles.",
)
def double_pendulum(m: Any = 1, l: Any = 1, g: Any = 1) -> Lagrangian:
    """ℒ = ml²[θ̇_1² + ½θ̇_2² + θ̇_1θ̇_2 cos(θ_1 − θ_2)] − mgl[2(1 − cos θ_1) + 1 − cos θ_2]; equal bobs
    and rods.

    ω² = (2 ± √2)g/l about rest. Landau & Lifshitz, *Mechanics*, §5, problem 1.
    """
    a, b = _variables("theta_1", "theta_2")
    mass, length = constant(m), constant(l)
    first, second = a.diff(t), b.diff(t)
    kinetic = first**2 + second**2 / 2 + first * second * sympy.cos(a - b)
    height = 2 * (1 - sympy.cos(a)) + 1 - sympy.cos(b)
    density = mass * length**2 * kinetic - mass * constant(g) * length * height
    return Lagrangian(density, (a, b), (t,))


@theory(
    family=FAMILY,
    title="Kepler's problem in the plane",
    parameters={"m": MASS, "alpha": ("strength of the attraction −α/r", "energy length")},
    vacua=(),
    reference="Landau & Lifshitz, *Mechanics*, §15",
    note="No equilibrium: nothing rests in the field of attraction.",
)
def kepler(m: Any = 1, alpha: Any = 1) -> Lagrangian:
    """ℒ = ½m(ẋ² + ẏ²) + α/√(x² + y²) for x(t), y(t), so mr̈ = −αr/|r|³. Landau & Lifshitz, *Mechanics*,
    §15.
    """
    x, y = _variables("x", "y")
    kinetic = constant(m) * (x.diff(t) ** 2 + y.diff(t) ** 2) / 2
    return Lagrangian(kinetic + constant(alpha) / sympy.sqrt(x**2 + y**2), (x, y), (t,))


@theory(
    family=FAMILY,
    title="Hénon–Heiles system",
    parameters={
        "omega": ("frequency of both oscillators", "1 / time"),
        "strength": ("cubic coupling", "1 / (length time²)"),
    },
    reference="Hénon & Heiles, Astron. J. 69 (1964) 73",
    note="Chaotic at high energy.",
)
def henon_heiles(omega: Any = 1, strength: Any = 1) -> Lagrangian:
    """ℒ = ½(ẋ² + ẏ²) − ½ω²(x² + y²) − λ(x²y − y³/3), so ẍ = −ω²x − 2λxy, ÿ = −ω²y − λ(x² − y²).

    Hénon & Heiles, Astron. J. 69 (1964) 73 (there ω = λ = 1).
    """
    x, y = _variables("x", "y")
    kinetic = (x.diff(t) ** 2 + y.diff(t) ** 2) / 2
    well = constant(omega) ** 2 * (x**2 + y**2) / 2
    return Lagrangian(kinetic - well - constant(strength) * (x**2 * y - y**3 / 3), (x, y), (t,))


@theory(
    family=FAMILY,
    title="Pais–Uhlenbeck oscillator",
    parameters={
        "omega_1": ("first frequency", "1 / time"),
        "omega_2": ("second frequency", "1 / time"),
    },
    reference="Pais & Uhlenbeck, Phys. Rev. 79 (1950) 145; Mannheim & Davidson, Phys. Rev. A 71 (2005) "
    "042110",
    note="Fourth order in time; one of the two modes has negative energy.",
)
def pais_uhlenbeck(omega_1: Any = 1, omega_2: Any = 2) -> Lagrangian:
    """ℒ = ½[q̈² − (ω_1² + ω_2²)q̇² + ω_1²ω_2²q²], so q⁗ + (ω_1² + ω_2²)q̈ + ω_1²ω_2²q = 0.

    Pais & Uhlenbeck, Phys. Rev. 79 (1950) 145.
    """
    (q,) = _variables("q")
    first, second = constant(omega_1) ** 2, constant(omega_2) ** 2
    density = q.diff(t, 2) ** 2 - (first + second) * q.diff(t) ** 2 + first * second * q**2
    return Lagrangian(density / 2, (q,), (t,))
