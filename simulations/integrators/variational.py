"""The variational integrator of the midpoint rule: symplectic for any regular Lagrangian ℒ(q, q̇, t)."""

from __future__ import annotations

from typing import Any

import torch

from ..errors import BlowUpError
from .fixed_points import NotConvergedError, fixed_point
from .protocol import Integrator, State, System

Slopes = tuple[torch.Tensor, torch.Tensor]


class VariationalMidpoint(Integrator):
    """Stationary Σ_n h L((q_n + q_{n+1})/2, (q_{n+1} − q_n)/h), L = ∫ℒ dx, in position–momentum form:

        p = ∂L/∂v(q, v);   p = L_v(m, w) − ½h L_q(m, w)  for w,  with m = q + ½h w;
        q₁ = q + h w,   p₁ = p + h L_q(m, w);   p₁ = ∂L/∂v(q₁, v₁)  for v₁

    (J. E. Marsden, M. West, Discrete mechanics and variational integrators, Acta Numerica 10 (2001) 357,
    example 2.3.2 and section 1.5). Order 2; it is the implicit midpoint rule in (q, p): dq ∧ dp is kept to
    round-off whatever the mass matrix ∂²L/∂v² depends on, momenta of linear symmetries are kept, it runs
    backwards to the start, and the energy has no secular trend. The motion is that of the discrete Lagrangian
    on the grid, whose own field equations agree with `system.acceleration` up to the order of the stencil.

    For systems of second order in time made from a Lagrangian (`FieldSystem`), without absorbing layers or
    Dirichlet walls. Slower than the others: derivatives of L are taken by automatic differentiation at every
    iteration. Gradients once, by the implicit function theorem. `step` raises BlowUpError (a ValueError)
    where no solution is found, as for a singular mass matrix.
    """

    name = "variational_midpoint"
    order = 2
    symplectic = True
    stability_limit = float("inf")
    proposed_phase = 0.4

    def check(self, system: System) -> None:
        """ValueError unless the system has a Lagrangian of second order in time, whose flow it is."""
        super().check(system)
        given = getattr(getattr(system, "force", None), "given", False)
        if given or system.time_order == 1 or getattr(system, "lagrangian", None) is None:
            raise ValueError(
                f"got a system without a Lagrangian of second order in time for {self.name}, "
                "expected a FieldSystem made from one and without multipliers; use the integrator "
                "'implicit_midpoint' or 'rk4'"
            )
        grid = getattr(system, "grid", None)
        refused = {"dirichlet", "absorbing"} & set(grid.boundary if grid is not None else ())
        if refused:
            raise ValueError(
                f"got the boundary '{refused.pop()}' for {self.name}, expected periodic, winding or Neumann; "
                "use the integrator 'implicit_midpoint'"
            )

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> State:
        """One step."""
        self.check(system)
        assert v is not None
        momentum = _slopes(system, q, v, time)[1]
        unit = _diagonal_mass(system, q, v, time)

        def midpoint(w: torch.Tensor) -> Slopes:
            return _slopes(system, q + (step / 2) * w, w, time + step / 2)

        def residual(w: torch.Tensor) -> torch.Tensor:
            force, inner = midpoint(w)
            return w + (momentum - inner + (step / 2) * force) / unit

        size = float(q.detach().abs().max()) / abs(step)
        try:
            w = fixed_point(residual, v.detach(), float(v.detach().abs().max()), size)
            new, last = q + step * w, momentum + step * midpoint(w)[0]
            velocity = fixed_point(
                lambda u: u + (last - _slopes(system, new, u, time + step)[1]) / unit, w.detach(), size, size
            )
        except NotConvergedError:
            raise BlowUpError(
                f"got the step {step:.4g} with which {self.name} finds no solution at t = {time:.6g}, "
                f"expected a smaller one, such as {step / 4:.2g}, and a regular mass matrix"
            ) from None
        return new, velocity


def _slopes(system: Any, q: torch.Tensor, v: torch.Tensor, time: float) -> Slopes:
    """(∂L/∂q, ∂L/∂v), partial derivatives with the shapes of q; differentiable where that is wanted."""
    sources = (q, v, *getattr(system, "parameters", {}).values())
    keep = torch.is_grad_enabled() and any(source.requires_grad for source in sources)
    with torch.enable_grad():
        if not keep:
            q, v = q.detach(), v.detach()
        # new nodes of the graph, so that v has no part in q nor q in v
        q, v = (part.clone() if part.requires_grad else part.detach().requires_grad_() for part in (q, v))
        action = system.integrate(system.evaluate(system.lagrangian.density, q, v, time)).sum()
        found = torch.autograd.grad(
            action, (q, v), create_graph=keep, allow_unused=True, materialize_grads=True
        )
    return found[0], found[1]


def _diagonal_mass(system: Any, q: torch.Tensor, v: torch.Tensor, time: float) -> torch.Tensor:
    """Row sums of ∂²L/∂v², which scale the iteration: it contracts where the mass matrix is diagonal."""
    with torch.enable_grad():
        v = v.detach().requires_grad_()
        momentum = _slopes(system, q.detach(), v, time)[1]
        if not momentum.requires_grad:
            return torch.ones_like(q)
        (mass,) = torch.autograd.grad(momentum.sum(), v, allow_unused=True, materialize_grads=True)
    largest = mass.abs().max()
    return torch.where(mass.abs() > 1e-3 * largest, mass, largest if float(largest) else 1.0)


variational_midpoint = VariationalMidpoint()
