"""White noise cut off images before generators are fitted to them, where the data show that it may be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.fft import dctn, idctn
from torch import Tensor

from .ansatz import Ansatz, PolynomialFields
from .exponential import fit_elements

CUTS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
TRIED = 6
"""Groups that the cuts are compared on."""
ROOM = 1.1
"""A cut may raise the residual variance per degree of freedom by this factor."""


class LowPass:
    """Projection of images on the cosines cos(π k_α (j_α + ½)/d_α) with |k/d| ≤ `cut`: all for None.

    Orthogonal (a DCT-II), so that white noise keeps its variance in each of the `modes` that are left.
    """

    def __init__(self, shape: Sequence[int], cut: float | None):
        self.shape, self.cut = tuple(shape), cut
        squares = [(np.arange(size) / size) ** 2 for size in self.shape]
        radius = np.sqrt(sum(np.meshgrid(*squares, indexing="ij")))
        self.kept = radius <= (np.inf if cut is None else cut)
        self.modes = int(self.kept.sum())

    def __call__(self, images: Tensor) -> Tensor:
        """shape: (..., length), unchanged"""
        if self.cut is None:
            return images
        axes = tuple(range(-len(self.shape), 0))
        array = images.reshape(*images.shape[:-1], *self.shape).numpy()
        kept = idctn(self.kept * dctn(array, axes=axes, norm="ortho"), axes=axes, norm="ortho")
        return torch.from_numpy(kept).reshape(images.shape)

    def basis(self) -> Tensor:
        """The cosines, orthonormal. shape: (modes, length)"""
        length = self.kept.size
        if self.cut is None:
            return torch.eye(length, dtype=torch.float64)
        units = np.eye(length)[self.kept.ravel()].reshape(self.modes, *self.shape)
        axes = tuple(range(1, units.ndim))
        return torch.from_numpy(idctn(units, axes=axes, norm="ortho")).reshape(self.modes, length)


def choose_low_pass(ansatz: Ansatz, x: Tensor, y: Tensor) -> LowPass:
    """The lowest of CUTS at which the residual variance per degree of freedom, the median over TRIED groups,
    is at most ROOM times that of all modes; no cut for vectors, or where none is so good.

    Without noise the residual of all modes is round-off or the ansatz's error of discretisation, and what a
    cut takes from the signal exceeds it. With noise it is the noise's variance, of which a cut leaves as much
    in every mode, until what it takes from the signal shows. Nothing but the data enters.
    """
    if not isinstance(ansatz, PolynomialFields):
        return LowPass((ansatz.length,), None)
    x, y = x[:TRIED], y[:TRIED]
    chosen = LowPass(ansatz.shape, None)
    theta, limit = None, np.inf
    for cut in (None, *CUTS):
        tried = LowPass(ansatz.shape, cut)
        freedom = x.shape[1] * tried.modes - ansatz.size
        if freedom < ansatz.size:
            break
        found = fit_elements(ansatz, tried(x), tried(y), theta, iterations=20)
        variance = float(found.residual.median()) / freedom
        if cut is None:
            limit = ROOM * variance
        elif variance > limit:
            break
        chosen, theta = tried, found.theta
    return chosen
