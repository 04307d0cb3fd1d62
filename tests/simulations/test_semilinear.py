"""Field theories in modes, theories solved mode by mode, and the fields of the state."""

import math

import pytest
import sympy
import torch

from lagrangians import Lagrangian, catalogue, parse_lagrangian
from simulations import FieldSystem, Grid, simulate
from simulations.fields.evolution_form import evolution_form
from simulations.integrators import rk4
from simulations.integrators.exponential import etdrk4

LENGTH = 2 * math.pi


def random_state(system: FieldSystem, *batch: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((*batch, *system.state_shape()), dtype=torch.float64, generator=generator)


def gradient_of_energy(system: FieldSystem, q: torch.Tensor, v: torch.Tensor | None = None) -> torch.Tensor:
    q = q.clone().requires_grad_()
    (slope,) = torch.autograd.grad(system.energy(q, v).sum(), q)
    return slope


# Extraction


def test_the_operators_of_benjamin_bona_mahony():
    form = evolution_form(catalogue.benjamin_bona_mahony(c=2, alpha=3, beta=5), set())
    assert form is not None
    assert form.mass == {}
    assert form.gyration == {(0, 0): {(0, 1): -1, (0, 3): 5}}
    assert form.stiffness == {(0, 0): {(0, 2): -2}}
    assert form.rest == -(sympy.Symbol("w_x") ** 3) / 2
    assert form.slopes() == [(0, (0, 1), -3 * sympy.Symbol("w_x") ** 2 / 2)]


@pytest.mark.parametrize(
    "lagrangian",
    [
        catalogue.sine_gordon(),
        catalogue.boussinesq(alpha=0.7),
        catalogue.korteweg_de_vries(),
        catalogue.nonlinear_schroedinger(g=0.3).real_form(),
        catalogue.thirring(m=0.7, g=1.3).real_form(),
        catalogue.proca(m=1.3, dimension=2),
        catalogue.maxwell_chern_simons(mu=0.6),
    ],
    ids=str,
)
def test_the_parts_add_up_to_the_field_equations(lagrangian):
    """M(∂) φ_tt + G(∂) φ_t + S(∂) φ + N is the Euler–Lagrange expression."""
    form = evolution_form(lagrangian, set())
    assert form is not None
    for number, expected in enumerate(lagrangian.euler_lagrange()):
        total = sympy.S.Zero
        for order, operator in ((2, form.mass), (1, form.gyration), (0, form.stiffness)):
            for (a, b), row in operator.items():
                for index, coefficient in row.items():
                    if a == number:
                        total += coefficient * form.jets.function(b, (order, *index[1:]))
        for field, index, slope in form.slopes():
            if field == number:
                steps = list(zip(form.jets.coordinates[1:], index[1:], strict=True))
                term = form.jets.to_functions(slope)
                for x, count in steps:
                    term = term.diff(x, count) if count else term
                total += term
        assert sympy.expand((total - expected).doit()) == 0


def test_no_form_where_velocities_are_nonlinear():
    assert evolution_form(catalogue.born_infeld(), set()) is None
    system = FieldSystem(catalogue.born_infeld(), Grid(LENGTH, 16))
    assert system.semilinear is None


@pytest.mark.parametrize(
    "system",
    [
        FieldSystem(catalogue.nonlinear_schroedinger(), Grid(LENGTH, 16, "dirichlet")),
        FieldSystem(catalogue.nonlinear_schroedinger(), Grid(LENGTH, 16), derivative=4),
        FieldSystem(catalogue.pendulum(), None),
        FieldSystem.from_equations(["u_t = u_xx"], ("u",), ("t", "x"), Grid(LENGTH, 16)),
        FieldSystem(catalogue.sigma_model(), Grid(LENGTH, 16)),
    ],
    ids=["walls", "finite differences", "mechanics", "equations", "multiplier"],
)
def test_no_form_elsewhere(system):
    assert system.semilinear is None


# The right-hand side


@pytest.mark.parametrize(
    ("lagrangian", "points"),
    [
        (catalogue.nonlinear_schroedinger(g=0.3, mu=0.2), (16,)),
        (catalogue.nonlinear_schroedinger(g=0.3, mu=0.2), (15,)),
        (catalogue.nonlinear_schroedinger(dimension=2), (8, 7)),
        (catalogue.nonlinear_schroedinger(dimension=3), (4, 6, 5)),
        (catalogue.thirring(g=0.4), (16,)),
        (catalogue.sine_gordon(), (16,)),
        (catalogue.euler_bernoulli_beam(B=0.3), (16,)),
        (catalogue.boussinesq(alpha=0.4), (16,)),
        (catalogue.maxwell_chern_simons(mu=0.4), (8, 10)),
        (catalogue.abelian_higgs(dimension=2), (8, 8)),
        (catalogue.complex_klein_gordon(dimension=2), (8, 8)),
    ],
)
def test_it_is_the_right_hand_side_of_the_system(lagrangian, points):
    """L ŷ + N̂(ŷ) equals what the system computes in another way, on smooth data, with batch axes."""
    system = FieldSystem(lagrangian, Grid((LENGTH,) * len(points), points))
    form = system.semilinear
    assert form is not None
    mesh = system.grid.mesh()
    wave = sum(torch.sin(x) + torch.cos(x + 0.3) for x in mesh)
    amplitude = random_state(system, 3)
    amplitude = amplitude[..., *[slice(0, 1)] * len(points)]
    q = amplitude * wave
    v = amplitude.flip(0) * wave**2 if system.time_order == 2 else None
    rate = form.from_modes(form.rate(form.to_modes(q, v), 0.0))
    if v is None:
        expected = system.velocity(q)
        assert torch.allclose(rate, expected, rtol=1e-11, atol=1e-11)
    else:
        assert torch.allclose(rate[0], v, rtol=1e-12, atol=1e-12)
        assert torch.allclose(rate[1], system.acceleration(q, v), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "lagrangian",
    [
        catalogue.korteweg_de_vries(),
        catalogue.modified_korteweg_de_vries(),
        catalogue.benjamin_bona_mahony(),
        catalogue.kadomtsev_petviashvili(),
    ],
)
def test_the_discrete_energy_is_conserved_exactly_by_the_right_hand_side(lagrangian):
    """∇E·u_t = 0 to round-off for rough data, aliased products and all; not for a random direction."""
    dimension = len(lagrangian.coordinates) - 1
    system = FieldSystem(lagrangian, Grid((LENGTH,) * dimension, (16, 12)[:dimension]))
    q = random_state(system)
    if dimension == 2:  # modes with k_x = 0 but for the mean are excluded by the equations
        q = q - q.mean(0, keepdim=True)
    slope, rate = gradient_of_energy(system, q), system.velocity(q)
    size = float(slope.norm() * rate.norm())
    assert abs(float((slope * rate).sum())) < 1e-13 * size
    assert abs(float((slope * random_state(system, seed=1)).sum())) > 1e-13 * size


def test_the_mean_of_the_slope_is_kept():
    system = FieldSystem(catalogue.korteweg_de_vries(), Grid(LENGTH, 16))
    q = random_state(system, 2) + 1
    assert float(system.velocity(q).mean(-1).abs().max()) < 1e-13


def test_korteweg_de_vries_is_what_its_name_says():
    """u_t = −αuu_x − βu_xxx for a resolved u."""
    system = FieldSystem(catalogue.korteweg_de_vries(alpha=3, beta=0.2), Grid(LENGTH, 32))
    x = system.grid.coordinates()[0]
    u = 0.4 + torch.sin(x) + 0.3 * torch.cos(2 * x)
    u_x = torch.cos(x) - 0.6 * torch.sin(2 * x)
    u_xxx = -torch.cos(x) + 2.4 * torch.sin(2 * x)
    assert system.fields == ("w_x",)
    assert torch.allclose(system.velocity(u), -3 * u * u_x - 0.2 * u_xxx, atol=1e-12)


def test_parameters_on_the_grid_and_batches():
    """A coupling g(x) multiplies |ψ|²ψ at each point, in N."""
    lagrangian = catalogue.nonlinear_schroedinger(g="g")
    grid = Grid(LENGTH, 16)
    g = 1 + torch.sin(grid.coordinates()[0])
    system = FieldSystem(lagrangian, grid, parameters={"g": g})
    q = random_state(system, 3)
    form = system.semilinear
    rate = form.from_modes(form.rate(form.to_modes(q), 0.0))
    assert torch.allclose(rate, system.velocity(q), atol=1e-9)
    assert all("g" not in str(c) for row in form.form.stiffness.values() for c in row.values())


def test_gradients_with_respect_to_a_parameter_of_the_linear_part():
    beta = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    grid = Grid(LENGTH, 16)
    u = torch.sin(grid.coordinates()[0])

    def final(value: torch.Tensor) -> torch.Tensor:
        system = FieldSystem(catalogue.korteweg_de_vries(beta="beta"), grid, parameters={"beta": value})
        q = u
        for number in range(3):
            q, _ = etdrk4.step(system, q, None, 0.05 * number, 0.05)
        return (q * torch.cos(grid.coordinates()[0])).sum()

    (slope,) = torch.autograd.grad(final(beta), beta)
    shift = torch.tensor(1e-5, dtype=torch.float64)
    difference = (final(0.3 + shift) - final(0.3 - shift)) / (2 * shift)
    assert float((slope - difference).abs()) < 1e-6 * float(difference.abs())


# The fields of the state


def test_the_potential_is_given_back():
    """`evaluate` gives w_x = u, w with u's mean as slope, and w_t with w_tx = u_t."""
    system = FieldSystem(catalogue.korteweg_de_vries(), Grid(LENGTH, 32))
    t, x = system.lagrangian.coordinates
    (w,) = system.lagrangian.fields
    place = system.grid.coordinates()[0]
    u = 0.5 + torch.cos(place)
    assert torch.equal(system.evaluate(w.diff(x), u), u)
    assert torch.allclose(system.evaluate(w, u), 0.5 * place + torch.sin(place), atol=1e-13)
    assert torch.allclose(system.evaluate(w.diff(x, t), u), system.velocity(u), atol=1e-12)
    again = FieldSystem(catalogue.korteweg_de_vries(), Grid(LENGTH, 32)).derivative
    assert torch.allclose(again.field(system.evaluate(w.diff(t), u), 0), system.velocity(u), atol=1e-9)
    assert float(system.momentum(u)) == pytest.approx(-0.5 * LENGTH * (0.25 + 0.5))


def test_the_potential_in_two_dimensions():
    system = FieldSystem(catalogue.kadomtsev_petviashvili(), Grid((LENGTH, LENGTH), (12, 14)))
    _, _, y = system.lagrangian.coordinates
    (w,) = system.lagrangian.fields
    X, Y = system.grid.mesh()
    u = torch.cos(X + 2 * Y)
    assert torch.allclose(system.evaluate(w.diff(y), u), 2 * u, atol=1e-13)
    assert torch.allclose(system.evaluate(w.diff(y, 2), u), -4 * torch.sin(X + 2 * Y), atol=1e-12)


def test_complex_fields_come_as_real_and_imaginary_parts():
    system = FieldSystem(catalogue.nonlinear_schroedinger(dimension=2), Grid((LENGTH, LENGTH), (8, 8)))
    assert system.fields == ("psi_re", "psi_im")
    assert system.state_shape() == (2, 8, 8)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_temporal_gauge_keeps_gauss_law(dimension):
    """A_t = 0, and ∂_iE_i − ρ stays what it is, also where it is not 0."""
    lagrangian = catalogue.abelian_higgs(e=0.8, dimension=dimension)
    system = FieldSystem(lagrangian, Grid((LENGTH,) * dimension, (16, 12, 10)[:dimension]))
    assert system.fields == ("phi_re", "phi_im", *(f"A_{x}" for x in "xyz"[:dimension]))
    assert list(system.constraints) == ["A_t"]
    x = system.grid.mesh()[0]
    scale = torch.linspace(0.5, 1, len(system.fields), dtype=torch.float64)
    scale = scale.reshape(-1, *[1] * dimension)
    q, v = 0.3 * scale * torch.cos(x) + 0.5, 0.2 * scale.flip(0) * torch.sin(x)
    law = system.evaluate(system.constraints["A_t"], q, v)
    later = (q, v)
    for number in range(10):
        later = rk4.step(system, *later, 0.02 * number, 0.02)
    assert float(law.abs().max()) > 0.01
    assert float((system.evaluate(system.constraints["A_t"], *later) - law).abs().max()) < 1e-6


def test_a_constraint_is_solved_for():
    """Proca's A_t from (q, v) solves its own equation."""
    system = FieldSystem(catalogue.proca(m=1.3, dimension=3), Grid((LENGTH,) * 3, (6, 7, 8)))
    assert system.fields == ("A_x", "A_y", "A_z")
    x, y, z = system.grid.mesh()
    q = torch.stack([torch.sin(x + y), torch.cos(z), torch.sin(y - z)])
    v = torch.stack([torch.cos(x), torch.sin(y), torch.cos(x - z)])
    (law, *_) = system.lagrangian.euler_lagrange()
    assert float(system.evaluate(system.lagrangian.fields[0], q, v).abs().max()) > 0.1
    assert float(system.evaluate(law, q, v).abs().max()) < 1e-12


def test_multipliers_keep_the_constraint():
    system = FieldSystem(catalogue.sigma_model(), Grid(LENGTH, 32))
    x = system.grid.coordinates()[0]
    q = torch.stack([torch.sin(torch.sin(x)), 0 * x, torch.cos(torch.sin(x))])
    v = torch.stack([0 * x, torch.cos(x), 0 * x])
    for number in range(20):
        q, v = rk4.step(system, q, v, 0.02 * number, 0.02)
    assert float(system.evaluate(system.constraints["multiplier"], q, v).abs().max()) < 1e-7
    assert float(v.abs().max()) > 0.1


# Refusals


def test_a_mode_without_equation_is_named():
    with pytest.raises(ValueError, match=r"singular at the mode number \(2\)"):
        FieldSystem(catalogue.benjamin_bona_mahony(beta=-0.25), Grid(LENGTH, 16))


def test_walls_are_refused_for_potentials():
    with pytest.raises(ValueError, match="periodic axes let some theories be solved in modes"):
        FieldSystem(catalogue.korteweg_de_vries(), Grid(LENGTH, 16, "neumann"))


def test_a_potential_that_occurs_itself_is_refused():
    theory = parse_lagrangian("w_t*w_x/2 - w_xx**2/2 - w**4", ("w",), ("t", "x"))
    with pytest.raises(ValueError, match="expected its derivatives alone"):
        FieldSystem(theory, Grid(LENGTH, 16))


def test_an_undetermined_field_is_refused():
    theory = parse_lagrangian("u_t**2/2 - u_x**2/2 + p*u**2", ("u", "p"), ("t", "x"))
    assert FieldSystem(theory, Grid(LENGTH, 16)).constraints  # a multiplier: u = 0
    theory = parse_lagrangian("u_t**2/2 - u_x**2/2 + p**3*u", ("u", "p"), ("t", "x"))
    with pytest.raises(ValueError, match="degenerate"):
        FieldSystem(theory, Grid(LENGTH, 16))


def test_lattices_go_to_chains():
    with pytest.raises(ValueError, match=r"use Chain\(lagrangian, count\)"):
        FieldSystem(catalogue.toda_lattice(), None)


def test_dataset_of_a_soliton():
    """u in, u out: a soliton of Korteweg and de Vries moves on by Vt."""
    grid = Grid(40.0, 256, origin=-20.0)
    system = FieldSystem(catalogue.korteweg_de_vries(), grid)
    x = grid.coordinates()[0]
    speed = 4.0

    def soliton(place: torch.Tensor) -> torch.Tensor:
        return speed / 2 / torch.cosh(speed**0.5 / 2 * place) ** 2

    data = simulate(system, soliton(x + 4), 2.0, save_every=0.5, integrator=etdrk4)
    final = torch.tensor(data["w_x"].values[0, -1])
    assert float((final - soliton(x - 4)).abs().max()) < 2e-5


def test_lagrangian_of_the_state_is_the_reduced_one():
    system = FieldSystem(catalogue.maxwell(dimension=2), Grid((LENGTH, LENGTH), (8, 8)))
    assert isinstance(system.lagrangian, Lagrangian)
    assert "A_t" not in system.lagrangian.jets.field_names
