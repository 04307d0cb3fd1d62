"""The literal reading of the paper: any single layer with an MSE loss has its m₂, h, v, a."""

import pytest
import torch

from fieldnet import LConv, expand_layer
from fieldnet.generators import Dense, Graph, Stencil

DOUBLE = torch.float64


def loss(layer, f, y, eta, measure):
    r = layer(f) if y is None else layer(f) - y
    return torch.einsum("...od,op,...pd,d->...", r, eta, r, measure)


def trained(layer: LConv, f: torch.Tensor, y: torch.Tensor) -> LConv:
    """A few steps of gradient descent on the MSE loss: the weights of a layer in use."""
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.01)
    for _ in range(20):
        optimiser.zero_grad()
        (layer(f) - y).square().mean().backward()
        optimiser.step()
    return layer


CASES = [
    pytest.param(lambda: Dense(3, 9, dtype=DOUBLE), 2, 3, id="three dense generators"),
    pytest.param(lambda: Graph(9, 2, dtype=DOUBLE), 3, 2, id="two graph generators"),
    pytest.param(lambda: Stencil((0.4,), radius=3, dtype=DOUBLE), 1, 4, id="stencil"),
]


@pytest.mark.parametrize("make, c_in, c_out", CASES)
@pytest.mark.parametrize("target", [False, True])
@pytest.mark.parametrize("indefinite", [False, True])
def test_expansion_equals_loss_and_euler_lagrange_equals_gradient(make, c_in, c_out, target, indefinite):
    f = torch.randn(4, c_in, 9, dtype=DOUBLE)
    y = torch.randn(4, c_out, 9, dtype=DOUBLE)
    layer = trained(LConv(c_in, c_out, make(), dtype=DOUBLE), f, y)
    eta = torch.eye(c_out, dtype=DOUBLE)
    if indefinite:
        mixed = torch.randn(c_out, c_out, dtype=DOUBLE)
        eta = mixed + mixed.T
    measure = torch.rand(9, dtype=DOUBLE) + 0.5
    f.requires_grad_()
    value = loss(layer, f, y if target else None, eta, measure)
    (gradient,) = torch.autograd.grad(value.sum(), f)

    expansion = expand_layer(layer, (9,), target, eta, measure)
    stack = torch.cat([f, y], 1) if target else f
    numbers = stack.detach().numpy()
    size = value.detach().abs().max()
    assert abs(expansion.value(numbers) - value.detach().numpy()).max() < 1e-12 * size
    residual = expansion.euler_lagrange(numbers)[:, :c_in]
    assert abs(residual - gradient.numpy()).max() < 1e-12 * gradient.abs().max()

    channels = c_in + (c_out if target else 0)
    count = layer.generators.count
    assert expansion.m2.shape == (channels, channels)
    assert expansion.h.shape == (count, count, channels, channels)
    assert expansion.v.shape == expansion.a.shape == (count, channels, channels)


def test_without_the_antisymmetric_part_the_expansion_is_wrong():
    """The control: what the boundary term alone would say differs from the loss."""
    f = torch.randn(4, 2, 9, dtype=DOUBLE)
    layer = LConv(2, 2, Stencil((0.4,), radius=3, dtype=DOUBLE), dtype=DOUBLE)
    expansion = expand_layer(layer, (9,))
    value = expansion.value(f.numpy())
    object.__setattr__(expansion, "v", (expansion.v + expansion.v.transpose(0, 2, 1)) / 2)
    del expansion.__dict__["a"]
    assert abs(expansion.value(f.numpy()) - value).max() > 1e-3 * abs(value).max()


def test_a_layer_with_bias_is_refused():
    layer = LConv(2, 2, Dense(1, 5), bias=True)
    with torch.no_grad():
        layer.bias.fill_(1.0)
    with pytest.raises(ValueError, match="constant input channel"):
        expand_layer(layer, (5,))
