"""Linear relations between atoms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import sympy

from lagrangians.jets import JetSpace
from lagrangians.variation import total_derivatives

from .atoms import Atom
from .basis import basis_terms


def independent_atoms(atoms: Iterable[Atom], jets: JetSpace) -> tuple[tuple[Atom, ...], np.ndarray]:
    """(kept, R) with atom_k = Σ_l R[k, l] · kept_l, the kept atoms linearly independent; the first are kept.

    Relations are possible where functions hold derivatives, as in (uv)_x = u_xv + uv_x. They join only atoms
    with the same number of derivatives along each coordinate.
    shape of R: (atoms, kept)
    """
    every = list(atoms)
    groups: dict[tuple[int, ...] | None, list[int]] = {}
    for k, atom in enumerate(every):
        groups.setdefault(_grade(atom, jets), []).append(k)
    relations = np.eye(len(every))
    dependent: set[int] = set()
    for members in groups.values():
        if len(members) > 1 and any(jets.order(every[k].function) for k in members):
            for k, combination in _relations([every[k] for k in members], jets):
                dependent.add(members[k])
                relations[members[k]] = 0
                relations[members[k], members] = combination
    kept = [k for k in range(len(every)) if k not in dependent]
    return tuple(every[k] for k in kept), relations[:, kept]


@lru_cache(maxsize=4096)
def _grade(atom: Atom, jets: JetSpace) -> tuple[int, ...] | None:
    """How often each coordinate is differentiated in total; None where derivatives are not in powers."""
    inside = {s: index for s, (_, index) in jets.jets_in(atom.function).items() if any(index)}
    if not atom.function.is_polynomial(*inside):
        return None
    powers = [(int(sympy.degree(atom.function, s)), index) for s, index in inside.items()]
    return tuple(n + sum(p * index[i] for p, index in powers) for i, n in enumerate(atom.derivative))


@lru_cache(maxsize=4096)
def _written_out(atom: Atom, jets: JetSpace) -> dict[sympy.Expr, sympy.Expr]:
    """D_αF in linearly independent functions of jets."""
    return basis_terms(total_derivatives(atom.function, atom.derivative, jets), jets)


def _relations(atoms: Sequence[Atom], jets: JetSpace) -> list[tuple[int, np.ndarray]]:
    """(k, r) for every atom that is a combination Σ r_l atom_l of earlier independent ones."""
    columns: dict[sympy.Expr, int] = {}
    expansions = []
    for atom in atoms:
        expanded = _written_out(atom, jets).items()
        expansions.append({columns.setdefault(f, len(columns)): float(c) for f, c in expanded})
    matrix = np.zeros((len(atoms), len(columns)))
    for k, row in enumerate(expansions):
        matrix[k, list(row)] = list(row.values())
    kept: list[int] = []
    found = []
    directions = np.zeros((0, len(columns)))  # orthonormal, spanning the rows kept
    for k, row_values in enumerate(matrix):
        left = row_values - (directions @ row_values) @ directions
        left -= (directions @ left) @ directions
        size = np.linalg.norm(left)
        if size > 1e-9 * np.linalg.norm(row_values):
            directions = np.vstack([directions, left / size])
            kept.append(k)
            continue
        combination = np.zeros(len(atoms))
        combination[kept] = np.linalg.lstsq(matrix[kept].T, row_values, rcond=None)[0]
        found.append((k, np.where(np.abs(combination) > 1e-10, combination, 0)))
    return found
