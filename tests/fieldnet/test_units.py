"""Units change coefficients, and nothing else: the same data in other units of φ, t and x."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from fieldnet import discover_lagrangian
from lagrangians import parse_lagrangian

from .theories_at_random import RandomTheory

PHI4 = RandomTheory("", ("phi",), "phi_t**2/2 - phi_x**2/2 + phi**2/2 - phi**4/4", False, 0.02, 3, 128, 10.0)


@pytest.fixture(scope="module")
def data() -> xr.Dataset:
    data = PHI4.data()
    if data is None:
        pytest.fail(f"the grid does not hold the field of {PHI4}: take more points")
    return data


@pytest.mark.parametrize("field, time, space", [(1e-3, 1.0, 1.0), (1e3, 1e-3, 1e3)])
def test_powers_are_found_in_any_unit(data: xr.Dataset, field: float, time: float, space: float) -> None:
    """Small fields, where φ³ is 6φ − 6 sin φ to the noise; large ones, whose sines are lost in it and whose
    powers outgrow derivatives by 10¹².
    """
    scaled = data.assign(phi=field * data["phi"])
    scaled = scaled.assign_coords({name: u * data[name] for name, u in (("time", time), ("x", space))})
    found = discover_lagrangian(scaled, closing=False)
    assert found.verdict == "variational"
    expected = (
        f"phi_t**2/2 - {(space / time) ** 2!r}*phi_x**2/2 + {time**-2!r}*phi**2/2"
        f" - {(time * field) ** -2!r}*phi**4/4"
    )
    truth = {t: float(c) for t, c in parse_lagrangian(expected, ("phi",), ("t", "x")).terms()}
    terms = {t: float(c) for t, c in found.lagrangian.terms()}
    assert terms.keys() == truth.keys()
    assert np.allclose([terms[t] / truth[t] for t in truth], 1, atol=0.02)
