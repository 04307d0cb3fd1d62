"""Densities from their own Euler–Lagrange expressions, of the lowest order."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians import lagrangian_from_equations, lowest_order, parse_lagrangian
from lagrangians.descent import descend
from lagrangians.jets import JetSpace, jet_space
from lagrangians.null_currents import antiderivative
from lagrangians.variation import euler_operator
from lagrangians.zero import is_zero

JETS = jet_space(("u", "v"), ("t", "x"))
NAMES = "t x u v u_t v_t u_x v_x u_tt u_tx u_xx a b"
t, x, u, v, u_t, v_t, u_x, v_x, u_tt, u_tx, u_xx, a, b = sympy.symbols(NAMES)
COEFFICIENTS = (
    *(1, u, v**2, x, sympy.exp(-t), 1 / (1 + u**2), sympy.exp(a * v), sympy.sin(u - v), sympy.cos(v) ** 2),
    *(u**2 + v**2, sympy.sqrt(1 + v**2), u**b),
)
MOTIONS = (
    *(u_t**2, v_t**2, u_t * v_t, u_x**2, u_x * v_x, u_t * v, v_x * u, u_t * u_x, u_xx**2, u_tx**2, u_x**4, 1),
    *(sympy.sqrt(1 + u_x**2), sympy.sqrt(1 - v_t**2), sympy.cosh(u_x), sympy.exp(u_t), u_t * u_x**2),
)
terms = st.builds(
    lambda number, coefficient, motion: number * coefficient * motion,
    st.sampled_from((1, -1, 2, a, sympy.Rational(1, 2))),
    st.sampled_from(COEFFICIENTS),
    st.sampled_from(MOTIONS),
)
densities = st.lists(terms, min_size=1, max_size=3).map(lambda parts: sympy.Add(*parts))


def order(density: sympy.Expr, jets: JetSpace = JETS) -> int:
    return jets.order(density)


@given(densities)
@settings(max_examples=30, deadline=None)
def test_density_and_rest_make_up_the_equations(density: sympy.Expr) -> None:
    """E_a(ℒ) + R_a = equations_a with R = 0, and ℒ has no higher order than the density it came from."""
    equations = [sympy.expand(e) for e in euler_operator(density, JETS)]
    found, rest = descend(equations, JETS)
    assert rest == [0, 0]
    for made, wanted in zip(euler_operator(found, JETS), equations, strict=True):
        assert is_zero(made - wanted)
    assert order(found) <= order(density)


@pytest.mark.parametrize(
    "density",
    [
        "-sqrt(1 + u_x**2 - u_t**2)",
        "u_t*log(u_t)",
        "u_t**2/2 - cosh(u_x)",
        "u_t**2/2 + log(u_xx)",
        "sqrt(1 - u_t**2) - u_x**2/2",
        "2*u_t**2 + u*sqrt(1 + u_x**2) - u**2*exp(u_x)",
    ],
)
def test_densities_that_are_no_polynomials_in_the_derivatives(density: str) -> None:
    original = parse_lagrangian(density, ("u",), ("t", "x"))
    found = lagrangian_from_equations(original.euler_lagrange(), original.fields, original.coordinates)
    assert found.is_equivalent(original)
    assert order(found.jet_density, found.jets) == order(original.jet_density, original.jets)


def test_what_has_no_density_of_half_the_order_is_left_over() -> None:
    """det ∂∂u, of order 2, has no first-order density: control that the descent stops."""
    determinant = u_tt * u_xx - u_tx**2
    jets = jet_space(("u",), ("t", "x"))
    found, rest = descend([determinant], jets)
    assert (found, rest) == (0, [determinant])
    whole = lagrangian_from_equations([jets.to_functions(determinant)], jets.fields, jets.coordinates)
    assert sympy.expand(jets.to_jets(whole.euler_lagrange()[0]) ** 2 - determinant**2) == 0
    assert order(whole.jet_density, jets) == 2


@pytest.mark.parametrize(
    ("density", "expected"),
    [
        ("-u*u_tt/2 + u*u_xx/2", "u_t**2/2 - u_x**2/2"),
        ("u*u_xxxx/2 + u*u_tx/2", "u_xx**2/2 - u_t*u_x/2"),
        ("sin(u)*u_tt", "-cos(u)*u_t**2"),
        ("-u*u_xx/(1 + u_x**2)**(3/2)", None),
    ],
)
def test_lowest_order(density: str, expected: str | None) -> None:
    theory = parse_lagrangian(density, ("u",), ("t", "x"))
    found = lowest_order(theory)
    for made, wanted in zip(found.euler_lagrange(), theory.euler_lagrange(), strict=True):
        assert is_zero(theory.jets.to_jets(made - wanted))
    assert order(found.jet_density, found.jets) < order(theory.jet_density, theory.jets)
    if expected is not None:
        assert sympy.expand(found.density - parse_lagrangian(expected, ("u",), ("t", "x")).density) == 0


def test_a_density_of_lowest_order_is_left_alone() -> None:
    for text in ("u_t**2/2 - u_x**2/2", "u_t**2/2 - u_xx**2/2", "u_x**2*u_tt"):
        theory = parse_lagrangian(text, ("u",), ("t", "x"))
        assert lowest_order(theory) == theory


def test_powers_with_symbolic_exponents_are_integrated() -> None:
    assert sympy.expand(antiderivative(u**b, u) - u ** (b + 1) / (b + 1)) == 0
