"""The options of `fieldnet discover`, the same names on the command line, in a TOML file and in Python."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from simulations.names import unknown

from .learning.field_data import HELD_OUT

METHODS = ("weak", "network")
BOUNDARIES = ("periodic", "winding", "open", "dirichlet", "neumann")


@dataclass(frozen=True)
class Configuration:
    """What `discover_lagrangian` takes beside the data; see there. ValueError for what cannot be."""

    field: str | None = None
    fields: tuple[str, ...] | None = None
    features: str = "auto"
    library: str | None = None
    holdout: float = HELD_OUT
    seed: int = 0
    workers: int = 1
    method: str = "weak"
    boundary: str | None = None
    stream: bool | None = None

    def __post_init__(self) -> None:
        if self.field is not None and self.fields is not None:
            raise ValueError("got both 'field' and 'fields', expected one of them; drop one")
        if self.method not in METHODS:
            raise ValueError(f"got the method '{self.method}', expected one of {', '.join(METHODS)}")
        if self.boundary is not None and self.boundary not in BOUNDARIES:
            raise ValueError(f"got the boundary '{self.boundary}', expected one of {', '.join(BOUNDARIES)}")
        if self.method == "network" and self.library is not None:
            raise ValueError("got a library for the method 'network', which has none; take the method 'weak'")
        if self.method == "network" and self.stream:
            raise ValueError("got stream for the method 'network', which reads data whole; leave stream out")
        if self.seed < 0:
            raise ValueError(f"got seed {self.seed}, expected a whole number from 0")
        if self.workers < 1:
            raise ValueError(f"got {self.workers} workers, expected a whole number from 1")
        if self.method == "network" and self.workers > 1:
            raise ValueError(f"got {self.workers} workers for the method 'network', expected 1")
        if not 0 <= self.holdout < 1:
            raise ValueError(f"got {self.holdout:g} to hold out, expected a part from 0 to below 1")

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of `discover_lagrangian`."""
        return asdict(self)

    def content(self) -> dict[str, Any]:
        """What `fit.options` of lagrangian.json records."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a string")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a whole number")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number")
    return float(value)


def field_list(value: Any) -> tuple[str, ...]:
    """`phi, chi` or a list of names as a tuple. Raises ValueError where there is none, or one is empty."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
        raise TypeError("a list of names")
    stripped = tuple(n.strip() for n in names)
    if not all(stripped) or not stripped:
        raise ValueError(f"got the fields {value!r}, expected names separated by commas")
    return stripped


_OF_TYPE: dict[str, Callable[[Any], Any]] = {
    "str": _text,
    "float": _number,
    "int": _whole,
    "bool": _flag,
    "tuple[str, ...]": field_list,
}
_READ = {f.name: _OF_TYPE[str(f.type).removesuffix(" | None")] for f in fields(Configuration)}
_PLACES: dict[str, Callable[[Any], Any]] = {"file": _text, "out": _text}


def read_configuration(path: str | os.PathLike) -> dict[str, Any]:
    """The options in a TOML file, each of the type that `discover_lagrangian` takes.

    Besides them `file` and `out` may stand there, paths from where the command runs. Raises ValueError, one
    line, for a file that is not TOML, an unknown key (with the nearest known one) or a value of another type.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file; check the name") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not a TOML file ({error})") from None
    known = {**_READ, **_PLACES}
    options = {}
    for key, value in content.items():
        if key not in known:
            raise ValueError(f"{path}: {unknown('option', key, known)}")
        try:
            options[key] = known[key](value)
        except TypeError as expected:
            raise ValueError(f"{path}: got {key} = {value!r}, expected {expected}") from None
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    return options


def configuration(given: Mapping[str, Any], written: Mapping[str, Any] | None = None) -> Configuration:
    """Options of the command line over those of a file; None counts as not given."""
    options = {k: v for k, v in (written or {}).items() if k in _READ}
    chosen = {k: v for k, v in given.items() if v is not None}
    if "field" in chosen or "fields" in chosen:
        options = {k: v for k, v in options.items() if k not in ("field", "fields")}
    return Configuration(**{**options, **chosen})
