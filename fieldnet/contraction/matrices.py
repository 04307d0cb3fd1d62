"""W⁰f + Σ_k W^k L_k f in the cheapest order of its products, and its gradients, in little memory.

The four tensors meet in one form, ⟨g, Σ_k W^k L_k f⟩ = Σ g_bod W_koc L_kde f_bce, linear in each of them: the
layer and its gradients are the derivatives of this form. The products with L_k are the dear ones, of
2·d²·batch·channels operations each; a forward and a backward pass need three of them per generator, on the
smaller number of channels where that is possible (`products.mixes_first`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from . import in_place
from .differentiable import contraction, gradients
from .products import has_storage, lowered, mix


def contract_matrices(
    weight: Tensor, features: Tensor, matrices: Tensor, identity: Tensor | None = None
) -> Tensor:
    """W⁰f + Σ_k W^k L_k f, W⁰ = `identity`, without the first term where it is None.

    shape: (k, o, c), (b, c, d), (k, d, d), (o, c) -> (b, o, d)

    Beyond the result and the gradients, real tensors take scratch space of about f and the result together,
    whatever the number of generators; of what the forward pass computes at most that is kept. Differentiable
    any number of times and in forward mode; may be vmapped and compiled.
    """
    weight, features, matrices = lowered(weight, features, matrices)
    if identity is not None:
        (identity,) = lowered(identity)
    if features.is_complex() or len(matrices) == 0 or torch.compiler.is_compiling():
        return contraction(identity, weight, features, matrices)
    keep = weight.requires_grad and torch.is_grad_enabled()
    return _Contraction.apply(identity, weight, features, matrices, keep)[0]


class _Contraction(torch.autograd.Function):
    """In place where nobody looks on; by `gradients` where the gradients are differentiated or vmapped."""

    @staticmethod
    def forward(identity, weight, features, matrices, keep):
        return in_place.forward(identity, weight, features, matrices, keep)

    @staticmethod
    def setup_context(ctx, inputs, output):
        identity, weight, features, matrices, _ = inputs
        stack = output[1]
        ctx.set_materialize_grads(False)
        if stack is not None:
            ctx.mark_non_differentiable(stack)
        ctx.save_for_backward(identity, weight, features, matrices, stack)
        ctx.save_for_forward(identity, weight, features, matrices)

    @staticmethod
    def backward(ctx, residual, _):
        identity, weight, features, matrices, stack = ctx.saved_tensors
        needs = ctx.needs_input_grad[:4]
        if residual is None:
            return (None,) * 5
        tensors = (residual, identity, weight, features, matrices)
        if torch.is_grad_enabled() or not has_storage(residual):
            return *gradients(*tensors, needs), None
        return *in_place.backward(*tensors, stack, needs), None

    @staticmethod
    def jvp(ctx, by_identity, by_weight, by_features, by_matrices, _):
        identity, weight, features, matrices = ctx.saved_tensors
        tangent = torch.zeros_like(mix(weight[0], features))
        if by_features is not None:
            tangent = tangent + contraction(identity, weight, by_features, matrices)
        if by_weight is not None:
            tangent = tangent + contraction(None, by_weight, features, matrices)
        if by_matrices is not None:
            tangent = tangent + contraction(None, weight, features, by_matrices)
        if by_identity is not None:
            tangent = tangent + mix(by_identity, features)
        return tangent, None

    @staticmethod
    def vmap(info, in_dims, identity, weight, features, matrices, keep):
        mapped = torch.vmap(contraction, in_dims[:4], randomness=info.randomness)
        return (mapped(identity, weight, features, matrices), None), (0, None)
