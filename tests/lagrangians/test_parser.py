"""The allow-list parser: what it reads, where it stops, and that hostile text neither executes nor hangs."""

import builtins
import time
from collections.abc import Callable

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians import ParseError, parse_equation, parse_expression, parse_lagrangian
from lagrangians.parser import FUNCTIONS, MAX_LENGTH

FIELDS, COORDINATES, PARAMETERS = ("phi", "u"), ("t", "x"), ("a", "b", "c")
t, x = sympy.symbols(COORDINATES)
a, b = sympy.symbols("a b")
PHI = sympy.Function("phi")(t, x)


def read(text: str) -> sympy.Expr:
    return parse_expression(text, FIELDS, COORDINATES, PARAMETERS)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("phi_tx**2", PHI.diff(t, x) ** 2),
        ("-2**2", sympy.Integer(-4)),
        ("2**-2", sympy.Rational(1, 4)),
        ("2**3**2", sympy.Integer(512)),
        ("--a", a),
        ("a - b - x", a - b - x),
        ("a/b/x", a / b / x),
        ("a/b*x", a * x / b),
        ("-a**2", -(a**2)),
        ("1/2*phi_t**2", PHI.diff(t) ** 2 / 2),
        ("sqrt(a)*pi", sympy.sqrt(a) * sympy.pi),
        ("1.5e-3", sympy.Float(0.0015)),
        (".5 + 1.", sympy.Float(1.5)),
        (" ( a\n+\tb ) ", a + b),
    ],
)
def test_precedence_and_numbers(text: str, expected: sympy.Expr) -> None:
    assert read(text) == expected


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_of_the_allow_list(name: str) -> None:
    assert read(f"{name}(a)") == getattr(sympy, name)(a)
    with pytest.raises(ValueError, match="is reserved"):
        parse_expression("a", FIELDS, COORDINATES, (name,))


@pytest.mark.parametrize(
    "text, message, position",
    [
        ("", "got the end", 0),
        ("a +", "got the end", 3),
        ("a b", "unexpected 'b'", 2),
        ("(a", r"expected '\)', got the end", 2),
        ("a)", r"unexpected '\)'", 1),
        ("a + k", "unknown name 'k'; declared are phi, u, t, x, a, b, c", 4),
        ("1 + phi_xt", "write the letters in coordinate order, phi_tx", 4),
        ("sin", "needs an argument in parentheses", 0),
        ("phi(t, x)", r"unexpected character ','", 5),
        ("a.real", r"unexpected character '\.'", 1),
        ("x[0]", r"unexpected character '\['", 1),
        ("a + 'b'", "unexpected character", 4),
        ("a if b else x", "unexpected 'if'", 2),
        ("lambda: a", "unexpected character ':'", 6),
        ("a;b", "unexpected character ';'", 1),
        ("a == b", "unexpected character '='", 2),
        ("1_000", "unexpected '_000'", 1),
        ("0x10", "unexpected 'x10'", 1),
        ("a/(x - x)", "division by zero", 1),
        ("0**-1", "division by zero", 1),
        ("log(0)", "not a finite number", 0),
        ("sqrt(-1)", "not a real number", 0),
        ("1 + (-1)**(1/3)", "not a real number", 4),
        ("exp((-1)**(1/3))", "not a real number", 4),
        ("a**33", "exponent above 32", 1),
        ("(a**8)**8", "exponent above 32", 0),
        ("2**32**2", "exponent above 32", 1),
        ("9**32*9**32*9**32*9**32*9**32*9**32*9**32*9**32*9**32*9**32", "number above 1e[+]?300", 0),
        ("1" * 41, "more than 40 characters", 0),
        ("1e400", "not a finite number", 0),
        ("exp(601)", "argument of exp is above 600", 0),
        ("exp(1e9*pi)", "argument of exp is above 600", 0),
        ("sin(1e16)", r"argument of sin is above 1e\+15", 0),
        ("u_" + "x" * 33, "order above 32", 0),
        ("(a+b+c+t+x)**32", "more than 20000 terms", 0),
        ("(a+b+c+t+x)**(-32)", "more than 20000 terms", 0),
        ("(a+b+c+t+x)**(63/2)", "more than 20000 terms", 0),
        ("sqrt(a+b+c+t+x+u)**32", "more than 20000 terms", 0),
        ("(1/(a+b+c+t+x))**32", "more than 20000 terms", 0),
        ("1/cosh((a+b)**32)", "argument of cosh would expand into more than 1000 terms", 2),
        ("1/cosh((a+b+c)**-5)", "argument of cosh would expand into more than 1000 terms", 2),
        ("exp(cosh(exp(phi**32)))", "functions nested deeper than 2 levels", 9),
        ("sin(sin(2**phi))", "functions nested deeper than 2 levels", 9),
        ("(" * 60 + "a" + ")" * 60, "nested deeper than 50 levels", 50),
        ("a" + "**a" * 60, "nested deeper than", 147),
    ],
)
def test_what_is_refused_and_where(text: str, message: str, position: int) -> None:
    with pytest.raises(ParseError, match=message) as caught:
        read(text)
    assert caught.value.position == position
    assert isinstance(caught.value, ValueError)


HOSTILE = [
    "__import__('os').system('true')",
    "__import__(a)",
    "().__class__.__bases__[0].__subclasses__()",
    "phi.__class__.__mro__",
    "phi.func.__globals__",
    "getattr(phi, a)",
    "eval(a)",
    "exec(a)",
    "open(a)",
    "lambda x: x",
    "[a for a in x]",
    "{a: b}",
    "f'{a}'",
    "a := b",
    "Symbol(a)",
    "Function(a)(x)",
    "S(a)",
    "sympify(a)",
    "Integral(phi, x)",
    "diff(phi, x)",
    "a @ b",
    "a // b",
    "a % b",
    "a & b",
    "a < b",
    "a \\\n + b",
    "a # b",
    "a\x00",
    "ａ + b",
    "１ + a",
    "a\u202e + b",
    "√a",
    "a·b",
    "φ",
    "a!",
    "10j",
    "1e5j",
    "True",
    "None",
    "oo",
    "zoo",
    "nan",
    "I",
    "E",
]


@pytest.fixture
def no_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any use of eval, exec or compile fails the test."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("text was executed")

    for name in ("eval", "exec", "compile"):
        monkeypatch.setattr(builtins, name, fail)


@pytest.mark.usefixtures("no_execution")
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_without_execution(text: str) -> None:
    for framed in (text, f"a + {text}", f"sin({text})"):
        with pytest.raises(ParseError):
            read(framed)


PIECES = [
    *("phi", "u_t", "phi_tx", "a", "b", "t", "x", "pi", "k", "__class__", "é", "１", "."),
    *("0", "1", "2", "7", "32", "33", "0.5", "1e-300", "1e300", "99999999999999999999"),
    *("+", "-", "*", "/", "**", "**", "(", "(", ")", ")", ",", "'", "=", "[", " "),
    *(f"{name}(" for name in FUNCTIONS),
]


def is_read_or_refused_in_time(
    text: str, seconds: float = 8.0, reader: Callable[[str], sympy.Expr] = read
) -> None:
    start = time.process_time()
    try:
        value = reader(text)
    except ParseError as error:
        value = None
        position = error.position
    assert time.process_time() - start < seconds
    if value is None:
        assert 0 <= position <= len(text)
    else:
        assert isinstance(value, sympy.Expr)
        assert not value.has(sympy.nan, sympy.zoo, sympy.oo)
        assert reader is not read or not value.has(sympy.I)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@settings(max_examples=200, deadline=None)
def test_pieces_of_mathematics_in_any_order(text: str) -> None:
    is_read_or_refused_in_time(text)


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text(text: str) -> None:
    is_read_or_refused_in_time(text)


operands = st.sampled_from(["phi", "u_t", "a", "b", "x", "2", "7", "32", "0.5", "1e-9", "1e300", "pi"])
trees = st.recursive(
    operands,
    lambda inner: st.one_of(
        st.builds("({})**({})".format, inner, inner),
        st.builds("({}){}({})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("{}({})".format, st.sampled_from(list(FUNCTIONS)), inner),
    ),
    max_leaves=8,
)


@given(trees)
@settings(max_examples=200, deadline=None)
def test_well_formed_towers_of_powers_and_functions(text: str) -> None:
    is_read_or_refused_in_time(text)


def read_complex_lattice(text: str) -> sympy.Expr:
    return parse_expression(text, ("psi", "psi_bar"), COORDINATES, PARAMETERS, lattice=("n", "m"))


COMPLEX_PIECES = [
    *(
        "psi",
        "psi_bar",
        "psi_t",
        "psi_bar_tx",
        "I",
        "I",
        "a",
        "x",
        "n",
        "m",
        "pi",
        "0",
        "1",
        "2",
        "32",
        "0.5",
    ),
    *("[n+1]", "[m-2]", "[n+1,m-1]", "[", "]", ",", "[n", "+1]", "[n+999]", "[n*2]", "[I]", "[0]", "[n+psi]"),
    *("+", "-", "*", "/", "**", "**", "(", "(", ")", ")", " ", "1e300", "__class__", "."),
    *(f"{name}(" for name in FUNCTIONS),
]


@given(st.lists(st.sampled_from(COMPLEX_PIECES), max_size=25).map("".join))
@settings(max_examples=200, deadline=None)
def test_pieces_of_complex_lattice_fields_in_any_order(text: str) -> None:
    is_read_or_refused_in_time(text, reader=read_complex_lattice)


complex_operands = st.sampled_from(
    ["psi", "psi_bar_t[n+1]", "I", "I", "a", "n", "2", "32", "0.5", "1e300", "pi"]
)
complex_trees = st.recursive(
    complex_operands,
    lambda inner: st.one_of(
        st.builds("({})**({})".format, inner, inner),
        st.builds("({}){}({})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("{}({})".format, st.sampled_from(list(FUNCTIONS)), inner),
    ),
    max_leaves=8,
)


@given(complex_trees)
@settings(max_examples=200, deadline=None)
def test_towers_of_complex_numbers_and_lattice_fields(text: str) -> None:
    is_read_or_refused_in_time(text, reader=read_complex_lattice)


@pytest.mark.usefixtures("no_execution")
@pytest.mark.parametrize("text", [text for text in HOSTILE if text != "I"])
def test_hostile_text_is_refused_beside_complex_lattice_fields(text: str) -> None:
    for framed in (text, f"a + {text}", f"psi[{text}]", f"psi[n+{text}]"):
        with pytest.raises(ParseError):
            read_complex_lattice(framed)


@pytest.mark.parametrize(
    "text, message, position",
    [
        ("psi**I", "exponent is not a real number", 3),
        ("2**(1 + I)", "exponent is not a real number", 1),
        ("exp(700*I)", "argument of exp is above 600", 0),
        ("1/(I**2 + 1)", "division by zero", 1),
        ("log(I**2 + 1)", "not a finite number", 0),
        ("(I*psi + a + b)**32*(I*a + b + x)**32", "more than 20000 terms", 0),
        ("psi[n+1][n+1]", r"unexpected '\['", 8),
        ("psi[n+" + "9" * 5000 + "]", "shift by more than 100", 6),
        ("psi" + "[n+1" * 1000, r"expected '\]'", 7),
    ],
)
def test_what_complex_lattice_fields_do_not_allow(text: str, message: str, position: int) -> None:
    with pytest.raises(ParseError, match=message) as caught:
        read_complex_lattice(text)
    assert caught.value.position == position


@pytest.mark.parametrize(
    "text",
    [
        "(" * 200_000,
        "-" * 200_000,
        "a**" * 50_000 + "a",
        "sin(" * 50_000,
        "9" * 200_000,
        "a" * 200_000,
        " " * 200_000,
        "1e" + "9" * 100_000,
        "phi_" + "t" * 200_000,
        "a" * (MAX_LENGTH + 1),
        "((((9**32)**32)**32)**32)**32",
        "a**(b**(32**32))",
    ],
    ids=lambda text: text[:9],
)
def test_long_and_deep_text_is_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ParseError):
        read(text)
    assert time.process_time() - start < 2


def test_an_equation_has_two_sides_and_positions_count_from_its_start() -> None:
    names = (FIELDS, COORDINATES, PARAMETERS)
    assert parse_equation("phi_tt = phi_xx - a", *names) == (PHI.diff(t, 2), PHI.diff(x, 2) - a)
    with pytest.raises(ParseError, match="expected an equation") as caught:
        parse_equation("phi_tt", *names)
    assert caught.value.position == 6
    with pytest.raises(ParseError, match="unknown name 'k'") as caught:
        parse_equation("phi_tt = k", *names)
    assert caught.value.position == 9
    with pytest.raises(ParseError, match="unexpected character '='"):
        parse_equation("a = b = c", *names)


def test_declared_symbols_are_used_as_they_are() -> None:
    mass = sympy.Symbol("m", positive=True)
    theory = parse_lagrangian("phi_t**2 - m*phi**2", ("phi",), ("t",), (mass,))
    assert theory.parameters == (mass,)
    assert theory.density.has(mass)


def test_only_text_is_read() -> None:
    with pytest.raises(ValueError, match="expected text, got int"):
        parse_expression(3, FIELDS, COORDINATES)  # type: ignore[arg-type]
