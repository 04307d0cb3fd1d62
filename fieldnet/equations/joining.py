"""The equations of all fields together: the best estimate of each, and the covariance between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lagrangians.jets import JetSpace

from .estimate import influences
from .fitted import FittedEquations
from .search import AtomTable, EquationFit
from .selection import SYSTEMATIC
from .weighted import weighted_estimate


def joined(
    table: AtomTable, fits: Sequence[EquationFit], jets: JetSpace
) -> tuple[tuple[EquationFit, ...], FittedEquations]:
    """(equations re-estimated, all of them in one list of atoms with the covariance between them).

    Of rows of equal weight and rows weighted by the covariance of their noise, each equation takes the
    estimate of smaller stated error.
    """
    best = [_estimate(table, fit) for fit in fits]
    atoms = tuple(dict.fromkeys(atom for fit in fits for atom in fit.atoms))
    number = {atom: k for k, atom in enumerate(atoms)}
    count = len(atoms)
    coefficients = np.zeros((len(fits), count))
    support = np.zeros((len(fits), count), dtype=bool)
    places: list[int] = []
    for a, (fit, _) in enumerate(best):
        where = [number[atom] for atom in fit.atoms]
        coefficients[a, where] = fit.theta
        support[a, where] = True
        places += [a * count + k for k in where]
    flat = np.concatenate([moved for _, moved in best])
    full = np.zeros((len(fits) * count, len(fits) * count))
    full[np.ix_(places, places)] = flat @ flat.T
    equations = FittedEquations(
        jets=jets,
        atoms=atoms,
        targets=tuple(number[fit.atoms[0]] for fit, _ in best),
        coefficients=coefficients,
        covariance=full,
        support=support,
        chi_square=np.array([fit.ratio for fit, _ in best]),
    )
    return tuple(fit for fit, _ in best), equations


def _estimate(table: AtomTable, fit: EquationFit) -> tuple[EquationFit, np.ndarray]:
    """The fit of smaller stated error, and how its coefficients move with the noise. shape: (atoms,
    points)
    """
    moved = influences(table.projections, fit.atoms, fit.theta, fit.ratio, 0, table.of(fit.atoms))
    flat = moved.reshape(len(fit.atoms), -1)
    if len(fit.atoms) < 2 or fit.ratio > SYSTEMATIC:
        return fit, flat
    weighted = weighted_estimate(table.projections, fit.atoms, fit.theta)
    if weighted is None:
        return fit, flat
    other = weighted.influence.reshape(len(fit.atoms), -1)
    again = replace(fit, theta=weighted.theta, covariance=other @ other.T)
    return (again, other) if again.worst_error < fit.worst_error else (fit, flat)
