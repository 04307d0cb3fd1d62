"""The flow of a polynomial vector field, and how it varies with the field's coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..generators.bases import exponents

EDGE = 2.0
"""Beyond this scaled coordinate a field is held constant: no image is there, and no path blows up."""


class PolynomialField:
    """v^α(s) = Σ_b a_αb b(s), b the monomials of total degree ≤ `degree` in two scaled coordinates.

    `coefficients` are those of `fieldnet.generators.VectorField`. shape: (2, monomials)
    """

    def __init__(self, degree: int):
        self.degree = degree
        self.powers = torch.tensor(exponents(2, degree))
        self.monomials = len(self.powers)
        self.orders = torch.arange(degree + 1)
        self.lowered = (self.orders - 1).clamp(min=0)

    def basis(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """b(s) and ∂b/∂s^β. shape: (N, 2) -> (N, monomials), (N, monomials, 2)"""
        held = points.clamp(-EDGE, EDGE)
        table = held[..., None] ** self.orders
        inside = (held == points)[..., None]
        slopes = table[..., self.lowered] * (self.orders * inside)
        y, x = table[:, 0, self.powers[:, 0]], table[:, 1, self.powers[:, 1]]
        dy, dx = slopes[:, 0, self.powers[:, 0]], slopes[:, 1, self.powers[:, 1]]
        return y * x, torch.stack([dy * x, y * dx], -1)

    def velocity(self, coefficients: Tensor, points: Tensor) -> Tensor:
        """shape: (2, monomials), (N, 2) -> (N, 2)"""
        return self.basis(points)[0] @ coefficients.T

    def root_mean_square(self, coefficients: Tensor, size: int) -> Tensor:
        """Of |v| over the pixels of a square image, in half widths."""
        return (self.velocity(coefficients, grid_points(size)) ** 2).sum(-1).mean().sqrt()


def grid_points(size: int) -> Tensor:
    """Scaled coordinates of the pixels, row by row. shape: (size², 2)"""
    line = torch.linspace(-1, 1, size, dtype=torch.float64)
    return torch.stack(torch.meshgrid(line, line, indexing="ij"), -1).reshape(-1, 2)


@dataclass(frozen=True)
class Paths:
    """Where the grid points are at evenly spaced times, and how that varies with a.

    `points`: (times, N, 2). `velocities`: their ∂_t. `variations`: ∂s/∂a, (times, N, 2, 2·monomials), and
    `variation_rates`, its ∂_t.
    """

    times: Tensor
    points: Tensor
    velocities: Tensor
    variations: Tensor
    variation_rates: Tensor

    def at(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(s, ∂_t s, ∂s/∂a) at other times, by cubic Hermite interpolation, error O(step⁴).

        shape: (n,) -> (n, N, 2), (n, N, 2), (n, N, 2, 2·monomials)
        """
        u, step, j = self._place(t)
        s = _hermite(u, step, self.points, self.velocities, j)
        rate = _hermite_rate(u, step, self.points, self.velocities, j)
        return s, rate, _hermite(u[..., None], step, self.variations, self.variation_rates, j)

    def points_at(self, t: Tensor) -> Tensor:
        """s alone. shape: (n,) -> (n, N, 2)"""
        u, step, j = self._place(t)
        return _hermite(u, step, self.points, self.velocities, j)

    def _place(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The fraction of the step that t is in, its length and its number."""
        step = self.times[1] - self.times[0]
        place = (t - self.times[0]) / step
        j = place.floor().long().clamp(0, len(self.times) - 2)
        return (place - j).reshape(-1, 1, 1), step, j


def _hermite(u: Tensor, step: Tensor, values: Tensor, rates: Tensor, j: Tensor) -> Tensor:
    low, high, low_rate, high_rate = values[j], values[j + 1], rates[j] * step, rates[j + 1] * step
    change = high - low
    return low + u * (
        low_rate + u * (3 * change - 2 * low_rate - high_rate + u * (low_rate + high_rate - 2 * change))
    )


def _hermite_rate(u: Tensor, step: Tensor, values: Tensor, rates: Tensor, j: Tensor) -> Tensor:
    low, high, low_rate, high_rate = values[j], values[j + 1], rates[j] * step, rates[j + 1] * step
    change = high - low
    slope = low_rate + u * (
        2 * (3 * change - 2 * low_rate - high_rate) + u * 3 * (low_rate + high_rate - 2 * change)
    )
    return slope / step


def paths(
    field: PolynomialField, coefficients: Tensor, size: int, reach: float, steps: int, both: bool = True
) -> Paths:
    """Flow of the grid points over [−reach, reach], or [0, reach], in Runge–Kutta steps of fourth order.

    `steps`: their number on either side of 0.
    """
    start = grid_points(size)
    signs = start.new_tensor([1.0, -1.0] if both else [1.0]).repeat_interleave(len(start))[:, None]
    points = start.repeat(2 if both else 1, 1)
    state = points, points.new_zeros(*points.shape, coefficients.numel())
    states = [state]
    for _ in range(steps):
        state = _step(field, coefficients, *state, signs * (reach / steps))
        states.append(state)
    sides = [(s.split(len(start)), v.split(len(start))) for s, v in states]
    ordered = [(s[1], v[1]) for s, v in sides[:0:-1]] if both else []
    ordered += [(s[0], v[0]) for s, v in sides]
    points = torch.stack([s for s, _ in ordered])
    variations = torch.stack([v for _, v in ordered])
    velocities, rates = _rates(field, coefficients, points.flatten(0, 1), variations.flatten(0, 1))
    times = torch.linspace(-reach if both else 0.0, reach, len(points), dtype=points.dtype)
    return Paths(times, points, velocities.reshape(points.shape), variations, rates.reshape(variations.shape))


def _rates(field: PolynomialField, a: Tensor, points: Tensor, variation: Tensor) -> tuple[Tensor, Tensor]:
    """ds/dt = v(s) and d(∂s/∂a)/dt = Dv ∂s/∂a + ∂v/∂a."""
    basis, slopes = field.basis(points)
    rate = (a @ slopes) @ variation
    n = field.monomials
    rate[:, 0, :n] += basis
    rate[:, 1, n:] += basis
    return basis @ a.T, rate


def _step(field: PolynomialField, a: Tensor, s: Tensor, v: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    """shape of h: (N, 1), the signed step of each point"""
    hv = h[..., None]
    k1, l1 = _rates(field, a, s, v)
    k2, l2 = _rates(field, a, s + h / 2 * k1, v + hv / 2 * l1)
    k3, l3 = _rates(field, a, s + h / 2 * k2, v + hv / 2 * l2)
    k4, l4 = _rates(field, a, s + h * k3, v + hv * l3)
    return s + h / 6 * (k1 + 2 * (k2 + k3) + k4), v + hv / 6 * (l1 + 2 * (l2 + l3) + l4)
