"""Errors of the package; both are `ValueError`s, so a caller may catch either kind with one clause."""

from __future__ import annotations


class ParseError(ValueError):
    """Text outside the allow-list of `lagrangians.text`; `position` counts characters from 0."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason} (at position {position})")
        self.reason = reason
        self.position = position


class NoLagrangianError(ValueError):
    """No Lagrangian exists in the class that was searched; the message names the failed condition."""
