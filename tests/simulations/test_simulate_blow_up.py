"""Where a run stops: the first value that is not finite, its time and place, and advice with evidence."""

import re

import numpy as np
import pytest
import torch

from lagrangians import parse_lagrangian
from simulations import BlowUpError, FieldSystem, Grid, Kuramoto, simulate

GRID = Grid(20.0, 32)
X = GRID.coordinates()[0]
BUMP = torch.exp(-((X - 10) ** 2) / 8)
UNBOUNDED = FieldSystem(parse_lagrangian("phi_t**2/2 - phi_x**2/2 + phi**4/4", ("phi",), ("t", "x")), GRID, 4)
BOUNDED = FieldSystem(parse_lagrangian("phi_t**2/2 - phi_x**2/2 - phi**4/4", ("phi",), ("t", "x")), GRID, 4)


def stopped(system, initial, t_end, **options):
    with pytest.raises(BlowUpError) as caught:
        simulate(system, initial, t_end, **options)
    assert "\n" not in str(caught.value)
    return caught.value


def time_in(message):
    return float(re.search(r"blew up at t = ([\d.]+)", message).group(1))


def test_the_first_value_that_is_not_finite_is_found_step_by_step():
    """The same step and place however seldom states are saved; all saved before are kept."""
    initial = torch.stack([torch.zeros_like(X), 3 * BUMP, 2 * BUMP])
    messages = set()
    for save_every in (0.02, 0.1, 0.5):
        error = stopped(UNBOUNDED, initial, 10.0, save_every=save_every, step=0.01)
        messages.add(str(error))
        time = time_in(str(error))
        assert error.partial["time"][-1] < time <= error.partial["time"][-1] + save_every + 1e-12
        assert np.isfinite(error.partial["phi"].values).all()
        assert error.partial.attrs["stopped"] == str(error)
    (message,) = messages
    assert re.search(r"the field phi blew up at .*\(step \d+\), sample 1, x = 10, last finite value", message)


def test_a_solution_that_diverges_does_so_with_half_the_step():
    """q̈ = q³ from q = 3 at rest: t = ∫_3^∞ dq/√((q⁴ − 81)/2) = 1.8541/3 = 0.6180 (K(1/√2) = 1.8541)."""
    flat = 3 * torch.ones_like(X)
    error = stopped(UNBOUNDED, flat, 10.0, save_every=0.1, step=0.001)
    assert time_in(str(error)) == pytest.approx(1.8541 / 3, abs=0.01)
    assert "the solution itself diverges; is the potential bounded below" in str(error)


def test_a_step_that_is_too_large_is_told_from_a_theory_that_is_unstable():
    """A quartic oscillator of energy ½·70² turns faster than the linearised one that limits the step."""
    initial = (torch.zeros_like(X), 70 + 0 * X)
    options = {"save_every": 0.2, "step": 0.2, "integrator": "stormer_verlet"}
    error = stopped(BOUNDED, initial, 10.0, **options)
    advice = re.search(r"so the step is too large; pass step=([\d.e-]+) or less", str(error))
    smaller = simulate(BOUNDED, initial, 10.0, **(options | {"step": float(advice.group(1))}))
    assert float(abs(smaller["phi"]).max()) < 15


def test_a_force_outside_its_domain():
    root = FieldSystem.from_equations(["u_tt = u_xx - sqrt(u)"], ["u"], ["t", "x"], GRID, 4)
    message = str(stopped(root, 0.5 + 0 * X, 10.0, save_every=0.2))
    assert (
        "bounded below, are the signs of the parameters right? does the force divide by zero, take a root"
        in message
    )


def test_a_force_that_is_not_finite_where_the_field_is():
    class Broken(Kuramoto):
        def acceleration(self, theta, velocity=None, time=0.0):
            rate = super().acceleration(theta, velocity, time)
            return torch.where(torch.arange(4) == 2, torch.nan, rate) if time > 0.47 else rate

    system = Broken(1.0, torch.linspace(-1, 1, 4), inertia=1.0)
    options = {"step": 0.1, "save_every": 0.5, "integrator": "stormer_verlet"}
    message = str(stopped(system, torch.zeros(4), 1.0, **options))
    assert "blew up at t = 0.6 (step 6), sample 0, node = 2" in message
    assert "the force is not finite there though the field is; does the force divide by zero" in message


@pytest.mark.parametrize("integrator", ["dormand_prince5", "dop853"])
def test_adaptive_integrators_name_the_time_and_the_place_before(integrator):
    initial = torch.stack([torch.zeros_like(X), 3 * BUMP])
    error = stopped(UNBOUNDED, initial, 10.0, save_every=0.1, integrator=integrator)
    assert re.search(r"cannot go on at t = 0\.6\d+", str(error))
    assert re.search(r"at t = 0\.6 the largest value was phi = [\d.]+ \(sample 1, x = 10\)", str(error))
    assert error.partial.sizes["time"] == 7


def test_several_fields_and_nodes_are_named():
    pair = FieldSystem(
        parse_lagrangian("u_t**2/2 + v_t**2/2 - u_x**2/2 - v_x**2/2 + v**4/4", ("u", "v"), ("t", "x")),
        GRID,
        4,
    )
    error = stopped(pair, {"u": BUMP, "v": 3 * BUMP}, 10.0, save_every=0.1)
    assert "the field v blew up" in str(error)
    assert list(error.partial.data_vars) == ["u", "v"]

    class Broken(Kuramoto):
        def velocity(self, theta, time=0.0):
            rate = super().velocity(theta, time)
            return torch.where(torch.arange(4) == 2, torch.nan, rate) if time > 0.55 else rate

    error = stopped(Broken(1.0, torch.linspace(-1, 1, 4)), torch.zeros(4), 1.0, step=0.1, save_every=0.5)
    assert "the field theta blew up at t = 0.6 (step 6), sample 0, node = 2" in str(error)
    assert error.partial.sizes["time"] == 2
