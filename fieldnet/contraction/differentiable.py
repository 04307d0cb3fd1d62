"""W⁰f + Σ_k W^k L_k f and its gradients by operations that autograd, vmap and compilers follow."""

from __future__ import annotations

import torch
from torch import Tensor

from .products import correlate, mix

Gradients = tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]


def contraction(identity: Tensor | None, weight: Tensor, features: Tensor, matrices: Tensor) -> Tensor:
    """W⁰f + Σ_k W^k L_k f, one generator at a time."""
    before = weight.shape[1] <= weight.shape[2]
    total = None if identity is None else mix(identity, features)
    for w, matrix in zip(weight, matrices, strict=True):
        term = mix(w, features) @ matrix.mT if before else mix(w, features @ matrix.mT)
        total = term if total is None else total + term
    if total is None:
        return features.new_zeros(len(features), weight.shape[1], features.shape[2])
    return total


def gradients(
    residual: Tensor,
    identity: Tensor | None,
    weight: Tensor,
    features: Tensor,
    matrices: Tensor,
    needs: tuple[bool, ...],
) -> Gradients:
    """Gradients of ⟨g, W⁰f + Σ_k W^k L_k f⟩ by W⁰, W, f, L, where needed."""
    fewer_outputs = weight.shape[1] <= weight.shape[2]
    by_identity = correlate(residual, features) if needs[0] else None
    by_weight = by_features = by_matrices = None
    if needs[1]:
        by_weight = torch.stack(
            [
                correlate(residual @ m, features) if fewer_outputs else correlate(residual, features @ m.mT)
                for m in matrices
            ]
        )
    if needs[2]:
        adjoint = None if identity is None else identity.mT
        by_features = contraction(adjoint, weight.mT, residual, matrices.mT)
    if needs[3]:
        pairs = (
            (residual, mix(w, features)) if fewer_outputs else (mix(w.mT, residual), features) for w in weight
        )
        by_matrices = torch.stack(
            [g.reshape(-1, g.shape[2]).mT @ f.reshape(-1, f.shape[2]) for g, f in pairs]
        )
    return by_identity, by_weight, by_features, by_matrices
