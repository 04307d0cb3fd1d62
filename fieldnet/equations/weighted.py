"""Rows weighted by the covariance of their noise: the estimate of least variance on given test functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations_with_replacement

import numpy as np
from scipy.linalg import cholesky
from scipy.linalg.lapack import dpotri
from scipy.ndimage import convolve1d

from .atoms import Atom
from .estimate import influences, solved_for
from .functions import noise_covariance
from .projections import Moments, Projections, Slopes, positive

TILE = 2000
"""Windows that are weighted together, at most; between tiles correlations are left out of the weights."""
LARGEST = 3e7
"""Pairs of overlapping windows above which all rows keep the same weight."""
RIDGE = 1e-6
"""Added to the rows' covariance, in units of its mean diagonal: windows that overlap much are nearly
dependent.
"""
CLEAN = 1e-6
"""Relative noise below which residuals are not noise, and weights by its covariance have no meaning."""


@dataclass(frozen=True)
class WeightedEstimate:
    """θ (θ_0 = 1), ∂θ_k/∂(ε_a(x)/σ_a), and λ in the weighted rows.

    shape: theta (atoms,), influence (atoms, fields, sample, time, *S)
    """

    theta: np.ndarray
    influence: np.ndarray
    ratio: float


def weighted_estimate(
    projections: Projections, atoms: Sequence[Atom], theta: np.ndarray
) -> WeightedEstimate | None:
    """Generalised total least squares with the rows weighted by W = C⁻¹, C the covariance of the residual's
    noise.

        C_ψψ' = Σ_ax g_ψa(x) g_ψ'a(x),    g_ψa = σ_a Σ_l θ_l ∂F̃_l/∂φ_a D_l†ψ

    from the coefficients of the rows of equal weight (feasible generalised least squares). Noise in the
    columns is removed in the same metric, N_kl = Σ_ψψ' W_ψψ' Cov(A_kψ, A_lψ'). Small dense tiles of
    neighbouring windows are weighted together; the covariance of θ is that of the exact propagated noise,
    whatever the weights. None where the data have no noise to speak of, where an atom holds derivatives of
    the data, or in many dimensions.
    """
    measured = projections.measured
    relative = [
        s / max(float(v.std()), 1e-300) for s, v in zip(measured.deviations, measured.values, strict=True)
    ]
    if max(relative) < CLEAN or any(measured.jets.order(atom.function) for atom in atoms):
        return None
    tiles = list(_tiles(projections))
    if sum(tile.pairs for tile in tiles) > LARGEST:
        return None
    columns = projections.columns(atoms)
    weights = _Weights(projections, tiles, atoms, theta)
    heavy = weights.apply(columns)
    gram = columns.T @ heavy
    size = np.sqrt(np.diag(gram).clip(0))
    parts = Moments((gram + gram.T) / 2, positive(weights.noise, size))
    theta, ratio = solved_for(parts, 0)
    if not np.isfinite(theta).all():
        return None
    influence = influences(projections, atoms, theta, ratio, 0, parts, heavy)
    return WeightedEstimate(theta, influence, ratio)


def _pointwise(projections: Projections, atoms: Sequence[Atom]) -> dict[tuple[int, int], np.ndarray]:
    """Cov(F̃_k, F̃_l) at every point."""
    measured = projections.measured
    cache: dict = {}
    out = {}
    for k, one in enumerate(atoms):
        for m in range(k, len(atoms)):
            pair = noise_covariance(
                projections.function(one), projections.function(atoms[m]), measured.deviations
            )
            out[k, m] = pair.evaluate(measured.values, cache)
    return out


def _smooth_slopes(projections: Projections, atoms: Sequence[Atom], theta: np.ndarray) -> Slopes:
    """(−1)^|α| σ_a Σ_l θ_l ∂F_l/∂φ_a of each field, by derivative, at the field smoothed over a third of the
    windows.

    Weights made of the noisy field itself would follow its noise, and that in the columns with it.
    """
    smooth = [_smoothed(projections, values) for values in projections.measured.values]
    return projections.slopes_at(smooth, atoms, theta, projections.function)


def _smoothed(projections: Projections, values: np.ndarray) -> np.ndarray:
    for n, half in enumerate(projections.half_points):
        reach = max(1, half // 3)
        bump = (1 - (np.arange(-reach, reach + 1) / (reach + 1)) ** 2) ** 2
        mode = "wrap" if projections.measured.periodic and n else "nearest"
        values = convolve1d(values, bump / bump.sum(), axis=1 + n, mode=mode)
    return values


class _Weights:
    """W = C⁻¹ by tiles, and `noise` = Σ_ψψ' W_ψψ' Cov(A_kψ, A_lψ')."""

    def __init__(
        self, projections: Projections, tiles: Sequence[_Tile], atoms: Sequence[Atom], theta: np.ndarray
    ):
        self.tiles, self.inverses = tiles, []
        self.noise = np.zeros((len(atoms), len(atoms)))
        slopes = _smooth_slopes(projections, atoms, theta)
        covariances = _pointwise(projections, atoms)
        signs = [(-1) ** sum(atom.derivative) for atom in atoms]
        for tile in tiles:
            total = np.zeros([len(first) for first, _ in tile.neighbours])
            for (one, own), (other, its) in combinations_with_replacement(slopes.items(), 2):
                both = sum(u[tile.sample] * v[tile.sample] for u, v in zip(own, its, strict=True))
                twice = 1 if one == other else 2  # (β, α) is the transpose of (α, β)
                total += twice * tile.overlaps(one, other, both)
            covariance = tile.matrix(total)
            covariance = (covariance + covariance.T) / 2
            covariance[np.diag_indices(tile.size)] += RIDGE * np.trace(covariance) / tile.size
            inverse = _inverse(covariance)
            self.inverses.append(inverse)
            weights = tile.entries(inverse)
            for (k, m), values in covariances.items():
                overlaps = tile.overlaps(atoms[k].derivative, atoms[m].derivative, values[tile.sample])
                self.noise[k, m] += signs[k] * signs[m] * float(np.vdot(weights, overlaps))
        self.noise = np.triu(self.noise) + np.triu(self.noise, 1).T

    def apply(self, columns: np.ndarray) -> np.ndarray:
        out = np.zeros_like(columns)
        for tile, inverse in zip(self.tiles, self.inverses, strict=True):
            out[tile.rows] = inverse @ columns[tile.rows]
        return out


def _inverse(covariance: np.ndarray) -> np.ndarray:
    """C⁻¹ of a positive matrix, from its Cholesky factor. `LinAlgError` for others."""
    upper, _ = dpotri(cholesky(covariance), overwrite_c=True)
    return upper + np.triu(upper, 1).T


@dataclass(frozen=True)
class _Tile:
    """A block of neighbouring windows of one sample: `chosen` windows along each axis, `rows` all of them."""

    projections: Projections
    sample: int
    chosen: tuple[np.ndarray, ...]
    rows: np.ndarray

    @property
    def size(self) -> int:
        return len(self.rows)

    @cached_property
    def points(self) -> tuple[np.ndarray, ...]:
        """The samples along each axis on which its windows stand."""
        bumps = (self.projections.weights(n, 0)[own] for n, own in enumerate(self.chosen))
        return tuple(np.flatnonzero(bump.any(0)) for bump in bumps)

    @cached_property
    def neighbours(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Pairs (i, j) of windows along each axis that overlap."""
        out = []
        for n, own in enumerate(self.chosen):
            bump = self.projections.weights(n, 0)[own]
            first, second = np.nonzero(bump @ bump.T)
            out.append((first, second))
        return out

    @property
    def pairs(self) -> int:
        return int(np.prod([len(i) for i, _ in self.neighbours]))

    def overlaps(self, one: Sequence[int], other: Sequence[int], values: np.ndarray) -> np.ndarray:
        """Σ_x values(x) ∂_αψ(x) ∂_βψ'(x) of the pairs of windows that overlap.

        Test functions are products, so the sum is taken along one axis at a time; where the values are equal
        everywhere it is the product of sums along the axes. shape: (time, *S) -> (pairs in time, *pairs in S)
        """
        products = []
        for n, (i, j) in enumerate(self.neighbours):
            left, right = (
                self.projections.weights(n, index[n])[np.ix_(self.chosen[n], self.points[n])]
                for index in (one, other)
            )
            products.append(left[i] * right[j])
        inside = values[np.ix_(*self.points)]
        if inside.min() == inside.max():
            return inside.flat[0] * reduce(np.multiply.outer, [product.sum(1) for product in products])
        for product in products:
            inside = np.tensordot(inside, product, axes=([0], [1]))
        return inside

    def matrix(self, overlaps: np.ndarray) -> np.ndarray:
        """What is given for pairs that overlap, 0 for the others. shape: (size, size)"""
        counts = [len(c) for c in self.chosen]
        out = np.zeros((*counts, *counts))
        out[self._entries] = overlaps
        return out.reshape(self.size, self.size)

    def entries(self, matrix: np.ndarray) -> np.ndarray:
        """Of a matrix of windows those of pairs that overlap. shape: that of `overlaps`"""
        counts = [len(c) for c in self.chosen]
        return matrix.reshape(*counts, *counts)[self._entries]

    @property
    def _entries(self) -> tuple[np.ndarray, ...]:
        first, second = zip(*self.neighbours, strict=True)
        return (*np.ix_(*first), *np.ix_(*second))


def _tiles(projections: Projections) -> Iterator[_Tile]:
    """Blocks of at most `TILE` windows: the axis with most windows is cut first."""
    counts = np.array(projections.shape[1:])
    parts = np.ones(len(counts), dtype=int)
    while np.prod(np.ceil(counts / parts)) > TILE:
        parts[int(np.argmax(counts / parts))] += 1
    pieces = [np.array_split(np.arange(c), p) for c, p in zip(counts, parts, strict=True)]
    for sample in range(projections.shape[0]):
        for place in np.ndindex(*parts):
            chosen = tuple(pieces[n][i] for n, i in enumerate(place))
            inside = np.ravel_multi_index(np.ix_(*chosen), counts).ravel()
            yield _Tile(projections, sample, chosen, sample * int(np.prod(counts)) + inside)
