"""Quadratic forms: WᵀηW = M, and the signature under congruence."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from lagrangians import factor_form, signature
from lagrangians.factor import elimination_pivots, generic_signature

signs = st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=6)
seeds = st.integers(0, 10**6)


def rotated(diagonal: list[float], seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    Q = np.linalg.qr(draw.standard_normal((len(diagonal), len(diagonal))))[0]
    return Q @ np.diag(diagonal) @ Q.T


@given(signs, seeds)
def test_the_factors_give_the_form_back(kinds: list[int], seed: int) -> None:
    """W has one row a nonzero eigenvalue, η = diag(±1) with the positive ones first."""
    sizes = np.random.default_rng(seed).uniform(0.1, 10, len(kinds))
    M = rotated(list(sizes * kinds), seed)
    W, eta = factor_form(M)
    rank = int(np.count_nonzero(kinds))
    assert W.shape == (rank, len(kinds))
    np.testing.assert_allclose(W.T @ eta @ W, M, atol=1e-12)
    np.testing.assert_array_equal(np.diag(eta), sorted((k for k in kinds if k), reverse=True))


@given(signs, seeds)
def test_signature_counts_signs_and_obeys_sylvesters_law(kinds: list[int], seed: int) -> None:
    M = rotated([float(k) for k in kinds], seed)
    S = np.eye(len(kinds)) + 0.3 * rotated(list(np.linspace(-1, 1, len(kinds))), seed + 1)
    expected = (kinds.count(1), kinds.count(-1), kinds.count(0))
    assert signature(M) == expected
    assert signature(S.T @ M @ S) == expected


def test_the_tolerance_decides_what_is_zero() -> None:
    M = np.diag([1.0, 1e-6, -1e-6])
    assert signature(M) == (2, 1, 0)
    assert signature(M, tolerance=1e-5) == (1, 0, 2)
    assert factor_form(M, tolerance=1e-5)[0].shape == (1, 3)
    assert signature(np.zeros((2, 2))) == (0, 0, 2)


@pytest.mark.parametrize("function", [signature, factor_form])
def test_what_is_no_symmetric_matrix_is_refused(function) -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 3\), expected a square matrix"):
        function(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="not symmetric; pass"):
        function([[1.0, 0.5], [0.0, 1.0]])


a, b, c = sympy.symbols("a b c")


@pytest.mark.parametrize(
    "weight, metric, expected",
    [
        ([[a, b, c]], [[1]], (1, 0, 2)),
        ([[a, b], [c, 1]], [[1, 0], [0, -1]], (1, 1, 0)),
        ([[a, b], [2 * a, 2 * b]], [[1, 0], [0, 1]], (1, 0, 1)),
        ([[a, b], [2 * a, 2 * b]], [[1, 0], [0, -1]], (0, 1, 1)),
        ([[a, b], [2 * a, 2 * b]], [[4, 0], [0, -1]], (0, 0, 2)),
        ([[1, 0], [0, 1]], [[0, 1], [1, 0]], (1, 1, 0)),
        ([[1, 0], [0, 1]], [[0, a], [a, 0]], (1, 1, 0)),
        ([[sympy.sqrt(2), 0.5]], [[-(a**2)]], (0, 1, 1)),
        ([[0, 0]], [[1]], (0, 0, 2)),
    ],
)
def test_the_signature_of_symbolic_weights(weight: list, metric: list, expected: tuple) -> None:
    """Of WᵀηW for generic values: the same as with random numbers put in."""
    W, eta = sympy.Matrix(weight), sympy.Matrix(metric)
    assert generic_signature(W, eta) == expected
    values = dict(zip((a, b, c), (0.7, -1.3, 0.4), strict=True))
    assert signature(np.array((W.T * eta * W).subs(values).tolist(), dtype=float)) == expected


def test_a_signature_that_depends_on_the_symbols_is_refused() -> None:
    with pytest.raises(ValueError, match="the signature depends on the sign of a"):
        generic_signature(sympy.Matrix([[1]]), sympy.Matrix([[a]]))
    with pytest.raises(ValueError, match="got symbols in the matrix"):
        signature([[a, 0], [0, 1]])


def test_elimination_keeps_the_signature() -> None:
    draw = np.random.default_rng(3)
    for _ in range(10):
        M = sympy.Matrix(4, 4, list(map(int, draw.integers(-2, 3, 16))))
        M = M + M.T
        pivots = elimination_pivots(M)
        counts = [sum(1 for p in pivots if p > 0), sum(1 for p in pivots if p < 0), pivots.count(0)]
        assert tuple(counts) == signature(np.array(M.tolist(), dtype=float))
