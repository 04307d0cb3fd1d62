"""The vector field behind pairs of images: fitted from random starts, its degree chosen by held-out pairs.

Rules, the same for every run:

- Every degree is fitted on the training pairs. The held-out loss of a pair is ‖ŷ − y‖²; where t is unknown it
  is fitted for each held-out pair, whatever the degree.
- The degree is the smallest whose mean held-out loss is within one standard error (of the paired differences)
  of the smallest one, or within RESOLUTION of ‖y‖², which the integration of the flow does not resolve.
- There is a common generator only if the held-out loss is lower, by more than three standard errors each,
  than that of ŷ = x, than that of ŷ = 0, and than that of the same field on pairs whose partners were
  permuted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .warp import PairProblem, descend, pair_problem

COARSE = (0.2, 0.14, 0.1, 0.07, 0.05)
FINE = (0.05, 0.03, 0.0)
"""Widths of the blur, of the image's size: first for the starts, then for all pairs."""
RESOLUTION = 1e-6
ERRORS = 3.0
Progress = Callable[[str, float, float], None]


@dataclass(frozen=True)
class Fit:
    """v = a_αb b(s) ∂_α of one degree; t of each pair, or None where t = 1; Σ‖y − ŷ‖²/Σ‖y‖² on its pairs.

    v is scaled to root mean square 1 where t is unknown, with the sign that makes the mean of t positive.
    """

    degree: int
    coefficients: Tensor
    parameters: Tensor | None
    loss: float


@dataclass(frozen=True)
class Selection:
    """Fits of all degrees, their held-out losses relative to the mean of ‖y‖², and the verdict.

    `standard_errors` are those of the difference to the least loss. `references` holds the losses of ŷ = x
    ("identity"), ŷ = 0 ("zero") and of the chosen field on permuted partners ("permuted").
    """

    fits: tuple[Fit, ...]
    losses: tuple[float, ...]
    standard_errors: tuple[float, ...]
    chosen: int
    references: dict[str, float]
    common_generator: bool

    @property
    def fit(self) -> Fit:
        return self.fits[self.chosen]

    @property
    def verdict(self) -> str:
        return "common generator" if self.common_generator else "no common generator"


def learn_field(
    training: tuple[Tensor, Tensor],
    held_out: tuple[Tensor, Tensor],
    unknown: bool,
    degrees: Sequence[int] = (0, 1, 2, 3),
    kernel: str = "bilinear",
    seed: int = 0,
    progress: Progress | None = None,
) -> Selection:
    """The simplest vector field that explains the pairs. `unknown`: t of each pair is not given."""
    fits: list[Fit] = []
    losses: list[Tensor] = []
    x, y = held_out
    size = (y**2).flatten(1).sum(1)
    scale = float(size.mean())
    for number, degree in enumerate(degrees):
        fit = fit_field(*training, degree, unknown, kernel, seed, fits[-1:])
        fits.append(fit)
        losses.append(pair_losses(*held_out, fit, kernel))
        if progress:
            progress(f"degree {degree}", (number + 1) / len(degrees), float(losses[-1].mean()) / scale)
    if progress:
        progress("done", 1.0, min(float(l.mean()) for l in losses) / scale)
    chosen, errors = simplest(losses, RESOLUTION * scale)
    generator = torch.Generator().manual_seed(seed)
    shift = int(torch.randint(1, len(x), (1,), generator=generator))
    references = {
        "identity": ((y - x) ** 2).flatten(1).sum(1),
        "zero": size,
        "permuted": pair_losses(x, y.roll(shift, 0), fits[chosen], kernel).roll(-shift, 0),
    }
    better = all(_least_gain(r - losses[chosen]) > 0 for r in references.values())
    return Selection(
        tuple(fits),
        tuple(float(l.mean()) / scale for l in losses),
        tuple(e / scale for e in errors),
        chosen,
        {name: float(r.mean()) / scale for name, r in references.items()},
        better,
    )


def _least_gain(gains: Tensor) -> float:
    """The mean less ERRORS standard errors."""
    return float(gains.mean() - ERRORS * gains.std() / len(gains) ** 0.5)


def simplest(losses: Sequence[Tensor], resolution: float) -> tuple[int, list[float]]:
    """The first within one standard error of the best, and the standard errors of the differences to it."""
    means = [float(l.mean()) for l in losses]
    best = min(range(len(means)), key=means.__getitem__)
    errors = [float((l - losses[best]).std()) / len(l) ** 0.5 for l in losses]
    chosen = next(k for k, mean in enumerate(means) if mean <= means[best] + max(errors[k], resolution))
    return chosen, errors


def fit_field(
    x: Tensor,
    y: Tensor,
    degree: int,
    unknown: bool,
    kernel: str = "bilinear",
    seed: int = 0,
    lower: Sequence[Fit] = (),
    starts: int = 1,
    few: int = 80,
) -> Fit:
    """Least squares from coarse to fine: several starts on a few pairs, the best then on all.

    With t = 1 for all: `starts` fields of normal coefficients, small. With unknown t: as many of these,
    fitted with one t for all first, and as many of `principal_fields`. Fits of a lower degree in `lower` are
    starts too.
    """
    draw = torch.Generator().manual_seed(seed)
    problem = pair_problem(x[:few], y[:few], degree, kernel, unknown)
    together = pair_problem(x[:few], y[:few], degree, kernel, False)
    begins = []
    for _ in range(starts):
        normal = torch.randn(2, problem.field.monomials, generator=draw, dtype=torch.float64)
        a = problem.normalised(normal)[0]
        begins.append(_from_coarse(together, 0.1 * a, COARSE[:3])[1] if unknown else 0.1 * a)
    if unknown:
        begins += principal_fields(x, y, degree, starts)
    found = [_from_coarse(problem, a, COARSE) for a in begins]
    for fit in lower:
        a = torch.zeros_like(found[0][1])
        a[:, : fit.coefficients.shape[1]] = fit.coefficients
        found.append(_from_coarse(problem, a, COARSE[-1:]))
    a = min(found, key=lambda one: one[0])[1]
    problem = pair_problem(x, y, degree, kernel, unknown)
    t: Tensor | None = None
    for width in FINE:
        problem.blur_to(width)
        a, t = _scanned(problem, a)
        a, t, loss = descend(problem, a, t, 25, 1e-6)
    if t is not None:
        a, t, loss = _polish(problem, a, t, loss)
        sign = -1.0 if t.mean() < 0 else 1.0
        a, t = sign * a, sign * t
    return Fit(degree, a, t, loss)


def principal_fields(x: Tensor, y: Tensor, degree: int, count: int) -> list[Tensor]:
    """The v that explain the most of y − x to first order in t, each pair with its own t of either sign.

    With B_n a = G(a_αb b ∂_αx_n) and r_n = G(y_n − x_n) the best t_n wins (r_n·B_na)²/‖B_na‖²; with the mean
    of the denominators these are the leading generalised eigenvectors of Σ B_nᵀr_nr_nᵀB_n and Σ B_nᵀB_n.
    """
    problem = PairProblem(x, y, degree, "cubic", False)
    problem.blur_to(COARSE[0])
    still = x.new_zeros(2, problem.field.monomials)
    residual, slopes, _ = problem.linearise(still, None)
    won = torch.einsum("nip,ni->np", slopes, residual)
    flat = slopes.flatten(0, 1)
    values, vectors = torch.linalg.eigh(flat.T @ flat)
    whitening = vectors / values.clamp(min=1e-9 * float(values[-1])).sqrt()
    leading = torch.linalg.svd(won @ whitening, full_matrices=False)[2]
    return [(whitening @ direction).reshape(still.shape) for direction in leading[:count]]


def _from_coarse(problem: PairProblem, a: Tensor, widths: Sequence[float]) -> tuple[float, Tensor]:
    """(loss at the last blur, a), blur after blur; unknown t are scanned at each, thrice at the first."""
    for width in widths:
        problem.blur_to(width)
        for _ in range(3 if problem.unknown and width == COARSE[0] else 1):
            a, t = _scanned(problem, a)
            a, t, loss = descend(problem, a, t, 15)
    return loss, a


def _scanned(problem: PairProblem, a: Tensor) -> tuple[Tensor, Tensor | None]:
    if not problem.unknown:
        return a, None
    a = problem.normalised(a)[0]
    return a, problem.scan(a)


def _polish(problem: PairProblem, a: Tensor, t: Tensor, loss: float) -> tuple[Tensor, Tensor, float]:
    """Pairs in a wrong minimum of t take that of a finer scan, where it is better; then all once more."""
    other = problem.scan(a, finest=0.07)
    other = _own_parameters(problem, a, other)
    better = problem.losses(a, other) < problem.losses(a, t)
    if not better.any():
        return a, t, loss
    a, both, loss = descend(problem, a, torch.where(better, other, t), 25, 1e-6)
    return a, t if both is None else both, loss


def _own_parameters(problem: PairProblem, a: Tensor, t: Tensor, iterations: int = 12) -> Tensor:
    """Gauss–Newton in each t_n with the field held, only steps that lower the pair's loss being taken."""
    damping = torch.full_like(t, 1e-3)
    residual, _, by_t = problem.linearise(a, t)
    for _ in range(iterations):
        own = (by_t**2).sum(1)
        trial = t - (by_t * residual).sum(1) / (own * (1 + damping) + 1e-300)
        new_residual, _, new_by_t = problem.linearise(a, trial)
        better = (new_residual**2).sum(1) < (residual**2).sum(1)
        t = torch.where(better, trial, t)
        damping = torch.where(better, damping / 4, damping * 6)
        pick = better[:, None]
        residual, by_t = torch.where(pick, new_residual, residual), torch.where(pick, new_by_t, by_t)
    return t


def pair_losses(x: Tensor, y: Tensor, fit: Fit, kernel: str) -> Tensor:
    """‖ŷ − y‖² of each pair under a field, t fitted where the field was learned so. shape: (n,)"""
    problem = pair_problem(x, y, fit.degree, kernel, fit.parameters is not None)
    if fit.parameters is None:
        return problem.losses(fit.coefficients, None)
    t = _own_parameters(problem, fit.coefficients, problem.scan(fit.coefficients, finest=0.07))
    return problem.losses(fit.coefficients, t)
