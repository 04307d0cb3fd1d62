"""Additive noise: strong and weak order, stationary laws, reproducible step by step."""

import math

import pytest
import torch

from simulations import Kuramoto
from simulations.integrators import StochasticHeun, stochastic_heun

from .mechanical_systems import Chain, FirstOrder, OrnsteinUhlenbeck, Oscillator, Pendulum, run, tensor


class OnPath(StochasticHeun):
    """The method on a given Brownian path: ξ_n from increments of W over equal steps, shape (steps, …)."""

    def __init__(self, increments, step):
        super().__init__()
        self.normal = increments / math.sqrt(step)

    def normals(self, q, number):
        return self.normal[number]


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def ornstein_uhlenbeck_path(paths, steps, step, rate, seed=0):
    """ΔW and ∫e^{−λ(h − s)}dW of each step, jointly Gaussian, shape (steps, paths) each."""
    variance = -math.expm1(-2 * rate * step) / (2 * rate)
    covariance = -math.expm1(-rate * step) / rate
    increments = math.sqrt(step) * random(steps, paths, seed=seed)
    rest = math.sqrt(variance - covariance**2 / step) * random(steps, paths, seed=seed + 1)
    return increments, covariance / step * increments + rest


def test_strong_order_one_on_exact_ornstein_uhlenbeck_paths():
    """Root mean square distance at t = 2 from the exact solution driven by the same W."""
    errors = []
    for steps in (16, 32, 64):
        step = 2.0 / steps
        increments, integrals = ornstein_uhlenbeck_path(4000, steps, step, 1.0)
        exact = torch.zeros(4000, dtype=torch.float64)
        for integral in integrals:
            exact = math.exp(-step) * exact + 0.8 * integral
        method = OnPath(increments, step)
        found, _ = run(method, OrnsteinUhlenbeck(0.8), 0 * exact, None, 2.0, steps)
        errors.append(float((found - exact).square().mean().sqrt()))
    orders = [math.log2(errors[i] / errors[i + 1]) for i in range(2)]
    assert orders == pytest.approx([1, 1], abs=0.2)


class Noisy(FirstOrder):
    """dq = −sin q dt + ½ dW."""

    noise_strength = 0.5

    def velocity(self, q, time=0.0):
        return -torch.sin(q)


class NoisyPendulum(Pendulum):
    """dv = −(sin q + ⅕v) dt + ½ dW."""

    separable = False
    noise_strength = 0.5

    def acceleration(self, q, v=None, time=0.0):
        return -torch.sin(q) - v / 5


@pytest.mark.parametrize("system, second", [(Noisy(), False), (NoisyPendulum(), True)])
def test_strong_order_of_nonlinear_systems(system, second):
    """1, against 32 times smaller steps on the same path."""
    finest = 1024
    increments = math.sqrt(2.0 / finest) * random(finest, 2000)
    start = torch.full((2000,), 0.7, dtype=torch.float64)

    def end(steps):
        coarse = increments.view(steps, finest // steps, -1).sum(1)
        return run(OnPath(coarse, 2.0 / steps), system, start, 0 * start if second else None, 2.0, steps)[0]

    exact = end(finest)
    errors = [float((end(steps) - exact).square().mean().sqrt()) for steps in (16, 32)]
    order = math.log2(errors[0] / errors[1])
    assert order == pytest.approx(1, abs=0.2)


def variance_map(step, rate=1.0):
    """(R, c) of q₁ = R q + c σξ, read off from the method itself."""
    method = OnPath(tensor([math.sqrt(step)]), step)
    quiet = method.step(OrnsteinUhlenbeck(0.0), tensor(1.0), None, 0.0, step)[0]
    kicked = method.step(OrnsteinUhlenbeck(1.0), tensor(0.0), None, 0.0, step)[0]
    return float(quiet), float(kicked)


def test_weak_order_two_of_mean_and_variance():
    """E q² of the Ornstein–Uhlenbeck process at t = 1 and in the stationary state, without sampling."""
    transient, stationary = [], []
    for steps in (8, 16, 32):
        factor, kick = variance_map(1.0 / steps)
        variance = 0.0
        for _ in range(steps):
            variance = factor**2 * variance + kick**2
        transient.append(abs(variance + factor ** (2 * steps) - (math.exp(-2) - math.expm1(-2) / 2)))
        stationary.append(abs(kick**2 / (1 - factor**2) - 0.5))
    for errors in (transient, stationary):
        assert math.log2(errors[1] / errors[2]) == pytest.approx(2, abs=0.2)


def test_stationary_variance_of_many_paths():
    """σ²/2λ within four standard errors."""
    start = torch.zeros(20_000, dtype=torch.float64)
    end, _ = run(StochasticHeun(seed=3), OrnsteinUhlenbeck(0.6), start, None, 6.0, 60)
    assert float(end.var()) == pytest.approx(0.18, rel=4 * math.sqrt(2 / 20_000))
    assert float(end.mean()) == pytest.approx(0, abs=4 * math.sqrt(0.18 / 20_000))


def test_langevin_oscillator_reaches_equipartition():
    """dv = −(q + γv) dt + σ dW: ⟨v²⟩ = ⟨q²⟩ = σ²/2γ within four standard errors."""

    class Langevin(Pendulum):
        separable = False
        noise_strength = 0.9

        def acceleration(self, q, v=None, time=0.0):
            return -q - 0.8 * v

    zero = torch.zeros(10_000, dtype=torch.float64)
    q, v = run(StochasticHeun(seed=1), Langevin(), zero, zero, 16.0, 160)
    expected = 0.9**2 / 1.6
    for part in (q, v):
        assert float(part.var()) == pytest.approx(expected, rel=4 * math.sqrt(2 / 10_000))


def test_noise_of_each_component_has_its_strength():
    system = OrnsteinUhlenbeck(tensor([0.0, 0.1, 0.4]))
    end, _ = stochastic_heun.step(system, torch.zeros(50_000, 3, dtype=torch.float64), None, 0.0, 0.01)
    deviations = end.std(0) / (0.1 * (1 - 0.005))
    assert deviations.tolist() == pytest.approx([0, 0.1, 0.4], rel=0.02)


def test_noisy_oscillators_without_coupling_diffuse():
    """θ_i − ω_i t has variance σ²t; σ = 0 leaves the deterministic motion."""
    frequencies = torch.linspace(-1, 1, 20_000, dtype=torch.float64)
    system = Kuramoto(0.0, frequencies, noise=0.5)
    start = torch.zeros(20_000, dtype=torch.float64)
    end, _ = run(StochasticHeun(seed=5), system, start, None, 3.0, 30)
    spread = end - 3 * frequencies
    assert float(spread.var()) == pytest.approx(0.75, rel=4 * math.sqrt(2 / 20_000))
    still, _ = run(StochasticHeun(seed=5), Kuramoto(0.0, frequencies), start, None, 3.0, 30)
    assert torch.allclose(still, 3 * frequencies, atol=1e-12)


@pytest.mark.parametrize("strength", [None, 0.0, tensor([0.0])])
def test_without_noise_it_is_the_method_of_heun(strength):
    system = Chain()
    system.noise_strength = strength
    q, v, h = tensor(Chain.q0), tensor(Chain.v0), 0.2
    found = stochastic_heun.step(system, q, v, 0.0, h)
    force = Chain().acceleration
    ahead = force(q + h * v)
    assert torch.allclose(found[0], q + h * (v + v + h * force(q)) / 2, atol=1e-15)
    assert torch.allclose(found[1], v + h * (force(q) + ahead) / 2, atol=1e-15)


def test_undamped_oscillations_grow_as_slowly_as_stated():
    """|q| at the rate ω(ωh)³/8."""
    q, v = run(stochastic_heun, Oscillator(), 1.0, 0.0, 200.0, 2000)
    assert math.log(math.hypot(float(q), float(v))) == pytest.approx(200 * 0.1**3 / 8, rel=0.02)


# Reproducibility


def test_a_run_resumes_bit_for_bit_and_the_seed_decides():
    system, start, step = OrnsteinUhlenbeck(0.5), tensor([1.0, 0.0, -1.0]), 0.1

    def steps(q, numbers, seed):
        for number in numbers:
            q, _ = StochasticHeun(seed).step(system, q, None, number * step, step)
        return q

    whole = steps(start, range(1000), 7)
    assert torch.equal(whole, steps(steps(start, range(617), 7), range(617, 1000), 7))
    assert not torch.allclose(whole, steps(start, range(1000), 8))


def test_normals_are_independent_between_steps_and_seeds():
    q = torch.zeros(4000, dtype=torch.float64)
    draws = torch.stack([StochasticHeun(s).normals(q, n) for s in (0, 1, 2**63) for n in (0, 1, 2**40)])
    correlations = torch.corrcoef(draws) - torch.eye(9, dtype=torch.float64)
    assert float(correlations.abs().max()) < 5 / math.sqrt(4000)
    assert float((draws.std(1) - 1).abs().max()) < 5 / math.sqrt(8000)


def test_the_first_sample_of_a_batch_has_the_noise_of_a_run_by_itself():
    batch = stochastic_heun.normals(torch.zeros(5, 3, dtype=torch.float64), 4)
    assert torch.equal(batch[0], stochastic_heun.normals(torch.zeros(3, dtype=torch.float64), 4))
    assert torch.equal(batch.float(), stochastic_heun.normals(torch.zeros(5, 3), 4))
    assert not torch.equal(batch[0], batch[1])


def test_differentiable_in_the_strength_of_the_noise():
    def end(strength, q):
        return run(stochastic_heun, OrnsteinUhlenbeck(strength), q, None, 1.0, 5)[0]

    assert torch.autograd.gradcheck(end, [tensor([0.3, 0.4]).requires_grad_(), tensor([1.0, 2.0])])


def test_what_it_refuses():
    with pytest.raises(ValueError, match=r"got step -0\.1, expected a positive number"):
        stochastic_heun.step(OrnsteinUhlenbeck(), tensor([1.0]), None, 0.0, -0.1)
    with pytest.raises(ValueError, match=r"got seed -1, expected an integer from 0 to"):
        StochasticHeun(-1)
