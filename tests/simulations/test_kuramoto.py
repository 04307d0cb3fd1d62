"""Oscillators: the sum over sines, the catalogue's Lagrangian, conserved charges, locked states."""

import math

import numpy as np
import pytest
import sympy
import torch

from lagrangians import catalogue
from simulations import FieldSystem, Kuramoto, load, simulate

DATA = __file__.rsplit("/simulations/", 1)[0] + "/data"
COUNT = 7
GENERATOR = torch.Generator().manual_seed(2)
MATRIX = torch.rand(COUNT, COUNT, dtype=torch.float64, generator=GENERATOR)
SYMMETRIC = (MATRIX + MATRIX.T).fill_diagonal_(0)
OMEGA = torch.randn(COUNT, dtype=torch.float64, generator=GENERATOR)
MASS = 0.5 + torch.rand(COUNT, dtype=torch.float64, generator=GENERATOR)
THETA = 3 * torch.randn(3, COUNT, dtype=torch.float64, generator=GENERATOR)
VELOCITY = torch.randn(3, COUNT, dtype=torch.float64, generator=GENERATOR)


def direct(theta, coupling, omega, lag=0.0):
    """The definition, one sine a pair."""
    difference = theta[..., None, :] - theta[..., :, None]
    return omega + (coupling * torch.sin(difference - lag)).sum(-1)


@pytest.mark.parametrize("lag", [0.0, 0.7])
def test_right_hand_side_is_the_sum_over_sines(lag):
    system = Kuramoto(MATRIX, OMEGA, phase_lag=lag)
    assert torch.allclose(system.velocity(THETA), direct(THETA, MATRIX, OMEGA, lag), atol=1e-13)
    transposed = direct(THETA, MATRIX.T, OMEGA, lag)
    assert not torch.allclose(system.velocity(THETA), transposed, atol=1e-2)
    inertial = Kuramoto(MATRIX, OMEGA, MASS, damping=0.3, phase_lag=lag)
    expected = (direct(THETA, MATRIX, OMEGA, lag) - 0.3 * VELOCITY) / MASS
    assert torch.allclose(inertial.acceleration(THETA, VELOCITY), expected, atol=1e-13)


def test_scalar_coupling_is_the_mean_field():
    everyone = torch.full((COUNT, COUNT), 1.7 / COUNT, dtype=torch.float64)
    for lag in (0.0, 0.4):
        scalar, dense = Kuramoto(1.7, OMEGA, phase_lag=lag), Kuramoto(everyone, OMEGA, phase_lag=lag)
        assert torch.allclose(scalar.velocity(THETA), dense.velocity(THETA), atol=1e-13)
    inertial, matrix = Kuramoto(1.7, OMEGA, MASS), Kuramoto(everyone, OMEGA, MASS)
    assert torch.allclose(inertial.energy(THETA, VELOCITY), matrix.energy(THETA, VELOCITY), atol=1e-12)


def test_inertial_oscillators_are_those_of_the_lagrangian():
    lagrangian = catalogue.kuramoto_inertial(SYMMETRIC, OMEGA, MASS)
    system = Kuramoto(SYMMETRIC, OMEGA, MASS)
    acceleration = system.acceleration(THETA)
    (t,) = lagrangian.coordinates
    for row, (equation, field) in enumerate(zip(lagrangian.euler_lagrange(), lagrangian.fields, strict=True)):
        values = {other.diff(t, 2): float(acceleration[0, i]) for i, other in enumerate(lagrangian.fields)}
        values |= {other: float(THETA[0, i]) for i, other in enumerate(lagrangian.fields)}
        rest = equation.subs(field.diff(t, 2), values[field.diff(t, 2)]).subs(values)
        assert abs(float(rest)) < 1e-12, row
    theory = FieldSystem(lagrangian, None)
    assert torch.allclose(theory.acceleration(THETA), acceleration, atol=1e-12)
    assert torch.allclose(theory.energy(THETA, VELOCITY), system.energy(THETA, VELOCITY), atol=1e-12)
    assert sympy.simplify(theory.lagrangian.density - lagrangian.density).is_number


def drifts(system):
    theta, velocity = simulate(system, (THETA, VELOCITY), 10.0, step=0.01, velocities=True)
    phases, rates = torch.tensor(theta["theta"].values), torch.tensor(velocity["theta"].values)
    charge = system.charge(phases, rates, torch.tensor(theta["time"].values))
    reference = Kuramoto(SYMMETRIC, OMEGA, MASS)
    energy = reference.energy(phases, rates)
    return [float((value - value[:, :1]).abs().max() / value.abs().mean()) for value in (energy, charge)]


def test_energy_and_charge_are_conserved():
    energy, charge = drifts(Kuramoto(SYMMETRIC, OMEGA, MASS))
    assert energy < 1e-7
    assert charge < 1e-12


def test_damping_breaks_both():
    energy, charge = drifts(Kuramoto(SYMMETRIC, OMEGA, MASS, damping=0.2))
    assert energy > 0.1
    assert charge > 0.1


def test_asymmetric_coupling_breaks_the_charge():
    _, charge = drifts(Kuramoto(MATRIX, OMEGA, MASS))
    assert charge > 0.1


def test_two_oscillators_lock_at_the_known_phase():
    """θ̇₂ − θ̇₁ = Δω − 2K sin(θ₂ − θ₁): locked at sin δ = Δω/2K where |Δω| < 2K, drifting beyond."""
    coupling = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    start = torch.tensor([0.0, 0.3], dtype=torch.float64)
    final = simulate(Kuramoto(coupling, [0.1, 1.3]), start, 40.0)["theta"][0, -1]
    assert float(final[1] - final[0]) == pytest.approx(math.asin(0.6), abs=1e-9)
    final = simulate(Kuramoto(coupling, [0.1, 2.5]), start, 40.0)["theta"][0, -1]
    slip = (2.4**2 - 4) ** 0.5
    assert float(final[1] - final[0]) == pytest.approx(slip * 40, abs=2 * math.pi)


def test_order_parameter():
    system = Kuramoto(1.0, OMEGA)
    assert torch.allclose(system.order_parameter(torch.full((COUNT,), 0.4)).abs(), torch.tensor(1.0))
    spread = 2 * torch.pi * torch.arange(COUNT, dtype=torch.float64) / COUNT
    assert system.order_parameter(spread).abs() < 1e-14


@pytest.mark.parametrize("name", ["kuramoto", "kuramoto_regular", "kuramoto_directed"])
def test_trajectories_of_another_program(name):
    with np.load(f"{DATA}/{name}_truth.npz") as truth:
        system = Kuramoto(truth["coupling"], truth["frequencies"])
    theirs = load(f"{DATA}/{name}.nc")
    time = theirs["time"].values
    ours = simulate(system, torch.tensor(theirs["theta"].values[:, 0]), time[-1], save_every=time[1])
    assert float(abs(ours["theta"].values - theirs["theta"].values).max()) < 1e-5
    assert ours["theta"].dims == ("sample", "time", "node")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"coupling": torch.ones(3, 2), "frequencies": [1.0, 2.0]}, r"shape \(3, 2\) for 2 frequencies"),
        ({"coupling": 1.0, "frequencies": [1.0]}, "N ≥ 2"),
        ({"coupling": 1.0, "frequencies": [1.0, math.nan]}, "not finite"),
        ({"coupling": 1.0, "frequencies": [1.0, 2.0], "inertia": [1.0, 0.0]}, "all zero or all positive"),
        ({"coupling": 1.0, "frequencies": [1.0, 2.0], "inertia": [1.0] * 3}, "expected a number"),
        ({"coupling": 1.0, "frequencies": [1.0, 2.0], "damping": 1.0}, "expected inertia > 0"),
        ({"coupling": 1.0, "frequencies": [1.0, 2.0], "inertia": 1.0, "damping": -1.0}, "γ ≥ 0"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        Kuramoto(**arguments)


def test_methods_of_the_other_order():
    with pytest.raises(ValueError, match=r"use \.velocity"):
        Kuramoto(MATRIX, OMEGA).acceleration(THETA)
    with pytest.raises(ValueError, match=r"use \.acceleration"):
        Kuramoto(MATRIX, OMEGA, MASS).velocity(THETA)
    with pytest.raises(ValueError, match="expected one: these oscillators are damped"):
        Kuramoto(MATRIX, OMEGA, MASS, damping=1.0).acceleration(THETA)
    with pytest.raises(ValueError, match="without an energy"):
        Kuramoto(MATRIX, OMEGA, MASS).energy(THETA, VELOCITY)


def test_differentiable_in_the_coupling():
    coupling = SYMMETRIC.clone().requires_grad_()
    Kuramoto(coupling, OMEGA).velocity(THETA).square().sum().backward()
    assert coupling.grad is not None
    assert coupling.grad.abs().max() > 0.1
