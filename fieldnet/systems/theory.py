"""Which theory is meant: a name of the catalogue, the file of a learned theory, or a density as text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sympy

from lagrangians import Lagrangian, catalogue, parse_expression, parse_lagrangian
from lagrangians.catalogue.registry import ENTRIES
from lagrangians.conjugates import BAR
from simulations.names import unknown

from ..saving import read_content
from .reformulation import fourth_order_pair, most_probable_path
from .specification import number

SPACE = ("x", "y", "z")


@dataclass(frozen=True)
class Theory:
    """A theory with numbers for its parameters: a density, or equations of some fields.

    `vacuum` holds the values of the fields that are not 0 there, of a complex one its real part; `note` says
    how the equations came from the density.
    """

    name: str
    coordinates: tuple[str, ...]
    lagrangian: Lagrangian | None = None
    equations: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    vacuum: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


MEANINGS = {
    "components": "number of fields",
    "kappa": "rate of the drift",
    "D": "diffusion coefficient",
}
_EQUATIONS: dict[str, tuple[Callable[[Lagrangian], list[str]], str]] = {
    "pais_uhlenbeck": (fourth_order_pair, "q2 is q_tt"),
    "freidlin_wentzell": (most_probable_path, "the path of zero action"),
    "onsager_machlup": (most_probable_path, "the path without noise"),
}


def theory_parameters(name: str) -> dict[str, str]:
    """{parameter: default} of a theory of the catalogue, those that `--parameter` sets."""
    entry = ENTRIES[name]
    arguments = inspect.signature(entry.build).parameters
    defaults = {
        key: "1" if argument.default is argument.empty else str(argument.default)
        for key, argument in arguments.items()
        if key not in ("dimension", *entry.example) or key == "components"
    }
    symbolic = sorted({s for s in map(str, _symbols(entry.example)) if s not in defaults})
    hidden = {"theta", *map(str, entry.example.get("fields", ()))}
    return defaults | {s: "1" for s in symbolic if s not in hidden}


def _symbols(example: Mapping[str, Any]) -> set[sympy.Symbol]:
    """Symbols in the described case: the stiffness of a drift, the strength of noise."""
    return {
        symbol
        for key, value in example.items()
        if key in ("drift", "noise")
        for part in (value if isinstance(value, tuple) else (value,))
        for symbol in sympy.sympify(part).free_symbols
    }


def dimension_of(name: str, dimension: int | None) -> int | None:
    """The number of space dimensions of a theory of the catalogue; None for mechanics.

    ValueError if the theory does not exist in the dimension that is asked for.
    """
    entry = ENTRIES[name]
    fixed = len(catalogue.describe(name).lagrangian.coordinates) - 1
    if "dimension" in inspect.signature(entry.build).parameters:
        return dimension
    if fixed == 0:
        return None
    if dimension not in (None, fixed):
        raise ValueError(f"got --dimension {dimension}, expected {fixed}: {name} exists there only")
    return fixed


def catalogue_theory(name: str, given: Mapping[str, str], dimension: int | None) -> Theory:
    """The theory of this name with the given values of its parameters.

    A value is a number, or for fields on a grid an expression in the coordinates, such as "1+0.1*cos(x)".
    Raises ValueError for unknown names and unreadable values.
    """
    entry = ENTRIES[name]
    space = dimension_of(name, dimension)
    values = theory_parameters(name)
    for key in given:
        if key not in values:
            raise ValueError(unknown(f"parameter of {name}", key, tuple(values)))
    values |= given
    places = () if space is None else SPACE[:space]
    read = {key: _value(key, text, places) for key, text in values.items()}
    arguments = inspect.signature(entry.build).parameters
    symbols = {sympy.Symbol(key): value for key, value in read.items() if key not in arguments}
    example = {key: _filled(value, symbols) for key, value in entry.example.items()}
    if "dimension" in arguments and space is not None:
        example["dimension"] = space
    described = {key: value for key, value in read.items() if key in arguments}
    lagrangian = entry.build(**{**example, **described})
    vacua = catalogue.describe(name, **described).vacua if not symbols else ()
    vacuum = {k: float(v) for k, v in vacua[0].values.items() if not v.free_symbols} if vacua else {}
    return _runnable(name, lagrangian, values, vacuum)


def _value(key: str, text: str, places: Sequence[str]) -> sympy.Expr | int | float:
    if key == "components":
        return int(number(text, key))
    try:
        value = float(text)
    except ValueError:
        if not places:
            raise ValueError(f"got {key} = {text}, expected a number") from None
        return parse_expression(text, (), tuple(map(sympy.Symbol, places)))
    return int(value) if value.is_integer() else number(text, key)


def _filled(value: Any, symbols: Mapping[sympy.Symbol, Any]) -> Any:
    if isinstance(value, tuple) and all(isinstance(part, sympy.Expr) for part in value):
        return tuple(part.subs(symbols) for part in value)
    if isinstance(value, str) and sympy.Symbol(value) in symbols:
        return symbols[sympy.Symbol(value)]
    return value


def _runnable(
    name: str, lagrangian: Lagrangian, parameters: Mapping[str, str], vacuum: Mapping[str, float]
) -> Theory:
    """The theory, in a form that can be run."""
    coordinates = lagrangian.jets.coordinate_names
    if name not in _EQUATIONS:
        real = {_real_part(lagrangian, key): value for key, value in vacuum.items()}
        return Theory(name, coordinates, lagrangian, parameters=parameters, vacuum=real)
    derive, note = _EQUATIONS[name]
    equations = tuple(derive(lagrangian))
    fields = tuple(line.partition(" = ")[0].rsplit("_", 1)[0] for line in equations)
    return Theory(name, coordinates, None, equations, fields, parameters, vacuum, note)


def _real_part(lagrangian: Lagrangian, field: str) -> str:
    """The name of a field, of a complex one that of its real part."""
    name = field.removesuffix(BAR)
    return f"{name}_re" if name + BAR in lagrangian.jets.field_names else field


def text_theory(
    density: str, fields: Sequence[str], given: Mapping[str, str], dimension: int | None
) -> Theory:
    """The theory of a density in jet names, such as "phi_t**2/2 - phi_x**2/2 - phi**4/4"."""
    coordinates = ("t", *SPACE[: 1 if dimension is None else dimension])
    lagrangian = parse_lagrangian(density, tuple(fields), coordinates, tuple(given))
    values = {key: _value(key, text, coordinates[1:]) for key, text in given.items()}
    lagrangian = lagrangian.substitute(values)
    return Theory("density", coordinates, lagrangian, parameters=dict(given))


def file_theory(path: Path, given: Mapping[str, str]) -> Theory:
    """The theory of a `lagrangian.json`.

    One whose verdict is `not variational`, or whose density is about a potential of the fields in the data,
    is run from its equations of motion.
    """
    content = read_content(path)
    lagrangian = Lagrangian.from_json(content)
    known = [p.name for p in lagrangian.parameters]
    for key in given:
        if key not in known:
            raise ValueError(unknown(f"parameter of {path}", key, known))
    jets = lagrangian.jets
    values = {key: _value(key, text, jets.coordinate_names[1:]) for key, text in given.items()}
    lagrangian = lagrangian.substitute(values)
    if lagrangian.parameters:
        names = ", ".join(p.name for p in lagrangian.parameters)
        raise ValueError(f"{path}: got no value for {names}, expected --parameter NAME=VALUE for each")
    name = path.parent.name or path.stem
    equations, found = content.get("equations_of_motion"), content.get("data_fields")
    fields = tuple(map(str, found)) if isinstance(found, list) else jets.field_names
    beside = str(content.get("verdict", "")).startswith("not variational") or fields != jets.field_names
    if beside and isinstance(equations, list):
        lines = tuple(map(str, equations))
        return Theory(name, jets.coordinate_names, None, lines, fields, dict(given))
    return Theory(name, jets.coordinate_names, lagrangian, parameters=dict(given))
