"""Jet names and the translation between functions and plain symbols."""

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from lagrangians.jets import JetSpace, jet_name, jet_space


def test_letters_follow_the_order_of_the_coordinates() -> None:
    assert jet_name("phi", ("t", "x"), (1, 2)) == "phi_txx"
    jets = jet_space(("phi",), ("t", "x"))
    assert jets.parse("phi_tx") == (0, (1, 1))
    assert jets.parse("phi_xt") is None
    assert jets.parse("psi") is None


def test_the_longest_declared_field_name_wins() -> None:
    jets = jet_space(("u", "u_v", "theta_0", "u1"), ("t", "x"))
    assert jets.parse("u_v_x") == (1, (0, 1))
    assert jets.parse("theta_0_tt") == (2, (2, 0))
    assert jets.parse("u1_t") == (3, (1, 0))
    assert jets.parse("u_t") == (0, (1, 0))


@pytest.mark.parametrize(
    "fields, coordinates, message",
    [
        (("u", "u_t"), ("t", "x"), "reads like a derivative"),
        (("t",), ("t", "x"), "distinct names"),
        (("u",), ("t", "x", "tx"), "reads like a product"),
        (("u v",), ("t",), "letters, digits and underscores"),
        ("phi", ("t",), "must be a sequence"),
    ],
)
def test_ambiguous_names_are_refused(fields: tuple, coordinates: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        jet_space(fields, coordinates)


def test_a_field_must_depend_on_the_coordinates_in_order() -> None:
    t, x = sympy.symbols("t x")
    with pytest.raises(ValueError, match=r"expected its arguments to hold \(t, x\)"):
        JetSpace((t, x), (sympy.Function("phi")(x, t),))


def test_further_arguments_of_a_field_are_labels() -> None:
    n, t = sympy.symbols("n t")
    jets = JetSpace((t,), (sympy.Function("phi")(n, t),))
    phi = jets.fields[0]
    assert jets.to_jets(phi.diff(t) ** 2 + phi) == sympy.Symbol("phi_t") ** 2 + sympy.Symbol("phi")


indices = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2))


@given(st.lists(st.tuples(st.integers(0, 1), indices), min_size=1, max_size=5))
def test_to_functions_is_the_inverse_of_to_jets(places: list) -> None:
    jets = jet_space(("u", "v_2"), ("t", "x", "y"))
    plain = sympy.Add(*(sympy.cos(jets.symbol(*place)) * jets.symbol(*place) for place in places))
    assert jets.to_jets(jets.to_functions(plain)) == plain
    for place in places:
        assert jets.parse(jets.symbol(*place).name) == place
        assert jets.to_jets(jets.function(*place)) == jets.symbol(*place)


def test_unevaluated_derivatives_of_compounds_are_carried_out() -> None:
    jets = jet_space(("u",), ("t", "x"))
    u, x = jets.fields[0], jets.coordinates[1]
    product = sympy.Derivative(u**2, x)
    assert jets.to_jets(product) == 2 * sympy.Symbol("u") * sympy.Symbol("u_x")
