"""Closing the loop: what was found is run from held-out data, and its charges are audited there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from lagrangians import Lagrangian
from simulations import BlowUpError

from .conservation import Conservation, check_conservation
from .equations.verdict import Verdict
from .forecast.comparison import run_beside
from .forecast.comparison import system_of as system_beside
from .forecast.lyapunov import lyapunov_time
from .learning.gradient import Progress

LYAPUNOV_SPANS = 4.0
"""The Lyapunov time is sought over this multiple of the held-out time."""


@dataclass(frozen=True)
class Closing:
    """The run beside held-out data with its error against time, the audit, and what `fit` records of them."""

    simulated: xr.Dataset | None = None
    error: np.ndarray | None = None
    conservation: Conservation = field(default_factory=lambda: Conservation([], []))
    record: dict[str, Any] = field(default_factory=dict)


def close_the_loop(
    verdict: Verdict,
    lagrangian: Lagrangian,
    equations: Sequence[str],
    held_out: xr.Dataset,
    fields: Sequence[str],
    boundary: str,
    seed: int = 0,
    progress: Progress | None = None,
) -> Closing:
    """Run the equations of motion from held-out data; where there is a Lagrangian, audit its symmetries.

    What cannot be done is said in the record, not raised: an answer stands without its run.
    """
    record: dict[str, Any] = {}
    if progress is not None:
        progress("closing the loop, rollout", 0.1, 1.0)
    simulated, error = None, None
    try:
        beside = run_beside(tuple(equations), held_out, fields, boundary, seed=seed)
        simulated, error = beside.simulated, beside.error
        record |= beside.content()
        record |= {
            "rollout_error_against_time": beside.error.max(0),
            "rollout_times": beside.times,
        }
    except (ValueError, BlowUpError) as problem:
        record |= {"rollout_error": None, "rollout_stopped": str(problem)}
    if progress is not None:
        progress(
            "closing the loop, Lyapunov time", 0.4, float(error[:, -1].max()) if error is not None else 1.0
        )
    if simulated is not None:
        record |= _lyapunov(equations, held_out, fields, boundary, beside, seed)
    conservation = Conservation([], [])
    if verdict.variational and lagrangian.jets.field_names == tuple(fields):
        try:
            conservation = check_conservation(lagrangian, held_out, list(fields), boundary, seed=seed)
        except ValueError as problem:  # too few held-out times, for one
            record["audit_stopped"] = str(problem)
    if progress is not None:
        progress("closing the loop, done", 1.0, float(error[:, -1].max()) if error is not None else 1.0)
    return Closing(simulated, error, conservation, record)


def _lyapunov(equations, held_out, fields, boundary, beside, seed: int) -> dict[str, Any]:
    system = system_beside(tuple(equations), held_out, list(fields), boundary, None)
    start = beside.initial_state
    state = start.q[:1] if start.v is None else (start.q[:1], start.v[:1])
    try:
        found = lyapunov_time(system, state, LYAPUNOV_SPANS * beside.duration, seed=seed)
    except (ValueError, BlowUpError) as problem:
        return {"lyapunov_stopped": str(problem)}
    return found.content()
