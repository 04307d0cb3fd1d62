"""Fitted coefficients against the Helmholtz conditions: the multiplier, its test, the constrained estimate.

Equations Σ_k c_bk atom_k = 0 have a Lagrangian if the combinations p_ak = Σ_b g_ab c_bk meet the Helmholtz
conditions H p = 0 for a regular constant matrix g. M(g)c = H(g ⊗ 1)c is linear in g and in c. For given g the
least (ĉ − c)ᵀΣ⁺(ĉ − c) under M(g)c = 0 is Wald's statistic ĉᵀMᵀ(MΣMᵀ)⁺Mĉ; g minimises it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product

import numpy as np
from scipy.optimize import least_squares

from .linear_spaces import ROUND_OFF, echelon, flattened, inside_of, left_null, null_space, roots
from .multiplier import MultiplierFit

PARSIMONY = 0.01
"""p-value above which a multiplier is kept without a look at freer ones."""
REGULAR = 3.0
"""Standard errors by which the smallest singular value of a fitted multiplier must differ from 0."""
STARTS = 4
"""Starts of the descent for one pattern of g: signs, a random one, and that of the linear problem."""


@dataclass(frozen=True)
class HelmholtzTest:
    """The conditions H on coefficients with covariance.

    Conditions that only meet coefficients without variance (the leading derivatives) are exact, and linear in
    g: they make g symmetric where the equations are of second order in time, antisymmetric where of first.

    shape: coefficients (n, atoms), covariance (n·atoms, n·atoms), matrix (conditions, n, atoms)
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    matrix: np.ndarray

    @property
    def size(self) -> int:
        return len(self.coefficients)

    @cached_property
    def _scale(self) -> np.ndarray:
        """Typical standard error of each atom's coefficients, 1 where they have none. shape: (atoms,)"""
        variance = np.diag(self.covariance).reshape(self.coefficients.shape)
        count = np.maximum((variance > 0).sum(0), 1)
        typical = np.sqrt(variance.sum(0) / count)
        return np.where(typical > 0, typical, 1.0)

    @cached_property
    def _standard(self) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients and covariance in units of `_scale`."""
        every = np.tile(self._scale, self.size)
        return self.coefficients / self._scale, self.covariance / np.outer(every, every)

    @cached_property
    def rows(self) -> np.ndarray:
        """Orthonormal conditions on the coefficients in units of `_scale`. shape: (rank, n, atoms)"""
        flat = flattened(self.matrix * self._scale)
        if not len(flat):
            return self.matrix
        flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
        _, values, right = np.linalg.svd(flat, full_matrices=False)
        return right[values > ROUND_OFF * values[0]].reshape(-1, *self.coefficients.shape)

    @cached_property
    def admissible(self) -> np.ndarray:
        """Basis of the g that meet the exact conditions. shape: (m, n, n)"""
        n = self.size
        free = np.any(np.diag(self.covariance).reshape(n, -1) > 0, axis=0)
        flat = flattened(self.rows[:, :, free])
        exact = left_null(flat) @ flattened(self.rows)
        exact = exact.reshape(-1, n, len(self.coefficients[0]))
        # Σ_ak exact[i, a, k] g_ab c_bk = 0
        on_g = flattened(np.einsum("iak,bk->iab", exact, np.where(free, 0.0, self._standard[0])))
        return null_space(on_g).reshape(-1, n, n)

    def without(self, atoms: np.ndarray) -> HelmholtzTest:
        """The conditions that hold whatever the coefficients of these atoms are. shape: (atoms,), bool"""
        freed = flattened(self.matrix[:, :, atoms])
        left = left_null(freed)
        matrix = np.einsum("ij,jak->iak", left, self.matrix)
        matrix[:, :, atoms] = 0.0
        norms = np.linalg.norm(flattened(matrix), axis=1)
        return HelmholtzTest(self.coefficients, self.covariance, matrix[norms > ROUND_OFF])

    def evaluated(self, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and standard errors of the conditions as they are listed, for one g. shape: (conditions,)"""
        operator = _operator(self.matrix, g)
        values = operator @ self.coefficients.ravel()
        return values, np.sqrt(np.einsum("ij,jk,ik->i", operator, self.covariance, operator).clip(0))

    def whitened(self, g: np.ndarray) -> tuple[np.ndarray, int, float]:
        """((MΣMᵀ)^(−½) Mĉ, its rank, size of the part without variance that cannot vanish)."""
        c, covariance = self._standard
        operator = _operator(self.rows, g)
        values = operator @ c.ravel()
        root, inverse = roots(operator @ covariance @ operator.T)
        rest = values - inverse @ (root @ values)
        bound = ROUND_OFF * max(1.0, float(np.abs(c).max())) * float(np.abs(g).max())
        broken = float(np.linalg.norm(rest))
        return root @ values, round(np.trace(root @ inverse)), broken if broken > 10 * bound else 0.0

    def statistic(self, g: np.ndarray) -> tuple[float, int]:
        """Wald's statistic and its degrees of freedom for one g; infinite where an exact condition fails."""
        values, rank, broken = self.whitened(g)
        return (np.inf, rank) if broken else (float(values @ values), rank)

    def fixed(self, g: np.ndarray) -> MultiplierFit:
        """The constrained estimate for one g."""
        return self._estimate(g, np.zeros((0, *g.shape)))

    def search(self) -> MultiplierFit | None:
        """The simplest multiplier that the data do not refuse, or else the one that they refuse least.

        First one entry ±1 in each row, then any weights in those places, then any matrix within blocks of
        fields, from small blocks to all: where a block does not mix two fields, the conditions that only
        mixing would ask for are absent, so each pattern is a stratum of its own. None where the exact
        conditions allow no regular matrix.
        """
        units = sorted(self._units(), key=lambda g: self.statistic(g)[0])
        tried = [self.fixed(units[0])] if units else []
        if not tried or tried[0].p_value < PARSIMONY:
            for basis in self._strata(units):
                fit = self._refined(basis, units)
                if fit is not None:
                    tried.append(fit)
                    if fit.p_value >= PARSIMONY:
                        break
        best = max(tried, key=lambda fit: fit.log_p_value, default=None)
        return None if best is None else best.normalised()

    def _strata(self, units: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Admissible matrices in the places of a unit or in blocks of fields, the smallest space first."""
        shapes = [g != 0 for g in units]
        for labels in product(range(self.size), repeat=self.size):
            shapes.append(np.equal.outer(labels, labels))
        distinct = {shape.tobytes(): shape for shape in shapes}.values()
        spaces = [inside_of(self.admissible, shape) for shape in distinct]
        return sorted((s for s in spaces if _has_regular(s)), key=len)

    def _units(self) -> Iterator[np.ndarray]:
        """The admissible matrices with one entry ±1 in each row and column, the first one positive."""
        basis = flattened(self.admissible)
        for order in permutations(range(self.size)):
            for signs in product((1.0, -1.0), repeat=self.size - 1):
                g = np.zeros((self.size, self.size))
                g[range(self.size), order] = (1.0, *signs)
                flat = g.ravel()
                if np.abs(flat - basis.T @ (basis @ flat)).max(initial=0.0) < 1e-6:
                    yield g

    def _refined(self, basis: np.ndarray, units: Sequence[np.ndarray]) -> MultiplierFit | None:
        """The least statistic over the span of `basis`; None where nothing there is regular."""
        flat = flattened(basis)

        inside = [g for g in units if np.allclose(g.ravel(), flat.T @ (flat @ g.ravel()), atol=1e-6)]
        starts = [flat @ g.ravel() for g in inside[: STARTS - 1]]
        starts.append(np.random.default_rng(0).normal(size=len(basis)))
        starts.append(self._linear(basis, starts[0]))
        found: list[MultiplierFit] = []
        for start in starts:
            g = self._descended(flat, start / np.linalg.norm(start)).reshape(basis.shape[1:])
            g = g / np.abs(g).max()
            if np.linalg.cond(g) < 1 / ROUND_OFF:
                fit = self._estimate(g, basis)
                if np.isfinite(fit.statistic) and self._is_regular(fit):
                    found.append(fit)
        return min(found, key=lambda fit: fit.statistic, default=None)

    def _descended(self, flat: np.ndarray, start: np.ndarray) -> np.ndarray:
        """g from a start by Gauss–Newton across the ray through it, since the scale of g is free."""
        across = null_space(start[None, :])
        if not len(across) or not len(self.rows):
            return start @ flat
        shape = (self.size, self.size)

        def residual(step: np.ndarray) -> np.ndarray:
            g = (start + step @ across) @ flat
            return self.whitened(g.reshape(shape) / np.linalg.norm(g))[0]

        step = least_squares(residual, np.zeros(len(across)), max_nfev=100).x
        return (start + step @ across) @ flat

    def _linear(self, basis: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The g of smallest conditions, weighted with their covariance at the g before, a few times."""
        parameters = start
        for _ in range(3):
            g = np.einsum("m,mab->ab", parameters, basis)
            operator = _operator(self.rows, g)
            root, _ = roots(operator @ self._standard[1] @ operator.T)
            parameters = np.linalg.svd(root @ self._along(basis, self._standard[0]))[2][-1]
        return parameters

    def _is_regular(self, fit: MultiplierFit) -> bool:
        left, values, right = np.linalg.svd(fit.multiplier)
        response = np.einsum("a,mab,b->m", left[:, -1], fit.directions, right[-1]) @ fit.g_response
        return bool(values[-1] > REGULAR * np.sqrt(response @ self.covariance @ response))

    def _estimate(self, g: np.ndarray, basis: np.ndarray) -> MultiplierFit:
        """The estimate linearised about g: δγ = −(AᵀC⁺A)⁺AᵀC⁺Mδĉ, δc = δĉ − ΣMᵀC⁺(Mδĉ + Aδγ) with C = MΣMᵀ
        and A = ∂(Mc)/∂γ. Directions of g that the data leave free within their errors are not estimated.
        """
        c, covariance = self._standard
        operator = _operator(self.rows, g)
        root, _ = roots(operator @ covariance @ operator.T)
        statistic, rank = self.statistic(g)
        gain = covariance @ operator.T @ root @ root
        nearest = c - (gain @ (operator @ c.ravel())).reshape(c.shape)
        basis = _fixing_scale(basis, g)
        A = self._along(basis, nearest)
        left, values, right = np.linalg.svd(root @ A, full_matrices=False)
        seen = values > 1.0
        g_response = -(right[seen].T / values[seen]) @ left[:, seen].T @ root @ operator
        response = np.eye(c.size) - gain @ (operator + A @ g_response)
        every = np.tile(self._scale, self.size)
        return MultiplierFit(
            multiplier=g,
            statistic=statistic,
            degrees=rank - int(seen.sum()),
            coefficients=nearest * self._scale,
            directions=basis,
            response=response * every[:, None] / every,
            g_response=g_response / every,
        )

    def _along(self, basis: np.ndarray, c: np.ndarray) -> np.ndarray:
        """∂(M(g)c)/∂g along each matrix of a basis. shape: (m, n, n), (n, atoms) -> (rank, m)"""
        return np.einsum("iak,mab,bk->im", self.rows, basis, c)

    def free_directions(self, fit: MultiplierFit, within_errors: bool = False) -> np.ndarray:
        """Basis of the g, beside and with that of the fit, which the constrained coefficients also allow;
        exactly, or within the errors. Echelon form, one matrix each. shape: (m, n, n)
        """
        c = fit.coefficients / self._scale
        _, covariance = self._standard
        operator = _operator(self.rows, fit.multiplier)
        root, _ = roots(operator @ covariance @ operator.T)
        basis = self.admissible
        A = self._along(basis, c)
        A = root @ A if within_errors else A / max(1.0, float(np.abs(c).max()))
        _, values, right = np.linalg.svd(A, full_matrices=True)
        values = np.concatenate([values, np.zeros(len(right) - len(values))])
        null = right[values <= (REGULAR if within_errors else 1e-7)]
        return echelon(null @ flattened(basis)).reshape(-1, *basis.shape[1:])


def _has_regular(basis: np.ndarray) -> bool:
    """Whether a space of matrices has an invertible member."""
    if not len(basis):
        return False
    draw = np.random.default_rng(0).normal(size=len(basis))
    return bool(np.linalg.cond(np.einsum("m,mab->ab", draw, basis)) < 1 / ROUND_OFF)


def _operator(rows: np.ndarray, g: np.ndarray) -> np.ndarray:
    """M(g) on flattened coefficients. shape: (rows, n·atoms)"""
    return flattened(np.einsum("iak,ab->ibk", rows, g))


def _fixing_scale(basis: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Basis of the changes of g that leave its largest entry as it is. shape: (m − 1, n, n)"""
    if not len(basis):
        return basis
    largest = flattened(basis)[:, np.argmax(np.abs(g))]
    return np.einsum("ij,jab->iab", null_space(largest[None, :]), basis)
