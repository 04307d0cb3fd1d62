"""Which theory of the catalogue a Lagrangian is, and the values of its parameters."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from lagrangians import Lagrangian
from lagrangians.catalogue import describe
from lagrangians.catalogue.registry import ENTRIES
from lagrangians.conjugates import conjugate_pairs
from lagrangians.lattice import field_space
from lagrangians.normal_form import normal_form
from lagrangians.zero import exact

Terms = dict[tuple[int, sympy.Expr], sympy.Expr]
TOLERANCE = 1e-9
TAYLOR = 4  # degree to which functions that hold parameters, e^(βφ), are expanded


def theory_parameters(lagrangian: Lagrangian, theory: str) -> dict[str, float] | None:
    """{parameter: value} if the field equations are those of this theory of the catalogue, else None.

    Equations are compared term by term, up to one factor where the theory's time derivatives have a numerical
    coefficient, whatever the fields are called; of values with several signs the most positive ones.
    ValueError for the name of no theory.
    """
    return None if (found := _parameters(lagrangian, theory)) is None else dict(found)


def values_in(system: Any, lagrangian: Lagrangian | None = None) -> Lagrangian | None:
    """The Lagrangian of a system with the values of all its parameters that are one number."""
    lagrangian = lagrangian or getattr(system, "lagrangian", None)
    if lagrangian is None:
        return None
    values = {
        name: float(value.detach())
        for name, value in getattr(system, "parameters", {}).items()
        if value.numel() == 1 and name in {p.name for p in lagrangian.parameters}
    }
    return lagrangian.substitute(values) if values else lagrangian


@lru_cache(maxsize=256)
def _parameters(lagrangian: Lagrangian, theory: str) -> tuple[tuple[str, float], ...] | None:
    if lagrangian.parameters:
        return None
    if conjugate_pairs(lagrangian.fields):
        lagrangian = lagrangian.real_form()
    template = _template(theory, len(lagrangian.coordinates) - 1)
    if template is None or len(template.fields) != len(lagrangian.fields):
        return None
    if len(template.coordinates) != len(lagrangian.coordinates) or bool(template.lattice) != bool(
        lagrangian.lattice
    ):
        return None
    symbols = template.parameters
    stated, given = _equations(template, template), _equations(lagrangian, template)
    if any(product.has(*symbols) for _, product in _terms(stated)):
        stated, given = (tuple(map(_expanded, side, (template,) * len(side))) for side in (stated, given))
    left, right = _terms(stated), _terms(given)
    if not set(right) <= set(left):
        return None
    if all(_is_jet(product) for _, product in right) and not all(_is_jet(product) for _, product in left):
        return None  # the free limit of an interacting theory, such as m = 0 of Sine-Gordon
    right = {key: right.get(key, sympy.S.Zero) for key in left}
    factor = _factor(left, right, symbols)
    if factor == 0:
        return None
    conditions = {left[key] * factor - right[key] for key in left}
    conditions = {c for c in map(sympy.expand, conditions) if c.free_symbols}
    values = _solved(sorted(conditions, key=sympy.count_ops), symbols)
    if values is None or not all(
        _close(float(left[key].subs(values) * factor), float(right[key])) for key in left
    ):
        return None
    return tuple((symbol.name, values[symbol]) for symbol in symbols)


def _template(theory: str, dimension: int) -> Lagrangian | None:
    arguments = {}
    if theory in ENTRIES and "dimension" in inspect.signature(ENTRIES[theory].build).parameters:
        if dimension not in (1, 2, 3):
            return None
        arguments["dimension"] = dimension
    lagrangian = describe(theory, **arguments).lagrangian
    return lagrangian.real_form() if conjugate_pairs(lagrangian.fields) else lagrangian


def _equations(lagrangian: Lagrangian, template: Lagrangian) -> tuple[sympy.Expr, ...]:
    """E_a in the template's jet symbols."""
    space = field_space(lagrangian.fields, lagrangian.coordinates)
    equations = [exact(space.to_jets(e)) for e in lagrangian.euler_lagrange()]
    names = field_space(template.fields, template.coordinates)
    rules = {
        symbol: names.symbol(field, index)
        for symbol, (field, index) in space.jets_in(sympy.Tuple(*equations)).items()
        if not lagrangian.lattice
    }
    rules |= dict(zip(lagrangian.coordinates, template.coordinates, strict=True))
    return tuple(normal_form(e.xreplace(rules)) for e in equations)


def _expanded(equation: sympy.Expr, template: Lagrangian) -> sympy.Expr:
    """The Taylor polynomial in all jets."""
    small = sympy.Dummy("small")
    jets = field_space(template.fields, template.coordinates).jets_in(equation)
    scaled = equation.xreplace({symbol: small * symbol for symbol in jets})
    derivative, total = scaled, sympy.S.Zero
    for degree in range(TAYLOR + 1):
        total += derivative.subs(small, 0) / math.factorial(degree)
        derivative = sympy.diff(derivative, small)
    return sympy.expand(total)


def _terms(equations: tuple[sympy.Expr, ...]) -> Terms:
    """{(a, product of jets and their functions): coefficient}."""
    found: Terms = {}
    for number, equation in enumerate(equations):
        for term in sympy.Add.make_args(sympy.expand(equation)):
            coefficient, product = sympy.S.One, sympy.S.One
            for part in sympy.Mul.make_args(term):
                if part.is_number or (part.is_Symbol and _is_parameter(part)) or _is_power(part):
                    coefficient *= part
                else:
                    product *= part
            found[number, product] = found.get((number, product), sympy.S.Zero) + coefficient
    return {key: c for key, value in found.items() if (c := sympy.expand(value)) != 0}


def _is_parameter(symbol: sympy.Expr) -> bool:
    return any(symbol.name in entry.parameters for entry in ENTRIES.values())


def _is_jet(product: sympy.Expr) -> bool:
    return product.is_Symbol or isinstance(product, AppliedUndef)


def _is_power(part: sympy.Expr) -> bool:
    base, exponent = part.as_base_exp()
    return exponent.is_number and base.is_Symbol and _is_parameter(base)


def _factor(left: Terms, right: Terms, symbols: tuple[sympy.Symbol, ...]) -> sympy.Expr:
    """given = factor · stated, from a term of the template without parameters; 1 where there is none."""
    for key in sorted(left, key=lambda key: (key[0], sympy.default_sort_key(key[1]))):
        if not left[key].free_symbols and "_t" in str(key[1]):
            return right[key] / left[key]
    return sympy.S.One


def _solved(
    conditions: list[sympy.Expr], symbols: tuple[sympy.Symbol, ...]
) -> Mapping[sympy.Symbol, float] | None:
    if not symbols:
        return {}
    found: list[Mapping[sympy.Symbol, sympy.Expr]] = [{}]
    for condition in conditions:  # each condition is solved in turn for what is still free
        branches = []
        for branch in found:
            left = condition.subs(branch)
            free = sorted(left.free_symbols & set(symbols), key=lambda s: s.name)
            if not free:
                branches.append(branch)
                continue
            for root in sympy.solve(left, free[0]):
                if root.is_real is not False:
                    branches.append(
                        {
                            **{k: sympy.sympify(v).subs(free[0], root) for k, v in branch.items()},
                            free[0]: root,
                        }
                    )
        found = branches
    numbers = []
    for branch in found:
        if all(s in branch and not sympy.sympify(branch[s]).free_symbols for s in symbols):
            values = {s: complex(branch[s]) for s in symbols}
            if all(abs(value.imag) < TOLERANCE for value in values.values()):
                numbers.append({s: value.real for s, value in values.items()})
    return max(numbers, key=lambda branch: sum(v >= 0 for v in branch.values()), default=None)


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= TOLERANCE * max(abs(one), abs(other), 1e-30)
