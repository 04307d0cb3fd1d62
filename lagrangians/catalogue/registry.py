"""What the catalogue knows of a theory beside its density; each theory registers itself with `theory`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

import sympy

from lagrangians.density import Lagrangian

Build = TypeVar("Build", bound=Callable[..., Lagrangian])


@dataclass(frozen=True)
class Parameter:
    """Meaning of a parameter and its dimension, a product of powers such as "length / time"."""

    meaning: str
    dimension: str


@dataclass(frozen=True)
class Vacuum:
    """Constant fields {name: value in the parameters' symbols}, 0 for the fields that are not named."""

    values: Mapping[str, sympy.Expr] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        given = {name: sympy.sympify(value) for name, value in self.values.items()}
        object.__setattr__(self, "values", MappingProxyType(given))


@dataclass(frozen=True)
class Entry:
    """A catalogue function with what cannot be derived from its density.

    `example` holds the arguments of the described case where a parameter's own name will not do (dimensions,
    matrices, drifts); `covectors` are the stems of fields such as A_t, A_x that transform like ∂_αφ.
    """

    build: Callable[..., Lagrangian]
    family: str
    title: str
    parameters: Mapping[str, Parameter]
    vacua: tuple[Vacuum, ...]
    reference: str
    note: str
    example: Mapping[str, Any]
    covectors: tuple[str, ...] = ()


FAMILIES = (
    "Real scalar fields",
    "Multiplets of real scalar fields",
    "Complex fields",
    "Gauge fields",
    "Dispersive waves",
    "Chains",
    "Mechanics",
    "Oscillators on networks and noisy systems",
)
ENTRIES: dict[str, Entry] = {}

REST = (Vacuum(),)


def theory(
    *,
    family: str,
    title: str,
    parameters: Mapping[str, tuple[str, str]],
    reference: str,
    vacua: Sequence[Vacuum] = REST,
    note: str = "",
    example: Mapping[str, Any] | None = None,
    covectors: Sequence[str] = (),
) -> Callable[[Build], Build]:
    """Decorator that enters a function returning a `Lagrangian` into the catalogue and returns it
    unchanged.

    `family` is one of `FAMILIES`; `parameters`: {argument: (meaning, dimension)} for each argument that
    becomes a coefficient.
    """

    def enter(build: Build) -> Build:
        described = {name: Parameter(*words) for name, words in parameters.items()}
        ENTRIES[build.__name__] = Entry(
            build,
            family,
            title,
            described,
            tuple(vacua),
            reference,
            note,
            dict(example or {}),
            tuple(covectors),
        )
        return build

    return enter
