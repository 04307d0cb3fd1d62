"""A density as one L-conv layer: ℒ = rᵀηr with r = Q[Φ]."""

from .channels import QuadraticForm, quadratic_form
from .model import DensityModel, density_model

__all__ = ["DensityModel", "QuadraticForm", "density_model", "quadratic_form"]
