"""From expressions to source text: one intermediate form (`Program`) and one emitter for array libraries.

A back end is a module prefix (`numpy`, `torch`) plus, where names differ, a subclass of `SourcePrinter`.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sympy
from sympy.core.function import AppliedUndef
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from lagrangians.density import Lagrangian
from lagrangians.jets import IDENTIFIER, JetSpace, jet_space


@dataclass(frozen=True)
class Program:
    """Straight-line code: `inputs` are names of jets, coordinates and parameters in this order; each
    assignment may use inputs and earlier assignments; `outputs` may use all of them. Expressions hold plain
    symbols only."""

    inputs: tuple[str, ...]
    assignments: tuple[tuple[str, sympy.Expr], ...]
    outputs: tuple[tuple[str, sympy.Expr], ...]


def lower(
    outputs: Mapping[str, sympy.Expr],
    space: Lagrangian | tuple[Sequence[str | AppliedUndef], Sequence[str | sympy.Symbol]],
) -> Program:
    """`Program` that computes named expressions (in fields and `Derivative`s, or in plain jets) of a
    `Lagrangian` or of a pair (fields, coordinates).

    Common subexpressions are shared; only inputs that occur are listed: jets by field and order, then
    coordinates, then parameters by name. Raises `ValueError` for names that are no identifiers and for
    unknown functions.
    """
    jets = space.jets if isinstance(space, Lagrangian) else jet_space(*space)
    for name in outputs:
        _require_identifier(name)
    plain = [jets.to_jets(e) for e in outputs.values()]
    for expression in plain:
        unknown = expression.atoms(AppliedUndef, sympy.Derivative, sympy.Subs, sympy.Integral)
        if unknown:
            raise ValueError(f"got {sorted(map(str, unknown))}, expected functions that can be computed")
    inputs = _ordered_inputs(plain, jets)
    shared, reduced = sympy.cse(plain, symbols=_fresh_names(set(inputs) | set(outputs)), order="none")
    return Program(
        tuple(inputs),
        tuple((symbol.name, value) for symbol, value in shared),
        tuple(zip(outputs, reduced, strict=True)),
    )


def _ordered_inputs(expressions: Sequence[sympy.Expr], jets: JetSpace) -> list[str]:
    symbols = sympy.Tuple(*expressions).free_symbols
    places = jets.jets_in(sympy.Tuple(*expressions))
    by_order = sorted(places, key=lambda s: (places[s][0], sum(places[s][1]), [-n for n in places[s][1]]))
    coordinates = [x for x in jets.coordinates if x in symbols]
    parameters = sorted(symbols - set(by_order) - set(coordinates), key=lambda s: s.name)
    names = [s.name for s in (*by_order, *coordinates, *parameters)]
    for name in names:
        _require_identifier(name)
    return names


def _fresh_names(taken: set[str]) -> Iterator[sympy.Symbol]:
    return (s for s in sympy.numbered_symbols("s") if s.name not in taken)


def _require_identifier(name: str) -> None:
    if not IDENTIFIER.match(name):
        raise ValueError(f"got the name {name!r}, expected letters, digits and underscores; rename it")


def source_name(name: str) -> str:
    """The name as a Python variable: `lambda` becomes `lambda_`."""
    return f"{name}_" if keyword.iskeyword(name) else name


class SourcePrinter(StrPrinter):
    """Python text for arrays of `module`, whose functions have NumPy's names; numbers become floats."""

    functions: Mapping[type, str] = {
        sympy.sin: "sin",
        sympy.cos: "cos",
        sympy.tan: "tan",
        sympy.atan: "arctan",
        sympy.exp: "exp",
        sympy.log: "log",
        sympy.sinh: "sinh",
        sympy.cosh: "cosh",
        sympy.tanh: "tanh",
    }

    def __init__(self, module: str) -> None:
        super().__init__()
        self.module = module

    def _print(self, expr: sympy.Basic, **kwargs: object) -> str:
        if isinstance(expr, sympy.Expr) and expr.is_number and not expr.is_Integer:
            return self._number(float(expr))
        return super()._print(expr, **kwargs)

    @staticmethod
    def _number(value: float) -> str:
        return f"({value!r})" if value < 0 else repr(value)

    def _print_Symbol(self, expr: sympy.Symbol) -> str:
        return source_name(expr.name)

    def _print_Function(self, expr: sympy.Function) -> str:
        if expr.func not in self.functions:
            raise ValueError(f"no source text for the function {expr.func.__name__}")
        return f"{self.module}.{self.functions[expr.func]}({self.stringify(expr.args, ', ')})"

    _print_ExpBase = _print_Function

    def _print_Pow(self, expr: sympy.Pow, rational: bool = False) -> str:
        if expr.exp == sympy.Rational(1, 2):
            return f"{self.module}.sqrt({self._print(expr.base)})"
        base = self.parenthesize(expr.base, PRECEDENCE["Pow"], strict=False)
        if expr.exp.is_number and expr.exp < 0:
            inverse = self.parenthesize(expr.base**-expr.exp, PRECEDENCE["Mul"], strict=False)
            return f"1/{inverse}"
        return f"{base}**{self.parenthesize(expr.exp, PRECEDENCE['Pow'], strict=False)}"


def emit_source(program: Program, function_name: str, printer: SourcePrinter) -> str:
    """Source text of `def function_name(*inputs)`, which returns the outputs as a tuple.

    Arguments are arrays that broadcast against each other; an output without inputs is a plain number.
    """
    _require_identifier(function_name)
    names = [source_name(name) for name in (*program.inputs, *(name for name, _ in program.assignments))]
    taken = sorted({name for name in names if names.count(name) > 1 or name == printer.module})
    if taken:
        raise ValueError(
            f"got {', '.join(taken)} for two things in the code, expected other names; rename it"
        )
    lines = [f"def {source_name(function_name)}({', '.join(map(source_name, program.inputs))}):"]
    lines += [f"    {source_name(name)} = {printer.doprint(value)}" for name, value in program.assignments]
    values = "".join(f"\n        {printer.doprint(value)}," for _, value in program.outputs)
    return "\n".join([f"import {printer.module}", "", "", *lines, f"    return ({values}\n    )", ""])


def emit_numpy(program: Program, function_name: str = "evaluate") -> str:
    """Source text for NumPy, see `emit_source`."""
    return emit_source(program, function_name, SourcePrinter("numpy"))
