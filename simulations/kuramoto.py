"""Phase oscillators on a network, of first order in time (Kuramoto) or with inertia."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

Numbers = torch.Tensor | np.ndarray | Sequence | float


class Kuramoto:
    """Kuramoto oscillators, without 1/N in front of the sum:

        inertia = 0:   θ̇_i = ω_i + Σ_j K_ij sin(θ_j − θ_i − α)
        inertia > 0:   m_i θ̈_i + γ_i θ̇_i = ω_i + Σ_j K_ij sin(θ_j − θ_i − α)

    The sums are matrix products of sines and cosines: sin(θ_j − θ_i − α) expanded by the addition theorem,
    so a dense network costs 2N sines, not N². A scalar coupling K means every pair with K/N; it goes
    through the mean field z = (1/N) Σ e^{iθ_j} in O(N).

    Phases have shape (…, node).

    Args:
        coupling: the N × N matrix K_ij, row i acting on oscillator i, or a scalar for K/N everywhere.
        frequencies: ω, shape (N,).
        inertia: m, a number or shape (N,): all zero or all positive.
        damping: γ, a number or shape (N,), ≥ 0; needs inertia > 0.
        phase_lag: α in radians.

    Raises ValueError for shapes that do not fit, numbers that are not finite, or damping without inertia.
    """

    fields: tuple[str, ...] = ("theta",)
    axes: tuple[str, ...] = ("node",)
    boundary = None

    def __init__(
        self,
        coupling: Numbers,
        frequencies: Numbers,
        inertia: Numbers = 0.0,
        damping: Numbers = 0.0,
        phase_lag: float = 0.0,
    ):
        self.frequencies = _tensor(frequencies, "frequencies")
        self.coupling = _tensor(coupling, "coupling")
        if self.frequencies.ndim != 1 or len(self.frequencies) < 2:
            raise ValueError(
                f"got frequencies of shape {tuple(self.frequencies.shape)}, expected (N,) with N ≥ 2"
            )
        count = len(self.frequencies)
        if self.coupling.shape not in ((), (count, count)):
            raise ValueError(
                f"got a coupling of shape {tuple(self.coupling.shape)} for {count} frequencies, "
                f"expected a scalar or ({count}, {count})"
            )
        self.inertia = self._per_node(inertia, "inertia")
        self.damping = self._per_node(damping, "damping")
        self.phase_lag = float(phase_lag)
        if not (bool((self.inertia == 0).all()) or bool((self.inertia > 0).all())):
            raise ValueError("got inertia with zeros beside other values, expected all zero or all positive")
        if bool((self.damping < 0).any()):
            raise ValueError("got negative damping, expected γ ≥ 0")
        self.time_order = 2 if bool((self.inertia > 0).all()) else 1
        damped = bool((self.damping > 0).any())
        if damped and self.time_order == 1:
            raise ValueError(
                "got damping without inertia, expected inertia > 0; first-order oscillators have no γ"
            )
        self.separable = self.time_order == 2 and not damped
        lag = torch.tensor(self.phase_lag, dtype=torch.float64)
        self._cos_lag, self._sin_lag = float(torch.cos(lag)), float(torch.sin(lag))

    @property
    def points(self) -> tuple[int, ...]:
        """Shape of the node axis, (N,)."""
        return (len(self.frequencies),)

    def velocity(self, theta: torch.Tensor, time: float = 0.0) -> torch.Tensor:
        """θ̇ of the first-order system; ValueError with inertia. Shape (…, node)."""
        if self.time_order == 2:
            raise ValueError(
                "got oscillators with inertia, whose velocity is part of the state; use .acceleration"
            )
        return self.torque(theta)

    def acceleration(
        self, theta: torch.Tensor, velocity: torch.Tensor | None = None, time: float = 0.0
    ) -> torch.Tensor:
        """θ̈ = (ω + Σ_j K_ij sin(θ_j − θ_i − α) − γθ̇)/m; ValueError without inertia. Shape (…, node)."""
        if self.time_order == 1:
            raise ValueError("got oscillators without inertia, which have no acceleration; use .velocity")
        torque = self.torque(theta)
        if not self.separable:
            if velocity is None:
                raise ValueError("got no velocity, expected one: these oscillators are damped")
            torque = torque - self.damping.to(theta) * velocity
        return torque / self.inertia.to(theta)

    def torque(self, theta: torch.Tensor) -> torch.Tensor:
        """ω_i + Σ_j K_ij sin(θ_j − θ_i − α), shape (…, node)."""
        sine, cosine = torch.sin(theta), torch.cos(theta)
        sines, cosines = self._sums(sine, cosine)  # Σ_j K_ij sin θ_j, Σ_j K_ij cos θ_j
        lagged_sines = sines * self._cos_lag - cosines * self._sin_lag
        lagged_cosines = cosines * self._cos_lag + sines * self._sin_lag
        return self.frequencies.to(theta) + cosine * lagged_sines - sine * lagged_cosines

    def energy(self, theta: torch.Tensor, velocity: torch.Tensor) -> torch.Tensor:
        """½ Σ m_i θ̇_i² − Σ ω_i θ_i + ½ Σ_ij K_ij (1 − cos(θ_i − θ_j)), of unwrapped phases; shape (…).

        Conserved for inertia > 0, γ = 0, α = 0 and symmetric K. ValueError where this is no energy:
        K not symmetric, α ≠ 0, or no inertia.
        """
        symmetric = self.coupling.ndim == 0 or torch.equal(self.coupling, self.coupling.mT)
        if self.time_order == 1 or self.phase_lag != 0 or not symmetric:
            raise ValueError(
                "got oscillators without an energy, expected inertia > 0, symmetric coupling, no phase lag"
            )
        sine, cosine = torch.sin(theta), torch.cos(theta)
        sines, cosines = self._sums(sine, cosine)
        total = self.coupling.sum() if self.coupling.ndim else self.coupling * len(self.frequencies)
        interaction = (total.to(theta) - (cosine * cosines + sine * sines).sum(-1)) / 2
        kinetic = (self.inertia.to(theta) * velocity**2).sum(-1) / 2
        return kinetic - (self.frequencies.to(theta) * theta).sum(-1) + interaction

    def charge(self, theta: torch.Tensor, velocity: torch.Tensor, time: torch.Tensor | float) -> torch.Tensor:
        """The U(1) charge Σ m_i θ̇_i − t Σ ω_i of the shift θ → θ + ε; shape (…).

        Conserved for γ = 0 and Σ_ij K_ij sin(θ_j − θ_i − α) = 0, so for symmetric K and α = 0.
        """
        return (self.inertia.to(theta) * velocity).sum(-1) - time * self.frequencies.to(theta).sum()

    def order_parameter(self, theta: torch.Tensor) -> torch.Tensor:
        """r e^{iψ} = (1/N) Σ_j e^{iθ_j}, complex, shape (…); r = 1 in synchrony."""
        return torch.complex(torch.cos(theta).mean(-1), torch.sin(theta).mean(-1))

    def largest_frequency(
        self, theta: torch.Tensor, velocity: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        """A bound for the rates at which the torques change during a run.

        Stiffness: Gershgorin's bound 2 max_i Σ_j |K_ij|, its root with inertia, and γ/m. To it adds the
        spread of the phase velocities, which with inertia may grow by that of ω_i/m_i times the duration.
        """
        stiffness = 2 * (self.coupling.abs().sum(-1) if self.coupling.ndim else self.coupling.abs())
        if self.time_order == 1:
            return float(stiffness.max() + _spread(self.frequencies))
        rate = (self.damping / self.inertia).max() + (stiffness / self.inertia).max().sqrt()
        drift = duration * _spread(self.frequencies / self.inertia)
        return float(rate + drift + (0 if velocity is None else _spread(velocity)))

    def description(self) -> dict[str, str | float | list[float]]:
        """Equation and parameters as attributes for a file; of the coupling, only a scalar one."""
        left = "theta_i_tt*m_i + gamma_i*theta_i_t" if self.time_order == 2 else "theta_i_t"
        attributes: dict[str, str | float | list[float]] = {
            "equation": f"{left} = omega_i + sum_j K_ij*sin(theta_j - theta_i - alpha)",
            "frequencies": self.frequencies.tolist(),
            "phase_lag": self.phase_lag,
        }
        if self.time_order == 2:
            attributes |= {"inertia": self.inertia.tolist(), "damping": self.damping.tolist()}
        if self.coupling.ndim == 0:
            attributes["coupling"] = float(self.coupling)
        return attributes

    def _sums(self, sine: torch.Tensor, cosine: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if self.coupling.ndim:
            transpose = self.coupling.to(sine).mT
            return sine @ transpose, cosine @ transpose
        strength = self.coupling.to(sine)
        return strength * sine.mean(-1, keepdim=True), strength * cosine.mean(-1, keepdim=True)

    def _per_node(self, value: Numbers, name: str) -> torch.Tensor:
        tensor = _tensor(value, name)
        if tensor.shape not in ((), self.frequencies.shape):
            raise ValueError(
                f"got {name} of shape {tuple(tensor.shape)}, expected a number or ({len(self.frequencies)},)"
            )
        return tensor.expand(self.frequencies.shape)


def _spread(values: torch.Tensor) -> torch.Tensor:
    """The largest difference between two nodes, over all samples."""
    return (values.amax(-1) - values.amin(-1)).max()


def _tensor(value: Numbers, name: str) -> torch.Tensor:
    tensor = torch.as_tensor(value, dtype=torch.float64)
    if not bool(torch.isfinite(tensor).all()):
        raise ValueError(f"got {name} that is not finite, expected numbers")
    return tensor
