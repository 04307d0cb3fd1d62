"""The second variation of the loss: trace and Hilbert–Schmidt norm of its Hessian, sample by sample."""

from __future__ import annotations

import torch
from torch import Tensor

REMEDY = "expected some for order=2; take order=1"


def trace_and_norm(gradient: Tensor, inputs: Tensor, probes: Tensor) -> tuple[Tensor, Tensor]:
    """Estimates of (tr H)² and ‖H‖² = Σ H_ab² of each sample's Hessian H.

    From products Hv_k with K random signs v_k (Hutchinson): ‖H‖² = E‖Hv‖², and (tr H)² as the square of the
    mean of v·Hv less the variance of that mean. With K = numbers of a sample, v_k are the unit vectors and
    both are exact. All samples see the same v_k, so that equal Hessians get equal estimates.

    `gradient` is that of the summed loss with its graph; probes are those of `probe_vectors`.
    shape: gradient and inputs (batch, ...), probes (K, ...) -> (batch,) twice
    """
    check_twice_differentiable(gradient)
    traces, norms = [], []
    for probe in probes:
        product = _hessian_product(gradient, inputs, probe.expand_as(inputs))
        traces.append((product * probe).flatten(1).sum(1))
        norms.append(product.square().flatten(1).sum(1))
    trace, norm = torch.stack(traces), torch.stack(norms)
    if len(probes) == inputs[0].numel():
        return trace.sum(0).square(), norm.sum(0)
    return (trace.mean(0).square() - trace.var(0) / len(probes)).clamp_min(0), norm.mean(0)


def probe_vectors(sample: Tensor, count: int, seed: int) -> Tensor:
    """`count` vectors of random signs, or the unit vectors where these are no more. shape: (K, *sample)"""
    size = sample.numel()
    if count >= size:
        return torch.eye(size, dtype=sample.dtype, device=sample.device).view(size, *sample.shape)
    signs = torch.randint(0, 2, (count, *sample.shape), generator=torch.Generator().manual_seed(seed))
    return (2 * signs - 1).to(sample)


def check_twice_differentiable(gradient: Tensor) -> None:
    """ValueError where an operation of the model has a first derivative only.

    PyTorch marks it by an Error node in the gradient's graph, and takes its second derivative as 0 where the
    node stands between gradient and input.
    """
    waiting = [gradient.grad_fn]
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        if node is None:
            continue
        if node.name().endswith("::Error"):
            raise ValueError(f"got a model without second derivatives, {REMEDY}")
        fresh = {after for after, _ in node.next_functions} - seen
        seen |= fresh
        waiting.extend(fresh)


def _hessian_product(gradient: Tensor, inputs: Tensor, probe: Tensor) -> Tensor:
    """Hv; 0 where the gradient does not depend on the input."""
    if not gradient.requires_grad:
        return torch.zeros_like(inputs)
    try:
        (product,) = torch.autograd.grad(gradient, inputs, probe, retain_graph=True, allow_unused=True)
    except RuntimeError as error:
        if "not implemented" not in str(error):
            raise
        line = " ".join(str(error).split())
        raise ValueError(f"got a model without second derivatives ({line}), {REMEDY}") from None
    return torch.zeros_like(inputs) if product is None else product
