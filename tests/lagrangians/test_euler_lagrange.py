"""`euler_lagrange_equations`: SymPy's results wherever SymPy's function works, and all that it cannot do."""

import random

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.calculus.euler import euler_equations

from lagrangians.euler_lagrange import euler_lagrange_equations
from lagrangians.zero import exact

from .random_densities import JETS, densities

t, x, y, n, m, i, j = sympy.symbols("t x y n m i j")
PHI, PSI = sympy.Function("phi"), sympy.Function("psi")
q, u, k = sympy.IndexedBase("q"), sympy.IndexedBase("u"), sympy.IndexedBase("k")


def sympys(density: sympy.Expr, fields: tuple, coordinates: tuple) -> list[sympy.Expr]:
    """Left sides of SymPy's equations, less the 5φ⁴ that keeps them from collapsing to True or False."""
    found = euler_equations(density + sum(f**5 for f in fields), fields, coordinates)
    return [e.lhs.doit() - 5 * f**4 for e, f in zip(found, fields, strict=True)]


@given(densities.filter(lambda density: sympy.count_ops(density) < 25))
@settings(max_examples=25, deadline=None)
def test_agrees_with_sympy_on_all_functions_of_the_allow_list(density: sympy.Expr) -> None:
    density = exact(density)  # rounded coefficients would differ at 1e-16
    theirs = sympys(density, JETS.fields, JETS.coordinates)
    ours = euler_lagrange_equations(density, JETS.fields, JETS.coordinates)
    for mine, expected in zip(ours, theirs, strict=True):
        assert agree_numerically(mine, expected)


def agree_numerically(first: sympy.Expr, second: sympy.Expr) -> bool:
    """To 20 of 40 digits at three random points; where a value is singular there, the point does not count.

    Nested functions are never expanded: it may take for ever.
    """
    draw = random.Random(0)
    first, second = JETS.to_jets(first), JETS.to_jets(second)
    symbols = sorted((first.free_symbols | second.free_symbols), key=lambda s: s.name)
    for _ in range(3):
        point = {s: sympy.Rational(draw.randint(100, 1900), 997) for s in symbols}
        values = [sympy.N(exact(e).xreplace(point), 40) for e in (first, second)]
        if any(v.has(sympy.nan, sympy.zoo, sympy.oo) or abs(v) > sympy.Float("1e15") for v in values):
            continue
        if abs(values[0] - values[1]) > sympy.Float("1e-20") * (1 + abs(values[0])):
            return False
    return True


@st.composite
def polynomial_theories(draw: st.DrawFn) -> tuple[sympy.Expr, tuple, tuple]:
    """1–3 fields over 1–3 coordinates, derivatives up to the third order, explicit coordinates."""
    coordinates = (t, x, y)[: draw(st.integers(1, 3))]
    fields = tuple(sympy.Function(f"phi_{a}")(*coordinates) for a in range(draw(st.integers(1, 3))))
    variables = st.lists(st.sampled_from(coordinates), max_size=3)
    jets = st.builds(lambda f, xs: f.diff(*xs) if xs else f, st.sampled_from(fields), variables)
    factors = st.one_of(jets, jets, st.sampled_from(coordinates))
    products = st.lists(factors, min_size=1, max_size=3).map(lambda parts: sympy.Mul(*parts))
    terms = draw(st.lists(st.tuples(st.integers(-3, 3), products), min_size=1, max_size=3))
    return sympy.Add(*(number * product for number, product in terms)), fields, coordinates


@given(polynomial_theories())
@settings(max_examples=60, deadline=None)
def test_agrees_with_sympy_on_many_fields_coordinates_and_orders(theory: tuple) -> None:
    density, fields, coordinates = theory
    ours = euler_lagrange_equations(density, fields, coordinates)
    for mine, expected in zip(ours, sympys(density, fields, coordinates), strict=True):
        assert sympy.expand(mine - expected) == 0


def test_names_do_not_matter() -> None:
    """A field and a parameter called like jets of another, a coordinate with a prime, positive symbols."""
    time, r = sympy.Symbol("t'", real=True), sympy.Symbol("r", positive=True)
    a, b = sympy.Function("u")(time, r), sympy.Function("u_t")(time, r)
    density = a.diff(time) * b + sympy.Symbol("u_r") * a**2 * sympy.sqrt(r)
    ours = euler_lagrange_equations(density, (a, b), (time, r))
    assert ours == (2 * sympy.Symbol("u_r") * sympy.sqrt(r) * a - b.diff(time), a.diff(time))


def test_fields_and_coordinates_may_be_inferred() -> None:
    phi, V = PHI(t, x), sympy.Function("V")
    density = phi.diff(t) ** 2 / 2 - V(x) * phi.diff(x) ** 2 / 2
    expected = euler_lagrange_equations(density, phi, (t, x))
    assert euler_lagrange_equations(density) == expected
    assert expected == (-phi.diff(t, 2) + V(x).diff(x) * phi.diff(x) + V(x) * phi.diff(x, 2),)


def test_an_arbitrary_potential_is_differentiated() -> None:
    phi, V = PHI(t), sympy.Function("V")
    (equation,) = euler_lagrange_equations(phi.diff(t) ** 2 / 2 - V(phi), phi, t)
    assert equation == -phi.diff(t, 2) - sympy.Derivative(V(phi), phi)


def test_the_order_of_the_coordinates_is_free() -> None:
    phi = PHI(x, t)
    assert euler_lagrange_equations(phi.diff(t) ** 2, phi, (t, x)) == (-2 * phi.diff(t, 2),)


@pytest.mark.parametrize("density", [sympy.Integer(3), sympy.Symbol("c"), t**2, sympy.S.Zero])
def test_a_constant_density_gives_zeros(density: sympy.Expr) -> None:
    fields = (PHI(t, x), PSI(t, x))
    assert euler_lagrange_equations(density, fields, (t, x)) == (0, 0)
    assert euler_lagrange_equations(density, q[n]) == (0,)


def test_a_complex_field_gives_its_variation_and_that_of_its_conjugate() -> None:
    psi = PSI(t, x)
    bar = sympy.conjugate(psi)
    density = sympy.I * bar * psi.diff(t) - sympy.Abs(psi.diff(x)) ** 2 - m * sympy.Abs(psi) ** 4 / 2
    expected = (
        -sympy.I * sympy.Derivative(bar, t) + sympy.Derivative(bar, (x, 2)) - m * psi * bar**2,
        sympy.I * psi.diff(t) + psi.diff(x, 2) - m * psi**2 * bar,
    )
    for fields in (psi, (psi,), (psi, bar)):
        assert euler_lagrange_equations(density, fields, (t, x)) == expected
    assert euler_lagrange_equations(psi.diff(t) ** 2, psi, (t, x)) == (-2 * psi.diff(t, 2),)


def test_a_site_varied_in_time_alone() -> None:
    phi, right, left = PHI(n, t), PHI(n + 1, t), PHI(n - 1, t)
    density = phi.diff(t) ** 2 / 2 - (right - phi) ** 2 / 2
    assert euler_lagrange_equations(density, phi, t) == (-phi.diff(t, 2) + right - 2 * phi + left,)


@pytest.mark.parametrize("label", [n, sympy.Idx("n"), sympy.Idx("n", sympy.Symbol("N"))])
def test_indexed_fields_with_shifts(label: sympy.Expr) -> None:
    density = k[label] * (q[label + 1] - q[label]) ** 2 / 2
    expected = k[label - 1] * (q[label] - q[label - 1]) - k[label] * (q[label + 1] - q[label])
    for field in (q[label], q):
        (equation,) = euler_lagrange_equations(density, field)
        assert sympy.expand(equation - expected) == 0


def test_a_discrete_action_gives_the_discrete_equation_of_motion() -> None:
    """Verlet's scheme from Σ_n [(q_{n+1} − q_n)²/2h − hV(q_n)] (Marsden and West, Acta Numerica 10, 2001)."""
    h, V = sympy.Symbol("h"), sympy.Function("V")
    density = (q[n + 1] - q[n]) ** 2 / (2 * h) - h * V(q[n])
    (equation,) = euler_lagrange_equations(density, q[n], n)
    expected = -(q[n + 1] - 2 * q[n] + q[n - 1]) / h - h * sympy.Derivative(V(q[n]), q[n])
    assert sympy.expand(equation - expected) == 0


def test_several_indices_and_several_bases() -> None:
    density = u[i, j] * u[i + 1, j - 1] + i * u[i, j] * k[i, j + 2]
    assert euler_lagrange_equations(density, (u[i, j], k[i, j])) == (
        u[i + 1, j - 1] + u[i - 1, j + 1] + i * k[i, j + 2],
        i * u[i, j - 2],
    )


def test_indexed_fields_of_time_and_single_components() -> None:
    density = sympy.Derivative(q[n], t) ** 2 / 2 + q[n] * q[n + 1]
    expected = -sympy.Derivative(q[n], (t, 2)) + q[n + 1] + q[n - 1]
    assert euler_lagrange_equations(density, q[n], t) == (expected,)
    density = sympy.Derivative(q[0], t) ** 2 / 2 - q[0] ** 2 * q[1]
    expected = (-sympy.Derivative(q[0], (t, 2)) - 2 * q[0] * q[1], -(q[0] ** 2))
    assert euler_lagrange_equations(density, (q[0], q[1]), t) == expected


def test_complex_indexed_fields() -> None:
    density = sympy.conjugate(q[n]) * q[n + 1] + q[n] * sympy.conjugate(q[n + 1])
    bar = sympy.conjugate
    assert euler_lagrange_equations(density, q[n]) == (bar(q[n + 1]) + bar(q[n - 1]), q[n + 1] + q[n - 1])


@pytest.mark.parametrize(
    "density, fields, coordinates, message",
    [
        (PHI(n, t).diff(n) ** 2, PHI(n, t), t, r"expected derivatives along \(t\) only"),
        (PHI(t) * PHI(2 * t), PHI(t), t, r"got phi\(2[*]t\), expected phi\(t\)"),
        (PHI(t) ** 2, PHI(t), (t, x), r"expected its arguments to hold \(t, x\)"),
        (q[2 * n] * q[n], q[n], (), r"got q\[2[*]n\], expected q\[n\]"),
        (q[0] * q[n], q[n], (), r"got q\[0\], expected q\[n\]"),
        (q[n] * q[m], q, (), "cannot tell the labels of q"),
        (t, (), (), "expected at least one field"),
        (t, 3, t, "expected an applied function"),
        (t, (PHI(t), PHI(t)), t, "expected distinct fields"),
        (t, PHI(t), 2, "coordinates must be SymPy symbols"),
        ("phi(t)", PHI(t), t, "got text"),
    ],
)
def test_what_is_refused(density: object, fields: object, coordinates: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        euler_lagrange_equations(density, fields, coordinates)  # type: ignore[arg-type]
