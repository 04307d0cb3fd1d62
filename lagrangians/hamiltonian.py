"""The Hamiltonian density in canonical momenta."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.equations import direction_name
from lagrangians.jets import JetSpace, jet_space, raised
from lagrangians.variation import euler_operator
from lagrangians.zero import is_zero

if TYPE_CHECKING:
    from lagrangians.density import Lagrangian

PREFIX = "pi_"


@dataclass(frozen=True)
class Hamiltonian:
    """A density ℋ(x, φ, ∇φ, π), written in `fields` and `momenta`, as many of one as of the other.

    `velocities` are the φ^a_t = ∂ℋ/∂π_a from which it was made.
    """

    density: sympy.Expr
    fields: tuple[AppliedUndef, ...]
    momenta: tuple[AppliedUndef, ...]
    coordinates: tuple[sympy.Symbol, ...]
    parameters: tuple[sympy.Symbol, ...]
    velocities: tuple[sympy.Expr, ...]

    @cached_property
    def jets(self) -> JetSpace:
        """The jet space of fields and momenta."""
        return jet_space((*self.fields, *self.momenta), self.coordinates)

    def equations(self) -> dict[sympy.Expr, sympy.Expr]:
        """Hamilton's equations {φ^a_t: δℋ/δπ_a, π_{a,t}: −δℋ/δφ^a}, functional derivatives over space."""
        variations = euler_operator(self.jets.to_jets(self.density), self.jets)
        count, t = len(self.fields), self.coordinates[0]
        right = [*variations[count:], *(-e for e in variations[:count])]
        left = [sympy.Derivative(f, t) for f in (*self.fields, *self.momenta)]
        return {a: self.jets.to_functions(_tidy(b)) for a, b in zip(left, right, strict=True)}


def hamiltonian(lagrangian: Lagrangian) -> Hamiltonian:
    """Legendre transform ℋ = π_aφ^a_t − ℒ with π_a = ∂ℒ/∂φ^a_t solved for the velocities.

    The momentum of `phi` is the function `pi_phi`. Hamilton's equations are equivalent to Euler–Lagrange's:
    with π put back, the first are identities and the second are E_a = 0. Goldstein, *Classical Mechanics*,
    eq. 8.15 and (fields) 13.47. Raises `ValueError` for a density with φ_tx or φ_tt, for a singular velocity
    Hessian (naming its null direction), and where the momenta cannot be solved in closed form.
    """
    jets, density = lagrangian.jets, lagrangian.jet_density
    for symbol, (_, index) in jets.jets_in(density).items():
        if index[0] > 1 or (index[0] == 1 and sum(index) > 1):
            raise ValueError(f"got {symbol}, expected first time derivatives without space derivatives")
    velocities = [jets.symbol(a, raised(jets.zero, 0)) for a in range(len(jets.fields))]
    names = [f"{PREFIX}{name}" for name in jets.field_names]
    taken = {*jets.field_names, *jets.coordinate_names, *(p.name for p in lagrangian.parameters)}
    clash = [name for name in names if name in taken]
    if clash:
        raise ValueError(f"the name {clash[0]} is taken, expected it free for a momentum; rename it")
    momenta = tuple(
        sympy.Function(name)(*field.args) for name, field in zip(names, lagrangian.fields, strict=True)
    )
    symbols = [sympy.Symbol(name) for name in names]
    defined = [sympy.diff(density, v) for v in velocities]
    hessian = sympy.Matrix([[sympy.diff(p, v) for v in velocities] for p in defined])
    if is_zero(hessian.det()):
        kernel = hessian.nullspace(simplify=sympy.cancel)
        directions = "; ".join(direction_name(list(vector), jets) for vector in kernel)
        raise ValueError(f"singular velocities: the Hessian ∂²ℒ/∂φ_t∂φ_t has the null direction {directions}")
    solved = _velocities(defined, hessian, velocities, symbols)
    rule = dict(zip(velocities, solved, strict=True))
    transformed = sympy.Add(*(p * v for p, v in zip(symbols, solved, strict=True))) - density.subs(
        rule, simultaneous=True
    )
    both = jet_space((*lagrangian.fields, *momenta), lagrangian.coordinates)
    back = both.to_functions
    return Hamiltonian(
        back(_tidy(transformed)),
        lagrangian.fields,
        momenta,
        lagrangian.coordinates,
        lagrangian.parameters,
        tuple(back(v) for v in solved),
    )


def _velocities(
    defined: list[sympy.Expr],
    hessian: sympy.Matrix,
    velocities: list[sympy.Symbol],
    momenta: list[sympy.Symbol],
) -> list[sympy.Expr]:
    if not hessian.has(*velocities):
        rest = [p.subs(dict.fromkeys(velocities, 0)) for p in defined]
        inverse = hessian.inv()
        difference = sympy.Matrix([p - r for p, r in zip(momenta, rest, strict=True)])
        return [_tidy(v) for v in inverse * difference]
    equations = [p - d for p, d in zip(momenta, defined, strict=True)]
    try:
        solutions = sympy.solve(equations, velocities, dict=True)
    except NotImplementedError:  # SymPy's word for equations that it has no method for
        solutions = []
    for solution in solutions:
        values = [solution.get(v) for v in velocities]
        if all(v is not None for v in values) and _inverts(values, defined, velocities, momenta):
            return [_tidy(v) for v in values]
    raise ValueError("the momenta π = ∂ℒ/∂φ_t cannot be solved for the velocities in closed form")


def _inverts(
    values: list[sympy.Expr],
    defined: list[sympy.Expr],
    velocities: list[sympy.Symbol],
    momenta: list[sympy.Symbol],
) -> bool:
    """Whether π(v(π)) = π and, near rest, v(π(v)) = v."""
    rule = dict(zip(velocities, values, strict=True))
    forward = [d.subs(rule, simultaneous=True) - p for d, p in zip(defined, momenta, strict=True)]
    small = {v: sympy.Rational(1 + i, 50 + i) for i, v in enumerate(velocities)}
    others = sympy.Tuple(*defined, *values).free_symbols - set(velocities) - set(momenta)
    numbers = {s: sympy.Rational(1 + i, 10 + i) for i, s in enumerate(sorted(others, key=lambda s: s.name))}
    at = {p: sympy.N(d.subs(small).subs(numbers), 30) for p, d in zip(momenta, defined, strict=True)}
    returned = [sympy.N(v.subs(numbers).subs(at), 20) for v in values]
    close = all(abs(r - small[v]) < 1e-12 for r, v in zip(returned, velocities, strict=True))
    return close and all(is_zero(f) for f in forward)


def _tidy(expression: sympy.Expr) -> sympy.Expr:
    """Polynomials expanded, fractions cancelled, roots of fractions split where that changes no value."""
    if expression.is_polynomial(*expression.free_symbols):
        return sympy.expand(expression)
    if expression.is_rational_function():
        return sympy.cancel(sympy.together(expression))
    split = sympy.factor_terms(sympy.together(expression.replace(_is_root, _split_root)))
    expanded = sympy.expand(expression)
    shorter = sympy.count_ops(split) < sympy.count_ops(expanded) and is_zero(split - expression)
    return split if shorter else expanded


def _is_root(expression: sympy.Expr) -> bool:
    return bool(expression.is_Pow and expression.exp.is_Rational and not expression.exp.is_Integer)


def _split_root(root: sympy.Expr) -> sympy.Expr:
    numerator, denominator = sympy.fraction(sympy.cancel(sympy.together(root.base)))
    return sympy.factor(numerator) ** root.exp / sympy.factor(denominator) ** root.exp
