"""Weak linearised equations on data: the matrix whose null space holds the symmetries, and its noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy
import torch
from scipy.sparse import csr_array, diags_array

from lagrangians.jets import MultiIndex, raised
from simulations.fields.kernels import Kernel

from .noise import without_bias
from .point_ansatz import PointAnsatz
from .projections import Projections
from .weak_linearisation import WeakForm, WeakLinearisation

TIME_BLOCKS = 4


@dataclass(frozen=True)
class Grams:
    """Rows m = ∫ψ (D_E Q_j)_j of the scaled directions, in blocks (one sample and one stretch of time).

    `factors`: upper triangles R of each block's rows, RᵀR = Σ m mᵀ; `noise`: the part of Σ m mᵀ that white
    noise of the measured deviation is expected to cause. shape: (blocks, size, size). `residual` and
    `residual_noise` are the same energies of ∫ψE and of ∫∂_αψE, (blocks, 1 + coordinates).
    `largest_term`: Σ over all rows of the square of the largest single term of ∫ψE. Several equations are
    added with weights that make the noise of each the same.
    """

    factors: np.ndarray
    noise: np.ndarray
    residual: np.ndarray
    residual_noise: np.ndarray
    largest_term: float
    count: int

    @property
    def stacked(self) -> np.ndarray:
        """All factors below each other: the singular values of the rows. shape: (blocks·size, size)"""
        return self.factors.reshape(-1, self.factors.shape[-1])

    @property
    def moments(self) -> np.ndarray:
        """Σ m mᵀ of each block."""
        return self.factors.transpose(0, 2, 1) @ self.factors

    def part(self, blocks: slice) -> Grams:
        """Some of the blocks."""
        return replace(
            self,
            factors=self.factors[blocks],
            noise=self.noise[blocks],
            residual=self.residual[blocks],
            residual_noise=self.residual_noise[blocks],
        )


class WeakSystem:
    """E_a = 0 in weak form and linearised in every direction of an ansatz, as compiled functions of (x, φ).

    `deviations`: σ of the noise of each field; every function is replaced by the one whose mean over that
    noise is the function at the true field (`without_bias`), where `corrected`.
    """

    def __init__(
        self,
        weak: WeakLinearisation,
        ansatz: PointAnsatz,
        deviations: Sequence[float],
        corrected: bool,
    ):
        self.ansatz, self.jets = ansatz, ansatz.jets
        self.deviations = tuple(deviations)
        self.equations = len(weak.equations)
        symbols = [self.jets.symbol(b) for b in range(len(self.jets.fields))]
        self._keys: list[tuple[int, int, MultiIndex]] = []
        functions = []
        for a in range(self.equations):
            for column, form in enumerate((*weak.directions[a], *_residuals(weak.equations[a], self.jets))):
                for K, function in form.items():
                    self._keys.append((a, column, K))
                    functions.append(without_bias(function, symbols, deviations) if corrected else function)
        slopes = [sympy.diff(f, symbol) for symbol in symbols for f in functions]
        self._kernel = Kernel([*functions, *slopes], self.jets)
        self.columns = ansatz.size + 1 + len(self.jets.coordinates)

    def grams(
        self,
        values: Sequence[np.ndarray],
        mesh: Sequence[np.ndarray],
        projections: Projections,
    ) -> Grams:
        """values: one array (sample, time, *S) a field; mesh: coordinates at every point (time, *S)."""
        labels = np.arange(projections.shape[0]) * TIME_BLOCKS // projections.shape[0]
        overlaps = _Overlaps(projections, labels)
        rows, noise = [], []
        largest = np.zeros(self.equations)
        for sample in range(len(values[0])):
            functions, slopes = self._evaluate([v[sample] for v in values], mesh)
            projected = np.zeros((self.equations, self.columns, *projections.shape))
            terms = np.zeros(self.equations)
            for (a, column, K), function in zip(self._keys, functions, strict=True):
                part = projections.project(function, K)
                projected[a, column] += part
                if column == self.ansatz.size:
                    terms[a] = max(terms[a], float((part**2).sum()))
            largest += terms
            rows.append(projected)
            expected = np.zeros((self.equations, TIME_BLOCKS, self.columns, self.columns))
            for a in range(self.equations):
                for b, deviation in enumerate(self.deviations):
                    expected[a] += deviation**2 * overlaps.gram(self._of(a, slopes[b]), self.columns)
            noise.append(expected)
        return self._weighted(np.stack(rows), np.stack(noise), largest, labels)

    def _weighted(
        self, rows: np.ndarray, noise: np.ndarray, largest: np.ndarray, labels: np.ndarray
    ) -> Grams:
        """rows: (sample, equation, column, *windows), noise: (sample, equation, block, column, column)"""
        size, T = self.ansatz.size, self.ansatz.to_raw
        each = noise[..., size, size].sum((0, 2))
        weights = each.mean() / np.maximum(each, 1e-300)
        expected = np.einsum("a,sabij->sbij", weights, noise).reshape(-1, self.columns, self.columns)
        weighted = rows * np.sqrt(weights).reshape(-1, *[1] * (rows.ndim - 2))
        factors, residual = [], []
        for sample in weighted:
            for block in range(TIME_BLOCKS):
                flat = np.moveaxis(sample[:, :, labels == block], 1, -1).reshape(-1, self.columns)
                flat = np.concatenate([flat, np.zeros((max(0, size - len(flat)), self.columns))])
                factors.append(np.linalg.qr(flat[:, :size] @ T.T, mode="r"))
                residual.append((flat[:, size:] ** 2).sum(0))
        diagonal = np.arange(size, self.columns)
        return Grams(
            np.stack(factors),
            T @ expected[:, :size, :size] @ T.T,
            np.stack(residual),
            expected[:, diagonal, diagonal],
            float(weights @ largest),
            int(rows[:, :, 0].size),
        )

    def effective_count(
        self,
        values: Sequence[np.ndarray],
        mesh: Sequence[np.ndarray],
        projections: Projections,
        scaled: np.ndarray,
    ) -> float:
        """(tr C)²/tr C², C the noise covariance of the rows of one direction: the degrees of freedom of its
        energy (Satterthwaite 1946), from the first sample times the number of samples.

        Overlapping test functions share data, so that it is below the number of rows.
        """
        raw = self.ansatz.raw(scaled)
        _, slopes = self._evaluate([v[0] for v in values], mesh)
        trace, square = 0.0, 0.0
        for a in range(self.equations):
            size = int(np.prod(projections.shape))
            covariance = csr_array((size, size))
            for b, deviation in enumerate(self.deviations):
                influence = csr_array((size, int(np.prod(projections.points))))
                totals: dict[MultiIndex, np.ndarray] = {}
                for column, K, slope in self._of(a, slopes[b]):
                    if column < self.ansatz.size:
                        totals[K] = totals.get(K, 0.0) + raw[column] * slope
                for K, total in totals.items():
                    influence = influence + projections.matrix(K) @ diags_array(total.ravel())
                covariance = covariance + deviation**2 * (influence @ influence.T)
            trace += float(covariance.trace())
            square += float((covariance**2).sum())
        return len(values[0]) * trace**2 / max(square, 1e-300)

    def _of(self, equation: int, slopes: Sequence[np.ndarray]) -> list[tuple[int, MultiIndex, np.ndarray]]:
        return [
            (column, K, slope)
            for (a, column, K), slope in zip(self._keys, slopes, strict=True)
            if a == equation
        ]

    def _evaluate(
        self, values: Sequence[np.ndarray], mesh: Sequence[np.ndarray]
    ) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
        """The functions, and their slopes along each field, at every point of one sample."""
        arguments = {}
        for name in self._kernel.inputs:
            if name in self._kernel.jets:
                arguments[name] = torch.from_numpy(values[self._kernel.jets[name][0]])
            else:
                arguments[name] = torch.from_numpy(mesh[self.jets.coordinate_names.index(name)])
        shape = values[0].shape
        outputs = [np.broadcast_to(np.asarray(out, dtype=float), shape) for out in self._kernel(arguments)]
        count = len(self._keys)
        return outputs[:count], [
            outputs[(1 + b) * count : (2 + b) * count] for b in range(len(self.deviations))
        ]


class _Overlaps:
    """Σ over the windows of a block of (Σ_p ∂_Kψ h_i)(Σ_p ∂_Lψ h_j) for unit white noise times h."""

    def __init__(self, projections: Projections, labels: np.ndarray):
        self.projections, self.labels = projections, labels

    def gram(self, parts: Sequence[tuple[int, MultiIndex, np.ndarray]], columns: int) -> np.ndarray:
        """Σ_{windows, p} (Σ_K ∂_Kψ h_{iK})(Σ_L ∂_Lψ h_{jL}). shape: (blocks, columns, columns)"""
        result = np.zeros((TIME_BLOCKS, columns, columns))
        grouped: dict[MultiIndex, list[tuple[int, np.ndarray]]] = {}
        for column, K, slope in parts:
            if slope.any():
                grouped.setdefault(K, []).append((column, slope))
        indices = sorted(grouped)
        stacks = {K: np.stack([slope for _, slope in grouped[K]]) for K in indices}
        flat = {K: np.moveaxis(s.reshape(len(s), s.shape[1], -1), 1, 0) for K, s in stacks.items()}
        for n, K in enumerate(indices):
            for L in indices[n:]:
                moments = (flat[K] * self._space(K, L)) @ flat[L].transpose(0, 2, 1)
                blocks = np.tensordot(self._time(K, L), moments, 1)
                rows, cols = ([c for c, _ in grouped[I]] for I in (K, L))
                for block in range(TIME_BLOCKS):
                    result[block][np.ix_(rows, cols)] += blocks[block]
                    if K != L:
                        result[block][np.ix_(cols, rows)] += blocks[block].T
        return result

    def _time(self, K: MultiIndex, L: MultiIndex) -> np.ndarray:
        both = self.projections.axis(0, K[0]) * self.projections.axis(0, L[0])
        return np.stack([both[self.labels == block].sum(0) for block in range(TIME_BLOCKS)])

    def _space(self, K: MultiIndex, L: MultiIndex) -> np.ndarray:
        total = np.ones(1)
        for axis in range(1, len(K)):
            both = (self.projections.axis(axis, K[axis]) * self.projections.axis(axis, L[axis])).sum(0)
            total = np.multiply.outer(total, both)
        return total.ravel()


def _residuals(form: WeakForm, jets) -> list[WeakForm]:
    """∫ψE and ∫∂_αψE."""
    shifted = [{raised(K, alpha): f for K, f in form.items()} for alpha in range(len(jets.coordinates))]
    return [form, *shifted]
