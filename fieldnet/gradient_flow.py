"""Whether oscillators on a network slide down a potential in a diagonal metric (Kolmogorov's criterion)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

TOLERANCE = 0.01
ERRORS = 3.0
"""An edge may miss m_iK_ij = m_jK_ji by 1%, or by three standard errors where that is more."""


@dataclass(frozen=True)
class GradientFlow:
    """M = diag(m) > 0 with m_iK_ij = m_jK_ji, so that θ̇_i = ω_i + Σ_j K_ij sin(θ_j − θ_i) is θ̇ = −M⁻¹∂V/∂θ,

        V = −Σ_i m_iω_iθ_i + Σ_{i<j} m_iK_ij (1 − cos(θ_i − θ_j)).

    `coupling` is the symmetric m_iK_ij, the mean of both sides; `mismatch` is the largest
    |log(m_iK_ij / m_jK_ji)|.
    In each connected part the smallest m is 1; all of them are 1 where K itself passes as symmetric.

    shape: metric (N,), coupling (N, N)
    """

    metric: np.ndarray
    coupling: np.ndarray
    mismatch: float

    def potential(self, theta: ArrayLike, frequencies: ArrayLike) -> np.ndarray:
        """V(θ) of unwrapped phases. shape: (..., N), (N,) -> (...)"""
        phases = np.asarray(theta, dtype=float)
        tilt = phases @ (self.metric * np.asarray(frequencies, dtype=float))
        sine, cosine = np.sin(phases), np.cos(phases)
        agreement = (cosine @ self.coupling * cosine + sine @ self.coupling * sine).sum(-1)
        return (self.coupling.sum() - agreement) / 2 - tilt

    def potential_text(self, frequencies: ArrayLike, field: str = "theta") -> str:
        """V in the grammar of `lagrangians.parser`, in the fields theta_0, theta_1, …"""
        weights = self.metric * np.asarray(frequencies, dtype=float)
        parts = [f"{float(-w)!r}*{field}_{i}" for i, w in enumerate(weights)]
        for i, j in zip(*np.nonzero(np.triu(self.coupling, 1)), strict=True):
            parts.append(f"{float(self.coupling[i, j])!r}*(1 - cos({field}_{i} - {field}_{j}))")
        return " + ".join(parts).replace("+ -", "- ")


@dataclass(frozen=True)
class BrokenCycle:
    """A closed walk i → j → … → i on which the product of K's differs from that of the walk backwards.

    `forward` = K_ij K_jk … K_ni and `backward` = K_in … K_kj K_ji. A pair (i, j) stands for a coupling that
    has no partner, or one of the other sign; then they are K_ij and K_ji. `pairs` lists all such pairs.
    """

    nodes: tuple[int, ...]
    forward: float
    backward: float
    pairs: tuple[tuple[int, int], ...] = ()

    @property
    def reason(self) -> str:
        """One line for a report."""
        walk = " → ".join(str(n) for n in (*self.nodes, self.nodes[0]))
        if len(self.nodes) == 2:
            i, j = self.nodes
            return (
                f"K_{i},{j} = {self.forward:.4g} but K_{j},{i} = {self.backward:.4g}: {walk} does not balance"
            )
        text = f"on the cycle {walk} the product of K is {self.forward:.4g}, backwards {self.backward:.4g}"
        if self.pairs:
            count, (i, j) = len(self.pairs), self.pairs[0]
            which = f"{count} couplings have" if count > 1 else "one coupling has"
            text += f"; {which} no partner of the same sign, such as K_{i},{j}"
        return text


def gradient_flow(
    coupling: ArrayLike, standard_errors: ArrayLike | None = None
) -> GradientFlow | BrokenCycle:
    """A metric m > 0 with m_iK_ij = m_jK_ji, or the shortest closed walk that forbids one.

    There is one if and only if K_ij and K_ji are zero together and of one sign, and K_ij K_jk … K_ni =
    K_in … K_kj K_ji on every cycle: Kolmogorov's criterion, known from reversible Markov chains (Kelly,
    Reversibility and Stochastic Networks, 1979, §1.5). log m is found along breadth-first trees and refined
    by least squares over all edges, weighted with their errors. An edge passes within `TOLERANCE` or `ERRORS`
    standard errors of log(m_iK_ij / m_jK_ji); a coupling within `ERRORS` of its own errors needs no partner.

    The diagonal of K is ignored. shape: (N, N), (N, N). Raises ValueError for other shapes or numbers that
    are not finite.
    """
    K, errors = _checked(coupling, standard_errors)
    network = _Network(K, errors)
    log_metric = network.log_metric()
    if not network.unpaired and network.passes(log_metric):
        simplest = np.where(network.symmetric_parts(), 0.0, log_metric)
        metric = np.exp(simplest)
        weights = metric[:, None] * K
        both = np.where(network.paired, weights + weights.T, 0.0) / 2
        return GradientFlow(metric, both, float(network.mismatch(simplest).max(initial=0.0)))
    return network.broken(log_metric)


def _checked(coupling: ArrayLike, standard_errors: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    K = np.array(coupling, dtype=float)
    if K.ndim != 2 or K.shape[0] != K.shape[1]:
        raise ValueError(f"got a coupling of shape {K.shape}, expected (N, N)")
    errors = np.zeros_like(K) if standard_errors is None else np.array(standard_errors, dtype=float)
    if errors.shape != K.shape:
        raise ValueError(
            f"got standard errors of shape {errors.shape}, expected that of the coupling, {K.shape}"
        )
    if not (np.isfinite(K).all() and np.isfinite(errors).all()):
        raise ValueError("got numbers that are not finite, expected finite couplings and errors")
    np.fill_diagonal(K, 0.0)
    return K, errors


class _Network:
    """K with the ratios and tolerances of its edges; `ratio[i, j]` = log(K_ij/K_ji) on pairs of one sign."""

    def __init__(self, K: np.ndarray, errors: np.ndarray):
        self.K = K
        self.nodes = len(K)
        self.paired = K * K.T > 0
        rows, columns = np.nonzero((K != 0) & ~self.paired)
        self.unpaired = [
            (int(i), int(j))
            for i, j in zip(rows, columns, strict=True)
            if (i < j or K[j, i] == 0) and not _within(K[i, j], errors[i, j], K[j, i], errors[j, i])
        ]
        safe = np.where(self.paired, K, 1.0)
        self.ratio = np.log(safe / safe.T)
        relative = np.where(self.paired, errors / np.abs(safe), 0.0)
        self.variance = relative**2 + relative.T**2
        self.neighbours = [np.flatnonzero(row) for row in self.paired]

    def mismatch(self, log_metric: np.ndarray) -> np.ndarray:
        """|log(m_iK_ij) − log(m_jK_ji)| on pairs, 0 elsewhere. shape: (N, N)"""
        return np.where(self.paired, np.abs(self.ratio + log_metric[:, None] - log_metric), 0.0)

    def passes(self, log_metric: np.ndarray) -> bool:
        return bool((self.mismatch(log_metric) <= _tolerance(self.variance)).all())

    def parts(self) -> np.ndarray:
        """The connected part of each node. shape: (N,)"""
        part = np.full(self.nodes, -1)
        for root in range(self.nodes):
            if part[root] < 0:
                _, parent = self.tree(root)
                part[[root, *parent]] = root
        return part

    def tree(self, root: int) -> tuple[np.ndarray, dict[int, int]]:
        """log m along a breadth-first tree, with m = 1 at its root, and each node's parent."""
        log_metric, parent, queue = np.zeros(self.nodes), {}, deque([root])
        while queue:
            i = queue.popleft()
            for j in self.neighbours[i]:
                if j != root and j not in parent:
                    parent[int(j)] = i
                    log_metric[j] = log_metric[i] + self.ratio[i, j]
                    queue.append(int(j))
        return log_metric, parent

    def log_metric(self) -> np.ndarray:
        """Least squares for log m_i − log m_j = −log(K_ij/K_ji), smallest 0 in each connected part."""
        part = self.parts()
        start = sum(np.where(part == root, self.tree(root)[0], 0.0) for root in np.unique(part))
        i, j = np.nonzero(np.triu(self.paired))
        if len(i) == 0:
            return np.zeros(self.nodes)
        rows = np.zeros((len(i), self.nodes))
        rows[np.arange(len(i)), i], rows[np.arange(len(i)), j] = 1.0, -1.0
        floor = max(self.variance[i, j].max() * 1e-6, 1e-300)
        weight = 1 / np.sqrt(np.maximum(self.variance[i, j], floor))
        weight = weight / weight.max()
        rest = -(self.ratio[i, j] + rows @ start)
        refined = start + np.linalg.lstsq(rows * weight[:, None], rest * weight, rcond=1e-12)[0]
        for root in np.unique(part):
            refined[part == root] -= refined[part == root].min()
        return refined

    def symmetric_parts(self) -> np.ndarray:
        """Nodes whose connected part passes with m = 1. shape: (N,)"""
        part = self.parts()
        bad = self.mismatch(np.zeros(self.nodes)) > _tolerance(self.variance)
        return ~np.isin(part, part[bad.any(1)])

    def broken(self, log_metric: np.ndarray) -> BrokenCycle:
        """The shortest cycle that does not balance, of several the worst; else a pair without partner."""
        candidates = [*self.unbalanced_cycles(), *self.one_way_cycles()]
        if candidates:
            cycle, _ = min(candidates, key=lambda c: (len(c[0]), -c[1], c[0]))
            return BrokenCycle(cycle, *self.products(cycle), tuple(self.unpaired))
        if self.unpaired:
            i, j = self.unpaired[0]
            return BrokenCycle((i, j), float(self.K[i, j]), float(self.K[j, i]), tuple(self.unpaired))
        excess = self.mismatch(log_metric) - _tolerance(self.variance)
        cycle = self.closed_by(*divmod(int(excess.argmax()), self.nodes))
        return BrokenCycle(cycle, *self.products(cycle))

    def products(self, cycle: tuple[int, ...]) -> tuple[float, float]:
        ahead = list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
        forward = float(np.prod([self.K[i, j] for i, j in ahead]))
        return forward, float(np.prod([self.K[j, i] for i, j in ahead]))

    def unbalanced_cycles(self) -> Iterator[tuple[tuple[int, ...], float]]:
        """Cycles of pairs closed by one edge beside a breadth-first tree, with how far they miss.

        The shortest unbalanced cycle is among them for some root: of three paths between two nodes, if two
        pairs close balanced cycles, so does the third (Thomassen, J. Combin. Theory B 48 (1990) 155).
        """
        for root in range(self.nodes):
            _, parent = self.tree(root)
            reached = [root, *parent]
            for i in reached:
                for j in self.neighbours[i]:
                    if i < j and parent.get(i) != j and parent.get(int(j)) != i:
                        cycle = _cycle(int(i), int(j), parent)
                        ahead = list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
                        variance = sum(self.variance[a, b] for a, b in ahead)
                        miss = abs(sum(self.ratio[a, b] for a, b in ahead))
                        if miss > _tolerance(variance):
                            yield _canonical(cycle), float(miss)

    def one_way_cycles(self) -> Iterator[tuple[tuple[int, ...], float]]:
        """Shortest directed cycles of three or more nodes through couplings without partner."""
        following = [np.flatnonzero(row) for row in self.K]
        for i, j in self.unpaired:
            if self.K[j, i] != 0:
                continue
            path = _shortest(following, j, i)
            if path is not None:
                yield _rotated((i, *path[:-1])), float("inf")

    def closed_by(self, i: int, j: int) -> tuple[int, ...]:
        """A shortest cycle of pairs through the edge i, j."""
        following = [row[row != i] if n == j else row for n, row in enumerate(self.neighbours)]
        path = _shortest(following, j, i)
        return _canonical((i, *(path or (j, i))[:-1]))


def _tolerance(variance: np.ndarray | float) -> np.ndarray:
    return np.maximum(TOLERANCE, ERRORS * np.sqrt(variance))


def _within(a: float, error_a: float, b: float, error_b: float) -> bool:
    """Whether couplings of no common sign are within their errors of zero."""
    return abs(a) <= ERRORS * error_a and abs(b) <= ERRORS * error_b


def _cycle(i: int, j: int, parent: dict[int, int]) -> tuple[int, ...]:
    """The cycle that the edge i, j closes in a tree."""
    up_i, up_j = _to_root(i, parent), _to_root(j, parent)
    top = next(n for n in up_i if n in up_j)
    return (top, *up_i[: up_i.index(top)][::-1], *up_j[: up_j.index(top)])


def _to_root(node: int, parent: dict[int, int]) -> list[int]:
    path = [node]
    while path[-1] in parent:
        path.append(parent[path[-1]])
    return path


def _shortest(following: list[np.ndarray], start: int, end: int) -> tuple[int, ...] | None:
    """Nodes of a shortest directed path start … end, or None."""
    previous, queue = {start: start}, deque([start])
    while queue:
        node = queue.popleft()
        if node == end:
            path = [node]
            while path[-1] != start:
                path.append(previous[path[-1]])
            return tuple(path[::-1])
        for other in following[node]:
            if int(other) not in previous:
                previous[int(other)] = node
                queue.append(int(other))
    return None


def _rotated(cycle: tuple[int, ...]) -> tuple[int, ...]:
    """The same directed cycle, smallest node first."""
    at = cycle.index(min(cycle))
    return (*cycle[at:], *cycle[:at])


def _canonical(cycle: tuple[int, ...]) -> tuple[int, ...]:
    """Smallest node first, its smaller neighbour second."""
    ahead = _rotated(cycle)
    return min(ahead, (ahead[0], *ahead[:0:-1]))
