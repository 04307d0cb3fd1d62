"""Periodic, winding or open: decided by the seam, under noise too, with controls on either side."""

import numpy as np
import pytest
import torch
import xarray

from lagrangians import catalogue
from simulations import DataError, FieldSystem, Grid, guess_boundary, load, simulate, solutions
from simulations.files.boundary import winding_number

DATA = __file__.rsplit("/simulations/", 1)[0] + "/data"
POINTS, TIMES = 128, 60
X = 20 * np.arange(POINTS) / POINTS
T = np.linspace(0, 10, TIMES)[:, None]


def dataset(field, noise=0.0, **attributes):
    generator = np.random.default_rng(1)
    field = field + noise * np.std(field) * generator.standard_normal(field.shape)
    return xarray.Dataset(
        {"phi": (("sample", "time", "x"), field[None])}, {"time": T[:, 0], "x": X}, attributes
    )


def waves(period):
    wave = 2 * np.pi / period
    return np.sin(wave * X - T) + 0.7 * np.cos(2 * wave * X + 1.3 * T) + 0.3 * np.sin(3 * wave * X + 2 * T)


def kink(position, width=0.8):
    return 4 * np.arctan(np.exp((X - position) / width))


STANDING = np.cos(3 * T) * np.sin(np.pi * X / (X[-1])) + np.sin(5 * T) * np.sin(2 * np.pi * X / X[-1])
ZERO_FLUX = np.cos(3 * T) * np.cos(np.pi * X / X[-1]) + 0.4 * np.cos(T)
CASES = {
    "periodic": waves(20.0),
    "winding": kink(6 + 0.7 * T) + 0.3 * waves(20.0),
    "open": waves(23.0),
}


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("expected", CASES)
def test_seam(expected, noise):
    assert guess_boundary(dataset(CASES[expected], noise)) == expected


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_walls_are_open(noise):
    assert guess_boundary(dataset(STANDING, noise)) == "open"
    assert guess_boundary(dataset(ZERO_FLUX, noise)) == "open"


@pytest.mark.parametrize("frequency", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("place", [0.0, 0.4, 10.0])
def test_a_breather_on_the_seam_of_a_ring(frequency, place):
    x = torch.linspace(0, 40, 129, dtype=torch.float64)[:-1]
    images = [solutions.breather(x - place - 40 * n, torch.as_tensor(T), frequency)[0] for n in (-1, 0, 1)]
    field = sum(images).numpy()
    for noise in (0.0, 0.01, 0.1):
        assert guess_boundary(dataset(field, noise)) == "periodic"


@pytest.mark.parametrize("boundary", ["periodic", "dirichlet", "neumann"])
@pytest.mark.parametrize("seed", range(3))
def test_simulated_fields(boundary, seed):
    grid = Grid(20.0, POINTS, boundary)
    system = FieldSystem(catalogue.sine_gordon(), grid)
    run = simulate(system, solutions.random_smooth(grid, 1, 2.0, seed=seed), 6.0, save_every=0.1)
    del run.attrs["boundary"]
    expected = "periodic" if boundary == "periodic" else "open"
    assert guess_boundary(run) == expected
    assert guess_boundary(run.isel(x=slice(0, 90))) == "open"


def test_a_kink_that_leaves_is_open():
    assert guess_boundary(dataset(kink(15 + 1.5 * T))) == "open"


def test_attribute_decides():
    assert guess_boundary(dataset(waves(23.0), boundary="periodic")) == "periodic"
    assert guess_boundary(dataset(waves(20.0), boundary="dirichlet")) == "open"
    with pytest.raises(DataError, match="expected one of"):
        guess_boundary(dataset(waves(20.0), boundary="curved"))


def test_real_files():
    real = load(f"{DATA}/sine_gordon.nc")
    assert guess_boundary(real, "u") == "periodic"
    assert guess_boundary(real.isel(x=slice(0, 150)), "u") == "open"
    assert guess_boundary(load(f"{DATA}/kuramoto.nc")) == "open"


def test_two_dimensions_share_the_least_periodic_answer():
    x = 2 * np.pi * np.arange(32) / 32
    both = np.sin(x[:, None] + 2 * x - T[:, :, None])
    half = np.sin(x[:, None] + 1.3 * x - T[:, :, None])
    for field, expected in [(both, "periodic"), (half, "open")]:
        data = xarray.Dataset(
            {"phi": (("sample", "time", "x", "y"), field[None])}, {"time": T[:, 0], "x": x, "y": x}
        )
        assert guess_boundary(data) == expected


def test_winding_number_counts_turns_of_each_sample():
    values = np.stack([kink(8.0), kink(8.0) + kink(12.0), -kink(8.0), np.sin(X)])
    np.testing.assert_array_equal(winding_number(values), [1, 2, -1, 0])
