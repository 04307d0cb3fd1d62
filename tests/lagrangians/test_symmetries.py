"""Variational point symmetries: the textbook algebras, nothing beyond them, and controls that break them."""

import numpy as np
import pytest
import sympy

from lagrangians import Generator, Lagrangian, catalogue, parse_lagrangian, variational_symmetries
from lagrangians.symmetries import reduced_echelon

TX = ("t", "x")
SCHROEDINGER = "1/2*(v*u_t - u*v_t) - 1/2*(u_x**2 + v_x**2) + 1/4*(u**2 + v**2)**2"


def rank(generators: tuple[Generator, ...], seed: int = 0) -> int:
    """Dimension of the span, by values of the components at random points."""
    draw = np.random.default_rng(seed)
    first = generators[0]
    plain = [*first.coordinates, *first.fields]
    names = sympy.symbols(f"z:{len(plain)}")
    rows = []
    for X in generators:
        parts = [sympy.sympify(p).subs(dict(zip(plain, names, strict=True))) for p in (*X.xi, *X.eta)]
        rows.append(sympy.lambdify(names, parts, modules="numpy"))
    points = draw.uniform(-1, 1, (12, len(plain)))
    values = [[float(np.asarray(v)) for point in points for v in row(*point)] for row in rows]
    return int(np.linalg.matrix_rank(np.array(values), tol=1e-9))


def spans(found: tuple[Generator, ...], expected: list[Generator]) -> bool:
    return rank(found) == len(found) == len(expected) == rank((*found, *expected))


def field_theory(theory: Lagrangian, *parts: tuple) -> list[Generator]:
    size = len(theory.coordinates)
    return [Generator(p[:size], p[size:], theory.coordinates, theory.fields) for p in parts]


@pytest.mark.parametrize(
    "theory",
    [
        catalogue.sine_gordon(),
        catalogue.klein_gordon(),
        catalogue.phi4(),
        catalogue.double_sine_gordon(),
        catalogue.sinh_gordon(),
    ],
    ids=["sine_gordon", "klein_gordon", "phi4", "double_sine_gordon", "sinh_gordon"],
)
def test_a_massive_scalar_has_the_poincare_algebra(theory: Lagrangian) -> None:
    """∂_t, ∂_x and x∂_t + t∂_x, nothing else."""
    t, x = theory.coordinates
    expected = field_theory(theory, (1, 0, 0), (0, 1, 0), (x, t, 0))
    assert spans(variational_symmetries(theory), expected)


def test_parameters_enter_as_monomials() -> None:
    """The boost of a field with speed c is x∂_t + c²t∂_x, up to a factor."""
    theory = catalogue.sine_gordon("c", "m")
    t, x = theory.coordinates
    found = variational_symmetries(theory)
    boost = next(X for X in found if x in X.xi[0].free_symbols)
    assert len(found) == 3
    assert sympy.simplify(boost.xi[1] / t - sympy.Symbol("c") ** 2 * boost.xi[0] / x) == 0


def test_float_coefficients_do_no_harm() -> None:
    theory = parse_lagrangian("0.51*u_t**2 - 0.7301*u_x**2 + 1.07*cos(u)", ("u",), TX)
    t, x = theory.coordinates
    expected = field_theory(theory, (1, 0, 0), (0, 1, 0), (x, 0.7301 / 0.51 * t, 0))
    assert spans(variational_symmetries(theory), expected)


def test_the_wave_equation_has_more() -> None:
    """Also the dilation t∂_t + x∂_x, the shift of φ, and the drifts t∂_φ and x∂_φ."""
    theory = catalogue.klein_gordon(m=0)
    t, x = theory.coordinates
    expected = field_theory(
        theory, (1, 0, 0), (0, 1, 0), (x, t, 0), (t, x, 0), (0, 0, 1), (0, 0, t), (0, 0, x)
    )
    assert spans(variational_symmetries(theory), expected)


def test_the_plane_has_a_rotation_and_two_boosts() -> None:
    theory = catalogue.sine_gordon(dimension=2)
    t, x, y = theory.coordinates
    expected = field_theory(
        theory, (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (x, t, 0, 0), (y, 0, t, 0), (0, -y, x, 0)
    )
    assert spans(variational_symmetries(theory), expected)


def test_the_free_particle() -> None:
    """The variational symmetries of ½q̇²: sl(2) on time, the shift and the boost; degree 2 finds all."""
    theory = parse_lagrangian("1/2*q_t**2", ("q",), ("t",))
    (t,), (q,) = theory.coordinates, theory.fields
    degree_one = [(1, 0), (0, 1), (0, t), (2 * t, q)]
    assert spans(variational_symmetries(theory), field_theory(theory, *degree_one))
    expected = field_theory(theory, *degree_one, (t**2, t * q))
    assert spans(variational_symmetries(theory, degree=2), expected)
    assert spans(variational_symmetries(theory, degree=0), field_theory(theory, (1, 0), (0, 1)))


def test_the_galilei_boost_of_schroedinger_needs_degree_two() -> None:
    theory = parse_lagrangian(SCHROEDINGER, ("u", "v"), TX)
    (t, x), (u, v) = theory.coordinates, theory.fields
    low = [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, -v, u)]
    assert spans(variational_symmetries(theory), field_theory(theory, *low))
    boost = (0, 2 * t, -x * v, x * u)
    assert spans(variational_symmetries(theory, degree=2), field_theory(theory, *low, boost))


def test_identical_oscillators_share_a_phase_and_a_drift() -> None:
    theory = catalogue.kuramoto_inertial([[0, 1, 2], [1, 0, 3], [2, 3, 0]])
    (t,) = theory.coordinates
    expected = field_theory(theory, (1, 0, 0, 0), (0, 1, 1, 1), (0, t, t, t))
    assert spans(variational_symmetries(theory), expected)


@pytest.mark.parametrize(
    "text, kept",
    [
        ("1/2*u_t**2 - 1/2*u_x**2 + cos(u) + 1/10*x*u", [(1, 0, 0)]),
        ("1/2*u_t**2 - 1/2*u_x**2 + cos(u) + 1/10*t*u", [(0, 1, 0)]),
        ("1/2*u_t**2 - 1/2*u_x**2 + cos(u) + 1/10*u_x**4", [(1, 0, 0), (0, 1, 0)]),
        ("1/2*u_t**2 - 1/2*u_x**2 - 1/2*exp(t)*u**2 + x*u", []),
    ],
)
def test_a_broken_symmetry_is_not_found(text: str, kept: list[tuple]) -> None:
    theory = parse_lagrangian(text, ("u",), TX)
    found = variational_symmetries(theory)
    assert len(found) == len(kept)
    assert not kept or spans(found, field_theory(theory, *kept))


@pytest.mark.parametrize("name", ["sine_gordon", "phi4"])
def test_what_is_found_has_a_current_and_what_is_added_has_none(name: str) -> None:
    theory = getattr(catalogue, name)("c")
    draw = np.random.default_rng(0)
    t, x = theory.coordinates
    phi = theory.fields[0]
    for X in variational_symmetries(theory):
        theory.noether_current(X)
        extra = [int(n) for n in draw.integers(1, 5, 3)]
        other = X + Generator((extra[0] * t, 0), (extra[1] * phi + extra[2] * x,), (t, x), (phi,))
        with pytest.raises(ValueError, match="not a variational symmetry"):
            theory.noether_current(other)


def test_parameters_need_not_enter_as_monomials() -> None:
    """The boost of u_tt = (1 + a)u_xx is x∂_t + (1 + a)t∂_x."""
    theory = parse_lagrangian("1/2*u_t**2 - (1 + a)/2*u_x**2 + cos(u)", ("u",), TX, ("a",))
    t, x = theory.coordinates
    found = variational_symmetries(theory)
    assert len(found) == 3
    boost = next(X for X in found if x in X.xi[0].free_symbols)
    assert sympy.expand(boost.xi[1] - (1 + sympy.Symbol("a")) * t * boost.xi[0] / x) == 0


def test_a_negative_degree_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a non-negative integer"):
        variational_symmetries(catalogue.sine_gordon(), degree=-1)


def test_reduced_echelon_form() -> None:
    """Unit columns at the pivots, the same row space."""
    rows = np.random.default_rng(1).standard_normal((3, 6))
    rows[:, 1] = 2 * rows[:, 0]
    reduced, pivots = reduced_echelon(rows)
    assert pivots == [0, 2, 3]
    np.testing.assert_allclose(reduced[:, pivots], np.eye(3), atol=1e-12)
    assert np.linalg.matrix_rank(np.vstack([rows, reduced]), tol=1e-9) == 3
