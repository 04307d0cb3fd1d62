"""The loop: saved times, labels, noise, blow-up, and files that `load` reads back."""

import math

import numpy as np
import pytest
import torch
import xarray

from lagrangians import catalogue, parse_lagrangian
from simulations import (
    FieldSystem,
    Grid,
    Kuramoto,
    guess_boundary,
    load,
    rk4,
    save,
    simulate,
    solutions,
)
from simulations.integrators import StochasticHeun
from simulations.running.measurement_noise import standard_deviation

GRID = Grid(20.0, 32)
SYSTEM = FieldSystem(catalogue.sine_gordon(1.2, 0.9), GRID)
STATE = (solutions.random_smooth(GRID, 3, seed=1), solutions.random_smooth(GRID, 3, seed=2))
PAIR = FieldSystem(
    parse_lagrangian("u_t**2/2 + v_t**2/2 - u_x**2/2 - v_x**2/2 - u**2*v**2/2", ("u", "v"), ("t", "x")), GRID
)


def test_labels():
    dataset = simulate(SYSTEM, STATE, 2.0, save_every=0.1, seed=7)
    assert dataset["phi"].dims == ("sample", "time", "x")
    assert dataset["phi"].shape == (3, 21, 32)
    assert dataset["phi"].dtype == np.float64
    np.testing.assert_array_equal(dataset["time"], 0.1 * np.arange(21))
    np.testing.assert_allclose(dataset["x"], GRID.coordinates()[0])
    assert dataset["x"].attrs["units"] == dataset["time"].attrs["units"] == "1"
    assert dataset.attrs["boundary"] == "periodic"
    assert dataset.attrs["integrator"] == "blanes_moan4"
    assert dataset.attrs["backend"] == "loop"
    assert dataset.attrs["grid"] == repr(GRID)
    assert dataset.attrs["density"] == SYSTEM.lagrangian.jet_text()
    assert dataset.attrs["equation"] == "phi_tt = 1.44*phi_xx - 0.81*sin(phi)"
    assert dataset.attrs["seed"] == 7
    assert "torch" in dataset.attrs["versions"]
    assert list(dataset.data_vars) == ["phi"]
    assert simulate(SYSTEM, STATE, 2.0).sizes["time"] == 201


def test_initial_data_of_any_form():
    alone = simulate(SYSTEM, STATE[0][0], 1.0, save_every=0.5)
    zero = simulate(SYSTEM, (STATE[0][:1], torch.zeros(1, 32)), 1.0, save_every=0.5)
    xarray.testing.assert_identical(alone, zero)
    stacked = torch.stack([STATE[0][0], STATE[1][0]])
    by_name = simulate(PAIR, {"u": STATE[0][0], "v": STATE[1][0]}, 1.0, save_every=0.5)
    xarray.testing.assert_identical(by_name, simulate(PAIR, stacked, 1.0, save_every=0.5))
    assert list(by_name.data_vars) == ["u", "v"]
    np.testing.assert_array_equal(by_name["v"][0, 0], STATE[1][0])
    array = simulate(SYSTEM, STATE[0][0].numpy(), 1.0, save_every=0.5)
    np.testing.assert_array_equal(array["phi"], alone["phi"])
    with pytest.raises(ValueError, match="3 samples of v and 2 of q"):
        simulate(SYSTEM, (STATE[0][:2], STATE[1]), 1.0)
    with pytest.raises(ValueError, match="complex"):
        simulate(SYSTEM, STATE[0] + 0j, 1.0)


def test_the_dtype_is_that_of_the_input():
    """float32 is computed in float32, with its error; anything else, or a mixture, in float64."""
    exact = simulate(SYSTEM, STATE, 1.0, save_every=0.5)
    single = simulate(SYSTEM, (STATE[0].float(), STATE[1].float()), 1.0, save_every=0.5)
    assert single["phi"].dtype == np.float32
    assert 1e-8 < float(abs(single - exact)["phi"].max()) < 1e-4
    for initial in ((STATE[0].float(), STATE[1]), STATE[0].half(), STATE[0].numpy(), np.ones(32, int)):
        assert simulate(SYSTEM, initial, 1.0, save_every=0.5)["phi"].dtype == np.float64
    assert simulate(SYSTEM, STATE[0].numpy().astype("float32"), 1.0)["phi"].dtype == np.float32


def test_samples_run_as_they_would_alone():
    together = simulate(SYSTEM, STATE, 2.0, save_every=0.5, step=0.1)
    for sample in range(3):
        alone = simulate(SYSTEM, (STATE[0][sample], STATE[1][sample]), 2.0, save_every=0.5, step=0.1)
        np.testing.assert_allclose(together["phi"][sample], alone["phi"][0], rtol=0, atol=1e-13)


def test_arguments_are_not_changed():
    q, v = STATE[0].clone(), STATE[1].clone()
    for backend in ("loop", None):
        simulate(SYSTEM, (q, v), 1.0, noise=0.1, backend=backend)
    assert torch.equal(q, STATE[0])
    assert torch.equal(v, STATE[1])


def test_parameters_are_attributes_or_coordinates_without_time():
    theory = parse_lagrangian(
        "phi_t**2/2 - phi_x**2/2 - a*phi**2/2 - b*phi**4/4", ("phi",), ("t", "x"), ("a", "b")
    )
    mass = torch.linspace(1, 2, 32, dtype=torch.float64)
    values = {"a": mass, "b": torch.tensor(0.3, dtype=torch.float64, requires_grad=True)}
    dataset = simulate(FieldSystem(theory, GRID, parameters=values), STATE[0], 1.0, save_every=0.05)
    assert list(dataset.data_vars) == ["phi"]
    assert dataset["a"].dims == ("x",)
    np.testing.assert_array_equal(dataset["a"], mass)
    assert dataset.attrs["parameters"] == f"b={0.3:.17g}"
    each = torch.linspace(1, 2, 3, dtype=torch.float64)[:, None]
    ensemble = FieldSystem(theory, GRID, parameters={"a": each, "b": 0.3})
    assert simulate(ensemble, STATE[0], 1.0, save_every=0.05)["a"].dims == ("sample",)
    matrix = torch.rand(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    nodes = simulate(Kuramoto(matrix, torch.linspace(-1, 1, 4)), torch.zeros(4), 1.0)
    assert nodes["coupling"].dims == ("node", "source")
    np.testing.assert_array_equal(nodes["coupling"], matrix)
    np.testing.assert_array_equal(nodes["omega"], torch.linspace(-1, 1, 4))
    assert list(nodes.data_vars) == ["theta"]


def test_given_attributes_stand_beside_those_of_the_run():
    dataset = simulate(SYSTEM, STATE, 1.0, attributes={"command": "fieldnet simulate sine_gordon"})
    assert dataset.attrs["command"] == "fieldnet simulate sine_gordon"
    assert dataset.attrs["seed"] == 0


def test_velocities_are_the_time_derivative():
    fields, rates = simulate(SYSTEM, STATE, 2.0, save_every=0.01, velocities=True)
    assert rates["phi"].shape == fields["phi"].shape
    slope = np.gradient(fields["phi"].values, 0.01, axis=1, edge_order=2)
    assert abs(slope - rates["phi"].values).max() < 1e-3
    with pytest.raises(ValueError, match="first order in time"):
        simulate(Kuramoto(1.0, [0.0, 1.0]), torch.zeros(2), 1.0, velocities=True)


def test_default_step_is_accurate():
    dataset = simulate(SYSTEM, STATE, 10.0, save_every=1.0)
    fine = simulate(SYSTEM, STATE, 10.0, save_every=1.0, step=dataset.attrs["step"] / 8)
    assert fine.attrs["step"] == pytest.approx(dataset.attrs["step"] / 8)
    assert float(abs(dataset - fine)["phi"].max()) < 1e-4
    theta = torch.linspace(0, 3, 6, dtype=torch.float64)
    for options in ({}, {"inertia": 1.0}, {"inertia": 2.0, "damping": 0.3}):
        network = Kuramoto(1.5, torch.linspace(-3, 3, 6), **options)
        coarse = simulate(network, theta, 10.0, save_every=1.0)
        fine = simulate(network, theta, 10.0, save_every=1.0, step=coarse.attrs["step"] / 8)
        assert float(abs(coarse - fine)["theta"].max()) < 1e-3


@pytest.mark.parametrize("integrator", ["stormer_verlet", "blanes_moan4", "rk4"])
def test_saved_states_do_not_depend_on_how_often_they_are_saved(integrator):
    """Bit for bit: the step that divides save_every is taken as it is (0.3/6 is not 0.1/2 in float64)."""
    assert 0.3 / 6 != 0.1 / 2
    runs = [
        simulate(SYSTEM, STATE, 3.0, save_every=every, step=0.05, integrator=integrator)
        for every in (0.1, 0.3, 1.5, 3.0)
    ]
    for run, thin in zip(runs, (1, 3, 15, 30), strict=True):
        assert run.attrs["step"] == 0.05
        np.testing.assert_array_equal(run["phi"], runs[0]["phi"][:, ::thin])
    with_noise = [
        simulate(
            Kuramoto(1.0, torch.linspace(-1, 1, 4), noise=0.5),
            STATE[0][:, :4],
            3.0,
            save_every=every,
            step=0.05,
        )
        for every in (0.1, 0.3)
    ]
    np.testing.assert_array_equal(with_noise[0]["theta"][:, ::3], with_noise[1]["theta"])


def test_a_step_that_does_not_divide_is_made_smaller():
    dataset = simulate(SYSTEM, STATE, 1.0, save_every=0.5, step=0.07)
    assert dataset.attrs["step"] == 0.5 / 8


def test_adaptive_integrators_run_from_save_to_save():
    system = FieldSystem(catalogue.sine_gordon(1.2, 0.9), Grid(20.0, 16))
    q = solutions.random_smooth(Grid(20.0, 16), 1, seed=1)
    fine = simulate(system, q, 1.0, save_every=0.5, integrator="blanes_moan4", step=0.001)
    for name in ("dormand_prince5", "dop853"):
        dataset = simulate(system, q, 1.0, save_every=0.5, integrator=name)
        assert float(abs(dataset - fine)["phi"].max()) < 1e-6
        assert dataset.attrs["rtol"] < 1e-7
        with pytest.raises(ValueError, match="chooses its own steps"):
            simulate(system, q, 1.0, save_every=0.5, integrator=name, step=0.1)


def test_stochastic_runs_depend_on_the_seed_alone():
    system = Kuramoto(1.0, torch.linspace(-1, 1, 5, dtype=torch.float64), noise=0.5)
    theta = torch.zeros(2, 5, dtype=torch.float64)
    runs = [simulate(system, theta, 1.0, save_every=0.5, step=0.05, seed=seed) for seed in (3, 3, 4)]
    assert runs[0].attrs["integrator"] == "stochastic_heun"
    xarray.testing.assert_identical(runs[0], runs[1])
    assert float(abs(runs[0]["theta"] - runs[2]["theta"]).max()) > 0.1
    given = simulate(system, theta, 1.0, save_every=0.5, step=0.05, integrator=StochasticHeun(seed=4))
    np.testing.assert_array_equal(given["theta"], runs[2]["theta"])
    with pytest.raises(ValueError, match="white noise"):
        simulate(system, theta, 1.0, integrator=rk4)


def test_noise_has_the_stated_size_and_seed():
    clean = simulate(SYSTEM, STATE, 5.0)
    noisy = simulate(SYSTEM, STATE, 5.0, noise=0.1, seed=3)
    difference = (noisy - clean)["phi"]
    assert float(difference.std() / clean["phi"].std()) == pytest.approx(0.1, rel=0.03)
    assert abs(float(difference.mean())) < 0.01 * float(clean["phi"].std())
    xarray.testing.assert_identical(noisy, simulate(SYSTEM, STATE, 5.0, noise=0.1, seed=3))
    assert not noisy.equals(simulate(SYSTEM, STATE, 5.0, noise=0.1, seed=4))
    draws = (difference / difference.std()).values.reshape(3, -1)
    overlap = abs(np.corrcoef(np.concatenate([draws[:, 32:], draws[:, :-32]])) - np.eye(6))
    assert overlap.max() < 5 / np.sqrt(draws.shape[1])  # samples and frames have noises of their own


def test_noise_is_scaled_by_the_deviation_of_the_whole_field():
    frames = np.random.default_rng(0).normal(3, 2, (7, 50)) * np.arange(1, 8)[:, None]
    assert standard_deviation(frames) == pytest.approx(frames.std(), rel=1e-13)
    assert standard_deviation(np.float32(frames)) == pytest.approx(frames.std(), rel=1e-6)
    pair = simulate(PAIR, torch.stack([STATE[0], 5 * STATE[1]], 1), 2.0, save_every=0.02)
    noisy = simulate(PAIR, torch.stack([STATE[0], 5 * STATE[1]], 1), 2.0, save_every=0.02, noise=0.1)
    for name in ("u", "v"):
        ratio = float((noisy - pair)[name].std() / pair[name].std())
        assert ratio == pytest.approx(0.1, rel=0.05)


def test_progress_reaches_one():
    fractions = []
    simulate(SYSTEM, STATE, 1.0, save_every=0.1, progress=fractions.append)
    np.testing.assert_allclose(fractions, np.arange(1, 11) / 10)


def test_interruption_keeps_what_is_done():
    def stop(fraction):
        if fraction > 0.45:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        simulate(SYSTEM, STATE, 1.0, save_every=0.1, progress=stop)
    assert caught.value.partial.sizes["time"] == 6
    assert caught.value.partial.attrs["stopped"] == "interrupted"
    np.testing.assert_array_equal(
        caught.value.partial["phi"], simulate(SYSTEM, STATE, 1.0, save_every=0.1)["phi"][:, :6]
    )


@pytest.mark.parametrize("boundary", ["periodic", "winding", "dirichlet", "neumann"])
def test_files_are_read_back(tmp_path, boundary):
    grid = Grid(20.0, 64, boundary, origin=-10.0)
    system = FieldSystem(catalogue.sine_gordon(), grid)
    dataset = simulate(system, solutions.kink(grid.coordinates()[0], 0.0, 0.3), 2.0, save_every=0.1)
    save(dataset, tmp_path / "file.nc")
    again = load(tmp_path / "file.nc")
    xarray.testing.assert_equal(again, dataset)
    assert again.attrs == dataset.attrs
    assert guess_boundary(again) == {"dirichlet": "open", "neumann": "open"}.get(boundary, boundary)
    assert Grid.from_dataset(again).points == (64,)
    assert Grid.from_dataset(again, boundary).length == pytest.approx(grid.length)


def test_files_of_planes_and_oscillators_are_read_back(tmp_path):
    plane = Grid((5.0, 4.0), (16, 20))
    system = FieldSystem(catalogue.klein_gordon(1, 1, dimension=2), plane)
    for run in (
        simulate(system, solutions.random_smooth(plane, 2), 1.0, save_every=0.05),
        simulate(
            Kuramoto(torch.rand(5, 5), torch.linspace(-1, 1, 5)), torch.zeros(2, 5), 1.0, save_every=0.05
        ),
    ):
        for name in ("file.nc", "file.npz"):
            save(run, tmp_path / name)
            again = load(tmp_path / name)
            for field in run.data_vars:
                assert again[field].dims == run[field].dims
                np.testing.assert_array_equal(again[field], run[field])
            assert list(again.data_vars) == list(run.data_vars)


def test_winding_is_guessed_without_the_attribute():
    grid = Grid(40.0, 128, "winding", origin=-20.0)
    system = FieldSystem(catalogue.sine_gordon(), grid)
    dataset = simulate(system, solutions.kink(grid.coordinates()[0], 0.0, 0.3), 5.0)
    del dataset.attrs["boundary"]
    assert guess_boundary(dataset) == "winding"


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"t_end": -1.0}, "positive"),
        ({"t_end": math.inf}, "positive"),
        ({"save_every": 0.3}, "multiple"),
        ({"save_every": 3.0}, "multiple"),
        ({"step": 0.0}, "positive"),
        ({"step": 100.0}, "stability limit of blanes_moan4"),
        ({"noise": -0.1}, "expected a finite number"),
        ({"integrator": "euler"}, "expected one of"),
        ({"backend": "fortran"}, "backend 'fortran', expected one of"),
        ({"seed": -1}, "seed -1, expected an integer"),
        ({"seed": 0.5}, r"seed 0\.5, expected an integer"),
        ({"initial": torch.zeros(31)}, r"shape \(31,\), expected \(32\)"),
        ({"initial": torch.zeros(2, 2, 32)}, r"shape \(2, 2, 32\)"),
        ({"initial": torch.full((32,), math.nan)}, "not finite"),
        ({"initial": (torch.zeros(32),) * 3}, "got 3 initial tensors"),
        ({"initial": {"chi": torch.zeros(32)}}, "initial data for chi, expected phi"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        simulate(**{"system": SYSTEM, "initial": STATE, "t_end": 1.0, **arguments})


def test_symplectic_methods_refuse_friction():
    damped = FieldSystem.from_equations(["u_tt = u_xx - u_t"], ["u"], ["t", "x"], GRID)
    assert simulate(damped, STATE, 1.0).attrs["integrator"] == "rk4"
    with pytest.raises(ValueError, match="use the integrator 'rk4'"):
        simulate(damped, STATE, 1.0, integrator="yoshida4")


def test_more_states_than_the_memory_holds_are_refused():
    with pytest.raises(ValueError, match="GB of memory; save less often"):
        simulate(SYSTEM, STATE, 10.0, save_every=1e-10)
