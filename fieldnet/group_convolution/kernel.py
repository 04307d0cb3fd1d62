"""Convolutions over a Lie group, Q[f] = ∫ κ(z) exp(z^i L̂_i) f dz, with the integral as a sum of points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..contraction import mix_channels
from ..generators import GeneratorModule
from .exponential import exponential_action


@dataclass(frozen=True, eq=False)
class GroupKernel:
    """κ on finitely many group elements exp(z_q^i L_i): Q[f] = Σ_q κ_q exp(z_q^i L̂_i) f.

    `points` z has shape (Q, count); `values` κ, with the weights of a quadrature multiplied in, has shape
    (Q, m_out, m_in), or (Q,) for one channel. Raises ValueError for other shapes.
    """

    points: Tensor
    values: Tensor

    def __post_init__(self) -> None:
        values = self.values[:, None, None] if self.values.ndim == 1 else self.values
        object.__setattr__(self, "values", values)
        if self.points.ndim != 2 or values.ndim != 3 or len(self.points) != len(values) or not len(values):
            raise ValueError(
                f"got points of shape {tuple(self.points.shape)} and values of shape "
                f"{tuple(self.values.shape)}; expected (Q, count) and (Q, out, in) or (Q,), Q ≥ 1"
            )

    @classmethod
    def from_function(
        cls, function: Callable[[Tensor], Tensor], half_widths: Sequence[float], nodes: int
    ) -> GroupKernel:
        """κ(z) on the box |z^i| ≤ half_widths[i], by Gauss–Legendre with `nodes` points an axis, float64.

        `function` maps (Q, count) to (Q,) or (Q, m_out, m_in). Exact for polynomials κ(z) exp(z^i L̂_i) f of
        degree < 2·nodes along each axis.
        """
        abscissae, weights = np.polynomial.legendre.leggauss(nodes)
        lines = [torch.as_tensor(width * abscissae) for width in half_widths]
        sizes = [torch.as_tensor(width * weights) for width in half_widths]
        points = torch.stack([z.flatten() for z in torch.meshgrid(*lines, indexing="ij")], 1)
        volume = torch.stack([w.flatten() for w in torch.meshgrid(*sizes, indexing="ij")], 1).prod(1)
        values = function(points)
        if values.ndim == 0 or len(values) != len(points):
            raise ValueError(
                f"got values of shape {tuple(values.shape)} at {len(points)} points, expected (Q,) or "
                "(Q, out, in), one a point"
            )
        return cls(points, values * volume.reshape(-1, *[1] * (values.ndim - 1)))

    @property
    def out_channels(self) -> int:
        return self.values.shape[1]

    @property
    def in_channels(self) -> int:
        return self.values.shape[2]

    def to(self, *place) -> GroupKernel:
        """The kernel with another dtype, on another device, or like another tensor; as `Tensor.to`."""
        return GroupKernel(self.points.to(*place), self.values.to(*place))

    def check(self, generators: GeneratorModule) -> None:
        """Raises ValueError unless there is one parameter for each generator."""
        if self.points.shape[1] != generators.count:
            raise ValueError(
                f"got a kernel over {self.points.shape[1]} parameters and {generators.count} generators, "
                "expected as many"
            )


def group_convolution(kernel: GroupKernel, generators: GeneratorModule, features: Tensor) -> Tensor:
    """Σ_q κ_q exp(z_q^i L̂_i) f to round-off. shape: (..., m_in, *S) -> (..., m_out, *S)"""
    kernel.check(generators)
    channel = features.ndim - 1 - generators.space_dimensions
    if features.ndim <= generators.space_dimensions or features.shape[channel] != kernel.in_channels:
        raise ValueError(
            f"feature map has shape {tuple(features.shape)}; expected (..., {kernel.in_channels}, *S) with "
            f"{generators.space_dimensions} space axes, the channels of the kernel"
        )
    moved = [exponential_action(generators, point, features) for point in kernel.points]
    parts = (
        mix_channels(value.to(features), one, channel)
        for value, one in zip(kernel.values, moved, strict=True)
    )
    return torch.stack(list(parts)).sum(0)
