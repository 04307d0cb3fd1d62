"""Test functions: integration by parts instead of differentiated data."""

import numpy as np
import pytest
import torch

from fieldnet.learning.weak_form import TestFunctions, half_points, window_axis


def test_derivatives_are_moved_onto_the_test_function():
    """∫ψ_t f = −∫ψ f_t and ∫ψ_tt f = ∫ψ f_tt for compact ψ."""
    t = torch.arange(200, dtype=torch.float64) * 0.05
    axis = window_axis(200, 0.05, 16, periodic=False)
    windows = TestFunctions([axis])
    f, f_t, f_tt = torch.sin(2 * t), 2 * torch.cos(2 * t), -4 * torch.sin(2 * t)
    torch.testing.assert_close(windows.project(f, 1), -windows.project(f_t), rtol=0, atol=1e-7)
    torch.testing.assert_close(windows.project(f, 2), windows.project(f_tt), rtol=0, atol=1e-5)
    assert (windows.project(f, 1) - windows.project(f_t)).abs().max() > 0.1


def test_periodic_windows_wrap_around():
    x = torch.arange(64, dtype=torch.float64) / 64
    windows = TestFunctions([window_axis(64, 1 / 64, 8, periodic=True)])
    ones = windows.project(torch.ones(64, dtype=torch.float64))
    torch.testing.assert_close(ones, torch.ones_like(ones), rtol=0, atol=1e-14)
    wave = torch.exp(2j * torch.pi * x)
    projected = torch.complex(windows.project(wave.real), windows.project(wave.imag)).abs()
    transfer = windows.axes[0].transfer(torch.tensor([2 * torch.pi], dtype=torch.float64))
    torch.testing.assert_close(projected, transfer.abs().expand_as(projected), rtol=1e-12, atol=0)


def test_projection_has_a_factor_an_axis():
    axes = [window_axis(40, 0.1, 8, False), window_axis(32, 0.2, 6, True)]
    windows = TestFunctions(axes)
    f, g = torch.randn(40, dtype=torch.float64), torch.randn(32, dtype=torch.float64)
    both = windows.project(f[:, None] * g, 1)
    expected = (axes[0].weights[1] @ f)[:, None] * (axes[1].weights[0] @ g)
    torch.testing.assert_close(both, expected)
    assert windows.shape == both.shape


def test_width_follows_the_waves_in_the_data():
    t = np.arange(400) * 0.05
    slow, fast = (np.sin(k * t)[None, :, None] for k in (1.0, 4.0))
    assert half_points(slow, 1, 0.05) > half_points(fast, 1, 0.05)


def test_no_room_is_an_error():
    with pytest.raises(ValueError, match="no room for test functions of 21 points"):
        window_axis(20, 0.1, 10, periodic=False)
