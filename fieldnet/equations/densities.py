"""A density with standard errors from combinations of equations that meet the Helmholtz conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from lagrangians import Lagrangian, to_text
from lagrangians.descent import descend
from lagrangians.jets import JetSpace
from lagrangians.symmetries.null_space import snapped
from lagrangians.tonti import tonti_density

from .atoms import Atom
from .euler_map import euler_atoms
from .helmholtz import HelmholtzMatrix, Reading
from .linear_spaces import echelon, null_space

EXACT = 1e-9
"""Relative size of what is round-off."""


@dataclass(frozen=True)
class DensityTerm:
    """One term of a density, in jet names, its coefficient and the standard error of that."""

    term: str
    coefficient: float
    standard_error: float


@dataclass(frozen=True)
class Density:
    """ℒ, its terms, and the covariance of their coefficients. shape: covariance (terms, terms)"""

    lagrangian: Lagrangian
    terms: tuple[DensityTerm, ...]
    covariance: np.ndarray


def density_of(
    combinations: np.ndarray,
    covariance: np.ndarray,
    conditions: HelmholtzMatrix,
    reading: Reading,
    library: Sequence[sympy.Expr] = (),
    significant: float = 0.0,
) -> Density:
    """ℒ with E_a(ℒ) = −Σ_k p_ak atom_k, for p that meet the conditions: with p = gc its kinetic form is ½g.

    The terms are those of `library` (in the plain jets of the data's fields) whose Euler–Lagrange
    expressions need no other atoms; what they cannot give is made by descent from the null space of the
    conditions. Coefficients follow linearly from p, and so do their errors. Null terms cannot appear, and
    those below `significant` standard errors are left out.

    shape: combinations (n, atoms), covariance (n·atoms, n·atoms)
    """
    n, count = combinations.shape
    spread = np.sqrt(np.diag(covariance).clip(0)).reshape(n, count)
    used = (combinations != 0) | (spread > 0)
    vectors: list[np.ndarray] = []
    densities: list[sympy.Expr] = []
    for term, vector in _candidates(conditions, reading, library, used):
        if np.linalg.matrix_rank(np.array([*vectors, vector]), tol=1e-7) > len(vectors):
            vectors.append(vector)
            densities.append(term)
    inverse = np.linalg.pinv(np.array(vectors).reshape(-1, n * count)).T
    inverse[np.abs(inverse) < EXACT * np.abs(inverse).max(initial=0.0)] = 0.0
    theta, theta_response = -inverse @ combinations.ravel(), -inverse
    theta[np.abs(theta) < EXACT * np.abs(inverse) @ np.abs(combinations.ravel())] = 0.0
    return _collected(
        densities, theta, theta_response @ covariance @ theta_response.T, reading.space, significant
    )


def _candidates(
    conditions: HelmholtzMatrix,
    reading: Reading,
    library: Sequence[sympy.Expr],
    used: np.ndarray,
) -> list[tuple[sympy.Expr, np.ndarray]]:
    """(term, Euler–Lagrange expression as a vector over the used coefficients), library first."""
    found = []
    space = reading.space
    if reading.relation is None:
        for term in library:
            vector = _library_vector(term, conditions.atoms, space, used)
            if vector is not None:
                found.append((term, vector))
    allowed = conditions.matrix[:, used]
    basis = echelon(null_space(allowed))
    rank = np.linalg.matrix_rank(np.array([v for _, v in found]), tol=1e-7) if found else 0
    if rank == len(basis):
        return found
    for entries in basis:
        vector = np.zeros(used.shape)
        vector[used] = entries
        equations = [
            sympy.Add(*(snapped(v) * e for v, e in zip(row, reading.expressions, strict=True) if v))
            for row in vector
        ]
        density, rest = descend(equations, space)
        if any(e != 0 for e in rest):
            density += tonti_density(rest, space)
        found.append((density, vector.ravel()))
    return found


def _library_vector(
    term: sympy.Expr, atoms: Sequence[Atom], jets: JetSpace, used: np.ndarray
) -> np.ndarray | None:
    number = {atom: k for k, atom in enumerate(atoms)}
    vector = np.zeros(used.shape)
    for a, equation in enumerate(euler_atoms(term, jets)):
        for atom, coefficient in equation.items():
            k = number.get(atom)
            if k is None or not used[a, k]:
                return None
            vector[a, k] = float(coefficient)
    return vector.ravel() if vector.any() else None


def _collected(
    densities: Sequence[sympy.Expr],
    theta: np.ndarray,
    covariance: np.ndarray,
    jets: JetSpace,
    significant: float,
) -> Density:
    """The sum term by term, each with its error; terms that vanish are left out."""
    columns: dict[sympy.Expr, np.ndarray] = {}
    for n, density in enumerate(densities):
        theory = Lagrangian(jets.to_functions(density), jets.fields, jets.coordinates)
        for term, number in theory.terms():
            columns.setdefault(term, np.zeros(len(theta)))[n] += float(number)
    table = np.array(list(columns.values())).reshape(-1, len(theta))
    values, spread = table @ theta, table @ covariance @ table.T
    errors = np.sqrt(np.diag(spread).clip(0))
    size = np.abs(table) @ np.abs(theta)  # what each is a sum of: ratios of terms change with the units
    errors[errors < EXACT * size] = 0.0
    values = np.array([float(f"{v:.14g}") for v in values])
    kept = ((np.abs(values) > EXACT * size) | (errors > 0)) & (np.abs(values) >= significant * errors)
    total = sympy.Add(*(short_number(v) * t for t, v, k in zip(columns, values, kept, strict=True) if k))
    lagrangian = Lagrangian(total, jets.fields, jets.coordinates)
    listed = list(columns)
    order = {term: n for n, (term, _) in enumerate(lagrangian.terms())}
    places = sorted(
        (n for n in range(len(values)) if kept[n]), key=lambda n: order.get(listed[n], len(order))
    )
    names = [to_text(jets.to_jets(t)) for t in listed]
    terms = tuple(DensityTerm(names[n], float(values[n]), float(errors[n])) for n in places)
    return Density(lagrangian, terms, spread[np.ix_(places, places)])


def short_number(value: float) -> sympy.Expr:
    """The value to 14 digits, as a fraction where one with a small denominator is exactly that."""
    value = float(f"{value:.14g}")
    near = sympy.Rational(value).limit_denominator(24)
    return near if float(near) == value else sympy.Float(value)
