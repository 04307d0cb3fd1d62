"""What may be asked of a simulation, and what is run in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from simulations.integrators import Simulated

NODE_OPTIONS = (
    "oscillators",
    "coupling",
    "network",
    "frequencies",
    "inertia",
    "damping",
    "phase_lag",
    "noise_strength",
    "harmonics",
    "triplets",
)
"""The options that only oscillators have."""


@dataclass(frozen=True)
class Options:
    """The options of `fieldnet simulate`; None is the system's own default."""

    system: str | None = None
    density: str | None = None
    fields: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    initial: str | None = None
    dimension: int | None = None
    length: str | None = None
    points: str | None = None
    origin: str | None = None
    boundary: str | None = None
    derivative: str | None = None
    t_end: float | None = None
    save_every: float | None = None
    seed: int = 0
    samples: int = 1
    oscillators: int | None = None
    coupling: str | None = None
    network: str | None = None
    frequencies: str | None = None
    inertia: float | None = None
    damping: float | None = None
    phase_lag: float | None = None
    noise_strength: float | None = None
    harmonics: str | None = None
    triplets: tuple[str, ...] = ()
    viscosity: float | None = None
    forcing: str | None = None
    step: float | None = None


@dataclass(frozen=True)
class Experiment:
    """A system with initial data and times, and the attributes that say how to make it again."""

    system: Simulated
    initial: Any
    t_end: float
    save_every: float
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def single_precision(self) -> Experiment:
        """The same with initial data, and so the whole run, in float32."""
        return replace(self, initial=_single(self.initial))


def _single(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _single(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_single(part) for part in value)
    return torch.as_tensor(value).to(torch.float32)


def refuse(options: Options, names: tuple[str, ...], system: str) -> None:
    """ValueError for options that this system does not have."""
    default = Options()
    for name in names:
        if getattr(options, name) != getattr(default, name):
            flag = "--" + name.replace("_", "-")
            raise ValueError(
                f"got {flag} for {system}, which does not have it; see fieldnet simulate {system} --list"
            )
