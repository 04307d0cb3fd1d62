"""Text, LaTeX and MathML of expressions in fields and their derivatives.

Sums are printed in the order of a textbook Lagrangian: kinetic terms (with a derivative along the first
coordinate), other derivative terms, potential, constants.
"""

from __future__ import annotations

import math

import sympy
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter, translate
from sympy.printing.str import StrPrinter

from lagrangians.jets import jet_name


def is_field(expression: sympy.Expr) -> bool:
    """Whether the expression is an undefined function of plain symbols, such as φ(t, x)."""
    return isinstance(expression, AppliedUndef) and all(isinstance(a, sympy.Symbol) for a in expression.args)


def split_jet(derivative: sympy.Derivative) -> tuple[str, str]:
    """(field name, derivative letters) of a `Derivative` of a field; the letters follow the field's
    arguments.
    """
    field = derivative.expr
    index = tuple(derivative.variables.count(x) for x in field.args)
    name = field.func.__name__
    return name, jet_name(name, [x.name for x in field.args], index)[len(name) + 1 :]


def term_order(term: sympy.Expr) -> tuple:
    """Sort key of one term of a density: kinetic, gradient, potential, constant; then degree and name."""
    derivatives = [d for d in term.atoms(sympy.Derivative) if is_field(d.expr)]
    fields = [f for f in term.atoms(AppliedUndef) if is_field(f)]
    in_time = [d for d in derivatives if d.expr.args[0] in d.variables]
    rank = 0 if in_time else 1 if derivatives else 2 if fields else 3
    return rank, -len(in_time), term.is_Add, sympy.count_ops(term), sympy.default_sort_key(term)


def ordered_terms(expression: sympy.Expr) -> list[sympy.Expr]:
    """Terms of a sum as a textbook prints them; without derivatives a positive term leads: 1 − cos φ."""
    terms = sorted(sympy.Add.make_args(expression), key=term_order)
    if not expression.has(sympy.Derivative) and terms[0].could_extract_minus_sign():
        terms.sort(key=lambda term: term.could_extract_minus_sign())
    return terms


class TextPrinter(StrPrinter):
    """Jet names; floats by `repr`, so that reading the text gives the same double."""

    def _as_ordered_terms(self, expr: sympy.Expr, order: str | None = None) -> list[sympy.Expr]:
        return ordered_terms(expr)

    def _print_Mul(self, expr: sympy.Mul) -> str:
        """1/9/(u + v), not 1/(9*(u + v)): reading the latter multiplies the sum out."""
        number, rest = expr.as_coeff_Mul()
        if number.is_Rational and number.q != 1 and sympy.fraction(rest)[1].is_Add:
            text = self._print(rest)
            return f"{number.p}/{number.q}" + (text[1:] if text.startswith("1/") else f"*{text}")
        return super()._print_Mul(expr)

    def _print_Float(self, expr: sympy.Float) -> str:
        value = float(expr)
        if not math.isfinite(value):
            raise ValueError(f"got the number {expr}, expected one that fits a double")
        return repr(value)

    def _print_Function(self, expr: sympy.Function) -> str:
        if is_field(expr):
            return expr.func.__name__
        return f"{expr.func.__name__}({self.stringify(expr.args, ', ')})"

    def _print_Exp1(self, expr: sympy.Expr) -> str:
        return "exp(1)"

    def _print_Derivative(self, expr: sympy.Derivative) -> str:
        return "_".join(split_jet(expr)) if is_field(expr.expr) else super()._print_Derivative(expr)


class JetLatexPrinter(LatexPrinter):
    r"""Jets with subscripts: `\phi_{tx}`, and `\theta_{3,t}` for a field that has an index."""

    def _as_ordered_terms(self, expr: sympy.Expr, order: str | None = None) -> list[sympy.Expr]:
        return ordered_terms(expr)

    def _print_Function(self, expr: sympy.Function, exp: str | None = None) -> str:
        if not is_field(expr):
            return super()._print_Function(expr, exp)
        latex = jet_latex(expr.func.__name__, "")
        return latex if exp is None else f"{latex}^{{{exp}}}"

    def _print_Derivative(self, expr: sympy.Derivative) -> str:
        return jet_latex(*split_jet(expr)) if is_field(expr.expr) else super()._print_Derivative(expr)

    def parenthesize(self, item, level, is_neg=False, strict=False):
        if isinstance(item, sympy.Derivative) and is_field(item.expr):
            return self._print(item)
        return super().parenthesize(item, level, is_neg=is_neg, strict=strict)


def split_index(name: str) -> tuple[str, str]:
    """(letters, index) of a name: `theta_3` → (`theta`, `3`), `u1` → (`u`, `1`), `phi` → (`phi`, ``)."""
    stem, _, index = name.partition("_")
    if not index:
        stem = name.rstrip("0123456789")
        index = name[len(stem) :]
    return stem, index.replace("_", ",")


def jet_latex(field: str, letters: str) -> str:
    stem, index = split_index(field)
    subscript = ",".join(part for part in (index, letters) if part)
    return translate(stem) + (f"_{{{subscript}}}" if subscript else "")


def to_text(expression: sympy.Expr) -> str:
    """Plain text in jet names, `phi_t**2/2 - phi_x**2/2 + cos(phi) - 1`; `parse_expression` reads it back
    exactly.
    """
    return TextPrinter().doprint(sympy.sympify(expression))


def rounded(expression: sympy.Expr, digits: int | None) -> sympy.Expr:
    """Floats rounded to `digits` significant digits; those that become whole numbers become integers."""
    expression = sympy.sympify(expression)
    if digits is None:
        return expression
    return expression.xreplace({f: _rounded_float(float(f), digits) for f in expression.atoms(sympy.Float)})


def _rounded_float(value: float, digits: int) -> sympy.Number:
    short = float(f"{value:.{digits}g}")
    return sympy.Integer(int(short)) if short.is_integer() and abs(short) < 1e15 else sympy.Float(short)


def to_latex(expression: sympy.Expr, digits: int | None = None) -> str:
    r"""LaTeX with jets as subscripts, `\frac{\phi_{t}^{2}}{2}`; floats rounded to `digits` significant
    digits.
    """
    return JetLatexPrinter({"full_prec": False}).doprint(rounded(expression, digits))
