"""What lagrangian.json says of oscillators that were fitted to noisy phases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..results import Network

IDENTIFIABLE = {
    1: "ω_i, K_ij and the coupling function; no inertia shows in these phases",
    2: "ω_i/m_i, γ_i/m_i, K_ij/m_i and the coupling function: phases do not show the inertia m_i itself",
}


@dataclass(frozen=True)
class OscillatorNetwork(Network):
    """A `Network` with its coupling function H(d) = Σ_n a_n sin nd + b_n cos nd, `form` its (a_n, b_n).

    In the strongest harmonic they are (cos α, −sin α), α the phase lag; K_ij has the unit of the torque.
    Standard errors of absent edges are those with all edges allowed: a weaker edge may have been missed.
    `noise` is the standard deviation of the phases about the trajectories, in radians.

    shape: form (harmonics, 2), on_site (2, 2) of (p_n, q_n) in Σ_n p_n sin nθ + q_n cos nθ
    """

    phase_lag_stderr: float
    damping_stderr: np.ndarray | None
    form: np.ndarray
    form_stderr: np.ndarray
    on_site: np.ndarray
    on_site_stderr: np.ndarray
    noise: float
    identifiable: str
