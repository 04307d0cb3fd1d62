"""Functional derivatives δI/δφ(y) of integrals, of sums over lattice labels, and of functions of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.conjugates import Conjugation
from lagrangians.euler_lagrange import arguments_of, head_of, multiplied_out, rebuilt, unused_prefix
from lagrangians.jets import JetSpace
from lagrangians.variation import euler_operator

ACCUMULATIONS = (sympy.Integral, sympy.Sum)


def functional_derivative(functional: sympy.Expr, field: sympy.Expr) -> sympy.Expr:
    """δI/δφ(y), defined by δI = ∫ δφ(y) δI/δφ(y) dy (Σ_m on a lattice) for variations that vanish at the
    ends.

    For I = ∫ℒ dx it is Σ_J (−1)^|J| D_J ∂ℒ/∂φ_J at x = y, for I = Σ_n ℒ it is Σ_k S^{−k} ∂ℒ/∂q(n + k) at
    n = m. `functional` is an expression in `Integral`s and `Sum`s, of one variable or several, nested or not,
    which may hold the field at several points, ∫∫ φ(x) K(x, y) φ(y) dx dy; sums, products, powers and
    functions of such integrals follow the chain rule, δf(I) = f′(I) δI. `field` is φ(y) or q[m] at the point
    of evaluation, or its `conjugate`: with conjugates about, φ and φ* are independent. Arguments that are not
    integrated over, t of φ(t, x) in ∫ dx, stay fixed; derivatives along them are independent of φ and have a
    functional derivative of their own: `field` may be φ_t(t, y). Points of evaluation lie inside the limits.

    Raises `ValueError` for a field outside of integrals, for limits that depend on variables of integration,
    and for arguments that are not of the form variable + constant.
    """
    functional, field = sympy.sympify(functional), sympy.sympify(field)
    inner = field.args[0] if isinstance(field, sympy.conjugate) else field
    order: tuple = ()
    if isinstance(inner, sympy.Derivative):
        inner, order = inner.expr, inner.variable_count
    if not isinstance(inner, AppliedUndef | sympy.Indexed):
        raise ValueError(f"got the field {field}, expected phi(y), an Indexed such as q[m], or a conjugate")
    names = _Names.of(functional, inner)
    target = names.inward(field)
    point = target.expr if order else target
    orders = tuple((names.inward(x), count) for x, count in order)
    result = _derivative(names.inward(functional), _Target(point, orders, names.prefix))
    return names.outward(result)


@dataclass(frozen=True)
class _Names:
    """The field as a function with a name that nothing else has, and its conjugate."""

    field: sympy.Expr
    prefix: str

    @classmethod
    def of(cls, functional: sympy.Expr, field: sympy.Expr) -> _Names:
        return cls(field, unused_prefix([functional, field], "point"))

    @property
    def function(self) -> type:
        real = isinstance(self.field, AppliedUndef) and self.field.is_extended_real
        return sympy.Function(self.prefix, real=True) if real else sympy.Function(self.prefix)

    def inward(self, expression: sympy.Expr) -> sympy.Expr:
        rules = {
            e: self.function(*arguments_of(e))
            for e in expression.atoms(AppliedUndef, sympy.Indexed)
            if head_of(e) == head_of(self.field)
        }
        plain = expression.xreplace(rules)
        place = self.function(*arguments_of(self.field))
        return Conjugation.of((place,)).without_parts(plain)

    def outward(self, expression: sympy.Expr) -> sympy.Expr:
        rules = {}
        for e in expression.atoms(AppliedUndef):
            if e.func.__name__.startswith(self.prefix):
                outer = rebuilt(self.field, e.args)
                rules[e] = outer if e.func == self.function else sympy.conjugate(outer)
        return expression.xreplace(rules)


@dataclass(frozen=True)
class _Target:
    """The field at the point of evaluation, and the fixed arguments along which it is differentiated."""

    point: AppliedUndef
    orders: tuple[tuple[sympy.Symbol, int], ...]
    prefix: str

    def occurs_in(self, expression: sympy.Expr) -> bool:
        return any(e.func == self.point.func for e in expression.atoms(AppliedUndef))


def _derivative(functional: sympy.Expr, target: _Target) -> sympy.Expr:
    """The chain rule over the outermost integrals."""
    if not target.occurs_in(functional):
        return sympy.S.Zero
    if isinstance(functional, ACCUMULATIONS):
        return _of_accumulation(functional, target)
    parts = {part: sympy.Dummy() for part in _outermost(functional, target)}
    local = functional.xreplace(parts)
    if target.occurs_in(local):
        raise ValueError("the field occurs outside of integrals and sums; write phi(y) as an Integral")
    back = {dummy: part for part, dummy in parts.items()}
    return sympy.Add(
        *(
            sympy.diff(local, dummy).xreplace(back) * _of_accumulation(part, target)
            for part, dummy in parts.items()
        )
    )


def _outermost(expression: sympy.Expr, target: _Target) -> list[sympy.Expr]:
    if isinstance(expression, ACCUMULATIONS):
        return [expression] if target.occurs_in(expression) else []
    return list(dict.fromkeys(part for e in expression.args for part in _outermost(e, target)))


@dataclass(frozen=True)
class _Bound:
    """One variable of integration or summation; the dummy stands for it in the integrand."""

    kind: type
    variable: sympy.Symbol
    dummy: sympy.Symbol
    limits: tuple[sympy.Expr, ...]


def _opened(expression: sympy.Expr) -> tuple[sympy.Expr, list[_Bound]]:
    """(integrand, bound variables from the innermost out) of nested integrals and sums."""
    bounds: list[_Bound] = []
    while isinstance(expression, ACCUMULATIONS):
        here = []
        for limit in expression.limits:
            dummy = sympy.Dummy(limit[0].name, **limit[0]._assumptions_orig)
            here.append(_Bound(expression.func, limit[0], dummy, tuple(limit[1:])))
        bounds = here + bounds
        expression = expression.function.xreplace({b.variable: b.dummy for b in here})
    names = {b.variable for b in bounds} | {b.dummy for b in bounds}
    for bound in bounds:
        if any(limit.free_symbols & names for limit in bound.limits):
            raise ValueError(f"got limits of {bound.variable} that depend on a variable of integration")
    return expression, bounds


def _closed(expression: sympy.Expr, bounds: Sequence[_Bound]) -> sympy.Expr:
    for bound in bounds:
        name = bound.dummy if bound.variable in expression.free_symbols else bound.variable
        expression = bound.kind(expression.xreplace({bound.dummy: name}), (name, *bound.limits))
    return expression


def _of_accumulation(accumulation: sympy.Expr, target: _Target) -> sympy.Expr:
    integrand, bounds = _opened(accumulation)
    dummies = [b.dummy for b in bounds]
    inner = _outermost(integrand, target)
    names = {part: f"{target.prefix}inner{i}" for i, part in enumerate(inner)}
    symbols = {
        part: sympy.Function(name)(*(d for d in dummies if d in part.free_symbols))
        for part, name in names.items()
    }
    local = integrand.xreplace(symbols)
    back = {symbol: part for part, symbol in symbols.items()}
    found = [_closed(_carried_out(value), rest) for value, rest in _local_terms(local, bounds, target, back)]
    for part, symbol in symbols.items():
        dummy = sympy.Dummy()
        factor = sympy.diff(local.xreplace({symbol: dummy}), dummy).xreplace({dummy: symbol})
        if any(d.expr == symbol for d in local.atoms(sympy.Derivative)):
            raise ValueError(f"got a derivative of {part}, which is an integral itself; carry it out first")
        found.append(_closed((factor * _derivative(part, target)).xreplace(back), bounds))
    return sympy.Add(*found)


def _carried_out(expression: sympy.Expr) -> sympy.Expr:
    """Derivatives under the signs of inner integrals and sums."""
    rules = {
        d: d.doit(deep=False) for d in expression.atoms(sympy.Derivative) if isinstance(d.expr, ACCUMULATIONS)
    }
    return expression.xreplace(rules)


def _local_terms(
    integrand: sympy.Expr,
    bounds: Sequence[_Bound],
    target: _Target,
    inner: Mapping[sympy.Expr, sympy.Expr],
) -> list[tuple[sympy.Expr, list[_Bound]]]:
    """(expression at the point of evaluation, bound variables that are left) for each place where the field
    occurs in the integrand; `inner` gives the integrals for which functions stand there.
    """
    continuous = [b.dummy for b in bounds if b.kind is sympy.Integral]
    places: dict[tuple, AppliedUndef] = {}
    rules: dict[sympy.Expr, sympy.Expr] = {}
    if any(isinstance(e, sympy.Subs) and target.occurs_in(e) for e in sympy.preorder_traversal(integrand)):
        raise ValueError("got derivatives of the field at a shifted point; write Derivative(phi(x + 1), x)")
    for atom in sorted(integrand.atoms(AppliedUndef, sympy.Derivative), key=sympy.default_sort_key):
        place = atom.expr if isinstance(atom, sympy.Derivative) else atom
        if not isinstance(place, AppliedUndef) or place.func != target.point.func:
            continue
        for argument, wanted in zip(place.args, target.point.args, strict=False):
            if wanted in dict(target.orders) and argument.free_symbols & {b.dummy for b in bounds}:
                raise ValueError(
                    f"got a derivative along {wanted}, which is integrated over; ask for the field"
                )
        counts = atom.variable_count if isinstance(atom, sympy.Derivative) else ()
        along = [x for x in continuous if x in place.free_symbols]
        fixed = tuple((x, n) for x, n in counts if x not in along)
        if any(x in [b.dummy for b in bounds] for x, _ in fixed):
            raise ValueError(f"got {atom}, a derivative along a label of a sum")
        key = (place, fixed)
        places.setdefault(key, sympy.Function(f"{target.prefix}place{len(places)}")(*along))
        own = [(x, n) for x, n in counts if x in along]
        rules[atom] = sympy.Derivative(places[key], *own) if own else places[key]
    plain = integrand.xreplace(rules)
    back = {
        function: sympy.Derivative(place, *fixed) if fixed else place
        for (place, fixed), function in places.items()
    }
    terms = []
    for (place, fixed), function in places.items():
        if sorted(fixed, key=str) != sorted(target.orders, key=str):
            continue
        jets = JetSpace(function.args, (function,))
        (equation,) = euler_operator(jets.to_jets(plain), jets)
        value = multiplied_out(jets.to_functions(equation).xreplace(back)).xreplace(inner)
        terms.append(_at_point(value, place, bounds, target))
    return terms


def _at_point(
    value: sympy.Expr, place: AppliedUndef, bounds: Sequence[_Bound], target: _Target
) -> tuple[sympy.Expr, list[_Bound]]:
    """Solve place = point for the bound variables among the arguments of the place, and put them in."""
    left = {b.dummy: b for b in bounds}
    if len(place.args) != len(target.point.args):
        raise ValueError(f"got the field with {len(place.args)} and with {len(target.point.args)} arguments")
    for argument, wanted in zip(place.args, target.point.args, strict=True):
        here = [x for x in left if x in argument.free_symbols]
        offset = argument - here[0] if len(here) == 1 else argument
        if len(here) > 1 or offset.free_symbols & {b.dummy for b in bounds}:
            raise ValueError(
                f"got the argument {argument}, expected a variable of integration plus a constant"
            )
        if here:
            value = _moved(value, here[0], wanted, offset)
            del left[here[0]]
        elif argument != wanted:
            raise ValueError(
                f"got the field at {argument}, which is not integrated over, and the derivative at {wanted}"
            )
    return value, list(left.values())


def _moved(value: sympy.Expr, dummy: sympy.Symbol, wanted: sympy.Expr, offset: sympy.Expr) -> sympy.Expr:
    """The expression at dummy = wanted − offset, with derivatives along the dummy taken along `wanted`."""
    if not isinstance(wanted, sympy.Symbol):
        free = sympy.Dummy(dummy.name)
        return _moved(value, dummy, free, offset).subs(free, wanted)
    if value == dummy:
        return wanted - offset
    if not value.args or dummy not in value.free_symbols:
        return value
    if isinstance(value, sympy.Derivative):
        inner = _moved(value.expr, dummy, wanted, offset)
        along = ((_moved(x, dummy, wanted, sympy.S.Zero), n) for x, n in value.variable_count)
        return sympy.Derivative(inner, *along)
    if isinstance(value, ACCUMULATIONS):
        clashing = {limit[0] for limit in value.limits} & (wanted - offset).free_symbols
        value = value.xreplace({x: sympy.Dummy(x.name, **x._assumptions_orig) for x in clashing})
    return value.func(*(_moved(argument, dummy, wanted, offset) for argument in value.args))
