"""Maximum likelihood along trajectories: the law and the initial states that come nearest to the phases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from .law import REACH, Law
from .workers import at_once

RESOLVED = 0.5
"""Widest bin of the residual times the fastest rate: sensitivities hardly change within a bin."""

Name = tuple[str, int, int]


@dataclass(frozen=True)
class Free:
    """Which coefficients vary: edges (N, N) and damped (N,), boolean; the shared ones as masks.

    `lag`: the phase of the harmonic `gauge`, whose amplitude √(a² + b²) is 1 and carries the unit of K.
    `form` (harmonics, 2) and `on_site` (2, 2) are boolean; the row `gauge` of `form` is not used.
    """

    edges: np.ndarray
    damped: np.ndarray
    gauge: int
    lag: bool
    form: np.ndarray
    on_site: np.ndarray

    def within(self, other: Free) -> Free:
        """What is free here and there."""
        return replace(
            self,
            edges=self.edges & other.edges,
            damped=self.damped & other.damped,
            lag=self.lag and other.lag,
            form=self.form & other.form,
            on_site=self.on_site & other.on_site,
        )

    def shared(self) -> list[Name]:
        """The shared coefficients in their order: (kind, harmonic, part)."""
        names: list[Name] = [("lag", self.gauge, 0)] if self.lag else []
        names += [("form", int(n), int(p)) for n, p in np.argwhere(self.form) if n != self.gauge]
        return names + [("on-site", int(n), int(p)) for n, p in np.argwhere(self.on_site)]

    def names(self) -> list[Name]:
        """All coefficients in their order: ("edge", i, j), ("frequency", i, 0), ("damping", i, 0), shared."""
        names: list[Name] = [("edge", int(i), int(j)) for i, j in np.argwhere(self.edges)]
        names += [("frequency", i, 0) for i in range(len(self.damped))]
        names += [("damping", int(i), 0) for i in np.flatnonzero(self.damped)]
        return names + self.shared()

    def count(self) -> int:
        return int(self.edges.sum() + len(self.damped) + self.damped.sum()) + len(self.shared())


@dataclass(frozen=True)
class Normal:
    """Normal equations of one Gauss–Newton step, initial states eliminated; with the steps of these.

    shape: matrix (P, P), gradient (P,)
    """

    matrix: np.ndarray
    gradient: np.ndarray
    initial_steps: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Trajectories:
    """Phases of samples with the states that a law starts from. shape: phases (S, T, N), initial (S, ·)

    `workers`: how many samples, or nodes, are worked on at once.
    """

    phases: np.ndarray
    step: float
    initial: np.ndarray
    workers: int = 1

    def run(self, law: Law) -> np.ndarray:
        """States of the law at the times of the data. shape: (S, T, order·N)"""
        rate = law.rate()
        if not np.isfinite(rate):
            return np.full((*self.phases.shape[:2], self.initial.shape[1]), np.nan)
        divisions = max(1, int(np.ceil(self.step * rate / (10 * REACH))))
        with np.errstate(over="ignore", invalid="ignore"):
            return law.run(self.initial, self.phases.shape[1] - 1, self.step, min(divisions, 50))

    def squares(self, states: np.ndarray) -> float:
        """Σ(θ_data − θ)²."""
        with np.errstate(over="ignore", invalid="ignore"):
            value = float(np.square(self.phases - states[..., : self.phases.shape[2]]).sum())
        return value if np.isfinite(value) else np.inf

    def freedom(self, coefficients: int) -> int:
        """Data less coefficients and initial states."""
        return max(1, self.phases.size - coefficients - self.initial.size)


def maximise(
    law: Law,
    free: Free,
    trajectories: Trajectories,
    iterations: int = 12,
    tolerance: float = 1e-6,
    prior: float = 0.0,
) -> tuple[Law, Trajectories, float]:
    """Gauss–Newton on all free coefficients and initial states; (law, trajectories, Σ of squares).

    With a `prior` the sum of squares has prior·ΣK² besides: of weights whose size is σ/√prior. Steps are
    halved until the sum falls. It ends where the fall is below `tolerance` of it, or 1% of the mean square of
    one residual if that is more.
    """
    states = trajectories.run(law)
    squares = trajectories.squares(states)
    penalty = prior * float(np.square(law.coupling).sum())
    edges = int(free.edges.sum())
    for _ in range(iterations):
        if not np.isfinite(squares):
            break
        normal = normal_equations(law, free, trajectories, states)
        matrix, gradient = normal.matrix, normal.gradient.copy()
        matrix[np.arange(edges), np.arange(edges)] += prior
        gradient[:edges] -= prior * law.coupling[free.edges]
        step = solve(matrix, gradient)
        starts = normal.initial_steps(step)
        fraction, trial_squares = 1.0, np.inf
        while fraction > 1e-2:
            trial = moved(law, free, fraction * step)
            trial_paths = replace(trajectories, initial=trajectories.initial + fraction * starts)
            trial_states = trial_paths.run(trial)
            trial_squares = trial_paths.squares(trial_states)
            trial_penalty = prior * float(np.square(trial.coupling).sum())
            if trial_squares + trial_penalty < squares + penalty:
                break
            fraction /= 2
        else:
            break
        gain = squares + penalty - trial_squares - trial_penalty
        law, trajectories, states = trial, trial_paths, trial_states
        squares, penalty = trial_squares, trial_penalty
        if gain < squares * max(tolerance, 0.01 / trajectories.freedom(free.count())):
            break
    return law, trajectories, squares


def moved(law: Law, free: Free, step: np.ndarray) -> Law:
    """The law with its free coefficients moved by a step (P,)."""
    edges, nodes = int(free.edges.sum()), law.nodes
    coupling, frequencies, damping = law.coupling.copy(), law.frequencies.copy(), law.damping.copy()
    coupling[free.edges] += step[:edges]
    frequencies += step[edges : edges + nodes]
    place = edges + nodes
    damped = int(free.damped.sum())
    damping[free.damped] += step[place : place + damped]
    form, on_site = law.form.copy(), law.on_site.copy()
    for (kind, n, part), value in zip(free.shared(), step[place + damped :], strict=True):
        if kind == "lag":
            turn = np.arctan2(-form[n, 1], form[n, 0]) + value
            form[n] = np.hypot(*form[n]) * np.array([np.cos(turn), -np.sin(turn)])
        elif kind == "form":
            form[n, part] += value
        else:
            on_site[n, part] += value
    return replace(
        law, coupling=coupling, frequencies=frequencies, damping=damping, form=form, on_site=on_site
    )


def normal_equations(law: Law, free: Free, trajectories: Trajectories, states: np.ndarray) -> Normal:
    """JᵀJ and Jᵀr of the residual r = θ_data − θ, averaged over bins of time, J by the variational equations.

    δθ obeys the linear equations δẋ = ∂F/∂x δx + Σ_p δp ∂F/∂p along the trajectory; a bin is one step of
    Runge–Kutta of the fundamental matrix, with Simpson's rule for the forcing.
    """
    width = RESOLVED / _fastest(law, states, trajectories.step)
    bins = max(1, min(states.shape[1] // 4, int(np.ceil(states.shape[1] * trajectories.step / width))))
    edges = np.linspace(0, states.shape[1], bins + 1).round().astype(int)
    counts = np.diff(edges)
    rest = trajectories.phases - states[..., : law.nodes]
    means = np.add.reduceat(rest, edges[:-1], axis=1) / np.sqrt(counts)[:, None]
    knots = np.concatenate([[0], (edges[:-1] + edges[1:] - 1) // 2])
    size, unknown = free.count(), trajectories.initial.shape[1]

    def reduced(sample: int) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """The part of a sample in matrix and gradient, and how its initial state moves."""
        rows = sensitivities(law, free, states[sample], knots, trajectories.step)
        rows *= np.sqrt(counts)[:, None, None]
        rows = rows.reshape(-1, size + unknown)
        gram = rows.T @ rows
        moment = rows.T @ means[sample].ravel()
        start = gram[size:, size:] + 1e-10 * np.trace(gram[size:, size:]) / unknown * np.eye(unknown)
        solved = np.linalg.solve(start, np.column_stack([gram[size:, :size], moment[size:]]))
        return (
            gram[:size, :size] - gram[:size, size:] @ solved[:, :-1],
            moment[:size] - gram[:size, size:] @ solved[:, -1],
            (solved[:, -1], solved[:, :-1]),
        )

    matrix, gradient = np.zeros((size, size)), np.zeros(size)
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    for square, moments, moves in at_once(reduced, range(len(states)), trajectories.workers):
        matrix += square
        gradient += moments
        kept.append(moves)

    def initial_steps(step: np.ndarray) -> np.ndarray:
        return np.stack([alone - others @ step for alone, others in kept])

    return Normal(matrix, gradient, initial_steps)


def _fastest(law: Law, states: np.ndarray, step: float) -> float:
    """A rate at which sensitivities change: typical slopes of torques and relative velocities together."""
    some = states[:: max(1, len(states) // 4), :: max(1, states.shape[1] // 8)]
    slopes = np.square(law.slopes(some[..., : law.nodes])).sum(-1)
    rates = np.diff(states[..., : law.nodes], axis=1) / step
    slope = np.quantile(slopes, 0.9) ** (0.5 if law.order == 1 else 0.25)
    return float(slope + np.sqrt(np.mean(np.square(rates - rates.mean(-1, keepdims=True)))) + 1e-12)


def sensitivities(law: Law, free: Free, states: np.ndarray, knots: np.ndarray, step: float) -> np.ndarray:
    """∂θ/∂(coefficients, initial state) at the knots after the first. shape: (bins, N, P + order·N)"""
    nodes, total = law.nodes, law.order * law.nodes
    i, j = np.nonzero(free.edges)
    damped = np.flatnonzero(free.damped)
    drive = total - nodes
    receivers = drive + np.concatenate([i, np.arange(nodes), damped])
    own, size = len(receivers), free.count()
    moving = np.zeros((total, size + total))
    moving[:, size:] = np.eye(total)
    rows = np.empty((len(knots) - 1, nodes, size + total))
    for b, (first, last) in enumerate(pairwise(knots)):
        if first < last:
            at = np.array([first, (first + last) // 2, last])
            times = (at - first) * step
            flow, late = _transition(law, states[at], times)
            forcing = _forcing(law, free, states[at], i, j, damped)
            weights = _simpson(times)
            moving = flow @ moving
            moving[:, :own] += weights[0] * flow[:, receivers] * forcing[0][0]
            moving[:, :own] += weights[1] * late[:, receivers] * forcing[0][1]
            moving[receivers, np.arange(own)] += weights[2] * forcing[0][2]
            if size > own:
                shared = forcing[1]
                moving[:, own:size] += weights[0] * flow[:, drive:] @ shared[0]
                moving[:, own:size] += weights[1] * late[:, drive:] @ shared[1]
                moving[drive:, own:size] += weights[2] * shared[2]
        rows[b] = moving[:nodes]
    return rows


def _simpson(times: np.ndarray) -> np.ndarray:
    """Weights of three points, exact for parabolas also where the middle one is off the centre."""
    _, middle, end = times
    if middle <= 0 or middle >= end:
        return np.array([end / 2, 0.0, end / 2])
    moments = np.array([end, end**2 / 2, end**3 / 3])
    return np.linalg.solve(np.vander(times, 3, increasing=True).T, moments)


def _transition(law: Law, states: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fundamental matrices from the first and from the middle time to the last."""
    early, middle, late = _generators(law, states)
    length, half = times[2], times[2] - times[1]
    eye = np.eye(len(early))
    second = middle @ (eye + length / 2 * early)
    third = middle @ (eye + length / 2 * second)
    fourth = late @ (eye + length * third)
    flow = eye + length / 6 * (early + 2 * second + 2 * third + fourth)
    mean = (middle + late) / 2
    return flow, eye + half * mean @ (eye + half / 2 * mean)


def _generators(law: Law, states: np.ndarray) -> np.ndarray:
    """∂ẋ/∂x of the states. shape: (..., order·N) -> (..., order·N, order·N)"""
    slopes = law.slopes(states[..., : law.nodes])
    if law.order == 1:
        return slopes
    nodes = law.nodes
    full = np.zeros((*states.shape, 2 * nodes))
    full[..., :nodes, nodes:] = np.eye(nodes)
    full[..., nodes:, :nodes] = slopes
    full[..., nodes:, nodes:] = -np.diag(law.damping)
    return full


def _forcing(
    law: Law, free: Free, states: np.ndarray, i: np.ndarray, j: np.ndarray, damped: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """∂F/∂p: of the coefficients of nodes, (..., own), each on its node; of the shared, (..., N, shared)."""
    theta = states[..., : law.nodes]
    parts = [law.pull(theta, i, j), np.ones(theta.shape)]
    if len(damped):
        parts.append(-states[..., law.nodes + damped])
    shared = free.shared()
    columns = np.zeros((*theta.shape, len(shared)))
    for k, (kind, n, part) in enumerate(shared):
        columns[..., k] = shared_column(law, theta, kind, n, part)
    return np.concatenate(parts, -1), columns


def shared_column(law: Law, theta: np.ndarray, kind: str, n: int, part: int) -> np.ndarray:
    """∂F/∂p of a shared coefficient. shape: (..., N) -> (..., N)"""
    sine, cosine = np.sin((n + 1) * theta), np.cos((n + 1) * theta)
    if kind == "on-site":
        return sine if part == 0 else cosine
    sines, cosines = sine @ law.coupling.T, cosine @ law.coupling.T
    pulled = cosine * sines - sine * cosines, cosine * cosines + sine * sines
    if kind == "form":
        return pulled[part]
    a, b = law.form[n]
    return b * pulled[0] - a * pulled[1]


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Symmetric positive system, scaled to a unit diagonal; directions below rounding are left at 0."""
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    scaled = matrix / np.outer(scale, scale)
    try:
        factor = np.linalg.cholesky(scaled)
        half = np.linalg.solve(factor, right / scale)
        return np.linalg.solve(factor.T, half) / scale
    except np.linalg.LinAlgError:
        return np.linalg.lstsq(scaled, right / scale, rcond=1e-10)[0] / scale
