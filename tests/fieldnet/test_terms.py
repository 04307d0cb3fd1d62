"""Quadratic forms of features as terms of a density."""

import numpy as np
import pytest
import sympy

from fieldnet.features import PHI, feature_map
from fieldnet.learning.terms import TermLibrary

NAMES = ["identity", "polynomial", "polynomial2", "phase"]


def random_forms(library: TermLibrary, seed: int = 0):
    draw = np.random.default_rng(seed)
    c, n = library.channels, library.space_dimensions
    m2 = draw.standard_normal((c, c))
    h = draw.standard_normal((n * c, n * c))
    h = (h + h.T).reshape(n, c, n, c).transpose(0, 2, 1, 3)
    return m2 + m2.T, h


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dimensions", [1, 2])
def test_terms_are_the_quadratic_forms(name, dimensions):
    """½Φᵀm₂Φ + ½φ_iφ_j Φ'ᵀh^{ij}Φ' = constant + Σθ_n term_n, at random φ and φ_i."""
    features = feature_map(name)
    library = TermLibrary(features, dimensions)
    m2, h = random_forms(library)
    theta = library.coefficients(m2, h)
    draw = np.random.default_rng(1)
    stack = [*features.expressions, sympy.S.One]

    def left(phi, gradient):
        z = np.array([float(e.subs(PHI, phi)) for e in stack])
        dz = np.array([float(sympy.diff(e, PHI).subs(PHI, phi)) for e in stack])
        pairs = np.einsum("i,j,ijab,a,b", gradient, gradient, h, dz, dz)
        return (z @ m2 @ z + pairs) / 2

    def right(phi, gradient):
        total = 0.0
        for c, term in zip(theta, library.terms, strict=True):
            factor = np.prod([gradient[axis] for axis in term.axes or ()])
            total += c * float(term.function.subs(PHI, phi)) * factor
        return total

    reference = left(0.3, np.zeros(dimensions)) - right(0.3, np.zeros(dimensions))
    for _ in range(5):
        phi, gradient = draw.normal(), draw.normal(size=dimensions)
        assert left(phi, gradient) - right(phi, gradient) == pytest.approx(reference, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_forms_of_coefficients_have_these_coefficients(name):
    library = TermLibrary(feature_map(name), 2)
    theta = np.random.default_rng(2).standard_normal(len(library.terms))
    np.testing.assert_allclose(library.coefficients(*library.forms(theta)), theta, atol=1e-12)


def test_silent_forms_move_no_term_and_are_chosen_by_the_vacuum():
    """|z|² = 1: the part of m₂ that no dynamics determine is set so that m₂Φ vanishes in the vacuum."""
    library = TermLibrary(feature_map("phase"), 1)
    theta = np.array([-1.0 if str(t.function) == "cos(phi)" else 0.0 for t in library.terms])
    m2, h = library.forms(theta)
    resting = library.rest_at_vacuum(m2, 0.0)
    np.testing.assert_allclose(library.coefficients(resting, h), theta, atol=1e-12)
    np.testing.assert_allclose(resting @ [1.0, 0.0, 1.0], 0, atol=1e-12)
    np.testing.assert_allclose(resting, [[1, 0, -1], [0, 1, 0], [-1, 0, 1]], atol=1e-12)


def test_unknown_features_are_refused():
    with pytest.raises(ValueError, match="got the features 'cubic', expected auto, identity"):
        feature_map("cubic")
