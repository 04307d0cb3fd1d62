"""The higher conserved charges of the Sine-Gordon field, by recursion from its Bäcklund transformation.

In light-cone coordinates ξ = m(x/c + t)/2, η = m(x/c − t)/2 the field equation is φ_ξη = sin φ. Bäcklund's
transformation φ → φ + 2δ with parameter 1/ε,

    δ_ξ + φ_ξ = (1/ε) sin δ,      δ_η = ε sin(φ + δ),

implies the conservation law ∂_η cos δ = ε² ∂_ξ cos(φ + δ). Solved for δ in powers of ε (a Riccati equation
for tan(δ/2)) it gives one law ∂_η T_s = ∂_ξ Θ_s for each odd spin s, T_s a polynomial in φ_ξ, φ_ξξ, …

G. L. Lamb, Rev. Mod. Phys. 43 (1971) 99, §VI; M. Wadati, H. Sanuki and K. Konno, Prog. Theor. Phys. 53 (1975)
419.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.catalogue.arguments import constant
from lagrangians.catalogue.scalar import sine_gordon
from lagrangians.jets import JetSpace, jet_space
from lagrangians.variation import total_derivative

PHI = sympy.Symbol("phi")


@dataclass(frozen=True)
class HigherCharge:
    """A conservation law ∂_αJ^α = 0 on solutions, of spin ±s: Q is multiplied by e^{±sθ} under boosts of
    rapidity θ.
    """

    name: str
    spin: int
    current: tuple[sympy.Expr, ...]

    @property
    def density(self) -> sympy.Expr:
        """J^t, whose integral over space is the charge."""
        return self.current[0]


def light_cone_current(spin: int) -> tuple[sympy.Expr, sympy.Expr]:
    """(T_s, Θ_s) with ∂_ηT_s = ∂_ξΘ_s if φ_ξη = sin φ, in symbols phi, phi_1, phi_2, … for φ, φ_ξ, φ_ξξ, …

    T_s = ½(∂_ξ^{(s+1)/2} φ)² + terms of degree 4 and more, its highest derivative nowhere linear; both vanish
    for φ = 2πn. The law is verified. ValueError for a spin that is not odd and positive.

    >>> light_cone_current(3)[0]
    -phi_1**4/8 + phi_2**2/2
    """
    if not (isinstance(spin, int) and spin > 0 and spin % 2):
        raise ValueError(
            f"got spin {spin}, expected an odd positive number: even ones give total derivatives"
        )
    return _light_cone_current(spin)


@lru_cache(maxsize=32)
def _light_cone_current(spin: int) -> tuple[sympy.Expr, sympy.Expr]:
    order = spin + 1
    delta = _baecklund_series(order)
    density = _cosine(delta, order)[order]
    sine, cosine = _sine(delta, order - 2), _cosine(delta, order - 2)
    flux = sympy.cos(PHI) * cosine[order - 2] - sympy.sin(PHI) * sine[order - 2]
    density, gauge = _reduced(density)
    flux = flux - _along_eta(gauge)
    half = _jet((spin + 1) // 2)
    scale = 1 / (2 * density.coeff(half, 2).xreplace({_jet(k): sympy.S.Zero for k in range(1, order)}))
    density, flux = sympy.expand(scale * density), sympy.expand(scale * flux)
    rest = {_jet(k): sympy.S.Zero for k in range(1, order + 1)} | {PHI: sympy.S.Zero}
    flux = flux - flux.xreplace(rest)
    if sympy.expand(_along_eta(density) - _along_xi(flux)) != 0:
        raise ValueError("the conservation law could not be verified: ∂_ηT − ∂_ξΘ does not vanish")
    return density, flux


def sine_gordon_charges(
    c: Any = 1,
    m: Any = 1,
    spins: tuple[int, ...] = (3, 5),
    field: AppliedUndef | None = None,
    coordinates: tuple[sympy.Symbol, ...] | None = None,
) -> tuple[HigherCharge, ...]:
    """For each spin s the charges of spin s and −s of φ_tt = c²φ_xx − m² sin φ, with currents (J^t, J^x).

    J^t = ½m²(T_s + Θ_s) with ∂_ξ → (∂_t + c∂_x)/m for spin −s, and its mirror image x → −x for spin s; time
    derivatives beyond φ_t are eliminated by the field equation. Spin ±1 is ½(ℋ ± c𝒫) of energy and momentum
    densities. A kink or antikink of rapidity θ, tanh θ = v/c, has the charges
    mc (−1)^{(s−1)/2} (4/s) e^{±sθ}; those of well separated solitons add up.

    `field` and `coordinates` (t, x) default to the catalogue's.
    """
    theory = sine_gordon(c, m)
    field = theory.fields[0] if field is None else field
    jets = jet_space((field,), theory.coordinates if coordinates is None else coordinates)
    charges = []
    for spin in spins:
        for sign in (1, -1):
            density, flux = _cartesian(spin, sign, constant(c), constant(m), jets)
            name = f"spin_{spin}" if sign > 0 else f"spin_minus_{spin}"
            charges.append(HigherCharge(name, sign * spin, (density, flux)))
    return tuple(charges)


def _cartesian(
    spin: int, sign: int, c: sympy.Expr, m: sympy.Expr, jets: JetSpace
) -> tuple[sympy.Expr, sympy.Expr]:
    """(J^t, J^x); the right-moving chirality, sign 1, by c → −c in the derivatives.

    With ∂_ξ = (∂_t + c∂_x)/m and ∂_η = (c∂_x − ∂_t)/m the law is ∂_t(T + Θ) + c∂_x(Θ − T) = 0.
    """
    density, flux = light_cone_current(spin)
    speed = -sign * c
    phi = jets.symbol(0)
    force = c**2 * jets.symbol(0, (0, 2)) - m**2 * sympy.sin(phi)
    values = {PHI: phi}
    present = phi
    for number in range(1, spin + 1):
        moved = total_derivative(present, 0, jets) + speed * total_derivative(present, 1, jets)
        present = sympy.expand(_on_shell(moved, force, jets) / m)
        values[_jet(number)] = present
    half = m**2 / 2
    total = half * (density + flux).xreplace(values)
    current = half * speed * (flux - density).xreplace(values)
    return jets.to_functions(total), jets.to_functions(current)


def _on_shell(expression: sympy.Expr, force: sympy.Expr, jets: JetSpace) -> sympy.Expr:
    """φ_tt and its spatial derivatives replaced by those of the force."""
    rules = {}
    for symbol, (_, index) in jets.jets_in(expression).items():
        if index[0] == 2:
            value = force
            for _ in range(index[1]):
                value = total_derivative(value, 1, jets)
            rules[symbol] = value
    return expression.xreplace(rules)


# Polynomials in φ_ξ, φ_ξξ, …


def _jet(number: int) -> sympy.Symbol:
    return sympy.Symbol(f"phi_{number}")


def _numbers(expression: sympy.Expr) -> list[int]:
    """The orders of the derivatives that occur."""
    names = [s.name for s in expression.free_symbols if s != PHI]
    return sorted(int(name.removeprefix("phi_")) for name in names)


def _along_xi(expression: sympy.Expr) -> sympy.Expr:
    """Total derivative ∂_ξ."""
    parts = [sympy.diff(expression, _jet(k)) * _jet(k + 1) for k in _numbers(expression)]
    return sympy.expand(sympy.Add(sympy.diff(expression, PHI) * _jet(1), *parts))


def _along_eta(expression: sympy.Expr) -> sympy.Expr:
    """∂_η of a polynomial in φ_ξ, φ_ξξ, …, by φ_ξη = sin φ."""
    total, value = sympy.S.Zero, sympy.sin(PHI)
    numbers = _numbers(expression)
    for k in range(1, max(numbers, default=0) + 1):
        total += sympy.diff(expression, _jet(k)) * value
        value = _along_xi(value)
    return sympy.expand(total)


def _baecklund_series(order: int) -> list[sympy.Expr]:
    """δ_0 … δ_order of δ = Σ δ_n ε^n from sin δ = ε(φ_ξ + δ_ξ)."""
    delta = [sympy.S.Zero]
    for n in range(1, order + 1):
        right = _jet(1) if n == 1 else _along_xi(delta[n - 1])
        nonlinear = _sine([*delta, sympy.S.Zero], n)[n]
        delta.append(sympy.expand(right - nonlinear))
    return delta


def _product(one: list[sympy.Expr], two: list[sympy.Expr], order: int) -> list[sympy.Expr]:
    return [sympy.expand(sympy.Add(*(one[k] * two[n - k] for k in range(n + 1)))) for n in range(order + 1)]


def _powers(series: list[sympy.Expr], order: int) -> list[list[sympy.Expr]]:
    """The powers 0 … order of a series without constant term, up to ε^order."""
    unit = [sympy.S.One, *[sympy.S.Zero] * order]
    padded = [*series, *[sympy.S.Zero] * (order + 1 - len(series))]
    found = [unit]
    for _ in range(order):
        found.append(_product(found[-1], padded, order))
    return found


def _sine(series: list[sympy.Expr], order: int) -> list[sympy.Expr]:
    return _sum(series, order, 1)


def _cosine(series: list[sympy.Expr], order: int) -> list[sympy.Expr]:
    return _sum(series, order, 0)


def _sum(series: list[sympy.Expr], order: int, first: int) -> list[sympy.Expr]:
    """Σ_j (−1)^j series^(2j + first)/(2j + first)!, coefficients of ε⁰ … ε^order."""
    powers = _powers(series, order)
    total = [sympy.S.Zero] * (order + 1)
    for j, power in enumerate(range(first, order + 1, 2)):
        factor = sympy.Rational((-1) ** j, sympy.factorial(power))
        total = [a + factor * b for a, b in zip(total, powers[power], strict=True)]
    return [sympy.expand(term) for term in total]


def _reduced(density: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """(T − ∂_ξG, G) whose highest derivative in each term is not linear, by parts."""
    kept, gauge, waiting = sympy.S.Zero, sympy.S.Zero, sympy.expand(density)
    while waiting != 0:
        linear = []
        for term in sympy.Add.make_args(waiting):
            top = _numbers(term)[-1]
            is_linear = top > 1 and sympy.diff(term, _jet(top), 2) == 0
            if is_linear:
                linear.append((top, term))
            else:
                kept += term
        waiting = sympy.S.Zero
        for top, term in linear:
            lower = _jet(top - 1)
            integral = sympy.integrate(term / _jet(top), lower)
            gauge += integral
            waiting += term - _along_xi(integral)
        waiting = sympy.expand(waiting)
    return sympy.expand(kept), sympy.expand(gauge)
