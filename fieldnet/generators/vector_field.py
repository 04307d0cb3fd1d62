"""Generators that are vector fields v^α(x)∂_α on a grid, v in a basis of functions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..contraction import flatten, keeps_stack, mix, unflatten
from .action import grid_shape, total
from .base import Bracket, GeneratorModule, Sum
from .bases import Basis, Polynomial, bracket, embed
from .derivatives import derivative_matrix


class VectorField(GeneratorModule):
    """L̂_i = v_i^α(x) ∂_α with v_i^α(x) = R_α Σ_b a_{iαb} b(s), in grid steps.

    `basis` is `Polynomial(degree)`, with s = (x − centre)/R in [−1, 1] and R_α = (size − 1)/2, or
    `Trigonometric(modes)` on a periodic grid, with s = 2πx/size and R = size/2π; `degree` is short for the
    first. `coefficients` a has shape (count, n, functions), functions in the order of `basis.labels(n)`, and
    L̂_i = Σ_α a_i^α(s) ∂/∂s^α: on a square a rotation is s^1∂_0 − s^0∂_1. A given tensor is held fixed, a
    given `nn.Parameter` is learned from there, and without either they are learned from N(0, 1).

    ∂_α is the exact derivative of the trigonometric interpolation (Whittaker–Shannon) on a period of
    `period`·size points, filled up with zeros, or with `derivative` = 2, 4, 6, 8 the central difference of
    that order. `period` is 2 for polynomials and 1, a closed grid, for trigonometric fields. Beyond a grid
    that is not closed features are zero (`edge` = "zeros", images), or nothing is known of them and the
    differences at the edge are one-sided ("one-sided", fields measured in a window).

    Sums and brackets are those of the vector fields, exactly; the matrices obey them on features f with
    band(f) + band(v) below the grid's Nyquist wavenumber, with a spectral derivative on period 1, and to the
    order of a finite difference. Leibniz' rule L̂(fg) = fL̂g + gL̂f holds likewise, with band(f) + band(g).
    """

    coefficients: Tensor
    functions: Tensor
    elsewhere = "`on(shape)` gives the same vector fields there"

    def __init__(
        self,
        shape: tuple[int, ...],
        count: int = 1,
        degree: int = 1,
        derivative: str | int = "spectral",
        period: float | None = None,
        dtype: torch.dtype | None = None,
        basis: Basis | None = None,
        coefficients: Tensor | None = None,
        edge: str = "zeros",
        device: torch.device | str | None = None,
    ):
        super().__init__()
        self.shape: tuple[int, ...] = grid_shape(shape)
        self.space_dimensions = len(shape)
        self.basis = basis or Polynomial(degree)
        self.derivative, self.edge = derivative, edge
        self.period = self.basis.period if period is None else period
        self.periodic = self.period == 1
        labels = self.basis.labels(len(shape))
        if coefficients is None:
            coefficients = nn.Parameter(
                torch.randn(count, len(shape), len(labels), dtype=dtype, device=device)
            )
        if coefficients.ndim != 3 or tuple(coefficients.shape[1:]) != (len(shape), len(labels)):
            raise ValueError(
                f"got coefficients of shape {tuple(coefficients.shape)}, expected "
                f"(count, {len(shape)}, {len(labels)}): one for each axis and function of {self.basis}"
            )
        self.count = len(coefficients)
        self.hold("coefficients", coefficients)
        for axis, size in enumerate(shape):
            matrix = derivative_matrix(size, derivative, self.period, edge=edge).to(coefficients.detach())
            self.register_buffer(f"derivative_{axis}", matrix, persistent=False)
        values = self.basis.values(self.shape).to(coefficients.detach())
        self.register_buffer("functions", values, persistent=False)

    @property
    def derivatives(self) -> list[Tensor]:
        """The matrix of ∂_α along each axis. shape: n times (size, size)"""
        return [self.get_buffer(f"derivative_{axis}") for axis in range(self.space_dimensions)]

    @property
    def radii(self) -> Tensor:
        """R_α in grid steps. shape: (n,)"""
        sizes = [self.basis.scaled(size)[1] for size in self.shape]
        return torch.tensor(sizes, dtype=torch.float64).to(self.coefficients.detach())

    def plus(self, other: VectorField) -> GeneratorModule:
        if not self._alike(other):
            return Sum(self, other)
        basis = self.basis.union(other.basis)
        parts = [embed(f.coefficients, f.basis, basis, self.space_dimensions) for f in (self, other)]
        return self._with(parts[0] + parts[1], basis)

    def commutator(self, other: VectorField) -> GeneratorModule:
        """[v·∂, w·∂] = (v·∂w − w·∂v)·∂, in `basis.bracketed`."""
        if not self._alike(other):
            return Bracket(self, other)
        coefficients = bracket(self.coefficients, other.coefficients, (self.basis, other.basis))
        return self._with(coefficients.flatten(0, 1), self.basis.bracketed(other.basis))

    def combination(self, matrix: Tensor) -> VectorField:
        return self._with(torch.tensordot(matrix, self.coefficients, dims=1), self.basis)

    def on(self, shape: tuple[int, ...]) -> VectorField:
        """The same vector fields, in scaled coordinates, on another grid; the coefficients are shared."""
        return self._with(self.coefficients, self.basis, tuple(shape))

    def vector_field(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """v_i^α(x) in grid steps. shape: (count, n, *S)"""
        if shape is not None and tuple(shape) != self.shape:
            raise ValueError(f"got the shape {tuple(shape)}, expected {self.shape}; {self.elsewhere}")
        values = torch.einsum("iab,b...->ia...", self.coefficients, self.functions)
        return values * self.radii.reshape(-1, *[1] * self.space_dimensions)

    def matrix(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """The d×d matrices on the grid. shape: (count, d, d)"""
        return super().matrix(self.shape if shape is None else shape)

    def act(self, features: Tensor) -> Tensor:
        self.space_of(features)
        velocities = self._velocities(features.ndim)
        total = velocities[0] * self._along(0, features, self.derivatives[0])
        for axis, matrix in enumerate(self.derivatives[1:], start=1):
            total = total + velocities[axis] * self._along(axis, features, matrix)
        return total

    def transpose(self, stack: Tensor) -> Tensor:
        """Σ_i Σ_α ∂_αᵀ (v_i^α g_i)."""
        velocities = self._velocities(stack.ndim - 1)
        total = self._along(0, (velocities[0] * stack).sum(0), self.derivatives[0].T)
        for axis, matrix in enumerate(self.derivatives[1:], start=1):
            total = total + self._along(axis, (velocities[axis] * stack).sum(0), matrix.T)
        return total

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        """W⁰f + M^α(x) ∂_αf with M^α = W^i v_i^α: one derivative along each axis, however many fields.

        A few fields, or a few channels, are taken one by one, which is then cheaper.
        """
        if self.count <= 2 * self.space_dimensions or keeps_stack(self.count, *weight.shape[1:]):
            return super().contract(weight, features, identity)
        self.space_of(features)
        terms = [] if identity is None else [mix(identity, flatten(features, self.space_dimensions))]
        for axis, (matrix, mixing) in enumerate(zip(self.derivatives, self._mixing(weight), strict=True)):
            slope = flatten(self._along(axis, features, matrix), self.space_dimensions)
            terms.append(torch.einsum("ocx,bcx->box", mixing, slope))
        return unflatten(total(terms), features, self.space_dimensions)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        if self.count <= 2 * self.space_dimensions or keeps_stack(self.count, *weight.shape[1:]):
            return super().contract_transpose(weight, residual, identity)
        self.space_of(residual)
        flat = flatten(residual, self.space_dimensions)
        terms = (
            [] if identity is None else [unflatten(mix(identity.mT, flat), residual, self.space_dimensions)]
        )
        for axis, (matrix, mixing) in enumerate(zip(self.derivatives, self._mixing(weight), strict=True)):
            mixed = unflatten(torch.einsum("ocx,box->bcx", mixing, flat), residual, self.space_dimensions)
            terms.append(self._along(axis, mixed, matrix.T))
        return total(terms)

    def _mixing(self, weight: Tensor) -> Tensor:
        """M^α(x) = W^i v_i^α(x). shape: (n, o, c, d)"""
        return torch.einsum("koc,kax->aocx", weight, self.vector_field().flatten(2))

    def _velocities(self, ndim: int) -> Tensor:
        """v^α, to multiply a feature map of `ndim` axes. shape: (n, count, 1, ..., 1, *S)"""
        field = self.vector_field().transpose(0, 1)
        between = [1] * (ndim - self.space_dimensions)
        return field.reshape(*field.shape[:2], *between, *self.shape)

    def _along(self, axis: int, features: Tensor, matrix: Tensor) -> Tensor:
        if axis == self.space_dimensions - 1:
            return features @ matrix.T
        flat = features.flatten(axis + 1 - self.space_dimensions)
        return (matrix @ flat).reshape(features.shape)

    def _alike(self, other: VectorField) -> bool:
        mine, theirs = ((f.derivative, f.period, f.edge, type(f.basis)) for f in (self, other))
        return mine == theirs

    def _with(self, coefficients: Tensor, basis: Basis, shape: tuple[int, ...] | None = None) -> VectorField:
        return VectorField(
            shape or self.shape,
            derivative=self.derivative,
            period=self.period,
            basis=basis,
            coefficients=coefficients,
            edge=self.edge,
        )

    def extra_repr(self) -> str:
        return f"shape={self.shape}, count={self.count}, basis={self.basis}, derivative={self.derivative!r}"
