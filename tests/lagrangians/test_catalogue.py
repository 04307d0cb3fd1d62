"""Each known theory gives the equation, the vacua and the exact solutions that its docstring states."""

import numpy as np
import pytest
import sympy

from lagrangians import (
    Lagrangian,
    catalogue,
    constant_vacuum,
    dispersion_relation,
    parse_expression,
)
from lagrangians.zero import is_zero

SCALAR = {
    "klein_gordon": ("c**2*phi_xx - m**2*phi", ("c", "m")),
    "sine_gordon": ("c**2*phi_xx - m**2*sin(phi)", ("c", "m")),
    "double_sine_gordon": ("c**2*phi_xx - m**2*sin(phi) - 2*mu**2*sin(2*phi)", ("c", "m", "mu")),
    "sinh_gordon": ("c**2*phi_xx - m**2*sinh(phi)", ("c", "m")),
    "phi4": ("c**2*phi_xx - g*phi*(phi**2 - v**2)", ("c", "g", "v")),
}
MASS_SQUARED = {
    "klein_gordon": "m**2",
    "sine_gordon": "m**2",
    "double_sine_gordon": "m**2 + 4*mu**2",
    "sinh_gordon": "m**2",
    "phi4": "2*g*v**2",
}
t, x = sympy.symbols("t x")
c, m, g, v = sympy.symbols("c m g v", positive=True)


def scalar(name: str, **arguments: object) -> Lagrangian:
    return getattr(catalogue, name)(**arguments)


def read(text: str, theory: Lagrangian) -> sympy.Expr:
    return parse_expression(text, theory.fields, theory.coordinates, theory.parameters)


@pytest.mark.parametrize("name", SCALAR)
def test_equation_of_motion(name: str) -> None:
    text, parameters = SCALAR[name]
    theory = scalar(name, **{p: p for p in parameters})
    assert tuple(p.name for p in theory.parameters) == parameters
    ((left, right),) = theory.equations_of_motion().items()
    assert left == read("phi_tt", theory)
    assert is_zero(right - read(text, theory))


@pytest.mark.parametrize("name", SCALAR)
def test_each_coefficient_changes_the_equation_and_the_dispersion_relation(name: str) -> None:
    reference = scalar(name)
    for parameter in SCALAR[name][1]:
        other = scalar(name, **{parameter: 1.5})
        assert not reference.is_equivalent(other)
        assert not is_zero(dispersion_relation(other) - dispersion_relation(reference))


@pytest.mark.parametrize("name", SCALAR)
def test_mass_of_the_vacuum(name: str) -> None:
    """ω² = c²k² + mass² about the stable vacuum."""
    theory = scalar(name, **{p: p for p in SCALAR[name][1]})
    k = sympy.Symbol("k", real=True)
    relation = read("c**2", theory) * k**2 + read(MASS_SQUARED[name], theory)
    assert is_zero(dispersion_relation(theory) - relation)
    expected = sympy.Symbol("v") if name == "phi4" else 0
    assert constant_vacuum(theory) == (expected,)
    assert theory.density.subs(theory.fields[0], expected).doit() == 0


@pytest.mark.parametrize("name", SCALAR)
@pytest.mark.parametrize("dimension", [2, 3])
def test_more_space_dimensions_add_to_the_laplacian(name: str, dimension: int) -> None:
    theory = scalar(name, dimension=dimension)
    (equation,) = theory.euler_lagrange()
    second = [equation.coeff(theory.fields[0].diff(z, 2)) for z in theory.coordinates]
    assert second == [-1] + [1] * dimension


def solves(theory: Lagrangian, solution: sympy.Expr) -> bool:
    names = {p: symbol for p in theory.parameters for symbol in (c, m, g, v) if p.name == symbol.name}
    (equation,) = theory.euler_lagrange()
    return is_zero(equation.subs(theory.fields[0], solution).doit().subs(names))


def test_the_sine_gordon_kink_has_width_c_over_m() -> None:
    theory = catalogue.sine_gordon("c", "m")
    assert solves(theory, 4 * sympy.atan(sympy.exp(m * x / c)))
    assert not solves(theory, 4 * sympy.atan(sympy.exp(m * x / (2 * c))))


def test_the_phi4_kink_joins_the_vacua() -> None:
    theory = catalogue.phi4("c", "g", "v")
    assert solves(theory, v * sympy.tanh(v * sympy.sqrt(g / 2) * x / c))
    assert not solves(theory, v * sympy.tanh(v * sympy.sqrt(g) * x / c))
    assert solves(theory, v)
    assert solves(theory, -v)


def random_coupling(count: int, seed: int) -> np.ndarray:
    K = np.random.default_rng(seed).integers(1, 9, (count, count))
    return np.triu(K, 1) + np.triu(K, 1).T


def test_inertial_kuramoto() -> None:
    """m_iθ̈_i = ω_i + Σ_j K_ij sin(θ_j − θ_i); the diagonal of K does not matter."""
    K, omega, inertia = random_coupling(4, 0), [1, -2, 3, 5], [1, 2, 3, 4]
    theory = catalogue.kuramoto_inertial((K + np.diag([7, 7, 7, 7])).tolist(), omega, inertia)
    theta = theory.fields
    for i, (left, right) in enumerate(theory.equations_of_motion().items()):
        force = omega[i] + sum(int(K[i, j]) * sympy.sin(theta[j] - theta[i]) for j in range(4))
        assert left == theta[i].diff(t, 2)
        assert is_zero(inertia[i] * right - force)


def test_kuramoto_without_an_energy_is_refused() -> None:
    K = random_coupling(3, 1)
    K[0, 1] += 1
    with pytest.raises(ValueError, match="not symmetric, expected K = Kᵀ; use freidlin_wentzell"):
        catalogue.kuramoto_inertial(K.tolist())
    with pytest.raises(ValueError, match="square coupling matrix"):
        catalogue.kuramoto_inertial([[0, 1]])
    with pytest.raises(ValueError, match="got 3 values of inertia, expected one or 2"):
        catalogue.kuramoto_inertial([[0, 1], [1, 0]], inertia=[1, 2, 3])


a, b = sympy.Function("a")(t), sympy.Function("b")(t)
DRIFT = (1 + sympy.sin(b - a) - t, a**2 - 2 * b)  # not symmetric, no gradient of anything


def on_the_drift(expression: sympy.Expr) -> sympy.Expr:
    """The expression where θ̇ = F and θ̈ = dF/dt."""
    first = dict(zip((a.diff(t), b.diff(t)), DRIFT, strict=True))
    second = {q.diff(t, 2): f.diff(t) for q, f in zip((a, b), DRIFT, strict=True)}
    return expression.subs(second, simultaneous=True).subs(first, simultaneous=True)


def test_freidlin_wentzell_vanishes_on_the_drift_and_its_equations_contain_it() -> None:
    theory = catalogue.freidlin_wentzell(DRIFT, (a, b), noise=("D", 2))
    D = sympy.Symbol("D")
    assert is_zero(theory.density.subs(b.diff(t), DRIFT[1]) - (a.diff(t) - DRIFT[0]) ** 2 / (2 * D))
    assert is_zero(theory.density.subs(a.diff(t), DRIFT[0]) - (b.diff(t) - DRIFT[1]) ** 2 / 4)
    assert on_the_drift(theory.density) == 0
    assert not is_zero(theory.density)
    assert [p.name for p in theory.parameters] == ["D"]
    for equation in theory.euler_lagrange():
        assert is_zero(on_the_drift(equation))
        assert not is_zero(on_the_drift(equation.subs(a, a / 2).doit()))


def test_onsager_machlup_adds_half_the_divergence_of_the_drift() -> None:
    difference = (
        catalogue.onsager_machlup(DRIFT, (a, b), 3).density
        - catalogue.freidlin_wentzell(DRIFT, (a, b), 3).density
    )
    assert is_zero(difference - (-sympy.cos(b - a) - 2) / 2)


def test_a_gradient_flow_has_the_action_of_a_potential_problem() -> None:
    """F = −V′: ½(q̇ + V′)² = ½q̇² + ½V′² + dV/dt."""
    q = sympy.Function("q")(t)
    noisy = catalogue.freidlin_wentzell((-sympy.sin(q),), (q,))
    inverted = Lagrangian(q.diff(t) ** 2 / 2 + sympy.sin(q) ** 2 / 2, (q,), (t,))
    assert noisy.is_equivalent(inverted)
    assert not noisy.is_equivalent(catalogue.freidlin_wentzell((-2 * sympy.sin(q),), (q,)))


def test_names_of_fields_will_do() -> None:
    theory = catalogue.freidlin_wentzell((-(sympy.Symbol("q") ** 3),), ("q",))
    assert theory.jet_text() == "(q_t + q**3)**2/2"


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: catalogue.sine_gordon(dimension=4), "got 4 space dimensions, expected 1, 2 or 3"),
        (lambda: catalogue.sine_gordon(c="c*m"), "the name of a symbol"),
        (lambda: catalogue.sine_gordon(c=float("nan")), "expected a finite number"),
        (lambda: catalogue.freidlin_wentzell((1,), ("a", "b")), "got 1 drifts, expected 2"),
        (lambda: catalogue.freidlin_wentzell((), ()), "at least one field"),
        (lambda: catalogue.onsager_machlup((1,), (sympy.Function("u")(t, x),)), "functions of time alone"),
    ],
)
def test_bad_arguments_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
