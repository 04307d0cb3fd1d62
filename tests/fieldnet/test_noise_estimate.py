"""White noise of measured fields, and the size of test functions that it must not decide."""

import numpy as np
import pytest

from fieldnet.learning.weak_form import half_points_of_scale
from fieldnet.measured.noise import noise_deviation, spectral_deviation

POINTS = 256
T, X = np.meshgrid(np.linspace(0, 1, POINTS), np.arange(POINTS) / POINTS, indexing="ij")
WAVES = np.sin(2 * np.pi * (3 * X - 2.3 * T)) + 0.6 * np.cos(2 * np.pi * (5 * X + 3.1 * T) + 1)


def noisy(field: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    """shape: (t, x) -> (1, t, x)"""
    return (field + sigma * np.random.default_rng(seed).standard_normal(field.shape))[None]


@pytest.mark.parametrize("sigma", [0.01, 0.5])
def test_the_spectrum_knows_the_noise_better_than_differences(sigma: float) -> None:
    errors = np.array(
        [
            (spectral_deviation(data) / sigma - 1, noise_deviation(data) / sigma - 1)
            for data in (noisy(WAVES, sigma, seed) for seed in range(20))
        ]
    )
    spectral, differences = np.sqrt(np.mean(errors**2, axis=0))
    assert spectral < 4e-3
    assert spectral < differences


def test_a_field_that_is_coarse_along_one_axis() -> None:
    coarse = np.sin(2 * np.pi * (100 * X - 2 * T))
    assert spectral_deviation(noisy(coarse, 0.05, 0)) == pytest.approx(0.05, rel=0.02)
    assert np.sqrt(np.mean(np.diff(coarse, 8, axis=1) ** 2) / 12870) > 0.5  # what x alone would say


def test_ends_that_fit_no_cosine_are_not_noise() -> None:
    """Differences see less than the corner of the spectrum there."""
    clean = np.exp(T + X)[None]
    assert spectral_deviation(clean) == noise_deviation(clean) < 1e-9


def test_axes_shorter_than_the_differences_are_left_out() -> None:
    data = noisy(WAVES, 0.1, 0)
    assert spectral_deviation(data[:, :, :6]) == pytest.approx(0.1, rel=0.1)
    assert spectral_deviation(data[:, :6, :6]) == 0


@pytest.mark.parametrize("axis", [1, 2])
def test_noise_does_not_decide_the_size_of_test_functions(axis: int) -> None:
    """At half of the field's size, where 1% of error in σ is as much power as 1% of the signal's."""
    clean = half_points_of_scale(WAVES[None], axis, 1 / POINTS)
    assert clean > 12
    for seed in range(10):
        data = noisy(WAVES, 0.5 * WAVES.std(), seed)
        sigma = spectral_deviation(data)
        assert half_points_of_scale(data, axis, 1 / POINTS, sigma) >= 0.9 * clean
        assert half_points_of_scale(data, axis, 1 / POINTS) == 8  # a control: noise taken for the field
