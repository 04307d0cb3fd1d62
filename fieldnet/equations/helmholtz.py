"""The Helmholtz conditions as a matrix on the coefficients of equations of motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

    The conditions D_E = D_E* (Olver, *Applications of Lie Groups*, theorem 5.92) hold identically in the jets,
    so each coefficient of an independent function of them is a condition of its own, linear in p.
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


def helmholtz_matrix(atoms: Sequence[Atom], jets: JetSpace, potential: int | None = None) -> HelmholtzMatrix:
    """The conditions on the coefficients of `atoms`, in every equation.

    With `potential` = α the equations are read as those of a field whose derivative along coordinate α is the
    one field of `jets`: u_t + 6uu_x + u_xxx is not self-adjoint in u, but in φ with u = φ_x it is.
    Raises `ValueError` where a potential is asked for more fields than one.
    """
    expressions = [total_derivatives(atom.function, atom.derivative, jets) for atom in atoms]
    space = jets
    if potential is not None:
        space = potential_space(jets)
        expressions = [in_potential(e, jets, space, potential) for e in expressions]
    size = len(jets.fields)
    values: dict[tuple[int, int, MultiIndex], dict[Column, sympy.Expr]] = {}
    for a in range(size):
        for k, expression in enumerate(expressions):
            single = [expression if i == a else sympy.S.Zero for i in range(size)]
            for key, value in self_adjointness(single, space).items():
                if value != 0:
                    values.setdefault(key, {})[a, k] = value
    return _matrix(values, tuple(atoms), jets, space)


def potential_space(jets: JetSpace) -> JetSpace:
    """The jets of a field φ with u = ∂φ for the one field u of `jets`."""
    if len(jets.fields) != 1:
        raise ValueError(f"got {len(jets.fields)} fields, expected one, to write it as a derivative")
    name = "phi" if jets.field_names[0] != "phi" else "psi"
    return jet_space((name,), jets.coordinates)


def in_potential(expression: sympy.Expr, jets: JetSpace, space: JetSpace, coordinate: int) -> sympy.Expr:
    """The plain expression with u_J replaced by φ_(J + coordinate)."""
    return expression.xreplace(
        {s: space.symbol(0, raised(index, coordinate)) for s, (_, index) in jets.jets_in(expression).items()}
    )


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
