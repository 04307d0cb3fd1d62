"""The inverse problem: Helmholtz conditions, Tonti's density, multipliers, and honest refusals."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians import (
    Lagrangian,
    NoLagrangianError,
    caldirola_kanai,
    catalogue,
    helmholtz_conditions,
    lagrangian_from_equations,
    multiplier_matrices,
    parse_lagrangian,
)

t, x, y = sympy.symbols("t x y")
gamma, m = sympy.symbols("gamma m")
u = sympy.Function("u")(t, x)
p, q = (sympy.Function(name)(t) for name in "pq")
TX = (t, x)
DAMPED_FIELD = u.diff(t, 2) + gamma * u.diff(t) - u.diff(x, 2) + sympy.sin(u)
DAMPED_OSCILLATOR = q.diff(t, 2) + gamma * q.diff(t) + q


def theory(name: str) -> Lagrangian:
    found = catalogue.describe(name).lagrangian
    return found.ring(3) if found.lattice else found


@pytest.mark.parametrize("name", catalogue.entries())
def test_every_theory_comes_back_from_its_equations(name: str) -> None:
    """Equivalent, and of no higher order than the density that it came from."""
    original = theory(name)
    conditions = helmholtz_conditions(original.euler_lagrange(), original.fields, original.coordinates)
    assert all(condition.holds for condition in conditions)
    found = lagrangian_from_equations(original.euler_lagrange(), original.fields, original.coordinates)
    assert found.is_equivalent(original)
    assert order(found) <= order(original)


def order(lagrangian: Lagrangian) -> int:
    return lagrangian.jets.order(lagrangian.jet_density)


def test_tonti_gives_the_textbook_density() -> None:
    found = lagrangian_from_equations([sympy.Eq(u.diff(t, 2), u.diff(x, 2) - m**2 * u)], (u,), TX)
    assert found.jet_text() == "u_t**2/2 - u_x**2/2 - m**2*u**2/2"


def test_a_non_reciprocal_pair_has_an_indefinite_kinetic_metric() -> None:
    pair = [sympy.Eq(p.diff(t, 2), -3 * p - q), sympy.Eq(q.diff(t, 2), -2 * q + p)]
    found = lagrangian_from_equations(pair, (p, q), (t,))
    motion = found.equations_of_motion()
    assert sympy.expand(motion[p.diff(t, 2)] + 3 * p + q) == 0
    assert sympy.expand(motion[q.diff(t, 2)] + 2 * q - p) == 0
    kinetic = sympy.hessian(found.jet_density, sympy.symbols("p_t q_t"))
    assert kinetic.det() < 0


def test_a_non_diagonal_multiplier() -> None:
    """q̈₁ = −q₁ − 2q₂, q̈₂ = −3q₁ mixed with each other by an invertible matrix."""
    first, second = p.diff(t, 2) + p + 2 * q, q.diff(t, 2) + 3 * p
    found = lagrangian_from_equations([first + second, 2 * first - second], (p, q), (t,))
    motion = found.equations_of_motion()
    assert sympy.expand(motion[p.diff(t, 2)] + p + 2 * q) == 0
    assert sympy.expand(motion[q.diff(t, 2)] + 3 * p) == 0


def test_order_and_scale_of_the_equations_do_not_matter() -> None:
    henon = [q.diff(t, 2) + q + p**2 - q**2, p.diff(t, 2) + p + 2 * p * q]
    given_equations = [5 * henon[0], -2 * henon[1]]
    found = lagrangian_from_equations(given_equations, (p, q), (t,))
    motion = found.equations_of_motion()
    assert sympy.expand(motion[p.diff(t, 2)] + p + 2 * p * q) == 0


def test_breaking_one_coefficient_of_a_coupled_pair_breaks_it() -> None:
    """Control: with 3pq in place of 2pq no constant multiplier is left."""
    broken = [p.diff(t, 2) + p + 3 * p * q, q.diff(t, 2) + q + p**2 - q**2 + p**3]
    with pytest.raises(NoLagrangianError):
        lagrangian_from_equations(broken, (p, q), (t,))


def test_kepler_from_another_base_point() -> None:
    r = sympy.sqrt(p**2 + q**2)
    found = lagrangian_from_equations(
        [p.diff(t, 2) + m * p / r**3, q.diff(t, 2) + m * q / r**3], (p, q), (t,)
    )
    expected = parse_lagrangian("(p_t**2 + q_t**2)/2 + m/sqrt(p**2 + q**2)", ("p", "q"), ("t",), ("m",))
    assert found.is_equivalent(expected)


def test_higher_order_is_lowered_as_far_as_it_goes() -> None:
    beam = lagrangian_from_equations([u.diff(t, 2) + u.diff(x, 4)], (u,), TX)
    assert beam.jet_text() == "u_t**2/2 - u_xx**2/2"
    liouville = lagrangian_from_equations([u.diff(t, x) - sympy.exp(u)], (u,), TX)
    assert order(liouville) == 1


@pytest.mark.parametrize(
    ("equation", "condition", "suggestion"),
    [
        (u.diff(t) - u.diff(x, 2), "∂E_u/∂u_t", None),
        (u.diff(t) + u * u.diff(x) - u.diff(x, 2), "∂E_u/∂u_x", None),
        (u.diff(t) + 6 * u * u.diff(x) + u.diff(x, 3), "∂E_u/∂u_xxx", "with u = phi_x"),
        (DAMPED_FIELD, "∂E_u/∂u_t", "with explicit time"),
    ],
    ids=["heat", "Burgers", "KdV", "damped Sine-Gordon"],
)
def test_what_has_no_lagrangian_is_refused_with_the_reason(
    equation: sympy.Expr, condition: str, suggestion: str | None
) -> None:
    with pytest.raises(NoLagrangianError) as caught:
        lagrangian_from_equations([equation], (u,), TX)
    message = str(caught.value)
    assert condition in message
    assert "searched: constant invertible matrices" in message
    assert not caught.value.condition.holds
    assert (caught.value.suggestion is not None) == (suggestion is not None)
    assert suggestion is None or suggestion in message


def test_the_damped_oscillator_names_the_exotic_class() -> None:
    with pytest.raises(NoLagrangianError, match="arctan–log"):
        lagrangian_from_equations([DAMPED_OSCILLATOR], (q,), (t,))


def test_caldirola_kanai() -> None:
    """E(ℒ) = −exp(γt)(φ_tt + γφ_t − …): the damped equation up to the factor."""
    found = caldirola_kanai([DAMPED_FIELD], (u,), TX)
    ratio = found.euler_lagrange()[0] / DAMPED_FIELD
    assert sympy.cancel(ratio + sympy.exp(gamma * t)) == 0
    with pytest.raises(NoLagrangianError, match="κ"):
        caldirola_kanai([u.diff(t) - u.diff(x, 2)], (u,), TX)


def test_unequal_dampings_have_no_time_factor() -> None:
    pair = [p.diff(t, 2) + p.diff(t) + p + q, q.diff(t, 2) + 2 * q.diff(t) + p + q]
    with pytest.raises(NoLagrangianError, match="κ"):
        caldirola_kanai(pair, (p, q), (t,))


def test_asymmetric_first_order_kuramoto_is_refused() -> None:
    drift = [p.diff(t) - sympy.sin(q - p), q.diff(t) - 2 * sympy.sin(p - q)]
    with pytest.raises(NoLagrangianError, match="Helmholtz"):
        lagrangian_from_equations(drift, (p, q), (t,))


def test_floats_come_back_as_floats() -> None:
    found = lagrangian_from_equations(
        [0.3 * u.diff(t, 2) - 0.1 * u.diff(x, 2) + 0.7 * sympy.sin(u)], (u,), TX
    )
    assert found.is_equivalent(
        parse_lagrangian("0.15*u_t**2 - 0.05*u_x**2 + 0.7*cos(u)", ("u",), ("t", "x")), 1e-9
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(-3, 3), min_size=7, max_size=7).filter(lambda c: c[0] * c[1] != 0),
    st.integers(1, 3),
)
def test_random_densities_come_back(c: list[int], power: int) -> None:
    """Two coupled fields over (t, x) with field-dependent kinetic terms."""
    v, w = (sympy.Function(name)(t, x) for name in "vw")
    density = (
        c[0] * v.diff(t) ** 2
        + c[1] * (1 + w**2) * w.diff(t) ** 2
        + c[2] * v.diff(x) * w.diff(x)
        + c[3] * v**power * w.diff(x) ** 2
        + c[4] * v * w.diff(t)
        + c[5] * sympy.cos(v)
        + c[6] * v**2 * w
    )
    original = Lagrangian(density, (v, w), TX)
    found = lagrangian_from_equations(original.euler_lagrange(), (v, w), TX)
    assert found.is_equivalent(original)
    assert order(found) == 1


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ([u.diff(t), u.diff(x)], "got 2 equations, expected 1"),
        (["u_t = u"], "use parse_equation"),
        ([], "got no equations"),
        ([u.diff(t, 2) + sympy.Abs(u)], "got Abs, expected analytic"),
        ([u.diff(t, 2) + sympy.Piecewise((u, u > 0), (2 * u, True))], "got Piecewise, expected analytic"),
        ([u.diff(t, 2) + sympy.sqrt(u**2)], "write the branch"),
        ([u.diff(t, 2) + u * sympy.conjugate(u)], "psi and psi_bar"),
    ],
)
def test_bad_input(equations: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lagrangian_from_equations(equations, (u,), TX)


def test_helmholtz_conditions_are_those_of_second_order_mechanics() -> None:
    """For E_a = g_ab q̈^b + … the first condition is g_ab = g_ba (Olver, example 5.93)."""
    conditions = helmholtz_conditions([p.diff(t, 2) + 2 * q.diff(t, 2), q.diff(t, 2)], (p, q), (t,))
    failing = [c for c in conditions if not c.holds]
    assert [(c.row, c.column, c.index) for c in failing] == [(0, 1, (2,)), (1, 0, (2,))]
    assert [c.value for c in failing] == [2, -2]


def test_an_integral_out_of_reach_is_no_claim_that_there_is_no_lagrangian() -> None:
    force = sympy.sin(q) / (1 + q**2)
    with pytest.raises(ValueError, match="self-adjoint, but Tonti's integral is not elementary") as caught:
        lagrangian_from_equations([q.diff(t, 2) + force], (q,), (t,))
    assert not isinstance(caught.value, NoLagrangianError)


def test_identical_oscillators_in_any_order_and_scale() -> None:
    """Sixteen multipliers, of which a diagonal positive kinetic metric is taken."""
    fields = tuple(sympy.Function(f"q_{i}")(t) for i in range(4))
    shuffled = [(j + 2) * (fields[i].diff(t, 2) + fields[i]) * (-1) ** j for j, i in enumerate((2, 0, 3, 1))]
    found = lagrangian_from_equations(shuffled, fields, (t,))
    kinetic = sympy.hessian(found.jet_density, sympy.symbols("q_0_t q_1_t q_2_t q_3_t"))
    assert kinetic.is_diagonal()
    assert all(entry > 0 for entry in kinetic.diagonal())
    assert all(found.equations_of_motion()[f.diff(t, 2)] == -f for f in fields)


def test_the_family_of_multipliers_has_a_dimension() -> None:
    """Equal oscillators: all symmetric g; of unlike frequencies the diagonal ones; coupled: one."""
    free, coupled = (0, 0), (p * q**2, p**2 * q)
    for stiffness, forces, dimension in ((1, free, 3), (4, free, 2), (4, coupled, 1)):
        pair = [p.diff(t, 2) + p + forces[0], q.diff(t, 2) + stiffness * q + forces[1]]
        assert multiplier_matrices(pair, (p, q), (t,)).dimension == dimension
    damped = multiplier_matrices([DAMPED_OSCILLATOR], (q,), (t,))
    assert damped.dimension == 0
    assert damped.regular() is None


def test_round_off_in_the_coefficients_is_no_obstacle() -> None:
    """θ̈_i = Σ_j K_ij/m_i sin(θ_j − θ_i): the quotients are rounded, the multipliers are m_i."""
    theta = tuple(sympy.Function(f"theta_{i}")(t) for i in range(3))
    coupling = {(0, 1): 0.55213, (0, 2): 1.13404, (1, 2): 0.80291}
    mass = (1.40591, 1.43864, 0.59831)
    force = {
        i: sum(
            coupling[tuple(sorted((i, j)))] / mass[i] * sympy.sin(theta[j] - theta[i])
            for j in range(3)
            if j != i
        )
        for i in range(3)
    }
    found = lagrangian_from_equations(
        [sympy.Eq(f.diff(t, 2), force[i]) for i, f in enumerate(theta)], theta, (t,)
    )
    expected = sum(m * f.diff(t) ** 2 / 2 for m, f in zip(mass, theta, strict=True)) + sum(
        k * sympy.cos(theta[i] - theta[j]) for (i, j), k in coupling.items()
    )
    assert found.is_equivalent(Lagrangian(expected, theta, (t,)), 1e-9)
    broken = dict(force) | {0: force[0] + sympy.Float(1e-3) * sympy.sin(theta[1] - theta[0])}
    with pytest.raises(NoLagrangianError, match="theta"):
        lagrangian_from_equations([f.diff(t, 2) - broken[i] for i, f in enumerate(theta)], theta, (t,))


@pytest.mark.parametrize(
    ("equations", "fields", "expected"),
    [
        ([q.diff(t, 2) + 3 * q.diff(t) / t + q**3], (q,), "t**3*q_t**2/2 - t**3*q**4/4"),
        (
            [p.diff(t) + gamma * p - q, q.diff(t) + gamma * q + p],
            (p, q),
            "exp(2*gamma*t)*(p*q_t - q*p_t + p**2 + q**2)/2",
        ),
        (
            [
                p.diff(t, 2) + gamma * p.diff(t) + 2 * q.diff(t) + p + gamma * q,
                q.diff(t, 2) + gamma * q.diff(t) - p.diff(t) + q - gamma * p / 2,
            ],
            (p, q),
            "exp(gamma*t)*(p_t**2/2 + q_t**2 + q*p_t - p*q_t - p**2/2 - q**2)",
        ),
    ],
    ids=["expanding universe", "first order", "gyroscopic"],
)
def test_time_factors_of_other_kinds(equations: list, fields: tuple, expected: str) -> None:
    found = caldirola_kanai(equations, fields, (t,))
    names = tuple(f.func.__name__ for f in fields)
    assert found.is_equivalent(parse_lagrangian(expected, names, ("t",), ("gamma",)))


def test_the_failed_condition_is_one_that_no_multiplier_mends() -> None:
    """Damped Schrödinger pair: ∂E_u/∂v_xx − … fails too, but g = ((0, 1), (−1, 0)) mends that one."""
    v = sympy.Function("v")(t, x)
    pair = [u.diff(t) + gamma * u + v.diff(x, 2), v.diff(t) + gamma * v - u.diff(x, 2)]
    with pytest.raises(NoLagrangianError, match=r"∂\(gE\)_u/∂v − .* is 2\*gamma") as caught:
        lagrangian_from_equations(pair, (u, v), TX)
    assert caught.value.condition.value == 2 * gamma
    assert caught.value.suggestion is not None


def test_complex_equations_give_a_real_density() -> None:
    psi, bar = (sympy.Function(name)(t, x) for name in ("psi", "psi_bar"))
    right = sympy.I * (psi.diff(x, 2) + psi**2 * bar)
    conjugate = -sympy.I * (bar.diff(x, 2) + bar**2 * psi)
    found = lagrangian_from_equations(
        [sympy.Eq(psi.diff(t), right), sympy.Eq(bar.diff(t), conjugate)], (psi, bar), TX
    )
    expected = parse_lagrangian(
        "I/2*(psi_bar*psi_t - psi*psi_bar_t) - psi_x*psi_bar_x + psi**2*psi_bar**2/2",
        ("psi", "psi_bar"),
        ("t", "x"),
    )
    assert found.is_equivalent(expected)
    real = found.real_form()
    assert not real.density.has(sympy.I)
