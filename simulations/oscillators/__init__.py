"""Phase oscillators: the Kuramoto family, its networks, frequencies, observables and closed forms."""

from __future__ import annotations

from . import frequencies, initial, networks
from .exact import (
    LockedPair,
    beat_frequency,
    locked_pair,
    noisy_order_parameter,
    ott_antonsen_order_parameter,
    ott_antonsen_rate,
    ott_antonsen_transient,
)
from .frequencies import FrequencyDistribution
from .kuramoto import Kuramoto
from .named import (
    FREQUENCIES,
    INITIAL_PHASES,
    NETWORKS,
    initial_phases,
    natural_frequencies,
    network,
)
from .observables import (
    cross_ratio,
    cross_ratios,
    effective_frequencies,
    local_order_parameter,
    order_parameter,
)
from .simplices import MeanFieldTriplets, Triplets
from .sparse import Edges

__all__ = [
    "FREQUENCIES",
    "INITIAL_PHASES",
    "NETWORKS",
    "Edges",
    "FrequencyDistribution",
    "Kuramoto",
    "LockedPair",
    "MeanFieldTriplets",
    "Triplets",
    "beat_frequency",
    "cross_ratio",
    "cross_ratios",
    "effective_frequencies",
    "frequencies",
    "initial",
    "initial_phases",
    "local_order_parameter",
    "locked_pair",
    "natural_frequencies",
    "network",
    "networks",
    "noisy_order_parameter",
    "order_parameter",
    "ott_antonsen_order_parameter",
    "ott_antonsen_rate",
    "ott_antonsen_transient",
]
