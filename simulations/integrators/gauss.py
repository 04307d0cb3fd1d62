"""Gauss–Legendre methods: implicit, symplectic, A-stable."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..errors import BlowUpError
from .fixed_points import NotConvergedError, fixed_point
from .protocol import Integrator, State, System


class GaussLegendre(Integrator):
    """Collocation at the s Gauss–Legendre points, order 2s, for q̇ = F(q, t) and q̈ = a(q, v, t):

        y₁ = y + h Σ_i b_i k_i,   k_i = f(y + h Σ_j a_ij k_j, t + c_i h),   y = q or (q, v)

    What it keeps (E. Hairer, C. Lubich, G. Wanner, Geometric Numerical Integration, theorems IV.2.1,
    V.3.1, VI.4.2):

    - every quadratic invariant, to round-off;
    - every constant symplectic form that the flow keeps. It is symplectic for q̈ = a(q) with a gradient a
      (form dq ∧ M dv), in a constant magnetic field, and for canonical theories of first order in time
      whose form is constant, such as Schrödinger's or q̇ = J∇H(q) with any H. For a Lagrangian with a mass
      that depends on the field, momenta are ∂ℒ/∂v, not M v: the form is not constant in (q, v) and the
      method is time-reversible there, not symplectic;
    - time-reversal symmetry; and stable modes stay bounded at any step (A-stability).

    The equations are solved to round-off; gradients are by the implicit function theorem, not by
    unrolling the iteration (once differentiable). `step` raises BlowUpError (a ValueError) with the time
    where no solution is found.
    """

    symplectic = True
    stability_limit = float("inf")

    def __init__(
        self,
        name: str,
        matrix: tuple[tuple[float, ...], ...],
        weights: tuple[float, ...],
        proposed_phase: float,
    ):
        self.name = name
        self.order = 2 * len(weights)
        self.matrix = matrix
        self.weights = weights
        self.proposed_phase = proposed_phase

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> State:
        """One step; what is solved for are the slopes, of shape (s, *q.shape): F, or a for second order."""
        times = [time + sum(row) * step for row in self.matrix]

        def rates_at(v: torch.Tensor, slopes: torch.Tensor) -> list[torch.Tensor]:
            return [_sum(v, row, slopes, step) for row in self.matrix]

        def function(slopes: torch.Tensor) -> torch.Tensor:
            """The slopes at the stages that these slopes lead to."""
            if v is None:
                places = [_sum(q, row, slopes, step) for row in self.matrix]
                return torch.stack([system.velocity(*stage) for stage in zip(places, times, strict=True)])
            rates = rates_at(v, slopes)
            places = [_sum(q, row, rates, step) for row in self.matrix]
            return torch.stack(
                [system.acceleration(*stage) for stage in zip(places, rates, times, strict=True)]
            )

        with torch.no_grad():
            first = function(q.new_zeros(len(times), *q.shape))
            if not bool(torch.isfinite(first).all()):
                lost = 0 * first.sum(0)  # NaN where a slope is not finite
                return q + lost, (None if v is None else v + lost)
            inside = _largest(q if v is None else v) / abs(step)
            rounding = inside if v is None else inside + _largest(q) / step**2
        try:
            slopes = fixed_point(function, first, inside, rounding)
        except NotConvergedError:
            raise BlowUpError(
                f"got the step {step:.4g} with which {self.name} finds no solution at t = {time:.6g}, "
                f"expected a smaller one; try {step / 4:.2g}"
            ) from None
        if v is None:
            return _sum(q, self.weights, slopes, step), None
        return _sum(q, self.weights, rates_at(v, slopes), step), _sum(v, self.weights, slopes, step)


def _sum(
    start: torch.Tensor,
    coefficients: Sequence[float],
    slopes: torch.Tensor | Sequence[torch.Tensor],
    step: float,
) -> torch.Tensor:
    """start + step·Σ_i coefficients_i slopes_i."""
    for coefficient, slope in zip(coefficients, slopes, strict=True):
        start = start + (coefficient * step) * slope
    return start


def _largest(tensor: torch.Tensor) -> float:
    return float(tensor.detach().abs().max())


implicit_midpoint = GaussLegendre("implicit_midpoint", ((1 / 2,),), (1.0,), proposed_phase=0.4)

_ROOT = 3**0.5 / 6
gauss4 = GaussLegendre(
    "gauss4", ((1 / 4, 1 / 4 - _ROOT), (1 / 4 + _ROOT, 1 / 4)), (1 / 2, 1 / 2), proposed_phase=0.8
)
