"""The largest frequency of a system linearised at a state: what limits the time step."""

from __future__ import annotations

import torch
from torch.func import jvp

from .integrators import System


def largest_frequency(
    system: System, q: torch.Tensor, v: torch.Tensor | None = None, iterations: int = 60, seed: int = 0
) -> float:
    """Spectral radius of the linearised dynamics by power iteration, from below, usually within 2%.

    For separable q̈ = a(q) it is √ρ(∂a/∂q); otherwise ρ of the Jacobian of the first-order system, from
    the mean growth over the last iterations, which also holds for complex pairs of eigenvalues. All
    samples of a batch are iterated together; the largest counts.
    """
    if system.time_order == 2 and v is None:
        v = torch.zeros_like(q)
    q = q.detach()
    generator = torch.Generator(device="cpu").manual_seed(seed)
    if system.time_order == 1:
        return _growth(system.velocity, q, iterations, generator)
    assert v is not None
    v = v.detach()
    if system.separable:
        return _growth(system.acceleration, q, iterations, generator) ** 0.5

    def rate(state: torch.Tensor) -> torch.Tensor:
        return torch.stack([state[1], system.acceleration(state[0], state[1])])

    return _growth(rate, torch.stack([q, v]), iterations, generator)


def _growth(function, point: torch.Tensor, iterations: int, generator: torch.Generator) -> float:
    """Geometric mean of the growth of a random tangent under the Jacobian of `function` at `point`."""
    tangent = torch.randn(point.shape, dtype=torch.float64, generator=generator).to(point)
    logarithms = []
    for _ in range(iterations):
        norm = tangent.norm()
        if norm == 0:
            return 0.0
        tangent = tangent / norm
        tangent = jvp(function, (point,), (tangent,))[1]
        logarithms.append(tangent.norm().log())
    growth = float(torch.stack(logarithms[iterations // 2 :]).mean().exp())
    if not growth < float("inf"):
        raise ValueError("the linearised dynamics are not finite at this state; start from another one")
    return growth
