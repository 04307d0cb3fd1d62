"""A Lie algebra of matrices, and the same algebra as vector fields on the space that the matrices act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy
import torch
from torch import Tensor

from lagrangians import Generator, LieAlgebra
from lagrangians.symmetries.matrix_algebras import structure_constants

from ..generators import Representation, VectorField
from ..symmetry.span import killing_form


@dataclass(frozen=True, eq=False)
class Algebra:
    """Basis L_1, …, L_count of a Lie algebra of k×k matrices, [L_i, L_j] = c_ijk L_k.

    `matrices` has shape (count, k, k), float64. They act on points x ∈ R^n: k = n, or k = n + 1 for maps of
    (x, 1) where `homogeneous` (affine maps; the last row of every L_i is 0). An element of the group near
    the identity is u = I + ε^i L_i + O(ε²) (arXiv:2109.07103, sec. 2), a whole one `exp`.

    Signs. As a vector field L_i is the velocity of its own flow, X_i = (L_i x)^α ∂_α, so that

        exp(t^i X_i) f(x) = f(exp(t^i L_i) x),          [X_i, X_j] = −c_ijk X_k.

    L_i → −X_i is the homomorphism: it generates (g·f)(x) = f(g⁻¹x). The rotation of the plane is x∂_y − y∂_x.

    Raises ValueError for matrices of another shape, complex or dependent ones, and ones not closed under the
    bracket.
    """

    name: str
    matrices: Tensor
    homogeneous: bool = False
    coordinate_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        matrices = torch.as_tensor(self.matrices).detach().cpu()
        if matrices.is_complex() or not bool(torch.isfinite(matrices).all()):
            raise ValueError(
                f"got complex or infinite matrices of {self.name}, expected finite real ones; A + iB acts on "
                "(Re x, Im x) as [[A, −B], [B, A]]"
            )
        matrices = matrices.to(torch.float64)
        object.__setattr__(self, "matrices", matrices)
        if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2] or not len(matrices):
            raise ValueError(
                f"matrices of the algebra {self.name} have shape {tuple(matrices.shape)}; "
                "expected (count, k, k), count ≥ 1; stack single matrices with torch.stack"
            )
        if self.homogeneous and matrices[:, -1].any():
            raise ValueError(
                f"got matrices of {self.name} with a non-zero last row, expected maps of (x, 1); "
                "use homogeneous=False for linear maps"
            )
        _ = self.structure_constants

    @property
    def count(self) -> int:
        """Dimension of the algebra."""
        return len(self.matrices)

    @property
    def space_dimensions(self) -> int:
        """n: dimension of the space of points."""
        return self.matrices.shape[-1] - self.homogeneous

    @cached_property
    def structure_constants(self) -> np.ndarray:
        """c with [L_i, L_j] = c[i, j, k] L_k. shape: (count, count, count)"""
        return structure_constants(list(self.matrices.numpy()))

    @cached_property
    def killing_form(self) -> np.ndarray:
        """K_ij = tr(ad L_i ad L_j). shape: (count, count)"""
        return killing_form(self.structure_constants)

    @cached_property
    def lie_algebra(self) -> LieAlgebra:
        """The exact algebra: series, radical, signature of the Killing form, standard name."""
        rational = [sympy.nsimplify(v, rational=True) for v in self.structure_constants.ravel().tolist()]
        return LieAlgebra(sympy.ImmutableDenseNDimArray(rational, self.structure_constants.shape))

    def combine(self, parameters: Tensor) -> Tensor:
        """t^i L_i. shape: (..., count) -> (..., k, k)"""
        self._check_parameters(parameters)
        return torch.einsum("...i,iab->...ab", parameters, self.matrices.to(parameters))

    def exp(self, parameters: Tensor) -> Tensor:
        """Group elements exp(t^i L_i), differentiable in t. shape: (..., count) -> (..., k, k)"""
        return torch.linalg.matrix_exp(self.combine(parameters))

    def coordinates(self, matrices: Tensor) -> Tensor:
        """t with t^i L_i nearest to the matrices in the Frobenius norm. shape: (..., k, k) -> (..., count)"""
        self._check_matrices(matrices)
        inverse = torch.linalg.pinv(self.matrices.flatten(1)).to(matrices)
        return matrices.flatten(-2) @ inverse

    def pushforward(self, g: Tensor) -> Tensor:
        """L̂_i(g) = g L_i g⁻¹ for invertible g. shape: (..., k, k) -> (..., count, k, k)"""
        self._check_matrices(g)
        g = g.unsqueeze(-3)
        return g @ self.matrices.to(g) @ torch.linalg.inv(g)

    def adjoint(self, g: Tensor) -> Tensor:
        """The matrix of Ad_g, g L_j g⁻¹ = Ad(g)_ij L_i: it maps components, (gxg⁻¹)^i = Ad(g)_ij x^j.

        Ad(gh) = Ad(g)Ad(h), Ad(exp x) = exp(ad x). Of g that do not normalise the algebra, the nearest.
        shape: (..., k, k) -> (..., count, count)
        """
        return self.coordinates(self.pushforward(g)).mT

    def ad(self, parameters: Tensor) -> Tensor:
        """The matrix of ad_x, x = t^i L_i: [x, L_j] = ad(x)_kj L_k, ad(x)_kj = t^i c_ijk.

        shape: (..., count) -> (..., count, count)
        """
        self._check_parameters(parameters)
        c = torch.as_tensor(self.structure_constants).to(parameters)
        return torch.einsum("...i,ijk->...kj", parameters, c)

    def transform(self, g: Tensor, points: Tensor) -> Tensor:
        """g x. shape: (..., k, k), (..., n) -> (..., n)"""
        n = self.space_dimensions
        self._check_matrices(g)
        if points.shape[-1:] != (n,) or points.dtype != g.dtype:
            raise ValueError(
                f"points have shape {tuple(points.shape)}, {points.dtype}; expected (..., {n}), {g.dtype}"
            )
        moved = (g[..., :n, :n] @ points.unsqueeze(-1)).squeeze(-1)
        return moved + g[..., :n, n] if self.homogeneous else moved

    def velocity(self, points: Tensor) -> Tensor:
        """v_i(x) = L_i x, the components of X_i. shape: (..., n) -> (count, ..., n)"""
        shaped = self.matrices.to(points).reshape(
            self.count, *[1] * (points.ndim - 1), *self.matrices[0].shape
        )
        return self.transform(shaped, points)

    def vector_fields(self, coordinates: Sequence[sympy.Symbol] | None = None) -> tuple[Generator, ...]:
        """X_i = (L_i x)^α ∂_α exactly, on a scalar field u that is only moved along.

        Coordinates are `coordinate_names`; else x, y, z, or x1, x2, … in more than three dimensions.
        """
        n = self.space_dimensions
        names = self.coordinate_names or (tuple("xyz"[:n]) if n <= 3 else [f"x{i + 1}" for i in range(n)])
        x = tuple(coordinates or (sympy.Symbol(name, real=True) for name in names))
        if len(x) != n:
            raise ValueError(f"got {len(x)} coordinates, expected {n} for {self.name}")
        point = sympy.Matrix([*x, *[1] * self.homogeneous])
        field = sympy.Function("u")(*x)
        rational = [
            sympy.Matrix([[sympy.nsimplify(v, rational=True) for v in row] for row in matrix])
            for matrix in self.matrices.tolist()
        ]
        return tuple(Generator(tuple((L * point)[:n]), (sympy.S.Zero,), x, (field,)) for L in rational)

    def on_features(
        self,
        space_dimensions: int = 0,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Representation:
        """L_i on the feature index of maps (..., k, *S), the same at every point of space; not trained."""
        matrices = self.matrices.to(device, dtype or torch.get_default_dtype())
        return Representation(matrices=matrices, space_dimensions=space_dimensions)

    def on_grid(
        self,
        shape: tuple[int, ...],
        spacing: float = 1.0,
        derivative: str | int = "spectral",
        period: float = 2.0,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> VectorField:
        """X_i on a grid, x = 0 at its centre (size − 1)/2, grid steps `spacing`; not trained.

        Axes are in the order of the coordinates. Flows that leave the box meet its boundary: see
        `VectorField` for derivative and period. Raises ValueError unless the grid has n axes.
        """
        if len(shape) != self.space_dimensions:
            raise ValueError(
                f"got a grid with {len(shape)} axes, expected {self.space_dimensions} for {self.name}"
            )
        if min(shape) < 2 or not spacing > 0:
            raise ValueError(
                f"got a grid of shape {tuple(shape)} and spacing {spacing}, expected at least 2 points along "
                "each axis and a positive spacing"
            )
        radii, n = torch.tensor([(size - 1) / 2 for size in shape], dtype=torch.float64), len(shape)
        coefficients = torch.zeros(self.count, n, n + 1, dtype=torch.float64)
        coefficients[..., 1:] = self.matrices[:, :n, :n] * radii / radii[:, None]
        if self.homogeneous:
            coefficients[..., 0] = self.matrices[:, :n, n] / (spacing * radii)
        coefficients = coefficients.to(device, dtype or torch.get_default_dtype())
        return VectorField(shape, derivative=derivative, period=period, coefficients=coefficients)

    def _check_parameters(self, parameters: Tensor) -> None:
        numbers = parameters.is_floating_point() or parameters.is_complex()
        if parameters.shape[-1:] != (self.count,) or not numbers:
            raise ValueError(
                f"parameters of {parameters.dtype} have shape {tuple(parameters.shape)}; "
                f"expected (..., {self.count}), a floating-point number for each generator of {self.name}"
            )

    def _check_matrices(self, matrices: Tensor) -> None:
        k = self.matrices.shape[-1]
        if matrices.shape[-2:] != (k, k):
            raise ValueError(
                f"got matrices of shape {tuple(matrices.shape)}, expected (..., {k}, {k}) for {self.name}"
            )
