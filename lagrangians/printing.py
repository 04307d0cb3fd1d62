"""Text, LaTeX and MathML of expressions in fields and their derivatives.

Sums are printed in the order of a textbook Lagrangian: kinetic terms (with a derivative along the first
coordinate), other derivative terms, potential, constants.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import sympy
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter, translate
from sympy.printing.str import StrPrinter

from lagrangians.conjugates import BAR
from lagrangians.jets import jet_name


def is_field(expression: sympy.Expr) -> bool:
    """Whether the expression is an undefined function of plain symbols, φ(t, x), or at another lattice site,
    q(n + 1, t).
    """
    return isinstance(expression, AppliedUndef) and all(_label(a) is not None for a in expression.args)


def _label(argument: sympy.Expr) -> tuple[sympy.Symbol, int] | None:
    """(n, k) of an argument n + k with a whole number k; None for any other."""
    if isinstance(argument, sympy.Symbol):
        return argument, 0
    number, rest = argument.as_coeff_Add()
    return (rest, int(number)) if isinstance(rest, sympy.Symbol) and number.is_Integer else None


def shifts_of(field: sympy.Expr) -> list[tuple[str, int]]:
    """(label, shift) of each shifted argument: [("n", 1)] of q(n + 1, t)."""
    labels = [label for label in map(_label, field.args) if label]
    return [(symbol.name, k) for symbol, k in labels if k]


def site_text(field: sympy.Expr) -> str:
    """`[n+1]`, the shifted labels alone; empty where none is shifted."""
    moved = [f"{name}{k:+d}" for name, k in shifts_of(field)]
    return f"[{','.join(moved)}]" if moved else ""


def split_jet(derivative: sympy.Derivative) -> tuple[str, str]:
    """(field name, derivative letters) of a `Derivative` of a field; the letters follow the field's
    arguments.
    """
    field = derivative.expr
    index = tuple(derivative.variables.count(x) for x in field.args)
    name = field.func.__name__
    return name, jet_name(name, [str(x) for x in field.args], index)[len(name) + 1 :]


def term_order(term: sympy.Expr, lattice: Sequence[sympy.Symbol] = ()) -> tuple:
    """Sort key of one term of a density: kinetic, gradient, potential, constant; then degree and name.

    Kinetic are derivatives along the first argument that is no lattice label.
    """
    derivatives = [d for d in term.atoms(sympy.Derivative) if is_field(d.expr)]
    fields = [f for f in term.atoms(AppliedUndef) if is_field(f)]
    in_time = [d for d in derivatives if _time(d.expr, lattice) in d.variables]
    rank = 0 if in_time else 1 if derivatives else 2 if fields else 3
    return rank, -len(in_time), term.is_Add, sympy.count_ops(term), sympy.default_sort_key(term)


def _time(field: sympy.Expr, lattice: Sequence[sympy.Symbol]) -> sympy.Expr:
    return next((a for a in field.args if not a.free_symbols & set(lattice)), field.args[0])


def ordered_terms(expression: sympy.Expr, lattice: Sequence[sympy.Symbol] = ()) -> list[sympy.Expr]:
    """Terms of a sum as a textbook prints them; without derivatives a positive term leads: 1 − cos φ."""
    terms = sorted(sympy.Add.make_args(expression), key=lambda term: term_order(term, lattice))
    if not expression.has(sympy.Derivative) and terms[0].could_extract_minus_sign():
        terms.sort(key=lambda term: term.could_extract_minus_sign())
    return terms


class TextPrinter(StrPrinter):
    """Jet names; floats by `repr`, so that reading the text gives the same double."""

    lattice: Sequence[sympy.Symbol] = ()

    def _as_ordered_terms(self, expr: sympy.Expr, order: str | None = None) -> list[sympy.Expr]:
        return ordered_terms(expr, self.lattice)

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
            return expr.func.__name__ + site_text(expr)
        return f"{expr.func.__name__}({self.stringify(expr.args, ', ')})"

    def _print_Exp1(self, expr: sympy.Expr) -> str:
        return "exp(1)"

    def _print_Derivative(self, expr: sympy.Derivative) -> str:
        if not is_field(expr.expr):
            return super()._print_Derivative(expr)
        return "_".join(split_jet(expr)) + site_text(expr.expr)


class JetLatexPrinter(LatexPrinter):
    r"""Jets with subscripts: `\phi_{tx}`, and `\theta_{3,t}` for a field that has an index."""

    lattice: Sequence[sympy.Symbol] = ()

    def _as_ordered_terms(self, expr: sympy.Expr, order: str | None = None) -> list[sympy.Expr]:
        return ordered_terms(expr, self.lattice)

    def _print_Function(self, expr: sympy.Function, exp: str | None = None) -> str:
        if not is_field(expr):
            return super()._print_Function(expr, exp)
        latex = jet_latex(expr.func.__name__, "", site_latex(expr, self.lattice))
        return latex if exp is None else f"{latex}^{{{exp}}}"

    def _print_Derivative(self, expr: sympy.Derivative) -> str:
        if not is_field(expr.expr):
            return super()._print_Derivative(expr)
        return jet_latex(*split_jet(expr), site_latex(expr.expr, self.lattice))

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


def split_bar(name: str) -> tuple[str, bool]:
    """(`psi`, True) of `psi_bar`: the name without the mark of a conjugate, and whether it had it."""
    plain = name.removesuffix(BAR)
    return (plain, True) if plain and plain != name else (name, False)


def site_latex(field: sympy.Expr, lattice: Sequence[sympy.Symbol] = ()) -> str:
    """Index of a lattice field, `n+1`; declared labels appear unshifted too, `n`."""
    names = {label.name for label in lattice}
    labels = [label for label in map(_label, field.args) if label]
    shown = ((symbol.name, k) for symbol, k in labels if k or symbol.name in names)
    return ",".join(translate(name) + (f"{k:+d}" if k else "") for name, k in shown)


def jet_latex(field: str, letters: str, site: str = "") -> str:
    name, is_conjugate = split_bar(field)
    stem, index = split_index(name)
    subscript = ",".join(part for part in (index, site, letters) if part)
    base = rf"\bar{{{translate(stem)}}}" if is_conjugate else translate(stem)
    return base + (f"_{{{subscript}}}" if subscript else "")


def to_text(expression: sympy.Expr, lattice: Sequence[sympy.Symbol] = ()) -> str:
    """Plain text in jet names, `phi_t**2/2 - phi_x**2/2 + cos(phi) - 1`; `parse_expression` reads it back
    exactly. A field at another site of a lattice is written `q[n+1]`, its derivative `q_t[n+1]`; the labels
    `lattice` only help to order the terms.
    """
    printer = TextPrinter()
    printer.lattice = tuple(lattice)
    return printer.doprint(sympy.sympify(expression))


def rounded(expression: sympy.Expr, digits: int | None) -> sympy.Expr:
    """Floats rounded to `digits` significant digits; those that become whole numbers become integers."""
    expression = sympy.sympify(expression)
    if digits is None:
        return expression
    return expression.xreplace({f: _rounded_float(float(f), digits) for f in expression.atoms(sympy.Float)})


def _rounded_float(value: float, digits: int) -> sympy.Number:
    short = float(f"{value:.{digits}g}")
    return sympy.Integer(int(short)) if short.is_integer() and abs(short) < 1e15 else sympy.Float(short)


def to_latex(expression: sympy.Expr, digits: int | None = None, lattice: Sequence[sympy.Symbol] = ()) -> str:
    r"""LaTeX with jets as subscripts, `\frac{\phi_{t}^{2}}{2}`; floats rounded to `digits` significant
    digits. `psi_bar` is set as `\bar{\psi}`, lattice fields with the site as an index, `q_{n+1,t}`.
    """
    printer = JetLatexPrinter({"full_prec": False})
    printer.lattice = tuple(lattice)
    return printer.doprint(rounded(expression, digits))
