"""Initial data for every theory: random fields, running waves, pulses, a vacuum with noise."""

from __future__ import annotations

from typing import Any

import torch

from lagrangians.catalogue import describe
from lagrangians.catalogue.registry import ENTRIES

from .klein_gordon import middle
from .linear_waves import running_wave
from .named.placing import MODES, wavenumbers
from .random_fields import random_smooth
from .registry import State, general
from .theories import theory_parameters, values_in

SEED = ("of the random numbers", 0.0)
SAMPLES = ("how many fields, in a batch", 1.0)
VACUUM = ("constant part of the first field, default the catalogue's first vacuum, or 0", None)


def _on_grid(system: Any) -> bool:
    return getattr(getattr(system, "grid", None), "dimension", 0) > 0


def _has_state(system: Any) -> bool:
    return hasattr(system, "state_shape") and hasattr(system, "fields")


def vacuum_of(system: Any, value: float | None = None) -> torch.Tensor:
    """The constant fields of the vacuum at every point, shape of a state.

    The first vacuum that the catalogue states for this theory, 0 for theories that it does not know; `value`
    replaces the first field's.
    """
    levels = dict.fromkeys(system.fields, 0.0)
    for name, level in _stated_vacuum(system).items():
        real = f"{name}_re" if f"{name}_re" in levels else name  # of a complex field
        levels |= {real: level} if real in levels else {}
    if value is not None:
        levels[system.fields[0]] = value
    parts = [torch.full(system.points, levels[name], dtype=torch.float64) for name in system.fields]
    return torch.stack(parts) if len(parts) > 1 else parts[0]


def _stated_vacuum(system: Any) -> dict[str, float]:
    lagrangian = values_in(system)
    if lagrangian is None:
        return {}
    for theory, entry in ENTRIES.items():
        if not any(vacuum.values for vacuum in entry.vacua[:1]):
            continue
        values = theory_parameters(lagrangian, theory)
        if values is not None:
            vacua = describe(theory, **values).vacua
            return {name: float(value) for name, value in vacua[0].values.items()} if vacua else {}
    return {}


def _with_rate(system: Any, q: torch.Tensor, v: torch.Tensor | None = None) -> State:
    if system.time_order == 1:
        return q
    return q, torch.zeros_like(q) if v is None else v


@general(
    "random",
    "smooth Gaussian random fields about the vacuum",
    {
        "amplitude": ("standard deviation of each field", 1.0),
        "speed": ("standard deviation of its time derivative", 0.0),
        "correlation": ("correlation length, default a tenth of the shortest side", None),
        "vacuum": VACUUM,
        "samples": SAMPLES,
        "seed": SEED,
    },
    _on_grid,
)
def _random(
    system: Any,
    amplitude: float,
    speed: float,
    correlation: float | None,
    vacuum: float | None,
    samples: float,
    seed: float,
) -> State:
    def draw(size: float, offset: int) -> torch.Tensor:
        parts = [
            random_smooth(
                system.grid, int(samples), size, correlation, int(seed) * 1000 + offset + 2 * number
            )
            for number in range(len(system.fields))
        ]
        joined = torch.stack(parts, 1) if len(parts) > 1 else parts[0]
        return joined if samples > 1 else joined[0]

    q = vacuum_of(system, vacuum) + draw(amplitude, 0)
    return _with_rate(system, q, draw(speed, 1) if speed else None)


@general(
    "plane-wave",
    "running wave about the vacuum, exact for small amplitudes",
    {
        "amplitude": ("of the largest field", 0.1),
        **MODES,
        "branch": ("which wave, from the slowest one, 0", 0.0),
        "vacuum": VACUUM,
    },
    _on_grid,
)
def _plane_wave(
    system: Any, amplitude: float, nx: float, ny: float, nz: float, branch: float, vacuum: float | None
) -> State:
    k = wavenumbers(system.grid, (nx, ny, nz))
    q, v, _ = running_wave(system, vacuum_of(system, vacuum), k, amplitude, int(branch))
    return _with_rate(system, q, v)


@general(
    "gaussian",
    "Gaussian in the first field about the vacuum, at rest",
    {
        "amplitude": ("height", 1.0),
        "width": ("standard deviation, default a twentieth of the shortest side", None),
        "centre": ("place along x, default the middle of the box", None),
        "vacuum": VACUUM,
    },
    _on_grid,
)
def _gaussian(
    system: Any, amplitude: float, width: float | None, centre: float | None, vacuum: float | None
) -> State:
    grid = system.grid
    places = list(middle(grid))
    places[0] = places[0] if centre is None else centre
    size = min(grid.length) / 20 if width is None else width
    square = torch.zeros(system.points, dtype=torch.float64)
    for x, place in zip(grid.mesh(), places, strict=True):
        square = square + ((x - place) / size) ** 2
    lump = amplitude * torch.exp(-square / 2)
    q = vacuum_of(system, vacuum)
    if len(system.fields) > 1:
        lump = torch.stack([lump, *[torch.zeros_like(lump)] * (len(system.fields) - 1)])
    return _with_rate(system, q + lump)


@general(
    "vacuum+noise",
    "vacuum with independent noise at each point, in the fields",
    {
        "amplitude": ("standard deviation of the noise", 1e-3),
        "vacuum": VACUUM,
        "samples": SAMPLES,
        "seed": SEED,
    },
    _has_state,
)
def _noise(system: Any, amplitude: float, vacuum: float | None, samples: float, seed: float) -> State:
    q = vacuum_of(system, vacuum)
    generator = torch.Generator().manual_seed(int(seed))
    draw = torch.randn(int(samples), *q.shape, dtype=torch.float64, generator=generator)
    return _with_rate(system, q + amplitude * (draw if samples > 1 else draw[0]))
