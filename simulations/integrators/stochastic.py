"""Heun's method for systems with additive white noise."""

from __future__ import annotations

import math

import numpy as np
import torch

from .protocol import Integrator, State, System
from .runge_kutta import Phase, combined, first_order_form


class StochasticHeun(Integrator):
    """dq = F(q, t) dt + σ dW, or dq = v dt, dv = a(q, v, t) dt + σ dW, with σ = `system.noise_strength`:

        ȳ = y + f(y, t) h + σ√h ξ_n,   y₁ = y + ½ h [f(y, t) + f(ȳ, t + h)] + σ√h ξ_n,   ξ_n ~ N(0, 1)

    Strong order 1 and weak order 2 for additive noise (P. E. Kloeden, E. Platen, Numerical Solution of
    Stochastic Differential Equations, section 15.1); the deterministic method of Heun, of order 2, for σ = 0.

    ξ_n, one number a component of q, comes from a counter-based generator (Philox) by `seed` and the number
    n = round(time/step) of the step alone: a run resumes bit for bit, and the same seed gives the same
    numbers on every device, in float32 rounded. Samples of a batch have noises of their own, the first that
    of a run by itself. Differentiable by unrolling, in σ too.

    `stability_limit` is that of damped modes, on the negative real axis; undamped oscillations of frequency
    ω grow at the rate ω(ωh)³/8, which the proposed step keeps below 1.3e-4 ω.
    """

    name = "stochastic_heun"
    order = 2
    symplectic = False
    stochastic = True
    stability_limit = 2.0
    proposed_phase = 0.1

    def __init__(self, seed: int = 0):
        if not 0 <= seed < 2**64:
            raise ValueError(f"got seed {seed}, expected an integer from 0 to 2**64 − 1")
        self.seed = seed

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> State:
        """One step; ValueError for a negative one."""
        if not step > 0:
            raise ValueError(f"got step {step}, expected a positive number: noise has no way back in time")
        rate = first_order_form(system, v is not None)
        state: Phase = (q,) if v is None else (q, v)
        kicked = state
        strength = getattr(system, "noise_strength", None)
        if strength is not None:
            kick = torch.as_tensor(strength).to(q) * math.sqrt(step) * self.normals(q, round(time / step))
            kicked = (*state[:-1], state[-1] + kick)
        slope = rate(state, time)
        ahead = rate(combined(kicked, [slope], (1.0,), step), time + step)
        result = combined(kicked, [slope, ahead], (0.5, 0.5), step)
        return result[0], (None if v is None else result[1])

    def normals(self, q: torch.Tensor, number: int) -> torch.Tensor:
        """ξ_n of a step number, like q in shape, dtype and device."""
        generator = np.random.Generator(np.random.Philox(key=self.seed, counter=(0, number, 0, 0)))
        return torch.as_tensor(generator.standard_normal(tuple(q.shape))).to(q)


stochastic_heun = StochasticHeun()
