"""Every parametrisation of generators, and what each promises besides."""

import pytest
import torch

from fieldnet.generators import Dense, Fixed, Graph, Stencil

DOUBLE = torch.float64


def family():
    torch.manual_seed(1)
    edges = torch.rand(6, 6) < 0.5
    return [
        pytest.param(Dense(3, 6, dtype=DOUBLE), (6,), id="dense"),
        pytest.param(Fixed(torch.randn(2, 6, 6, dtype=DOUBLE)), (6,), id="fixed"),
        pytest.param(Graph(6, 2, edges=edges, dtype=DOUBLE), (6,), id="graph"),
        pytest.param(Stencil((0.3,), radius=3, dtype=DOUBLE), (11,), id="stencil, one axis"),
        pytest.param(Stencil((0.3, 0.2), radius=2, dtype=DOUBLE), (6, 7), id="stencil, two axes"),
    ]


@pytest.mark.parametrize("generators, space", family())
def test_matrix_acts_as_apply(generators, space):
    f = torch.randn(5, 2, *space, dtype=DOUBLE)
    matrices = generators.matrix(space)
    expected = torch.einsum("kde,bce->kbcd", matrices, f.flatten(2)).reshape(generators.count, *f.shape)
    torch.testing.assert_close(generators.apply(f), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("generators, space", family())
def test_transpose_is_the_adjoint(generators, space):
    f = torch.randn(5, 2, *space, dtype=DOUBLE)
    g = torch.randn(generators.count, 5, 2, *space, dtype=DOUBLE)
    left, right = (g * generators.apply(f)).sum(), (generators.transpose(g) * f).sum()
    torch.testing.assert_close(left, right, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("generators, space", family()[2:])
def test_vector_fields_kill_constants(generators, space):
    ones = torch.ones(1, 1, *space, dtype=DOUBLE)
    assert generators.apply(ones).abs().max() < 1e-14
    dense = Dense(3, 6, dtype=DOUBLE)
    assert dense.apply(torch.ones(1, 1, 6, dtype=DOUBLE)).abs().max() > 0.1


def test_absent_edges_are_exactly_zero():
    edges = torch.zeros(5, 5, dtype=torch.bool)
    edges[0, 3] = True
    weights = Graph(5, edges=edges).edge_weights()[0]
    assert weights.count_nonzero() == 1
    assert weights[0, 3] != 0


def test_stencil_is_antisymmetric_with_its_symbol():
    """L̂ᵀ = −L̂, and L̂e^{ikx} = i s(k) e^{ikx}."""
    spacing, points = 0.25, 16
    stencil = Stencil((spacing,), radius=4, dtype=DOUBLE)
    (matrix,) = stencil.matrix((points,)).detach()
    assert torch.equal(matrix, -matrix.T)
    k = 2 * torch.pi * 3 / (points * spacing)
    wave = torch.exp(1j * k * spacing * torch.arange(points, dtype=DOUBLE))
    symbol = stencil.symbol(0, torch.tensor([k], dtype=DOUBLE)).detach()
    torch.testing.assert_close(matrix.to(torch.complex128) @ wave, 1j * symbol * wave, rtol=1e-12, atol=1e-12)


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match="8 points; a stencil of radius 4 needs at least 9"):
        Stencil((0.1,), radius=4).apply(torch.randn(1, 1, 8))
    with pytest.raises(ValueError, match=r"expected \(count, d, d\)"):
        Fixed(torch.randn(3, 4))
