"""Robustness of a trained model to noise on its input, read off the Euler–Lagrange expression of its loss."""

from .losses import Loss
from .score import Robustness, robustness
from .verification import Verification

__all__ = ["Loss", "Robustness", "Verification", "robustness"]
