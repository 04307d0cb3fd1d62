"""The linearised equations against test functions, with every derivative of the data moved onto these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from lagrangians.generators import characteristic
from lagrangians.jets import JetSpace, MultiIndex, raised
from lagrangians.symmetries.ansatz import Ansatz
from lagrangians.variation import evolutionary_derivative, total_derivative
from lagrangians.zero import is_zero

WeakForm = dict[MultiIndex, sympy.Expr]


@dataclass(frozen=True)
class WeakLinearisation:
    """∫ψ E_a = Σ_K ∫ D_Kψ · `equations[a]`[K], and the same of D_E(Q_j) as `directions[a][j]`.

    Q_j is the characteristic of the j-th direction of the ansatz. Every function depends on x and φ alone:
    no derivative of φ appears.
    """

    equations: tuple[WeakForm, ...]
    directions: tuple[tuple[WeakForm, ...], ...]


def weak_linearisation(equations: Sequence[sympy.Expr], jets: JetSpace, ansatz: Ansatz) -> WeakLinearisation:
    """Of equations E_a = 0 in plain jet symbols.

    D_E(Q)_a = Σ_{b,J} D_JQ^b ∂E_a/∂φ^b_J vanishes on solutions iff X is a symmetry (Olver, theorem 2.31 and
    eq. 5.6). Raises ValueError, one line, where integration by parts cannot remove the derivatives of φ, as
    for equations nonlinear in these.
    """
    found = []
    for equation in equations:
        row = []
        for direction in ansatz.directions:
            xi, eta = ansatz.parts(direction)
            change = evolutionary_derivative(equation, characteristic(xi, eta, jets), jets)
            row.append(without_derivatives(change, jets))
        found.append(tuple(row))
    return WeakLinearisation(tuple(without_derivatives(e, jets) for e in equations), tuple(found))


def weak_characteristics(jets: JetSpace, ansatz: Ansatz) -> WeakLinearisation:
    """The same of φ^a in place of E_a: D_E(Q)_a is Q^a itself, 0 iff X leaves the solution as it is."""
    found = []
    for field in range(len(jets.fields)):
        parts = (ansatz.parts(direction) for direction in ansatz.directions)
        found.append(tuple(without_derivatives(characteristic(*p, jets)[field], jets) for p in parts))
    fields = tuple({jets.zero: jets.symbol(field)} for field in range(len(jets.fields)))
    return WeakLinearisation(fields, tuple(found))


def without_derivatives(expression: sympy.Expr, jets: JetSpace) -> WeakForm:
    """{K: F_K(x, φ)} with ∫ψ·expression = Σ_K ∫D_Kψ·F_K for every ψ of compact support.

    c φ^b_J ψ_K ≅ −D_α(c ψ_K) φ^b_{J−α}, the highest derivatives first; what is left of first order, A_b φ^b_α
    with A_b = ∂G/∂φ^b, is D_αG − ∂_αG. Raises ValueError where a derivative stays.
    """
    form: WeakForm = {jets.zero: sympy.expand(expression)}
    while (order := _order(form, jets)) > 1:
        form = _lowered(form, jets, order)
        if _order(form, jets) == order:  # as φ_x φ_xx = ½D_x(φ_x²): by parts it comes back for ever
            left = next(s for e in form.values() for s, (_, J) in jets.jets_in(e).items() if sum(J) == order)
            raise ValueError(_refusal(left, jets))
    return _first_order_removed(form, jets, expression)


def _order(form: WeakForm, jets: JetSpace) -> int:
    return max((jets.order(e) for e in form.values()), default=0)


def _lowered(form: WeakForm, jets: JetSpace, order: int) -> WeakForm:
    """The same functional without jets of this order."""
    result: dict[MultiIndex, list[sympy.Expr]] = {}
    for K, whole in form.items():
        rest = whole
        for symbol, (field, index) in jets.jets_in(whole).items():
            if sum(index) < order:
                continue
            slope = sympy.diff(whole, symbol)
            if jets.order(slope) >= order:
                raise ValueError(_refusal(symbol, jets))
            alpha = max(i for i, n in enumerate(index) if n)
            lower = jets.symbol(field, raised(index, alpha, -1))
            rest -= slope * symbol
            result.setdefault(K, []).append(-total_derivative(slope, alpha, jets) * lower)
            result.setdefault(raised(K, alpha), []).append(-slope * lower)
        result.setdefault(K, []).append(rest)
    return _collected(result)


def _first_order_removed(form: WeakForm, jets: JetSpace, whole: sympy.Expr) -> WeakForm:
    result: dict[MultiIndex, list[sympy.Expr]] = {}
    for K, expression in form.items():
        rest = expression
        for alpha, coordinate in enumerate(jets.coordinates):
            unit = raised(jets.zero, alpha)
            symbols = [jets.symbol(a, unit) for a in range(len(jets.fields))]
            slopes = [sympy.diff(expression, s) for s in symbols]
            if not any(slopes):
                continue
            if any(jets.order(s) for s in slopes):
                raise ValueError(_refusal(next(s for s in symbols if expression.has(s)), jets))
            rest -= sympy.Add(*(a * s for a, s in zip(slopes, symbols, strict=True)))
            G = _potential(slopes, jets)
            result.setdefault(K, []).append(-sympy.diff(G, coordinate))
            result.setdefault(raised(K, alpha), []).append(-G)
        result.setdefault(K, []).append(rest)
    return _collected(result)


def _potential(slopes: Sequence[sympy.Expr], jets: JetSpace) -> sympy.Expr:
    """G(x, φ) with ∂G/∂φ^b = slopes[b]."""
    total = sympy.S.Zero
    for field, slope in enumerate(slopes):
        symbol = jets.symbol(field)
        missing = sympy.expand(slope - sympy.diff(total, symbol))
        primitive = sympy.integrate(missing, symbol)
        if primitive.has(sympy.Integral):
            raise ValueError(
                f"the function {missing} of the fields has no known primitive; expected "
                "polynomials, sines, cosines and exponentials"
            )
        total += primitive
    wrong = [b for b, slope in enumerate(slopes) if not is_zero(slope - sympy.diff(total, jets.symbol(b)))]
    if wrong:
        raise ValueError(_refusal(jets.symbol(wrong[0], raised(jets.zero, 0)), jets))
    return sympy.expand(total)


def _collected(parts: dict[MultiIndex, list[sympy.Expr]]) -> WeakForm:
    sums = {K: sympy.expand(sympy.Add(*terms)) for K, terms in parts.items()}
    return {K: e for K, e in sorted(sums.items()) if e != 0}


def _refusal(symbol: sympy.Symbol, jets: JetSpace) -> str:
    return (
        f"the derivatives of {', '.join(jets.field_names)} cannot be moved onto test functions: got a term "
        f"nonlinear in {symbol}; expected equations linear in the derivatives, with coefficients that depend "
        "on the coordinates, or in divergence form"
    )
