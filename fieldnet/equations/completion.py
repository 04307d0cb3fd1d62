"""Mirror images: what a density that explains one equation would bring into the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .atoms import Atom
from .library import EquationAtoms
from .search import AtomTable, EquationFit, fit_equation


def completed(
    table: AtomTable, fits: Sequence[EquationFit], ansatz: EquationAtoms, candidates: Sequence[Atom]
) -> list[EquationFit]:
    """Each equation with the atoms that density terms behind the other equations give in it.

    A coupling has a mirror image in the other field's equation if it comes of a density: φχ² in one, φ²χ in
    the other. The image is fitted with its error even where the search did without it, so that the Helmholtz
    conditions can judge its absence.
    """
    return [
        _with(
            table,
            fit,
            [
                atom
                for a in range(len(fits))
                if a != field
                for atom in _images(ansatz, fits, a, field)
                if atom in candidates
            ],
        )
        for field, fit in enumerate(fits)
    ]


def _with(table: AtomTable, fit: EquationFit, atoms: Sequence[Atom]) -> EquationFit:
    new = [a for a in dict.fromkeys(atoms) if a not in fit.atoms and a in table.atoms]
    return fit_equation(table, [*fit.atoms, *new], fit.criterion, fit.path) if new else fit


def _images(ansatz: EquationAtoms, fits: Sequence[EquationFit], source: int, field: int) -> list[Atom]:
    """Atoms in the equation of `field` of all density terms whose part in the equation of `source` was
    found.
    """
    number = {atom: k for k, atom in enumerate(ansatz.atoms)}
    found = {number[a] for a in fits[source].atoms[1:] if a in number}
    images = []
    for term in range(ansatz.matrix.shape[1]):
        own = set(np.flatnonzero(ansatz.matrix[source, term]).tolist())
        if own and own <= found:
            images += [ansatz.atoms[k] for k in np.flatnonzero(ansatz.matrix[field, term])]
    return images
