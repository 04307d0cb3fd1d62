"""Potentials outside of the library: learned from simulated data, distilled where they are simple."""

import json
from functools import cache

import numpy as np
import pytest
import sympy
import xarray as xr

from fieldnet.equations.atoms import Atom
from fieldnet.equations.dynamics import find_dynamics
from fieldnet.equations.learned_potential import LearnedPotential, learn_potential, needs_potential
from fieldnet.equations.library import density_library, equation_atoms
from fieldnet.equations.measured import MeasuredFields, measured_fields
from fieldnet.equations.splines import SplineBasis
from lagrangians import parse_expression, parse_lagrangian
from lagrangians.jets import jet_space
from simulations import FieldSystem, Grid, simulate, solutions

POINTS, BOX, STIFFNESS = 192, 19.2, 1.3
POTENTIALS = {
    "cosine": "-cos(1.7*phi)",
    "log cosh": "log(cosh(phi))",
    "well": "-exp(-phi**2)",
    "quartic": "1/4*(phi**2 - 1)**2",
    "bumpy": "0.5*cos(1.3*phi + 0.4) + 0.3*cos(2.17*phi + 1.1) + 0.2*cos(3.41*phi + 2) + 0.15*cos(4.6*phi)",
}
JETS = jet_space(("phi",), ("t", "x"))
PHI = JETS.symbol(0)


@cache
def clean(name: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """t, x and φ(t, x) from smooth random data, simulated twice as fine in space."""
    density = f"1/2*phi_t**2 - 1/2*{STIFFNESS}*phi_x**2 - ({POTENTIALS[name]})"
    grid = Grid((BOX,), (2 * POINTS,))
    system = FieldSystem(parse_lagrangian(density, ("phi",), ("t", "x")), grid)
    start = []
    for number, size in enumerate((1.6, 1.0)):
        field = solutions.random_smooth(grid, 1, 1.0, BOX / 8, seed=10 * seed + number)[0]
        field = field - field.mean()
        start.append(field * (size / field.square().mean().sqrt()))
    data = simulate(
        system, tuple(start), BOX, save_every=BOX / (POINTS - 1), step=0.02, integrator="blanes_moan6"
    )
    return data["time"].values, data["x"].values[::2], data["phi"].values[0, :, ::2]


def measured(name: str, seed: int, noise: float) -> MeasuredFields:
    t, x, phi = clean(name, seed)
    phi = phi + noise * phi.std() * np.random.default_rng(seed).standard_normal(phi.shape)
    dataset = xr.Dataset({"phi": (("sample", "time", "x"), phi[None])}, coords={"time": t, "x": x})
    return measured_fields(dataset, ["phi"], "periodic")


@cache
def learned(name: str, seed: int, noise: float) -> LearnedPotential:
    fields = measured(name, seed, noise)
    library = {"identity": equation_atoms(density_library("identity", JETS))}
    return learn_potential(find_dynamics(fields, library))


def true_force(name: str, phi: np.ndarray) -> np.ndarray:
    density = JETS.to_jets(parse_expression(POTENTIALS[name], JETS.fields, JETS.coordinates))
    return np.broadcast_to(sympy.lambdify(PHI, sympy.diff(density, PHI))(phi), phi.shape)


def error_of(result: LearnedPotential, name: str) -> float:
    """√⟨(F − F_true)²⟩/√⟨F_true²⟩ over the inner 98% of the range."""
    width = result.high - result.low
    phi = np.linspace(result.low + 0.01 * width, result.high - 0.01 * width, 201)
    true = true_force(name, phi)
    return float(np.sqrt(np.mean((result.force(phi) - true) ** 2) / np.mean(true**2)))


def test_the_basis_is_its_own_calculus():
    basis = SplineBasis(PHI, -2.5, 3.0, 6)
    phi, step = np.linspace(-2, 2.5, 31), 1e-5
    slope = (basis.values(phi + step) - basis.values(phi - step)) / (2 * step)
    np.testing.assert_allclose(basis.slopes(phi), slope, atol=1e-7)
    primitive = basis.primitives(phi + step, 0.3) - basis.primitives(phi - step, 0.3)
    np.testing.assert_allclose(basis.values(phi), primitive / (2 * step), atol=1e-8)
    np.testing.assert_allclose(basis.primitives(np.array([0.3]), 0.3), 0, atol=1e-15)
    weights = np.arange(1.0, 9.0)
    formula = sympy.lambdify(PHI, sympy.diff(basis.potential(weights), PHI))
    np.testing.assert_allclose(formula(phi), weights @ basis.values(phi), atol=1e-12)
    functions = [sympy.lambdify(PHI, f)(phi) * np.ones_like(phi) for f in basis.functions]
    np.testing.assert_allclose(functions, basis.values(phi), atol=1e-12)


def test_noise_alone_has_no_range():
    with pytest.raises(ValueError, match="noise alone"):
        SplineBasis.of_data(PHI, np.array([-1.0, 1.0]), 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0, 0.01, 0.05])
@pytest.mark.parametrize(
    ("name", "family", "beta", "amplitude"),
    [
        ("cosine", ("sine",), 1.7, 1.7),
        ("log cosh", ("tanh",), 1.0, 1.0),
        ("well", ("Gaussian",), 1.0, 2.0),
    ],
)
def test_a_force_of_few_parameters_is_distilled(name, family, beta, amplitude, noise):
    result = learned(name, 41, noise)
    assert result.explained
    assert error_of(result, name) < (0.02 if noise < 0.02 else 0.1)
    found = result.distilled
    assert found is not None
    assert found.family in family
    for key, true in (("beta", beta), ("A", amplitude)):
        value, error = found.parameters[key]
        assert abs(value - true) < 4 * error + 1e-3 * true
        assert error < 0.02 * true
    assert all(isinstance(atom, Atom) for atom in found.atoms)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0, 0.01, 0.05])
def test_a_bumpy_potential_stays_learned(noise):
    result = learned("bumpy", 41, noise)
    assert result.explained
    assert result.distilled is None
    assert error_of(result, "bumpy") < (0.05 if noise < 0.02 else 0.3)
    content = json.loads(json.dumps(result.content()))
    density = parse_lagrangian(content["density"], ("phi",), ("t", "x"))
    force = sympy.lambdify(PHI, -sympy.diff(JETS.to_jets(density.density), PHI))
    phi = np.array(content["table"]["phi"])
    np.testing.assert_allclose(force(phi), content["table"]["force"], atol=1e-9)
    state = FieldSystem(density, Grid((BOX,), (64,)))
    assert state.time_order == 2


@pytest.mark.slow
def test_bands_cover_the_truth_and_narrower_ones_do_not():
    result = learned("log cosh", 42, 0.05)
    phi = np.quantile(measured("log cosh", 42, 0).values[0], np.linspace(0.01, 0.99, 99))
    sizes = np.abs(result.force(phi) - true_force("log cosh", phi)) / result.standard_error(phi, "force")
    assert np.mean(sizes < 1.96) > 0.75
    assert np.mean(sizes < 0.1) < 0.5


@pytest.mark.slow
def test_only_what_the_library_lacks_is_learned():
    library = {"polynomial": equation_atoms(density_library("polynomial", JETS))}
    assert not needs_potential(find_dynamics(measured("quartic", 41, 0.01), library))
    assert needs_potential(find_dynamics(measured("bumpy", 41, 0.01), library))
