"""What is said about fitted equations: variational, or not and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lagrangians import Lagrangian

from .densities import DensityTerm
from .fitted import FittedEquations


@dataclass(frozen=True)
class FamilyMember:
    """A multiplier g and the density whose Euler–Lagrange expressions are −gE."""

    multiplier: np.ndarray
    density: str


@dataclass(frozen=True)
class Verdict:
    """`variational`, `not variational: REASON` or `undetermined: REASON`, and what it rests on.

    `lagrangian` has E_a(ℒ) = −g_ab E_b with g = `multiplier`, so that g is the kinetic metric. For
    equations that are not variational it is that of the part which is; for gradient flows Freidlin and
    Wentzell's density. `equations` are the fitted ones under the conditions that passed, exactly those of
    the density where variational. `family`: densities whose sums, with regular g, have the same equations.

    shape: covariance (terms, terms), multiplier and multiplier_errors (n, n)
    """

    text: str
    evidence: dict[str, Any] = field(default_factory=dict)
    lagrangian: Lagrangian | None = None
    terms: tuple[DensityTerm, ...] = ()
    covariance: np.ndarray | None = None
    multiplier: np.ndarray | None = None
    multiplier_errors: np.ndarray | None = None
    family: tuple[FamilyMember, ...] = ()
    equations: FittedEquations | None = None

    @property
    def variational(self) -> bool:
        return self.text == "variational"

    @classmethod
    def undetermined(cls, reason: str, evidence: dict[str, Any] | None = None) -> Verdict:
        """The data do not decide; `reason` names what they cannot tell apart."""
        return cls(f"undetermined: {reason}", evidence or {})
