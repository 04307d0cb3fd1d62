"""Oscillators on a network: from options to an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from simulations import load
from simulations.files.conventions import field_names, space_names
from simulations.initial import initial_state
from simulations.oscillators import Kuramoto, MeanFieldTriplets, initial_phases, natural_frequencies, network

from .choice import Choice, chosen
from .field import is_field_file
from .options import Experiment, Options, refuse
from .specification import number

OSCILLATORS = ("kuramoto", "kuramoto_inertial")
COUNT = 100
FREQUENCIES = "lorentzian:width=0.5"
COUPLING = "2"
DURATION, SAVE_EVERY = 40.0, 0.1
FIELD_OPTIONS = (
    "dimension",
    "length",
    "points",
    "origin",
    "boundary",
    "derivative",
    "density",
    "fields",
    "viscosity",
    "forcing",
)
TRIPLETS = {
    form: Choice(
        f"every triplet alike, (K/N²) Σ_jk {wave}",
        {"strength": (1.0, "K"), "phase_lag": (0.0, "β in radians")},
        lambda form, values: MeanFieldTriplets(values["strength"], form, values["phase_lag"]),
    )
    for form, wave in (("2j-k-i", "sin(2θ_j − θ_k − θ_i − β)"), ("j+k-2i", "sin(θ_j + θ_k − 2θ_i − β)"))
}


def kuramoto_experiment(options: Options) -> Experiment:
    """Phase oscillators: all-to-all or on a network, of first order or with inertia."""
    name = options.system or "kuramoto"
    refuse(options, FIELD_OPTIONS, name)
    inertial = name == "kuramoto_inertial"
    data = load(options.initial) if options.initial and is_field_file(options.initial) else None
    count = options.oscillators if data is None else data.sizes.get("node")
    coupling, count = _coupling(options, count)
    if options.parameters:
        raise ValueError(
            f"got --parameter for {name}, expected --coupling, --inertia, --damping, --phase-lag, "
            "--harmonics, --triplets or --noise-strength"
        )
    frequencies = _frequencies(options.frequencies or ("identical" if inertial else FREQUENCIES), count)
    system = Kuramoto(
        coupling,
        frequencies,
        inertia=float(inertial) if options.inertia is None else options.inertia,
        damping=options.damping or 0.0,
        phase_lag=options.phase_lag or 0.0,
        harmonics=_harmonics(options.harmonics),
        simplices=[_triplets(text) for text in options.triplets],
        noise=options.noise_strength,
    )
    initial: Any
    if data is not None:
        if space_names(data) != ("node",) or len(field_names(data)) != 1:
            raise ValueError(
                "got a file without one field of oscillators on nodes, expected theta on (time, node)"
            )
        initial = initial_state(data, window=min(9, data.sizes["time"]))[: system.time_order]
        initial = initial if system.time_order == 2 else initial[0]
    else:
        initial = initial_phases(options.initial or "random", count, options.samples, options.seed)
    t_end = DURATION if options.t_end is None else options.t_end
    return Experiment(
        system,
        initial,
        t_end,
        (SAVE_EVERY if options.t_end is None else t_end / 400)
        if options.save_every is None
        else options.save_every,
        {
            "system": name,
            "initial": options.initial or "random",
            "oscillators": count,
            "frequency_distribution": options.frequencies or ("identical" if inertial else FREQUENCIES),
            "network": options.network or "all-to-all",
            "coupling_given": options.coupling or COUPLING,
        },
    )


def _harmonics(text: str | None) -> list[float] | None:
    """a_1, a_2, … from "1,0.5"."""
    return None if text is None else [number(part.strip(), "--harmonics") for part in text.split(",")]


def _triplets(text: str) -> MeanFieldTriplets:
    choice, values = chosen(text, TRIPLETS, "form of triplets")
    return choice.make(text.partition(":")[0].strip(), values)


def _coupling(options: Options, count: int | None) -> tuple[Any, int]:
    """(coupling, number of oscillators)."""
    given = options.coupling
    if given is not None and Path(given).suffix in (".npy", ".npz", ".csv", ".txt"):
        if options.network is not None:
            raise ValueError(f"got the coupling file {given} beside --network, expected one of them")
        matrix = read_matrix(Path(given))
        if count is not None and count != len(matrix):
            raise ValueError(f"got a coupling of {len(matrix)} oscillators, expected {count}")
        return matrix, len(matrix)
    strength = number(COUPLING if given is None else given, "--coupling")
    if options.network is None:
        return strength, COUNT if count is None else count
    text = options.network
    if "strength=" not in text and not (given is None and text.startswith("all-to-all")):
        text += f"{',' if ':' in text else ':'}strength={strength}"
    nodes = count if count is not None or "n=" in text.partition(":")[2].split(",")[0] else COUNT
    if ",n=" in text:
        nodes = count
    coupling, found = network(text, nodes)
    return coupling, COUNT if found is None else found


def read_matrix(path: Path) -> np.ndarray:
    """Numbers from .npy, .npz (one array), or text with one row a line. ValueError for anything else."""
    try:
        if path.suffix == ".npy":
            values = np.load(path, allow_pickle=False)
        elif path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                (name,) = arrays.files
                values = arrays[name]
        else:
            values = np.loadtxt(path, delimiter="," if path.suffix == ".csv" else None, ndmin=2)
        return np.asarray(values, dtype=float)
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file; check the name") from None
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{path}: expected one array of numbers ({error})") from None


def _frequencies(text: str, count: int) -> torch.Tensor:
    path = Path(text)
    if path.suffix in (".npy", ".npz", ".csv", ".txt"):
        return torch.as_tensor(read_matrix(path).reshape(-1))
    return natural_frequencies(text, count)
