"""The L-conv layer of a density: weights and output metric by factoring its quadratic form."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
import torch
from torch import Tensor, nn

from lagrangians import FieldExpansion, Lagrangian, expand_mse_loss, parse_expression, to_text
from lagrangians.jets import JetSpace, jet_space
from simulations.derivatives import central_weights

from ..equations.densities import short_number
from ..generators import Stencil
from ..lconv import LConv
from .channels import QuadraticForm, quadratic_form

NEGLIGIBLE = 1e-12
"""Eigenvalues below this part of the largest are 0."""
RADIUS = 4


class DensityModel(nn.Module):
    """ℒ = rᵀηr + remainder with r = Q[Φ] = W⁰Φ + W^α∂_αΦ and Φ = [z(φ) | 1] over spacetime.

    Q is an `LConv` whose generators are the derivatives along t, x, …, as central differences of order 8; the
    signature is that of the output metric η. `remainder` is the part of the density that is not quadratic in
    first derivatives of functions of the fields, as text. Everything is in the weights and in `config()`.
    """

    output_metric: Tensor

    def __init__(
        self,
        channels: tuple[str, ...],
        fields: tuple[str, ...],
        coordinates: tuple[str, ...],
        spacing: tuple[float, ...],
        outputs: int,
        remainder: str = "0",
    ):
        super().__init__()
        self.channels, self.fields, self.coordinates = channels, fields, coordinates
        self.spacing, self.remainder = tuple(map(float, spacing)), remainder
        weights = torch.from_numpy(central_weights(2 * RADIUS))
        steps = torch.tensor(spacing, dtype=torch.float64)
        generators = Stencil(spacing, dtype=torch.float64, weight=weights[None] / steps[:, None])
        self.layer = LConv(len(channels), outputs, generators, dtype=torch.float64)
        self.register_buffer("output_metric", torch.ones(outputs, dtype=torch.float64))
        self._expressions = tuple(
            parse_expression(c, self.jets.fields, self.jets.coordinates) for c in channels
        )
        symbols = [self.jets.symbol(a) for a in range(len(fields))]
        plain = [self.jets.to_jets(e) for e in self._expressions]
        self._evaluate = sympy.lambdify(symbols, plain, modules="torch")

    @property
    def jets(self) -> JetSpace:
        return jet_space(self.fields, self.coordinates)

    @property
    def field(self) -> str:
        """The first field."""
        return self.fields[0]

    def config(self) -> dict[str, Any]:
        """What the constructor needs beside the weights, as JSON values."""
        return {
            "channels": list(self.channels),
            "fields": list(self.fields),
            "coordinates": list(self.coordinates),
            "spacing": list(self.spacing),
            "outputs": self.layer.out_channels,
            "remainder": self.remainder,
        }

    def stack(self, fields: Tensor) -> Tensor:
        """Φ = [z(φ) | 1]. shape: (..., fields, time, *S) -> (..., channels, time, *S)"""
        axis = -1 - len(self.coordinates)
        values = self._evaluate(*fields.unbind(axis))
        like = fields.select(axis, 0)
        return torch.stack([torch.as_tensor(v, dtype=like.dtype).expand_as(like) for v in values], axis)

    def forward(self, fields: Tensor) -> Tensor:
        """r = Q[Φ]. shape: (..., fields, time, *S) -> (..., outputs, time, *S)"""
        return self.layer(self.stack(fields))

    def density(self, fields: Tensor) -> Tensor:
        """rᵀηr at every point, without the remainder; derivatives wrap around on every axis, time too.
        shape: (..., fields, time, *S) -> (..., time, *S)
        """
        axis = -1 - len(self.coordinates)
        return (self.forward(fields).square().movedim(axis, -1) * self.output_metric).sum(-1)

    def expansion(self) -> FieldExpansion:
        """m₂, h^{αβ}, v and a of rᵀηr."""
        weight = self.layer.weight.detach().cpu().numpy()
        expansion = expand_mse_loss(
            weight,
            np.eye(len(self.coordinates)).tolist(),
            output_metric=np.diag(self.output_metric.cpu().numpy()),
            features=list(self._expressions),
            coordinates=self.jets.coordinates,
            fields=self.jets.fields,
        )
        if not isinstance(expansion, FieldExpansion):
            raise TypeError(f"got {type(expansion).__name__}, expected a FieldExpansion")
        return expansion

    def lagrangian(self) -> Lagrangian:
        """The density that the weights mean, and the remainder."""
        rest = parse_expression(self.remainder, self.jets.fields, self.jets.coordinates)
        density = self.expansion().lagrangian.density + rest
        derived = Lagrangian(density, self.jets.fields, self.jets.coordinates).without_null_terms()
        size = max((abs(c) for _, c in derived.terms()), default=1)
        kept = [term * short_number(float(c)) for term, c in derived.terms() if abs(c) > NEGLIGIBLE * size]
        return Lagrangian(sympy.Add(*kept), self.jets.fields, self.jets.coordinates)


def density_model(lagrangian: Lagrangian, spacing: tuple[float, ...]) -> DensityModel:
    """Factor a density into (W, η): M = 𝒲ᵀη𝒲 by eigenvalues, η their signs, 𝒲 = |λ|^½ eigenvectors."""
    jets = lagrangian.jets
    form = quadratic_form(lagrangian.jet_density, jets)
    values, vectors = np.linalg.eigh(form.matrix)
    kept = np.abs(values) > NEGLIGIBLE * np.abs(values).max(initial=1e-300)
    rows = (np.sqrt(np.abs(values[kept])) * vectors[:, kept]).T
    signs = np.sign(values[kept])
    if not len(rows):
        rows, signs = np.zeros((1, len(form.matrix))), np.ones(1)
    count = len(form.channels)
    model = DensityModel(
        tuple(to_text(c) for c in form.channels),
        jets.field_names,
        jets.coordinate_names,
        spacing,
        len(rows),
        to_text(form.remainder),
    )
    with torch.no_grad():
        weight = rows.reshape(len(rows), -1, count).swapaxes(0, 1)
        model.layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        model.output_metric.copy_(torch.from_numpy(signs))
    return model


__all__ = ["DensityModel", "QuadraticForm", "density_model"]
