"""Charges along trajectories, each beside a control that drifts; closed forms on one kink."""

import math

import numpy as np
import pytest
import torch

from lagrangians import catalogue
from lagrangians.higher_charges import sine_gordon_charges
from simulations import FieldSystem, Grid, simulate, solutions
from simulations.chain import Chain
from simulations.charges import charge_densities, charges, charges_along, topological_charge, vacuum_step

C, M = 1.2, 0.9
SINE_GORDON = catalogue.sine_gordon(C, M)
NAMES = {
    "energy",
    "momentum_x",
    "boost_x",
    "spin_3",
    "spin_minus_3",
    "spin_5",
    "spin_minus_5",
    "topological",
}


def drift_of(values, densities, system) -> float:
    """The relative drift of the first sample, as in `charges_along`."""
    scale = system.integrate(densities.abs()).mean(1)
    return float(((values - values[:, :1]).abs().amax(1) / scale)[0])


@pytest.fixture(scope="module")
def collision():
    """Kink and antikink of v = 0.6, on 512 points with Fourier derivatives; their centre of mass moves."""
    grid = Grid(72.0, 512, origin=-36.0)
    system = FieldSystem(SINE_GORDON, grid)
    state = solutions.initial("kink-antikink:v=0.6,separation=20,boost=0.1", system)
    return system, *simulate(
        system, state, 40.0, save_every=1.0, integrator="blanes_moan6", step=0.05, velocities=True
    )


@pytest.fixture(scope="module")
def perturbed():
    """The same collision in the double Sine-Gordon theory, which is not integrable."""
    system = FieldSystem(catalogue.double_sine_gordon(C, M, 0.4), Grid(72.0, 512, origin=-36.0))
    state = solutions.initial("kink-antikink:v=0.6,separation=20", system)
    return system, *simulate(
        system, state, 40.0, save_every=1.0, integrator="blanes_moan6", step=0.05, velocities=True
    )


def test_all_charges_are_conserved_in_a_collision(collision):
    """Energy, momentum, boost, spins ±3 and ±5 to 1e-8 of ∫|J^t|, the topological charge exactly."""
    system, fields, rates = collision
    found = charges_along(system, fields, rates)
    assert set(found["charge"].values) == NAMES
    assert float(found["relative_drift"].max()) < 1e-8
    assert float(found["relative_drift"].sel(charge="topological")[0]) == 0
    moved = found["value"].sel(charge="momentum_x")
    assert float(abs(moved).min()) > 0.5  # the centre of mass does move
    energy = 16 * M * C / math.sqrt(1 - 0.36 / C**2) / math.sqrt(1 - 0.01 / C**2)
    assert float(found["value"].sel(charge="energy")[0, 0]) == pytest.approx(energy, rel=1e-8)
    assert float(moved[0, 0]) == pytest.approx(energy * 0.1 / C**2, rel=1e-7)


def test_the_higher_charges_drift_where_the_theory_is_not_integrable(collision, perturbed):
    """Control: the same densities on the perturbed theory; its own energy and momentum stay."""
    system, fields, rates = perturbed
    own = charges_along(system, fields, rates)
    assert "spin_3" not in own["charge"].values
    assert float(own["relative_drift"].max()) < 1e-8
    q, v = torch.tensor(fields["phi"].values), torch.tensor(rates["phi"].values)
    mass = math.sqrt(M**2 + 4 * 0.4**2)
    for rest in (M, mass):
        for charge in sine_gordon_charges(C, rest):
            density = system.evaluate(charge.density, q, v)
            assert drift_of(system.integrate(density), density, system) > 1e-2
    assert max(charges_along(*collision)["relative_drift"].values.ravel()) < 1e-8


def test_a_random_density_drifts(collision):
    """Control: densities with random coefficients of the same terms as the charges of spin ±3."""
    system, fields, rates = collision
    q, v = torch.tensor(fields["phi"].values), torch.tensor(rates["phi"].values)
    draw = np.random.default_rng(0)
    phi, (t, x) = SINE_GORDON.fields[0], SINE_GORDON.coordinates
    rate, slope = phi.diff(t), phi.diff(x)
    terms = [rate**4, rate**2 * slope**2, slope**4, rate.diff(x) ** 2, slope.diff(x) ** 2, rate**2]
    drifts = []
    for _ in range(5):
        density = sum(float(a) * term for a, term in zip(draw.standard_normal(6), terms, strict=True))
        values = system.evaluate(density, q, v)
        drifts.append(drift_of(system.integrate(values), values, system))
    assert min(drifts) > 1e-2


@pytest.mark.parametrize("v", [-0.7, 0.0, 0.3, 0.8])
def test_closed_forms_on_one_kink(v):
    """E = 8mcγ, P = 8mγv/c, boost charge −(κ = 1/c²) E x₀, winding 1, and mc(−1)^{(s−1)/2} (4/s) e^{±sθ}."""
    grid = Grid(60.0, 768, "winding", origin=-30.0)
    system = FieldSystem(SINE_GORDON, grid)
    gamma, rapidity = 1 / math.sqrt(1 - (v / C) ** 2), math.atanh(v / C)
    found = {k: float(x) for k, x in charges(system, *solutions.initial(f"kink:v={v}", system)).items()}
    expected = {
        "energy": 8 * M * C * gamma,
        "momentum_x": 8 * M * gamma * v / C,
        "topological": 1.0,
        "spin_3": -M * C * 4 / 3 * math.exp(3 * rapidity),
        "spin_minus_3": -M * C * 4 / 3 * math.exp(-3 * rapidity),
        "spin_5": M * C * 4 / 5 * math.exp(5 * rapidity),
        "spin_minus_5": M * C * 4 / 5 * math.exp(-5 * rapidity),
        "boost_x": 0.0,
    }
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-8)
    aside = charges(system, *solutions.initial(f"kink:v={v},centre=2", system))
    assert float(aside["boost_x"]) == pytest.approx(-2 * 8 * M * gamma / C, rel=1e-8)


def test_charges_of_far_solitons_add_up(collision):
    """In the pair's frame: both chiralities of spin s hold mc(4/s)(e^{sθ} + e^{−sθ}), up to sign."""
    system, *_ = collision
    state = solutions.initial("kink-antikink:v=0.6,separation=20", system)
    found = charges(system, *state)
    rapidity = math.atanh(0.6 / C)
    for spin, sign in ((3, -1), (5, 1)):
        expected = sign * M * C * 8 / spin * math.cosh(spin * rapidity)
        for name in (f"spin_{spin}", f"spin_minus_{spin}"):
            assert float(found[name]) == pytest.approx(expected, rel=1e-7)


def test_topological_charges():
    ring = FieldSystem(SINE_GORDON, Grid(60.0, 256, "winding", origin=-30.0))
    for text, number in (("kink", 1), ("antikink", -1), ("kink-kink", 2)):
        assert float(topological_charge(ring, solutions.initial(text, ring)[0])) == number
    closed = FieldSystem(SINE_GORDON, Grid(60.0, 256, origin=-30.0))
    assert float(charges(closed, *solutions.initial("kink-antikink", closed))["topological"]) == 0
    walls = FieldSystem(catalogue.phi4(C, 0.7, 1.4), Grid(60.0, 257, "neumann", origin=-30.0))
    assert vacuum_step(walls) == pytest.approx(2.8)
    for text, number in (("kink", 1), ("antikink", -1), ("kink-antikink", 0)):
        value = charges(walls, *solutions.initial(text, walls))["topological"]
        assert float(value) == pytest.approx(number, abs=1e-8)
    free = FieldSystem(catalogue.klein_gordon(C, M), Grid(60.0, 64))
    assert vacuum_step(free) is None
    assert "topological" not in charges(free, *solutions.initial("gaussian", free))


def test_batches_and_single_states_agree(collision):
    system, fields, rates = collision
    table = charges_along(system, fields, rates)
    q, v = torch.tensor(fields["phi"].values[:, 7]), torch.tensor(rates["phi"].values[:, 7])
    single = charges(system, q, v, float(fields["time"][7]))
    for name, value in single.items():
        assert value.shape == (1,)
        assert float(value) == pytest.approx(float(table["value"].sel(charge=name)[0, 7]), abs=1e-10)


def test_charges_of_other_systems():
    """First order in time: number of particles, energy, momentum of a Schrödinger soliton; a Toda ring."""
    system = FieldSystem(catalogue.nonlinear_schroedinger(-1.0, 1.0), Grid(40.0, 128, origin=-20.0))
    state = solutions.initial("soliton:v=0.5", system)
    found = charges_along(system, simulate(system, state, 2.0, save_every=0.5))
    assert {"energy", "momentum_x"} <= set(found["charge"].values)
    assert float(found["relative_drift"].sel(charge=["energy", "momentum_x"]).max()) < 1e-6
    assert float(found["value"].sel(charge="momentum_x")[0, 0]) == pytest.approx(0.5 * 2, rel=1e-8)
    assert float(found["value"].sel(charge="energy")[0, 0]) == pytest.approx(0.25 - 1 / 3, rel=1e-8)

    ring = Chain(catalogue.toda_lattice(1.2, 0.7, 0.9), 64)
    start = solutions.initial("soliton", ring)
    table = charges_along(ring, *simulate(ring, start, 4.0, save_every=0.5, velocities=True))
    assert float(table["relative_drift"].sel(charge="energy").max()) < 1e-4


def test_densities_follow_the_lagrangian():
    densities = charge_densities(FieldSystem(catalogue.klein_gordon(C, M, 2), Grid((9.0, 9.0), 16)))
    assert {"energy", "momentum_x", "momentum_y", "angular_momentum_xy", "boost_x"} <= set(densities)
    assert not any(name.startswith("spin") for name in densities)


def test_errors(collision):
    system, fields, _ = collision
    with pytest.raises(ValueError, match="velocities=True"):
        charges_along(system, fields)
    with pytest.raises(ValueError, match="got a dataset with psi, expected phi"):
        charges_along(system, fields.rename(phi="psi"), fields)
    damped = FieldSystem.from_equations(["phi_tt = phi_xx - phi_t"], ["phi"], ["t", "x"], system.grid)
    with pytest.raises(ValueError, match="made from a Lagrangian"):
        charges(damped, torch.zeros(512), torch.zeros(512))
    plane = FieldSystem(catalogue.sine_gordon(dimension=2), Grid((9.0, 9.0), 16))
    with pytest.raises(ValueError, match="expected one in one"):
        topological_charge(plane, torch.zeros(16, 16))


def test_charges_of_a_constrained_field_are_those_of_the_density_with_its_multiplier():
    """O(3) sigma model: rotations are conserved; the shifts of the free fields are none of its charges."""
    grid = Grid(10.0, 64)
    (x,) = grid.coordinates()
    system = FieldSystem(catalogue.sigma_model(), grid)
    angle = 1 + 0.4 * torch.sin(2 * torch.pi * x / 10)
    turn = 2 * torch.pi * x / 10
    q = torch.stack([angle.sin() * turn.cos(), angle.sin() * turn.sin(), angle.cos()])
    v = 0.3 * torch.stack([angle.cos() * turn.cos(), angle.cos() * turn.sin(), -angle.sin()])
    fields, rates = simulate(system, (q, v), 4.0, save_every=1.0, velocities=True)
    found = charge_densities(system)
    assert not any(name.startswith("shift") for name in found)
    names = [name for name in found if name.startswith(("rotation", "energy", "momentum"))]
    assert len(names) == 5
    state = [torch.tensor(np.stack([d[n].values for n in system.fields], 2)[0]) for d in (fields, rates)]
    values = charges(system, *state)
    for name in names:
        assert float((values[name] - values[name][0]).abs().max()) < 1e-5
    free = system.integrate(state[1][:, 2])
    assert float((free - free[0]).abs().max()) > 1e-2
