"""Expressions as linear combinations of independent functions of jets and coordinates."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sympy

from lagrangians.trigonometry import multiple_angles
from lagrangians.zero import exact

Terms = dict[sympy.Expr, sympy.Expr]
_HYPERBOLIC = (sympy.sinh, sympy.cosh, sympy.tanh, sympy.coth)
_PLAIN = (sympy.sin, sympy.cos, sympy.exp)


def expanded(expression: sympy.Expr) -> sympy.Expr:
    """Products multiplied out; inverse and fractional powers of sums are left as they are."""
    return sympy.expand(expression) if not _powers_of_sums(expression) else expression


def _powers_of_sums(expression: sympy.Expr) -> set[sympy.Pow]:
    return {
        power
        for power in expression.atoms(sympy.Pow)
        if power.base.is_Add and power.exp.is_Rational and not (power.exp.is_Integer and power.exp > 0)
    }


def independent_terms(row: Sequence[sympy.Expr], variables: Collection[sympy.Symbol]) -> list[Terms]:
    """Each expression of the row as {function of the variables: coefficient free of them}.

    The functions are products of powers of the variables, of roots of sums, of sines and cosines of
    multiple angles and of exponentials, and as such linearly independent over the constants. To bring
    them to that form the whole row may be multiplied by one common factor (the powers of sums in
    denominators): a combination of the expressions vanishes iff that of the terms does.
    """
    prepared = without_denominators([exact(e) for e in row])
    splitter = _Splitter(frozenset(variables))
    return [splitter.terms(e) for e in prepared]


def is_plain(function: sympy.Expr) -> bool:
    """Whether a function of `independent_terms` belongs to the kinds that are known to be independent."""
    kernels = function.atoms(sympy.Function)
    return all(isinstance(k, _PLAIN) and not k.args[0].atoms(sympy.Function) for k in kernels)


def without_denominators(row: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    """The row times one common factor, each entry a polynomial in what is no power of a sum.

    Roots of sums stay, in powers below their order: with r = b^(1/q), r^q is written as b.
    """
    if not any(map(_powers_of_sums, row)):
        return [_expand_functions(e) for e in row]
    roots = _roots(row)
    abstract = [_abstract(e, roots) for e in row]
    fractions = [sympy.fraction(sympy.together(e)) for e in abstract]
    common = sympy.lcm_list([denominator for _, denominator in fractions])
    result = [numerator * sympy.cancel(common / denominator) for numerator, denominator in fractions]
    result = [_expand_functions(e) for e in result]
    for base, (root, order) in roots.items():
        result = [_reduced(e, base, root, order) for e in result]
    return result


def _roots(row: Sequence[sympy.Expr]) -> dict[sympy.Expr, tuple[sympy.Dummy, int]]:
    """{sum b: (symbol for b^(1/q), q)} for the roots of sums in a row."""
    roots: dict[sympy.Expr, tuple[sympy.Dummy, int]] = {}
    for power in sorted(set().union(*map(_powers_of_sums, row)), key=sympy.default_sort_key):
        _, order = roots.get(power.base, (None, 1))
        if power.exp.q > 1:
            roots[power.base] = sympy.Dummy("root", positive=True), int(sympy.ilcm(order, power.exp.q))
    return roots


def _abstract(expression: sympy.Expr, roots: dict[sympy.Expr, tuple[sympy.Dummy, int]]) -> sympy.Expr:
    return expression.replace(
        lambda e: e.is_Pow and e.base in roots and e.exp.is_Rational and e.exp.q > 1,
        lambda e: roots[e.base][0] ** (e.exp * roots[e.base][1]),
    )


def _reduced(expression: sympy.Expr, base: sympy.Expr, root: sympy.Dummy, order: int) -> sympy.Expr:
    """Powers of `root` = base^(1/order) of `order` and above written with the base."""
    if not expression.has(root):
        return expression
    parts = []
    for term in sympy.Add.make_args(expression):
        rest, power = term.as_independent(root, as_Add=False)
        exponent = int(power.as_base_exp()[1]) if power != 1 else 0
        parts.append(rest * base ** (exponent // order) * root ** (exponent % order))
    return sympy.expand(sympy.Add(*parts))


def numerator(expression: sympy.Expr) -> sympy.Expr:
    """The expression without its denominator; it vanishes where the expression does."""
    return _rational(expression)[0] if _powers_of_sums(expression) else expression


def rationalised(expression: sympy.Expr) -> sympy.Expr:
    """The same expression as one fraction whose roots of sums are reduced: b/√b − √b becomes 0."""
    if not _powers_of_sums(expression):
        return expression
    above, below = _rational(expression)
    return sympy.expand(above) if below == 1 else above / below


def _rational(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    roots = _roots([expression])
    above, below = sympy.fraction(sympy.together(_abstract(expression, roots)))
    for base, (root, order) in roots.items():
        above, below = (_reduced(sympy.expand(e), base, root, order) for e in (above, below))
    above, below = sympy.fraction(sympy.cancel(above / below))
    back = {root: sympy.root(base, order) for base, (root, order) in roots.items()}
    return above.xreplace(back), below.xreplace(back)


def _expand_functions(expression: sympy.Expr) -> sympy.Expr:
    if expression.has(*_HYPERBOLIC):
        expression = expression.rewrite(sympy.exp)
    expression = sympy.expand(expression)
    return multiple_angles(expression) if expression.has(sympy.sin, sympy.cos) else expression


class _Splitter:
    """Splits terms into coefficient and function, remembering what it has split."""

    def __init__(self, variables: frozenset[sympy.Symbol]) -> None:
        self.variables = variables
        self.known: dict[sympy.Expr, tuple[sympy.Expr, sympy.Expr]] = {}

    def terms(self, expression: sympy.Expr) -> Terms:
        result: Terms = {}
        for rest, number in expression.as_coefficients_dict().items():
            if rest not in self.known:
                self.known[rest] = self._split(rest)
            coefficient, function = self.known[rest]
            result[function] = result.get(function, sympy.S.Zero) + number * coefficient
        return {function: c for function, c in result.items() if c != 0}

    def _split(self, product: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
        inside: list[sympy.Expr] = []
        outside: list[sympy.Expr] = []
        for factor in sympy.Mul.make_args(product):
            depends = any(s in self.variables or isinstance(s, sympy.Dummy) for s in factor.free_symbols)
            (inside if depends else outside).append(factor)
        return sympy.Mul(*outside), sympy.Mul(*inside)
