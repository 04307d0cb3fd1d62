"""SciPy's DOP853 as a reference to compare with."""

from __future__ import annotations

import numpy as np
import torch
from scipy.integrate import DOP853

from ..errors import BlowUpError
from .dormand_prince import check_tolerances, collapse_message
from .protocol import Integrator, State, System
from .runge_kutta import first_order_form


class Dop853(Integrator):
    """Dormand and Prince's explicit Runge–Kutta method of order 8(5,3), as SciPy has it, for every system.

    E. Hairer, S. P. Nørsett, G. Wanner, Solving Ordinary Differential Equations I, II.5. Computed in NumPy
    on the CPU in float64, the result cast back to q's dtype and device; a batch is one system. Not
    differentiable: a ValueError where the state requires gradients, rather than gradients of zero.

    `step` raises BlowUpError (a ValueError) with the time that was reached where SciPy gives up.

    Args:
        rtol, atol: relative and absolute tolerance of the local error (root mean square of components).
        max_step: the largest step inside; where it is finite also the first.
    """

    name = "dop853"
    order = 8
    symplectic = False
    adaptive = True
    stability_limit = float("inf")
    proposed_phase = float("inf")

    def __init__(self, rtol: float = 1e-10, atol: float = 1e-12, max_step: float = float("inf")):
        check_tolerances(rtol, atol)
        self.rtol = rtol
        self.atol = atol
        self.max_step = max_step

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> State:
        """The state at time + step."""
        state = (q,) if v is None else (q, v)
        if torch.is_grad_enabled() and any(part.requires_grad for part in state):
            raise ValueError(
                "got a state that requires gradients, which SciPy's dop853 does not have; "
                "use the integrator 'dormand_prince5', or torch.no_grad()"
            )
        rate = first_order_form(system, v is not None)
        sizes = [part.numel() for part in state]

        def tensors(vector: np.ndarray) -> tuple[torch.Tensor, ...]:
            parts = torch.tensor(vector, dtype=torch.float64, device=q.device).split(sizes)
            return tuple(part.view(q.shape) for part in parts)

        def slope(instant: float, vector: np.ndarray) -> np.ndarray:
            return _vector(rate(tensors(vector), float(instant)))

        with torch.no_grad(), np.errstate(all="ignore"):
            if not np.isfinite(slope(time, _vector(state))).all():
                raise BlowUpError(collapse_message(self.name, time))
            solver = DOP853(
                slope,
                time,
                _vector(state),
                time + step,
                max_step=self.max_step,
                first_step=min(self.max_step, abs(time + step - time))
                if self.max_step < float("inf")
                else None,
                rtol=self.rtol,
                atol=self.atol,
            )
            while solver.status == "running":
                solver.step()
            if solver.status == "failed":
                raise BlowUpError(collapse_message(self.name, solver.t))
            result = [part.to(q.dtype) for part in tensors(solver.y)]
        return result[0], (None if v is None else result[1])


def _vector(state: tuple[torch.Tensor, ...]) -> np.ndarray:
    return torch.cat([part.detach().double().cpu().reshape(-1) for part in state]).numpy()


dop853 = Dop853()
