"""Text that is read back exactly, LaTeX with jets as subscripts, and the order of the terms."""

import pytest
import sympy
from hypothesis import given, settings

from lagrangians import catalogue, parse_expression, to_latex, to_text
from lagrangians.printing import jet_latex, rounded, split_index

from .random_densities import JETS, PARAMETERS, densities

PHI = JETS.fields[0]
t, x = JETS.coordinates


def read(text: str) -> sympy.Expr:
    return parse_expression(text, JETS.fields, JETS.coordinates, PARAMETERS)


@given(densities)
@settings(max_examples=150, deadline=None)
def test_text_is_read_back_exactly(density: sympy.Expr) -> None:
    assert read(to_text(density)) == density


@pytest.mark.parametrize(
    "text",
    [
        "1/9/(phi + c)",
        "-2/9*phi_t**2/(phi + c)",
        "1/9/(phi + c)**2",
        "exp(1)*phi",
        "exp(-1) + phi",
        "-(phi + c)/phi",
    ],
)
def test_forms_that_must_not_be_multiplied_out(text: str) -> None:
    density = read(text)
    assert read(to_text(density)) == density


@pytest.mark.parametrize("value", [0.1, 1e-300, 1 / 3, 123456789.123456789, 2.0**60, 5e-324])
def test_floats_keep_every_bit(value: float) -> None:
    coefficient = read(to_text(sympy.Float(value) * PHI)).coeff(PHI)
    assert float(coefficient) == value


def test_a_number_that_is_no_double_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one that fits a double"):
        to_text(sympy.Float("1e400") * PHI)


@given(densities)
@settings(max_examples=60, deadline=None)
def test_latex_is_balanced_and_names_every_jet(density: sympy.Expr) -> None:
    latex = to_latex(density)
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left") == latex.count(r"\right")
    assert "Derivative" not in latex
    assert r"\partial" not in latex
    subscripts = {"phi_t": r"\phi_{t}", "phi_tx": r"\phi_{tx}", "u_1": "u_{1", "u_1_xx": "u_{1,xx}"}
    for symbol in JETS.jets_in(JETS.to_jets(density)):
        if symbol.name in subscripts:
            assert subscripts[symbol.name] in latex


@pytest.mark.parametrize(
    "text, latex",
    [
        ("phi_t**2/2", r"\frac{\phi_{t}^{2}}{2}"),
        ("u_1_xx*phi_tx", r"u_{1,xx} \phi_{tx}"),
        ("u_1**3", "u_{1}^{3}"),
        ("1 - cos(phi)", r"1 - \cos{\left(\phi \right)}"),
        ("sqrt(1 - phi_t**2)", r"\sqrt{- \phi_{t}^{2} + 1}"),
    ],
)
def test_latex_of_jets(text: str, latex: str) -> None:
    assert to_latex(read(text)) == latex


def test_greek_letters_and_indices() -> None:
    assert jet_latex("theta_3", "t") == r"\theta_{3,t}"
    assert jet_latex("phi", "") == r"\phi"
    assert split_index("theta_3_4") == ("theta", "3,4")
    assert split_index("u12") == ("u", "12")


def test_floats_are_rounded_to_significant_digits() -> None:
    density = 0.49996 * PHI.diff(t) ** 2 - 1.00002 * PHI
    assert to_latex(density, digits=3) == r"0.5 \phi_{t}^{2} - \phi"
    assert rounded(density, None) == density
    assert to_text(rounded(density, 2)) == "0.5*phi_t**2 - phi"
    assert rounded(sympy.Float(1.234e-9) * PHI, 2) == sympy.Float(1.2e-9) * PHI


def test_terms_stand_in_the_order_of_a_textbook() -> None:
    """Kinetic, gradient, potential, constant; letters in the order of the coordinates."""
    shuffled = -7 - sympy.cos(PHI) - PHI.diff(x) ** 2 + PHI.diff(t) ** 2 / 2 + PHI.diff(x, t)
    assert to_text(shuffled) == "phi_tx + phi_t**2/2 - phi_x**2 - cos(phi) - 7"
    assert str(catalogue.sine_gordon()) == "phi_t**2/2 - phi_x**2/2 + cos(phi) - 1"


def test_a_positive_term_leads_a_potential() -> None:
    assert to_text(1 - sympy.cos(PHI)) == "1 - cos(phi)"
    assert to_text(-(PHI**2) + 3 * sympy.cos(PHI)).startswith("3*cos(phi)")
