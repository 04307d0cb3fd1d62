"""Integrators: the order and the geometry they declare, with controls that fail."""

import math

import pytest
import torch

from simulations.integrators import (
    INTEGRATORS,
    RungeKutta,
    SymplecticComposition,
    integrator_named,
    rk4,
    stormer_verlet,
    triple_jump,
    yoshida4,
)

euler = RungeKutta("euler", 1, (), (1.0,))
yoshida6 = SymplecticComposition("yoshida6", 6, triple_jump(6))
METHODS = [stormer_verlet, yoshida4, yoshida6, rk4, euler]


class Pendulum:
    """q̈ = −sin q, of energy ½v² − cos q."""

    time_order = 2
    separable = True

    def acceleration(self, q, v=None, time=0.0):
        return -torch.sin(q)

    def velocity(self, q, time=0.0):
        raise ValueError


class DampedForced(Pendulum):
    """q̈ = −q − v/2 + cos t: q = 2 sin t is the periodic solution."""

    separable = False

    def acceleration(self, q, v=None, time=0.0):
        return -q - v / 2 + math.cos(time)


class Forced(Pendulum):
    """q̈ = −4q + 3 cos t: q = cos t, driven in time yet free of the velocity."""

    def acceleration(self, q, v=None, time=0.0):
        return -4 * q + 3 * math.cos(time)


class Decay:
    """q̇ = −q² with q = 1/(1 + t)."""

    time_order = 1
    separable = False

    def velocity(self, q, time=0.0):
        return -(q**2)

    def acceleration(self, q, v=None, time=0.0):
        raise ValueError


def run(method, system, q, v, duration, steps):
    q = torch.tensor(q, dtype=torch.float64)
    v = None if v is None else torch.tensor(v, dtype=torch.float64)
    step = duration / steps
    for number in range(steps):
        q, v = method.step(system, q, v, number * step, step)
    return q, v


def observed_order(method, system, q, v, exact, duration=2.0, steps=16):
    errors = [abs(float(run(method, system, q, v, duration, steps * 2**n)[0]) - exact) for n in (1, 2)]
    return math.log2(errors[0] / errors[1])


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_order_on_a_pendulum(method):
    exact = float(run(yoshida6, Pendulum(), 1.5, 0.3, 2.0, 2000)[0])
    steps = 256 if method is euler else 16
    order = observed_order(method, Pendulum(), 1.5, 0.3, exact, steps=steps)
    assert order == pytest.approx(method.order, abs=0.2)


@pytest.mark.parametrize("method", [stormer_verlet, yoshida4, rk4], ids=lambda method: method.name)
def test_order_with_explicit_time(method):
    order = observed_order(method, Forced(), 1.0, 0.0, math.cos(2.0), steps=64)
    assert order == pytest.approx(method.order, abs=0.2)


def test_order_of_runge_kutta_with_damping_and_of_first_order_systems():
    assert observed_order(rk4, DampedForced(), 0.0, 2.0, 2 * math.sin(2.0)) == pytest.approx(4, abs=0.2)
    assert observed_order(rk4, Decay(), 1.0, None, 1 / 3) == pytest.approx(4, abs=0.2)


def energy_errors(method, step=0.3, periods=600):
    """Mean energy error in the second half of a long run, less that in the first."""
    q, v = torch.tensor(1.5, dtype=torch.float64), torch.tensor(0.3, dtype=torch.float64)
    energies = []
    for number in range(int(periods / step)):
        q, v = method.step(Pendulum(), q, v, number * step, step)
        energies.append(0.5 * v**2 - torch.cos(q))
    energies = torch.stack(energies) - (0.5 * 0.3**2 - math.cos(1.5))
    first, second = energies.chunk(2)
    return float((second.mean() - first.mean()).abs()), float(energies.abs().max())


@pytest.mark.parametrize("method", [stormer_verlet, yoshida4], ids=lambda method: method.name)
def test_symplectic_methods_have_no_secular_energy_drift(method):
    drift, largest = energy_errors(method)
    assert method.symplectic
    assert largest > 1e-5
    assert drift < 0.01 * largest


def test_runge_kutta_drifts():
    drift, largest = energy_errors(rk4)
    assert not rk4.symplectic
    assert drift > 0.3 * largest
    assert largest > 1e-2


@pytest.mark.parametrize("method", [stormer_verlet, yoshida4, yoshida6], ids=lambda method: method.name)
def test_symplectic_methods_are_reversible_and_preserve_area(method):
    q, v = run(method, Pendulum(), 1.5, 0.3, 3.0, 20)
    back, velocity = run(method, Pendulum(), float(q), -float(v), 3.0, 20)
    assert (float(back), float(velocity)) == pytest.approx((1.5, -0.3), abs=1e-12)

    def flow(state):
        return torch.stack(method.step(Pendulum(), state[0], state[1], 0.0, 0.7))

    jacobian = torch.func.jacrev(flow)(torch.tensor([1.5, 0.3], dtype=torch.float64))
    assert float(torch.linalg.det(jacobian)) == pytest.approx(1, abs=1e-13)


def test_runge_kutta_does_not_preserve_area():
    def flow(state):
        return torch.stack(rk4.step(Pendulum(), state[0], state[1], 0.0, 0.7))

    jacobian = torch.func.jacrev(flow)(torch.tensor([1.5, 0.3], dtype=torch.float64))
    assert abs(float(torch.linalg.det(jacobian)) - 1) > 1e-6


@pytest.mark.parametrize("method", [stormer_verlet, yoshida4, yoshida6, rk4], ids=lambda method: method.name)
def test_stability_limit(method):
    class Oscillator(Pendulum):
        def acceleration(self, q, v=None, time=0.0):
            return -q

    steps = 4000
    inside = run(method, Oscillator(), 1.0, 0.0, 0.99 * method.stability_limit * steps, steps)[0]
    assert abs(float(inside)) < 10
    factor = 1.02 if method is not rk4 else 2.9 / method.stability_limit
    outside = run(method, Oscillator(), 1.0, 0.0, factor * method.stability_limit * steps, steps)[0]
    assert not abs(float(outside)) < 1e3


def test_stability_limits_known_in_closed_form():
    assert stormer_verlet.stability_limit == pytest.approx(2, abs=2e-3)
    assert rk4.stability_limit == pytest.approx(2.785, abs=2e-3)
    assert euler.stability_limit == 0


def test_choice_and_rejection():
    assert integrator_named(None, Pendulum()) is yoshida4
    assert integrator_named(None, DampedForced()) is rk4
    assert integrator_named(None, Decay()) is rk4
    assert integrator_named("rk4", Pendulum()) is rk4
    assert set(INTEGRATORS) == {"stormer_verlet", "yoshida4", "rk4"}
    with pytest.raises(ValueError, match="expected one of"):
        integrator_named("leapfrog", Pendulum())
    with pytest.raises(ValueError, match="use the integrator 'rk4'"):
        run(yoshida4, DampedForced(), 0.0, 2.0, 1.0, 2)
    with pytest.raises(ValueError, match="even number"):
        triple_jump(3)
