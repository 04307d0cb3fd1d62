"""Which colours a field is shown in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy
from matplotlib.colors import Normalize

from ..report.kymographs import colour_scale
from ..report.phases import wrapped
from .shown import Shown
from .title import theory_of

MANY_TURNS = 2.5
"""Turns of a phase beyond which a linear scale washes them out and a cyclic one is taken."""


@dataclass(frozen=True)
class Colours:
    """A scale, a map, a label, and whether the values are shown mod 2π."""

    norm: Normalize
    map: str
    label: str
    cyclic: bool = False

    def shown(self, values: np.ndarray) -> np.ndarray:
        """The values as they are coloured."""
        return wrapped(values) if self.cyclic else values


def colours_of(shown: Shown, values: np.ndarray | None = None) -> Colours:
    """Cyclic for oscillators, and for fields with a potential periodic in them that turn many times.

    Otherwise diverging about zero where both signs occur, else sequential; `values` default to all.
    """
    values = shown.values if values is None else values
    finite = values[np.isfinite(values)]
    turns = float(np.ptp(finite)) / (2 * np.pi)
    if shown.oscillators or (turns > MANY_TURNS and is_phase(shown)):
        return Colours(Normalize(-np.pi, np.pi), "twilight", f"{shown.letter} mod 2π", True)
    norm, name = colour_scale(finite)
    if norm.vmin == norm.vmax:
        norm = Normalize(float(finite[0]) - 0.5, float(finite[0]) + 0.5)
    return Colours(norm, name, shown.label)


def is_phase(shown: Shown) -> bool:
    """Whether the file's density, in its attributes, depends on the field through sines and cosines alone."""
    theory = theory_of(shown)
    if theory is None or shown.field not in theory.jets.field_names:
        return False
    field = theory.fields[theory.jets.field_names.index(shown.field)]
    plain = sympy.Dummy()
    density = theory.density.replace(lambda e: isinstance(e, sympy.Derivative), lambda e: sympy.Integer(1))
    waves = [f for f in density.atoms(sympy.sin, sympy.cos) if f.has(field)]
    hidden = density.xreplace(dict.fromkeys(waves, plain))
    return bool(waves) and not hidden.has(field)
