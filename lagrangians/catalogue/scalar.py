"""One real scalar field φ(t, x, …): ℒ = ½φ_t² − ½c²|∇φ|² − V(φ), and Born–Infeld's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from lagrangians.catalogue.arguments import constant, coordinates_of, gradient_squared
from lagrangians.catalogue.registry import Vacuum, theory
from lagrangians.density import Lagrangian

FAMILY = "Real scalar fields"
SPEED = ("limiting speed", "length / time")


def _scalar(potential: Callable[[sympy.Expr], sympy.Expr], speed: Any, dimension: int) -> Lagrangian:
    coordinates = coordinates_of(dimension)
    phi = sympy.Function("phi")(*coordinates)
    half = sympy.Rational(1, 2)
    kinetic = half * phi.diff(coordinates[0]) ** 2
    gradient = half * constant(speed) ** 2 * gradient_squared(phi, coordinates)
    return Lagrangian(kinetic - gradient - potential(phi), (phi,), coordinates)


@theory(
    family=FAMILY,
    title="Klein–Gordon field",
    parameters={
        "c": ("speed of light", "length / time"),
        "m": ("mass, as the frequency of the field at rest", "1 / time"),
    },
    reference="Peskin & Schroeder, *An Introduction to Quantum Field Theory*, eq. 2.6",
    note="m = 0 gives the wave equation, the free massless field.",
)
def klein_gordon(c: Any = 1, m: Any = 1, dimension: int = 1) -> Lagrangian:
    """Free field of mass m: V = ½m²φ², so φ_tt = c²∇²φ − m²φ and ω² = c²k² + m².

    c is the speed of light, m the mass in units of frequency (m = 0 is the wave equation); vacuum φ = 0.
    Peskin & Schroeder, *An Introduction to Quantum Field Theory*, eq. 2.6.
    """
    return _scalar(lambda phi: constant(m) ** 2 * phi**2 / 2, c, dimension)


@theory(
    family=FAMILY,
    title="Sine-Gordon field",
    parameters={"c": SPEED, "m": ("frequency of small oscillations", "1 / time")},
    vacua=(Vacuum(), Vacuum({"phi": 2 * sympy.pi}, "the next of φ = 2πn")),
    reference="Rajaraman, *Solitons and Instantons*, eq. 2.69 (there for a rescaled field)",
    note="Integrable; kinks of width c/m join neighbouring vacua.",
)
def sine_gordon(c: Any = 1, m: Any = 1, dimension: int = 1) -> Lagrangian:
    """V = m²(1 − cos φ), so φ_tt = c²∇²φ − m² sin φ.

    c is the limiting speed, m the frequency of small oscillations; vacua φ = 2πn, kinks of width c/m
    between them. Rajaraman, *Solitons and Instantons*, eq. 2.69 (there for a rescaled field).
    """
    return _scalar(lambda phi: constant(m) ** 2 * (1 - sympy.cos(phi)), c, dimension)


@theory(
    family=FAMILY,
    title="Double Sine-Gordon field",
    parameters={
        "c": SPEED,
        "m": ("weight of the first harmonic", "1 / time"),
        "mu": ("weight of the second harmonic", "1 / time"),
    },
    vacua=(Vacuum(), Vacuum({"phi": 2 * sympy.pi}, "the next of φ = 2πn")),
    reference="Campbell, Peyrard & Sodano, Physica D 19 (1986) 165",
    note="Not integrable: kinks radiate when they collide.",
)
def double_sine_gordon(c: Any = 1, m: Any = 1, mu: Any = 1, dimension: int = 1) -> Lagrangian:
    """V = m²(1 − cos φ) + μ²(1 − cos 2φ), so φ_tt = c²∇²φ − m² sin φ − 2μ² sin 2φ.

    m and μ weigh the two harmonics; vacuum φ = 0 with mass² m² + 4μ². Not integrable: kinks radiate when
    they collide. Campbell, Peyrard & Sodano, Physica D 19 (1986) 165.
    """

    def potential(phi: sympy.Expr) -> sympy.Expr:
        return constant(m) ** 2 * (1 - sympy.cos(phi)) + constant(mu) ** 2 * (1 - sympy.cos(2 * phi))

    return _scalar(potential, c, dimension)


@theory(
    family=FAMILY,
    title="Sinh-Gordon field",
    parameters={"c": SPEED, "m": ("frequency of small oscillations", "1 / time")},
    reference="Zamolodchikov, Nucl. Phys. B 770 (2007) 1, eq. 1.1 (there for a rescaled field)",
    note="Integrable, without kinks.",
)
def sinh_gordon(c: Any = 1, m: Any = 1, dimension: int = 1) -> Lagrangian:
    """V = m²(cosh φ − 1), so φ_tt = c²∇²φ − m² sinh φ; vacuum φ = 0 with mass m. Integrable, without kinks.

    Zamolodchikov, Nucl. Phys. B 770 (2007) 1, eq. 1.1 (there for a rescaled field).
    """
    return _scalar(lambda phi: constant(m) ** 2 * (sympy.cosh(phi) - 1), c, dimension)


@theory(
    family=FAMILY,
    title="φ⁴ field",
    parameters={
        "c": SPEED,
        "g": ("coupling, positive", "1 / (time² field²)"),
        "v": ("field in the vacuum", "field"),
    },
    vacua=(
        Vacuum({"phi": sympy.Symbol("v")}, "broken symmetry φ → −φ"),
        Vacuum({}, "the unstable symmetric state"),
    ),
    reference="Rajaraman, *Solitons and Instantons*, eq. 2.15",
    note="Kinks v tanh(v√(g/2) x/c) join the vacua ±v.",
)
def phi4(c: Any = 1, g: Any = 1, v: Any = 1, dimension: int = 1) -> Lagrangian:
    """V = ¼g(φ² − v²)², so φ_tt = c²∇²φ − gφ(φ² − v²).

    g > 0 is the coupling, ±v are the vacua, with mass² 2gv²; kinks v tanh(v√(g/2) x/c) join them.
    Rajaraman, *Solitons and Instantons*, eq. 2.15.
    """
    return _scalar(lambda phi: constant(g) * (phi**2 - constant(v) ** 2) ** 2 / 4, c, dimension)


@theory(
    family=FAMILY,
    title="Liouville field",
    parameters={
        "c": SPEED,
        "m": ("scale of the potential; a shift of φ changes it", "1 / time"),
        "beta": ("steepness of the exponential", "1 / field"),
    },
    vacua=(),
    reference="D'Hoker & Jackiw, Phys. Rev. D 26 (1982) 3517",
    note="Conformally invariant and exactly solvable (Liouville 1853). The potential falls for ever towards "
    "φ → −∞: no constant solution.",
)
def liouville(c: Any = 1, m: Any = 1, beta: Any = 1, dimension: int = 1) -> Lagrangian:
    """V = (m²/β²) e^{βφ}, so φ_tt = c²∇²φ − (m²/β) e^{βφ}; no vacuum.

    D'Hoker & Jackiw, Phys. Rev. D 26 (1982) 3517.
    """
    b = constant(beta)
    return _scalar(lambda phi: (constant(m) / b) ** 2 * sympy.exp(b * phi), c, dimension)


@theory(
    family=FAMILY,
    title="Born–Infeld scalar",
    parameters={"c": SPEED, "b": ("largest rate of change of the field", "field / time")},
    reference="Barbashov & Chernikov, Sov. Phys. JETP 23 (1966) 861; Whitham, *Linear and Nonlinear Waves*, "
    "ch. 17",
    note="The transverse motion of a relativistic string or membrane; in one dimension waves pass through "
    "one another unchanged but for a shift.",
)
def born_infeld(c: Any = 1, b: Any = 1, dimension: int = 1) -> Lagrangian:
    """ℒ = b²[1 − √(1 − (φ_t² − c²|∇φ|²)/b²)]; small waves are free and massless, ω² = c²k².

    In one dimension (b² + c²φ_x²)φ_tt − 2c²φ_tφ_xφ_tx − c²(b² − φ_t²)φ_xx = 0. Barbashov & Chernikov, Sov.
    Phys. JETP 23 (1966) 861; Whitham, *Linear and Nonlinear Waves*, ch. 17.
    """
    coordinates = coordinates_of(dimension)
    phi = sympy.Function("phi")(*coordinates)
    gradient = constant(c) ** 2 * gradient_squared(phi, coordinates)
    square = constant(b) ** 2
    root = sympy.sqrt(1 - (phi.diff(coordinates[0]) ** 2 - gradient) / square)
    return Lagrangian(square * (1 - root), (phi,), coordinates)
