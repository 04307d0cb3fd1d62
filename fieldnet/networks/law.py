"""The law of oscillators on a network: torques, their derivatives, and trajectories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

REACH = 0.05
"""Largest step of the integrator times the fastest rate: the error of a Runge–Kutta step is then ~1e-8."""


@dataclass(frozen=True)
class Law:
    """Oscillators θ̇_i = F_i (order 1) or θ̈_i + γ_iθ̇_i = F_i (order 2, inertia 1), with

        F_i = ω_i + Σ_j K_ij H(θ_j − θ_i) + P(θ_i),
        H(d) = Σ_n a_n sin nd + b_n cos nd,     P(θ) = Σ_n p_n sin nθ + q_n cos nθ.

    shape: coupling (N, N) with zero diagonal, frequencies, damping (N,), form (harmonics, 2) of (a_n, b_n),
    on_site (2, 2) of (p_n, q_n)
    """

    order: int
    coupling: np.ndarray
    frequencies: np.ndarray
    damping: np.ndarray
    form: np.ndarray
    on_site: np.ndarray

    @property
    def nodes(self) -> int:
        return len(self.frequencies)

    def torque(self, theta: np.ndarray) -> np.ndarray:
        """F by the addition theorem, one matrix product a harmonic. shape: (..., N) -> (..., N)"""
        total = np.broadcast_to(self.frequencies, theta.shape).copy()
        for n, ((a, b), (p, q)) in self._harmonics():
            sine, cosine = np.sin(n * theta), np.cos(n * theta)
            if a or b:
                sines, cosines = sine @ self.coupling.T, cosine @ self.coupling.T
                total += cosine * (a * sines + b * cosines) + sine * (b * sines - a * cosines)
            if p or q:
                total += p * sine + q * cosine
        return total

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        """∂F_i/∂θ_j. shape: (..., N) -> (..., N, N)"""
        slopes = np.zeros((*theta.shape, self.nodes))
        own = np.zeros(theta.shape)
        for n, ((a, b), (p, q)) in self._harmonics():
            sine, cosine = np.sin(n * theta), np.cos(n * theta)
            if a or b:
                along = n * (a * cosine + b * sine), n * (a * sine - b * cosine)
                slopes += along[0][..., :, None] * cosine[..., None, :]
                slopes += along[1][..., :, None] * sine[..., None, :]
            if p or q:
                own += n * (p * cosine - q * sine)
        slopes *= self.coupling
        diagonal = np.arange(self.nodes)
        slopes[..., diagonal, diagonal] = own - slopes.sum(-1)
        return slopes

    def own_slopes(self, theta: np.ndarray) -> np.ndarray:
        """∂F_i/∂θ_i. shape: (..., N) -> (..., N)"""
        total = np.zeros(theta.shape)
        for n, ((a, b), (p, q)) in self._harmonics():
            sine, cosine = np.sin(n * theta), np.cos(n * theta)
            if a or b:
                sines, cosines = sine @ self.coupling.T, cosine @ self.coupling.T
                total += n * (cosine * (b * sines - a * cosines) - sine * (a * sines + b * cosines))
            if p or q:
                total += n * (p * cosine - q * sine)
        return total

    def pulls(self, theta: np.ndarray, node: int) -> np.ndarray:
        """H(θ_j − θ_i) of one node i and all others j. shape: (..., N) -> (..., N − 1)"""
        total = np.zeros(theta.shape)
        for n, (a, b) in enumerate(self.form, 1):
            if a or b:
                sine, cosine = np.sin(n * theta), np.cos(n * theta)
                own_sine, own_cosine = sine[..., node, None], cosine[..., node, None]
                total += sine * (a * own_cosine + b * own_sine) + cosine * (b * own_cosine - a * own_sine)
        return np.delete(total, node, -1)

    def pull(self, theta: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """H(θ_j − θ_i) of pairs. shape: (..., N), (pairs,), (pairs,) -> (..., pairs)"""
        difference = theta[..., j] - theta[..., i]
        pulls = np.zeros(difference.shape)
        for n, (a, b) in enumerate(self.form, 1):
            if a:
                pulls += a * np.sin(n * difference)
            if b:
                pulls += b * np.cos(n * difference)
        return pulls

    def acceleration(self, state: np.ndarray) -> np.ndarray:
        """Time derivative of the state, θ or (θ, θ̇). shape: (..., order·N) -> (..., order·N)"""
        if self.order == 1:
            return self.torque(state)
        theta, velocity = state[..., : self.nodes], state[..., self.nodes :]
        return np.concatenate([velocity, self.torque(theta) - self.damping * velocity], -1)

    def run(self, initial: np.ndarray, steps: int, step: float, divisions: int = 1) -> np.ndarray:
        """States at the times 0, Δt, … of the classical Runge–Kutta method.

        shape: (samples, order·N) -> (samples, steps + 1, order·N)
        """
        states = np.empty((len(initial), steps + 1, initial.shape[1]))
        states[:, 0] = state = initial
        h = step / divisions
        for k in range(steps):
            for _ in range(divisions):
                k1 = self.acceleration(state)
                k2 = self.acceleration(state + h / 2 * k1)
                k3 = self.acceleration(state + h / 2 * k2)
                k4 = self.acceleration(state + h * k3)
                state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            states[:, k + 1] = state
        return states

    def rate(self) -> float:
        """A bound of the rates at which phases and their differences change."""
        harmonics = np.arange(1, len(self.form) + 1)
        slope = float((harmonics[:, None] * np.abs(self.form)).sum())
        pull = float(np.abs(self.coupling).sum(1).max(initial=0.0)) * slope
        own = float(np.abs(self.on_site).sum() * 2)
        return max(pull + own + float(np.abs(self.damping).max(initial=0.0)), 1e-12)

    def with_harmonics(self, count: int) -> Law:
        """The same law with room for `count` harmonics."""
        form = np.zeros((count, 2))
        form[: len(self.form)] = self.form[:count]
        return replace(self, form=form)

    def _harmonics(self) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray]]]:
        for n in range(max(len(self.form), len(self.on_site))):
            form = self.form[n] if n < len(self.form) else np.zeros(2)
            own = self.on_site[n] if n < len(self.on_site) else np.zeros(2)
            yield n + 1, (form, own)
