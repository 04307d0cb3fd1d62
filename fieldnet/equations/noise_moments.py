"""Sums of noise covariances of many pairs of atoms, each monomial evaluated once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence

import numpy as np

from .functions import FieldFunction, Quasipolynomial

Derivatives = tuple[tuple[int, ...], tuple[int, ...]]
Overlap = Callable[[int, int, int], np.ndarray]


class CovarianceSums:
    """Σ_x C(x) Σ_ψ ∂_αψ(x) ∂_βψ(x) of pairs (k, l) with covariance functions C of fields given at points x.

    Covariances of many pairs are sums of few monomials φ^p e^{κφ}. Each of them is evaluated once, and
    contracted once with each pair of derivatives (α, β).
    """

    def __init__(self, values: Sequence[np.ndarray], overlap: Overlap):
        self.values = values
        self.overlap = overlap
        self._members: dict[Hashable, list[tuple[int, int, Derivatives, float]]] = {}
        self._parts: dict[Hashable, FieldFunction] = {}

    def add(self, k: int, m: int, derivatives: Derivatives, covariance: FieldFunction) -> None:
        """The pair (k, m), with signs (−1)^|α|+|β|."""
        sign = (-1) ** sum(map(sum, derivatives))
        for key, part, c in _parts(covariance):
            self._parts[key] = part
            self._members.setdefault(key, []).append((k, m, derivatives, sign * c))

    def sums(self, size: int) -> np.ndarray:
        """shape: (size, size), symmetric"""
        out = np.zeros((size, size))
        cache: dict = {}
        for key, members in self._members.items():
            total = self._parts[key].evaluate(self.values, cache).sum(0)
            known: dict[tuple, float] = {}
            for k, m, (one, other), c in members:
                orders = tuple((min(p, q), max(p, q)) for p, q in zip(one, other, strict=True))
                if orders not in known:
                    known[orders] = self._contracted(total, orders)
                out[k, m] += c * known[orders]
        return np.triu(out) + np.triu(out, 1).T

    def _contracted(self, total: np.ndarray, orders: Sequence[tuple[int, int]]) -> float:
        for n in reversed(range(len(orders))):
            total = total @ self.overlap(n, *orders[n])
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
