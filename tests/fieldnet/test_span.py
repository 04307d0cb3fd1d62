"""Figures of a span: angles, closure, Killing form, and structure constants up to a change of basis."""

import numpy as np
import pytest

from fieldnet.symmetry.span import (
    change_basis,
    closure,
    killing_form,
    killing_signature,
    match_structure,
    principal_angles,
)
from lagrangians.symmetries.names import standard_algebras

ROTATIONS = np.array(
    [
        [[0, 0, 0], [0, 0, -1], [0, 1, 0]],
        [[0, 0, 1], [0, 0, 0], [-1, 0, 0]],
        [[0, -1, 0], [1, 0, 0], [0, 0, 0]],
    ],
    dtype=float,
)
ALGEBRAS = dict(standard_algebras())


def commutator(x, y):
    a, b = x.reshape(3, 3), y.reshape(3, 3)
    return (a @ b - b @ a).ravel()


def test_angles_do_not_depend_on_the_basis():
    draw = np.random.default_rng(0)
    rows = draw.standard_normal((3, 9))
    assert principal_angles(rows, draw.standard_normal((3, 3)) @ rows) == pytest.approx([0, 0, 0], abs=1e-5)


def test_angles_of_a_turned_plane():
    turned = [[1, 0, 0], [0, np.cos(0.3), np.sin(0.3)]]
    assert principal_angles(np.eye(3)[:2], turned) == pytest.approx([0, np.degrees(0.3)], abs=1e-5)
    assert principal_angles([1.0, 0, 0], [0, 1.0, 0]) == pytest.approx([90])


def test_angles_need_rows_of_one_length():
    with pytest.raises(ValueError, match="expected rows of one length"):
        principal_angles(np.eye(3), np.eye(4))


def test_rotations_close():
    mixed = np.random.default_rng(1).standard_normal((3, 3)) @ ROTATIONS.reshape(3, 9)
    found = closure(mixed, commutator)
    assert found.defect < 1e-12
    assert found.basis @ found.basis.T == pytest.approx(np.eye(3), abs=1e-12)
    brackets = np.array([[commutator(x, y) for y in found.basis] for x in found.basis])
    assert np.einsum("ijk,kl->ijl", found.structure_constants, found.basis) == pytest.approx(brackets)
    assert killing_signature(found.structure_constants) == (0, 3, 0)


def test_random_matrices_do_not_close():
    found = closure(np.random.default_rng(2).standard_normal((3, 9)), commutator)
    assert found.defect > 0.5


def test_two_rotations_do_not_close_and_one_does():
    assert closure(ROTATIONS[:2].reshape(2, 9), commutator).defect == pytest.approx(1)
    assert closure(ROTATIONS[:1].reshape(1, 9), commutator).defect == 0


def test_killing_form_of_rotations():
    """K = −2 in the basis with [e_i, e_j] = ε_ijk e_k."""
    rows = ROTATIONS.reshape(3, 9)
    c = closure(rows, commutator, orthonormal=False).structure_constants
    assert killing_form(c) == pytest.approx(-2 * np.eye(3))


def test_killing_form_changes_as_a_form():
    g = np.random.default_rng(3).standard_normal((3, 3))
    c = ALGEBRAS["sl(2,R)"]
    assert killing_form(change_basis(c, g)) == pytest.approx(g @ killing_form(c) @ g.T)


@pytest.mark.parametrize("name", ["so(3)", "sl(2,R)", "Heisenberg h(1)", "so(3,1)", "gl(2,R) ⋉ R^2"])
def test_matches_itself_in_another_basis(name):
    truth = ALGEBRAS[name]
    n = len(truth)
    g = np.linalg.qr(np.random.default_rng(4).standard_normal((n, n)))[0] + 0.1 * np.eye(n)
    found, error = match_structure(change_basis(truth, g), truth)
    assert error < 1e-6
    assert change_basis(change_basis(truth, g), found) == pytest.approx(truth, abs=1e-6)


def test_so3_is_not_sl2():
    assert match_structure(ALGEBRAS["so(3)"], ALGEBRAS["sl(2,R)"])[1] > 0.3
    assert match_structure(ALGEBRAS["sl(2,R)"], ALGEBRAS["so(3)"])[1] > 0.3


def test_matches_with_noise():
    c = ALGEBRAS["so(3,1)"]
    noisy = c + 0.01 * np.random.default_rng(5).standard_normal(c.shape)
    assert match_structure(noisy, c, starts=4)[1] < 0.1


def test_match_needs_one_dimension():
    with pytest.raises(ValueError, match="expected the same"):
        match_structure(ALGEBRAS["so(3)"], ALGEBRAS["so(3,1)"])
