"""The inverse problem: a Lagrangian for given equations, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.density import Lagrangian
from lagrangians.errors import NoLagrangianError
from lagrangians.helmholtz import HelmholtzCondition, condition_text, plain_equations, self_adjointness
from lagrangians.jets import JetSpace, jet_space, raised
from lagrangians.multipliers import constant_multipliers
from lagrangians.tonti import tonti_density
from lagrangians.zero import floating, has_floats, is_zero

SEARCHED = "constant invertible matrices g with gE self-adjoint"


def lagrangian_from_equations(
    equations: Sequence[Any],
    fields: Sequence[str | AppliedUndef],
    coordinates: Sequence[str | sympy.Symbol],
    parameters: Sequence[str | sympy.Symbol] = (),
    base: sympy.Expr | None = None,
) -> Lagrangian:
    """ℒ whose Euler–Lagrange expressions are ±g_ab E_b with a constant invertible matrix g.

    `equations`: expressions that vanish, or `Eq`, one a field in any order. g = 1 where the Helmholtz
    conditions hold as they stand; otherwise g is sought, diagonal or not, definite or not (so equations may
    be solved for the highest derivatives). The density is Tonti's (from the base point `base`, see
    `tonti_density`), lowered in order by integration by parts, and its equations are verified; the sign is
    such that its first (kinetic) term is positive.

    Raises `NoLagrangianError` where no such g exists: with the failed condition, the class that was searched
    and, where one is found, a Lagrangian outside that class (`caldirola_kanai`, or one of a potential).
    """
    jets = jet_space(fields, coordinates)
    plain = plain_equations(equations, jets)
    g = constant_multipliers(plain, jets).regular()
    if g is None:
        raise _failure(plain, jets, parameters)
    return _built(_combined(g, plain), jets, parameters, base)


def caldirola_kanai(
    equations: Sequence[Any],
    fields: Sequence[str | AppliedUndef],
    coordinates: Sequence[str | sympy.Symbol],
    parameters: Sequence[str | sympy.Symbol] = (),
) -> Lagrangian:
    """Lagrangian with explicit time of damped equations: e^{κt} g_ab E_b is self-adjoint for a constant κ.

    For φ_tt + γφ_t + … = 0 the multiplier is e^{γt} (Caldirola, Nuovo Cimento 18 (1941) 393; Kanai, Prog.
    Theor. Phys. 3 (1948) 440). κ is solved for; g is a multiplier of the equations without the terms linear
    in φ_t. Raises `NoLagrangianError` where there is no such κ.
    """
    jets = jet_space(fields, coordinates)
    plain = plain_equations(equations, jets)
    found = _with_time_factor(plain, jets, parameters)
    if found is None:
        raise NoLagrangianError(
            "no constant κ makes exp(κt) g E self-adjoint", searched="multipliers exp(κt) g, κ and g constant"
        )
    return found


def _combined(g: sympy.Matrix, equations: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    return [sympy.expand(e) for e in g * sympy.Matrix(equations)]


def _built(
    equations: Sequence[sympy.Expr], jets: JetSpace, parameters: Sequence[Any], base: sympy.Expr | None
) -> Lagrangian:
    density = tonti_density(equations, jets, base)
    if any(has_floats(e) for e in equations):
        density = floating(density)
    theory = Lagrangian(jets.to_functions(density), jets.fields, jets.coordinates, tuple(parameters))
    terms = theory.terms()
    if terms and terms[0][1].could_extract_minus_sign():
        return Lagrangian(-theory.density, jets.fields, jets.coordinates, tuple(parameters)).expanded()
    return theory


def _with_time_factor(
    equations: Sequence[sympy.Expr], jets: JetSpace, parameters: Sequence[Any]
) -> Lagrangian | None:
    velocities = [jets.symbol(a, raised(jets.zero, 0)) for a in range(len(jets.fields))]
    undamped = [sympy.expand(e - sum(_constant_slope(e, v, jets) * v for v in velocities)) for e in equations]
    g = constant_multipliers(undamped, jets).regular()
    if g is None:
        return None
    kappa = sympy.Dummy("kappa")
    time = jets.coordinates[0]
    factor = sympy.exp(kappa * time)
    combined = _combined(g, equations)
    conditions = self_adjointness([factor * e for e in combined], jets).values()
    polynomials = [sympy.expand(sympy.expand(value) / factor) for value in conditions]
    variables = [*jets.jets_in(sympy.Tuple(*polynomials)), *jets.coordinates]
    divisor = sympy.S.Zero
    for polynomial in polynomials:
        for coefficient in _coefficients(polynomial, variables):
            divisor = sympy.gcd(divisor, coefficient)
    roots = sympy.roots(divisor, kappa) if divisor.has(kappa) else {}
    for root in roots:
        multiplied = [sympy.exp(root * time) * e for e in combined]
        if root != 0 and all(is_zero(v) for v in self_adjointness(multiplied, jets).values()):
            return _built(multiplied, jets, parameters, None)
    return None


def _constant_slope(equation: sympy.Expr, velocity: sympy.Symbol, jets: JetSpace) -> sympy.Expr:
    slope = sympy.diff(equation, velocity)
    return sympy.S.Zero if jets.jets_in(slope) or slope.has(*jets.coordinates) else slope


def _coefficients(expression: sympy.Expr, variables: Sequence[sympy.Symbol]) -> list[sympy.Expr]:
    collected: dict[sympy.Expr, sympy.Expr] = {}
    for term in sympy.Add.make_args(sympy.expand(expression)):
        coefficient, function = term.as_independent(*variables, as_Add=False)
        collected[function] = collected.get(function, sympy.S.Zero) + coefficient
    return [c for c in collected.values() if c != 0]


def _of_a_potential(
    equations: Sequence[sympy.Expr], jets: JetSpace, parameters: Sequence[Any]
) -> tuple[str, Lagrangian] | None:
    """For one field over t and x: the Lagrangian of the equation of φ, u = φ_x, where there is one."""
    if len(jets.fields) != 1 or len(jets.coordinates) < 2:
        return None
    space = jet_space(("phi" if jets.field_names[0] != "phi" else "psi",), jets.coordinates)
    rule = {s: space.symbol(0, raised(index, 1)) for s, (_, index) in jets.jets_in(equations[0]).items()}
    substituted = [sympy.expand(equations[0].xreplace(rule))]
    if any(not is_zero(v) for v in self_adjointness(substituted, space).values()):
        return None
    x = jets.coordinate_names[1]
    return f"{jets.field_names[0]} = {space.field_names[0]}_{x}", _built(substituted, space, parameters, None)


def _failure(equations: Sequence[sympy.Expr], jets: JetSpace, parameters: Sequence[Any]) -> NoLagrangianError:
    failed = next(((k, v) for k, v in self_adjointness(equations, jets).items() if not is_zero(v)), None)
    condition = None
    message = "no Lagrangian: no constant combination of the equations is self-adjoint"
    if failed is not None:
        (a, b, index), value = failed
        condition = HelmholtzCondition(
            a, b, index, jets.to_functions(value), condition_text(a, b, index, jets)
        )
        message += f"; failed Helmholtz condition: {condition.text} is {value}, expected 0"
    message += f"; searched: {SEARCHED}"
    if len(jets.fields) == len(jets.coordinates) == 1:
        message += (
            " (one degree of freedom also has Lagrangians with other multipliers, "
            "such as the arctan–log one of the damped oscillator)"
        )
    suggestion = _with_time_factor(equations, jets, parameters)
    if suggestion is not None:
        message += f"; with explicit time there is one: {suggestion} (caldirola_kanai)"
    else:
        potential = _of_a_potential(equations, jets, parameters)
        if potential is not None:
            relation, suggestion = potential
            message += f"; with {relation} there is one: {suggestion}"
    return NoLagrangianError(message, condition, SEARCHED, suggestion)
