"""Text such as `breather:frequency=0.5,v=0.2` and `c=1.2`, and names that are nearly right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TypeVar

from simulations.names import unknown

Default = TypeVar("Default", float, float | None)


def specification(text: str) -> tuple[str, dict[str, str]]:
    """(name, {key: value}) of `name` or `name:key=value,key=value`; the name is empty in `key=value,…`.

    >>> specification("kink-antikink:v=0.6")
    ('kink-antikink', {'v': '0.6'})
    """
    name, colon, rest = text.strip().partition(":")
    if not colon and "=" in name:
        name, rest = "", name
    if colon and not rest.strip():
        raise ValueError(f"got '{text}' with nothing behind the colon, expected NAME or NAME:key=value,…")
    return name.strip(), assignments(rest.split(",") if rest.strip() else ())


def assignments(texts: Iterable[str]) -> dict[str, str]:
    """{key: value} of texts `key=value`. ValueError for text without "=" and for a key given twice."""
    values: dict[str, str] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not (equals and key and value):
            raise ValueError(f"got '{text.strip()}', expected key=value")
        if key in values:
            raise ValueError(f"got {key} twice, expected it once")
        values[key] = value
    return values


def number(value: str, what: str) -> float:
    """A finite float. ValueError that names what it is for."""
    try:
        result = float(value)
    except ValueError:
        raise ValueError(f"got {what} = {value}, expected a number") from None
    if not math.isfinite(result):
        raise ValueError(f"got {what} = {value}, expected a finite number")
    return result


def numbers(given: Mapping[str, str], defaults: Mapping[str, Default], what: str) -> dict[str, Default]:
    """The defaults with the given values in their place. ValueError for a key that is none of theirs."""
    for key in given:
        if key not in defaults:
            raise ValueError(unknown(f"{what} parameter", key, defaults))
    return {**defaults, **{key: number(value, key) for key, value in given.items()}}
