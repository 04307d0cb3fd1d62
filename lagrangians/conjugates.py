"""Complex fields: ψ and its conjugate ψ̄ as two independent fields, named `psi` and `psi_bar`.

The variation of a real action with respect to Re ψ and Im ψ is that with respect to ψ and ψ̄ (Wirtinger):
δ/δ Re ψ = δ/δψ + δ/δψ̄ and δ/δ Im ψ = i(δ/δψ − δ/δψ̄).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sympy
from sympy.core.function import AppliedUndef

BAR = "_bar"


def conjugate_pairs(fields: Sequence[AppliedUndef]) -> tuple[tuple[int, int], ...]:
    """(number of ψ, number of ψ̄) for each declared field that has a declared partner named `…_bar`."""
    places = {(field.func.__name__, field.args): number for number, field in enumerate(fields)}
    pairs = ((places.get((name[: -len(BAR)], args)), a) for (name, args), a in places.items())
    return tuple((a, b) for a, b in pairs if a is not None and fields[b].func.__name__.endswith(BAR))


def with_conjugates(
    density: sympy.Expr, fields: Sequence[AppliedUndef]
) -> tuple[sympy.Expr, tuple[AppliedUndef, ...]]:
    """The density without `conjugate`, `Abs`, `re`, `im`, `sign` and `arg` of fields, and the fields with
    partners.

    ψ* becomes ψ̄, |ψ| = √(ψψ̄), Re ψ = (ψ + ψ̄)/2, Im ψ = (ψ − ψ̄)/2i, inside and outside of derivatives; a ψ̄
    that then occurs joins the fields directly after ψ. Coordinates, lattice labels and parameters are real,
    save for symbols declared with `complex=True`; so are fields made with `Function("A", real=True)`, and,
    where a pair ψ, ψ̄ is declared, all other fields.
    """
    fields = tuple(fields)
    if not density.has(*PARTS):
        return density, fields
    conjugation = Conjugation.of(fields)
    density = conjugation.without_parts(density)
    present = {applied.func for applied in density.atoms(AppliedUndef)}
    declared = {field.func.__name__ for field in fields}
    complete: list[AppliedUndef] = []
    for field in fields:
        complete.append(field)
        partner = conjugation.partners.get(field.func)
        if partner is not None and partner in present and partner.__name__ not in declared:
            complete.append(partner(*field.args))
    return density, tuple(complete)


@dataclass(frozen=True)
class Conjugation:
    """Complex conjugation of expressions; `partners` maps ψ to ψ̄ and back."""

    partners: Mapping[type, type]

    @classmethod
    def of(cls, fields: Sequence[AppliedUndef]) -> Conjugation:
        """The declared pairs, or, where none is declared, a pair for each field that is not declared real."""
        pairs = [(fields[a].func, fields[b].func) for a, b in conjugate_pairs(fields)]
        if not pairs:
            functions = [field.func for field in fields if not field.is_extended_real]
            pairs = [(f, sympy.Function(f.__name__ + BAR)) for f in functions]
        return cls({a: b for pair in pairs for a, b in (pair, pair[::-1])})

    def __call__(self, expression: sympy.Expr) -> sympy.Expr:
        """ψ ↔ ψ̄, i → −i, everywhere."""
        rules: dict[sympy.Expr, sympy.Expr] = {sympy.I: -sympy.I}
        for applied in expression.atoms(AppliedUndef):
            if applied.func in self.partners:
                rules[applied] = self.partners[applied.func](*applied.args)
        for symbol in expression.atoms(sympy.Symbol):
            if symbol.is_complex and not symbol.is_extended_real:
                rules |= {symbol: sympy.conjugate(symbol), sympy.conjugate(symbol): symbol}
        return expression.xreplace(rules)

    def concerns(self, expression: sympy.Expr) -> bool:
        return any(applied.func in self.partners for applied in expression.atoms(AppliedUndef))

    def without_parts(self, expression: sympy.Expr) -> sympy.Expr:
        """`conjugate`, `Abs`, … written in ψ and ψ̄, from the inside out."""
        if not expression.has(*PARTS):
            return expression
        if isinstance(expression, sympy.Derivative):
            return sympy.Derivative(self.without_parts(expression.expr), *expression.variable_count)
        if expression.is_Pow and isinstance(expression.base, sympy.Abs):
            inner = self.without_parts(expression.base.args[0])
            if self.concerns(inner):
                return (inner * self(inner)) ** (self.without_parts(expression.exp) / 2)
        arguments = [self.without_parts(argument) for argument in expression.args]
        if isinstance(expression, sympy.conjugate):
            return self(arguments[0])
        rule = PARTS.get(expression.func)
        if rule is None or not self.concerns(arguments[0]):
            return expression.func(*arguments)
        return rule(arguments[0], self(arguments[0]))


PARTS: Mapping[type, Callable[[sympy.Expr, sympy.Expr], sympy.Expr]] = {
    sympy.conjugate: lambda z, bar: bar,
    sympy.Abs: lambda z, bar: sympy.sqrt(z * bar),
    sympy.re: lambda z, bar: (z + bar) / 2,
    sympy.im: lambda z, bar: (z - bar) / (2 * sympy.I),
    sympy.sign: lambda z, bar: z / sympy.sqrt(z * bar),
    sympy.arg: lambda z, bar: sympy.log(z / bar) / (2 * sympy.I),
}


def in_real_fields(
    density: sympy.Expr,
    fields: Sequence[AppliedUndef],
    names: Mapping[str, tuple[str, str]] | None = None,
) -> tuple[sympy.Expr, sympy.Expr, tuple[AppliedUndef, ...]]:
    """(real part, imaginary part, fields) of the density at ψ = u + iv, ψ̄ = u − iv, expanded.

    u and v take the places of ψ and ψ̄ among the fields; they are called `psi_re` and `psi_im` where `names`
    gives no others. Raises `ValueError` for names that belong to no complex field.
    """
    pairs = dict(conjugate_pairs(fields))
    chosen = dict(names or {})
    known = {fields[a].func.__name__ for a in pairs}
    for name, parts in chosen.items():
        if name not in known:
            raise ValueError(f"got {name!r}, expected a complex field: {', '.join(sorted(known)) or 'none'}")
        if isinstance(parts, str) or len(parts) != 2:
            raise ValueError(f"got {parts!r} for {name!r}, expected two names, as ('u', 'v')")
    rules = {}
    real_fields: list[AppliedUndef] = []
    values: dict[type, Callable[..., sympy.Expr]] = {}
    for a, b in pairs.items():
        name = fields[a].func.__name__
        u, v = (sympy.Function(part) for part in chosen.get(name, (f"{name}_re", f"{name}_im")))
        values[fields[a].func] = lambda *args, u=u, v=v: u(*args) + sympy.I * v(*args)
        values[fields[b].func] = lambda *args, u=u, v=v: u(*args) - sympy.I * v(*args)
        rules[a], rules[b] = u(*fields[a].args), v(*fields[a].args)
    for number, field in enumerate(fields):
        real_fields.append(rules.get(number, field))
    substitution = {
        applied: values[applied.func](*applied.args)
        for applied in density.atoms(AppliedUndef)
        if applied.func in values
    }
    value = sympy.expand(density.xreplace(substitution).doit())
    mirrored = value.xreplace({sympy.I: -sympy.I})
    halves = (value + mirrored) / 2, (value - mirrored) / (2 * sympy.I)
    return sympy.expand(halves[0]), sympy.expand(halves[1]), tuple(real_fields)
