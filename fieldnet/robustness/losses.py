"""The loss of every sample on its own, I[f] = ∫ℒ ρ dx, and what a model must keep to for it to make sense."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Model = Callable[[Tensor], Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]
"""loss(outputs, targets): values of shape (batch, ...), one or more a sample, such as `reduction="none"`."""

COMPARED = 8
"""Samples of which the loss in company is compared with the loss alone."""


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """The density |r|², r = outputs − targets. shape: (batch, channels, *S), kept"""
    if outputs.shape != targets.shape:
        raise ValueError(
            f"got outputs of shape {tuple(outputs.shape)} and targets of shape {tuple(targets.shape)}, "
            "expected the same shape for the loss 'mse'"
        )
    return (outputs - targets).square()


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """−log p(target). shape: outputs (batch, classes, *S), targets (batch, *S) -> (batch, *S)"""
    return nn.functional.cross_entropy(outputs, targets, reduction="none")


LOSSES: dict[str, Loss] = {"mse": squared_error, "cross_entropy": cross_entropy}


def loss_called(loss: str | Loss) -> Loss:
    """The loss of that name, or the given function. ValueError for an unknown name."""
    if not isinstance(loss, str):
        return loss
    if loss not in LOSSES:
        raise ValueError(f"got the loss {loss!r}, expected {', '.join(LOSSES)} or a function of two tensors")
    return LOSSES[loss]


def losses(model: Model, loss: Loss, measure: Tensor | float, inputs: Tensor, targets: Tensor) -> Tensor:
    """I = Σ ρℒ of each sample, the sum over all axes of the loss but the first.

    shape: inputs (batch, ...), targets (batch, ...), measure as the trailing axes of the loss -> (batch,)

    Raises ValueError for a loss that is not given sample by sample, and for a measure that does not fit.
    """
    values = loss(model(inputs), targets)
    if values.ndim == 0 or len(values) != len(inputs):
        raise ValueError(
            f"got a loss of shape {tuple(values.shape)} for {len(inputs)} samples, expected values sample by "
            'sample; choose reduction="none"'
        )
    weights = torch.as_tensor(measure, dtype=values.dtype, device=values.device)
    try:
        fits = torch.broadcast_shapes(weights.shape, values.shape[1:]) == values.shape[1:]
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(
            f"got a measure of shape {tuple(weights.shape)}, expected a number or the trailing axes of "
            f"{tuple(values.shape[1:])}, the loss of one sample"
        )
    return (weights * values).flatten(1).sum(1) if values.ndim > 1 else weights * values


def check_module(model: Model, inputs: Tensor) -> None:
    """ValueError for dropout and batch normalisation in training mode, which draw or mix samples; and for
    inputs of another dtype or on another device than all of the model's parameters.
    """
    if not isinstance(model, nn.Module):
        return
    for module in model.modules():
        kind = type(module).__name__
        if module.training and ("Dropout" in kind or "BatchNorm" in kind):
            raise ValueError(
                f"got a model with {kind} in training mode, expected a model in use; call .eval()"
            )
    kinds = [(parameter.dtype, parameter.device) for parameter in model.parameters()]
    if kinds and (inputs.dtype, inputs.device) not in kinds:
        raise ValueError(
            f"got inputs of {inputs.dtype} on {inputs.device} for a model of {kinds[0][0]} on {kinds[0][1]}, "
            "expected the same; convert one of them with .to()"
        )


@torch.no_grad()
def check_independence(
    model: Model, loss: Loss, measure: Tensor | float, inputs: Tensor, targets: Tensor
) -> None:
    """ValueError where the loss of a sample changes with the others in its batch, or from call to call.

    Only then is the gradient of the summed loss the gradient of each sample's own. Two losses count as equal
    to the square root of the dtype's precision.
    """
    inputs, targets = inputs[:COMPARED], targets[:COMPARED]
    together = losses(model, loss, measure, inputs, targets)
    one = [slice(place, place + 1) for place in range(len(inputs))]
    alone = torch.cat([losses(model, loss, measure, inputs[i], targets[i]) for i in one])
    if not torch.isfinite(together).all():
        raise ValueError("got a loss that is not finite, expected numbers; look for nan in model and data")
    allowed = torch.finfo(together.dtype).eps ** 0.5 * together.abs().max().clamp_min(1e-30)
    if (together - alone).abs().max() > allowed:
        raise ValueError(
            "got a sample whose loss depends on the batch that it is in, or changes from call to call, "
            "expected samples apart and no random numbers; call .eval()"
        )
