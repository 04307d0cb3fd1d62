"""Lagrangians as text: `parse_lagrangian`."""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.density import Lagrangian
from lagrangians.jets import jet_space
from lagrangians.lattice import field_space
from lagrangians.parser import parse_expression, symbol_table


def parse_lagrangian(
    text: str,
    fields: Sequence[str | AppliedUndef],
    coordinates: Sequence[str | sympy.Symbol],
    parameters: Sequence[str | sympy.Symbol] = (),
    lattice: Sequence[str | sympy.Symbol] = (),
) -> Lagrangian:
    """Lagrangian from text in jet names.

    `parse_lagrangian("1/2*phi_t**2 - 1/2*c**2*phi_x**2 - (1 - cos(phi))", ("phi",), ("t", "x"), ("c",))`.
    Names or SymPy objects may be declared. Complex fields are declared with their conjugates,
    ("psi", "psi_bar"), and the text may then hold `I`; lattice fields with `lattice=("n",)`, and the text may
    then hold `q[n+1]`, `q_t[n-1]` and n. Raises `ParseError` (a `ValueError` with `.position`) for
    anything outside the allow-list of `lagrangians.parser`.
    """
    named = jet_space(fields, coordinates, lattice)
    jets = field_space(named.fields, named.coordinates)
    density = parse_expression(text, jets.fields, jets.coordinates, parameters)
    table = symbol_table(jets, parameters)
    symbols = tuple(table[str(p)] for p in parameters)
    return Lagrangian(density, jets.fields, jets.coordinates, symbols)
