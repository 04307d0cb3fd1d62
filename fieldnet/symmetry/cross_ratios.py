"""Cross-ratios of four phases along trajectories, beside functions of their kind that nothing conserves."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch

from simulations.oscillators import cross_ratio

CONTROLS = 20
DRAWN, KEPT = 500, 50
PAIRS = tuple(combinations(range(4), 2))


@dataclass(frozen=True)
class CrossRatioAudit:
    """q = log |λ| of quadruples of oscillators, λ the cross-ratio of the four e^{inθ}, n = `harmonic`.

    relative_drift = median over quadruples of the root mean square of q(t) − q̄, over the standard deviation
    of q̄ between quadruples. `control_drift`: the median of the same figure over `CONTROLS` random functions
    Σ w_ij log |sin ½n(θ_i − θ_j)|, their part in the span of the cross-ratios projected off. `noise_drift`:
    what noise of the phases alone makes of it. `wrong_harmonic_drift`: of cross-ratios of e^{imθ}, m the next
    harmonic. `values`, `control_values`: q of the median control, (quadruple, time) of one sample.
    """

    harmonic: int
    times: np.ndarray
    values: np.ndarray
    control_values: np.ndarray
    relative_drift: float
    control_drift: float
    noise_drift: float
    wrong_harmonic_drift: float


def audit_cross_ratios(
    phases: np.ndarray, times: np.ndarray, harmonic: int = 1, phase_noise: float = 0.0, seed: int = 0
) -> CrossRatioAudit:
    """Cross-ratios along trajectories of one sample. shape: phases (time, node), times (time,)

    Of `DRAWN` quadruples at random the `KEPT` ones are taken whose phases stay furthest apart, where noise
    matters least. Raises ValueError for fewer than four oscillators or two times.
    """
    if phases.shape[-1] < 4 or len(times) < 2:
        raise ValueError(
            f"got {phases.shape[-1]} oscillators at {len(times)} times, expected 4 and 2 or more"
        )
    draw = np.random.default_rng(seed)
    nodes = np.array([draw.choice(phases.shape[-1], 4, replace=False) for _ in range(DRAWN)])
    angles = harmonic * phases[:, nodes]  # (time, quadruple, 4)
    apart = np.min([np.abs(_half_sine(angles, i, j)).min(0) for i, j in PAIRS], axis=0)
    angles = angles[:, np.argsort(-apart)[:KEPT]]
    values = _log_cross_ratio(angles)
    sines = np.stack([np.log(np.abs(_half_sine(angles, i, j))) for i, j in PAIRS], axis=-1)
    controls = [sines @ w for w in _random_weights(draw)]
    drifts = np.array([_drift(control) for control in controls])
    chosen = int(np.argsort(drifts)[CONTROLS // 2])
    spread = max(float(np.std(values.mean(0))), 1e-300)
    return CrossRatioAudit(
        harmonic,
        times,
        values.T,
        controls[chosen].T,
        _drift(values),
        float(np.median(drifts)),
        harmonic * phase_noise * float(np.median(_sensitivity(angles))) / spread,
        _drift(_log_cross_ratio(angles * (harmonic + 1) / harmonic)),
    )


def _log_cross_ratio(angles: np.ndarray) -> np.ndarray:
    return np.log(np.abs(cross_ratio(torch.from_numpy(angles)).numpy()))


def _half_sine(angles: np.ndarray, i: int, j: int) -> np.ndarray:
    return np.sin((angles[..., i] - angles[..., j]) / 2)


def _drift(values: np.ndarray) -> float:
    """shape: (time, quadruple) -> ()"""
    centre = values.mean(0)
    return float(np.median(np.std(values, axis=0)) / max(np.std(centre), 1e-300))


def _random_weights(draw: np.random.Generator) -> np.ndarray:
    """Normal w_ij, less the part that projective maps leave alone: Σ_j w_ij = 0 for every i. (CONTROLS, 6)"""
    incidence = np.array([[float(i in pair) for pair in PAIRS] for i in range(4)])
    projector = np.linalg.pinv(incidence) @ incidence
    return draw.standard_normal((CONTROLS, len(PAIRS))) @ projector


def _sensitivity(angles: np.ndarray) -> np.ndarray:
    """Root mean square over time of |∂q/∂angle|, q = log |λ|. shape: (time, quadruple, 4) -> (quadruple,)"""
    gradient = np.zeros_like(angles)
    for (i, j), weight in {(0, 2): 1.0, (1, 3): 1.0, (0, 3): -1.0, (1, 2): -1.0}.items():
        half = weight / np.tan((angles[..., i] - angles[..., j]) / 2) / 2
        gradient[..., i] += half
        gradient[..., j] -= half
    return np.sqrt((gradient**2).sum(-1).mean(0))
