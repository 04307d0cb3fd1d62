"""The Hamiltonian density in canonical momenta."""

import pytest
import sympy

from lagrangians import Lagrangian, catalogue, parse_lagrangian
from lagrangians.hamiltonian import hamiltonian
from lagrangians.zero import is_zero
from tests.lagrangians.test_charges import COMPLEX, KURAMOTO, SCHROEDINGER, maxwell

TX = ("t", "x")


def parse(text: str, fields: tuple = ("u",), coordinates: tuple = TX, parameters: tuple = ()) -> Lagrangian:
    return parse_lagrangian(text, fields, coordinates, parameters)


CASES = {
    "sine-gordon": catalogue.sine_gordon("c", "m"),
    "phi4": catalogue.phi4(dimension=2),
    "complex": COMPLEX,
    "kuramoto": KURAMOTO,
    "born-infeld": parse("-sqrt(1 - u_t**2 + u_x**2)"),
    "mixed": parse(
        "1/2*(1 + q**2)*p_t**2 + p_t*q_t + q_t**2 + q*p_t - cos(p)", ("p", "q"), ("t",)
    ),
    "beam in a moving frame": parse("1/2*(u_t + a*u_x)**2 - 1/2*u_xx**2 + t*u", parameters=("a",)),
    "sigma": parse("(u_t**2 + v_t**2 - u_x**2 - v_x**2)/(2*(1 + u**2 + v**2)**2)", ("u", "v")),
}  # fmt: skip


def vanishes(theory: Lagrangian, expression: sympy.Expr) -> bool:
    """Zero at random small velocities, where the roots of Born–Infeld are real."""
    jets = theory.jets
    slow = {s: s / 10 for s, (_, index) in jets.jets_in(jets.to_jets(expression)).items() if index[0] == 1}
    return is_zero(jets.to_jets(expression).xreplace(slow))


@pytest.mark.parametrize("name", CASES)
def test_hamiltons_equations_are_those_of_euler_and_lagrange(name: str) -> None:
    """With π = ∂ℒ/∂φ_t, ℋ is πφ_t − ℒ, δℋ/δπ is φ_t, and π_t + δℋ/δφ is −E."""
    theory = CASES[name]
    form = hamiltonian(theory)
    momenta = dict(zip(form.momenta, theory.momenta(), strict=True))

    def put_back(expression: sympy.Expr) -> sympy.Expr:
        return expression.subs(momenta).doit()

    assert vanishes(theory, put_back(form.density) - theory.hamiltonian_density())
    right = list(form.equations().values())
    count = len(theory.fields)
    t = theory.coordinates[0]
    for field, velocity in zip(theory.fields, right[:count], strict=True):
        assert vanishes(theory, put_back(velocity) - field.diff(t))
    for pi, force, equation in zip(form.momenta, right[count:], theory.euler_lagrange(), strict=True):
        assert vanishes(theory, momenta[pi].diff(t).doit() - put_back(force) + equation)


def test_names_and_textbook_forms() -> None:
    form = hamiltonian(catalogue.sine_gordon("c", "m"))
    assert [str(pi) for pi in form.momenta] == ["pi_phi(t, x)"]
    jets = form.jets.to_jets(form.density)
    assert not any(symbol.name.endswith("_t") for symbol in jets.free_symbols)
    (first, second), values = form.equations().keys(), list(form.equations().values())
    assert (first, second) == (form.fields[0].diff("t"), form.momenta[0].diff("t"))
    assert values[0] == form.momenta[0]
    born_infeld = hamiltonian(CASES["born-infeld"])
    u_x, pi = sympy.symbols("u_x pi_u")
    expected = sympy.sqrt(1 + pi**2) * sympy.sqrt(1 + u_x**2)
    assert born_infeld.jets.to_jets(born_infeld.density) == expected


@pytest.mark.parametrize(
    "theory, message",
    [
        (maxwell(2)[0], "null direction A_t"),
        (parse("(u_t - v_t)**2 - u_x**2", ("u", "v")), r"null direction u \+ v"),
        (SCHROEDINGER, "singular velocities"),
        (parse("u_tx**2"), "got u_tx, expected first time derivatives"),
        (parse("u_tt**2"), "got u_tt, expected first time derivatives"),
        (parse("u_t**2 + u_t**4 + u_t**6 + cosh(u_t)"), "cannot be solved for the velocities"),
        (parse("u_t**2 + pi_u**2", parameters=("pi_u",)), "the name pi_u is taken"),
    ],
)
def test_what_has_no_hamiltonian_is_refused(theory: Lagrangian, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hamiltonian(theory)
