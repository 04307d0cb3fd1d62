"""A first law from weak projections: the coupling function, then edges and frequencies node by node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from .law import Law
from .projections import Waves, projector
from .smoothing import Smooth
from .stepwise import Chosen, Sums, stepwise

HARMONICS = 3
"""Harmonics of the coupling function that are tried."""
SOME = 8
"""Nodes, evenly chosen, that show the coupling function, which all share."""
LIKELY = 3.0
"""Standard errors at which a coefficient enters the first law; the likelihood judges it again."""


NEGLIGIBLE = 1e-3
"""Edges whose pull is below this part of what an oscillator's law must explain are errors of integrators."""


@dataclass(frozen=True)
class Start:
    """A first law with the coefficients it kept; `full` is K with all candidates, before any was dropped."""

    law: Law
    full: np.ndarray


class WeakData:
    """Projections of measured phases against functions of the smoothed ones, node by node.

    The rows of a projection are whitened for noise of the phases; see `projector`. shape: phases (S, T, N)
    """

    def __init__(
        self, phases: np.ndarray, smoothed: Smooth, sigma: float, step: float, order: int, half: int
    ) -> None:
        velocities = smoothed.velocities - smoothed.velocities.mean(-1, keepdims=True)
        stiffness = float(np.sqrt(np.mean(np.square(velocities))))
        self.phases, self.smoothed, self.sigma, self.order = phases, smoothed, sigma, order
        self.nodes = phases.shape[2]
        self.waves = Waves(smoothed, sigma, HARMONICS)
        self.project = projector(order, phases.shape[1], step, half, stiffness)

    def sums(self, node: int, form: np.ndarray | None) -> Sums:
        """Columns: the other nodes (every function of a pair by itself where `form` is None), 1, the four
        on-site functions, and the velocity of an oscillator of second order."""
        pairs = self.waves.pairs(node) if form is None else self.waves.pulls(node, form)
        pulls = pairs.reshape(*pairs.shape[:2], -1)
        own = self.waves.own(node)
        series = np.concatenate([pulls, np.ones((*own.shape[:2], 1)), own], -1)
        columns = self.project.rows(self.project.force, series)
        if self.order == 2:
            rate = self.project.rows(self.project.rate, self.smoothed.phases[..., node : node + 1])
            columns = np.concatenate([columns, rate], 1)
        target = self.project.rows(self.project.target, self.phases[..., node : node + 1])[:, 0]
        return Sums.of(columns, target)

    def chosen(self, sums: Sums) -> Chosen:
        others = np.arange(self.nodes - 1)
        always = np.arange(self.nodes - 1, sums.count)
        return stepwise(sums, others, always, LIKELY, NEGLIGIBLE)


def coupling_function(data: WeakData) -> tuple[np.ndarray, float]:
    """(form, misfit): H that all nodes share, shape (harmonics, 2), from some of the nodes.

    The misfit is the mean square of the whitened residual over the noise. Forms tried are the single
    functions and what alternating least squares make of them; that of the lowest information criterion after
    selection of edges is taken.
    """
    nodes = np.unique(np.linspace(0, data.nodes - 1, min(data.nodes, SOME)).round().astype(int))
    every = [data.sums(int(i), None) for i in nodes]
    others, size = data.nodes - 1, 2 * HARMONICS
    reduced = [s.without(np.arange(others * size, s.count)) for s in every]
    singles = list(np.eye(size))
    forms = [*singles, *(_alternated(reduced, others, form) for form in singles)]
    best, chosen, misfit = np.inf, singles[0], np.inf
    for form in forms:
        mixing = scipy.linalg.block_diag(
            np.kron(np.eye(others), form), np.eye(every[0].count - others * size)
        )
        score, squares, freedom = 0.0, 0.0, 0
        for sums in every:
            mixed = Sums(mixing @ sums.gram @ mixing.T, mixing @ sums.moment, sums.square, sums.rows)
            found = data.chosen(mixed)
            count = int(np.count_nonzero(found.coefficients))
            score += sums.rows * np.log(max(found.squares, 1e-300)) + count * np.log(sums.rows)
            squares, freedom = squares + found.squares, freedom + max(1, sums.rows - count)
        score += np.count_nonzero(form) * np.log(sum(s.rows for s in every))
        if score < best:
            best, chosen, misfit = score, form, squares / freedom / max(data.sigma, 1e-300) ** 2
    return _normalised(chosen.reshape(HARMONICS, 2)), misfit


def first_law(data: WeakData, form: np.ndarray) -> Start:
    """Edges, frequencies and dampings node by node for a given coupling function."""
    nodes = data.nodes
    coupling, full = np.zeros((2, nodes, nodes))
    frequencies, damping, own = np.zeros(nodes), np.zeros(nodes), np.zeros((nodes, 4))
    for i in range(nodes):
        sums = data.sums(i, form)
        others = np.delete(np.arange(nodes), i)
        full[i, others] = sums.solve(np.arange(sums.count))[: nodes - 1]
        coefficients = data.chosen(sums).coefficients
        coupling[i, others] = coefficients[: nodes - 1]
        frequencies[i] = coefficients[nodes - 1]
        own[i] = coefficients[nodes : nodes + 4]
        damping[i] = coefficients[nodes + 4] if data.order == 2 else 0.0
    on_site = np.median(own, axis=0).reshape(2, 2)
    return Start(Law(data.order, coupling, frequencies, damping, form, on_site), full)


def _alternated(reduced: list[Sums], others: int, form: np.ndarray) -> np.ndarray:
    """Alternating least squares of K_ij c_q from a form c, of unit length."""
    size, squares = len(form), np.inf
    for _ in range(40):
        matrix, vector, left = np.zeros((size, size)), np.zeros(size), 0.0
        for node in reduced:
            gram = node.gram.reshape(others, size, others, size)
            weights = _ridge(_mixed(gram, form), node.moment.reshape(others, size) @ form)
            matrix += (weights @ (weights @ gram.reshape(others, -1)).reshape(size, others, size)).reshape(
                size, size
            )
            vector += weights @ node.moment.reshape(others, size)
            left += node.square
        form = np.linalg.lstsq(matrix, vector, rcond=1e-10)[0]
        left -= float(vector @ form)
        form = form / max(float(np.linalg.norm(form)), 1e-300)
        if left > squares * (1 - 1e-4):
            break
        squares = left
    return form


def _mixed(gram: np.ndarray, form: np.ndarray) -> np.ndarray:
    """Σ_pq c_p G_ipjq c_q."""
    return np.einsum("ipj,p->ij", gram @ form, form)


def _normalised(form: np.ndarray) -> np.ndarray:
    """a² + b² = 1 in the strongest harmonic, with −π/2 < α ≤ π/2 for its (cos α, −sin α)."""
    a, b = (float(value) for value in form[gauge_of(form)])
    sign = -1.0 if a < 0 or (a == 0 and b > 0) else 1.0
    return form * (sign / max(float(np.hypot(a, b)), 1e-300)) + 0.0


def gauge_of(form: np.ndarray) -> int:
    """Index of the strongest harmonic."""
    return int(np.hypot(*form.T).argmax())


def _ridge(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    scaled = matrix / np.outer(scale, scale) + 1e-8 * np.eye(len(matrix))
    return np.linalg.solve(scaled, right / scale) / scale
