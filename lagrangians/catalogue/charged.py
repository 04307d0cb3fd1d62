"""Complex fields: a field and its conjugate are independent, `psi` and `psi_bar`."""

from __future__ import annotations

from typing import Any

import sympy

from lagrangians.catalogue.arguments import conjugate_pair, constant, coordinates_of, gradient_squared
from lagrangians.catalogue.registry import Vacuum, theory
from lagrangians.density import Lagrangian

FAMILY = "Complex fields"

_condensate = sympy.sqrt(sympy.Symbol("mu") / sympy.Symbol("g"))


@theory(
    family=FAMILY,
    title="Complex Klein–Gordon field",
    parameters={
        "c": ("speed of light", "length / time"),
        "m": ("mass, as the frequency of the field at rest", "1 / time"),
    },
    reference="Peskin & Schroeder, *An Introduction to Quantum Field Theory*, problem 2.2",
)
def complex_klein_gordon(c: Any = 1, m: Any = 1, dimension: int = 1) -> Lagrangian:
    """ℒ = φ̄_tφ_t − c²∇φ̄·∇φ − m²φ̄φ, so φ_tt = c²∇²φ − m²φ; the phase is a symmetry with a conserved charge.

    Fields `phi` and its conjugate `phi_bar`. Peskin & Schroeder, problem 2.2.
    """
    coordinates = coordinates_of(dimension)
    phi, bar = conjugate_pair("phi", coordinates)
    t = coordinates[0]
    gradient = constant(c) ** 2 * gradient_squared(phi, coordinates, bar)
    density = bar.diff(t) * phi.diff(t) - gradient - constant(m) ** 2 * bar * phi
    return Lagrangian(density, (phi, bar), coordinates)


@theory(
    family=FAMILY,
    title="Cubic Schrödinger (Gross–Pitaevskii) field",
    parameters={
        "g": ("interaction: g > 0 repels (defocusing), g < 0 attracts (focusing)", "1 / (time density)"),
        "m": ("mass over ħ", "time / length²"),
        "mu": ("chemical potential over ħ, the frequency of the condensate", "1 / time"),
    },
    vacua=(
        Vacuum({}, "no particles"),
        Vacuum({"psi": _condensate, "psi_bar": _condensate}, "condensate; Bogoliubov's waves"),
    ),
    reference="Pitaevskii & Stringari, *Bose–Einstein Condensation*, ch. 5; Sulem & Sulem, *The Nonlinear "
    "Schrödinger Equation*, ch. 1",
    note="|ψ|² is the density of particles. With g = −1, m = 1, μ = 0 and one dimension the soliton is "
    "a sech(ax) exp(ia²t/2).",
)
def nonlinear_schroedinger(g: Any = 1, m: Any = 1, mu: Any = 0, dimension: int = 1) -> Lagrangian:
    """ℒ = ½i(ψ̄ψ_t − ψψ̄_t) − ∇ψ̄·∇ψ/(2m) − ½g(ψ̄ψ)² + μψ̄ψ, so iψ_t = −∇²ψ/(2m) + g|ψ|²ψ − μψ.

    g > 0 is the defocusing, g < 0 the focusing case; fields `psi`, `psi_bar`. About 0 ω = ±(k²/(2m) − μ),
    about the condensate |ψ|² = μ/g Bogoliubov's ω² = (k²/2m)(k²/2m + 2μ). Pitaevskii & Stringari,
    *Bose–Einstein Condensation*, ch. 5.
    """
    coordinates = coordinates_of(dimension)
    psi, bar = conjugate_pair("psi", coordinates)
    t = coordinates[0]
    phase = sympy.I / 2 * (bar * psi.diff(t) - psi * bar.diff(t))
    kinetic = gradient_squared(psi, coordinates, bar) / (2 * constant(m))
    density = phase - kinetic - constant(g) * (bar * psi) ** 2 / 2 + constant(mu) * bar * psi
    return Lagrangian(density, (psi, bar), coordinates)


@theory(
    family=FAMILY,
    title="Classical Thirring (Dirac) field in one dimension",
    parameters={
        "m": ("mass, as the frequency of the field at rest; the speed of light is 1", "1 / time"),
        "g": ("strength of the current-current interaction", "1 / (time density)"),
    },
    reference="Thirring, Ann. Phys. 3 (1958) 91; Mikhailov, JETP Lett. 23 (1976) 320",
    note="Two chiral components with ordinary numbers for values; g = 0 is Dirac's equation, any g is "
    "integrable.",
)
def thirring(m: Any = 1, g: Any = 0) -> Lagrangian:
    """ℒ = ½i Σ_± (ψ̄_±(∂_t ± ∂_x)ψ_± − c.c.) − m(ψ̄_1ψ_2 + ψ̄_2ψ_1) − g|ψ_1|²|ψ_2|², first order in time.

    ψ_1 moves to the right, ψ_2 to the left: i(ψ_{1,t} + ψ_{1,x}) = mψ_2 + g|ψ_2|²ψ_1; ω² = k² + m² about 0.
    Thirring, Ann. Phys. 3 (1958) 91.
    """
    t, x = coordinates = coordinates_of(1)
    (right, right_bar), (left, left_bar) = (conjugate_pair(f"psi_{i}", coordinates) for i in (1, 2))
    density = -constant(m) * (right_bar * left + left_bar * right)
    for psi, bar, sign in ((right, right_bar, 1), (left, left_bar, -1)):
        along = psi.diff(t) + sign * psi.diff(x), bar.diff(t) + sign * bar.diff(x)
        density += sympy.I / 2 * (bar * along[0] - psi * along[1])
    density -= constant(g) * right_bar * right * left_bar * left
    return Lagrangian(density, (right, right_bar, left, left_bar), coordinates)
