"""Noether currents: the identity ∂_αJ^α + Q·E ≡ 0, and refusals."""

import re

import pytest
import sympy

from lagrangians import Generator, Lagrangian, catalogue, parse_lagrangian
from lagrangians.jets import jet_space
from lagrangians.noether import conserved_current
from lagrangians.variation import is_null
from lagrangians.zero import is_zero

TX = ("t", "x")
SCHROEDINGER = "1/2*(v*u_t - u*v_t) - 1/2*(u_x**2 + v_x**2) + 1/4*(u**2 + v**2)**2"


def generator(theory: Lagrangian, xi: tuple, eta: tuple) -> Generator:
    return Generator(xi, eta, theory.coordinates, theory.fields)


def defect(theory: Lagrangian, X: Generator) -> sympy.Expr:
    """∂_αJ^α + Q^aE_a, computed apart from the package's own verification."""
    current = theory.noether_current(X)
    flow = sum(part.diff(x).doit() for part, x in zip(current, theory.coordinates, strict=True))
    work = sum(q * e for q, e in zip(X.characteristic(), theory.euler_lagrange(), strict=True))
    return theory.jets.to_jets(sympy.expand(flow + work))


def test_energy_momentum_and_boost_of_sine_gordon() -> None:
    theory = catalogue.sine_gordon("c", "m")
    t, x = theory.coordinates
    c = sympy.Symbol("c")
    for xi in ((1, 0), (0, 1), (x, c**2 * t)):
        assert is_zero(defect(theory, generator(theory, xi, (0,))))
    energy = theory.noether_current(generator(theory, (1, 0), (0,)))[0]
    assert sympy.expand(energy + theory.hamiltonian_density()) == 0


def test_translation_current_is_minus_the_energy_momentum_tensor() -> None:
    theory = catalogue.phi4(g="g", v="v", dimension=2)
    tensor = theory.energy_momentum_tensor()
    for beta in range(3):
        xi = tuple(int(i == beta) for i in range(3))
        current = theory.noether_current(generator(theory, xi, (0,)))
        for alpha in range(3):
            assert sympy.expand(current[alpha] + tensor[alpha, beta]) == 0


def test_divergence_part_is_found() -> None:
    """Galilei boost of the free particle: K = q, J = t q_t − q."""
    theory = parse_lagrangian("1/2*q_t**2", ("q",), ("t",))
    (t,), (q,) = theory.coordinates, theory.fields
    assert theory.noether_current(generator(theory, (0,), (t,))) == (t * q.diff(t) - q,)


def test_schroedinger_charge_and_galilei_boost() -> None:
    """iψ_t + ψ_xx + |ψ|²ψ = 0 for ψ = u + iv; the boost is δψ = ixψ − 2tψ_x, and −ixψ is refused."""
    theory = parse_lagrangian(SCHROEDINGER, ("u", "v"), TX)
    (t, x), (u, v) = theory.coordinates, theory.fields
    charge = generator(theory, (0, 0), (v, -u))
    assert is_zero(defect(theory, charge))
    assert sympy.expand(theory.noether_current(charge)[0] - (u**2 + v**2) / 2) == 0
    boost = generator(theory, (0, 2 * t), (-x * v, x * u))
    assert is_zero(defect(theory, boost))
    with pytest.raises(ValueError, match="not a variational symmetry"):
        theory.noether_current(generator(theory, (0, 2 * t), (x * v, -x * u)))


def test_second_order_density() -> None:
    theory = parse_lagrangian("1/2*u_t*u_x + u_x**3 - 1/2*u_xx**2", ("u",), TX)
    t, x = theory.coordinates
    for xi, eta in (((1, 0), 0), ((0, 1), 0), ((0, 0), 1), ((0, 6 * t), x)):
        assert is_zero(defect(theory, generator(theory, xi, (eta,))))


def test_float_coefficients_do_not_break_the_verification() -> None:
    a, b = 1.4399871, 0.0316227766
    theory = parse_lagrangian(f"0.5*u_t**2 - {a / 2!r}*u_x**2 + {b!r}*cos(u)", ("u",), TX)
    t, x = theory.coordinates
    current = theory.noether_current(generator(theory, (x, a * t), (0,)))
    assert any(part.atoms(sympy.Float) for part in current)
    with pytest.raises(ValueError, match="not a variational symmetry"):
        theory.noether_current(generator(theory, (x, (a + 1e-4) * t), (0,)))


@pytest.mark.parametrize(
    "xi, eta",
    [(("x", "-t"), "0"), (("0", "0"), "1"), (("t", "x"), "0"), (("0", "0"), "phi"), (("x**2", "t"), "0")],
)
def test_what_is_no_symmetry_is_refused(xi: tuple, eta: str) -> None:
    theory = catalogue.sine_gordon()
    names = {"t": theory.coordinates[0], "x": theory.coordinates[1], "phi": theory.fields[0]}
    parts = [sympy.sympify(text, locals=names) for text in (*xi, eta)]
    with pytest.raises(ValueError, match="not a variational symmetry"):
        theory.noether_current(generator(theory, tuple(parts[:2]), (parts[2],)))


def test_a_broken_symmetry_is_refused() -> None:
    theory = parse_lagrangian("1/2*u_t**2 - 1/2*u_x**2 - x*u**2", ("u",), TX)
    assert is_zero(defect(theory, generator(theory, (1, 0), (0,))))
    with pytest.raises(ValueError, match="not a variational symmetry"):
        theory.noether_current(generator(theory, (0, 1), (0,)))


def test_a_generator_of_another_theory_is_refused() -> None:
    theory, other = catalogue.sine_gordon(), catalogue.sine_gordon(dimension=2)
    with pytest.raises(ValueError, match="expected one on"):
        theory.noether_current(generator(other, (1, 0, 0), (0,)))


def evolutionary_defect(theory: Lagrangian, Q: tuple[str, ...]) -> tuple[sympy.Expr, tuple[sympy.Expr, ...]]:
    names = {s: sympy.Symbol(s) for s in re.findall(r"[a-z]+_?[a-z]*", " ".join(Q))}
    plain = [sympy.sympify(q, locals=names) for q in Q]
    current = conserved_current(theory, [theory.jets.to_functions(q) for q in plain])
    flow = sum(part.diff(x).doit() for part, x in zip(current, theory.coordinates, strict=True))
    work = sum(q * e for q, e in zip(plain, map(theory.jets.to_jets, theory.euler_lagrange()), strict=True))
    return sympy.expand(theory.jets.to_jets(flow) + work), current


LIGHT_CONE_SINE_GORDON = "1/2*u_t*u_x - cos(u)"  # u_tx = sin u
POTENTIAL_KDV = "1/2*w_t*w_x + w_x**3 - 1/2*w_xx**2"  # u_t + 6uu_x + u_xxx = 0 for u = w_x


@pytest.mark.parametrize(
    "text, fields, Q",
    [
        (LIGHT_CONE_SINE_GORDON, ("u",), ("u_xxx + u_x**3/2",)),
        (LIGHT_CONE_SINE_GORDON, ("u",), ("u_ttt + u_t**3/2",)),
        (POTENTIAL_KDV, ("w",), ("w_xxxxx + 10*w_x*w_xxx + 5*w_xx**2 + 10*w_x**3",)),
        ("1/2*u_t**2 - 1/2*u_x**2", ("u",), ("u_xxx",)),
        (SCHROEDINGER, ("u", "v"), ("v", "-u")),
    ],
)
def test_generalised_symmetries_have_currents(text: str, fields: tuple, Q: tuple) -> None:
    """∂_αJ^α + Q^aE_a ≡ 0 for characteristics with derivatives of any order."""
    defect, _ = evolutionary_defect(parse_lagrangian(text, fields, TX), Q)
    assert is_zero(defect)


def test_the_next_charge_of_sine_gordon_is_its_textbook_one() -> None:
    """u_x⁴/8 − u_xx²/2 up to a divergence (Olver, example 5.12)."""
    theory = parse_lagrangian(LIGHT_CONE_SINE_GORDON, ("u",), TX)
    _, current = evolutionary_defect(theory, ("u_xxx + u_x**3/2",))
    u_x, u_xx = sympy.symbols("u_x u_xx")
    difference = theory.jets.to_jets(current[0]) - (u_x**4 / 8 - u_xx**2 / 2)
    line = jet_space(("u",), ("x",))
    assert is_null(difference, line)


@pytest.mark.parametrize("Q", [("u_xxx + u_x**3",), ("u_xxx",), ("u",), ("u_x**2",)])
def test_other_characteristics_are_refused(Q: tuple) -> None:
    with pytest.raises(ValueError, match="not a variational symmetry"):
        evolutionary_defect(parse_lagrangian(LIGHT_CONE_SINE_GORDON, ("u",), TX), Q)


def test_a_characteristic_needs_one_component_a_field() -> None:
    theory = parse_lagrangian(SCHROEDINGER, ("u", "v"), TX)
    with pytest.raises(ValueError, match="got 1 components Q, expected 2"):
        conserved_current(theory, theory.fields[0])


@pytest.mark.parametrize(
    "text, fields, coordinates, xi, eta",
    [
        ("1/2*u_t**2 + 1/2*u_x**2 + 1/3*u_x**3 - 1/2*u_xx**2", ("u",), TX, ("0", "0"), ("t",)),
        ("1/2*u_t**2 - 1/2*u_xx**2", ("u",), TX, ("4*t", "2*x"), ("u",)),
        ("1/2*u_t**2 - 1/2*u_xx**2", ("u",), TX, ("0", "0"), ("t*x",)),
        ("1/2*q_tt**2 - 1/2*(a + b)*q_t**2 + 1/2*a*b*q**2", ("q",), ("t",), ("1",), ("0",)),
        ("1/2*u_t**2/u**2 - 1/2*u_x**2/u**2", ("u",), TX, ("t", "x"), ("3*u",)),
        ("sqrt(1 + q_t**2)", ("q",), ("t",), ("-q",), ("t",)),
        ("1/2*(q_t**2 + p_t**2) + 1/sqrt(q**2 + p**2)", ("q", "p"), ("t",), ("0",), ("p", "-q")),
        ("1/2*exp(3*t)*(q_t**2 - q**2)", ("q",), ("t",), ("1",), ("-3*q/2",)),
        ("u*u_tx**2/2 - exp(u)", ("u",), TX, ("t", "-x"), ("0",)),
        ("1/2*u_t*u_x + exp(u)", ("u",), TX, ("0", "x**2"), ("-2*x",)),
    ],
)  # fmt: skip
def test_currents_of_any_order(text: str, fields: tuple, coordinates: tuple, xi: tuple, eta: tuple) -> None:
    """Boussinesq, beam, Pais–Uhlenbeck, ξ depending on the field, explicit time, conformal Liouville."""
    names = {"a": sympy.Symbol("a"), "b": sympy.Symbol("b")}
    theory = parse_lagrangian(
        text, fields, coordinates, tuple(n for n in names if f"{n}" in re.findall(r"\w+", text))
    )
    names |= {x.name: x for x in theory.coordinates} | dict(
        zip(theory.jets.field_names, theory.fields, strict=True)
    )
    X = generator(theory, *(tuple(sympy.sympify(e, locals=names) for e in part) for part in (xi, eta)))
    assert is_zero(defect(theory, X))
    assert any(part != 0 for part in theory.noether_current(X))
