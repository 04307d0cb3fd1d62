"""The density that any equations of motion have: half the sum of their squares."""

from __future__ import annotations

import numpy as np
import sympy

from lagrangians import Lagrangian

from .densities import short_number
from .dissipation import expression_of
from .fitted import FittedEquations


def freidlin_wentzell(equations: FittedEquations, metric: np.ndarray | None = None) -> Lagrangian:
    """½ g_ab E_a E_b with E_a = φ^a_t − F^a, or φ^a_tt − F^a; g = 1 by default.

    It is least, 0, on the solutions; of equations of first order with weak noise of covariance g⁻¹ its least
    action is the most probable path (Freidlin and Wentzell). shape: metric (fields, fields)
    """
    g = np.eye(len(equations.fields)) if metric is None else metric
    expressions = [atom.expression(equations.jets) for atom in equations.atoms]
    residuals = [expression_of(row, expressions) for row in equations.coefficients]
    pairs = [(a, b) for a in range(len(g)) for b in range(len(g)) if g[a, b]]
    total = sympy.Add(*(short_number(g[a, b] / 2) * residuals[a] * residuals[b] for a, b in pairs))
    return Lagrangian(total, equations.jets.fields, equations.jets.coordinates)
