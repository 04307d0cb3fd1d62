"""The emitted NumPy source computes what the expressions say."""

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lagrangians import catalogue, emit_numpy, emit_source, lower
from lagrangians.codegen import Program, SourcePrinter

from .random_densities import JETS, PARAMETERS, densities

SPACE = (JETS.fields, JETS.coordinates)
phi, phi_t, phi_x = sympy.symbols("phi phi_t phi_x")


def run(program: Program, values: dict) -> tuple:
    namespace: dict = {}
    exec(emit_numpy(program, "f"), namespace)
    return namespace["f"](*(values[name] for name in program.inputs))


def is_tame(expression: sympy.Expr, values: dict) -> bool:
    """Whether all parts, the innermost first, are real and of size 1e-3 to 1e3: round-off stays small."""
    parts = (e.subs(values).evalf(30) for e in sympy.postorder_traversal(expression) if e.args)
    return all(part.is_real and 1e-3 < abs(part) < 1e3 for part in parts)


@given(st.lists(densities, min_size=1, max_size=2), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_source_equals_symbolic_evaluation(expressions: list[sympy.Expr], seed: int) -> None:
    plain = [JETS.to_jets(e) for e in expressions]
    draw = np.random.default_rng(seed)
    symbols = sorted(sympy.Tuple(*plain).free_symbols, key=str)
    values = {s: sympy.Float(draw.uniform(0.3, 2.0)) for s in symbols}
    assume(all(is_tame(e, values) for e in plain))
    outputs = {f"out{i}": e for i, e in enumerate(expressions)}
    numbers = {s.name: float(value) for s, value in values.items()}
    for result, e in zip(run(lower(outputs, SPACE), numbers), plain, strict=True):
        assert result == pytest.approx(float(e.subs(values).evalf(30)), rel=1e-8)


def test_arrays_broadcast() -> None:
    program = lower({"force": sympy.sin(phi) * phi_x, "one": sympy.S.One}, SPACE)
    grid, slope = np.linspace(0, 1, 5), np.ones((3, 1))
    force, one = run(program, {"phi": grid, "phi_x": slope})
    np.testing.assert_allclose(force, np.sin(grid) * slope)
    assert one == 1


def test_negative_powers_of_whole_numbers() -> None:
    (result,) = run(lower({"e": phi**-2}, SPACE), {"phi": np.array([1, 2])})
    np.testing.assert_allclose(result, [1, 0.25])


def test_inputs_are_ordered_and_only_those_that_occur() -> None:
    """Jets by field and order, coordinates, parameters by name."""
    u = sympy.Symbol("u_1")
    names = sympy.symbols("m b t phi_tx phi_xx phi_t")
    program = lower({"e": sympy.Add(*names, u, phi)}, SPACE)
    assert program.inputs == ("phi", "phi_t", "phi_tx", "phi_xx", "u_1", "t", "b", "m")


def test_common_subexpressions_are_computed_once_under_fresh_names() -> None:
    s0 = sympy.Symbol("s0")
    shared = sympy.sin(phi + s0)
    program = lower({"a": shared**2, "s1": shared + 1}, SPACE)
    assert emit_numpy(program).count("numpy.sin") == 1
    assert not {name for name, _ in program.assignments} & {"s0", "s1"}
    first, second = run(program, {"phi": 0.4, "s0": 0.3})
    assert first == pytest.approx(np.sin(0.7) ** 2, rel=1e-15)
    assert second == pytest.approx(np.sin(0.7) + 1, rel=1e-15)


def test_keywords_are_renamed() -> None:
    program = lower({"e": PARAMETERS[1] * phi}, SPACE)
    assert program.inputs == ("phi", "lambda")
    assert run(program, {"phi": 2.0, "lambda": 3.0}) == (6.0,)


def test_the_equation_of_motion_of_a_theory() -> None:
    theory = catalogue.double_sine_gordon("c", "m", "mu")
    ((_, acceleration),) = theory.equations_of_motion().items()
    values = {"phi": 0.3, "phi_xx": 0.7, "c": 1.5, "m": 0.8, "mu": 0.6}
    (result,) = run(lower({"phi_tt": acceleration}, theory), values)
    expected = 1.5**2 * 0.7 - 0.8**2 * np.sin(0.3) - 2 * 0.6**2 * np.sin(0.6)
    assert result == pytest.approx(expected, rel=1e-14)


def test_another_module_and_its_function_names() -> None:
    class Other(SourcePrinter):
        functions = {**SourcePrinter.functions, sympy.atan: "atan"}  # noqa: RUF012

    source = emit_source(lower({"e": sympy.atan(phi) / 3}, SPACE), "f", Other("torch"))
    assert source.startswith("import torch\n")
    assert "torch.atan(phi)" in source
    compile(source, "emitted", "exec")


@pytest.mark.parametrize("name", ["a b", "x;import os", "1a", "__class__", "é"])
def test_names_that_are_no_identifiers_are_refused(name: str) -> None:
    """Of outputs, of symbols and of the function."""
    for outputs in ({name: phi}, {"e": sympy.Symbol(name) * phi}):
        with pytest.raises(ValueError, match="expected letters, digits and underscores"):
            lower(outputs, SPACE)
    with pytest.raises(ValueError, match="expected letters, digits and underscores"):
        emit_numpy(lower({"e": phi}, SPACE), name)


def test_functions_that_cannot_be_computed_are_refused() -> None:
    with pytest.raises(ValueError, match="expected functions that can be computed"):
        lower({"e": sympy.Function("V")(phi)}, SPACE)
    with pytest.raises(ValueError, match="no source text for the function besselj"):
        emit_numpy(lower({"e": sympy.besselj(0, phi)}, SPACE))
