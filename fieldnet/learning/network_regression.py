"""The weak residual of oscillators, linear in its coefficients, solved by least squares."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .network_training import NetworkSamples, pulls

COMMON = ("phase lag", "sums, sin", "sums, cos", "sin(theta)", "cos(theta)", "sin(2*theta)", "cos(2*theta)")
"""Coefficients that all nodes share: three of the form of W¹, four of W⁰."""
SHAPE = 3
BLOCK = 4
RANK = 1e-12


@dataclass(frozen=True)
class Support:
    """Which coefficients there are: edges (N, N) and damped (N,), boolean, and indices into `COMMON`."""

    edges: np.ndarray
    damped: np.ndarray
    common: tuple[int, ...]


@dataclass(frozen=True)
class Coefficients:
    """F_i = ω_i + Σ_j ℓ_ij f(θ_i, θ_j) + on-site, with f of `form` = (cos α, −sin α, p, q), beside γ_i.

    `common` holds (α, p, q, and the four on-site coefficients). `influence` says by how much each cluster of
    windows moves each coefficient: their standard errors are the root of its sum of squares over clusters.

    shape: edges (N, N), frequencies (N,), damping (N,), common (7,); influence: with clusters in front.
    """

    edges: np.ndarray
    frequencies: np.ndarray
    damping: np.ndarray
    common: np.ndarray
    influence: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class WeakRegression:
    """Projected columns of all oscillators on some samples, one row a window and sample.

    R_i = target_i − ω_i − Σ_j ℓ_ij ∫ψf − Σ_n c_n ∫ψu_n(θ_i) + γ_i ∫ψθ̇_i with the target ∫ψθ̇ (order 1) or
    ∫ψθ̈ (order 2).

    shape: target, velocity (rows, N); pulls (N, rows, 4, N); on_site (N, rows, 4); folds, clusters (rows,)
    """

    def __init__(self, samples: NetworkSamples):
        self.order, self.nodes = samples.order, samples.nodes
        self.target = samples.target.flatten(0, 1).numpy()
        self.velocity = samples.velocity.flatten(0, 1).numpy()
        self.pulls = np.stack([pulls(samples, i).flatten(0, 1).numpy() for i in range(self.nodes)])
        theta = samples.values
        on_site = [theta.sin(), theta.cos(), (2 * theta).sin(), (2 * theta).cos()]
        self.on_site = np.stack([samples.project(u).flatten(0, 1).numpy().T for u in on_site], -1)
        count, windows = samples.values.shape[0], samples.windows.count
        sample, window = np.divmod(np.arange(count * windows), windows)
        self.clusters = sample * (1 + windows // BLOCK) + window // BLOCK
        self.folds = sample if count >= 3 else window * min(6, windows) // windows
        self.variation = samples.variation
        self.spread = self.target - self.target.mean(0)

    def node_design(self, node: int, form: np.ndarray, support: Support) -> np.ndarray:
        """Columns of ℓ_ij on the kept edges, ω_i, and γ_i where damped."""
        columns = [np.einsum("p,rpj->rj", form, self.pulls[node][:, :, support.edges[node]])]
        columns.append(np.ones((len(self.target), 1)))
        if support.damped[node]:
            columns.append(-self.velocity[:, node : node + 1])
        return np.concatenate(columns, axis=1)

    def common_design(self, node: int, edges: np.ndarray, alpha: float, kept: Sequence[int]) -> np.ndarray:
        """Columns of the kept common coefficients; those of the form are derivatives at the present edges."""
        turns = np.array([[-np.sin(alpha), -np.cos(alpha), 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        pulled = self.pulls[node] @ edges[node]
        return np.concatenate([pulled @ turns.T, self.on_site[node]], axis=1)[:, list(kept)]

    def solve(self, support: Support, start: np.ndarray, iterations: int = 30) -> Coefficients:
        """Least squares over all coefficients of the support; the form by Gauss–Newton from `start` (7,).

        The coefficients of a node are eliminated for given common ones: the matrix has the shape of an arrow.
        """
        common = np.zeros(len(COMMON))
        shape = [n for n in support.common if n < SHAPE]
        common[shape] = start[shape]
        linear = [n for n in support.common if n >= SHAPE]
        state = self._eliminated(support, common, linear)
        for _ in range(iterations if shape else 0):
            common, norm, edges = state
            step = self._shape_step(support, common, edges, linear)
            fraction = 1.0
            while fraction > 1e-3:
                trial = common.copy()
                trial[:SHAPE] += fraction * step
                moved = self._eliminated(support, trial, linear)
                if moved[1] < norm:
                    break
                fraction /= 2
            else:
                break
            state = moved
            if np.abs(step).max() < 1e-12 or moved[1] > norm * (1 - 1e-9):
                break
        return self._coefficients(support, state[0], state[2])

    def residual(self, coefficients: Coefficients) -> np.ndarray:
        """R. shape: (rows, N)"""
        form = form_of(coefficients.common)
        force = np.stack(
            [(self.pulls[i].transpose(0, 2, 1) @ form) @ coefficients.edges[i] for i in range(self.nodes)]
        )
        force += self.on_site @ coefficients.common[SHAPE:]
        return self.target - force.T - coefficients.frequencies + coefficients.damping * self.velocity

    def _eliminated(
        self, support: Support, common: np.ndarray, linear: list[int]
    ) -> tuple[np.ndarray, float, np.ndarray]:
        """Best linear coefficients for a given form: (common, ‖R‖, edges)."""
        form = form_of(common)
        bases, designs = [], []
        for i in range(self.nodes):
            design = self.node_design(i, form, support)
            bases.append(_Basis(design))
            designs.append(self.on_site[i][:, [n - SHAPE for n in linear]])
        common = common.copy()
        if linear:
            stacked = np.concatenate([b.rest(c) for b, c in zip(bases, designs, strict=True)])
            target = np.concatenate([b.rest(self.target[:, i]) for i, b in enumerate(bases)])
            common[linear] = _least_squares(stacked, target)
        edges, square = np.zeros((self.nodes, self.nodes)), 0.0
        for i, basis in enumerate(bases):
            target = self.target[:, i] - designs[i] @ common[linear]
            edges[i, support.edges[i]] = basis.solve(target)[: support.edges[i].sum()]
            square += float(np.sum(basis.rest(target) ** 2))
        return common, square**0.5, edges

    def _shape_step(
        self, support: Support, common: np.ndarray, edges: np.ndarray, linear: list[int]
    ) -> np.ndarray:
        shape = [n for n in support.common if n < SHAPE]
        columns, residuals = self.without_nodes(support, common, edges, [*shape, *linear])
        step = np.zeros(SHAPE)
        step[shape] = _least_squares(columns, residuals)[: len(shape)]
        return step

    def without_nodes(
        self, support: Support, common: np.ndarray, edges: np.ndarray, kept: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Common columns and target, what the nodes' own coefficients can do projected out, nodes stacked.

        Of the form, increments are asked for; of the on-site torques, all.
        """
        form = form_of(common)
        columns, targets = [], []
        for i in range(self.nodes):
            basis = _Basis(self.node_design(i, form, support))
            columns.append(basis.rest(self.common_design(i, edges, common[0], kept)))
            targets.append(basis.rest(self.target[:, i]))
        return np.concatenate(columns), np.concatenate(targets)

    def _coefficients(self, support: Support, common: np.ndarray, edges: np.ndarray) -> Coefficients:
        nodes, form, kept = self.nodes, form_of(common), list(support.common)
        clusters = np.unique(self.clusters, return_inverse=True)[1]
        count = clusters.max() + 1
        frequencies, damping = np.zeros(nodes), np.zeros(nodes)
        bases = [_Basis(self.node_design(i, form, support)) for i in range(nodes)]
        shared = [self.common_design(i, edges, common[0], kept) for i in range(nodes)]
        common_moves = np.zeros((count, len(COMMON)))
        residuals = []
        for i, basis in enumerate(bases):
            target = self.target[:, i] - self.on_site[i] @ common[SHAPE:]
            solution = basis.solve(target)
            residuals.append(basis.rest(target))
            size = support.edges[i].sum()
            frequencies[i] = solution[size]
            damping[i] = solution[size + 1] if support.damped[i] else 0.0
        if kept:
            rest = [basis.rest(columns) for basis, columns in zip(bases, shared, strict=True)]
            scores = sum(
                _summed(r[:, None] * c, clusters, count) for r, c in zip(residuals, rest, strict=True)
            )
            common_moves[:, kept] = scores @ np.linalg.pinv(sum(c.T @ c for c in rest), hermitian=True)
        edge_moves, frequency_moves, damping_moves = (
            np.zeros((count, nodes, nodes)),
            np.zeros((count, nodes)),
            np.zeros((count, nodes)),
        )
        rows = len(self.target)
        for i, basis in enumerate(bases):
            moves = _summed(residuals[i][:, None] * basis.inverse.T, clusters, count)
            if kept:
                moves = moves - common_moves[:, kept] @ basis.solve(shared[i]).T
            moves = moves * (rows / max(1, rows - moves.shape[1])) ** 0.5
            size = support.edges[i].sum()
            edge_moves[:, i, support.edges[i]] = moves[:, :size]
            frequency_moves[:, i] = moves[:, size]
            if support.damped[i]:
                damping_moves[:, i] = moves[:, size + 1]
        few = (count / max(1, count - 1)) ** 0.5
        influence = (few * edge_moves, few * frequency_moves, few * damping_moves, few * common_moves)
        return Coefficients(edges, frequencies, damping, common, influence)


def form_of(common: np.ndarray) -> np.ndarray:
    """(cos α, −sin α, p, q): W¹ = cos α I − sin α J + [[p, q], [q, −p]]."""
    return np.array([np.cos(common[0]), -np.sin(common[0]), common[1], common[2]])


class _Basis:
    """Least squares on columns of unit norm; directions below `RANK` of the largest are left at 0."""

    def __init__(self, design: np.ndarray):
        scale = np.linalg.norm(design, axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        left, values, right = np.linalg.svd(design / scale, full_matrices=False)
        kept = values > RANK * values.max(initial=0.0)
        self.left = left[:, kept]
        self.inverse = (right[kept].T / values[kept]) @ self.left.T / scale[:, None]

    def rest(self, values: np.ndarray) -> np.ndarray:
        return values - self.left @ (self.left.T @ values)

    def solve(self, values: np.ndarray) -> np.ndarray:
        return self.inverse @ values


def _least_squares(columns: np.ndarray, target: np.ndarray) -> np.ndarray:
    return _Basis(columns).solve(target)


def _summed(rows: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    total = np.zeros((count, rows.shape[1]))
    np.add.at(total, labels, rows)
    return total
