"""The catalogue's words are complete, its vacua are solutions, and its formulas follow the density."""

import inspect
from dataclasses import replace
from pathlib import Path

import pytest
import sympy

from lagrangians import Lagrangian, catalogue
from lagrangians.catalogue import Vacuum, describe
from lagrangians.catalogue.compact import compact
from lagrangians.catalogue.page import page, section
from lagrangians.catalogue.registry import ENTRIES, FAMILIES
from lagrangians.zero import is_zero

NAMES = catalogue.entries()
COMMITTED = Path(__file__).parents[2] / "docs" / "catalogue.md"
STRUCTURE = {"dimension", "components", "fields"}
SLOW = {
    "maxwell",
    "abelian_higgs",
    "proca",
    "maxwell_chern_simons",
    "sigma_model",
    "linear_sigma",
    "born_infeld",
}


@pytest.mark.parametrize("name", NAMES)
def test_words_are_complete(name: str) -> None:
    """Each function is public, each coefficient has meaning and dimension, each theory a reference."""
    theory = describe(name)
    build = getattr(catalogue, name)
    assert build is ENTRIES[name].build
    assert name in catalogue.__all__
    assert set(inspect.signature(build).parameters) - STRUCTURE == set(theory.parameters)
    assert all(p.meaning and p.dimension for p in theory.parameters.values())
    assert theory.family in FAMILIES
    assert any(digit.isdigit() for digit in theory.reference)
    assert theory.title
    assert "=" in build.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_the_described_case_is_symbolic(name: str) -> None:
    """Every parameter is a symbol of the density, its own name unless it is a matrix or a drift."""
    theory = describe(name)
    names = {p.name for p in theory.lagrangian.parameters}
    by_name = set(theory.parameters) - set(ENTRIES[name].example)
    assert by_name <= names


@pytest.mark.parametrize("name", NAMES)
def test_vacua_solve_the_equations(name: str) -> None:
    theory = describe(name)
    for vacuum in theory.vacua:
        assert set(vacuum.values) <= set(theory.lagrangian.jets.field_names)
        constant_fields = {f: vacuum.values.get(f.func.__name__, 0) for f in theory.lagrangian.fields}
        everywhere = {
            site: value
            for field, value in constant_fields.items()
            for equation in theory.field_equations
            for site in equation.atoms(field.func)
        }
        assert all(is_zero(e.subs(everywhere).doit()) for e in theory.field_equations)


def test_a_wrong_vacuum_is_found_out() -> None:
    theory = replace(describe("phi4"), vacua=(Vacuum({"phi": 2 * sympy.Symbol("v")}),))
    with pytest.raises(ValueError, match="expected a constant solution"):
        _ = theory.waves


def altered(name: str, parameter: sympy.Symbol):
    """The catalogue function with 3/2 of one parameter in the density."""
    build = ENTRIES[name].build

    def other(*arguments: object, **named: object) -> Lagrangian:
        theory = build(*arguments, **named)
        density = theory.density.subs(parameter, sympy.Rational(3, 2) * parameter)
        return Lagrangian(density, theory.fields, theory.coordinates, theory.parameters)

    return other


COEFFICIENTS = [(name, p.name) for name in NAMES for p in describe(name).lagrangian.parameters]
NOT_LINEAR = {  # coefficients of nonlinear terms alone, or overall factors
    ("liouville", "*"),
    ("kepler", "*"),
    ("born_infeld", "b"),
    ("nonlinear_schroedinger", "g"),
    ("thirring", "g"),
    ("korteweg_de_vries", "alpha"),
    ("modified_korteweg_de_vries", "alpha"),
    ("kadomtsev_petviashvili", "alpha"),
    ("benjamin_bona_mahony", "alpha"),
    ("boussinesq", "alpha"),
    ("fermi_pasta_ulam_tsingou", "alpha"),
    ("fermi_pasta_ulam_tsingou", "beta"),
    ("free_particle", "m"),
    ("pendulum", "m"),
    ("double_pendulum", "m"),
    ("henon_heiles", "strength"),
    ("freidlin_wentzell", "D"),
    ("onsager_machlup", "D"),
}


@pytest.mark.parametrize("name, parameter", COEFFICIENTS)
def test_altering_a_coefficient_alters_what_is_derived(
    name: str, parameter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equations always; waves where the coefficient is one of the linearised equations."""
    before = describe(name)
    symbol = next(p for p in before.lagrangian.parameters if p.name == parameter)
    monkeypatch.setitem(ENTRIES, name, replace(ENTRIES[name], build=altered(name, symbol)))
    after = describe(name)
    changed = [not is_zero(a - b) for a, b in zip(before.field_equations, after.field_equations, strict=True)]
    assert any(changed)
    if (name, parameter) in NOT_LINEAR or (name, "*") in NOT_LINEAR:
        return
    if name in ("phi4", "linear_sigma", "abelian_higgs", "nonlinear_schroedinger"):
        # about a state that does not move with the coefficient
        state = before.vacua[0].values if parameter == "e" else {}
        before, after = (replace(theory, vacua=(Vacuum(state),)) for theory in (before, after))
    assert [w.squares for w in before.waves] != [w.squares for w in after.waves]


@pytest.mark.parametrize(
    "name, parameter",
    [
        ("sine_gordon", "m"),
        ("korteweg_de_vries", "beta"),
        ("complex_klein_gordon", "c"),
        ("toda_lattice", "a"),
    ],
)
def test_altering_a_coefficient_alters_the_page(
    name: str, parameter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = section(describe(name)).split("\n\n")
    build = altered(name, sympy.Symbol(parameter))
    monkeypatch.setitem(ENTRIES, name, replace(ENTRIES[name], build=build))
    after = section(describe(name)).split("\n\n")
    for heading in ("Equations of motion:", "Waves about 0:", "Conserved charges:"):
        place = before.index(heading)
        assert after.index(heading) == place
        assert before[place + 1] != after[place + 1]


def test_the_committed_page_is_the_generated_one() -> None:
    """Its head and the sections that are made fast; the others in the slow test."""
    committed = COMMITTED.read_text("utf-8")
    for name in NAMES:
        assert f'<a id="{name}"></a>{ENTRIES[name].title}' in committed
    for name in sorted(set(NAMES) - SLOW):
        assert section(describe(name)) in committed, f"stale: {name}; run python -m lagrangians.catalogue"


@pytest.mark.slow
def test_the_whole_committed_page_is_the_generated_one() -> None:
    assert COMMITTED.read_text("utf-8") == page()


def test_arguments_of_the_described_case() -> None:
    assert describe("maxwell", dimension=1).waves[0].squares == ()
    assert len(describe("maxwell", dimension=2).lagrangian.fields) == 3
    theory = describe("phi4", v=2, g="h")
    assert [vacuum.values.get("phi") for vacuum in theory.vacua] == [2, None]
    k = sympy.Symbol("k", real=True)
    assert is_zero(theory.waves[0].squares[0] - sympy.Symbol("c") ** 2 * k**2 - 8 * sympy.Symbol("h"))
    swapped = describe("phi4", v="g", g="v")  # names of other parameters are taken at once
    assert swapped.vacua[0].values["phi"] == sympy.Symbol("g")
    assert swapped.waves


def test_vacua_that_coincide_or_diverge_are_left_out() -> None:
    assert len(describe("nonlinear_schroedinger", mu=0).vacua) == 1
    assert len(describe("nonlinear_schroedinger", g=0).vacua) == 1
    assert len(describe("nonlinear_schroedinger").vacua) == 2


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: describe("sine_gorden"), "got the theory 'sine_gorden', expected one of: klein_gordon"),
        (
            lambda: describe("sine_gordon", mass=1),
            "got the argument mass of sine_gordon, expected some of: c, m",
        ),
        (lambda: catalogue.linear_sigma(components=0), "got 0 components, expected at least 1"),
        (lambda: catalogue.maxwell(dimension=0), "got 0 space dimensions, expected 1, 2 or 3"),
    ],
)
def test_bad_requests_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_compact_forms_are_the_same_functions() -> None:
    for name in ("born_infeld", "kepler", "double_pendulum"):
        for expression in describe(name).equations_of_motion.values():
            short = compact(expression)
            assert is_zero(short - expression)
            assert sympy.count_ops(short) < sympy.count_ops(expression)
    x = sympy.Symbol("x")
    assert compact(x**2 + 2 * x + 1) == x**2 + 2 * x + 1
