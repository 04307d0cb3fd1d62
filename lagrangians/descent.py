"""A density from its own Euler–Lagrange expressions, by descending order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import sympy

from lagrangians.independent_terms import rationalised
from lagrangians.jets import JetSpace, MultiIndex
from lagrangians.null_currents import antiderivative
from lagrangians.trigonometry import multiple_angles
from lagrangians.variation import euler_operator
from lagrangians.zero import drop_round_off, is_zero, largest_coefficient

MAX_STEPS = 60
ROOT_POWERS = [sympy.Rational(n, 2) for n in (1, 3, 5, 7)]

Place = tuple[int, MultiIndex]


def descend(
    equations: Sequence[sympy.Expr], jets: JetSpace, approximate: bool = False
) -> tuple[sympy.Expr, list[sympy.Expr]]:
    """(ℒ, R) with E_a(ℒ) + R_a = equations_a in plain jet symbols, for self-adjoint equations; R = 0 where
    the descent reaches the end.

    Each step takes a density that accounts for the highest derivatives and subtracts its Euler–Lagrange
    expressions. With W_ab^J = ∂E_a/∂φ^b_J at the highest order N = |J|, and J = I + K split in halves:

        N = 2n:       (−1)^n W_ab^J ∫₀¹(1 − λ) dλ φ^a_I φ^b_K, W at λ times the derivatives of order n,
        N = 2n − 1:   (−1)^(n−1) W_ab^J ∫₀¹ λ dλ φ^a_K φ^b_I, |I| = n, W at λ times those of order n − 1,
        N ≤ 1:        ∫E_a dφ^a, one field after the other (E_a has no derivative of φ^a itself).

    Where W is no polynomial in the derivatives of order n, it is integrated twice with respect to one of
    them. So ℒ has order n, half that of the equations, and no base point is needed (Kepler's potential is
    found directly). R is what has no density of that order, such as det ∂∂φ, or is not elementary. With
    `approximate` terms below 1e-9 of the largest coefficient are taken for round-off.
    """
    scale = max(map(largest_coefficient, equations)) if approximate else None
    density, rest = sympy.S.Zero, [_tidy(e, jets, scale) for e in equations]
    for _ in range(MAX_STEPS):
        if all(e == 0 for e in rest):
            break
        for method in (_double_integral, _homotopy, _field_by_field):
            piece = method(rest, jets)
            if piece is None or piece == 0:
                continue
            found = euler_operator(piece, jets)
            after = [_tidy(e - f, jets, scale) for e, f in zip(rest, found, strict=True)]
            if _difficulty(after, jets) < _difficulty(rest, jets):
                density, rest = density + piece, after
                break
        else:
            break
    return sympy.expand(density), rest


def _tidy(expression: sympy.Expr, jets: JetSpace, scale: float | None) -> sympy.Expr:
    """Expanded, without round-off and the derivatives on which it only seems to depend."""
    expression = sympy.expand(expression)
    if scale is not None:
        expression = drop_round_off(expression, scale)
    if is_zero(expression):
        return sympy.S.Zero
    for symbol, (_, index) in jets.jets_in(expression).items():
        if any(index) and _constant_in(expression, symbol):
            value = expression.xreplace({symbol: sympy.S.Zero})
            if value.has(sympy.nan, sympy.zoo, sympy.oo):
                value = expression.xreplace({symbol: sympy.S.One})
            expression = sympy.expand(value)
    return expression


def _constant_in(expression: sympy.Expr, symbol: sympy.Symbol) -> bool:
    """Whether ∂/∂symbol vanishes identically; a polynomial in the symbol, once expanded, truly has it."""
    slope = sympy.diff(expression, symbol)
    return slope == 0 or (not slope.is_polynomial(*slope.free_symbols) and is_zero(slope))


def _difficulty(equations: Sequence[sympy.Expr], jets: JetSpace) -> tuple[int, int, int]:
    """(order, entries of W that are no polynomials, equations): each step lowers it."""
    order = jets.order(*equations)
    left = sum(e != 0 for e in equations)
    if order == 0:
        return 0, 0, left
    half = _jets_of_order(equations, order // 2, jets)
    slopes = _slopes(equations, order, jets).values()
    return order, sum(not _polynomial(w, half) for w in slopes), left


def _slopes(
    equations: Sequence[sympy.Expr], order: int, jets: JetSpace
) -> dict[tuple[int, int, MultiIndex], sympy.Expr]:
    """{(a, b, J): ∂E_a/∂φ^b_J} for |J| = order."""
    return {
        (a, b, index): rationalised(sympy.diff(equation, symbol))
        for a, equation in enumerate(equations)
        for symbol, (b, index) in jets.jets_in(equation).items()
        if sum(index) == order
    }


def _jets_of_order(expressions: Sequence[sympy.Expr], order: int, jets: JetSpace) -> list[sympy.Symbol]:
    present = jets.jets_in(sympy.Tuple(*expressions))
    return [s for s, (_, index) in present.items() if sum(index) == order]


def _polynomial(expression: sympy.Expr, symbols: Sequence[sympy.Symbol]) -> bool:
    return not symbols or bool(expression.is_polynomial(*symbols))


def _homotopy(equations: Sequence[sympy.Expr], jets: JetSpace) -> sympy.Expr | None:
    """The step at orders 2n and 2n − 1 for W polynomial in the derivatives of order n, n − 1."""
    order = jets.order(*equations)
    if order == 0:
        return None
    lower = order // 2
    scaled = _jets_of_order(equations, lower, jets)

    def weight(degree: int) -> sympy.Rational:
        return sympy.Rational(1, (degree + 2) * (1 if order % 2 else degree + 1))

    parts = []
    for (a, b, index), slope in _slopes(equations, order, jets).items():
        present = jets.jets_in(slope).values()
        if any(sum(i) > lower for _, i in present) or not _polynomial(slope, scaled):
            return None
        first, second = _halves(index, lower)
        parts.append(_weighted(slope, scaled, weight) * jets.symbol(a, first) * jets.symbol(b, second))
    return (-1) ** lower * sympy.expand(sympy.Add(*parts))


def _weighted(
    slope: sympy.Expr, scaled: Sequence[sympy.Symbol], weight: Callable[[int], sympy.Rational]
) -> sympy.Expr:
    """Each term times weight(its degree in the scaled jets)."""
    if not scaled or not slope.has(*scaled):
        return weight(0) * slope
    terms = sympy.Poly(slope, *scaled).terms()
    return sympy.Add(
        *(
            weight(sum(powers))
            * coefficient
            * sympy.Mul(*(s**n for s, n in zip(scaled, powers, strict=True)))
            for powers, coefficient in terms
        )
    )


def _halves(index: MultiIndex, size: int) -> tuple[MultiIndex, MultiIndex]:
    """J = K + I with |K| = size, as equal as possible."""
    choices = [k for k in product(*(range(n + 1) for n in index)) if sum(k) == size]
    remainders = {k: tuple(n - m for n, m in zip(index, k, strict=True)) for k in choices}
    best = min(choices, key=lambda k: (sum(abs(n - m) for n, m in zip(remainders[k], k, strict=True)), k))
    return best, remainders[best]


def _double_integral(equations: Sequence[sympy.Expr], jets: JetSpace) -> sympy.Expr | None:
    """(−1)^n ∬ W_aa^{2I} dφ^a_I dφ^a_I for the first W that is no polynomial in φ^a_I, |I| = n."""
    order = jets.order(*equations)
    if order == 0 or order % 2:
        return None
    half = order // 2
    for (a, b, index), slope in _slopes(equations, order, jets).items():
        if a != b or any(n % 2 for n in index):
            continue
        if any(sum(i) > half for _, i in jets.jets_in(slope).values()):
            continue
        symbol = jets.symbol(a, tuple(n // 2 for n in index))
        if _polynomial(slope, [symbol]):
            continue
        once = _of_root(slope, symbol)
        twice = None if once is None else _of_root(once, symbol)
        if twice is not None:
            return (-1) ** half * twice
    return None


def _of_root(slope: sympy.Expr, z: sympy.Symbol) -> sympy.Expr | None:
    """∫ dz of what is no polynomial in z (the homotopy takes the rest).

    P(z) r^(−m), r and P polynomials and m half an odd number, as in relativistic kinetic terms, is sought as
    Q(z) r^(1 − m): Q′r + (1 − m)r′Q = P is linear in the coefficients of Q.
    """
    for power in sorted(slope.atoms(sympy.Pow), key=sympy.default_sort_key):
        base = power.base
        if not (power.exp.is_Rational and power.exp.q == 2 and base.is_polynomial(z) and base.has(z)):
            continue
        root = sympy.Dummy("root")
        functions = {f: sympy.Dummy() for f in slope.atoms(sympy.Function) if f.has(z)}
        for m in ROOT_POWERS:
            above = sympy.expand(rationalised(slope * base**m).xreplace({sympy.sqrt(base): root}))
            if not above.xreplace(functions).is_polynomial(z, root, *functions.values()):
                continue
            pure = sympy.Add(*(e for e in sympy.Add.make_args(above) if e.is_polynomial(z, root)))
            whole = sympy.cancel(pure.coeff(root, 1) / base ** (m - sympy.Rational(1, 2)))
            others = rationalised((above - pure).xreplace({root: sympy.sqrt(base)}) / base**m)
            if not whole.is_polynomial(z):
                others += whole
            parts = (_with_root(pure.coeff(root, 0), base, m, z), antiderivative(others, z))
            return None if None in parts else sympy.Add(*parts)
    return antiderivative(slope, z)


def _with_root(above: sympy.Expr, base: sympy.Expr, m: sympy.Rational, z: sympy.Symbol) -> sympy.Expr | None:
    degree = sympy.degree(above, z) + 1
    unknown = [sympy.Dummy() for _ in range(degree + 1)]
    candidate = sympy.Add(*(c * z**n for n, c in enumerate(unknown)))
    made = sympy.diff(candidate, z) * base + (1 - m) * sympy.diff(base, z) * candidate
    conditions = sympy.Poly(sympy.expand(made - above), z).coeffs()
    solution = next(iter(sympy.linsolve(conditions, unknown)), None)
    if solution is None:
        return None
    values = {c: sympy.cancel(value) for c, value in zip(unknown, solution, strict=True)}
    return sympy.factor(candidate.xreplace(values).xreplace(dict.fromkeys(unknown, 0))) * base ** (1 - m)


def _field_by_field(equations: Sequence[sympy.Expr], jets: JetSpace) -> sympy.Expr | None:
    """∫E_a dφ^a for the first field for which that is elementary, at order ≤ 1."""
    if jets.order(*equations) > 1:
        return None
    for a, equation in enumerate(equations):
        if equation != 0:
            part = antiderivative(multiple_angles(equation), jets.symbol(a))
            if part is not None:
                return part
    return None
