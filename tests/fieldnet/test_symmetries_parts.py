"""The parts of the weak null space: integration by parts, unbiased functions, ansatz, limits."""

import numpy as np
import pytest
import sympy

from fieldnet.measured.noise import noise_deviation
from fieldnet.symmetry.fields.noise import without_bias
from fieldnet.symmetry.fields.point_ansatz import point_ansatz
from fieldnet.symmetry.fields.projections import Projections
from fieldnet.symmetry.fields.weak_linearisation import (
    weak_characteristics,
    weak_linearisation,
    without_derivatives,
)
from fieldnet.symmetry.fields.whitened_null_space import noise_limit, reduced_basis
from lagrangians import Generator, catalogue
from lagrangians.jets import jet_space
from lagrangians.variation import euler_operator, total_derivatives

JETS = jet_space(("phi",), ("t", "x"))
T, X = JETS.coordinates
PHI, PHI_X, PHI_T = JETS.symbol(0), JETS.symbol(0, (0, 1)), JETS.symbol(0, (1, 0))


def ansatz(degree=1, jets=JETS):
    return point_ansatz(jets, degree, [(0.0, 20.0), (-5.0, 15.0)], [1.5] * len(jets.fields))


def test_every_derivative_is_moved_onto_the_test_function():
    """ψ·D_E(Q) − Σ_K (D_Kψ) F_K is a total divergence, and no F_K holds a derivative of φ."""
    jets = jet_space(("phi", "psi"), ("t", "x"))
    psi = jets.symbol(1)
    theory = catalogue.sine_gordon(c=sympy.Rational(6, 5), m=1)
    equation = JETS.to_jets(theory.euler_lagrange()[0])
    weak = weak_linearisation([equation], JETS, ansatz().symbolic)
    for direction, form in zip(ansatz().symbolic.directions, weak.directions[0], strict=True):
        xi, eta = ansatz().symbolic.parts(direction)
        Q = Generator(tuple(xi), (JETS.to_functions(eta[0]),), (T, X), JETS.fields).characteristic()[0]
        change = JETS.to_jets(
            (Q.diff(T, 2) * -1 + sympy.Rational(36, 25) * Q.diff(X, 2) - sympy.cos(JETS.fields[0]) * Q).doit()
        )
        moved = sum(total_derivatives(psi, K, jets) * F for K, F in form.items())
        assert all(JETS.order(F) == 0 for F in form.values())
        assert all(sympy.expand(e) == 0 for e in euler_operator(sympy.expand(psi * change - moved), jets))


def test_divergence_form_is_enough():
    """Burgers' u u_x = (u²/2)_x; φ_x² cannot be moved."""
    assert without_derivatives(PHI * PHI_X, JETS) == {(0, 1): -(PHI**2) / 2}
    with pytest.raises(ValueError, match="cannot be moved onto test functions"):
        without_derivatives(PHI_X**2, JETS)
    with pytest.raises(ValueError, match="cannot be moved"):
        without_derivatives(PHI_X * PHI_T, JETS)
    with pytest.raises(ValueError, match="cannot be moved"):  # ½D_x(φ_x²): by parts it comes back for ever
        without_derivatives(PHI_X * JETS.symbol(0, (0, 2)), JETS)


def test_characteristics_in_weak_form():
    """Of ∂_x and t∂_x: ∫ψQ = −∫ψ ξφ_x = ∫ψ_x ξφ; of φ∂_φ: ∫ψφ."""
    forms = weak_characteristics(JETS, ansatz().symbolic).directions[0]
    for direction, form in (
        ((1, (0, 0, 0)), {(0, 1): PHI}),
        ((1, (1, 0, 0)), {(0, 1): T * PHI}),
        ((2, (0, 0, 1)), {(0, 0): PHI}),
    ):
        assert forms[ansatz().directions.index(direction)] == form


def test_functions_without_the_bias_of_noise():
    """Their mean over noise is the function at the true value; the plain function's mean is not."""
    draw = np.random.default_rng(0).standard_normal(400_000)
    noise = 0.4 * np.concatenate([draw, -draw])
    for function in (sympy.sin(PHI), PHI**3, PHI * sympy.cos(2 * PHI)):
        exact = float(function.subs(PHI, 0.7))
        plain = sympy.lambdify(PHI, function)(0.7 + noise).mean()
        freed = sympy.lambdify(PHI, without_bias(function, [PHI], [0.4]))(0.7 + noise).mean()
        assert abs(freed - exact) < 3e-3
        assert abs(plain - exact) > 3e-2


def test_noise_is_measured():
    x = np.linspace(0, 6, 200)
    clean = np.sin(x)[:, None] * np.cos(x) + np.zeros((2, 1, 1))
    noisy = clean + 0.05 * np.random.default_rng(0).standard_normal(clean.shape)
    assert noise_deviation(noisy) == pytest.approx(0.05, rel=0.05)
    assert noise_deviation(clean) < 1e-6
    coarse = noisy + np.sin(2.5 * np.arange(200))[:, None] + np.sin(2.2 * np.arange(200))
    assert noise_deviation(coarse) > 0.5
    assert noise_deviation(coarse, mixed=True) == pytest.approx(0.05, rel=0.05)
    assert noise_deviation(noisy[:, :8, :8]) == 0


def test_ansatz_of_degree_one_is_that_of_the_issue():
    names = [str(ansatz().generator(row)) for row in np.eye(ansatz().size)]
    assert sorted(names) == sorted(["∂_t", "∂_x", "∂_phi", "t∂_t", "x∂_t", "t∂_x", "x∂_x", "phi∂_phi"])


def test_scaled_coefficients():
    """At the corner s = (1, 1) of the data the scaled direction s^t ∂_{s^x} moves x by half of its range."""
    a = ansatz()
    j = a.directions.index((1, (1, 0, 0)))
    X_ = a.generator(a.raw(np.eye(a.size)[j]))
    assert float(X_.xi[1].subs({T: 20.0})) == pytest.approx(10.0)
    assert float(X_.xi[1].subs({T: 10.0})) == pytest.approx(0.0)
    np.testing.assert_allclose(a.scaled(a.raw(np.eye(a.size))), np.eye(a.size), atol=1e-12)


@pytest.mark.parametrize("degree", [1, 2])
def test_bracket_of_scaled_coefficients(degree):
    """It is the bracket of the vector fields, where that stays in the ansatz."""
    a = ansatz(degree)
    translation = a.scaled(np.eye(a.size)[0])
    boost = a.scaled(a.coefficients([Generator((X, 1.44 * T), (0,), (T, X), JETS.fields)])[0])
    found = a.raw(a.bracket(translation, boost)[: a.size])
    expected = a.generator(a.raw(translation)).bracket(a.generator(a.raw(boost)))
    np.testing.assert_allclose(found, a.coefficients([expected])[0], atol=1e-9)


def test_part_of_the_symmetries_within_the_ansatz():
    """Of ∂_t, t∂_φ + ∂_x and t∂_φ the span within the ansatz is that of ∂_t and ∂_x."""
    one = sympy.Integer(1)
    given = [
        Generator((one, 0), (0,), (T, X), JETS.fields),
        Generator((0, one), (T,), (T, X), JETS.fields),
        Generator((0, 0), (T,), (T, X), JETS.fields),
    ]
    rows = ansatz().coefficients(given)
    assert rows.shape == (2, ansatz().size)
    assert np.linalg.matrix_rank(rows[:, :2]) == 2
    assert np.abs(rows[:, 2:]).max() < 1e-12


def test_projection_is_the_integral_by_parts():
    """∫∂_Kψ f = (−1)^|K| ∫ψ ∂_Kf, and the sparse matrix is the same map."""
    t, x = np.meshgrid(np.arange(60) * 0.1, np.arange(50) * 0.2, indexing="ij")
    projections = Projections((60, 50), (0.1, 0.2), (12, 12))
    f, f_tx = np.sin(0.9 * t) * np.cos(0.7 * x), -0.63 * np.cos(0.9 * t) * np.sin(0.7 * x)
    left, right = projections.project(f, (1, 1)), projections.project(f_tx, (0, 0))
    np.testing.assert_allclose(left, right, atol=1e-6)
    np.testing.assert_allclose(projections.matrix((1, 1)) @ f.ravel(), left.ravel(), atol=1e-12)
    with pytest.raises(ValueError, match="no room for test functions"):
        Projections((20, 50), (0.1, 0.2), (12, 12))


def test_limit_of_noise():
    """The largest singular value of unit noise exceeds it once in a thousand, not more often, not never."""
    draw = np.random.default_rng(0)
    above = 0
    for _ in range(4000):
        largest = np.linalg.svd(draw.standard_normal((40, 3)), compute_uv=False)[0]
        above += largest / np.sqrt(40) > noise_limit(3, 40)
    assert above <= 16
    assert noise_limit(3, 40) < 1.6


def test_reduced_basis():
    a = ansatz()
    truth = np.zeros((3, a.size))
    truth[0, 0] = truth[1, 1] = 1.0
    truth[2, a.directions.index((0, (0, 1, 0)))] = 1.0
    truth[2, a.directions.index((1, (1, 0, 0)))] = 1.44
    mixed = np.array([[1.0, 2.0, 0.3], [0.5, -1.0, 1.0], [2.0, 0.1, -0.4]]) @ truth
    rows, pivots = reduced_basis(mixed, a.scaled(mixed))
    np.testing.assert_allclose(rows, truth, atol=1e-9)
    assert pivots == [0, 1, a.directions.index((0, (0, 1, 0)))]
