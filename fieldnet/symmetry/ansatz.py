"""The space in which generators are sought: combinations θ^a B_a of given operators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..generators import GeneratorModule
from ..generators.bases import Polynomial, bracket, exponents
from ..generators.vector_field import VectorField, derivative_matrix
from .polynomials import monomials


class Ansatz(ABC):
    """`size` operators B_a on vectors of `length` numbers. Coefficient vectors are Euclidean: their angles
    are reported.
    """

    size: int
    length: int

    @abstractmethod
    def combine(self, theta: Tensor, u: Tensor) -> Tensor:
        """θ_p^a B_a u_p. shape: (pairs, size), (pairs, ..., length) -> (pairs, ..., length)"""

    @abstractmethod
    def each(self, u: Tensor) -> Tensor:
        """B_a u_p for every a. shape: (pairs, ..., length) -> (pairs, size, ..., length)"""

    @abstractmethod
    def bound(self, theta: Tensor) -> Tensor:
        """About ‖θ_p^a B_a‖: how finely the exponential must be cut. shape: (pairs, size) -> (pairs,)"""

    def restricted(self, rows: np.ndarray) -> Ansatz:
        """The combinations c_i^a B_a, one a row."""
        return Subspace(self, rows)

    @abstractmethod
    def bracket(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Coefficients of [X, Y] as the groups' Lie algebra has it, in a space that begins with this one."""


class Matrices(Ansatz):
    """Given independent matrices, by default all n², E_ij with j fastest; [X, Y] = XY − YX.

    The bracket is returned with n² more coefficients behind the matrices' own, for the part outside.
    Raises ValueError for dependent, non-square or complex matrices, or none.
    """

    def __init__(self, matrices: np.ndarray):
        self.matrices = real_numbers(matrices, "matrices")
        shape = self.matrices.shape
        if len(shape) != 3 or shape[1] != shape[2] or 0 in shape:
            raise ValueError(f"got matrices of shape {shape}, expected (count, n, n) with one matrix or more")
        self.size, self.length = self.matrices.shape[:2]
        self._rows = self.matrices.reshape(self.size, -1)
        if np.linalg.matrix_rank(self._rows) < self.size:
            raise ValueError(f"got {self.size} dependent matrices, expected independent ones")
        self._inverse = np.linalg.pinv(self._rows)
        self.tensor = torch.tensor(self.matrices)

    @classmethod
    def every(cls, n: int) -> Matrices:
        return cls(np.eye(n * n).reshape(n * n, n, n))

    def restricted(self, rows: np.ndarray) -> Matrices:
        return Matrices(np.tensordot(rows, self.matrices, 1))

    def combine(self, theta: Tensor, u: Tensor) -> Tensor:
        operator = torch.einsum("pa,aij->pij", theta, self.tensor)
        return (u.flatten(1, -2) @ operator.mT).reshape(u.shape)

    def each(self, u: Tensor) -> Tensor:
        flat = u.flatten(1, -2)
        moved = flat[:, None] @ self.tensor.mT[None]
        return moved.reshape(u.shape[0], self.size, *u.shape[1:])

    def bound(self, theta: Tensor) -> Tensor:
        operator = torch.einsum("pa,aij->pij", theta, self.tensor)
        return torch.linalg.matrix_norm(operator)

    def bracket(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        x, y = (np.tensordot(c, self.matrices, 1) for c in (first, second))
        product = (x @ y - y @ x).ravel()
        inside = product @ self._inverse
        return np.concatenate([inside, product - inside @ self._rows])


def real_numbers(values: object, name: str) -> np.ndarray:
    """As an array of float64; ValueError for what is complex, not a number or not finite."""
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "fiub":
            raise TypeError
        result = np.array(array, dtype=float)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"got {name} that are not real numbers, expected an array of them; give complex ones as pairs of "
            "real and imaginary part"
        ) from None
    if not np.isfinite(result).all():
        raise ValueError(f"got values that are not finite in {name}, expected finite ones; remove those")
    return result


class PolynomialFields(Ansatz):
    """v^α(s)∂_α on an image, v polynomial of total degree ≤ `degree` in coordinates s ∈ [−1, 1]^n.

    Coefficients are ordered with the component α fastest, monomials slowest and by degree, so that fields of
    lower degree come first. An image is f(s), flattened; exp(θ^a B_a) f moves it along the flow. The bracket
    is the commutator of the operators, [u, v]^β = u^α∂_αv^β − v^α∂_αu^β, in degree 2·degree − 1.
    """

    def __init__(self, shape: Sequence[int], degree: int = 2):
        self.shape, self.degree = tuple(shape), degree
        self.dimensions = len(self.shape)
        if not 0 <= degree < min(self.shape, default=0):
            raise ValueError(
                f"got degree {degree} on a grid of {self.shape}, expected 0 or more and less than its "
                "shortest axis; on fewer points monomials are dependent"
            )
        self.exponents = exponents(self.dimensions, degree)
        mesh = np.meshgrid(*(np.linspace(-1, 1, size) for size in self.shape), indexing="ij")
        places = np.stack(mesh).reshape(self.dimensions, -1)
        self.monomials = torch.tensor(monomials(places.T, self.exponents).T)
        self.derivatives = [derivative_matrix(size, "spectral", 2.0).double() for size in self.shape]
        self.radii = torch.tensor([(size - 1) / 2 for size in self.shape], dtype=torch.float64)
        self.size = len(self.exponents) * self.dimensions
        self.length = int(np.prod(self.shape))

    def _slopes(self, u: Tensor) -> Tensor:
        """R_α∂_αu: derivatives in scaled coordinates. shape: (..., length) -> (n, ..., length)"""
        image = u.reshape(*u.shape[:-1], *self.shape)
        slopes = []
        for axis, matrix in enumerate(self.derivatives):
            where = axis - self.dimensions
            slope = torch.tensordot(image, matrix, dims=([where], [1])).movedim(-1, where)
            slopes.append(slope.reshape(u.shape) * self.radii[axis])
        return torch.stack(slopes)

    def combine(self, theta: Tensor, u: Tensor) -> Tensor:
        velocity = torch.einsum("pba,bx->apx", theta.reshape(len(theta), -1, self.dimensions), self.monomials)
        middle = [1] * (u.ndim - 2)
        velocity = velocity.reshape(self.dimensions, len(theta), *middle, self.length)
        return (velocity * self._slopes(u)).sum(0)

    def each(self, u: Tensor) -> Tensor:
        slopes = self._slopes(u)
        moved = torch.einsum("bx,ap...x->pba...x", self.monomials, slopes)
        return moved.flatten(1, 2)

    def bound(self, theta: Tensor) -> Tensor:
        velocity = torch.einsum("pba,bx->apx", theta.reshape(len(theta), -1, self.dimensions), self.monomials)
        return velocity.abs().sum(0).amax(1) * float(self.radii.max()) * np.pi / 4

    def bracket(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        basis = Polynomial(self.degree)
        u, v = (torch.tensor(c.reshape(-1, self.dimensions).T[None]) for c in (first, second))
        return bracket(u, v, (basis, basis))[0, 0].T.numpy().ravel()


class Subspace(Ansatz):
    """The combinations c_i^a B_a of a larger ansatz, one a row of `rows`."""

    def __init__(self, parent: Ansatz, rows: np.ndarray):
        self.parent, self.rows = parent, np.atleast_2d(rows)
        self.size, self.length = len(self.rows), parent.length
        self._tensor = torch.tensor(self.rows)

    def combine(self, theta: Tensor, u: Tensor) -> Tensor:
        return self.parent.combine(theta @ self._tensor, u)

    def each(self, u: Tensor) -> Tensor:
        return torch.einsum("ka,pa...->pk...", self._tensor, self.parent.each(u))

    def bound(self, theta: Tensor) -> Tensor:
        return self.parent.bound(theta @ self._tensor)

    def bracket(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        raise NotImplementedError("bracket in the parent, with the rows as coefficients")


def as_ansatz(generators: Ansatz | GeneratorModule | np.ndarray | None, shape: tuple[int, ...]) -> Ansatz:
    """What a user may pass: nothing (all matrices), matrices, a family of `fieldnet.generators`, an ansatz.

    A `VectorField` gives all polynomial fields of its degree; of other modules the family's matrices are
    taken. Raises ValueError where the ansatz does not act on data of this shape.
    """
    length = int(np.prod(shape))
    if generators is None:
        result: Ansatz = Matrices.every(length)
    elif isinstance(generators, Ansatz):
        result = generators
    elif isinstance(generators, VectorField):
        if not isinstance(generators.basis, Polynomial):
            raise ValueError(f"got vector fields in the basis {generators.basis}, expected a polynomial one")
        result = PolynomialFields(generators.shape, generators.basis.degree)
    elif isinstance(generators, GeneratorModule):
        result = Matrices(generators.matrix(shape).detach().double().cpu().numpy())
    else:
        result = Matrices(generators)
    if result.length != length:
        raise ValueError(
            f"got an ansatz on vectors of length {result.length}, expected {length} for data of shape {shape}"
        )
    return result
