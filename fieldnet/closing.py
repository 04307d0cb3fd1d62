"""Closing the loop: what was found is run from held-out data, and its charges are audited there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import xarray as xr

from lagrangians import Lagrangian
from simulations import BlowUpError

from .conservation import Conservation, check_conservation
from .equations.verdict import Verdict
from .forecast.comparison import Comparison, Theory, run_beside
from .forecast.comparison import system_of as system_beside
from .forecast.lyapunov import lyapunov_time
from .learning.gradient import Progress
from .rollout import relative_error, rollout

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
    theory: Theory = tuple(equations)
    if verdict.variational and lagrangian.jets.field_names != tuple(fields):
        theory = lagrangian  # of a potential, whose equation of motion in u is stiff
    if progress is not None:
        progress("closing the loop, rollout", 0.1, 1.0)
    simulated, error, beside = None, None, None
    try:
        if verdict.text.startswith("undetermined"):
            raise ValueError("the equations are undetermined")
        beside = run_beside(theory, held_out, fields, boundary, seed=seed)
        simulated, error = beside.simulated, beside.error
        record |= beside.content()
        record |= {
            "rollout_error_against_time": beside.error.max(0),
            "rollout_initial_against_time": beside.initial.max(0),
            "rollout_times": beside.times,
        }
    except BlowUpError as problem:
        record |= {"rollout_error": None, "rollout_stopped": str(problem)}
    except ValueError as problem:
        simulated, error, plain = _plain_rollout(theory, held_out, fields, boundary)
        record |= {**plain, "initial_method": f"slopes of the first times ({problem})"}
    if progress is not None:
        progress("closing the loop, Lyapunov time", 0.4, _last(error))
    if beside is not None:
        record |= _lyapunov(theory, held_out, fields, boundary, beside, seed)
    conservation = Conservation([], [])
    if verdict.variational:
        try:
            conservation = check_conservation(lagrangian, held_out, list(fields), boundary, seed=seed)
        except ValueError as problem:  # too few held-out times, for one
            record["audit_stopped"] = str(problem)
    if progress is not None:
        progress("closing the loop, done", 1.0, _last(error))
    return Closing(simulated, error, conservation, record)


def _last(error: np.ndarray | None) -> float:
    return 1.0 if error is None else float(error[:, -1].max())


def _plain_rollout(
    theory: Theory, held_out: xr.Dataset, fields: Sequence[str], boundary: str
) -> tuple[xr.Dataset | None, np.ndarray | None, dict[str, Any]]:
    """A run from slopes of polynomials through the first times, where the initial state cannot be fitted."""
    try:
        with torch.no_grad():
            system = system_beside(theory, held_out, list(fields), boundary, None)
            simulated = rollout(system, held_out, list(fields))
    except (ValueError, BlowUpError) as problem:
        return None, None, {"rollout_error": None, "rollout_stopped": str(problem)}
    simulated = simulated.rename(
        {own: name for own, name in zip(system.fields, fields, strict=True) if own != name}
    )
    errors = [relative_error(simulated[name].values, held_out[name].values) for name in fields]
    error = np.sqrt(np.mean(np.square(errors), axis=0))
    return simulated, error, {"rollout_error": _last(error), "rollout_stopped": None}


def _lyapunov(
    theory: Theory, held_out: xr.Dataset, fields: Sequence[str], boundary: str, beside: Comparison, seed: int
) -> dict[str, Any]:
    system = system_beside(theory, held_out, list(fields), boundary, None)
    start = beside.initial_state
    state = start.q[:1] if start.v is None else (start.q[:1], start.v[:1])
    try:
        found = lyapunov_time(system, state, LYAPUNOV_SPANS * beside.duration, seed=seed)
    except (ValueError, BlowUpError) as problem:
        return {"lyapunov_stopped": str(problem)}
    return found.content()
