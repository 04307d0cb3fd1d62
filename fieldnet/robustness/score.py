"""The Euler–Lagrange expression of a trained model's loss, as a score of every sample."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from .curvature import probe_vectors, trace_and_norm
from .losses import Loss, Model, check_independence, check_module, loss_called, losses
from .samples import inputs_and_targets
from .verification import Verification, verify


@dataclass(frozen=True, eq=False)
class Robustness:
    """How much noise of size ε on the input changes the loss of each sample.

    - `euler_lagrange`: δI/δf with I = Σρℒ, where in the sample it is fragile; shape of the inputs.
    - `score`: √E[(δI)²]/ε as far as `order` goes; ‖δI/δf‖ with order 1. shape: (count,)
    - `first_order`: ε‖δI/δf‖. shape: (count,)
    - `second_order`: ε²√(¼(tr H)² + ½‖H‖²), H the Hessian of I in f; None with order 1. shape: (count,)
    - `loss`: I of each sample. shape: (count,)
    - `size`: ε.

    All detached, of the dtype and on the device of the inputs.
    """

    euler_lagrange: Tensor
    loss: Tensor
    first_order: Tensor
    second_order: Tensor | None
    size: float
    inputs: Tensor = field(repr=False)
    targets: Tensor = field(repr=False)
    model: Model = field(repr=False)
    loss_function: Loss = field(repr=False)
    measure: Tensor | float = field(repr=False)
    batch: int = field(repr=False)

    @property
    def predicted(self) -> Tensor:
        """√E[(δI)²], the RMS change of each sample's loss under noise of size ε. shape: (count,)"""
        return self.predicted_at(self.size)

    @property
    def score(self) -> Tensor:
        """`predicted`/ε. shape: (count,)"""
        return self.predicted / self.size

    def predicted_at(self, size: float) -> Tensor:
        """√E[(δI)²] under noise of another size. shape: (count,)"""
        larger = size / self.size
        first = larger * self.first_order
        return first if self.second_order is None else torch.hypot(first, larger**2 * self.second_order)

    def verify(self, size: float | None = None, draws: int = 64, seed: int = 0) -> Verification:
        """Perturb every input `draws` times by normal noise of standard deviation `size` (default: ε), and
        compare the RMS change of the loss with `predicted_at(size)` and with controls; see `Verification`.
        """
        size = self.size if size is None else size
        return verify(
            self.predicted_at(size),
            self.loss,
            self.inputs,
            lambda rows, noise: losses(
                self.model, self.loss_function, self.measure, self.inputs[rows] + noise, self.targets[rows]
            ),
            size=size,
            draws=draws,
            seed=seed,
            batch=self.batch,
        )


def robustness(
    model: Model,
    data: Any,
    loss: str | Loss = "mse",
    *,
    measure: Tensor | float = 1.0,
    order: int = 2,
    size: float = 0.1,
    probes: int = 32,
    seed: int = 0,
    batch: int = 256,
) -> Robustness:
    """Score every sample by the Euler–Lagrange expression of the loss, read as a Lagrangian.

    I[f] = Σρℒ, at fixed target and weights, has δI = Σδf·(δI/δf) + ½δfᵀHδf + …, so that independent normal
    noise of standard deviation ε on every number of the input changes the loss by

        E[(δI)²] = ε²‖δI/δf‖² + ε⁴(¼(tr H)² + ½‖H‖²),

    exactly so where I is quadratic in f, else to the second Taylor polynomial. `order=1` keeps the first
    term: one gradient. `order=2` keeps both, by `probes` products with H (see `curvature`): a regression
    that fits well has δI/δf near 0, and its change is of second order. For one linear layer with the squared
    error, δI/δf = 2D†ηDΦ, which `fieldnet.expand_layer(…).euler_lagrange` gives from the weights.

    Args:
        model: a module in use (`.eval()`), or any function of a batch of inputs that treats samples apart.
        data: (inputs, targets), first axes the samples; or a Dataset or DataLoader of such pairs.
        loss: "mse", Σρ|output − target|² over channels and space (measure=1/number for the mean);
            "cross_entropy", Σ −ρ log p(target); or loss(outputs, targets) with values (batch, ...).
        measure: ρ, a number or a tensor that broadcasts to the trailing axes of the loss.
        size: ε, in units of the inputs.
        seed: of the probes; they do not depend on the batch.
        batch: samples at a time; memory grows with it.

    Raises ValueError for dropout or batch normalisation in training mode, for samples that interact or a
    model that draws random numbers, and for a loss that is not finite or not given sample by sample.
    """
    if order not in (1, 2):
        raise ValueError(f"got order={order}, expected 1 or 2")
    if not 0 < size < float("inf"):
        raise ValueError(f"got size={size}, expected a positive number, in units of the inputs")
    if batch < 1 or probes < 2:
        raise ValueError(f"got batch={batch} and probes={probes}, expected at least 1 and 2")
    function = loss_called(loss)
    inputs, targets = inputs_and_targets(data, batch)
    check_module(model, inputs)
    check_independence(model, function, measure, inputs, targets)
    vectors = probe_vectors(inputs[0], probes, seed) if order == 2 else None
    fields, values, curvatures = [], [], []
    for rows in torch.arange(len(inputs)).split(batch):
        part = inputs[rows].requires_grad_()
        with torch.enable_grad():
            value = losses(model, function, measure, part, targets[rows])
            gradient = _gradient(value, part, order == 2)
        if vectors is not None:
            trace, norm = trace_and_norm(gradient, part, vectors)
            curvatures.append((trace / 4 + norm / 2).sqrt().detach())
        fields.append(gradient.detach())
        values.append(value.detach())
    expression, found = torch.cat(fields), torch.cat(values)
    if not (torch.isfinite(expression).all() and torch.isfinite(found).all()):
        raise ValueError("got a loss that is not finite, expected numbers; look for nan in model and data")
    return Robustness(
        euler_lagrange=expression,
        loss=found,
        first_order=size * expression.flatten(1).norm(dim=1),
        second_order=size**2 * torch.cat(curvatures) if order == 2 else None,
        size=size,
        inputs=inputs,
        targets=targets,
        model=model,
        loss_function=function,
        measure=measure,
        batch=batch,
    )


def _gradient(value: Tensor, inputs: Tensor, keep: bool) -> Tensor:
    """∂(Σ I)/∂f, whose rows are the samples' own gradients since samples do not interact."""
    if not value.requires_grad:
        raise ValueError("got a loss without a gradient in the input, expected one made of torch operations")
    (gradient,) = torch.autograd.grad(value.sum(), inputs, create_graph=keep, allow_unused=True)
    return torch.zeros_like(inputs) if gradient is None else gradient
