"""Equations of motion of all fields: their order in time, the family and the stage of the ansatz."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import sympy

from lagrangians.jets import JetSpace

from .atoms import Atom
from .attempts import MIXED, Attempt, Memory, attempts, chosen_of
from .fitted import FittedEquations
from .held_out import HeldOut
from .joining import joined
from .library import EquationAtoms
from .measured import MeasuredFields
from .search import RIVAL, AtomTable, EquationFit, by_chance, cancels, rivals
from .widths import Widths

ORDERS = ((1, "first order in time"), (2, "second order in time"), (0, "mixed"))

IMITATION = 0.3
"""Of equations that leave a small but systematic residual others take the place if they leave this part
of it.
"""
TESTED = 0.1
"""An equation in which noise could hide more of its target than this is compared with other orders."""
LAST = 2
"""The stage at which all atoms are candidates."""

Report = Callable[[str, float, float], None]
Rivals = tuple[tuple[Atom, ...], tuple[Atom, ...]]


@dataclass(frozen=True)
class Dynamics:
    """What was found. `rivals` are (kept atoms, others) that the data cannot tell apart; `tried` all
    attempts at the order and stage taken, by family.
    """

    equations: FittedEquations
    chosen: Attempt
    rivals: tuple[Rivals, ...]
    tried: Mapping[str, Attempt]
    explained: bool
    width: float
    widths: Widths

    @property
    def fits(self) -> tuple[EquationFit, ...]:
        return self.chosen.fits

    @property
    def settled(self) -> bool:
        """Whether the equations explain the data and nothing could stand in for their terms."""
        return self.explained and self.chosen.at_noise and not self.rivals


def find_dynamics(
    measured: MeasuredFields,
    ansatz: Mapping[str, EquationAtoms],
    progress: Report | None = None,
    workers: int = 1,
    memory: Memory | None = None,
    held_out: HeldOut | None = None,
) -> Dynamics:
    """Equations of motion from the atoms of one of the families in `ansatz`.

    First order in time is tried before second order and before φ_tx; the first that explains the data at all
    widths of the test functions is taken, or the one that comes nearest. Later stages of the ansatz are
    opened only where the earlier ones leave more than noise; the family "mixed" only where no other one
    explains the data. Of the families the one that leaves least of the held-out data is taken, and among
    those that noise makes equal there, the one of least extended Bayesian criterion. The width of the test
    functions is that of least stated error; with it the search is repeated, and its answer taken unless it
    leaves open what the first one settles.

    `workers`: how many families are searched at once; the answer does not depend on it. `memory` takes what
    each finished search has found, as JSON values, and gives it back to a later run on the same data.
    """
    widths = Widths(measured)
    memory = {} if memory is None else memory
    found, width = _search(widths, 1.0, ansatz, progress, 0.0, workers, memory, held_out), 1.0
    better = found.widths.best(found.attempt.fits)
    if widths.half_points(better) != widths.half_points(width):
        again = _search(widths, better, ansatz, progress, 0.5, workers, memory, held_out)
        if again.clarity >= found.clarity:
            found, width = again, better
    if progress is not None:
        progress("equations, done", 1.0, found.attempt.misfit)
    return found.dynamics(width)


def _search(
    widths: Widths,
    width: float,
    ansatz: Mapping[str, EquationAtoms],
    progress: Report | None,
    begin: float,
    workers: int,
    memory: Memory,
    held_out: HeldOut | None,
) -> _Best:
    jets = widths.measured.jets
    best: _Best | None = None
    growing = {name: stages_of(a) for name, a in ansatz.items()}
    stages = max(map(len, growing.values()))
    for stage in range(stages):
        lists = {name: own[min(stage, len(own) - 1)] for name, own in growing.items()}
        every = list(dict.fromkeys(atom for atoms in lists.values() for atom in atoms))
        own = widths.smoothed if any(jets.order(atom.function) for atom in every) else widths
        table = AtomTable(own.projections(width), every)
        unseen = None if held_out is None else held_out.projections(own, width)
        for n, (order, name) in enumerate(ORDERS):
            targets = targets_of(jets, order)
            if any(t not in table.atoms for t in targets):
                continue
            if progress is not None:
                done = begin + 0.5 * (stage + n / len(ORDERS)) / stages
                progress(f"equations, {name}", done, best.attempt.misfit if best else 1.0)
            candidates = {
                family: candidates_of(atoms, order, jets, last=stage == LAST)
                for family, atoms in lists.items()
            }
            tried = attempts(table, targets, candidates, own, name, stage, workers, memory)
            chosen = chosen_of(tried, ansatz, unseen)
            found = _Best(chosen, tried, chosen.explained(own), own)
            best = found if best is None or found.replaces(best) else best
            if best.settled and best.attempt.bound < TESTED:
                return best
        if best is not None and best.settled:
            return best
    if best is None:
        raise ValueError("got fields that do not change in time, expected some motion; give other data")
    return best


def stages_of(ansatz: EquationAtoms) -> list[tuple[Atom, ...]]:
    """Growing lists of atoms: the linear and potential ones; then all that need no derivative of the data;
    then all.

    At the last stage terms with the highest time derivative are candidates too (`candidates_of`).
    """
    jets = ansatz.library.jets
    plain = tuple(a for a in ansatz.atoms if not jets.order(a.function))
    first = tuple(a for a in ansatz.up_to(0) if a in plain)
    opened, known = candidates_of(ansatz.atoms, 2, jets, last=True), candidates_of(plain, 2, jets, last=False)
    return [first, plain, ansatz.atoms] if len(opened) > len(known) else [first, plain]


def candidates_of(atoms: Sequence[Atom], order: int, jets: JetSpace, last: bool) -> tuple[Atom, ...]:
    """Atoms for equations of this order in time: those of lower order, and at the last stage also those that
    multiply the highest time derivative by a function, as metrics that depend on the field do, or
    differentiate it in space.

    The equation is solved for its linear term φ_tt all the same; the relation of all terms is found as a
    whole.
    """
    targets = targets_of(jets, order)
    lower = [a for a in atoms if time_order(a, jets) < max(order, 1)]
    if not last or order < 2:
        return tuple(lower)
    same = [
        a for a in atoms if time_order(a, jets) == order and a not in targets and _quasilinear(a, order, jets)
    ]
    return (*lower, *same)


def time_order(atom: Atom, jets: JetSpace) -> int:
    """The highest time derivative of a field in an atom."""
    inside = [index[0] for _, index in jets.jets_in(atom.function).values()]
    return atom.derivative[0] + max(inside, default=0)


def _quasilinear(atom: Atom, order: int, jets: JetSpace) -> bool:
    """Whether the highest time derivative, which stands in an atom, is in it to first degree."""
    if atom.derivative[0]:
        return True
    top = [s for s, (_, index) in jets.jets_in(atom.function).items() if index[0] == order]
    return all(sympy.diff(atom.function, s, r) == 0 for s in top for r in top)


def targets_of(jets: JetSpace, order: int) -> list[Atom]:
    """φ^a_t, φ^a_tt, or φ^a_tx (order 0) of every field."""
    index = [0] * len(jets.coordinates)
    index[0] = max(order, 1)
    if order == 0:
        index[1] = 1
    return [Atom(tuple(index), jets.symbol(a)) for a in range(len(jets.fields))]


@dataclass(frozen=True)
class _Best:
    """An attempt with the others of its order and stage, and the widths that it was made with."""

    attempt: Attempt
    tried: Mapping[str, Attempt]
    explained: bool
    widths: Widths

    @property
    def settled(self) -> bool:
        return self.explained and self.attempt.at_noise

    @property
    def clarity(self) -> int:
        """0 if it is not settled, 1 if something could stand in for its terms, 2 else."""
        return int(self.settled) + int(self.settled and not self.rivals)

    def replaces(self, earlier: _Best) -> bool:
        """Whether this takes the place of an attempt of an earlier order or stage.

        Of equations that explain the data it must be the better tested one, clearly so where those before
        have no rivals, or show that they were imitations: it leaves much less and does not just add terms, as
        the data's own integrator does.
        """
        if not earlier.explained:
            return self.explained or self.attempt.misfit < 0.9 * earlier.attempt.misfit
        if not self.explained:
            return False
        if not earlier.attempt.bound < TESTED:
            needed = 1.0 if earlier.rivals and not self.rivals else 0.5
            if self.attempt.bound < needed * earlier.attempt.bound:
                return True
        pairs = zip(self.attempt.fits, earlier.attempt.fits, strict=True)
        added = all(set(old.atoms) <= set(new.atoms) for new, old in pairs)
        return not added and self.attempt.misfit < IMITATION * earlier.attempt.misfit

    @cached_property
    def rivals(self) -> tuple[Rivals, ...]:
        return _rivals(self.attempt, self.tried)

    def dynamics(self, width: float) -> Dynamics:
        chosen = self.attempt
        fits, equations = joined(chosen.table, chosen.fits, self.widths.measured.jets)
        return Dynamics(
            equations=equations,
            chosen=replace(chosen, fits=fits),
            rivals=self.rivals,
            tried=self.tried,
            explained=self.explained,
            width=width,
            widths=self.widths,
        )


def _rivals(chosen: Attempt, tried: Mapping[str, Attempt]) -> tuple[Rivals, ...]:
    """Atoms of the chosen equations with others that explain the data as well: one in the place of one, of
    the same family; what another family gives with as few terms; what "mixed" gives with fewer: e^φ, e^{−φ}
    and a coupling, of which no pure family has all, where φ, φ³, φ⁵ and the coupling were chosen.
    """
    found: list[Rivals] = []
    for n, fit in enumerate(chosen.fits):
        found += [((kept,), (other,)) for kept, other in rivals(chosen.table, fit, chosen.candidates[n])]
        for other in tried.values():
            its = other.fits[n]
            if other.families[n] not in (chosen.families[n], MIXED):
                pairs = rivals(chosen.table, fit, other.candidates[n], within=True)
                found += [((kept,), (instead,)) for kept, instead in pairs]
            most = len(fit.atoms) - (other.families[n] == MIXED)
            if other.families[n] == chosen.families[n] or len(its.atoms) > most:
                continue
            kept = tuple(a for a in fit.atoms if a not in its.atoms)
            instead = tuple(a for a in its.atoms if a not in fit.atoms)
            chance = by_chance(chosen.table, fit, its.atoms, its.theta)
            if cancels(chosen.table, fit, its.atoms, its.theta):
                continue
            if kept and instead and abs(its.score - fit.score) < RIVAL + chance:
                found.append((kept, instead))
    return tuple(dict.fromkeys(found))
