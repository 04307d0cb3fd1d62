"""Splittings: order, symplecticity, the norm to round-off, no drift of the energy."""

import math

import pytest
import torch

from lagrangians import Lagrangian, catalogue, parse_lagrangian
from simulations import FieldSystem, Grid
from simulations.fields.pointwise_flow import ImplicitMidpointFlow, Rotation
from simulations.integrators import rk4
from simulations.integrators.splitting import splitting4, strang

BOTH = pytest.mark.parametrize("method", [strang, splitting4], ids=lambda method: method.name)
# neither u² + v² nor any other rotation keeps this potential
UNEQUAL = parse_lagrangian(
    "(v*u_t - u*v_t)/2 - (u_x**2 + v_x**2)/2 - u**4/4 - v**4/2 - u**2*v/3", ("u", "v"), ("t", "x")
)
SYSTEMS = {
    "schroedinger": catalogue.nonlinear_schroedinger(g=-1.3, mu=0.2),
    "thirring": catalogue.thirring(m=0.8, g=0.9),
    "unequal": UNEQUAL,
    "sine_gordon": catalogue.sine_gordon(),
    "boussinesq": catalogue.boussinesq(alpha=0.4, beta=0.2),
    "chern_simons_higgs": parse_lagrangian(
        "(a_t**2 + b_t**2)/2 + (a*b_t - b*a_t)/3 - (a_x**2 + b_x**2)/2 - (a**2 + b**2)**2/4",
        ("a", "b"),
        ("t", "x"),
    ),
}
EACH = pytest.mark.parametrize("name", SYSTEMS)


def system_of(lagrangian: Lagrangian, points: int = 32) -> FieldSystem:
    return FieldSystem(lagrangian, Grid(2 * math.pi, points))


def smooth_state(system: FieldSystem) -> tuple[torch.Tensor, torch.Tensor | None]:
    x = system.grid.coordinates()[0]
    shapes = [torch.sin(x + a) + 0.5 * torch.cos(2 * x - a) for a in range(len(system.fields))]
    q = torch.stack(shapes) if len(shapes) > 1 else shapes[0]
    return q, (0.5 * q.flip(-1) if system.time_order == 2 else None)


def run(method, system, q, v, time: float, steps: int):
    for number in range(steps):
        q, v = method.step(system, q, v, number * time / steps, time / steps)
    return q, v


def phase_space_form(system: FieldSystem, points: int) -> torch.Tensor:
    """The theory's own constant form on the grid: G dφ∧dφ, or dq∧dM v + ½G dq∧dq."""
    form = system.semilinear.form
    count = len(system.fields)

    def matrix(operator) -> torch.Tensor:
        rows = [[float(operator.get((a, b), {}).get((0, 0), 0)) for b in range(count)] for a in range(count)]
        return torch.tensor(rows, dtype=torch.float64)

    eye = torch.eye(points, dtype=torch.float64)
    gyration = torch.kron(matrix(form.gyration), eye)
    if system.time_order == 1:
        return gyration
    mass = torch.kron(matrix(form.mass), eye)
    top = torch.cat([gyration, mass], 1)
    return torch.cat([top, torch.cat([-mass, torch.zeros_like(mass)], 1)])


def jacobian(method, system, q, v, step: float) -> torch.Tensor:
    shape = q.shape

    def flat(state: torch.Tensor) -> torch.Tensor:
        if v is None:
            return method.step(system, state.reshape(shape), None, 0.0, step)[0].flatten()
        half = state.numel() // 2
        result = method.step(system, state[:half].reshape(shape), state[half:].reshape(shape), 0.0, step)
        return torch.cat([part.flatten() for part in result])

    state = q.flatten() if v is None else torch.cat([q.flatten(), v.flatten()])
    return torch.autograd.functional.jacobian(flat, state)


@EACH
@BOTH
def test_order(name, method):
    system = system_of(SYSTEMS[name], 16)
    q, v = smooth_state(system)
    q, v = 0.5 * q, None if v is None else 0.5 * v
    exact = run(splitting4, system, q, v, 1.0, 320)[0]
    steps = (80, 160) if method is strang else (40, 80)
    errors = [float((run(method, system, q, v, 1.0, n)[0] - exact).abs().max()) for n in steps]
    assert abs(math.log2(errors[0] / errors[1]) - method.order) < 0.2


@EACH
@BOTH
def test_a_step_is_symplectic(name, method):
    """MᵀΩM = Ω for the Jacobian M of one long step from rough data; not so for a Runge–Kutta step."""
    system = system_of(SYSTEMS[name], 8)
    q = torch.randn(system.state_shape(), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    v = q.flip(-1) if system.time_order == 2 else None
    omega = phase_space_form(system, 8)
    assert torch.linalg.matrix_rank(omega) == len(omega)

    def defect(integrator, step: float) -> float:
        matrix = jacobian(integrator, system, q, v, step)
        return float((matrix.T @ omega @ matrix - omega).abs().max())

    assert method.symplectic
    assert defect(method, 0.1) < 1e-12
    assert defect(rk4, 0.1) > 1e-9


@pytest.mark.parametrize("name", ["schroedinger", "thirring"])
@BOTH
def test_the_norm_is_kept_to_round_off(name, method):
    """Σ|ψ|² over 300 steps; the Runge–Kutta method at the same step loses it."""
    system = system_of(SYSTEMS[name], 16)
    q, _ = smooth_state(system)
    norm = float((q**2).sum())
    after, _ = run(method, system, q, None, 6.0, 300)
    assert abs(float((after**2).sum()) - norm) < 2e-12 * norm
    other, _ = run(rk4, system, q, None, 6.0, 300)
    assert abs(float((other**2).sum()) - norm) > 1e-10 * norm


@BOTH
def test_it_runs_backwards(method):
    system = system_of(SYSTEMS["unequal"], 16)
    q, _ = smooth_state(system)
    there, _ = run(method, system, q, None, 1.0, 20)
    back, _ = run(method, system, there, None, -1.0, 20)
    assert float((there - q).abs().max()) > 0.1
    assert float((back - q).abs().max()) < 1e-11


def energy_trend(method, system, q, steps: int, step: float) -> tuple[float, float]:
    """(change of the fitted straight line over the run, peak to peak) of the energy."""
    energies = []
    for number in range(steps):
        if number % 20 == 0:
            energies.append(float(system.energy(q)))
        q, _ = method.step(system, q, None, number * step, step)
    values = torch.tensor(energies, dtype=torch.float64)
    time = torch.linspace(-0.5, 0.5, len(values), dtype=torch.float64)
    trend = float((time * (values - values.mean())).sum() / (time**2).sum())
    return abs(trend), float(values.max() - values.min())


@BOTH
def test_energy_has_no_trend_in_a_short_run(method):
    system = system_of(SYSTEMS["schroedinger"], 8)
    q, _ = smooth_state(system)
    trend, oscillation = energy_trend(method, system, q, 4000, 0.05)
    assert trend < 0.1 * oscillation


@pytest.mark.slow
@BOTH
def test_energy_has_no_trend_over_many_steps(method):
    """10⁵ steps: at most 10% of the oscillation."""
    system = system_of(SYSTEMS["schroedinger"], 8)
    q, _ = smooth_state(system)
    trend, oscillation = energy_trend(method, system, q, 100_000, 0.05)
    assert trend < 0.1 * oscillation


def test_the_soliton():
    """iψ_t = −½ψ_xx − |ψ|²ψ has a sech(ax) exp(ia²t/2)."""
    grid = Grid(48.0, 256, origin=-24.0)
    system = FieldSystem(catalogue.nonlinear_schroedinger(g=-1), grid)
    shape = 1.2 / torch.cosh(1.2 * grid.coordinates()[0])
    q = torch.stack([shape, 0 * shape])
    after, _ = run(splitting4, system, q, None, 2.0, 200)
    exact = torch.stack([shape * math.cos(1.44), shape * math.sin(1.44)])
    assert float((after - exact).abs().max()) < 2e-7


# The flow at each point


def test_which_flow_is_taken():
    assert isinstance(system_of(SYSTEMS["schroedinger"]).semilinear.flow, Rotation)
    assert isinstance(system_of(SYSTEMS["thirring"]).semilinear.flow, Rotation)
    assert isinstance(system_of(UNEQUAL).semilinear.flow, ImplicitMidpointFlow)


def test_the_rotation_is_the_limit_of_the_midpoint_rule():
    """For a potential of |ψ|² the exact flow, against many small steps of the midpoint rule."""
    system = system_of(SYSTEMS["thirring"])
    form, flow = system.semilinear.form, system.semilinear.flow
    q, _ = smooth_state(system)
    parts = system.split(q)
    symbols = [form.jets.symbol(a) for a in range(4)]
    gyration = [[float(form.gyration.get((a, b), {}).get((0, 0), 0)) for b in range(4)] for a in range(4)]
    inverse = torch.linalg.inv(torch.tensor(gyration, dtype=torch.float64)).tolist()
    field = [sum(inverse[a][b] * form.rest.diff(symbols[b]) for b in range(4)) for a in range(4)]
    midpoint = ImplicitMidpointFlow(field, symbols, form.jets)
    exact = flow(parts, 0.5, lambda name: None)
    errors = []
    for steps in (100, 200):
        state = parts
        for _ in range(steps):
            state = midpoint(state, 0.5 / steps, lambda name: None)
        errors.append(max(float((a - b).abs().max()) for a, b in zip(state, exact, strict=True)))
    assert errors[1] < 1e-4
    assert abs(math.log2(errors[0] / errors[1]) - 2) < 0.2


def test_potentials_that_depend_on_place_and_parameters():
    """A trap ½x²|ψ|² and a coupling that needs gradients are part of the flow at each point."""
    trapped = parse_lagrangian(
        "(v*u_t - u*v_t)/2 - (u_x**2 + v_x**2)/4 - (x**2/4 + k*(u**2 + v**2)/4)*(u**2 + v**2)",
        ("u", "v"),
        ("t", "x"),
        ("k",),
    )
    k = torch.tensor(0.6, dtype=torch.float64, requires_grad=True)
    grid = Grid(20.0, 64, origin=-10.0)
    system = FieldSystem(trapped, grid, parameters={"k": k})
    assert isinstance(system.semilinear.flow, Rotation)
    shape = torch.exp(-((grid.coordinates()[0] - 1) ** 2) / 2)
    q = torch.stack([shape, 0 * shape])
    split = run(splitting4, system, q, None, 1.0, 100)[0]
    reference = run(rk4, system, q, None, 1.0, 400)[0]
    assert float((split - reference).detach().abs().max()) < 1e-6
    (slope,) = torch.autograd.grad((split * reference.detach().flip(-1)).sum(), k)
    assert math.isfinite(float(slope))
    assert float(slope) != 0


@BOTH
def test_a_batch_and_gradients(method):
    for lagrangian in (SYSTEMS["schroedinger"], UNEQUAL):
        system = system_of(lagrangian, 6)
        q = torch.randn((3, 2, 6), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        together, _ = method.step(system, q, None, 0.0, 0.05)
        assert torch.allclose(together[1], method.step(system, q[1], None, 0.0, 0.05)[0], atol=1e-14)
        state = q[0].clone().requires_grad_()
        assert torch.autograd.gradcheck(lambda q, s=system: run(method, s, q, None, 0.1, 2)[0], (state,))


@BOTH
def test_refusals(method):
    with pytest.raises(
        ValueError, match=f"{method.name} needs a nonlinear part.*use the integrator 'etdrk4'"
    ):
        method.check(FieldSystem(catalogue.korteweg_de_vries(), Grid(10.0, 16)))
    with pytest.raises(ValueError, match=f"{method.name} needs a semilinear system"):
        method.check(FieldSystem(catalogue.nonlinear_schroedinger(), Grid(10.0, 16, "neumann")))
    with pytest.raises(ValueError, match="needs a semilinear system"):
        method.check(FieldSystem(catalogue.born_infeld(), Grid(10.0, 16)))


def test_the_proposed_step_stays_below_the_first_resonance():
    """π over the largest linear frequency: k²_max/2 − μ for Schrödinger's field."""
    system = system_of(SYSTEMS["schroedinger"], 32)
    q, _ = smooth_state(system)
    assert strang.proposed_step(system, 1e-3 * q) == pytest.approx(
        0.9 * math.pi / (15**2 / 2 - 0.2), rel=1e-6
    )
    assert strang.proposed_step(system, 10 * q) < 1e-3
    assert strang.largest_step(system, q) == math.inf
