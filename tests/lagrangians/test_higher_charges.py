"""The higher charges of Sine-Gordon: exact conservation on solutions, parity, and what breaks them."""

import mpmath
import pytest
import sympy

from lagrangians import catalogue
from lagrangians.higher_charges import light_cone_current, sine_gordon_charges
from lagrangians.jets import jet_space
from lagrangians.symmetries.solved_form import solved_form
from lagrangians.variation import divergence, euler_operator
from lagrangians.zero import is_zero

PHI, ONE, TWO, THREE = sympy.symbols("phi phi_1 phi_2 phi_3")
CHARGES = sine_gordon_charges("c", "m", (1, 3, 5))


def on_solutions(lagrangian, current):
    """∂_αJ^α with the field equation used."""
    jets = lagrangian.jets
    form = solved_form([jets.to_jets(e) for e in lagrangian.euler_lagrange()], jets)
    return form.on_solutions(divergence([jets.to_jets(part) for part in current], jets))


@pytest.mark.parametrize("charge", CHARGES, ids=lambda charge: charge.name)
def test_conserved_on_solutions_and_only_for_sine_gordon(charge):
    """∂_tJ^t + ∂_xJ^x = 0, exactly, with symbolic c and m; not for a perturbed potential."""
    assert is_zero(on_solutions(catalogue.sine_gordon("c", "m"), charge.current))
    assert not is_zero(on_solutions(catalogue.double_sine_gordon("c", "m", "mu"), charge.current))
    assert not is_zero(on_solutions(catalogue.phi4("c", "g", "v"), charge.current))


def test_spin_one_is_energy_and_momentum():
    theory = catalogue.sine_gordon("c", "m")
    (phi,), (t, x), c = theory.fields, theory.coordinates, sympy.Symbol("c")
    momentum = -phi.diff(t) * phi.diff(x)
    right, left = (charge.density for charge in CHARGES[:2])
    assert [charge.spin for charge in CHARGES[:2]] == [1, -1]
    assert is_zero(right + left - theory.hamiltonian_density())
    assert is_zero(right - left - c * momentum)


@pytest.mark.parametrize("charge, mirror", zip(CHARGES[::2], CHARGES[1::2], strict=True))
def test_opposite_spins_are_mirror_images(charge, mirror):
    """x → −x turns J^t into that of the opposite spin, and J^x into minus it."""
    jets = catalogue.sine_gordon("c", "m").jets
    for one, other, sign in zip(charge.current, mirror.current, (1, -1), strict=True):
        plain = jets.to_jets(one)
        flipped = {s: (-1) ** index[1] * s for s, (_, index) in jets.jets_in(plain).items()}
        assert is_zero(plain.xreplace(flipped) - sign * jets.to_jets(other))


def test_the_first_polynomials():
    """The densities of the modified Korteweg–de Vries hierarchy, u = φ_ξ (Wadati, Sanuki & Konno 1975)."""
    assert light_cone_current(1) == (ONE**2 / 2, 1 - sympy.cos(PHI))
    assert light_cone_current(3) == (TWO**2 / 2 - ONE**4 / 8, ONE**2 * sympy.cos(PHI) / 2)
    density = THREE**2 / 2 - 5 * ONE**2 * TWO**2 / 4 + ONE**6 / 16
    assert sympy.expand(light_cone_current(5)[0] - density) == 0


@pytest.mark.parametrize("spin", [3, 5, 7])
def test_densities_are_no_divergences_and_vanish_in_the_vacuum(spin):
    density, flux = light_cone_current(spin)
    vacuum = dict.fromkeys((density + flux).free_symbols, 0)
    assert density.subs(vacuum) == 0
    assert flux.subs(vacuum) == 0
    function = sympy.Function("u")
    xi = sympy.Symbol("xi")
    jets = jet_space((function(xi),), (xi,))
    rule = {sympy.Symbol(f"phi_{k}"): function(xi).diff(xi, k) for k in range(1, spin + 1)}
    assert not is_zero(euler_operator(jets.to_jets(density.subs(rule)), jets)[0])


@pytest.mark.parametrize("spin", [0, 2, -3, 1.0])
def test_other_spins_are_refused(spin):
    with pytest.raises(ValueError, match="expected an odd positive number"):
        light_cone_current(spin)


def test_kink_values():
    """∫T_s dξ = (−1)^{(s−1)/2} (4/s) a^s on the kink φ = 4 arctan e^{aξ + η/a}, for a = 1 and 2."""
    xi = sympy.Symbol("xi", real=True)
    for spin in (1, 3, 5):
        for a in (1, 2):
            kink = 4 * sympy.atan(sympy.exp(a * xi))
            rule = {sympy.Symbol(f"phi_{k}"): kink.diff(xi, k) for k in range(1, spin + 1)}
            density = sympy.lambdify(xi, light_cone_current(spin)[0].subs(rule), "mpmath")
            value = mpmath.quad(density, [-20, -2, 0, 2, 20])
            assert float(value) == pytest.approx((-1) ** ((spin - 1) // 2) * 4 / spin * a**spin, rel=1e-9)
