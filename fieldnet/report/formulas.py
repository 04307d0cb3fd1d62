"""The density, the equations and the terms as MathML and LaTeX."""

from __future__ import annotations

import sympy

from lagrangians import Lagrangian, ParseError, parse_expression, to_latex
from lagrangians.jets import JetSpace
from lagrangians.mathml import to_mathml

from .wording import html

DIGITS = 6
Scope = Lagrangian | JetSpace


def display(body: str) -> str:
    """A formula in a block of its own, from MathML."""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mrow>{body}</mrow></math>'


def named_mathml(name: str, expression: sympy.Expr) -> str:
    """A formula `name = expression` in a block of its own."""
    return to_mathml(sympy.Eq(sympy.Symbol(name), expression, evaluate=False), digits=DIGITS, display=True)


def read(text: str, scope: Scope) -> sympy.Expr | None:
    """An expression in the jets of a theory or a jet space, or None for a text that is none."""
    try:
        return parse_expression(text, scope.fields, scope.coordinates)
    except ParseError:
        return None


def read_equation(text: str, scope: Scope) -> sympy.Eq | None:
    """An equation `u_tt = …`, or None."""
    left, _, right = text.partition("=")
    sides = [read(side, scope) for side in (left, right)]
    return None if None in sides else sympy.Eq(*sides, evaluate=False)


def equation_mathml(text: str, scope: Scope) -> str:
    """An equation typeset, or its text where it cannot be read."""
    equation = read_equation(text, scope)
    return f"<code>{html(text)}</code>" if equation is None else _typeset(equation, text, True)


def equation_latex(text: str, scope: Scope) -> str:
    equation = read_equation(text, scope)
    return text if equation is None else " = ".join(to_latex(side, DIGITS) for side in equation.args)


def term_mathml(text: str, scope: Scope) -> str:
    """An expression typeset in the line, or its text where it cannot be read."""
    expression = read(text, scope)
    return f"<code>{html(text)}</code>" if expression is None else _typeset(expression, text, False)


def _typeset(expression: sympy.Basic, text: str, block: bool) -> str:
    try:
        return to_mathml(expression, digits=DIGITS, display=block)
    except ValueError:
        return f"<code>{html(text)}</code>"
