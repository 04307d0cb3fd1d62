"""Convolutions, graph and group convolutions as L-convs (arXiv:2109.07103, sec. 3 and Theorem 1)."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from fieldnet import LConv, algebras
from fieldnet.generators import Circulant, Fixed, Incidence, VectorField
from fieldnet.group_convolution import (
    GroupKernel,
    RecurrentLConv,
    approximate_group_convolution,
    depth_errors,
    exponential_action,
    from_convolution,
    from_graph_convolution,
    group_convolution,
)
from fieldnet.pictures.depth import plot_depth_errors

DOUBLE = torch.float64
EXAMPLE = Path(__file__).parents[2] / "examples" / "group_convolution_depth.py"


def near(left, right, tolerance=1e-12):
    torch.testing.assert_close(left, right, rtol=tolerance, atol=tolerance)


def relative(left, right):
    return ((left - right).norm() / right.norm()).item()


def slopes(errors):
    """−log₂ of the ratios of errors at depths that double."""
    return -np.diff(np.log2(errors))


def exact(kernel: GroupKernel, generators, features):
    """Σ_q κ_q exp(z_q^i L̂_i) f by dense matrix exponentials."""
    space = features.shape[features.ndim - generators.space_dimensions :]
    matrices = generators.matrix(tuple(space))
    flows = torch.linalg.matrix_exp(torch.einsum("qi,iab->qab", kernel.points, matrices))
    flat = features.flatten(-len(space))
    moved = torch.einsum("qoc,qab,...cb->...oa", kernel.values, flows, flat)
    return moved.reshape(*moved.shape[:-1], *space)


def smooth_kernel(width, nodes=6, parameters=1):
    """κ(z) = exp(−|z|²)(1 + z¹): neither even nor odd."""
    return GroupKernel.from_function(
        lambda z: torch.exp(-(z**2).sum(1)) * (1 + z[:, 0]), (width,) * parameters, nodes
    )


def bump(size, spacing=1.0):
    axis = torch.linspace(-1, 1, size, dtype=DOUBLE) * spacing
    x, y = torch.meshgrid(axis, axis, indexing="ij")
    return torch.exp(-((x - 0.2) ** 2 + 2 * (y + 0.1) ** 2) / 0.15)[None, None]


# Convolutions


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([(7,), (8,), (12,), (5, 6), (6, 7)]),
    st.integers(1, 5),
    st.integers(1, 2),
    st.sampled_from([(1, 2, 3), (2, 2, 4), (3, 3, 3)]),
    st.booleans(),
    st.integers(0, 10**6),
)
def test_a_circular_convolution_is_an_lconv(shape, kernel, dilation, channels, bias, seed):
    assume(dilation * (kernel - 1) <= min(shape))
    torch.manual_seed(seed)
    groups, c_in, c_out = channels
    groups = groups if c_in % groups == c_out % groups == 0 else 1
    conv = (nn.Conv1d, nn.Conv2d)[len(shape) - 1](
        c_in,
        c_out,
        kernel,
        dilation=dilation,
        groups=groups,
        bias=bias,
        padding="same",
        padding_mode="circular",
        dtype=DOUBLE,
    )
    layer = from_convolution(conv, shape)
    f = torch.randn(2, c_in, *shape, dtype=DOUBLE)
    near(layer(f), conv(f))
    ones = torch.ones(1, 1, *shape, dtype=DOUBLE)
    assert layer.generators.act(ones).abs().max() < 1e-14


def test_whole_paddings_and_kernels_that_wrap_around():
    """A kernel as long as the grid reaches some points twice; (3, 1) kernels have two paddings."""
    for conv, shape in (
        (nn.Conv1d(2, 3, 9, padding=4, padding_mode="circular", dtype=DOUBLE), (5,)),
        (nn.Conv1d(2, 3, 5, padding=2, padding_mode="circular", dtype=DOUBLE), (4,)),
        (nn.Conv2d(2, 3, (3, 1), padding=(1, 0), padding_mode="circular", dtype=DOUBLE), (6, 5)),
        (nn.Conv2d(2, 3, 1, dtype=DOUBLE), (6, 5)),
        (nn.Conv3d(2, 1, 3, padding=1, padding_mode="circular", dtype=DOUBLE), (3, 4, 5)),
    ):
        f = torch.randn(2, 2, *shape, dtype=DOUBLE)
        near(from_convolution(conv, shape)(f), conv(f))
    wrapped = from_convolution(nn.Conv1d(1, 1, 5, padding=2, padding_mode="circular", dtype=DOUBLE), (4,))
    with pytest.raises(ValueError, match=r"shape \(1, 1, 9\); expected \(..., 4\)"):
        wrapped(torch.zeros(1, 1, 9, dtype=DOUBLE))


@pytest.mark.parametrize(
    ("conv", "message"),
    [
        (nn.Conv1d(1, 1, 3, padding=1), "padding_mode='zeros', expected 'circular'"),
        (nn.Conv1d(1, 1, 3, padding=1, stride=2, padding_mode="circular"), "stride"),
        (nn.Conv1d(1, 1, 3, padding=2, padding_mode="circular"), "expected one that keeps the grid"),
        (nn.Conv1d(1, 1, 3, padding="valid", padding_mode="circular"), "padding='valid'"),
        (nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), "expected 2 axes"),
        (nn.Linear(8, 8), "got Linear"),
    ],
)
def test_other_convolutions_are_refused(conv, message):
    with pytest.raises(ValueError, match=message):
        from_convolution(conv, (8,))


def graph(nodes=7):
    adjacency = (torch.rand(nodes, nodes) < 0.4).to(DOUBLE)
    adjacency = ((adjacency + adjacency.T) > 0).to(DOUBLE)
    return adjacency - torch.diag(adjacency.diagonal())


@pytest.mark.parametrize("normalisation", ["symmetric", "random walk", "laplacian"])
def test_a_graph_convolution_is_an_lconv(normalisation):
    """H' = ÃHΘ + b on H of shape (d, m)."""
    A, theta, bias = graph(), torch.randn(3, 2, dtype=DOUBLE), torch.randn(2, dtype=DOUBLE)
    loops = A + torch.eye(len(A), dtype=DOUBLE)
    half = torch.diag(loops.sum(1) ** -0.5)
    normalised = {
        "symmetric": half @ loops @ half,
        "random walk": half @ half @ loops,
        "laplacian": torch.diag(A.sum(1)) - A,
    }[normalisation]
    layer = from_graph_convolution(A, theta, bias, normalisation)
    H = torch.randn(4, len(A), 3, dtype=DOUBLE)
    near(layer(H.mT).mT, normalised @ H @ theta + bias)
    near(from_graph_convolution(A.to_sparse(), theta, bias, normalisation)(H.mT), layer(H.mT))
    kills = layer.generators.act(torch.ones(1, 1, len(A), dtype=DOUBLE)).abs().max() < 1e-14
    assert kills == (normalisation != "symmetric")
    assert isinstance(layer.generators, Incidence if kills else Fixed)


def test_on_a_regular_graph_every_normalisation_kills_constants():
    ring = torch.roll(torch.eye(8, dtype=DOUBLE), 1, 0) + torch.roll(torch.eye(8, dtype=DOUBLE), -1, 0)
    layer = from_graph_convolution(ring, torch.eye(1, dtype=DOUBLE))
    assert isinstance(layer.generators, Incidence)
    f = torch.randn(1, 1, 8, dtype=DOUBLE)
    near(layer(f), (f + f.roll(1, -1) + f.roll(-1, -1)) / 3)


def test_lonely_nodes_and_directed_graphs():
    A = torch.zeros(4, 4, dtype=DOUBLE)
    A[0, 1] = 2.0
    f = torch.tensor([[1.0, 10.0, 100.0, 1000.0]], dtype=DOUBLE)
    layer = from_graph_convolution(A, torch.eye(1, dtype=DOUBLE), None, "random walk", self_loops=False)
    near(layer(f), torch.tensor([[10.0, 0.0, 0.0, 0.0]], dtype=DOUBLE))
    with pytest.raises(ValueError, match="'mean', expected one of"):
        from_graph_convolution(A, torch.eye(1, dtype=DOUBLE), normalisation="mean")
    with pytest.raises(ValueError, match=r"expected \(d, d\) and \(in, out\)"):
        from_graph_convolution(A[:2], torch.eye(1, dtype=DOUBLE))
    with pytest.raises(ValueError, match="negative row sums"):
        from_graph_convolution(-3 * A, torch.eye(1, dtype=DOUBLE))


# Group convolutions


def cases():
    """(generators, kernel, features, first depth): one and several parameters, channels."""
    torch.manual_seed(0)
    line, plane = torch.randn(2, 1, 21, dtype=DOUBLE), bump(13)
    channels = torch.randn(2, 3, 15, dtype=DOUBLE)
    spread = GroupKernel(torch.randn(4, 1, dtype=DOUBLE), torch.randn(4, 2, 3, dtype=DOUBLE))
    whittaker = VectorField(
        (15,), degree=0, period=1.0, coefficients=torch.full((1, 1, 1), 1 / 7, dtype=DOUBLE)
    )
    rotation = algebras.rotations(2).on_grid((13, 13), dtype=DOUBLE)
    euclid = algebras.special_euclidean(2).on_grid((13, 13), dtype=DOUBLE)
    small = GroupKernel.from_function(lambda z: torch.exp(-(z**2).sum(1)) * (1 + z[:, 1]), (0.3, 0.8, 0.8), 2)
    return [
        pytest.param(
            Circulant.derivative((21,), dtype=DOUBLE), smooth_kernel(1.5), line, 96, id="translation"
        ),
        pytest.param(whittaker, spread, channels, 96, id="translation, channels"),
        pytest.param(rotation, smooth_kernel(0.6), plane, 24, id="rotation"),
        pytest.param(euclid, small, plane, 24, id="se(2)"),
    ]


@pytest.mark.parametrize(("generators", "kernel", "features", "depth"), cases())
def test_the_group_convolution_is_the_sum_of_matrix_exponentials(generators, kernel, features, depth):
    near(group_convolution(kernel, generators, features), exact(kernel, generators, features), 1e-10)


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize(("generators", "kernel", "features", "depth"), cases())
def test_the_error_falls_with_the_depth(generators, kernel, features, depth, order):
    """Error = O(1/depth^order): the paper's theorem at order 1."""
    network = approximate_group_convolution(kernel, generators, depth, order)
    assert len(network) == depth
    assert all(isinstance(layer, LConv) for layer in network)
    assert len(set(network)) <= order + 2
    truth = exact(kernel, generators, features)
    errors = depth_errors(kernel, generators, features, (depth, 2 * depth, 4 * depth), order, truth)
    assert errors[0] == pytest.approx(relative(network(features), truth))
    assert slopes(errors) == pytest.approx([order, order], abs=0.2)
    assert errors[0] < 0.1


def test_the_deep_network_turns_the_image():
    """Against ∫ κ(z) f(R(z)x) dz of a Gaussian, without any matrix of the grid; R(−z) is not it."""
    size, so2, kernel = 25, algebras.rotations(2), smooth_kernel(0.6)
    radius = (size - 1) / 2
    axis = (torch.arange(size, dtype=DOUBLE) - radius) / radius
    points = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1)

    def turned(sign):
        moved = [so2.transform(so2.exp(sign * z), points) for z in kernel.points]
        gaussians = [torch.exp(-((x[..., 0] - 0.2) ** 2 + 2 * (x[..., 1] + 0.1) ** 2) / 0.12) for x in moved]
        return torch.einsum("q,qxy->xy", kernel.values[:, 0, 0], torch.stack(gaussians))

    network = approximate_group_convolution(kernel, so2.on_grid((size, size), dtype=DOUBLE), 64, order=2)
    out = network(bump(size, 1.0).pow(0.15 / 0.12))[0, 0]
    assert relative(out, turned(1)) < 2e-3
    assert relative(out, turned(-1)) > 0.1


def test_at_depth_one_it_is_the_papers_layer():
    """W⁰ = ∫κ and W⁰ε̄^i = ∫κz^i (eq. 8)."""
    kernel = smooth_kernel(0.5, parameters=2)
    (layer,) = approximate_group_convolution(kernel, Circulant.derivative((5, 5), dtype=DOUBLE), 1)
    near(layer.weight[0], kernel.values.sum(0))
    near(layer.weight[1:], torch.einsum("qi,qoc->ioc", kernel.points, kernel.values))


def test_a_convolution_is_the_limit_over_translations():
    """Taps at whole shifts are group elements exp(o∂): the deep L-conv tends to nn.Conv1d on an odd grid."""
    conv = nn.Conv1d(2, 3, 3, padding=1, padding_mode="circular", bias=False, dtype=DOUBLE)
    taps = conv.weight.detach().permute(2, 0, 1)
    kernel = GroupKernel(torch.tensor([[-1.0], [0.0], [1.0]], dtype=DOUBLE), taps)
    generators = Circulant.derivative((11,), dtype=DOUBLE)
    f = torch.randn(2, 2, 11, dtype=DOUBLE)
    near(group_convolution(kernel, generators, f), conv(f), 1e-11)
    errors = [
        relative(approximate_group_convolution(kernel, generators, n)(f), conv(f)) for n in (64, 128, 256)
    ]
    assert slopes(errors) == pytest.approx([1, 1], abs=0.2)


def test_a_shift_on_an_even_grid_is_no_exponential():
    """Control: ∂ on 20 points drops the Nyquist mode, which a shift by one flips: entries are off by 2/20."""
    flow = exponential_action(
        Circulant.derivative((20,), dtype=DOUBLE),
        torch.ones(1, dtype=DOUBLE),
        torch.eye(20, dtype=DOUBLE)[:, None],
    )
    off = flow[:, 0] - torch.eye(20, dtype=DOUBLE).roll(-1, -1)
    near(off.abs(), torch.full((20, 20), 0.1, dtype=DOUBLE))


def test_another_group_does_not_converge():
    """Control: from translations no depth gives a convolution over rotations."""
    kernel, plane = smooth_kernel(0.6), bump(13)
    rotation = algebras.rotations(2).on_grid((13, 13), dtype=DOUBLE)
    translation = Circulant.derivative((13, 13), dtype=DOUBLE).mixed(torch.tensor([[3.0, 0.0]], dtype=DOUBLE))
    truth = exact(kernel, rotation, plane)
    errors = depth_errors(kernel, translation, plane, (24, 48, 96), truth=truth)
    assert min(errors) > 0.1
    assert np.abs(slopes(errors)).max() < 0.2


def test_errors_are_drawn(tmp_path):
    depths, kernel = (16, 32, 64), smooth_kernel(0.6)
    rotation, plane = algebras.rotations(2).on_grid((13, 13), dtype=DOUBLE), bump(13)
    lines = {
        f"rotation, order {order}": depth_errors(kernel, rotation, plane, depths, order) for order in (1, 2)
    }
    plot_depth_errors(depths, lines, tmp_path / "depth.svg", orders=(1, 2))
    text = (tmp_path / "depth.svg").read_text("utf-8")
    assert all(word in text for word in ("depth (L-conv layers)", "relative error", "1/depth²", "order 2"))
    with pytest.raises(ValueError, match="expected 3, one a depth"):
        plot_depth_errors(depths, {"short": [1.0]}, tmp_path / "depth.svg")


@pytest.mark.slow
def test_the_example_measures_the_orders(tmp_path, capsys):
    main = runpy.run_path(str(EXAMPLE))["main"]
    main(str(tmp_path / "depth.png"), "64")
    slopes = [float(line.split("depth^")[1]) for line in capsys.readouterr().out.splitlines()[:5]]
    assert slopes == pytest.approx([-1, -1, -2, -1, 0], abs=0.2)
    assert (tmp_path / "depth.png").stat().st_size > 10_000


def test_wrong_kernels_and_depths_are_refused():
    kernel, generators = smooth_kernel(0.6), Circulant.derivative((5, 5), dtype=DOUBLE)
    with pytest.raises(ValueError, match="1 parameters and 2 generators"):
        approximate_group_convolution(kernel, generators, 4)
    with pytest.raises(ValueError, match="depth=3 and order=2"):
        approximate_group_convolution(smooth_kernel(0.6, parameters=2), generators, 3, order=2)
    with pytest.raises(ValueError, match=r"expected \(Q, count\)"):
        GroupKernel(torch.zeros(3, 1), torch.zeros(2))
    with pytest.raises(ValueError, match=r"shape \(\) at 3 points"):
        GroupKernel.from_function(torch.sum, (1.0,), 3)
    with pytest.raises(ValueError, match=r"shape \(2, 5, 5\); expected \(..., 1, \*S\)"):
        group_convolution(smooth_kernel(0.6, parameters=2), generators, torch.zeros(2, 5, 5, dtype=DOUBLE))
    nan = torch.full((1, 5, 5), torch.nan, dtype=DOUBLE)
    with pytest.raises(ValueError, match="features that are not finite"):
        exponential_action(generators, torch.zeros(2, dtype=DOUBLE), nan)
    with pytest.raises(ValueError, match=r"shape \(1,\); expected \(2,\)"):
        exponential_action(generators, torch.zeros(1), torch.zeros(1, 5, 5))


def test_quadrature_is_exact_for_polynomials():
    """∫∫ (1 + x²y⁴) over |x| ≤ 1, |y| ≤ 2 is 8 + (2/3)(64/5), with 3 points an axis."""
    kernel = GroupKernel.from_function(lambda z: 1 + z[:, 0] ** 2 * z[:, 1] ** 4, (1.0, 2.0), 3)
    assert kernel.values.sum().item() == pytest.approx(8 + 2 / 3 * 64 / 5)


# The exponential map


def test_the_exponential_action_is_the_matrix_exponential():
    """Also where one Taylor series would cancel (‖tL̂‖ = 15) or not end (200); with gradients in t and f."""
    L = torch.randn(2, 9, 9, dtype=DOUBLE)
    L = L - L.mT
    f, t = torch.randn(3, 2, 9, dtype=DOUBLE), torch.tensor([30.0, -10.0], dtype=DOUBLE)
    flow = torch.linalg.matrix_exp(torch.einsum("i,iab->ab", t, L))
    near(exponential_action(Fixed(L), t, f), f @ flow.mT, 1e-10)
    t = 15 * t / torch.linalg.matrix_norm(torch.einsum("i,iab->ab", t, L), 2)
    flow = torch.linalg.matrix_exp(torch.einsum("i,iab->ab", t, L))
    near(exponential_action(Fixed(L), t, f), f @ flow.mT, 1e-13)
    small = 0.1 * t.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda t, f: exponential_action(Fixed(L), t, f), (small, f[:1]))


def test_a_flow_without_bound_is_refused():
    with pytest.raises(ValueError, match="did not converge"):
        exponential_action(
            Fixed(torch.eye(2, dtype=DOUBLE)[None] * 1e9),
            torch.ones(1, dtype=DOUBLE),
            torch.ones(1, 2, dtype=DOUBLE),
        )


# Shared weights


@pytest.mark.parametrize("kind", ["translation", "rotation"])
def test_a_recurrent_layer_tends_to_the_exponential(kind):
    """(1 + z^i L̂_i/n)^n = exp(z^i L̂_i) + O(1/n)."""
    if kind == "translation":
        generators, f, steps = (
            Circulant.derivative((15,), dtype=DOUBLE),
            torch.randn(2, 2, 15, dtype=DOUBLE),
            64,
        )
        z = torch.tensor([1.3], dtype=DOUBLE)
    else:
        generators, f, steps = algebras.rotations(2).on_grid((13, 13), dtype=DOUBLE), bump(13), 32
        z = torch.tensor([0.5], dtype=DOUBLE)
    truth = exponential_action(generators, z, f)
    layers = [
        RecurrentLConv.flow(generators, z, n, channels=f.shape[1]) for n in (steps, 2 * steps, 4 * steps)
    ]
    assert slopes([relative(layer(f), truth) for layer in layers]) == pytest.approx([1, 1], abs=0.2)


def test_a_recurrent_layer_is_a_power_with_shared_weights():
    layer = LConv(2, 2, Circulant((9,), 2, dtype=DOUBLE), bias=True, dtype=DOUBLE)
    f = torch.randn(3, 2, 9, dtype=DOUBLE)
    near(RecurrentLConv(layer, 3)(f), layer(layer(layer(f))))
    near(RecurrentLConv(layer, 2, nonlinearity=torch.tanh)(f), torch.tanh(layer(torch.tanh(layer(f)))))
    parameters = list(RecurrentLConv(layer, 5).parameters())
    assert len(parameters) == len(list(layer.parameters()))


def test_checkpoints_keep_values_and_gradients():
    layer = LConv(2, 2, Circulant((9,), 2, dtype=DOUBLE), dtype=DOUBLE)
    f = torch.randn(3, 2, 9, dtype=DOUBLE, requires_grad=True)
    gradients = []
    for checkpointed in (False, True):
        model = RecurrentLConv(layer, 4, 0.7, True, torch.tanh, checkpointed)
        gradients.append(torch.autograd.grad(model(f).square().sum(), (f, *model.parameters())))
    for plain, saved in zip(*gradients, strict=True):
        near(plain, saved)
    assert len(gradients[0]) == 4


def test_the_time_of_a_flow_is_learned():
    """From t = 0, a shift by 0.8 is found by its layers; without learn_time t is no parameter."""
    generators = Circulant.derivative((15,), dtype=DOUBLE)
    modes = torch.exp(-torch.arange(8, dtype=DOUBLE)) * torch.randn(20, 1, 8, dtype=DOUBLE)
    f = torch.fft.irfft(modes.to(torch.complex128), n=15)
    z = torch.ones(1, dtype=DOUBLE)
    target = exponential_action(generators, 0.8 * z, f)
    model = RecurrentLConv.flow(generators, z, 256, time=0.0, learn_time=True)
    optimiser = torch.optim.LBFGS([model.time], line_search_fn="strong_wolfe", max_iter=12)

    def closure():
        optimiser.zero_grad()
        loss = (model(f) - target).square().mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    assert model.time.item() == pytest.approx(0.8, abs=2e-3)
    assert "time" not in dict(RecurrentLConv.flow(generators, z, 2).named_parameters())


def test_layers_that_cannot_recur_are_refused():
    with pytest.raises(ValueError, match="from 2 to 3 channels"):
        RecurrentLConv(LConv(2, 3, Circulant((5,))), 2)
    with pytest.raises(ValueError, match="got 0 steps"):
        RecurrentLConv(LConv(2, 2, Circulant((5,))), 0)
    with pytest.raises(ValueError, match=r"expected \(1,\)"):
        RecurrentLConv.flow(Circulant((5,)), torch.zeros(2), 3)
