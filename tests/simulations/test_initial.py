"""Initial data from a trajectory: exact for polynomials in time, robust with a low degree."""

import numpy as np
import pytest
import xarray

from simulations import initial_state

T = 1.0 + 0.1 * np.arange(40)
X = np.arange(16.0)


def trajectory(function):
    field = np.stack([function(T)[:, None] * (1 + X), -function(T)[:, None] * X])
    return xarray.Dataset({"phi": (("sample", "time", "x"), field)}, {"time": T, "x": X})


@pytest.mark.parametrize("index", [0, 3, 20, -1])
def test_interpolation_is_exact_for_polynomials(index):
    phi, velocity = initial_state(trajectory(lambda t: t**3 - t), index=index, window=5)
    time = T[index]
    np.testing.assert_allclose(phi[0], (time**3 - time) * (1 + X), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(velocity[1], -(3 * time**2 - 1) * X, rtol=1e-9, atol=1e-9)
    assert phi.shape == velocity.shape == (2, 16)


def test_low_degree_averages_noise():
    generator = np.random.default_rng(0)
    data = trajectory(np.sin)
    data["phi"] = data["phi"] + 0.01 * generator.standard_normal(data["phi"].shape)
    exact = np.cos(T[20]) * (1 + X)
    errors = [
        float(np.std(initial_state(data, index=20, window=11, degree=degree)[1][0].numpy() - exact))
        for degree in (10, 3)
    ]
    assert errors[1] < 0.5 * errors[0]
    assert errors[1] < 0.05


def test_several_fields_in_the_order_of_the_system():
    data = trajectory(np.sin)
    data["chi"] = 2 * data["phi"]
    phi, velocity = initial_state(data, ("chi", "phi"), index=5)
    assert phi.shape == (2, 2, 16)
    np.testing.assert_allclose(phi[:, 0], 2 * phi[:, 1])
    np.testing.assert_allclose(velocity[:, 0], 2 * velocity[:, 1])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"index": 40}, "expected one of the 40 saved times"),
        ({"window": 41}, "expected 2 to 40"),
        ({"window": 5, "degree": 5}, "expected 1 to 4"),
        ({"fields": ["chi"]}, "no field chi, expected phi"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        initial_state(trajectory(np.sin), **options)
