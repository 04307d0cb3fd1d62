"""Fitted equations on data that no fit has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from .dynamics import Dynamics
from .measured import measured_fields
from .projections import Projections
from .widths import Widths


@dataclass(frozen=True)
class HeldOut:
    """`residual`: ‖Aθ‖ over that of the target; `ratio`: θᵀGθ/θᵀNθ, 1 where only noise is left."""

    residual: float
    ratio: float


def held_out_residual(
    dynamics: Dynamics, dataset: xr.Dataset, fields: Sequence[str], boundary: str
) -> list[HeldOut]:
    """Residuals of the found equations, with their coefficients, on a held-out dataset; one a field.

    The noise is that of the training data. Where the held-out times have no room for the test functions these
    are made smaller.
    """
    measured = measured_fields(dataset, fields, boundary, dynamics.widths.measured.deviations)
    half = [
        max(2, min(h, (points - 1) // 2 - (0 if measured.periodic and n else 1)))
        for n, (h, points) in enumerate(
            zip(dynamics.widths.half_points(dynamics.width), measured.shape[1:], strict=True)
        )
    ]
    projections = _that_fit(dynamics.widths.of(measured), half)
    out = []
    for fit in dynamics.fits:
        parts = projections.moments(fit.atoms)
        square = max(float(fit.theta @ parts.gram @ fit.theta), 0.0)
        out.append(
            HeldOut(
                float(np.sqrt(square / max(parts.gram[0, 0], 1e-300))),
                square / max(float(fit.theta @ parts.noise @ fit.theta), 1e-300),
            )
        )
    return out


def _that_fit(widths: Widths, half: list[int]) -> Projections:
    """The widest test functions up to these; where derivatives are smoothed, open axes lose their ends."""
    while True:
        try:
            return widths.at(tuple(half))
        except ValueError:
            if max(half) <= 2:
                raise
            half = [max(2, h - max(1, h // 8)) for h in half]
