"""Running what was found: from the first times of measured data, at the same times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr

from lagrangians import Lagrangian
from simulations import BlowUpError, FieldSystem, Grid, Kuramoto, initial_state, simulate
from simulations.files.conventions import field_names, space_names, spacing

from .learning.weak_form import half_points
from .trajectory import NOISY, noise_level


def rollout(
    system: Any,
    dataset: xr.Dataset,
    fields: Sequence[str] | None = None,
    t_end: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> xr.Dataset:
    """Simulate `system` from the initial data of `dataset` (normal form), saved at the times of the data.

    The initial velocity is the slope of a polynomial in t through the first saved times; where the data are
    noisy, of a wide window and low degree. `fields` are names in `dataset`, in the order of the system's
    fields; `t_end` is counted from the first time of the data, rounded to a multiple of their step. Raises
    BlowUpError with time and place, ValueError for fields that do not fit.
    """
    names = list(field_names(dataset) if fields is None else fields)
    if len(names) != len(system.fields):
        raise ValueError(
            f"got the fields {', '.join(names)}, expected {len(system.fields)}: {', '.join(system.fields)}"
        )
    step = spacing(dataset, "time")
    count = dataset.sizes["time"] - 1 if t_end is None else max(1, round(t_end / step))
    if space_names(dataset) == ("node",):
        dataset = dataset.assign(
            {n: dataset[n].copy(data=np.unwrap(dataset[n].values, axis=1)) for n in names}
        )
    window, degree = _initial_window(dataset, names)
    q, v = initial_state(dataset, names, window=window, degree=degree)
    initial = (q, v) if system.time_order == 2 else q
    start = float(dataset["time"][0])
    try:
        result = simulate(system, initial, count * step, save_every=step, progress=progress)
    except BlowUpError as error:
        if error.partial is not None:
            error.partial = _placed(error.partial, dataset, start)
        raise
    return _placed(result, dataset, start)


def _placed(result: xr.Dataset, dataset: xr.Dataset, start: float) -> xr.Dataset:
    """The result at the times and places of the data."""
    coordinates = {name: dataset[name] for name in space_names(dataset)}
    return result.assign_coords({"time": result["time"] + start, **coordinates})


def _initial_window(dataset: xr.Dataset, names: Sequence[str]) -> tuple[int, int]:
    values = [dataset[name].values for name in names]
    times = dataset.sizes["time"]
    if max(noise_level(v) for v in values) < NOISY:
        return min(9, times), min(8, times - 1)
    width = half_points(max(values, key=np.std), 1, spacing(dataset, "time"))
    return min(2 * width + 1, times), min(4, times - 1)


def relative_error(simulated: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """‖φ_simulated − φ‖₂(t) over the root mean square in time of ‖φ‖₂. shape: (sample, time, …) -> (sample,
    time)
    """
    axes = tuple(range(2, measured.ndim))
    difference = np.sqrt(np.sum((simulated - measured) ** 2, axis=axes))
    norm = np.sqrt(np.mean(np.sum(measured**2, axis=axes), axis=1, keepdims=True))
    return difference / np.maximum(norm, 1e-300)


def phase_error(simulated: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """Root mean square over the nodes of |e^{iθ_simulated} − e^{iθ}|. shape: (sample, time, node) ->
    (sample, time)
    """
    return np.sqrt(np.mean(np.abs(np.exp(1j * simulated) - np.exp(1j * measured)) ** 2, axis=-1))


def system_from_json(
    content: Mapping[str, Any], dataset: xr.Dataset, boundary: str | None = None
) -> FieldSystem | Kuramoto:
    """The system that a `lagrangian.json` describes, on the grid or nodes of
    `dataset`.

    Oscillators come from `network`; a theory found by weak regression, which has `data_fields`, or one whose
    verdict is `not variational` from its `equations_of_motion`; any other from its density. Raises ValueError
    where the file and the data do not fit.
    """
    nodes = space_names(dataset) == ("node",)
    network = content.get("network")
    if nodes != bool(network):
        kinds = ("a field on a grid", "oscillators on nodes")
        raise ValueError(
            f"the theory is for {kinds[bool(network)]}, the data hold {kinds[nodes]}; "
            "give data of the same kind"
        )
    if network:
        return _kuramoto(network, dataset.sizes["node"])
    theory = Lagrangian.from_json(content)
    if theory.parameters:
        names = ", ".join(p.name for p in theory.parameters)
        raise ValueError(f"the density has the parameters {names} without values; write numbers for them")
    grid = Grid.from_dataset(dataset, boundary)
    fields = content.get("data_fields")
    if fields is None and not str(content.get("verdict", "")).startswith("not variational"):
        return FieldSystem(theory, grid)
    own = list(theory.jets.field_names) if fields is None else _texts("data_fields", fields)
    equations = _texts("equations_of_motion", content.get("equations_of_motion"))
    return FieldSystem.from_equations(equations, own, theory.jets.coordinate_names, grid)


def _texts(key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise ValueError(f"expected '{key}' to be a list of strings, got {value!r}")
    return value


def _kuramoto(network: Any, nodes: int) -> Kuramoto:
    if not isinstance(network, Mapping) or not {"coupling", "frequencies"} <= set(network):
        raise ValueError("expected 'network' to hold 'coupling' and 'frequencies'")
    try:
        arrays: dict[str, Any] = {
            key: torch.tensor(np.array(network[key], dtype=float))
            for key in ("coupling", "frequencies", "inertia", "damping")
            if network.get(key) is not None
        }
        form = network.get("form")
        waves = None if form is None else np.array(form, dtype=float).reshape(-1, 2)
        lag: Any = float(network.get("phase_lag") or 0.0)
        alone = np.any(np.array(network.get("on_site") or 0.0, dtype=float))
    except (TypeError, ValueError) as error:
        raise ValueError(f"the numbers of 'network' cannot be read: {error}") from None
    if arrays["frequencies"].shape != (nodes,):
        raise ValueError(
            f"the network has {tuple(arrays['frequencies'].shape)} frequencies, the data have {nodes} nodes; "
            "give data of the same network"
        )
    if alone:
        raise ValueError(
            "the network has torques that depend on single phases ('on_site'), expected pairs alone; run its "
            "equations_of_motion with a solver of your own"
        )
    if waves is None:
        return Kuramoto(**arrays, phase_lag=lag)
    lags = np.arctan2(-waves[:, 1], waves[:, 0])  # a sin nd + b cos nd = √(a² + b²) sin(nd − α)
    return Kuramoto(**arrays, phase_lag=lags, harmonics=np.hypot(*waves.T).tolist())
