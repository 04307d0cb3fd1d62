"""Data in, Lagrangian out; Lagrangian in, data out.

L-conv layers (Lie algebra convolution) learn from simulated or measured fields; their weights are read as
Lagrangians, which are run and audited.
"""

from __future__ import annotations

from . import generators
from .conservation import check_conservation
from .derive import derive_lagrangian, expand_field_model, expand_layer
from .discover import discover_lagrangian
from .features import FeatureMap, feature_map
from .lconv import LConv
from .results import Discovery
from .rollout import rollout, system_from_json
from .saving import load, save

__all__ = [
    "Discovery",
    "FeatureMap",
    "LConv",
    "check_conservation",
    "derive_lagrangian",
    "discover_lagrangian",
    "expand_field_model",
    "expand_layer",
    "feature_map",
    "generators",
    "load",
    "rollout",
    "save",
    "system_from_json",
]
