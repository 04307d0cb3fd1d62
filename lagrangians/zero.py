"""Zero tests for symbolic expressions, exact arithmetic for floats, and dropping of round-off."""

from __future__ import annotations

import random

import sympy
from sympy.core.function import AppliedUndef

NOT_ANALYTIC = (sympy.Abs, sympy.sign, sympy.Piecewise, sympy.Heaviside, sympy.Max, sympy.Min)
ROUND_OFF = 1e-9  # relative size below which a coefficient that came from floats is taken for round-off


def require_analytic(expression: sympy.Expr) -> None:
    """Raise `ValueError` where the expression has |u|, cases, complex conjugates or roots of squares."""
    found = {type(e).__name__ for e in expression.atoms(*NOT_ANALYTIC)}
    if found:
        raise ValueError(f"got {', '.join(sorted(found))}, expected analytic functions of the fields")
    if expression.has(sympy.conjugate, sympy.re, sympy.im):
        raise ValueError(
            "got a complex conjugate; write psi and psi_bar as two fields, with an equation each"
        )
    for power in expression.atoms(sympy.Pow):
        if power.base.is_Pow and not power.exp.is_Integer and power.base.exp.is_even:
            raise ValueError(
                f"got {power}, expected analytic functions of the fields; write the branch meant"
            )


def with_positive_symbols(
    expression: sympy.Expr,
) -> tuple[sympy.Expr, dict[sympy.Symbol, sympy.Symbol]]:
    """(the expression in positive symbols, {symbol: its positive stand-in}), so that √(c²) evaluates to c."""
    positive = {s: sympy.Dummy(s.name, positive=True) for s in expression.free_symbols}
    return expression.xreplace(positive), positive


def has_floats(expression: sympy.Expr) -> bool:
    """Whether any coefficient is a floating-point number."""
    return bool(sympy.sympify(expression).atoms(sympy.Float))


def exact(expression: sympy.Expr) -> sympy.Expr:
    """Each float replaced by the rational number that its bits mean, so that sums cancel exactly."""
    expression = sympy.sympify(expression)
    return expression.xreplace({f: sympy.Rational(f) for f in expression.atoms(sympy.Float)})


def floating(expression: sympy.Expr, largest_denominator: int = 10**6) -> sympy.Expr:
    """Undo `exact`: rationals with a long denominator become floats, short ones (1/2) stay."""
    expression = sympy.sympify(expression)
    long = [q for q in expression.atoms(sympy.Rational) if q.q > largest_denominator]
    return expression.xreplace({q: sympy.Float(q) for q in long})


def coefficients(expression: sympy.Expr) -> list[tuple[sympy.Expr, sympy.Expr]]:
    """(number, rest) of each term of the expanded expression."""
    return [term.as_coeff_Mul() for term in sympy.Add.make_args(sympy.expand(expression))]


def largest_coefficient(expression: sympy.Expr) -> float:
    """Largest absolute numeric coefficient after expansion; 0 for the zero expression."""
    return max((abs(float(number)) for number, _ in coefficients(expression)), default=0.0)


def drop_round_off(
    expression: sympy.Expr, scale: float | None = None, tolerance: float = ROUND_OFF
) -> sympy.Expr:
    """Expand and drop each term whose coefficient is at most `tolerance * scale`.

    `scale` defaults to the largest coefficient of the expression itself.
    """
    pairs = coefficients(expression)
    if scale is None:
        scale = max((abs(float(number)) for number, _ in pairs), default=0.0)
    return sympy.Add(*(number * rest for number, rest in pairs if abs(float(number)) > tolerance * scale))


def is_zero(expression: sympy.Expr, seed: int = 0) -> bool:
    """Whether the expression vanishes identically in its symbols.

    Proved by expansion, else decided by its value: what vanishes to 50 digits at five random points is taken
    for zero (simplification would prove less and may take hours); what is singular at every point is not.
    Points have positive coordinates, so √(u²) = u and log(uv) = log u + log v count as identities; with
    functions that are no analytic ones (|u|, cases) the points have coordinates of both signs.
    """
    expression = sympy.expand(exact(expression))
    if expression == 0:
        return True
    first = 16 if expression.has(*NOT_ANALYTIC) else 1
    if not _vanishes_at_random_points(expression, points=first, digits=30, seed=seed):
        return False
    return _vanishes_at_random_points(expression, points=5, digits=50, seed=seed + 1)


def _vanishes_at_random_points(expression: sympy.Expr, points: int, digits: int, seed: int) -> bool:
    unknown = sorted(expression.atoms(AppliedUndef, sympy.Derivative, sympy.Subs), key=sympy.default_sort_key)
    dummies = {u: sympy.Dummy() for u in sorted(unknown, key=sympy.count_ops, reverse=True)}
    expression = expression.xreplace(dummies)
    draw = random.Random(seed)
    signs = (1, -1) if expression.has(*NOT_ANALYTIC) else (1,)
    symbols = sorted(expression.free_symbols, key=sympy.default_sort_key)
    terms = sympy.Add.make_args(expression)
    regular = 0
    for _ in range(points):
        point = {s: draw.choice(signs) * sympy.Rational(draw.randint(100, 1900), 997) for s in symbols}
        values = [sympy.N(term.xreplace(point), digits) for term in terms]
        if any(v.has(sympy.nan, sympy.zoo, sympy.oo) for v in values):
            continue
        regular += 1
        size = max(abs(v) for v in values)
        if abs(sum(values)) > size * sympy.Float(10) ** (-(digits - 8)):
            return False
    return regular > 0
