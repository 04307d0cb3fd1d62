"""The L-conv network whose squared residual is the Lagrangian of a field."""

from typing import Any

import torch
from torch import Tensor, nn

from ..features import FeatureMap
from ..generators import Stencil
from ..generators.stencil import stencil_symbol
from ..lconv import LConv


class FieldModel(nn.Module):
    """ℒ = ½φ_t² − ½ rᵀηr with r = Q[Φ] = W⁰Φ + W^iL̂_iΦ and Φ = [z(φ) | 1], beside a Rayleigh damping γ.

    Q is an `LConv` over space whose generators are learned stencils; 1 is the constant target channel. Half
    of the outputs count positive and half negative in the output metric η, so that the signature is an
    outcome. The equation of motion is φ_tt + γφ_t + F(φ) = 0, with the force F = ½ δ/δφ ∫rᵀηr.

    `wavenumbers` and `power` (one row a space axis) describe the band of the data on which L̂_i is compared
    with ∂_i.
    """

    wavenumbers: Tensor
    power: Tensor
    output_metric: Tensor

    def __init__(
        self,
        features: FeatureMap,
        spacing: tuple[float, ...],
        field: str = "phi",
        coordinates: tuple[str, ...] = ("t", "x"),
        outputs: int | None = None,
        radius: int = 4,
        band_size: int = 1,
    ):
        super().__init__()
        self.features, self.field, self.coordinates = features, field, coordinates
        channels = features.channels + 1
        outputs = 2 * channels if outputs is None else outputs
        generators = Stencil(spacing, radius, dtype=torch.float64)
        self.layer = LConv(channels, outputs, generators, dtype=torch.float64)
        self.damping = nn.Parameter(torch.zeros((), dtype=torch.float64))
        signs = torch.ones(outputs, dtype=torch.float64)
        signs[outputs - outputs // 2 :] = -1
        self.register_buffer("output_metric", signs)
        shape = (len(spacing), band_size)
        self.register_buffer("wavenumbers", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("power", torch.zeros(shape, dtype=torch.float64))

    def config(self) -> dict[str, Any]:
        """What the constructor needs beside the weights, as JSON values."""
        return {
            "features": self.features.name,
            "spacing": self.stencil.spacing.tolist(),
            "field": self.field,
            "coordinates": list(self.coordinates),
            "outputs": self.layer.out_channels,
            "radius": self.stencil.radius,
            "band_size": self.wavenumbers.shape[1],
        }

    @property
    def stencil(self) -> Stencil:
        generators = self.layer.generators
        if not isinstance(generators, Stencil):
            raise TypeError(f"generators are {type(generators).__name__}; expected Stencil")
        return generators

    @property
    def space_dimensions(self) -> int:
        return self.stencil.space_dimensions

    def stack(self, field: Tensor) -> Tensor:
        """Φ = [z(φ) | 1]. shape: (..., *S) -> (..., channels, *S)"""
        axis = -1 - self.space_dimensions
        values = self.features.values(field, axis)
        return torch.cat([values, torch.ones_like(values.narrow(axis, 0, 1))], axis)

    def residual(self, field: Tensor) -> Tensor:
        """r = Q[Φ]. shape: (..., *S) -> (..., outputs, *S)"""
        return self.layer(self.stack(field))

    def loss_density(self, field: Tensor) -> Tensor:
        """rᵀηr. shape: (..., *S) -> (..., *S)"""
        channel = -1 - self.space_dimensions
        return (self.residual(field).square().movedim(channel, -1) * self.output_metric).sum(-1)

    def force(self, field: Tensor) -> Tensor:
        """F = ½ ∂/∂φ Σ rᵀηr = z'(φ) · Qᵀ[ηQ[Φ]]. shape: (..., *S) -> (..., *S)"""
        channel = -1 - self.space_dimensions
        signs = self.output_metric.reshape(-1, *([1] * self.space_dimensions))
        pulled = self.layer.transpose(signs * self.residual(field))
        slopes = self.features.slopes(field, channel)
        return (slopes * pulled.narrow(channel, 0, self.features.channels)).sum(channel)

    def forms(self) -> tuple[Tensor, Tensor]:
        """m₂ = W⁰ᵀηW⁰ and h^{ij} = W^iᵀηW^j in units of the stencils. shape: (c, c), (n, n, c, c)"""
        weight, eta = self.layer.weight, self.output_metric
        m2 = torch.einsum("oa,o,ob->ab", weight[0], eta, weight[0])
        h = torch.einsum("ioa,o,job->ijab", weight[1:], eta, weight[1:])
        return m2, h

    def scales(self, weight: Tensor | None = None) -> Tensor:
        """κ_i: L̂_i is κ_i ∂_i in the data's band, the multiple of k nearest to s(k) over the power P(k):
        κ = Σ P(k) k s(k) / Σ P(k) k². Of the model's own stencils or of others. shape: (n, radius) -> (n,)
        """
        scales = []
        stencils = self.stencil.weight if weight is None else weight
        for a, spacing, k, power in zip(
            stencils, self.stencil.spacing, self.wavenumbers, self.power, strict=True
        ):
            symbol = stencil_symbol(a, spacing, k)
            scales.append((power * k * symbol).sum() / (power * k**2).sum().clamp_min(1e-300))
        return torch.stack(scales)
