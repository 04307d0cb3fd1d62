"""How near a learned generator is to the known one; nothing here is seen by a learner."""

from __future__ import annotations

import torch
from torch import Tensor

from ..generators import VectorField

CENTRES = {"true": 0.0, "paper": 0.5}
"""Offset of the centre of rotation from (d − 1)/2, in pixels: the data's, and d/2, the paper's."""


def cosine(first: Tensor, second: Tensor) -> float:
    """tr(AᵀB)/(‖A‖‖B‖) in the Frobenius norm: signed, no transposition, 0 where one of them is 0."""
    size = float(first.norm() * second.norm())
    return float((first * second).sum()) / size if size else 0.0


def rotation_coefficients(offset: float, size: int) -> Tensor:
    """x∂_y − y∂_x about (d − 1)/2 + offset, of degree 1 in scaled coordinates. shape: (2, 3)

    Components by axis, ∂_y (rows) first; monomials 1, s^y, s^x.
    """
    shift = offset / ((size - 1) / 2)
    return torch.tensor([[-shift, 0.0, 1.0], [shift, -1.0, 0.0]], dtype=torch.float64)


def field_matrix(coefficients: Tensor, degree: int, size: int) -> Tensor:
    """v^α∂_α on d×d images row by row, (L f)_i = Σ_j L_ij f_j, Whittaker–Shannon ∂ of period 2d.

    shape: (2, monomials) -> (d², d²)
    """
    field = VectorField((size, size), degree=degree, coefficients=coefficients[None].detach())
    return field.matrix((size, size))[0]


def field_values(coefficients: Tensor, degree: int, size: int) -> Tensor:
    """v in pixels. shape: (2, monomials) -> (2, d, d)"""
    field = VectorField((size, size), degree=degree, coefficients=coefficients[None].detach())
    return field.vector_field((size, size))[0]


def rotation_scores(coefficients: Tensor, degree: int, size: int) -> dict[str, float]:
    """Cosines with L_θ = x∂_y − y∂_x: of matrices, at both centres, and of vector fields at the true one."""
    matrix = field_matrix(coefficients, degree, size)
    truths = {name: rotation_coefficients(offset, size) for name, offset in CENTRES.items()}
    scores = {
        f"cosine_{name}_centre": cosine(matrix, field_matrix(truth, 1, size))
        for name, truth in truths.items()
    }
    values = field_values(coefficients, degree, size)
    scores["cosine_vector_field"] = cosine(values, field_values(truths["true"], 1, size))
    return scores


def centre_ceiling(size: int) -> float:
    """Cosine between the rotations about the two centres: the best score in the paper's convention."""
    true, paper = (field_matrix(rotation_coefficients(o, size), 1, size) for o in CENTRES.values())
    return cosine(true, paper)
