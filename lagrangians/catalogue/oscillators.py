"""Oscillators on a network and noisy dynamical systems; one coordinate, time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.catalogue.arguments import constant
from lagrangians.catalogue.registry import theory
from lagrangians.density import Lagrangian
from lagrangians.jets import JetSpace, jet_space

FAMILY = "Oscillators on networks and noisy systems"


_PHASES = ("theta_1", "theta_2")
_stiffness, _first, _second = sympy.symbols("kappa theta_1 theta_2")
_PAIR = (
    _stiffness * sympy.sin(_second - _first),
    2 * _stiffness * sympy.sin(_first - _second),
)
_RELAXATION = -_stiffness * sympy.Symbol("theta")


def _per_field(values: Any, count: int, name: str) -> list[sympy.Expr]:
    """One constant a field from a single value or a sequence of them."""
    listed = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(listed, str) or not isinstance(listed, Sequence):
        listed = [listed] * count
    if len(listed) != count:
        raise ValueError(f"got {len(listed)} values of {name}, expected one or {count}")
    return [constant(value) for value in listed]


@theory(
    family=FAMILY,
    title="Kuramoto oscillators with inertia",
    parameters={
        "coupling": ("symmetric matrix K_ij of torques between oscillators, without 1/n", "torque"),
        "frequencies": (
            "constant torques ω_i (at unit inertia and damping the natural frequencies)",
            "torque",
        ),
        "inertia": ("moments of inertia m_i", "torque time²"),
    },
    reference="Filatrella, Nielsen & Pedersen, Eur. Phys. J. B 61 (2008) 485",
    note="The model of a power grid, without damping. Shown: three oscillators without torques, about "
    "synchrony; θ_i counts from 0.",
    example={"coupling": [[0, "K", "K"], ["K", 0, "K"], ["K", "K", 0]], "frequencies": 0, "inertia": "m"},
)
def kuramoto_inertial(coupling: Any, frequencies: Any = 0, inertia: Any = 1) -> Lagrangian:
    """Second-order Kuramoto oscillators θ_0(t), θ_1(t), … without damping:

        ℒ = ½Σ m_iθ̇_i² + Σ ω_iθ_i − Σ_{i<j} K_ij(1 − cos(θ_i − θ_j)),   m_iθ̈_i = ω_i + Σ_j K_ij sin(θ_j −
        θ_i).

    `coupling`: symmetric n × n matrix K without 1/n, its diagonal is ignored; `frequencies` ω and `inertia`
    m: one value or n. Synchronised state θ_i = θ_j for ω = 0; phases are not wrapped. Raises `ValueError`
    for a coupling that is not symmetric (then there is no such energy; see `freidlin_wentzell`).
    Filatrella, Nielsen & Pedersen, Eur. Phys. J. B 61 (2008) 485.
    """
    rows = coupling.tolist() if hasattr(coupling, "tolist") else [list(row) for row in coupling]
    count = len(rows)
    if any(len(row) != count for row in rows):
        raise ValueError(
            f"expected a square coupling matrix, got rows of length {[len(row) for row in rows]}"
        )
    K = [[constant(value) for value in row] for row in rows]
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    if any(K[i][j] != K[j][i] for i, j in pairs):
        raise ValueError(
            "got a coupling that is not symmetric, expected K = Kᵀ; use freidlin_wentzell instead"
        )
    omega, mass = _per_field(frequencies, count, "frequencies"), _per_field(inertia, count, "inertia")
    t = sympy.Symbol("t")
    theta = [sympy.Function(f"theta_{i}")(t) for i in range(count)]
    density = sympy.Add(
        *(m * q.diff(t) ** 2 / 2 for m, q in zip(mass, theta, strict=True)),
        *(w * q for w, q in zip(omega, theta, strict=True)),
        *(-K[i][j] * (1 - sympy.cos(theta[i] - theta[j])) for i, j in pairs),
    )
    return Lagrangian(density, tuple(theta), (t,))


def _noisy(
    drift: Sequence[Any], fields: Sequence[str | AppliedUndef], noise: Any
) -> tuple[JetSpace, list, list]:
    if not fields:
        raise ValueError("expected at least one field")
    coordinates: Sequence = ("t",) if isinstance(fields[0], str) else fields[0].args
    jets = jet_space(fields, coordinates)
    if len(drift) != len(jets.fields):
        raise ValueError(f"got {len(drift)} drifts, expected {len(jets.fields)}, one a field")
    F = [jets.to_jets(sympy.sympify(f)) for f in drift]
    return jets, F, _per_field(noise, len(F), "noise")


def _action(jets: JetSpace, drift: list[sympy.Expr], noise: list[sympy.Expr]) -> sympy.Expr:
    velocity = (1,) + (0,) * (len(jets.coordinates) - 1)
    return sympy.Add(
        *(
            (jets.symbol(a, velocity) - f) ** 2 / (2 * D)
            for a, (f, D) in enumerate(zip(drift, noise, strict=True))
        )
    )


@theory(
    family=FAMILY,
    title="Freidlin–Wentzell action",
    parameters={
        "drift": ("the deterministic velocity F_i(θ)", "field / time"),
        "noise": ("diffusion coefficients D_i, the variance that grows in unit time", "field² / time"),
    },
    reference="Freidlin & Wentzell, *Random Perturbations of Dynamical Systems*, ch. 3",
    note="Zero exactly on θ̇ = F; it exists for every drift, also for one without energy. Shown: two "
    "coupled phases, θ̇_1 = κ sin(θ_2 − θ_1) and θ̇_2 = 2κ sin(θ_1 − θ_2).",
    example={"drift": _PAIR, "fields": _PHASES, "noise": "D"},
)
def freidlin_wentzell(
    drift: Sequence[Any], fields: Sequence[str | AppliedUndef], noise: Any = 1
) -> Lagrangian:
    """ℒ = ½Σ_i (θ̇_i − F_i)²/D_i, the small-noise action of dθ_i = F_i dt + √D_i dW_i; zero exactly on θ̇ =
    F.

    `drift`: F_i as expressions in `fields` (applied functions whose first argument is time, or names of
    functions of t); `noise`: D, one value or one a field. It exists for every drift, also for one without
    energy. Its Euler–Lagrange equation is of second order and contains the solutions of θ̇ = F. Freidlin &
    Wentzell, *Random Perturbations of Dynamical Systems*, chapter 3.
    """
    jets, F, D = _noisy(drift, fields, noise)
    return Lagrangian(jets.to_functions(_action(jets, F, D)), jets.fields, jets.coordinates)


@theory(
    family=FAMILY,
    title="Onsager–Machlup action",
    parameters={
        "drift": ("the deterministic velocity F_i(θ)", "field / time"),
        "noise": ("diffusion coefficients D_i, the variance that grows in unit time", "field² / time"),
    },
    reference="Onsager & Machlup, Phys. Rev. 91 (1953) 1505; Graham, Z. Phys. B 26 (1977) 281",
    note="Freidlin–Wentzell's action and ½ div F. Shown: an Ornstein–Uhlenbeck process, θ̇ = −κθ.",
    example={"drift": (_RELAXATION,), "fields": ("theta",), "noise": "D"},
)
def onsager_machlup(drift: Sequence[Any], fields: Sequence[str | AppliedUndef], noise: Any = 1) -> Lagrangian:
    """ℒ = ½Σ_i (θ̇_i − F_i)²/D_i + ½Σ_i ∂F_i/∂θ_i, the finite-noise action of dθ_i = F_i dt + √D_i dW_i.

    Arguments as for `freidlin_wentzell`; functions of time alone. Raises `ValueError` for fields over
    space, where the divergence needs a regularisation. Onsager & Machlup, Phys. Rev. 91 (1953) 1505;
    Graham, Z. Phys. B 26 (1977) 281.
    """
    jets, F, D = _noisy(drift, fields, noise)
    if len(jets.coordinates) > 1:
        raise ValueError(f"got fields over {jets.coordinate_names}, expected functions of time alone")
    spread = sympy.Add(*(sympy.diff(f, jets.symbol(a)) for a, f in enumerate(F)))
    return Lagrangian(jets.to_functions(_action(jets, F, D) + spread / 2), jets.fields, jets.coordinates)
