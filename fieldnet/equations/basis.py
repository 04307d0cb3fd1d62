"""Linearly independent functions of jets, and their primitives."""

from __future__ import annotations

import sympy

from lagrangians.jets import JetSpace
from lagrangians.trigonometry import multiple_angles


def basis_terms(expression: sympy.Expr, jets: JetSpace) -> dict[sympy.Expr, sympy.Expr]:
    """An expression as {basis function: number}.

    Products are multiplied out, those of sines and cosines written in multiple angles, hyperbolic functions
    in exponentials and phases taken out of arguments, so that basis functions are linearly independent.
    """
    out: dict[sympy.Expr, sympy.Expr] = {}
    for term in sympy.Add.make_args(_canonical(expression, jets)):
        number, function = term.as_independent(*jets.jets_in(term), as_Add=False)
        if term == 0:
            continue
        out[function] = out.get(function, sympy.S.Zero) + number
    return {function: number for function, number in out.items() if number != 0}


def _canonical(expression: sympy.Expr, jets: JetSpace) -> sympy.Expr:
    expanded = sympy.expand(expression)
    expression = _whole_numbers(expanded)
    if expression.has(sympy.sinh, sympy.cosh):
        expression = expression.replace(sympy.sinh, lambda u: (sympy.exp(u) - sympy.exp(-u)) / 2)
        expression = expression.replace(sympy.cosh, lambda u: (sympy.exp(u) + sympy.exp(-u)) / 2)
    if expression.has(sympy.sin, sympy.cos):
        expression = expression.replace(sympy.sin, lambda u: _shifted(sympy.sin, u, jets))
        expression = expression.replace(sympy.cos, lambda u: _shifted(sympy.cos, u, jets))
        expression = multiple_angles(expression)
    return expanded if expression == expanded else sympy.expand(expression)


def _whole_numbers(expression: sympy.Expr) -> sympy.Expr:
    """2.0 → 2: φ**2.0 and cos(2.0φ) are φ² and cos 2φ."""
    return expression.xreplace(
        {f: sympy.Integer(int(f)) for f in expression.atoms(sympy.Float) if float(f).is_integer()}
    )


def _shifted(wave: type[sympy.Function], argument: sympy.Expr, jets: JetSpace) -> sympy.Expr:
    """sin(u + c) = cos c sin u + sin c cos u."""
    offset, moving = sympy.expand(argument).as_independent(*jets.jets_in(argument), as_Add=True)
    if offset == 0 or moving == 0:
        return wave(sympy.expand(argument))
    cosine, sine = (
        c.evalf() if c.has(sympy.sin, sympy.cos) else c for c in (sympy.cos(offset), sympy.sin(offset))
    )
    if wave is sympy.sin:
        return cosine * sympy.sin(moving) + sine * sympy.cos(moving)
    return cosine * sympy.cos(moving) - sine * sympy.sin(moving)


def primitive_in(function: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr | None:
    """∫f ds of s^p times at most one sin, cos or exp linear in s; None for others."""
    constant, rest = function.as_independent(symbol, as_Add=False)
    power, wave = 0, sympy.S.One
    for factor in sympy.Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if base == symbol and exponent.is_Integer and exponent > 0:
            power = int(exponent)
        elif wave == 1 and factor != 1:
            wave = factor
        elif factor != 1:
            return None
    if wave == 1:
        return constant * symbol ** (power + 1) / (power + 1)
    if not isinstance(wave, sympy.sin | sympy.cos | sympy.exp):
        return None
    slope = sympy.diff(wave.args[0], symbol)
    if slope.free_symbols:
        return None
    primitive = {sympy.sin: lambda u: -sympy.cos(u), sympy.cos: sympy.sin, sympy.exp: sympy.exp}
    total, factor = sympy.S.Zero, sympy.S.One
    for left in range(power, -1, -1):  # ∫s^p w = s^p W − p∫s^{p−1}W
        wave = primitive[wave.func](wave.args[0]) / slope
        number, wave = wave.as_coeff_Mul()
        factor *= number
        number, wave = wave.as_independent(symbol, as_Add=False)
        factor *= number
        total += factor * symbol**left * wave
        factor *= -left
    return sympy.expand(constant * total)
