"""The inverse problem: a Lagrangian for given equations, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.conjugates import conjugate_pairs, in_real_fields
from lagrangians.density import Lagrangian
from lagrangians.descent import descend
from lagrangians.equations import leading_derivatives
from lagrangians.errors import NoLagrangianError
from lagrangians.helmholtz import HelmholtzCondition, condition_text, plain_equations, self_adjointness
from lagrangians.jets import JetSpace, jet_space, raised
from lagrangians.multipliers import Multipliers, MultiplierSearch, constant_multipliers, leading_matrix
from lagrangians.null_currents import antiderivative
from lagrangians.printing import to_text
from lagrangians.tonti import tonti_density
from lagrangians.variation import has_euler_lagrange, is_null
from lagrangians.zero import exact, floating, has_floats, is_zero

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
    be solved for the highest derivatives). The density is built from the highest derivatives down
    (`descend`), so that its order is as low as possible; what is left, or all where a base point `base` is
    given, is Tonti's (`tonti_density`). Its equations are verified (with float coefficients up to 1e-9); the
    sign is such that its first (kinetic) term is positive.

    Raises `NoLagrangianError` where no such g exists: with the failed condition, the class that was searched
    and, where one is found, a Lagrangian outside that class (`caldirola_kanai`, or one of a potential).
    """
    plain, jets = _read(equations, fields, coordinates)
    if _self_adjoint(plain, jets):
        return _built(plain, jets, parameters, base)
    search = MultiplierSearch(plain, jets)
    g = search.solved().regular()
    if g is None:
        raise _failure(search, plain, jets, parameters)
    return _built(_combined(g, plain), jets, parameters, base)


def multiplier_matrices(
    equations: Sequence[Any],
    fields: Sequence[str | AppliedUndef],
    coordinates: Sequence[str | sympy.Symbol],
) -> Multipliers:
    """All constant matrices g for which the combinations g_ab E_b are self-adjoint.

    `.dimension` > 1 says that several Lagrangians have the same solutions; `.regular()` is the g that
    `lagrangian_from_equations` takes (None: it raises).
    """
    plain, jets = _read(equations, fields, coordinates)
    return constant_multipliers(plain, jets)


def _read(
    equations: Sequence[Any], fields: Sequence[Any], coordinates: Sequence[Any]
) -> tuple[list[sympy.Expr], JetSpace]:
    jets = jet_space(fields, coordinates)
    return plain_equations(equations, jets), jets


def caldirola_kanai(
    equations: Sequence[Any],
    fields: Sequence[str | AppliedUndef],
    coordinates: Sequence[str | sympy.Symbol],
    parameters: Sequence[str | sympy.Symbol] = (),
) -> Lagrangian:
    """Lagrangian with explicit time of damped equations: e^{∫κdt} g_ab E_b is self-adjoint for some κ(t) ≠ 0.

    For φ_tt + γφ_t + … = 0 the multiplier is e^{γt} (Caldirola, Nuovo Cimento 18 (1941) 393; Kanai, Prog.
    Theor. Phys. 3 (1948) 440); γ may depend on time, as 3/t in an expanding universe. κ is solved for, g is a
    constant matrix. Raises `NoLagrangianError` where there is no such κ.
    """
    plain, jets = _read(equations, fields, coordinates)
    found = _with_time_factor(plain, jets, parameters)
    if found is None:
        raise NoLagrangianError(
            "no function κ(t) makes exp(∫κdt) gE self-adjoint",
            searched="multipliers exp(∫κdt) g, κ a non-zero function of time, g a constant matrix",
        )
    return found


def _self_adjoint(equations: Sequence[sympy.Expr], jets: JetSpace) -> bool:
    return all(is_zero(value) for value in self_adjointness(equations, jets).values())


def _combined(
    g: sympy.Matrix, equations: Sequence[sympy.Expr], factor: sympy.Expr = sympy.S.One
) -> list[sympy.Expr]:
    return [sympy.expand(factor * e) for e in g * sympy.Matrix(equations)]


def _built(
    equations: Sequence[sympy.Expr],
    jets: JetSpace,
    parameters: Sequence[Any],
    base: sympy.Expr | None = None,
    floats: bool = False,
) -> Lagrangian:
    density = _density(equations, jets, base)
    if floats or any(has_floats(e) for e in equations):
        density = floating(density)
    theory = _real(Lagrangian(jets.to_functions(density), jets.fields, jets.coordinates, tuple(parameters)))
    terms = theory.terms()
    if terms and terms[0][1].could_extract_minus_sign():
        return Lagrangian(-theory.density, jets.fields, jets.coordinates, tuple(parameters)).expanded()
    return theory


def _real(theory: Lagrangian) -> Lagrangian:
    """The theory of complex fields, times i where its density is imaginary up to divergences."""
    if not conjugate_pairs(theory.fields) or not theory.density.has(sympy.I):
        return theory
    real, _, fields = in_real_fields(theory.density, theory.fields)
    part = Lagrangian(real, fields, theory.coordinates)
    if not is_null(part.jet_density, part.jets):
        return theory
    density = sympy.expand(sympy.I * theory.density)
    return Lagrangian(density, theory.fields, theory.coordinates, theory.parameters)


def _density(equations: Sequence[sympy.Expr], jets: JetSpace, base: sympy.Expr | None) -> sympy.Expr:
    """By descent; Tonti's integral for what that leaves, or for all where a base point is given."""
    approximate = any(has_floats(e) for e in equations)
    exactly = [exact(e) for e in equations]
    if base is not None:
        return tonti_density(exactly, jets, base)
    density, rest = descend(exactly, jets, approximate)
    if any(e != 0 for e in rest):
        density += tonti_density(rest, jets)
    if approximate or has_euler_lagrange(density, exactly, jets):
        return density
    return tonti_density(exactly, jets)


def _with_time_factor(
    equations: Sequence[sympy.Expr], jets: JetSpace, parameters: Sequence[Any]
) -> Lagrangian | None:
    """With the factor exp ∫κdt, κ = (2/Nn) tr Γ, for n equations φ^a_{t…t} + Γ_ab φ^b_{t…} + … = 0 of order N
    in time: the Helmholtz condition next to the highest reads KΓ + ΓᵀK = NκK for the kinetic metric K, and
    its trace with K⁻¹ gives κ (where mixed derivatives in time and space have constant coefficients).
    """
    plain = [exact(e) for e in equations]
    leading = leading_matrix(plain, jets)
    if leading is None:
        return None
    solved = [sympy.expand(e) for e in leading.inv() * sympy.Matrix(plain)]
    indices = [index for _, index in jets.jets_in(sympy.Tuple(*leading_derivatives(plain, jets))).values()]
    order = indices[0][0]
    if any(index != raised(jets.zero, 0, order) for index in indices):
        return None
    below = raised(jets.zero, 0, order - 1)
    trace = sympy.Add(*(sympy.diff(e, jets.symbol(a, below)) for a, e in enumerate(solved)))
    kappa = sympy.expand(2 * trace / (order * len(solved)))
    time = jets.coordinates[0]
    if is_zero(kappa) or jets.jets_in(kappa) or kappa.has(*jets.coordinates[1:]):
        return None
    exponent = antiderivative(kappa, time)
    if exponent is None:
        return None
    factor = sympy.exp(exponent)
    g = constant_multipliers(solved, jets, factor).regular()
    if g is None:
        return None
    multiplied = _combined(g, solved, factor)
    if not _self_adjoint(multiplied, jets):
        return None
    return _built(multiplied, jets, parameters, floats=any(has_floats(e) for e in equations))


def _of_a_potential(
    equations: Sequence[sympy.Expr], jets: JetSpace, parameters: Sequence[Any]
) -> tuple[str, Lagrangian] | None:
    """For one field over t and x: the Lagrangian of the equation of φ, u = φ_x, where there is one."""
    if len(jets.fields) != 1 or len(jets.coordinates) < 2:
        return None
    space = jet_space(("phi" if jets.field_names[0] != "phi" else "psi",), jets.coordinates)
    rule = {s: space.symbol(0, raised(index, 1)) for s, (_, index) in jets.jets_in(equations[0]).items()}
    substituted = [sympy.expand(equations[0].xreplace(rule))]
    if not _self_adjoint(substituted, space):
        return None
    x = jets.coordinate_names[1]
    return f"{jets.field_names[0]} = {space.field_names[0]}_{x}", _built(substituted, space, parameters)


def _failure(
    search: MultiplierSearch, equations: Sequence[sympy.Expr], jets: JetSpace, parameters: Sequence[Any]
) -> NoLagrangianError:
    found = search.obstruction()
    condition = None
    message = "no Lagrangian: no constant combination of the equations is self-adjoint"
    if found is not None:
        (a, b, index), g = found
        unit = g == sympy.eye(g.rows)
        value = self_adjointness(_combined(g, equations), jets)[a, b, index]
        text = condition_text(a, b, index, jets, "E" if unit else "(gE)")
        condition = HelmholtzCondition(a, b, index, jets.to_functions(value), text)
        message += f"; failed Helmholtz condition: {text} is {to_text(value)}, expected 0"
        if not unit:
            message += f" (with g = {g.tolist()}, which satisfies those of higher derivatives)"
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
