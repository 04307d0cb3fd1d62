"""From terms of a density to the atoms of the equations of motion.

E_a(T) = Σ_J (−D)^J ∂T/∂φ^a_J is linear in T, so a library of terms T_n with unknown coefficients θ_n gives
equations Σ_n θ_n Σ_k P[a, n, k] · atom_k = 0 with a matrix P of numbers. `euler_matrix` makes it, with as
many derivatives as possible in front of the atoms, where the weak form moves them onto test functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import sympy

from lagrangians import to_text
from lagrangians.jets import JetSpace, MultiIndex, raised
from lagrangians.variation import total_derivative

from .atoms import Atom
from .basis import basis_terms, primitive_in
from .independence import independent_atoms

Coefficients = dict[Atom, sympy.Expr]


@lru_cache(maxsize=4096)
def euler_atoms(term: sympy.Expr, jets: JetSpace) -> tuple[Coefficients, ...]:
    """E_a(T) = Σ coefficient · atom, one dictionary a field.

    ½φ_x² gives −φ_xx, cos φ gives −sin φ, φ_x³ gives −3(φ_x²)_x, and φφ_x² gives −(φ²)_xx + φ_x². With
    several fields and functions that hold derivatives the sum may vanish by a relation between atoms, which
    `euler_matrix` finds. Raises `ValueError` where the term holds anything but jets and numbers.
    """
    term = sympy.sympify(term)
    places = jets.jets_in(term)
    foreign = sorted(s.name for s in term.free_symbols - set(places))
    if foreign:
        raise ValueError(
            f"got the term {to_text(term)} with {', '.join(foreign)}, expected numbers, fields "
            f"{', '.join(jets.field_names)} and their derivatives; densities here are autonomous"
        )
    equations: list[Coefficients] = [{} for _ in jets.fields]
    for symbol, (field, index) in places.items():
        sign = (-1) ** sum(index)
        for atom, c in atoms_of(sympy.diff(term, symbol), jets, index).items():
            _add(equations[field], atom, sign * c)
    return tuple(equations)


def euler_matrix(
    terms: Sequence[sympy.Expr], jets: JetSpace, atoms: Sequence[Atom] = ()
) -> tuple[tuple[Atom, ...], np.ndarray]:
    """(atoms, P) with E_a(T_n) = Σ_k P[a, n, k] · atom_k; no linear relation holds between the atoms.

    The given `atoms` come first, in their order; those that the terms need beside them follow.
    shape of P: (fields, terms, atoms)
    """
    return atom_matrix([euler_atoms(term, jets) for term in terms], jets, atoms)


def atom_matrix(
    equations: Sequence[tuple[Coefficients, ...]], jets: JetSpace, atoms: Sequence[Atom] = ()
) -> tuple[tuple[Atom, ...], np.ndarray]:
    """As `euler_matrix`, from what `euler_atoms` gave for each term."""
    needed = {atom for row in equations for equation in row for atom in equation} - set(atoms)
    every = [*dict.fromkeys(atoms), *sorted(needed, key=atom_order)]
    kept, relations = independent_atoms(every, jets)
    number = {atom: k for k, atom in enumerate(every)}
    matrix = np.zeros((len(jets.fields), len(equations), len(every)))
    for n, row in enumerate(equations):
        for a, equation in enumerate(row):
            for atom, c in equation.items():
                matrix[a, n, number[atom]] += float(c)
    return kept, matrix @ relations


def atoms_of(expression: sympy.Expr, jets: JetSpace, derivative: MultiIndex | None = None) -> Coefficients:
    """D_J F as a sum of atoms, F in plain jet symbols; derivatives are pulled out where F has a primitive."""
    outer = jets.zero if derivative is None else derivative
    out: Coefficients = {}
    for monomial, c in basis_terms(expression, jets).items():
        for (inner, function), d in _normal_form(monomial, jets):
            total = tuple(i + j for i, j in zip(outer, inner, strict=True))
            if function != 1 or not any(total):
                _add(out, Atom(total, function), c * d)
    return out


def _add(coefficients: Coefficients, atom: Atom, value: sympy.Expr) -> None:
    total = coefficients.get(atom, sympy.S.Zero) + value
    if total == 0:
        coefficients.pop(atom, None)
    else:
        coefficients[atom] = total


@lru_cache(maxsize=4096)
def atom_order(atom: Atom) -> tuple:
    """Functions without derivatives first, the simplest first, and then by derivative."""
    names = sorted(s.name for s in atom.function.free_symbols)
    inside = any("_" in name for name in names)
    return (
        inside,
        not atom.function.is_Symbol,
        -sum(atom.derivative),
        tuple(-n for n in atom.derivative),
        sympy.count_ops(atom.function),
        sympy.default_sort_key(atom.function),
    )


@lru_cache(maxsize=4096)
def _normal_form(
    monomial: sympy.Expr, jets: JetSpace
) -> tuple[tuple[tuple[MultiIndex, sympy.Expr], sympy.Expr], ...]:
    """F = Σ c D_J f with functions f from which no derivative can be pulled out."""
    found = _primitive(monomial, jets)
    if found is None:
        return (((jets.zero, monomial), sympy.S.One),)
    along, primitive, rest = found
    parts: dict[tuple[MultiIndex, sympy.Expr], sympy.Expr] = {}
    for expression, shift in ((primitive, 1), (rest, 0)):
        for inner, c in basis_terms(expression, jets).items():
            for (index, function), d in _normal_form(inner, jets):
                key = raised(index, along, shift), function
                parts[key] = parts.get(key, sympy.S.Zero) + c * d
    return tuple((key, c) for key, c in parts.items() if c != 0)


def _primitive(monomial: sympy.Expr, jets: JetSpace) -> tuple[int, sympy.Expr, sympy.Expr] | None:
    """(α, G, R) with F = D_αG + R, or None.

    Possible where the highest jet φ^b_J occurs once and linearly and the rest depends, among jets of one
    order less, on φ^b_{J−α} alone. G is the primitive of the rest in that jet; R is of lower order.
    """
    places = jets.jets_in(monomial)
    order = max((sum(index) for _, index in places.values()), default=0)
    top = [s for s, (_, index) in places.items() if sum(index) == order]
    if order == 0 or len(top) > 1:
        return None
    rest = monomial / top[0]
    if top[0] in rest.free_symbols:
        return None
    field, index = places[top[0]]
    below = {p for s, p in places.items() if s in rest.free_symbols and sum(p[1]) == order - 1}
    for along in range(len(jets.coordinates)):
        if not index[along]:
            continue
        lower = raised(index, along, -1)
        primitive = primitive_in(rest, jets.symbol(field, lower)) if below <= {(field, lower)} else None
        if primitive is not None:
            left = sympy.expand(monomial - total_derivative(primitive, along, jets))
            return along, primitive, left
    return None
