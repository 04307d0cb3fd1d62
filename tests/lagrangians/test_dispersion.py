"""Small waves: ω²(k) from the density, against eigenvalues and textbook relations."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians import (
    Lagrangian,
    catalogue,
    constant_vacuum,
    dispersion_branches,
    dispersion_relation,
    parse_lagrangian,
    wavenumbers,
)

TX = ("t", "x")
k = sympy.Symbol("k", real=True)
c, m, g, v = sympy.symbols("c m g v")


def same(first: sympy.Expr, second: sympy.Expr) -> bool:
    return sympy.simplify(first - second) == 0


@pytest.mark.parametrize(
    "theory, vacuum, expected",
    [
        (catalogue.klein_gordon("c", "m"), None, c**2 * k**2 + m**2),
        (catalogue.sine_gordon("c", "m"), 0, c**2 * k**2 + m**2),
        (catalogue.sine_gordon("c", "m"), sympy.pi, c**2 * k**2 - m**2),
        (catalogue.phi4("c", "g", "v"), None, c**2 * k**2 + 2 * g * v**2),
        (catalogue.phi4("c", "g", "v"), v, c**2 * k**2 + 2 * g * v**2),
        (catalogue.phi4("c", "g", "v"), 0, c**2 * k**2 - g * v**2),
        (parse_lagrangian("1/2*u_t**2 - 1/2*u_xx**2", ("u",), TX), None, k**4),
        (parse_lagrangian("1/2*u_t**2 - 1/2*u_x**2 + 1/2*u_tx**2", ("u",), TX), None, k**2 / (1 + k**2)),
        (parse_lagrangian("1/2*u_t*u_x - 1/2*u_xx**2", ("u",), TX), None, k**6),
        (
            parse_lagrangian("1/2*(v*u_t - u*v_t) - 1/2*(u_x**2 + v_x**2)", ("u", "v"), TX),
            (0, 0),
            k**4,
        ),
    ],
)
def test_textbook_relations(theory: Lagrangian, vacuum: object, expected: sympy.Expr) -> None:
    assert same(dispersion_relation(theory, vacuum), expected)


def test_bogoliubov_waves_about_a_condensate() -> None:
    """iψ_t = −ψ_xx + (|ψ|² − 1)ψ about ψ = 1: ω² = k²(k² + 2)."""
    text = "1/2*(u*v_t - v*u_t) + 1/2*(u_x**2 + v_x**2) + 1/4*(u**2 + v**2 - 1)**2"
    theory = parse_lagrangian(text, ("u", "v"), TX)
    assert same(dispersion_relation(theory, (1, 0)), k**2 * (k**2 + 2))


@given(st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_branches_are_the_eigenvalues_of_stiffness_and_mass(seed: int) -> None:
    """ℒ = ½u̇ᵀMu̇ − ½u_xᵀCu_x − ½uᵀVu: ω² are the eigenvalues of M⁻¹(Ck² + V)."""
    draw = np.random.default_rng(seed)
    M, C, V = (np.array([[p, q], [q, r]]) for p, q, r in draw.integers(1, 5, (3, 3)))
    M += 5 * np.eye(2, dtype=int)
    t, x = sympy.symbols(TX)
    fields = sympy.Matrix([sympy.Function(name)(t, x) for name in "uv"])
    half = sympy.Rational(1, 2)
    forms = [
        (sign * half * z.T * sympy.Matrix(matrix.tolist()) * z)[0]
        for sign, matrix, z in ((1, M, fields.diff(t)), (-1, C, fields.diff(x)), (-1, V, fields))
    ]
    branches = dispersion_branches(Lagrangian(sympy.Add(*forms), tuple(fields), (t, x)), 0)
    for wavenumber in (0.3, 1.7):
        expected = np.linalg.eigvals(np.linalg.solve(M, C * wavenumber**2 + V))
        found = [complex(branch.subs(k, wavenumber)) for branch in branches]
        found = found * (2 // len(found))
        np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=1e-9)


def test_oscillators_on_a_network_have_the_laplacian_modes() -> None:
    """ω² are the eigenvalues of the graph Laplacian of the coupling, about synchrony."""
    coupling = np.array([[0, 1, 2], [1, 0, 3], [2, 3, 0]])
    theory = catalogue.kuramoto_inertial(coupling.tolist())
    branches = dispersion_branches(theory, 0)
    laplacian = np.diag(coupling.sum(axis=1)) - coupling
    np.testing.assert_allclose(sorted(float(b) for b in branches), np.linalg.eigvalsh(laplacian), atol=1e-10)


def test_wavenumbers_are_named_after_the_coordinates() -> None:
    assert [s.name for s in wavenumbers(catalogue.klein_gordon())] == ["k"]
    assert [s.name for s in wavenumbers(catalogue.klein_gordon(dimension=2))] == ["k_x", "k_y"]
    assert [s.name for s in wavenumbers(catalogue.klein_gordon(m="k"))] == ["k_x"]
    k_x, k_y = wavenumbers(catalogue.klein_gordon(dimension=2))
    relation = dispersion_relation(catalogue.klein_gordon("c", "m", dimension=2))
    assert same(relation, c**2 * (k_x**2 + k_y**2) + m**2)


@pytest.mark.parametrize(
    "potential, expected",
    [
        ("u**2", 0),
        ("cos(u) - 1", None),
        ("-u**2 + u**4/2", 1),
        ("u**4/4 - u**3/3 - u**2", 2),
        ("(u - 3)**2", 3),
        ("exp(u) - u", 0),
    ],
)
def test_the_vacuum_is_the_lowest_stable_constant(potential: str, expected: int | None) -> None:
    theory = parse_lagrangian(f"u_t**2 - u_x**2 - ({potential})", ("u",), TX)
    if expected is None:
        with pytest.raises(ValueError, match=r"no stable constant vacuum found; pass vacuum="):
            constant_vacuum(theory)
    else:
        assert constant_vacuum(theory) == (expected,)


def test_what_has_no_plane_waves_is_refused() -> None:
    theory = catalogue.sine_gordon()
    with pytest.raises(ValueError, match="expected a constant solution"):
        dispersion_relation(theory, 1)
    with pytest.raises(ValueError, match="got 2 vacuum values, expected 1"):
        dispersion_relation(theory, (0, 0))
    with pytest.raises(ValueError, match="depend on the coordinates"):
        dispersion_relation(parse_lagrangian("u_t**2 - u_x**2 - x*u**2", ("u",), TX), 0)
    with pytest.raises(ValueError, match="got 2 branches, expected one; use dispersion_branches"):
        dispersion_relation(parse_lagrangian("u_t**2 + v_t**2 - u_x**2 - 4*v_x**2", ("u", "v"), TX), 0)
