"""Equations of motion of all fields: their order in time, the stage of the ansatz, the size of the test functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lagrangians.jets import JetSpace

from ..learning.weak_form import half_points_of_scale
from .atoms import Atom
from .estimate import influences
from .fitted import FittedEquations
from .library import EquationAtoms
from .measured import MeasuredFields
from .projections import Projections
from .search import AtomTable, EquationFit, find_equation, fit_equation, rivals
from .selection import Criterion

WIDTHS = (0.7, 1.0, 1.4, 2.0, 2.8)
"""Half widths of test functions that are tried, in units of `half_points_of_scale`."""
ORDERS = ((1, "first order in time"), (2, "second order in time"), (0, "mixed"))

Report = Callable[[str, float, float], None]


@dataclass(frozen=True)
class Dynamics:
    """What was found: the equations, how each was found, and which atoms could stand in for others.

    `rivals` holds, for each field, pairs (kept, other) of atoms that the data cannot tell apart.
    """

    equations: FittedEquations
    fits: tuple[EquationFit, ...]
    rivals: tuple[tuple[tuple[Atom, Atom], ...], ...]
    silent: tuple[Atom, ...]
    order: str
    stage: int
    half_points: tuple[int, ...]
    projections: Projections


def find_dynamics(
    measured: MeasuredFields, ansatz: EquationAtoms, progress: Report | None = None
) -> Dynamics:
    """Equations of motion from the atoms of `ansatz`.

    First order in time is tried before second order and before φ_tx; the first that explains the data is taken, or
    the one that comes nearest. Later stages of the ansatz are opened only where the earlier ones leave more than
    noise. The half widths of the test functions are those of least stated error, out of `WIDTHS`; with them the
    search is repeated.
    """
    base = base_half_points(measured)
    found = _search(measured, ansatz, base, progress, 0.0)
    width, half_points = _best_width(measured, found.fits, base)
    if progress is not None:
        progress("equations, test functions", 0.6, found.fits[0].ratio)
    if width != 1.0:
        found = _search(measured, ansatz, half_points, progress, 0.6)
    if progress is not None:
        progress("equations, done", 1.0, found.fits[0].ratio)
    return found


def base_half_points(measured: MeasuredFields) -> tuple[int, ...]:
    """The half width that the scale of the fields asks for, the least over the fields, along each axis."""
    halves = []
    for n in range(len(measured.spacing)):
        each = [
            half_points_of_scale(values, 1 + n, measured.spacing[n], deviation)
            for values, deviation in zip(measured.values, measured.deviations, strict=True)
        ]
        halves.append(_fitting(min(each), measured, n))
    return tuple(halves)


def _fitting(half: int, measured: MeasuredFields, axis: int) -> int:
    """At most what leaves room for four windows side by side."""
    return int(np.clip(half, 4, max(4, (measured.shape[1 + axis] - 1) // 5)))


def _search(
    measured: MeasuredFields,
    ansatz: EquationAtoms,
    half_points: tuple[int, ...],
    progress: Report | None,
    begin: float,
) -> Dynamics:
    projections = Projections(measured, half_points)
    best: Dynamics | None = None
    stages = stages_of(ansatz)
    for stage, atoms in enumerate(stages):
        table = AtomTable(projections, atoms)
        for n, (order, name) in enumerate(ORDERS):
            targets = _targets(measured.jets, order)
            if any(t not in table.atoms for t in targets):
                continue
            if progress is not None:
                done = begin + 0.4 * (stage + n / len(ORDERS)) / len(stages)
                progress(f"equations, {name}", done, best.fits[0].ratio if best else 1.0)
            candidates = _candidates(atoms, order)
            fits = [find_equation(table, t, candidates) for t in targets]
            fits = [_completed(table, fit, a, fits, ansatz) for a, fit in enumerate(fits)]
            found = Dynamics(
                _joined(projections, measured.jets, fits),
                tuple(fits),
                tuple(tuple(rivals(table, fit, candidates)) for fit in fits),
                table.silent,
                name,
                stage,
                tuple(half_points),
                projections,
            )
            if best is None or _better(found, best):
                best = found
            if all(fit.explained for fit in fits):
                return found
    if best is None:
        raise ValueError("got fields that do not change in time, expected some motion; give other data")
    return best


def stages_of(ansatz: EquationAtoms) -> list[tuple[Atom, ...]]:
    """Growing lists of atoms: the linear and potential ones; all whose function has no derivatives of the data; all."""
    jets = ansatz.library.jets
    plain = tuple(a for a in ansatz.atoms if not jets.order(a.function))
    lists = [tuple(a for a in ansatz.up_to(0) if a in plain), plain]
    return [atoms for n, atoms in enumerate(lists) if n == 0 or len(atoms) > len(lists[n - 1])]


def _targets(jets: JetSpace, order: int) -> list[Atom]:
    index = [0] * len(jets.coordinates)
    index[0] = max(order, 1)
    if order == 0:
        index[1] = 1
    return [Atom(tuple(index), jets.symbol(a)) for a in range(len(jets.fields))]


def _candidates(atoms: Sequence[Atom], order: int) -> list[Atom]:
    """Atoms of lower order in time than the targets: the equations are solved for these."""
    return [a for a in atoms if a.derivative[0] < max(order, 1)]


def _better(one: Dynamics, other: Dynamics) -> bool:
    return max(f.misfit for f in one.fits) < 0.9 * max(f.misfit for f in other.fits)


def _completed(
    table: AtomTable, fit: EquationFit, field: int, fits: Sequence[EquationFit], ansatz: EquationAtoms
) -> EquationFit:
    """The fit with the atoms that a density term of another field's equation brings into this one.

    A coupling found in one equation has a mirror image in the other if it comes of a density. It is fitted there
    with its error, so that its absence can be judged.
    """
    if len(fits) == 1:
        return fit
    wanted: list[Atom] = []
    numbers = {atom: k for k, atom in enumerate(ansatz.atoms)}
    for other, its in enumerate(fits):
        if other == field:
            continue
        for atom in its.atoms[1:]:
            terms = np.flatnonzero(ansatz.matrix[other, :, numbers[atom]])
            for term in terms:
                if not _within(ansatz, other, term, its.atoms):
                    continue
                for k in np.flatnonzero(ansatz.matrix[field, term]):
                    mirror = ansatz.atoms[k]
                    if mirror not in fit.atoms and mirror not in wanted and mirror in table.atoms:
                        wanted.append(mirror)
    wanted = [a for a in wanted if a.derivative[0] < fit.atoms[0].derivative[0]]
    if not wanted:
        return fit
    return fit_equation(table, [*fit.atoms, *wanted], fit.criterion, fit.path)


def _within(ansatz: EquationAtoms, field: int, term: int, atoms: Sequence[Atom]) -> bool:
    """Whether every atom that the term gives in a field's equation is among `atoms`."""
    return all(ansatz.atoms[k] in atoms for k in np.flatnonzero(ansatz.matrix[field, term]))


def _joined(projections: Projections, jets: JetSpace, fits: Sequence[EquationFit]) -> FittedEquations:
    atoms = tuple(dict.fromkeys(atom for fit in fits for atom in fit.atoms))
    number = {atom: k for k, atom in enumerate(atoms)}
    count = len(atoms)
    coefficients = np.zeros((len(fits), count))
    support = np.zeros((len(fits), count), dtype=bool)
    moves, places = [], []
    for a, fit in enumerate(fits):
        where = [number[atom] for atom in fit.atoms]
        coefficients[a, where] = fit.theta
        support[a, where] = True
        parts = projections.moments(fit.atoms)
        moves.append(influences(projections, fit.atoms, fit.theta, fit.ratio, 0, parts).reshape(len(where), -1))
        places += [a * count + k for k in where]
    flat = np.concatenate(moves)
    full = np.zeros((len(fits) * count, len(fits) * count))
    full[np.ix_(places, places)] = flat @ flat.T
    return FittedEquations(
        jets=jets,
        atoms=atoms,
        targets=tuple(number[fit.atoms[0]] for fit in fits),
        coefficients=coefficients,
        covariance=full,
        support=support,
        chi_square=np.array([fit.ratio for fit in fits]),
    )


def _best_width(
    measured: MeasuredFields, fits: Sequence[EquationFit], base: tuple[int, ...]
) -> tuple[float, tuple[int, ...]]:
    """The half widths at which the worst relative standard error of the found equations is least."""
    errors: dict[tuple[int, ...], tuple[float, float]] = {}
    for width in WIDTHS:
        half = tuple(_fitting(round(width * h), measured, n) for n, h in enumerate(base))
        if half in errors:
            continue
        projections = Projections(measured, half)
        worst = 0.0
        for fit in fits:
            table = AtomTable(projections, fit.atoms)
            if len(table.atoms) < len(fit.atoms):
                worst = np.inf
                break
            again = fit_equation(table, fit.atoms, Criterion(fit.effective_rows, 2))
            worst = max(worst, again.worst_error)
        errors[half] = (worst, width)
    half = min(errors, key=lambda h: errors[h][0])
    return errors[half][1], half
