"""The Lie algebra convolution (arXiv:2109.07103, eq. 8)."""

import torch
from torch import Tensor, nn

from .generators import GeneratorModule


class LConv(nn.Module):
    """Q[f](x) = W⁰ f(x) + W^i L̂_i f(x), a group convolution whose kernel sits near the identity.

    `weight` has shape (n_L + 1, out_channels, in_channels); weight[0] is W⁰ and weight[i] is W^i = W⁰ε̄^i.
    Weights start from N(0, 1/in_channels). Feature maps are channels-first, `(..., in_channels, *S)`.

    Raises ValueError when the channel axis does not have `in_channels` entries.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        generators: GeneratorModule,
        bias: bool = False,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.generators = generators
        shape = (generators.count + 1, out_channels, in_channels)
        self.weight = nn.Parameter(torch.randn(shape, dtype=dtype) / in_channels**0.5)
        self.bias = nn.Parameter(torch.zeros(out_channels, dtype=dtype)) if bias else None
        if device is not None:
            self.to(device)

    def forward(self, features: Tensor) -> Tensor:
        """Q[f]. shape: (..., in_channels, *S) -> (..., out_channels, *S)"""
        channel = self._channel_axis(features, self.in_channels)
        output = mix(self.weight[0], features, channel)
        for weight, moved in zip(self.weight[1:], self.generators.apply(features), strict=True):
            output = output + mix(weight, moved, channel)
        if self.bias is not None:
            output = output + self.bias.reshape(-1, *([1] * self.generators.space_dimensions))
        return output

    def transpose(self, residual: Tensor) -> Tensor:
        """Qᵀ[r] = W⁰ᵀ r + L̂_iᵀ W^iᵀ r, with ⟨r, Q[f]⟩ = ⟨Qᵀ[r], f⟩ where there is no bias.

        shape: (..., out_channels, *S) -> (..., in_channels, *S)
        """
        channel = self._channel_axis(residual, self.out_channels)
        stack = torch.stack([mix(weight.mT, residual, channel) for weight in self.weight[1:]])
        return mix(self.weight[0].mT, residual, channel) + self.generators.transpose(stack)

    def _channel_axis(self, features: Tensor, channels: int) -> int:
        axis = -1 - self.generators.space_dimensions
        if features.ndim < -axis or features.shape[axis] != channels:
            raise ValueError(
                f"feature map has shape {tuple(features.shape)}; expected (..., {channels}, *S) with "
                f"{self.generators.space_dimensions} space axes and {channels} channels"
            )
        return axis

    def extra_repr(self) -> str:
        return f"in_channels={self.in_channels}, out_channels={self.out_channels}"


def mix(weight: Tensor, features: Tensor, channel: int) -> Tensor:
    """Σ_c W_oc f_c along the channel axis. shape: (o, c), (..., c, …) -> (..., o, …)"""
    return torch.tensordot(weight, features, dims=([1], [channel])).movedim(0, channel)
