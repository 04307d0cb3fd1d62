"""Lattice fields q(n, t) with shifts: variation, currents, rings, text."""

import json

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.core.function import AppliedUndef

from lagrangians import Generator, Lagrangian, ParseError, parse_equation, parse_expression, parse_lagrangian
from lagrangians.euler_lagrange import euler_lagrange_equations
from lagrangians.jets import jet_space
from lagrangians.lattice import LatticeJets
from lagrangians.lattice_noether import lattice_divergence, lattice_noether_current, null_lattice_current
from lagrangians.mathml import to_mathml
from lagrangians.variation import euler_operator, is_null
from lagrangians.zero import is_zero

n, j, t, x = sympy.symbols("n j t x")
Q, P = sympy.Function("q"), sympy.Function("p")
q = Q(n, t)
up, down = Q(n + 1, t), Q(n - 1, t)
TODA = Lagrangian(q.diff(t) ** 2 / 2 - sympy.exp(up - q), (q,), (t,))
FPUT = Lagrangian(
    q.diff(t) ** 2 / 2 - (up - q) ** 2 / 2 - sympy.Symbol("alpha") * (up - q) ** 3 / 3, (q,), (t,)
)
JETS = LatticeJets((t,), (q, P(n, t)))


def test_toda_equation_of_motion() -> None:
    solved = TODA.equations_of_motion()
    assert set(solved) == {q.diff(t, 2)}
    assert is_zero(solved[q.diff(t, 2)] - sympy.exp(up - q) + sympy.exp(q - down))
    assert is_zero(TODA.hamiltonian_density() - q.diff(t) ** 2 / 2 - sympy.exp(up - q))
    assert TODA.momenta() == (q.diff(t),)


NAMES = ["q", "q_t", "q[n+1]", "q_t[n+1]", "q[n-2]", "p", "p_tt[n-1]", "p[n+2]"]
SITES = [*map(sympy.Symbol, NAMES), t, sympy.sin(sympy.Symbol("q[n+1]"))]


def sums_of(factors: list[sympy.Expr]) -> st.SearchStrategy:
    term = st.tuples(st.integers(-3, 3), st.lists(st.sampled_from(factors), min_size=1, max_size=3))
    terms = st.lists(term, min_size=1, max_size=3)
    return terms.map(lambda chosen: sympy.Add(*(k * sympy.Mul(*product) for k, product in chosen)))


@given(sums_of([*SITES, n]), sums_of([*SITES, n]))
@settings(max_examples=30, deadline=None)
def test_divergences_and_differences_of_sites_are_null(along: sympy.Expr, across: sympy.Expr) -> None:
    """E(D_tF + (S − 1)G) = 0."""
    assert is_null(lattice_divergence((along, across), JETS), JETS)


def on_ring(expression: sympy.Expr, site: int, count: int) -> sympy.Expr:
    """q(n + k, t) → q_i(t) with i = site + k modulo count."""
    return expression.xreplace(
        {
            applied: sympy.Function(f"{applied.func.__name__}_{(applied.args[0] - n + site) % count}")(t)
            for applied in expression.atoms(AppliedUndef)
        }
    )


@given(sums_of(SITES))
@settings(max_examples=30, deadline=None)
def test_the_ring_has_the_equations_of_the_chain_at_each_site(density: sympy.Expr) -> None:
    chain = Lagrangian(JETS.to_functions(density), JETS.fields, (t,))
    ring = chain.ring(5)
    assert [f.func.__name__ for f in ring.fields] == [f"{a}_{i}" for a in "qp" for i in range(5)]
    on_sites = [on_ring(equation, site, 5) for equation in chain.euler_lagrange() for site in range(5)]
    for ours, theirs in zip(ring.euler_lagrange(), on_sites, strict=True):
        assert sympy.expand(ours - theirs) == 0


@given(sums_of([*SITES, n]))
@settings(max_examples=30, deadline=None)
def test_the_lagrangian_and_the_general_function_agree(density: sympy.Expr) -> None:
    written = JETS.to_functions(density)
    theory = Lagrangian(written, JETS.fields, (t,))
    assert theory.euler_lagrange() == euler_lagrange_equations(written, JETS.fields, (t,))


def test_explicit_labels_move_with_their_site() -> None:
    """E of n q(n+1): S⁻¹ n = n − 1."""
    assert Lagrangian(n * up, (q,), (t,)).euler_lagrange() == (n - 1,)
    coefficient = sympy.Function("k")
    theory = Lagrangian(-coefficient(n) * (up - q) ** 2 / 2, (q,), (t,))
    expected = coefficient(n) * (up - q) - coefficient(n - 1) * (q - down)
    assert sympy.expand(theory.euler_lagrange()[0] - expected) == 0
    assert theory.ring(2).jet_text().count("k(") == 2


def test_several_labels_fields_and_coordinates() -> None:
    u, a = sympy.Function("u")(n, j, t, x), sympy.Function("a")(n, j, t, x)
    right = sympy.Function("u")(n + 1, j, t, x)
    above = sympy.Function("a")(n, j - 1, t, x)
    density = (u.diff(t) ** 2 + a.diff(t) ** 2 - u.diff(x) ** 2) / 2 - (right - u) ** 2 / 2 - u * above
    theory = Lagrangian(density, (u, a), (t, x))
    left, below = sympy.Function("u")(n - 1, j, t, x), sympy.Function("u")(n, j + 1, t, x)
    assert theory.lattice == (n, j)
    assert theory.euler_lagrange() == (
        sympy.expand(-u.diff(t, 2) + u.diff(x, 2) + right - 2 * u + left - above),
        -a.diff(t, 2) - below,
    )
    assert len(theory.ring((2, 3)).fields) == 12
    assert [f.func.__name__ for f in theory.ring((1, 2)).fields] == ["u_0_0", "u_0_1", "a_0_0", "a_0_1"]
    assert Lagrangian.from_json(theory.to_json()) == theory
    current = theory.noether_current(Generator((1, 0), (0, 0), (t, x), (u, a)))
    assert len(current) == 4
    jets = LatticeJets((t, x), (u, a))
    flow = lattice_divergence([jets.to_jets(part) for part in current], jets)
    E = [jets.to_jets(e) for e in theory.euler_lagrange()]
    u_t, a_t = sympy.symbols("u_t a_t")
    assert is_zero(flow - u_t * E[0] - a_t * E[1])


def conservation_defect(theory: Lagrangian, generator: Generator) -> sympy.Expr:
    """D_tJ^t + (S − 1)J^n + Q·E in functions, by SymPy's own derivatives."""
    along, across = theory.noether_current(generator)
    (Q_,) = generator.characteristic()
    work = Q_ * theory.euler_lagrange()[0]
    return along.diff(t).doit() + across.xreplace({n: n + 1}) - across + work


@pytest.mark.parametrize("theory", [TODA, FPUT])
@pytest.mark.parametrize("xi, eta", [(1, 0), (0, 1), (0, t)])
def test_energy_momentum_and_centre_of_mass_of_a_chain(theory: Lagrangian, xi: int, eta: sympy.Expr) -> None:
    """D_tJ^t + (S − 1)J^n + Q·E ≡ 0."""
    assert is_zero(conservation_defect(theory, Generator((xi,), (eta,), (t,), (q,))))


def test_a_symmetry_up_to_a_difference_of_sites() -> None:
    """q → q + εn changes ½(q(n+1) − q)² by ε(S − 1)q; it is no symmetry of Toda's chain."""
    with pytest.raises(ValueError, match="not a variational symmetry"):
        TODA.noether_current(Generator((0,), (n,), (t,), (q,)))
    harmonic = Lagrangian(q.diff(t) ** 2 / 2 - (up - q) ** 2 / 2, (q,), (t,))
    assert is_zero(conservation_defect(harmonic, Generator((0,), (n,), (t,), (q,))))
    with pytest.raises(ValueError, match="not a variational symmetry"):
        harmonic.noether_current(Generator((0,), (n**2,), (t,), (q,)))


def test_the_coordinates_of_all_sites_move_together() -> None:
    with pytest.raises(ValueError, match="expected a function of the coordinates alone"):
        TODA.noether_current(Generator((n,), (0,), (t,), (q,)))
    with pytest.raises(ValueError, match="expected a function of the coordinates alone"):
        TODA.noether_current(Generator((q,), (0,), (t,), (q,)))


def test_floats_pass_through_the_current() -> None:
    theory = Lagrangian(0.5 * q.diff(t) ** 2 - 0.1 * (up - q) ** 2, (q,), (t,))
    along, _ = theory.noether_current(Generator((0,), (1,), (t,), (q,)))
    assert sympy.expand(along - 1.0 * q.diff(t)) == 0


@given(sums_of([s for s in SITES if s.is_Symbol]), sums_of([s for s in SITES if s.is_Symbol]))
@settings(max_examples=20, deadline=None)
def test_the_current_of_a_null_density_is_found(along: sympy.Expr, across: sympy.Expr) -> None:
    density = sympy.expand(lattice_divergence((along, across), JETS))
    assert is_zero(lattice_divergence(null_lattice_current(density, JETS), JETS) - density)


def test_a_lattice_without_shifts_is_a_current_of_its_coordinates_alone() -> None:
    theory = Lagrangian(q.diff(t) ** 2 / 2 - sympy.cos(q), (q,), (t,))
    energy, across = theory.noether_current(Generator((1,), (0,), (t,), (q,)))
    assert across == 0
    assert sympy.expand(energy + theory.hamiltonian_density()) == 0


def test_discrete_schroedinger() -> None:
    """iψ_t = −(ψ(n+1) + ψ(n−1) − 2ψ) + |ψ|²ψ conserves Σ|ψ|²."""
    F = sympy.Function("psi")
    psi, right = F(n, t), F(n + 1, t)
    density = (
        sympy.I * sympy.conjugate(psi) * psi.diff(t) - sympy.Abs(right - psi) ** 2 - sympy.Abs(psi) ** 4 / 2
    )
    theory = Lagrangian(density, (psi,), (t,))
    bar = sympy.Function("psi_bar")(n, t)
    assert theory.fields == (psi, bar)
    solved = theory.equations_of_motion()[psi.diff(t)]
    expected = -(right + F(n - 1, t) - 2 * psi) + psi**2 * bar
    assert sympy.expand(sympy.I * solved - expected) == 0
    phase = Generator((0,), (sympy.I * psi, -sympy.I * bar), (t,), (psi, bar))
    assert theory.noether_current(phase)[0] == -psi * bar
    assert Lagrangian.from_json(theory.to_json()) == theory
    real = theory.real_form({"psi": ("u", "v")})
    assert real.lattice == (n,)
    assert not real.density.has(sympy.I)


def test_a_kinetic_term_that_couples_sites_is_solved_on_a_ring() -> None:
    coupled = Lagrangian(q.diff(t) ** 2 + q.diff(t) * up.diff(t) / 2 - q**2, (q,), (t,))
    with pytest.raises(ValueError, match=r"couples sites: .*ring\(count\)"):
        coupled.equations_of_motion()
    assert coupled.momenta() == (2 * q.diff(t) + up.diff(t) / 2 + down.diff(t) / 2,)
    ring = coupled.ring(3)
    solved = ring.equations_of_motion()
    for equation in ring.euler_lagrange():
        assert sympy.expand(equation.subs(solved)) == 0
    assert json.loads(coupled.to_json())["equations_of_motion"] == []


def test_what_needs_one_site_names_the_ring() -> None:
    for needs_one_site in (lambda: TODA.jet_density, TODA.energy_momentum_tensor):
        with pytest.raises(ValueError, match=r"Lagrangian.ring\(count\) gives a finite chain"):
            needs_one_site()
    ring = TODA.ring(4)
    assert ring.energy_momentum_tensor()[0, 0] == sympy.expand(ring.hamiltonian_density())
    with pytest.raises(ValueError, match="got no lattice"):
        ring.ring(3)
    for count in (0, (2, 2), -1, (2.0,)):
        with pytest.raises(ValueError, match="expected a positive integer"):
            TODA.ring(count)


def test_equivalence_on_a_lattice() -> None:
    assert TODA.is_equivalent(Lagrangian(3 * q.diff(t) ** 2 / 2 - 3 * sympy.exp(q - down), (q,), (t,)))
    assert not TODA.is_equivalent(Lagrangian(TODA.density + t * up.diff(t), (q,), (t,)))
    null = sympy.sin(up) - sympy.sin(q) + up * up.diff(t)
    assert TODA.is_equivalent(Lagrangian(TODA.density + null, (q,), (t,)))
    assert not TODA.is_equivalent(Lagrangian(q.diff(t) ** 2 / 2 - sympy.exp(2 * (up - q)), (q,), (t,)))
    on_site = Lagrangian(q.diff(t) ** 2 / 2 - q**2, (q,), (t,))
    assert not on_site.is_equivalent(Lagrangian(n * on_site.density, (q,), (t,)))
    learned = Lagrangian(0.5 * q.diff(t) ** 2 - 1.0001 * sympy.exp(up - q), (q,), (t,))
    assert TODA.is_equivalent(learned, tolerance=1e-3)
    assert not TODA.is_equivalent(learned, tolerance=1e-6)


def test_null_terms_on_a_lattice() -> None:
    theory = Lagrangian(TODA.density + q * q.diff(t) + 2, (q,), (t,))
    assert theory.without_null_terms() == Lagrangian(sympy.expand(TODA.density), (q,), (t,))


@given(sums_of([*SITES, n]))
@settings(max_examples=30, deadline=None)
def test_text_and_json_are_read_back(density: sympy.Expr) -> None:
    theory = Lagrangian(JETS.to_functions(density), JETS.fields, (t,))
    assert parse_lagrangian(theory.jet_text(), ("q", "p"), ("t",), lattice=("n",)) == theory
    assert parse_lagrangian(theory.jet_text(), JETS.fields, (t,)) == theory
    assert Lagrangian.from_json(theory.to_json()) == theory


def test_written_forms() -> None:
    assert TODA.jet_text() == "q_t**2/2 - exp(q[n+1] - q)"
    assert TODA.latex() == r"\frac{q_{n,t}^{2}}{2} - e^{q_{n+1} - q_{n}}"
    content = json.loads(TODA.to_json())
    assert content["lattice"] == ["n"]
    (text,) = content["equations_of_motion"]
    left, right = parse_equation(text, ("q",), ("t",), lattice=("n",))
    assert left == q.diff(t, 2)
    assert is_zero(right - sympy.exp(up - q) + sympy.exp(q - down))
    assert "lattice" not in json.loads(TODA.ring(2).to_json())
    assert "<mi>n</mi><mo>+</mo><mn>1</mn>" in to_mathml(up.diff(t))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("u[i+1,j-2]", (1, -2)),
        ("u[ i + 1 ]", (1, 0)),
        ("u[j-1]", (0, -1)),
        ("u[i,j]", (0, 0)),
        ("u_t[i-100]", (-100, 0)),
    ],
)
def test_sites_are_read(text: str, expected: tuple[int, int]) -> None:
    i = sympy.Symbol("i")
    site = sympy.Function("u")(i + expected[0], j + expected[1], t)
    meant = site.diff(t) if text.startswith("u_t") else site
    assert parse_expression(text, ("u",), ("t",), lattice=("i", "j")) == meant


@pytest.mark.parametrize(
    "text, message, position",
    [
        ("u[k+1]", r"expected a lattice label \(i, j\)", 2),
        ("u[1]", "expected a lattice label", 2),
        ("u[]", "expected a lattice label", 2),
        ("u[i+1,i+1]", r"expected a lattice label \(j\)", 6),
        ("u[i+101]", "by more than 100 sites", 4),
        ("u[i+" + "9" * 41 + "]", "by more than 100 sites", 4),
        ("u[i+1.5]", "whole number of sites", 4),
        ("u[i+j]", "whole number of sites", 4),
        ("u[i*2]", r"expected '\]', got '\*'", 3),
        ("u[i+1", r"expected '\]', got the end", 5),
        ("t[i+1]", r"unexpected '\['", 1),
        ("u[i+1][j]", r"unexpected '\['", 6),
        ("sin[u]", "needs an argument in parentheses", 0),
        ("[u]", r"expected a number, a name or '\(', got '\['", 0),
        ("u, u", "unexpected ','", 1),
    ],
)
def test_other_brackets_are_refused(text: str, message: str, position: int) -> None:
    with pytest.raises(ParseError, match=message) as caught:
        parse_expression(text, ("u",), ("t",), lattice=("i", "j"))
    assert caught.value.position == position


@pytest.mark.parametrize(
    "fields, density, message",
    [
        ((q,), Q(2 * n, t), "copies at sites such as n [+] 1"),
        ((q,), Q(n, t + 1), "copies at sites such as n [+] 1"),
        ((q,), Q(0, t), "copies at sites such as n [+] 1"),
        ((q,), sympy.Derivative(q, n), r"expected derivatives along \(t\) only"),
        ((q, sympy.Function("A")(t)), up * sympy.Function("A")(t), "a lattice field at another site"),
        ((sympy.Function("q")(sympy.Symbol("q"), t),), t, "has the name of a coordinate or a field"),
    ],
)
def test_what_is_no_lattice_theory(fields: tuple, density: sympy.Expr, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Lagrangian(density, fields, (t,))


def test_a_field_at_another_point_is_no_field() -> None:
    phi = sympy.Function("phi")
    with pytest.raises(ValueError, match="expected the field as declared"):
        Lagrangian(phi(t, x) * phi(t, x + 1), (phi(t, x),), (t, x))


def test_to_functions_is_the_inverse_of_to_jets() -> None:
    for name in NAMES:
        symbol = sympy.Symbol(name)
        assert JETS.to_jets(JETS.to_functions(symbol)) == symbol
    assert JETS.shifted(sympy.Symbol("q_t[n-1]") + n, (1,)) == sympy.Symbol("q_t") + n + 1
    assert JETS.locate(sympy.Symbol("q[m+1]")) is None
    assert JETS.locate(sympy.Symbol("q[n]")) is None
    assert jet_space(("q",), ("t",), ("n",)).fields == (q,)
    assert euler_operator(sympy.Symbol("q[n+1]") * sympy.Symbol("p"), JETS) == (
        sympy.Symbol("p[n-1]"),
        sympy.Symbol("q[n+1]"),
    )


def test_the_identity_is_verified_before_a_current_is_returned() -> None:
    jets = LatticeJets((t,), (q,))
    with pytest.raises(ValueError, match="not a variational symmetry"):
        lattice_noether_current(sympy.Symbol("q_t") ** 2 * t, [sympy.S.One], [sympy.S.Zero], jets)
