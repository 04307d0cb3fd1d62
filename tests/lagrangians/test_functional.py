"""Functional derivatives of integrals and sums, held against the variation of the integral itself."""

import pytest
import sympy
from sympy import Derivative, Integral, Sum, oo

from lagrangians.euler_lagrange import euler_lagrange_equations
from lagrangians.functional import functional_derivative
from lagrangians.zero import is_zero

t, x, y, z, n, m, a, b, s = sympy.symbols("t x y z n m a b s")
phi, psi, K, V = map(sympy.Function, ("phi", "psi", "K", "V"))
q = sympy.IndexedBase("q")
WAVE = Integral(phi(x).diff(x) ** 2 / 2 + V(phi(x)), (x, -oo, oo))


def at(point: sympy.Symbol) -> sympy.Expr:
    return Derivative(V(phi(point)), phi(point)) - phi(point).diff(point, 2)


@pytest.mark.parametrize("point", [x, y])
def test_an_integral_gives_its_euler_lagrange_expression_at_the_point(point: sympy.Symbol) -> None:
    assert functional_derivative(WAVE, phi(point)) == at(point)
    (expected,) = euler_lagrange_equations(WAVE.function, phi(x), x)
    assert functional_derivative(WAVE, phi(x)) == expected


@pytest.mark.parametrize("limits", [(x,), (x, a, b), (x, 0, 1), (x, -oo, oo)])
def test_limits_do_not_matter_inside(limits: tuple) -> None:
    assert functional_derivative(Integral(phi(x) ** 3, limits), phi(y)) == 3 * phi(y) ** 2


@pytest.mark.parametrize(
    "function",
    [lambda f: 3 * f, lambda f: f**2, sympy.exp, lambda f: f + 2 * sympy.sin(f), lambda f: a / f, sympy.sqrt],
)
def test_functions_of_integrals_follow_the_chain_rule(function) -> None:
    """δf(I) = f′(I) δI."""
    value = sympy.Symbol("value")
    slope = function(value).diff(value).subs(value, WAVE)
    assert is_zero(functional_derivative(function(WAVE), phi(y)) - slope * at(y))


def test_products_and_quotients_of_integrals() -> None:
    first, second = Integral(phi(x) ** 2, (x, 0, 1)), Integral(phi(x).diff(x) ** 2, (x, 0, 1))
    quotient = functional_derivative(second / first, phi(y))
    expected = -2 * phi(y).diff(y, 2) / first - second * 2 * phi(y) / first**2
    assert sympy.expand(quotient - expected) == 0


def test_several_dimensions() -> None:
    density = (phi(x, y).diff(x) ** 2 + phi(x, y).diff(y) ** 2) / 2
    expected = -phi(a, b).diff(a, 2) - phi(a, b).diff(b, 2)
    for functional in (Integral(density, x, y), Integral(Integral(density, (x, 0, 1)), (y, 0, 1))):
        assert functional_derivative(functional, phi(a, b)) == expected


def test_the_field_at_two_points() -> None:
    """δ/δφ(z) ∫∫ φ(x)K(x, y)φ(y) = ∫ [K(x, z) + K(z, x)] φ(x) dx, nested or not."""
    expected = Integral(K(x, z) * phi(x), (x, a, b)) + Integral(K(z, y) * phi(y), (y, a, b))
    flat = Integral(phi(x) * K(x, y) * phi(y), (x, a, b), (y, a, b))
    nested = Integral(phi(x) * Integral(K(x, y) * phi(y), (y, a, b)), (x, a, b))
    assert functional_derivative(flat, phi(z)) == expected
    assert functional_derivative(nested, phi(z)) == expected


def test_bound_variables_are_never_captured() -> None:
    """The point may be named like a variable of integration."""
    nested = Integral(phi(x) * Integral(K(x, y) * phi(y), (y, a, b)), (x, a, b))
    for point in (x, y):
        value = functional_derivative(nested, phi(point))
        assert value.free_symbols == {point, a, b}
        elsewhere = value.subs(point, z)
        for kernel in (lambda u, v: u * v**2, lambda u, v: u - v):
            concrete = elsewhere.replace(K, kernel).replace(phi, lambda u: u**3)
            expected = Integral((kernel(s, z) + kernel(z, s)) * s**3, (s, a, b))
            assert sympy.expand(concrete.doit() - expected.doit()) == 0


def test_functions_of_inner_integrals() -> None:
    """δ/δφ(z) ∫ exp(∫K(x, y)φ(y)dy) dx = ∫ K(x, z) exp(∫K(x, y)φ(y)dy) dx."""
    inner = Integral(K(x, y) * phi(y), (y, a, b))
    value = functional_derivative(Integral(sympy.exp(inner), (x, a, b)), phi(z))
    assert value == Integral(K(x, z) * sympy.exp(inner), (x, a, b))


def test_arguments_that_are_not_integrated_over_stay_fixed() -> None:
    """π = δL/δφ_t and −δH/δφ of the wave equation."""
    lagrangian = Integral((phi(t, x).diff(t) ** 2 - phi(t, x).diff(x) ** 2) / 2, x)
    assert functional_derivative(lagrangian, phi(t, y).diff(t)) == phi(t, y).diff(t)
    assert functional_derivative(lagrangian, phi(t, y)) == phi(t, y).diff(y, 2)
    mixed = Integral(phi(t, x).diff(t, x) ** 2 / 2, x)
    assert functional_derivative(mixed, phi(t, y).diff(t)) == -phi(t, y).diff(t, y, y)


def test_sums_over_lattice_labels() -> None:
    chain = Sum((q[n + 1] - q[n]) ** 2 / 2 + n * q[n] ** 2, (n, -oo, oo))
    assert (
        sympy.expand(functional_derivative(chain, q[m]) - (2 * q[m] - q[m + 1] - q[m - 1] + 2 * m * q[m]))
        == 0
    )
    density = phi(n, t).diff(t) ** 2 / 2 - (phi(n + 1, t) - phi(n, t)) ** 2 / 2
    expected = -phi(m, s).diff(s, 2) + phi(m + 1, s) - 2 * phi(m, s) + phi(m - 1, s)
    for action in (Sum(Integral(density, t), (n, -oo, oo)), Integral(Sum(density, (n, -oo, oo)), t)):
        assert functional_derivative(action, phi(m, s)) == expected


def test_the_derivative_of_a_finite_sum_is_the_partial_derivative() -> None:
    """δ/δq[m] Σ_n f(q[n], q[n + 1]) = ∂/∂q_m of the written out sum, at inner sites."""
    chain = Sum(q[n] ** 2 * q[n + 1] + n * q[n], (n, 0, 5))
    value = functional_derivative(chain, q[m])
    for site in (1, 3, 5):
        assert sympy.expand(value.subs(m, site) - chain.doit().diff(q[site])) == 0


def test_complex_fields() -> None:
    """iψ_t = δH/δψ*."""
    bar = sympy.conjugate
    H = Integral(sympy.Abs(psi(x).diff(x)) ** 2 + sympy.Abs(psi(x)) ** 4, x)
    assert functional_derivative(H, bar(psi(y))) == 2 * psi(y) ** 2 * bar(psi(y)) - psi(y).diff(y, 2)
    expected = 2 * psi(y) * bar(psi(y)) ** 2 - Derivative(bar(psi(y)), (y, 2))
    assert functional_derivative(H, psi(y)) == expected


def test_shifted_arguments() -> None:
    delayed = Integral(phi(x) ** 2 * phi(x + 1) * x, x)
    expected = 2 * y * phi(y) * phi(y + 1) + (y - 1) * phi(y - 1) ** 2
    assert sympy.expand(functional_derivative(delayed, phi(y)) - expected) == 0


def test_a_number_as_the_point() -> None:
    assert functional_derivative(Integral(x * phi(x) ** 2, x), phi(2)) == 4 * phi(2)
    slope = functional_derivative(Integral(phi(x).diff(x) ** 2, x), phi(2))
    assert slope.replace(phi, lambda u: u**4).doit() == -96


def test_definition_by_a_varied_integral() -> None:
    """d/dε I[φ + εη] at ε = 0 is ∫ η δI/δφ, for η that vanishes with its derivatives at the ends."""
    epsilon = sympy.Symbol("epsilon")

    def eta(point: sympy.Expr) -> sympy.Expr:
        return (point * (1 - point)) ** 3

    def field(point: sympy.Expr) -> sympy.Expr:
        return 1 + point**2

    functional = Integral(phi(x) * phi(x).diff(x, 2) ** 2 + x * phi(x).diff(x) * phi(x) ** 2, (x, 0, 1)) ** 2
    varied = functional.replace(phi, lambda point: field(point) + epsilon * eta(point)).doit()
    expected = varied.diff(epsilon).subs(epsilon, 0)
    gradient = functional_derivative(functional, phi(y)).replace(phi, field).doit()
    assert sympy.integrate(sympy.expand(gradient * eta(y)), (y, 0, 1)) == expected != 0


def test_what_does_not_hold_the_field_does_not_vary() -> None:
    assert functional_derivative(Integral(psi(x), x), phi(y)) == 0
    assert functional_derivative(sympy.Integer(3), phi(y)) == 0


@pytest.mark.parametrize(
    "functional, field, message",
    [
        (phi(x) ** 2, phi(y), "outside of integrals"),
        (Integral(phi(x) * phi(y), (y, 0, x), (x, 0, 1)), phi(z), "depend on a variable of integration"),
        (Integral(phi(2 * x), x), phi(z), "variable of integration plus a constant"),
        (Integral(phi(x + y), x, y), phi(z), "variable of integration plus a constant"),
        (WAVE, sympy.Integer(3), "expected phi"),
        (Integral(phi(x) * phi(x, y), x), phi(z), "with 2 and with 1 arguments"),
        (Integral(phi(t, x), x), phi(s, y), "not integrated over"),
        (WAVE, phi(y).diff(y), "which is integrated over; ask for the field"),
        (Sum(phi(n).diff(n), (n, 0, 5)), phi(m), "derivative along a label of a sum"),
        (Integral(Integral(K(x, y) * phi(y), y).diff(x), x), phi(z), ""),
    ],
)
def test_what_is_refused(functional: sympy.Expr, field: sympy.Expr, message: str) -> None:
    if not message:
        assert functional_derivative(functional, field) == Integral(Derivative(K(x, z), x), x)
        return
    with pytest.raises(ValueError, match=message):
        functional_derivative(functional, field)
