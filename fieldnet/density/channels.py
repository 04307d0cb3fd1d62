"""A density as a quadratic form in channels z(φ) and their first derivatives."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import sympy

from lagrangians.jets import JetSpace
from lagrangians.trigonometry import multiple_angles

Place = tuple[int, int | None]
"""(channel, coordinate of its derivative or None)"""


@dataclass(frozen=True)
class QuadraticForm:
    """ℒ = ΨᵀMΨ + remainder, with Ψ = (Φ, ∂_tΦ, ∂_xΦ, …) and Φ = (z_1(φ), …, 1).

    `channels` are expressions in the plain symbols of the fields, the last one 1; `remainder` is what no
    quadratic form in first derivatives of functions of the fields can give, such as φ_x³ and φ_xx². shape:
    matrix (n·c, n·c) with c channels, n = 1 + coordinates, channels fastest
    """

    channels: tuple[sympy.Expr, ...]
    matrix: np.ndarray
    remainder: sympy.Expr


def quadratic_form(density: sympy.Expr, jets: JetSpace) -> QuadraticForm:
    """Channels for a density in plain jet symbols, and the form M.

    A field that enters as an angle, in derivatives φ_αφ_β of itself and in sines and cosines of whole
    multiples alone, is lifted to z = (cos φ, sin φ), where φ_αφ_β = z_α·z_β. Of other fields the channels
    are φ itself, halves of monomials (φ⁴ = φ²·φ²), primitives for metrics that depend on the field (φφ_x² =
    φ_x·½(φ²)_x), and functions beside the constant channel. M is one of several forms where channels obey
    relations, as |z|² = 1.
    """
    return _Builder(jets, sympy.expand(multiple_angles(sympy.expand(density)))).form()


@dataclass
class _Builder:
    jets: JetSpace
    density: sympy.Expr
    channels: list[sympy.Expr] = field(default_factory=list)
    entries: dict[tuple[Place, Place], float] = field(default_factory=dict)
    remainder: list[sympy.Expr] = field(default_factory=list)

    def form(self) -> QuadraticForm:
        terms = sympy.Add.make_args(self.density)
        self.angles = {s for s in self._fields() if all(self._is_angle_in(term, s) for term in terms)}
        self.angles &= self.density.free_symbols
        self.angles = {s for s in self.angles if any(term.has(sympy.sin, sympy.cos) for term in terms)}
        for term in terms:
            if term != 0:
                self._add(term)
        channels = (*self.channels, sympy.S.One)
        count = len(channels)
        matrix = np.zeros((count * (1 + len(self.jets.coordinates)),) * 2)
        for (one, other), value in self.entries.items():
            i, j = (self._position(place, count) for place in (one, other))
            matrix[i, j] += value / 2
            matrix[j, i] += value / 2
        return QuadraticForm(channels, matrix, sympy.Add(*self.remainder))

    def _fields(self) -> list[sympy.Symbol]:
        return [self.jets.symbol(a) for a in range(len(self.jets.fields))]

    @staticmethod
    def _position(place: Place, count: int) -> int:
        channel, along = place
        own = count - 1 if channel < 0 else channel
        return own if along is None else (1 + along) * count + own

    def _is_angle_in(self, term: sympy.Expr, symbol: sympy.Symbol) -> bool:
        slopes, rest = self._split(term)
        number = self._fields().index(symbol)
        of_it = [index for a, index in slopes if a == number]
        if symbol not in rest.free_symbols:
            return len(of_it) in (0, 2) and all(sum(index) == 1 for index in of_it)
        if slopes:
            return False
        return _multiples(rest.as_coeff_Mul()[1], self._fields()) is not None

    def _split(self, term: sympy.Expr) -> tuple[list[tuple[int, tuple[int, ...]]], sympy.Expr]:
        """(the derivatives in a monomial, each as often as it occurs; the function of the fields beside
        them)
        """
        slopes: list[tuple[int, tuple[int, ...]]] = []
        rest = sympy.S.One
        for factor in sympy.Mul.make_args(term):
            base, power = factor.as_base_exp()
            place = self.jets.locate(base) if base.is_Symbol else None
            if place is not None and any(place[1]) and power.is_Integer and power > 0:
                slopes += [place] * int(power)
            else:
                rest *= factor
        return slopes, rest

    def _channel(self, expression: sympy.Expr) -> int:
        """Number of a channel; −1 for the constant one."""
        if expression == 1:
            return -1
        if expression not in self.channels:
            self.channels.append(expression)
        return self.channels.index(expression)

    def _pair(self, one: Place, other: Place, value: sympy.Expr | float) -> None:
        key = (one, other)
        self.entries[key] = self.entries.get(key, 0.0) + float(value)

    def _add(self, term: sympy.Expr) -> None:
        slopes, rest = self._split(term)
        number, function = rest.as_coeff_Mul()
        firsts = [(a, index.index(1)) for a, index in slopes if sum(index) == 1]
        if any(self.jets.order(s) for s in function.free_symbols) or len(firsts) < len(slopes):
            self.remainder.append(term)
        elif not slopes:
            self._potential(number, function)
        elif len(slopes) == 1:
            self._linear(number, function, *firsts[0], term)
        elif len(slopes) == 2:
            self._quadratic(number, function, firsts, term)
        else:
            self.remainder.append(term)

    def _potential(self, number: sympy.Expr, function: sympy.Expr) -> None:
        angles = _multiples(function, self._fields())
        if angles is not None and all(s in self.angles for s in function.free_symbols):
            for value, one, other in _circle_product(function, angles, self._fields()):
                self._pair((self._channel(one), None), (self._channel(other), None), number * value)
            return
        powers = function.as_powers_dict()
        if all(base.is_Symbol and power.is_Integer and power > 0 for base, power in powers.items()):
            factors = [base for base, power in powers.items() for _ in range(int(power))]
            half = [factors[0::2], factors[1::2]]
            one, other = (sympy.Mul(*part) for part in half)
            self._pair((self._channel(one), None), (self._channel(other), None), number)
            return
        self._pair((self._channel(function), None), (-1, None), number)

    def _linear(self, number: sympy.Expr, function: sympy.Expr, a: int, along: int, term: sympy.Expr) -> None:
        """f(φ)φ^a_α = z_f · z_a,α."""
        symbol = self._fields()[a]
        if symbol in self.angles:
            self.remainder.append(term)
            return
        self._pair((self._channel(function), None), (self._channel(symbol), along), number)

    def _quadratic(
        self, number: sympy.Expr, function: sympy.Expr, slopes: list[tuple[int, int]], term: sympy.Expr
    ) -> None:
        """g(φ)φ^a_αφ^b_β: |z_α·z_β| on the circle; else φ^a_α · G_β with G = ∫g dφ^b."""
        (a, alpha), (b, beta) = slopes
        one, other = self._fields()[a], self._fields()[b]
        if function == 1 and a == b and one in self.angles:
            for wave in (sympy.cos(one), sympy.sin(one)):
                channel = self._channel(wave)
                self._pair((channel, alpha), (channel, beta), number)
            return
        if function == 1:
            primitive: sympy.Expr | None = other
        elif function.free_symbols == {other}:
            primitive = sympy.integrate(function, other)
        elif function.free_symbols == {one}:
            (one, alpha), (other, beta) = (other, beta), (one, alpha)
            primitive = sympy.integrate(function, other)
        else:
            primitive = None
        if primitive is None or primitive.has(sympy.Integral) or {one, other} & self.angles:
            self.remainder.append(term)
            return
        for part in sympy.Add.make_args(sympy.expand(primitive)):
            value, channel = part.as_coeff_Mul()
            self._pair((self._channel(one), alpha), (self._channel(channel), beta), number * value)


def _multiples(function: sympy.Expr, fields: list[sympy.Symbol]) -> tuple[int, ...] | None:
    """(n_a) of cos or sin of Σn_aφ_a with whole n_a; None for anything else."""
    if not isinstance(function, sympy.sin | sympy.cos):
        return None
    argument = sympy.expand(function.args[0])
    numbers = [argument.coeff(s) for s in fields]
    if not all(n.is_Integer for n in numbers):
        return None
    if sympy.expand(argument - sum(n * s for n, s in zip(numbers, fields, strict=True))) != 0:
        return None
    return tuple(int(n) for n in numbers)


def _circle_product(
    function: sympy.Expr, multiples: tuple[int, ...], fields: list[sympy.Symbol]
) -> list[tuple[float, sympy.Expr, sympy.Expr]]:
    """cos or sin of Σn_aφ_a as a sum of value · z_A · z_B over waves of about half the angle each.

    cos φ = cos φ · 1, cos 2φ = cos² − sin², cos(φ − χ) = cos φ cos χ + sin φ sin χ.
    """
    total = [s * (1 if n > 0 else -1) for n, s in zip(multiples, fields, strict=True) for _ in range(abs(n))]
    is_cosine = isinstance(function, sympy.cos)
    if len(total) == 1:
        wave = sympy.cos(total[0]) if is_cosine else sympy.sin(total[0])
        sign, wave = wave.as_coeff_Mul()
        return [(float(sign), wave, sympy.S.One)]
    u, v = sympy.Add(*total[0::2]), sympy.Add(*total[1::2])
    pairs = (
        [(1, sympy.cos(u), sympy.cos(v)), (-1, sympy.sin(u), sympy.sin(v))]
        if is_cosine
        else [(1, sympy.sin(u), sympy.cos(v)), (1, sympy.cos(u), sympy.sin(v))]
    )
    out = []
    for sign, one, other in pairs:
        (p, one), (q, other) = one.as_coeff_Mul(), other.as_coeff_Mul()
        out.append((float(sign * p * q), one, other))
    return out
