"""How steps are taken: a plain loop, torch operations in place, or a compiled CPU kernel."""

from __future__ import annotations

from .choice import BACKENDS, backend_for, propagator
from .loop import Propagator, loop

__all__ = ["BACKENDS", "Propagator", "backend_for", "loop", "propagator"]
