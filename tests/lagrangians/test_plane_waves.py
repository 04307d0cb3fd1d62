"""Plane waves of every kind of theory: gauge fields, constraints, first order in time, lattices, rings."""

import numpy as np
import pytest
import sympy

from lagrangians import Lagrangian, catalogue, constant_vacuum, dispersion_branches, parse_lagrangian
from lagrangians.catalogue import describe
from lagrangians.dispersion import plane_waves, wavenumbers
from lagrangians.zero import is_zero

t, x, n = sympy.symbols("t x n")
k = sympy.Symbol("k", real=True)
NAMES = [name for name in catalogue.entries() if describe(name).vacua]


def numbers(symbols: set, seed: int) -> dict[sympy.Symbol, sympy.Rational]:
    draw = np.random.default_rng(seed)
    ordered = sorted(symbols, key=lambda s: s.name)
    return {s: sympy.Rational(int(i), 100) for s, i in zip(ordered, draw.permutation(90) + 50, strict=False)}


@pytest.mark.parametrize("name", NAMES)
def test_the_matrix_is_the_linearised_equation_on_a_wave(name: str) -> None:
    """d/dε E[φ + εv e^{i(k·x − ωt)}] = M v e^{i(k·x − ωt)} at ε = 0."""
    theory = describe(name)
    lagrangian, waves = theory.lagrangian, theory.waves[0]
    steps = [(-waves.omega, lagrangian.coordinates[0])]
    steps += list(zip(waves.wavenumbers, (*lagrangian.coordinates[1:], *lagrangian.lattice), strict=True))
    wave = sympy.exp(sympy.I * sympy.Add(*(k * y for k, y in steps)))
    small, amplitudes = sympy.Symbol("epsilon"), sympy.symbols(f"a_0:{len(lagrangian.fields)}")
    disturbed = {
        site: (rest + small * amplitude * wave).xreplace(dict(zip(field.args, site.args, strict=True)))
        for field, rest, amplitude in zip(lagrangian.fields, waves.vacuum, amplitudes, strict=True)
        for site in {s for e in theory.field_equations for s in e.atoms(field.func)}
    }
    expected = waves.matrix * sympy.Matrix(amplitudes)
    for equation, right in zip(theory.field_equations, expected, strict=True):
        change = equation.subs(disturbed).doit().diff(small).subs(small, 0)
        assert is_zero(sympy.expand(change / wave) - right)


@pytest.mark.parametrize("name", NAMES)
def test_frequencies_are_where_the_rank_falls(name: str) -> None:
    """rank M(ω(k), k) is below (number of fields) − (gauge directions), the rank at any other ω."""
    for waves in describe(name).waves:
        point = numbers(waves.matrix.free_symbols | set(waves.wavenumbers), 3)
        full = waves.matrix.shape[0] - waves.gauge_directions

        def smallest(omega: complex, waves=waves, point=point, full=full) -> float:
            entries = waves.matrix.subs({**point, waves.omega: omega}).evalf(30).tolist()
            singular = np.linalg.svd(np.array(entries, dtype=complex), compute_uv=False)
            assert all(singular[full:] < 1e-9)
            return singular[full - 1]

        assert smallest(0.7123) > 1e-4
        for frequency in waves.frequencies:
            assert smallest(complex(frequency.subs(point).evalf(30))) < 1e-7
        squares = {complex(f.subs(point)) ** 2 for f in waves.frequencies}
        for square in waves.squares:
            assert min(abs(complex(square.subs(point)) - s) for s in squares) < 1e-9


def test_waves_in_one_direction() -> None:
    """u_t + αuu_x + βu_xxx = 0: ω = −βk³, group velocity three times the phase velocity."""
    waves = describe("korteweg_de_vries").waves[0]
    beta = sympy.Symbol("beta")
    assert waves.frequencies == (-beta * k**3,)
    assert waves.one_way
    assert waves.group_velocity(waves.frequencies[0]) == (-3 * beta * k**2,)
    assert waves.phase_velocity(waves.frequencies[0]) == (-beta * k**2,)
    assert not describe("klein_gordon").waves[0].one_way


def test_group_times_phase_velocity_of_a_relativistic_wave() -> None:
    c = sympy.Symbol("c")
    waves = plane_waves(catalogue.klein_gordon("c", "m"))
    for frequency in waves.frequencies:
        (group,), (phase,) = waves.group_velocity(frequency), waves.phase_velocity(frequency)
        assert is_zero(group * phase - c**2)


@pytest.mark.parametrize("dimension, multiplicity", [(1, 0), (2, 2), (3, 4)])
def test_polarisations_of_light(dimension: int, multiplicity: int) -> None:
    waves = plane_waves(catalogue.maxwell("c", dimension), 0)
    assert waves.gauge_directions == 1
    assert waves.multiplicity == multiplicity
    squares = () if dimension == 1 else (sum(sympy.Symbol("c") ** 2 * q**2 for q in waves.wavenumbers),)
    assert len(waves.squares) == len(squares)
    assert all(is_zero(a - b) for a, b in zip(waves.squares, squares, strict=True))


def test_the_gauge_direction_is_a_gradient() -> None:
    waves = plane_waves(catalogue.maxwell("c", 3), 0)
    gradient = sympy.Matrix([-waves.omega, *waves.wavenumbers])
    assert (waves.matrix * gradient).applyfunc(sympy.expand) == sympy.zeros(4, 1)


def chain(bond: sympy.Expr, *fields: sympy.Expr) -> Lagrangian:
    kinetic = sympy.Add(*(f.diff(t) ** 2 / 2 for f in fields))
    return Lagrangian(kinetic - bond, fields, (t,))


def test_a_diatomic_chain() -> None:
    """Two masses in a cell: ω² = κ(1 ± cos(k/2)) for equal masses and springs, k for a cell of two."""
    u, v = sympy.Function("u"), sympy.Function("v")
    bonds = ((v(n, t) - u(n, t)) ** 2 + (u(n + 1, t) - v(n, t)) ** 2) / 2
    theory = chain(bonds, u(n, t), v(n, t))
    expected = [2 + 2 * sympy.cos(k / 2), 2 - 2 * sympy.cos(k / 2)]
    found = dispersion_branches(theory, 0)
    assert len(found) == 2
    for wavenumber in (0.3, 1.1, 2.9):
        values = sorted(float(f.subs(k, wavenumber)) for f in found)
        assert values == pytest.approx(sorted(float(f.subs(k, wavenumber)) for f in expected))


def test_second_neighbours_and_square_lattices() -> None:
    q, r = sympy.Function("q"), sympy.Function("r")
    far = chain((q(n + 2, t) - q(n, t)) ** 2 / 2, q(n, t))
    assert is_zero(dispersion_branches(far, 0)[0] - (2 - 2 * sympy.cos(2 * k)))
    j = sympy.Symbol("j")
    bonds = ((r(n + 1, j, t) - r(n, j, t)) ** 2 + (r(n, j + 1, t) - r(n, j, t)) ** 2) / 2
    square = chain(bonds, r(n, j, t))
    k_n, k_j = wavenumbers(square)
    assert (k_n.name, k_j.name) == ("k_n", "k_j")
    assert is_zero(dispersion_branches(square, 0)[0] - (4 - 2 * sympy.cos(k_n) - 2 * sympy.cos(k_j)))


def test_long_waves_on_a_chain_are_those_of_the_continuum() -> None:
    (square,) = dispersion_branches(catalogue.frenkel_kontorova(), 0)
    assert sympy.series(square, k, 0, 4).removeO() == 1 + k**2


def test_networks_too_large_for_closed_forms_give_numbers() -> None:
    draw = np.random.default_rng(5)
    coupling = np.triu(draw.integers(1, 9, (6, 6)), 1)
    coupling = coupling + coupling.T
    branches = dispersion_branches(catalogue.kuramoto_inertial(coupling.tolist()), 0)
    laplacian = np.diag(coupling.sum(axis=1)) - coupling
    np.testing.assert_allclose(sorted(float(b) for b in branches), np.linalg.eigvalsh(laplacian), atol=1e-8)


def test_float_coefficients() -> None:
    (square,) = dispersion_branches(catalogue.sine_gordon(c=1.2, m=0.9))
    assert float(square.subs(k, 2)) == pytest.approx(1.44 * 4 + 0.81, rel=1e-14)
    assert dispersion_branches(catalogue.phi4(v=0.1, g=3.0))[0].subs(k, 0) == pytest.approx(0.06)


@pytest.mark.parametrize(
    "theory, expected",
    [
        (catalogue.linear_sigma("c", "g", "v", components=3), {"phi_1": "v"}),
        (catalogue.abelian_higgs("e", "g", "v"), {"phi": "v", "phi_bar": "v"}),
        (catalogue.sigma_model(), {"n_1": 1}),
        (catalogue.complex_klein_gordon(), {}),
        (catalogue.toda_lattice(), {}),
        (catalogue.nonlinear_schroedinger("g", 1, "mu"), {"psi": "sqrt(mu/g)", "psi_bar": "sqrt(mu/g)"}),
    ],
)
def test_vacua_of_several_fields(theory: Lagrangian, expected: dict[str, object]) -> None:
    """The field that breaks the symmetry is the first one, or the real part."""
    positive = {p: sympy.Symbol(p.name, positive=True) for p in theory.parameters}
    wanted = tuple(
        sympy.sympify(expected.get(name, 0), locals={s.name: s for s in positive.values()})
        for name in theory.jets.field_names
    )
    found = tuple(value.subs(positive) for value in constant_vacuum(theory))
    assert all(is_zero(a - b) for a, b in zip(found, wanted, strict=True))


def test_ways_of_giving_the_vacuum() -> None:
    theory = catalogue.linear_sigma("c", "g", "v", components=2)
    v = sympy.Symbol("v")
    by_name = plane_waves(theory, {"phi_2": v})
    assert by_name.vacuum == (0, v)
    assert by_name.squares == plane_waves(theory, (0, v)).squares == plane_waves(theory, (v, 0)).squares
    with pytest.raises(ValueError, match="got a vacuum value of chi, expected fields among phi_1, phi_2"):
        plane_waves(theory, {"chi": 1})


def test_a_moving_frame_mixes_the_directions() -> None:
    """½(u_t + su_x)² − ½u_x²: ω = (s ± 1)k."""
    theory = parse_lagrangian("1/2*(u_t + s*u_x)**2 - 1/2*u_x**2", ("u",), ("t", "x"), ("s",))
    waves = plane_waves(theory, 0)
    s = sympy.Symbol("s")
    assert {sympy.expand(f) for f in waves.frequencies} == {
        sympy.expand((s + 1) * k),
        sympy.expand((s - 1) * k),
    }
    assert waves.one_way


def test_a_parameter_called_omega_is_kept_apart() -> None:
    waves = plane_waves(catalogue.henon_heiles("omega"), 0)
    assert waves.omega.name == "Omega"
    assert waves.squares == (sympy.Symbol("omega") ** 2,)


def test_what_depends_on_the_site_has_no_plane_waves() -> None:
    q = sympy.Function("q")
    with pytest.raises(ValueError, match="depend on the coordinates"):
        plane_waves(chain(n * q(n, t) ** 2, q(n, t)), 0)
