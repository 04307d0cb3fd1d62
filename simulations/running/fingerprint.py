"""What two runs must share so that one may go on where the other stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from .metadata import attributes, settings, static_variables
from .run import Run


def fingerprint(run: Run) -> dict[str, Any]:
    """Everything that decides the frames of a run, as JSON: numbers and texts plain, arrays by SHA-256.

    Of a system that is: its description, static variables, parameters, and the public numbers and tensors
    of itself and of its parts.
    """
    found: dict[str, Any] = {
        **attributes(run),
        "saves": run.saves,
        "save_every": run.save_every,
        "substeps": run.substeps,
        "dtype": str(run.dtype),
        "device": run.q.device.type,
        "shape": list(run.q.shape),
        "fields": list(run.system.fields),
        "initial state": _digest(run.q),
        "initial velocity": "none" if run.v is None else _digest(run.v),
    }
    if run.grid is not None:
        found["absorbing layer"] = list(run.grid.layer)
    found |= {f"integrator {name}": value for name, value in settings(run.method).items()}
    found |= {f"parameter {name}": _digest(values) for name, (_, values) in static_variables(run).items()}
    found |= {f"parameter {n}": _digest(t) for n, t in getattr(run.system, "parameters", {}).items()}
    found |= _contents(run.system, "system", depth=1)
    return json.loads(json.dumps(found, default=_plain))


def differences(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> str:
    """The entries that differ, in words; empty if none does."""
    names = [name for name in {**mine, **theirs} if theirs.get(name) != mine.get(name)]
    return "; ".join(
        f"{name}: there {_short(theirs.get(name))}, now {_short(mine.get(name))}" for name in names
    )


def _contents(thing: Any, prefix: str, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in getattr(thing, "__dict__", {}).items():
        label = f"{prefix} {name}"
        if name.startswith("_"):
            continue
        if isinstance(value, bool | int | float | str):
            found[label] = value
        elif isinstance(value, np.ndarray) or (
            isinstance(value, torch.Tensor) and value.layout == torch.strided
        ):
            found[label] = _digest(value)
        elif depth:
            found |= _contents(value, label, depth - 1)
    return found


def _digest(values: Any) -> str:
    array = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    array = np.ascontiguousarray(array)
    head = f"{array.dtype.str}{array.shape}".encode()
    return "sha256 " + hashlib.sha256(head + array.tobytes()).hexdigest()


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.generic | np.ndarray | torch.Tensor) else repr(value)


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "…"
