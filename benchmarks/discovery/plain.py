"""A plain weak regression: the right terms given, one window size, ordinary least squares. NumPy alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sympy
from numpy.polynomial import Polynomial

from lagrangians import parse_expression, to_text

from .files import read
from .scoring import sides
from .theories import Theory

SMOOTHNESS = 6


def plain_weak(path: Path, theory: Theory) -> list[str]:
    """Equations as text: ∫ (φ_tt − Σ c_k D_αF_k) ψ = 0 with all derivatives on ψ, no correction for noise."""
    axes, fields = read(path)
    windows = [_windows(axes[name], theory.window) for name in theory.coordinates]
    lines = []
    for left, right in sides(theory.equations, theory).items():
        columns = [_column(term, fields, windows, theory) for term in (left, *right)]
        target, matrix = columns[0], np.stack(columns[1:], 1)
        numbers = np.linalg.lstsq(matrix, target, rcond=None)[0]
        terms = " + ".join(
            f"({float(c)!r})*({to_text(term)})" for c, term in zip(numbers, right, strict=True)
        )
        lines.append(f"{to_text(left)} = {terms}")
    return lines


def _windows(axis: np.ndarray, width: float) -> list[np.ndarray]:
    """ψ, −ψ', ψ'', −ψ''' on overlapping windows, shape (windows, points) each; ψ = (1 − s²)^6."""
    step, half = axis[1] - axis[0], max(3, int(width * len(axis)))
    s = np.arange(-half, half + 1) / (half + 1)
    shape = Polynomial([1, 0, -1]) ** SMOOTHNESS
    starts = np.arange(0, len(axis) - len(s) + 1, max(1, half // 4))
    found = []
    for order in range(4):
        values = (-1) ** order * shape.deriv(order)(s) / ((half + 1) * step) ** order
        rows = np.zeros((len(starts), len(axis)))
        for row, start in zip(rows, starts, strict=True):
            row[start : start + len(s)] = values
        found.append(rows)
    return found


def _column(
    term: sympy.Expr, fields: dict[str, np.ndarray], windows: list[list[np.ndarray]], theory: Theory
) -> np.ndarray:
    """∫ term ψ for every window; F(u)·∂F/∂x-like products are written as the derivative of an integral."""
    coordinates = [sympy.Symbol(name) for name in theory.coordinates]
    symbols = {parse_expression(n, theory.fields, theory.coordinates): sympy.Symbol(n) for n in theory.fields}
    orders = [0] * len(coordinates)
    inner = term
    for derivative in term.atoms(sympy.Derivative):
        orders = [dict(derivative.variable_count).get(c, 0) for c in coordinates]
        field = symbols[derivative.expr]
        inner = sympy.integrate(term.subs(derivative, 1).subs(symbols), field)
    data = sympy.lambdify(list(symbols.values()), inner.subs(symbols))(*(fields[n] for n in theory.fields))
    for position, order in enumerate(orders):
        data = np.moveaxis(np.tensordot(windows[position][order], data, (1, position)), 0, position)
    return data.ravel()
