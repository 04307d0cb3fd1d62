"""Bases of functions for the components of vector fields, closed under products and derivatives.

A basis lives in scaled coordinates s^α, with x^α = R_α s^α + const in grid steps, where a vector field
v^α∂/∂x^α with v^α = R_α a^α(s) is a^α∂/∂s^α. Its brackets are taken there, exactly.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement, product
from typing import Any

import torch
from torch import Tensor


class Basis(ABC):
    """Functions b(s) of n scaled coordinates, each with a label; frozen, compared by value.

    `period` is the period, in lengths of the grid, that suits its functions.
    """

    period: float

    @abstractmethod
    def labels(self, dimension: int) -> list[Any]:
        """A hashable label of each function."""

    @abstractmethod
    def scaled(self, size: int) -> tuple[Tensor, float]:
        """s at the points of an axis, float64, and R."""

    @abstractmethod
    def value(self, label: Any, coordinates: tuple[Tensor, ...]) -> Tensor:
        """b(s). shape: n times (*S) -> (*S)"""

    @abstractmethod
    def slope(self, label: Any, axis: int) -> tuple[Any, float] | None:
        """∂b/∂s^axis as (label, factor), None for 0."""

    @abstractmethod
    def multiply(self, first: Any, second: Any) -> Iterator[tuple[Any, float]]:
        """The product of two functions, as (label, factor) pairs."""

    @abstractmethod
    def union(self, other: Any) -> Basis:
        """The least basis of this kind that holds both."""

    @abstractmethod
    def bracketed(self, other: Any) -> Basis:
        """The basis of the components of brackets; it holds both."""

    def values(self, shape: tuple[int, ...]) -> Tensor:
        """b(s) at every grid point, float64. shape: (functions, *S)"""
        mesh = torch.meshgrid(*(self.scaled(size)[0] for size in shape), indexing="ij")
        return torch.stack([self.value(label, mesh) for label in self.labels(len(shape))])


@dataclass(frozen=True)
class Polynomial(Basis):
    """Monomials of total degree ≤ `degree`; s runs over [−1, 1] on the grid, R = (size − 1)/2.

    Labels are exponents. The bracket of fields of degrees p and q has degree p + q − 1, and is given in
    degree max(p + q − 1, p, q, 1).
    """

    degree: int
    period = 2.0

    def __post_init__(self) -> None:
        if self.degree < 0:
            raise ValueError(f"got a polynomial of degree {self.degree}, expected at least 0")

    def labels(self, dimension: int) -> list[tuple[int, ...]]:
        return exponents(dimension, self.degree)

    def scaled(self, size: int) -> tuple[Tensor, float]:
        radius = (size - 1) / 2
        return (torch.arange(size, dtype=torch.float64) - radius) / (radius or 1.0), radius

    def value(self, label: tuple[int, ...], coordinates: tuple[Tensor, ...]) -> Tensor:
        return torch.stack([x**n for x, n in zip(coordinates, label, strict=True)]).prod(0)

    def slope(self, label: tuple[int, ...], axis: int) -> tuple[Hashable, float] | None:
        if not label[axis]:
            return None
        lowered = tuple(n - (a == axis) for a, n in enumerate(label))
        return lowered, float(label[axis])

    def multiply(self, first: tuple[int, ...], second: tuple[int, ...]) -> Iterator[tuple[Hashable, float]]:
        yield tuple(a + b for a, b in zip(first, second, strict=True)), 1.0

    def union(self, other: Polynomial) -> Polynomial:
        return Polynomial(max(self.degree, other.degree))

    def bracketed(self, other: Polynomial) -> Polynomial:
        return Polynomial(max(self.degree + other.degree - 1, self.degree, other.degree, 1))


@dataclass(frozen=True)
class Trigonometric(Basis):
    """1, cos(k·s), sin(k·s) with whole k, |k_α| ≤ `modes`, on a periodic grid; s = 2πx/size, R = size/2π.

    Labels are ("cos" or "sin", k), the first k_α that is not 0 positive. The bracket of fields of K and L
    modes has K + L.
    """

    modes: int
    period = 1.0

    def __post_init__(self) -> None:
        if self.modes < 0:
            raise ValueError(f"got a trigonometric polynomial of {self.modes} modes, expected at least 0")

    def labels(self, dimension: int) -> list[tuple[str, tuple[int, ...]]]:
        waves = product(range(-self.modes, self.modes + 1), repeat=dimension)
        upper = sorted((k for k in waves if k > (0,) * dimension), key=lambda k: (sum(map(abs, k)), k))
        return [("cos", (0,) * dimension)] + [(kind, k) for k in upper for kind in ("cos", "sin")]

    def scaled(self, size: int) -> tuple[Tensor, float]:
        return 2 * math.pi / size * torch.arange(size, dtype=torch.float64), size / (2 * math.pi)

    def value(self, label: tuple[str, tuple[int, ...]], coordinates: tuple[Tensor, ...]) -> Tensor:
        phase = torch.stack([k * x for x, k in zip(coordinates, label[1], strict=True)]).sum(0)
        return phase.cos() if label[0] == "cos" else phase.sin()

    def slope(self, label: tuple[str, tuple[int, ...]], axis: int) -> tuple[Hashable, float] | None:
        kind, k = label
        if not k[axis]:
            return None
        return ("sin", k) if kind == "cos" else ("cos", k), float(-k[axis] if kind == "cos" else k[axis])

    def multiply(
        self, first: tuple[str, tuple[int, ...]], second: tuple[str, tuple[int, ...]]
    ) -> Iterator[tuple[Hashable, float]]:
        (kind, k), (other, q) = first, second
        result = "cos" if kind == other else "sin"
        plus = -0.5 if kind == other == "sin" else 0.5
        minus = -0.5 if (kind, other) == ("cos", "sin") else 0.5
        for sign, factor in ((1, plus), (-1, minus)):
            wave = tuple(a + sign * b for a, b in zip(k, q, strict=True))
            zero = (0,) * len(wave)
            if wave < zero:
                wave, factor = tuple(-n for n in wave), -factor if result == "sin" else factor
            if result == "cos" or wave != zero:
                yield (result, wave), factor

    def union(self, other: Trigonometric) -> Trigonometric:
        return Trigonometric(max(self.modes, other.modes))

    def bracketed(self, other: Trigonometric) -> Trigonometric:
        return Trigonometric(self.modes + other.modes)


def exponents(dimension: int, degree: int, lowest: int = 0) -> list[tuple[int, ...]]:
    """Exponents of the monomials of total degree from `lowest` to `degree`, by degree, first coordinates
    first.

    >>> exponents(2, 1)
    [(0, 0), (1, 0), (0, 1)]
    """
    chosen = (
        axes
        for total in range(lowest, degree + 1)
        for axes in combinations_with_replacement(range(dimension), total)
    )
    return [tuple(axes.count(axis) for axis in range(dimension)) for axes in chosen]


def embed(coefficients: Tensor, basis: Basis, larger: Basis, dimension: int) -> Tensor:
    """The same functions in a larger basis. shape: (..., functions) -> (..., functions of `larger`)"""
    place = {label: n for n, label in enumerate(larger.labels(dimension))}
    where = torch.tensor([place[label] for label in basis.labels(dimension)], device=coefficients.device)
    result = coefficients.new_zeros(*coefficients.shape[:-1], len(place))
    return result.index_copy(-1, where, coefficients)


def bracket(first: Tensor, second: Tensor, bases: tuple[Basis, Basis]) -> Tensor:
    """Coefficients of [a, b]^β = a^α∂_αb^β − b^α∂_αa^β for every pair, in `bases[0].bracketed(bases[1])`.

    shape: (N, n, functions), (M, n, functions) -> (N, M, n, functions)
    """
    there = _directional(first[:, None], second[None], bases)
    back = _directional(second[:, None], first[None], (bases[1], bases[0]))
    return there - back.transpose(0, 1)


def _directional(first: Tensor, second: Tensor, bases: tuple[Basis, Basis]) -> Tensor:
    """a^α∂_αb^β. shape: (..., n, functions), (..., n, functions) -> (..., n, functions)"""
    dimension = first.shape[-2]
    alpha, i, j, k, factor = _terms(*bases, dimension)
    terms = (
        torch.tensor(factor, dtype=torch.float64).to(first.detach())
        * first[..., alpha, i][..., None, :]
        * second[..., j]
    )
    functions = len(bases[0].bracketed(bases[1]).labels(dimension))
    total = terms.new_zeros(*terms.shape[:-1], functions)
    return total.index_add(-1, torch.tensor(k, device=first.device, dtype=torch.long), terms)


@lru_cache(maxsize=64)
def _terms(
    first: Basis, second: Basis, dimension: int
) -> tuple[list[int], list[int], list[int], list[int], list[float]]:
    """All (α, i, j, k, factor) with b_i ∂_αb_j = Σ factor b_k."""
    place = {label: k for k, label in enumerate(first.bracketed(second).labels(dimension))}
    rows: list[tuple[int, int, int, int, float]] = []
    for j, of_second in enumerate(second.labels(dimension)):
        for alpha in range(dimension):
            slope = second.slope(of_second, alpha)
            if slope is None:
                continue
            for i, of_first in enumerate(first.labels(dimension)):
                for label, factor in first.multiply(of_first, slope[0]):
                    rows.append((alpha, i, j, place[label], factor * slope[1]))
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    return columns[0], columns[1], columns[2], columns[3], columns[4]
