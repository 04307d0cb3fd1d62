"""The sum W⁰f + Σ_k W^k L_k f of an L-conv layer, in the cheapest order of its products."""

from .factors import contract_factors
from .matrices import contract_matrices
from .products import correlate, flatten, keeps_stack, mix, mixes_first, unflatten

__all__ = [
    "contract_factors",
    "contract_matrices",
    "correlate",
    "flatten",
    "keeps_stack",
    "mix",
    "mixes_first",
    "unflatten",
]
