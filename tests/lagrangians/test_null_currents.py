"""Currents of null Lagrangians, and the integrations by parts that lower the order of a density."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians.integration_by_parts import integrate_by_parts
from lagrangians.jets import jet_space
from lagrangians.null_currents import antiderivative, null_current
from lagrangians.variation import divergence, euler_operator
from lagrangians.zero import is_zero

JETS = jet_space(("u", "v"), ("t", "x"))
JET_NAMES = ["u", "v", "u_t", "u_x", "v_t", "v_x", "u_tt", "u_tx", "u_xx", "v_xx", "u_xxx", "u_ttxx"]
NAMES = ["t", "x", *JET_NAMES, "c"]
SYMBOLS = dict(zip(NAMES, sympy.symbols(NAMES), strict=True))


def read(text: str) -> sympy.Expr:
    return sympy.sympify(text, locals=SYMBOLS)


FACTORS = [*map(read, NAMES[:-1]), read("sin(u)"), read("exp(v)"), read("1/v")]


@st.composite
def densities(draw: st.DrawFn) -> sympy.Expr:
    product = st.lists(st.sampled_from(FACTORS), min_size=1, max_size=4)
    products = draw(st.lists(product, min_size=1, max_size=2))
    return sympy.Add(*(draw(st.integers(-3, 3)) * sympy.Mul(*factors) for factors in products))


def order(density: sympy.Expr) -> int:
    return JETS.order(density)


@given(densities())
@settings(max_examples=50, deadline=None)
def test_the_density_is_the_reduced_one_and_a_divergence(density: sympy.Expr) -> None:
    """ℒ = ℒ′ + D_αK^α with ℒ′ of no higher order, and reducing ℒ′ again changes nothing."""
    reduced, current = integrate_by_parts(density, JETS)
    assert is_zero(density - reduced - divergence(current, JETS))
    assert order(reduced) <= order(density)
    assert integrate_by_parts(reduced, JETS)[0] == reduced


@pytest.mark.parametrize(
    "text, expected",
    [
        ("u*u_tt - c**2*u*u_xx", "c**2*u_x**2 - u_t**2"),
        ("u*u_t*u_xx", "-u_t*u_x**2/2"),
        ("u*u_tt*u_x**2 + 2*u*u_t*u_x*u_tx", "-u_t**2*u_x**2"),
        ("u_tt*u_xx - u_tx**2", "0"),
        ("u*u_ttxx", "u_tx**2"),
        ("sin(u)*u_xx", "-cos(u)*u_x**2"),
        ("x*v*u_xx", "-v*u_x - x*u_x*v_x"),
        ("u_xx*u_xxx", "0"),
        ("u_xx*sin(u_x)", "u_xx*sin(u_x)"),
    ],
)
def test_known_reductions(text: str, expected: str) -> None:
    assert is_zero(integrate_by_parts(read(text), JETS)[0] - read(expected))


def test_high_derivatives_in_several_coordinates_end() -> None:
    jets = jet_space(("u",), ("t", "x", "y", "z"))
    density = sympy.Symbol("u") ** 2 * sympy.Symbol("u_ttxxyy")
    reduced, current = integrate_by_parts(density, jets)
    assert is_zero(density - reduced - divergence(current, jets))
    assert jets.order(reduced) == 3


@given(densities(), densities())
@settings(max_examples=40, deadline=None)
def test_the_current_of_any_divergence_is_found(first: sympy.Expr, second: sympy.Expr) -> None:
    """D_αK^α = ℒ for ℒ the divergence of a random current."""
    density = divergence((first, second), JETS)
    assert is_zero(divergence(null_current(density, JETS), JETS) - density)


@pytest.mark.parametrize(
    "current",
    [
        ("u*v", "u_t*u_x"),
        ("cos(u)", "exp(v)*u_t"),
        ("t**2*x", "log(u)"),
        ("0", "1/u"),
        ("u*v_x*cos(u)", "v*x"),
        ("sin(u*v)", "x*sin(u)"),
        ("sqrt(u_x)*u", "0"),
        ("u*v_x", "-u*v_t"),
    ],
)
def test_the_current_of_what_is_not_polynomial(current: tuple[str, str]) -> None:
    density = divergence([read(part) for part in current], JETS)
    assert is_zero(divergence(null_current(density, JETS), JETS) - density)


def test_no_current_for_a_density_with_equations() -> None:
    for text in ("u_x**2", "u", "u*v_t", "u_tt*u_xx"):
        assert not all(is_zero(e) for e in euler_operator(read(text), JETS))
        with pytest.raises(ValueError, match="no total divergence"):
            null_current(read(text), JETS)


@pytest.mark.parametrize(
    "text",
    ["u**2", "1/u", "u/(1 + u)", "u*sin(c*u)", "exp(u)*cos(u)", "u*(c**2 + u**2)**Rational(-3, 2)", "log(u)"],
)
def test_antiderivatives(text: str) -> None:
    u = SYMBOLS["u"]
    found = antiderivative(read(text), u)
    assert found is not None
    assert is_zero(sympy.diff(found, u) - read(text))


@pytest.mark.parametrize("text", ["exp(exp(u))", "sin(u)*log(u)*exp(u)/(1 + u)", "sqrt(1 + sin(u))"])
def test_what_is_out_of_reach_ends_at_once(text: str) -> None:
    assert antiderivative(read(text), SYMBOLS["u"]) is None
