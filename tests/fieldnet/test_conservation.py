"""Charges along trajectories: conserved by the right theory, not by a wrong one nor by random generators."""

import numpy as np
import pytest
import torch

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


def noisy(data, level, seed):
    draw = np.random.default_rng(seed)
    return data.assign(
        {
            n: data[n].copy(
                data=data[n].values + level * data[n].values.std() * draw.standard_normal(data[n].shape)
            )
            for n in data.data_vars
        }
    )


def verdicts(audit):
    return {item.name: item.verdict for item in (*audit.charges, *audit.local)}


@pytest.mark.parametrize("level", [pytest.param(0.05, marks=pytest.mark.slow), 0.2])
def test_noise_is_told_from_drift(data, level):
    audit = check_conservation(sine_gordon(), noisy(data, level, seed=7))
    assert {charge.verdict for charge in audit.charges} == {"conserved"}
    for charge in audit.charges:
        assert 0.2 * charge.noise_drift < charge.relative_drift < 2 * charge.noise_drift
    wrong = check_conservation(catalogue.sine_gordon(c=1.2, m=1.2), noisy(data, level, seed=7))
    assert verdicts(wrong)["energy"] == "not conserved"


@pytest.mark.slow
def test_noise_verdicts_over_seeds():
    """Ten trajectories at 5% noise: the right theory conserves its charges, another mass no energy."""
    right, wrong = [], []
    for seed in range(10):
        data = noisy(random_sine_gordon(seed=seed, samples=1), 0.05, seed=100 + seed)
        right += [c.verdict for c in check_conservation(sine_gordon(), data).charges]
        wrong.append(verdicts(check_conservation(catalogue.sine_gordon(c=1.2, m=1.2), data))["energy"])
    assert right.count("conserved") >= 19
    assert wrong.count("not conserved") >= 9


def test_clean_verdicts(data):
    assert set(verdicts(check_conservation(sine_gordon(), data)).values()) == {"conserved"}
    wrong = verdicts(check_conservation(catalogue.sine_gordon(c=1.2, m=1.2), data))
    assert wrong == {
        "energy": "not conserved",
        "momentum along x": "conserved",
        "boost along x": "not conserved",
    }


def test_second_derivatives_in_the_density():
    grid = Grid(20.0, 64)
    theory = catalogue.euler_bernoulli_beam()
    initial = solutions.random_smooth(grid, 1, amplitude=1.0, correlation_length=3.0, seed=1)
    data = simulate(FieldSystem(theory, grid), initial, 4.0, save_every=0.05)
    audit = check_conservation(theory, data)
    assert set(verdicts(audit).values()) == {"conserved"}
    assert {"energy", "momentum along x", "field shift"} < {charge.name for charge in audit.charges}
    assert all(charge.relative_drift < 1e-6 < 0.1 < charge.control_drift for charge in audit.charges)
    wrong = check_conservation(catalogue.euler_bernoulli_beam(B=1.3), data)
    assert verdicts(wrong)["energy"] == "not conserved"


def test_first_order_density_has_norm_energy_and_momentum():
    grid = Grid(20.0, 64)
    theory = catalogue.nonlinear_schroedinger(g=1)
    parts = [solutions.random_smooth(grid, 1, 0.5, 4.0, seed=s) for s in (2, 5)]
    data = simulate(FieldSystem(theory, grid), torch.stack(parts, 1), 3.0, save_every=0.03)
    audit = check_conservation(theory, data)
    charges = {charge.name: charge for charge in audit.charges}
    assert set(charges) == {"energy", "momentum along x", "rotation of the fields"}
    assert all(charge.relative_drift < 1e-4 < 0.1 < charge.control_drift for charge in charges.values())
    norm = charges["rotation of the fields"]
    psi = data["psi_re"].values ** 2 + data["psi_im"].values ** 2
    expected = psi.sum(-1)[:, 4:-4] * grid.spacing[0]
    ratio = norm.values / expected
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-6)
    wrong = check_conservation(catalogue.nonlinear_schroedinger(g=4), data)
    assert verdicts(wrong)["energy"] == "not conserved"


def test_potential_theory_on_its_slope():
    """Korteweg and de Vries from u = w_x: mass, energy, momentum; t∂_w and the boost would need w."""
    grid = Grid(20.0, 48)
    theory = catalogue.korteweg_de_vries()
    u = solutions.random_smooth(grid, 1, amplitude=0.6, correlation_length=4.0, seed=2)
    data = simulate(FieldSystem(theory, grid), u, 0.6, save_every=0.005)
    audit = check_conservation(theory, data)
    assert {charge.name for charge in audit.charges} == {"energy", "momentum along x", "field shift"}
    assert all(charge.relative_drift < 1e-3 < 0.1 < charge.control_drift for charge in audit.charges)
    assert audit.local == []
    wrong = check_conservation(catalogue.korteweg_de_vries(alpha=9), data)
    assert verdicts(wrong)["energy"] == "not conserved"


FOUND = (
    "0.5*u_t**2 + 0.5*w_t**2 - 0.5*u_x**2 - 0.5*w_x**2 - 0.50015*u**2 - 0.4999*w**2"
    " - 0.125*u**4 - 0.25*u**2*w**2 - 0.125*w**4"
)


@pytest.fixture(scope="module")
def two_fields():
    grid = Grid(20.0, 64)
    theory = parse_lagrangian(
        FOUND.replace("0.50015", "0.5").replace("0.4999", "0.5"), ("u", "w"), ("t", "x")
    )
    parts = [solutions.random_smooth(grid, 1, 1.0, 3.0, seed=s) for s in (2, 5)]
    initial = torch.stack(parts, 1), torch.stack([parts[1], -parts[0]], 1)
    return simulate(FieldSystem(theory, grid), initial, 4.0, save_every=0.08)


@pytest.mark.slow
def test_symmetry_within_the_errors_of_the_coefficients(two_fields):
    """Masses 1.0003 ± 0.0004 and 0.9998 ± 0.0004, as squares: the rotation is 1 standard error away."""
    found = parse_lagrangian(FOUND, ("u", "w"), ("t", "x"))
    terms = [str(term) for term, _ in found.terms()]
    errors = np.where([t in ("u(t, x)**2", "w(t, x)**2") for t in terms], 0.0002, 0.0)
    audit = check_conservation(found, two_fields, errors=errors)
    rotation = next(c for c in audit.charges if c.name == "rotation of the fields")
    assert rotation.standard_errors == pytest.approx(0.00025 / (0.0002 * np.sqrt(2)), rel=1e-6)
    assert rotation.conditions == 1
    assert rotation.verdict == "conserved"
    assert rotation.relative_drift < 1e-3
    assert next(c for c in audit.charges if c.name == "energy").standard_errors is None
    names = {c.name for c in check_conservation(found, two_fields).charges}
    assert "rotation of the fields" not in names
    excluded = check_conservation(found, two_fields, errors=errors / 10)
    assert "rotation of the fields" not in {c.name for c in excluded.charges}
    with pytest.raises(ValueError, match=r"got errors of shape \(3,\), expected \(9,\) or \(9, 9\)"):
        check_conservation(found, two_fields, errors=np.ones(3))


def test_rotation_is_a_total_charge(two_fields):
    theory = parse_lagrangian(
        FOUND.replace("0.50015", "0.5").replace("0.4999", "0.5"), ("u", "w"), ("t", "x")
    )
    audit = check_conservation(theory, two_fields)
    assert verdicts(audit)["rotation of the fields"] == "conserved"
    assert "rotation of the fields" in {charge.name for charge in audit.charges}


def test_few_times(data):
    short = data.isel(time=slice(0, 16))
    audit = check_conservation(sine_gordon(), short)
    assert all(charge.relative_drift < 1e-3 for charge in audit.charges)
    with pytest.raises(ValueError, match="too few time steps: got 14, expected at least 15"):
        check_conservation(sine_gordon(), data.isel(time=slice(0, 14)))


def test_fields_that_are_not_there(data):
    with pytest.raises(ValueError, match="got no field u in the data, expected one of phi"):
        check_conservation(sine_gordon(), data, ["u"])
