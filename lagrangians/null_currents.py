"""The current whose divergence is a given null Lagrangian, in plain jet symbols (see `jets`)."""

from __future__ import annotations

import sympy

from lagrangians.integration_by_parts import integrate_by_parts
from lagrangians.jets import JetSpace, raised
from lagrangians.variation import boundary_current, divergence, is_null
from lagrangians.zero import is_zero, with_positive_symbols


def null_current(density: sympy.Expr, jets: JetSpace) -> tuple[sympy.Expr, ...]:
    """K^α with D_αK^α = ℒ for a null Lagrangian ℒ.

    Integrations by parts first; what they leave, A(x, φ) + A^α_a(x, φ) φ^a_α, is integrated field by field;
    the homotopy formula (Olver, *Applications of Lie Groups*, theorem 5.104) takes the rest. Raises
    `ValueError` where ℒ is not null, or no elementary current is found.
    """
    rest, found = integrate_by_parts(density, jets)
    current = list(found)
    if is_zero(rest):
        return tuple(current)
    if not is_null(rest, jets):
        raise ValueError("the density is no total divergence: its Euler operator does not vanish")
    for method in (_field_by_field, _homotopy_from_zero, _homotopy_from_one):
        part = method(rest, jets)
        if part is not None and is_zero(divergence(part, jets) - rest):
            return tuple(sympy.expand(k + p) for k, p in zip(current, part, strict=True))
    raise ValueError("no elementary current found whose divergence is the given null Lagrangian")


def _field_by_field(density: sympy.Expr, jets: JetSpace) -> tuple[sympy.Expr, ...] | None:
    """For ℒ = A + A^α_aφ^a_α: K^α = ∫A^α_1 dφ¹, then the same with the next field; A(x) along the first
    coordinate.
    """
    size = len(jets.coordinates)
    current = [sympy.S.Zero] * size
    for field in range(len(jets.fields)):
        for alpha in range(size):
            slope = jets.symbol(field, raised(jets.zero, alpha))
            factor = sympy.expand(sympy.diff(density, slope))
            if any(any(index) for _, index in jets.jets_in(factor).values()):
                return None
            if factor == 0:
                continue
            part = antiderivative(factor, jets.symbol(field))
            if part is None:
                return None
            current[alpha] += part
            only = [part if beta == alpha else sympy.S.Zero for beta in range(size)]
            density = sympy.expand(density - divergence(only, jets))
    if jets.jets_in(density):
        return None
    part = antiderivative(density, jets.coordinates[0])
    if part is None:
        return None
    current[0] += part
    return tuple(current)


def _homotopy_from_zero(density: sympy.Expr, jets: JetSpace) -> tuple[sympy.Expr, ...] | None:
    return _homotopy(density, jets, sympy.S.Zero)


def _homotopy_from_one(density: sympy.Expr, jets: JetSpace) -> tuple[sympy.Expr, ...] | None:
    return _homotopy(density, jets, sympy.S.One)


def _homotopy(density: sympy.Expr, jets: JetSpace, base: sympy.Expr) -> tuple[sympy.Expr, ...] | None:
    """K^α = ∫₀¹ P^α[b + λ(φ − b)]/λ dλ and, in the first component, ∫ℒ[b] along the first coordinate."""
    direction = [jets.symbol(a) - base for a in range(len(jets.fields))]
    current = [
        integral_along_ray(part, jets, base, over_parameter=True)
        for part in boundary_current(density, direction, jets)
    ]
    remainder = antiderivative(at_base(density, jets, base), jets.coordinates[0])
    if remainder is None or any(part is None for part in current):
        return None
    return (current[0] + remainder, *current[1:])


def at_base(expression: sympy.Expr, jets: JetSpace, base: sympy.Expr) -> sympy.Expr:
    """The expression at φ = base, all derivatives 0."""
    rule = {s: sympy.S.Zero if any(index) else base for s, (_, index) in jets.jets_in(expression).items()}
    return expression.subs(rule)


def integral_along_ray(
    expression: sympy.Expr, jets: JetSpace, base: sympy.Expr = sympy.S.Zero, over_parameter: bool = False
) -> sympy.Expr | None:
    """∫₀¹ F[b + λ(φ − b)] dλ, or of F/λ; None where SymPy finds no elementary finite value."""
    lam = sympy.Dummy("lambda", positive=True)
    rule = {
        s: base + lam * (s - base) if not any(index) else lam * s
        for s, (_, index) in jets.jets_in(expression).items()
    }
    integrand = expression.subs(rule, simultaneous=True)
    if over_parameter:
        integrand = integrand / lam
    return _unit_integral(sympy.expand(integrand), lam)


def _unit_integral(integrand: sympy.Expr, lam: sympy.Symbol) -> sympy.Expr | None:
    """∫₀¹ dλ: powers of λ at once, anything else by SymPy's antiderivative."""
    if integrand.has(sympy.nan, sympy.zoo, sympy.oo):
        return None
    powers, others = [], []
    for term in sympy.Add.make_args(integrand):
        factor, rest = term.as_independent(lam, as_Add=False)
        base, exponent = rest.as_base_exp()
        if rest == 1:
            powers.append(factor)
        elif base == lam and exponent.is_number and exponent > -1:
            powers.append(factor / (exponent + 1))
        else:
            others.append(term)
    if not others:
        return sympy.expand(sympy.Add(*powers))
    found = antiderivative(sympy.Add(*others), lam)
    if found is None:
        return None
    value = found.subs(lam, 1) - sympy.limit(found, lam, 0)
    if value.has(sympy.nan, sympy.zoo, sympy.oo, sympy.Limit, sympy.AccumBounds):
        return None
    return sympy.expand(sympy.Add(*powers) + value)


def antiderivative(expression: sympy.Expr, variable: sympy.Symbol) -> sympy.Expr | None:
    """∫ dz, term by term, other symbols taken as positive; None where it is not elementary, or out of reach:
    a rational function, or powers of z times at most two functions of polynomials in z or one root of such,
    is integrated.
    """
    expression, stand_ins = with_positive_symbols(expression)
    back = {dummy: s for s, dummy in stand_ins.items()}
    z = stand_ins.get(variable, variable)
    collected: dict[sympy.Expr, list[sympy.Expr]] = {}
    for term in sympy.Add.make_args(sympy.expand(expression)):
        factor, rest = term.as_independent(z, as_Add=False)
        if term != 0:
            collected.setdefault(rest, []).append(factor)
    parts = []
    for rest, factors in collected.items():
        part = _power_rule(rest, z)
        if part is None and not _within_reach(rest, z):
            rest = sympy.factor(rest)
            part = _power_rule(rest, z)
        if part is None and _within_reach(rest, z):
            part = sympy.integrate(rest, z)
        if part is None or part.has(sympy.Integral, sympy.Piecewise):
            return None
        parts.append(sympy.Add(*factors) * part)
    return sympy.expand(sympy.Add(*parts).xreplace(back))


def _power_rule(rest: sympy.Expr, z: sympy.Symbol) -> sympy.Expr | None:
    """∫ g′ gⁿ dz = gⁿ⁺¹/(n + 1) for g = z or a factor of the integrand; None where that does not apply."""
    if rest == 1:
        return z
    for factor in sympy.Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if isinstance(factor, sympy.exp) or exponent == -1 or exponent.has(z):
            continue
        constant = sympy.cancel(rest / factor / sympy.diff(base, z))
        if not constant.has(z):
            return constant * base ** (exponent + 1) / (exponent + 1)
    return None


def _within_reach(rest: sympy.Expr, z: sympy.Symbol) -> bool:
    """Whether SymPy's integrator ends soon: it may search for hours in products of more kinds of factors."""
    if rest.is_rational_function(z):
        return True
    functions = roots = 0
    for factor in sympy.Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if isinstance(factor, sympy.exp):
            base, exponent = factor, sympy.S.One
        if isinstance(base, sympy.Function) and base.args[0].is_polynomial(z):
            if not (exponent.is_Integer and exponent > 0):
                return False
            functions += int(exponent)
        elif base.is_polynomial(z) and exponent.is_Rational:
            roots += base != z
        else:
            return False
    return functions + roots <= 1 or (functions == 2 and roots == 0)
