"""Pairs of images y = exp(t v) x as a least-squares problem for the vector field v and each pair's t."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..generators.derivatives import derivative_matrix
from .flow import Paths, PolynomialField, grid_points, paths
from .images import blur, blur_matrix, sampling_weights

REACH = 1.2
"""Unknown t are sought in |t| ≤ 1.2, for a v of root mean square 1 half width of the image."""
STEPS = 12
SMALLEST = 1e-22
"""A loss, relative to Σ‖y‖², that is 0."""


class PairProblem:
    """r_n = G(ŷ_n − y_n), ŷ_n = x_n at the flow of v after t_n, G a Gaussian blur; minimise Σ‖r_n‖².

    `kernel` says how x is read between its pixels. With `unknown` each pair has its own t_n and v is scaled
    to root mean square 1 over the image; without, t_n = 1. shape of x and y: (n, d, d)
    """

    def __init__(self, x: Tensor, y: Tensor, degree: int, kernel: str, unknown: bool):
        self.x, self.y, self.kernel, self.unknown = x, y, kernel, unknown
        self.size = x.shape[-1]
        self.field = PolynomialField(degree)
        self.blur_to(0.0)

    def blur_to(self, width: float) -> None:
        """Set the standard deviation of G, in image sizes."""
        self.width = width
        self.matrix = blur_matrix(self.size, width * self.size).to(self.x)
        self.target = blur(self.y, self.matrix).flatten(1)
        self.scale = float((self.target**2).sum())

    def normalised(self, a: Tensor) -> tuple[Tensor, Tensor]:
        """a/rms and rms, the root mean square of |v| over the image in half widths."""
        size = self.field.root_mean_square(a, self.size)
        return a / size, size

    def flow(self, a: Tensor) -> Paths:
        return paths(self.field, a, self.size, REACH if self.unknown else 1.0, STEPS, self.unknown)

    def scan(self, a: Tensor, finest: float = 0.15) -> Tensor:
        """For each pair the best t of a grid over |t| ≤ REACH, in steps of half the blur or `finest` pixels.

        The grid avoids 0, where a bilinear ŷ has a kink. shape: (n,)
        """
        step = max(finest, 0.5 * self.width * self.size) / ((self.size - 1) / 2)
        times = torch.arange(-REACH, REACH, step, dtype=a.dtype) + 0.37 * step
        best = self.x.new_full((len(self.x),), torch.inf)
        chosen = torch.zeros_like(best)
        for t, operator in zip(times, self.operators(a, times), strict=True):
            blurred = blur(operator.T.reshape(-1, self.size, self.size), self.matrix).flatten(1)
            losses = ((self.x.flatten(1) @ blurred - self.target) ** 2).sum(1)
            chosen = torch.where(losses < best, t, chosen)
            best = torch.minimum(losses, best)
        return chosen

    def operators(self, a: Tensor, times: Tensor) -> Iterator[Tensor]:
        """The matrices x ↦ ŷ at each of the times. shape: (d², d²) each"""
        radius = (self.size - 1) / 2
        for points in self.flow(a).points_at(times):
            rows, columns = (
                sampling_weights(radius * (points[:, axis] + 1), self.size, self.kernel)[0] for axis in (0, 1)
            )
            yield torch.einsum("ia,ib->iab", rows, columns).flatten(1)

    def evolve(self, a: Tensor, t: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """ŷ, ∂ŷ/∂a, ∂ŷ/∂t. shape: (2, monomials), (n,) -> (n, N), (n, N, 2·monomials), (n, N)"""
        points, rate, variation = self.flow(a).at(a.new_ones(1) if t is None else t)
        value, gradient = warp(self.x, points, self.kernel)
        by_a = torch.einsum("nic,nicp->nip", gradient, variation.expand(len(self.x), -1, -1, -1))
        return value, by_a, (gradient * rate).sum(-1)

    def linearise(self, a: Tensor, t: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """r, ∂r/∂a, ∂r/∂t, like `evolve`."""
        value, by_a, by_t = self.evolve(a, t)
        return self._blurred(value) - self.target, self._blurred(by_a), self._blurred(by_t)

    def losses(self, a: Tensor, t: Tensor | None) -> Tensor:
        """‖r_n‖² of each pair. shape: (n,)"""
        return ((self._blurred(self.evolve(a, t)[0]) - self.target) ** 2).sum(1)

    def _blurred(self, values: Tensor) -> Tensor:
        """G along both axes of the image. shape: (n, N) or (n, N, P), unchanged"""
        if self.width == 0:
            return values
        images = values.reshape(len(values), self.size, self.size, -1)
        images = (self.matrix @ images.flatten(2)).reshape(images.shape)
        return (self.matrix @ images).reshape(values.shape)


class ExponentialProblem(PairProblem):
    """The same with ŷ = exp(t v^α∂_α) x, v^α∂_α the spectral matrix of `VectorField`: for small images.

    Taylor's series of exp on ŷ and ∂ŷ/∂a together: ∂/∂t (∂_aŷ) = L ∂_aŷ + (∂L/∂a) ŷ.
    """

    substeps, terms = 6, 18

    def __init__(self, x: Tensor, y: Tensor, degree: int, kernel: str, unknown: bool):
        super().__init__(x, y, degree, kernel, unknown)
        size, radius = self.size, (self.size - 1) / 2
        derivative = radius * derivative_matrix(size, "spectral", 2.0).to(x)
        one = torch.eye(size, dtype=x.dtype)
        values = self.field.basis(grid_points(size))[0]
        along = torch.kron(derivative, one), torch.kron(one, derivative)
        self.parts = torch.cat([values.T[:, :, None] * matrix for matrix in along])

    def generator(self, a: Tensor) -> Tensor:
        return torch.einsum("p,pij->ij", a.flatten(), self.parts)

    def operators(self, a: Tensor, times: Tensor) -> Iterator[Tensor]:
        generator = self.generator(a)
        return (torch.matrix_exp(t * generator) for t in times)

    def evolve(self, a: Tensor, t: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        generator = self.generator(a)
        state = self.x.flatten(1)
        variation = state.new_zeros(*state.shape, len(self.parts))
        step = (state.new_ones(len(state)) if t is None else t)[:, None] / self.substeps
        for _ in range(self.substeps):
            term, term_by_a = state, variation
            for k in range(1, self.terms + 1):
                moved = torch.einsum("pij,nj->nip", self.parts, term)
                term_by_a = step[..., None] / k * (generator @ term_by_a + moved)
                term = step / k * (term @ generator.T)
                state, variation = state + term, variation + term_by_a
        return state, variation, state @ generator.T


def pair_problem(x: Tensor, y: Tensor, degree: int, kernel: str, unknown: bool) -> PairProblem:
    """The kernel "exponential" is `ExponentialProblem`, the others resample."""
    kind = ExponentialProblem if kernel == "exponential" else PairProblem
    return kind(x, y, degree, kernel, unknown)


def warp(x: Tensor, points: Tensor, kernel: str) -> tuple[Tensor, Tensor]:
    """x(s) and ∂x/∂s. shape: (n, d, d), (n or 1, N, 2) -> (n, N), (n, N, 2)"""
    size = x.shape[-1]
    radius = (size - 1) / 2
    rows, row_slopes = sampling_weights(radius * (points[..., 0] + 1), size, kernel)
    columns, column_slopes = sampling_weights(radius * (points[..., 1] + 1), size, kernel)
    along = rows @ x
    slopes = ((row_slopes @ x) * columns).sum(-1), (along * column_slopes).sum(-1)
    return (along * columns).sum(-1), radius * torch.stack(slopes, -1)


def descend(
    problem: PairProblem, a: Tensor, t: Tensor | None, iterations: int, tolerance: float = 1e-4
) -> tuple[Tensor, Tensor | None, float]:
    """Levenberg–Marquardt on (a, t) with each t_n eliminated; returns (a, t, Σ‖r‖²/Σ‖Gy‖²).

    Stops where a step wins less than `tolerance` of the loss.
    """
    damping = 1e-2
    now = problem.linearise(a, t)
    loss = float((now[0] ** 2).sum())
    for _ in range(iterations):
        if loss < SMALLEST * problem.scale:
            break
        for _ in range(6):
            step, step_t = _step(*now, damping, t is not None)
            trial, trial_t = a + step.reshape(a.shape), None if t is None else t + step_t
            if trial_t is not None:
                trial, size = problem.normalised(trial)
                trial_t = (trial_t * size).clamp(-REACH, REACH)
            new = problem.linearise(trial, trial_t)
            new_loss = float((new[0] ** 2).sum())
            if new_loss < loss:
                break
            damping *= 5
        else:
            break
        won = loss - new_loss
        a, t, loss, now = trial, trial_t, new_loss, new
        damping = max(damping / 5, 1e-8)
        if won < tolerance * loss:
            break
    return a, t, loss / problem.scale


def _step(
    residual: Tensor, by_a: Tensor, by_t: Tensor, damping: float, unknown: bool
) -> tuple[Tensor, Tensor]:
    """The damped Gauss–Newton step in a and t, by the Schur complement of the t_n."""
    flat = by_a.flatten(0, 1)
    normal, right = flat.T @ flat, -(flat.T @ residual.flatten())
    diagonal = normal.diagonal()
    left = normal + damping * torch.diag(diagonal + 1e-9 * diagonal.max() + 1e-300)
    if not unknown:
        return torch.linalg.solve(left, right), residual.new_zeros(())
    mixed = torch.einsum("nip,ni->np", by_a, by_t)
    own = (by_t**2).sum(1)
    own = own * (1 + damping) + 1e-6 * own.mean() + 1e-300
    slope = (by_t * residual).sum(1)
    left = left - mixed.T @ (mixed / own[:, None])
    step = torch.linalg.lstsq(left, (right + mixed.T @ (slope / own))[:, None]).solution[:, 0]
    return step, -(slope + mixed @ step) / own
