"""`LConv` where `nn.Conv1d` and `nn.Conv2d` stand: batches, grids, transforms, precision, initialisation."""

import copy

import pytest
import torch
from torch import nn

from fieldnet import LConv
from fieldnet.generators import Circulant, Dense, LocalStencil, LowRank, Stencil, box

DOUBLE = torch.float64
NODES = 9
MAKERS = {
    "dense": lambda dtype=None: Dense(3, NODES, dtype=dtype),
    "low rank": lambda dtype=None: LowRank(3, NODES, 2, dtype=dtype),
    "shared low rank": lambda dtype=None: LowRank(3, NODES, 2, shared=True, dtype=dtype),
    "stencil": lambda dtype=None: Stencil((0.3,), radius=2, dtype=dtype),
    "circulant": lambda dtype=None: Circulant((NODES,), 2, dtype=dtype),
}


@pytest.fixture(params=MAKERS)
def kind(request):
    torch.manual_seed(2)
    return MAKERS[request.param]


@pytest.mark.parametrize("channels", [(2, 3), (3, 2), (1, 8)], ids=str)
def test_gradients_of_first_and_second_order(kind, channels):
    inputs, outputs = channels
    layer = LConv(inputs, outputs, kind(DOUBLE), bias=True, dtype=DOUBLE)
    names = [name for name, _ in layer.named_parameters()]
    values = [p.detach().requires_grad_() for p in layer.parameters()]
    features = torch.randn(2, inputs, NODES, dtype=DOUBLE, requires_grad=True)

    def call(features, *values):
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (features,))

    assert torch.autograd.gradcheck(call, (features, *values), fast_mode=True)
    assert torch.autograd.gradgradcheck(call, (features, *values), fast_mode=True)


def test_transpose_is_the_adjoint(kind):
    """⟨r, Q[f]⟩ = ⟨Qᵀ[r], f⟩, also where it has more outputs than inputs."""
    for inputs, outputs in ((2, 5), (5, 2)):
        layer = LConv(inputs, outputs, kind(DOUBLE), dtype=DOUBLE)
        f = torch.randn(3, inputs, NODES, dtype=DOUBLE)
        r = torch.randn(3, outputs, NODES, dtype=DOUBLE)
        left, right = (r * layer(f)).sum(), (layer.transpose(r) * f).sum()
        torch.testing.assert_close(left, right, rtol=1e-11, atol=1e-11)


def test_unbatched_and_many_batch_axes(kind):
    layer = LConv(2, 3, kind(DOUBLE), bias=True, dtype=DOUBLE)
    features = torch.randn(4, 5, 2, NODES, dtype=DOUBLE)
    whole = layer(features)
    assert whole.shape == (4, 5, 3, NODES)
    torch.testing.assert_close(layer(features[1, 2]), whole[1, 2], rtol=1e-12, atol=1e-12)
    empty = layer(features[:0])
    assert empty.shape == (0, 5, 3, NODES)
    assert layer.transpose(empty).shape == (0, 5, 2, NODES)
    empty.sum().backward()
    assert not layer.weight.grad.any()


def test_per_sample_gradients_and_jacobians(kind):
    """vmap of grad over samples sums to the gradient of the batch; reverse and forward Jacobians agree."""
    layer = LConv(2, 3, kind(DOUBLE), dtype=DOUBLE)
    parameters = {name: p.detach() for name, p in layer.named_parameters()}
    features = torch.randn(4, 2, NODES, dtype=DOUBLE)

    def loss(parameters, one):
        return torch.func.functional_call(layer, parameters, (one,)).square().sum()

    each = torch.vmap(torch.func.grad(loss), (None, 0))(parameters, features)
    loss(dict(layer.named_parameters()), features).backward()
    for name, p in layer.named_parameters():
        torch.testing.assert_close(each[name].sum(0), p.grad, rtol=1e-10, atol=1e-10)
    reverse, forward = torch.func.jacrev(layer)(features[0]), torch.func.jacfwd(layer)(features[0])
    torch.testing.assert_close(reverse, forward, rtol=1e-10, atol=1e-10)


def test_an_ensemble_by_vmap(kind):
    layers = [LConv(2, 3, kind(DOUBLE), dtype=DOUBLE) for _ in range(3)]
    parameters, buffers = torch.func.stack_module_state(layers)
    features = torch.randn(4, 2, NODES, dtype=DOUBLE)

    def call(parameters, buffers):
        return torch.func.functional_call(layers[0], (parameters, buffers), (features,))

    found = torch.vmap(call)(parameters, buffers)
    expected = torch.stack([layer(features) for layer in layers])
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)


def test_compiled_in_one_graph(kind):
    """Traced whole, forward and backward; the code generator itself is not under test."""
    torch.compiler.reset()
    layers = nn.Sequential(*(LConv(c, o, kind(DOUBLE), bias=True) for c, o in ((2, 3), (3, 2))))
    features = torch.randn(4, 2, NODES, dtype=DOUBLE)
    results = []
    for call in (layers, torch.compile(layers, fullgraph=True, backend="aot_eager")):
        value = call(features)
        results.append((value, *torch.autograd.grad(value.square().sum(), tuple(layers.parameters()))))
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)


def test_autocast_lowers_the_products_and_keeps_the_gradients(kind):
    layer = LConv(2, 3, kind())
    features = torch.randn(4, 2, NODES)
    with torch.autocast("cpu", torch.bfloat16):
        low = layer(features)
    transformed = isinstance(layer.generators, Circulant)  # Fourier transforms stay in single precision
    assert low.dtype == (torch.float32 if transformed else torch.bfloat16)
    exact = layer(features)
    assert (low.float() - exact).norm() < 0.02 * exact.norm()
    low.float().sum().backward()
    assert all(p.grad.dtype == torch.float32 for p in layer.parameters())


def test_state_copy_device_and_initialisation(kind):
    layer = LConv(2, 3, kind(), bias=True)
    other = LConv(2, 3, kind(), bias=True)
    other.load_state_dict(layer.state_dict())
    features = torch.randn(4, 2, NODES)
    assert torch.equal(other(features), layer(features))
    assert torch.equal(copy.deepcopy(layer)(features), layer(features))
    assert LConv(2, 3, kind(), device="meta").weight.device.type == "meta"
    seen = []
    net = nn.Sequential(layer, nn.Tanh(), LConv(3, 1, kind()))
    net.apply(lambda module: seen.append(type(module).__name__))
    assert seen.count("LConv") == 2
    assert len(seen) == len(list(net.modules()))


def test_reset_parameters():
    """Weights from N(0, 1/c_in), the bias 0, generators by their own method."""
    layer = LConv(50, 40, Dense(2, 5), bias=True)
    with torch.no_grad():
        for p in layer.parameters():
            p.fill_(9.0)
    layer.apply(lambda module: module.reset_parameters() if hasattr(module, "reset_parameters") else None)
    assert abs(layer.weight.std().item() * 50**0.5 - 1) < 0.1
    assert not layer.bias.any()
    assert 0.1 < layer.generators.matrices.std() < 1


def test_dtype_and_weights_are_those_given(kind):
    """The dtype of the generators unless said otherwise; `of` copies weights."""
    layer = LConv(2, 3, kind(DOUBLE), bias=True)
    assert layer.weight.dtype == layer.bias.dtype == DOUBLE
    same = LConv.of(layer.weight, layer.generators, layer.bias)
    assert same.weight is not layer.weight
    features = torch.randn(4, 2, NODES, dtype=DOUBLE)
    assert torch.equal(same(features), layer(features))
    with pytest.raises(ValueError, match=r"torch\.float32 and torch\.float64, expected one dtype"):
        LConv(2, 3, kind(DOUBLE), dtype=torch.float32)
    with pytest.raises(ValueError, match="a bias of shape None, expected"):
        LConv.of(layer.weight[1:], layer.generators)


@pytest.mark.parametrize("make", [lambda: Dense(2, 20), lambda: LowRank(2, 20, 3)])
def test_generators_on_nodes_serve_a_grid(make):
    """With `shape`, the layer on a grid is the layer on its flattened points."""
    layer = LConv(3, 5, make(), bias=True, shape=(4, 5))
    flat = LConv(3, 5, layer.generators, bias=True)
    flat.load_state_dict(layer.state_dict())
    features = torch.randn(7, 3, 4, 5)
    assert torch.equal(layer(features), flat(features.flatten(2)).unflatten(2, (4, 5)))
    residual = torch.randn(7, 5, 4, 5)
    assert torch.equal(layer.transpose(residual), flat.transpose(residual.flatten(2)).unflatten(2, (4, 5)))
    assert layer(features[0]).shape == (5, 4, 5)


def test_a_circular_convolution_is_such_a_layer():
    """With the eight shifts of a 3×3 box as generators L̂_o = T_o − I, equal to nn.Conv2d to round-off."""
    convolution = nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular", dtype=DOUBLE)
    offsets = box(1, 2)
    shifts = torch.eye(len(offsets), dtype=DOUBLE)
    layer = LConv(2, 3, LocalStencil(offsets, weight=shifts), bias=True, dtype=DOUBLE)
    kernel = convolution.weight.detach()
    with torch.no_grad():
        layer.weight[0] = kernel.sum((2, 3))
        layer.weight[1:] = torch.stack([kernel[:, :, 1 + a, 1 + b] for a, b in offsets])
        layer.bias.copy_(convolution.bias)
    features = torch.randn(4, 2, 6, 7, dtype=DOUBLE)
    torch.testing.assert_close(layer(features), convolution(features), rtol=1e-12, atol=1e-12)


def test_errors_say_what_was_expected():
    layer = LConv(2, 3, Dense(1, 20), shape=(4, 5))
    with pytest.raises(ValueError, match=r"shape \(7, 2, 5, 4\); expected \(..., 2, 4, 5\)"):
        layer(torch.randn(7, 2, 5, 4))
    with pytest.raises(ValueError, match=r"torch.float64; expected torch.float32"):
        layer(torch.randn(7, 2, 4, 5, dtype=DOUBLE))
    with pytest.raises(ValueError, match="expected generators on nodes"):
        LConv(2, 3, Stencil((0.1, 0.1)), shape=(4, 5))
    with pytest.raises(ValueError, match=r"shape=\(2, 2\) for generators on \(5,\) nodes"):
        LConv(2, 3, Dense(1, 5), shape=(2, 2))
    with pytest.raises(ValueError, match="type Tensor, expected a GeneratorModule"):
        LConv(2, 3, torch.zeros(1, 5, 5))
    with pytest.raises(ValueError, match="got 0 and 3 channels"):
        LConv(0, 3, Dense(1, 5))
    for family in (Dense(1, 20), LowRank(1, 20, 2)):
        with pytest.raises(ValueError, match=r"\(7, 2, 9\); expected \(..., 20\)"):
            LConv(2, 3, family)(torch.randn(7, 2, 9))
    with pytest.raises(ValueError, match=r"shapes \(2, 5, 3\) and \(2, 4, 5\)"):
        LowRank.of(torch.randn(2, 5, 3), torch.randn(2, 4, 5))
    with pytest.raises(ValueError, match="of rank 0, expected at least 1"):
        LowRank(1, 5, 0)


@pytest.mark.parametrize("shared", [(False, False), (True, False), (True, True)], ids=str)
def test_low_rank_is_closed(shared):
    """Sums and brackets have the matrices of the sums and brackets, within h + h' hidden nodes; gradients
    reach both families.
    """
    a, b = (LowRank(2, 8, h, shared=s, dtype=DOUBLE) for h, s in zip((2, 3), shared, strict=True))
    added, bracket = a + b, a.bracket(b)
    torch.testing.assert_close(added.matrix(), a.matrix() + b.matrix(), rtol=1e-12, atol=1e-12)
    pairs = [x @ y - y @ x for x in a.matrix() for y in b.matrix()]
    torch.testing.assert_close(bracket.matrix(), torch.stack(pairs), rtol=1e-12, atol=1e-12)
    assert isinstance(bracket, LowRank)
    assert added.hidden == bracket.hidden == 5
    assert torch.linalg.matrix_rank(added.matrix()).tolist() == [5] * 2
    assert torch.linalg.matrix_rank(bracket.matrix()).tolist() == [4] * 4
    gradients = torch.autograd.grad(bracket.matrix().square().sum(), [*a.parameters(), *b.parameters()])
    assert all(g.abs().max() > 0 for g in gradients)


def test_low_rank_of_given_factors():
    left, right = torch.randn(2, 5, 1), torch.randn(1, 1, 5)
    fixed = LowRank.of(left, right)
    assert not list(fixed.parameters())
    assert len(list(LowRank.of(nn.Parameter(left), right).parameters())) == 1
    torch.testing.assert_close(fixed.matrix(), left @ right)
