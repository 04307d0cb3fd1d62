"""Generators from pairs and from functions: dimension, span, algebra; and none where there are none."""

import numpy as np
import pytest
import torch

from fieldnet.symmetry.ansatz import Matrices, PolynomialFields
from fieldnet.symmetry.elements import fit_groups
from fieldnet.symmetry.equivariance import discover_function_symmetries
from fieldnet.symmetry.exponential import exponential_with_slopes, fit_elements
from fieldnet.symmetry.gap import find_gap
from fieldnet.symmetry.low_pass import LowPass, choose_low_pass
from fieldnet.symmetry.pairs import discover_generators
from fieldnet.symmetry.tasks import (
    Pairs,
    action_cosine,
    affine_images,
    block_ansatz,
    generic_map,
    invariant_targets,
    matrix_cosine,
    moved_vectors,
    pseudo_orthogonal,
    random_basis,
    rotation_of_vectors,
    scattered_vectors,
    two_bodies,
    unrelated_vectors,
)

FLAT = [1.0, 0.9, 0.8, 0.7]


# The count


def test_gap_of_a_span():
    gap = find_gap(np.array([9.0, 8.0, 1.1, 1.0]), [np.array(FLAT)], noise=1.0)
    assert (gap.dimension, gap.ratio) == (2, pytest.approx(8 / 1.1))


def test_gap_of_a_null_space():
    gap = find_gap(np.array([0.5, 0.01, 0.02, 0.6]), [np.array(FLAT)], nulls=True, noise=0.01)
    assert gap.dimension == 2


def test_noise_in_front_of_a_null_space_means_none():
    """All values far above the noise: the largest gap is in front of the first."""
    gap = find_gap(np.array([0.2, 0.5, 0.6]), [np.array(FLAT)], nulls=True, noise=0.01)
    assert gap.dimension == 0


def test_no_gap_beyond_the_controls():
    values = np.array([9.0, 3.0, 1.0])
    assert find_gap(values, [np.array(FLAT)]).dimension == 1
    assert find_gap(values, [np.array(FLAT), np.array([5.0, 2.5])]).dimension == 0


def test_round_off_is_no_gap():
    gap = find_gap(np.array([1.0, 0.9, 1e-12, 1e-16]), [np.array(FLAT)])
    assert gap.dimension == 2


def test_gap_needs_a_control():
    with pytest.raises(ValueError, match="shuffle the partners"):
        find_gap(np.array([1.0]), [])


# The exponential


def test_exponential_of_matrices_and_its_slopes():
    draw = torch.Generator().manual_seed(0)
    theta = torch.randn(3, 9, generator=draw, dtype=torch.float64)
    x = torch.randn(3, 4, 3, generator=draw, dtype=torch.float64)
    every = Matrices.every(3)
    value, slopes = exponential_with_slopes(every, theta, x)
    assert torch.allclose(value, x @ torch.linalg.matrix_exp(theta.reshape(3, 3, 3)).mT)
    step = torch.zeros_like(theta)
    step[:, 5] = 1e-6
    change = (
        exponential_with_slopes(every, theta + step, x)[0]
        - exponential_with_slopes(every, theta - step, x)[0]
    )
    assert torch.allclose(slopes[:, 5], change / 2e-6, atol=1e-6)


def test_exponential_of_fields_shifts_images():
    """exp(a ∂_0) f(s) = f(s + a e_0)."""
    fields = PolynomialFields((20, 20), 1)
    line = np.linspace(-1, 1, 20)
    s, r = np.meshgrid(line, line, indexing="ij")
    f = lambda shift: np.exp(-((s + shift) ** 2 + r**2) / 0.08).reshape(1, 1, -1)  # noqa: E731
    theta = torch.zeros(1, fields.size, dtype=torch.float64)
    theta[0, 0] = 0.2
    moved = exponential_with_slopes(fields, theta, torch.tensor(f(0.0)))[0]
    assert moved.numpy() == pytest.approx(f(0.2), abs=1e-4)


def test_bracket_of_fields_is_the_commutator_of_operators():
    small, large = PolynomialFields((24, 24), 2), PolynomialFields((24, 24), 3)
    x, y = np.random.default_rng(0).standard_normal((2, small.size))
    line = np.linspace(-1, 1, 24)
    s, r = np.meshgrid(line, line, indexing="ij")
    f = torch.tensor(np.exp(-((s - 0.1) ** 2 + r**2) / 0.06).reshape(1, 1, -1))
    apply = lambda fields, c, u: fields.combine(torch.tensor(c)[None], u)  # noqa: E731
    commutator = apply(small, x, apply(small, y, f)) - apply(small, y, apply(small, x, f))
    bracket = apply(large, small.bracket(x, y), f)
    assert float((commutator - bracket).abs().max()) < 1e-3 * float(commutator.abs().max())


def test_meeting_half_way_recovers_the_element():
    truth = 0.5 * torch.randn(4, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    y = x @ torch.linalg.matrix_exp(truth.reshape(4, 3, 3)).mT
    found = fit_elements(Matrices.every(3), x, y)
    assert torch.allclose(found.theta, truth, atol=1e-9)


# Pairs of single vectors


@pytest.mark.parametrize(
    "p, q, name, signature", [(3, 0, "so(3)", (0, 3, 0)), (3, 1, "so(3,1)", (3, 3, 0))], ids=["so3", "so31"]
)
def test_pairs_in_random_coordinates(p, q, name, signature):
    """t unknown and large; coordinates in which the invariant form is nothing familiar."""
    n = p + q
    basis = random_basis(n, 1)
    data = moved_vectors(pseudo_orthogonal(p, q, basis), size=1.0 if q == 0 else 0.5, noise=0.01)
    found = discover_generators(data.x, data.y, resamples=3)
    assert found.dimension == len(data.truth)
    assert found.angles(data.truth).max() < 2
    assert found.name == name
    assert found.signature == signature
    assert found.closure_defect < 1e-6
    assert found.spread.max() < 4
    assert found.held_out.found < 0.1 * min(found.held_out.identity, found.held_out.control)
    metric = np.linalg.inv(basis).T @ np.diag([1.0] * p + [-1.0] * q) @ np.linalg.inv(basis)
    assert matrix_cosine(found.invariant, metric) > 0.999


def test_shuffled_partners_have_none():
    data = moved_vectors(pseudo_orthogonal(3, 0), pairs=120).shuffled()
    found = discover_generators(data.x, data.y, resamples=2)
    assert found.dimension == 0
    assert found.verdict.startswith("none")


@pytest.mark.parametrize("data", [unrelated_vectors(), scattered_vectors()], ids=["unrelated", "scattered"])
def test_pairs_without_symmetry(data):
    assert discover_generators(data.x, data.y, resamples=2).dimension == 0


def test_one_generator_without_invariants():
    """An expanding spiral: no polynomial is invariant."""
    generator = np.array([[[0.3, -1.0, 0.0], [1.0, 0.3, 0.2], [0.0, 0.0, 0.5]]])
    data = moved_vectors(generator, pairs=120, size=0.7, noise=0.01)
    found = discover_generators(data.x, data.y, resamples=2)
    assert (found.dimension, found.method, found.name) == (1, "orbits", "R")
    assert found.angles(data.truth).max() < 2


def test_groups_of_vectors_determine_any_algebra():
    """gl-type: rotations and a scaling together, which keep no polynomial."""
    generators = np.concatenate([pseudo_orthogonal(3, 0, random_basis(3, 2)), np.eye(3)[None]])
    data = moved_vectors(generators, pairs=60, vectors=8, size=0.5, noise=0.01)
    found = discover_generators(data.x, data.y, group=np.repeat(np.arange(60), 8))
    assert (found.dimension, found.method) == (4, "elements")
    assert found.angles(data.truth).max() < 2
    assert found.closure_defect < 0.05


def grouped(generators, noise, size=1.0):
    data = moved_vectors(np.array(generators), pairs=40, vectors=10, size=size, noise=noise)
    return discover_generators(data.x, data.y, group=np.repeat(np.arange(40), 10), resamples=2)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_commuting_generators_are_named_in_noise(noise):
    """The brackets of two commuting rotations are noise, of which most leaves the span."""
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    found = grouped([np.kron(np.diag(place), turn) for place in ([1, 0], [0, 1])], noise)
    assert (found.dimension, found.name) == (2, "R^2")


def test_a_central_factor_is_named():
    """gl(2,R), not an algebra that it contracts to."""
    found = grouped(np.eye(4).reshape(4, 2, 2), 0.01, size=0.5)
    assert (found.dimension, found.name, found.signature) == (4, "sl(2,R) ⊕ R", (2, 1, 1))


def test_groups_of_unequal_size_are_cut_to_keep_most_pairs():
    data = moved_vectors(pseudo_orthogonal(3, 0), pairs=20, vectors=8)
    labels = np.repeat(np.arange(20), 8)
    labels[0] = 99
    assert discover_generators(data.x, data.y, group=labels, resamples=1).method == "elements"


def test_a_group_that_does_not_move_has_no_generator():
    draw = np.random.default_rng(0)
    x = draw.standard_normal((320, 3))
    y = x + 0.02 * draw.standard_normal(x.shape)
    assert discover_generators(x, y, group=np.repeat(np.arange(40), 8)).dimension == 0


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="expected equal shapes"):
        discover_generators(np.zeros((9, 3)), np.zeros((9, 2)))
    with pytest.raises(ValueError, match="expected one for each of 9 pairs"):
        discover_generators(np.ones((9, 3)), np.ones((9, 3)), group=[1, 2])
    with pytest.raises(ValueError, match="not finite"):
        discover_generators(np.full((9, 3), np.nan), np.zeros((9, 3)))
    with pytest.raises(ValueError, match="not real numbers"):
        discover_generators(np.full((9, 3), 1j), np.zeros((9, 3)))
    with pytest.raises(ValueError, match="0 throughout"):
        discover_generators(np.zeros((9, 3)), np.zeros((9, 3)))
    with pytest.raises(ValueError, match="not empty"):
        discover_generators(np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(ValueError, match="got resamples 8 and seed -1"):
        discover_generators(np.ones((9, 3)), np.ones((9, 3)), seed=-1)
    with pytest.raises(ValueError, match="with one matrix or more"):
        discover_generators(np.ones((9, 3)), np.ones((9, 3)), ansatz=np.zeros((0, 3, 3)))
    with pytest.raises(ValueError, match="less than its shortest axis"):
        PolynomialFields((5, 9), 5)
    with pytest.raises(ValueError, match="at least 8"):
        discover_generators(np.ones((4, 3)), np.ones((4, 3)))
    with pytest.raises(ValueError, match="expected 3 for data"):
        discover_generators(np.ones((9, 3)), np.ones((9, 3)), ansatz=np.eye(4)[None])


# Images


def test_low_pass_is_a_projection_on_its_modes():
    low_pass = LowPass((9, 7), 0.5)
    image = torch.randn(3, 1, 63, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    basis = low_pass.basis()
    assert basis @ basis.T == pytest.approx(np.eye(low_pass.modes), abs=1e-12)
    assert 0 < low_pass.modes < 63
    assert torch.allclose(low_pass(image), image @ basis.T @ basis)
    assert torch.equal(LowPass((9, 7), None)(image), image)


@pytest.mark.parametrize("noise, cut", [(0.0, False), (0.05, True)])
def test_the_cut_is_chosen_by_the_noise(noise, cut):
    data = affine_images(pairs=6, size=16, reach=0.3, noise=noise)
    x, y = (torch.tensor(images.reshape(6, 1, -1)) for images in (data.x, data.y))
    assert (choose_low_pass(PolynomialFields((16, 16), 1), x, y).cut is not None) == cut


def test_standard_errors_count_noise_in_the_slopes():
    """θ = 0: the spectrum of θ_p in units of its standard error is 1 if the errors are right."""
    data = affine_images(pairs=40, size=12, reach=0.0, noise=0.2)
    x, y = (torch.tensor(images.reshape(40, 1, -1)) for images in (data.x, data.y))
    values = fit_groups(PolynomialFields((12, 12), 1), x, y).singular_values()
    assert 0.4 < values.min() < values.max() < 1.6


def test_affine_group_of_images():
    """Six generators among the twelve of degree ≤ 2, near the identity."""
    data = affine_images(pairs=16, size=18, reach=0.3)
    found = discover_generators(data.x, data.y, ansatz=PolynomialFields((18, 18), 2), resamples=2)
    assert found.dimension == 6
    assert found.angles(data.truth).max() < 0.1
    assert found.closure_defect < 1e-3
    assert found.name == "gl(2,R) ⋉ R^2"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_affine_group_far_from_the_identity(seed):
    data = affine_images(pairs=40, size=20, reach=1.0, seed=seed)
    ansatz = PolynomialFields((20, 20), 2)
    found = discover_generators(data.x, data.y, ansatz=ansatz, resamples=4)
    assert found.dimension == 6
    assert found.angles(data.truth).max() < 2
    assert found.name == "gl(2,R) ⋉ R^2"
    wrong = data.shuffled(seed)
    assert discover_generators(wrong.x, wrong.y, ansatz=ansatz, resamples=2).dimension == 0


# Functions


@pytest.mark.parametrize("p, q, name", [(3, 0, "so(3)"), (3, 1, "so(3,1)")], ids=["so3", "so31"])
@pytest.mark.parametrize("noise", [0.0, 0.05], ids=["clean", "noise5"])
def test_invariant_targets(p, q, name, noise):
    data = invariant_targets(p, q, random_basis(p + q, 1), samples=2000, noise=noise)
    found = discover_function_symmetries(data.x, data.y, resamples=3)
    assert found.dimension == len(data.truth)
    assert found.angles(data.truth).max() < (1 if noise == 0 else 8)
    if noise == 0:
        assert found.name == name


def test_generic_function_has_none():
    data = generic_map()
    assert discover_function_symmetries(data.x, data.y, resamples=2).dimension == 0


def test_generic_map_of_states_has_none():
    data = generic_map(outputs=3)
    found = discover_function_symmetries(data.x, data.x + 0.3 * data.y, equivariant=True, resamples=2)
    assert found.dimension == 0


def test_shuffled_targets_have_none():
    data = invariant_targets(3, 0)
    wrong: Pairs = data.shuffled()
    assert discover_function_symmetries(wrong.x, wrong.y, resamples=2).dimension == 0


@pytest.mark.parametrize("noise", [0.0, 0.01], ids=["clean", "noise1"])
def test_two_bodies_with_the_block_ansatz(noise):
    """Adversarial discovery with this ansatz: cosine 0.9998."""
    data = two_bodies(noise=noise)
    found = discover_function_symmetries(data.x, data.y, equivariant=True, ansatz=block_ansatz(4))
    assert found.dimension == 1
    assert matrix_cosine(found.matrices[0], rotation_of_vectors(4)) > 0.9999


def test_two_bodies_without_an_ansatz():
    """32 of the 64 directions do nothing on centre-of-mass orbits; what is left has one symmetry."""
    data = two_bodies()
    found = discover_function_symmetries(data.x, data.y, equivariant=True)
    assert (found.dimension, found.undetermined) == (1, 32)
    assert action_cosine(found.matrices[0], rotation_of_vectors(4), data.x) > 0.9999
    wrong = data.shuffled()
    assert discover_function_symmetries(wrong.x, wrong.y, equivariant=True, resamples=2).dimension == 0


def test_function_arguments_are_checked():
    with pytest.raises(ValueError, match="the same for a map of states"):
        discover_function_symmetries(np.zeros((30, 3)), np.zeros((30, 2)), equivariant=True)
    with pytest.raises(ValueError, match="at least 20"):
        discover_function_symmetries(np.zeros((3, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="expected \\(samples, n\\)"):
        discover_function_symmetries(np.zeros((30, 3)), np.zeros(20))
