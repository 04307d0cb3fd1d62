"""What is known in closed form: two oscillators, and the Ott–Antonsen manifold of infinitely many."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import torch
from scipy import special
from scipy.optimize import brentq


@dataclass(frozen=True)
class LockedPair:
    """The stable locked state of two oscillators.

    Attributes:
        difference: θ_2 − θ_1, in (−π, π].
        frequency: the common θ̇.
        relaxation: the rate at which a disturbance of the difference decays.
    """

    difference: float
    frequency: float
    relaxation: float


def locked_pair(
    frequencies: tuple[float, float], couplings: tuple[float, float], phase_lag: float = 0.0
) -> LockedPair:
    """The stable locked state of

        θ̇_1 = ω_1 + K_12 sin(θ_2 − θ_1 − α),    θ̇_2 = ω_2 + K_21 sin(θ_1 − θ_2 − α).

    With R = K_21 e^{iα} + K_12 e^{−iα} the difference δ = θ_2 − θ_1 obeys δ̇ = Δω − |R| sin(δ + arg R), so it
    locks at δ = arcsin(Δω/|R|) − arg R where |Δω| < |R|, at the rate √(|R|² − Δω²). For K_12 = K_21 = K and α
    = 0 that is sin δ = Δω/2K. `couplings` is (K_12, K_21). ValueError, with the beat frequency, where it does
    not lock.
    """
    (first, second), (on_first, on_second) = frequencies, couplings
    detuning = second - first
    total = on_second * cmath.exp(1j * phase_lag) + on_first * cmath.exp(-1j * phase_lag)
    if not abs(detuning) < abs(total):
        raise ValueError(
            f"got a detuning of {abs(detuning):.6g}, expected less than |R| = {abs(total):.6g}: the pair "
            f"drifts, with beat frequency {beat_frequency(frequencies, couplings, phase_lag):.6g}"
        )
    difference = math.asin(detuning / abs(total)) - cmath.phase(total)
    difference = math.pi - (math.pi - difference) % (2 * math.pi)
    return LockedPair(
        difference,
        first + on_first * math.sin(difference - phase_lag),
        math.sqrt(abs(total) ** 2 - detuning**2),
    )


def beat_frequency(
    frequencies: tuple[float, float], couplings: tuple[float, float], phase_lag: float = 0.0
) -> float:
    """√(Δω² − |R|²), the mean |δ̇| of the pair of `locked_pair`; 0 where it locks."""
    total = couplings[1] * cmath.exp(1j * phase_lag) + couplings[0] * cmath.exp(-1j * phase_lag)
    excess = (frequencies[1] - frequencies[0]) ** 2 - abs(total) ** 2
    return math.sqrt(excess) if excess > 0 else 0.0


def ott_antonsen_order_parameter(coupling: float, width: float) -> float:
    """r = √(1 − K_c/K) above K_c = 2γ, else 0: Lorentzian frequencies of half-width γ, all-to-all coupling
    K/N.

    Ott & Antonsen, Chaos 18 (2008) 037113.
    """
    critical = 2 * width
    return math.sqrt(1 - critical / coupling) if coupling > critical else 0.0


def noisy_order_parameter(coupling: float, diffusion: float) -> float:
    """r of identical oscillators with white noise, D = σ²/2: r = I₁(Kr/D)/I₀(Kr/D) above K_c = 2D, else 0.

    Their phases are in equilibrium at the temperature D, with density ∝ exp((Kr/D) cos θ); with frequencies
    K_c is larger (Sakaguchi, Prog. Theor. Phys. 79 (1988) 39).
    """
    if not diffusion > 0:
        raise ValueError(f"got diffusion {diffusion}, expected D > 0; without noise they synchronise, r = 1")
    if coupling <= 2 * diffusion:
        return 0.0

    def excess(r: float) -> float:
        field = coupling * r / diffusion
        return float(special.ive(1, field) / special.ive(0, field)) - r

    smallest = 1e-3 * math.sqrt(1 - 2 * diffusion / coupling)
    return float(brentq(excess, smallest, 1.0, xtol=1e-14))


def ott_antonsen_rate(
    z: torch.Tensor,
    coupling: float,
    width: float,
    centre: float = 0.0,
    phase_lag: float = 0.0,
    triplets: float = 0.0,
) -> torch.Tensor:
    """ż = (iω₀ − γ) z + ½(H − H̄ z²) with H = K e^{−iα} z + K₂ z² z̄, for z = (1/N) Σ e^{iθ_j}, N → ∞.

    Exact on the Ott–Antonsen manifold (phases of every frequency on a wrapped Cauchy distribution), which
    attracts. `triplets` is K₂ of `MeanFieldTriplets` of the form "2j-k-i" without lag (Skardal & Arenas,
    Commun. Phys. 3 (2020) 218); the other form and higher harmonics leave the manifold. Ott & Antonsen, Chaos
    18 (2008) 037113.
    """
    field = coupling * cmath.exp(-1j * phase_lag) * z + triplets * z * z * z.conj()
    return (1j * centre - width) * z + (field - field.conj() * z * z) / 2


def ott_antonsen_transient(initial: float, time: torch.Tensor, coupling: float, width: float) -> torch.Tensor:
    """r(t) = |z(t)| of `ott_antonsen_rate` without lag and triplets, from r(0) = initial:

        r² = a r₀² / (K r₀² + (a − K r₀²) e^{−at}),    a = K − 2γ

    and r² = r₀²/(1 + K r₀² t) at a = 0.
    """
    excess, square = coupling - 2 * width, initial**2
    if excess == 0:
        return torch.sqrt(square / (1 + coupling * square * time))
    decay = torch.exp(-excess * time)
    return torch.sqrt(excess * square / (coupling * square + (excess - coupling * square) * decay))
