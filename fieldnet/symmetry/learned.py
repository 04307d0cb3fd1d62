"""A learned Lie algebra, with everything that can be said of it whatever basis it came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lagrangians.symmetries.names import standard_algebras

from .ansatz import Ansatz, Matrices
from .gap import Gap
from .span import Closure, closure, killing_signature, match_structure, principal_angles

NAME_TOLERANCE = 0.1
"""A standard algebra is named where structure constants agree with it to this fraction of the largest."""
CLOSED = 0.2
"""Closure defect above which no algebra is named; vectors drawn at random have about 1."""

COMMUTING = 0.05
"""Brackets of orthonormal generators below this root mean square are those of noise."""
LIFTED = 0.1
"""Eigenvalues of a Killing form above this fraction of the largest are not zeros that noise has lifted."""


@dataclass(frozen=True)
class HeldOut:
    """Root-mean-square residuals on held-out data, relative to their size: with the generators `found`, with
    the `identity` (no generator) and for a `control` that must do badly. What they are is said by the
    function that gives them.
    """

    found: float
    identity: float
    control: float


@dataclass(frozen=True)
class LearnedGenerators:
    """The span of generators found in an ansatz.

    generators: orthonormal rows of coefficients in the ansatz, shape (dimension, size); (0, size) for none.
    gap: the spectrum that decided the dimension, beside that of the controls.
    structure: of the brackets; None for no generator.
    name: of the standard algebra with these structure constants within NAME_TOLERANCE, R^n where all
        brackets vanish, or None.
    name_error: the largest deviation left, as a fraction of the largest structure constant.
    spread: largest principal angle in degrees between this span and that of each resample.
    undetermined: directions of the ansatz that do nothing on the data; the generators have no part in them.
    invariant: the quadratic form η with Aᵀη + ηA = 0 where one was found from pairs, else None.
    """

    ansatz: Ansatz
    generators: np.ndarray
    gap: Gap
    structure: Closure | None
    name: str | None
    name_error: float
    spread: np.ndarray
    held_out: HeldOut
    method: str
    undetermined: int = 0
    invariant: np.ndarray | None = None

    @property
    def dimension(self) -> int:
        return len(self.generators)

    @property
    def matrices(self) -> np.ndarray:
        """The generators as matrices, orthonormal in the ansatz. shape: (dimension, n, n)

        Raises ValueError for an ansatz that is not one of matrices.
        """
        if not isinstance(self.ansatz, Matrices):
            raise ValueError("got vector fields, expected an ansatz of matrices; use .generators")
        return np.tensordot(self.generators, self.ansatz.matrices, 1)

    @property
    def killing_form(self) -> np.ndarray:
        return self.structure.killing_form if self.structure else np.zeros((0, 0))

    @property
    def signature(self) -> tuple[int, int, int]:
        """(positive, negative, zero) eigenvalues of the Killing form; zero is below 1% or twice the closure
        defect of the largest, whichever is more.
        """
        if self.structure is None:
            return (0, 0, 0)
        return _signature(self.structure)

    @property
    def closure_defect(self) -> float:
        return self.structure.defect if self.structure else 0.0

    @property
    def verdict(self) -> str:
        """One line: how many generators, and which algebra."""
        if not self.dimension:
            return f"none: the largest gap, {self.gap.ratio:.3g}, is not that of a symmetry" + (
                f" (controls reach {self.gap.control_ratio:.3g})"
            )
        count = "1 generator" if self.dimension == 1 else f"{self.dimension} generators"
        if self.name:
            return f"{count}, {self.name}"
        if self.closure_defect > CLOSED:
            open_ = f"{count}, not closed under the bracket (defect {self.closure_defect:.2f})"
            if self.method != "orbits":
                return open_
            return f"{open_}: single pairs tell the orbits alone; give groups of pairs that were moved alike"
        return f"{count}, no standard algebra"

    def angles(self, truth: np.ndarray) -> np.ndarray:
        """Principal angles in degrees to other rows of coefficients; 90 where nothing was found."""
        if not self.dimension:
            return np.array([90.0])
        return principal_angles(self.generators, truth)

    def content(self) -> dict[str, Any]:
        """For a JSON file."""
        structure = self.structure
        return {
            "schema": "fieldnet/generators/1",
            "verdict": self.verdict,
            "method": self.method,
            "dimension": self.dimension,
            "generators": self.generators.tolist(),
            "matrices": self.matrices.tolist() if isinstance(self.ansatz, Matrices) else None,
            "singular_values": self.gap.values.tolist(),
            "noise": self.gap.noise,
            "gap": self.gap.ratio,
            "control_gap": self.gap.control_ratio,
            "structure_constants": structure.structure_constants.tolist() if structure else [],
            "closure_defect": self.closure_defect,
            "killing_form": self.killing_form.tolist(),
            "signature": list(self.signature),
            "name": self.name,
            "name_error": self.name_error if self.name else None,
            "spread_degrees": self.spread.tolist(),
            "held_out": vars(self.held_out),
            "undetermined": self.undetermined,
            "invariant": self.invariant.tolist() if self.invariant is not None else None,
        }


def learned(
    ansatz: Ansatz,
    rows: np.ndarray,
    gap: Gap,
    resampled: list[np.ndarray],
    held_out: HeldOut,
    method: str,
    undetermined: int = 0,
    invariant: np.ndarray | None = None,
) -> LearnedGenerators:
    """Close, name and compare a span; `resampled` are the rows of each resample."""
    rows = rows.reshape(-1, ansatz.size)
    structure = closure(rows, ansatz.bracket) if len(rows) else None
    if structure is not None:
        rows = structure.basis
    name, error = _name(structure) if structure else (None, 0.0)
    spread = [
        float(principal_angles(rows, other).max()) if len(other) == len(rows) else 90.0
        for other in resampled
        if len(rows)
    ]
    return LearnedGenerators(
        ansatz, rows, gap, structure, name, error, np.array(spread), held_out, method, undetermined, invariant
    )


def _signature(structure: Closure) -> tuple[int, int, int]:
    return killing_signature(structure.structure_constants, max(1e-2, 2 * structure.defect))


def _name(structure: Closure) -> tuple[str | None, float]:
    """(name, error) of the standard algebra of this dimension with the structure constants found.

    R^n where the brackets of orthonormal generators are below COMMUTING. Else those are considered whose
    Killing form has no more positive and no more negative eigenvalues, since noise lifts zeros but makes
    none, and at least those that are above LIFTED of the largest. They are tried with the signature found
    first, then by the number of zeros, and the first within NAME_TOLERANCE is taken: what it contracts to
    would fit too.
    """
    c = structure.structure_constants
    n = len(c)
    if structure.size < COMMUTING:
        return ("R" if n == 1 else f"R^{n}"), 0.0
    if structure.defect > CLOSED:
        return None, 1.0
    most, least = killing_signature(c, 1e-9), killing_signature(c, max(LIFTED, 2 * structure.defect))
    own = _signature(structure)
    nearest = np.inf
    candidates = [(killing_signature(t), name, t) for name, t in _with_central_factors(n)]
    for signature, name, truth in sorted(candidates, key=lambda known: (known[0] != own, known[0][2])):
        if not all(least[k] <= signature[k] <= most[k] for k in (0, 1)):
            continue
        error = match_structure(c, truth)[1] / float(np.abs(truth).max())
        nearest = min(nearest, error)
        if error <= NAME_TOLERANCE:
            return name, error
    return None, nearest


def _with_central_factors(n: int) -> list[tuple[str, np.ndarray]]:
    """The standard algebras of dimension n, then smaller ones ⊕ R^k."""
    found = []
    for name, c in sorted(standard_algebras(), key=lambda known: -len(known[1])):
        more = n - len(c)
        if more == 0:
            found.append((name, c))
        elif more > 0:
            inner = f"({name})" if "⋉" in name or "⋊" in name else name
            found.append((f"{inner} ⊕ R" + (f"^{more}" if more > 1 else ""), np.pad(c, (0, more))))
    return found
