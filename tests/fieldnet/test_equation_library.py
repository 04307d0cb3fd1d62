"""Density terms, their atoms, default libraries, and functions of noisy fields."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldnet.equations.atoms import Atom
from fieldnet.equations.euler_map import atoms_of, euler_atoms, euler_matrix
from fieldnet.equations.functions import Quasipolynomial, SmoothFunction, field_function, noise_covariance
from fieldnet.equations.library import FEATURES, density_library, equation_atoms
from fieldnet.equations.library_text import parse_library, require_finite
from fieldnet.equations.potential_form import potential_form
from lagrangians import ParseError, euler_lagrange_equations
from lagrangians.jets import jet_space
from lagrangians.variation import euler_operator, total_derivatives
from lagrangians.zero import is_zero

ONE = jet_space(("phi",), ("t", "x"))
TWO = jet_space(("u", "v"), ("t", "x"))
PHI, CHI = sympy.symbols("phi chi")


def plain(text: str) -> sympy.Expr:
    return sympy.sympify(text)


def texts(term: str, jets) -> list[dict[str, float]]:
    return [
        {atom.text(jets.coordinate_names): c for atom, c in equation.items()}
        for equation in euler_atoms(plain(term), jets)
    ]


def written_out(coefficients, jets) -> sympy.Expr:
    return sympy.Add(*(c * total_derivatives(a.function, a.derivative, jets) for a, c in coefficients))


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("phi_t**2/2", {"phi_tt": -1}),
        ("phi_t*phi_x", {"phi_tx": -2}),
        ("phi_xx**2", {"phi_xxxx": 2}),
        ("cos(phi)", {"sin(phi)": -1}),
        ("sin(phi)*cos(phi)", {"cos(2*phi)": 1}),
        ("cosh(2*phi)", {"exp(2*phi)": 1, "exp(-2*phi)": -1}),
        ("phi", {"1": 1}),
        ("phi_x**3", {"(phi_x**2)_x": -3}),
        ("phi*phi_x**2", {"(phi**2)_xx": -1, "phi_x**2": 1}),
        ("cos(phi)*phi_x**2", {"(sin(phi))_xx": -2, "phi_x**2*sin(phi)": -1}),
        ("phi**2.0", {"phi": 2}),
        ("phi_x**2*phi_xx", {}),
    ],
)
def test_derivatives_stand_in_front_of_the_atoms(term, expected):
    assert texts(term, ONE) == [expected]


def test_first_order_in_time():
    assert texts("u*v_t - v*u_t", TWO) == [{"v_t": 2}, {"u_t": -2}]


def test_a_phase_is_taken_out_of_a_sine():
    """sin(φ + 1) is no function of its own beside sin φ and cos φ."""
    (equation,) = euler_atoms(sympy.cos(PHI + 1), ONE)
    numbers = {str(atom.function): float(c) for atom, c in equation.items()}
    assert numbers == pytest.approx({"sin(phi)": -np.cos(1), "cos(phi)": -np.sin(1)})


JETS = ["u", "v", "u_t", "u_x", "v_t", "v_x", "u_xx", "v_tx"]
FACTORS = [*JETS, "sin(u)", "cos(2*v)", "sin(u - v)", "exp(-u)", "cosh(v)", "u**2", "v_x**2"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.sampled_from(FACTORS), min_size=1, max_size=3), min_size=1, max_size=2))
def test_atoms_make_the_euler_lagrange_expressions(factors):
    """Σ_k P[a, n, k] atom_k = E_a(T_n), for random terms; with one number changed it is not."""
    terms = [sympy.Mul(*(plain(f) for f in several)) for several in factors]
    atoms, matrix = euler_matrix(terms, TWO)
    for n, term in enumerate(terms):
        for a, expected in enumerate(euler_operator(term, TWO)):
            row = [sympy.nsimplify(c, rational=True) for c in matrix[a, n]]
            difference = written_out(zip(atoms, row, strict=True), TWO) - expected
            assert is_zero(sympy.expand(difference.rewrite(sympy.exp)))
            if atoms:
                wrong = difference + written_out([(atoms[0], sympy.Rational(1, 100))], TWO)
                assert not is_zero(sympy.expand(wrong.rewrite(sympy.exp)))


def test_atoms_as_expressions_are_the_equations_of_sympy():
    term = plain("u**2*v_x**2 + cos(u - v) + u_t*v_t*v")
    equations = euler_lagrange_equations(TWO.to_functions(term), TWO.fields, TWO.coordinates)
    for mine, expected in zip(euler_atoms(term, TWO), equations, strict=True):
        total = sympy.Add(*(c * atom.expression(TWO) for atom, c in mine.items()))
        assert is_zero(sympy.expand(TWO.to_jets(total.doit() - expected)))


def test_relations_between_atoms_are_found():
    """D_x(u²v²) gives no equation, by (uv²)_x = u_xv² + 2uvv_x; one number changed, it does."""
    divergence, other = plain("2*u*v**2*u_x + 2*u**2*v*v_x"), plain("2*u*v**2*u_x + u**2*v*v_x")
    _, matrix = euler_matrix([divergence, other], TWO)
    assert np.abs(matrix[:, 0]).max() < 1e-12
    assert np.abs(matrix[:, 1]).max() > 0.1


@pytest.mark.parametrize("jets", [ONE, TWO], ids=["one field", "two fields"])
def test_atoms_of_a_library_are_independent(jets):
    """Their values at random jets have full rank; with the sum of two more they have not."""
    atoms = equation_atoms(density_library("polynomial", jets)).atoms
    expressions = [total_derivatives(atom.function, atom.derivative, jets) for atom in atoms]
    symbols = sorted(jets.jets_in(sympy.Tuple(*expressions)), key=str)
    values = np.random.default_rng(0).normal(size=(len(symbols), 3 * len(atoms)))
    columns = sympy.lambdify(symbols, expressions, cse=True)(*values)
    table = np.array([np.broadcast_to(c, values.shape[1]) for c in columns])
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    assert np.linalg.matrix_rank(table, tol=1e-8) == len(atoms)
    assert np.linalg.matrix_rank(np.vstack([table, table[0] + table[-1]]), tol=1e-8) == len(atoms)


def in_span(theory: sympy.Expr, features: str, jets) -> bool:
    """Whether the equations of a theory are combinations of those of the library's terms."""
    library = density_library(features, jets)
    _, matrix = euler_matrix([*library.terms, theory], jets)
    rows = matrix.transpose(1, 0, 2).reshape(len(library.terms) + 1, -1)
    solution = np.linalg.lstsq(rows[:-1].T, rows[-1], rcond=None)[0]
    return bool(np.abs(rows[:-1].T @ solution - rows[-1]).max() < 1e-10)


@pytest.mark.parametrize(
    ("density", "features", "expected"),
    [
        ("phi_t**2/2 - phi_x**2/2 + cos(phi)", "phase", True),
        ("phi_t**2/2 - phi_x**2/2 + cos(phi)", "mixed", True),
        ("phi_t**2/2 - phi_x**2/2 + cos(phi)", "polynomial", False),
        ("phi_t**2/2 - phi_x**2/2 - (phi**2 - 1)**2/4", "polynomial", True),
        ("phi_t**2/2 - phi_x**2/2 - (phi**2 - 1)**2/4", "identity", False),
        ("phi_t**2/2 - phi_x**2/2 - cosh(phi)", "hyperbolic", True),
        ("phi_t**2/2 - phi_x**2/2 + cos(2.5*phi)", "mixed", False),
        ("phi_t**2*phi**2/2 - phi_tx*phi_x + phi_xx**2 + phi_x**3", "identity", True),
    ],
)
def test_what_the_default_libraries_hold(density, features, expected):
    assert in_span(plain(density), features, ONE) is expected


def test_schroedinger_and_coupled_phases_are_in_the_libraries():
    schroedinger = "(v*u_t - u*v_t)/2 - u_x**2/2 - v_x**2/2 - (u**2 + v**2)**2/4"
    josephson = "u_t**2 + v_t**2 + u_t*v_t - u_x**2 - v_x**2 + cos(u) + cos(v) + cos(u - v)"
    assert in_span(plain(schroedinger), "polynomial", TWO)
    assert in_span(plain(josephson), "phase", TWO)
    assert not in_span(plain(josephson), "polynomial", TWO)


def test_stages_and_atoms_of_no_density():
    """Damping, drift and the potential's force at stage 0, nonlinear gradients and advection at stage 1."""
    found = equation_atoms(density_library("polynomial", ONE))
    stage = {atom.text(("t", "x")): int(s) for atom, s in zip(found.atoms, found.stages, strict=True)}
    for text in ("phi_tt", "phi_tx", "phi_xx", "phi_t", "phi_x", "1", "phi**5"):
        assert stage[text] == 0
    for text in ("(phi**2)_x", "(phi**3)_t", "phi_xxx", "phi_xxxx", "(phi_x**2)_x", "phi_x**2"):
        assert stage[text] == 1
    assert "phi**6" not in stage
    no_density = [k for k in range(len(found.atoms)) if not found.matrix[:, :, k].any()]
    assert {found.atoms[k].text(("t", "x")) for k in no_density} >= {"phi_t", "phi_x", "(phi**2)_x"}
    assert len(found.up_to(0)) == int((found.stages == 0).sum())


def test_the_same_library_twice_is_the_same():
    first, second = (equation_atoms(density_library("phase", TWO)) for _ in range(2))
    assert first.atoms == second.atoms
    np.testing.assert_array_equal(first.matrix, second.matrix)


def test_unknown_features_are_refused():
    with pytest.raises(ValueError, match="expected one of identity, polynomial"):
        density_library("spline", ONE)


def test_own_terms_of_a_library():
    families, terms = parse_library(
        "auto + cos(2.5*phi), phi_x**4, (phi_t**2 - phi_x**2)*phi + 1e+1*phi**8", ONE
    )
    assert families == ("auto",)
    assert terms == (
        sympy.cos(2.5 * PHI),
        plain("phi_x**4"),
        plain("(phi_t**2 - phi_x**2)*phi"),
        10.0 * PHI**8,
    )
    library = density_library("identity", ONE, terms)
    assert library.terms[:4] == terms
    assert library.stages[:4] == (0, 0, 0, 0)
    assert set(library.terms) == {*terms, *density_library("identity", ONE).terms}
    with pytest.raises(ValueError, match="total divergence"):
        density_library("identity", ONE, [plain("phi_t*phi**2")])
    alone = equation_atoms(density_library(None, ONE, [plain("phi_t**2"), plain("phi**4")]))
    assert [a.text(("t", "x")) for a in alone.up_to(0)] == ["phi_tt", "phi**3"]


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("auto, ", 5, "expected a term"),
        ("phi**2, phi - chi", 12, "difference"),
        ("phi**2 + foo(phi)", 9, "unknown name 'foo'"),
        ("phi**2, x*phi**3", 8, "autonomous"),
        ("phi**2, phi_x", 8, "total divergence"),
        ("phi) + (phi", 3, "unexpected"),
        ("__import__('os')", 11, "in the library: unexpected character"),
        ("phi**2, phi_xxx**2", 8, "has 6 derivatives along one coordinate, expected at most 4; leave it out"),
    ],
)
def test_errors_in_a_library_have_a_position(text, position, message):
    with pytest.raises(ParseError, match=message) as caught:
        parse_library(text, ONE)
    assert caught.value.position == position
    assert "\n" not in str(caught.value)


def test_terms_that_are_not_finite_on_the_data_are_refused():
    values = [np.array([-1.0, 0.5])]
    require_finite([plain("phi_t**2"), sympy.log(PHI + 2), 1 / PHI], ONE, values)
    with pytest.raises(ValueError, match=r"equation of sqrt\(phi\) is not finite on these data; leave"):
        require_finite([sympy.sqrt(PHI)], ONE, values)
    with pytest.raises(ValueError, match="not finite"):
        require_finite([1 / PHI], ONE, [np.array([0.0, 1.0])])


def test_korteweg_de_vries_in_its_data():
    """ℒ(φ) with u = φ_x gives u_t + 6uu_x + u_xxx = 0, in u alone."""
    form = potential_form(jet_space(("u",), ("t", "x")))
    (equation,) = form.euler_atoms(plain("-phi_t*phi_x/2 - phi_x**3 + phi_xx**2/2"))
    assert {atom.text(("t", "x")): c for atom, c in equation.items()} == {
        "u_t": 1,
        "(u**2)_x": 3,
        "u_xxx": 1,
    }
    found = form.equation_atoms(form.density_library("polynomial"))
    stage = {atom.text(("t", "x")): int(s) for atom, s in zip(found.atoms, found.stages, strict=True)}
    assert all(stage[text] == 0 for text in ("u_t", "(u**2)_x", "(u**5)_x", "u_xxx", "u_xx"))
    assert found.jets == form.data
    assert found.library.jets == form.potentials
    with pytest.raises(ValueError, match="total divergence"):
        form.density_library("identity", [plain("phi_x*phi_xx")])


@pytest.mark.parametrize("features", FEATURES)
def test_equations_of_a_potential_are_those_of_the_field(features):
    """In u = φ_x every default term has the equation that it has in φ."""
    form = potential_form(jet_space(("u",), ("t", "x")))
    for term in form.density_library(features).terms:
        (mine,) = form.euler_atoms(term)
        in_u = written_out(mine.items(), form.data)
        rules = {
            s: form.potentials.symbol(field, (index[0], index[1] + 1))
            for s, (field, index) in form.data.jets_in(in_u).items()
        }
        (expected,) = euler_operator(term, form.potentials)
        assert is_zero(sympy.expand(in_u.xreplace(rules) - expected))


@pytest.mark.parametrize("term", ["phi_t**2", "cos(phi)"])
def test_equations_that_hold_the_potential_itself_are_refused(term):
    with pytest.raises(ValueError, match="give the field itself"):
        potential_form(jet_space(("u",), ("t", "x"))).euler_atoms(plain(term))


SIGMAS = (0.4, 0.3)
FUNCTIONS = [
    "phi**3",
    "phi**2*chi",
    "sin(phi)",
    "cos(2*phi - chi + 1)",
    "phi**2*exp(-phi)*sin(chi)",
    "sinh(phi)*cosh(2*chi)",
    "sin(phi)**3",
]


def mean(function, at, sigmas=SIGMAS):
    """⟨F(φ + ε)⟩ by Gauss–Hermite quadrature, exact to round-off here."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    noisy = np.meshgrid(*(x + s * nodes for x, s in zip(at, sigmas, strict=True)), indexing="ij")
    weight = np.outer(weights, weights) / (2 * np.pi)
    return float((weight * function(noisy)).sum())


@pytest.mark.parametrize("text", FUNCTIONS)
def test_functions_without_noise_are_unbiased(text):
    """⟨F̃(φ + ε)⟩ = F(φ); F itself misses it."""
    function = field_function(plain(text), (PHI, CHI))
    at = (0.7, -0.4)
    truth = float(plain(text).subs({PHI: at[0], CHI: at[1]}))
    assert float(function.evaluate(at)) == pytest.approx(truth, rel=1e-12)
    assert mean(function.without_noise(SIGMAS).evaluate, at) == pytest.approx(truth, rel=1e-9)
    assert abs(mean(function.evaluate, at) - truth) > 1e-3


@pytest.mark.parametrize("text", FUNCTIONS)
def test_noise_covariance_is_unbiased(text):
    """⟨F̃G̃ − (FG)~⟩ = Cov(F̃, G̃), G = χ sin φ; the linearised covariance misses it."""
    symbols, at = (PHI, CHI), (0.7, -0.4)
    f, g = field_function(plain(text), symbols), field_function(sympy.sin(PHI) * CHI, symbols)
    clean_f, clean_g = f.without_noise(SIGMAS), g.without_noise(SIGMAS)
    product = mean(lambda x: clean_f.evaluate(x) * clean_g.evaluate(x), at)
    truth = product - float(f.evaluate(at)) * float(g.evaluate(at))
    assert mean(noise_covariance(f, g, SIGMAS).evaluate, at) == pytest.approx(truth, rel=1e-8)
    linear = sum(
        s**2 * float(f.derivative(a).evaluate(at)) * float(g.derivative(a).evaluate(at))
        for a, s in enumerate(SIGMAS)
    )
    assert abs(linear - truth) > 0.01 * abs(truth)


def test_covariance_of_a_field_is_its_variance():
    f = field_function(PHI, (PHI, CHI))
    np.testing.assert_allclose(noise_covariance(f, f, SIGMAS).evaluate(np.ones((2, 3))), SIGMAS[0] ** 2)


def test_functions_outside_of_the_algebra_are_approximate():
    """tanh φ: the bias falls by the Taylor series to σ⁶, and the covariance is linearised."""
    function = field_function(sympy.tanh(PHI), (PHI, CHI))
    assert isinstance(function, SmoothFunction)
    at, sigmas = (0.7, 0.0), (0.2, 0.0)
    truth = np.tanh(0.7)
    plain_bias = abs(mean(function.evaluate, at, sigmas) - truth)
    clean_bias = abs(mean(function.without_noise(sigmas).evaluate, at, sigmas) - truth)
    assert plain_bias > 0.01
    assert clean_bias < 1e-4
    covariance = noise_covariance(field_function(PHI, (PHI, CHI)), function, sigmas)
    assert float(covariance.evaluate(at)) == pytest.approx(0.04 / np.cosh(0.7) ** 2)


@pytest.mark.parametrize("text", ["tanh(phi)", "1/phi", "sin(phi**2)", "exp(I*phi)", "phi**0.5", "phi*psi"])
def test_what_is_no_quasipolynomial(text):
    with pytest.raises(ValueError, match="expected"):
        Quasipolynomial.from_sympy(plain(text), (PHI,))


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="not finite"):
        field_function(sympy.log(PHI), (PHI,)).evaluate([np.array([1.0, -1.0])])


def test_a_quasipolynomial_as_an_expression():
    function = Quasipolynomial.from_sympy(plain("phi*sin(phi)**2*exp(chi)"), (PHI, CHI))
    values = np.random.default_rng(3).normal(size=(2, 7))
    written = sympy.lambdify((PHI, CHI), function.to_sympy())(*values)
    np.testing.assert_allclose(written, function.evaluate(values, {}), rtol=1e-12)


def test_an_atom_written_under_a_derivative():
    (atom,) = atoms_of(plain("phi_x*cos(phi)"), ONE)
    assert {atom} == {Atom((0, 1), sympy.sin(PHI))}
