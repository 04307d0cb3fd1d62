"""What symplectic integrators keep, each beside a method that does not keep it."""

import pytest
import torch

from lagrangians import catalogue
from simulations import FieldSystem, Grid
from simulations.backends import propagator
from simulations.integrators import (
    INTEGRATORS,
    DormandPrince,
    RungeKutta,
    blanes_moan4,
    blanes_moan6,
    gauss4,
    implicit_midpoint,
    rk4,
    stochastic_heun,
    stormer_verlet,
    yoshida4,
)

from .mechanical_systems import Canonical, Chain, CurvedMass, Magnetic, RigidBody, energy_trend, run, tensor

euler = RungeKutta("euler", 1, (), (1.0,))
loose = DormandPrince(rtol=1e-3, atol=1e-3)
SPLITTINGS = [stormer_verlet, yoshida4, blanes_moan4, blanes_moan6]
IMPLICIT = [implicit_midpoint, gauss4]
CONTROLS = [rk4, euler, loose, stochastic_heun]


def name_of(method):
    return method.name


def test_symplectic_methods_are_these_and_none_is_adaptive():
    declared = {method for method in INTEGRATORS.values() if method.symplectic}
    assert {*SPLITTINGS, *IMPLICIT} <= declared
    assert not declared & set(CONTROLS)
    assert not any(method.adaptive for method in declared)


# MᵀJM = J of the Jacobian M of one step


def jacobian(method, system, q, v=None, step=0.6):
    """∂(q₁, v₁)/∂(q, v), or ∂q₁/∂q."""
    size = q.numel()

    def flow(state):
        if v is None:
            return method.step(system, state, None, 0.0, step)[0]
        return torch.cat(method.step(system, state[:size], state[size:], 0.0, step))

    state = q if v is None else torch.cat([q, v])
    return torch.autograd.functional.jacobian(flow, state)


def canonical_form(size):
    zero, one = torch.zeros(size, size, dtype=torch.float64), torch.eye(size, dtype=torch.float64)
    return torch.cat([torch.cat([zero, one], 1), torch.cat([-one, zero], 1)])


def symplectic_defect(method, system, form, q, v=None, step=0.6):
    matrix = jacobian(method, system, q, v, step)
    return float((matrix.T @ form @ matrix - form).abs().max())


CHAIN = (Chain(), canonical_form(3), tensor(Chain.q0), tensor(Chain.v0))
CANONICAL = (Canonical(), canonical_form(2), tensor([0.4, -0.7, 0.5, 0.9]))


@pytest.mark.parametrize("method", SPLITTINGS + IMPLICIT, ids=name_of)
def test_symplectic_on_a_chain_of_pendula(method):
    assert method.symplectic
    assert symplectic_defect(method, *CHAIN) < 1e-12


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
@pytest.mark.parametrize("step", [0.05, 0.3, 1.5])
def test_implicit_methods_are_symplectic_for_a_hamiltonian_that_is_not_separable(method, step):
    assert symplectic_defect(method, *CANONICAL, step=step) < 1e-12


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
def test_implicit_methods_are_symplectic_in_a_constant_magnetic_field(method):
    form = canonical_form(2)
    form[0, 1], form[1, 0] = -Magnetic.field, Magnetic.field
    q, v = tensor([0.3, -0.8]), tensor([0.5, 0.4])
    assert symplectic_defect(method, Magnetic(), form, q, v) < 1e-12
    assert symplectic_defect(method, Magnetic(), canonical_form(2), q, v) > 0.05
    assert symplectic_defect(rk4, Magnetic(), form, q, v) > 1e-5


@pytest.mark.parametrize("method", CONTROLS, ids=name_of)
def test_other_methods_are_not_symplectic(method):
    assert not method.symplectic
    assert symplectic_defect(method, *CHAIN) > 1e-6
    assert symplectic_defect(method, *CANONICAL) > 1e-6


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
def test_with_a_mass_that_depends_on_the_field_the_form_is_not_kept(method):
    """dq ∧ dp with p = (1 + q²)v: the limit that the docstring states."""
    q, v = tensor([0.5]), tensor([0.8])
    matrix = jacobian(method, CurvedMass(), q, v)
    new, _ = method.step(CurvedMass(), q, v, 0.0, 0.6)
    ratio = float(torch.linalg.det(matrix) * (1 + new**2) / (1 + q**2))
    assert 1e-6 < abs(ratio - 1) < 0.1


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
def test_symplectic_for_the_schroedinger_field(method):
    """ℒ = ½(v u_t − u v_t) − …: u and v are conjugate at each point."""
    system = FieldSystem(catalogue.nonlinear_schroedinger(), Grid(8.0, 8))
    q = torch.randn(2, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def defect(chosen):
        def flow(state):
            return chosen.step(system, state.view(2, 8), None, 0.0, 0.1)[0].reshape(-1)

        matrix = torch.autograd.functional.jacobian(flow, q.reshape(-1))
        form = canonical_form(8)
        return float((matrix.T @ form @ matrix - form).abs().max())

    assert defect(method) < 1e-12
    assert defect(rk4) > 1e-6


# Time reversal


@pytest.mark.parametrize("method", SPLITTINGS + IMPLICIT, ids=name_of)
def test_symmetric_methods_run_back_to_the_start(method):
    q, v = run(method, Chain(), Chain.q0, Chain.v0, 6.0, 20)
    back, velocity = run(method, Chain(), q, -v, 6.0, 20)
    assert torch.allclose(back, tensor(Chain.q0), rtol=0, atol=1e-12)
    assert torch.allclose(-velocity, tensor(Chain.v0), rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
@pytest.mark.parametrize("system, v", [(Canonical(), None), (CurvedMass(), tensor([0.5, 0.4, -0.2, 0.1]))])
def test_a_step_back_undoes_a_step(method, system, v):
    q = tensor([0.4, -0.7, 0.5, 0.9])
    ahead = method.step(system, q, v, 0.0, 0.4)
    back, velocity = method.step(system, *ahead, 0.4, -0.4)
    assert torch.allclose(back, q, rtol=0, atol=1e-13)
    assert v is None or torch.allclose(velocity, v, rtol=0, atol=1e-13)


@pytest.mark.parametrize("method", CONTROLS, ids=name_of)
def test_other_methods_do_not_run_back_to_the_start(method):
    q, v = run(method, Chain(), Chain.q0, Chain.v0, 6.0, 20)
    back, _ = run(method, Chain(), q, -v, 6.0, 20)
    assert float((back - tensor(Chain.q0)).abs().max()) > 1e-6


# Invariants


@pytest.mark.parametrize("method", [*IMPLICIT, rk4], ids=name_of)
def test_quadratic_invariants_of_a_rigid_body(method):
    start = tensor([0.8, 0.3, -0.5])
    end, _ = run(method, RigidBody(), start, None, 100.0, 200)

    def invariants(momentum):
        return torch.stack([momentum @ momentum, momentum @ (momentum / RigidBody.inertia)])

    change = float((invariants(end) - invariants(start)).abs().max())
    assert change > 1e-5 if method is rk4 else change < 1e-12


@pytest.mark.parametrize("method", [*IMPLICIT, rk4], ids=name_of)
def test_norm_of_a_schroedinger_field(method):
    system = FieldSystem(catalogue.nonlinear_schroedinger(), Grid(20.0, 32))
    (x,) = system.grid.coordinates()
    q = torch.stack([1 / torch.cosh(x - x.mean()), 0.3 * torch.cos(0.2 * torch.pi * x)])
    end, _ = run(method, system, q, None, 2.0, 40)
    change = abs(float((end**2).sum() / (q**2).sum()) - 1)
    assert change > 1e-7 if method is rk4 else change < 1e-12


# Energy over 10⁵ steps


LONG = 100_000
RUNS = [
    (stormer_verlet, 0.3, LONG),
    (blanes_moan4, 0.8, LONG // 5),
    *[
        pytest.param(method, step, LONG, marks=pytest.mark.slow)
        for method, step in [
            (yoshida4, 0.3),
            (blanes_moan4, 0.8),
            (blanes_moan6, 1.2),
            (implicit_midpoint, 0.3),
            (gauss4, 0.6),
        ]
    ],
]


@pytest.mark.parametrize("method, step, count", RUNS)
def test_no_secular_energy(method, step, count):
    trend, oscillation = energy_trend(method, Chain(), tensor(Chain.q0), tensor(Chain.v0), step, count)
    assert oscillation > 1e-5
    assert trend < 0.1 * oscillation


def test_runge_kutta_loses_energy_in_a_tenth_of_that():
    trend, oscillation = energy_trend(rk4, Chain(), tensor(Chain.q0), tensor(Chain.v0), 0.3, 10_000)
    assert trend > oscillation


@pytest.mark.slow
@pytest.mark.parametrize("method", [*SPLITTINGS, rk4], ids=name_of)
def test_no_secular_energy_of_a_sine_gordon_field(method):
    """A breather-like lump and waves on 32 points, 10⁵ steps (10⁴ of the control) by the fastest back end."""
    system = FieldSystem(catalogue.sine_gordon(), Grid(16.0, 32), 4)
    (x,) = system.grid.coordinates()
    q, v = 2 / torch.cosh(x - x.mean()), torch.sin(2 * torch.pi * x / 16)
    count, every = (10_000 if method is rk4 else 100_000), 20
    advance = propagator(system, method, q, steps=count)

    class Several:
        """`every` steps at once."""

        def step(self, system, q, v, time, size):
            return advance(q, v, round(time / size) * every, size / every, every)

    size = every * method.proposed_step(system, q, v)
    trend, oscillation = energy_trend(Several(), system, q, v, size, count // every, every=1)
    if method is rk4:
        assert trend > 0.5 * oscillation
    else:
        assert oscillation > 1e-11
        assert trend < 0.1 * oscillation
