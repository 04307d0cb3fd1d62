"""The Euler operator, its kernel, and integration by parts."""

from collections.abc import Sequence

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.calculus.euler import euler_equations

from lagrangians.jets import JetSpace, jet_space
from lagrangians.null_currents import null_current
from lagrangians.variation import (
    boundary_current,
    divergence,
    euler_operator,
    evolutionary_derivative,
    is_null,
    total_derivative,
)
from lagrangians.zero import is_zero

JETS = jet_space(("u", "v"), ("t", "x"))
NAMES = ("t", "x", "u", "v", "u_t", "u_x", "v_t", "v_x", "u_tt", "u_tx", "v_xx")
FACTORS = [*map(sympy.Symbol, NAMES), sympy.sin(sympy.Symbol("u")), sympy.exp(sympy.Symbol("v"))]


@st.composite
def densities(draw: st.DrawFn) -> sympy.Expr:
    """Sums of up to three products of jets, coordinates, sin u and exp v."""
    product = st.lists(st.sampled_from(FACTORS), min_size=1, max_size=3)
    products = draw(st.lists(product, min_size=1, max_size=3))
    numbers = draw(st.lists(st.integers(-3, 3), min_size=len(products), max_size=len(products)))
    return sympy.Add(*(n * sympy.Mul(*product) for n, product in zip(numbers, products, strict=True)))


def sympys_equations(density: sympy.Expr, fields: Sequence, coordinates: Sequence) -> list[sympy.Expr]:
    """Left sides of SymPy's equations; it writes True for 0 = 0 and False for c = 0."""
    added = sum(f**5 for f in fields)
    found = euler_equations(density + added, fields, coordinates)
    return [sympy.expand(e.lhs.doit() - 5 * f**4) for e, f in zip(found, fields, strict=True)]


@given(densities())
@settings(max_examples=40, deadline=None)
def test_agrees_with_sympy_wherever_sympy_works(density: sympy.Expr) -> None:
    theirs = sympys_equations(JETS.to_functions(density), JETS.fields, JETS.coordinates)
    for ours, expected in zip(euler_operator(density, JETS), theirs, strict=True):
        assert sympy.expand(JETS.to_functions(ours) - expected) == 0


@given(densities(), densities())
@settings(max_examples=30, deadline=None)
def test_a_total_divergence_has_no_euler_expression(first: sympy.Expr, second: sympy.Expr) -> None:
    assert is_null(divergence((first, second), JETS), JETS)


@given(densities(), densities(), densities())
@settings(max_examples=30, deadline=None)
def test_integration_by_parts(density: sympy.Expr, first: sympy.Expr, second: sympy.Expr) -> None:
    """pr v_Q(ℒ) = Q·E(ℒ) + D_αP^α."""
    Q = (first, second)
    current = boundary_current(density, Q, JETS)
    work = sympy.Add(*(q * e for q, e in zip(Q, euler_operator(density, JETS), strict=True)))
    difference = evolutionary_derivative(density, Q, JETS) - work - divergence(current, JETS)
    assert sympy.expand(difference) == 0


def test_what_is_no_divergence_is_not_null() -> None:
    u_x, u, u_t = sympy.symbols("u_x u u_t")
    assert not is_null(u_x**2, JETS)
    assert not is_null(u, JETS)
    assert is_null(u * u_t, JETS)
    assert is_null(sympy.Integer(7), JETS)


def test_a_determinant_of_gradients_is_null() -> None:
    u_t, u_x, v_t, v_x = sympy.symbols("u_t u_x v_t v_x")
    assert is_null(u_t * v_x - u_x * v_t, JETS)
    assert not is_null(u_t * v_x + u_x * v_t, JETS)


@pytest.mark.parametrize(
    "current",
    [
        ("u*v", "u_t*u_x"),
        ("t*u**2", "x*v_t"),
        ("cos(u)", "exp(v)*u_t"),
        ("t**2*x", "log(u)"),
        ("0", "1/u"),
    ],
)
def test_the_current_of_a_null_density_is_found(current: tuple[str, str]) -> None:
    """D_αK^α gives back the divergence it came from."""
    names = {name: sympy.Symbol(name) for name in NAMES}
    parts = [sympy.sympify(part, locals=names) for part in current]
    density = divergence(parts, JETS)
    assert is_zero(divergence(null_current(density, JETS), JETS) - density)


def test_no_current_for_a_density_with_equations() -> None:
    with pytest.raises(ValueError, match="no total divergence"):
        null_current(sympy.Symbol("u_x") ** 2, JETS)


def test_lattice_site_varied_in_time_alone() -> None:
    n, t = sympy.symbols("n t")
    jets = JetSpace((t,), (sympy.Function("phi")(n, t),))
    phi = jets.fields[0]
    (equation,) = euler_operator(jets.to_jets(phi.diff(t) ** 2 / 2 - n * phi**2), jets)
    assert equation == -sympy.Symbol("phi_tt") - 2 * n * sympy.Symbol("phi")


def test_total_derivative_is_sympys_derivative_of_the_written_function() -> None:
    u, u_t, v_x, x = sympy.symbols("u u_t v_x x")
    expression = x * sympy.sin(u) * u_t + v_x**2
    written = JETS.to_functions(expression).diff(JETS.coordinates[1])
    assert JETS.to_jets(written) == sympy.expand(total_derivative(expression, 1, JETS))
