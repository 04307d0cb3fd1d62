"""Can the data tell the terms that were kept from others?"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .refit import Fit, design_matrix
from .regression import WeakRegression
from .selection import QUADRATURE

AS_GOOD = 2.0
"""A rival counts as good as the chosen terms where its residual is below this multiple of theirs."""


def undetermined(regression: WeakRegression, fit: Fit, others: Sequence[WeakRegression] = ()) -> str | None:
    """Why the data determine no answer, naming the terms that cannot be told apart; or None.

    Each kept term in turn is replaced by each other term of the library and of the `others` (regressions of
    the same data on other features). If some replacement fits as well, that is to `AS_GOOD` times the
    residual or to the accuracy of the quadrature, the data do not tell the two apart. So it is for a
    travelling wave, where φ_xx is a function of φ, and for amplitudes too small to show the nonlinearity.
    """
    kept = list(fit.kept)
    if not kept:
        return "no term of the library lowers the residual on held-back data"
    library = regression.library
    gradient = [n for n, term in enumerate(library.terms) if term.axes is not None]
    sizes = regression.columns(fit.stencil, gradient).norm(dim=0)
    names = _names(regression)
    if bool((sizes <= 1e-6 * regression.target.norm()).all()):
        return f"the field does not vary in space, so that {names[gradient[0]]} has no effect"
    design = design_matrix(regression, fit.stencil, kept, fit.damped)
    candidates = _candidates(regression, fit, others)
    limit = AS_GOOD * max(fit.residual, QUADRATURE) * regression.target.norm()
    for position, n in enumerate(kept):
        for name, column in candidates.items():
            if name in {names[k] for k in kept}:
                continue
            rival = design.clone()
            rival[:, position] = column
            scale = rival.norm(dim=0).clamp_min(1e-300)
            solution = torch.linalg.lstsq(rival / scale, -regression.target[:, None], driver="gelsd").solution
            if (regression.target + (rival / scale) @ solution[:, 0]).norm() <= limit:
                return f"{names[n]} and {name} cannot be told apart; either fits these data"
    return None


def _candidates(regression: WeakRegression, fit: Fit, others: Sequence[WeakRegression]) -> dict[str, Tensor]:
    columns: dict[str, Tensor] = {}
    for other in (regression, *others):
        every = other.columns(fit.stencil, list(range(len(other.library.terms))))
        for name, column in zip(_names(other), every.unbind(1), strict=True):
            columns.setdefault(name, column)
    return columns


def _names(regression: WeakRegression) -> list[str]:
    model = regression.model
    return [term.text(model.field, model.coordinates) for term in regression.library.terms]
