"""Light cones and characteristic speeds of second-order field equations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy

from lagrangians.factor import elimination_pivots
from lagrangians.jets import raised
from lagrangians.zero import exact, floating, has_floats, is_zero, with_positive_symbols

if TYPE_CHECKING:
    from lagrangians.density import Lagrangian
    from lagrangians.expansion import FieldExpansion


@dataclass(frozen=True)
class LightCone:
    """The cone h^{αβ}(x) k_αk_β = 0 of a quadratic form h with one time-like direction, the time axis.

    `form` is h, first coordinate time. Wave fronts with normal n move at c = −k_t/|k|, where with a = h^{tt},
    b^i = h^{ti}, C = h^{ij}: c = b·n/a ± √(nᵀSn), S = bbᵀ/a² − C/a.
    """

    form: sympy.ImmutableMatrix
    coordinates: tuple[sympy.Symbol, ...]

    @cached_property
    def drift(self) -> tuple[sympy.Expr, ...]:
        """b/a, the velocity of the medium in which the cone is upright."""
        return tuple(_tidy(self.form[0, i] / self.form[0, 0]) for i in range(1, self.form.shape[0]))

    @cached_property
    def squared_speeds(self) -> sympy.ImmutableMatrix:
        """S^{ij} = b^ib^j/a² − h^{ij}/a, positive definite."""
        size = self.form.shape[0] - 1
        a, b = self.form[0, 0], self.form[0, 1:]
        return sympy.ImmutableMatrix(
            size,
            size,
            lambda i, j: _tidy(b[i] * b[j] / a**2 - self.form[i + 1, j + 1] / a),
        )

    @cached_property
    def _principal(self) -> tuple[tuple[sympy.Expr, tuple[sympy.Expr, ...]], ...]:
        if self.squared_speeds.is_diagonal():
            size = self.squared_speeds.shape[0]
            pairs = [
                (self.squared_speeds[i, i], tuple(sympy.Integer(i == j) for j in range(size)))
                for i in range(size)
            ]
        else:
            pairs = []
            for value, _, vectors in self.squared_speeds.eigenvects():
                for vector in sympy.GramSchmidt(vectors, orthonormal=True):
                    pairs.append((value, tuple(_tidy(v) for v in vector)))
        if all(value.is_number for value, _ in pairs):
            pairs.sort(key=lambda pair: -float(sympy.re(sympy.N(pair[0]))))
        return tuple((_root(value), axis) for value, axis in pairs)

    @property
    def speeds(self) -> tuple[sympy.Expr, ...]:
        """In one space dimension both, c₊ = b/a + √S and c₋ = b/a − √S; in more the principal speeds relative
        to the drift, √ of the eigenvalues of S, the largest first where they are numbers.
        """
        if len(self.drift) == 1:
            (drift,), ((speed, _),) = self.drift, self._principal
            return _tidy(drift + speed), _tidy(drift - speed)
        return tuple(speed for speed, _ in self._principal)

    @property
    def axes(self) -> tuple[tuple[sympy.Expr, ...], ...]:
        """Unit vectors of the principal axes, orthonormal, in the order of the principal speeds."""
        return tuple(axis for _, axis in self._principal)

    def front_speeds(self, normal: Sequence[Any]) -> tuple[sympy.Expr, sympy.Expr]:
        """b·n/a ± √(nᵀSn), the two speeds of a wave front with unit normal n = normal/|normal|."""
        n = sympy.Matrix([sympy.sympify(part) for part in normal])
        if n.shape != (len(self.drift), 1) or n.norm() == 0:
            raise ValueError(f"got the normal {tuple(n)}, expected {len(self.drift)} components, not all 0")
        n = n / n.norm()
        along = sympy.Add(*(v * part for v, part in zip(self.drift, n, strict=True)))
        across = _root(_tidy((n.T * self.squared_speeds * n)[0]))
        return _tidy(along + across), _tidy(along - across)


def light_cone(
    theory: Lagrangian | FieldExpansion | Any,
    channel: int | None = None,
    vacuum: Any = None,
    coordinates: Sequence[sympy.Symbol] | None = None,
) -> LightCone:
    """The cone of h^{αβ}_{ab} for one channel (h^{αβ}_{aa}), or the one that all channels share.

    `theory`: a `FieldExpansion` (its h; with `kinetic` its Lagrangian), a `Lagrangian` (h^{αβ}_{ab} =
    −½ × the coefficient of φ^b_αβ in E_a, symmetrised, which for first-order densities is half the Hessian in
    the first derivatives, unchanged by divergences), or a symmetric matrix h^{αβ}. Where h depends on the
    fields it is taken at the constant `vacuum`, a value or one a field, all derivatives 0. A cone is shared
    if h^{αβ}_{ab} = h^{αβ} G_{ab}; channels with h_{aa} = 0, such as targets, do not count.

    Entries may depend on coordinates and parameters: signs that are not decided by numbers, or by taking
    coordinates and parameters as positive, are taken for granted. Raises `ValueError` where h is definite
    (elliptic, no cone), degenerate, or its time-like direction is not the time axis, and where channels have
    different cones.
    """
    forms, names = _forms(theory, vacuum, coordinates)
    count = forms.shape[2]
    size = len(names)
    if channel is not None:
        if not 0 <= channel < count:
            raise ValueError(f"got channel {channel}, expected 0 to {count - 1}")
        matrix = sympy.Matrix(size, size, lambda i, j: forms[i, j, channel, channel])
    else:
        matrix = _common(forms)
    matrix = matrix.applyfunc(_tidy)
    if all(is_zero(entry) for entry in matrix):
        raise ValueError("no light cone: the form h vanishes")
    _check_signature(matrix, names)
    return LightCone(sympy.ImmutableMatrix(matrix), names)


def characteristic_speeds(
    theory: Lagrangian | FieldExpansion | Any,
    vacuum: Any = None,
    coordinates: Sequence[sympy.Symbol] | None = None,
) -> tuple[sympy.Expr, ...]:
    """All c with det(h^{αβ}k_αk_β) = 0 for k = (−c, 1): the speeds in one space dimension, of all channels.

    h as in `light_cone`, channels coupled or not; each speed as often as it occurs, the largest first where
    they are numbers, and ∞ where a degree is lost because t = const is itself characteristic (h^{tt}
    singular, as in light-cone coordinates). In more dimensions the principal speeds of the common cone.
    Channels that do not propagate (h = 0) are left out. Raises `ValueError` where a speed is not real
    (elliptic), or where the equation cannot be solved in closed form.
    """
    forms, names = _forms(theory, vacuum, coordinates)
    if len(names) != 2:
        return light_cone(theory, vacuum=vacuum, coordinates=coordinates).speeds
    c = sympy.Dummy("c")
    active = _active(forms)
    matrix = sympy.Matrix(
        len(active),
        len(active),
        lambda i, j: sympy.expand(
            forms[0, 0, active[i], active[j]] * c**2
            - (forms[0, 1, active[i], active[j]] + forms[1, 0, active[i], active[j]]) * c
            + forms[1, 1, active[i], active[j]]
        ),
    )
    determinant = sympy.expand(matrix.det())
    if not active or is_zero(determinant):
        raise ValueError("no characteristic speeds: det(h^{αβ}k_αk_β) vanishes identically")
    polynomial = sympy.Poly(determinant, c)
    roots = sympy.roots(polynomial)
    if sum(roots.values()) < polynomial.degree():
        raise ValueError("no closed form for the characteristic speeds; substitute numbers")
    speeds = [_tidy(root) for root, count in roots.items() for _ in range(count)]
    for speed in speeds:
        if not _is_real(speed):
            raise ValueError(f"elliptic: the characteristic speed {floating(speed)} is not real")
    infinite = [sympy.oo] * (2 * len(active) - polynomial.degree())
    if all(s.is_number for s in speeds):
        speeds.sort(key=lambda s: -float(s))
    else:
        speeds.sort(key=lambda s: (s.could_extract_minus_sign(), sympy.default_sort_key(s)))
    return (*infinite, *speeds)


def _forms(theory: Any, vacuum: Any, coordinates: Sequence[sympy.Symbol] | None) -> tuple[Any, tuple]:
    """(h as an object array (coordinates, coordinates, channels, channels), coordinates)."""
    import numpy as np

    if hasattr(theory, "h") and hasattr(theory, "coordinates"):
        if theory.kinetic is not None:
            return _forms(theory.lagrangian, vacuum, None)
        return np.vectorize(_exact, otypes=[object])(theory.h), tuple(theory.coordinates)
    if hasattr(theory, "euler_lagrange"):
        return _principal_part(theory, vacuum), tuple(theory.coordinates)
    matrix = sympy.Matrix(theory)
    size = matrix.shape[0]
    if matrix.shape != (size, size) or size < 2 or matrix != matrix.T:
        raise ValueError(f"got a form of shape {matrix.shape}, expected a symmetric matrix h^{{αβ}}")
    names = tuple(coordinates) if coordinates is not None else sympy.symbols("t x y z")[:size]
    if len(names) != size:
        raise ValueError(f"got {len(names)} coordinates for a form of shape {matrix.shape}")
    forms = np.array(matrix.tolist(), dtype=object).reshape(size, size, 1, 1)
    return np.vectorize(_exact, otypes=[object])(forms), names


def _principal_part(lagrangian: Lagrangian, vacuum: Any) -> Any:
    """h^{αβ}_{ab} from the second derivatives in E_a, at the vacuum where it depends on fields."""
    import numpy as np

    jets = lagrangian.jets
    equations = [exact(jets.to_jets(e)) for e in lagrangian.euler_lagrange()]
    order = jets.order(*equations)
    if order != 2:
        raise ValueError(f"got field equations of order {order}, expected 2: no light cone")
    size, count = len(jets.coordinates), len(jets.fields)
    if size < 2:
        raise ValueError("got no space coordinate, expected at least one: no light cone")
    forms = np.full((size, size, count, count), sympy.S.Zero, dtype=object)
    for a, equation in enumerate(equations):
        for b in range(count):
            for i in range(size):
                for j in range(size):
                    symbol = jets.symbol(b, raised(raised(jets.zero, i), j))
                    share = sympy.Integer(2 if i == j else 4)
                    forms[i, j, a, b] = -sympy.expand(sympy.diff(equation, symbol)) / share
    everything = sympy.Tuple(*forms.flat)
    present = jets.jets_in(everything)
    if present:
        from lagrangians.dispersion import vacuum_values

        point = tuple(map(exact, vacuum_values(lagrangian, vacuum)))
        rule = {s: sympy.S.Zero if any(index) else point[field] for s, (field, index) in present.items()}
        forms = np.vectorize(lambda e: _tidy(e.subs(rule, simultaneous=True)), otypes=[object])(forms)
    return forms


def _active(forms: Any) -> list[int]:
    """Channels that appear in h."""
    size, count = forms.shape[0], forms.shape[2]
    return [
        a
        for a in range(count)
        if any(not is_zero(forms[i, j, a, b]) for b in range(count) for i in range(size) for j in range(size))
    ]


def _common(forms: Any) -> sympy.Matrix:
    """h^{αβ} with h^{αβ}_{ab} = h^{αβ}G_{ab}."""
    size, count = forms.shape[0], forms.shape[2]
    pairs = [
        sympy.Matrix(size, size, lambda i, j, a=a, b=b: (forms[i, j, a, b] + forms[j, i, a, b]) / 2)
        for a in range(count)
        for b in range(count)
    ]
    present = [m for m in pairs if not all(is_zero(e) for e in m)]
    if not present:
        raise ValueError("no light cone: the form h vanishes")
    first = present[0]
    pivot = next((i, j) for i in range(size) for j in range(size) if not is_zero(first[i, j]))
    for other in present[1:]:
        if any(not is_zero(e) for e in other * first[pivot] - first * other[pivot]):
            raise ValueError(
                "the channels have different cones; pass channel=..., or use characteristic_speeds"
            )
    return first


def _check_signature(matrix: sympy.Matrix, names: tuple[sympy.Symbol, ...]) -> None:
    """One sign of a against the other of C − bbᵀ/a, by the pivots of elimination."""
    a = matrix[0, 0]
    if is_zero(a):
        raise ValueError(f"h^{{{names[0]}{names[0]}}} = 0: the time axis lies on the cone or h is degenerate")
    rest = (matrix[1:, 1:] - matrix[1:, :1] * matrix[:1, 1:] / a) / a
    signs = [_sign(pivot) for pivot in elimination_pivots(rest)]
    if 0 in signs:
        raise ValueError("no light cone: the form h is degenerate (parabolic)")
    if all(s == 1 for s in signs):
        raise ValueError("elliptic: the form h is definite, so there is no light cone")
    if any(s == 1 for s in signs):
        raise ValueError("the time-like direction of h is not the time axis alone: no cone of wave fronts")


def _sign(value: sympy.Expr) -> int | None:
    """±1 or 0, symbols taken as positive; None where that does not decide it."""
    if is_zero(value):
        return 0
    value = sympy.factor(with_positive_symbols(value)[0])
    if value.is_positive:
        return 1
    return -1 if value.is_negative else None


def _is_real(value: sympy.Expr) -> bool:
    value, _ = with_positive_symbols(value)
    if value.is_number:
        return abs(sympy.im(sympy.N(value, 30))) < 1e-20
    return value.is_real is not False


def _root(square: sympy.Expr) -> sympy.Expr:
    """√ with symbols taken as positive, so that √(c²) = c."""
    if square.is_number:
        return sympy.sqrt(square)
    positive, stand_ins = with_positive_symbols(square)
    back = {dummy: s for s, dummy in stand_ins.items()}
    return sympy.sqrt(sympy.factor(positive)).xreplace(back)


def _exact(value: Any) -> sympy.Expr:
    return exact(sympy.sympify(value)) if has_floats(value) else sympy.sympify(value)


def _tidy(value: sympy.Expr) -> sympy.Expr:
    value = sympy.sympify(value)
    return value if value.is_Rational else sympy.cancel(sympy.together(sympy.expand(value)))
