"""Why a held-out residual is far above the training one."""

from __future__ import annotations

import torch

from .band import spectrum
from .field_data import FieldSamples
from .field_model import FieldModel

UNEXPLAINED = 3.0
"""A held-out residual above this multiple of the training one asks for an explanation."""


def explanation(
    training_residual: float,
    held_out_residual: float,
    derivative_residual: float,
    model: FieldModel,
    held_out: FieldSamples,
    training: FieldSamples,
) -> str | None:
    """Why the held-out residual is far above the training one, in a sentence; None where it is not."""
    if held_out_residual <= UNEXPLAINED * training_residual:
        return None
    parts = [
        f"the held-out residual is {held_out_residual / max(training_residual, 1e-300):.3g} times "
        "the training one"
    ]
    channel = -1 - training.space_dimensions
    with torch.no_grad():
        features = model.features.values(held_out.values, channel)
    for axis, name in enumerate(model.coordinates[1:]):
        _, power = spectrum(held_out, features, axis)
        cumulative = model.power[axis].cumsum(0) / model.power[axis].sum().clamp_min(1e-300)
        edge = int((cumulative < 0.9999).sum())
        beyond = float(power[edge + 1 :].sum() / power.sum().clamp_min(1e-300))
        if beyond > 1e-4:
            parts.append(
                f"{beyond:.2g} of the held-out power lies above "
                f"k_{name} = {float(model.wavenumbers[axis, edge]):.3g}, "
                "beyond 0.9999 of the training power, where the learned stencil is extrapolated"
            )
    parts.append(f"with ∂ in place of the stencil it is {derivative_residual:.3g}")
    low, high = float(training.values.min()), float(training.values.max())
    outside = float(((held_out.values < low) | (held_out.values > high)).double().mean())
    if outside > 1e-3:
        parts.append(
            f"{outside:.1%} of the held-out values lie outside the training range {low:.3g} … {high:.3g}"
        )
    return "; ".join(parts)
