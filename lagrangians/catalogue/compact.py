"""Short forms of derived expressions, for reading."""

from __future__ import annotations

import sympy
from sympy.core.function import AppliedUndef


def compact(expression: sympy.Expr) -> sympy.Expr:
    """The same function as sum of factored fractions: roots combined by (√X)² = X, common factors cancelled.

    Expressions without roots or sums in denominators come back unchanged.
    """
    roots = {p for p in expression.atoms(sympy.Pow) if p.exp.is_Rational and p.exp.q > 1 and _varies(p)}
    sums = [p for p in expression.atoms(sympy.Pow) if p.exp.is_Rational and p.exp < 0 and p.base.is_Add]
    if not roots and not sums:
        return expression
    bases = {sympy.factor_terms(p.base): p.exp.q for p in roots}
    symbols = {base: sympy.Dummy(f"s{i}", positive=True) for i, base in enumerate(bases)}
    plain = expression.xreplace(
        {p: symbols[sympy.factor_terms(p.base)] ** (p.exp * bases[sympy.factor_terms(p.base)]) for p in roots}
    )
    numerator, denominator = sympy.fraction(sympy.cancel(sympy.together(plain)))
    for base, s in symbols.items():
        numerator, denominator = (_reduced(part, s, base, bases[base]) for part in (numerator, denominator))
    result = sympy.factor(sympy.cancel(numerator / denominator))
    return result.xreplace({s: base ** sympy.Rational(1, bases[base]) for base, s in symbols.items()})


def _varies(power: sympy.Expr) -> bool:
    return power.base.has(AppliedUndef)


def _reduced(polynomial: sympy.Expr, s: sympy.Symbol, base: sympy.Expr, order: int) -> sympy.Expr:
    """The polynomial in s with sᵒʳᵈᵉʳ = base."""
    terms = sympy.Poly(polynomial, s).terms()
    return sympy.expand(sympy.Add(*(c * base ** (n // order) * s ** (n % order) for (n,), c in terms)))
