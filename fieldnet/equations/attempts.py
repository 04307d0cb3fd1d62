"""Equations of all fields at one order in time and one stage of the ansatz, and the choice among families."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .atoms import Atom
from .completion import completed
from .held_out import least_residual
from .library import DensityLibrary, EquationAtoms, equation_atoms
from .projections import Projections
from .search import (
    NEGLIGIBLE,
    RIVAL,
    AtomTable,
    EquationFit,
    cancels,
    criterion_of,
    find_equation,
    fit_equation,
)
from .selection import SYSTEMATIC
from .widths import FLUCTUATION, Widths

MIXED = "mixed"
FEW = 2
"""Functions in an equation up to which no other families are mixed in."""
Memory = MutableMapping[str, Any]


@dataclass(frozen=True)
class Attempt:
    """One equation a field; `families` and `candidates` belong to the fields one by one."""

    fits: tuple[EquationFit, ...]
    families: tuple[str, ...]
    candidates: tuple[tuple[Atom, ...], ...]
    order: str
    stage: int
    table: AtomTable

    @property
    def family(self) -> str:
        return ", ".join(dict.fromkeys(self.families))

    @property
    def criterion(self) -> float:
        return sum(fit.score for fit in self.fits)

    @property
    def terms(self) -> int:
        return sum(len(fit.atoms) for fit in self.fits)

    @property
    def misfit(self) -> float:
        return max(fit.misfit for fit in self.fits)

    @property
    def bound(self) -> float:
        return max(fit.bound for fit in self.fits)

    @property
    def at_noise(self) -> bool:
        """Whether no equation leaves more than noise, or than `NEGLIGIBLE` of its target."""
        return all(
            fit.ratio < min(SYSTEMATIC, 1 + FLUCTUATION * (2 / fit.effective_rows) ** 0.5)
            or fit.misfit < NEGLIGIBLE
            for fit in self.fits
        )

    @property
    def simple(self) -> bool:
        """Whether the equations are at the noise with at most `FEW` functions without derivatives in each."""
        functions = [sum(not any(a.derivative) for a in fit.atoms) for fit in self.fits]
        return self.at_noise and max(functions) <= FEW

    def explained(self, widths: Widths) -> bool:
        return all(fit.explained and widths.confirmed(fit) for fit in self.fits)


def attempts(
    table: AtomTable,
    targets: Sequence[Atom],
    candidates: Mapping[str, tuple[Atom, ...]],
    widths: Widths,
    order: str,
    stage: int,
    workers: int,
    memory: Memory,
) -> dict[str, Attempt]:
    """An attempt for each family; for "mixed" only where no other family is at the noise with few functions.

    Polynomials of many terms are the mark of an imitation.
    """
    tried: dict[str, Attempt] = {}
    pure = [family for family in candidates if family != MIXED]
    for families in (pure, [f for f in candidates if f == MIXED]):
        if families == [MIXED] and any(a.simple and a.explained(widths) for a in tried.values()):
            break
        jobs = [(family, target) for family in families for target in targets]

        def find(job: tuple[str, Atom]) -> EquationFit:
            return _found(table, job[1], candidates[job[0]], memory, f"{order}/{stage}/{job[0]}")

        if workers > 1:
            with ThreadPoolExecutor(workers) as pool:
                fits = list(pool.map(find, jobs))
        else:
            fits = [find(job) for job in jobs]
        count = len(targets)
        for n, family in enumerate(families):
            own = tuple(fits[n * count : (n + 1) * count])
            tried[family] = Attempt(
                own, (family,) * count, (candidates[family],) * count, order, stage, table
            )
    return tried


def _found(
    table: AtomTable, target: Atom, candidates: Sequence[Atom], memory: Memory, label: str
) -> EquationFit:
    """The equation for a target, from an earlier run if `memory` has its support."""
    own = table.projections
    key = f"{list(own.measured.shape)}/{list(own.half_points)}/{label}/{target.derivative} {target.function}"
    known = memory.get(key)
    if known is not None:
        atoms = [table.atoms[n] for n in known["atoms"]]
        path = tuple((tuple(table.atoms[n] for n in numbers), ratio) for numbers, ratio in known["path"])
        return fit_equation(table, atoms, criterion_of(table, target, candidates), path)
    fit = find_equation(table, target, candidates)
    memory[key] = {
        "atoms": table.numbers(fit.atoms),
        "path": [[table.numbers(atoms), ratio] for atoms, ratio in fit.path],
    }
    return fit


def chosen_of(
    tried: Mapping[str, Attempt], ansatz: Mapping[str, EquationAtoms], unseen: Projections | None = None
) -> Attempt:
    """For each field the family of least criterion, "mixed" only where it is better by `RIVAL`, unless
    another one leaves less of the `unseen` data beyond chance; with mirror images.
    """
    first = next(iter(tried.values()))
    best = [_best_of(list(tried.values()), n, unseen) for n in range(len(first.fits))]
    families = tuple(a.families[n] for n, a in enumerate(best))
    candidates = tuple(a.candidates[n] for n, a in enumerate(best))
    fits = [a.fits[n] for n, a in enumerate(best)]
    every = tuple(dict.fromkeys(atom for own in candidates for atom in own))
    fits = completed(first.table, fits, union([ansatz[f] for f in dict.fromkeys(families)]), every)
    return Attempt(tuple(fits), families, candidates, first.order, first.stage, first.table)


def _best_of(tried: Sequence[Attempt], n: int, unseen: Projections | None) -> Attempt:
    """The attempt taken for one field: that of least criterion; of those as good, not one whose terms cancel;
    unless another leaves less of the unseen data.
    """

    def key(attempt: Attempt) -> tuple[float, int]:
        fit = attempt.fits[n]
        return fit.score + (RIVAL if attempt.family == MIXED else 0), len(fit.atoms)

    best = min(tried, key=key)
    plainer = [
        a
        for a in tried
        if key(a)[0] < key(best)[0] + RIVAL
        and cancels(best.table, a.fits[n], best.fits[n].atoms, best.fits[n].theta)
    ]
    best = min(plainer, key=key, default=best)
    if unseen is None:
        return best
    better = least_residual(unseen, best.fits[n], [a.fits[n] for a in tried])
    return best if better is None else tried[better]


def union(ansatz: Sequence[EquationAtoms]) -> EquationAtoms:
    """The density terms of several families in one ansatz."""
    if len(ansatz) == 1:
        return ansatz[0]
    stages: dict[Any, int] = {}
    for one in ansatz:
        for term, stage in zip(one.library.terms, one.library.stages, strict=True):
            stages[term] = min(stages.get(term, stage), stage)
    library = DensityLibrary(ansatz[0].library.jets, "union", tuple(stages), tuple(stages.values()))
    return equation_atoms(library)
