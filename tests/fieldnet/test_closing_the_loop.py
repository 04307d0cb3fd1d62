"""What was found is run beside held-out data: errors against noise floors, initial states, Lyapunov times."""

import numpy as np
import pytest
import torch
import xarray as xr

from fieldnet.forecast import comparison, lyapunov_time, run_beside
from fieldnet.measured.band import band_of, full_band, turns
from lagrangians import catalogue, parse_lagrangian
from simulations import FieldSystem, Grid, initial_state, simulate, solutions
from simulations import rollout as differentiable_rollout

SINE_GORDON = catalogue.sine_gordon(c=1.2, m=0.9)
DAMPED = ["phi_tt = 1.44*phi_xx - 0.81*sin(phi) - 0.2*phi_t"]


def noisy(data: xr.Dataset, level: float, seed: int) -> xr.Dataset:
    """White noise in units of each field's standard deviation."""
    draw = np.random.default_rng(seed)
    return data.assign(
        {
            name: data[name].copy(
                data=data[name].values
                + level * data[name].values.std() * draw.standard_normal(data[name].shape)
            )
            for name in data.data_vars
        }
    )


def field(
    theory, seed, boundary="periodic", duration=6.0, points=64, length=15.0, amplitude=1.2
) -> xr.Dataset:
    grid = Grid(length, points, boundary)
    q = solutions.random_smooth(grid, 1, amplitude=amplitude, correlation_length=2.5, seed=seed)
    system = (
        FieldSystem.from_equations(theory, ("phi",), ("t", "x"), grid)
        if isinstance(theory, list)
        else FieldSystem(theory, grid)
    )
    return simulate(system, q, duration, save_every=0.1)


def true_error(run: xr.Dataset, truth: xr.Dataset) -> float:
    """The largest root mean square over space of run − truth, in units of the standard deviation."""
    worst = [
        np.sqrt(((run[n].values - truth[n].values) ** 2).mean((0, 2)).max()) / truth[n].values.std()
        for n in truth.data_vars
    ]
    return float(max(worst))


@pytest.fixture(scope="module")
def clean():
    return field(SINE_GORDON, seed=11)


@pytest.mark.parametrize(
    "level", [pytest.param(0.05, marks=pytest.mark.slow), 0.2, pytest.param(0.5, marks=pytest.mark.slow)]
)
def test_right_theory_stays_at_the_floor(clean, level):
    found = run_beside(SINE_GORDON, noisy(clean, level, seed=3))
    sigma = level / np.sqrt(1 + level**2)  # of the noisy data's standard deviation
    assert found.floor == pytest.approx(sigma, rel=0.05)
    assert found.tracked.min() == found.explained.min() == pytest.approx(found.duration)
    assert 0.8 < found.initial_state.chi_square[0] < 1.2
    assert true_error(found.simulated, clean) < 0.5 * level
    assert found.stopped is None


@pytest.mark.slow
def test_uncertainty_of_the_initial_state_is_the_true_error(clean):
    """`initial` against the error that only simulated data know, over four draws of noise."""
    ratios = []
    for seed in range(4):
        found = run_beside(SINE_GORDON, noisy(clean, 0.1, seed=20 + seed))
        difference = found.simulated["phi"].values - clean["phi"].values
        error = np.sqrt((difference**2).mean((0, 2))) / clean["phi"].values.std()
        ratios.append(error[-1] / found.initial[0, -1])
    assert 0.5 < np.sqrt(np.mean(np.square(ratios))) < 2


def test_fitted_state_is_better_than_a_polynomial(clean):
    data = noisy(clean, 0.2, seed=5)
    q, v = initial_state(data, ["phi"], window=17, degree=4)
    start = run_beside(SINE_GORDON, data).initial_state
    true_q, true_v = initial_state(clean, ["phi"])
    assert start.method == "maximum likelihood"
    assert (start.q - true_q).norm() < 0.5 * (q - true_q).norm()
    assert (start.v - true_v).norm() < 0.3 * (v - true_v).norm()


def test_wrong_theory_leaves_the_floor(clean):
    """The control: 20% more mass. The run cannot be blamed on the initial data."""
    wrong = catalogue.sine_gordon(c=1.2, m=1.1)
    found = run_beside(wrong, noisy(clean, 0.05, seed=3))
    assert found.explained.max() < 0.8 * found.duration
    assert found.initial_state.chi_square[0] > 1.5
    exact = run_beside(wrong, clean)
    assert exact.tracked.max() < 0.3 * exact.duration
    assert exact.error[0, -1] > 0.1


def test_clean_data_are_interpolated(clean):
    found = run_beside(SINE_GORDON, clean)
    assert found.initial_state.method == "interpolation"
    assert found.floor == 0
    assert found.error.max() < 1e-5
    assert found.tracked[0] == pytest.approx(found.duration)


@pytest.mark.slow
@pytest.mark.parametrize("boundary", ["neumann", "dirichlet", "absorbing"])
def test_walls(boundary):
    clean = field(SINE_GORDON, seed=4, boundary=boundary, duration=4.0, points=65, amplitude=0.8)
    found = run_beside(SINE_GORDON, noisy(clean, 0.05, seed=1), boundary=boundary)
    assert true_error(found.simulated, clean) < 0.04
    assert found.tracked.min() == pytest.approx(found.duration)


def test_kink_winds():
    grid = Grid(15.0, 64, "winding")
    x = grid.coordinates()[0]
    q = 4 * torch.atan(torch.exp(x - 7.5)) + 0.3 * torch.cos(2 * np.pi * x / 15)
    clean = simulate(FieldSystem(catalogue.sine_gordon(), grid), q, 4.0, save_every=0.1)
    found = run_beside(catalogue.sine_gordon(), noisy(clean, 0.05, seed=1), boundary="winding")
    assert true_error(found.simulated, clean) < 0.05


@pytest.mark.slow
def test_damped_equations_are_run():
    clean = field(DAMPED, seed=2)
    data = noisy(clean, 0.05, seed=1)
    found = run_beside(DAMPED, data)
    assert found.tracked.min() == pytest.approx(found.duration)
    undamped = run_beside(SINE_GORDON, data)
    assert undamped.explained.max() < found.duration


@pytest.mark.slow
def test_first_order_in_time_as_two_real_fields():
    grid = Grid(20.0, 48)
    theory = parse_lagrangian(
        "(w*u_t - u*w_t)/2 - u_x**2/4 - w_x**2/4 - (u**2 + w**2)**2/4", ("u", "w"), ("t", "x")
    )
    parts = [solutions.random_smooth(grid, 1, 0.8, 4.0, seed=s) for s in (2, 5)]
    clean = simulate(FieldSystem(theory, grid), torch.stack(parts, 1), 3.0, save_every=0.05)
    found = run_beside(theory, noisy(clean, 0.1, seed=1))
    assert found.tracked.min() == pytest.approx(found.duration)
    assert true_error(found.simulated, clean) < 0.05
    equations = ["u_t = -w_xx/2 + (u**2+w**2)*w", "w_t = u_xx/2 - (u**2+w**2)*u"]
    again = run_beside(equations, noisy(clean, 0.1, seed=1), ["u", "w"])
    np.testing.assert_allclose(again.simulated["u"], found.simulated["u"], atol=1e-3)


@pytest.mark.slow
def test_two_space_dimensions():
    grid = Grid((12.0, 12.0), (32, 32))
    theory = catalogue.sine_gordon(dimension=2)
    q = solutions.random_smooth(grid, 1, amplitude=1.2, correlation_length=3.5, seed=2)
    clean = simulate(FieldSystem(theory, grid), q, 4.0, save_every=0.1)
    found = run_beside(theory, noisy(clean, 0.1, seed=3))
    assert true_error(found.simulated.isel(y=0), clean.isel(y=0)) < 0.05
    assert found.tracked.min() == pytest.approx(found.duration)


@pytest.mark.slow
def test_potential_theory_is_run_on_its_slope():
    """Korteweg and de Vries: the state of the system, and the data, are w_x."""
    grid = Grid(20.0, 48)
    theory = catalogue.korteweg_de_vries()
    u = solutions.random_smooth(grid, 1, amplitude=0.6, correlation_length=4.0, seed=2)
    clean = simulate(FieldSystem(theory, grid), u, 2.0, save_every=0.05)
    found = run_beside(theory, noisy(clean, 0.05, seed=1))
    assert true_error(found.simulated, clean) < 0.03


def test_blow_up_keeps_what_came_before(clean):
    growing = parse_lagrangian("phi_t**2/2 - phi_x**2/2 + phi**4", ("phi",), ("t", "x"))
    found = run_beside(growing, clean)
    assert "blew up at t = " in found.stopped
    assert "x = " in found.stopped
    count = found.simulated.sizes["time"]
    assert 1 < count < clean.sizes["time"]
    assert found.error.shape == (1, count) == found.initial.shape
    assert found.tracked.max() < found.duration
    assert found.content()["rollout_stopped"] == found.stopped


@pytest.mark.slow
def test_same_seed_same_result(clean):
    data = noisy(clean, 0.1, seed=1)
    first, second = (run_beside(SINE_GORDON, data, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.error, second.error)
    np.testing.assert_array_equal(first.initial, second.initial)


def test_runs_made_together_are_those_made_one_by_one(clean, monkeypatch):
    """Spread of the runs from other initial states, eight at once and where there is room for one alone."""
    data = noisy(clean, 0.1, seed=3)
    together = run_beside(SINE_GORDON, data).initial
    monkeypatch.setattr(comparison, "ROOM", 1)
    np.testing.assert_allclose(run_beside(SINE_GORDON, data).initial, together, rtol=1e-10)
    assert together.min() > 0


def test_data_that_do_not_fit(clean):
    with pytest.raises(ValueError, match="got no field u in the data, expected phi"):
        run_beside(SINE_GORDON, clean, ["u"])
    with pytest.raises(ValueError, match="got a window of 1000 times, expected 2 to 61"):
        run_beside(SINE_GORDON, noisy(clean, 0.1, 1), window=1000)
    two = parse_lagrangian("u_t**2/2 + w_t**2/2 - u_x**2/2 - w_x**2/2", ("u", "w"), ("t", "x"))
    with pytest.raises(ValueError, match="expected 2: u, w"):
        run_beside(two, clean)


@pytest.mark.parametrize("boundary", ["periodic", "winding", "neumann", "dirichlet"])
def test_modes_are_orthonormal_and_smooth_fields_lie_in_few(boundary):
    grid = Grid(10.0, 33, boundary)
    (modes,) = full_band(grid).axes
    np.testing.assert_allclose(modes.T @ modes, np.eye(33), atol=1e-12)
    place = np.linspace(0, 1, 33, endpoint=boundary in ("neumann", "dirichlet"))
    shape = {"neumann": np.cos(np.pi * place), "dirichlet": 1 + place + np.sin(np.pi * place)}
    line = shape.get(boundary, np.sin(2 * np.pi * place)) + (
        2 * np.pi * place if boundary == "winding" else 0
    )
    amplitude = np.cos(0.1 * np.arange(200))[None, :, None] * 0.1 + 1
    truth = line * amplitude if boundary != "winding" else line * np.ones_like(amplitude)
    noise = 0.05 * np.random.default_rng(0).standard_normal(truth.shape)
    band = band_of(truth + noise, grid, 0.05)
    assert band.modes < 12
    smooth = band.smooth(truth + noise)
    assert np.std(smooth - truth) < 0.7 * 0.05
    assert np.abs(turns(truth, grid)).max() == pytest.approx(2 * np.pi * 32 / 33 * (boundary == "winding"))


def lorenz() -> FieldSystem:
    return FieldSystem.from_equations(
        ["u_t = 10*(w - u)", "w_t = u*(28 - z) - w", "z_t = u*w - 8*z/3"], ("u", "w", "z"), ("t",), None
    )


@pytest.mark.slow
def test_lyapunov_exponent_of_lorenz():
    """0.9056: J. C. Sprott, *Chaos and Time-Series Analysis* (2003), ch. 5; D. Viswanath's is 0.90566."""
    found = lyapunov_time(lorenz(), torch.tensor([1.0, 2.0, 20.0]), 200.0, 0.5, step=0.02)
    assert found.chaotic
    assert found.stderr < 0.06
    assert abs(found.exponent - 0.9056) < 3 * found.stderr
    assert found.time == pytest.approx(1 / found.exponent)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_regular_fields_are_not_called_chaotic(seed):
    grid = Grid(20.0, 64)
    q = solutions.random_smooth(grid, 1, amplitude=1.2, correlation_length=2.5, seed=seed)
    for theory in (catalogue.klein_gordon(), catalogue.sine_gordon()):
        found = lyapunov_time(FieldSystem(theory, grid), q, 200.0)
        assert not found.chaotic
        assert found.time == float("inf")
        assert found.bound < 0.1


@pytest.mark.slow
def test_phi4_at_high_energy_is_chaotic():
    grid = Grid(20.0, 64)
    theory = parse_lagrangian("phi_t**2/2 - phi_x**2/2 + phi**2/2 - phi**4/4", ("phi",), ("t", "x"))
    q = solutions.random_smooth(grid, 1, amplitude=2.0, correlation_length=2.5, seed=0)
    found = lyapunov_time(FieldSystem(theory, grid), q, 200.0)
    assert found.chaotic
    assert found.exponent > 5 * found.stderr


def test_growth_is_that_of_the_tangent_map():
    """log|Dφ·δ| by forward-mode derivatives of the discrete map, over one interval."""
    system = lorenz()
    q = torch.tensor([1.0, 2.0, 20.0], dtype=torch.float64)
    found = lyapunov_time(system, q, 3.2, 0.1, directions=1, step=0.01, seed=5)
    size = q.square().mean().sqrt()
    delta = torch.randn((1, 1, 3), dtype=torch.float64, generator=torch.Generator().manual_seed(5))[0, 0]
    unit = delta / delta.square().mean().sqrt()

    def flow(state):
        return differentiable_rollout(system, state, t_end=0.1, step=0.01, checkpoint_every=0)[0][-1]

    jacobian = torch.autograd.functional.jacobian(flow, q)
    moved = jacobian @ (size * unit) / size
    assert found.growth[0, 0] == pytest.approx(float(moved.square().mean().sqrt().log()), abs=1e-5)


def test_lyapunov_refuses(clean):
    system = lorenz()
    with pytest.raises(ValueError, match="expected a positive number"):
        lyapunov_time(system, torch.ones(3), -1.0)
    with pytest.raises(ValueError, match="got a state of several samples"):
        lyapunov_time(system, torch.ones(2, 3), 10.0)
    with pytest.raises(ValueError, match="got 10 intervals, expected at least 32"):
        lyapunov_time(system, torch.ones(3), 10.0, 1.0)
