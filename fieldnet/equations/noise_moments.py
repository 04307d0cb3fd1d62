"""Sums of noise covariances of many pairs of atoms, each monomial evaluated once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

import numpy as np

from .functions import FieldFunction, Quasipolynomial

Derivatives = tuple[tuple[int, ...], tuple[int, ...]]
Orders = tuple[tuple[int, int], ...]
Overlap = Callable[[int, int, int], np.ndarray]


def covariance_sums(
    values: Sequence[np.ndarray], overlap: Overlap, pairs: Iterable[tuple[Derivatives, FieldFunction]]
) -> list[float]:
    """(−1)^|α|+|β| Σ_x C(x) Σ_ψ ∂_αψ(x) ∂_βψ(x) of pairs of atoms with derivatives (α, β) and covariance
    functions C of fields given at points x.

    Covariances of many pairs are sums of few monomials φ^p e^{κφ}. Each of them is evaluated once, and
    contracted once with each pair of derivatives.
    """
    monomials: dict[Hashable, FieldFunction] = {}
    contracted: dict[Hashable, dict[Orders, float]] = {}
    sums: list[list[tuple[float, Hashable, Orders]]] = []
    for (one, other), covariance in pairs:
        sign = (-1) ** (sum(one) + sum(other))
        orders = tuple((min(p, q), max(p, q)) for p, q in zip(one, other, strict=True))
        sums.append([])
        for key, part, c in _parts(covariance):
            monomials[key] = part
            contracted.setdefault(key, {})[orders] = 0.0
            sums[-1].append((sign * c, key, orders))
    cache: dict = {}
    for key, by_orders in contracted.items():
        total = monomials[key].evaluate(values, cache).sum(0)
        for orders in by_orders:
            by_orders[orders] = _contracted(total, overlap, orders)
    return [sum(c * contracted[key][orders] for c, key, orders in own) for own in sums]


def _contracted(total: np.ndarray, overlap: Overlap, orders: Orders) -> float:
    for n in reversed(range(len(orders))):
        total = total @ overlap(n, *orders[n])
    return float(total)


def _parts(covariance: FieldFunction) -> Iterator[tuple[Hashable, FieldFunction, float]]:
    """(key, f, c) with the covariance Σ c f: cos and sin parts of the monomials; any other function as it
    is.
    """
    if not isinstance(covariance, Quasipolynomial):
        yield covariance, covariance, 1.0
        return
    symbols = covariance.symbols
    for monomial, c in covariance.terms:
        turning = next((k.imag for k in monomial[1] if k.imag), 0.0)
        if turning < 0:  # the conjugate of another term: both together are 2 Re(c e^{κφ})
            continue
        for coefficient, unit in (((1 + (turning > 0)) * c.real, 1 + 0j), (-2 * c.imag, -1j)):
            if coefficient and (turning or unit == 1):
                yield (monomial, unit), Quasipolynomial(symbols, ((monomial, unit),)), coefficient
