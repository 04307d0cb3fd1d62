"""One way of writing an expression: sums of products, multiple angles, rational parts as polynomial + r/d."""

from __future__ import annotations

import sympy

from lagrangians.trigonometry import Waves, multiple_angles, times_wave


def normal_form(expression: sympy.Expr) -> sympy.Expr:
    """Expanded; products of sin, cos as multiple angles, of sinh, cosh likewise (as exponentials where exp
    occurs beside them); terms with a sum in the denominator combined into a polynomial and a proper fraction.

    Expressions polynomial in symbols, sin, cos, sinh, cosh and exp of sums of monomials, and rational
    functions of symbols, get the same form if they are equal. Square roots are left as they stand.
    """
    expression = sympy.expand(expression)
    if expression.has(sympy.exp) and expression.has(sympy.sinh, sympy.cosh):
        expression = sympy.expand(expression.rewrite((sympy.sinh, sympy.cosh), sympy.exp))
    expression = multiple_angles(expression)
    if expression.has(sympy.sinh, sympy.cosh):
        expression = multiple_hyperbolic_angles(expression)
    return _rational_part(expression)


def multiple_hyperbolic_angles(expression: sympy.Expr) -> sympy.Expr:
    """cosh²u → (1 + cosh 2u)/2 and so on: sinh u, cosh u are −i sin iu, cos iu, see `multiple_angles`."""
    waves = expression.replace(sympy.cosh, lambda u: _COSINE(u)).replace(sympy.sinh, lambda u: _SINE(u))
    return sympy.Add(*(_hyperbolic(term) for term in sympy.Add.make_args(sympy.expand(waves))))


_COSINE, _SINE = sympy.Function("hyperbolic_cosine"), sympy.Function("hyperbolic_sine")


def _hyperbolic(term: sympy.Expr) -> sympy.Expr:
    """Products of (e^u ± e^−u)/2 multiplied out, the exponentials collected into cosh and sinh."""
    waves: Waves = {sympy.S.Zero: sympy.S.One}
    rest = []
    for factor in sympy.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if base.func in (_COSINE, _SINE) and exponent.is_Integer and exponent > 0:
            down = sympy.S.Half if base.func == _COSINE else -sympy.S.Half
            for _ in range(int(exponent)):
                waves = times_wave(waves, base.args[0], sympy.S.Half, down)
        else:
            rest.append(factor.replace(_COSINE, sympy.cosh).replace(_SINE, sympy.sinh))
    total = sympy.Add(*(a * (sympy.cosh(angle) + sympy.sinh(angle)) for angle, a in waves.items()))
    return sympy.expand(sympy.Mul(*rest) * total)


def _rational_part(expression: sympy.Expr) -> sympy.Expr:
    """The terms with a denominator that is a sum, over their common denominator, divided out."""
    whole: list[sympy.Expr] = []
    fractions: list[sympy.Expr] = []
    for term in sympy.Add.make_args(expression):
        (fractions if _has_sum_below(term) else whole).append(term)
    if not fractions:
        return expression
    numerator, denominator = sympy.fraction(sympy.cancel(sympy.together(sympy.Add(*fractions))))
    if denominator.is_number:
        return sympy.Add(*whole, sympy.expand(numerator / denominator))
    content, denominator = sympy.primitive(sympy.expand(denominator))
    if denominator.could_extract_minus_sign():
        content, denominator = -content, -denominator
    quotients, remainder = sympy.reduced(sympy.expand(numerator / content), [denominator])
    parts = [term / denominator for term in sympy.Add.make_args(sympy.expand(remainder))]
    return sympy.Add(*whole, sympy.expand(quotients[0]), *parts)


def _has_sum_below(term: sympy.Expr) -> bool:
    return any(
        base.is_Add and exponent.is_Integer and exponent < 0
        for base, exponent in (factor.as_base_exp() for factor in sympy.Mul.make_args(term))
    )
