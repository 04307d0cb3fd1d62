"""Errors of the package; both are `ValueError`s, so a caller may catch either kind with one clause."""

from __future__ import annotations

from typing import Any


class ParseError(ValueError):
    """Text outside the allow-list of `lagrangians.text`; `position` counts characters from 0."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason} (at position {position})")
        self.reason = reason
        self.position = position


class NoLagrangianError(ValueError):
    """No Lagrangian exists in the class that was searched; the message names the failed condition.

    `condition`: the failed Helmholtz condition; `searched`: the class of multipliers, in words;
    `suggestion`: a `Lagrangian` outside that class (with explicit time, or of a potential), or None.
    """

    def __init__(
        self, message: str, condition: Any = None, searched: str = "", suggestion: Any = None
    ) -> None:
        super().__init__(message)
        self.condition = condition
        self.searched = searched
        self.suggestion = suggestion
