"""The chosen equations on all the data."""

from __future__ import annotations

from dataclasses import replace

from .attempts import Attempt
from .dynamics import Dynamics
from .joining import joined
from .measured import MeasuredFields
from .search import AtomTable, criterion_of, fit_equation
from .widths import Widths


def refitted(dynamics: Dynamics, measured: MeasuredFields) -> Dynamics:
    """The same atoms on other measurements of the same fields, usually all of them.

    Terms are chosen, and held-out figures taken, with a part of the data kept back; the coefficients that are
    reported need not do without it. Of the width of the search, the one that is best for rows of equal weight
    and the basic one that of smallest stated error is taken: with weighted rows it may be another. The
    equations stay as they were where an atom has no effect here.
    """
    widths = dynamics.widths.of(measured)
    tried = (dynamics.width, dynamics.widths.best(dynamics.fits), 1.0)
    halves = dict.fromkeys(dynamics.widths.half_points(width) for width in tried)
    every = [_refitted(dynamics, measured, widths, half) for half in halves]
    found = [d for d in every if d is not None]
    return min(found, key=lambda d: max(fit.worst_error for fit in d.fits), default=dynamics)


def _refitted(
    dynamics: Dynamics, measured: MeasuredFields, widths: Widths, half: tuple[int, ...]
) -> Dynamics | None:
    chosen = dynamics.chosen
    projections = widths.at(half)
    atoms = tuple(dict.fromkeys(atom for fit in dynamics.fits for atom in fit.atoms))
    table = AtomTable(projections, atoms)
    if len(table.atoms) < len(atoms):
        return None
    again = []
    for fit, candidates in zip(dynamics.fits, chosen.candidates, strict=True):
        criterion = criterion_of(table, fit.atoms[0], candidates)
        again.append(fit_equation(table, fit.atoms, replace(criterion, candidates=fit.criterion.candidates)))
    fits, equations = joined(table, again, measured.jets)
    fits = tuple(replace(new, path=old.path) for new, old in zip(fits, dynamics.fits, strict=True))
    attempt: Attempt = replace(chosen, fits=fits, table=table)
    return replace(dynamics, chosen=attempt, equations=equations)
