"""Runs against exact solutions, conserved charges and a file of another program, each with a control."""

import numpy as np
import pytest
import torch

from lagrangians import catalogue, parse_lagrangian
from simulations import FieldSystem, Grid, initial_state, load, simulate, solutions
from simulations.chain import Chain

DATA = __file__.rsplit("/simulations/", 1)[0] + "/data"
SINE_GORDON = catalogue.sine_gordon(1.2, 0.9)
SCHROEDINGER = parse_lagrangian(
    "1/2*(v*u_t - u*v_t) - 1/2*(u_x**2 + v_x**2) + 1/2*(u**2 + v**2)**2", ("u", "v"), ("t", "x")
)


def errors_against(exact, system, grid, duration, shift=0.0, **options):
    x = grid.coordinates()[0] + shift
    dataset = simulate(system, exact(x, 0.0), duration, **options)
    return float(abs(dataset["phi"].values[0, -1] - exact(x, duration)[0].numpy()).max())


def test_moving_kink_on_a_winding_ring():
    grid = Grid(30.0, 256, "winding", origin=-15.0)

    def kink(x, t):
        return solutions.kink(x, t, 0.5, 1.2, 0.9)

    assert errors_against(kink, FieldSystem(SINE_GORDON, grid), grid, 6.0) < 1e-3
    twice = Grid(60.0, 512, "winding", origin=-30.0)
    assert errors_against(kink, FieldSystem(SINE_GORDON, twice), twice, 6.0) < 1e-7
    periodic = Grid(60.0, 512, "periodic", origin=-30.0)
    assert errors_against(kink, FieldSystem(SINE_GORDON, periodic), periodic, 6.0) > 1


@pytest.mark.parametrize("boundary", ["periodic", "neumann", "dirichlet"])
def test_kink_antikink_collision(boundary):
    grid = Grid(50.0, 400, boundary, origin=-25.0)

    def pair(x, t):
        return solutions.kink_antikink(x, t - 10.0, 0.5, 1.2, 0.9)

    assert errors_against(pair, FieldSystem(SINE_GORDON, grid), grid, 20.0) < 1e-5


def test_breather_and_its_wrong_mass():
    grid = Grid(60.0, 256, origin=-30.0)

    def breather(x, t):
        return solutions.breather(x, t, 0.6, 0.3, 1.2, 0.9)

    assert errors_against(breather, FieldSystem(SINE_GORDON, grid), grid, 10.0) < 1e-5
    wrong = FieldSystem(catalogue.sine_gordon(1.2, 0.95), grid)
    assert errors_against(breather, wrong, grid, 10.0) > 0.1


def error_of(text, system, duration, **options):
    """(largest error of a run against the solution, largest change of the field) of initial data by name."""
    start, exact = (solutions.initial(text, system, time=t) for t in (0.0, duration))
    dataset = simulate(system, start, duration, save_every=duration, **options)
    parts = [torch.as_tensor(dataset[name].values[0, -1]) for name in system.fields]
    final = torch.stack(parts) if len(parts) > 1 else parts[0]
    start, exact = (state[0] if isinstance(state, tuple) else state for state in (start, exact))
    return float((final - exact).abs().max()), float((start - exact).abs().max())


ON_A_LINE = {
    "kink:v=0.5": "winding",
    "kink-antikink:v=0.6,separation=12": "periodic",
    "breather:frequency=0.6,v=0.3": "periodic",
}


@pytest.mark.parametrize("order", [2, 4, 6, 8])
@pytest.mark.parametrize(
    "text",
    [pytest.param(text, marks=() if text.startswith("kink:") else pytest.mark.slow) for text in ON_A_LINE],
)
def test_order_of_convergence_in_space(text, order):
    """error ∝ Δx^order, with time steps so fine that they do not count."""
    errors = []
    for points in (720, 1440):
        system = FieldSystem(SINE_GORDON, Grid(100.0, points, ON_A_LINE[text], origin=-50.0), order)
        errors.append(error_of(text, system, 2.0, integrator="blanes_moan6", step=0.025)[0])
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize("text", ON_A_LINE)
def test_spectral_accuracy(text):
    """Fourier derivatives beat every power: the error falls by more than 2¹⁰ when Δx is halved once, while
    differences of order 8 stay behind.
    """
    errors, eighth = [], 0.0
    for points in (100, 200, 300):
        grid = Grid(80.0, points, ON_A_LINE[text], origin=-40.0)
        options = {"integrator": "blanes_moan6", "step": 0.05}
        errors.append(error_of(text, FieldSystem(SINE_GORDON, grid), 3.0, **options)[0])
        eighth = error_of(text, FieldSystem(SINE_GORDON, grid, 8), 3.0, **options)[0]
    assert errors[0] / errors[1] > 2**10
    assert errors[2] < 1e-8
    assert eighth > 1e-7


EVOLVED = [  # (initial data, theory, length, points)
    ("kink:v=0.5", catalogue.sine_gordon(1.2, 0.9), 80, 320),
    ("antikink:v=-0.5", catalogue.sine_gordon(1.2, 0.9), 80, 320),
    ("kink-antikink:v=0.6,boost=0.3", catalogue.sine_gordon(1.2, 0.9), 120, 480),
    ("kink-kink:v=0.6,boost=-0.3", catalogue.sine_gordon(1.2, 0.9), 120, 480),
    ("breather:v=0.4", catalogue.sine_gordon(1.2, 0.9), 80, 320),
    ("kink:v=0.5", catalogue.phi4(1.2, 0.7, 1.4), 60, 321),
    ("antikink:v=-0.3", catalogue.phi4(1.2, 0.7, 1.4), 60, 321),
    ("kink-antikink:v=0.4", catalogue.phi4(1.2, 0.7, 1.4), 80, 400),
    ("kink:v=0.5", catalogue.double_sine_gordon(1.2, 0.9, 0.4), 80, 400),
    ("kink-antikink:v=0.5", catalogue.double_sine_gordon(1.2, 0.9, 0.4), 80, 400),
    ("bounce:wait=0.5", catalogue.liouville(1.2, 0.9, 1.5), 10, 16),
    ("plane-wave:nx=3", catalogue.klein_gordon(1.2, 0.9), 20, 32),
    ("plane-wave:nx=2,ny=-1", catalogue.klein_gordon(1.2, 0.9, 2), 20, 24),
    ("plane-wave:nx=1,ny=-1,nz=2", catalogue.klein_gordon(1.2, 0.9, 3), 20, 12),
    ("wave-packet:nx=10", catalogue.klein_gordon(1.2, 0.9), 60, 256),
    ("wave-packet:nx=5,ny=3,width=3", catalogue.klein_gordon(1.2, 0.9, 2), 30, 64),
    ("soliton:v=0.5", catalogue.nonlinear_schroedinger(-1.1, 1.3, 0.2), 60, 192),
    ("plane-wave:nx=2", catalogue.nonlinear_schroedinger(1.1, 1.3, 0.2), 20, 32),
    ("dark-soliton", catalogue.nonlinear_schroedinger(1.1, 1.3, 0.2), 40, 193),
    ("soliton:v=1.5", catalogue.korteweg_de_vries(3.0, 0.8), 60, 192),
    ("two-solitons:v1=2,v2=0.8", catalogue.korteweg_de_vries(3.0, 0.8), 90, 320),
    ("soliton:v=1", catalogue.modified_korteweg_de_vries(3.0, 0.8), 60, 256),
    ("breather:a=1,b=0.8", catalogue.modified_korteweg_de_vries(3.0, 0.8), 60, 256),
]


@pytest.mark.parametrize("text, lagrangian, length, points", EVOLVED)
def test_every_solution_evolves_into_itself(text, lagrangian, length, points):
    """With Fourier derivatives and the system's own integrator and step, for two units of time: errors below
    1e-5 for theories of second order in time, 1e-4 for those of first order, whose default steps are longer.
    """
    dimension = len(lagrangian.coordinates) - 1
    origin = -length / 2
    boundary = solutions.required_boundary(text, lagrangian)
    grid = Grid((float(length),) * dimension, (points,) * dimension, boundary, (origin,) * dimension)
    system = FieldSystem(lagrangian, grid)
    error, change = error_of(text, system, 2.0)
    assert error < (1e-5 if system.time_order == 2 else 1e-4)
    assert change > 0.1


@pytest.mark.parametrize("text", ["soliton:kappa=-0.7", "two-solitons:kappa1=0.9,kappa2=-0.6,separation=12"])
@pytest.mark.parametrize("rise", [0.0, -1.5])
def test_toda_solitons_run_around_a_ring(text, rise):
    ring = Chain(catalogue.toda_lattice(1.2, 0.7, 0.9), 96, rise=rise)
    error, change = error_of(text, ring, 12.0)
    assert error < 1e-4
    assert change > 0.5
    fine, _ = error_of(text, ring, 12.0, integrator="blanes_moan6", step=0.05)
    assert fine < 1e-9


def test_two_korteweg_de_vries_solitons_through_their_collision():
    """The fast soliton overtakes the slow one, and both come out as the exact solution has them."""
    system = FieldSystem(catalogue.korteweg_de_vries(6, 1), Grid(80.0, 256, origin=-40.0))
    error, change = error_of("two-solitons:v1=2,v2=0.5,separation=16", system, 20.0, integrator="etdrk4")
    assert error < 1e-3
    assert change > 0.3


def test_kink_between_walls():
    """A kink at rest stays with its ends held and with zero flux; held ends stay exactly."""
    for boundary in ("dirichlet", "neumann"):
        grid = Grid(40.0, 257, boundary, origin=-20.0)
        system = FieldSystem(SINE_GORDON, grid, 4)
        dataset = simulate(system, solutions.kink(grid.coordinates()[0], 0.0, 0.0, 1.2, 0.9), 10.0)
        phi = dataset["phi"].values[0]
        assert abs(phi - phi[0]).max() < 2e-3
        if boundary == "dirichlet":
            assert abs(phi[:, [0, -1]] - phi[0, [0, -1]]).max() == 0


def test_standing_waves_between_walls():
    for boundary, shape in (("dirichlet", torch.sin), ("neumann", torch.cos)):
        grid = Grid(5.0, 33, boundary)
        x = grid.coordinates()[0]
        mode = shape(2 * torch.pi * x / 5)
        frequency = (1.44 * (2 * torch.pi / 5) ** 2 + 0.81) ** 0.5
        system = FieldSystem(catalogue.klein_gordon(1.2, 0.9), grid)
        final = simulate(system, mode, 3.0, step=0.005)["phi"].values[0, -1]
        assert abs(final - np.cos(3 * frequency) * mode.numpy()).max() < 1e-6


def test_energy_and_momentum_of_a_moving_kink():
    """E = 8mcγ and P = 8mγv/c, Lorentz' relations; the vacuum has energy 0."""
    c, m, v = 1.2, 0.9, 0.5
    gamma = (1 - (v / c) ** 2) ** -0.5
    grid = Grid(60.0, 512, "winding", origin=-30.0)
    system = FieldSystem(SINE_GORDON, grid)
    state = solutions.kink(grid.coordinates()[0], 0.0, v, c, m)
    assert float(system.energy(*state)) == pytest.approx(8 * m * c * gamma, rel=1e-8)
    assert float(system.momentum(*state)) == pytest.approx(8 * m * gamma * v / c, rel=1e-8)
    back = solutions.kink(grid.coordinates()[0], 0.0, -v, c, m)
    assert float(system.momentum(*back)) == pytest.approx(-8 * m * gamma * v / c, rel=1e-8)
    zero = torch.zeros(512, dtype=torch.float64)
    assert float(system.energy(zero, zero)) == 0
    assert system.energy_density(*state).shape == (512,)


def drift(system, state, duration=20.0, **options):
    fields, rates = simulate(system, state, duration, velocities=True, **options)
    q, v = torch.tensor(fields["phi"].values), torch.tensor(rates["phi"].values)
    energy, momentum = system.energy(q, v), system.momentum(q, v)
    scale = system.integrate((v * system.evaluate(system.jets.function(0, (0, 1)), q)).abs()).mean()
    return tuple(
        float((charge - charge[:, :1]).abs().max() / size)
        for charge, size in ((energy, energy.mean()), (momentum, scale))
    )


def test_energy_and_momentum_are_conserved_and_friction_breaks_them():
    grid = Grid(30.0, 128)
    state = (solutions.random_smooth(grid, 3, 2.0, 2.0, 1), solutions.random_smooth(grid, 3, 1.0, 2.0, 2))
    system = FieldSystem(SINE_GORDON, grid)
    energy, momentum = drift(system, state)
    assert energy < 1e-6
    assert momentum < 1e-6
    damped = FieldSystem.from_equations(
        ["phi_tt = 1.44*phi_xx - 0.81*sin(phi) - 0.1*phi_t"], ["phi"], ["t", "x"], grid
    )
    assert not damped.separable
    damped.lagrangian = SINE_GORDON
    assert min(drift(damped, state)) > 0.1


def test_a_wall_breaks_momentum_alone():
    grid = Grid(30.0, 129, "neumann")
    state = (solutions.random_smooth(grid, 3, 2.0, 2.0, 1), solutions.random_smooth(grid, 3, 1.0, 2.0, 2))
    energy, momentum = drift(FieldSystem(SINE_GORDON, grid), state)
    assert energy < 1e-6
    assert momentum > 0.1


def test_file_of_another_program():
    """The reference's own second-order Laplacian is off by k²Δx²/12, about 0.3% of c²."""
    theirs = load(f"{DATA}/sine_gordon.nc")
    u = torch.tensor(theirs["u"].values)
    state = initial_state(theirs, window=7)
    system = FieldSystem(SINE_GORDON, Grid.from_dataset(theirs))
    ours = torch.tensor(simulate(system, state, 20.0, save_every=0.1)["phi"].values)
    error = (ours - u).square().mean((0, 2)).sqrt() / u.square().mean().sqrt()
    assert error[100] < 5e-3
    assert error[200] < 3e-2
    wrong = FieldSystem(catalogue.sine_gordon(1.26, 0.9), system.grid)
    other = torch.tensor(simulate(wrong, state, 20.0, save_every=0.1)["phi"].values)
    assert (other - u).square().mean((0, 2)).sqrt()[100] / u.square().mean().sqrt() > 5e-2


def test_first_order_in_time_soliton_and_its_charges():
    """ψ_t = iψ_xx + 2i|ψ|²ψ with ψ = u + iv: the soliton sech x at rest turns as e^{it}."""
    grid = Grid(40.0, 128, origin=-20.0)
    x = grid.coordinates()[0]
    system = FieldSystem(SCHROEDINGER, grid)
    assert (system.time_order, system.separable) == (1, False)
    shape = 1 / torch.cosh(x)
    dataset = simulate(system, {"u": shape, "v": 0 * x}, 3.0)
    final = dataset["u"].values[0, -1] + 1j * dataset["v"].values[0, -1]
    expected = shape.numpy() * np.exp(1j * 3.0)
    assert abs(final - expected).max() < 1e-4
    q = torch.stack([torch.tensor(dataset[name].values) for name in "uv"], 2)
    energy = system.energy(q)
    assert float(energy[0, 0]) == pytest.approx(-1 / 3, abs=1e-6)
    assert (energy - energy[:, :1]).abs().max() < 1e-6


def test_equations_with_odd_derivatives():
    """Korteweg–de Vries u_t = −6uu_x − u_xxx: the soliton (c/2) sech²(√c(x − ct)/2)."""
    grid = Grid(30.0, 64, origin=-15.0)
    x = grid.coordinates()[0]
    system = FieldSystem.from_equations(["u_t = -6*u*u_x - u_xxx"], ["u"], ["t", "x"], grid)
    final = simulate(system, 0.5 / torch.cosh(x / 2) ** 2, 1.0)["u"].values[0, -1]
    assert abs(final - 0.5 / np.cosh((x.numpy() - 1) / 2) ** 2).max() < 1e-4
