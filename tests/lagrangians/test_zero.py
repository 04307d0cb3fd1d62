"""The zero test on identities and near-identities, and the arithmetic that keeps floats exact."""

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from lagrangians.zero import coefficients, drop_round_off, exact, floating, is_zero, largest_coefficient

u, v, w = sympy.symbols("u v w")
t = sympy.Symbol("t")
q = sympy.Function("q")(t)
TINY = sympy.Rational(1, 10**25)

IDENTITIES = [
    sympy.sin(u) ** 2 + sympy.cos(u) ** 2 - 1,
    sympy.sin(u + v) - sympy.sin(u) * sympy.cos(v) - sympy.cos(u) * sympy.sin(v),
    sympy.cosh(u) ** 2 - sympy.sinh(u) ** 2 - 1,
    sympy.tan(u) - sympy.sin(u) / sympy.cos(u),
    sympy.exp(u + v) - sympy.exp(u) * sympy.exp(v),
    sympy.log(u * v) - sympy.log(u) - sympy.log(v),
    (u**2 - v**2) / (u - v) - u - v,
    sympy.sqrt(u**2) - u,
    sympy.atan(sympy.sinh(u)) - 2 * sympy.atan(sympy.tanh(u / 2)),
    sympy.sin(2 * q) * q.diff(t) - 2 * sympy.sin(q) * sympy.cos(q) * q.diff(t),
]


@pytest.mark.parametrize("identity", IDENTITIES, ids=str)
@pytest.mark.parametrize("factor", [1, w, sympy.exp(w)], ids=str)
def test_identities_are_zero_and_their_small_changes_are_not(
    identity: sympy.Expr, factor: sympy.Expr
) -> None:
    assert is_zero(identity * factor)
    for change in (TINY, TINY * w, TINY * sympy.sin(u)):
        assert not is_zero((identity + change) * factor)


def test_floats_are_compared_as_the_numbers_their_bits_mean() -> None:
    assert is_zero(sympy.Float(0.5) * u - u / 2)
    assert exact(sympy.Float(0.1) * u) != u / 10
    assert not is_zero(exact(sympy.Float(0.1) * u) - u / 10)
    assert is_zero(exact(sympy.Float(0.1) * u) - sympy.Rational(0.1) * u)


def test_what_has_no_value_is_not_zero() -> None:
    assert not is_zero(sympy.zoo)
    assert not is_zero(sympy.nan)
    assert not is_zero(1 / (sympy.sin(u) ** 2 + sympy.cos(u) ** 2 - 1))


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_floating_undoes_exact(value: float) -> None:
    """The double comes back; a short fraction such as 1/2 stays a fraction."""
    back = floating(exact(sympy.Float(value) * u))
    assert float(back.coeff(u)) == value
    assert floating(sympy.Rational(1, 2) * u) == u / 2


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=6))
def test_sums_of_exact_numbers_do_not_depend_on_the_order(values: list[float]) -> None:
    terms = [exact(sympy.Float(value)) for value in values]
    assert sum(terms, sympy.S.Zero) == sum(reversed(terms), sympy.S.Zero)


def test_coefficients_and_round_off() -> None:
    expression = 3.0 * u - 2e-12 * v + sympy.Rational(1, 4) * u * v
    assert {(float(k), term) for k, term in coefficients(expression)} == {
        (3.0, u),
        (-2e-12, v),
        (0.25, u * v),
    }
    assert largest_coefficient(expression) == 3.0
    assert largest_coefficient(sympy.S.Zero) == 0.0
    assert drop_round_off(expression) == 3.0 * u + u * v / 4
    assert drop_round_off(expression, tolerance=1e-13) == sympy.expand(expression)
    assert drop_round_off(expression, scale=1e10) == 0


def test_cases_are_compared_at_both_signs() -> None:
    u = sympy.Symbol("u")
    assert not is_zero(sympy.Abs(u) - u)
    assert not is_zero(sympy.Piecewise((u, u > 0), (2 * u, True)) - u)
    assert is_zero(sympy.Piecewise((u, u > 0), (2 * u, True)) - sympy.Piecewise((2 * u, u <= 0), (u, True)))
