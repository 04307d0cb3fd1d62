"""Presentation MathML that browsers typeset without help, φ_t as a subscript and θ_3 with its index."""

from __future__ import annotations

from html import escape

import sympy
from sympy.printing.pretty.pretty_symbology import greek_unicode

from lagrangians.printing import (
    is_field,
    ordered_terms,
    rounded,
    shifts_of,
    split_bar,
    split_index,
    split_jet,
)

TIMES = "<mo>&#x2062;</mo>"
APPLY = "<mo>&#x2061;</mo>"
THIN = '<mspace width="0.167em"/>'
MINUS = "<mo>−</mo>"


def to_mathml(expression: sympy.Basic, digits: int | None = None, display: bool = False) -> str:
    """A `<math>` element for an expression or an equation (`sympy.Eq`) in fields, `Derivative`s and symbols.

    Floats are rounded to `digits` significant digits; sums are ordered as in a textbook density; `display`
    gives a block of its own. Raises `ValueError` for objects that are neither sums, products, powers,
    numbers nor functions.
    """
    if isinstance(expression, sympy.Eq):
        sides = [rounded(side, digits) for side in expression.args]
        body = f"{_render(sides[0])}<mo>=</mo>{_render(sides[1])}"
    else:
        body = _render(rounded(expression, digits))
    block = ' display="block"' if display else ""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{block}><mrow>{body}</mrow></math>'


def _render(e: sympy.Expr) -> str:
    if e.is_Add:
        return _sum(e)
    if e.is_Number or e.is_NumberSymbol:
        return _number(e)
    if e.is_Mul:
        return _product(e)
    if e.is_Pow or isinstance(e, sympy.exp):
        return _power(e)
    if e is sympy.I:
        return "<mi>i</mi>"
    if e.is_Symbol or is_field(e) or _is_jet(e):
        base, subscript = _name(e)
        return f"<msub>{base}<mrow>{subscript}</mrow></msub>" if subscript else base
    if isinstance(e, sympy.Function):
        return _function(e)
    raise ValueError(f"got {type(e).__name__} {e}, expected sums, products, powers, numbers and functions")


def _is_jet(e: sympy.Expr) -> bool:
    return isinstance(e, sympy.Derivative) and is_field(e.expr)


def _letters(name: str) -> str:
    return f"<mi>{escape(greek_unicode.get(name, name))}</mi>"


def _name(e: sympy.Expr) -> tuple[str, str]:
    """(base, subscript) of a symbol, a field or its derivative."""
    name, derivative = split_jet(e) if _is_jet(e) else (e.func.__name__ if is_field(e) else e.name, "")
    name, is_conjugate = split_bar(name)
    stem, index = split_index(name)
    parts = [f"<mn>{part}</mn>" if part.isdigit() else _letters(part) for part in index.split(",") if part]
    field = e.expr if _is_jet(e) else e
    parts += [_site(*shift) for shift in (shifts_of(field) if is_field(field) else ())]
    if derivative:
        parts.append("".join(f"<mi>{x}</mi>" for x in derivative))
    base = f'<mover accent="true">{_letters(stem)}<mo>¯</mo></mover>' if is_conjugate else _letters(stem)
    return base, "<mo>,</mo>".join(parts)


def _site(label: str, shift: int) -> str:
    sign = MINUS if shift < 0 else "<mo>+</mo>"
    return f"{_letters(label)}{sign}<mn>{abs(shift)}</mn>"


def _sum(e: sympy.Add) -> str:
    parts = []
    for position, term in enumerate(ordered_terms(e)):
        negative = term.could_extract_minus_sign()
        if negative:
            parts.append(MINUS)
        elif position:
            parts.append("<mo>+</mo>")
        parts.append(_wrapped(-term if negative else term, term.is_Add))
    return "".join(parts)


def _wrapped(e: sympy.Expr, needed: bool) -> str:
    body = _render(e)
    return f"<mrow><mo>(</mo>{body}<mo>)</mo></mrow>" if needed else f"<mrow>{body}</mrow>"


def _number(e: sympy.Expr) -> str:
    if e.could_extract_minus_sign():
        return f"{MINUS}{_number(-e)}"
    if e.is_Rational and not e.is_Integer:
        return f"<mfrac><mn>{e.p}</mn><mn>{e.q}</mn></mfrac>"
    if e is sympy.pi:
        return "<mi>π</mi>"
    if e is sympy.E:
        return "<mi>e</mi>"
    text = repr(float(e)) if e.is_Float else str(e)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return f"<mn>{mantissa}</mn>"
    sign = MINUS if exponent.startswith("-") else ""
    power = f"<msup><mn>10</mn><mrow>{sign}<mn>{abs(int(exponent))}</mn></mrow></msup>"
    return f"<mn>{mantissa}</mn><mo>×</mo>{power}"


def _product(e: sympy.Mul) -> str:
    if e.could_extract_minus_sign():
        return MINUS + _render(-e)
    numerator, denominator = sympy.fraction(e)
    if denominator != 1:
        return f"<mfrac><mrow>{_render(numerator)}</mrow><mrow>{_render(denominator)}</mrow></mfrac>"
    factors = sorted(sympy.Mul.make_args(e), key=_factor_order)
    parts = [_wrapped(factor, factor.is_Add) for factor in factors]
    text = parts[0]
    for part, factor in zip(parts[1:], factors[1:], strict=True):
        text += (THIN if isinstance(factor, sympy.Function) and not is_field(factor) else TIMES) + part
    return text


def _factor_order(factor: sympy.Expr) -> tuple:
    """Numbers, parameters, sums, functions, fields, derivatives."""
    base = factor.as_base_exp()[0]
    ranks = (
        base.is_number,
        base.is_Symbol,
        base.is_Add,
        is_field(base),
        isinstance(base, sympy.Function),
        _is_jet(base),
    )
    return next((i for i, rank in enumerate(ranks) if rank), len(ranks)), sympy.default_sort_key(factor)


def _power(e: sympy.Expr) -> str:
    base, exponent = e.as_base_exp()
    if isinstance(e, sympy.exp):
        base, exponent = sympy.E, e.args[0]
    if exponent == sympy.Rational(1, 2):
        return f"<msqrt>{_render(base)}</msqrt>"
    if exponent.could_extract_minus_sign() and base is not sympy.E:
        return f"<mfrac><mn>1</mn><mrow>{_render(base**-exponent)}</mrow></mfrac>"
    raised = f"<mrow>{_render(exponent)}</mrow>"
    if base.is_Symbol or is_field(base) or _is_jet(base):
        letters, subscript = _name(base)
        if subscript:
            return f"<msubsup>{letters}<mrow>{subscript}</mrow>{raised}</msubsup>"
        return f"<msup>{letters}{raised}</msup>"
    if isinstance(base, sympy.Function) and not isinstance(base, sympy.exp):
        return _function(base, raised)
    simple = base.is_NumberSymbol or (base.is_Integer and base >= 0)
    return f"<msup>{_wrapped(base, not simple)}{raised}</msup>"


def _function(e: sympy.Function, exponent: str = "") -> str:
    if len(e.args) != 1:
        raise ValueError(f"got {e}, expected a function of one argument")
    name = f"<mi>{escape({'log': 'ln'}.get(e.func.__name__, e.func.__name__))}</mi>"
    if exponent:
        name = f"<msup>{name}{exponent}</msup>"
    argument = e.args[0]
    plain = (
        argument.is_Symbol
        or is_field(argument)
        or (argument.is_Mul and all((f.is_Integer and f > 0) or is_field(f) for f in argument.args))
    )
    return f"{name}{APPLY}{THIN if plain else ''}{_wrapped(argument, not plain)}"
