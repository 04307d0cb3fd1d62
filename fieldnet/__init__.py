"""Data in, Lagrangian out; Lagrangian in, data out.

L-conv layers (Lie algebra convolution) learn from simulated or measured fields; their weights are read as
Lagrangians, which are run and audited.
"""

from __future__ import annotations

from . import algebras, generators, group_convolution, testing
from .conservation import check_conservation
from .derive import derive_lagrangian, expand_field_model, expand_layer
from .discover import discover_lagrangian
from .discover_symmetries import discover_symmetries
from .features import FeatureMap, feature_map
from .group_convolution import RecurrentLConv, approximate_group_convolution
from .lconv import LConv
from .results import Discovery
from .robustness import robustness
from .rollout import rollout, system_from_json
from .saving import load, save
from .symmetry.equivariance import discover_function_symmetries
from .symmetry.learned import LearnedGenerators
from .symmetry.oscillators import discover_oscillator_symmetries
from .symmetry.pairs import discover_generators
from .testing import assert_equivariant, equivariance_error

__all__ = [
    "Discovery",
    "FeatureMap",
    "LConv",
    "LearnedGenerators",
    "RecurrentLConv",
    "algebras",
    "approximate_group_convolution",
    "assert_equivariant",
    "check_conservation",
    "derive_lagrangian",
    "discover_function_symmetries",
    "discover_generators",
    "discover_lagrangian",
    "discover_oscillator_symmetries",
    "discover_symmetries",
    "equivariance_error",
    "expand_field_model",
    "expand_layer",
    "feature_map",
    "generators",
    "group_convolution",
    "load",
    "robustness",
    "rollout",
    "save",
    "system_from_json",
    "testing",
]
