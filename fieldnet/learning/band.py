"""Which waves the data hold, and which stencils they determine."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contraction import mix_channels
from ..generators.stencil import stencil_waves
from .field_data import FieldSamples
from .field_model import FieldModel

DETERMINED = 1e-10
"""Part of the largest variance below which the data do not determine a direction of the stencil."""

CLEAR = 4.0
"""Power counts as signal where it is above this multiple of the noise floor."""


def spectrum(samples: FieldSamples, features: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Wavenumbers and mean power Σ_A |ẑ_A(k)|² along a space axis, less the floor of white noise.

    The floor is the median over the upper half of the wavenumbers, where well-sampled fields hold nothing;
    what is not clear of it counts as 0. Open axes are tapered. `features`: (sample, time, channels, *S).
    shape: (size,), (size,)
    """
    line = features.movedim(axis - samples.space_dimensions, -1)
    points = line.shape[-1]
    if not samples.periodic:
        line = (line - line.mean(-1, keepdim=True)) * torch.hann_window(points, dtype=line.dtype)
    power = torch.fft.rfft(line, dim=-1).abs().square()
    k = 2 * torch.pi * torch.fft.rfftfreq(points, samples.spacing[1 + axis], dtype=line.dtype)
    power = power.reshape(-1, len(k)).mean(0)
    floor = power[len(power) // 2 :].median()
    return k, torch.where(power > CLEAR * floor, power - floor, 0.0)


def set_band(model: FieldModel, samples: FieldSamples, weight: Tensor) -> Tensor:
    """Store in the model the waves that its generators act on and the weak residual sees; return P(k).

    P is the power of W^i z(φ), `weight` = W^i. The model keeps P(k)|ψ̂(k)|², ψ̂ of the test functions: beyond
    that nothing holds a stencil to ∂.  shape: weight (n, rows, features) -> (n, size)
    """
    channel = -1 - samples.space_dimensions
    features = model.features.values(samples.values, channel)
    plain = torch.zeros_like(model.power)
    for axis, rows in enumerate(weight):
        k, power = spectrum(samples, mix_channels(rows, features, channel), axis)
        plain[axis, : len(k)] = power
        model.wavenumbers[axis, : len(k)] = k
        model.power[axis, : len(k)] = power * samples.windows.axes[1 + axis].transfer(k) ** 2
    return plain


def stencil_units(model: FieldModel, power: Tensor) -> Tensor:
    """Whitened stencils: rows a with ⟨(L̂_a z)²⟩ = ⟨z²⟩ over waves of power P(k), mutually orthogonal.

    They are the eigenvectors of the second moment of the differences f(x + jΔ) − f(x − jΔ), which is
    Σ_k P(k) 4 sin(ikΔ) sin(jkΔ). Those whose eigenvalue is below `DETERMINED` of the largest act on waves
    that the data do not contain: their rows are 0, so that nothing random stays in the stencil there.
    shape: (n, size) -> (n, radius, radius)
    """
    units = []
    for k, weights, spacing in zip(model.wavenumbers, power, model.stencil.spacing, strict=True):
        waves = stencil_waves(model.stencil.radius, spacing, k).T * weights.sqrt()
        eigenvalues, vectors = torch.linalg.eigh(waves @ waves.T)
        determined = (eigenvalues > DETERMINED * eigenvalues[-1]) & (eigenvalues > 0)
        size = torch.where(determined, eigenvalues.clamp_min(1e-300).rsqrt(), 0.0)
        units.append(weights[1:].sum().sqrt() * size[:, None] * vectors.T)
    return torch.stack(units)


def stencil_directions(model: FieldModel, power: Tensor) -> Tensor:
    """The directions of `stencil_units` that are not 0, one at a time. shape: (count, n, radius)"""
    rows = []
    for axis, units in enumerate(stencil_units(model, power)):
        for unit in units:
            if unit.abs().max() > 0:
                direction = torch.zeros_like(model.stencil.weight)
                direction[axis] = unit
                rows.append(direction)
    return torch.stack(rows) if rows else model.stencil.weight.new_zeros(0, *model.stencil.weight.shape)


def unfolded(model: FieldModel, weight: Tensor, power: Tensor) -> Tensor:
    """The stencil whose symbol is nearest to |s(k)| in the data's band: min Σ_k P(k) (2 Σ_j a_j sin(jkΔ) −
    |s(k)|)².
    The dynamics determine s(k)² alone. A symbol that changes its sign within the band, k < k₀ < k', gives the
    same dynamics but at k₀, where it vanishes: a local minimum of the loss, from which this leads out. shape:
    (n, radius), (n, size) -> (n, radius)
    """
    rows = []
    for a, k, weights, spacing in zip(weight, model.wavenumbers, power, model.stencil.spacing, strict=True):
        waves = stencil_waves(model.stencil.radius, spacing, k)
        root = weights.sqrt()[:, None]
        size = (waves @ a).abs()[:, None]
        rows.append(torch.linalg.lstsq(root * waves, root * size, rcond=1e-8, driver="gelsd").solution[:, 0])
    return torch.stack(rows)
