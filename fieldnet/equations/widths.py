"""The size of the test functions, chosen from the data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ..learning.weak_form import half_points_of_scale
from .measured import MeasuredFields
from .projections import Projections
from .search import AtomTable, EquationFit, fit_equation
from .smoothed import Smoothing, smoothing_of
from .smoothed_projections import SmoothedProjections

WIDTHS = (0.7, 1.0, 1.4, 2.0, 2.8)
"""Half widths of test functions that are tried, in units of `half_points_of_scale`."""
SMALLEST = 8
"""Half width in samples from which on the trapezoidal rule is exact to 1e-5."""
FLUCTUATION = 5.0
"""λ may exceed 1 by this many of its standard deviations √(2/n)."""


class Widths:
    """Projections of the same fields on test functions of several half widths, each made once."""

    def __init__(self, measured: MeasuredFields, smoothing: Smoothing | None = None):
        self.measured = measured
        self.smoothing = smoothing
        self._known: dict[tuple[int, ...], Projections] = {}

    @cached_property
    def base(self) -> tuple[int, ...]:
        """Half widths in samples at the width 1."""
        measured = self.measured
        return tuple(
            min(
                half_points_of_scale(values, 1 + n, measured.spacing[n], deviation)
                for values, deviation in zip(measured.values, measured.deviations, strict=True)
            )
            for n in range(len(measured.spacing))
        )

    @cached_property
    def smoothed(self) -> Widths:
        """The same for atoms that hold derivatives of the data."""
        return Widths(self.measured, smoothing_of(self.measured))

    def of(self, measured: MeasuredFields) -> Widths:
        """The same for other data: with derivatives smoothed as those data ask for, if they are here."""
        return Widths(measured, None if self.smoothing is None else smoothing_of(measured))

    def half_points(self, width: float) -> tuple[int, ...]:
        """Half widths in samples: no smaller than `SMALLEST`, and no wider than leaves room for a few
        windows.
        """
        points = self.measured.shape[1:]
        return tuple(
            int(min(max(round(width * h), SMALLEST), max(4, (p - 1) // 5)))
            for h, p in zip(self.base, points, strict=True)
        )

    def projections(self, width: float) -> Projections:
        return self.at(self.half_points(width))

    def at(self, half: tuple[int, ...]) -> Projections:
        """Projections on test functions of these half widths in samples."""
        if half not in self._known:
            if self.smoothing is None:
                self._known[half] = Projections(self.measured, half)
            else:
                self._known[half] = SmoothedProjections(self.measured, half, smoothing=self.smoothing)
        return self._known[half]

    def again(self, fit: EquationFit, width: float, errors: bool = True) -> EquationFit | None:
        """The equation with the same atoms at another width; None where one of them has no effect."""
        table = AtomTable(self.projections(width), fit.atoms)
        if len(table.atoms) < len(fit.atoms):
            return None
        return fit_equation(table, fit.atoms, fit.criterion, errors=errors)

    def confirmed(self, fit: EquationFit) -> bool:
        """Whether the equation leaves nothing but noise at all larger widths too.

        Small test functions see so much noise that a wrong equation can hide in it; a true one holds on all.
        """
        for width in WIDTHS:
            if width < 1:
                continue
            again = self.again(fit, width, errors=False)
            if again is None or not again.explained:
                return False
            limit = 1 + FLUCTUATION * np.sqrt(2 / again.effective_rows)
            if again.ratio > limit and not again.negligible:
                return False
        return True

    def best(self, fits: Sequence[EquationFit]) -> float:
        """The width at which the worst relative standard error of these equations is least."""
        errors: dict[tuple[int, ...], tuple[float, float]] = {}
        for width in WIDTHS:
            half = self.half_points(width)
            if half in errors:
                continue
            every = [self.again(fit, width) for fit in fits]
            worst = max(np.inf if fit is None else fit.worst_error for fit in every)
            errors[half] = (worst, width)
        return min(errors.values())[1]
