"""Any Lagrangian on a grid: its force is the exact gradient of its energy; what it refuses."""

import numpy as np
import pytest
import sympy
import torch

from lagrangians import Lagrangian, ParseError, catalogue, parse_lagrangian
from lagrangians.parser import FUNCTIONS
from simulations import FieldSystem, Grid, simulate, solutions
from simulations.fields import spectrum
from simulations.grids import BOUNDARIES
from simulations.integrators import rk4, stormer_verlet

DATA = __file__.rsplit("/simulations/", 1)[0] + "/data"
SCHEMES = ["fourier", 2, 4, 6, 8]
SINE_GORDON = catalogue.sine_gordon(1.2, 0.9)
# Two coupled fields, non-diagonal kinetic matrix, quartic gradients, explicit place dependence, first order.
COUPLED = parse_lagrangian(
    "u_t**2/2 + v_t**2 + u_t*v_t/2 - (1 + x**2/20)*u_x**2/2 - v_x**2 - u_x**4/9 - u_x*v_x/3"
    " - u**2*v**2/2 - cos(u - v) + u*v_x/5 - v*u_x/7 - sin(t)*u**2/3",
    ("u", "v"),
    ("t", "x"),
)
SCHROEDINGER = parse_lagrangian(
    "1/2*(v*u_t - u*v_t) - 1/2*(u_x**2 + v_x**2) + 1/2*(u**2 + v**2)**2", ("u", "v"), ("t", "x")
)


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def potential_gradient(system, q, v, time=0.0):
    """−∂E/∂q by automatic differentiation of the discrete energy."""
    q = q.clone().requires_grad_()
    return -torch.autograd.grad(system.energy(q, v, time).sum(), q)[0]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_force_is_the_exact_gradient_of_the_energy(scheme, boundary):
    """weights·φ_tt = −∂E/∂φ to round-off, for every boundary and derivative."""
    grid = Grid(6.0, 20, boundary)
    system = FieldSystem(SINE_GORDON, grid, scheme)
    q = random(3, 20)
    force = grid.weights() * system.acceleration(q, torch.zeros_like(q))
    gradient = potential_gradient(system, q, torch.zeros_like(q))
    if boundary == "dirichlet":
        gradient[:, [0, -1]] = 0
    assert gradient.abs().max() > 1
    assert torch.allclose(force, gradient, atol=1e-11)


@pytest.mark.parametrize("scheme", ["fourier", 4])
@pytest.mark.parametrize("boundary", ["periodic", "neumann"])
def test_force_of_coupled_fields_with_a_kinetic_matrix(scheme, boundary):
    """weights·M φ_tt = −∂E/∂φ at explicit time and place, several fields."""
    grid = Grid(6.0, 20, boundary)
    system = FieldSystem(COUPLED, grid, scheme)
    q, v = random(2, 2, 20), random(2, 2, 20, seed=1)
    mass = torch.tensor([[1.0, 0.5], [0.5, 2.0]], dtype=torch.float64)
    force = grid.weights() * torch.einsum("ab,sbx->sax", mass, system.acceleration(q, time=0.7))
    assert system.separable
    assert torch.allclose(force, potential_gradient(system, q, v, 0.7), atol=1e-11)
    assert not torch.allclose(force, potential_gradient(system, q, v, 0.2), atol=1e-2)


def test_force_in_two_and_three_dimensions_and_of_higher_order():
    plane = FieldSystem(catalogue.phi4(dimension=2), Grid((5.0, 4.0), (10, 12), ("periodic", "neumann")))
    q = random(2, 10, 12)
    force = plane.grid.weights() * plane.acceleration(q)
    assert torch.allclose(force, potential_gradient(plane, q, 0 * q), atol=1e-11)
    space = FieldSystem(catalogue.klein_gordon(dimension=3), Grid(5.0, (6, 8, 7)), 2)
    q = random(6, 8, 7)
    force = space.grid.weights() * space.acceleration(q)
    assert torch.allclose(force, potential_gradient(space, q, 0 * q), atol=1e-11)
    beam = parse_lagrangian("phi_t**2/2 - phi_xx**2/2 - phi**4", ("phi",), ("t", "x"))
    bending = FieldSystem(beam, Grid(5.0, 16), 4)
    q = random(16)
    force = bending.grid.weights() * bending.acceleration(q)
    assert torch.allclose(force, potential_gradient(bending, q, 0 * q), atol=1e-9)
    with pytest.raises(ValueError, match="walls"):
        FieldSystem(beam, Grid(5.0, 16, "neumann"))


@pytest.mark.parametrize(
    "lagrangian", [SINE_GORDON, catalogue.phi4(), catalogue.double_sine_gordon(1, 0.8, 0.5)]
)
def test_force_is_the_symbolic_equation_of_motion(lagrangian):
    """Against φ_tt of `equations_of_motion`, compiled by SymPy for NumPy, on a resolved field."""
    lagrangian = lagrangian.substitute(dict.fromkeys(lagrangian.parameters, 0.7))
    grid = Grid(12.0, 64)
    phi = solutions.random_smooth(grid, 2, 1.2, seed=4)
    (field,), (_, x) = lagrangian.fields, lagrangian.coordinates
    (right,) = lagrangian.equations_of_motion().values()
    value, curvature = sympy.symbols("value curvature")
    compiled = sympy.lambdify((value, curvature), right.subs(field.diff(x, 2), curvature).subs(field, value))
    wavenumbers = grid.wavenumbers().numpy()
    phi_xx = np.fft.ifft(-(wavenumbers**2) * np.fft.fft(phi.numpy())).real
    expected = compiled(phi.numpy(), phi_xx)
    np.testing.assert_allclose(FieldSystem(lagrangian, grid).acceleration(phi), expected, atol=1e-9)


def test_equations_agree_with_the_lagrangian():
    grid = Grid(12.0, 64)
    q = solutions.random_smooth(grid, 2, seed=3)
    theory = FieldSystem(SINE_GORDON, grid)
    texts = {"phi": "phi_tt = c2*phi_xx - 0.81*sin(phi)"}
    equations = FieldSystem.from_equations(texts, ["phi"], ["t", "x"], grid, parameters={"c2": 1.44})
    assert equations.separable
    assert torch.allclose(equations.acceleration(q), theory.acceleration(q), atol=1e-11)
    with pytest.raises(ValueError, match="has no energy"):
        equations.energy(q, q)


def test_density_that_is_not_separable():
    """ℒ = (1 + φ²)(φ_t² − φ_x²)/2, a wave map: φ_tt = φ_xx − φ(φ_t² − φ_x²)/(1 + φ²);"""
    text = "(1 + phi**2)*(phi_t**2 - phi_x**2)/2"
    grid = Grid(10.0, 64)
    system = FieldSystem(parse_lagrangian(text, ("phi",), ("t", "x")), grid)
    assert (system.time_order, system.separable) == (2, False)
    q, v = solutions.random_smooth(grid, 2, 0.5, 1.5, 1), solutions.random_smooth(grid, 2, 0.5, 1.5, 2)
    # F = ∫√(1 + φ²) dφ obeys the free wave equation.
    fields, rates = simulate(system, (q, v), 3.0, velocities=True)
    energy = system.energy(torch.tensor(fields["phi"].values), torch.tensor(rates["phi"].values))
    assert float((energy - energy[:, :1]).abs().max() / energy.mean()) < 1e-6

    def straight(phi):
        return (phi * torch.sqrt(1 + phi**2) + torch.asinh(phi)) / 2

    free = FieldSystem(parse_lagrangian("phi_t**2/2 - phi_x**2/2", ("phi",), ("t", "x")), grid)
    expected = simulate(free, (straight(q), torch.sqrt(1 + q**2) * v), 3.0)["phi"].values[:, -1]
    assert abs(straight(torch.tensor(fields["phi"].values[:, -1])).numpy() - expected).max() < 1e-4


def test_stable_step_and_its_edge():
    grid = Grid(20.0, 64)
    system = FieldSystem(catalogue.klein_gordon(1.2, 0.9), grid)
    largest = (1.44 * (31 * 2 * torch.pi / 20) ** 2 + 0.81) ** 0.5
    assert system.largest_frequency(random(64)) == pytest.approx(largest, rel=0.03)
    assert system.stable_step(integrator=stormer_verlet) == pytest.approx(0.99 * 2 / largest, rel=0.03)
    assert system.stable_step(integrator=rk4) > system.stable_step(integrator=stormer_verlet)
    noise = random(64)
    limit = system.stable_step(noise)
    with pytest.raises(ValueError, match=r"expected at most 0\.\d+, the stability limit of \w+ here"):
        simulate(system, noise, 10.0, step=1.05 * limit)
    assert abs(simulate(system, noise, 200 * limit, save_every=limit, step=limit)["phi"]).max() < 100


@pytest.mark.parametrize("scheme", ["fourier", 2, 4, 6, 8])
@pytest.mark.parametrize("boundary", ["periodic", "neumann", "dirichlet"])
def test_largest_frequency_bounds_that_of_power_iteration(scheme, boundary):
    """The bound from the dispersion relation is above the linearised spectrum, by less than 3%."""
    system = FieldSystem(SINE_GORDON, Grid(20.0, 64, boundary), scheme)
    q = solutions.random_smooth(system.grid, 2, seed=2)
    found, bound = spectrum.largest_frequency(system, q, iterations=400), system.largest_frequency(q)
    assert 0.97 * bound < found < bound * (1 + 1e-9)


def test_largest_frequency_of_coupled_fields_in_the_plane():
    theory = parse_lagrangian(
        "u_t**2/2 + v_t**2/2 - k*(u_x**2 + 3*v_x**2)/2 - u_y**2 - v_y**2 + u_x*v_x/3 - u*v - v**4",
        ("u", "v"),
        ("t", "x", "y"),
        ("k",),
    )
    k = torch.tensor([0.4, 1.3], dtype=torch.float64).reshape(2, 1, 1)
    system = FieldSystem(theory, Grid((6.0, 5.0), 12), 4, {"k": k})
    q = random(2, 2, 12, 12)
    found, bound = spectrum.largest_frequency(system, q, iterations=400), system.largest_frequency(q)
    assert 0.8 * bound < found < bound


def test_differentiable_in_state_and_parameters_and_follows_dtype():
    lagrangian = catalogue.sine_gordon("c", "m")
    c = torch.tensor(1.2, dtype=torch.float64, requires_grad=True)
    system = FieldSystem(lagrangian, Grid(6.0, 16), parameters={"c": c, "m": 0.9})
    q = solutions.random_smooth(Grid(6.0, 16), 2)
    fixed = FieldSystem(SINE_GORDON, Grid(6.0, 16))
    assert torch.allclose(system.acceleration(q), fixed.acceleration(q), atol=1e-12)
    system.acceleration(q).square().sum().backward()
    assert c.grad is not None
    assert abs(float(c.grad)) > 1e-2
    assert fixed.acceleration(q.float()).dtype == torch.float32
    assert fixed.acceleration(q[None, None]).shape == (1, 1, 2, 16)


def test_gradients_for_arrays_on_the_grid():
    """m(x) and, in flux form, c(x): the force is still minus the gradient of the energy."""
    grid = Grid(6.0, 16)
    (x,) = grid.coordinates()
    lagrangian = catalogue.sine_gordon("c", "m")
    for scheme in ("fourier", 4):
        m = (1 + 0.3 * torch.sin(torch.pi * x / 3)).requires_grad_()
        c = 1 + 0.2 * torch.cos(torch.pi * x / 3)
        for parameters in ({"c": 1.2, "m": m}, {"c": c.numpy(), "m": m}):
            system = FieldSystem(lagrangian, grid, scheme, parameters)
            q = random(2, 16)
            force = grid.weights() * system.acceleration(q)
            gradient = potential_gradient(system, q, 0 * q)
            assert torch.allclose(force, gradient, atol=1e-11)
            (slope,) = torch.autograd.grad(system.acceleration(q).square().sum(), m)
            assert slope.shape == (16,)
            assert slope.abs().min() > 1e-6
    with pytest.raises(ValueError, match=r"parameter m of shape \(15,\), expected a number or the grid's"):
        FieldSystem(lagrangian, grid, parameters={"c": 1.0, "m": torch.ones(15)})


def test_an_array_where_only_a_number_is_derived_is_refused():
    """(1 + k φ²) φ_t² is not separable: its equation is derived for constant k, and k φ_x² would need k_x."""
    text = "(1 + phi**2)*phi_t**2/2 - k*phi_x**2/2 - w*phi**2"
    theory = parse_lagrangian(text, ("phi",), ("t", "x"), ("k", "w"))
    grid = Grid(6.0, 16)
    FieldSystem(theory, grid, parameters={"k": 1.0, "w": torch.rand(16)}).acceleration(random(16), random(16))
    with pytest.raises(ValueError, match="got values of k on the grid"):
        FieldSystem(theory, grid, parameters={"k": torch.rand(16), "w": 1.0})


@pytest.mark.parametrize("scheme", ["fourier", 4])
def test_an_ensemble_over_parameters(scheme):
    """A parameter of shape (sample, 1) gives each sample its own theory."""
    grid = Grid(6.0, 16)
    c = torch.tensor([[1.0], [1.5]], dtype=torch.float64)
    system = FieldSystem(catalogue.klein_gordon("c", 0.5), grid, scheme, {"c": c})
    q = random(2, 16)
    for sample in range(2):
        alone = FieldSystem(catalogue.klein_gordon(float(c[sample]), 0.5), grid, scheme)
        assert torch.allclose(system.acceleration(q)[sample], alone.acceleration(q[sample]), atol=1e-12)


def test_absorbing_layers_let_waves_out():
    """Waves a third of a layer long leave as in an endless box, to 1e-4 of their amplitude; walls do not."""
    lagrangian = catalogue.klein_gordon(1.5, 0.2)

    def run(half, boundary):
        grid = Grid(2 * half, int(20 * half) + 1, boundary, origin=-half)
        (x,) = grid.coordinates()
        system = FieldSystem(lagrangian, grid, 4)
        assert system.separable == (boundary != "absorbing")
        data = simulate(system, torch.exp(-(x**2) / 8) * torch.cos(3 * x), 20.0, save_every=10.0)
        return data["phi"].sel(time=20.0, sample=0).where(abs(data["x"]) < 13, drop=True).values

    endless = run(40.0, "neumann")
    assert abs(run(20.0, "absorbing") - endless).max() < 1e-4
    assert abs(run(20.0, "neumann") - endless).max() > 0.1


def test_absorption_needs_a_rate_without_a_speed_of_light():
    grid = Grid(6.0, 17, "absorbing")
    with pytest.raises(ValueError, match="absorption=RATE"):
        FieldSystem(SCHROEDINGER, grid)
    system, free = (
        FieldSystem(SCHROEDINGER, grid, absorption=2.0),
        FieldSystem(SCHROEDINGER, Grid(6.0, 17, "neumann")),
    )
    q = random(2, 17)
    expected = free.velocity(q) - 2 * grid.absorption() * q
    assert torch.allclose(system.velocity(q), expected)
    with pytest.raises(ValueError, match="no absorbing axis"):
        FieldSystem(SINE_GORDON, Grid(6.0, 16), absorption=2.0)


def test_evaluate_any_expression():
    grid = Grid(2 * torch.pi, 16)
    x = grid.coordinates()[0]
    system = FieldSystem(SINE_GORDON, grid)
    (phi,), (t, place) = SINE_GORDON.fields, SINE_GORDON.coordinates
    q, v = torch.sin(x), torch.cos(2 * x)
    mixed = system.evaluate(phi.diff(t, place) + place * phi + t, q, v, time=3.0)
    assert torch.allclose(mixed, -2 * torch.sin(2 * x) + x * q + 3, atol=1e-12)
    assert torch.allclose(system.evaluate(phi.diff(t, 2), q, v), system.acceleration(q))
    assert torch.equal(system.evaluate(sympy.Integer(2), q), torch.full_like(q, 2))
    with pytest.raises(ValueError, match="got no velocity"):
        system.evaluate(phi.diff(t), q)
    with pytest.raises(ValueError, match="'k' without a value"):
        system.evaluate(sympy.Symbol("k") * phi, q)


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: FieldSystem(catalogue.sine_gordon("c", "m"), Grid(1.0, 8)),
            "no value for the parameters c, m",
        ),
        (lambda: FieldSystem(SINE_GORDON, Grid(1.0, 8), parameters={"k": 1.0}), "unknown parameters k"),
        (lambda: FieldSystem(SINE_GORDON, Grid((1.0, 1.0), 8)), "expected as many"),
        (lambda: FieldSystem(SINE_GORDON, None), "expected as many"),
        (lambda: FieldSystem(SINE_GORDON, Grid(1.0, 8), 3), "expected 2, 4, 6 or 8"),
        (lambda: FieldSystem(SINE_GORDON, Grid(1.0, 8)).velocity(torch.zeros(8)), "second order in time"),
        (lambda: FieldSystem(SINE_GORDON, Grid(1.0, 8)).acceleration(torch.zeros(9)), r"expected \(…, 8\)"),
        (lambda: FieldSystem(SCHROEDINGER, Grid(1.0, 8)).acceleration(torch.zeros(2, 8)), "use .velocity"),
        (lambda: FieldSystem(parse_lagrangian("phi_x**2", ("phi",), ("t", "x")), Grid(1.0, 8)), "degenerate"),
    ],
)
def test_bad_systems(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "equations, message",
    [
        (["u_tt = u_xx"], "no equation for v"),
        (["u_tt = u_xx", "u_tt = v_xx"], "two equations|expected one"),
        (["u_tt = u_xx", "v_t = v_xx"], "all of the same order"),
        (["u_tx = u_xx", "v_tt = v_xx"], "expected the first or second time derivative"),
        (["u_t = v_t", "v_t = u"], "expected at most 0"),
        (["u_tt = __import__('os')", "v_tt = u"], "."),
        (["u_tt = k*u", "v_tt = u"], "k"),
    ],
)
def test_bad_equations(equations, message):
    with pytest.raises(ValueError, match=message):
        FieldSystem.from_equations(equations, ["u", "v"], ["t", "x"], Grid(1.0, 8))


def test_hostile_equations_are_parse_errors():
    with pytest.raises(ParseError):
        FieldSystem.from_equations(["u_t = exec(u)"], ["u"], ["t", "x"], Grid(1.0, 8))
    u = sympy.Function("u")(*sympy.symbols("t x"))
    density = u.diff("t") ** 2 - sympy.Symbol("a;b") * u**2
    system = FieldSystem(
        Lagrangian(density, (u,), sympy.symbols("t x")), Grid(1.0, 8), parameters={"a;b": torch.tensor(1.0)}
    )
    with pytest.raises(ValueError, match="letters, digits"):
        system.acceleration(torch.zeros(8))


def test_every_function_of_the_parser_compiles():
    functions = list(FUNCTIONS)
    text = (
        " + ".join(f"{name}(phi)" for name in functions) + " + pi*phi + sqrt(2)*phi**3 + phi**(-2) + 2**phi"
    )
    system = FieldSystem.from_equations([f"phi_t = {text}"], ["phi"], ["t", "x"], Grid(1.0, 8))
    q = 0.3 + 0.05 * torch.arange(8, dtype=torch.float64)
    numbers = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}
    values = q.numpy()
    expected = sum(getattr(np, numbers.get(name, name))(values) for name in functions)
    expected = expected + np.pi * values + 2**0.5 * values**3 + values**-2.0 + 2.0**values
    np.testing.assert_allclose(system.velocity(q), expected, rtol=1e-13)


def test_gradients_of_the_wrong_sign_are_refused():
    """φ_tt = −φ_xx: the shorter the wave, the faster it grows."""
    grid = Grid(6.0, 16)
    elliptic = FieldSystem(parse_lagrangian("phi_t**2/2 + phi_x**2/2", ("phi",), ("t", "x")), grid)
    with pytest.raises(ValueError, match="gradient terms along x of the wrong sign"):
        simulate(elliptic, random(16), 1.0)


def test_velocities_of_held_values_are_taken_as_zero():
    grid = Grid(6.0, 17, "dirichlet")
    data = simulate(FieldSystem(SINE_GORDON, grid, 4), (torch.zeros(17), torch.ones(17)), 1.0)["phi"].values
    assert abs(data[0, :, [0, -1]]).max() == 0
    assert abs(data[0, -1]).max() > 0.1


def test_files_name_the_damping_of_a_layer():
    system = FieldSystem(SINE_GORDON, Grid(6.0, 17, "absorbing", layer=1.0))
    assert float(system.description()["absorption"]) == pytest.approx(40 * 1.2)
    assert system.description()["layer"] == "1"


def test_a_parameter_may_not_hide_the_module():
    theory = parse_lagrangian("phi_t**2/2 - torch*sin(phi)", ("phi",), ("t", "x"), ("torch",))
    system = FieldSystem(theory, Grid(6.0, 16), parameters={"torch": torch.tensor(1.0)})
    with pytest.raises(ValueError, match="got torch for two things in the code"):
        system.acceleration(random(16))
