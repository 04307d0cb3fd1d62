"""Bringing a theory into real fields with equations of motion: conjugates, gauge, multipliers, order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy

from lagrangians import Lagrangian
from lagrangians.conjugates import conjugate_pairs
from lagrangians.jets import JetSpace, raised
from lagrangians.variation import total_derivatives
from lagrangians.zero import drop_round_off, exact, is_zero, largest_coefficient


@dataclass(frozen=True)
class Reduction:
    """A theory in the fields that are simulated.

    Attributes:
        lagrangian: its density in these fields; energy and momentum are derived from it.
        constraints: {name of the field that was removed: expression that vanishes on every solution}.
        equations: {φ_tt: expression} where they are not the Euler–Lagrange equations of `lagrangian`.
        removed: {name: value of the removed field} in the remaining ones, such as 0 for A_t.
    """

    lagrangian: Lagrangian
    constraints: Mapping[str, sympy.Expr] = field(default_factory=dict)
    equations: Mapping[sympy.Expr, sympy.Expr] | None = None
    removed: Mapping[str, sympy.Expr] = field(default_factory=dict)


def reduced(lagrangian: Lagrangian) -> Reduction:
    """Conjugate pairs as real and imaginary parts, temporal gauge, and multipliers solved for.

    - A pair ψ, ψ̄ becomes psi_re, psi_im (`Lagrangian.real_form`).
    - A field without time derivatives, A_t, is set to 0 where the equation that this drops (Gauss's law) is
      conserved by the others, identically: the temporal gauge. It holds at all times if it holds at first.
    - ½a φ_tt² becomes −aφ_t z_t − ½a z² with a field z, named phi_acceleration, whose equation is z = φ_tt.
    - A multiplier λ that enters as λC(φ) gets the value that keeps C = 0: D_t²C = 0 solved for λ with the
      equations of motion. C and D_tC must vanish at first.
    """
    if conjugate_pairs(lagrangian.fields):
        lagrangian = lagrangian.real_form()
    lagrangian = _with_first_time_derivatives(lagrangian)
    lagrangian, gauss = _temporal_gauge(lagrangian)
    removed: dict[str, sympy.Expr] = dict.fromkeys(gauss, sympy.S.Zero)
    multiplied = _without_multiplier(lagrangian)
    if multiplied is None:
        return Reduction(lagrangian, gauss, removed=removed)
    free, name, constraint, equations, value = multiplied
    return Reduction(free, {**gauss, name: constraint}, equations, {**removed, name: value})


def _with_first_time_derivatives(lagrangian: Lagrangian) -> Lagrangian:
    """The density with φ_tt² taken apart; unchanged where φ_tt occurs in another way, or not at all."""
    jets, density = lagrangian.jets, lagrangian.jet_density
    fields = list(lagrangian.fields)
    for number, applied in enumerate(lagrangian.fields):
        second = jets.symbol(number, raised(jets.zero, 0, 2))
        slope = sympy.diff(density, second)
        square = sympy.diff(slope, second)
        if slope == 0 or not square.free_symbols <= set(lagrangian.parameters):
            continue
        if sympy.expand(slope - square * second) != 0:
            continue
        extra = sympy.Function(f"{applied.func.__name__}_acceleration")(*applied.args)
        time = lagrangian.coordinates[0]
        rest = jets.to_functions(sympy.expand(density - square * second**2 / 2))
        rest -= square * (applied.diff(time) * extra.diff(time) + extra**2 / 2)
        fields.append(extra)
        lagrangian = Lagrangian(rest, tuple(fields), lagrangian.coordinates, lagrangian.parameters)
        jets, density = lagrangian.jets, lagrangian.jet_density
    return lagrangian


def without_velocity(lagrangian: Lagrangian) -> tuple[int, ...]:
    """Numbers of the fields of which no time derivative occurs in the density."""
    places = lagrangian.jets.jets_in(lagrangian.jet_density).values()
    moving = {number for number, index in places if index[0]}
    return tuple(number for number in range(len(lagrangian.fields)) if number not in moving)


def _temporal_gauge(lagrangian: Lagrangian) -> tuple[Lagrangian, dict[str, sympy.Expr]]:
    constraints: dict[str, sympy.Expr] = {}
    for number in reversed(without_velocity(lagrangian)):
        jets = lagrangian.jets
        if len(jets.fields) == 1:
            break
        zero = {
            symbol: sympy.S.Zero
            for symbol, (held, _) in jets.jets_in(lagrangian.jet_density).items()
            if held == number
        }
        others = (*lagrangian.fields[:number], *lagrangian.fields[number + 1 :])
        density = jets.to_functions(lagrangian.jet_density.xreplace(zero))
        rest = Lagrangian(density, others, lagrangian.coordinates, lagrangian.parameters)
        law = jets.to_jets(lagrangian.euler_lagrange()[number])
        law = law.xreplace({s: sympy.S.Zero for s, (held, _) in jets.jets_in(law).items() if held == number})
        if law != 0 and _is_conserved(law, rest):
            constraints[jets.field_names[number]] = rest.jets.to_functions(law)
            lagrangian = rest
    return lagrangian, constraints


def _is_conserved(law: sympy.Expr, lagrangian: Lagrangian) -> bool:
    """Whether D_t of an expression vanishes identically once the equations of motion are put in."""
    jets = lagrangian.jets
    try:
        equations = lagrangian.equations_of_motion()
    except ValueError:
        return False
    solved = {}
    for left, right in equations.items():
        number, index = jets.jets_in(jets.to_jets(left))[jets.to_jets(left)]
        if any(index[1:]):
            return False
        solved[number] = (index[0], exact(jets.to_jets(right)))
    change = exact(total_derivatives(law, raised(jets.zero, 0), jets))
    left_over = drop_round_off(_on_solutions(change, solved, jets), largest_coefficient(change))
    return is_zero(left_over)


def _on_solutions(
    expression: sympy.Expr, solved: Mapping[int, tuple[int, sympy.Expr]], jets: JetSpace
) -> sympy.Expr:
    """Highest time derivatives and their derivatives replaced by the right-hand sides."""
    while True:
        rules = {}
        for symbol, (number, index) in jets.jets_in(expression).items():
            order, right = solved[number]
            if index[0] >= order:
                rules[symbol] = total_derivatives(right, raised(index, 0, -order), jets)
        if not rules:
            return sympy.expand(expression)
        expression = expression.xreplace(rules)


def _without_multiplier(
    lagrangian: Lagrangian,
) -> tuple[Lagrangian, str, sympy.Expr, dict[sympy.Expr, sympy.Expr], sympy.Expr] | None:
    """(density without λ, its name, C, equations with the value of λ, that value), for one multiplier λ."""
    jets, density = lagrangian.jets, lagrangian.jet_density
    places = jets.jets_in(density)
    for number in without_velocity(lagrangian):
        multiplier = jets.symbol(number)
        constraint = sympy.diff(density, multiplier)
        held = jets.jets_in(constraint).values()
        alone = all(index == jets.zero for other, index in places.values() if other == number)
        if constraint.has(multiplier) or not alone or any(any(index) for _, index in held):
            continue
        if constraint.has(*lagrangian.coordinates) or not held:
            continue
        others = (*lagrangian.fields[:number], *lagrangian.fields[number + 1 :])
        free = Lagrangian(
            jets.to_functions(sympy.expand(density - multiplier * constraint)),
            others,
            lagrangian.coordinates,
            lagrangian.parameters,
        )
        value = _multiplier_value(free, constraint)
        if value is None:
            continue
        accelerations, force = value
        space = free.jets
        equations = {
            space.to_functions(left): space.to_functions(sympy.cancel(right + force * push))
            for left, (right, push) in accelerations.items()
        }
        name = jets.field_names[number]
        return free, name, space.to_functions(constraint), equations, space.to_functions(force)
    return None


def _multiplier_value(
    free: Lagrangian, constraint: sympy.Expr
) -> tuple[dict[sympy.Symbol, tuple[sympy.Expr, sympy.Expr]], sympy.Expr] | None:
    """({φ_tt: (F, p)}, λ) with φ_tt = F + λp and D_t²C = 0; None where the theory is not of second order."""
    jets = free.jets
    accelerations = [jets.symbol(a, raised(jets.zero, 0, 2)) for a in range(len(jets.fields))]
    try:
        solved = {jets.to_jets(s): jets.to_jets(e) for s, e in free.equations_of_motion().items()}
    except ValueError:
        return None
    if list(solved) != accelerations:
        return None
    velocities = [jets.symbol(a, raised(jets.zero, 0)) for a in range(len(jets.fields))]
    mass = sympy.hessian(free.jet_density, velocities)
    slopes = sympy.Matrix([sympy.diff(constraint, jets.symbol(a)) for a in range(len(jets.fields))])
    pushes = list(mass.LUsolve(slopes))
    twice = total_derivatives(constraint, raised(jets.zero, 0, 2), jets)
    along = sum(sympy.diff(twice, a) * p for a, p in zip(accelerations, pushes, strict=True))
    if is_zero(along):
        return None
    force = sympy.cancel(-twice.xreplace(solved) / along)
    pairs = zip(solved.items(), pushes, strict=True)
    return {left: (right, push) for (left, right), push in pairs}, force
