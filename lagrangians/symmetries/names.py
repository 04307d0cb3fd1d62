"""Recognising Lie algebras by invariants, computed alike for standard algebras built from matrices."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from lagrangians.symmetries.matrix_algebras import standard_matrices, structure_constants

DERIVATION_WEIGHTS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)


def name_of(c: np.ndarray) -> str | None:
    """Name of the algebra with structure constants c up to isomorphism, or None.

    Central elements outside [𝔤, 𝔤] split off as R^k; semisimple algebras are split into simple ideals. What
    remains gets the name of the standard algebra with the same `invariants`. For the simple algebras in the
    list dimension and Killing signature decide (Cartan's classification); for the others agreement of all
    invariants is strong evidence, not a proof (Novotný & Hrivnák, J. Geom. Phys. 58 (2008) 208, separate
    all algebras of dimension ≤ 4 by such numbers).
    """
    c = c / max(np.abs(c).max(initial=0.0), 1e-300)
    if not len(c) or not c.any():
        return _flat(len(c)) if len(c) else "0"
    core, split = _without_central_factor(c)
    name = _simple_sum(core) if _killing(core)[2] == 0 else _matching(core)
    if name is None or not split:
        return name
    return f"({name}) ⊕ {_flat(split)}" if "⋉" in name or "⋊" in name else f"{name} ⊕ {_flat(split)}"


def _flat(dimension: int) -> str:
    return "R" if dimension == 1 else f"R^{dimension}"


def _without_central_factor(c: np.ndarray) -> tuple[np.ndarray, int]:
    """(structure constants of a complement that holds [𝔤, 𝔤], dimension of the central factor)."""
    n = len(c)
    derived = _brackets(c, np.eye(n), np.eye(n))
    centre = _null_space(c.transpose(1, 2, 0).reshape(n * n, n))
    split = _rank(np.concatenate([derived, centre])) - len(derived)
    if not split:
        return c, 0
    outside = centre - centre @ derived.T @ derived
    return _restricted(c, _null_space(outside)), split


def _simple_sum(c: np.ndarray) -> str | None:
    names = [_matching(ideal) for ideal in _simple_ideals(c)]
    return None if None in names else " ⊕ ".join(sorted(map(str, names)))


def _simple_ideals(c: np.ndarray) -> list[np.ndarray]:
    """Structure constants of the simple ideals, the eigenspaces of a generic element of the centroid."""
    n = len(c)
    adjoint = c.transpose(0, 2, 1)
    rows = [np.kron(np.eye(n), a.T) - np.kron(a, np.eye(n)) for a in adjoint]
    _, singular, vectors = np.linalg.svd(np.concatenate(rows))
    centroid = [v.reshape(n, n) for v, s in zip(vectors, singular, strict=True) if s < 1e-9 * singular[0]]
    draw = np.random.default_rng(0)
    generic = sum(float(w) * A for w, A in zip(draw.standard_normal(len(centroid)), centroid, strict=True))
    values, basis = np.linalg.eig(generic)
    ideals = []
    done = np.zeros(n, dtype=bool)
    for i in range(n):
        if done[i]:
            continue
        close = (np.abs(values - values[i]) < 1e-6) | (np.abs(values - values[i].conj()) < 1e-6)
        done |= close
        spanned = np.concatenate([basis[:, close].real, basis[:, close].imag], axis=1)
        left, size, _ = np.linalg.svd(spanned, full_matrices=False)
        vectors_ = left[:, size > 1e-8 * size[0]].T
        ideals.append(_restricted(c, vectors_))
    return ideals


def _restricted(c: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Structure constants in orthonormal rows that span a subalgebra."""
    return np.einsum("ai,bj,ijk,ck->abc", vectors, vectors, c, vectors)


def _killing(c: np.ndarray) -> tuple[int, int, int]:
    values = np.linalg.eigvalsh(np.einsum("ikl,jlk->ij", c, c))
    limit = 1e-9 * max(np.abs(values).max(initial=0.0), 1.0)
    positive, negative = int((values > limit).sum()), int((values < -limit).sum())
    return positive, negative, len(c) - positive - negative


def _matching(c: np.ndarray) -> str | None:
    candidates = _candidates(len(c))
    own = invariants(c) if candidates else ()
    return next((name for name, theirs in candidates if theirs == own), None)


@cache
def _candidates(dimension: int) -> tuple[tuple[str, tuple], ...]:
    return tuple((name, invariants(c)) for name, c in standard_algebras() if len(c) == dimension)


def invariants(c: np.ndarray) -> tuple:
    """What does not depend on the basis: dimension, Killing signature, whether all tr ad x vanish, dimensions
    of derived and lower central series, of the centre and of the (δ, 1, 1)-derivations for several δ, and
    the same of the radical and of the derived algebra.
    """
    n = len(c)
    identity = np.eye(n)
    derived = _series(lambda last: _brackets(c, last, last), identity)
    lower = _series(lambda last: _brackets(c, identity, last), identity)
    centre = n - _rank(c.transpose(1, 2, 0).reshape(n * n, n))
    own = (
        n,
        _killing(c),
        bool(np.abs(np.einsum("ikk->i", c)).max(initial=0.0) < 1e-9),
        tuple(map(len, derived)),
        tuple(map(len, lower)),
        centre,
        tuple(n * n - _rank(_leibniz(c, delta)) for delta in DERIVATION_WEIGHTS),
    )
    brackets = derived[min(1, len(derived) - 1)]
    radical = _null_space(brackets @ np.einsum("ikl,jlk->ij", c, c))
    parts = [_restricted(c, part) for part in (radical, brackets, derived[-1])]
    return (own, *(invariants(part) if len(part) < n else None for part in parts))


def _series(step: Callable[[np.ndarray], np.ndarray], start: np.ndarray) -> list[np.ndarray]:
    series = [start]
    while len(series[-1]):
        following = step(series[-1])
        if len(following) == len(series[-1]):
            break
        series.append(following)
    return series


def _brackets(c: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Orthonormal rows that span all [x, y]."""
    return _row_span(np.einsum("ai,bj,ijk->abk", first, second, c).reshape(-1, len(c)))


def _leibniz(c: np.ndarray, delta: float) -> np.ndarray:
    """Matrix of the conditions δ D[x, y] = [Dx, y] + [x, Dy] on D, D e_i = D[i, k] e_k."""
    n = len(c)
    rows = np.zeros((n, n, n, n, n))
    for i in range(n):
        for j in range(n):
            for k in range(n):
                rows[i, j, k, :, k] += delta * c[i, j]
                rows[i, j, k, i, :] -= c[:, j, k]
                rows[i, j, k, j, :] -= c[i, :, k]
    return rows.reshape(n**3, n * n)


def _null_space(matrix: np.ndarray) -> np.ndarray:
    _, singular, vectors = np.linalg.svd(matrix)
    return vectors[int((singular > 1e-9 * max(singular.max(initial=0.0), 1.0)).sum()) :]


def _rank(matrix: np.ndarray) -> int:
    singular = np.linalg.svd(matrix, compute_uv=False)
    return int((singular > 1e-9 * max(singular[0], 1.0)).sum()) if singular.size else 0


def _row_span(rows: np.ndarray) -> np.ndarray:
    _, singular, vectors = np.linalg.svd(rows, full_matrices=False)
    return vectors[singular > 1e-9] if singular.size else rows[:0]


@cache
def standard_algebras() -> tuple[tuple[str, np.ndarray], ...]:
    """(name, structure constants) of the algebras that are recognised, each built from matrices."""
    return tuple((name, structure_constants(matrices)) for name, matrices in standard_matrices())
