"""Point symmetries of a field's dynamics, as the null space of the weak linearised equations on data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr

from simulations.files.conventions import space_names, spacing

from ...measured.noise import noise_deviation
from .equations import Dynamics
from .noise import NEGLIGIBLE
from .point_ansatz import PointAnsatz, point_ansatz
from .projections import Projections
from .weak_linearisation import weak_characteristics, weak_linearisation
from .weak_system import TIME_BLOCKS, Grams, WeakSystem
from .whitened_null_space import (
    SYSTEMATIC,
    UNIT,
    NoiseScale,
    NullSpace,
    noise_limit,
    noise_scale,
    null_space,
    pencil,
    reduced_basis,
    span_amplitudes,
    standard_errors,
)
from .windows import candidate_widths

CONTROLS = 20
LEAST_ROWS = 2.0  # effective number of rows, in units of the size of the ansatz
HELD_OUT = 0.2


@dataclass(frozen=True)
class FoundSymmetries:
    """The null space with a readable basis.

    `basis`, `errors`: raw coefficients in reduced echelon form and their standard errors, (n, ansatz);
    `pivots` the columns that hold 1. `held_out`: amplitudes, within the span found without the held-out test
    functions, on these. `control`: median and least amplitude of 20 random directions orthogonal to the null
    space. `unmoved`: how many independent directions of the null space leave the sampled solutions as they
    are, Q = 0, and pass whatever the equation is. `scores`: what each candidate width was worth.
    """

    ansatz: PointAnsatz
    null: NullSpace
    scale: NoiseScale
    basis: np.ndarray
    errors: np.ndarray
    pivots: tuple[int, ...]
    held_out: np.ndarray
    unmoved: int
    control: tuple[float, float]
    widths: tuple[int, ...]
    scores: tuple[tuple[tuple[int, ...], float], ...]
    rows: int
    effective_rows: float
    noise: tuple[float, ...]

    @property
    def dimension(self) -> int:
        return self.null.dimension

    @property
    def directions(self) -> np.ndarray:
        """The null space in scaled coefficients. shape: (dimension, ansatz)"""
        return self.null.directions[: self.dimension]

    @property
    def negligible(self) -> float:
        """1e-4, or ten times the misfit of the equation where that sets the scale of errors."""
        return max(1e-4, 10 * self.scale.misfit) if self.scale.systematic else 1e-4

    @cached_property
    def cleaned(self) -> np.ndarray:
        """The basis, coefficients put to 0, a half or a whole number where they are within four standard
        errors of it (twelve where errors are systematic, as the limit is wider there), and to 0 where they
        move no point of the data by `negligible` of the rest.
        """
        weights = self.ansatz.reach
        errors = self.errors * (SYSTEMATIC if self.scale.systematic else 1.0)
        result = self.basis.copy()
        for row, error in zip(result, errors, strict=True):
            small = np.abs(row) * weights < self.negligible * (np.abs(row) * weights).max()
            row[small | (np.abs(row) <= 4 * error)] = 0.0
            near = np.round(2 * row) / 2
            close = (np.abs(row - near) <= np.maximum(4 * error, 1e-6)) & (4 * error < 0.2) & (near != 0)
            row[close] = near[close]
        return result


def symmetries_of(
    dataset: xr.Dataset,
    dynamics: Dynamics,
    degree: int = 1,
    seed: int = 0,
    widths: Sequence[int] | None = None,
) -> FoundSymmetries:
    """The directions X of `point_ansatz` for which ∫ψ D_E(Q_X) vanishes beside the noise, for all ψ.

    Q = η − ξ^α∂_αφ is the characteristic and D_E(Q) = 0 on solutions iff X is a symmetry. All derivatives are
    on the test functions; functions of φ are freed of the noise's bias; directions are compared with the
    noise that the projection passes on (see `null_space`). Test functions have half widths `widths` in
    samples (one an axis), or those of `candidate_widths` that tell most directions from noise: the largest
    Σ_i log max(1, λ_i/limit_i) with an effective number K of rows of at least twice the ansatz.

    Raises ValueError where the equation does not hold on the data, or where they are too few.
    """
    axes = ("time", *space_names(dataset))
    values = [np.ascontiguousarray(dataset[name].values, dtype=float) for name in dynamics.names]
    lines = [dataset[axis].values for axis in axes]
    mesh = [np.ascontiguousarray(m) for m in np.meshgrid(*lines, indexing="ij")]
    steps = [spacing(dataset, axis) for axis in axes]
    ranges = [(float(line[0]), float(line[-1])) for line in lines]
    ansatz = point_ansatz(dynamics.jets, degree, ranges, [float(np.abs(v).max()) for v in values])
    noise = [max(noise_deviation(v), 1e-13 * float(np.abs(v).max())) for v in values]
    relative = max(s / float(np.std(v)) for s, v in zip(noise, values, strict=True))
    corrected = relative > NEGLIGIBLE
    weak = weak_linearisation(dynamics.equations, dynamics.jets, ansatz.symbolic)
    system = WeakSystem(weak, ansatz, noise, corrected)
    candidates = candidate_widths(values, steps, noise) if widths is None else [tuple(widths)]
    tried: list[tuple[float, tuple[int, ...], Grams, float, NoiseScale, NullSpace]] = []
    for candidate in candidates:
        projections = Projections(values[0].shape[1:], steps, candidate)
        if len(values[0]) == 1 and projections.shape[0] < TIME_BLOCKS:
            break
        grams = system.grams(values, mesh, projections)
        effective = system.effective_count(values, mesh, projections, pencil(grams, UNIT)[1][0])
        if effective < LEAST_ROWS * ansatz.size and tried:
            break
        scale = noise_scale(grams, effective)
        null = null_space(grams, scale, effective)
        told_apart = float(np.log(np.maximum(null.amplitudes / null.limits, 1.0)).sum())
        tried.append((told_apart, candidate, grams, effective, scale, null))
    if not tried:
        raise ValueError(
            f"too few times: {projections.shape[0]} test functions fit one after another, expected at least "
            f"{TIME_BLOCKS}, the last ones to be held out; give a longer trajectory, or more samples"
        )
    if tried[0][3] < ansatz.size:
        raise ValueError(
            f"too few data: {tried[0][3]:.0f} independent test functions fit, expected at least "
            f"{ansatz.size}, one a direction of the ansatz; give more times, points or samples"
        )
    _, chosen, grams, effective, scale, null = max(tried, key=lambda item: item[0])
    held_out, null = _confirmed(grams, scale, null, effective, len(values[0]))
    directions = null.directions[: null.dimension]
    projections = Projections(values[0].shape[1:], steps, chosen)
    own = WeakSystem(weak_characteristics(dynamics.jets, ansatz.symbolic), ansatz, noise, corrected)
    rows, pivots = reduced_basis(ansatz.raw(directions), directions)
    rows = rows + 0.0  # no negative zeros
    return FoundSymmetries(
        ansatz=ansatz,
        null=null,
        scale=scale,
        basis=rows,
        errors=standard_errors(grams, scale, rows, pivots, ansatz.to_raw),
        pivots=tuple(pivots),
        held_out=held_out,
        unmoved=_unmoved(own, values, mesh, projections, scale, directions),
        control=_control(grams, scale, directions, seed),
        widths=chosen,
        scores=tuple((widths_, score) for score, widths_, *_ in tried),
        rows=grams.count,
        effective_rows=effective,
        noise=tuple(s / float(np.std(v)) for s, v in zip(noise, values, strict=True)),
    )


def _confirmed(
    grams: Grams, scale: NoiseScale, null: NullSpace, effective: float, samples: int
) -> tuple[np.ndarray, NullSpace]:
    """(held-out amplitudes, the null space with as many directions as the held-out test functions confirm).

    Held out are the last samples (of one sample, the last times). The span found on the others must not
    exceed there the limit of noise, widened by √(1 + 2(n−d)/K) for n − d coefficients fitted to K rows.
    """
    blocks = len(grams.factors)
    held = max(1, round(HELD_OUT * samples)) * TIME_BLOCKS if samples > 1 else 1
    _, directions = pencil(grams.part(slice(None, -held)), scale)
    unseen = grams.part(slice(-held, None))
    fraction = held / blocks
    amplitudes = np.zeros(0)
    for dimension in range(null.dimension, 0, -1):
        amplitudes = span_amplitudes(unseen, scale, directions[:dimension])
        missed = 2 * (len(directions) - dimension) / max(effective * (1 - fraction), 1.0)
        limit = noise_limit(dimension, max(effective * fraction, 2.0)) * np.sqrt(1 + missed)
        if amplitudes[-1] <= limit * (SYSTEMATIC if scale.systematic else 1.0):
            return amplitudes, replace(null, dimension=dimension)
    return amplitudes[:0], replace(null, dimension=0)


def _unmoved(
    own: WeakSystem,
    values: Sequence[np.ndarray],
    mesh: Sequence[np.ndarray],
    projections: Projections,
    scale: NoiseScale,
    null: np.ndarray,
) -> int:
    """How many directions of the null space have ∫ψQ no larger than noise or the equation's errors make it,
    or than `NEGLIGIBLE` of the largest.
    """
    if not len(null):
        return 0
    grams = own.grams(values, mesh, projections)
    amplitudes, directions = pencil(grams, scale, null)
    effective = own.effective_count(values, mesh, projections, directions[0])
    limits = np.array([noise_limit(i + 1, effective) for i in range(len(null))])
    limits = np.maximum(limits * (SYSTEMATIC if scale.systematic else 1.0), NEGLIGIBLE * amplitudes[-1])
    return int((amplitudes <= limits).sum())


def _control(grams: Grams, scale: NoiseScale, null: np.ndarray, seed: int) -> tuple[float, float]:
    """(median, least) amplitude of random directions whose part in the null space is projected off."""
    size = grams.noise.shape[1]
    if len(null) >= size:
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).standard_normal((CONTROLS, size))
    if len(null):
        basis = np.linalg.svd(null, full_matrices=False)[2]
        drawn = drawn - drawn @ basis.T @ basis
    amplitudes = [float(span_amplitudes(grams, scale, row[None])[0]) for row in drawn]
    return float(np.median(amplitudes)), float(min(amplitudes))
