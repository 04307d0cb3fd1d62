"""Which atoms an equation needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .projections import Moments

BEAM = 40
PAIRED = 10
"""Supports of each size that are extended, of all and of those with a pair of mirror images."""
MOST_TERMS = 9
MATERIAL = 0.05
"""Where no support explains the data to the noise, a term must lower the residual by this part: errors of
the data's own integrator do as much.
"""
LOST = 3.0
"""An atom is lost in the noise where its column is not above this multiple of what noise alone gives."""
TRIVIAL = 0.1
"""A part of the target that counts as nothing where atoms with the target's own derivatives make up the
rest.
"""
SYSTEMATIC = 2.0
"""λ above which a residual is not noise."""


@dataclass(frozen=True)
class Support:
    """Atoms of an equation by number, λ of the relation among them, and the criterion. The target comes
    first.
    """

    chosen: tuple[int, ...]
    ratio: float
    criterion: float


@dataclass(frozen=True)
class Criterion:
    """Extended Bayesian information criterion, n log λ + |S|(log n + 2 log K) (Chen & Chen, Biometrika 95
    (2008) 759, γ = 1): n effective rows, K candidates. λ counts as no less than `floor`, what noise gives,
    max(1 − 3√(2/n), 0.3).
    """

    effective_rows: float
    candidates: int

    @property
    def penalty(self) -> float:
        return float(np.log(self.effective_rows) + 2 * np.log(self.candidates))

    @property
    def floor(self) -> float:
        return max(1 - 3 * np.sqrt(2 / self.effective_rows), 0.3)

    def unlike_noise(self, ratio: float) -> float:
        """What λ of other atoms must exceed so that the relation of λ = `ratio` is not theirs alone."""
        return max(ratio, 1.0) * (1 + 3 * np.sqrt(2 / self.effective_rows))

    def of(self, ratio: float, terms: int) -> float:
        return self.effective_rows * float(np.log(max(ratio, self.floor))) + terms * self.penalty


def best_supports(
    parts: Moments,
    target: int,
    always: Sequence[int],
    candidates: Sequence[int],
    criterion: Criterion,
    kin: Sequence[int] = (),
    pairs: Sequence[tuple[int, int]] = (),
) -> list[Support]:
    """The best support of each size, by a beam search that adds one candidate at a time to those always in.

    All single candidates are tried, then all extensions of the `BEAM` best supports of each size. `pairs` are
    candidates that are also added at once, as neither helps alone: e^φ and e^{−φ} where the force is sinh φ.
    The `PAIRED` best supports with a pair are extended too: φ and all that is like it would crowd them out.
    Candidates lost in the noise are left out, and so are supports that satisfy a relation without the
    target, or whose `kin` leave less than `TRIVIAL` of the target: (sin φ)_tt and (φ³)_tt give φ_tt by
    Taylor's series, whatever the motion.
    """

    candidates = [c for c in candidates if parts.gram[c, c] > LOST * parts.noise[c, c]]
    ratios = Ratios(parts)

    def ranked(sets: Sequence[tuple[int, ...]]) -> list[tuple[float, tuple[int, ...]]]:
        """(λ, candidates) of the `BEAM` best sets; λ is ∞ where they do without the target."""
        values = ratios.of([(target, *always, *s) for s in sets])
        order = sorted(range(len(sets)), key=lambda n: (values[n], sets[n]))
        kept: list[tuple[float, tuple[int, ...]]] = []
        barred: list[tuple[float, tuple[int, ...]]] = []
        for first in range(0, len(order), BEAM):
            some = order[first : first + BEAM]
            others = (
                ratios.of([(*always, *sets[n]) for n in some])
                if len(always) + len(sets[some[0]]) > 1
                else None
            )
            for place, n in enumerate(some):
                dependent = others is not None and others[place] < criterion.unlike_noise(values[n])
                if dependent or left_by(parts.gram, target, [c for c in sets[n] if c in kin]) < TRIVIAL:
                    barred.append((np.inf, sets[n]))
                else:
                    kept.append((float(values[n]), sets[n]))
            if len(kept) >= BEAM:
                break
        return (kept + sorted(barred, key=lambda item: item[1]))[:BEAM]

    def support(ratio: float, extra: tuple[int, ...]) -> Support:
        return Support((target, *always, *extra), ratio, criterion.of(ratio, len(always) + len(extra)))

    reduced = reductions(parts, target, always, candidates)
    before: list[tuple[float, tuple[int, ...]]] = []
    beam = ranked([()])
    best = [support(*beam[0])]
    pairs = [pair for pair in pairs if set(pair) <= set(candidates)]
    for size in range(1, min(MOST_TERMS, len(candidates)) + 1):
        wider = {tuple(sorted((*s, c))) for _, s in beam for c in candidates if c not in s}
        wider |= {tuple(sorted((*s, *pair))) for _, s in before for pair in pairs if not set(pair) & set(s)}
        wider.add(reduced[size])
        paired = sorted(s for s in wider if any(set(pair) <= set(s) for pair in pairs))
        before, beam = beam, ranked(sorted(wider))
        if paired:
            beam += [item for item in ranked(paired)[:PAIRED] if item not in beam]
        best.append(support(*beam[0]))
        if beam[0][0] <= criterion.floor:
            break
        near = min(b.ratio for b in best) < SYSTEMATIC
        worse = best[-1].criterion > min(b.criterion for b in best) + 3 * criterion.penalty
        if len(best) > 3 and near and worse:
            break
    return best


def reductions(
    parts: Moments, target: int, always: Sequence[int], candidates: Sequence[int]
) -> dict[int, tuple[int, ...]]:
    """A set of candidates of each size, by backward elimination: from all, the one that the least squares
    of the target misses least is taken away. It finds equations of many terms of which no part comes near.

    With Q = G + N (N so that the noise counts against a term) the square of the residual is 1/(Q⁻¹)_tt, and
    taking j away subtracts (Q⁻¹)_tj²/(Q⁻¹)_jj from (Q⁻¹)_tt.
    """
    every = [target, *always, *candidates]
    where = np.ix_(every, every)
    size = np.sqrt(np.diag(parts.gram)[every])
    inverse = np.linalg.inv((parts.gram + parts.noise)[where] / np.outer(size, size))
    left = list(range(1 + len(always), len(every)))
    sets = {len(left): tuple(sorted(candidates))}
    while left:
        costs = inverse[0, left] ** 2 / np.diag(inverse)[left]
        j = left.pop(int(np.argmin(costs)))
        inverse = inverse - np.outer(inverse[:, j], inverse[j]) / inverse[j, j]
        sets[len(left)] = tuple(sorted(every[n] for n in left))
    return sets


def left_by(gram: np.ndarray, target: int, others: Sequence[int]) -> float:
    """‖residual‖ of the least squares of the target on other columns, in parts of the target."""
    if not others:
        return 1.0
    size = np.sqrt(np.diag(gram))
    scaled = gram / np.outer(size, size)
    across = scaled[target, list(others)]
    solved = np.linalg.lstsq(scaled[np.ix_(others, others)], across, rcond=1e-12)[0]
    return float(np.sqrt(max(1 - across @ solved, 0.0)))


class Ratios:
    """λ, the least θᵀGθ/θᵀNθ, of many sets of the same atoms at once (see `estimate.smallest_relation`)."""

    def __init__(self, parts: Moments):
        size = np.sqrt(np.diag(parts.gram))
        size = np.where(size > 0, size, 1.0)
        self._gram = parts.gram / np.outer(size, size)
        self._noise = parts.noise / np.outer(size, size)

    def of(self, sets: Sequence[Sequence[int]]) -> np.ndarray:
        """The least eigenvalue of L⁻¹GL⁻ᵀ, N = LLᵀ, for sets of one size. shape: (sets,)"""
        chosen = np.array(sets, dtype=int)
        rows, columns = chosen[:, :, None], chosen[:, None, :]
        lower = np.linalg.cholesky(self._noise[rows, columns])
        half = np.linalg.solve(lower, self._gram[rows, columns])
        whole = np.linalg.solve(lower, half.swapaxes(-1, -2))
        return np.linalg.eigvalsh(whole)[:, 0].clip(0)


def needed(supports: Sequence[Support]) -> Support:
    """The smallest support that no larger one beats, by the criterion and, where even the larger one is not
    at the noise, by `MATERIAL` of the residual.
    """
    for n, support in enumerate(supports):
        if not any(_beats(larger, support) for larger in supports[n + 1 :]):
            return support
    return supports[-1]


def _beats(larger: Support, support: Support) -> bool:
    if larger.criterion >= support.criterion:
        return False
    return larger.ratio < SYSTEMATIC or larger.ratio < support.ratio * (1 - MATERIAL) ** (
        2 * (len(larger.chosen) - len(support.chosen))
    )
