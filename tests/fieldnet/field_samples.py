"""Small simulated fields with noise, for tests of equations from data."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fieldnet.equations.measured import MeasuredFields
from lagrangians import parse_lagrangian
from lagrangians.jets import jet_space
from simulations import FieldSystem, Grid, simulate, solutions

ONE = jet_space(("phi",), ("t", "x"))
STEP = 0.1


@lru_cache(maxsize=16)
def clean_field(density: str, size: float, seed: int = 0, points: int = 128) -> np.ndarray:
    """φ(t, x) from smooth random data of root mean square `size` in a periodic box, steps of 0.1.

    shape: (points, points)
    """
    grid = Grid((STEP * points,), (points,))
    parts = []
    for number, part in enumerate((size, 0.6 * size)):
        field = solutions.random_smooth(grid, 1, 1.0, 2.5, seed=10 * seed + number)[0]
        field = field - field.mean()
        parts.append(field * (part / field.square().mean().sqrt()))
    system = FieldSystem(parse_lagrangian(density, ("phi",), ("t", "x")), grid)
    step = STEP / 8 if "phi_xx" in density else STEP / 3
    data = simulate(system, tuple(parts), (points - 1) * STEP, save_every=STEP, step=step, integrator="rk4")
    return data["phi"].values[0]


def measured(field: np.ndarray, noise: float, seed: int) -> MeasuredFields:
    """The field with white noise, `noise` in units of its standard deviation, which is told."""
    sigma = noise * field.std()
    noisy = field + sigma * np.random.default_rng(seed).standard_normal(field.shape)
    return MeasuredFields(ONE, (noisy[None],), (STEP, STEP), True, (float(max(sigma, 1e-9 * field.std())),))
