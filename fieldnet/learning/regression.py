"""The weak Euler–Lagrange residual of a field, linear in the coefficients of its terms."""

import numpy as np
import torch
from torch import Tensor

from ..contraction import mix_channels
from ..generators.stencil import stencil_divergence, stencil_gradient
from .field_data import FieldSamples
from .field_model import FieldModel
from .terms import TermLibrary


class WeakRegression:
    """R_ψ = ∫ψ_tt φ + Σ_n θ_n ∫ψ F_n[a] − γ ∫ψ_t φ, the weak form of φ_tt + Σθ_nF_n + γφ_t = 0.

    F_n = δ/δφ ∫term_n is formed with the stencil a, scaled to κ = 1, exactly as the L-conv layer with the
    forms of term_n forms it. Columns have shape (sample, *windows), flattened.
    """

    def __init__(self, samples: FieldSamples, model: FieldModel, library: TermLibrary):
        self.samples, self.model, self.library = samples, model, library
        self.channel = channel = -1 - samples.space_dimensions
        units = np.eye(len(library.terms))
        self.forms = [tuple(map(torch.from_numpy, library.forms(unit))) for unit in units]
        with torch.no_grad():
            self.stack = model.stack(samples.values)
            slopes = model.features.slopes(samples.values, channel)
            self.slopes = torch.cat([slopes, torch.zeros_like(slopes.narrow(channel, 0, 1))], channel)
            project = samples.windows.project
            self.target = project(samples.values, 2).flatten()
            self.damping_column = -project(samples.values, 1).flatten()
            self.potential_columns = self._potential_columns()

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.samples.values), *self.samples.windows.shape)

    def _pull_back(self, covector: Tensor) -> Tensor:
        """∫ψ z'·g for a covector field g on feature space."""
        return self.samples.windows.project((self.slopes * covector).sum(self.channel)).flatten()

    def _potential_columns(self) -> dict[int, Tensor]:
        return {
            n: self._pull_back(mix_channels(self.forms[n][0], self.stack, self.channel))
            for n, term in enumerate(self.library.terms)
            if term.axes is None
        }

    def normalised(self, weight: Tensor) -> Tensor:
        """Stencil weights scaled to κ = 1 over the data's band. shape: (n, radius) -> (n, radius)"""
        kappa = self.model.scales(weight)[:, None]
        return weight / torch.where(kappa == 0, 1.0, kappa)

    def gradient_columns(self, weight: Tensor, kept: list[int]) -> dict[int, Tensor]:
        """∫ψ z'·L̂_iᵀh^{ij}L̂_jΦ for the gradient terms in `kept`, differentiable in the stencil weights."""
        kept = [n for n in kept if self.library.terms[n].axes is not None]
        if not kept:
            return {}
        axes = range(self.samples.space_dimensions)
        first = stencil_gradient(weight, self.stack)
        columns = {}
        for n in kept:
            h = self.forms[n][1]
            moved = [
                torch.stack([mix_channels(h[i, j], first[j], self.channel) for j in axes]).sum(0)
                for i in axes
            ]
            columns[n] = self._pull_back(stencil_divergence(weight, torch.stack(moved)))
        return columns

    def columns(self, weight: Tensor, kept: list[int]) -> Tensor:
        """Columns of the terms in `kept`, in order. shape: (rows, len(kept))"""
        gradient = self.gradient_columns(weight, kept)
        every = [gradient[n] if n in gradient else self.potential_columns[n] for n in kept]
        return torch.stack(every, dim=1)
