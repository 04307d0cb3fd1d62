"""module(g f) = g' module(f): the public check, and what point-wise nonlinearities keep."""

import pytest
import torch
from torch import nn

from fieldnet import LConv, algebras
from fieldnet.generators import Circulant, Dense, Fixed, Representation
from fieldnet.group_convolution import GroupKernel, approximate_group_convolution, exponential_action
from fieldnet.testing import assert_equivariant, equivariance_error

DOUBLE = torch.float64
BOTH = pytest.mark.parametrize("mode", ["finite", "infinitesimal"])
DERIVATIVE = Circulant.derivative((15,), dtype=DOUBLE)


def band_limited(points, modes, *batch):
    """Random real features with wavenumbers up to `modes`. shape: (*batch, points)"""
    spectrum = torch.zeros(*batch, points // 2 + 1, dtype=torch.complex128)
    spectrum[..., : modes + 1] = torch.randn(*batch, modes + 1, dtype=torch.complex128)
    return torch.fft.irfft(spectrum, n=points) * points


def features(*shape):
    return torch.randn(*shape, dtype=DOUBLE)


class Scaled(nn.Module):
    """x → x·|x|², equivariant under rotations; |x|² alone is invariant."""

    def forward(self, x):
        return x * x.square().sum(-1, keepdim=True)


def squared_length(x):
    return x.square().sum(-1, keepdim=True)


# Equivariant modules, and controls


@BOTH
def test_commuting_layers_are_equivariant(mode):
    """Circular convolutions and circulant L-convs commute with translations by any real number of steps."""
    conv = nn.Conv1d(2, 3, 5, padding=2, padding_mode="circular", dtype=DOUBLE)
    layer = LConv(3, 2, Circulant((15,), 3, dtype=DOUBLE), bias=True, dtype=DOUBLE)
    assert_equivariant(nn.Sequential(conv, layer), DERIVATIVE, features(4, 2, 15), mode=mode, scale=3.0)


@BOTH
def test_a_zero_padded_convolution_and_a_dense_layer_are_not(mode):
    f = features(4, 2, 15)
    conv = nn.Conv1d(2, 2, 5, padding=2, dtype=DOUBLE)
    dense = LConv(2, 2, Dense(1, 15, dtype=DOUBLE), dtype=DOUBLE)
    for module in (conv, nn.Linear(15, 15, dtype=DOUBLE), dense):
        with pytest.raises(AssertionError, match="equivariance fails"):
            assert_equivariant(module, DERIVATIVE, f, mode=mode, tolerance=0.02)


@BOTH
def test_modules_on_vectors_under_an_algebra(mode):
    """x|x|² is equivariant and |x|² invariant under so(3); under so(1,2) neither is."""
    x, so3, so12 = features(6, 3), algebras.rotations(3), algebras.special_orthogonal(1, 2)
    assert_equivariant(Scaled(), so3, x, mode=mode)
    assert_equivariant(squared_length, so3, x, "invariant", mode=mode)
    assert_equivariant(squared_length, so3.matrices, x, None, mode=mode)
    minkowski = torch.tensor([1.0, -1.0, -1.0], dtype=DOUBLE)
    assert_equivariant(lambda x: (x.square() * minkowski).sum(-1), so12, x, "invariant", mode=mode)
    errors = equivariance_error(squared_length, so12, x, "invariant", mode=mode)
    assert errors[:2].min() > 1e-2
    assert errors[2].max() < 1e-12


@BOTH
def test_points_of_an_affine_algebra(mode):
    """Differences of points lose the translations of se(2): x_i − x_1 → R(x_i − x_1)."""
    se2, points = algebras.special_euclidean(2), features(5, 2)
    rotations_only = se2.matrices[:, :2, :2]
    assert_equivariant(lambda x: x - x[:1], se2, points, rotations_only, mode=mode)
    with pytest.raises(AssertionError, match="generator 1"):
        assert_equivariant(lambda x: x * 1.0 + x[:1], se2, points, rotations_only, mode=mode)


@BOTH
def test_another_representation_on_the_output(mode):
    """The cross product of two vectors is a vector; the outer product is the tensor representation."""
    so3 = algebras.rotations(3)
    own = torch.eye(3, dtype=DOUBLE)
    tensors = torch.stack([torch.kron(L, own) + torch.kron(own, L) for L in so3.matrices])
    pair = features(4, 2, 3)
    assert_equivariant(lambda x: torch.linalg.cross(x[:, 0], x[:, 1]), so3, pair, mode=mode)

    def outer(x):
        return torch.einsum("na,nb->nab", x[:, 0], x[:, 1]).flatten(1)

    assert_equivariant(outer, so3, pair, tensors, mode=mode)
    with pytest.raises(AssertionError):
        assert_equivariant(outer, so3, pair, tensors + 0.1 * torch.randn_like(tensors), mode=mode)
    as_module = Representation(matrices=so3.matrices)
    assert_equivariant(Scaled(), as_module, features(4, 3), mode=mode)


def test_given_transformations():
    """Functions (t, f) → g_t f, here whole shifts, for a group that has no generator on the grid."""
    shifts = [lambda t, f: f.roll(int(t.round()), -1)]
    conv = nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular", dtype=DOUBLE)
    assert_equivariant(conv, shifts, features(2, 1, 16), scale=8)
    with pytest.raises(AssertionError):
        assert_equivariant(nn.Conv1d(1, 1, 3, padding=1, dtype=DOUBLE), shifts, features(2, 1, 16), scale=8)
    assert_equivariant(lambda x: x.sum(-1), shifts, features(2, 1, 16), "invariant", scale=8)


@BOTH
def test_smooth_given_transformations(mode):
    scalings = [lambda t, x: torch.exp(t) * x]
    cubes = [lambda t, x: torch.exp(3 * t) * x]
    assert_equivariant(Scaled(), scalings, features(5, 3), cubes, mode=mode)
    with pytest.raises(AssertionError):
        assert_equivariant(Scaled(), scalings, features(5, 3), mode=mode)


@BOTH
def test_layers_of_rotations_commute_with_rotations_alone(mode):
    """L-convs over so(2) on the plane are equivariant under it and not under translations; those over se(2),
    which is not abelian, not even under rotations.
    """
    so2, se2, planar = (
        algebra.on_grid((9, 9), dtype=DOUBLE)
        for algebra in (algebras.rotations(2), algebras.special_euclidean(2), algebras.translations(2))
    )
    f = features(2, 1, 9, 9)
    layer = LConv(1, 2, so2, dtype=DOUBLE)
    assert_equivariant(layer, so2, f, mode=mode)
    assert equivariance_error(layer, planar, f, mode=mode).min() > 1e-2
    assert equivariance_error(LConv(1, 2, se2, dtype=DOUBLE), so2, f, mode=mode).min() > 1e-2


def test_an_approximate_group_convolution_is_equivariant():
    """A convolution over an abelian group commutes with it, at every depth."""
    kernel = GroupKernel.from_function(lambda z: torch.exp(-(z**2).sum(1)), (1.0,), 4)
    network = approximate_group_convolution(kernel, DERIVATIVE, 8)
    assert_equivariant(network, DERIVATIVE, features(2, 1, 15))


# What is reported


def test_the_message_says_which_generator_and_sample():
    two = torch.stack([torch.zeros(3, 3), torch.zeros(3, 3)]).double()
    two[0, 0, 1], two[0, 1, 0] = -1.0, 1.0
    two[1, 2, 2] = 1.0
    x = features(4, 3)

    def module(x):
        return torch.stack([x[:, 0], x[:, 1], x[:, 2].tanh()], -1)

    errors = equivariance_error(module, two, x, samples=4, seed=3)
    assert errors.shape == (2, 4)
    assert errors[0].max() < 1e-12
    sample = int(errors[1].argmax())
    expected = (
        rf"got a relative error of [\d.e-]+ for generator 1, sample {sample}, seed 3; expected at most 1e-09"
    )
    with pytest.raises(AssertionError, match=expected):
        assert_equivariant(module, two, x, samples=4, seed=3)


def test_seeds_scales_and_small_steps():
    """The seed draws the group elements; the finite error tends to the infinitesimal one, linearly in t."""
    module, x, so3 = nn.Linear(3, 3, dtype=DOUBLE), features(4, 3), algebras.rotations(3)
    first, again, other = (equivariance_error(module, so3, x, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    one, half = (equivariance_error(module, so3, x, scale=scale) for scale in (1e-4, 5e-5))
    torch.testing.assert_close(one / half, torch.full_like(one, 2.0), rtol=1e-2, atol=0)
    still = equivariance_error(module, so3, x, scale=[1e-3, 1e-3, 1.0])
    assert still[:2].max() < 1e-2 < still[2].max()


def test_modules_keep_mode_statistics_and_random_state():
    """Dropout draws the same mask for f and gf; batch statistics and the global state are left alone."""
    drop = nn.Sequential(nn.Dropout(0.5), nn.Conv1d(2, 2, 1, dtype=DOUBLE))

    def per_channel(f):
        return nn.functional.dropout1d(f, 0.5)

    norm = nn.BatchNorm1d(2, dtype=DOUBLE)
    f, state = features(4, 2, 15), torch.get_rng_state()
    assert_equivariant(per_channel, DERIVATIVE, f)
    assert_equivariant(norm, DERIVATIVE, f, tolerance=1.0)
    with pytest.raises(AssertionError):
        assert_equivariant(drop, DERIVATIVE, f)
    assert drop.training
    assert norm.training
    assert norm.num_batches_tracked == 0
    assert torch.equal(norm.running_mean, torch.zeros(2, dtype=DOUBLE))
    assert torch.equal(state, torch.get_rng_state())
    first = equivariance_error(drop, DERIVATIVE, f)
    torch.rand(7)
    assert torch.equal(first, equivariance_error(drop, DERIVATIVE, f))
    drop.eval()
    assert_equivariant(drop, DERIVATIVE, f)
    assert_equivariant(norm, DERIVATIVE, f, mode="infinitesimal", tolerance=1e-9)
    assert norm.num_batches_tracked == 0


def test_dtype_follows_the_inputs():
    conv = nn.Conv1d(2, 2, 5, padding=2, padding_mode="circular")
    errors = equivariance_error(conv, DERIVATIVE, torch.randn(3, 2, 15))
    assert errors.dtype == torch.float32
    assert_equivariant(conv, DERIVATIVE, torch.randn(3, 2, 15))
    small = torch.randn(3, 2, 15, generator=torch.Generator().manual_seed(4)).bfloat16()
    assert_equivariant(conv.bfloat16(), DERIVATIVE, small, scale=0.3)
    assert DERIVATIVE.kernel.dtype == DOUBLE


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((DERIVATIVE, torch.ones(1, 1, 15).double()), {}, "generator 0 leaves the inputs as they are"),
        ((torch.ones(1, 4, 4), torch.ones(2, 3)), {}, r"expected \(count, d, d\) with d = 3"),
        (
            (algebras.rotations(3), torch.ones(2, 3), algebras.rotations(2)),
            {},
            "3 generators on the input and 1",
        ),
        ((algebras.rotations(3), torch.ones(2, 3), "none"), {}, "'none', expected 'same' or 'invariant'"),
        ((algebras.rotations(3), torch.ones(2, 3)), {"mode": "small"}, "the mode 'small'"),
        ((algebras.rotations(3), torch.ones(2, 3)), {"scale": [1.0, 2.0]}, "got 2 scales"),
        (([], torch.ones(2, 3)), {}, "expected a GeneratorModule"),
        ((algebras.rotations(3), torch.ones(2, 3)), {"samples": 0}, "got 0 samples, expected at least 1"),
    ],
)
def test_what_cannot_be_checked_is_refused(arguments, options, message):
    generators, inputs, *output = arguments
    with pytest.raises(ValueError, match=message):
        equivariance_error(nn.Identity(), generators, inputs, *output, **options)


def test_outputs_that_are_no_finite_tensors_are_refused():
    with pytest.raises(ValueError, match="type tuple, expected one tensor"):
        assert_equivariant(lambda x: (x, x), algebras.rotations(3), features(2, 3))
    with pytest.raises(ValueError, match=r"an output of torch\.int64, expected floating-point"):
        assert_equivariant(lambda x: x.argmax(-1), algebras.rotations(3), features(2, 3), "invariant")
    with pytest.raises(ValueError, match="not finite"):
        assert_equivariant(lambda x: x / 0, algebras.rotations(3), features(2, 3))


# Point-wise nonlinearities: σ(exp(zL̂) f) = exp(zL̂) σ(f)


@BOTH
def test_within_the_band_limit_polynomials_are_exactly_equivariant(mode):
    """f of 3 modes, f² of 6, on 15 points: Leibniz' rule holds to round-off, also between grid points."""
    f = band_limited(15, 3, 4, 2)
    assert_equivariant(torch.square, DERIVATIVE, f, mode=mode, scale=5.0)
    with pytest.raises(AssertionError):
        assert_equivariant(torch.square, DERIVATIVE, band_limited(15, 7, 4, 2), mode=mode)


def test_every_nonlinearity_commutes_with_whole_shifts():
    """exp(z∂) is a permutation for whole z on an odd grid."""
    f = features(4, 2, 15)
    for nonlinearity in (torch.relu, torch.tanh, torch.sign):
        moved = exponential_action(DERIVATIVE, torch.tensor([4.0], dtype=DOUBLE), f)
        torch.testing.assert_close(nonlinearity(moved), nonlinearity(f).roll(-4, -1), rtol=1e-11, atol=1e-11)


def test_smooth_nonlinearities_are_equivariant_as_the_grid_is_refined():
    """tanh f has an exponentially small rest beyond the band, |f| a rest that falls as 1/points."""
    errors = {}
    for points in (15, 31, 63):
        torch.manual_seed(0)
        f = 0.5 * band_limited(points, 2, 4, 1)
        generators = Circulant.derivative((points,), dtype=DOUBLE)
        for name, nonlinearity in (("tanh", torch.tanh), ("abs", torch.abs)):
            errors.setdefault(name, []).append(
                equivariance_error(nonlinearity, generators, f, scale=points / 3).max().item()
            )
    assert errors["tanh"][2] < 1e-3 * errors["tanh"][0]
    assert errors["tanh"][2] < 0.02 * errors["abs"][2]
    assert errors["abs"][2] < errors["abs"][0]


def rotated_bump(size):
    axis = torch.linspace(-1, 1, size, dtype=DOUBLE)
    x, y = torch.meshgrid(axis, axis, indexing="ij")
    return torch.exp(-((x - 0.15) ** 2 + 2 * (y + 0.1) ** 2) / 0.12)[None, None]


def test_rotations_of_images_keep_point_wise_nonlinearities_to_truncation():
    """The error is that of the grid and falls as it is refined; neighbours mixed by hand do not commute."""
    errors = {"tanh": [], "neighbours": []}
    for size in (9, 13, 19):
        rotation = algebras.rotations(2).on_grid((size, size), dtype=DOUBLE)
        reach = size // 6

        def neighbours(f, reach=reach):
            return f * f.roll(reach, -1)

        for name, nonlinearity in (("tanh", torch.tanh), ("neighbours", neighbours)):
            error = equivariance_error(nonlinearity, rotation, rotated_bump(size), scale=0.6, samples=2)
            errors[name].append(error.max().item())
    assert errors["tanh"][2] < 1e-3
    assert errors["tanh"][2] < 0.1 * errors["tanh"][0]
    assert min(errors["neighbours"]) > 0.05


@BOTH
def test_controls_for_point_wise_nonlinearities(mode):
    """A dense generator is no vector field; a gain that varies in space and a sorting are not point-wise."""
    f = band_limited(15, 3, 4, 2)
    L = torch.randn(1, 15, 15, dtype=DOUBLE)
    antisymmetric = Fixed((L - L.mT) / 4)
    assert equivariance_error(torch.square, antisymmetric, f, mode=mode).min() > 0.05
    weights = torch.linspace(0, 1, 15, dtype=DOUBLE)
    for module in (lambda f: f * weights, lambda f: f.sort(-1).values):
        assert equivariance_error(module, DERIVATIVE, f, mode=mode).min() > 1e-3
