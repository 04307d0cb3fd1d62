"""One L-conv layer again and again: products of group elements near the identity, with shared weights."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..generators import GeneratorModule
from ..lconv import LConv


class RecurrentLConv(nn.Module):
    """f ← σ(W⁰f + (t/n) W^i L̂_i f + b), n = `steps` times, with the weights of one layer.

    For W⁰ = 1, no bias and no σ this is (1 + (t/n) W^i L̂_i)^n = exp(tW^i L̂_i) + O(1/n). `time` t is a number,
    fixed or with `learn_time` a parameter; by default t = n, the n-th power of the layer itself. σ =
    `nonlinearity` acts after every step, pointwise if it is to keep equivariance. With `checkpointed` the
    steps are run again in the backward pass, so that memory does not grow by a step's intermediates but by
    one feature map a step.

    Raises ValueError unless the layer has as many output as input channels, and for less than one step.
    """

    def __init__(
        self,
        layer: LConv,
        steps: int,
        time: float | None = None,
        learn_time: bool = False,
        nonlinearity: Callable[[Tensor], Tensor] | None = None,
        checkpointed: bool = False,
    ):
        super().__init__()
        if layer.in_channels != layer.out_channels:
            raise ValueError(
                f"got a layer from {layer.in_channels} to {layer.out_channels} channels, "
                "expected as many out as in"
            )
        if steps < 1:
            raise ValueError(f"got {steps} steps, expected at least 1")
        self.layer, self.steps = layer, steps
        self.nonlinearity, self.checkpointed = nonlinearity, checkpointed
        start = torch.as_tensor(float(steps if time is None else time)).to(layer.weight.detach())
        if learn_time:
            self.time: Tensor = nn.Parameter(start)
        else:
            self.register_buffer("time", start)

    @classmethod
    def flow(
        cls, generators: GeneratorModule, parameters: Tensor, steps: int, channels: int = 1, **options
    ) -> RecurrentLConv:
        """(1 + z^i L̂_i/n)^n on every channel, towards exp(z^i L̂_i). `options` are those of the class.

        shape of `parameters` z: (count,). `time` is 1 unless given.
        """
        if tuple(parameters.shape) != (generators.count,):
            raise ValueError(
                f"parameters have shape {tuple(parameters.shape)}; expected ({generators.count},), "
                "one for each generator"
            )
        own = torch.eye(channels, dtype=parameters.dtype, device=parameters.device)
        layer = LConv.of(torch.cat([own[None], parameters[:, None, None] * own]), generators)
        return cls(layer, steps, **{"time": 1.0, **options})

    def forward(self, features: Tensor) -> Tensor:
        """shape: (..., m, *S) -> (..., m, *S)"""
        weight = torch.cat([self.layer.weight[:1], self.time / self.steps * self.layer.weight[1:]])
        for _ in range(self.steps):
            if self.checkpointed and torch.is_grad_enabled():
                features = checkpoint(self._step, weight, features, use_reentrant=False)
            else:
                features = self._step(weight, features)
        return features

    def _step(self, weight: Tensor, features: Tensor) -> Tensor:
        moved = torch.func.functional_call(self.layer, {"weight": weight}, (features,))
        return moved if self.nonlinearity is None else self.nonlinearity(moved)

    def extra_repr(self) -> str:
        return f"steps={self.steps}"
