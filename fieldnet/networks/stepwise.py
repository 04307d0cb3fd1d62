"""Stepwise selection of columns from their sums of squares and products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RIDGE = 1e-12


@dataclass(frozen=True)
class Sums:
    """XᵀX, Xᵀy, yᵀy and the number of rows of a regression y ≈ Xβ; its variance where that is known.

    shape: gram (C, C), moment (C,)
    """

    gram: np.ndarray
    moment: np.ndarray
    square: float
    rows: int
    variance: float = 0.0

    @classmethod
    def of(cls, columns: np.ndarray, target: np.ndarray) -> Sums:
        """shape: (rows, C), (rows,)"""
        return cls(columns.T @ columns, columns.T @ target, float(target @ target), len(target))

    @property
    def count(self) -> int:
        return len(self.moment)

    def without(self, fixed: np.ndarray) -> Sums:
        """The sums of what is left when these columns are projected out of all the others."""
        rest = np.delete(np.arange(self.count), fixed)
        inner = _inverse(self.gram[np.ix_(fixed, fixed)])
        across = self.gram[np.ix_(rest, fixed)] @ inner
        return Sums(
            self.gram[np.ix_(rest, rest)] - across @ self.gram[np.ix_(fixed, rest)],
            self.moment[rest] - across @ self.moment[fixed],
            self.square - float(self.moment[fixed] @ inner @ self.moment[fixed]),
            self.rows - len(fixed),
            self.variance,
        )

    def solve(self, kept: np.ndarray) -> np.ndarray:
        """β of the kept columns."""
        return _inverse(self.gram[np.ix_(kept, kept)]) @ self.moment[kept]


@dataclass(frozen=True)
class Chosen:
    """β with zeros outside the chosen columns, and the sum of squares that is left."""

    coefficients: np.ndarray
    squares: float


def stepwise(sums: Sums, candidates: np.ndarray, always: np.ndarray, z: float, least: float = 0.0) -> Chosen:
    """Columns that stand `z` standard errors out, by backward elimination and by forward steps.

    Of both the one of lower Bayesian information criterion is taken. The variance is the known one, or that
    of the residual. Columns whose part of the target is below `least` of its norm are left out.
    """
    reduced = sums.without(always)
    scale = np.sqrt(np.maximum(np.diag(reduced.gram), 1e-300))
    alive = scale > 1e-7 * np.sqrt(np.maximum(np.diag(sums.gram)[candidates], 1e-300))
    unit = Sums(
        reduced.gram / np.outer(scale, scale),
        reduced.moment / scale,
        max(reduced.square, 0.0),
        reduced.rows,
        sums.variance,
    )
    paths = [_forward(unit, alive, z)]
    if unit.rows > 1.5 * alive.sum():
        paths.append(_backward(unit, alive, z))
    scores = [_criterion(unit, path) for path in paths]
    kept = np.sort(paths[int(np.argmin(scores))])
    while least and len(kept):
        small = np.abs(unit.solve(kept)) < least * np.sqrt(unit.square)
        if not small.any():
            break
        kept = kept[~small]
    every = np.concatenate([candidates[kept], always]).astype(int)
    coefficients = np.zeros(sums.count)
    coefficients[every] = sums.solve(every)
    return Chosen(coefficients, max(_left(unit, kept), 0.0))


def _criterion(sums: Sums, kept: np.ndarray) -> float:
    """Bayesian information criterion."""
    left, price = max(_left(sums, kept), 1e-300), len(kept) * np.log(max(sums.rows, 2))
    return price + (left / sums.variance if sums.variance else sums.rows * np.log(left))


def _left(sums: Sums, kept: np.ndarray) -> float:
    """The sum of squares that the kept columns leave."""
    if not len(kept):
        return sums.square
    return sums.square - float(sums.moment[kept] @ sums.solve(kept))


def _backward(sums: Sums, alive: np.ndarray, z: float) -> np.ndarray:
    """Drops the least significant column until all stand out; the inverse is downdated, one column a step."""
    kept = np.flatnonzero(alive)
    if not len(kept):
        return kept
    inverse = _inverse(sums.gram[np.ix_(kept, kept)])
    beta = inverse @ sums.moment[kept]
    left = sums.square - float(sums.moment[kept] @ beta)
    while len(kept):
        variance = sums.variance or max(left, 0.0) / max(1, sums.rows - len(kept))
        cost = np.square(beta) / np.maximum(np.diag(inverse), 1e-300)
        worst = int(cost.argmin())
        if cost[worst] >= z**2 * max(variance, 1e-300):
            break
        column = inverse[:, worst] / inverse[worst, worst]
        beta = np.delete(beta - column * beta[worst], worst)
        inverse = np.delete(np.delete(inverse - np.outer(column, inverse[worst]), worst, 0), worst, 1)
        left += float(cost[worst])
        kept = np.delete(kept, worst)
    return kept


def _forward(sums: Sums, alive: np.ndarray, z: float) -> np.ndarray:
    kept = np.zeros(0, int)
    for _ in range(2 * int(alive.sum())):
        rest = np.setdiff1d(np.flatnonzero(alive), kept)
        if not len(rest) or len(kept) > sums.rows // 2:
            break
        part = sums.without(kept) if len(kept) else sums
        gain = np.square(part.moment) / np.maximum(np.diag(part.gram), 1e-9)
        gain[~alive[np.delete(np.arange(sums.count), kept)]] = 0
        gain[np.diag(part.gram) < 1e-9] = 0
        best = int(gain.argmax())
        left = sums.variance or max(part.square - gain[best], 1e-300) / max(1, part.rows - 1)
        if gain[best] < z**2 * left:
            break
        added = int(np.delete(np.arange(sums.count), kept)[best])
        kept = _backward_of(sums, np.append(kept, added), z)
        if added not in kept:
            break
    return kept


def _backward_of(sums: Sums, kept: np.ndarray, z: float) -> np.ndarray:
    alive = np.zeros(sums.count, bool)
    alive[kept] = True
    return _backward(sums, alive, z)


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a symmetric matrix that is not negative, its unit diagonal raised by `RIDGE`."""
    if not len(matrix):
        return matrix
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    scaled = matrix / np.outer(scale, scale) + RIDGE * np.eye(len(matrix))
    return np.linalg.inv(scaled) / np.outer(scale, scale)
