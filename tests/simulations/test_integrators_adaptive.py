"""Methods that choose their own step: error control, order, determinism, and where they give up."""

import math

import numpy as np
import pytest
import torch

from lagrangians import catalogue
from simulations import FieldSystem, Grid, simulate
from simulations.errors import BlowUpError
from simulations.integrators import (
    INTEGRATORS,
    Dop853,
    DormandPrince,
    blanes_moan6,
    dop853,
    dormand_prince5,
    integrator_named,
)
from simulations.integrators.dormand_prince import ERROR, STAGES, WEIGHTS
from simulations.integrators.runge_kutta import first_order_form

from .mechanical_systems import (
    Chain,
    DampedForced,
    Driven,
    Falling,
    Forced,
    Singular,
    run,
    tensor,
)

ADAPTIVE = [dormand_prince5, dop853]


def name_of(method):
    return method.name


class Counted(Chain):
    calls = 0

    def acceleration(self, q, v=None, time=0.0):
        self.calls += 1
        return super().acceleration(q, v, time)


def test_they_say_that_they_are_adaptive_and_propose_one_call_from_save_to_save():
    assert set(ADAPTIVE) <= {method for method in INTEGRATORS.values() if method.adaptive}
    for method in ADAPTIVE:
        assert not method.symplectic
        assert method.proposed_step(Chain(), tensor(Chain.q0)) == math.inf
        assert method.largest_step(Chain(), tensor(Chain.q0)) == math.inf
        assert integrator_named(method.name, Chain()) is method


PROBLEMS = [
    (Forced(), 1.0, 0.0, math.cos(3.0)),
    (DampedForced(), 0.0, 2.0, 2 * math.sin(3.0)),
    (Falling(), Falling.start, None, Falling().exact(3.0)),
    (Driven(), 0.0, None, math.sin(3.0)),
]


@pytest.mark.parametrize("method", ADAPTIVE, ids=name_of)
@pytest.mark.parametrize("system, q, v, exact", PROBLEMS)
def test_accurate_for_every_kind_of_system(method, system, q, v, exact):
    for intervals in (1, 3):
        end, _ = run(method, system, q, v, 3.0, intervals)
        assert float(end) == pytest.approx(exact, abs=1e-7 if method is dormand_prince5 else 1e-9)


@pytest.mark.parametrize("method", ADAPTIVE, ids=name_of)
def test_backwards_in_time(method):
    q, v = method.step(Chain(), tensor(Chain.q0), tensor(Chain.v0), 0.0, 3.0)
    back, velocity = method.step(Chain(), q, v, 3.0, -3.0)
    assert torch.allclose(back, tensor(Chain.q0), atol=1e-6)
    assert torch.allclose(velocity, tensor(Chain.v0), atol=1e-6)


@pytest.mark.parametrize("family", [DormandPrince, Dop853])
def test_the_error_follows_the_tolerance(family):
    """A hundred times the tolerance, 30 to 300 times the error, and fewer evaluations."""
    exact = run(blanes_moan6, Chain(), Chain.q0, Chain.v0, 10.0, 400)[0]
    errors, calls = [], []
    for tolerance in (1e-5, 1e-7, 1e-9):
        system = Counted()
        end, _ = run(family(tolerance, tolerance), system, Chain.q0, Chain.v0, 10.0, 1)
        errors.append(float((end - exact).abs().max()))
        calls.append(system.calls)
    assert all(20 < errors[i] / errors[i + 1] < 500 for i in range(2))
    assert calls[0] < calls[1] < calls[2]
    assert errors[0] < 2e-3


def test_order_of_the_dormand_prince_step_and_of_its_error_estimate():
    """Single steps of given size: global error h⁵; the estimate of the local one h⁵, too."""
    exact = run(blanes_moan6, Chain(), Chain.q0, Chain.v0, 2.0, 100)[0]
    rate = first_order_form(Chain(), True)
    errors, estimates = [], []
    for steps in (8, 16):
        state, size = (tensor(Chain.q0), tensor(Chain.v0)), 2.0 / steps
        total = 0.0
        for number in range(steps):
            time = number * size
            state, _, error = DormandPrince(1e-3, 1e-3).attempt(rate, state, rate(state, time), time, size)
            total += error
        errors.append(float((state[0] - exact).abs().max()))
        estimates.append(total / steps)
    assert math.log2(errors[0] / errors[1]) == pytest.approx(5, abs=0.2)
    assert math.log2(estimates[0] / estimates[1]) == pytest.approx(5, abs=0.2)


def test_coefficients_of_dormand_and_prince():
    """Against SciPy's copy; the error weights are those of the two solutions' difference."""
    from scipy.integrate import RK45

    for row, expected in zip(STAGES, RK45.A[1:], strict=True):
        assert row == pytest.approx(expected[: len(row)], abs=1e-16)
    assert pytest.approx(RK45.B, abs=1e-16) == WEIGHTS
    assert pytest.approx(-RK45.E, abs=1e-16) == ERROR
    assert math.fsum(ERROR) == pytest.approx(0, abs=1e-16)


def test_order_of_dop853_at_fixed_steps():
    """Tolerances so loose that max_step alone decides."""
    errors = []
    for steps in (8, 16):
        method = Dop853(rtol=1e3, atol=1e3, max_step=4.0 / steps)
        end, _ = run(method, Forced(), 1.0, 0.0, 4.0, steps)
        errors.append(abs(float(end) - math.cos(4.0)))
    assert errors[1] > 1e-13
    assert math.log2(errors[0] / errors[1]) == pytest.approx(8, abs=0.2)


@pytest.mark.parametrize("method", ADAPTIVE, ids=name_of)
def test_the_same_state_and_interval_give_the_same_bits(method):
    q, v = tensor([Chain.q0, Chain.v0]), tensor([Chain.v0, Chain.q0])
    first = method.step(Chain(), q, v, 0.7, 2.0)
    run(method, Driven(), 0.3, None, 5.0, 2)
    again = method.step(Chain(), q, v, 0.7, 2.0)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_one_wild_sample_of_a_batch_keeps_its_accuracy():
    """The error is that of the worst sample, not an average over a thousand."""
    q, v = torch.zeros(1000, 3, dtype=torch.float64), torch.zeros(1000, 3, dtype=torch.float64)
    q[0] = tensor(Chain.q0)
    v[0] = tensor(Chain.v0)
    end, _ = dormand_prince5.step(Chain(), q, v, 0.0, 5.0)
    exact = run(blanes_moan6, Chain(), Chain.q0, Chain.v0, 5.0, 200)[0]
    assert torch.allclose(end[0], exact, atol=1e-6)


@pytest.mark.parametrize("method", ADAPTIVE, ids=name_of)
def test_float32_is_kept_to_its_accuracy(method):
    q, v = method.step(Chain(), tensor(Chain.q0).float(), tensor(Chain.v0).float(), 0.0, 4.0)
    exact = run(blanes_moan6, Chain(), Chain.q0, Chain.v0, 4.0, 200)[0]
    assert q.dtype == v.dtype == torch.float32
    assert torch.allclose(q.double(), exact, atol=2e-4)


def test_gradients_of_dormand_prince():
    def flow(q, v):
        return DormandPrince(1e-10, 1e-12).step(Chain(), q, v, 0.0, 0.4)

    arguments = [tensor(Chain.q0).requires_grad_(), tensor(Chain.v0).requires_grad_()]
    assert torch.autograd.gradcheck(flow, arguments, atol=1e-5)


def test_dop853_refuses_gradients_rather_than_losing_them():
    q, v = tensor(Chain.q0).requires_grad_(), tensor(Chain.v0)
    with pytest.raises(ValueError, match=r"requires gradients, .* use the integrator 'dormand_prince5'"):
        dop853.step(Chain(), q, v, 0.0, 1.0)
    with torch.no_grad():
        assert not dop853.step(Chain(), q, v, 0.0, 1.0)[0].requires_grad


@pytest.mark.parametrize("method", ADAPTIVE, ids=name_of)
def test_a_singular_solution_is_refused_with_its_time(method):
    with pytest.raises(BlowUpError, match=f"{method.name} cannot go on at t = (1|0.99999|1.00000)") as caught:
        run(method, Singular(), 1.0, None, 2.0, 4)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(BlowUpError, match=r"cannot go on at t = 0\.5: no step is small enough"):
        method.step(Singular(), tensor([float("nan")]), None, 0.5, 1.0)


def test_too_many_steps_are_refused():
    with pytest.raises(BlowUpError, match=r"after 5 steps of dormand_prince5, expected 50; relax rtol"):
        DormandPrince(most_steps=5).step(Chain(), tensor(Chain.q0), tensor(Chain.v0), 0.0, 50.0)


@pytest.mark.parametrize("family", [DormandPrince, Dop853])
def test_tolerances_are_positive(family):
    for rtol, atol in ((0.0, 1e-6), (1e-6, -1.0), (float("nan"), 1e-6)):
        with pytest.raises(ValueError, match=r"got rtol = .*, expected positive numbers"):
            family(rtol, atol)


@pytest.mark.parametrize("method", ADAPTIVE, ids=name_of)
def test_a_breather_through_simulate(method):
    """Saved at its own times, accurate to the tolerance beside the error of space."""
    system = FieldSystem(catalogue.sine_gordon(), Grid(30.0, 64))
    (x,) = system.grid.coordinates()
    q = 4 * torch.atan(0.75 / torch.cosh(0.6 * (x - x.mean())))
    dataset = simulate(system, q, 2.0, save_every=0.5, integrator=method)
    finest, _ = run(blanes_moan6, system, q, torch.zeros_like(q), 2.0, 40)
    assert dataset.attrs["integrator"] == method.name
    np.testing.assert_allclose(dataset["phi"].values[0, -1], finest.numpy(), atol=1e-6)
