"""`Lagrangian`: equations, momenta, energy, terms."""

import time

import pytest
import sympy

from lagrangians import Lagrangian, parse_expression, parse_lagrangian, to_text
from lagrangians.zero import is_zero

TX = ("t", "x")
SINE_GORDON = "1/2*phi_t**2 - 1/2*c**2*phi_x**2 - m**2*(1 - cos(phi))"


@pytest.fixture
def sine_gordon() -> Lagrangian:
    return parse_lagrangian(SINE_GORDON, ("phi",), TX, ("c", "m"))


def read(text: str, theory: Lagrangian) -> sympy.Expr:
    return parse_expression(text, theory.fields, theory.coordinates, theory.parameters)


def test_euler_lagrange_of_sine_gordon(sine_gordon: Lagrangian) -> None:
    assert sine_gordon.euler_lagrange() == (read("c**2*phi_xx - phi_tt - m**2*sin(phi)", sine_gordon),)


def test_equation_of_motion_is_solved_for_the_acceleration(sine_gordon: Lagrangian) -> None:
    expected = {read("phi_tt", sine_gordon): read("c**2*phi_xx - m**2*sin(phi)", sine_gordon)}
    assert sine_gordon.equations_of_motion() == expected


def test_content_decides_equality_and_hash(sine_gordon: Lagrangian) -> None:
    again = parse_lagrangian(SINE_GORDON, ("phi",), TX, ("c", "m"))
    assert again == sine_gordon
    assert hash(again) == hash(sine_gordon)
    assert sine_gordon.substitute({"c": 2}) != sine_gordon
    with pytest.raises(AttributeError):
        sine_gordon.density = sympy.S.Zero  # type: ignore[misc]


def test_undeclared_symbols_become_parameters() -> None:
    t = sympy.Symbol("t")
    q, w = sympy.Function("q")(t), sympy.Symbol("omega")
    theory = Lagrangian(q.diff(t) ** 2 / 2 - w**2 * q**2 / 2, (q,), (t,))
    assert theory.parameters == (w,)
    with pytest.raises(ValueError, match="name of a coordinate or a jet"):
        Lagrangian(sympy.Symbol("q_t") * q, (q,), (t,), (sympy.Symbol("q_t", positive=True),))


def test_kinetic_matrix_that_is_not_diagonal() -> None:
    text = "u_t**2 + u_t*v_t + v_t**2 - u_x**2 - v_x**2 - u*v"
    theory = parse_lagrangian(text, ("u", "v"), TX)
    solved = theory.equations_of_motion()
    for equation in theory.euler_lagrange():
        assert sympy.expand(equation.subs(solved, simultaneous=True)) == 0
    assert list(map(to_text, solved)) == ["u_tt", "v_tt"]


def test_kinetic_matrix_that_depends_on_the_fields() -> None:
    """Double pendulum: equal masses and lengths, g = 1."""
    text = "a_t**2 + b_t**2/2 + a_t*b_t*cos(a - b) + 2*cos(a) + cos(b)"
    theory = parse_lagrangian(text, ("a", "b"), ("t",))
    solved = theory.equations_of_motion()
    for equation in theory.euler_lagrange():
        assert is_zero(equation.subs(solved, simultaneous=True))


def test_first_order_in_time() -> None:
    """Cubic Schrödinger: iψ_t = ½ψ_xx·2 + |ψ|²ψ for ψ = u + iv in these units."""
    text = "1/2*(v*u_t - u*v_t) - 1/2*(u_x**2 + v_x**2) + 1/4*(u**2 + v**2)**2"
    theory = parse_lagrangian(text, ("u", "v"), TX)
    solved = {to_text(k): v for k, v in theory.equations_of_motion().items()}
    assert sympy.expand(solved["u_t"] - read("-v_xx - v*(u**2 + v**2)", theory)) == 0
    assert sympy.expand(solved["v_t"] - read("u_xx + u*(u**2 + v**2)", theory)) == 0


def test_mixed_leading_derivative_of_potential_korteweg_de_vries() -> None:
    theory = parse_lagrangian("1/2*u_t*u_x + u_x**3 - 1/2*u_xx**2", ("u",), TX)
    assert theory.equations_of_motion() == {read("u_tx", theory): read("-6*u_x*u_xx - u_xxxx", theory)}


@pytest.mark.parametrize(
    "text, fields, message",
    [
        ("1/2*(B_t - A_x)**2", ("A", "B"), r"null direction A$"),
        ("1/2*(u_t - 2*v_t)**2 - u**2", ("u", "v"), r"null direction 2\*u \+ v$"),
        ("u_x**2", ("u",), "no time derivative of u"),
        ("u_t**2 - u_tx**2", ("u",), "no single highest time derivative"),
    ],
)
def test_degenerate_theories_name_the_null_direction(text: str, fields: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_lagrangian(text, fields, TX).equations_of_motion()


def test_momenta_and_hamiltonian(sine_gordon: Lagrangian) -> None:
    assert sine_gordon.momenta() == (read("phi_t", sine_gordon),)
    energy = read("1/2*phi_t**2 + 1/2*c**2*phi_x**2 + m**2*(1 - cos(phi))", sine_gordon)
    assert sympy.expand(sine_gordon.hamiltonian_density() - energy) == 0


def test_momentum_of_a_mixed_derivative_is_a_spatial_variation() -> None:
    theory = parse_lagrangian("1/2*u_t**2 + 1/2*u_tx**2", ("u",), TX)
    assert theory.momenta() == (read("u_t - u_txx", theory),)
    with pytest.raises(ValueError, match="at most first time derivatives"):
        parse_lagrangian("u_tt**2", ("u",), TX).momenta()


def test_energy_momentum_tensor(sine_gordon: Lagrangian) -> None:
    """T^α_β = ∂ℒ/∂φ_α φ_β − δ^α_β ℒ, T^0_0 = ℋ, and ∂_αT^α_β = −E φ_β."""
    tensor = sine_gordon.energy_momentum_tensor()
    density = sine_gordon.density
    (phi,) = sine_gordon.fields
    for a, alpha in enumerate(sine_gordon.coordinates):
        for b, beta in enumerate(sine_gordon.coordinates):
            expected = density.diff(phi.diff(alpha)) * phi.diff(beta) - (density if a == b else 0)
            assert sympy.expand(tensor[a, b] - expected) == 0
    assert sympy.expand(tensor[0, 0] - sine_gordon.hamiltonian_density()) == 0
    (equation,) = sine_gordon.euler_lagrange()
    for b, beta in enumerate(sine_gordon.coordinates):
        flow = sum(tensor[a, b].diff(alpha) for a, alpha in enumerate(sine_gordon.coordinates))
        assert sympy.expand(flow.doit() + equation * phi.diff(beta)) == 0


def test_explicit_coordinates_feed_the_energy() -> None:
    """∂_αT^α_β = −E_aφ^a_β − ∂ℒ/∂x^β."""
    theory = parse_lagrangian("1/2*u_t**2 - 1/2*u_x**2 - x*u**2", ("u",), TX)
    tensor = theory.energy_momentum_tensor()
    (equation,) = theory.euler_lagrange()
    x = theory.coordinates[1]
    flow = sum(tensor[a, 1].diff(alpha) for a, alpha in enumerate(theory.coordinates))
    expected = -equation * theory.fields[0].diff(x) + theory.fields[0] ** 2
    assert sympy.expand(flow.doit() - expected) == 0


def test_terms_are_collected_in_textbook_order(sine_gordon: Lagrangian) -> None:
    c, m = sine_gordon.parameters
    terms = [(to_text(term), coefficient) for term, coefficient in sine_gordon.terms()]
    assert terms == [
        ("phi_t**2", sympy.Rational(1, 2)),
        ("phi_x**2", -(c**2) / 2),
        ("cos(phi)", m**2),
        ("1", -(m**2)),
    ]
    assert sympy.expand(sum(term * k for term, k in sine_gordon.terms()) - sine_gordon.density) == 0


def test_null_terms_can_be_dropped() -> None:
    theory = parse_lagrangian("u_t**2 + cos(u)*u_x + u*u_t + 3 - u**4", ("u",), TX)
    assert theory.without_null_terms().jet_text() == "u_t**2 - u**4"
    assert theory.without_null_terms().euler_lagrange() == theory.euler_lagrange()


def test_substitution(sine_gordon: Lagrangian) -> None:
    m = sympy.Symbol("m")
    theory = sine_gordon.substitute({"c": 2, m: sympy.Symbol("M") / 2})
    assert [p.name for p in theory.parameters] == ["M"]
    assert theory.jet_text() == "phi_t**2/2 - 2*phi_x**2 - M**2*(1 - cos(phi))/4"
    with pytest.raises(ValueError, match="got the parameter speed, expected one of: c, m"):
        sine_gordon.substitute({"speed": 1})


def test_many_oscillators_are_quick() -> None:
    count = 20
    text = " + ".join(f"1/2*theta_{i}_t**2 + 0.1*theta_{i}" for i in range(count))
    text += "".join(
        f" - 0.3*(1 - cos(theta_{i} - theta_{(i + step) % count}))" for i in range(count) for step in (1, 2)
    )
    start = time.perf_counter()
    theory = parse_lagrangian(text, [f"theta_{i}" for i in range(count)], ("t",))
    equations = theory.euler_lagrange()
    assert time.perf_counter() - start < 3
    theta = theory.fields
    force = sum(sympy.sin(theta[k] - theta[0]) for k in (1, 2, count - 1, count - 2))
    expected = 0.3 * force + 0.1 - theta[0].diff(theory.coordinates[0], 2)
    assert sympy.expand(equations[0] - expected) == 0
