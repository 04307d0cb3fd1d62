"""Lowering the order of a density by integrations by parts, in plain jet symbols (see `jets`)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import sympy
from sympy.polys.matrices import DomainMatrix

from lagrangians.jets import JetSpace, MultiIndex, raised

Factor = tuple[int, MultiIndex]  # a derivative jet: number of the field, multi-index of order ≥ 1
Monomial = tuple[Factor, ...]  # a product of derivative jets, sorted, repeated for powers
Current = dict[tuple[int, Monomial], sympy.Rational]  # Σ number · monomial, in the component α


def integrate_by_parts(density: sympy.Expr, jets: JetSpace) -> tuple[sympy.Expr, tuple[sympy.Expr, ...]]:
    """(ℒ′, K) with ℒ = ℒ′ + D_αK^α, ℒ′ without the high derivatives that a divergence can take away.

    Works on the terms that are polynomial in the derivatives, g(x, φ) ∏ φ^a_J; the others pass unchanged.
    Products with equal numbers of factors, of derivatives along each coordinate and of each field form a
    finite space, in which those of high order are eliminated modulo divergences by linear algebra; D_αg then
    makes products of more factors or of fewer derivatives, so that the procedure ends. The result depends on
    the expanded density alone.
    """
    levels, rest = _split(density, jets)
    size = len(jets.coordinates)
    reduced: list[sympy.Expr] = [rest]
    current: list[list[sympy.Expr]] = [[] for _ in range(size)]
    while levels:
        level = min(levels, key=lambda key: (-key[0], key[1]))
        for monomial, parts in levels.pop(level).items():
            coefficient = sympy.expand(sympy.Add(*parts))
            if coefficient == 0:
                continue
            normal, flow = _reduction(monomial, size)
            for other, number in normal.items():
                reduced.append(number * coefficient * _product(other, jets))
            for (alpha, factors), number in flow.items():
                current[alpha].append(number * coefficient * _product(factors, jets))
                for change, extra in _derivative_of_coefficient(coefficient, alpha, jets):
                    _collect(levels, tuple(sorted(factors + extra)), -number * change)
    return sympy.expand(sympy.Add(*reduced)), tuple(sympy.expand(sympy.Add(*parts)) for parts in current)


Levels = dict[tuple[int, int], dict[Monomial, list[sympy.Expr]]]


def _split(density: sympy.Expr, jets: JetSpace) -> tuple[Levels, sympy.Expr]:
    levels: Levels = {}
    rest = []
    for term in sympy.Add.make_args(sympy.expand(density)):
        factors: list[Factor] = []
        others = []
        for factor in sympy.Mul.make_args(term):
            base, exponent = factor.as_base_exp()
            place = jets.locate(base) if isinstance(base, sympy.Symbol) else None
            if place and any(place[1]) and exponent.is_Integer and exponent > 0:
                factors += [place] * int(exponent)
            else:
                others.append(factor)
        coefficient = sympy.Mul(*others)
        if any(any(index) for _, index in jets.jets_in(coefficient).values()):
            rest.append(term)
        else:
            _collect(levels, tuple(sorted(factors)), coefficient)
    return levels, sympy.Add(*rest)


def _collect(levels: Levels, monomial: Monomial, coefficient: sympy.Expr) -> None:
    weight = sum(sum(index) for _, index in monomial)
    levels.setdefault((weight, len(monomial)), {}).setdefault(monomial, []).append(coefficient)


def _derivative_of_coefficient(
    coefficient: sympy.Expr, alpha: int, jets: JetSpace
) -> Iterator[tuple[sympy.Expr, Monomial]]:
    """D_αg as pairs (∂g/∂x^α, no factor), (∂g/∂φ^a, the factor φ^a_α)."""
    yield sympy.diff(coefficient, jets.coordinates[alpha]), ()
    for symbol, (field, _) in jets.jets_in(coefficient).items():
        yield sympy.diff(coefficient, symbol), ((field, raised(jets.zero, alpha)),)


def _product(monomial: Monomial, jets: JetSpace) -> sympy.Expr:
    return sympy.Mul(*(jets.symbol(*factor) for factor in monomial))


def _reduction(monomial: Monomial, size: int) -> tuple[dict[Monomial, sympy.Rational], Current]:
    """monomial = Σ normal + D_α flow^α with the coefficients held constant."""
    if all(sum(index) == 1 for _, index in monomial):
        return {monomial: sympy.S.One}, {}
    fields = tuple(field for field, _ in monomial)
    total = tuple(sum(index[alpha] for _, index in monomial) for alpha in range(size))
    return _table(fields, total).get(monomial, ({monomial: sympy.S.One}, {}))


@lru_cache(maxsize=1024)
def _table(
    fields: tuple[int, ...], total: MultiIndex
) -> dict[Monomial, tuple[dict[Monomial, sympy.Rational], Current]]:
    """The reduction of each product of these fields with `total` derivatives that can be reduced."""
    columns = sorted(_monomials(fields, total), key=_rank, reverse=True)
    place = {monomial: column for column, monomial in enumerate(columns)}
    flows = [
        (alpha, monomial)
        for alpha, count in enumerate(total)
        if count
        for monomial in _monomials(fields, raised(total, alpha, -1))
    ]
    if not flows:
        return {}
    rows = [[0] * (len(columns) + len(flows)) for _ in flows]
    for row, (alpha, monomial) in enumerate(flows):
        for i, (field, index) in enumerate(monomial):
            moved = (*monomial[:i], (field, raised(index, alpha)), *monomial[i + 1 :])
            rows[row][place[tuple(sorted(moved))]] += 1
        rows[row][len(columns) + row] = 1
    domain = sympy.QQ
    matrix = DomainMatrix(
        [[domain(entry) for entry in row] for row in rows], (len(rows), len(rows[0])), domain
    )
    echelon, pivots = matrix.rref()
    table = {}
    for row, pivot in enumerate(pivots):
        if pivot >= len(columns):
            break
        found = [domain.to_sympy(echelon[row, i].element) for i in range(len(rows[0]))]
        normal = {m: -found[i] for i, m in enumerate(columns) if i != pivot and found[i]}
        flow = {f: found[len(columns) + i] for i, f in enumerate(flows) if found[len(columns) + i]}
        table[columns[pivot]] = (normal, flow)
    return table


def _rank(monomial: Monomial) -> tuple:
    """High orders first; of equal orders the products of many distinct factors."""
    orders = tuple(sorted((sum(index) for _, index in monomial), reverse=True))
    return orders, len(set(monomial)), monomial


@lru_cache(maxsize=1024)
def _monomials(fields: tuple[int, ...], total: MultiIndex) -> tuple[Monomial, ...]:
    """All products of derivatives (order ≥ 1) of these fields that share `total` derivatives."""

    def fill(rest: tuple[int, ...], left: MultiIndex) -> Iterator[tuple[Factor, ...]]:
        if not rest:
            if not any(left):
                yield ()
            return
        for index in _smaller(left):
            if any(index):
                after = tuple(l - i for l, i in zip(left, index, strict=True))
                for others in fill(rest[1:], after):
                    yield ((rest[0], index), *others)

    return tuple(sorted({tuple(sorted(monomial)) for monomial in fill(fields, total)}))


def _smaller(index: MultiIndex) -> list[MultiIndex]:
    result: list[MultiIndex] = [()]
    for count in index:
        result = [(*head, n) for head in result for n in range(count + 1)]
    return result
