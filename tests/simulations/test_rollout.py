"""The differentiable run: gradients against differences, with and without checkpoints; its memory."""

import pytest
import torch

from lagrangians import catalogue, parse_lagrangian
from simulations import FieldSystem, Grid, Kuramoto, simulate, solutions
from simulations.rollout import rollout

from .live_memory import LiveMemory

GRID = Grid(6.0, 8)
THEORY = parse_lagrangian("phi_t**2/2 - c2*phi_x**2/2 + m2*cos(phi)", ("phi",), ("t", "x"), ("c2", "m2"))
STATE = tuple(solutions.random_smooth(GRID, 2, 1.0, 1.5, seed) for seed in (1, 2))
OPTIONS = {"t_end": 1.0, "save_every": 0.5, "step": 0.1}


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def field(c2, m2, derivative="fourier"):
    return FieldSystem(THEORY, GRID, derivative, parameters={"c2": c2, "m2": m2})


@pytest.mark.parametrize("integrator", ["stormer_verlet", "blanes_moan4", "rk4"])
def test_the_numbers_are_those_of_simulate(integrator):
    system = FieldSystem(catalogue.sine_gordon(), GRID)
    fields, rates = simulate(system, STATE, **OPTIONS, integrator=integrator, backend="loop", velocities=True)
    for every in (None, 0, 1, 3, 100):
        q, v = rollout(system, *STATE, **OPTIONS, integrator=integrator, checkpoint_every=every)
        assert q.shape == v.shape == (2, 3, 8)
        assert torch.equal(q, torch.tensor(fields["phi"].values))
        assert torch.equal(v, torch.tensor(rates["phi"].values))


def test_shapes_of_batches_and_several_fields():
    pair = FieldSystem(
        parse_lagrangian("u_t**2/2 + v_t**2/2 - u_x**2/2 - v_x**2/2 - u**2*v**2/2", ("u", "v"), ("t", "x")),
        GRID,
    )
    q, v = rollout(pair, torch.rand(4, 3, 2, 8, dtype=torch.float64), t_end=0.2)
    assert q.shape == v.shape == (4, 3, 2, 2, 8)
    theta, none = rollout(Kuramoto(1.0, torch.linspace(-1, 1, 5)), torch.zeros(5), t_end=0.2, save_every=0.1)
    assert theta.shape == (3, 5)
    assert theta.dtype == torch.float32
    assert none is None


@pytest.mark.parametrize("derivative, every", [("fourier", 0), ("fourier", None), (4, 1), (4, 4)])
def test_gradients_of_a_field_theory(every, derivative):
    """To initial data and parameters, one of them an array on the grid, against central differences."""
    q, v = (part[0].clone().requires_grad_() for part in STATE)
    c2, m2 = tensor(1.3), (1 + 0.3 * torch.rand(8, dtype=torch.float64)).requires_grad_()

    def final(q, v, c2, m2):
        states = rollout(field(c2, m2, derivative), q, v, **OPTIONS, checkpoint_every=every)
        return states[0][-1], states[1][1]

    assert torch.autograd.gradcheck(final, (q, v, c2, m2), eps=1e-6, atol=1e-8, rtol=1e-6, fast_mode=True)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):  # the control: a gradient that is lost
        torch.autograd.gradcheck(
            lambda q, v, c2, m2: final(q, v.detach() + 0 * v, c2, m2), (q, v, c2, m2), fast_mode=True
        )


@pytest.mark.parametrize("every", [0, 3])
def test_gradients_of_oscillators_also_with_noise(every):
    coupling = torch.rand(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    inputs = (
        torch.linspace(0, 2, 4, dtype=torch.float64).requires_grad_(),
        coupling.requires_grad_(),
        tensor(0.1, -0.3, 0.5, 0.2),
        tensor(0.4),
    )

    def final(theta, coupling, frequencies, noise):
        system = Kuramoto(coupling, frequencies, noise=noise[0])
        return rollout(system, theta, t_end=1.0, step=0.1, seed=3, checkpoint_every=every)[0][-1]

    assert torch.autograd.gradcheck(final, inputs, eps=1e-6, atol=1e-8, rtol=1e-6, fast_mode=True)


def test_checkpoints_change_gradients_by_round_off_at_most():
    gradients = []
    for every in (0, 1, 7, None):
        q, v = (part.clone().requires_grad_() for part in STATE)
        c2, m2 = tensor(1.3), tensor(0.7)
        states = rollout(field(c2, m2), q, v, t_end=5.0, save_every=0.5, step=0.05, checkpoint_every=every)
        (states[0] ** 2).sum().backward()
        gradients.append(torch.cat([part.grad.flatten() for part in (q, v, c2, m2)]))
    for gradient in gradients[1:]:
        assert float((gradient - gradients[0]).abs().max() / gradients[0].abs().max()) < 1e-13


def peak_of_a_gradient(steps, every):
    """In states of the field: the most memory that forward and backward hold at once."""
    grid = Grid(10.0, 512)
    system = FieldSystem(THEORY, grid, 4, parameters={"c2": torch.tensor(1.0), "m2": torch.tensor(1.0)})
    q = solutions.random_smooth(grid, 1).requires_grad_()
    step = 0.001
    with LiveMemory() as memory:
        states, _ = rollout(
            system, q, t_end=steps * step, step=step, integrator="stormer_verlet", checkpoint_every=every
        )
        (states[:, -1] ** 2).sum().backward()
    return memory.peak / (q.numel() * 8)


def test_memory_grows_as_the_root_of_the_number_of_steps():
    """Without checkpoints at least a state a step; with them at most 2.3 times for four times the steps."""
    whole = [peak_of_a_gradient(steps, 0) for steps in (64, 256)]
    rooted = [peak_of_a_gradient(steps, None) for steps in (64, 256)]
    assert whole[1] - whole[0] >= 256 - 64
    assert rooted[1] / rooted[0] < 2.3
    assert rooted[1] < whole[1] / 4


def test_without_gradients_nothing_is_kept():
    with torch.no_grad(), LiveMemory() as memory:
        states, _ = rollout(
            FieldSystem(catalogue.sine_gordon(), Grid(10.0, 512), 4),
            torch.ones(512).double(),
            t_end=1.0,
            step=0.01,
        )
    assert not states.requires_grad
    assert memory.peak < 25 * 512 * 8


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"q": torch.zeros(7)}, r"shape \(7,\), expected \(…, 8\)"),
        ({"v": torch.zeros(7)}, r"shape \(7,\)"),
        ({"checkpoint_every": -1}, "expected a whole number"),
        ({"checkpoint_every": 1.5}, "expected a whole number"),
        ({"backend": "kernel"}, "expected loop or torch"),
        ({"integrator": "euler"}, "expected one of"),
        ({"save_every": 0.3}, "multiple"),
        ({"step": 100.0}, "stability limit"),
    ],
)
def test_bad_arguments(arguments, message):
    system = FieldSystem(catalogue.sine_gordon(), GRID)
    with pytest.raises(ValueError, match=message):
        rollout(**{"system": system, "q": STATE[0], "t_end": 1.0, **arguments})


def test_first_order_systems_take_no_velocity():
    with pytest.raises(ValueError, match="first order in time"):
        rollout(Kuramoto(1.0, torch.linspace(-1, 1, 5)), torch.zeros(5), torch.zeros(5), t_end=1.0)
