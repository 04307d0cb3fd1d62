"""The symmetric energy–momentum tensor by Belinfante's improvement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.charges import covector_fields, inverse_square_speeds
from lagrangians.jets import JetSpace, raised
from lagrangians.noether import energy_momentum
from lagrangians.normal_form import normal_form
from lagrangians.variation import euler_operator, total_derivative
from lagrangians.zero import is_zero

if TYPE_CHECKING:
    from lagrangians.density import Lagrangian


def symmetric_energy_momentum_tensor(
    lagrangian: Lagrangian,
    metric: sympy.Matrix | None = None,
    covectors: Sequence[Sequence[str | AppliedUndef]] = (),
) -> sympy.ImmutableMatrix:
    """Θ^{αβ} = T^α_γ g^{γβ} + ∂_λB^{λαβ} + A^βE^α, symmetric, with ∂_αΘ^{αβ} = 0 on solutions.

    T is the canonical tensor, B^{λαβ} = −½(s^{λαβ} − s^{αλβ} − s^{βλα}) Belinfante's term (antisymmetric in
    λα, so trivially conserved), s^{λμν} = Π^{λ,ν}A^μ − Π^{λ,μ}A^ν the spin current of the covectors A with
    Π^{λ,μ} = ∂ℒ/∂(∂_λA_μ), and E^α their Euler–Lagrange expressions, so that the last term vanishes on
    solutions; it makes the tensor symmetric off them too. All fields but `covectors` are scalars.

    `metric`: constant g_{αβ}. By default diag(1, −κ_1, −κ_2, …) with the κ_i = 1/c_i² for which boosts are
    symmetries, so that Θ^{tt} is the energy density, Θ^{it} the energy flux and κ_iΘ^{ti} the momentum
    density −Θ^t_i. Belinfante, Physica 6 (1939) 887; Weinberg, *The Quantum Theory of Fields* I, eq. 7.4.25.
    Raises `ValueError` for a density above first order, a metric that does not fit, and where Θ is not
    symmetric, because ℒ is not invariant under the rotations of the metric.
    """
    jets, density = lagrangian.jets, lagrangian.jet_density
    if jets.order(density) > 1:
        raise ValueError("got derivatives above the first, expected a first-order density; reduce its order")
    size = len(jets.coordinates)
    if metric is None:
        metric = sympy.diag(1, *(-kappa for kappa in inverse_square_speeds(lagrangian, covectors)))
    inverse = _inverse(sympy.Matrix(metric), jets)
    tensor = sympy.Matrix(energy_momentum(density, jets)) * inverse
    equations = euler_operator(density, jets)
    for names in covectors:
        tensor += _improvement(covector_fields(jets, names), density, equations, inverse, jets)
    tensor = tensor.applyfunc(normal_form)
    for alpha in range(size):
        for beta in range(alpha):
            if not is_zero(tensor[alpha, beta] - tensor[beta, alpha]):
                raise ValueError(
                    f"not symmetric: the density is not invariant under the rotation of "
                    f"{jets.coordinates[beta]} and {jets.coordinates[alpha]} in this metric; state which "
                    "fields form covectors, or pass another metric"
                )
            tensor[alpha, beta] = tensor[beta, alpha]
    return sympy.ImmutableMatrix(tensor.applyfunc(jets.to_functions))


def momentum_densities(lagrangian: Lagrangian) -> tuple[sympy.Expr, ...]:
    """−T^t_i = −π_a∂_iφ^a for a first-order density, one a space coordinate: what `∂_i` conserves."""
    tensor = lagrangian.energy_momentum_tensor()
    return tuple(-tensor[0, i] for i in range(1, tensor.shape[1]))


def _inverse(metric: sympy.Matrix, jets: JetSpace) -> sympy.Matrix:
    size = len(jets.coordinates)
    if metric.shape != (size, size) or metric != metric.T:
        raise ValueError(f"got a metric of shape {metric.shape}, expected a symmetric {size} × {size} matrix")
    if metric.has(*jets.coordinates) or metric.det() == 0:
        raise ValueError("expected a constant invertible metric")
    return metric.inv()


def _improvement(
    covector: list[int],
    density: sympy.Expr,
    equations: Sequence[sympy.Expr],
    inverse: sympy.Matrix,
    jets: JetSpace,
) -> sympy.Matrix:
    """∂_λB^{λαβ} + A^βE^α of one covector."""
    size = len(covector)
    upper = inverse * sympy.Matrix([jets.symbol(a) for a in covector])
    momenta = [
        [sympy.diff(density, jets.symbol(a, raised(jets.zero, alpha))) for a in covector]
        for alpha in range(size)
    ]

    def spin(l: int, m: int, n: int) -> sympy.Expr:
        return momenta[l][n] * upper[m] - momenta[l][m] * upper[n]

    def improved(alpha: int, beta: int) -> sympy.Expr:
        terms = [upper[beta] * equations[covector[alpha]]]
        for l in range(size):
            potential = spin(l, alpha, beta) - spin(alpha, l, beta) - spin(beta, l, alpha)
            terms.append(-total_derivative(sympy.expand(potential), l, jets) / 2)
        return sympy.expand(sympy.Add(*terms))

    return sympy.Matrix(size, size, improved)
