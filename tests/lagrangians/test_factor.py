"""Quadratic forms: WᵀηW = M, and the signature under congruence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lagrangians import factor_form, signature

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
