"""Libraries of density terms, and the atoms of the equations that may come of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

import numpy as np
import sympy

from lagrangians import to_text
from lagrangians.jets import JetSpace, raised

from .atoms import Atom
from .euler_map import Coefficients, atom_matrix, atom_order, atoms_of, euler_atoms

FEATURES = ("identity", "polynomial", "phase", "hyperbolic", "mixed")
DEGREE = 6  # of polynomial potentials
HARMONICS = 3  # of sines and cosines


@dataclass(frozen=True)
class DensityLibrary:
    """Terms T_n of a density Σθ_nT_n, in plain jet symbols, each with the stage at which it is tried.

    Stage 0 has the terms whose equations are linear but for a potential; stage 1 all others. `features` is
    the family of the default terms; None where all terms are the user's.
    """

    jets: JetSpace
    features: str | None
    terms: tuple[sympy.Expr, ...]
    stages: tuple[int, ...]

    def text(self) -> tuple[str, ...]:
        return tuple(to_text(term) for term in self.terms)


@dataclass(frozen=True)
class EquationAtoms:
    """Atoms of all equations: `matrix` has those of the density terms, further ones come from no density.

    E_a(T_n) = Σ_k matrix[a, n, k] · atom_k; the atoms are functions in `jets`. An atom has the lowest
    stage of the terms that need it.
    shape: matrix (fields, terms, atoms), stages (atoms,)
    """

    library: DensityLibrary
    jets: JetSpace
    atoms: tuple[Atom, ...]
    stages: np.ndarray
    matrix: np.ndarray

    def up_to(self, stage: int) -> tuple[Atom, ...]:
        return tuple(atom for atom, own in zip(self.atoms, self.stages, strict=True) if own <= stage)


def density_library(
    features: str | None, jets: JetSpace, extra: Sequence[sympy.Expr] = (), exponentials: bool = True
) -> DensityLibrary:
    """The default library of a family of potentials, one of `FEATURES`, and the `extra` terms, of stage 0;
    of the default ones those with exponentials can be left out, as they overflow where fields are large.

    With `features` None there are the extra terms alone. Raises `ValueError` for unknown families and for
    extra terms that are total divergences.
    """
    check_features(features)
    stages: dict[sympy.Expr, int] = {}
    for term in extra:
        refuse_divergence(term, jets)
        stages.setdefault(sympy.sympify(term), 0)
    if features is not None:
        simple = (*quadratic_terms(jets), *potentials(features, jets))
        later = (*nonlinear_gradients(features, jets), *cubic_gradients(jets), *second_derivatives(jets))
        for stage, terms in enumerate((simple, later)):
            for term in terms:
                if exponentials or not term.has(sympy.exp):
                    stages.setdefault(term, stage)
    return DensityLibrary(jets, features, tuple(stages), tuple(stages.values()))


def check_features(features: str | None) -> None:
    """Raises `ValueError` unless this is a family of potentials, or None."""
    if features is not None and features not in FEATURES:
        raise ValueError(f"got the features {features!r}, expected one of {', '.join(FEATURES)}")


def refuse_divergence(term: sympy.Expr, jets: JetSpace) -> None:
    """Raises `ValueError` for a term whose Euler–Lagrange expressions vanish."""
    if not any(euler_atoms(term, jets)):
        raise ValueError(
            f"got the term {to_text(term)}, a total divergence that gives no equation; leave it out"
        )


def quadratic_terms(jets: JetSpace) -> Iterator[sympy.Expr]:
    """φ^a_αφ^b_β with a ≤ b, α ≤ β: kinetic, cross and gradient terms of any signature; φ^aφ^b_α − φ^bφ^a_α.

    φ^a_tφ^b_x − φ^a_xφ^b_t and φ^aφ^a_t are divergences, so one order of each pair is enough.
    """
    fields, axes = range(len(jets.fields)), range(len(jets.coordinates))
    for alpha, beta in combinations_with_replacement(axes, 2):
        for a, b in combinations_with_replacement(fields, 2):
            yield _slope(jets, a, alpha) * _slope(jets, b, beta)
    for alpha in axes:
        for a, b in combinations(fields, 2):
            yield jets.symbol(a) * _slope(jets, b, alpha) - jets.symbol(b) * _slope(jets, a, alpha)


def potentials(features: str, jets: JetSpace) -> Iterator[sympy.Expr]:
    """Functions of the fields: every family has the linear terms, constant forces, and the quadratic ones."""
    fields = [jets.symbol(a) for a in range(len(jets.fields))]
    degree = DEGREE if features in ("polynomial", "mixed") else 2
    for n in range(1, degree + 1):
        for factors in combinations_with_replacement(fields, n):
            yield sympy.Mul(*factors)
    if features in ("phase", "mixed"):
        for angle in _angles(fields):
            for n in range(1, HARMONICS + 1):
                yield sympy.cos(n * angle)
                yield sympy.sin(n * angle)
    if features in ("hyperbolic", "mixed"):
        for angle in _angles(fields):
            for n in (1, 2):
                yield sympy.exp(n * angle)
                yield sympy.exp(-n * angle)


def _angles(fields: Sequence[sympy.Symbol]) -> Iterator[sympy.Expr]:
    yield from fields
    for u, v in combinations(fields, 2):
        yield u - v
        yield u + v


def factors(features: str, jets: JetSpace) -> Iterator[sympy.Expr]:
    """The simplest functions of a family, with which terms with derivatives are multiplied."""
    fields = [jets.symbol(a) for a in range(len(jets.fields))]
    yield from fields
    yield from (u * v for u, v in combinations_with_replacement(fields, 2))
    for u in fields:
        if features in ("phase", "mixed"):
            yield from (sympy.cos(u), sympy.sin(u), sympy.cos(2 * u), sympy.sin(2 * u))
        if features in ("hyperbolic", "mixed"):
            yield from (sympy.exp(u), sympy.exp(-u))


def nonlinear_gradients(features: str, jets: JetSpace) -> Iterator[sympy.Expr]:
    """f(φ)φ^a_αφ^b_α: metrics and speeds that depend on the field; f(φ)φ^a_t, first order in time."""
    for f in factors(features, jets):
        for a in range(len(jets.fields)):
            if f.free_symbols != {jets.symbol(a)}:  # else a divergence
                yield f * _slope(jets, a, 0)
        for alpha in range(len(jets.coordinates)):
            for a, b in combinations_with_replacement(range(len(jets.fields)), 2):
                yield f * _slope(jets, a, alpha) * _slope(jets, b, alpha)


def cubic_gradients(jets: JetSpace) -> Iterator[sympy.Expr]:
    """Products of three first derivatives, and φ_α⁴ (of one field each where there are several)."""
    for a in range(len(jets.fields)):
        slopes = [_slope(jets, a, alpha) for alpha in range(len(jets.coordinates))]
        yield from (sympy.Mul(*three) for three in combinations_with_replacement(slopes, 3))
        yield from (slope**4 for slope in slopes)


def second_derivatives(jets: JetSpace) -> Iterator[sympy.Expr]:
    """φ^a_αiφ^b_αi along every α and every space coordinate i ≥ α: φ_tx², φ_xx², φ_xy²."""
    for alpha in range(len(jets.coordinates)):
        for i in range(max(alpha, 1), len(jets.coordinates)):
            index = raised(raised(jets.zero, alpha), i)
            for a, b in combinations_with_replacement(range(len(jets.fields)), 2):
                yield jets.symbol(a, index) * jets.symbol(b, index)


def _slope(jets: JetSpace, field: int, along: int) -> sympy.Symbol:
    return jets.symbol(field, raised(jets.zero, along))


def equation_atoms(library: DensityLibrary) -> EquationAtoms:
    """Every atom that some equation of the library may hold, and atoms that no density gives.

    The latter are φ_t (damping, gyroscopic forces) and φ_x (drift) at stage 0; nonlinear damping f(φ)_t,
    viscous damping φ_txx, advection f(φ)_x and φ_xxx at stage 1; beside own terms alone φ_t and φ_x at stage
    1. Every atom may stand in the equation of every field, so that the ansatz holds non-reciprocal couplings
    too.
    """
    jets = library.jets
    equations = [euler_atoms(term, jets) for term in library.terms]
    if library.features is None:
        others: Iterable[tuple[Atom, int]] = [(atom, 1) for atom in first_derivatives(jets)]
    else:
        others = other_atoms(library.features, jets)
    return staged_atoms(library, jets, equations, others)


def staged_atoms(
    library: DensityLibrary,
    jets: JetSpace,
    equations: Sequence[tuple[Coefficients, ...]],
    others: Iterable[tuple[Atom, int]],
) -> EquationAtoms:
    """The atoms in the equations of the terms and the others, in the order of their stages."""
    stage: dict[Atom, int] = {}
    for row, own in zip(equations, library.stages, strict=True):
        for equation in row:
            for atom in sorted(equation, key=atom_order):
                stage[atom] = min(stage.get(atom, own), own)
    for atom, own in others:
        stage[atom] = min(stage.get(atom, own), own)
    atoms, matrix = atom_matrix(equations, jets, sorted(stage, key=lambda atom: stage[atom]))
    return EquationAtoms(library, jets, atoms, np.array([stage[atom] for atom in atoms]), matrix)


def other_atoms(features: str, jets: JetSpace) -> Iterator[tuple[Atom, int]]:
    """(atom, stage) of what no density gives."""
    yield from ((atom, 0) for atom in first_derivatives(jets))
    fields = [jets.symbol(a) for a in range(len(jets.fields))]
    for i in range(1, len(jets.coordinates)):
        yield from ((Atom(raised(jets.zero, i, 3), field), 1) for field in fields)
        yield from ((Atom(raised(raised(jets.zero, 0), i, 2), field), 1) for field in fields)
    cubes = [sympy.Mul(*three) for three in combinations_with_replacement(fields, 3)]
    for alpha in range(len(jets.coordinates)):
        for f in (*factors(features, jets), *cubes):
            yield from ((atom, 1) for atom in atoms_of(f, jets, raised(jets.zero, alpha)))
        for a, b in combinations(range(len(fields)), 2):
            yield from ((atom, 1) for atom in atoms_of(fields[a] * _slope(jets, b, alpha), jets))


def first_derivatives(jets: JetSpace) -> Iterator[Atom]:
    """φ^a_t and φ^a_i."""
    for alpha in range(len(jets.coordinates)):
        for a in range(len(jets.fields)):
            yield Atom(raised(jets.zero, alpha), jets.symbol(a))
