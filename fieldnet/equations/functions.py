"""Functions of fields measured with Gaussian noise: unbiased values and their covariance.

If φ is measured as φ + ε, ε normal with variance σ², then the mean of F(φ + ε) is exp(½σ²∂²)F at φ, the heat
flow of F. The inverse flow F̃ = exp(−½σ²∂²)F is therefore unbiased, ⟨F̃(φ + ε)⟩ = F(φ) for every φ, and

    Cov(F̃, G̃) = ⟨F̃G̃⟩ − FG,    so that F̃G̃ − (FG)~ at φ + ε is an unbiased estimate of it.

Both are exact within the algebra of quasipolynomials, Σ c φ^p e^{κφ} with complex κ: polynomials, sines and
cosines, exponentials, hyperbolic functions and their products.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import sympy
from numpy.typing import ArrayLike

from lagrangians import to_text

Arrays = Sequence[ArrayLike] | np.ndarray
Cache = dict[tuple, np.ndarray]
Monomial = tuple[tuple[int, ...], tuple[complex, ...]]

DIGITS = 12  # rates κ are rounded so that sums of equal rates compare equal
BURIED = 100.0  # e^−100 of a wave is left under noise of many periods; it is lost, and must not overflow
KNOWN = 4096  # functions that are kept, of each kind
ORDER = 3  # the Taylor series of the inverse heat flow runs to (σ²)³


@dataclass(frozen=True)
class Quasipolynomial:
    """F(φ) = Σ c Π_a φ_a^{p_a} exp(Σ_a κ_a φ_a), real on the whole.

    `terms` maps (powers, rates) to c; terms with conjugate rates have conjugate coefficients.
    """

    symbols: tuple[sympy.Symbol, ...]
    terms: tuple[tuple[Monomial, complex], ...]

    @classmethod
    def collected(
        cls, symbols: tuple[sympy.Symbol, ...], terms: Iterable[tuple[Monomial, complex]]
    ) -> Quasipolynomial:
        """Equal monomials added up, rates rounded to `DIGITS`, what cancels dropped."""
        total: dict[Monomial, complex] = {}
        size: dict[Monomial, float] = {}
        for (powers, rates), coefficient in terms:
            key = (powers, tuple(_rounded(k) for k in rates))
            total[key] = total.get(key, 0) + coefficient
            size[key] = size.get(key, 0) + abs(coefficient)
        kept = [(key, c) for key, c in total.items() if abs(c) > 1e-14 * size[key]]
        return cls(symbols, tuple(sorted(kept, key=lambda item: _order(item[0]))))

    @classmethod
    def constant(cls, symbols: Sequence[sympy.Symbol], value: complex) -> Quasipolynomial:
        nothing = (0,) * len(symbols), (0j,) * len(symbols)
        return cls.collected(tuple(symbols), [(nothing, complex(value))])

    @classmethod
    def from_sympy(cls, expression: sympy.Expr, symbols: Sequence[sympy.Symbol]) -> Quasipolynomial:
        """Raises `ValueError` for functions outside of the class, such as tanh φ, 1/φ or sin φ²."""
        return _converted(sympy.sympify(expression), tuple(symbols))

    def __add__(self, other: Quasipolynomial) -> Quasipolynomial:
        return self.collected(self._shared(other), (*self.terms, *other.terms))

    def __sub__(self, other: Quasipolynomial) -> Quasipolynomial:
        negative = ((key, -c) for key, c in other.terms)
        return self.collected(self._shared(other), (*self.terms, *negative))

    def __mul__(self, other: Quasipolynomial) -> Quasipolynomial:
        product = [((_sum(p, q), _sum(k, m)), c * d) for (p, k), c in self.terms for (q, m), d in other.terms]
        return self.collected(self._shared(other), product)

    def __rmul__(self, number: float) -> Quasipolynomial:
        return self.collected(self.symbols, ((key, number * c) for key, c in self.terms))

    def _shared(self, other: Quasipolynomial) -> tuple[sympy.Symbol, ...]:
        if self.symbols != other.symbols:
            raise ValueError(
                f"got functions of {_names(self.symbols)} and of {_names(other.symbols)}; "
                "convert both with the same symbols"
            )
        return self.symbols

    def without_noise(self, sigmas: Sequence[float]) -> Quasipolynomial:
        """F̃ = exp(−½Σσ_a²∂_a²)F: its mean over the noise is F.

        Exact: φ^p e^{κφ} → e^{−½σ²κ²} He_p(φ − σ²κ) e^{κφ}, He_p(x) = exp(−½σ²∂²)x^p the Hermite polynomials
        of variance σ².
        """
        variances = _variances(sigmas, self.symbols)
        flown = []
        for (powers, rates), c in self.terms:
            parts: list[tuple[tuple[int, ...], complex]] = [((), c)]
            for p, k, variance in zip(powers, rates, variances, strict=True):
                new = _flown_power(p, k, variance)
                parts = [((*done, q), a * b) for done, a in parts for q, b in enumerate(new) if b]
            flown += [((new_powers, rates), a) for new_powers, a in parts]
        return self.collected(self.symbols, flown)

    def noise_covariance(self, other: FieldFunction, sigmas: Sequence[float]) -> FieldFunction:
        """F̃G̃ − (FG)~: at noisy data an unbiased estimate of Cov(F̃(φ + ε), G̃(φ + ε)).

        Unbiased, hence not positive everywhere; its sum over many points is what to use.
        """
        if isinstance(other, SmoothFunction):
            return other.noise_covariance(self, sigmas)
        own, its = _without_noise(self, tuple(sigmas)), _without_noise(other, tuple(sigmas))
        return own * its - (self * other).without_noise(sigmas)

    def derivative(self, number: int) -> Quasipolynomial:
        """∂F/∂φ_a of the field with this number."""
        parts: list[tuple[Monomial, complex]] = []
        for (powers, rates), c in self.terms:
            parts.append(((powers, rates), c * rates[number]))
            if powers[number]:
                lower = tuple(p - (a == number) for a, p in enumerate(powers))
                parts.append(((lower, rates), c * powers[number]))
        return self.collected(self.symbols, (part for part in parts if part[1]))

    def evaluate(self, arrays: Arrays, cache: Cache | None = None) -> np.ndarray:
        """Values at arrays of the symbols, all of one shape.

        `cache`: a dictionary that several functions share on the same arrays, so that each power and each
        wave is computed once.
        """
        if len(arrays) != len(self.symbols):
            raise ValueError(f"got {len(arrays)} arrays, expected one for each of {_names(self.symbols)}")
        cache = {} if cache is None else cache
        out = np.zeros(np.broadcast_shapes(*(np.shape(a) for a in arrays)))
        for (powers, rates), c in self._real_form:
            value: np.ndarray | float = 1.0
            if any(k.imag for k in rates):
                if c.real:
                    value = c.real * _wave(rates, np.cos, arrays, cache)
                if c.imag:
                    value = (value if c.real else 0.0) - c.imag * _wave(rates, np.sin, arrays, cache)
            else:
                value = c.real
            if any(k.real for k in rates):
                value = value * _growth(rates, arrays, cache)
            for a, p in enumerate(powers):
                if p:
                    value = value * _power(a, p, arrays, cache)
            out += value
        return out

    @cached_property
    def _real_form(self) -> tuple[tuple[Monomial, complex], ...]:
        """Conjugate terms joined: c e^{κφ} + c̄ e^{κ̄φ} = 2 Re(c e^{κφ}), stored once as 2c."""
        joined: dict[Monomial, complex] = {}
        for (powers, rates), c in self.terms:
            imaginary = next((k.imag for k in rates if k.imag), 0.0)
            if imaginary < 0:
                rates, c = tuple(k.conjugate() for k in rates), c.conjugate()
            joined[powers, rates] = joined.get((powers, rates), 0) + c
        return tuple(joined.items())

    def to_sympy(self) -> sympy.Expr:
        """Written in real functions: powers, exp, cos, sin; floats."""
        total = []
        for (powers, rates), c in self._real_form:
            angle = sum((_number(k.imag) * s for k, s in zip(rates, self.symbols, strict=True)), sympy.S.Zero)
            growth = sum(
                (_number(k.real) * s for k, s in zip(rates, self.symbols, strict=True)), sympy.S.Zero
            )
            wave = sympy.Float(c.real) * sympy.cos(angle)
            if c.imag:
                wave -= sympy.Float(c.imag) * sympy.sin(angle)
            power = sympy.Mul(*(s**p for p, s in zip(powers, self.symbols, strict=True)))
            total.append(wave * sympy.exp(growth) * power)
        return sympy.expand(sympy.Add(*total))


@dataclass(frozen=True)
class SmoothFunction:
    """Any smooth function, outside of the quasipolynomials (tanh φ, 1/(1 + φ²)), by its Taylor series in σ.

    Approximate: the inverse heat flow is kept to σ⁶, F − ½LF + ⅛L²F − L³F/48 with L = Σσ_a²∂_a², and the
    covariance is the linearised Σσ_a² ∂_aF ∂_aG, which is right to σ² only.
    """

    symbols: tuple[sympy.Symbol, ...]
    expression: sympy.Expr

    def without_noise(self, sigmas: Sequence[float]) -> SmoothFunction:
        variances = _variances(sigmas, self.symbols)
        total, flown = self.expression, self.expression
        for n in range(1, ORDER + 1):
            flown = sympy.Add(
                *(v * sympy.diff(flown, s, 2) for v, s in zip(variances, self.symbols, strict=True) if v)
            )
            total += sympy.Rational((-1) ** n, 2**n * math.factorial(n)) * flown
        return SmoothFunction(self.symbols, total)

    def noise_covariance(self, other: FieldFunction, sigmas: Sequence[float]) -> SmoothFunction:
        variances = _variances(sigmas, self.symbols)
        its = other.expression if isinstance(other, SmoothFunction) else other.to_sympy()
        return SmoothFunction(
            self.symbols,
            sympy.Add(
                *(
                    v * sympy.diff(self.expression, s) * sympy.diff(its, s)
                    for v, s in zip(variances, self.symbols, strict=True)
                )
            ),
        )

    def derivative(self, number: int) -> SmoothFunction:
        """∂F/∂φ_a of the field with this number."""
        return SmoothFunction(self.symbols, sympy.diff(self.expression, self.symbols[number]))

    def evaluate(self, arrays: Arrays, cache: Cache | None = None) -> np.ndarray:
        """As `Quasipolynomial.evaluate`; `cache` is not used. `ValueError` where a value is not finite."""
        with np.errstate(all="ignore"):
            values = self._compiled(*arrays)
        if not np.all(np.isfinite(values)):
            raise ValueError(
                f"got data where {to_text(self.expression)} is not finite; leave it out of the library"
            )
        return np.broadcast_to(values, np.broadcast_shapes(*(np.shape(a) for a in arrays))).astype(float)

    @cached_property
    def _compiled(self):
        return sympy.lambdify(self.symbols, self.expression, modules="numpy", cse=True)


FieldFunction = Quasipolynomial | SmoothFunction


@lru_cache(maxsize=KNOWN)
def field_function(expression: sympy.Expr, symbols: tuple[sympy.Symbol, ...]) -> FieldFunction:
    """The exact `Quasipolynomial` where the expression is one, the approximate `SmoothFunction` elsewhere."""
    expression = sympy.sympify(expression)
    unknown = sorted(s.name for s in expression.free_symbols - set(symbols))
    if unknown:
        raise ValueError(f"got a function of {', '.join(unknown)}, expected one of {_names(symbols)} alone")
    try:
        return Quasipolynomial.from_sympy(expression, symbols)
    except ValueError:
        return SmoothFunction(tuple(symbols), expression)


@lru_cache(maxsize=KNOWN)
def noise_covariance(f: FieldFunction, g: FieldFunction, sigmas: tuple[float, ...]) -> FieldFunction:
    """A function whose value at noisy data estimates Cov(F̃(φ + ε), G̃(φ + ε)), see the two classes."""
    return f.noise_covariance(g, sigmas)


@lru_cache(maxsize=KNOWN)
def _without_noise(f: Quasipolynomial, sigmas: tuple[float, ...]) -> Quasipolynomial:
    return f.without_noise(sigmas)


def _converted(expression: sympy.Expr, symbols: tuple[sympy.Symbol, ...]) -> Quasipolynomial:
    if not expression.free_symbols:
        if not expression.is_real:
            raise ValueError(f"got the number {expression}, expected a real function")
        return Quasipolynomial.constant(symbols, float(expression))
    if expression in symbols:
        powers = tuple(int(s == expression) for s in symbols)
        return Quasipolynomial.collected(symbols, [((powers, (0j,) * len(symbols)), 1 + 0j)])
    if expression.is_Add:
        parts = [_converted(term, symbols) for term in expression.args]
        return Quasipolynomial.collected(symbols, (term for part in parts for term in part.terms))
    if expression.is_Mul:
        product = Quasipolynomial.constant(symbols, 1)
        for factor in expression.args:
            product = product * _converted(factor, symbols)
        return product
    if expression.is_Pow and expression.exp.is_Integer and expression.exp > 0:
        base = power = _converted(expression.base, symbols)
        for _ in range(int(expression.exp) - 1):
            power = power * base
        return power
    halves = _HALVES.get(expression.func)
    if halves is None:
        raise ValueError(
            f"got {to_text(expression)}, expected powers of {_names(symbols)}, sin, cos, exp, sinh, cosh of "
            "linear arguments, and their sums and products"
        )
    slopes, offset = _linear(expression.args[0], symbols)
    none = (0,) * len(symbols)
    return Quasipolynomial.collected(
        symbols,
        (((none, tuple(unit * k for k in slopes)), c * np.exp(unit * offset)) for unit, c in halves),
    )


# cos u = (e^{iu} + e^{−iu})/2 and so on: the units of the exponents and the coefficients
_HALVES = {
    sympy.exp: ((1, 1.0),),
    sympy.cos: ((1j, 0.5), (-1j, 0.5)),
    sympy.sin: ((1j, -0.5j), (-1j, 0.5j)),
    sympy.cosh: ((1, 0.5), (-1, 0.5)),
    sympy.sinh: ((1, 0.5), (-1, -0.5)),
}


def _linear(argument: sympy.Expr, symbols: tuple[sympy.Symbol, ...]) -> tuple[list[float], float]:
    """(slopes, offset) of an argument k·φ + c; `ValueError` for others."""
    slopes = [sympy.diff(argument, s) for s in symbols]
    offset = argument.subs(dict.fromkeys(symbols, 0))
    if not all(number.is_real and not number.free_symbols for number in (*slopes, offset)):
        raise ValueError(f"got the argument {to_text(argument)}, expected one linear in {_names(symbols)}")
    return [float(k) for k in slopes], float(offset)


def _flown_power(power: int, rate: complex, variance: float) -> list[complex]:
    """Coefficients, by powers of φ, of e^{−½σ²κ²} He_p(φ − σ²κ)."""
    exponent = -variance * rate**2 / 2
    front = np.exp(complex(min(exponent.real, BURIED), exponent.imag))
    out = [0j] * (power + 1)
    for pairs in range(power // 2 + 1):  # He_p(x) = Σ p!/(j!(p−2j)!) (−σ²/2)^j x^{p−2j}
        left = power - 2 * pairs
        weight = math.factorial(power) / math.factorial(pairs) / math.factorial(left)
        weight *= (-variance / 2) ** pairs
        for n in range(left + 1):
            out[n] += front * weight * math.comb(left, n) * (-variance * rate) ** (left - n)
    return out


def _variances(sigmas: Sequence[float], symbols: Sequence[sympy.Symbol]) -> list[float]:
    if len(sigmas) != len(symbols) or any(not s >= 0 for s in sigmas):
        raise ValueError(f"got noise {list(sigmas)}, expected a number ≥ 0 for each of {_names(symbols)}")
    return [float(s) ** 2 for s in sigmas]


def _power(a: int, p: int, arrays: Arrays, cache: Cache) -> np.ndarray:
    if p == 1:
        return np.asarray(arrays[a])
    key = ("power", a, p)
    if key not in cache:
        cache[key] = _power(a, p - 1, arrays, cache) * arrays[a]
    return cache[key]


def _wave(rates: tuple[complex, ...], wave: np.ufunc, arrays: Arrays, cache: Cache) -> np.ndarray:
    return _of_angle(wave, tuple(k.imag for k in rates), arrays, cache)


def _growth(rates: tuple[complex, ...], arrays: Arrays, cache: Cache) -> np.ndarray:
    return _of_angle(np.exp, tuple(k.real for k in rates), arrays, cache)


def _of_angle(ufunc: np.ufunc, slopes: tuple[float, ...], arrays: Arrays, cache: Cache) -> np.ndarray:
    key = (ufunc.__name__, slopes)
    if key not in cache:
        cache[key] = ufunc(sum(k * array for k, array in zip(slopes, arrays, strict=True) if k))
    return cache[key]


@lru_cache(maxsize=KNOWN)
def _rounded(rate: complex) -> complex:
    """To `DIGITS` significant digits, without negative zeros."""
    return complex(
        *(float(f"{part:.{DIGITS}g}") if abs(part) > 1e-13 else 0.0 for part in (rate.real, rate.imag))
    )


def _number(value: float) -> sympy.Expr:
    return sympy.Integer(int(value)) if value.is_integer() else sympy.Float(value)


def _sum(one: tuple, other: tuple) -> tuple:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _order(monomial: Monomial) -> tuple:
    powers, rates = monomial
    return powers, tuple((k.real, k.imag) for k in rates)


def _names(symbols: Sequence[sympy.Symbol]) -> str:
    return f"({', '.join(s.name for s in symbols)})"
