"""Sums of noise covariances of many pairs of atoms, each monomial evaluated once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from .functions import FieldFunction, Quasipolynomial

Derivatives = tuple[tuple[int, ...], tuple[int, ...]]
Orders = tuple[tuple[int, int], ...]
Overlap = Callable[[int, int, int], np.ndarray]


class CovarianceSums:
    """Σ_x C(x) Σ_ψ ∂_αψ(x) ∂_βψ(x) of covariance functions C of fields given at points x.

    Covariances of many pairs of atoms are sums of few monomials φ^p e^{κφ}. Each of them is contracted once
    with each pair of derivatives (α, β), however many pairs of atoms hold it.
    """

    def __init__(self, values: Sequence[np.ndarray], overlap: Overlap):
        self.values = values
        self.overlap = overlap
        self._contracted: dict[tuple[Hashable, Orders], float] = {}

    def of(self, pairs: Iterable[tuple[Derivatives, FieldFunction]]) -> list[float]:
        """The sums of pairs of atoms with their derivatives and covariances, with signs (−1)^|α|+|β|."""
        parts: dict[Hashable, FieldFunction] = {}
        missing: dict[Hashable, set[Orders]] = {}
        sums: list[dict[Hashable, tuple[float, Orders]]] = []
        for (one, other), covariance in pairs:
            sign = (-1) ** (sum(one) + sum(other))
            orders = tuple((min(p, q), max(p, q)) for p, q in zip(one, other, strict=True))
            sums.append({})
            for key, part, c in _parts(covariance):
                parts.setdefault(key, part)
                sums[-1][key] = sign * c, orders
                if (key, orders) not in self._contracted:
                    missing.setdefault(key, set()).add(orders)
        self._contract(parts, missing)
        place = {key: n for n, key in enumerate(parts)}
        found = []
        for own in sums:
            keys = sorted(own, key=place.__getitem__)
            found.append(sum(own[key][0] * self._contracted[key, own[key][1]] for key in keys))
        return found

    def _contract(
        self, parts: Mapping[Hashable, FieldFunction], missing: Mapping[Hashable, set[Orders]]
    ) -> None:
        cache: dict = {}
        for key, by_orders in missing.items():
            values = parts[key].evaluate(self.values, cache).sum(0)
            for orders in by_orders:
                total = values
                for n in reversed(range(len(orders))):
                    total = total @ self.overlap(n, *orders[n])
                self._contracted[key, orders] = float(total)


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
