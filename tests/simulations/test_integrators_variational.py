"""The variational midpoint rule: symplectic where the mass matrix depends on the field."""

import math

import pytest
import torch

from lagrangians import catalogue, parse_lagrangian
from simulations import FieldSystem, Grid
from simulations.errors import BlowUpError
from simulations.integrators import (
    INTEGRATORS,
    blanes_moan6,
    gauss4,
    implicit_midpoint,
    rk4,
    variational_midpoint,
)

from .mechanical_systems import CurvedMass, Pendulum, energy_trend, run, tensor

CURVED = parse_lagrangian("(1 + q**2)*q_t**2/2 - q**2/2", ("q",), ("t",))
FIELD = parse_lagrangian(
    "(1 + u**2)*u_t**2/2 + u*u_t*u_x/5 - (1 + u**2)*u_x**2/2 - u**2/2", ("u",), ("t", "x")
)


def momentum(system, q, v):
    """∂L/∂v of L = ∫ℒ dx."""
    return torch.func.grad(
        lambda rate: system.integrate(system.evaluate(system.lagrangian.density, q, rate))
    )(v)


def symplectic_defect(method, system, q, v, step):
    """|MᵀJM − J| of the step in (q, p)."""
    size = q.numel()

    def parts(state):
        return state[:size].view(q.shape), state[size:].view(q.shape)

    def flow(state):
        return torch.cat([part.reshape(-1) for part in method.step(system, *parts(state), 0.0, step)])

    def legendre(state):
        return torch.cat([state[:size], momentum(system, *parts(state)).reshape(-1)])

    state = torch.cat([q.reshape(-1), v.reshape(-1)])
    jacobian = torch.autograd.functional.jacobian
    matrix = jacobian(flow, state)
    ends = [jacobian(legendre, place) for place in (state, flow(state).detach())]
    matrix = ends[1] @ matrix @ torch.linalg.inv(ends[0])
    zero, one = torch.zeros(size, size, dtype=torch.float64), torch.eye(size, dtype=torch.float64)
    form = torch.cat([torch.cat([zero, one], 1), torch.cat([-one, zero], 1)])
    return float((matrix.T @ form @ matrix - form).abs().max())


def test_it_is_declared_and_listed():
    assert INTEGRATORS["variational_midpoint"] is variational_midpoint
    assert variational_midpoint.symplectic
    assert not variational_midpoint.adaptive


def test_order_two_with_a_mass_that_depends_on_the_coordinate():
    exact = run(gauss4, CurvedMass(), 0.5, 0.8, 2.0, 400)[0]
    system = FieldSystem(CURVED, None)
    errors = [
        abs(float(run(variational_midpoint, system, 0.5, 0.8, 2.0, steps)[0] - exact)) for steps in (16, 32)
    ]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.2)


def test_order_two_with_explicit_time():
    system = FieldSystem(parse_lagrangian("q_t**2/2 - q**2*(2 + cos(t))/2", ("q",), ("t",)), None)
    exact = run(blanes_moan6, system, 0.5, 0.8, 2.0, 100)[0]
    errors = [
        abs(float(run(variational_midpoint, system, 0.5, 0.8, 2.0, steps)[0] - exact)) for steps in (16, 32)
    ]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.2)


def test_for_a_constant_mass_it_is_the_implicit_midpoint_rule():
    system = FieldSystem(catalogue.sine_gordon(), Grid(8.0, 16))
    (x,) = system.grid.coordinates()
    q, v = torch.sin(2 * torch.pi * x / 8), torch.cos(2 * torch.pi * x / 8)
    ours, theirs = (
        method.step(system, q, v, 0.0, 0.1) for method in (variational_midpoint, implicit_midpoint)
    )
    assert torch.allclose(ours[0], theirs[0], atol=1e-4)
    assert torch.allclose(ours[1], theirs[1], atol=1e-3)


@pytest.mark.parametrize("method", [variational_midpoint, implicit_midpoint, rk4], ids=lambda m: m.name)
def test_symplectic_in_place_and_momentum(method):
    particle, field = FieldSystem(CURVED, None), FieldSystem(FIELD, Grid(5.0, 6))
    q = 0.5 * torch.randn(6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    defects = [
        symplectic_defect(method, particle, tensor(0.5), tensor(0.8), 0.6),
        symplectic_defect(method, field, q, q.roll(2), 0.2),
    ]
    if method is variational_midpoint:
        assert max(defects) < 1e-12
    else:
        assert min(defects) > 1e-7


@pytest.mark.parametrize("method", [variational_midpoint, rk4], ids=lambda m: m.name)
def test_the_momentum_of_a_linear_symmetry_is_kept(method):
    """Angular momentum (1 + x² + y²)(x ẏ − y ẋ) of a rotationally symmetric density."""
    theory = parse_lagrangian("(1 + x**2 + y**2)*(x_t**2 + y_t**2)/2 - (x**2 + y**2)/2", ("x", "y"), ("t",))
    system = FieldSystem(theory, None)

    def angular_momentum(q, v):
        return float((1 + q @ q) * (q[0] * v[1] - q[1] * v[0]))

    start = tensor([0.6, -0.2]), tensor([0.1, 0.7])
    end = run(method, system, *start, 6.0, 20)
    change = abs(angular_momentum(*end) - angular_momentum(*start))
    assert change > 1e-7 if method is rk4 else change < 1e-12


def test_it_runs_back_to_the_start():
    system = FieldSystem(CURVED, None)
    q, v = run(variational_midpoint, system, 0.5, 0.8, 6.0, 20)
    back, velocity = run(variational_midpoint, system, q, -v, 6.0, 20)
    assert (float(back), float(-velocity)) == pytest.approx((0.5, 0.8), abs=1e-12)


@pytest.mark.parametrize("method", [variational_midpoint, rk4], ids=lambda m: m.name)
def test_the_energy_has_no_trend_where_that_of_runge_kutta_has(method):
    system = FieldSystem(CURVED, None)
    trend, oscillation = energy_trend(method, system, tensor(0.5), tensor(0.8), 0.5, 150, every=1)
    assert trend > oscillation if method is rk4 else trend < 0.1 * oscillation


def test_a_step_is_differentiable_in_state_and_parameters():
    theory = parse_lagrangian("(1 + q**2)*q_t**2/2 - k*q**2/2", ("q",), ("t",), ("k",))

    def step(q, v, k):
        return variational_midpoint.step(FieldSystem(theory, None, parameters={"k": k}), q, v, 0.0, 0.4)

    arguments = [tensor(value).requires_grad_() for value in (0.5, 0.8, 1.3)]
    assert torch.autograd.gradcheck(step, arguments)


def test_from_rest_in_a_batch_and_in_float32():
    system = FieldSystem(FIELD, Grid(5.0, 8))
    (x,) = system.grid.coordinates()
    q = torch.stack([torch.sin(2 * torch.pi * x / 5), 0.3 * torch.cos(2 * torch.pi * x / 5)])
    together = variational_midpoint.step(system, q, 0 * q, 0.0, 0.1)
    alone = variational_midpoint.step(system, q[1], 0 * q[1], 0.0, 0.1)
    assert torch.allclose(together[0][1], alone[0], atol=1e-12)
    assert torch.allclose(together[1][1], alone[1], atol=1e-12)
    single = variational_midpoint.step(system, q.float(), 0 * q.float(), 0.0, 0.1)
    assert single[0].dtype == torch.float32
    assert torch.allclose(single[1].double(), together[1], atol=1e-4)


def test_what_it_refuses():
    first_order = FieldSystem(catalogue.nonlinear_schroedinger(), Grid(5.0, 8))
    equations = FieldSystem.from_equations(["u_tt = u_xx - u_t"], ["u"], ["t", "x"], Grid(5.0, 8))
    for system in (first_order, equations, Pendulum()):
        with pytest.raises(ValueError, match=r"without a Lagrangian of second order .* use the integrator"):
            variational_midpoint.check(system)
    walls = FieldSystem(catalogue.sine_gordon(), Grid(5.0, 8, "dirichlet"))
    with pytest.raises(ValueError, match=r"got the boundary 'dirichlet' for variational_midpoint, expected"):
        variational_midpoint.check(walls)
    variational_midpoint.check(FieldSystem(catalogue.sine_gordon(), Grid(5.0, 8, "neumann")))
    bounded = FieldSystem(parse_lagrangian("sqrt(1 + q_t**2) + 5*q", ("q",), ("t",)), None)
    with pytest.raises(
        BlowUpError, match=r"got the step 3 with which .*, expected a smaller one, such as 0\.75"
    ):
        variational_midpoint.step(bounded, tensor(2.0), tensor(0.5), 0.0, 3.0)
