"""Derivatives: exact where they say so, of their order elsewhere, antisymmetric always."""

import numpy as np
import pytest
import torch

from simulations.derivatives import (
    Derivative,
    central_weights,
    finite_difference_weights,
    second_derivative_weights,
)
from simulations.grids import BOUNDARIES, Grid, has_walls

SCHEMES = ["fourier", 2, 4, 6, 8]


def matrix(function, points):
    return torch.stack([function(row) for row in torch.eye(points, dtype=torch.float64)], dim=1)


@pytest.mark.parametrize("points", [16, 17])
def test_fourier_is_exact_on_band_limited_fields(points):
    grid = Grid(length=3.0, points=points)
    (x,) = grid.coordinates()
    field = sum(torch.sin(2 * torch.pi * n * x / 3 + n) for n in range(1, 8))
    slope = sum(2 * torch.pi * n / 3 * torch.cos(2 * torch.pi * n * x / 3 + n) for n in range(1, 8))
    assert torch.allclose(Derivative(grid).field(field, 0), slope, atol=1e-12)


def test_fourier_drops_the_nyquist_mode():
    grid = Grid(length=1.0, points=8)
    assert Derivative(grid).field(torch.tensor([1.0, -1.0] * 4, dtype=torch.float64), 0).abs().max() < 1e-14


@pytest.mark.parametrize("order", [2, 4, 6, 8])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_order_of_convergence(order, boundary):
    errors = []
    for intervals in (16, 32) if order == 8 else (32, 64):
        grid = Grid(2.0, intervals + has_walls(boundary), boundary)
        (x,) = grid.coordinates()
        k = (1 if has_walls(boundary) else 2) * torch.pi / 2
        even = boundary in ("neumann", "absorbing")
        field = (torch.cos if even else torch.sin)(k * x)
        slope = -k * torch.sin(k * x) if even else k * torch.cos(k * x)
        curvature = -(k**2) * field
        if boundary == "winding":
            field, slope = field + torch.pi * x, slope + torch.pi
        if boundary == "dirichlet":
            field, slope = field + 3 * x - 1, slope + 3
        derivative = Derivative(grid, order)
        found = (
            derivative.field(field, 0) - slope,
            derivative.second(field, 0) - curvature,
            derivative.product(field, field, 0) - slope**2,
        )
        errors.append(torch.stack([error.abs().max() for error in found]))
    for rate in torch.log2(errors[0] / errors[1]):
        assert rate == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_second_derivative_is_minus_the_gradient_of_the_product(scheme, boundary):
    """weights·∂²q = −½ ∂/∂q Σ weights·(∂q)², for winding fields and held values on walls too."""
    grid = Grid(length=2.0, points=20, boundary=boundary)
    derivative, weights = Derivative(grid, scheme), grid.weights()
    q = torch.randn(20, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    q = (q + 2 * torch.pi * torch.arange(20) / 20).requires_grad_()
    total = (weights * derivative.product(q, q, 0)).sum() / 2
    (gradient,) = torch.autograd.grad(total, q)
    inside = slice(1, -1) if boundary == "dirichlet" else slice(None)
    found = (weights * derivative.second(q, 0))[inside]
    assert gradient.abs().max() > 1
    assert torch.allclose(found, -gradient[inside], atol=1e-10)
    if boundary == "periodic" and scheme != "fourier":
        a, b = q.detach(), q.detach().roll(3) ** 2
        expected = (
            derivative.second(a * b, 0) - a * derivative.second(b, 0) - b * derivative.second(a, 0)
        ) / 2
        assert torch.allclose(derivative.product(a, b, 0), expected, atol=1e-9)


def test_fourier_second_derivative_is_exact_on_band_limited_fields():
    grid = Grid(length=3.0, points=16)
    (x,) = grid.coordinates()
    k = 2 * torch.pi * 7 / 3
    assert torch.allclose(
        Derivative(grid).second(torch.sin(k * x), 0), -(k**2) * torch.sin(k * x), atol=1e-10
    )
    winding = Derivative(Grid(length=3.0, points=16, boundary="winding"))
    turning = torch.sin(k * x) + 4 * torch.pi * x / 3
    assert torch.allclose(winding.second(turning, 0), -(k**2) * torch.sin(k * x), atol=1e-10)


def test_second_derivative_weights():
    np.testing.assert_allclose(second_derivative_weights(4), [-5 / 2, 4 / 3, -1 / 12], rtol=1e-15)
    for order in (2, 4, 6, 8):
        weights = second_derivative_weights(order)
        assert weights[0] + 2 * weights[1:].sum() == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("points", [20, 21])
def test_periodic_matrix_is_antisymmetric_and_kills_constants(scheme, points):
    derivative = Derivative(Grid(length=2.0, points=points), scheme)
    d = matrix(lambda row: derivative.field(row, 0), points)
    assert d.abs().max() > 1
    assert torch.allclose(d, -d.T, atol=1e-12)
    assert (d @ torch.ones(points, dtype=torch.float64)).abs().max() < 1e-12


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_field_and_flux_are_adjoint(scheme, boundary):
    """Σ weights p ∂φ = − Σ weights ∂p φ for every p and every φ that vanishes on Dirichlet walls."""
    grid = Grid(length=2.0, points=20, boundary=boundary)
    derivative, weights = Derivative(grid, scheme), grid.weights()
    generator = torch.Generator().manual_seed(0)
    p, q = torch.randn(2, 20, dtype=torch.float64, generator=generator)
    if boundary == "dirichlet":
        q[0] = q[-1] = 0
    left = (weights * p * derivative.field(q, 0)).sum()
    right = (weights * derivative.flux(p, 0) * q).sum()
    assert abs(left) > 1e-2
    assert left + right == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("scheme", ["fourier", 8])
def test_winding_field_has_a_periodic_slope(scheme):
    grid = Grid(length=30.0, points=200, boundary="winding", origin=-15.0)
    (x,) = grid.coordinates()
    field = torch.stack([4 * torch.atan(torch.exp(x)), -4 * torch.atan(torch.exp(x - 0.3))])
    slope = 2 / torch.cosh(x)
    found = Derivative(grid, scheme).field(field, 0)
    assert (found[0] - slope).abs().max() < 1e-4
    assert (found[1] + 2 / torch.cosh(x - 0.3)).abs().max() < 1e-4
    wrong = Derivative(Grid(30.0, 200, "periodic", -15.0), scheme).field(field, 0)
    assert (wrong[0] - slope).abs().max() > 1


def test_axes_of_a_plane_do_not_mix():
    grid = Grid((2.0, 3.0), (16, 18), ("periodic", "neumann"))
    x, y = grid.mesh()
    field = (torch.sin(torch.pi * x) * torch.cos(torch.pi * y / 3)).expand(4, 16, 18)
    derivative = Derivative(grid)
    along_x = torch.pi * torch.cos(torch.pi * x) * torch.cos(torch.pi * y / 3)
    along_y = -torch.pi / 3 * torch.sin(torch.pi * x) * torch.sin(torch.pi * y / 3)
    assert torch.allclose(derivative.field(field, 0), along_x.expand(4, 16, 18), atol=1e-12)
    assert torch.allclose(derivative.field(field, 1), along_y.expand(4, 16, 18), atol=1e-12)


def test_weights_are_exact_for_polynomials():
    positions = np.array([-1.5, -0.2, 0.4, 1.0, 2.5])
    for derivative in range(5):
        weights = finite_difference_weights(derivative, positions)
        for power in range(5):
            expected = float(np.prod(range(1, derivative + 1))) if power == derivative else 0.0
            assert weights @ positions**power == pytest.approx(expected, abs=1e-9)
    np.testing.assert_allclose(central_weights(4), [2 / 3, -1 / 12], atol=1e-15)


def test_bad_input():
    with pytest.raises(ValueError, match="expected 2, 4, 6 or 8"):
        Derivative(Grid(1.0, 16), 3)
    with pytest.raises(ValueError, match="expected more than 8"):
        Derivative(Grid(1.0, 6), 8).field(torch.zeros(6, dtype=torch.float64), 0)
    with pytest.raises(ValueError, match="expected at least 3"):
        finite_difference_weights(2, np.array([0.0, 1.0]))
