"""Things that are chosen by name, with numbers for their parameters: an initial flow, a stirring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulations.names import unknown

from .specification import numbers, specification


@dataclass(frozen=True)
class Choice:
    """What a name means, its parameters {name: (default or None, meaning)}, and what makes it."""

    meaning: str
    parameters: Mapping[str, tuple[float | None, str]]
    make: Callable[..., Any]


def chosen(text: str, choices: Mapping[str, Choice], what: str) -> tuple[Choice, dict[str, float | None]]:
    """The choice that "NAME:key=value,…" names, with all its values; ValueError with the nearest name."""
    name, given = specification(text)
    if name not in choices:
        raise ValueError(unknown(what, name, choices))
    defaults = {key: default for key, (default, _) in choices[name].parameters.items()}
    return choices[name], numbers(given, defaults, name)
