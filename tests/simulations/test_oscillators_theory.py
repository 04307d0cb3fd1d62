"""Oscillators against what is known of them, each statement beside a case where it fails."""

import math

import numpy as np
import pytest
import scipy.sparse
import torch

from simulations import simulate
from simulations.integrators import rk4, stochastic_heun
from simulations.oscillators import (
    Edges,
    Kuramoto,
    MeanFieldTriplets,
    beat_frequency,
    cross_ratio,
    cross_ratios,
    effective_frequencies,
    frequencies,
    initial,
    local_order_parameter,
    locked_pair,
    networks,
    noisy_order_parameter,
    order_parameter,
    ott_antonsen_order_parameter,
    ott_antonsen_rate,
    ott_antonsen_transient,
)

DISTRIBUTIONS = {
    "lorentzian": frequencies.lorentzian(0.7, 0.4),
    "gaussian": frequencies.gaussian(-0.3, 0.5),
    "uniform": frequencies.uniform(0.2, 0.8),
}
COUNT = 6
GENERATOR = torch.Generator().manual_seed(8)
MATRIX = torch.rand(COUNT, COUNT, dtype=torch.float64, generator=GENERATOR)
SYMMETRIC = MATRIX + MATRIX.T
OMEGA = torch.randn(COUNT, dtype=torch.float64, generator=GENERATOR)
THETA = 3 * torch.randn(COUNT, dtype=torch.float64, generator=GENERATOR)
VELOCITY = torch.randn(COUNT, dtype=torch.float64, generator=GENERATOR)


def run(system, theta, duration, step, watch=None):
    """The state after fixed Runge–Kutta steps, and what `watch` saw after each."""
    seen = []
    for number in range(round(duration / step)):
        theta, _ = rk4.step(system, theta, None, number * step, step)
        if watch is not None:
            seen.append(watch(theta))
    return theta, torch.stack(seen) if seen else None


def settled_order(distribution, coupling, count=2000, duration=160.0):
    """Mean |z_1| of the last quarter of a run that starts synchronised."""
    omega = distribution.quantiles(count) - distribution.centre
    start = torch.zeros(count, dtype=torch.float64)
    _, order = run(
        Kuramoto(coupling, omega), start, duration, 0.1, lambda theta: order_parameter(theta).abs()
    )
    return float(order[-len(order) // 4 :].mean())


@pytest.mark.parametrize(
    "name, value",
    [("lorentzian", 0.8), ("gaussian", 0.5 * math.sqrt(8 / math.pi)), ("uniform", 3.2 / math.pi)],
)
def test_critical_coupling_in_closed_form(name, value):
    assert DISTRIBUTIONS[name].critical_coupling() == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_onset_of_synchrony_is_within_five_percent_of_the_critical_coupling(name):
    distribution = DISTRIBUTIONS[name]
    critical = distribution.critical_coupling()
    assert settled_order(distribution, 0.95 * critical) < 0.03
    above = settled_order(distribution, 1.05 * critical)
    assert above > 0.15
    assert above == pytest.approx(distribution.order_parameter(1.05 * critical), abs=0.02)


def test_formula_for_the_onset_fails_for_two_maxima():
    """2/(πg(centre)) is 2.6 here; synchrony sets in at 4·width = 0.8 already, and the formula is refused."""
    two = frequencies.bimodal(0.0, 0.2, 1.0)
    naive = 2 / (math.pi * float(two.density(np.array(0.0))))
    assert naive == pytest.approx(2.9)
    assert settled_order(two, 0.5 * naive) > 0.3
    with pytest.raises(ValueError, match="more than one maximum"):
        two.critical_coupling()
    close = frequencies.bimodal(0.0, 1.0, 0.5)
    assert close.critical_coupling() == pytest.approx(2 * (1 + 0.25**2))


def test_below_the_onset_random_frequencies_leave_fluctuations_of_the_inverse_root():
    """r√N stays of order one while N grows 16 times; quantiles have no such fluctuations."""
    scaled = []
    for count in (500, 8000):
        seen = []
        for seed in range(4):
            omega = DISTRIBUTIONS["gaussian"].sample(count, seed)
            start = initial.random_phases(count, seed=seed)[0]
            system = Kuramoto(0.4, omega)
            _, order = run(system, start, 30.0, 0.1, lambda theta: order_parameter(theta).abs())
            seen.append(float(order[100:].square().mean().sqrt()))
        scaled.append(np.mean(seen) * math.sqrt(count))
    assert 0.7 < scaled[0] < 3
    assert 0.7 < scaled[1] < 3
    quiet = settled_order(DISTRIBUTIONS["gaussian"], 0.4, 8000, 40.0)
    assert quiet * math.sqrt(8000) < 0.05


def test_ott_antonsen_order_of_a_hundred_thousand_oscillators():
    distribution = frequencies.lorentzian(0.0, 1.0)
    coupling = 2 * distribution.critical_coupling()
    expected = ott_antonsen_order_parameter(coupling, 1.0)
    assert expected == pytest.approx(math.sqrt(0.5))
    system = Kuramoto(coupling, distribution.quantiles(100_000))
    theta = initial.wrapped_cauchy(100_000, order=0.5)[0]
    theta, _ = run(system, theta, 12.0, 0.1)
    assert abs(float(order_parameter(theta).abs()) - expected) < 0.01
    gaussian = DISTRIBUTIONS["gaussian"]
    assert abs(settled_order(gaussian, 2 * gaussian.critical_coupling(), duration=40.0) - expected) > 0.1


@pytest.mark.slow
def test_ott_antonsen_order_from_random_phases():
    distribution = frequencies.lorentzian(0.0, 1.0)
    for seed in range(3):
        system = Kuramoto(4.0, distribution.sample(100_000, seed))
        _, order = run(
            system,
            initial.random_phases(100_000, seed=seed)[0],
            30.0,
            0.05,
            lambda theta: order_parameter(theta).abs(),
        )
        assert float((order[400:] - math.sqrt(0.5)).abs().max()) < 0.01


def test_self_consistent_order_is_ott_and_antonsens_for_lorentzian_frequencies():
    for coupling in (0.5, 0.9, 1.6, 5.0):
        expected = ott_antonsen_order_parameter(coupling, 0.4)
        assert DISTRIBUTIONS["lorentzian"].order_parameter(coupling) == pytest.approx(expected, abs=1e-9)
    jump = DISTRIBUTIONS["uniform"].order_parameter(1.0001 * 3.2 / math.pi)
    assert jump == pytest.approx(math.pi / 4, abs=0.02)


def test_transient_is_that_of_the_ott_antonsen_equation():
    """N = 20 000 from a wrapped Cauchy distribution, growing and decaying; another width does not fit."""
    time = 0.1 * torch.arange(1, 81, dtype=torch.float64)
    for coupling in (4.0, 1.0):
        omega = frequencies.lorentzian(0.0, 1.0).quantiles(20_000)
        theta = initial.wrapped_cauchy(20_000, order=0.3, seed=1)[0]
        watch = lambda theta: order_parameter(theta).abs()  # noqa: E731
        _, order = run(Kuramoto(coupling, omega), theta, 8.0, 0.1, watch)
        expected = ott_antonsen_transient(0.3, time, coupling, 1.0)
        assert float((order - expected).abs().max()) < 0.02
        assert float((order - ott_antonsen_transient(0.3, time, coupling, 1.2)).abs().max()) > 0.03


def test_closed_transient_solves_the_equation():
    for coupling in (0.5, 2.0, 3.0):
        time = torch.linspace(0, 5, 11, dtype=torch.float64, requires_grad=True)
        order = ott_antonsen_transient(0.2, time, coupling, 1.0)
        (slope,) = torch.autograd.grad(order.sum(), time)
        rate = ott_antonsen_rate(order.to(torch.complex128), coupling, 1.0)
        assert float((slope - rate.real).detach().abs().max()) < 1e-12
        assert float(rate.imag.detach().abs().max()) < 1e-12
        assert float(order[0].detach()) == pytest.approx(0.2)


@pytest.mark.parametrize("lag, triplets", [(0.5, 0.0), (0.0, 3.0)])
def test_rate_of_the_order_parameter_is_ott_and_antonsens(lag, triplets):
    """dz/dt of 10⁵ oscillators on the manifold, by the chain rule; also with a lag and with triplets."""
    count, order = 100_000, 0.6
    omega = frequencies.lorentzian(0.3, 1.0).quantiles(count)
    theta = initial.wrapped_cauchy(count, order=order)[0]
    system = Kuramoto(2.5, omega, phase_lag=lag, simplices=MeanFieldTriplets(triplets))
    z = torch.exp(1j * theta)
    torque = system.velocity(theta) - omega
    measured = (1j * torque * z).mean()
    value = torch.tensor(complex(order), dtype=torch.complex128)
    expected = ott_antonsen_rate(value, 2.5, 0.0, 0.0, lag, triplets)
    assert abs(complex(measured - expected)) < 2e-3
    assert abs(complex(measured - ott_antonsen_rate(value, 2.5, 0.0, 0.0, lag + 0.1, triplets))) > 0.02


@pytest.mark.parametrize(
    "omega, couplings, lag",
    [
        ((0.3, 1.1), (1.0, 1.0), 0.0),
        ((1.1, 0.3), (0.5, 1.5), 0.4),
        ((0.0, 0.2), (-1.0, -0.7), 0.0),
        ((0.3, 0.4), (1.0, -0.2), 1.3),
    ],
)
def test_locked_pair_in_closed_form(omega, couplings, lag):
    pair = locked_pair(omega, couplings, lag)
    matrix = [[0.0, couplings[0]], [couplings[1], 0.0]]
    system = Kuramoto(matrix, omega, phase_lag=lag)
    state = torch.tensor([0.0, pair.difference], dtype=torch.float64)
    assert torch.allclose(
        system.velocity(state), torch.tensor(pair.frequency, dtype=torch.float64), atol=1e-14
    )
    disturbed = state + torch.tensor([0.0, 0.3], dtype=torch.float64)
    end, _ = run(system, disturbed, 30 / pair.relaxation, 0.02 / pair.relaxation)
    difference = float(end[1] - end[0])
    assert abs(math.remainder(difference - pair.difference, 2 * math.pi)) < 1e-10
    jacobian = torch.autograd.functional.jacobian(system.velocity, state)
    rates = torch.linalg.eigvals(jacobian).real.sort().values
    assert torch.allclose(rates, torch.tensor([-pair.relaxation, 0.0], dtype=torch.float64), atol=1e-12)


def test_symmetric_pair_locks_at_the_arcsine():
    assert locked_pair((0.0, 1.2), (1.0, 1.0)).difference == pytest.approx(math.asin(0.6), abs=1e-15)
    assert beat_frequency((0.0, 1.2), (1.0, 1.0)) == 0


def test_detuned_pair_drifts_with_the_beat_frequency():
    with pytest.raises(
        ValueError, match=r"expected less than \|R\| = 2: the pair drifts, with beat frequency 1\.5"
    ):
        locked_pair((0.0, 2.5), (1.0, 1.0))
    system = Kuramoto([[0.0, 1.0], [1.0, 0.0]], [0.0, 2.5])
    beat = beat_frequency((0.0, 2.5), (1.0, 1.0))
    end, _ = run(system, torch.zeros(2, dtype=torch.float64), 2 * math.pi / beat, math.pi / 1000 / beat)
    assert float(end[1] - end[0]) == pytest.approx(2 * math.pi, abs=1e-9)


def test_velocities_add_up_to_the_frequencies():
    """For symmetric coupling without lag; with lag the sum is −sin α Σ_ij K_ij cos(θ_j − θ_i) off."""

    def excess(coupling, **options):
        return float((Kuramoto(coupling, OMEGA, **options).velocity(THETA) - OMEGA).sum())

    everyone = torch.full((COUNT, COUNT), 1.4 / COUNT, dtype=torch.float64)
    sparse = scipy.sparse.csr_array(SYMMETRIC.numpy())
    for coupling, matrix in ((1.4, everyone), (SYMMETRIC, SYMMETRIC), (sparse, SYMMETRIC)):
        assert excess(coupling) == pytest.approx(0, abs=1e-12)
        assert excess(coupling, harmonics=[1.0, -0.7]) == pytest.approx(0, abs=1e-12)
        lost = -math.sin(0.3) * float((matrix * torch.cos(THETA - THETA[:, None])).sum())
        assert abs(lost) > 0.01
        assert excess(coupling, phase_lag=0.3) == pytest.approx(lost)
    assert abs(excess(MATRIX)) > 0.1
    assert abs(excess(0.0, simplices=MeanFieldTriplets(2.0))) > 0.01


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"harmonics": [1.0, -0.5, 0.3]},
        {"simplices": [MeanFieldTriplets(2.0), MeanFieldTriplets(2.0, "j+k-2i")]},
    ],
)
def test_energy_and_charge_of_inertial_oscillators(extra):
    def drifts(system, theory):
        fields, rates = simulate(system, (THETA, VELOCITY), 10.0, step=0.01, velocities=True)
        theta, velocity = (torch.tensor(data["theta"].values[0]) for data in (fields, rates))
        energy = theory.energy(theta, velocity)
        charge = theory.charge(theta, velocity, torch.tensor(fields["time"].values))
        return [float((value - value[0]).abs().max() / value.abs().mean()) for value in (energy, charge)]

    free = Kuramoto(SYMMETRIC, OMEGA, 1.3, **extra)
    energy, charge = drifts(free, free)
    assert energy < 1e-7
    assert charge < 1e-12
    energy, charge = drifts(Kuramoto(SYMMETRIC, OMEGA, 1.3, 0.2, **extra), free)
    assert energy > 0.1
    assert charge > 0.1


@pytest.mark.parametrize("coupling, other_noise", [(4.0, 0.7), (0.4, 0.3)])
def test_identical_oscillators_with_noise_are_in_thermal_equilibrium(coupling, other_noise):
    """D = σ²/2 = 0.5 and K_c = 2D = 1: r = I₁(Kr/D)/I₀(Kr/D) above it, 0 below; another noise, another r."""
    expected = noisy_order_parameter(coupling, 0.5)

    def order(noise):
        system = Kuramoto(coupling, torch.zeros(8000, dtype=torch.float64), noise=noise)
        theta, seen = torch.zeros(8000, dtype=torch.float64), []
        for number in range(400):
            theta, _ = stochastic_heun.step(system, theta, None, 0.05 * number, 0.05)
            seen.append(float(order_parameter(theta).abs()))
        return float(np.mean(seen[300:]))

    tolerance = 0.01 if coupling > 1 else 0.05
    assert (expected > 0.5) is (coupling > 1)
    assert order(1.0) == pytest.approx(expected, abs=tolerance)
    assert abs(order(other_noise) - expected) > 3 * tolerance


def test_noise_heats_inertial_oscillators_to_the_temperature_of_einstein():
    """⟨mθ̇²⟩ = σ²/2γ whatever the mass and coupling: with inertia the noise is on the momenta."""
    mass = torch.tensor([0.5, 2.0], dtype=torch.float64).repeat_interleave(4000)
    system = Kuramoto(1.0, torch.zeros(8000), mass, damping=0.8, noise=0.6)
    theta = velocity = torch.zeros(8000, dtype=torch.float64)
    seen = []
    for number in range(500):
        theta, velocity = stochastic_heun.step(system, theta, velocity, 0.05 * number, 0.05)
        seen.append(velocity**2)
    squares = torch.stack(seen[300:]).mean(0).reshape(2, 4000).mean(1)
    expected = 0.6**2 / (2 * 0.8)
    assert torch.allclose(mass[[0, -1]] * squares, torch.tensor(expected, dtype=torch.float64), rtol=0.05)
    assert not torch.allclose(squares, torch.tensor(expected, dtype=torch.float64), rtol=0.3)


def chimera_orders(lag, amplitude=0.995, duration=100.0):
    """|Σ_j K_ij e^{iθ_j}| over the nearest 16 at every node, averaged over the last quarter of a run."""
    count = 256
    system = Kuramoto(networks.cosine_ring(count, amplitude, 2 * math.pi), torch.zeros(count), phase_lag=lag)
    near = torch.tensor(networks.ring(count, 8).toarray())
    theta = initial.chimera(count, seed=3)[0]
    _, order = run(system, theta, duration, 0.05, lambda theta: local_order_parameter(theta, near).abs())
    return order[-len(order) // 4 :]


def test_chimera_on_a_ring_lives():
    """Abrams & Strogatz: a coherent and an incoherent part coexist; without the lag all synchronise."""
    order = chimera_orders(math.pi / 2 - 0.18).mean(0)
    assert float((order > 0.99).double().mean()) > 0.2
    assert float((order < 0.8).double().mean()) > 0.2
    assert float(chimera_orders(0.0, duration=20.0).mean(0).min()) > 0.99


def test_cross_ratios_of_identical_oscillators_are_conserved():
    theta = THETA.repeat(1, 1)
    step = 0.01
    before = cross_ratios(theta)
    omega = torch.full((COUNT,), 0.7, dtype=torch.float64)

    def change(system):
        end, _ = run(system, theta, 2.0, step)
        return float((cross_ratios(end) / before - 1).abs().max())

    for lag in (0.0, 1.2):
        assert change(Kuramoto(1.0, omega, phase_lag=lag)) < 1e-7
    assert change(Kuramoto(1.0, omega, simplices=MeanFieldTriplets(0.7))) < 1e-7
    assert change(Kuramoto(SYMMETRIC / COUNT, omega)) > 1e-2
    assert change(Kuramoto(1.0, omega, harmonics=[1.0, 0.3])) > 1e-2
    assert change(Kuramoto(1.0, 0.1 * OMEGA)) > 1e-2
    assert change(Kuramoto(1.0, omega, simplices=MeanFieldTriplets(0.7, "j+k-2i"))) > 1e-2


def test_cross_ratio_is_that_of_the_points_on_the_circle():
    z = torch.exp(1j * THETA[:4])
    expected = (z[0] - z[2]) * (z[1] - z[3]) / ((z[0] - z[3]) * (z[1] - z[2]))
    assert float(abs(expected - cross_ratio(THETA))) < 1e-12
    assert float(cross_ratio(THETA)) == pytest.approx(float(cross_ratios(THETA)[0]))
    assert float(cross_ratio(THETA + 0.4)) == pytest.approx(float(cross_ratio(THETA)))
    assert float(cross_ratio(THETA, (0, 2, 1, 3))) != pytest.approx(float(cross_ratio(THETA)))
    with pytest.raises(ValueError, match="four different"):
        cross_ratio(THETA, (0, 1, 1, 2))
    with pytest.raises(ValueError, match="four or more"):
        cross_ratios(THETA[:3])


def test_order_parameters():
    clusters = initial.two_clusters(10)[0]
    assert float(order_parameter(clusters).abs()) < 1e-15
    assert float(order_parameter(clusters, 2).abs()) == pytest.approx(1)
    splay = initial.splay(12, winding=1)[0]
    near = Kuramoto(networks.ring(12, 1), torch.zeros(12)).local_order_parameter(splay)
    assert torch.allclose(near.abs(), torch.tensor(math.cos(2 * math.pi / 12), dtype=torch.float64))
    alone = Kuramoto(Edges([0], [1]), torch.zeros(3)).local_order_parameter(splay[:3])
    assert torch.allclose(alone[0], torch.exp(1j * splay[1]))
    assert float(alone[1:].abs().max()) == 0
    everyone = Kuramoto(1.0, torch.zeros(12)).local_order_parameter(clusters.repeat(2, 2)[:, :12])
    assert everyone.shape == (2, 12)


def test_effective_frequencies_of_a_locked_and_a_drifting_oscillator():
    system = Kuramoto([[0.0, 1, 0], [1, 0, 0], [0, 0, 0]], [0.0, 1.0, 3.0])
    data = simulate(system, torch.zeros(3, dtype=torch.float64), 40.0)
    time, theta = torch.tensor(data["time"].values), torch.tensor(data["theta"].values)
    late = slice(100, None)
    found = effective_frequencies(theta[:, late], time[late])
    assert torch.allclose(found, torch.tensor([0.5, 0.5, 3.0], dtype=torch.float64), atol=1e-6)
    with pytest.raises(ValueError, match="time, node"):
        effective_frequencies(theta[0].T, time)
