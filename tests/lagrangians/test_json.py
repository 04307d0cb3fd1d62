"""Lagrangians as JSON: equal after a round trip, readable equations, refused content."""

import json
from pathlib import Path

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians import Lagrangian, catalogue, parse_equation, parse_expression, parse_lagrangian
from lagrangians.zero import is_zero

from .random_densities import JETS, NAMES, NUMBERS, PARAMETERS, functions_of, sums_of_products

t, x = JETS.coordinates
PHI, U = JETS.fields
static = st.sampled_from([*(n for n in NAMES if t not in getattr(n, "variables", ())), *NUMBERS])
potentials = sums_of_products(
    st.one_of(static, functions_of(static)), factors=2, powers=(-1, 1, 1, 2, sympy.Rational(1, 2))
)


@given(potentials)
@settings(max_examples=40, deadline=None)
def test_an_equal_theory_comes_back(potential: sympy.Expr) -> None:
    density = PHI.diff(t) ** 2 / 2 + 0.3 * U.diff(t) ** 2 - potential
    theory = Lagrangian(density, JETS.fields, JETS.coordinates, PARAMETERS)
    back = Lagrangian.from_json(theory.to_json())
    assert back == theory
    assert hash(back) == hash(theory)
    assert Lagrangian.from_json(back.to_json()) == theory


@given(potentials)
@settings(max_examples=25, deadline=None)
def test_the_written_equations_solve_the_field_equations(potential: sympy.Expr) -> None:
    density = PHI.diff(t) ** 2 / 2 + U.diff(t) ** 2 - potential
    theory = Lagrangian(density, JETS.fields, JETS.coordinates, PARAMETERS)
    content = json.loads(theory.to_json())
    names = (theory.fields, theory.coordinates, theory.parameters)
    solved = dict(parse_equation(text, *names) for text in content["equations_of_motion"])
    assert list(solved) == [PHI.diff(t, 2), U.diff(t, 2)]
    for equation in theory.euler_lagrange():
        assert is_zero(equation.subs(solved, simultaneous=True))


def test_terms_add_up_to_the_density() -> None:
    theory = catalogue.double_sine_gordon("c", 0.3, "mu")
    content = json.loads(theory.to_json())
    assert (content["schema"], content["coordinates"]) == ("fieldnet/lagrangian/1", ["t", "x"])
    assert (content["fields"], content["parameters"]) == (["phi"], ["c", "mu"])
    assert content["latex"] == theory.latex()
    names = (theory.fields, theory.coordinates, theory.parameters)
    total = sympy.Add(
        *(
            parse_expression(entry["term"], *names) * parse_expression(str(entry["coefficient"]), *names)
            for entry in content["terms"]
        )
    )
    assert is_zero(total - theory.density)
    assert all(entry["stderr"] is None for entry in content["terms"])


def test_a_degenerate_theory_has_no_equations_of_motion() -> None:
    theory = parse_lagrangian("1/2*(B_t - A_x)**2", ("A", "B"), ("t", "x"))
    assert json.loads(theory.to_json())["equations_of_motion"] == []
    assert Lagrangian.from_json(theory.to_json()) == theory


def test_from_text_mapping_and_path(tmp_path: Path) -> None:
    learned = parse_lagrangian("0.49999999999997*u_t**2 - 1e-07*u_x**2 + u**3/3", ("u",), ("t", "x"))
    oscillators = catalogue.kuramoto_inertial([[0, 0.1], [0.1, 0]], 0.3)
    for theory in (catalogue.sine_gordon("c", "m"), learned, oscillators):
        text = theory.to_json()
        path = tmp_path / "lagrangian.json"
        path.write_text(text, encoding="utf-8")
        for source in (text, json.loads(text), path, str(path)):
            assert Lagrangian.from_json(source) == theory
    with pytest.raises(FileNotFoundError):
        Lagrangian.from_json(tmp_path / "nowhere.json")


def test_coordinates_fields_and_density_are_enough() -> None:
    content = {"coordinates": ["t"], "fields": ["q"], "density": "q_t**2/2", "fit": {"seed": 0}}
    assert Lagrangian.from_json(content) == parse_lagrangian("q_t**2/2", ("q",), ("t",))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"schema": "fieldnet/lagrangian/2"}, "got the schema 'fieldnet/lagrangian/2', expected"),
        ({"schema": None}, "got the schema None"),
        ({"fields": "q"}, "'fields' to be a list of names"),
        ({"fields": [1]}, "'fields' to be a list of names"),
        ({"fields": []}, "unknown name 'q_t'"),
        ({"fields": ["q", "q"]}, "distinct names"),
        ({"fields": ["q; import os"]}, "letters, digits and underscores"),
        ({"fields": ["sin"]}, "is reserved"),
        ({"coordinates": ["t", 2]}, "'coordinates' to be a list of names"),
        ({"coordinates": ["q"]}, "distinct names"),
        ({"parameters": {"m": 1}}, "'parameters' to be a list of names"),
        ({"parameters": ["q_t"]}, "name of a coordinate or a jet"),
        ({"parameters": ["m", "m"]}, "parameters must have distinct names, got m, m"),
        ({"parameters": ["__class__"]}, "letters, digits and underscores"),
        ({"density": 3}, "'density' to be a string"),
        ({"density": None}, "'density' to be a string"),
        ({"density": "__import__(q)"}, "unknown name"),
        ({"density": "__import__('os')"}, "unexpected character"),
        ({"density": "k*q"}, "unknown name 'k'"),
    ],
)
def test_content_from_elsewhere_is_checked(change: dict, message: str) -> None:
    content = {"coordinates": ["t"], "fields": ["q"], "density": "q_t**2/2"} | change
    with pytest.raises(ValueError, match=message):
        Lagrangian.from_json(content)


@pytest.mark.parametrize("text", ["{", "{'a': 1}", '{"density": }', '{"a":' + "[" * 100_000])
def test_what_is_not_json_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        Lagrangian.from_json(text)
    path = tmp_path / "list.json"
    path.write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(ValueError, match="expected a JSON object, got list"):
        Lagrangian.from_json(path)
