"""Fitted equations in one reading, with the Helmholtz conditions on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from scipy.stats import norm

from lagrangians.jets import JetSpace

from .atoms import Atom
from .constrained import HelmholtzTest
from .densities import EXACT, Density, density_of
from .fitted import FittedEquations
from .helmholtz import HelmholtzMatrix, Reading
from .multiplier import MultiplierFit
from .verdict import FamilyMember

SIGNIFICANT = 3.0
"""Standard errors that a term needs to be shown in the conservative part of other equations."""
SHOWN = 6
"""Conditions that are listed in the evidence, the worst first."""
SEARCHED = "constant regular matrices g with gE self-adjoint, autonomous densities"


@dataclass(frozen=True)
class ReadEquations:
    """Fitted equations, the atoms that they use, a reading of these, and the conditions in this reading.

    shape: active (atoms that some equation uses,), covariance that of their flattened coefficients
    """

    equations: FittedEquations
    active: np.ndarray
    covariance: np.ndarray
    reading: Reading
    conditions: HelmholtzMatrix
    library: tuple[sympy.Expr, ...]
    level: float

    @property
    def jets(self) -> JetSpace:
        return self.equations.jets

    @property
    def size(self) -> int:
        return len(self.jets.fields)

    @property
    def atoms(self) -> tuple[Atom, ...]:
        return self.conditions.atoms

    @cached_property
    def coefficients(self) -> np.ndarray:
        return self.equations.coefficients[:, self.active]

    @cached_property
    def targets(self) -> list[int]:
        return [int(np.flatnonzero(self.active == k)[0]) for k in self.equations.targets]

    @property
    def order(self) -> int:
        """Time derivatives of the targets, the most of any field."""
        return max(self.atoms[k].derivative[0] for k in self.targets)

    @cached_property
    def test(self) -> HelmholtzTest:
        return HelmholtzTest(self.coefficients, self.covariance, self.conditions.matrix)

    def with_conditions(self, conditions: HelmholtzMatrix) -> ReadEquations:
        return replace(self, conditions=conditions)

    def passes(self, test: HelmholtzTest, fit: MultiplierFit) -> bool:
        """Neither χ² of all conditions nor the worst single one, times their number, is improbable."""
        values, errors = test.evaluated(fit.multiplier)
        free = errors > 0
        worst = float(np.max(np.abs(values[free]) / errors[free], initial=0.0))
        single = 2 * norm.sf(worst) * max(int(free.sum()), 1)
        return bool(fit.p_value > self.level and single > self.level)

    def density(self, fit: MultiplierFit, projector: np.ndarray | None = None) -> Density:
        """That of p = gc; or that of the part which a projector leaves, without what is not significant."""
        response, p = fit.combinations_response, fit.combinations
        summed = np.abs(fit.multiplier) @ self.summed(fit)
        if projector is not None:
            response, p = projector @ response, (projector @ p.ravel()).reshape(p.shape)
            summed = (np.abs(projector) @ summed.ravel()).reshape(p.shape)
        p = np.where(np.abs(p) > EXACT * summed, p, 0.0)
        covariance = response @ self.covariance @ response.T
        significant = 0.0 if projector is None else SIGNIFICANT
        return density_of(p, covariance, self.conditions, self.reading, self.library, significant)

    def family(self, fit: MultiplierFit) -> tuple[FamilyMember, ...]:
        """Every g that the constrained equations allow, where there are several."""
        directions = self.test.free_directions(fit)
        if len(directions) < 2:
            return ()
        none = np.zeros_like(self.covariance)
        members = []
        for g in directions:
            p = g @ fit.coefficients
            p = np.where(np.abs(p) > EXACT * np.abs(g) @ self.summed(fit), p, 0.0)
            density = density_of(p, none, self.conditions, self.reading, self.library)
            members.append(FamilyMember(g, density.lagrangian.jet_text()))
        return tuple(members)

    def summed(self, fit: MultiplierFit) -> np.ndarray:
        """Σ|L_kl c_l|, what each constrained coefficient is a sum of, beside which round-off counts.

        Not beside the other coefficients: their ratios change with the units. shape: (n, atoms)
        """
        return (np.abs(fit.response) @ np.abs(self.coefficients.ravel())).reshape(fit.coefficients.shape)

    def constrained(self, fit: MultiplierFit) -> FittedEquations:
        """The fitted equations with the coefficients that meet the conditions.

        What is round-off becomes 0: beside what it is a sum of, or beside the largest coefficient where it is
        within its error of 0 too, as in the mirror images that noise-free data do not need.
        """
        given = self.equations
        coefficients = np.zeros_like(given.coefficients)
        spread = np.sqrt(np.diag(fit.response @ self.covariance @ fit.response.T).clip(0))
        size = np.abs(fit.coefficients)
        exact = size <= 1e-12 * self.summed(fit)
        exact |= (size <= 1e-12 * size.max(initial=0.0)) & (size <= spread.reshape(size.shape))
        coefficients[:, self.active] = np.where(exact, 0.0, fit.coefficients)
        covariance = np.zeros_like(given.covariance)
        places = places_of(self.active, given)
        covariance[np.ix_(places, places)] = fit.response @ self.covariance @ fit.response.T
        return replace(given, coefficients=coefficients, covariance=covariance, support=coefficients != 0)

    def multiplier_errors(self, fit: MultiplierFit) -> np.ndarray:
        """shape: (n, n)"""
        variance = np.diag(fit.multiplier_covariance(self.covariance)).clip(0)
        return np.sqrt(variance).reshape(fit.multiplier.shape)

    def figures(self, fit: MultiplierFit | None) -> dict[str, Any]:
        """χ² of the conditions and the worst of them, as JSON values."""
        evidence: dict[str, Any] = {"searched": SEARCHED, "level": self.level}
        g = np.eye(self.size) if fit is None else fit.multiplier
        if fit is not None:
            evidence |= {
                "chi_square": fit.statistic,
                "degrees_of_freedom": fit.degrees,
                "p_value": fit.p_value,
                "multiplier": g.tolist(),
                "multiplier_stderr": self.multiplier_errors(fit).tolist(),
            }
        return evidence | {"conditions": self.listed(g)}

    def listed(self, g: np.ndarray) -> list[dict[str, Any]]:
        """The conditions with values, errors and their ratio, the worst first."""
        values, errors = self.test.evaluated(g)
        free = np.flatnonzero(errors > 0)
        z = np.abs(values[free]) / errors[free]
        found: dict[str, dict[str, Any]] = {}
        for n in np.argsort(-z):
            text = self.conditions.text(int(free[n]))
            figures = {"value": float(values[free[n]]), "stderr": float(errors[free[n]])}
            found.setdefault(text, {"condition": text, **figures, "standard_errors": float(z[n])})
        return list(found.values())[:SHOWN]


def places_of(active: Sequence[int] | np.ndarray, equations: FittedEquations) -> np.ndarray:
    """Where the coefficients of some atoms are among all, flattened."""
    rows = np.arange(len(equations.fields))[:, None] * len(equations.atoms)
    return (rows + np.asarray(active)).ravel()
