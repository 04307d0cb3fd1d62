"""Which equations of motion are meant: those of a Lagrangian, of a file, of the catalogue, or learned."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sympy
import xarray as xr

from lagrangians import Lagrangian, parse_equation
from lagrangians.catalogue.registry import ENTRIES
from lagrangians.conjugates import conjugate_pairs
from lagrangians.jets import JetSpace, jet_space
from simulations.files.conventions import field_names, space_names
from simulations.names import unknown

from ...discover import discover_lagrangian
from ...learning.gradient import Progress
from ...systems.specification import specification
from ...systems.theory import catalogue_theory, file_theory


@dataclass(frozen=True)
class Dynamics:
    """E_a = 0 in plain jet symbols, the Lagrangian where there is one, and where they come from.

    `names`: the fields in the data, in the order of the equations; `learned`: whether the coefficients come
    from these data.
    """

    jets: JetSpace
    equations: tuple[sympy.Expr, ...]
    lagrangian: Lagrangian | None
    names: tuple[str, ...]
    source: str
    learned: bool

    def vanishing(self) -> list[sympy.Expr]:
        """The equations as expressions in applied functions."""
        return [self.jets.to_functions(e) for e in self.equations]


def dynamics_of(
    dataset: xr.Dataset,
    theory: Lagrangian | str | os.PathLike | None,
    field: str | None,
    boundary: str | None,
    seed: int,
    progress: Progress | None,
) -> Dynamics:
    """The equations for the fields of a dataset in normal form.

    `theory`: a Lagrangian, the path of a `lagrangian.json`, a name of the catalogue with parameters
    (`sine_gordon:c=1.2,m=0.9`), or None: then it is learned from the data. A theory whose verdict is `not
    variational` counts with its equations of motion. Raises ValueError, one line, where theory and data do
    not fit.
    """
    if theory is None:
        found = discover_lagrangian(dataset, field, boundary=boundary, seed=seed, progress=progress)
        jets = found.lagrangian.jets
        source = f"learned: {'; '.join(found.equations)}"
        if found.data_fields and found.data_fields != jets.field_names:  # a Lagrangian of their potential
            jets = jet_space(found.data_fields, jets.coordinate_names)
            return _stated(found.equations, jets, found.data_fields, source, True)
        if found.verdict.startswith("not variational") or found.evidence.get("damping"):
            return _stated(found.equations, jets, jets.field_names, source, True)
        return _variational(found.lagrangian, jets.field_names, source, True)
    if isinstance(theory, Lagrangian):
        return _variational(theory, _names(dataset, theory.jets, field), "given Lagrangian", False)
    text = os.fspath(theory)
    space = len(space_names(dataset))
    name, given = specification(text) if not Path(text).is_file() else ("", {})
    if name in ENTRIES:
        read = catalogue_theory(name, given, space)
    elif Path(text).suffix == ".json" or Path(text).is_file():
        read = file_theory(Path(text), {})
    else:
        raise ValueError(f"{unknown('theory', name, ENTRIES)}; or give the path of a lagrangian.json")
    if read.lagrangian is not None:
        return _variational(read.lagrangian, _names(dataset, read.lagrangian.jets, field), text, False)
    jets = jet_space(read.fields, read.coordinates)
    return _stated(read.equations, jets, _names(dataset, jets, field), text, False)


def _variational(theory: Lagrangian, names: Sequence[str], source: str, learned: bool) -> Dynamics:
    if theory.parameters:
        missing = ", ".join(p.name for p in theory.parameters)
        raise ValueError(f"the density has the parameters {missing} without values; write numbers for them")
    if theory.lattice or conjugate_pairs(theory.fields):
        raise ValueError("got lattice or complex fields, expected real fields on (t, x[, y])")
    jets = theory.jets
    equations = tuple(jets.to_jets(e) for e in theory.euler_lagrange())
    return Dynamics(jets, equations, theory, tuple(names), source, learned)


def _stated(
    lines: Sequence[str], jets: JetSpace, names: Sequence[str], source: str, learned: bool
) -> Dynamics:
    equations = []
    for line in lines:
        left, right = parse_equation(line, jets.fields, jets.coordinates)
        equations.append(sympy.expand(jets.to_jets(left - right)))
    return Dynamics(jets, tuple(equations), None, tuple(names), source, learned)


def _names(dataset: xr.Dataset, jets: JetSpace, field: str | None) -> tuple[str, ...]:
    """The fields of the theory in the data; a single field may have another name there."""
    axes = ("t", *space_names(dataset))
    if jets.coordinate_names != axes:
        raise ValueError(
            f"the theory is about ({', '.join(jets.coordinate_names)}), the data about ({', '.join(axes)})"
        )
    present, wanted = field_names(dataset), jets.field_names
    if field is not None and len(wanted) == 1:
        if field not in present:
            raise ValueError(f"got the field '{field}', expected one of {', '.join(present)}")
        return (field,)
    if all(name in present for name in wanted):
        return wanted
    if len(present) == len(wanted) == 1:
        return present
    raise ValueError(f"the data hold {', '.join(present)}, the theory is about {', '.join(wanted)}")
