"""The network whose weights carry a fit."""

from __future__ import annotations

import numpy as np
import sympy
import torch

from lagrangians import factor_form

from ..features import PHI
from .field_model import FieldModel
from .refit import Fit
from .terms import TermLibrary


def rebuilt(model: FieldModel, library: TermLibrary, fit: Fit, values: np.ndarray) -> FieldModel:
    """The network whose weights carry the fit: (W⁰, η) from m₂, (W^i, η) from h, in rows of their own."""
    theta = _every(library, fit)
    m2, _ = library.forms(theta)
    m2 = library.rest_at_vacuum(m2, _vacuum(library, theta, values))
    mass, mass_signs = factor_form(m2)
    metric, metric_signs = metric_factor(library, fit)
    n, _, c = metric.shape
    mass_rows = len(mass)
    rows = mass_rows + metric.shape[1]
    weight = np.zeros((n + 1, max(rows, 1), c))
    weight[0, :mass_rows] = mass
    weight[1:, mass_rows:rows] = metric
    signs = np.concatenate([np.diag(mass_signs), np.diag(metric_signs)]) if rows else np.ones(1)
    final = FieldModel(
        model.features,
        tuple(model.stencil.spacing.tolist()),
        model.field,
        model.coordinates,
        outputs=len(signs),
        radius=model.stencil.radius,
        band_size=model.wavenumbers.shape[1],
    )
    final.layer.weight.copy_(torch.from_numpy(weight))
    final.stencil.weight.copy_(fit.stencil)
    final.damping.fill_(fit.damping)
    final.output_metric.copy_(torch.from_numpy(signs))
    final.wavenumbers.copy_(model.wavenumbers)
    final.power.copy_(model.power)
    return final


def metric_factor(library: TermLibrary, fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """(W^i, η) with W^iᵀηW^j = h^{ij} of a fit. shape: (n, rows, c), (rows, rows)"""
    _, h = library.forms(_every(library, fit))
    n, c = library.space_dimensions, library.channels
    rows, signs = factor_form(h.transpose(0, 2, 1, 3).reshape(n * c, n * c))
    return np.ascontiguousarray(rows.reshape(len(rows), n, c).transpose(1, 0, 2)), signs


def _every(library: TermLibrary, fit: Fit) -> np.ndarray:
    """The coefficients of all terms of the library, 0 for those that were not kept."""
    theta = np.zeros(len(library.terms))
    theta[list(fit.kept)] = fit.theta
    return theta


def _vacuum(library: TermLibrary, theta: np.ndarray, values: np.ndarray) -> float | None:
    """The lowest point of the potential over the range of the data, if it is inside and not at an end."""
    potential = sympy.Add(
        *(c * t.function for c, t in zip(theta, library.terms, strict=True) if t.axes is None)
    )
    if potential == 0:
        return None
    low, high = float(values.min()), float(values.max())
    points = np.linspace(low, high, 4001)
    heights = np.broadcast_to(sympy.lambdify(PHI, potential, modules="numpy")(points), points.shape)
    inside = np.flatnonzero((heights[1:-1] < heights[:-2]) & (heights[1:-1] < heights[2:])) + 1
    if not len(inside):
        return None
    lowest = heights[inside].min()
    best = [n for n in inside if heights[n] <= lowest + 1e-6 * np.ptp(heights)]
    nearest = points[min(best, key=lambda n: abs(points[n]))]
    slope, curvature = (sympy.lambdify(PHI, sympy.diff(potential, PHI, k)) for k in (1, 2))
    for _ in range(20):
        bend = float(curvature(nearest))
        if bend == 0:
            break
        nearest = nearest - float(slope(nearest)) / bend
    return float(nearest) if np.isfinite(nearest) and low <= nearest <= high else None
