"""The Helmholtz conditions as a matrix on the coefficients of equations of motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy

from lagrangians import to_text
from lagrangians.helmholtz import self_adjointness
from lagrangians.independent_terms import independent_terms
from lagrangians.jets import JetSpace, MultiIndex, jet_space, raised
from lagrangians.variation import total_derivatives

from .atoms import Atom

Column = tuple[int, int]
"""(equation, atom)"""


@dataclass(frozen=True)
class Condition:
    """Coefficient of `function` · D_index in (D_E − D_E*)_ab, a = `row`, b = `column`."""

    row: int
    column: int
    index: MultiIndex
    function: sympy.Expr


@dataclass(frozen=True)
class HelmholtzMatrix:
    """E_a = Σ_k p_ak atom_k is an Euler–Lagrange expression iff Σ_ak matrix[:, a, k] p_ak = 0.

    The conditions D_E = D_E* (Olver, *Applications of Lie Groups*, theorem 5.92) hold identically in the
    jets, so each coefficient of an independent function of them is a condition of its own, linear in p.
    Proportional ones are listed once.

    shape: matrix (conditions, fields, atoms)
    """

    jets: JetSpace
    atoms: tuple[Atom, ...]
    conditions: tuple[Condition, ...]
    matrix: np.ndarray

    def atom_text(self, equation: int, atom: int) -> str:
        """`chi in the equation of phi`, or just the atom where there is one field."""
        name = self.atoms[atom].text(self.jets.coordinate_names)
        fields = self.jets.field_names
        return name if len(fields) == 1 else f"{name} in the equation of {fields[equation]}"

    def text(self, number: int) -> str:
        """What a condition asks for, in the words of a physicist."""
        condition, row = self.conditions[number], self.matrix[number]
        present = [(int(a), int(k)) for a, k in zip(*np.nonzero(row), strict=True)]
        if len(present) == 1:
            return f"coefficient of {self.atom_text(*present[0])} = 0"
        fields = self.jets.field_names
        first, second = fields[condition.row], fields[condition.column]
        if condition.row != condition.column and not any(condition.index):
            inside = "" if condition.function == 1 else f", terms in {to_text(condition.function)}"
            return f"∂F_{first}/∂{second} = ∂F_{second}/∂{first}{inside}"
        names = " and ".join(self.atom_text(a, k) for a, k in present)
        return f"the coefficients of {names} balance"


@dataclass(frozen=True)
class Reading:
    """Which field the equations vary: `expressions` are their atoms in the plain jets of `space`.

    `relation` is None where that is the field of the data, else such as `u = phi_x`.
    """

    space: JetSpace
    expressions: tuple[sympy.Expr, ...]
    relation: str | None = None


def plain_reading(atoms: Sequence[Atom], jets: JetSpace) -> Reading:
    """The atoms as they stand."""
    return Reading(jets, tuple(_written(atom, jets) for atom in atoms))


def potential_reading(atoms: Sequence[Atom], jets: JetSpace, axis: int, integrated: bool) -> Reading | None:
    """The equation of one field u as that of φ with u = ∂_axis φ; `integrated`: once along the axis.

    u_t + 6uu_x + u_xxx has no density in u, but φ_tx + 6φ_xφ_xx + φ_xxxx has one in φ. Boussinesq's
    u_tt − u_xx − (u²)_xx − u_xxxx is to be integrated first: φ_tt − φ_xx − (φ_x²)_x − φ_xxxx. None where an
    atom cannot be integrated. Raises `ValueError` where there are more fields than one.
    """
    if len(jets.fields) != 1:
        raise ValueError(f"got {len(jets.fields)} fields, expected one, to write it as a derivative")
    space = jet_space(("phi" if jets.field_names[0] != "phi" else "psi",), jets.coordinates)
    expressions = []
    for atom in atoms:
        shift = 1
        if integrated:
            if not atom.derivative[axis] and not atom.function.is_Symbol:
                return None
            if atom.function.is_Symbol:
                shift = 0
            else:
                atom = replace(atom, derivative=raised(atom.derivative, axis, -1))
        plain = _written(atom, jets)
        rule = {
            s: space.symbol(0, raised(index, axis, shift)) for s, (_, index) in jets.jets_in(plain).items()
        }
        expressions.append(plain.xreplace(rule))
    relation = f"{jets.field_names[0]} = {space.symbol(0, raised(jets.zero, axis))}"
    return Reading(space, tuple(expressions), relation)


def _written(atom: Atom, jets: JetSpace) -> sympy.Expr:
    return sympy.expand(total_derivatives(atom.function, atom.derivative, jets))


def helmholtz_matrix(
    atoms: Sequence[Atom], jets: JetSpace, reading: Reading | None = None
) -> HelmholtzMatrix:
    """The conditions on the coefficients of `atoms`, in every equation, as they stand or in a reading."""
    reading = plain_reading(atoms, jets) if reading is None else reading
    size = len(jets.fields)
    values: dict[tuple[int, int, MultiIndex], dict[Column, sympy.Expr]] = {}
    for a in range(size):
        for k, expression in enumerate(reading.expressions):
            single = [expression if i == a else sympy.S.Zero for i in range(size)]
            for key, value in self_adjointness(single, reading.space).items():
                if value != 0:
                    values.setdefault(key, {})[a, k] = value
    return _matrix(values, tuple(atoms), jets, reading.space)


def _matrix(
    values: dict[tuple[int, int, MultiIndex], dict[Column, sympy.Expr]],
    atoms: tuple[Atom, ...],
    jets: JetSpace,
    space: JetSpace,
) -> HelmholtzMatrix:
    size = len(jets.fields)
    conditions, rows, seen = [], [], set()
    for key in sorted(values, key=lambda key: (-sum(key[2]), key[2], key[:2])):
        columns = list(values[key])
        variables = set(space.jets_in(sympy.Tuple(*values[key].values()))) | set(space.coordinates)
        split = independent_terms([values[key][c] for c in columns], variables)
        for function in dict.fromkeys(f for terms in split for f in terms):
            row = np.zeros((size, len(atoms)))
            for column, terms in zip(columns, split, strict=True):
                row[column] = float(terms.get(function, 0))
            direction = row / row.flat[np.argmax(row != 0)]
            mark = (direction.round(9) + 0.0).tobytes()  # + 0.0: no negative zeros
            if mark not in seen:
                seen.add(mark)
                conditions.append(Condition(*key, function))
                rows.append(row)
    matrix = np.array(rows).reshape(len(rows), size, len(atoms))
    return HelmholtzMatrix(jets, atoms, tuple(conditions), matrix)
