"""W⁰f + Σ_k W^k L_k f for matrices given as products of two thin factors."""

from __future__ import annotations

import torch
from torch import Tensor

from .products import keeps_stack, lowered, mix


def contract_factors(
    weight: Tensor, features: Tensor, left: Tensor, right: Tensor, identity: Tensor | None = None
) -> Tensor:
    """W⁰f + Σ_k W^k U_k V_k f; V may be one for all k.

    shape: (k, o, c), (b, c, d), (k, d, h), (k or 1, h, d), (o, c) -> (b, o, d)

    V_k comes first, to h hidden nodes. Either W^k acts there, and the U_k take all generators' hidden nodes
    back at once, with no stack of features; or, where that is cheaper and the stack is short, U_k acts before
    W^k. A node of space then costs k·h·c_out, or k·c_in·(h + c_out), beyond V.
    """
    weight, features, left, right = lowered(weight, features, left, right)
    if identity is not None:
        (identity,) = lowered(identity)
    count, outputs, inputs = weight.shape
    batch, _, nodes = features.shape
    hidden = left.shape[2]
    code = features @ right.reshape(-1, nodes).mT
    if right.shape[0] == 1:
        code = code.unsqueeze(2).expand(batch, inputs, count, hidden)
    code = code.reshape(batch, inputs, count, hidden)
    if keeps_stack(count, outputs, inputs) and inputs * (hidden + outputs) < hidden * outputs:
        stack = torch.einsum("bckh,kdh->bckd", code, left)
        if identity is not None:
            stack = torch.cat([features.unsqueeze(2), stack], 2)
            weight = torch.cat([identity.unsqueeze(0), weight])
        return mix(weight.permute(1, 2, 0).flatten(1), stack.flatten(1, 2))
    mixed = torch.einsum("koc,bckh->bokh", weight, code).reshape(batch, outputs, count * hidden)
    result = mixed @ left.mT.reshape(count * hidden, nodes)
    if identity is None:
        return result
    return torch.baddbmm(result, identity.expand(batch, outputs, inputs), features)
