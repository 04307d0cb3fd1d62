"""The canonical form: one density for all members of {s ℒ + D_αK^α + f(x)}, another for all others."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians import Lagrangian, catalogue, parse_lagrangian
from lagrangians.canonical import canonical_form
from lagrangians.jets import jet_space
from lagrangians.normal_form import normal_form
from lagrangians.variation import divergence

TX = ("t", "x")
JETS = jet_space(("u", "v"), TX)
u, v, u_t, v_t, u_x, v_x, u_xx, u_tx, t, x, m = sympy.symbols("u v u_t v_t u_x v_x u_xx u_tx t x m")

KINETIC = u_t**2 / 2 + v_t**2 / 2 - u_x**2
TERMS = [
    u**2, u * v, u**3 * v, u_x * v, sympy.cos(u), sympy.exp(v), u**2 * v_x, u * v_t, sympy.sin(u) ** 2 * v,
    u_x * v_t - u_t * v_x,
    u * (u_x * v_t - u_t * v_x), u_x**2 * u, u_xx**2, u_x**2 * v_x, x * u**2, t * u * v_x,
    sympy.cosh(u) ** 2, sympy.cos(v) * u_x**2,
]  # fmt: skip
CURRENTS = [
    u, u * v, t * u**2, sympy.sin(v), x * u * v, u * u_t,
    u_x**2, u * v_x, v * u_xx, sympy.cos(u) * u_x, u_t * u_x * v
]  # fmt: skip
numbers = st.integers(-5, 5).filter(bool)
sums = st.lists(st.tuples(numbers, st.sampled_from(TERMS)), max_size=3).map(
    lambda terms: sympy.Add(*(n * m for n, m in terms))
)
currents = st.tuples(*[st.sampled_from([*CURRENTS, sympy.S.Zero])] * 2)


def theory(density: sympy.Expr) -> Lagrangian:
    return Lagrangian(JETS.to_functions(density), JETS.fields, JETS.coordinates)


def canonical(density: sympy.Expr) -> sympy.Expr:
    return JETS.to_jets(canonical_form(theory(density)).density)


@given(sums, numbers, currents)
@settings(max_examples=60, deadline=None)
def test_the_same_form_for_the_whole_class(potential: sympy.Expr, scale: int, current: tuple) -> None:
    """canonical_form(s ℒ + D_αK^α + f(x)) == canonical_form(ℒ), and it has the equations of ℒ up to scale."""
    density = KINETIC + potential
    other = sympy.Rational(scale, 3) * density + divergence(current, JETS) + x * t + 1
    form = canonical_form(theory(density))
    assert canonical_form(theory(other)) == form
    assert canonical_form(theory(m * other)) == form
    assert form.is_equivalent(theory(density))
    assert canonical_form(form) == form


@given(sums, numbers, st.sampled_from([u**4, u * v**3, x * u, u_x**2, u * v_x, sympy.sin(u + v), u_tx**2]))
@settings(max_examples=30, deadline=None)
def test_another_form_for_another_class(potential: sympy.Expr, scale: int, extra: sympy.Expr) -> None:
    density = KINETIC + potential
    assert canonical_form(theory(scale * density + extra / 1000)) != canonical_form(theory(density))


@given(sums, st.floats(0.1, 9), currents)
@settings(max_examples=25, deadline=None)
def test_floats_are_rounded_to_one_form(potential: sympy.Expr, scale: float, current: tuple) -> None:
    density = 0.7123456789012 * u_t**2 + 0.31 * u_x**2 - sympy.Rational(1, 3) * potential + v_t**2
    other = sympy.Float(-scale) * density + scale * divergence(current, JETS)
    first, second = canonical_form(theory(density), digits=8), canonical_form(theory(other), digits=8)
    assert first == second
    assert str(first) == str(second)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("-3*u_t**2 + 3*c**2*u_x**2 + 6*m**2*(1 - cos(u))", "1/2*u_t**2 - 1/2*c**2*u_x**2 + m**2*cos(u)"),
        ("-u*u_tt + u*u_xx - 2*u**4", "1/2*u_t**2 - 1/2*u_x**2 - u**4"),
        ("u_t**2 + 2*sin(u)*cos(u) + sin(u)*u_x + x", "1/2*u_t**2 + 1/2*sin(2*u)"),
        ("u_t*u_x - u_xx**2 + 2*u_x**3", "1/2*u_t*u_x - 1/2*u_xx**2 + u_x**3"),
        ("2*u*u_t*u_xx + 5*u_xx*sin(u_x)", "1/2*u_t*u_x**2"),
        ("u_t**2 + 2*t*u*u_x + 2*x*u*u_t", "1/2*u_t**2 - 1/2*u**2*0"),
        ("u_t**2 + 2*t*u*u_t", "1/2*u_t**2 - 1/2*u**2"),
        ("3*sqrt(1 + u_x**2 - u_t**2) + u*u_t", "1/2*sqrt(1 + u_x**2 - u_t**2)"),
        ("u_t**2 - 2*u/(1 + u)", "1/2*u_t**2 + 1/(1 + u)"),
        ("u*u_t + 7", "0"),
    ],
)  # fmt: skip
def test_known_forms(text: str, expected: str) -> None:
    names = ("c", "m")
    form = canonical_form(parse_lagrangian(text, ("u",), TX, names))
    assert form.density == sympy.expand(parse_lagrangian(expected, ("u",), TX, names).density)


def test_a_system_of_first_order_in_time() -> None:
    """Schrödinger: v u_t, −u v_t and ½(v u_t − u v_t) are one theory, written in the symmetric gauge."""
    rest = " - 1/2*u_x**2 - 1/2*v_x**2 + (u**2 + v**2)**2"
    forms = {
        canonical_form(parse_lagrangian(text + rest, ("u", "v"), TX)).density
        for text in ("v*u_t", "-u*v_t", "1/2*(v*u_t - u*v_t)", "3*v*u_t + 2*u*v_t")
    }
    assert len(forms) == 1
    assert {abs(c) for term, c in theory(JETS.to_jets(*forms)).terms() if not term.is_Pow} >= {sympy.S.Half}


def test_minors_with_constant_coefficients_are_written_one_way() -> None:
    """Maxwell's density is canonical, and A_t,t A_x,x is A_t,x A_x,t."""
    entry = catalogue.maxwell(dimension=2)
    a, b = entry.fields[:2]
    t, x = entry.coordinates[:2]
    minor = a.diff(t) * b.diff(x) - a.diff(x) * b.diff(t)
    other = Lagrangian(2 * entry.density - 3 * minor, entry.fields, entry.coordinates)
    assert canonical_form(other) == canonical_form(entry)
    assert sympy.expand(canonical_form(entry).density - entry.density) == 0


def test_a_spin_uses_the_axial_gauge() -> None:
    """cos θ φ̇, up to a divergence −θ̇-free: A_θ = 0 and A_φ = 0 at θ = 0."""
    forms = [
        canonical_form(parse_lagrangian(text + " - cos(a)", ("a", "b"), ("t",))).density
        for text in ("cos(a)*b_t", "sin(a)*b*a_t", "cos(a)*b_t + 3*b_t - 5*a*a_t")
    ]
    assert forms[0] == forms[1] == forms[2]


def test_base_point_of_homogeneous_densities() -> None:
    """√(p_t² + q_t²)/q is singular at rest: A and M come from the mean over ±p."""
    first = parse_lagrangian("sqrt(p_t**2 + q_t**2)/q", ("p", "q"), ("t",))
    second = parse_lagrangian("-2*sqrt(p_t**2 + q_t**2)/q + q*p_t + p*q_t", ("p", "q"), ("t",))
    assert canonical_form(first) == canonical_form(second)
    assert canonical_form(first).density == sympy.expand(first.density / 2)


def test_imaginary_leading_coefficients_stay_imaginary() -> None:
    names = sympy.symbols("t x")
    psi, bar = (sympy.Function(name)(*names) for name in ("psi", "psi_bar"))
    kinetic = sympy.I / 2 * (bar * psi.diff(names[0]) - psi * bar.diff(names[0]))
    schroedinger = Lagrangian(kinetic - psi.diff(names[1]) * bar.diff(names[1]), (psi, bar), names)
    other = Lagrangian(
        -3 * (sympy.I * bar * psi.diff(names[0]) - psi.diff(names[1]) * bar.diff(names[1])), (psi, bar), names
    )
    form = canonical_form(schroedinger)
    assert form == canonical_form(other)
    assert abs(form.terms()[0][1]) == sympy.S.Half
    assert not form.density.coeff(psi.diff(names[1]) * bar.diff(names[1])).has(sympy.I)


@pytest.mark.parametrize("name", ["sine_gordon", "klein_gordon", "phi4", "double_sine_gordon", "sinh_gordon"])
def test_catalogue_entries_keep_their_textbook_form(name: str) -> None:
    """With c = m = 1 these densities are canonical up to expansion and a constant."""
    entry = getattr(catalogue, name)()
    terms = [c * term for term, c in entry.terms() if term != 1]
    assert sympy.expand(canonical_form(entry).density - sympy.Add(*terms)) == 0


def test_the_digits_are_those_asked_for() -> None:
    learned = parse_lagrangian("0.5*u_t**2 - 0.33333333333*u_x**2 + 1e-12*u**4", ("u",), TX)
    assert str(canonical_form(learned, digits=4)) == "u_t**2/2 - 0.3333*u_x**2"
    with pytest.raises(ValueError, match="got 0 digits"):
        canonical_form(learned, digits=0)


def test_what_has_no_elementary_form_is_refused() -> None:
    with pytest.raises(ValueError, match="no canonical form"):
        canonical_form(parse_lagrangian("u_xx**2*exp(exp(u))", ("u",), TX))


@pytest.mark.parametrize(
    "first, second",
    [
        (sympy.cos(u) ** 2 + sympy.sin(u) ** 2, sympy.S.One),
        (sympy.cosh(u) ** 2 - sympy.sinh(u) ** 2, sympy.S.One),
        (sympy.sinh(u) * sympy.cosh(v) + sympy.cosh(u) * sympy.sinh(v), sympy.sinh(u + v)),
        (sympy.exp(u) * sympy.sinh(u), sympy.exp(2 * u) / 2 - sympy.S.Half),
        (u / (1 + u) + 1 / (1 + u), sympy.S.One),
        (u**2 / (1 - u) - 1 / (1 - u), -u - 1),
        ((u + v) ** 2 / (2 * u + 2 * m), (u**2 + 2 * u * v + v**2) / (u + m) / 2),
    ],
)
def test_equal_expressions_have_one_normal_form(first: sympy.Expr, second: sympy.Expr) -> None:
    assert normal_form(first) == normal_form(second)
    assert normal_form(normal_form(first)) == normal_form(first)
