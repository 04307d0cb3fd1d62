"""Which atoms an equation needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .estimate import Moments, smallest_relation

BEAM = 40
MOST_TERMS = 9
MATERIAL = 0.05
"""Where no support explains the data to the noise, a term must lower the residual by this part: errors of the data's
own integrator do as much."""
LOST = 3.0
"""An atom is lost in the noise where its column is not above this multiple of what noise alone gives."""
SYSTEMATIC = 2.0
"""λ above which a residual is not noise."""


@dataclass(frozen=True)
class Support:
    """Atoms of an equation by number, λ of the relation among them, and the criterion. The target comes first."""

    chosen: tuple[int, ...]
    ratio: float
    criterion: float


@dataclass(frozen=True)
class Criterion:
    """Extended Bayesian information criterion, n log λ + |S|(log n + 2 log K) (Chen & Chen, Biometrika 95 (2008)
    759, γ = 1): n effective rows, K candidates. λ counts as no less than what noise gives, 1 − 3√(2/n).
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
    parts: Moments, target: int, always: Sequence[int], candidates: Sequence[int], criterion: Criterion
) -> list[Support]:
    """The best support of each size, by a beam search that adds one candidate at a time to those always in.

    All single candidates are tried, then all extensions of the `BEAM` best supports of each size. Candidates lost in
    the noise are left out, and so are supports that satisfy a relation without the target.
    """

    candidates = [c for c in candidates if parts.gram[c, c] > LOST * parts.noise[c, c]]

    def support(extra: tuple[int, ...]) -> Support:
        chosen = (target, *always, *extra)
        ratio = smallest_relation(parts.of(chosen))[1]
        if len(chosen) > 2 and smallest_relation(parts.of(chosen[1:]))[1] < criterion.unlike_noise(ratio):
            ratio = np.inf
        return Support(chosen, ratio, criterion.of(ratio, len(chosen) - 1))

    sets: list[tuple[int, ...]] = [()]
    best = [support(())]
    for _ in range(min(MOST_TERMS, len(candidates))):
        wider = {tuple(sorted((*s, c))) for s in sets for c in candidates if c not in s}
        ranked = sorted(((support(s), s) for s in wider), key=lambda item: (item[0].ratio, item[1]))
        best.append(ranked[0][0])
        sets = [s for _, s in ranked[:BEAM]]
        if ranked[0][0].ratio <= criterion.floor:
            break
        if len(best) > 3 and best[-1].criterion > min(b.criterion for b in best) + 3 * criterion.penalty:
            break
    return best


def needed(supports: Sequence[Support]) -> Support:
    """The smallest support that no larger one beats, by the criterion and, where even the larger one is not at the
    noise, by `MATERIAL` of the residual."""
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
