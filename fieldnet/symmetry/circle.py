"""Vector fields on the circle, v(θ)∂_θ, as Fourier coefficients.

A field with H harmonics is a vector of 2H + 1 coefficients in the order 1, cos θ, sin θ, cos 2θ, sin 2θ, …; a
family has one field a row. The bracket is that of vector fields acting on functions, [f∂, g∂] = (fg' − gf')∂.
Then [1, cos θ] = −sin θ, [1, sin θ] = cos θ, [cos θ, sin θ] = 1, which is sl(2,R).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .span import Closure, closure, killing_signature


def field_names(harmonics: int) -> list[str]:
    """1, cos θ, sin θ, cos 2θ, …"""
    names = ["1"]
    for n in range(1, harmonics + 1):
        names += [f"{wave} {'' if n == 1 else n}θ" for wave in ("cos", "sin")]
    return names


def fourier_basis(theta: np.ndarray, harmonics: int) -> np.ndarray:
    """1, cos θ, sin θ, … at angles. shape: (...) -> (..., 2·harmonics + 1)"""
    columns = [np.ones_like(theta)]
    for n in range(1, harmonics + 1):
        columns += [np.cos(n * theta), np.sin(n * theta)]
    return np.stack(columns, axis=-1)


def bracket(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Coefficients of fg' − gf', exact, with twice as many harmonics. shape: (2H+1,), (2H+1,) -> (4H+1,)

    With f = Σ f_p e^{ipθ} it is Σ_pq i(q − p) f_p g_q e^{i(p+q)θ}.
    """
    f, g = _complex(first), _complex(second)
    n = np.arange(len(f)) - len(f) // 2
    return _real(np.convolve(f, 1j * n * g) - np.convolve(1j * n * f, g))


def projective_family(harmonic: int = 1, harmonics: int = 3) -> np.ndarray:
    """1, cos nθ, sin nθ as rows: sl(2,R), the Möbius group acting on e^{inθ}. shape: (3, 2·harmonics + 1)"""
    rows = np.zeros((3, 2 * harmonics + 1))
    rows[[0, 1, 2], [0, 2 * harmonic - 1, 2 * harmonic]] = 1.0
    return rows


@dataclass(frozen=True)
class GeneratedAlgebra:
    """The Lie algebra that a family of vector fields on the circle generates, or the first step beyond it.

    `fields`: orthonormal rows, (dimension, coefficients). `steps`: how many rounds of brackets were added.
    `closes`: whether the span is closed; where it is not, the algebra has infinite dimension, since by Lie's
    classification the finite-dimensional algebras of vector fields on the line have dimension ≤ 3.
    `defect` is the closure defect of `fields`, `name` that of the algebra, or None where it does not close.
    """

    fields: np.ndarray
    closure: Closure
    steps: int
    closes: bool
    name: str | None

    @property
    def dimension(self) -> int:
        return len(self.fields)


LARGEST = 3
"""Largest dimension of a finite-dimensional Lie algebra of vector fields on the line (S. Lie, 1880)."""


def generate(family: np.ndarray, tolerance: float) -> GeneratedAlgebra:
    """Add brackets that leave the span by more than `tolerance`, until it closes or is larger than three.

    `tolerance`: closure defect below which a span counts as closed. Raises ValueError for no field.
    """
    family = np.atleast_2d(family)
    if not len(family):
        raise ValueError("got no vector field, expected one or more")
    fields, steps = _orthonormal(family, 0.0), 0
    while True:
        found = closure(fields, bracket)
        closes = found.defect <= tolerance
        if closes or len(fields) > LARGEST:
            return GeneratedAlgebra(found.basis, found, steps, closes, _name(found, closes))
        fields, steps = _with_brackets(fields, tolerance), steps + 1


def _with_brackets(fields: np.ndarray, tolerance: float) -> np.ndarray:
    """The span of the fields and the parts of their brackets that leave it."""
    brackets = np.array([bracket(x, y) for i, x in enumerate(fields) for y in fields[:i]])
    embedded = np.pad(fields, ((0, 0), (0, brackets.shape[1] - fields.shape[1])))
    outside = brackets - brackets @ embedded.T @ embedded
    return np.concatenate([embedded, _orthonormal(outside, tolerance * float(np.linalg.norm(brackets)))])


def _name(found: Closure, closes: bool) -> str | None:
    if not closes:
        return None
    size, signature = len(found.basis), killing_signature(found.structure_constants)
    if size == 1:
        return "R"
    if size == 2:
        return "R^2" if np.abs(found.structure_constants).max() < 1e-6 else "aff(1,R)"
    return "sl(2,R)" if signature == (2, 1, 0) else None


def _orthonormal(rows: np.ndarray, limit: float) -> np.ndarray:
    _, sizes, vectors = np.linalg.svd(rows, full_matrices=False)
    return vectors[sizes > max(limit, 1e-12 * sizes.max())]


def _complex(field: np.ndarray) -> np.ndarray:
    positive = (field[1::2] - 1j * field[2::2]) / 2
    return np.concatenate([positive[::-1].conj(), field[:1], positive])


def _real(amplitudes: np.ndarray) -> np.ndarray:
    middle = len(amplitudes) // 2
    positive = 2 * amplitudes[middle + 1 :]
    waves = np.stack([positive.real, -positive.imag], axis=1).ravel()
    return np.concatenate([amplitudes[middle : middle + 1].real, waves])
