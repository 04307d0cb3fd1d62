"""Equations of motion of all fields: their order in time, the family and the stage of the ansatz."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lagrangians.jets import JetSpace

from .atoms import Atom
from .completion import completed
from .estimate import influences
from .fitted import FittedEquations
from .library import EquationAtoms
from .measured import MeasuredFields
from .search import RIVAL, AtomTable, EquationFit, find_equation, rivals
from .widths import Widths

ORDERS = ((1, "first order in time"), (2, "second order in time"), (0, "mixed"))

MIXED = "mixed"

Report = Callable[[str, float, float], None]
Rivals = tuple[tuple[Atom, ...], tuple[Atom, ...]]


@dataclass(frozen=True)
class Attempt:
    """Equations of one order in time, one family and one stage of the ansatz, one for each field."""

    fits: tuple[EquationFit, ...]
    family: str
    order: str
    stage: int
    table: AtomTable
    candidates: tuple[Atom, ...]

    @property
    def criterion(self) -> float:
        return sum(fit.score for fit in self.fits)

    @property
    def terms(self) -> int:
        return sum(len(fit.atoms) for fit in self.fits)

    @property
    def misfit(self) -> float:
        return max(fit.misfit for fit in self.fits)


@dataclass(frozen=True)
class Dynamics:
    """What was found. `rivals` are (kept atoms, others) that the data cannot tell apart; `tried` all attempts at the
    order and stage taken, by family; `silent` atoms whose columns vanish on these data.
    """

    equations: FittedEquations
    chosen: Attempt
    rivals: tuple[Rivals, ...]
    tried: Mapping[str, Attempt]
    silent: tuple[Atom, ...]
    explained: bool
    width: float
    widths: Widths

    @property
    def fits(self) -> tuple[EquationFit, ...]:
        return self.chosen.fits


def find_dynamics(
    measured: MeasuredFields, ansatz: Mapping[str, EquationAtoms], progress: Report | None = None
) -> Dynamics:
    """Equations of motion from the atoms of one of the families in `ansatz`.

    First order in time is tried before second order and before φ_tx; the first that explains the data at all widths
    of the test functions is taken, or the one that comes nearest. Later stages of the ansatz are opened only where
    the earlier ones leave more than noise; the family "mixed" only where no other one explains the data. Of the
    families the extended Bayesian criterion chooses. The width of the test functions is that of least stated error;
    with it the search is repeated.
    """
    widths = Widths(measured)
    found = _search(widths, 1.0, ansatz, progress, 0.0)
    width = widths.best(found.fits)
    if widths.half_points(width) != widths.half_points(1.0):
        found = _search(widths, width, ansatz, progress, 0.5)
    if progress is not None:
        progress("equations, done", 1.0, found.chosen.misfit)
    return found


def _search(
    widths: Widths, width: float, ansatz: Mapping[str, EquationAtoms], progress: Report | None, begin: float
) -> Dynamics:
    jets = widths.measured.jets
    projections = widths.projections(width)
    best: tuple[Attempt, dict[str, Attempt], bool] | None = None
    stages = max(len(stages_of(a)) for a in ansatz.values())
    for stage in range(stages):
        lists = {name: _at(stages_of(a), stage) for name, a in ansatz.items()}
        table = AtomTable(
            projections, list(dict.fromkeys(atom for atoms in lists.values() for atom in atoms))
        )
        for n, (order, name) in enumerate(ORDERS):
            targets = targets_of(jets, order)
            if any(t not in table.atoms for t in targets):
                continue
            if progress is not None:
                done = begin + 0.5 * (stage + n / len(ORDERS)) / stages
                progress(f"equations, {name}", done, best[0].misfit if best else 1.0)
            tried: dict[str, Attempt] = {}
            for family in sorted(lists, key=lambda f: f == MIXED):
                if family == MIXED and any(_explained(widths, a) for a in tried.values()):
                    break
                candidates = tuple(a for a in lists[family] if a.derivative[0] < max(order, 1))
                fits = [find_equation(table, t, candidates) for t in targets]
                fits = completed(table, fits, ansatz[family])
                tried[family] = Attempt(tuple(fits), family, name, stage, table, candidates)
            chosen = _chosen(tried)
            explained = _explained(widths, chosen)
            if best is None or explained or chosen.misfit < 0.9 * best[0].misfit:
                best = chosen, tried, explained
            if explained:
                return _found(widths, width, *best)
    if best is None:
        raise ValueError("got fields that do not change in time, expected some motion; give other data")
    return _found(widths, width, *best)


def _chosen(tried: Mapping[str, Attempt]) -> Attempt:
    """The family of least criterion; "mixed" only where it is better by `RIVAL`."""
    return min(tried.values(), key=lambda a: (a.criterion + (RIVAL if a.family == MIXED else 0), a.terms))


def _explained(widths: Widths, attempt: Attempt) -> bool:
    return all(fit.explained and widths.confirmed(fit) for fit in attempt.fits)


def _at(stages: list[tuple[Atom, ...]], stage: int) -> tuple[Atom, ...]:
    return stages[min(stage, len(stages) - 1)]


def stages_of(ansatz: EquationAtoms) -> list[tuple[Atom, ...]]:
    """Growing lists of atoms: the linear and potential ones; then all that need no derivative of the data."""
    jets = ansatz.library.jets
    plain = tuple(a for a in ansatz.atoms if not jets.order(a.function))
    lists = [tuple(a for a in ansatz.up_to(0) if a in plain), plain]
    return [atoms for n, atoms in enumerate(lists) if n == 0 or len(atoms) > len(lists[n - 1])]


def targets_of(jets: JetSpace, order: int) -> list[Atom]:
    """φ^a_t, φ^a_tt, or φ^a_tx (order 0) of every field."""
    index = [0] * len(jets.coordinates)
    index[0] = max(order, 1)
    if order == 0:
        index[1] = 1
    return [Atom(tuple(index), jets.symbol(a)) for a in range(len(jets.fields))]


def _found(
    widths: Widths, width: float, chosen: Attempt, tried: Mapping[str, Attempt], explained: bool
) -> Dynamics:
    return Dynamics(
        equations=joined(chosen, widths.measured.jets),
        chosen=chosen,
        rivals=_rivals(chosen, tried),
        tried=tried,
        silent=chosen.table.silent,
        explained=explained,
        width=width,
        widths=widths,
    )


def _rivals(chosen: Attempt, tried: Mapping[str, Attempt]) -> tuple[Rivals, ...]:
    """Atoms of the chosen equations with others that explain the data as well: one in the place of one, of the same
    family, and what another family gives with as few terms."""
    found: list[Rivals] = []
    for fit in chosen.fits:
        found += [((kept,), (other,)) for kept, other in rivals(chosen.table, fit, chosen.candidates)]
    for other in tried.values():
        if other.family in (chosen.family, MIXED) or other.terms > chosen.terms:
            continue
        if abs(other.criterion - chosen.criterion) < RIVAL:
            for own, its in zip(chosen.fits, other.fits, strict=True):
                kept = tuple(a for a in own.atoms if a not in its.atoms)
                instead = tuple(a for a in its.atoms if a not in own.atoms)
                if kept and instead:
                    found.append((kept, instead))
    return tuple(dict.fromkeys(found))


def joined(attempt: Attempt, jets: JetSpace) -> FittedEquations:
    """The equations of all fields, with the covariance between them."""
    fits = attempt.fits
    projections = attempt.table.projections
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
        parts = attempt.table.of(fit.atoms)
        moved = influences(projections, fit.atoms, fit.theta, fit.ratio, 0, parts)
        moves.append(moved.reshape(len(where), -1))
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
