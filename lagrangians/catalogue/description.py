"""What is known of a theory: its words from the registry, everything else derived from the density."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import sympy

from lagrangians.catalogue.arguments import constant
from lagrangians.catalogue.registry import ENTRIES, FAMILIES, Entry, Parameter, Vacuum
from lagrangians.charges import ConservedCharge, conserved_charges
from lagrangians.density import Lagrangian
from lagrangians.dispersion import plane_waves
from lagrangians.plane_waves import PlaneWaves


@dataclass(frozen=True)
class Theory:
    """A theory of the catalogue with symbolic parameters.

    `parameters`, `vacua`, `reference` and `note` are stated; equations, waves and charges are derived from
    `lagrangian`, so they follow every change of it (`dataclasses.replace(theory, lagrangian=…)`).
    """

    name: str
    title: str
    family: str
    lagrangian: Lagrangian
    parameters: Mapping[str, Parameter]
    vacua: tuple[Vacuum, ...]
    reference: str
    note: str
    covectors: tuple[tuple[str, ...], ...] = ()

    @property
    def latex(self) -> str:
        """The density in LaTeX."""
        return self.lagrangian.latex()

    @cached_property
    def field_equations(self) -> tuple[sympy.Expr, ...]:
        """E_a of the Euler–Lagrange equations E_a = 0, in field order."""
        return self.lagrangian.euler_lagrange()

    @cached_property
    def equations_of_motion(self) -> Mapping[sympy.Expr, sympy.Expr]:
        """{highest time derivative: expression}; empty where the equations cannot be solved for these, as
        those of gauge fields and of fields with a constraint.
        """
        try:
            return MappingProxyType(self.lagrangian.equations_of_motion())
        except ValueError:
            return MappingProxyType({})

    @cached_property
    def waves(self) -> tuple[PlaneWaves, ...]:
        """Plane waves (or, for finitely many degrees of freedom, normal modes) about each of `vacua`.

        Raises `ValueError` where a stated vacuum does not solve the equations.
        """
        return tuple(plane_waves(self.lagrangian, vacuum.values) for vacuum in self.vacua)

    @cached_property
    def charges(self) -> tuple[ConservedCharge, ...]:
        """Energy, momentum, … with proved currents; see `conserved_charges`. On a lattice those of the time
        translation, of equal shifts of all sites and of a uniform motion, with one more component a label.
        """
        return conserved_charges(self.lagrangian, self.covectors)


def entries() -> tuple[str, ...]:
    """Names of all theories, by family."""
    return tuple(sorted(ENTRIES, key=lambda name: FAMILIES.index(ENTRIES[name].family)))


def describe(name: str, **arguments: Any) -> Theory:
    """The theory of this name with each parameter as a symbol of its own name.

    `arguments` of the catalogue function (such as dimension=2 or m=1) replace the described case's. Raises
    `ValueError` for an unknown name or argument.
    """
    if name not in ENTRIES:
        raise ValueError(f"got the theory {name!r}, expected one of: {', '.join(entries())}")
    entry = ENTRIES[name]
    unknown = sorted(set(arguments) - set(inspect.signature(entry.build).parameters))
    if unknown:
        known = ", ".join(inspect.signature(entry.build).parameters)
        raise ValueError(f"got the argument {', '.join(unknown)} of {name}, expected some of: {known}")
    symbolic = {parameter: parameter for parameter in entry.parameters}
    values = symbolic | dict(entry.example) | arguments
    lagrangian = entry.build(**values)
    return Theory(
        name,
        entry.title,
        entry.family,
        lagrangian,
        MappingProxyType(dict(entry.parameters)),
        tuple(_vacua(entry, values)),
        entry.reference,
        entry.note,
        tuple(tuple(f"{stem}_{x}" for x in lagrangian.jets.coordinate_names) for stem in entry.covectors),
    )


def _vacua(entry: Entry, values: Mapping[str, Any]) -> Iterator[Vacuum]:
    """The vacua at the values of the parameters, those left out that are undefined there or the same
    twice.
    """
    seen = []
    for vacuum in entry.vacua:
        names = {s.name: s for value in vacuum.values.values() for s in value.free_symbols}
        rule = {symbol: constant(values[name]) for name, symbol in names.items()}
        found = {field: value.subs(rule, simultaneous=True) for field, value in vacuum.values.items()}
        found = {field: value for field, value in found.items() if value != 0}
        if found not in seen and not any(v.has(sympy.zoo, sympy.nan, sympy.oo) for v in found.values()):
            seen.append(found)
            yield Vacuum(found, vacuum.name)
