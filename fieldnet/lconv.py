"""The Lie algebra convolution (arXiv:2109.07103, eq. 8)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .generators import GeneratorModule


class LConv(nn.Module):
    """Q[f](x) = W⁰ f(x) + W^i L̂_i f(x), a group convolution whose kernel sits near the identity.

    `weight` has shape (n_L + 1, out_channels, in_channels); weight[0] is W⁰ and weight[i] is W^i = W⁰ε̄^i.
    Weights start from N(0, 1/in_channels), a bias from 0. Feature maps are channels-first, `(batch,
    in_channels, *S)`, any number of batch axes or none, as for `nn.Conv1d` and `nn.Conv2d`; S is the space of
    the generators, a grid or the nodes of a graph. With `shape`, S is a grid of that shape and the generators
    live on its points as nodes, in row-major order: LConv(3, 8, Dense(4, 28 * 28), shape=(28, 28)).

    Dtype and device are those of the generators; a `device` moves both. The products are taken in the
    generators' cheapest order (`GeneratorModule.contract`).

    Raises ValueError for generators of another dtype or another number of nodes; and for a feature map whose
    channel axis does not have `in_channels` entries, whose grid is not `shape`, or of another dtype.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        generators: GeneratorModule,
        bias: bool = False,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
        shape: tuple[int, ...] | None = None,
    ):
        super().__init__()
        if not isinstance(generators, GeneratorModule):
            raise ValueError(
                f"got generators of type {type(generators).__name__}, expected a GeneratorModule; `Fixed` "
                "makes one of matrices"
            )
        if min(in_channels, out_channels) < 1:
            raise ValueError(f"got {in_channels} and {out_channels} channels, expected at least 1 each")
        if shape is not None and generators.space_dimensions != 1:
            raise ValueError(
                f"got shape={tuple(shape)} for generators on {generators.space_dimensions} space axes, "
                "expected generators on nodes; leave out shape"
            )
        if shape is not None and generators.shape not in (None, (torch.Size(shape).numel(),)):
            raise ValueError(
                f"got shape={tuple(shape)} for generators on {generators.shape} nodes, expected a grid with "
                "as many points"
            )
        self.in_channels, self.out_channels = in_channels, out_channels
        self.generators = generators
        self.shape = None if shape is None else tuple(shape)
        size = (generators.count + 1, out_channels, in_channels)
        kind = _common_kind(generators, dtype)
        self.weight = nn.Parameter(torch.randn(size, **kind) / in_channels**0.5)
        self.bias = nn.Parameter(torch.zeros(out_channels, **kind)) if bias else None
        if device is not None:
            self.to(device)

    @classmethod
    def of(cls, weight: Tensor, generators: GeneratorModule, bias: Tensor | None = None) -> LConv:
        """The layer with copies of the given weights, W⁰ first. shape: (n_L + 1, out, in), (out,)"""
        outputs, fits = weight.shape[1:2], weight.ndim == 3 and len(weight) == generators.count + 1
        if not fits or (bias is not None and bias.shape != outputs):
            raise ValueError(
                f"got weights of shape {tuple(weight.shape)} and a bias of shape "
                f"{None if bias is None else tuple(bias.shape)}, expected ({generators.count + 1}, out, in) "
                "and (out,)"
            )
        layer = cls(weight.shape[2], weight.shape[1], generators, bias is not None, weight.dtype)
        with torch.no_grad():
            layer.weight.copy_(weight)
            if bias is not None and layer.bias is not None:
                layer.bias.copy_(bias)
        return layer

    def reset_parameters(self) -> None:
        """Draw the weights anew from N(0, 1/in_channels), put the bias to 0; the generators stay."""
        nn.init.normal_(self.weight, std=self.in_channels**-0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Q[f]. shape: (..., in_channels, *S) -> (..., out_channels, *S)"""
        self._check(features, self.in_channels)
        space = features.shape[features.ndim - self._axes :]
        output = self.generators.contract(self.weight[1:], self._on_nodes(features), self.weight[0])
        if self.bias is not None:
            output = output + self.bias.reshape(-1, *([1] * self.generators.space_dimensions))
        return output if self.shape is None else output.unflatten(-1, space)

    def transpose(self, residual: Tensor) -> Tensor:
        """Qᵀ[r] = W⁰ᵀ r + L̂_iᵀ W^iᵀ r, with ⟨r, Q[f]⟩ = ⟨Qᵀ[r], f⟩ where there is no bias.

        shape: (..., out_channels, *S) -> (..., in_channels, *S)
        """
        self._check(residual, self.out_channels)
        pulled = self.generators.contract_transpose(self.weight[1:], self._on_nodes(residual), self.weight[0])
        return pulled if self.shape is None else pulled.unflatten(-1, self.shape)

    @property
    def _axes(self) -> int:
        return self.generators.space_dimensions if self.shape is None else len(self.shape)

    def _on_nodes(self, features: Tensor) -> Tensor:
        return features if self.shape is None else features.flatten(-len(self.shape))

    def _check(self, features: Tensor, channels: int) -> None:
        axis = -1 - self._axes
        space = features.shape[features.ndim - self._axes :]
        wrong = self.shape is not None and tuple(space) != self.shape
        if features.ndim < -axis or features.shape[axis] != channels or wrong:
            wanted = "*S" if self.shape is None else ", ".join(map(str, self.shape))
            raise ValueError(
                f"feature map has shape {tuple(features.shape)}; expected (..., {channels}, {wanted}) with "
                f"{self._axes} space axes and {channels} channels"
            )
        if features.dtype != self.weight.dtype and not torch.is_autocast_enabled(features.device.type):
            raise ValueError(
                f"feature map is {features.dtype}; expected {self.weight.dtype}, the layer's; convert one "
                "of them with .to(dtype)"
            )

    def extra_repr(self) -> str:
        grid = "" if self.shape is None else f", shape={self.shape}"
        channels = f"in_channels={self.in_channels}, out_channels={self.out_channels}"
        return f"{channels}{grid}, bias={self.bias is not None}"


def _common_kind(generators: GeneratorModule, dtype: torch.dtype | None) -> dict[str, Any]:
    """The dtype of a layer and its generators, and the generators' device."""
    numbers = generators.numbers()
    dtypes = {dtype} - {None} | {tensor.dtype for tensor in numbers}
    if len(dtypes) > 1:
        raise ValueError(
            f"got a layer and generators of {' and '.join(sorted(map(str, dtypes)))}, expected one dtype; "
            "convert the generators with .to(dtype)"
        )
    return {"dtype": next(iter(dtypes), None), "device": numbers[0].device if numbers else None}
