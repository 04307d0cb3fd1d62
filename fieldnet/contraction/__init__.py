"""The sum W⁰f + Σ_k W^k L_k f of an L-conv layer, in the cheapest order of its products."""

from .factors import contract_factors
from .matrices import contract_matrices
from .products import (
    flatten,
    has_storage,
    keeps_stack,
    mix,
    mix_channels,
    mixes_first,
    unflatten,
)

__all__ = [
    "contract_factors",
    "contract_matrices",
    "flatten",
    "has_storage",
    "keeps_stack",
    "mix",
    "mix_channels",
    "mixes_first",
    "unflatten",
]
