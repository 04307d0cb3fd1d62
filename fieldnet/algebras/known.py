"""The algebras that serve as truths, each from its one statement in `lagrangians`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from lagrangians.symmetries import matrix_algebras

from .algebra import Algebra


def translations(n: int) -> Algebra:
    """x → x + b on R^n: X_i = ∂_i."""
    return _algebra(f"translations({n})", matrix_algebras.translations(_positive(n)), homogeneous=True)


def rotations(n: int) -> Algebra:
    """so(n) on R^n, in the order (1,0), (2,0), (2,1), …: X_ij = x^j ∂_i − x^i ∂_j; for n = 2, x∂_y − y∂_x."""
    return special_orthogonal(n)


def special_orthogonal(p: int, q: int = 0) -> Algebra:
    """so(p, q), the A with AᵀG + GA = 0 for G = diag(1 p times, −1 q times), on R^(p+q).

    so(1, n): the first coordinate is time, boosts are t∂_i + x^i∂_t.
    """
    if p + q < 2 or min(p, q) < 0:
        raise ValueError(f"got so({p},{q}), expected p, q ≥ 0 and at least two dimensions")
    names = _spacetime(q) if p == 1 else None
    return _algebra(f"so({p},{q})" if q else f"so({p})", matrix_algebras.orthogonal(p, q), names=names)


def dilation(n: int) -> Algebra:
    """x → e^t x: X = x^α ∂_α."""
    return _algebra(f"dilation({n})", [np.eye(_positive(n))])


def scalings(n: int) -> Algebra:
    """Each axis by itself: X_i = x^i ∂_i (no sum)."""
    return _algebra(f"scalings({n})", matrix_algebras.diagonal(_positive(n)))


def shears(n: int) -> Algebra:
    """X_ij = x^j ∂_i for i < j; for n = 2, y∂_x. With those of i > j they would generate sl(n, R)."""
    if n < 2:
        raise ValueError(f"got shears of {n} dimensions, expected at least 2")
    return _algebra(f"shears({n})", matrix_algebras.strictly_upper(n))


def general_linear(n: int) -> Algebra:
    """gl(n, R): X_ij = x^j ∂_i."""
    return _algebra(f"gl({n},R)", matrix_algebras.general_linear(_positive(n)))


def special_linear(n: int = 2) -> Algebra:
    """sl(n, R) on R^n. For n = 2: y∂_x, x∂_y, x∂_x − y∂_y."""
    if n < 2:
        raise ValueError(f"got sl({n},R), expected n ≥ 2")
    return _algebra(f"sl({n},R)", matrix_algebras.special_linear(n))


def affine(n: int) -> Algebra:
    """gl(n, R) ⋉ R^n: all x^j ∂_i, then all ∂_i."""
    linear = matrix_algebras.general_linear(_positive(n))
    return _algebra(f"affine({n})", matrix_algebras.affine(linear), homogeneous=True)


def special_euclidean(n: int) -> Algebra:
    """se(n): rotations, then translations."""
    if n < 2:
        raise ValueError(f"got se({n}), expected n ≥ 2; use translations(1)")
    linear = matrix_algebras.orthogonal(n)
    return _algebra(f"se({n})", matrix_algebras.affine(linear), homogeneous=True)


def poincare(n: int) -> Algebra:
    """iso(1, n) on (t, x): boosts and rotations, then translations; dimension (n + 1)(n + 2)/2."""
    linear = matrix_algebras.orthogonal(1, _positive(n))
    return _algebra(f"iso(1,{n})", matrix_algebras.affine(linear), homogeneous=True, names=_spacetime(n))


def heisenberg(n: int = 1) -> Algebra:
    """h(n) on (z, x, p): P_i = ∂_x − p∂_z, B_i = ∂_p + x∂_z, Z = 2∂_z; matrices [B_i, P_j] = δ_ij Z."""
    matrices = matrix_algebras.galilean(_positive(n), rotations=False, time=())
    names = ("x", "p") if n == 1 else (f"{kind}{i + 1}" for kind in "xp" for i in range(n))
    return _algebra(f"h({n})", matrices, homogeneous=True, names=("z", *names))


def known_algebras() -> Iterator[Algebra]:
    """One of each family and size in use; they serve as cases of tests and as truths of scores."""
    for n in (1, 2, 3):
        yield from (translations(n), scalings(n), dilation(n))
    for n in (1, 2):
        yield from (affine(n), heisenberg(n))
    for n in (2, 3):
        yield from (shears(n), special_linear(n), special_euclidean(n))
    for n in (2, 3, 4):
        yield rotations(n)
    for n in (1, 2, 3):
        yield special_orthogonal(1, n)
    yield poincare(2)


def _positive(n: int) -> int:
    if n < 1:
        raise ValueError(f"got {n} dimensions, expected at least 1")
    return n


def _spacetime(n: int) -> tuple[str, ...]:
    return ("t", *("xyz"[:n] if n <= 3 else (f"x{i + 1}" for i in range(n))))


def _algebra(
    name: str,
    matrices: Sequence[np.ndarray],
    homogeneous: bool = False,
    names: tuple[str, ...] | None = None,
) -> Algebra:
    return Algebra(name, torch.as_tensor(np.array(matrices)), homogeneous, names)
