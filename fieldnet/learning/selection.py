"""Which terms the data ask for: backward elimination judged by cross-validation."""

from dataclasses import dataclass

import numpy as np

MATERIAL = 0.05
"""A term must lower the cross-validated residual by this fraction; discretisation errors of the data do as
much.
"""

QUADRATURE = 1e-4
"""Relative residual at which all models count as exact: ten times the error of the trapezoidal rule in the
windows.
"""


@dataclass(frozen=True)
class Elimination:
    """One step: the column dropped and the cross-validated relative residual without it."""

    dropped: str
    residual: float
    standard_error: float


def select_columns(
    design: np.ndarray, target: np.ndarray, folds: np.ndarray, names: list[str]
) -> tuple[list[int], list[Elimination]]:
    """Columns of `target + design @ θ ≈ 0` that are needed, and the path that shows it.

    Columns are dropped one at a time, the least missed first. Of the models on this path the smallest is
    taken whose cross-validated residual is within one standard error, or within `MATERIAL`, of the best one,
    or below `QUADRATURE` (the one-standard-error rule; Hastie, Tibshirani & Friedman, The Elements of
    Statistical Learning, 2nd ed., §7.10). The standard error is of the paired differences over folds.

    shape: design (rows, columns), target (rows,), folds (rows,) integer labels
    """
    scale = np.linalg.norm(design, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    grams = [_gram(design[folds == f] / scale, target[folds == f]) for f in np.unique(folds)]
    total = [sum(g[part] for g in grams) for part in range(3)]
    kept = list(range(design.shape[1]))
    models, scores, path = [list(kept)], [_fold_scores(grams, total, kept)], []
    while kept:
        losses = [_sum_of_squares(total, _without(kept, j)) for j in kept]
        worst = kept[int(np.argmin(losses))]
        kept = _without(kept, worst)
        models.append(list(kept))
        scores.append(_fold_scores(grams, total, kept))
        path.append(worst)
    means = np.array([s.mean() for s in scores])
    best = int(np.argmin(means))
    errors = [np.std(s - scores[best], ddof=1) / np.sqrt(len(s)) if len(s) > 1 else 0.0 for s in scores]
    squared_target = total[2] / len(grams)
    tolerated = np.maximum(means[best] * (1 + MATERIAL) ** 2, QUADRATURE**2 * squared_target)
    allowed = means <= np.maximum(means[best] + errors, tolerated)
    chosen = max(n for n in range(best, len(models)) if allowed[n])
    steps = [
        Elimination(
            names[column],
            float(np.sqrt(means[n + 1] / squared_target)),
            float(errors[n + 1] / (2 * np.sqrt(max(means[n + 1], 1e-300) * squared_target))),
        )
        for n, column in enumerate(path)
    ]
    return models[chosen], steps


def _without(kept: list[int], column: int) -> list[int]:
    return [k for k in kept if k != column]


def _gram(design: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    return design.T @ design, design.T @ target, float(target @ target)


def _solve(gram: np.ndarray, moment: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(gram, -moment, rcond=1e-14)[0]


def _sum_of_squares(parts: list, kept: list[int]) -> float:
    if not kept:
        return parts[2]
    theta = _solve(parts[0][np.ix_(kept, kept)], parts[1][kept])
    return _loss(parts, kept, theta)


def _loss(parts: list | tuple, kept: list[int], theta: np.ndarray) -> float:
    return float(parts[2] + 2 * theta @ parts[1][kept] + theta @ parts[0][np.ix_(kept, kept)] @ theta)


def _fold_scores(grams: list[tuple], total: list, kept: list[int]) -> np.ndarray:
    """Sum of squares on each fold with coefficients fitted on the others."""
    if not kept:
        return np.array([g[2] for g in grams])
    scores = []
    for gram in grams:
        rest = [total[part] - gram[part] for part in range(3)]
        theta = _solve(rest[0][np.ix_(kept, kept)], rest[1][kept])
        scores.append(max(_loss(gram, kept, theta), 0.0))
    return np.array(scores)
