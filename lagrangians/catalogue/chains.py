"""Chains of particles q(n, t) with neighbours q(n + 1, t); `.ring(count)` closes one into a finite ring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from lagrangians.catalogue.arguments import constant
from lagrangians.catalogue.registry import theory
from lagrangians.density import Lagrangian

FAMILY = "Chains"
MASS = ("mass of a particle", "mass")
n, t = sympy.symbols("n t")


def _chain(
    mass: Any,
    bond: Callable[[sympy.Expr], sympy.Expr],
    substrate: Callable[[sympy.Expr], sympy.Expr] = lambda q: sympy.S.Zero,
) -> Lagrangian:
    """½mq̇² − V(q(n + 1) − q(n)) − U(q(n))."""
    q = sympy.Function("q")
    kinetic = constant(mass) * q(n, t).diff(t) ** 2 / 2
    return Lagrangian(kinetic - bond(q(n + 1, t) - q(n, t)) - substrate(q(n, t)), (q(n, t),), (t,))


@theory(
    family=FAMILY,
    title="Toda lattice",
    parameters={
        "m": MASS,
        "a": ("force scale of a bond", "force"),
        "b": ("inverse range of a bond", "1 / length"),
    },
    reference="Toda, *Theory of Nonlinear Lattices*, ch. 2",
    note="Integrable, with solitons. q(n, t) is the displacement of particle n.",
)
def toda_lattice(m: Any = 1, a: Any = 1, b: Any = 1) -> Lagrangian:
    """V(r) = (a/b)(e^{−br} − 1) + ar, so mq̈_n = a[e^{−b(q_n − q_{n−1})} − e^{−b(q_{n+1} − q_n)}].

    ω² = (4ab/m) sin²(k/2). Toda, *Theory of Nonlinear Lattices*, ch. 2.
    """
    scale, rate = constant(a), constant(b)
    return _chain(m, lambda r: scale / rate * (sympy.exp(-rate * r) - 1) + scale * r)


@theory(
    family=FAMILY,
    title="Fermi–Pasta–Ulam–Tsingou chain",
    parameters={
        "m": MASS,
        "kappa": ("stiffness of a bond", "force / length"),
        "alpha": ("quadratic force of a bond", "force / length²"),
        "beta": ("cubic force of a bond", "force / length³"),
    },
    reference="Fermi, Pasta & Ulam, Los Alamos report LA-1940 (1955)",
    note="β = 0 is the α-chain, α = 0 the β-chain. q(n, t) is the displacement of particle n.",
)
def fermi_pasta_ulam_tsingou(m: Any = 1, kappa: Any = 1, alpha: Any = 1, beta: Any = 0) -> Lagrangian:
    """V(r) = ½κr² + ⅓αr³ + ¼βr⁴ and mq̈_n = V′(q_{n+1} − q_n) − V′(q_n − q_{n−1}); ω² = (4κ/m) sin²(k/2).

    Fermi, Pasta & Ulam, Los Alamos report LA-1940 (1955).
    """
    return _chain(
        m, lambda r: constant(kappa) * r**2 / 2 + constant(alpha) * r**3 / 3 + constant(beta) * r**4 / 4
    )


@theory(
    family=FAMILY,
    title="Frenkel–Kontorova chain",
    parameters={
        "m": MASS,
        "kappa": ("stiffness of a bond", "force / length"),
        "V": ("half the depth of the substrate, with period 2π in q", "energy"),
    },
    reference="Braun & Kivshar, *The Frenkel–Kontorova Model*, ch. 1",
    note="The discrete Sine-Gordon equation, or a chain of coupled pendula.",
)
def frenkel_kontorova(m: Any = 1, kappa: Any = 1, V: Any = 1) -> Lagrangian:
    """mq̈_n = κ(q_{n+1} − 2q_n + q_{n−1}) − V sin q_n; mω² = V + 4κ sin²(k/2) about q = 0.

    Braun & Kivshar, *The Frenkel–Kontorova Model*, ch. 1.
    """
    return _chain(m, lambda r: constant(kappa) * r**2 / 2, lambda q: constant(V) * (1 - sympy.cos(q)))
