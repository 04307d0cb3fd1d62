"""The terms of a density that the quadratic forms of an L-conv layer can express."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
import sympy

from lagrangians.trigonometry import multiple_angles

from ..features import PHI, FeatureMap


@dataclass(frozen=True)
class Term:
    """One term of the density: `function`(φ), times φ_i φ_j when `axes` = (i, j) is given."""

    function: sympy.Expr
    axes: tuple[int, int] | None = None

    def text(self, field: str, coordinates: tuple[str, ...]) -> str:
        """In jet names, such as `u_x**2*cos(2*u)`."""
        expression = self.function.subs(PHI, sympy.Symbol(field))
        for axis in self.axes or ():
            expression *= sympy.Symbol(f"{field}_{coordinates[1 + axis]}")
        return str(expression)


class TermLibrary:
    """V(φ) = ½Φᵀm₂Φ and ½∂_iΦᵀh^{ij}∂_jΦ, Φ = [z(φ) | 1], written in linearly independent functions of φ.

    With coefficients θ: ½Φᵀm₂Φ + ½∂_iΦᵀh^{ij}∂_jΦ = constant + Σ_n θ_n term_n. Identities between features,
    such as cos² + sin² = 1, are resolved by writing products of sines and cosines in multiple angles.
    """

    def __init__(self, features: FeatureMap, space_dimensions: int):
        self.features = features
        self.channels = features.channels + 1
        self.space_dimensions = space_dimensions
        stack = (*features.expressions, sympy.Integer(1))
        slopes = tuple(sympy.diff(z, PHI) for z in stack)
        self._potential, self._potential_map = _span(stack)
        self._metric, self._metric_map = _span(slopes)

    @cached_property
    def axis_pairs(self) -> list[tuple[int, int]]:
        return list(combinations_with_replacement(range(self.space_dimensions), 2))

    @cached_property
    def terms(self) -> list[Term]:
        potential = [Term(b) for b in self._potential if b != 1]
        gradient = [Term(g, pair) for pair in self.axis_pairs for g in self._metric]
        return gradient + potential

    def coefficients(self, m2: np.ndarray, h: np.ndarray) -> np.ndarray:
        """θ of given forms. shape: (c, c), (n, n, c, c) -> (terms,)"""
        out = []
        for i, j in self.axis_pairs:
            form = h[i, j] if i == j else h[i, j] + h[j, i]
            out.append(self._metric_map @ _pack(form) / 2)
        keep = [n for n, b in enumerate(self._potential) if b != 1]
        out.append((self._potential_map @ _pack(m2))[keep] / 2)
        return np.concatenate(out)

    def forms(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The symmetric forms of least norm with coefficients θ. shape: (terms,) -> (c, c), (n, n, c, c)"""
        n, c, size = self.space_dimensions, self.channels, len(self._metric)
        h = np.zeros((n, n, c, c))
        for position, (i, j) in enumerate(self.axis_pairs):
            block = theta[position * size : (position + 1) * size]
            form = _unpack(np.linalg.pinv(self._metric_map) @ block * 2, c)
            if i == j:
                h[i, i] = form
            else:
                h[i, j] = h[j, i] = form / 2
        potential = np.zeros(len(self._potential))
        potential[[k for k, b in enumerate(self._potential) if b != 1]] = theta[len(self.axis_pairs) * size :]
        m2 = _unpack(np.linalg.pinv(self._potential_map) @ potential * 2, c)
        return m2, h

    @cached_property
    def silent_forms(self) -> list[np.ndarray]:
        """A basis of the m₂ whose potential is a constant: what no dynamics can determine. shape: each (c,
        c)
        """
        rows = [k for k, b in enumerate(self._potential) if b != 1]
        _, singular, basis = np.linalg.svd(self._potential_map[rows])
        rank = int((singular > 1e-12 * singular[0]).sum())
        return [_unpack(vector, self.channels) for vector in basis[rank:]]

    def rest_at_vacuum(self, m2: np.ndarray, vacuum: float | None) -> np.ndarray:
        """m₂ with its undetermined part chosen so that the residual vanishes in the vacuum, m₂Φ(φ*) = 0.

        Least squares over `silent_forms`; without a vacuum m₂ is returned as it is.
        """
        if vacuum is None:
            return m2
        stack = [float(z.subs(PHI, vacuum)) for z in self.features.expressions]
        state = np.array([*stack, 1.0])
        columns = np.stack([form @ state for form in self.silent_forms], axis=1)
        shift, *_ = np.linalg.lstsq(columns, -m2 @ state, rcond=None)
        return m2 + sum(s * form for s, form in zip(shift, self.silent_forms, strict=True))


def _span(functions: tuple[sympy.Expr, ...]) -> tuple[list[sympy.Expr], np.ndarray]:
    """Independent functions b_n and the matrix P with f_A f_B = Σ_n P[n, AB] b_n, AB over the upper
    triangle.
    """
    expansions = []
    for a, b in combinations_with_replacement(range(len(functions)), 2):
        product = multiple_angles(functions[a] * functions[b])
        expansions.append(product.as_coefficients_dict() if product != 0 else {})
    basis = sorted({f for e in expansions for f in e}, key=sympy.default_sort_key)
    matrix = np.array([[float(e.get(f, 0)) for e in expansions] for f in basis])
    return basis, matrix


def _pack(form: np.ndarray) -> np.ndarray:
    """Upper triangle with the off-diagonal entries doubled, so that ΦᵀFΦ = pack(F) · (Φ_AΦ_B)_{A≤B}."""
    rows, columns = np.triu_indices(len(form))
    symmetric = (form + form.T) / 2
    return symmetric[rows, columns] * np.where(rows == columns, 1, 2)


def _unpack(packed: np.ndarray, size: int) -> np.ndarray:
    rows, columns = np.triu_indices(size)
    form = np.zeros((size, size))
    form[rows, columns] = packed / np.where(rows == columns, 1, 2)
    return form + np.triu(form, 1).T
