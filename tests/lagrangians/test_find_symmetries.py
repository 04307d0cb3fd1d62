"""Point symmetries of the textbook theories: dimension, variational part, name, and controls."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians import Generator, Lagrangian, catalogue, find_symmetries, parse_lagrangian
from lagrangians.jets import jet_space
from lagrangians.symmetries.solved_form import solved_form
from lagrangians.variation import evolutionary_derivative
from lagrangians.zero import is_zero

t, x = sympy.symbols("t x")
u = sympy.Function("u")(t, x)
KDV = u.diff(t) + 6 * u * u.diff(x) + u.diff(x, 3)
BURGERS = u.diff(t) + u * u.diff(x) - u.diff(x, 2)
HEAT = u.diff(t) - u.diff(x, 2)
WAVES = (sympy.sin(t), sympy.cos(t), sympy.sin(2 * t), sympy.cos(2 * t))
MASSLESS_PHI4 = parse_lagrangian(
    "phi_t**2/2 - phi_x**2/2 - phi_y**2/2 - g*phi**4/4", ("phi",), ("t", "x", "y"), ("g",)
)
KEPLER = parse_lagrangian("(q_t**2 + p_t**2)/2 + mu/sqrt(q**2 + p**2)", ("q", "p"), ("t",), ("mu",))
FREE = parse_lagrangian("q_t**2/2", ("q",), ("t",))
OSCILLATOR = parse_lagrangian("q_t**2/2 - q**2/2", ("q",), ("t",))

LAGRANGIANS = {
    "sine_gordon": (catalogue.sine_gordon("c", "m"), 1, (), 3, 3, "iso(1,1)"),
    "massive phi4 in 2+1": (catalogue.phi4(dimension=2), 1, (), 6, 6, "iso(2,1)"),
    "massless phi4 in 2+1": (MASSLESS_PHI4, 1, (), 7, 6, "iso(2,1) ⋊ dilation"),
    "wave equation in 1+1": (catalogue.klein_gordon(m=0), 1, (), 8, 7, None),
    "wave equation in 2+1": (catalogue.klein_gordon(m=0, dimension=2), 1, (), 12, 11, None),
    "klein_gordon in 1+1": (catalogue.klein_gordon("c", "m"), 1, (), 4, 3, "iso(1,1) ⊕ R"),
    "klein_gordon in 2+1": (catalogue.klein_gordon(dimension=2), 1, (), 7, 6, "iso(2,1) ⊕ R"),
    "potential KdV": (catalogue.korteweg_de_vries(), 1, (), 6, 5, None),
    "cubic Schrödinger, degree 1": (catalogue.nonlinear_schroedinger(), 1, (), 4, 3, None),
    "cubic Schrödinger, degree 2": (
        catalogue.nonlinear_schroedinger(),
        2,
        (),
        5,
        4,
        "Galilei(1) with mass and dilation",
    ),
    "free particle, degree 1": (FREE, 1, (), 6, 4, "gl(2,R) ⋉ R^2"),
    "free particle, degree 2": (FREE, 2, (), 8, 5, "sl(3,R)"),
    "oscillator, degree 1": (OSCILLATOR, 1, (), 2, 1, "R^2"),
    "oscillator, degree 2 with waves": (OSCILLATOR, 2, WAVES, 8, 5, "sl(3,R)"),
    "Kepler": (KEPLER, 1, (), 3, 2, "aff(1,R) ⊕ R"),
    "Maxwell in 1+1": (catalogue.maxwell(dimension=1), 1, (), 13, 12, None),
    "Born–Infeld": (catalogue.born_infeld(), 1, (), 7, 6, "iso(2,1) ⋊ dilation"),
}
EQUATIONS = {
    "KdV": (KDV, 1, 4, None),
    "Burgers, degree 1": (BURGERS, 1, 4, None),
    "Burgers, degree 2": (BURGERS, 2, 5, "sl(2,R) ⋉ R^2"),
    "heat, degree 1": (HEAT, 1, 6, None),
}


def leaves_solutions_invariant(X: Generator, equations: list[sympy.Expr]) -> bool:
    """pr v_Q(E) = 0 on E = 0, by the definition."""
    jets = jet_space(X.fields, X.coordinates)
    plain = [jets.to_jets(e) for e in equations]
    form = solved_form(plain, jets)
    Q = [jets.to_jets(q) for q in X.characteristic()]
    return all(is_zero(form.on_solutions(evolutionary_derivative(e, Q, jets))) for e in plain)


@pytest.mark.parametrize("case", LAGRANGIANS)
def test_dimension_variational_part_and_name(case: str) -> None:
    theory, degree, functions, dimension, variational, name = LAGRANGIANS[case]
    found = find_symmetries(theory, degree, functions)
    assert (found.dimension, sum(found.variational)) == (dimension, variational)
    assert found.name == name
    for X, proved in zip(found.generators, found.variational, strict=True):
        if proved:
            theory.noether_current(X)  # verifies the conservation law symbolically
        else:
            with pytest.raises(ValueError, match="not a variational symmetry"):
                theory.noether_current(X)


@pytest.mark.parametrize("case", EQUATIONS)
def test_equations_without_lagrangian(case: str) -> None:
    equation, degree, dimension, name = EQUATIONS[case]
    found = find_symmetries(equation, degree)
    assert (found.dimension, any(found.variational), found.name) == (dimension, False, name)
    assert all(leaves_solutions_invariant(X, [equation]) for X in found)


def test_a_scaling_that_is_no_symmetry_fails_the_definition() -> None:
    """Control of the check above: t∂_t alone is no symmetry of Korteweg–de Vries."""
    assert not leaves_solutions_invariant(Generator((t, 0), (0,), (t, x), (u,)), [KDV])


def test_heat_has_six_beside_the_superposition() -> None:
    """The Schrödinger algebra; polynomial solutions 1, x, x² + 2t, x³ + 6tx are listed apart."""
    found = find_symmetries(sympy.Eq(u.diff(t), u.diff(x, 2)), degree=3)
    rest = found.without_superposition
    assert (rest.dimension, rest.name) == (6, "Schrödinger(1)")
    solutions = [X.eta[0] for X, on in zip(found.generators, found.superposition, strict=True) if on]
    assert len(solutions) == 4
    assert all(sympy.expand(s.diff(t) - s.diff(x, 2)) == 0 for s in solutions)
    assert found.is_infinite
    with pytest.raises(ValueError, match="not closed under the bracket"):
        _ = found.structure_constants


def test_where_the_full_algebra_is_infinite_the_result_says_so() -> None:
    liouville = catalogue.liouville()
    assert any("t + x" in family for family in find_symmetries(liouville).arbitrary_functions)
    assert any("(t, x)" in f for f in find_symmetries(catalogue.maxwell(dimension=1)).arbitrary_functions)
    assert any("superposition" in f for f in find_symmetries(HEAT).arbitrary_functions)
    assert any(
        "function of t" in f for f in find_symmetries(catalogue.korteweg_de_vries()).arbitrary_functions
    )


@pytest.mark.parametrize("theory", [catalogue.sine_gordon(), KDV, BURGERS, FREE], ids=str)
def test_finite_algebras_are_not_called_infinite(theory: object) -> None:
    assert not find_symmetries(theory).is_infinite


def test_structure_constants_are_those_of_the_brackets() -> None:
    """[X_i, X_j] = c[i, j, k] X_k for the vector fields themselves."""
    found = find_symmetries(MASSLESS_PHI4)
    c = found.structure_constants
    for i, X in enumerate(found):
        for j, Y in enumerate(found):
            expected = sum((c[i, j, k] * Z for k, Z in enumerate(found)), 0 * X)
            difference = X.bracket(Y) - expected
            assert not any((*difference.xi, *difference.eta))


def test_structure_of_the_poincare_algebra_in_the_plane() -> None:
    found = find_symmetries(catalogue.sine_gordon())
    assert found.killing_signature == (1, 0, 2)
    assert found.derived_series == (3, 2, 0)
    assert (found.is_solvable, found.is_nilpotent, found.is_semisimple) == (True, False, False)
    assert not found.centre
    translations = [X for X in found if all(part.is_number for part in (*X.xi, *X.eta))]
    assert len(translations) == 2


def test_semisimple_and_centre() -> None:
    particle = find_symmetries(FREE, degree=2)
    assert particle.is_semisimple
    assert particle.killing_signature == (5, 3, 0)
    assert particle.variational_subalgebra.name == "sl(2,R) ⋉ R^2"
    phase = find_symmetries(catalogue.nonlinear_schroedinger(), degree=2).variational_subalgebra
    (central,) = phase.centre
    assert phase.name == "Galilei(1) with mass (Bargmann)"
    assert not any(central.xi)


def test_rotations() -> None:
    """A particle in a generic central potential in space: time translation and so(3)."""
    sphere = parse_lagrangian(
        "(a_t**2 + b_t**2 + c_t**2)/2 - k*(a**2 + b**2 + c**2)**2", ("a", "b", "c"), ("t",), ("k",)
    )
    assert find_symmetries(sphere).variational_subalgebra.name == "so(3) ⊕ R"


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(-2, 2), min_size=4, max_size=4).filter(lambda m: m[0] * m[3] != m[1] * m[2]))
def test_linear_mixing_of_coordinates_changes_nothing_invariant(entries: list[int]) -> None:
    """Sine-Gordon in coordinates y = Mx: dimension, variational part and Killing signature stay."""
    a, b, c, d = entries
    v = sympy.Function("v")(t, x)
    along = [a * v.diff(t) + c * v.diff(x), b * v.diff(t) + d * v.diff(x)]
    mixed = Lagrangian(along[0] ** 2 / 2 - along[1] ** 2 / 2 + sympy.cos(v), (v,), (t, x))
    found = find_symmetries(mixed)
    assert (found.dimension, sum(found.variational), found.name) == (3, 3, "iso(1,1)")
    assert found.killing_signature == (1, 0, 2)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(-2, 2), min_size=4, max_size=4).filter(lambda m: m[0] * m[3] != m[1] * m[2]))
def test_linear_mixing_of_fields_changes_nothing_invariant(entries: list[int]) -> None:
    """The free Schrödinger pair with both fields mixed and renamed."""
    a, b, c, d = entries
    f, g = (sympy.Function(name)(t, x) for name in ("zeta", "alpha"))
    U, V = a * f + b * g, c * f + d * g
    density = (V * U.diff(t) - U * V.diff(t)) / 2 - (U.diff(x) ** 2 + V.diff(x) ** 2) / 2 + (U**2 + V**2) ** 2
    found = find_symmetries(Lagrangian(density, (f, g), (t, x)))
    assert (found.dimension, sum(found.variational), found.killing_signature) == (4, 3, (1, 0, 3))


def test_broken_coefficients_lose_symmetries() -> None:
    """Controls: unequal speeds break the rotation, an anisotropic potential the phase."""
    planar = parse_lagrangian("u_t**2/2 - u_x**2/2 - u_y**2 + cos(u)", ("u",), ("t", "x", "y"))
    assert find_symmetries(planar).dimension == 6  # a rescaled rotation remains
    broken = parse_lagrangian("u_t**2/2 - u_x**2/2 - u_y**2/2 - u_x**4/4 + cos(u)", ("u",), ("t", "x", "y"))
    assert find_symmetries(broken).dimension == 4
    pair = parse_lagrangian("(v*u_t - u*v_t)/2 - (u_x**2 + v_x**2)/2 + u**4 + 2*v**4", ("u", "v"), ("t", "x"))
    assert find_symmetries(pair).dimension == 3


def test_systems_are_completed_by_their_integrability_conditions() -> None:
    """u_t = v, v_t = u_xx is the wave equation: the same algebra apart from the superposition."""
    v = sympy.Function("v")(t, x)
    system = find_symmetries([u.diff(t) - v, v.diff(t) - u.diff(x, 2)], fields=(u, v))
    wave = find_symmetries(u.diff(t, 2) - u.diff(x, 2))
    assert system.without_superposition.killing_signature[0] >= 1
    assert wave.without_superposition.dimension == 5


@pytest.mark.parametrize(
    ("theory", "message"),
    [
        ([], "at least one equation"),
        ("u_t = u_xx", "use parse_equation"),
        (sympy.Symbol("a"), "without fields"),
        ([u - 1, u], "inconsistent"),
        (u.diff(t) ** 2 + u.diff(x) ** 2 - 1, "not linear in their leading derivative"),
        (catalogue.toda_lattice(), r"ring\(count\)"),
        (u.diff(t, 2) + sympy.Abs(u), "expected analytic functions"),
    ],
)
def test_bad_input_gets_one_clear_error(theory: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_symmetries(theory)
    with pytest.raises(ValueError, match="non-negative integer"):
        find_symmetries(catalogue.sine_gordon(), degree=-1)
    with pytest.raises(ValueError, match="coordinates and fields alone"):
        find_symmetries(catalogue.sine_gordon(), functions=(catalogue.sine_gordon().fields[0].diff(t),))


def test_float_coefficients_find_the_same_algebras() -> None:
    sine = parse_lagrangian("0.51*u_t**2 - 0.7301*u_x**2 + 1.07*cos(u)", ("u",), ("t", "x"))
    found = find_symmetries(sine)
    assert (found.dimension, sum(found.variational), found.name) == (3, 3, "iso(1,1)")
    pair = parse_lagrangian(
        "0.5*(v*u_t - u*v_t) - 0.31*(u_x**2 + v_x**2) + 0.27*(u**2 + v**2)**2", ("u", "v"), ("t", "x")
    )
    found = find_symmetries(pair, degree=2)
    assert (found.dimension, sum(found.variational)) == (5, 4)
    assert found.name == "Galilei(1) with mass and dilation"


def test_conformal_algebras() -> None:
    """The wave equation in 2+1 at degree 2: so(3,2), the scaling of φ, and polynomial solutions."""
    found = find_symmetries(catalogue.klein_gordon(m=0, dimension=2), degree=2)
    assert found.without_superposition.name == "so(3,2) ⊕ R"
    assert find_symmetries(catalogue.liouville(), degree=2).name == "sl(2,R) ⊕ sl(2,R)"
