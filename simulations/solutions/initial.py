"""Initial data by name for a system: `initial("kink-antikink:v=0.6", system)`."""

from __future__ import annotations

import math
from typing import Any

from lagrangians import Lagrangian
from lagrangians.catalogue.registry import ENTRIES

from ..names import unknown
from .registry import GENERAL, SOLUTIONS, GeneralData, Solution, State
from .theories import theory_parameters, values_in


def initial(text: str, system: Any, time: float = 0.0, **parameters: float) -> State:
    """The initial state q, or (q, v) for systems of second order in time, that a text names.

    Args:
        text: NAME or NAME:key=value,key=value, a name of `available(system)`.
        system: a `FieldSystem` or a `Chain`. The values of the theory's parameters (c, m, …) are read off its
            Lagrangian, which is recognised by its field equations.
        time: for an exact solution, the time at which it is wanted.
        parameters: as in the text, in whose place they stand.

    Raises ValueError for unknown names and parameters, with the nearest known one, and for values that are no
    numbers or out of range.
    """
    name, values = specification(text)
    found = available(system)
    if name not in found:
        elsewhere = sorted(theory for theory, entries in SOLUTIONS.items() if name in entries)
        if elsewhere:
            raise ValueError(
                f"got the initial data '{name}', which solve {', '.join(elsewhere)}, expected one of "
                f"{', '.join(found) or 'none'} for this system"
            )
        raise ValueError(unknown("initial data", name, found))
    chosen = found[name]
    if isinstance(chosen, GeneralData):
        return chosen.build(system, **{**values, **parameters})
    theory = _values(system, chosen.theory)
    place = system.grid if hasattr(system, "grid") else system
    state = chosen.build(place, theory or {}, time, **{**values, **parameters})
    boundary = getattr(place, "boundary", ("",))
    if chosen.boundary == "winding" and boundary[0] == "periodic":
        raise ValueError(
            f"got the initial data '{name}' on a periodic axis, where it jumps, expected a winding one: "
            "boundary='winding'"
        )
    return state


def available(system: Any) -> dict[str, Solution | GeneralData]:
    """{name: initial data} for a system: the exact solutions of its theory, then what suits any.

    An exact solution hides general data of the same name, and of two theories of which one is a case of the
    other, such as Sine-Gordon and double Sine-Gordon with μ = 0, the narrower one's solutions come first.
    """
    found: dict[str, Solution | GeneralData] = {}
    for theory, entries in _narrow_first():
        if _values(system, theory) is not None:
            found |= {name: entry for name, entry in entries.items() if name not in found}
    found |= {name: entry for name, entry in GENERAL.items() if entry.applies(system) and name not in found}
    return found


def required_boundary(text: str, lagrangian: Lagrangian) -> str | None:
    """The boundary of a box for these initial data of a theory with numbers for its parameters.

    Such as "winding" for a kink, "neumann" for one of φ⁴; None for data that leave it open.
    """
    name, _ = specification(text)
    for theory, entries in _narrow_first():
        if name in entries and theory_parameters(lagrangian, theory) is not None:
            return entries[name].boundary
    return None


def _narrow_first() -> list[tuple[str, dict[str, Solution]]]:
    """Theories with their solutions, those with the fewest parameters first."""
    return sorted(SOLUTIONS.items(), key=lambda item: len(ENTRIES[item[0]].parameters))


def specification(text: str) -> tuple[str, dict[str, float]]:
    """(name, {key: number}) of NAME or NAME:key=value,…; ValueError for other text.

    >>> specification("kink-antikink:v=0.6,separation=20")
    ('kink-antikink', {'v': 0.6, 'separation': 20.0})
    """
    name, colon, rest = (part.strip() for part in text.partition(":"))
    if not name or (colon and not rest):
        raise ValueError(f"got '{text}', expected NAME or NAME:key=value,key=value")
    values: dict[str, float] = {}
    for part in rest.split(",") if rest else ():
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not (key and equals and value):
            raise ValueError(f"got '{part.strip()}' in '{text}', expected key=value")
        if key in values:
            raise ValueError(f"got {key} twice in '{text}', expected it once")
        try:
            values[key] = float(value)
        except ValueError:
            raise ValueError(f"got {key} = {value}, expected a number") from None
        if not math.isfinite(values[key]):
            raise ValueError(f"got {key} = {value}, expected a finite number")
    return name, values


def _values(system: Any, theory: str) -> dict[str, float] | None:
    lagrangian = values_in(system)
    return None if lagrangian is None else theory_parameters(lagrangian, theory)
