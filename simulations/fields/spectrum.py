"""The largest frequency of a system linearised at a state: what limits the time step."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..integrators import System


def largest_frequency(
    system: System, q: torch.Tensor, v: torch.Tensor | None = None, iterations: int = 60, seed: int = 0
) -> float:
    """Spectral radius of the linearised dynamics by power iteration, from below, usually within 2%.

    For separable q̈ = a(q) it is √ρ(∂a/∂q); otherwise ρ of the Jacobian of the first-order system, from
    the mean growth over the last iterations, which also holds for complex pairs of eigenvalues. All
    samples of a batch are iterated together; the largest counts.
    """
    if system.time_order == 1:
        return _growth(system.velocity, q, iterations, seed)
    if system.separable:
        return _growth(system.acceleration, q, iterations, seed) ** 0.5
    v = torch.zeros_like(q) if v is None else v

    def rate(state: torch.Tensor) -> torch.Tensor:
        return torch.stack([state[1], system.acceleration(state[0], state[1])])

    return _growth(rate, torch.stack([q, v]), iterations, seed)


def _growth(
    function: Callable[[torch.Tensor], torch.Tensor], point: torch.Tensor, iterations: int, seed: int
) -> float:
    """Geometric mean of the growth of a random vector under Jᵀ, J the Jacobian of `function` at `point`."""
    generator = torch.Generator().manual_seed(seed)
    vector = torch.randn(point.shape, dtype=torch.float64, generator=generator).to(point)
    logarithms = []
    with torch.enable_grad():
        place = point.detach().requires_grad_()
        values = function(place)
    if not values.requires_grad:
        return 0.0
    for _ in range(iterations):
        norm = vector.norm()
        if norm == 0:
            return 0.0
        (vector,) = torch.autograd.grad(
            values, place, vector / norm, retain_graph=True, materialize_grads=True
        )
        logarithms.append(vector.norm().log())
    growth = float(torch.stack(logarithms[iterations // 2 :]).mean().exp())
    if not growth < float("inf"):
        raise ValueError("the linearised dynamics are not finite at this state; start from another one")
    return growth
