"""Products over channels, and which comes first: those over channels or those over space."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def flatten(features: Tensor, space_dimensions: int) -> Tensor:
    """shape: (..., c, *S) -> (b, c, d)"""
    channel = features.ndim - space_dimensions - 1
    batch, space = features.shape[:channel], features.shape[channel + 1 :]
    return features.reshape(math.prod(batch), features.shape[channel], math.prod(space))


def unflatten(flat: Tensor, like: Tensor, space_dimensions: int) -> Tensor:
    """Batch and space as those of another feature map. shape: (b, c, d) -> (..., c, *S)"""
    channel = like.ndim - space_dimensions - 1
    return flat.reshape(*like.shape[:channel], flat.shape[1], *like.shape[channel + 1 :])


def lowered(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Inside `torch.autocast` in its precision, as matrix products are there; else as they are."""
    device = tensors[0].device.type
    if not torch.is_autocast_enabled(device):
        return tensors
    precision = torch.get_autocast_dtype(device)
    return tuple(t if t.dtype == torch.float64 else t.to(precision) for t in tensors)


def mix(weight: Tensor, features: Tensor) -> Tensor:
    """Σ_c W_oc f_c at every node. shape: (o, c), (b, c, d) -> (b, o, d)"""
    return torch.bmm(weight.expand(len(features), *weight.shape), features)


def mix_channels(weight: Tensor, features: Tensor, channel: int) -> Tensor:
    """Σ_c W_oc f_c along any channel axis. shape: (o, c), (..., c, …) -> (..., o, …)"""
    return torch.tensordot(weight, features, dims=([1], [channel])).movedim(0, channel)


def correlate(residual: Tensor, features: Tensor) -> Tensor:
    """Σ_b,d g_bod f_bcd, the gradient of ⟨g, Wf⟩ by W. shape: (b, o, d), (b, c, d) -> (o, c)"""
    outputs, inputs, nodes = residual.shape[1], features.shape[1], features.shape[2]
    if min(outputs, inputs) <= nodes:
        return torch.bmm(residual, features.mT).sum(0)
    rows = residual.transpose(0, 1).reshape(outputs, -1)
    return rows @ features.transpose(0, 1).reshape(inputs, -1).mT


def mixes_first(count: int, outputs: int, inputs: int) -> bool:
    """Whether W^k acts before L_k.

    W first, both passes take 3·c_out products of L with a row; L first, 3·c_in if the stack of all L_k f is
    kept from the forward to the backward pass, else 4·c_in.
    """
    return 3 * outputs <= (3 if keeps_stack(count, outputs, inputs) else 4) * inputs


def keeps_stack(count: int, outputs: int, inputs: int) -> bool:
    """Whether the stack of all L_k f is at most as large as the output and the input together."""
    return count * inputs <= outputs + inputs


def has_storage(tensor: Tensor) -> bool:
    """False for a tensor that stands for many inside a vmap."""
    try:
        tensor.untyped_storage()
    except NotImplementedError:
        return False
    return True
