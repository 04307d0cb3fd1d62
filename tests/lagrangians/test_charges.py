"""Conserved charges: found, not typed; each with its proved current."""

from collections.abc import Callable

import pytest
import sympy

from lagrangians import Lagrangian, catalogue, parse_lagrangian
from lagrangians.canonical import canonical_form
from lagrangians.charges import (
    ConservedCharge,
    angular_momentum,
    boost_charges,
    conserved_charges,
    inverse_square_speeds,
)
from lagrangians.energy_momentum import symmetric_energy_momentum_tensor
from lagrangians.hamiltonian import hamiltonian
from lagrangians.light_cone import light_cone
from lagrangians.noether import conserved_current
from lagrangians.zero import is_zero

TX = ("t", "x")
t, x, y, c = sympy.symbols("t x y c")


def parse(text: str, fields: tuple = ("u",), coordinates: tuple = TX, parameters: tuple = ()) -> Lagrangian:
    return parse_lagrangian(text, fields, coordinates, parameters)


def maxwell(dimension: int) -> tuple[Lagrangian, tuple[str, ...]]:
    """−¼F² of a potential A_t, A_x, …, signature (+, −, −, −)."""
    names = sympy.symbols("t x y z")[: dimension + 1]
    A = [sympy.Function(f"A_{z}")(*names) for z in names]
    sign = [1] + [-1] * dimension
    pairs = [(i, j) for i in range(dimension + 1) for j in range(i)]
    density = sum(-sign[i] * sign[j] * (A[j].diff(names[i]) - A[i].diff(names[j])) ** 2 / 2 for i, j in pairs)
    return Lagrangian(sympy.expand(density), tuple(A), names), tuple(a.func.__name__ for a in A)


psi, bar = (sympy.Function(name)(t, x) for name in ("psi", "psi_bar"))
SCHROEDINGER = Lagrangian(
    sympy.I / 2 * (bar * psi.diff(t) - psi * bar.diff(t)) - psi.diff(x) * bar.diff(x) / 2 + (psi * bar) ** 2,
    (psi, bar),
    (t, x),
)
COMPLEX = Lagrangian(
    psi.diff(t) * bar.diff(t) - c**2 * psi.diff(x) * bar.diff(x) - (psi * bar) ** 2, (psi, bar), (t, x)
)
KURAMOTO = catalogue.kuramoto_inertial([[0, 1, 0], [1, 0, 2], [0, 2, 0]], [1, 2, 3], [1, 2, 3])
CASES = {
    "sine-gordon": (catalogue.sine_gordon("c", "m"), "energy momentum_x boost_x"),
    "phi4 in the plane": (
        catalogue.phi4(dimension=2),
        "energy momentum_x momentum_y angular_momentum_xy boost_x boost_y",
    ),
    "two speeds": (
        parse("1/2*u_t**2 - 1/2*u_x**2 - 2*u_y**2 - u**4", coordinates=("t", "x", "y")),
        "energy momentum_x momentum_y boost_x boost_y",
    ),
    "schroedinger": (SCHROEDINGER, "energy momentum_x galilei_boost_x U(1)"),
    "real schroedinger": (
        parse("1/2*(v*u_t - u*v_t) - 1/2*u_x**2 - 1/2*v_x**2 + (u**2 + v**2)**2", ("u", "v")),
        "energy momentum_x galilei_boost_x rotation_u_v",
    ),
    "complex": (COMPLEX, "energy momentum_x boost_x U(1)"),
    "potential KdV": (
        parse("1/2*w_t*w_x + w_x**3 - 1/2*w_xx**2", ("w",)),
        "energy momentum_x galilei_boost_x shift_w",
    ),
    "kepler": (
        parse("1/2*q_t**2 + 1/2*p_t**2 + 1/sqrt(q**2 + p**2)", ("q", "p"), ("t",)),
        "energy rotation_q_p",
    ),
    "free particle": (parse("1/2*q_t**2", ("q",), ("t",)), "energy shift_q galilei_boost_q dilation"),
    "kuramoto": (KURAMOTO, "energy shift galilei_boost"),
    "inhomogeneous": (parse("1/2*u_t**2 - 1/2*(1 + x**2)*u_x**2 - u**4"), "energy"),
    "driven": (parse("1/2*u_t**2 - 1/2*u_x**2 + cos(t)*cos(u)"), "momentum_x"),
    "none": (parse("1/2*exp(t)*u_t**2 - 1/2*u_x**2 - x*u**4"), ""),
    "massless phi4": (
        parse("1/2*u_t**2 - 1/2*u_x**2 - 1/2*u_y**2 - 1/2*u_z**2 - u**4", coordinates=("t", "x", "y", "z")),
        "energy momentum_x momentum_y momentum_z angular_momentum_xy angular_momentum_xz angular_momentum_yz "
        "boost_x boost_y boost_z dilation",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_charges_of_a_theory(name: str) -> None:
    """Exactly these names, each with ∂_αJ^α + Q^aE_a ≡ 0."""
    theory, names = CASES[name]
    charges = conserved_charges(theory)
    assert [charge.name for charge in charges] == names.split()
    for charge in charges:
        flow = sum(part.diff(z).doit() for part, z in zip(charge.current, theory.coordinates, strict=True))
        pairs = zip(charge.generator.characteristic(), theory.euler_lagrange(), strict=True)
        assert is_zero(theory.jets.to_jets(flow + sum(q * e for q, e in pairs)))
        assert charge.current == (charge.density, *charge.flux)


def test_energy_is_the_hamiltonian_density_and_momentum_that_of_the_tensor() -> None:
    theory = catalogue.phi4(dimension=2)
    charges = {charge.name: charge for charge in conserved_charges(theory)}
    assert sympy.expand(charges["energy"].density - theory.hamiltonian_density()) == 0
    tensor = theory.energy_momentum_tensor()
    momentum = [sympy.expand(charges[f"momentum_{z}"].density) for z in "xy"]
    assert momentum == [sympy.expand(-tensor[0, 1]), sympy.expand(-tensor[0, 2])]
    spin = charges["angular_momentum_xy"].density
    assert sympy.expand(spin - (x * momentum[1] - y * momentum[0])) == 0
    boost = charges["boost_x"].density - (t * momentum[0] - x * charges["energy"].density)
    assert sympy.expand(boost) == 0


def test_the_speed_of_light_is_found() -> None:
    assert inverse_square_speeds(catalogue.sine_gordon("c", "m")) == (c**-2,)
    anisotropic, _ = CASES["two speeds"]
    assert inverse_square_speeds(anisotropic) == (1, sympy.Rational(1, 4))
    (boost,) = boost_charges(catalogue.sine_gordon("c", "m"))
    assert boost.generator.xi == (x / c**2, t)
    with pytest.raises(ValueError, match="no Lorentz boost along x"):
        inverse_square_speeds(SCHROEDINGER)
    with pytest.raises(ValueError, match="no Lorentz boost along any coordinate"):
        inverse_square_speeds(KURAMOTO)


def test_learned_coefficients() -> None:
    charges = conserved_charges(parse("0.5*u_t**2 - 0.7*u_x**2 + 0.31*cos(u)"))
    assert [charge.name for charge in charges] == ["energy", "momentum_x", "boost_x"]
    assert float(charges[2].generator.xi[0] / x) == pytest.approx(1 / 1.4)


def test_covectors_turn_with_space() -> None:
    """Maxwell's theory has rotations and boosts for a covector, none for three scalars."""
    theory, A = maxwell(2)
    names = [charge.name for charge in conserved_charges(theory, covectors=[A])]
    expected = "energy momentum_x momentum_y angular_momentum_xy boost_x boost_y dilation"
    assert names == expected.split()
    assert angular_momentum(theory) == ()
    assert boost_charges(theory) == ()
    assert [charge.name for charge in angular_momentum(theory, covectors=[A])] == ["angular_momentum_xy"]


def test_what_is_no_covector_is_refused() -> None:
    theory, _ = maxwell(1)
    for names in (("A_t",), ("A_t", "A_t"), ("A_t", "B")):
        with pytest.raises(ValueError, match="expected 2 distinct fields"):
            conserved_charges(theory, covectors=[names])


def test_two_complex_fields_have_one_phase_each_or_one_in_common() -> None:
    fields = [sympy.Function(name)(t, x) for name in ("a", "a_bar", "b", "b_bar")]
    a, a_bar, b, b_bar = fields
    free = sum(f.diff(t) * g.diff(t) - f.diff(x) * g.diff(x) for f, g in ((a, a_bar), (b, b_bar)))
    alone = Lagrangian(free - (a * a_bar) ** 2 - b * b_bar, fields, (t, x))
    coupled = Lagrangian(alone.density - (a**2 * b_bar + a_bar**2 * b), fields, (t, x))
    assert [q.name for q in conserved_charges(alone) if "U(1)" in q.name] == ["U(1)_a", "U(1)_b"]
    (phase,) = [q for q in conserved_charges(coupled) if "U(1)" in q.name]
    ratio = phase.generator.eta[2] / b / (phase.generator.eta[0] / a)
    assert phase.name == "U(1)"
    assert sympy.simplify(ratio) == 2


def toda() -> Lagrangian:
    n = sympy.Symbol("n")
    q = sympy.Function("q")
    density = q(n, t).diff(t) ** 2 / 2 - sympy.exp(q(n, t) - q(n + 1, t)) + q(n, t) - q(n + 1, t)
    return Lagrangian(density, (q(n, t),), (t,))


def test_a_lattice_has_energy_and_momentum() -> None:
    """The currents have a component along t and one along n; a ring has the same charges."""
    charges = conserved_charges(toda())
    assert [charge.name for charge in charges] == ["energy", "shift_q", "galilei_boost_q"]
    assert all(len(charge.current) == 2 for charge in charges)
    ring = [charge.name for charge in conserved_charges(toda().ring(3))]
    assert ring == ["energy", "shift", "galilei_boost"]
    pinned = Lagrangian(toda().density - toda().fields[0] ** 4, toda().fields, (t,))
    assert [charge.name for charge in conserved_charges(pinned)] == ["energy"]


@pytest.mark.parametrize(
    "function",
    [
        canonical_form,
        hamiltonian,
        symmetric_energy_momentum_tensor,
        light_cone,
        lambda theory: conserved_current(theory, 1),
    ],
)
def test_what_does_not_support_lattices_says_so(function: Callable) -> None:
    with pytest.raises(ValueError, match=r"ring\(count\)"):
        function(toda())


def test_many_oscillators_are_screened_first() -> None:
    """Six oscillators in a central potential have 15 rotations, two unlike threes 3 + 3, a chain none; where
    the last one of the chain is free, it rotates with the centre of mass of the others.
    """
    names = [f"q_{i}" for i in range(6)]
    kinetic = " + ".join(f"1/2*{q}_t**2" for q in names)

    def rotations(potential: str) -> list[ConservedCharge]:
        theory = parse_lagrangian(f"{kinetic} - {potential}", names, ("t",))
        return [charge for charge in conserved_charges(theory) if charge.name.startswith("rotation")]

    assert len(rotations("(" + " + ".join(f"{q}**2" for q in names) + ")**2")) == 15
    assert len(rotations("(q_0**2 + q_1**2 + q_2**2)**2 - 2*(q_3**2 + q_4**2 + q_5**2)")) == 6
    chain = "cos(q_0 - q_1) - cos(q_1 - q_2) - cos(q_2 - q_3) - cos(q_3 - q_4)"
    assert rotations(chain + " - cos(q_4 - q_5)") == []
    (free,) = rotations(chain)
    last = free.generator.fields[5]
    assert free.name == "rotation"
    assert set(free.generator.eta[:5]) in ({last}, {-last})
