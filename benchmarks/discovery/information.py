"""`python -m benchmarks information`: how exactly any estimator could know the coefficients of a file.

The Cramér–Rao bound for the samples φ(t_i, x_j) + σε of φ_tt = Σ_k c_k f_k(φ, φ_xx) whose state (φ, φ_t) at
t = 0 is unknown too. With J_c = ∂φ/∂log c and J_0 = ∂φ/∂(amplitudes of all modes of the state) along the true
motion,

    Cov(log c) ≥ σ² (J_cᵀ(1 − P)J_c)⁻¹,    P the projector on the columns of J_0.

Disturbances are periodic in x. Where waves of the data cross the edges (some collisions) what comes in is
unknown besides, and the true bound is larger.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from scipy.interpolate import CubicSpline

from lagrangians import parse_equation
from lagrangians.jets import jet_space

from .files import NOISES, SEEDS
from .tables import BOUNDS
from .theories import THEORIES

FIELDS = ("sine_gordon", "sine_gordon_kinks", "klein_gordon", "phi4", "double_sine_gordon", "sinh_gordon")
STEPS = 8
"""Of the leapfrog scheme between two samples: the bound changes by less than 1% with twice as many."""


def measure() -> dict[str, Any]:
    """The bound on the worst coefficient's relative standard error in percent, by theory, seed and noise."""
    found = []
    for name in FIELDS:
        for seed in SEEDS:
            bound = least_error(name, seed)
            row = {"theory": name, "seed": seed}
            found.append(
                row | {f"{noise:.0%}": float(f"{100 * noise * bound:.3g}") for noise in NOISES if noise}
            )
            print(found[-1], flush=True)
    return {BOUNDS: found}


def least_error(name: str, seed: int, steps: int = STEPS) -> float:
    """The largest of the bounds on the relative standard errors, for noise as large as the field."""
    theory = THEORIES[name]
    axes, fields = theory.make(seed, 1)
    (field,) = fields.values()
    jacobian, count = sensitivities(theory.equations[0], axes["t"], axes["x"], field, steps)
    state, coefficients = jacobian[:-count], jacobian[-count:]
    unit = np.linalg.svd(state, full_matrices=False)[2]
    left = coefficients - (coefficients @ unit.T) @ unit
    bound = np.linalg.inv(left @ left.T)
    return float(np.sqrt(np.diag(bound).max()) * field.std())


def sensitivities(
    equation: str, t: np.ndarray, x: np.ndarray, field: np.ndarray, steps: int
) -> tuple[np.ndarray, int]:
    """(rows ∂φ/∂(mode of φ or φ_t at t = 0), then ∂φ/∂log c_k; how many c_k there are).

    δ_tt = Σ_k c_k (∂f_k/∂φ δ + ∂f_k/∂φ_xx δ_xx) + c_k f_k for the k-th coefficient, by leapfrog, along φ as
    sampled, between the samples by splines. shape: field (t, x) -> (2x + k, t·x)
    """
    jets = jet_space(("phi",), ("t", "x"))
    _, right = parse_equation(equation, jets.fields, jets.coordinates)
    phi, bent = sympy.symbols("phi phi_xx")
    right = jets.to_jets(right).subs({jets.symbol(0): phi, jets.symbol(0, (0, 2)): bent})
    parts = sympy.Add.make_args(sympy.expand(right))
    force = sympy.lambdify((phi, bent), [sympy.diff(right, phi), sympy.diff(right, bent), *parts], "numpy")
    along = CubicSpline(t, field, axis=0)
    curved = CubicSpline(t, CubicSpline(x, field, axis=1)(x, 2), axis=0)
    points, waves = len(x), 2 * np.pi * np.fft.rfftfreq(len(x), x[1] - x[0])
    modes = np.eye(points)
    nothing = np.zeros_like(modes)
    q = np.concatenate([modes, nothing, np.zeros((len(parts), points))])
    v = np.concatenate([nothing, modes, np.zeros((len(parts), points))])

    def acceleration(time: float) -> np.ndarray:
        slope, bend, *terms = force(along(time), curved(time))
        out = slope * q + bend * np.fft.irfft(-(waves**2) * np.fft.rfft(q, axis=1), points, axis=1)
        out[-len(parts) :] += np.broadcast_arrays(*terms)
        return out

    step = (t[1] - t[0]) / steps
    saved = [q.copy()]
    pull = acceleration(t[0])
    for number in range((len(t) - 1) * steps):
        v += step / 2 * pull
        q += step * v
        pull = acceleration(t[0] + (number + 1) * step)
        v += step / 2 * pull
        if (number + 1) % steps == 0:
            saved.append(q.copy())
    return np.stack(saved, 1).reshape(len(q), -1), len(parts)
