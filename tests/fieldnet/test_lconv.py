"""The layer Q[f] = W⁰f + W^iL̂_if."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldnet import LConv
from fieldnet.generators import Dense, Graph, Stencil


def by_hand(layer: LConv, features: torch.Tensor) -> torch.Tensor:
    """Q[f] with the generators' matrices on a flat node axis."""
    matrices = layer.generators.matrix(tuple(features.shape[-1:]))
    total = torch.einsum("oc,...cd->...od", layer.weight[0], features)
    for weight, matrix in zip(layer.weight[1:], matrices, strict=True):
        total = total + torch.einsum("oc,de,...ce->...od", weight, matrix, features)
    return total


@settings(max_examples=20, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 4),
    st.sampled_from([(), (2,), (2, 3)]),
    st.sampled_from(["dense", "graph", "stencil"]),
    st.integers(0, 10**6),
)
def test_forward_is_the_formula(c_in, c_out, count, batch, kind, seed):
    torch.manual_seed(seed)
    nodes, double = 11, torch.float64
    makers = {
        "dense": lambda: Dense(count, nodes, dtype=double),
        "graph": lambda: Graph(nodes, count, dtype=double),
        "stencil": lambda: Stencil((0.3,), radius=3, dtype=double),
    }
    layer = LConv(c_in, c_out, makers[kind](), dtype=double)
    features = torch.randn(*batch, c_in, nodes, dtype=double)
    torch.testing.assert_close(layer(features), by_hand(layer, features), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("space", [(12,), (9, 10)])
def test_transpose_is_the_adjoint(space):
    """⟨r, Q[f]⟩ = ⟨Qᵀ[r], f⟩."""
    layer = LConv(3, 2, Stencil((0.1,) * len(space), radius=2, dtype=torch.float64), dtype=torch.float64)
    f = torch.randn(4, 3, *space, dtype=torch.float64)
    r = torch.randn(4, 2, *space, dtype=torch.float64)
    left, right = (r * layer(f)).sum(), (layer.transpose(r) * f).sum()
    torch.testing.assert_close(left, right, rtol=1e-12, atol=1e-12)


def test_bias_is_added_to_every_node():
    layer = LConv(2, 3, Dense(1, 5), bias=True)
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
    f = torch.randn(7, 2, 5)
    plain = LConv(2, 3, layer.generators)
    plain.load_state_dict({k: v for k, v in layer.state_dict().items() if k != "bias"})
    torch.testing.assert_close(layer(f) - plain(f), layer.bias[:, None].expand(7, 3, 5))


def test_wrong_channels_are_refused():
    layer = LConv(2, 3, Dense(1, 5))
    with pytest.raises(ValueError, match=r"shape \(7, 4, 5\); expected .*2 channels"):
        layer(torch.randn(7, 4, 5))


def test_same_seed_same_weights():
    torch.manual_seed(3)
    first = LConv(2, 2, Dense(2, 4))
    torch.manual_seed(3)
    second = LConv(2, 2, Dense(2, 4))
    assert torch.equal(first.weight, second.weight)
    assert torch.equal(first.generators.matrices, second.generators.matrices)
