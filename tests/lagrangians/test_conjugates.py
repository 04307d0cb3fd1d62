"""Complex fields: ψ and ψ̄ as independent fields, and the same theories in real fields."""

import json

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians import Generator, Lagrangian, ParseError, parse_lagrangian, to_latex, to_text
from lagrangians.mathml import to_mathml
from lagrangians.zero import is_zero

t, x = TX = sympy.symbols("t x")
m, g = sympy.symbols("m g")
PSI = sympy.Function("psi")(t, x)
BAR = sympy.Function("psi_bar")(t, x)
A = sympy.Function("A", real=True)(t, x)
I, conjugate = sympy.I, sympy.conjugate
SCHROEDINGER = (
    I * conjugate(PSI) * PSI.diff(t) / 2 - I * PSI * conjugate(PSI).diff(t) / 2
    - sympy.Abs(PSI.diff(x)) ** 2 / 2 - g * sympy.Abs(PSI) ** 4 / 2
)  # fmt: skip
KLEIN_GORDON = sympy.Abs(PSI.diff(t)) ** 2 - sympy.Abs(PSI.diff(x)) ** 2 - m**2 * sympy.Abs(PSI) ** 2
PHASE = Generator((0, 0), (I * PSI, -I * BAR), TX, (PSI, BAR))


@pytest.mark.parametrize(
    "written, meant",
    [
        (conjugate(PSI), BAR),
        (conjugate(PSI.diff(x)), BAR.diff(x)),
        (conjugate(PSI).diff(x), BAR.diff(x)),
        (sympy.Derivative(conjugate(PSI) * PSI, x), BAR * PSI.diff(x) + PSI * BAR.diff(x)),
        (sympy.Abs(PSI) ** 2, PSI * BAR),
        (sympy.Abs(PSI.diff(t)) ** 4, PSI.diff(t) ** 2 * BAR.diff(t) ** 2),
        (sympy.Abs(PSI), sympy.sqrt(PSI * BAR)),
        (sympy.Abs(PSI) ** g, (PSI * BAR) ** (g / 2)),
        (sympy.re(PSI), (PSI + BAR) / 2),
        (sympy.im(PSI.diff(x)), (PSI.diff(x) - BAR.diff(x)) / (2 * I)),
        (sympy.arg(PSI), sympy.log(PSI / BAR) / (2 * I)),
        (conjugate(sympy.exp(I * x * m) * PSI), sympy.exp(-I * x * m) * BAR),
        (conjugate(PSI**2 + I * PSI), BAR**2 - I * BAR),
    ],
)
def test_parts_of_a_complex_field(written: sympy.Expr, meant: sympy.Expr) -> None:
    theory = Lagrangian(written, (PSI,), TX)
    assert theory.fields == (PSI, BAR)
    assert is_zero(theory.density - meant)


def test_the_partner_follows_its_field_and_only_where_it_occurs() -> None:
    other = sympy.Function("chi")(t, x)
    assert Lagrangian(sympy.Abs(PSI) ** 2 * other, (PSI, other), TX).fields == (PSI, BAR, other)
    assert Lagrangian(PSI * other, (PSI, other), TX).fields == (PSI, other)
    assert Lagrangian(conjugate(PSI) * PSI, (PSI, BAR), TX).fields == (PSI, BAR)


def test_what_is_real() -> None:
    """Coordinates, parameters, functions declared real, and, where a pair is declared, all other fields."""
    charged = PSI.diff(x) - I * g * A * PSI
    theory = Lagrangian(sympy.Abs(charged) ** 2, (PSI, A), TX)
    assert theory.fields == (PSI, BAR, A)
    expected = (PSI.diff(x) - I * g * A * PSI) * (BAR.diff(x) + I * g * A * BAR)
    assert is_zero(theory.density - expected)
    plain = sympy.Function("A")(t, x)
    declared = Lagrangian(sympy.Abs(charged.subs(A, plain)) ** 2, (PSI, BAR, plain), TX)
    assert is_zero(declared.density - expected.subs(A, plain))
    complex_coupling = sympy.Symbol("h", complex=True)
    theory = Lagrangian(conjugate(complex_coupling * PSI) + complex_coupling * PSI, (PSI,), TX)
    assert theory.density == conjugate(complex_coupling) * BAR + complex_coupling * PSI


def test_complex_klein_gordon() -> None:
    theory = Lagrangian(KLEIN_GORDON, (PSI,), TX)
    assert theory.euler_lagrange() == (
        -BAR.diff(t, 2) + BAR.diff(x, 2) - m**2 * BAR,
        -PSI.diff(t, 2) + PSI.diff(x, 2) - m**2 * PSI,
    )
    assert theory.equations_of_motion()[PSI.diff(t, 2)] == PSI.diff(x, 2) - m**2 * PSI
    assert theory.momenta() == (BAR.diff(t), PSI.diff(t))
    energy = PSI.diff(t) * BAR.diff(t) + PSI.diff(x) * BAR.diff(x) + m**2 * PSI * BAR
    assert sympy.expand(theory.hamiltonian_density() - energy) == 0
    assert sympy.expand(theory.energy_momentum_tensor()[0, 0] - energy) == 0


def test_schroedinger() -> None:
    """iψ_t = −½ψ_xx + g|ψ|²ψ, and its conjugate."""
    theory = Lagrangian(SCHROEDINGER, (PSI,), TX)
    solved = theory.equations_of_motion()
    assert sympy.expand(I * solved[PSI.diff(t)] + PSI.diff(x, 2) / 2 - g * PSI**2 * BAR) == 0
    assert sympy.expand(-I * solved[BAR.diff(t)] + BAR.diff(x, 2) / 2 - g * BAR**2 * PSI) == 0
    energy = PSI.diff(x) * BAR.diff(x) / 2 + g * PSI**2 * BAR**2 / 2
    assert sympy.expand(theory.hamiltonian_density() - energy) == 0


@pytest.mark.parametrize("density", [KLEIN_GORDON, SCHROEDINGER])
def test_the_phase_rotation_conserves_charge(density: sympy.Expr) -> None:
    """∂_αJ^α = −Q·E, with Q = (iψ, −iψ̄)."""
    theory = Lagrangian(density, (PSI,), TX)
    current = theory.noether_current(PHASE)
    E = theory.euler_lagrange()
    flow = sum(part.diff(coordinate) for part, coordinate in zip(current, TX, strict=True))
    assert sympy.expand(flow + I * PSI * E[0] - I * BAR * E[1]) == 0
    assert current[0].has(PSI)
    scaling = Generator((0, 0), (PSI, BAR), TX, (PSI, BAR))
    with pytest.raises(ValueError, match="not a variational symmetry"):
        theory.noether_current(scaling)


def euler_in_parts(theory: Lagrangian, u: sympy.Expr, v: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """E_ψ + E_ψ̄ and i(E_ψ − E_ψ̄) at ψ = u + iv."""
    first, second = (e.xreplace({PSI: u + I * v, BAR: u - I * v}).doit() for e in theory.euler_lagrange())
    return sympy.expand(first + second), sympy.expand(I * (first - second))


@pytest.mark.parametrize(
    "density",
    [KLEIN_GORDON, SCHROEDINGER, I * conjugate(PSI) * PSI.diff(t) - sympy.re(PSI) ** 3 * sympy.Abs(PSI)],
)
def test_the_real_form_has_the_equations_of_both_parts(density: sympy.Expr) -> None:
    """E_u = E_ψ + E_ψ̄ and E_v = i(E_ψ − E_ψ̄)."""
    theory = Lagrangian(density, (PSI,), TX)
    real = theory.real_form({"psi": ("u", "v")})
    assert not real.density.has(I)
    u, v = real.fields
    assert (u.func.__name__, v.func.__name__) == ("u", "v")
    for ours, theirs in zip(real.euler_lagrange(), euler_in_parts(theory, u, v), strict=True):
        assert is_zero(ours - theirs)


coefficients = st.integers(-2, 2)


@given(
    st.lists(
        st.tuples(coefficients, coefficients, *(st.integers(0, 2) for _ in range(4))), min_size=1, max_size=3
    )
)
@settings(max_examples=25, deadline=None)
def test_real_form_of_random_real_actions(terms: list) -> None:
    density = sympy.S.Zero
    for re, im, *powers in terms:
        factors = (PSI, PSI.diff(t), conjugate(PSI), conjugate(PSI.diff(x)))
        term = (re + I * im) * sympy.Mul(*(f**p for f, p in zip(factors, powers, strict=True)))
        density += term + conjugate(term)
    theory = Lagrangian(density, (PSI, BAR), TX)
    real = theory.real_form()
    for ours, theirs in zip(real.euler_lagrange(), euler_in_parts(theory, *real.fields), strict=True):
        assert sympy.expand(ours - theirs) == 0


def test_an_action_that_is_not_real_has_no_real_form() -> None:
    with pytest.raises(ValueError, match="the action is not real"):
        Lagrangian(I * PSI * BAR, (PSI, BAR), TX).real_form()
    with pytest.raises(ValueError, match="got 'chi', expected a complex field: psi"):
        Lagrangian(PSI * BAR, (PSI, BAR), TX).real_form({"chi": ("u", "v")})
    with pytest.raises(ValueError, match="expected two names"):
        Lagrangian(PSI * BAR, (PSI, BAR), TX).real_form({"psi": "uv"})


def test_equivalence_of_complex_theories() -> None:
    symmetric = Lagrangian(SCHROEDINGER, (PSI,), TX)
    short = I * conjugate(PSI) * PSI.diff(t) - sympy.Abs(PSI.diff(x)) ** 2 / 2 - g * sympy.Abs(PSI) ** 4 / 2
    assert symmetric.is_equivalent(Lagrangian(3 * short, (PSI,), TX))
    assert not symmetric.is_equivalent(Lagrangian(short + PSI * BAR, (PSI, BAR), TX))
    numbers = [Lagrangian(d.subs(g, 0.3), (PSI,), TX) for d in (SCHROEDINGER, short * (1 + 1e-9))]
    assert numbers[0].is_equivalent(numbers[1], tolerance=1e-6)
    assert not numbers[0].is_equivalent(Lagrangian(short.subs(g, 0.31), (PSI,), TX), tolerance=1e-6)


@pytest.mark.parametrize("density", [KLEIN_GORDON, SCHROEDINGER, sympy.exp(I * m * x) * conjugate(PSI)])
def test_text_and_json_are_read_back(density: sympy.Expr) -> None:
    theory = Lagrangian(density, (PSI,), TX)
    names = (("psi", "psi_bar"), ("t", "x"), [p.name for p in theory.parameters])
    assert parse_lagrangian(theory.jet_text(), *names) == theory
    assert Lagrangian.from_json(theory.to_json()) == theory


def test_written_forms() -> None:
    theory = Lagrangian(SCHROEDINGER, (PSI,), TX)
    content = json.loads(theory.to_json())
    assert {"term": "psi_bar*psi_t", "coefficient": "I/2", "stderr": None} in content["terms"]
    assert to_text(I * BAR * PSI.diff(t)) == "I*psi_bar*psi_t"
    assert to_latex(BAR.diff(x) ** 2 * I) == r"i \bar{\psi}_{x}^{2}"
    assert to_latex(sympy.Function("psi_1_bar")(t, x).diff(t)) == r"\bar{\psi}_{1,t}"
    assert '<mover accent="true"><mi>ψ</mi><mo>¯</mo></mover>' in to_mathml(I * BAR)
    assert "<mi>i</mi>" in to_mathml(I * BAR)


def test_the_imaginary_unit_is_read_beside_a_pair_alone() -> None:
    with pytest.raises(ParseError, match="unknown name 'I'"):
        parse_lagrangian("I*psi", ("psi",), ("t", "x"))
    with pytest.raises(ValueError, match="'I' is reserved"):
        parse_lagrangian("psi", ("psi", "psi_bar"), ("t", "x"), ("I",))
    assert parse_lagrangian("I*psi", ("psi",), ("t", "x"), ("I",)).parameters == (sympy.Symbol("I"),)
