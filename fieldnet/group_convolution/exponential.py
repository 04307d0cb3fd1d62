"""The action of exp(t^i L̂_i) on feature maps, without its matrix."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..generators import GeneratorModule

MOST_TERMS, MOST_STEPS = 60, 1 << 14


def exponential_action(generators: GeneratorModule, parameters: Tensor, features: Tensor) -> Tensor:
    """exp(t^i L̂_i) f to round-off. shape: (count,), (..., m, *S) -> (..., m, *S)

    Differentiable in t, f and the generators. Raises ValueError for another number of parameters, and where
    the flow grows beyond all bounds.
    """
    if tuple(parameters.shape) != (generators.count,):
        raise ValueError(
            f"parameters have shape {tuple(parameters.shape)}; expected ({generators.count},), "
            "one for each generator"
        )
    along = parameters.to(features)
    return exponential_of(lambda f: torch.tensordot(along, generators.act(f), dims=1), features)


def exponential_of(operator: Callable[[Tensor], Tensor], features: Tensor) -> Tensor:
    """exp(A) f for a linear operator A on tensors of the shape of f.

    Taylor's series in equal steps, (Σ_k (A/s)^k/k!)^s; s doubles until no term of a series exceeds four
    times its first one, so that nothing cancels.
    """
    if not bool(torch.isfinite(features.detach()).all()):
        raise ValueError("got features that are not finite, expected finite values")
    steps = 1
    while steps <= MOST_STEPS:
        moved = _in_steps(operator, features, steps)
        if moved is not None:
            return moved
        steps *= 2
    raise ValueError(
        f"got a flow exp(A)f that did not converge in {MOST_STEPS} steps, expected ‖A‖ well below that; "
        "give smaller parameters"
    )


def _in_steps(operator: Callable[[Tensor], Tensor], features: Tensor, steps: int) -> Tensor | None:
    for _ in range(steps):
        moved = _taylor(operator, features, steps)
        if moved is None:
            return None
        features = moved
    return features


def _taylor(operator: Callable[[Tensor], Tensor], features: Tensor, steps: int) -> Tensor | None:
    """Σ_k (A/s)^k f/k! to round-off, or None where the series has a hump or does not end."""
    size = float(features.detach().norm())
    limit = torch.finfo(features.dtype).eps * size / 4
    term = total = features
    for k in range(1, MOST_TERMS):
        term = operator(term) / (k * steps)
        rest = float(term.detach().norm())
        if not rest <= 4 * size:
            return None
        total = total + term
        if rest <= limit:
            return total
    return None
