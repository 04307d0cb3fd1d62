"""From a field on a grid to an L-conv network that carries its Lagrangian."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from simulations.derivatives import central_weights

from ..features import FeatureMap
from .band import set_band, stencil_directions, unfolded
from .explanation import explanation
from .field_data import HELD_OUT, field_samples, split_held_out
from .field_model import FieldModel
from .field_training import train_field
from .gradient import History, Progress
from .rebuild import metric_factor, rebuilt
from .refit import Fit, design_matrix, gauss_newton, relative_residual
from .regression import WeakRegression
from .selection import Elimination, select_columns
from .terms import TermLibrary

TIME_BLOCKS = 4


@dataclass(frozen=True)
class FieldFit:
    """A trained, sparsified and refitted network.

    `kept` counts the terms of ½Φᵀm₂Φ + ½∂_iΦᵀh^{ij}∂_jΦ in the library, minus the potential part of the
    density; `theta` and `standard_errors` belong to them. `trained_theta` holds the coefficients of all terms
    of the library as the trained weights gave them, before selection. Residuals are ‖R‖/‖∫ψ_tt φ‖;
    `derivative_residual` is the held-out one with ∂ in place of the learned stencil.
    """

    model: FieldModel
    library: TermLibrary
    fit: Fit
    trained_theta: np.ndarray
    history: History
    elimination: list[Elimination]
    held_out_residual: float
    derivative_residual: float
    explanation: str | None
    regression: WeakRegression

    @property
    def kept(self) -> tuple[int, ...]:
        return self.fit.kept

    @property
    def theta(self) -> np.ndarray:
        return self.fit.theta

    @property
    def standard_errors(self) -> np.ndarray:
        return self.fit.standard_errors[: len(self.kept)]

    @property
    def damping(self) -> float:
        return self.fit.damping

    @property
    def damping_error(self) -> float | None:
        return float(self.fit.standard_errors[-1]) if self.fit.damped else None

    @property
    def training_residual(self) -> float:
        return self.fit.residual


def fit_field(
    dataset: xr.Dataset,
    field: str,
    coordinates: tuple[str, ...],
    boundary: str,
    features: FeatureMap,
    seed: int = 0,
    progress: Progress | None = None,
    holdout: float = HELD_OUT,
) -> FieldFit:
    """Train an L-conv network on `field`, keep the terms that the data ask for, and refit those.

    1. Adam and L-BFGS from random weights on the weak Euler–Lagrange residual of the training samples.
    2. The quadratic forms of the trained layer are written in independent terms. Gauss–Newton on the same
       residual, on all coefficients and the stencil together, from the trained ones (and from the same
       stencil without sign changes of its symbol, which dynamics cannot see).
    3. Terms are eliminated by cross-validation on the training samples, the kept ones fitted again.
    4. The result goes back into the weights of the layer: m₂ and h are factored into (W, η).

    `coordinates` are the names in the equations, such as ("t", "x"); `holdout` is the part of the data that
    no fit sees, see `split_held_out`. Raises ValueError for too few data.
    """
    training_data, held_out_data = split_held_out(dataset, holdout)
    training = field_samples(training_data, field, boundary)
    held_out = field_samples(held_out_data, field, boundary, widths=training.windows.half_points)

    torch.manual_seed(seed)
    size = max(training.values.shape[2:]) // 2 + 1
    model = FieldModel(features, training.spacing[1:], field, coordinates, band_size=size)
    history = train_field(model, training, held_out, progress, f"{features.name} features")

    library = TermLibrary(features, training.space_dimensions)
    with torch.no_grad():
        power = set_band(model, training, model.layer.weight[1:, :, : features.channels])
        trained_theta = library.coefficients(*_forms_in_derivatives(model))
        regression = WeakRegression(training, model, library)
        directions = stencil_directions(model, power)
        every = list(range(len(library.terms)))
        learned = model.stencil.weight
        starts = (learned, unfolded(model, learned, power))
        fulls = [gauss_newton(regression, start, directions, every, damped=True) for start in starts]
        full = min(fulls, key=lambda fit: fit.residual)
        kept, damped, elimination = _select(regression, full.stencil)
        fit = gauss_newton(regression, full.stencil, directions, kept, damped)
        if any(library.terms[n].axes is not None for n in kept):
            rows, _ = metric_factor(library, fit)
            power = set_band(model, training, torch.from_numpy(rows[:, :, : features.channels]))
            fit = gauss_newton(regression, fit.stencil, stencil_directions(model, power), kept, damped)
        tested = WeakRegression(held_out, model, library)
        held_out_residual = relative_residual(tested, fit)
        derivative_residual = relative_residual(tested, replace(fit, stencil=_derivative_stencil(model)))
        final = rebuilt(model, library, fit, training.values.numpy())
    return FieldFit(
        model=final,
        library=library,
        fit=fit,
        trained_theta=trained_theta,
        history=history,
        elimination=elimination,
        held_out_residual=held_out_residual,
        derivative_residual=derivative_residual,
        explanation=explanation(
            fit.residual, held_out_residual, derivative_residual, model, held_out, training
        ),
        regression=regression,
    )


def _forms_in_derivatives(model: FieldModel) -> tuple[np.ndarray, np.ndarray]:
    """m₂ and h^{ij} with L̂_i = κ_i∂_i put in. shape: (c, c), (n, n, c, c)"""
    m2, h = model.forms()
    scales = model.scales()
    return m2.numpy(), (h * scales[:, None, None, None] * scales[None, :, None, None]).numpy()


def _select(regression: WeakRegression, stencil: Tensor) -> tuple[list[int], bool, list[Elimination]]:
    """(kept terms, whether damping is kept, elimination path), cross-validated over samples and blocks of
    time.
    """
    every = list(range(len(regression.library.terms)))
    design = design_matrix(regression, regression.normalised(stencil), every, damped=True).numpy()
    shape = regression.shape
    blocks = np.arange(shape[1]) * TIME_BLOCKS // shape[1]
    labels = np.arange(shape[0])[:, None] * TIME_BLOCKS + blocks
    folds = np.broadcast_to(labels.reshape(*labels.shape, *[1] * (len(shape) - 2)), shape).reshape(-1)
    names = [term.text("φ", ("t", "x", "y", "z")) for term in regression.library.terms] + ["damping"]
    chosen, path = select_columns(design, regression.target.numpy(), folds, names)
    return [n for n in chosen if n < len(every)], len(every) in chosen, path


def _derivative_stencil(model: FieldModel) -> Tensor:
    """∂_i itself, as the central difference of highest order that the radius allows."""
    weights = torch.from_numpy(central_weights(2 * min(model.stencil.radius, 4)))
    padded = torch.nn.functional.pad(weights, (0, model.stencil.radius - len(weights)))
    return padded[None] / model.stencil.spacing[:, None]
