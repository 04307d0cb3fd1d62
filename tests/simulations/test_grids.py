"""Grids: points, spacing, quadrature, and the grid of a file."""

import pytest
import torch

from simulations import load
from simulations.grids import BOUNDARIES, Grid, has_walls

DATA = __file__.rsplit("/simulations/", 1)[0] + "/data"


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_points_and_weights_cover_the_box(boundary):
    grid = Grid((3.0, 2.0), (12, 10), boundary, origin=(-1.0, 0.5))
    x, y = grid.coordinates()
    walls = has_walls(boundary)
    assert (float(x[0]), float(y[0])) == (-1.0, 0.5)
    assert float(x[-1]) == pytest.approx(2.0 if walls else 2.0 - 3.0 / 12)
    assert grid.weights().shape == (12, 10)
    assert float(grid.weights().sum()) == pytest.approx(6.0)
    assert grid.spacing == pytest.approx((float(x[1] - x[0]), float(y[1] - y[0])))


def test_wavenumbers_are_those_of_the_modes():
    assert torch.allclose(
        Grid(4.0, 8).wavenumbers().abs().max(), torch.tensor(torch.pi / 0.5, dtype=torch.float64)
    )
    grid = Grid(4.0, 9, "neumann")
    assert float(grid.wavenumbers()[1]) == pytest.approx(torch.pi / 4)


def test_grid_of_a_file():
    grid = Grid.from_dataset(load(f"{DATA}/sine_gordon.nc"))
    assert grid.boundary == ("periodic",)
    assert grid.points == (192,)
    assert grid.length[0] == pytest.approx(30.0)
    assert Grid.from_dataset(load(f"{DATA}/sine_gordon.nc"), "open").boundary == ("neumann",)
    with pytest.raises(ValueError, match="expected a field on a grid"):
        Grid.from_dataset(load(f"{DATA}/kuramoto.nc"))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"length": -1.0, "points": 8}, "positive"),
        ({"length": 1.0, "points": 3}, "at least 4"),
        ({"length": 1.0, "points": 8, "boundary": "open"}, "expected each to be one of"),
        ({"length": (1.0, 2.0), "points": (8, 8, 8)}, "one for each axis"),
        ({"length": 1.0, "points": (8, 8, 8, 8)}, "at most 3"),
    ],
)
def test_bad_grids(arguments, message):
    with pytest.raises(ValueError, match=message):
        Grid(**arguments)


def test_equality():
    assert Grid(1.0, 8) == Grid((1.0,), (8,), "periodic")
    assert hash(Grid(1.0, 8)) == hash(Grid(1.0, 8))
    assert Grid(1.0, 8) != Grid(1.0, 9)


def test_a_grid_that_no_memory_holds_is_refused():
    with pytest.raises(ValueError, match=r"got 1e\+09 points, expected at most"):
        Grid(1.0, 10**9)
