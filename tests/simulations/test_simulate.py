"""The loop: saved times, labels, noise, blow-up, and files that `load` reads back."""

import math

import numpy as np
import pytest
import torch
import xarray

from lagrangians import catalogue, parse_lagrangian
from simulations import (
    BlowUpError,
    FieldSystem,
    Grid,
    Kuramoto,
    guess_boundary,
    load,
    save,
    simulate,
    solutions,
)

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
    np.testing.assert_allclose(dataset["time"], 0.1 * np.arange(21), atol=1e-12)
    np.testing.assert_allclose(dataset["x"], GRID.coordinates()[0])
    assert dataset["x"].attrs["units"] == dataset["time"].attrs["units"] == "1"
    assert dataset.attrs["boundary"] == "periodic"
    assert dataset.attrs["integrator"] == "yoshida4"
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
    assert simulate(SYSTEM, STATE[0].float(), 1.0, save_every=0.5)["phi"].dtype == np.float64


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


def test_saved_states_do_not_depend_on_how_often_they_are_saved():
    often = simulate(SYSTEM, STATE, 2.0, save_every=0.25, step=0.05)
    seldom = simulate(SYSTEM, STATE, 2.0, save_every=1.0, step=0.05)
    np.testing.assert_allclose(often["phi"][:, ::4], seldom["phi"], atol=1e-12)


def test_noise_has_the_stated_size_and_seed():
    clean = simulate(SYSTEM, STATE, 5.0)
    noisy = simulate(SYSTEM, STATE, 5.0, noise=0.1, seed=3)
    difference = (noisy - clean)["phi"]
    assert float(difference.std() / clean["phi"].std()) == pytest.approx(0.1, rel=0.03)
    assert abs(float(difference.mean())) < 0.01 * float(clean["phi"].std())
    xarray.testing.assert_identical(noisy, simulate(SYSTEM, STATE, 5.0, noise=0.1, seed=3))
    assert not noisy.equals(simulate(SYSTEM, STATE, 5.0, noise=0.1, seed=4))


def test_progress_reaches_one():
    fractions = []
    simulate(SYSTEM, STATE, 1.0, save_every=0.1, progress=fractions.append)
    np.testing.assert_allclose(fractions, np.arange(1, 11) / 10)


def test_blow_up_names_time_and_place_and_keeps_the_rest():
    """φ_tt = φ_xx + φ³ from a bump: the top grows without bound near t = √2/(height)·1.8."""
    unbounded = FieldSystem(
        parse_lagrangian("phi_t**2/2 - phi_x**2/2 + phi**4/4", ("phi",), ("t", "x")), GRID
    )
    x = GRID.coordinates()[0]
    quiet = torch.zeros_like(x)
    with pytest.raises(BlowUpError, match=r"phi blew up between t = .*sample 1, x = 10\b") as caught:
        simulate(unbounded, torch.stack([quiet, 3 * torch.exp(-((x - 10) ** 2) / 8)]), 10.0, save_every=0.1)
    assert "\n" not in str(caught.value)
    partial = caught.value.partial
    assert partial is not None
    assert 2 <= partial.sizes["time"] < 50
    assert np.isfinite(partial["phi"].values).all()


def test_interruption_keeps_what_is_done():
    def stop(fraction):
        if fraction > 0.45:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        simulate(SYSTEM, STATE, 1.0, save_every=0.1, progress=stop)
    assert caught.value.partial.sizes["time"] == 6


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
        simulate(Kuramoto(1.0, torch.linspace(-1, 1, 5)), torch.zeros(2, 5), 1.0, save_every=0.05),
    ):
        save(run, tmp_path / "file.nc")
        xarray.testing.assert_equal(load(tmp_path / "file.nc"), run)


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
        ({"step": 100.0}, "stability limit of yoshida4"),
        ({"noise": -0.1}, "expected a finite number"),
        ({"integrator": "euler"}, "expected one of"),
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
