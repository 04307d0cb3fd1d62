"""Products of sines and cosines as sums over multiple angles: the same function, no products left."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians.trigonometry import multiple_angles
from lagrangians.zero import is_zero

u, v, w = sympy.symbols("u v w")
WAVES = [trig(angle) for trig in (sympy.cos, sympy.sin) for angle in (u, v, 2 * u, u - v, v - u + w, -u)]
OTHERS = [u, w, sympy.exp(v), 1 / sympy.cos(w), sympy.Rational(-3, 2), sympy.Float(0.25), sympy.tan(u)]


@pytest.mark.parametrize(
    "product, expected",
    [
        (sympy.cos(u) ** 2, (1 + sympy.cos(2 * u)) / 2),
        (sympy.sin(u) ** 2, (1 - sympy.cos(2 * u)) / 2),
        (sympy.sin(u) * sympy.cos(u), sympy.sin(2 * u) / 2),
        (sympy.cos(u) * sympy.cos(w), sympy.cos(u - w) / 2 + sympy.cos(u + w) / 2),
        (sympy.sin(u) ** 3, 3 * sympy.sin(u) / 4 - sympy.sin(3 * u) / 4),
        (sympy.cos(u) ** 2 + sympy.sin(u) ** 2, sympy.S.One),
        (w * (sympy.cos(u) - 1) ** 2 + w * sympy.sin(u) ** 2, 2 * w - 2 * w * sympy.cos(u)),
        (sympy.cos(u) * sympy.exp(u), sympy.cos(u) * sympy.exp(u)),
    ],
    ids=str,
)
def test_fourier_form(product: sympy.Expr, expected: sympy.Expr) -> None:
    assert sympy.expand(multiple_angles(product) - expected) == 0


terms = st.builds(
    lambda waves, others: sympy.Mul(*waves, *others),
    st.lists(st.sampled_from(WAVES), max_size=4),
    st.lists(st.sampled_from(OTHERS), max_size=2),
)
expressions = st.lists(terms, min_size=1, max_size=3).map(lambda parts: sympy.Add(*parts))


@given(expressions)
@settings(max_examples=60, deadline=None)
def test_the_function_stays_the_same_and_has_no_products_left(expression: sympy.Expr) -> None:
    result = multiple_angles(expression)
    assert is_zero(result - expression)
    for term in sympy.Add.make_args(result):
        powers = [factor.as_base_exp() for factor in sympy.Mul.make_args(term)]
        assert sum(n for base, n in powers if isinstance(base, sympy.sin | sympy.cos) and n > 0) <= 1


@given(expressions)
@settings(max_examples=30, deadline=None)
def test_doing_it_twice_changes_nothing(expression: sympy.Expr) -> None:
    once = multiple_angles(expression)
    assert multiple_angles(once) == sympy.expand(once)
