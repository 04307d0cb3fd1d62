"""A learned generator beside the derivative: its action on held-out features and its symbol."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr

from simulations.derivatives import central_weights, fourier_derivative
from simulations.files.conventions import spacing

from .contraction import mix_channels
from .generators.stencil import stencil_gradient
from .learning.band import spectrum
from .learning.field_data import FieldSamples
from .learning.field_model import FieldModel
from .results import LearnedGenerator

BAND = 0.999


def learned_generators(
    model: FieldModel, training: FieldSamples, held_out: xr.Dataset, boundary: str
) -> list[LearnedGenerator]:
    """One `LearnedGenerator` a space axis: its symbol over the band of the training data, and its action on
    the model's features z(φ) of held-out data.

    cosine = ⟨L̂z, ∂z⟩ / (‖L̂z‖‖∂z‖), up to the sign that the dynamics leave open. ∂ is the spectral
    derivative on periodic data and the central difference of order 8 elsewhere, both away from the ends by
    the stencil's radius.
    """
    field = torch.from_numpy(np.ascontiguousarray(held_out[model.field].values))
    dimension, radius = model.space_dimensions, model.stencil.radius
    with torch.no_grad():
        features = model.features.values(field, -1 - dimension)
        moved = model.stencil.apply(features)
        exact = _exact(model, features, held_out, boundary)
        scales = model.scales()
        report = []
        for axis in range(dimension):
            ours, theirs = moved[axis], exact[axis]
            if boundary != "periodic":
                for along in range(-dimension, 0):
                    inner = field.shape[along] - 2 * radius
                    ours, theirs = (part.narrow(along, radius, inner) for part in (ours, theirs))
            cosine = float((ours * theirs).sum() / (ours.norm() * theirs.norm()).clamp_min(1e-300))
            k, power = spectrum(training, _differentiated(model, training, axis), axis)
            symbol = model.stencil.symbol(axis, k) / scales[axis]
            edge = int((power.cumsum(0) < BAND * power.sum()).sum())
            inside = slice(1, edge + 1)
            error = float(((symbol - k)[inside] / k[inside]).abs().max()) if edge else 0.0
            report.append(
                LearnedGenerator(
                    axis=model.coordinates[1 + axis],
                    scale=float(scales[axis]),
                    cosine=abs(cosine),
                    wavenumbers=k.numpy(),
                    symbol=symbol.numpy(),
                    power=power.numpy(),
                    band_edge=float(k[edge]),
                    symbol_error=error,
                    stencil=model.stencil.weight[axis].numpy().copy(),
                )
            )
    return report


def _differentiated(model: FieldModel, training: FieldSamples, axis: int) -> torch.Tensor:
    """What L̂ acts on: W^i z(φ), or z(φ) itself where the density has no gradient term along the axis."""
    channel = -1 - model.space_dimensions
    features = model.features.values(training.values, channel)
    rows = model.layer.weight[1 + axis, :, : model.features.channels]
    if not bool(rows.any()):
        return features
    return mix_channels(rows, features, channel)


def _exact(
    model: FieldModel, features: torch.Tensor, held_out: xr.Dataset, boundary: str
) -> list[torch.Tensor]:
    steps = [spacing(held_out, name) for name in model.coordinates[1:]]
    dimension = len(steps)
    if boundary == "periodic":
        return [
            fourier_derivative(features, axis - dimension, step * features.shape[axis - dimension])
            for axis, step in enumerate(steps)
        ]
    weights = torch.from_numpy(central_weights(8))
    return list(stencil_gradient(torch.stack([weights / step for step in steps]), features))
