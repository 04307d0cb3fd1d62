"""Atoms that hold derivatives of the data: smoothing, bias, noise, and theories that need them."""

import numpy as np
import pytest
import sympy

from fieldnet.equations.atoms import Atom
from fieldnet.equations.dynamics import candidates_of, find_dynamics, targets_of
from fieldnet.equations.library import density_library, equation_atoms
from fieldnet.equations.projections import Projections
from fieldnet.equations.search import AtomTable, find_equation
from fieldnet.equations.smoothed import JetVariables, Smoothing, smoothing_kernel, smoothing_of
from fieldnet.equations.smoothed_projections import SmoothedProjections
from fieldnet.equations.widths import Widths

from .field_samples import ONE, STEP, clean_field, measured

PHI, SPEED, SLOPE, BEND = sympy.symbols("phi phi_t phi_x phi_xx")
SINE_GORDON = ("phi_t**2/2 - phi_x**2/2 + cos(phi)", 1.4)
METRIC = ("(1 + 0.3*phi**2)*(phi_t**2 - phi_x**2)/2 - phi**2/2", 0.9)
WAVE_SPEED = ("phi_t**2/2 - (1 + 0.3*phi**2)*phi_x**2/2 - phi**2/2", 0.9)
CHAIN = ("phi_t**2/2 - phi_x**2/2 - 0.1*phi_x**4", 0.5)
CROSS = ("phi_t**2/2 - phi_x**2/2 - phi**2/2 + 0.15*phi_t**2*phi_x", 0.4)
BOUSSINESQ = ("phi_t**2/2 - phi_x**2/2 - 0.1*phi_x**3 - 0.02*phi_xx**2", 0.4)
TRUTH = {
    METRIC: {
        "phi_xx": -1,
        "phi": 1,
        "(phi**3)_tt": 0.1,
        "phi*phi_t**2": -0.3,
        "(phi**3)_xx": -0.1,
        "phi*phi_x**2": 0.3,
    },
    WAVE_SPEED: {"phi_xx": -1, "phi": 1, "(phi**3)_xx": -0.1, "phi*phi_x**2": 0.3},
    CHAIN: {"phi_xx": -1, "(phi_x**3)_x": -0.4},
    CROSS: {"phi_xx": -1, "phi": 1, "(phi_t*phi_x)_t": 0.3, "(phi_t**2)_x": 0.15},
    BOUSSINESQ: {"phi_xx": -1, "(phi_x**2)_x": -0.3, "phi_xxxx": 0.04},
}


def atom(t: int, x: int, function: sympy.Expr) -> Atom:
    return Atom((t, x), function)


GRADIENTS = (
    atom(0, 0, SLOPE**2),
    atom(0, 0, PHI * SPEED**2),
    atom(0, 1, SLOPE**3),
    atom(1, 0, SPEED * SLOPE),
)


@pytest.mark.parametrize("derivative", [0, 1, 2])
def test_kernels_differentiate_polynomials_of_degree_8_and_no_more(derivative):
    kernel = smoothing_kernel(9, derivative, spacing=0.1)
    x = 0.1 * np.arange(-9, 10)
    for power in range(9):
        exact = float(sympy.diff(PHI**power, PHI, derivative).subs(PHI, 0)) if power >= derivative else 0.0
        assert kernel @ x**power == pytest.approx(exact, abs=1e-10)
    beyond = 10 if derivative % 2 == 0 else 9
    assert abs(kernel @ x**beyond) > 1e-6 * 0.9**beyond
    np.testing.assert_allclose(kernel, (-1) ** derivative * kernel[::-1])


@pytest.mark.parametrize("periodic", [True, False])
def test_adjoint_of_smoothing(periodic):
    rng = np.random.default_rng(0)
    smoothing = Smoothing((3, 5), (0.1, 0.2), periodic)
    values = rng.standard_normal((2, 20, 30))
    jet = smoothing.jet(values, (1, 0))
    weights = rng.standard_normal(jet.shape)
    assert np.sum(jet * weights) == pytest.approx(np.sum(values * smoothing.adjoint(weights, (1, 0))))


def test_jets_become_variables_of_independent_noise():
    smoothing = Smoothing((5, 6), (STEP, STEP), True)
    variables = JetVariables(smoothing, ONE, (0.3,), order=2)
    noise = 0.3 * np.random.default_rng(1).standard_normal((1, 400, 400))
    values = variables.values([noise])
    found = np.corrcoef([v.ravel() for v in values])
    np.testing.assert_allclose(found, np.eye(len(values)), atol=0.05)
    np.testing.assert_allclose([v.std() for v in values], variables.deviations, rtol=0.05)
    smoothed = [smoothing.jet(noise, index).ravel() for index in ((0, 0), (0, 2))]
    assert abs(np.corrcoef(smoothed)[0, 1]) > 0.5  # φ̂ and φ̂_xx themselves are not
    again = variables.function(BEND * PHI).evaluate(values)
    np.testing.assert_allclose(again, (smoothed[0] * smoothed[1]).reshape(again.shape), atol=1e-10)


def test_smoothing_is_as_wide_as_the_noise_allows():
    field = clean_field(*SINE_GORDON)
    clean, noisy = (smoothing_of(measured(field, noise, 0)).half_points for noise in (0.0, 0.1))
    assert all(a <= b for a, b in zip(clean, noisy, strict=True))
    assert clean != noisy
    exact = np.fft.ifft(1j * 2 * np.pi * np.fft.fftfreq(128, STEP) * np.fft.fft(field, axis=1), axis=1).real
    smoothing = Smoothing(clean, (STEP, STEP), True)
    error = smoothing.jet(field[None], (0, 1)) - smoothing.inside(exact[None])
    assert np.sqrt(np.mean(error**2)) < 1e-4 * exact.std()


def columns_of_draws(noise: float, draws: int):
    """Columns of `GRADIENTS` of the clean field, and with each draw of noise, at one smoothing."""
    field = clean_field(*METRIC)
    smoothing = Smoothing((8, 8), (STEP, STEP), True)
    made = [
        SmoothedProjections(measured(field, level, seed), (15, 15), smoothing=smoothing)
        for seed, level in ((0, 0.0), *((100 + n, noise) for n in range(draws)))
    ]
    return made[0].columns(GRADIENTS), made[1:]


def test_columns_have_no_bias_and_the_noise_that_is_stated():
    clean, noisy = columns_of_draws(0.2, 12)
    columns = np.array([p.columns(GRADIENTS) for p in noisy])
    errors = columns - clean
    mean = errors.sum(1).mean(0)
    uncertain = errors.sum(1).std(0, ddof=1) / np.sqrt(len(noisy))
    assert np.all(np.abs(mean) < 4 * uncertain)
    plain = noisy[0].function(GRADIENTS[0]).evaluate(noisy[0].smoothed(1))
    shift = (plain - noisy[0].values(GRADIENTS[0])).mean()
    assert shift * clean.shape[0] > 10 * uncertain[0]  # what leaving the noise in φ_x² would do
    true = np.einsum("nrk,nrl->kl", errors, errors) / len(noisy)
    stated = np.mean([p.noise(GRADIENTS) for p in noisy[:3]], axis=0)
    np.testing.assert_allclose(np.diag(stated) / np.diag(true), 1, atol=0.25)


def searched(density: tuple[str, float], noise: float, features: str = "polynomial", seed: int = 7):
    """The equation of second order from all atoms of a family, the last stage.

    For fourth derivatives the trapezoidal rule needs test functions of some 20 samples.
    """
    width = 2.0 if density == BOUSSINESQ else 1.4
    fields = measured(clean_field(*density), noise, seed)
    atoms = equation_atoms(density_library(features, ONE)).atoms
    table = AtomTable(Widths(fields).smoothed.projections(width), atoms)
    return find_equation(table, targets_of(ONE, 2)[0], candidates_of(atoms, 2, ONE, last=True))


def check(fit, truth, worst: float):
    found = {a.text(("t", "x")): c for a, c in zip(fit.atoms[1:], fit.theta[1:], strict=True)}
    assert set(found) == set(truth)
    assert max(abs(found[name] / truth[name] - 1) for name in truth) < worst
    assert fit.explained


@pytest.mark.parametrize(
    ("features", "noise", "worst"), [("polynomial", 0.0, 1e-3), ("identity", 0.01, 0.05)]
)
def test_metric_that_depends_on_the_field(features, noise, worst):
    """On so few points noise lets polynomials imitate it."""
    check(searched(METRIC, noise, features), TRUTH[METRIC], worst)


@pytest.mark.slow
@pytest.mark.parametrize("density", [WAVE_SPEED, CHAIN, CROSS, BOUSSINESQ])
@pytest.mark.parametrize(("noise", "worst"), [(0.0, 0.01), (0.01, 0.05), (0.03, 0.15)])
def test_gradient_terms(density, noise, worst):
    check(searched(density, noise), TRUTH[density], worst)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_no_gradient_terms_where_there_are_none(noise):
    check(searched(SINE_GORDON, noise, "phase"), {"phi_xx": -1, "sin(phi)": 1}, 0.02)


def test_without_gradient_terms_the_metric_is_not_explained():
    fields = measured(clean_field(*METRIC), 0.01, 7)
    atoms = tuple(
        a for a in equation_atoms(density_library("polynomial", ONE)).atoms if not ONE.order(a.function)
    )
    table = AtomTable(Projections(fields, (21, 21)), atoms)
    fit = find_equation(table, targets_of(ONE, 2)[0], candidates_of(atoms, 2, ONE, last=False))
    assert fit.ratio > 3


def test_candidates_of_the_last_stage():
    atoms = equation_atoms(density_library("polynomial", ONE)).atoms
    last = {a.text(("t", "x")) for a in candidates_of(atoms, 2, ONE, last=True)}
    before = {a.text(("t", "x")) for a in candidates_of(atoms, 2, ONE, last=False)}
    assert last - before == {
        "(phi**2)_tt",
        "(phi**3)_tt",
        "(phi_t**2)_t",
        "(phi_t*phi_x)_t",
        "(phi_t**3)_t",
        "phi_ttxx",
    }
    first = {a.text(("t", "x")) for a in candidates_of(atoms, 1, ONE, last=True)}
    assert not {"(phi**2)_t", "(phi**3)_t", "phi_t**2"} & first
    assert "phi_x**2" in first


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_all_stages_find_the_wave_speed_that_depends_on_the_field(noise):
    """A polynomial potential imitates it with a residual of 1%, which is not taken for an answer."""
    fields = measured(clean_field(*WAVE_SPEED, seed=1), noise, 3)
    ansatz = {f: equation_atoms(density_library(f, ONE)) for f in ("identity", "polynomial", "phase")}
    found = find_dynamics(fields, ansatz)
    assert found.explained
    assert found.chosen.stage == 2
    check(found.fits[0], TRUTH[WAVE_SPEED], 0.05)
