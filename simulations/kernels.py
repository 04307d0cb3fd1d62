"""SymPy expressions in jets compiled to torch: pointwise functions of φ, φ_x, …, coordinates and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy
import torch
from sympy.printing.precedence import precedence
from sympy.printing.str import StrPrinter

from lagrangians.jets import IDENTIFIER, JetSpace, MultiIndex

_FUNCTIONS = {
    "Abs": "abs",
    **{
        name: name
        for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "log")
    },
}


class Kernel:
    """Compiled expressions: call it with a tensor for each name in `inputs`, get one tensor for each expression.

    The source is generated here from a SymPy tree whose symbols are checked to be plain identifiers and whose
    functions are looked up in a fixed table; no text of a user reaches `exec`, and the namespace it runs in holds
    torch and no builtins.

    Args:
        expressions: in plain jet symbols (`JetSpace.to_jets`), coordinates and parameters.
        jets: which symbols are jets. Every other symbol is an input of the same name.
    """

    def __init__(self, expressions: Sequence[sympy.Expr], jets: JetSpace):
        expressions = [sympy.sympify(expression) for expression in expressions]
        together = sympy.Tuple(*expressions)
        self.jets: dict[str, tuple[int, MultiIndex]] = {
            symbol.name: place for symbol, place in jets.jets_in(together).items()
        }
        self.inputs = tuple(sorted(symbol.name for symbol in together.free_symbols))
        self.source = _source(expressions, self.inputs)
        namespace: dict = {"torch": torch, "__builtins__": {}}
        exec(compile(self.source, "<kernel>", "exec"), namespace)  # noqa: S102
        self._function = namespace["kernel"]

    def __call__(self, values: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor | float, ...]:
        """The expressions at these values; constants come back as floats."""
        return self._function(*(values[name] for name in self.inputs))


def _source(expressions: Sequence[sympy.Expr], inputs: Sequence[str]) -> str:
    for name in inputs:
        if not IDENTIFIER.match(name):
            raise ValueError(f"got the symbol '{name}', expected letters, digits and underscores")
    used = set(inputs)
    fresh = (sympy.Symbol(f"w{number}") for number in range(10**9) if f"w{number}" not in used)
    rename = {symbol: sympy.Symbol(symbol.name) for symbol in sympy.Tuple(*expressions).free_symbols}
    plain = [_numbers_evaluated(expression.xreplace(rename)) for expression in expressions]
    steps, results = sympy.cse(plain, symbols=fresh)
    printer = _TorchPrinter()
    lines = [f"    {name} = {printer.doprint(value)}" for name, value in steps]
    outputs = "".join(f"{printer.doprint(result)}, " for result in results)
    return "\n".join([f"def kernel({', '.join(inputs)}):", *lines, f"    return ({outputs})", ""])


class _TorchPrinter(StrPrinter):
    def _print_Function(self, expression):
        name = type(expression).__name__
        if name not in _FUNCTIONS:
            raise ValueError(f"got the function {name}, expected one of {', '.join(_FUNCTIONS)}")
        return f"torch.{_FUNCTIONS[name]}({', '.join(map(self._print, expression.args))})"

    _print_Abs = _print_Function

    def _print_Pow(self, expression, rational=False):
        base, exponent = expression.as_base_exp()
        if exponent == sympy.Rational(1, 2):
            return f"torch.sqrt({self._print(base)})"
        if exponent == -1:
            return f"1/{self.parenthesize(base, precedence(expression), strict=True)}"
        inner = self.parenthesize(base, precedence(expression), strict=True)
        return f"{inner}**({self._print(exponent)})"

    def _print_Float(self, expression):
        return repr(float(expression))


def _numbers_evaluated(expression: sympy.Expr) -> sympy.Expr:
    """Every irrational number, such as π or √2, as a float."""
    if expression.is_number:
        if not expression.is_finite or not expression.is_real:
            raise ValueError(f"got the number {expression}, expected finite real ones")
        return expression if expression.is_Rational else sympy.Float(expression.evalf(20), 20)
    return expression.func(*map(_numbers_evaluated, expression.args)) if expression.args else expression
