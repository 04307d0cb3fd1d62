"""Which edges the likelihood asks for, each node by itself, at trajectories of the present law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from .law import Law
from .shooting import Trajectories
from .start import NEGLIGIBLE
from .stepwise import Sums, stepwise
from .workers import at_once

RISK = 0.01
"""Chance of one false edge or more in the whole network (Bonferroni's bound)."""


def threshold(nodes: int) -> float:
    """Standard errors that an edge must stand out by, for N(N − 1) candidates."""
    return float(norm.isf(RISK / (2 * nodes * (nodes - 1))))


@dataclass(frozen=True)
class Proposal:
    """Edges that node by node stand out, K's standard errors with all candidates at once, and the part that a
    pull H(θ_j − θ_i) of unit weight has in what moves node i. shape: (N, N) each
    """

    edges: np.ndarray
    full_stderr: np.ndarray
    part: np.ndarray


def propose(law: Law, trajectories: Trajectories, states: np.ndarray, variance: float) -> Proposal:
    """Stepwise selection by the response of each oscillator to its own coefficients, the others as they are.

    s_j = ∂θ_i/∂K_ij obeys ṡ_j = (∂F_i/∂θ_i)s_j + H(θ_j − θ_i), likewise for ω_i and the initial state; the
    residual θ_data − θ is white where the law is right. That is the score test, per node.
    """
    nodes = law.nodes
    edges, (errors, part) = np.zeros((nodes, nodes), bool), np.zeros((2, nodes, nodes))
    rest = trajectories.phases - states[..., :nodes]
    torque, slope = law.torque(states[..., :nodes]), law.own_slopes(states[..., :nodes])
    z = threshold(nodes)

    def of_node(i: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        own = rest[..., i], torque[..., i], slope[..., i]
        sums, scale = own_sums(law, trajectories, states, own, i, variance)
        found = stepwise(sums, np.arange(nodes - 1), np.arange(nodes - 1, sums.count), z)
        stands_out = np.abs(found.coefficients[: nodes - 1]) * scale > NEGLIGIBLE
        return stands_out, _standard_errors(sums, nodes - 1), scale

    for i, found in enumerate(at_once(of_node, range(nodes), trajectories.workers)):
        others = np.delete(np.arange(nodes), i)
        edges[i, others], errors[i, others], part[i, others] = found
    return Proposal(edges, errors, part)


def own_sums(
    law: Law,
    trajectories: Trajectories,
    states: np.ndarray,
    own: tuple[np.ndarray, np.ndarray, np.ndarray],
    node: int,
    variance: float,
) -> tuple[Sums, np.ndarray]:
    """Sums of the columns (K_ij for all j ≠ i, ω_i[, γ_i]), initial states of each sample projected out.

    `own` holds the node's residual, torque and ∂F_i/∂θ_i, (S, T) each.
    Also the size of each edge's pull relative to all that moves the node about its mean rate. shape: (N − 1,)
    """
    nodes, step = law.nodes, trajectories.step
    others = np.delete(np.arange(nodes), node)
    rest, torque, slope = own
    count = nodes - 1 + law.order
    present = np.concatenate(
        [law.coupling[node, others], [law.frequencies[node]], [law.damping[node]][: law.order - 1]]
    )
    theta = states[..., :nodes]
    forcing = np.concatenate([law.pulls(theta, node), np.ones((*theta.shape[:2], 1))], -1)
    size = np.sqrt(forcing[..., :-1].var(1).mean(0) / max(torque.var(1).mean(), 1e-300))
    if law.order == 2:
        forcing = np.concatenate([forcing, -states[..., nodes + node, None]], -1)
    columns = _response(forcing, slope, law.order, law.damping[node], step)
    target = rest + columns[..., :count] @ present
    both = np.concatenate([columns[..., :count], target[..., None]], -1)
    initial = np.linalg.qr(columns[..., count:])[0]
    both = (both - initial @ (initial.mT @ both)).reshape(-1, count + 1)
    gram = both.T @ both
    rows = len(both) - law.order * len(states)
    return Sums(gram[:count, :count], gram[:count, count], float(gram[count, count]), rows, variance), size


def _response(forcing: np.ndarray, slope: np.ndarray, order: int, friction: float, step: float) -> np.ndarray:
    """Responses of one oscillator to forces (S, T, C) and to its initial state. shape: (S, T, C + order)"""
    slope = slope[..., None]
    samples, times, count = forcing.shape
    size = count + order
    drive = np.concatenate([forcing, np.zeros((samples, times, order))], -1)
    place, speed = np.zeros((2, samples, size))
    place[:, count] = 1.0
    speed[:, -1] = order - 1.0
    found = np.empty((samples, times, size))
    found[:, 0] = place
    for k in range(times - 1):
        if order == 1:
            first = slope[:, k] * place + drive[:, k]
            second = slope[:, k + 1] * (place + step * first) + drive[:, k + 1]
            place = place + step / 2 * (first + second)
        else:
            first = slope[:, k] * place - friction * speed + drive[:, k]
            ahead, fast = place + step * speed, speed + step * first
            second = slope[:, k + 1] * ahead - friction * fast + drive[:, k + 1]
            place, speed = place + step / 2 * (speed + fast), speed + step / 2 * (first + second)
        found[:, k + 1] = place
    return found


def _standard_errors(sums: Sums, count: int) -> np.ndarray:
    """With all candidates at once; inf where the data hold nothing."""
    scale = np.sqrt(np.maximum(np.diag(sums.gram), 1e-300))
    values, vectors = np.linalg.eigh(sums.gram / np.outer(scale, scale))
    inverse = np.square(vectors) @ (1 / np.maximum(values, 1e-14))
    return np.sqrt(sums.variance * inverse[:count]) / scale[:count]
