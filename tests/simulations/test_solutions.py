"""Exact solutions satisfy the catalogue's Euler–Lagrange equations; φ_t is the time derivative of φ."""

import pytest
import sympy
import torch

from lagrangians import catalogue
from simulations import Grid, solutions

C, M = 1.3, 0.8
X = torch.linspace(-6, 7, 41, dtype=torch.float64)
SOLITONS = {
    "kink": lambda x, t: solutions.kink(x, t, 0.5, C, M),
    "antikink": lambda x, t: solutions.antikink(x, t, -0.7, C, M),
    "kink_antikink": lambda x, t: solutions.kink_antikink(x, t, 0.6, C, M),
    "breather": lambda x, t: solutions.breather(x, t, 0.3, 0.0, C, M),
    "moving breather": lambda x, t: solutions.breather(x, t, 0.5, -0.4, C, M),
}


def derivatives(function, x, t):
    """φ, φ_t, φ_tt, φ_xx of a pointwise function by automatic differentiation."""
    x, t = (place.clone().requires_grad_() for place in torch.broadcast_tensors(x, t))
    phi, velocity = function(x, t)

    def slope(values, place):
        return torch.autograd.grad(values.sum(), place, create_graph=True)[0]

    phi_t, phi_x = slope(phi, t), slope(phi, x)
    return phi.detach(), velocity.detach(), phi_t.detach(), slope(phi_t, t).detach(), slope(phi_x, x).detach()


def residual(lagrangian, phi, phi_tt, phi_xx):
    (equation,) = lagrangian.euler_lagrange()
    (field,), (t, x) = lagrangian.fields, lagrangian.coordinates
    jets = [field.diff(t, 2), field.diff(x, 2), field]
    dummies = sympy.symbols("a b c")
    plain = equation.subs(list(zip(jets, dummies, strict=True)))
    return sympy.lambdify(dummies, plain, "numpy")(phi_tt.numpy(), phi_xx.numpy(), phi.numpy())


@pytest.mark.parametrize("name", SOLITONS)
@pytest.mark.parametrize("t", [-1.7, 0.0, 0.9])
def test_solitons_solve_sine_gordon(name, t):
    phi, velocity, phi_t, phi_tt, phi_xx = derivatives(
        SOLITONS[name], X, torch.tensor(t, dtype=torch.float64)
    )
    assert torch.allclose(velocity, phi_t, atol=1e-12)
    assert abs(residual(catalogue.sine_gordon(C, M), phi, phi_tt, phi_xx)).max() < 1e-11
    if phi.abs().max() > 0:
        assert abs(residual(catalogue.sine_gordon(C, 1.1 * M), phi, phi_tt, phi_xx)).max() > 1e-3


def test_plane_wave_solves_klein_gordon():
    def wave(x, t):
        return solutions.plane_wave(x, t, 1.7, 0.4, C, M)

    phi, velocity, phi_t, phi_tt, phi_xx = derivatives(wave, X, torch.tensor(0.6, dtype=torch.float64))
    assert torch.allclose(velocity, phi_t, atol=1e-13)
    assert abs(residual(catalogue.klein_gordon(C, M), phi, phi_tt, phi_xx)).max() < 1e-12
    assert abs(residual(catalogue.klein_gordon(C, 1.1 * M), phi, phi_tt, phi_xx)).max() > 1e-2


def test_plane_wave_in_a_plane():
    grid = Grid((2 * torch.pi, 2 * torch.pi), 8)
    phi, velocity = solutions.plane_wave(grid.mesh(), 0.0, (1.0, 2.0), 1.0, C, M)
    x, y = grid.mesh()
    frequency = (5 * C**2 + M**2) ** 0.5
    assert torch.allclose(phi, torch.cos(x + 2 * y))
    assert torch.allclose(velocity, frequency * torch.sin(x + 2 * y))


def test_shapes_and_ends():
    far = torch.tensor([-800.0, 800.0])
    assert solutions.kink(far)[0].tolist() == pytest.approx([0, 2 * torch.pi])
    assert solutions.antikink(far)[0].tolist() == pytest.approx([2 * torch.pi, 0])
    assert solutions.kink_antikink(far, 3.0, 0.5)[0].tolist() == pytest.approx([0, 0])
    times = torch.linspace(0, 1, 5, dtype=torch.float64)[:, None]
    for part in solutions.breather(X, times):
        assert part.shape == (5, 41)
        assert part.dtype == torch.float64


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: solutions.kink(X, 0, 1.3, 1.3), r"\|v\| < c"),
        (lambda: solutions.kink_antikink(X, 0.0, 0.0), "v = 0"),
        (lambda: solutions.breather(X, 0, 1.0), "0 < frequency < m"),
        (lambda: solutions.plane_wave((X, X), 0, 1.0), "expected one for each"),
        (lambda: solutions.random_smooth(Grid(1.0, 8), 0), "expected at least 1"),
        (lambda: solutions.random_smooth(Grid(1.0, 8), 1, 1.0, 0.1), "more than the spacing"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("boundary", ["periodic", "neumann"])
def test_random_fields_have_the_stated_covariance(boundary):
    grid = Grid(20.0, 64, boundary)
    field = solutions.random_smooth(grid, 4000, 1.5, 1.2, seed=3)
    variance = (field.square().mean(0) * grid.weights()).sum() / 20
    assert float(variance) == pytest.approx(1.5**2, rel=0.03)
    if boundary == "periodic":
        lag = 4
        distance = lag * grid.spacing[0]
        correlation = (field * field.roll(lag, -1)).mean() / field.square().mean()
        expected = float(torch.exp(torch.tensor(-(distance**2) / (2 * 1.2**2))))
        assert float(correlation) == pytest.approx(expected, abs=0.02)


def test_random_fields_obey_the_boundary():
    wall = solutions.random_smooth(Grid(5.0, 65, "dirichlet"), 3)
    assert wall[:, [0, -1]].abs().max() < 1e-12
    assert wall.abs().max() > 0.5
    closed = solutions.random_smooth(Grid(5.0, 64), 3)
    seam = (closed[:, 0] - closed[:, -1]).abs().max()
    assert seam < 2 * (closed[:, 1:] - closed[:, :-1]).abs().max()


def test_random_fields_repeat_with_the_seed_and_refine_with_the_grid():
    coarse = solutions.random_smooth(Grid(10.0, 64), 2, seed=5)
    assert torch.equal(coarse, solutions.random_smooth(Grid(10.0, 64), 2, seed=5))
    assert not torch.allclose(coarse, solutions.random_smooth(Grid(10.0, 64), 2, seed=6))
    fine = solutions.random_smooth(Grid(10.0, 128), 2, seed=5)
    assert torch.allclose(fine[:, ::2], coarse, atol=1e-10)
    assert solutions.random_smooth(Grid((10.0, 8.0), (32, 24)), 2).shape == (2, 32, 24)
