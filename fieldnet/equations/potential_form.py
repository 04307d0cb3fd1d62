"""Data u that are the derivative of a field, u = φ_x: the Lagrangian is one of φ, the equations are in u.

Korteweg and de Vries's u_t + 6uu_x + u_xxx = 0 has no Lagrangian in u. In φ it has
ℒ = −½φ_tφ_x − φ_x³ + ½φ_xx², and E_φ(ℒ) = φ_tx + 3(φ_x²)_x + φ_xxxx holds φ only through u. The regression
works on u; data are never integrated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import sympy

from lagrangians import to_text
from lagrangians.jets import JetSpace, MultiIndex, jet_space, raised

from .atoms import Atom
from .euler_map import Coefficients, atom_matrix, atoms_of, euler_atoms
from .library import (
    DensityLibrary,
    EquationAtoms,
    check_features,
    factors,
    potentials,
    refuse_divergence,
    staged_atoms,
)


@dataclass(frozen=True)
class PotentialForm:
    """Data u^a = ∂φ^a/∂x^along, the fields φ^a in `potentials`, the data in `data`."""

    data: JetSpace
    potentials: JetSpace
    along: int

    def euler_atoms(self, term: sympy.Expr) -> tuple[Coefficients, ...]:
        """E_φ(T) of a density term in φ as atoms of u.

        −½φ_tφ_x gives u_t, φ_x³ gives −3(u²)_x, ½φ_xx² gives u_xxx. Raises `ValueError` where the equation
        holds φ itself, as that of φ_t² or of a potential V(φ).
        """
        return tuple(self._in_data(equation, term) for equation in euler_atoms(term, self.potentials))

    def euler_matrix(self, terms: Sequence[sympy.Expr], atoms: Sequence[Atom] = ()):
        """(atoms, P) as `euler_map.euler_matrix`, the terms in φ, the atoms in u."""
        return atom_matrix([self.euler_atoms(term) for term in terms], self.data, atoms)

    def density_library(self, features: str | None, extra: Sequence[sympy.Expr] = ()) -> DensityLibrary:
        """Default terms in φ: φ_tφ_x, functions of φ_x by the family of `features` and squares of φ_xx at
        stage 0; φ_xφ_xx², φ_txφ_xx and φ_xxx² at stage 1.
        """
        check_features(features)
        for term in extra:
            refuse_divergence(term, self.potentials)
        stages: dict[sympy.Expr, int] = {sympy.sympify(term): 0 for term in extra}
        if features is not None:
            for stage, terms in enumerate((self._simple(features), self._higher())):
                for term in terms:
                    stages.setdefault(term, stage)
        useful = {term: stage for term, stage in stages.items() if any(self.euler_atoms(term))}
        return DensityLibrary(self.potentials, features, tuple(useful), tuple(useful.values()))

    def equation_atoms(self, library: DensityLibrary) -> EquationAtoms:
        """Every atom of the library's equations, in u, and what no density gives: u (decay), u_xx (viscosity)
        at stage 0; u_xxxx, forces f(u) and nonlinear diffusion f(u)_xx at stage 1.
        """
        equations = [self.euler_atoms(term) for term in library.terms]
        others = self._others(library.features) if library.features else ()
        return staged_atoms(library, self.data, equations, others)

    def _in_data(self, equation: Coefficients, term: sympy.Expr) -> Coefficients:
        out: Coefficients = {}
        for atom, c in equation.items():
            for new, d in self._atom_in_data(atom, term).items():
                out[new] = out.get(new, sympy.S.Zero) + c * d
        return {atom: c for atom, c in out.items() if c != 0}

    def _atom_in_data(self, atom: Atom, term: sympy.Expr) -> Coefficients:
        places = self.potentials.jets_in(atom.function)
        if atom.function.is_Symbol and sum(places[atom.function][1]) == 0 and atom.derivative[self.along]:
            field, _ = places[atom.function]
            return {Atom(raised(atom.derivative, self.along, -1), self.data.symbol(field)): sympy.S.One}
        if any(not index[self.along] for _, index in places.values()):
            names = self.data.coordinate_names
            raise ValueError(
                f"got the term {to_text(term)}, whose equation holds "
                f"{atom.text(names)}, expected derivatives "
                f"along {names[self.along]} of the potential alone; "
                "leave it out or give the field itself as data"
            )
        rules = {
            s: self.data.symbol(field, raised(index, self.along, -1)) for s, (field, index) in places.items()
        }
        return atoms_of(atom.function.xreplace(rules), self.data, atom.derivative)

    def _jet(self, field: int, *axes: int) -> sympy.Symbol:
        index: MultiIndex = self.potentials.zero
        for axis in axes:
            index = raised(index, axis)
        return self.potentials.symbol(field, index)

    def _simple(self, features: str) -> Iterator[sympy.Expr]:
        x = self.along
        pairs = list(combinations_with_replacement(range(len(self.data.fields)), 2))
        for a, b in pairs:
            yield self._jet(a, 0) * self._jet(b, x)
        slopes = {self.data.symbol(a): self._jet(a, x) for a in range(len(self.data.fields))}
        for a, b in pairs:
            yield self._jet(a, x) * self._jet(b, x)
        for function in potentials(features, self.data):
            yield function.xreplace(slopes)
        for a, b in pairs:
            yield self._jet(a, x, x) * self._jet(b, x, x)

    def _higher(self) -> Iterator[sympy.Expr]:
        x = self.along
        for a, b in combinations_with_replacement(range(len(self.data.fields)), 2):
            yield self._jet(a, x) * self._jet(b, x, x) ** 2
            yield self._jet(a, 0, x) * self._jet(b, x, x)
            yield self._jet(a, x, x, x) * self._jet(b, x, x, x)

    def _others(self, features: str) -> Iterator[tuple[Atom, int]]:
        zero, fields = self.data.zero, range(len(self.data.fields))
        for times, stage in ((0, 0), (2, 0), (4, 1)):
            for a in fields:
                yield Atom(raised(zero, self.along, times), self.data.symbol(a)), stage
        for times in (0, 2):
            for f in factors(features, self.data):
                for atom in atoms_of(f, self.data, raised(zero, self.along, times)):
                    yield atom, 1


def potential_form(
    data: JetSpace, along: str | sympy.Symbol | None = None, names: Sequence[str] = ()
) -> PotentialForm:
    """u = φ_along for every field of the data; along the last coordinate unless another is named.

    The potentials are called `names`; by default `phi` where there is one field of another name, and else
    `u_potential` for `u`.
    """
    if along is not None and str(along) not in data.coordinate_names[1:]:
        raise ValueError(f"got along {along}, expected one of {', '.join(data.coordinate_names[1:])}")
    number = len(data.coordinates) - 1 if along is None else data.coordinate_names.index(str(along))
    if not names:
        single = len(data.fields) == 1 and data.field_names[0] != "phi"
        names = ("phi",) if single else tuple(f"{name}_potential" for name in data.field_names)
    if len(names) != len(data.fields):
        raise ValueError(f"got {len(names)} names of potentials, expected {len(data.fields)}, one a field")
    return PotentialForm(data, jet_space(names, data.coordinates), number)
