"""Initial data by name: exact solutions of theories of the catalogue, and data that suit every system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..names import unknown

State = torch.Tensor | tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Parameter:
    """Meaning of a parameter, and its default; None for one that is chosen by the box."""

    meaning: str
    default: float | None


@dataclass(frozen=True)
class Solution:
    """A solution of one theory of the catalogue, in the layout that its system takes.

    `make(place, time, theory, **values)` returns q, or (q, v) for theories of second order in time. `place`
    is the grid, or a `Chain`; `theory` maps the catalogue's parameters to numbers; `boundary` is what a box
    needs that is to hold it, "winding" of a chain a rise of 2πn; `exact` is False for superpositions that
    solve the equations up to tails, and for continuum limits.
    """

    name: str
    theory: str
    meaning: str
    parameters: Mapping[str, Parameter]
    reference: str
    boundary: str
    exact: bool
    make: Callable[..., State]

    def build(
        self, place: Any, theory: Mapping[str, float], time: float = 0.0, **values: float | None
    ) -> State:
        """The solution at a time, from its parameters; those left out have their defaults.

        ValueError for a parameter that it does not have.
        """
        return self.make(place, time, theory, **with_defaults(self.name, self.parameters, values))


@dataclass(frozen=True)
class GeneralData:
    """Initial data that any system may start from for which `applies` holds: `make(system, **values)`."""

    name: str
    meaning: str
    parameters: Mapping[str, Parameter]
    applies: Callable[[Any], bool]
    make: Callable[..., State]

    def build(self, system: Any, **values: float | None) -> State:
        """The initial state, from its parameters; those left out have their defaults."""
        return self.make(system, **with_defaults(self.name, self.parameters, values))


SOLUTIONS: dict[str, dict[str, Solution]] = {}
"""{theory: {name: solution}}."""
GENERAL: dict[str, GeneralData] = {}

Described = Mapping[str, tuple[str, float | None]]


def solution(
    name: str,
    theory: str,
    meaning: str,
    parameters: Described,
    reference: str,
    boundary: str = "periodic",
    exact: bool = True,
) -> Callable[[Callable[..., State]], Callable[..., State]]:
    """Decorator that enters `make(place, time, theory, **values)` into `SOLUTIONS` and returns it unchanged.

    `parameters`: {argument: (meaning, default)}.
    """

    def enter(make: Callable[..., State]) -> Callable[..., State]:
        described = {key: Parameter(*words) for key, words in parameters.items()}
        entries = SOLUTIONS.setdefault(theory, {})
        entries[name] = Solution(name, theory, meaning, described, reference, boundary, exact, make)
        return make

    return enter


def general(
    name: str, meaning: str, parameters: Described, applies: Callable[[Any], bool]
) -> Callable[[Callable[..., State]], Callable[..., State]]:
    """Decorator that enters `make(system, **values)` into `GENERAL` and returns it unchanged."""

    def enter(make: Callable[..., State]) -> Callable[..., State]:
        described = {key: Parameter(*words) for key, words in parameters.items()}
        GENERAL[name] = GeneralData(name, meaning, described, applies, make)
        return make

    return enter


def with_defaults(
    name: str, parameters: Mapping[str, Parameter], given: Mapping[str, float | None]
) -> dict[str, float | None]:
    """All parameters, those that are not given with their defaults. ValueError for unknown ones."""
    for key in given:
        if key not in parameters:
            raise ValueError(unknown(f"parameter of {name}", key, parameters))
    return {**{key: parameter.default for key, parameter in parameters.items()}, **given}
