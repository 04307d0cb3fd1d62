"""What a discovery is, in memory and on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from lagrangians import Lagrangian

from .conservation import Conservation
from .density import DensityModel
from .learning.field_model import FieldModel
from .learning.gradient import History
from .learning.network_model import NetworkModel

SCHEMA = "fieldnet/lagrangian/1"


@dataclass(frozen=True)
class TermEstimate:
    """A term of the density with its coefficient; `trained` is the coefficient that the network had before
    terms were selected and refitted (None where it has none, as for the kinetic term that fixes the scale).
    """

    term: str
    coefficient: float
    stderr: float | None
    trained: float | None


@dataclass(frozen=True)
class LearnedGenerator:
    """A learned generator beside ∂ along one axis.

    `symbol` is s(k)/κ, to be compared with `wavenumbers`; `band_edge` holds 99.9% of the data's `power` below
    it; `symbol_error` is max |s(k)/κ − k|/k up to there; `cosine` is that of L̂f with ∂f on held-out
    features.
    """

    axis: str
    scale: float
    cosine: float
    wavenumbers: np.ndarray
    symbol: np.ndarray
    power: np.ndarray
    band_edge: float
    symbol_error: float
    stencil: np.ndarray


@dataclass(frozen=True)
class FreeField:
    """The forms of the layer's loss: m₂, h, v, a as arrays and the signature (positive, negative, zero) of
    h.
    """

    m2: np.ndarray
    h: np.ndarray
    v: np.ndarray
    a: np.ndarray
    signature: tuple[int, int, int]
    channels: tuple[str, ...]


@dataclass(frozen=True)
class Network:
    """Oscillators: K_ij of θ̇_i = ω_i + Σ_j K_ij sin(θ_j − θ_i − α) and what goes with it.

    `inertia` and `damping` are None for oscillators of first order. `metric` holds m_i with m_iK_ij =
    m_jK_ji, or None; `potential` is V(θ) as text where there is one.
    """

    coupling: np.ndarray
    coupling_stderr: np.ndarray
    trained_coupling: np.ndarray
    frequencies: np.ndarray
    frequencies_stderr: np.ndarray
    inertia: np.ndarray | None
    damping: np.ndarray | None
    phase_lag: float
    metric: np.ndarray | None
    potential: str | None
    cycle: str | None


@dataclass(frozen=True)
class Discovery:
    """The answer to "what is the Lagrangian of these data", with everything that a report shows.

    `extra` holds further keys of lagrangian.json; `data_fields` the names in the data where several fields,
    or fields of other names than those of the Lagrangian, were given.
    """

    name: str
    model: FieldModel | NetworkModel | DensityModel
    lagrangian: Lagrangian
    equations: tuple[str, ...]
    verdict: str
    evidence: dict[str, Any]
    terms: list[TermEstimate]
    free_field: FreeField
    generators: list[LearnedGenerator]
    network: Network | None
    conservation: Conservation
    histories: dict[str, History]
    chosen: str
    held_out: xr.Dataset
    simulated: xr.Dataset | None
    rollout_error: np.ndarray | None
    fit: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    data_fields: tuple[str, ...] = ()

    def content(self) -> dict[str, Any]:
        """The content of lagrangian.json."""
        theory = self.lagrangian
        content: dict[str, Any] = {
            "schema": SCHEMA,
            "coordinates": list(theory.jets.coordinate_names),
            "fields": list(theory.jets.field_names),
            "parameters": [],
            "density": theory.jet_text(),
            "latex": theory.latex(digits=6),
            "terms": [vars(term) for term in self.terms],
            "equations_of_motion": list(self.equations),
            "free_field": {
                "channels": list(self.free_field.channels),
                "m2": self.free_field.m2,
                "h": self.free_field.h,
                "v": self.free_field.v,
                "a": self.free_field.a,
                "signature": list(self.free_field.signature),
            },
            "verdict": self.verdict,
            "evidence": self.evidence,
            "conservation": [
                {
                    "generator": str(charge.generator),
                    "name": charge.name,
                    "relative_drift": charge.relative_drift,
                    "control_drift": charge.control_drift,
                }
                for charge in self.conservation.charges
            ],
            "local_conservation": [
                {
                    "generator": str(item.generator),
                    "name": item.name,
                    "residual": item.residual,
                    "control_residual": item.control_residual,
                }
                for item in self.conservation.local
            ],
            "learned_generators": [
                {
                    "axis": g.axis,
                    "stencil": g.stencil,
                    "scale": g.scale,
                    "cosine": g.cosine,
                    "symbol_error": g.symbol_error,
                    "band_edge": g.band_edge,
                }
                for g in self.generators
            ],
            "fit": self.fit,
            **self.extra,
        }
        if self.data_fields:
            content["data_fields"] = list(self.data_fields)
        if self.network is not None:
            content["network"] = vars(self.network)
        return plain(content)


def plain(value: Any) -> Any:
    """Arrays, numbers and mappings as JSON values; a number that is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value if value is None else str(value)
