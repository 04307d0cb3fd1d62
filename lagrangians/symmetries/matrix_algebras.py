"""Lie algebras of matrices, each stated once.

A matrix M acts on points by x → exp(tM)x; matrices of affine maps act on (x, 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


def unit(size: int, row: int, column: int) -> np.ndarray:
    """E_ij, 1 at (row, column) and 0 elsewhere."""
    matrix = np.zeros((size, size))
    matrix[row, column] = 1.0
    return matrix


def orthogonal(p: int, q: int = 0) -> list[np.ndarray]:
    """so(p, q): all A with AᵀG + GA = 0, G = diag(1 p times, −1 q times).

    A = E_ij − G_ii G_jj E_ji for i > j: E_ij − E_ji turns the axis j towards the axis i, E_ij + E_ji is a
    boost.
    """
    n, signs = p + q, [1.0] * p + [-1.0] * q
    return [unit(n, i, j) - signs[i] * signs[j] * unit(n, j, i) for i in range(n) for j in range(i)]


def special_linear(n: int) -> list[np.ndarray]:
    """sl(n, R): all matrices without trace; E_ij for i ≠ j, then E_ii − E_i+1,i+1."""
    off = [unit(n, i, j) for i in range(n) for j in range(n) if i != j]
    return off + [unit(n, i, i) - unit(n, i + 1, i + 1) for i in range(n - 1)]


def general_linear(n: int) -> list[np.ndarray]:
    """gl(n, R): all matrices, E_ij row by row."""
    return [unit(n, i, j) for i in range(n) for j in range(n)]


def diagonal(n: int) -> list[np.ndarray]:
    """Scalings of each axis, E_ii; they commute."""
    return [unit(n, i, i) for i in range(n)]


def strictly_upper(n: int) -> list[np.ndarray]:
    """Shears E_ij for i < j, x^i → x^i + t x^j. With the E_ji they would generate all of sl(n, R)."""
    return [unit(n, i, j) for i in range(n) for j in range(i + 1, n)]


def translations(n: int) -> list[np.ndarray]:
    """x → x + b, on (x, 1)."""
    return [unit(n + 1, i, n) for i in range(n)]


def affine(linear: Sequence[np.ndarray]) -> list[np.ndarray]:
    """x → Ax + b: the given A and all translations."""
    embedded = [np.pad(A, ((0, 1), (0, 1))) for A in linear]
    return embedded + translations(len(linear[0]))


def galilean(n: int, rotations: bool, time: Sequence[str]) -> list[np.ndarray]:
    """Symplectic affine matrices on (z, x, p, 1): momenta, boosts and mass, with rotations and part of
    sl(2,R).

    Momenta ∂_x − p∂_z, boosts ∂_p + x∂_z and mass 2∂_z alone are the Heisenberg algebra h(n).
    """
    size = 2 * n + 2
    x, p, last = range(1, n + 1), range(n + 1, 2 * n + 1), 2 * n + 1
    momenta = [unit(size, x[i], last) - unit(size, 0, p[i]) for i in range(n)]
    boosts = [unit(size, p[i], last) + unit(size, 0, x[i]) for i in range(n)]
    result = [*momenta, *boosts, 2 * unit(size, 0, last)]
    if rotations:
        result += [
            sum(unit(size, s[i], s[j]) - unit(size, s[j], s[i]) for s in (x, p))
            for i in range(n)
            for j in range(i)
        ]
    parts = {
        "energy": sum(unit(size, x[i], p[i]) for i in range(n)),
        "expansion": sum(unit(size, p[i], x[i]) for i in range(n)),
        "dilation": sum(unit(size, x[i], x[i]) - unit(size, p[i], p[i]) for i in range(n)),
    }
    return result + [np.asarray(parts[name]) for name in time]


def massless_galilean(n: int) -> list[np.ndarray]:
    """x → Rx + vt + a, t → t + b, on (x, t, 1)."""
    size = n + 2
    rotations = [np.pad(A, ((0, 2), (0, 2))) for A in orthogonal(n)]
    boosts = [unit(size, i, n) for i in range(n)]
    shifts = [unit(size, i, n + 1) for i in range(n + 1)]
    return [*rotations, *boosts, *shifts]


def structure_constants(matrices: Sequence[np.ndarray]) -> np.ndarray:
    """c with [M_i, M_j] = c[i, j, k] M_k.

    Raises `ValueError` for matrices that are dependent, or not closed under the bracket.
    """
    basis = np.array([M.ravel() for M in matrices]).T
    brackets = np.array([[(A @ B - B @ A).ravel() for B in matrices] for A in matrices])
    n = len(matrices)
    solution, _, rank, _ = np.linalg.lstsq(basis, brackets.reshape(n * n, -1).T, rcond=None)
    defect = np.abs(basis @ solution - brackets.reshape(n * n, -1).T).max()
    if rank < n or defect > 1e-9:
        raise ValueError("the matrices are dependent or not closed under the bracket")
    return np.where(np.abs(solution) < 1e-12, 0.0, solution).T.reshape(n, n, n)


def standard_matrices() -> Iterator[tuple[str, list[np.ndarray]]]:
    """(name, matrices) of the algebras that `LieAlgebra.name` recognises."""
    yield "so(3)", orthogonal(3)
    yield "sl(2,R)", special_linear(2)
    for p, q in ((3, 1), (4, 0), (5, 0), (4, 1), (3, 2), (4, 2), (5, 1)):
        yield (f"so({p},{q})" if q else f"so({p})"), orthogonal(p, q)
    yield "sl(3,R)", special_linear(3)
    yield "aff(1,R)", affine([np.eye(1)])
    for p, q in ((1, 1), (2, 0), (2, 1), (3, 0), (3, 1)):
        name = f"iso({p},{q})" if q else f"iso({p})"
        yield name, affine(orthogonal(p, q))
        yield f"{name} ⋊ dilation", affine([*orthogonal(p, q), np.eye(p + q)])
    yield "sl(2,R) ⋉ R^2", affine(special_linear(2))
    yield "gl(2,R) ⋉ R^2", affine([*special_linear(2), np.eye(2)])
    yield "Heisenberg h(1)", galilean(1, rotations=False, time=())
    yield "Heisenberg h(2)", galilean(2, rotations=False, time=())
    yield "Heisenberg h(1) ⋊ dilation", galilean(1, rotations=False, time=("dilation",))
    for n in (1, 2, 3):
        yield f"Galilei({n}) with mass (Bargmann)", galilean(n, rotations=True, time=("energy",))
        yield (
            f"Galilei({n}) with mass and dilation",
            galilean(n, rotations=True, time=("energy", "dilation")),
        )
        yield (
            f"Schrödinger({n})",
            galilean(n, rotations=True, time=("energy", "dilation", "expansion")),
        )
    for n in (2, 3):
        yield f"Galilei({n})", massless_galilean(n)
