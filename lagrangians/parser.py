"""Reading mathematics from untrusted text: an own tokenizer and precedence parser over an allow-list.

Allowed: numbers, the declared jets, coordinates and parameters, `+ - * / **`, parentheses, `pi` and the
functions of `FUNCTIONS`; `I` where a field and its conjugate are declared (`psi`, `psi_bar`); sites `[n+1]`
after the jets of lattice fields. Nothing else is ever looked up or executed. Limits on length, nesting,
exponents, the size of numbers and the number of terms that an expansion could produce keep hostile text from
hanging anything downstream.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.conjugates import conjugate_pairs
from lagrangians.errors import ParseError
from lagrangians.jets import IDENTIFIER, JetSpace, MultiIndex, jet_space
from lagrangians.lattice import LatticeJets, field_space

FUNCTIONS = {
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "atan": sympy.atan,
    "exp": sympy.exp,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
}
RESERVED = frozenset({*FUNCTIONS, "pi"})

MAX_LENGTH = 1_000_000
MAX_DEPTH = 50
MAX_NESTED_FUNCTIONS = 2
MAX_EXPONENT = 32
MAX_DIGITS = 40
MAX_NUMBER = 1e300
MAX_TERMS = 20_000
MAX_ARGUMENT_TERMS = 1000
MAX_SHIFT = 100

SYNTAX = (
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<operator>\*\*|[%s]))"
)
TOKEN = re.compile(SYNTAX % "-+*/()")
LATTICE_TOKEN = re.compile(SYNTAX % r"-+*/()\[\],")


class Token(NamedTuple):
    kind: str
    text: str
    position: int


class Parsed(NamedTuple):
    """A value with a bound on the number of terms of its expansion.

    In the argument of a function a name counts twice, for its real and its imaginary part: SymPy expands
    the parts of the argument where it asks for the sign of a hyperbolic function.
    """

    value: sympy.Expr
    terms: int


def tokens_of(text: str, pattern: re.Pattern[str] = TOKEN) -> list[Token]:
    """Split the text; raises `ParseError` at the first character outside the alphabet."""
    if len(text) > MAX_LENGTH:
        raise ParseError(f"got {len(text)} characters, expected at most {MAX_LENGTH}", MAX_LENGTH)
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = pattern.match(text, position)
        if not match:
            position += len(text[position:]) - len(text[position:].lstrip())
            raise ParseError(f"unexpected character {text[position]!r}", position)
        kind = str(match.lastgroup)
        tokens.append(Token(kind, match[kind], match.start(kind)))
        position = match.end()
    tokens.append(Token("end", "", len(text)))
    return tokens


class Parser:
    """Recursive descent: sum → product → unary → power → atom."""

    def __init__(self, text: str, names: dict[str, sympy.Expr], jets: JetSpace) -> None:
        self.tokens = tokens_of(text, LATTICE_TOKEN if jets.labels else TOKEN)
        self.names = names
        self.jets = jets
        self.complex = bool(conjugate_pairs(jets.fields))
        self.at = 0
        self.depth = 0
        self.nested = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self, *operators: str) -> Token | None:
        token = self.token
        if token.kind == "operator" and token.text in operators:
            self.at += 1
            return token
        return None

    def expect(self, operator: str) -> None:
        if not self.take(operator):
            found = repr(self.token.text) if self.token.text else "the end"
            raise ParseError(f"expected {operator!r}, got {found}", self.token.position)

    def parse(self) -> sympy.Expr:
        value = self.sum().value
        if self.token.kind != "end":
            raise ParseError(f"unexpected {self.token.text!r}", self.token.position)
        return value

    def sum(self) -> Parsed:
        start = self.token.position
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ParseError(f"nested deeper than {MAX_DEPTH} levels", start)
        parts = [self.product()]
        while operator := self.take("+", "-"):
            value, terms = self.product()
            parts.append(Parsed(value if operator.text == "+" else -value, terms))
        self.depth -= 1
        if len(parts) == 1:
            return parts[0]
        return self.checked(sympy.Add(*(p.value for p in parts)), sum(p.terms for p in parts), start)

    def product(self) -> Parsed:
        """A leading sign belongs to the whole product: −1 times a sum alone would be multiplied out."""
        start = self.token.position
        sign = self.sign()
        factors = [self.power()]
        while operator := self.take("*", "/"):
            value, terms = self.unary()
            if operator.text == "/":
                if value.is_number and value.is_zero:
                    raise ParseError("division by zero", operator.position)
                value = 1 / value
            factors.append(Parsed(value, terms))
        product = sympy.Mul(sign, *(f.value for f in factors))
        return self.checked(product, math.prod(f.terms for f in factors), start)

    def sign(self) -> int:
        sign = 1
        while operator := self.take("+", "-"):
            sign = -sign if operator.text == "-" else sign
        return sign

    def unary(self) -> Parsed:
        start = self.token.position
        sign = self.sign()
        value, terms = self.power()
        return self.checked(sign * value, terms, start)

    def power(self) -> Parsed:
        start = self.token.position
        base = self.atom()
        operator = self.take("**")
        if not operator:
            return base
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ParseError(f"nested deeper than {MAX_DEPTH} levels", start)
        self.nested += 1
        exponent = self.unary().value
        if not exponent.is_number:
            self.check_nesting(operator.position)
        self.nested -= 1
        self.depth -= 1
        if exponent.is_number and not exponent.is_real:
            raise ParseError("the exponent is not a real number", operator.position)
        if exponent.is_number and abs(float(exponent)) > MAX_EXPONENT:
            raise ParseError(f"got an exponent above {MAX_EXPONENT} in size", operator.position)
        if exponent.is_number and float(exponent) < 0 and base.value.is_number and base.value.is_zero:
            raise ParseError("division by zero", operator.position)
        count = base.terms
        if exponent.is_number:
            power = math.ceil(abs(float(exponent)))
            if self.nested and not (exponent.is_Integer and exponent > 0):
                power *= 2
            count = math.comb(base.terms + power - 1, power)
        return self.checked(base.value**exponent, count, start)

    def atom(self) -> Parsed:
        token = self.token
        if self.take("("):
            inner = self.sum()
            self.expect(")")
            return inner
        self.at += 1
        if token.kind == "number":
            return self.number(token)
        if token.kind == "name":
            return self.name(token)
        found = repr(token.text) if token.text else "the end"
        raise ParseError(f"expected a number, a name or '(', got {found}", token.position)

    def number(self, token: Token) -> Parsed:
        if len(token.text) > MAX_DIGITS:
            raise ParseError(f"got a number of more than {MAX_DIGITS} characters", token.position)
        if token.text.isdigit():
            return Parsed(sympy.Integer(int(token.text)), 1)
        return self.checked(sympy.Float(float(token.text)), 1, token.position)

    def name(self, token: Token) -> Parsed:
        name = token.text
        single = 2 if self.nested else 1
        if name in self.names:
            return Parsed(self.names[name], single)
        place = self.jets.parse(name)
        if place:
            if sum(place[1]) > MAX_EXPONENT:
                raise ParseError(f"got a derivative of an order above {MAX_EXPONENT}", token.position)
            return Parsed(self.jets.function(*self.site(place)), single)
        if name == "pi":
            return Parsed(sympy.pi, 1)
        if name == "I" and self.complex:
            return Parsed(sympy.I, single)
        if name not in FUNCTIONS:
            raise ParseError(f"unknown name {name!r}{self.advice(name)}", token.position)
        if not self.take("("):
            raise ParseError(f"the function {name!r} needs an argument in parentheses", token.position)
        if name == "sqrt":
            return self.root(token)
        self.nested += 1
        self.check_nesting(token.position)
        argument, terms = self.sum()
        self.nested -= 1
        self.expect(")")
        if terms > MAX_ARGUMENT_TERMS:
            raise ParseError(
                f"the argument of {name} would expand into more than {MAX_ARGUMENT_TERMS} terms",
                token.position,
            )
        if argument.is_number:
            self.check_range(name, complex(argument), token.position)
        return self.checked(FUNCTIONS[name](argument), single, token.position)

    def site(self, place: tuple[int, MultiIndex]) -> tuple[int, MultiIndex]:
        """The jet at the site that a bracket gives, `[n+1]` or `[i+1, j-2]`; here where there is none."""
        if not isinstance(self.jets, LatticeJets) or not self.take("["):
            return place
        shifts = {label.name: 0 for label in self.jets.labels}
        seen: set[str] = set()
        while True:
            token = self.token
            if token.text not in shifts or token.text in seen:
                expected = ", ".join(name for name in shifts if name not in seen) or "']'"
                raise ParseError(f"expected a lattice label ({expected})", token.position)
            seen.add(token.text)
            self.at += 1
            shifts[token.text] = self.shift()
            if not self.take(","):
                break
        self.expect("]")
        return self.jets.copy(place[0], tuple(shifts.values())), place[1]

    def shift(self) -> int:
        """`+1` or `-2` after a label; 0 where nothing follows."""
        sign = self.take("+", "-")
        if not sign:
            return 0
        token = self.token
        if not token.text.isdigit():
            raise ParseError("expected a whole number of sites", token.position)
        if len(token.text) > MAX_DIGITS or int(token.text) > MAX_SHIFT:
            raise ParseError(f"got a shift by more than {MAX_SHIFT} sites", token.position)
        self.at += 1
        return int(sign.text + token.text)

    def root(self, token: Token) -> Parsed:
        argument, terms = self.sum()
        self.expect(")")
        if self.nested:
            terms = math.comb(terms + 1, 2)
        return self.checked(sympy.sqrt(argument), terms, token.position)

    def advice(self, name: str) -> str:
        for field in sorted(self.jets.field_names, key=len, reverse=True):
            letters = name[len(field) + 1 :]
            coordinates = self.jets.coordinate_names
            if name.startswith(f"{field}_") and letters and set(letters) <= set(coordinates):
                ordered = "".join(sorted(letters, key=coordinates.index))
                return f": write the letters in coordinate order, {field}_{ordered}"
        declared = (*self.jets.field_names, *self.names)
        return f"; declared are {', '.join(declared[:12])}{', …' if len(declared) > 12 else ''}"

    def check_nesting(self, position: int) -> None:
        """SymPy's automatic evaluation takes memory without bound on deeper towers, exp(cosh(exp(u)))."""
        if self.nested > MAX_NESTED_FUNCTIONS:
            raise ParseError(f"functions nested deeper than {MAX_NESTED_FUNCTIONS} levels", position)

    @staticmethod
    def check_range(name: str, argument: complex, position: int) -> None:
        limit = 600.0 if name in ("exp", "sinh", "cosh") else 1e15
        if abs(argument) > limit:
            raise ParseError(f"the argument of {name} is above {limit:g} in size", position)

    def checked(self, value: sympy.Expr, terms: int, position: int) -> Parsed:
        """Refuse what is no real number (complex ones need complex fields), what is too large and what
        would expand into too many terms.
        """
        if terms > MAX_TERMS:
            raise ParseError(f"would expand into more than {MAX_TERMS} terms", position)
        if value.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo):
            raise ParseError("not a finite number", position)
        if value.has(sympy.I) and not self.complex:
            raise ParseError("not a real number", position)
        if value.is_Pow and value.exp.is_number and abs(complex(value.exp)) > MAX_EXPONENT:
            raise ParseError(f"got an exponent above {MAX_EXPONENT} in size", position)
        if value.is_number:
            number = complex(value.evalf(15))
            if number.imag and not self.complex:
                raise ParseError("not a real number", position)
            if not abs(number) < MAX_NUMBER:
                raise ParseError(f"got a number above {MAX_NUMBER:g}", position)
        return Parsed(value, terms)


def symbol_table(jets: JetSpace, parameters: Sequence[str | sympy.Symbol]) -> dict[str, sympy.Symbol]:
    """Names of coordinates and parameters; raises `ValueError` where a name is reserved or no identifier."""
    symbols = [sympy.Symbol(p) if isinstance(p, str) else p for p in parameters]
    labels = jets.labels
    for name in (*jets.coordinate_names, *jets.field_names, *(s.name for s in (*labels, *symbols))):
        if name in RESERVED or (name == "I" and conjugate_pairs(jets.fields)):
            raise ValueError(f"the name {name!r} is reserved for the function or constant; rename it")
        if not IDENTIFIER.match(name):
            raise ValueError(f"got the name {name!r}, expected letters, digits and underscores; rename it")
    return {s.name: s for s in (*jets.coordinates, *labels, *symbols)}


def parse_expression(
    text: str,
    fields: Sequence[str | AppliedUndef],
    coordinates: Sequence[str | sympy.Symbol],
    parameters: Sequence[str | sympy.Symbol] = (),
    lattice: Sequence[str | sympy.Symbol] = (),
) -> sympy.Expr:
    """Expression in applied functions and `Derivative`s from text in jet names.

    `parse_expression("phi_tx**2", ("phi",), ("t", "x"))` is (∂_t∂_xφ)². With `lattice=("n",)` the fields
    given by name depend on the label n first, and `q[n+1]` is q(n + 1, t). Raises `ParseError` (with
    `.position`) for anything outside the allow-list, `ValueError` for bad declarations.
    """
    if not isinstance(text, str):
        raise ValueError(f"expected text, got {type(text).__name__}")
    named = jet_space(fields, coordinates, lattice)
    jets = field_space(named.fields, named.coordinates)
    try:
        return Parser(text, symbol_table(jets, parameters), jets).parse()
    except (OverflowError, RecursionError, TypeError, ZeroDivisionError) as error:
        raise ParseError(f"cannot be evaluated: {type(error).__name__}", 0) from error


def parse_equation(
    text: str,
    fields: Sequence[str | AppliedUndef],
    coordinates: Sequence[str | sympy.Symbol],
    parameters: Sequence[str | sympy.Symbol] = (),
    lattice: Sequence[str | sympy.Symbol] = (),
) -> tuple[sympy.Expr, sympy.Expr]:
    """Both sides of `"u_tt = u_xx - sin(u)"`, each as `parse_expression` gives it."""
    left, equals, right = text.partition("=")
    if not equals:
        raise ParseError("expected an equation with one '='", len(text))
    shift = len(left) + 1
    try:
        right_side = parse_expression(right, fields, coordinates, parameters, lattice)
    except ParseError as error:
        raise ParseError(error.reason, error.position + shift) from error
    return parse_expression(left, fields, coordinates, parameters, lattice), right_side
