"""Vector fields on coordinates and fields: a Lie algebra, and its prolongation to jets."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians import Generator
from lagrangians.zero import is_zero

t, x = COORDINATES = sympy.symbols("t x")
u, v = FIELDS = tuple(sympy.Function(name)(t, x) for name in "uv")
MONOMIALS = [sympy.Integer(1), t, x, u, v, t * x, x * u, u * v, v**2, sympy.sin(u)]

parts = st.lists(st.tuples(st.integers(-3, 3), st.sampled_from(MONOMIALS)), max_size=2).map(
    lambda terms: sympy.Add(*(n * m for n, m in terms))
)
generators = st.builds(
    lambda a, b, c, d: Generator((a, b), (c, d), COORDINATES, FIELDS), parts, parts, parts, parts
)
functions = st.sampled_from([t * u, x**2 - v, sympy.cos(u) * v, u * v + t])
densities = st.sampled_from(
    [u.diff(t) ** 2, u * v.diff(x), u.diff(t, x) + t * v, sympy.sin(u) * u.diff(x) * v.diff(t)]
)


def vanishes(X: Generator) -> bool:
    return all(is_zero(part) for part in (*X.xi, *X.eta))


@given(generators, generators, generators, functions)
@settings(max_examples=25, deadline=None)
def test_the_bracket_is_the_commutator_and_obeys_jacobi(
    X: Generator, Y: Generator, Z: Generator, f: sympy.Expr
) -> None:
    assert is_zero(X.bracket(Y).apply(f) - X.apply(Y.apply(f)) + Y.apply(X.apply(f)))
    assert vanishes(X.bracket(Y) + Y.bracket(X))
    assert vanishes(X.bracket(Y).bracket(Z) + Y.bracket(Z).bracket(X) + Z.bracket(X).bracket(Y))


@given(generators, generators, st.integers(-4, 4))
@settings(max_examples=25, deadline=None)
def test_linear_combinations(X: Generator, Y: Generator, n: int) -> None:
    total = X + n * Y
    for part, first, second in zip((*total.xi, *total.eta), (*X.xi, *X.eta), (*Y.xi, *Y.eta), strict=True):
        assert is_zero(part - first - n * second)
    assert vanishes((X - Y) + (Y - X))
    assert vanishes(-X + X)


@given(generators, generators, densities)
@settings(max_examples=20, deadline=None)
def test_prolongation_respects_brackets(X: Generator, Y: Generator, density: sympy.Expr) -> None:
    """pr[X, Y] = pr X pr Y − pr Y pr X on functions of jets."""
    both = X.prolongation(Y.prolongation(density)) - Y.prolongation(X.prolongation(density))
    assert is_zero(X.bracket(Y).prolongation(density) - both)


def test_prolongation_is_the_change_under_the_flow() -> None:
    """d/dε of u'_x under x′ = e^ε x, u′ = e^{2ε}u, at ε = 0: u_x (2 − 1); and u_xx gets 2 − 2."""
    scaling = Generator((0, x), (2 * u, 0), COORDINATES, FIELDS)
    assert is_zero(scaling.prolongation(u.diff(x)) - u.diff(x))
    assert is_zero(scaling.prolongation(u.diff(x, 2)))
    assert is_zero(scaling.prolongation(u.diff(t)) - 2 * u.diff(t))
    rotation = Generator((-x, t), (0, 0), COORDINATES, FIELDS)
    assert is_zero(rotation.prolongation(u.diff(t) ** 2 + u.diff(x) ** 2))
    assert not is_zero(rotation.prolongation(u.diff(t) ** 2 - u.diff(x) ** 2))


@given(generators)
@settings(max_examples=20, deadline=None)
def test_the_characteristic_is_the_change_at_a_fixed_point(X: Generator) -> None:
    """Q^a = η^a − ξ^α ∂_αφ^a."""
    for q, eta, field in zip(X.characteristic(), X.eta, FIELDS, strict=True):
        assert is_zero(q - eta + X.xi[0] * field.diff(t) + X.xi[1] * field.diff(x))


def test_text() -> None:
    assert str(Generator((x, t), (0, 0), COORDINATES, FIELDS)) == "x∂_t + t∂_x"
    assert str(Generator((-1, 1 + t), (2 * u, 0), COORDINATES, FIELDS)) == "-∂_t + (t + 1)∂_x + 2u∂_u"
    assert str(Generator((0, 0), (-v, u), COORDINATES, FIELDS)) == "-v∂_u + u∂_v"
    assert str(Generator((0, 0), (0, 0), COORDINATES, FIELDS)) == "0"


def test_what_does_not_fit_is_refused() -> None:
    X = Generator((1, 0), (0, 0), COORDINATES, FIELDS)
    other = Generator((1,), (0,), (t,), (sympy.Function("q")(t),))
    with pytest.raises(ValueError, match="got 1 components ξ and 2 components η"):
        Generator((1,), (0, 0), COORDINATES, FIELDS)
    for operation in (X.bracket, X.__add__):
        with pytest.raises(ValueError, match="different coordinates or fields"):
            operation(other)
    for factor in (t, u):
        with pytest.raises(ValueError, match="expected a constant"):
            factor * X
    with pytest.raises(ValueError, match=r"use prolongation\(\)"):
        X.apply(u.diff(x))
