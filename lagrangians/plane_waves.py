"""The characteristic polynomial of the linearised field equations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import sympy
from sympy.core.function import AppliedUndef
from sympy.polys.matrices import DomainMatrix

from lagrangians.zero import exact, floating


@dataclass(frozen=True)
class PlaneWaves:
    """Waves δφ^a = v^a exp(i(k·x − ωt)) about a constant vacuum: M_ab(ω, k) v^b = 0.

    `matrix` is M_ab = ∂E_a/∂φ^b_J (−iω, ik)^J at the vacuum (a shift by one site of a lattice is
    exp(ik)); `factors` holds each irreducible factor of the characteristic polynomial that contains ω,
    with its multiplicity. That polynomial is det M; where det M ≡ 0 it is the greatest common divisor of
    the largest minors that do not vanish, and `gauge_directions` = (number of fields) − rank M counts the
    directions v(ω, k) that the equations leave free at every ω and k.
    """

    vacuum: tuple[sympy.Expr, ...]
    omega: sympy.Symbol
    wavenumbers: tuple[sympy.Symbol, ...]
    matrix: sympy.ImmutableMatrix
    gauge_directions: int
    factors: tuple[tuple[sympy.Expr, int], ...]

    @cached_property
    def squares(self) -> tuple[sympy.Expr, ...]:
        """The distinct ω²(k). Raises `ValueError` where a factor has no roots in closed form."""
        found = {square for factor, _ in self.factors for square in _squares(factor, self.omega)}
        return tuple(sorted(found, key=sympy.default_sort_key))

    @cached_property
    def frequencies(self) -> tuple[sympy.Expr, ...]:
        """The distinct ω(k), of both signs. Raises `ValueError` where there is no closed form."""
        found = {root for factor, _ in self.factors for root in _frequencies(factor, self.omega)}
        return tuple(sorted(found, key=sympy.default_sort_key))

    @property
    def one_way(self) -> bool:
        """Whether some wave runs in one direction only: ω(k) without −ω(k)."""
        return not {_tidy(-root) for root in self.frequencies} <= set(self.frequencies)

    @cached_property
    def multiplicity(self) -> int:
        """Number of solutions ω at fixed k with multiplicity: the dimension of the phase space for each k."""
        return sum(power * sympy.Poly(factor, self.omega).degree() for factor, power in self.factors)

    def group_velocity(self, frequency: sympy.Expr) -> tuple[sympy.Expr, ...]:
        """∂ω/∂k_j of one of `frequencies`."""
        return tuple(sympy.diff(frequency, k) for k in self.wavenumbers)

    def phase_velocity(self, frequency: sympy.Expr) -> tuple[sympy.Expr, ...]:
        """ω k_j/|k|² of one of `frequencies`."""
        length = sympy.Add(*(k**2 for k in self.wavenumbers))
        return tuple(sympy.cancel(frequency * k / length) for k in self.wavenumbers)


@dataclass(frozen=True)
class Wave:
    """Linearisation of field equations about constant fields, for exp(i(k·x + κ·n − ωt)).

    `coordinates` are those of the fields (time first), `labels` their lattice labels; `steps` has one
    factor for each coordinate (−iω, ik_x, …) and `shifts` one for each label (exp(iκ)).
    """

    fields: tuple[AppliedUndef, ...]
    coordinates: tuple[sympy.Symbol, ...]
    labels: tuple[sympy.Symbol, ...]
    steps: tuple[sympy.Expr, ...]
    shifts: tuple[sympy.Symbol, ...]

    def _jets(self, equation: sympy.Expr) -> dict[sympy.Expr, tuple[int, sympy.Expr]]:
        """{jet: (number of the field, factor of the wave)}, derivatives first."""
        names = {field.func: number for number, field in enumerate(self.fields)}
        derivatives = equation.atoms(sympy.Derivative)
        jets = [(d, d.expr, d.variables) for d in derivatives]
        jets += [(f, f, ()) for f in equation.atoms(AppliedUndef)]
        found = {}
        for jet, field, variables in jets:
            if field.func not in names:
                continue
            number = names[field.func]
            shifted = {a: b - a for a, b in zip(self.fields[number].args, field.args, strict=True)}
            factor = sympy.Mul(
                *(f ** variables.count(x) for f, x in zip(self.steps, self.coordinates, strict=True))
            )
            factor *= sympy.Mul(
                *(z ** shifted.get(n, 0) for z, n in zip(self.shifts, self.labels, strict=True))
            )
            found[jet] = number, factor
        return found

    def matrix(self, equations: Sequence[sympy.Expr], vacuum: Sequence[sympy.Expr]) -> sympy.Matrix:
        """M_ab of `PlaneWaves`."""
        result = sympy.zeros(len(equations), len(self.fields))
        for row, equation in enumerate(equations):
            jets = self._jets(equation)
            plain = {jet: sympy.Dummy() for jet in jets}
            derivatives = {j: s for j, s in plain.items() if isinstance(j, sympy.Derivative)}
            bare = exact(equation.xreplace(derivatives).xreplace(plain))
            at_vacuum = {
                symbol: sympy.S.Zero if jet in derivatives else exact(vacuum[jets[jet][0]])
                for jet, symbol in plain.items()
            }
            for jet, symbol in plain.items():
                number, factor = jets[jet]
                result[row, number] += sympy.diff(bare, symbol).xreplace(at_vacuum) * factor
        return result.applyfunc(sympy.expand)

    def at_rest(self, equation: sympy.Expr, vacuum: Sequence[sympy.Expr]) -> sympy.Expr:
        """The equation at constant fields."""
        jets = self._jets(equation)
        derivatives = {jet: sympy.S.Zero for jet in jets if isinstance(jet, sympy.Derivative)}
        values = {jet: vacuum[number] for jet, (number, _) in jets.items()}
        return equation.xreplace(derivatives).xreplace(values)


def characteristic_factors(
    matrix: sympy.Matrix, omega: sympy.Symbol, shifts: Sequence[sympy.Symbol]
) -> tuple[int, list[tuple[sympy.Expr, int]]]:
    """(number of gauge directions, irreducible factors that contain ω with multiplicities) of M; see
    `PlaneWaves`. Factors are polynomials in ω; powers of `shifts` are multiplied out.
    """
    rows = DomainMatrix.from_Matrix(_without_inverses(matrix, shifts))
    rank = rows.to_field().rank()
    divisor = sympy.S.Zero
    for minor in _minors(rows, rank):
        divisor = minor if divisor == 0 else sympy.gcd(divisor, minor)
        if divisor != 0 and not divisor.has(omega):
            break
    numerator = sympy.fraction(sympy.together(divisor))[0]
    factors = sympy.factor_list(numerator)[1] if divisor.has(omega) else []
    return matrix.rows - rank, [(factor, power) for factor, power in factors if factor.has(omega)]


def _without_inverses(matrix: sympy.Matrix, shifts: Sequence[sympy.Symbol]) -> sympy.Matrix:
    """Each row times the powers of the shifts that make it polynomial in them."""
    for z in shifts:
        lowest = min((_lowest_power(entry, z) for entry in matrix), default=0)
        matrix = (matrix * z**-lowest).applyfunc(sympy.expand)
    return matrix


def _lowest_power(expression: sympy.Expr, z: sympy.Symbol) -> int:
    return min(int(term.as_coeff_exponent(z)[1]) for term in sympy.Add.make_args(expression))


def _minors(rows: DomainMatrix, size: int) -> Iterator[sympy.Expr]:
    """All minors of this size; principal ones first, for they are the most different."""
    choices = list(combinations(range(rows.shape[0]), size))
    pairs = [(c, c) for c in choices] + [(a, b) for a in choices for b in choices if a != b]
    for chosen_rows, chosen_columns in pairs:
        if size == 0:
            yield sympy.S.One
            continue
        block = rows.extract(list(chosen_rows), list(chosen_columns))
        determinant = rows.domain.to_sympy(block.charpoly()[-1]) * (-1) ** size
        yield _real(sympy.expand(determinant))


def _real(polynomial: sympy.Expr) -> sympy.Expr:
    """The polynomial without a common factor i."""
    if not polynomial.has(sympy.I):
        return polynomial
    turned = sympy.expand(polynomial * sympy.I)
    return polynomial if turned.has(sympy.I) else turned


def lattice_waves(
    factor: sympy.Expr, shifts: Sequence[sympy.Symbol], labels: Sequence[sympy.Symbol]
) -> sympy.Expr:
    """The factor with z = exp(iκ), divided by the power of z that makes it real: z + 1/z = 2 − 4
    sin²(κ/2).
    """
    if not any(factor.has(z) for z in shifts):
        return factor
    polynomial = sympy.Poly(factor, *shifts)
    powers = polynomial.monoms()
    centre = [sympy.Rational(max(column) + min(column), 2) for column in zip(*powers, strict=True)]
    total = sympy.S.Zero
    for power, coefficient in polynomial.terms():
        angle = sympy.Add(*((n - m) * k for n, m, k in zip(power, centre, labels, strict=True)))
        total += coefficient * (1 - 2 * sympy.sin(angle / 2) ** 2 + sympy.I * sympy.sin(angle))
    return sympy.expand(total)


def _in_squares(factor: sympy.Expr, omega: sympy.Symbol) -> sympy.Poly | None:
    """The factor as a polynomial in W = ω², where only even powers occur."""
    polynomial = sympy.Poly(factor, omega)
    if any(power % 2 for (power,) in polynomial.monoms()):
        return None
    square = sympy.Dummy("W")
    return sympy.Poly.from_dict({(p // 2,): c for (p,), c in polynomial.terms()}, square)


def _squares(factor: sympy.Expr, omega: sympy.Symbol) -> list[sympy.Expr]:
    even = _in_squares(factor, omega)
    if even is not None:
        return _roots(even)
    return [_tidy(root**2) for root in _roots(sympy.Poly(factor, omega))]


def _frequencies(factor: sympy.Expr, omega: sympy.Symbol) -> list[sympy.Expr]:
    even = _in_squares(factor, omega)
    if even is None or factor == omega:
        return _roots(sympy.Poly(factor, omega))
    return [sign * sympy.sqrt(square) for square in _roots(even) for sign in (1, -1)]


def _roots(polynomial: sympy.Poly) -> list[sympy.Expr]:
    coefficients = [sympy.sympify(c) for c in polynomial.all_coeffs()]
    if len(coefficients) == 2:
        roots = [-coefficients[1] / coefficients[0]]
    elif len(coefficients) == 3:
        a, b, c = coefficients
        outside, inside = _square_root(b**2 - 4 * a * c)
        roots = [
            sympy.cancel(-b / (2 * a)) + sign * sympy.cancel(outside / (2 * a)) * inside for sign in (1, -1)
        ]
    elif all(c.is_number for c in coefficients):
        return [sympy.re(r) if abs(sympy.im(r)) < 1e-12 else r for r in polynomial.nroots(n=15, maxsteps=200)]
    else:
        found = sympy.roots(polynomial)
        if sum(found.values()) < polynomial.degree():
            raise ValueError(
                "no closed form for the roots of the characteristic polynomial; substitute numbers"
            )
        roots = list(found)
    return [_tidy(root) for root in roots]


def _square_root(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """(a, b) with a²b² the expression and b a root free of squares, up to the sign."""
    number, factors = sympy.factor_list(sympy.expand(expression))
    outside, inside = sympy.S.One, sympy.S.One
    for factor, power in factors:
        outside *= factor ** (power // 2)
        inside *= factor ** (power % 2)
    return outside, sympy.sqrt(number * inside)


def _tidy(expression: sympy.Expr) -> sympy.Expr:
    """Expanded, with common factors of fractions cancelled and long rationals as floats."""
    if not expression.has(sympy.sqrt) and not any(
        p.exp.is_Rational and p.exp.q > 1 for p in expression.atoms(sympy.Pow)
    ):
        expression = sympy.cancel(expression)
    return floating(sympy.expand(expression))
