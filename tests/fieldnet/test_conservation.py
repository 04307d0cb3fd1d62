"""Charges along trajectories: conserved by the right theory, not by a wrong one nor by random generators."""

import numpy as np
import pytest

from fieldnet import check_conservation
from fieldnet.demo import inertial_kuramoto, oscillators, random_sine_gordon, sine_gordon
from fieldnet.trajectory import Trajectory, noise_level
from lagrangians import catalogue, parse_lagrangian
from lagrangians.jets import jet_space
from simulations import FieldSystem, Grid, simulate, solutions


@pytest.fixture(scope="module")
def data():
    return random_sine_gordon(seed=0, samples=1)


def test_right_theory(data):
    audit = check_conservation(sine_gordon(), data)
    assert [charge.name for charge in audit.charges] == ["energy", "momentum along x"]
    for charge in audit.charges:
        assert charge.relative_drift < 1e-4
        assert charge.control_drift > 0.1
        expected = np.abs(charge.values - charge.values[:, :1]).max() / charge.scale
        assert charge.relative_drift == pytest.approx(expected)
    (boost,) = audit.local
    assert boost.residual < 1e-4
    assert boost.control_residual > 0.1


def test_wrong_theory_fails(data):
    """The control that must fail: another mass, another potential."""
    wrong_mass = check_conservation(catalogue.sine_gordon(c=1.2, m=1.2), data)
    energy = next(charge for charge in wrong_mass.charges if charge.name == "energy")
    assert energy.relative_drift > 0.1
    assert wrong_mass.local[0].residual > 0.1


def test_broken_translations_are_no_symmetry(data):
    """A potential that depends on x: energy stays, momentum is not even offered."""
    theory = parse_lagrangian("phi_t**2/2 - phi_x**2/2 - (1 + x**2/100)*phi**2", ("phi",), ("t", "x"))
    names = [charge.name for charge in check_conservation(theory, data).charges]
    assert names == ["energy"]


def test_walls_keep_energy_alone():
    grid = Grid(30.0, 129, "neumann")
    initial = solutions.random_smooth(grid, 1, amplitude=1.0, correlation_length=2.5, seed=1)
    walled = simulate(FieldSystem(sine_gordon(), grid), initial, 10.0, save_every=0.1)
    audit = check_conservation(sine_gordon(), walled)
    assert [charge.name for charge in audit.charges] == ["energy"]
    assert {item.name for item in audit.local} == {"momentum along x", "boost along x"}
    assert audit.charges[0].relative_drift < 1e-4


def test_oscillators_have_energy_and_phase_shift():
    system = oscillators(0)
    theory = catalogue.kuramoto_inertial(system.coupling.numpy(), system.frequencies.numpy())
    audit = check_conservation(theory, inertial_kuramoto(0, samples=2))
    drifts = {charge.name: charge for charge in audit.charges}
    assert set(drifts) == {"energy", "phase shift"}
    assert all(charge.relative_drift < 1e-3 and charge.control_drift > 0.1 for charge in drifts.values())


def test_controls_are_drawn_by_seed(data):
    first, same, other = (check_conservation(sine_gordon(), data, seed=seed) for seed in (0, 0, 1))
    assert first.charges[0].control_drift == same.charges[0].control_drift
    assert first.charges[0].control_drift != other.charges[0].control_drift


def test_jets_of_a_trajectory_are_derivatives():
    """φ = sin(k x) cos(ωt): every jet in closed form."""
    k, omega = 2 * np.pi / 10, 1.7
    grid = Grid(10.0, 64)
    times = 0.05 * np.arange(120)
    x = grid.coordinates()[0].numpy()
    values = (np.cos(omega * times)[:, None] * np.sin(k * x))[None]
    jets = jet_space(("phi",), ("t", "x"))
    trajectory = Trajectory([values], times, jets, grid)
    found = trajectory.evaluate(
        [jets.function(0, index) for index in ((1, 0), (2, 0), (0, 1), (1, 1), (0, 2))]
    )
    c, s = np.cos(omega * trajectory.times)[:, None], np.sin(omega * trajectory.times)[:, None]
    wave, slope = np.sin(k * x), k * np.cos(k * x)
    expected = [-omega * s * wave, -(omega**2) * c * wave, c * slope, -omega * s * slope, -(k**2) * c * wave]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours[0], theirs, atol=1e-7)


def test_noise_level():
    draw = np.random.default_rng(0)
    smooth = np.sin(0.05 * np.arange(2000))[None, :, None]
    noisy = smooth + 0.1 * smooth.std() * draw.standard_normal(smooth.shape)
    assert noise_level(smooth) < 1e-6
    assert noise_level(noisy) == pytest.approx(0.1, rel=0.1)


def test_second_derivatives_are_refused(data):
    theory = parse_lagrangian("phi_t**2/2 - phi_xx**2/2", ("phi",), ("t", "x"))
    with pytest.raises(ValueError, match="expected one of first order"):
        check_conservation(theory, data)
