"""The search for one equation of motion: its atoms, coefficients, and what could stand in for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from .atoms import Atom
from .effective import effective_rows
from .estimate import Moments, covariance, smallest_relation, solved_for
from .projections import Projections
from .selection import LOST, SYSTEMATIC, Criterion, Support, best_supports, needed

RIVAL = 10.0
"""Difference of the criterion below which another atom could stand in for one: "very strong" evidence beyond
it (Kass & Raftery, J. Am. Stat. Assoc. 90 (1995) 773)."""
NEGLIGIBLE = 1e-3
"""Terms below this part of the target are taken for errors of the data's own integrator."""
CANCELLATION = 1e3
"""A relation whose terms are this many times as large as an equation's, and cancel, is no rival of it."""
EXPLAINED = 0.02
"""A residual beyond the noise of less than this part of the target counts as explained by the ansatz."""


@dataclass(frozen=True)
class EquationFit:
    """atom_0 + Σ_k θ_k atom_k = 0: `atoms` with the target first, θ (θ_0 = 1), its covariance, λ.

    `residual` is ‖Aθ‖ over that of the target's column, `misfit` its part beyond the noise over the target's
    signal, `hidden` what of it the noise could hide; `path` the best support of each size with its λ, as
    texts can show it.
    """

    atoms: tuple[Atom, ...]
    theta: np.ndarray
    covariance: np.ndarray
    ratio: float
    residual: float
    misfit: float
    hidden: float
    effective_rows: float
    criterion: Criterion
    path: tuple[tuple[tuple[Atom, ...], float], ...]

    @property
    def errors(self) -> np.ndarray:
        return np.sqrt(np.diag(self.covariance).clip(0))

    @property
    def explained(self) -> bool:
        """Whether the equation leaves nothing but noise, or less than `EXPLAINED` of the target."""
        return self.ratio < SYSTEMATIC or self.negligible

    @property
    def negligible(self) -> bool:
        return self.misfit < EXPLAINED

    @property
    def bound(self) -> float:
        """The misfit that is not excluded, by two standard deviations of λ."""
        return float(np.hypot(self.misfit, self.hidden))

    @property
    def score(self) -> float:
        """The criterion; comparable among equations for the same target on the same test functions."""
        return self.criterion.of(self.ratio, len(self.atoms) - 1)

    @property
    def worst_error(self) -> float:
        """The largest relative standard error."""
        if len(self.theta) < 2:
            return np.inf
        return float(np.max(self.errors[1:] / np.abs(self.theta[1:])))


class AtomTable:
    """Moments of a list of atoms, each computed once for given test functions."""

    def __init__(self, projections: Projections, atoms: Sequence[Atom]):
        self.projections = projections
        empty = projections.vanishing(atoms)
        self.atoms = tuple(a for a, left_out in zip(atoms, empty, strict=True) if not left_out)
        self.moments = projections.moments(self.atoms)
        self._number = {atom: n for n, atom in enumerate(self.atoms)}

    def numbers(self, atoms: Sequence[Atom]) -> list[int]:
        return [self._number[atom] for atom in atoms if atom in self._number]

    def of(self, atoms: Sequence[Atom]) -> Moments:
        return self.moments.of(self.numbers(atoms))


def criterion_of(table: AtomTable, target: Atom, candidates: Sequence[Atom]) -> Criterion:
    """The criterion for equations of one target from these candidates."""
    rows = effective_rows(table.projections, [target], np.ones(1))
    count = len(table.numbers([c for c in candidates if c != target]))
    return Criterion(max(rows, 4.0), max(count, 2))


def find_equation(table: AtomTable, target: Atom, candidates: Sequence[Atom]) -> EquationFit:
    """The smallest equation for `target` that explains the data, from `candidates`.

    Supports of each size come from a beam search; the extended Bayesian criterion takes one, and atoms whose
    coefficient is within √(its penalty) standard errors of 0 are dropped one at a time, and so are
    negligible ones.
    """
    (goal,) = table.numbers([target])
    numbers = table.numbers([c for c in candidates if c != target])
    criterion = criterion_of(table, target, candidates)
    kin = [n for n in numbers if table.atoms[n].derivative == target.derivative]
    pairs = [(numbers[n], numbers[m]) for n, m in mirrored([table.atoms[n] for n in numbers])]
    supports = best_supports(table.moments, goal, (), numbers, criterion, kin, pairs)
    chosen = [table.atoms[n] for n in needed(supports).chosen]
    fit = fit_equation(table, chosen, criterion, _path(table, supports))
    while len(fit.atoms) > 1:
        z = np.abs(fit.theta[1:]) / np.maximum(fit.errors[1:], 1e-300)
        weakest = int(np.argmin(z))
        size = np.sqrt(np.diag(table.of(chosen).gram))
        if z[weakest] ** 2 > criterion.penalty and _material(fit, size)[weakest]:
            break
        chosen.pop(1 + weakest)
        fit = fit_equation(table, chosen, criterion, fit.path)
    return fit


def mirrored(atoms: Sequence[Atom]) -> list[tuple[int, int]]:
    """Pairs f(φ), f(−φ) of exponentials by number, of which odd and even functions such as sinh are made."""
    number = {atom: n for n, atom in enumerate(atoms)}
    pairs = []
    for atom, n in number.items():
        if atom.function.has(sympy.exp):
            reflected = atom.function.xreplace({s: -s for s in atom.function.free_symbols})
            partner = number.get(Atom(atom.derivative, reflected), -1)
            if partner > n:
                pairs.append((n, partner))
    return pairs


def _material(fit: EquationFit, size: np.ndarray) -> np.ndarray:
    """Whether each term is above `NEGLIGIBLE` of the target. shape: (terms,)"""
    return np.abs(fit.theta[1:]) * size[1:] > NEGLIGIBLE * size[0]


def fit_equation(
    table: AtomTable,
    atoms: Sequence[Atom],
    criterion: Criterion,
    path: tuple[tuple[tuple[Atom, ...], float], ...] = (),
    errors: bool = True,
) -> EquationFit:
    """The equation with exactly these atoms, the first solved for. Without `errors` the covariance is 0."""
    parts = table.of(atoms)
    theta, ratio = solved_for(parts, 0)
    theta[~np.isfinite(theta)] = 0.0
    theta[0] = 1.0
    spread = np.zeros_like(parts.gram)
    if errors:
        spread = covariance(table.projections, atoms, theta, ratio, 0, parts)
    square = max(float(theta @ parts.gram @ theta), 0.0)
    excess = max(square - float(theta @ parts.noise @ theta), 0.0)
    residual = float(np.sqrt(square / parts.gram[0, 0]))
    signal = max(parts.gram[0, 0] - parts.noise[0, 0], 1e-300)
    misfit = float(np.sqrt(excess / signal))
    rows = max(effective_rows(table.projections, atoms, theta), 4.0)
    fluctuation = 2 * np.sqrt(2 / rows) * float(theta @ parts.noise @ theta)
    hidden = float(np.sqrt(fluctuation / signal))
    return EquationFit(tuple(atoms), theta, spread, ratio, residual, misfit, hidden, rows, criterion, path)


def rivals(
    table: AtomTable, fit: EquationFit, candidates: Sequence[Atom], within: bool = False
) -> list[tuple[Atom, Atom]]:
    """(kept atom, other atom) where the other one in its place explains the data as well.

    So it is for a travelling wave, where φ_xx is a function of φ, and for amplitudes too small to show a
    nonlinearity. Atoms that are only there as mirror images, with coefficients near 0, have no rivals. Atoms
    lost in the noise stand in for nothing, and neither do those that do so by cancellation.
    `within`: only where all other atoms of the equation are candidates too, as those of one family are.
    """
    found = []
    criterion = fit.criterion
    own = criterion.of(fit.ratio, 0)
    material = _material(fit, np.sqrt(np.diag(table.of(fit.atoms).gram)))
    for place in range(1, len(fit.atoms)):
        weak = fit.theta[place] ** 2 < criterion.penalty * fit.covariance[place, place]
        if weak or not material[place - 1]:
            continue
        rest = [*fit.atoms[1:place], *fit.atoms[place + 1 :]]
        if within and not all(atom in candidates for atom in rest):
            continue
        for other in candidates:
            if other in fit.atoms or other not in table.atoms or lost(table, other):
                continue
            swapped = [*fit.atoms[:place], *fit.atoms[place + 1 :], other]
            theta, ratio = smallest_relation(table.of(swapped))
            if fit.ratio > SYSTEMATIC:
                close = ratio < 2 * fit.ratio
            else:
                chance = by_chance(table, fit, swapped, theta)
                close = criterion.of(ratio, 0) - own < RIVAL + chance
            if close and not cancels(table, fit, swapped, theta):
                found.append((fit.atoms[place], other))
    return found


def lost(table: AtomTable, atom: Atom) -> bool:
    """Whether an atom is lost in the noise, so that every relation which leaves noise alone can hold it."""
    parts = table.of([atom])
    return bool(parts.gram[0, 0] <= LOST * parts.noise[0, 0])


def strain(table: AtomTable, atoms: Sequence[Atom], theta: np.ndarray) -> float:
    """The largest term of a relation over its first, the target; infinite where it does without that."""
    terms = np.abs(theta) * np.sqrt(np.diag(table.of(atoms).gram))
    return float(terms.max() / terms[0]) if terms[0] else np.inf


def cancels(table: AtomTable, fit: EquationFit, atoms: Sequence[Atom], theta: np.ndarray) -> bool:
    """Whether a relation has terms `CANCELLATION` times as large as an equation for the same target.

    6φ − 6 sin φ is φ³ where φ is small: the same motion, but no other theory of equal simplicity. The measure
    is free of units.
    """
    return strain(table, atoms, theta) > CANCELLATION * strain(table, fit.atoms, fit.theta)


def by_chance(table: AtomTable, fit: EquationFit, atoms: Sequence[Atom], theta: np.ndarray) -> float:
    """How far the criteria of two true relations differ by chance: 3√(2n(1 − ρ²)).

    ρ is the correlation of the noise in their residuals, θᵀNθ'/√(θᵀNθ · θ'ᵀNθ'): near 1 for φ and sin φ in
    the same place, so that nothing is lost there, and far from it for φ_xx and φ.
    """
    every = tuple(dict.fromkeys((*fit.atoms, *atoms)))
    one, other = embedded(every, fit.atoms, fit.theta), embedded(every, atoms, theta)
    return chance_of(table.of(every).noise, one, other, fit.criterion.effective_rows)


def embedded(every: Sequence[Atom], atoms: Sequence[Atom], theta: np.ndarray) -> np.ndarray:
    """The coefficients of an equation in a longer list of atoms."""
    out = np.zeros(len(every))
    for place, value in zip(atoms, theta, strict=True):
        out[every.index(place)] = value
    return out


def chance_of(noise: np.ndarray, one: np.ndarray, other: np.ndarray, rows: float) -> float:
    """3√(2n(1 − ρ²)) for two relations among the same atoms, see `by_chance`."""
    sizes = float(one @ noise @ one) * float(other @ noise @ other)
    correlation = float(one @ noise @ other) / max(sizes, 1e-300) ** 0.5
    return 3 * (2 * rows * max(1 - correlation**2, 0.0)) ** 0.5


def _path(table: AtomTable, supports: Sequence[Support]) -> tuple[tuple[tuple[Atom, ...], float], ...]:
    return tuple((tuple(table.atoms[n] for n in s.chosen), s.ratio) for s in supports)
