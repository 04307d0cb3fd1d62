"""Euler–Lagrange expressions of densities in functions, `Indexed` and complex fields, under any names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.conjugates import BAR, with_conjugates
from lagrangians.lattice import field_space
from lagrangians.variation import euler_operator


def euler_lagrange_equations(
    density: sympy.Expr,
    fields: Sequence[sympy.Basic] | sympy.Basic = (),
    coordinates: Sequence[sympy.Symbol] | sympy.Symbol = (),
) -> tuple[sympy.Expr, ...]:
    """E_a(ℒ) = Σ_{k,J} (−1)^|J| D_J S^{−k} ∂ℒ/∂φ^a_J(n + k), one expression (= 0) a field.

    Where SymPy's `euler_equations` gives an equation, this is its left side. Beyond it:

    - arguments of a field that are no coordinates are lattice labels, φ(n, t) varied in t alone, with shifts
      φ(n + 1, t); `coordinates` may be empty for a purely discrete action;
    - fields may be `Indexed`, q[n], u[i, j] (or their `IndexedBase`), with symbols or `Idx` as labels; q[0],
      q[1], … are separate fields. `Derivative(q[n], t)` is a velocity where t is a coordinate;
    - where conjugates occur, inside or outside of derivatives, ψ and ψ* are independent: a field that occurs
      with its conjugate gives two expressions, δ/δψ and then δ/δψ*, written in `conjugate(psi)`;
    - a density without the fields gives zeros.

    Fields default to the undefined functions in the density that depend on every coordinate, coordinates to
    the arguments of the first field. Raises `ValueError` for fields that do not depend on every coordinate,
    for fields at other sites than shifts by whole numbers, and where the fields of a lattice do not share
    their labels.
    """
    if isinstance(density, str):
        raise ValueError("got text as the density, expected a SymPy expression; use parse_lagrangian")
    density = sympy.sympify(density)
    chosen = _fields(fields, coordinates, density)
    variables = _coordinates(coordinates, chosen)
    names = Renaming.of(density, chosen, variables)
    plain, complete = with_conjugates(names.inward(density), names.fields)
    space = field_space(complete, names.coordinates)
    equations = euler_operator(space.to_jets(plain), space)
    return tuple(names.outward(space.to_functions(multiplied_out(e))) for e in equations)


def multiplied_out(expression: sympy.Expr) -> sympy.Expr:
    """Products and powers of sums multiplied out, the arguments of functions and denominators left alone:
    full expansion of nested functions may take for ever.
    """
    hints = {"power_base": False, "power_exp": False, "log": False, "basic": False}
    terms = sympy.Add.make_args(expression)
    return sympy.Add(*(sympy.expand(term, deep=False, **hints) for term in terms))


def _sequence(given: Sequence[sympy.Expr] | sympy.Expr) -> tuple[sympy.Expr, ...]:
    return tuple(given) if isinstance(given, Sequence | sympy.Tuple) else (given,)


def _fields(
    fields: Sequence[sympy.Basic] | sympy.Basic,
    coordinates: Sequence[sympy.Symbol] | sympy.Symbol,
    density: sympy.Expr,
) -> tuple[sympy.Expr, ...]:
    """Applied functions and `Indexed`; an `IndexedBase` is taken at its label."""
    given = _sequence(fields)
    if not given:
        found = [f for f in density.atoms(AppliedUndef) if all(isinstance(a, sympy.Symbol) for a in f.args)]
        found.sort(key=lambda f: (-len(f.args), sympy.default_sort_key(f)))
        needed = set(_sequence(coordinates)) or set(found[0].args if found else ())
        given = tuple(sorted((f for f in found if needed <= set(f.args)), key=sympy.default_sort_key))
    chosen = []
    for field in given:
        if isinstance(field, sympy.IndexedBase):
            field = _at_its_label(field, density)
        if isinstance(field, sympy.conjugate):
            continue  # a conjugate that occurs gets an expression of its own, after its field
        if not isinstance(field, AppliedUndef | sympy.Indexed):
            raise ValueError(
                f"got the field {field!r}, expected an applied function such as phi(t, x) or an Indexed, q[n]"
            )
        chosen.append(field)
    if not chosen:
        raise ValueError("expected at least one field, as an applied function such as phi(t, x)")
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"expected distinct fields, got {', '.join(map(str, chosen))}")
    return tuple(chosen)


def _at_its_label(base: sympy.IndexedBase, density: sympy.Expr) -> sympy.Indexed:
    found = {e.indices for e in density.atoms(sympy.Indexed) if e.base == base}
    plain = {indices for indices in found if all(isinstance(i, LABELS) for i in indices)}
    if len(plain) != 1:
        raise ValueError(f"cannot tell the labels of {base}; declare the field with them, as {base}[n]")
    return base[plain.pop()]


LABELS = (sympy.Symbol, sympy.Idx)


def _coordinates(given: Sequence[sympy.Symbol] | sympy.Symbol, fields: Sequence) -> tuple[sympy.Symbol, ...]:
    variables = _sequence(given)
    if not variables and isinstance(fields[0], AppliedUndef):
        variables = tuple(a for a in fields[0].args if isinstance(a, sympy.Symbol))
    for x in variables:
        if not isinstance(x, sympy.Symbol):
            raise ValueError(f"coordinates must be SymPy symbols, got {x!r}; write sympy.Symbol('x')")
    labels = {i for field in fields if isinstance(field, sympy.Indexed) for i in field.indices}
    return tuple(x for x in variables if x not in labels)


def head_of(field: sympy.Expr) -> object:
    """What all copies of a field share: the function of φ(t, x), the base of q[n]."""
    return field.base if isinstance(field, sympy.Indexed) else field.func


def arguments_of(field: sympy.Expr) -> tuple[sympy.Expr, ...]:
    """The arguments of φ(t, x), the indices of q[n]."""
    return tuple(field.indices if isinstance(field, sympy.Indexed) else field.args)


def unused_prefix(expressions: Iterable[sympy.Expr], start: str = "f") -> str:
    """Letters with which no name in the expressions begins."""
    names = [str(atom) for e in expressions for atom in e.atoms(sympy.Symbol, AppliedUndef)]
    while any(name.startswith(start) for name in names):
        start += "f"
    return start


@dataclass(frozen=True)
class Renaming:
    """The users' fields, coordinates and labels under plain names and in one order, so that any name will do.

    `given` are the users' fields, `order` for each the positions of its labels and then of the coordinates
    among its arguments (−1 where an `Indexed` does not show a coordinate).
    """

    given: tuple[sympy.Expr, ...]
    order: tuple[tuple[int, ...], ...]
    fields: tuple[AppliedUndef, ...]
    coordinates: tuple[sympy.Symbol, ...]
    symbols: tuple[tuple[sympy.Expr, sympy.Symbol], ...]

    @classmethod
    def of(
        cls, density: sympy.Expr, fields: Sequence[sympy.Expr], coordinates: Sequence[sympy.Symbol]
    ) -> Renaming:
        prefix = unused_prefix([density, *fields])
        labels = {
            a: sympy.Dummy(f"n{i}", integer=True)
            for i, a in enumerate(
                dict.fromkeys(a for f in fields for a in arguments_of(f) if a not in coordinates)
            )
            if not a.is_Integer
        }
        renamed = {x: sympy.Dummy(f"x{i}", **x._assumptions_orig) for i, x in enumerate(coordinates)}
        order, inner = [], []
        for number, field in enumerate(fields):
            arguments = arguments_of(field)
            own = [i for i, a in enumerate(arguments) if a in labels]
            missing = [x for x in coordinates if x not in arguments]
            if missing and not isinstance(field, sympy.Indexed):
                expected = ", ".join(map(str, coordinates))
                raise ValueError(f"got field {field}, expected its arguments to hold ({expected})")
            order.append((*own, *(arguments.index(x) if x in arguments else -1 for x in coordinates)))
            real = isinstance(field, AppliedUndef) and field.is_extended_real
            function = sympy.Function(f"{prefix}{number}", **({"real": True} if real else {}))
            inner.append(function(*(labels[arguments[i]] for i in own), *renamed.values()))
        symbols = (*labels.items(), *renamed.items())
        return cls(tuple(fields), tuple(order), tuple(inner), tuple(renamed.values()), symbols)

    def inward(self, expression: sympy.Expr) -> sympy.Expr:
        outer = dict(self.symbols)
        rules = dict(self.symbols)
        for occurrence in expression.atoms(AppliedUndef, sympy.Indexed):
            number = self._number(occurrence)
            if number is not None:
                inner = self._inner_arguments(occurrence, number, outer)
                rules[occurrence] = self.fields[number].func(*inner)
        for derivative in expression.atoms(sympy.Derivative):
            variables = {outer.get(x, x) for x in derivative.variables}
            if derivative.expr in rules and not variables <= set(self.coordinates):
                expected = ", ".join(str(x) for x, inner in self.symbols if inner in self.coordinates)
                raise ValueError(f"got {derivative}, expected derivatives along ({expected}) only")
        return expression.xreplace(rules)

    def _inner_arguments(
        self, occurrence: sympy.Expr, number: int, outer: dict[sympy.Expr, sympy.Symbol]
    ) -> list[sympy.Expr]:
        given = list(zip(arguments_of(occurrence), arguments_of(self.given[number]), strict=True))
        for argument, declared in given:
            is_label = declared in outer and outer[declared] not in self.coordinates
            if argument != declared and not (is_label and (argument - declared).is_Integer):
                raise ValueError(
                    f"got {occurrence}, expected {self.given[number]}, or labels shifted by whole numbers"
                )
        places = zip(self.order[number], self.fields[number].args, strict=True)
        return [inner if i < 0 else inner + (given[i][0] - given[i][1]) for i, inner in places]

    def _number(self, occurrence: sympy.Expr) -> int | None:
        if occurrence in self.given:
            return self.given.index(occurrence)
        same = [i for i, field in enumerate(self.given) if head_of(field) == head_of(occurrence)]
        if not same:
            return None
        fitting = [i for i in same if len(arguments_of(self.given[i])) == len(arguments_of(occurrence))]
        if len(fitting) != 1:
            raise ValueError(f"got {occurrence}, expected one of the declared fields {self.given}")
        return fitting[0]

    def outward(self, expression: sympy.Expr) -> sympy.Expr:
        back = {inner: outer for outer, inner in self.symbols}
        functions = {field.func.__name__: number for number, field in enumerate(self.fields)}
        rules: dict[sympy.Expr, sympy.Expr] = dict(back)
        for applied in expression.atoms(AppliedUndef):
            name = applied.func.__name__
            number = functions.get(name.removesuffix(BAR))
            if number is None:
                continue
            arguments = list(arguments_of(self.given[number]))
            for i, a in zip(self.order[number], applied.args, strict=True):
                if i >= 0:
                    arguments[i] = a.xreplace(back)
            field = rebuilt(self.given[number], arguments)
            rules[applied] = sympy.conjugate(field) if name.endswith(BAR) else field
        return expression.xreplace(rules)


def rebuilt(field: sympy.Expr, arguments: Sequence[sympy.Expr]) -> sympy.Expr:
    """The same field at other arguments."""
    return field.base[tuple(arguments)] if isinstance(field, sympy.Indexed) else field.func(*arguments)
