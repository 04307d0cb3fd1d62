"""MathML is well-formed and says what the expression says."""

import xml.etree.ElementTree as ET

import pytest
import sympy
from hypothesis import given, settings

from lagrangians import parse_expression, to_mathml

from .random_densities import JETS, PARAMETERS, densities

NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
ELEMENTS = {"math", "mrow", "mi", "mn", "mo", "msub", "msup", "msubsup", "msqrt", "mfrac", "mspace"}
ARITY = {"msub": 2, "msup": 2, "mfrac": 2, "msubsup": 3}


def read(text: str) -> sympy.Expr:
    return parse_expression(text, JETS.fields, JETS.coordinates, PARAMETERS)


@given(densities)
@settings(max_examples=100, deadline=None)
def test_random_densities_give_well_formed_presentation_markup(density: sympy.Expr) -> None:
    root = ET.fromstring(to_mathml(density))
    assert root.tag == f"{NAMESPACE}math"
    for element in root.iter():
        name = element.tag.removeprefix(NAMESPACE)
        assert name in ELEMENTS
        assert len(element) == ARITY.get(name, len(element))
        assert bool(element.text) == (name in ("mi", "mn", "mo"))


def words(markup: str) -> str:
    """The characters of the markup, without the invisible operators."""
    return "".join(ET.fromstring(markup).itertext()).replace("\u2062", "").replace("\u2061", "")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("phi_t**2", "φt2"),
        ("u_1_xx", "u1,xx"),
        ("2*c*phi", "2cφ"),
        ("1 - cos(phi)", "1−cosφ"),
        ("c*(1 - phi)", "c(1−φ)"),
        ("-phi_x**2/2", "−φx22"),
        ("log(c + t)", "ln(c+t)"),
        ("exp(phi)", "eφ"),
        ("1e-07*phi", "1×10−7φ"),
        ("sin(phi)**2", "sin2φ"),
        ("pi*t", "πt"),
        ("lambda*t", "λt"),
    ],
)
def test_what_is_read_aloud(text: str, expected: str) -> None:
    assert words(to_mathml(read(text))) == expected


def test_an_equation_has_both_sides() -> None:
    left, right = read("phi_tx"), read("-sin(phi)")
    assert words(to_mathml(sympy.Eq(left, right, evaluate=False))) == "φtx=−sinφ"
    assert 'display="block"' in to_mathml(left, display=True)
    assert 'display="block"' not in to_mathml(left)


def test_floats_are_rounded() -> None:
    assert words(to_mathml(read("0.33333*phi"), digits=2)) == "0.33φ"
    assert words(to_mathml(read("0.33333*phi"))) == "0.33333φ"


def test_names_are_escaped() -> None:
    assert words(to_mathml(sympy.Symbol("a<b&c"))) == "a<b&c"


@pytest.mark.parametrize("odd", [sympy.Symbol("u") > 0, sympy.besselj(0, sympy.Symbol("u"))])
def test_other_objects_are_refused(odd: sympy.Basic) -> None:
    with pytest.raises(ValueError, match="expected"):
        to_mathml(odd)
