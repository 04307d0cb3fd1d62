"""Fitted equations on data that no fit has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from .effective import effective_rows
from .measured import MeasuredFields, measured_fields
from .projections import Projections
from .search import RIVAL, EquationFit, chance_of, embedded
from .selection import SYSTEMATIC
from .widths import Widths

HALF = 0.5
"""Of two equations that both leave more than noise the one that leaves this part of λ is the better."""


@dataclass(frozen=True)
class Residual:
    """`relative`: ‖Aθ‖ over that of the target; `ratio`: λ = θᵀGθ/θᵀNθ, 1 where only noise is left."""

    relative: float
    ratio: float


@dataclass(frozen=True)
class HeldOut:
    """The part of the data that is kept back, `deviations` the noise as the other part shows it."""

    dataset: xr.Dataset
    fields: tuple[str, ...]
    boundary: str
    deviations: tuple[float, ...]

    @cached_property
    def measured(self) -> MeasuredFields:
        return measured_fields(self.dataset, self.fields, self.boundary, self.deviations)

    @cached_property
    def _widths(self) -> Widths:
        return Widths(self.measured)

    def projections(self, widths: Widths, width: float) -> Projections:
        """On test functions as the training data have them, smaller where the held-out times lack room."""
        half = [
            max(2, min(h, (points - 1) // 2 - (0 if self.measured.periodic and n else 1)))
            for n, (h, points) in enumerate(
                zip(widths.half_points(width), self.measured.shape[1:], strict=True)
            )
        ]
        own = self._widths if widths.smoothing is None else self._widths.smoothed
        while True:
            try:
                return own.at(tuple(half))
            except ValueError:  # where derivatives are smoothed, open axes lose their ends
                if max(half) <= 2:
                    raise
                half = [max(2, h - max(1, h // 8)) for h in half]


def residual_of(projections: Projections, fit: EquationFit) -> Residual:
    """What an equation leaves of other data, its coefficients as they are."""
    parts = projections.moments(fit.atoms)
    square = max(float(fit.theta @ parts.gram @ fit.theta), 0.0)
    return Residual(
        float(np.sqrt(square / max(parts.gram[0, 0], 1e-300))),
        square / max(float(fit.theta @ parts.noise @ fit.theta), 1e-300),
    )


def least_residual(
    projections: Projections, chosen: EquationFit, others: Sequence[EquationFit]
) -> int | None:
    """The number of the equation that leaves least of data that no fit has seen, if that is beyond chance.

    n(λ − λ') must exceed `RIVAL` and three standard deviations of its fluctuation (`chance_of`), n the
    effective rows; where λ' is more than noise too, λ' < `HALF` of λ. None where no other equation is
    better than `chosen`.
    """
    own = residual_of(projections, chosen).ratio
    best, number = own, None
    for place, other in enumerate(others):
        ratio = residual_of(projections, other).ratio
        if not ratio < best:
            continue
        every = tuple(dict.fromkeys((*chosen.atoms, *other.atoms)))
        one, its = (embedded(every, fit.atoms, fit.theta) for fit in (chosen, other))
        rows = max(effective_rows(projections, chosen.atoms, chosen.theta), 4.0)
        chance = chance_of(projections.moments(every).noise, one, its, rows)
        if rows * (own - ratio) > RIVAL + chance and (ratio < SYSTEMATIC or ratio < HALF * own):
            best, number = ratio, place
    return number
