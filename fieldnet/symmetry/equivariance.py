"""Linear symmetries of a function known from samples: of an invariant target, or of a map of states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from .ansatz import Ansatz, Matrices, as_ansatz, real_numbers
from .functions import FittedFunction, fit_function
from .gap import EXPLAINED, find_gap
from .invariants import stabiliser, unrelated
from .learned import HeldOut, LearnedGenerators, learned
from .null_space import NullSpace, null_space

CONTROLS = 20
HELD_OUT = 0.25
PLACES = 500
"""At most so many samples are points where the determining equations are asked."""
MOVE = 0.3
"""How far held-out points are moved, relative to their size."""


@dataclass(frozen=True)
class _Problem:
    """DF(x)·Ax − A'F(x) for an invariant (A' = 0) or an equivariant function (A' = A)."""

    ansatz: Matrices
    equivariant: bool

    def target(self, x: np.ndarray, values: np.ndarray) -> np.ndarray:
        """What is learned: of a map of states only the change, which the identity cannot fake."""
        return values - x if self.equivariant else values

    def spectrum(self, fitted: FittedFunction, x: np.ndarray) -> NullSpace:
        """ρ of A ↦ DF·Ax, or of A ↦ DG·Ax − AG, with x on the span of the data.

        ρ² is the mean square over what it would be with slopes DG, places x and changes G unrelated to each
        other, ⟨|DG_p A x_q|²⟩ (+ ⟨|AG|²⟩).
        """
        x = x @ fitted.directions @ fitted.directions.T
        slopes = fitted.slopes(x)
        if not self.equivariant:
            return stabiliser(slopes, x, self.ansatz)
        moved = np.einsum("aij,pj->pai", self.ansatz.matrices, x)
        change = np.einsum("pmi,pai->pam", slopes, moved)
        turned = np.einsum("aij,pj->pai", self.ansatz.matrices, fitted(x))
        count = float(len(x))
        action = unrelated(slopes, x, self.ansatz) + _gram(turned) / count
        return null_space(_gram(change - turned) / count, action)

    def moved_error(
        self, fitted: FittedFunction, x: np.ndarray, values: np.ndarray, generators: np.ndarray
    ) -> float:
        """F(exp(A)x) − exp(A')F(x), F(x) as measured: root of the median square over that of F about its
        mean; each A scaled to |Ax| = MOVE·|x|. The median, since some points are moved to where there are no
        data.
        """
        target = self.target(x, values)
        spread = float(((target - target.mean(0)) ** 2).sum(1).mean())
        errors = []
        for matrix in generators:
            step = MOVE * np.linalg.norm(x) / max(float(np.linalg.norm(x @ matrix.T)), 1e-300)
            g = expm(step * matrix)
            wanted = target @ g.T if self.equivariant else target
            errors.append(np.median(((fitted(x @ g.T) - wanted) ** 2).sum(1)) / max(spread, 1e-300))
        return float(np.sqrt(np.mean(errors)))


def _gram(vectors: np.ndarray) -> np.ndarray:
    return np.einsum("pai,pbi->ab", vectors, vectors)


def discover_function_symmetries(
    x: np.ndarray,
    values: np.ndarray,
    equivariant: bool = False,
    ansatz: Ansatz | np.ndarray | None = None,
    resamples: int = 8,
    seed: int = 0,
) -> LearnedGenerators:
    """All matrices A under which a function that is known from samples does not change.

    Args:
        x: (samples, n).
        values: (samples,) or (samples, m): F(x), with noise or without. With `equivariant` the map is one of
            states, m = n, such as a state and the one a fixed time later.
        equivariant: look for F(exp(tA)x) = exp(tA)F(x), instead of F(exp(tA)x) = F(x).
        ansatz: matrices (count, n, n); by default all n×n.

    F is fitted by a polynomial whose degree the held-out samples choose (`fit_function`). The generators are
    the null space of the determining equations DF(x)·Ax = 0, or DG(x)·Ax = AG(x) with G = F − 1, on the span
    of the data; no generator is fitted by descent. Directions A that do nothing on the data are counted in
    `undetermined` and have no part in the generators.

    The spectrum is ρ (0: symmetry, 1: none), the noise beside it the fit's held-out error; controls are
    values shuffled over the samples. The dimension is 0 unless the gap stands out (`find_gap`), the fit's
    held-out error is below EXPLAINED times that of a constant, and held-out samples agree: `held_out.found`
    is the error of F at points moved by exp(A), |Ax| = MOVE·|x|, `identity` that at points left alone,
    `control` that for random matrices of the ansatz, moved as far; the first must be nearer to the second
    than to the third, in the logarithm. Raises ValueError for arrays that do not match.
    """
    x, values = real_numbers(x, "x"), real_numbers(values, "values")
    if values.ndim == 1:
        values = values[:, None]
    if x.ndim != 2 or values.ndim != 2 or len(x) != len(values) or (equivariant and values.shape != x.shape):
        raise ValueError(
            f"got x of shape {x.shape} and values of {values.shape}, expected (samples, n) and "
            + ("the same for a map of states" if equivariant else "(samples, m)")
        )
    if resamples < 0 or seed < 0:
        raise ValueError(f"got resamples {resamples} and seed {seed}, expected 0 or more")
    if len(x) < 20:
        raise ValueError(f"got {len(x)} samples, expected at least 20")
    space = as_ansatz(ansatz, x.shape[1:])
    if not isinstance(space, Matrices):
        raise ValueError("got an ansatz of vector fields on images, expected matrices")
    problem = _Problem(space, equivariant)
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(x))
    held, train = np.split(order, [max(5, int(HELD_OUT * len(x)))])
    if equivariant:
        states = np.concatenate([x[train], values[train]])
        span = fit_function(x[train], values[train], x[held], values[held], states).directions
        x, values = x @ span @ span.T, values @ span @ span.T
    target = problem.target(x, values)
    fitted = fit_function(x[train], target[train], x[held], target[held])
    places = x[train[:PLACES]]
    found = problem.spectrum(fitted, places)
    mixed = np.array([target[draw.permutation(train)] for _ in range(CONTROLS)])
    mixed_held = np.array([target[draw.permutation(held)] for _ in range(CONTROLS)])
    wrong = fitted.refitted(x[train], mixed, x[held], mixed_held)
    spectra = [problem.spectrum(fit, places).values for fit in wrong]
    noises = [fit.error for fit in wrong]
    gap = find_gap(found.values, spectra, nulls=True, noise=fitted.error, control_noise=noises)
    rows = found.span(gap.dimension)
    random = draw.standard_normal((CONTROLS, space.size))
    generators = np.tensordot(rows, space.matrices, 1)
    still = np.zeros((1, *space.matrices.shape[1:]))
    identity = problem.moved_error(fitted, x[held], values[held], still)
    control = problem.moved_error(fitted, x[held], values[held], np.tensordot(random, space.matrices, 1))
    moved = problem.moved_error(fitted, x[held], values[held], generators) if len(rows) else identity
    if fitted.error > EXPLAINED or moved**2 > identity * control:
        rows = rows[:0]
    resampled = []
    for _ in range(resamples if len(rows) else 0):
        chosen = draw.choice(train, len(train))
        again = fitted.refitted(x[chosen], target[None, chosen], x[held], target[None, held])[0]
        resampled.append(problem.spectrum(again, places).span(len(rows)))
    held_out = HeldOut(moved, identity, control)
    method = "equivariance" if equivariant else "invariance"
    return learned(space, rows, gap, resampled, held_out, method, found.undetermined)
