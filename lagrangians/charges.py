"""Conserved charges found among the translations, rotations, boosts, scalings and internal symmetries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.conjugates import conjugate_pairs
from lagrangians.generators import Generator
from lagrangians.jets import JetSpace
from lagrangians.noether import action_change
from lagrangians.normal_form import normal_form
from lagrangians.variation import euler_operator, evolutionary_derivative
from lagrangians.zero import drop_round_off, exact, floating, has_floats, largest_coefficient

if TYPE_CHECKING:
    from lagrangians.density import Lagrangian

Covectors = Sequence[Sequence[str | AppliedUndef]]
Parts = tuple[tuple[sympy.Expr, ...], tuple[sympy.Expr, ...]]  # (ξ, η) in plain jet symbols
MANY = 12  # a larger family is first screened in floats


@dataclass(frozen=True)
class ConservedCharge:
    """A variational symmetry X with its current: ∂_αJ^α + Q^aE_a ≡ 0, verified."""

    name: str
    generator: Generator
    current: tuple[sympy.Expr, ...]

    @property
    def density(self) -> sympy.Expr:
        """J^t, whose integral over space is the charge."""
        return self.current[0]

    @property
    def flux(self) -> tuple[sympy.Expr, ...]:
        """The spatial components of J."""
        return self.current[1:]


def conserved_charges(lagrangian: Lagrangian, covectors: Covectors = ()) -> tuple[ConservedCharge, ...]:
    """Every one of these that is variational for ℒ, with its proved current.

    `energy` (−∂_t, density ℋ), `momentum_x` (∂_x, density −π_aφ^a_x), `angular_momentum_xy` (x∂_y − y∂_x),
    `boost_x` (t∂_x + κx∂_t, where some constant κ = 1/c² makes it a symmetry), `galilei_boost_x` (t∂_x, with
    a phase or a shift proportional to x), `dilation` and `scaling` (t, x and the fields scaled), `U(1)`
    (iψ∂_ψ − iψ̄∂_ψ̄ for a pair psi, psi_bar), `rotation_u_v` (u∂_v − v∂_u), `shift_u` (∂_u), for one
    coordinate `galilei_boost_q` (t∂_q); combinations of fields where only these are symmetries, then named
    without the field. `covectors`: the fields that rotate and boost like ∂_αφ, in the order of the
    coordinates, such as `(("A_t", "A_x", "A_y"),)`; all others are scalars. Each condition is linear in the
    free constants and solved, so nothing is assumed about ℒ. For the whole algebra of polynomial generators
    use `find_symmetries`. On a lattice the candidates are the translation in time, the phases, the shifts
    (of all fields together too) and t times these; the current has one more component a label. Raises
    `ValueError` for covectors that are not fields of ℒ.
    """
    if lagrangian.lattice:
        return _lattice_charges(lagrangian)
    return tuple(
        _charge(lagrangian, name, parts) for name, parts in _symmetries(lagrangian, covectors, _everything)
    )


def angular_momentum(lagrangian: Lagrangian, covectors: Covectors = ()) -> tuple[ConservedCharge, ...]:
    """The charges of the rotations x_i∂_j − x_j∂_i, those that ℒ has; see `conserved_charges`."""
    return tuple(_charge(lagrangian, *found) for found in _symmetries(lagrangian, covectors, _rotations))


def boost_charges(lagrangian: Lagrangian, covectors: Covectors = ()) -> tuple[ConservedCharge, ...]:
    """The charges of the boosts t∂_i + κ_i x_i∂_t or their Galilean kin; see `conserved_charges`."""
    return tuple(_charge(lagrangian, *found) for found in _symmetries(lagrangian, covectors, _boosts))


def inverse_square_speeds(lagrangian: Lagrangian, covectors: Covectors = ()) -> tuple[sympy.Expr, ...]:
    """κ_i = 1/c_i² for which t∂_i + κ_i x_i∂_t is variational, one a space coordinate.

    Raises `ValueError` where ℒ has no such Lorentz boost.
    """
    jets = lagrangian.jets
    space = jets.coordinates[1:]
    found = dict(_symmetries(lagrangian, covectors, _boosts))
    missing = [x.name for x in space if f"boost_{x}" not in found]
    if missing or not space:
        raise ValueError(
            f"no Lorentz boost along {', '.join(missing) or 'any coordinate'} is a symmetry; "
            "state which fields form covectors, or pass metric=..."
        )
    return tuple(sympy.diff(found[f"boost_{x}"][0][0], x) for x in space)


def _lattice_charges(lagrangian: Lagrangian) -> tuple[ConservedCharge, ...]:
    """Each candidate for which `noether_current` proves a conservation law."""
    theory = _Theory(lagrangian, ())
    t = theory.jets.coordinates[0]
    candidates = [("energy", theory.point({0: sympy.S.NegativeOne})), *theory.phases(), *theory.shifts()]
    candidates += [
        (f"galilei_boost_{theory.jets.field_names[a]}", theory.internal({a: t})) for a in theory.real_fields()
    ]
    if len(theory.real_fields()) > 1:
        candidates.append(("shift", theory.internal(dict.fromkeys(theory.real_fields(), sympy.S.One))))
    found = []
    for name, parts in candidates:
        try:
            found.append(_charge(lagrangian, name, parts))
        except ValueError:
            continue
    return tuple(found)


@dataclass(frozen=True)
class _Family:
    """Generators whose combinations are searched: with a `lead`, those that hold the first one."""

    names: tuple[str, ...]
    members: tuple[Parts, ...]
    lead: bool = False


class _Theory:
    """The exact density and the building blocks of its generators."""

    def __init__(self, lagrangian: Lagrangian, covectors: Covectors) -> None:
        self.lagrangian = lagrangian
        self.jets: JetSpace = lagrangian.jets
        self.approximate = has_floats(lagrangian.density)
        self.covectors = [covector_fields(self.jets, names) for names in covectors]
        self.fields = [self.jets.symbol(a) for a in range(len(self.jets.fields))]

    @cached_property
    def density(self) -> sympy.Expr:
        return exact(self.lagrangian.jet_density)

    @cached_property
    def _terms(self) -> list[tuple[sympy.Expr, set[int]]]:
        """Each term with the fields that it holds: an internal change of others leaves it alone."""
        terms = sympy.Add.make_args(sympy.expand(self.density))
        return [(term, {field for field, _ in self.jets.jets_in(term).values()}) for term in terms]

    def point(self, xi: dict[int, sympy.Expr]) -> Parts:
        """ξ with the change of covectors, δA_β = −(∂_βξ^μ)A_μ beside transport."""
        parts = [xi.get(alpha, sympy.S.Zero) for alpha in range(len(self.jets.coordinates))]
        eta = [sympy.S.Zero] * len(self.fields)
        for covector in self.covectors:
            for beta, field in enumerate(covector):
                eta[field] = sympy.Add(
                    *(
                        -sympy.diff(part, self.jets.coordinates[beta]) * self.fields[covector[mu]]
                        for mu, part in enumerate(parts)
                    )
                )
        return tuple(parts), tuple(eta)

    def internal(self, eta: dict[int, sympy.Expr]) -> Parts:
        parts = tuple(eta.get(a, sympy.S.Zero) for a in range(len(self.fields)))
        return (sympy.S.Zero,) * len(self.jets.coordinates), parts

    def pairs(self) -> list[tuple[int, int]]:
        """(ψ, ψ̄) of each conjugate pair."""
        return list(conjugate_pairs(self.jets.fields))

    def real_fields(self) -> list[int]:
        paired = {a for pair in self.pairs() for a in pair} | {a for c in self.covectors for a in c}
        return [a for a in range(len(self.fields)) if a not in paired]

    def phases(self, factor: sympy.Expr = sympy.S.One) -> list[tuple[str, Parts]]:
        """`factor` times the phase rotation of each conjugate pair, then the rotation of each real pair."""
        names = self.jets.field_names
        found = []
        for a, b in self.pairs():
            eta = {a: sympy.I * factor * self.fields[a], b: -sympy.I * factor * self.fields[b]}
            found.append((f"U(1)_{names[a]}", self.internal(eta)))
        for a, b in combinations(self.real_fields(), 2):
            eta = {a: -factor * self.fields[b], b: factor * self.fields[a]}
            found.append((f"rotation_{names[a]}_{names[b]}", self.internal(eta)))
        return found

    def shifts(self, factor: sympy.Expr = sympy.S.One) -> list[tuple[str, Parts]]:
        names = self.jets.field_names
        return [(f"shift_{names[a]}", self.internal({a: factor})) for a in self.real_fields()]

    def condition(self, parts: Parts) -> list[dict[sympy.Expr, sympy.Expr]]:
        """E(pr X(ℒ) + ℒ∂_αξ^α), each component as {product of jets and coordinates: coefficient}."""
        xi, eta = parts
        if any(xi):
            change = action_change(self.density, xi, eta, self.jets)
        else:
            moved = sympy.Add(*(term for term, fields in self._terms if any(eta[a] != 0 for a in fields)))
            change = sympy.expand(evolutionary_derivative(moved, eta, self.jets))
        if self.approximate:
            change = drop_round_off(change, largest_coefficient(self.density))
        return [self._collected(normal_form(e)) for e in euler_operator(change, self.jets)]

    def _collected(self, expression: sympy.Expr) -> dict[sympy.Expr, sympy.Expr]:
        collected: dict[sympy.Expr, sympy.Expr] = {}
        varying = [*self.jets.coordinates, *self.jets.jets_in(expression), *expression.atoms(AppliedUndef)]
        for term in sympy.Add.make_args(expression):
            coefficient, product = term.as_independent(*varying, as_Add=False)
            collected[product] = collected.get(product, sympy.S.Zero) + coefficient
        return collected

    def combinations(self, family: _Family) -> list[list[sympy.Expr]]:
        """Basis of all constants c with Σ c_i X_i variational; with a lead only those with c_0 = 1."""
        count = len(family.members)
        kept = list(range(count)) if count <= MANY else self._possible(family.members)
        if not kept:
            return []
        matrix = _rows([self.condition(family.members[i]) for i in kept])
        if family.lead:
            solution = _particular(matrix)
            return [] if solution is None else [solution]
        basis = []
        for found in _null_space(matrix):
            constants = [sympy.S.Zero] * count
            for i, value in zip(kept, found, strict=True):
                constants[i] = value
            basis.append(constants)
        return basis

    def _possible(self, members: Sequence[Parts]) -> list[int]:
        """Those members δφ^a = R^a_bφ^b that take part in a combination which vanishes at random jets.

        E_a(pr v_Q(ℒ)) = pr v_Q(E_a) + E_bR^b_a (Olver, eq. 5.49), evaluated in floats: of the rotations of
        many oscillators nearly all are excluded without symbolic work. Other members are all kept.
        """
        import numpy as np

        matrices = []
        for xi, eta in members:
            R = [[sympy.diff(part, field) for field in self.fields] for part in eta]
            if any(xi) or not all(entry.is_number for row in R for entry in row):
                return list(range(len(members)))
            matrices.append(np.array(R, dtype=complex))
        equations = euler_operator(self.density, self.jets)
        jets = self.jets.jets_in(sympy.Tuple(*equations))
        count = len(self.fields)
        indices = sorted({index for _, index in jets.values()})
        symbols = [self.jets.symbol(a, index) for index in indices for a in range(count)]
        others = sorted(sympy.Tuple(*equations).free_symbols - set(symbols), key=lambda s: s.name)
        slopes = [sympy.diff(e, s) for e in equations for s in symbols]
        evaluate = sympy.lambdify([*symbols, *others], [*equations, *slopes], modules="numpy", cse=True)
        draw = np.random.default_rng(0)
        rows, scale = [], 0.0
        for _ in range(2 + 2 * len(members) // count):
            point = draw.uniform(0.5, 1.5, len(symbols) + len(others))
            values = np.array(evaluate(*point), dtype=complex)
            E, slope = values[:count], values[count:].reshape(count, len(symbols))
            u = point[: len(symbols)].reshape(len(indices), count)
            scale = max(scale, float(np.max(np.abs(E))))
            rows.append(np.array([slope @ (u @ R.T).ravel() + R.T @ E for R in matrices]).T)
        _, sizes, vectors = np.linalg.svd(np.concatenate(rows))
        null = vectors[np.sum(sizes > 1e-9 * scale) :]
        return [i for i in range(len(members)) if np.any(np.abs(null[:, i]) > 1e-6)]


def _everything(theory: _Theory) -> Iterator[_Family]:
    """All families of `conserved_charges`."""
    coordinates = theory.jets.coordinates
    yield _Family(("energy",), (theory.point({0: sympy.S.NegativeOne}),))
    for alpha, x in enumerate(coordinates[1:], start=1):
        yield _Family((f"momentum_{x}",), (theory.point({alpha: sympy.S.One}),))
    yield from _rotations(theory)
    yield from _boosts(theory)
    phases, shifts = theory.phases(), theory.shifts()
    yield _named([p for p in phases if p[0].startswith("U(1)")])
    yield _named([p for p in phases if not p[0].startswith("U(1)")])
    yield _named(shifts)
    if len(coordinates) == 1:
        moving = [
            (name.replace("shift", "galilei_boost"), parts) for name, parts in theory.shifts(coordinates[0])
        ]
        yield _named(moving)
    yield _dilations(theory)


def _named(members: list[tuple[str, Parts]]) -> _Family:
    return _Family(tuple(name for name, _ in members), tuple(parts for _, parts in members))


def _rotations(theory: _Theory) -> Iterator[_Family]:
    coordinates = theory.jets.coordinates
    for i, j in combinations(range(1, len(coordinates)), 2):
        x, y = coordinates[i], coordinates[j]
        yield _Family((f"angular_momentum_{x}{y}",), (theory.point({j: x, i: -y}),))


def _boosts(theory: _Theory) -> Iterator[_Family]:
    t, *space = theory.jets.coordinates
    for alpha, x in enumerate(space, start=1):
        lorentz = [(f"galilei_boost_{x}", theory.point({alpha: t})), (f"boost_{x}", theory.point({0: x}))]
        members = [*lorentz, *theory.phases(x), *theory.shifts(x)]
        yield _Family(tuple(name for name, _ in members), tuple(parts for _, parts in members), lead=True)


def _dilations(theory: _Theory) -> _Family:
    t, *space = theory.jets.coordinates
    parts = [theory.point({0: t})]
    if space:
        parts.append(theory.point(dict(enumerate(space, start=1))))
    names = ["dilation"] * len(parts)
    partners = dict(theory.pairs())
    for a in range(len(theory.fields)):
        if a not in partners.values():
            together = [a, *([partners[a]] if a in partners else [])]
            parts.append(theory.internal({b: theory.fields[b] for b in together}))
            names.append("scaling")
    return _Family(tuple(names), tuple(parts))


def _symmetries(
    lagrangian: Lagrangian, covectors: Covectors, families: Callable[[_Theory], Iterator[_Family]]
) -> list[tuple[str, Parts]]:
    theory = _Theory(lagrangian, covectors)
    found: list[tuple[str, Parts]] = []
    for family in families(theory):
        if not family.members:
            continue
        for constants in theory.combinations(family):
            present = [name for name, c in zip(family.names, constants, strict=True) if c != 0]
            found.append((_name(present, family), _combined(constants, family.members)))
    names = [name for name, _ in found]
    seen: dict[str, int] = {}
    numbered = []
    for name, parts in found:
        seen[name] = seen.get(name, 0) + 1
        single = name.startswith("U(1)") and sum(n.startswith("U(1)") for n in names) == 1
        unique = "U(1)" if single else name if names.count(name) == 1 else f"{name}_{seen[name]}"
        numbered.append((unique, parts))
    return numbered


def _name(present: list[str], family: _Family) -> str:
    if family.lead:
        return present[1] if len(present) > 1 and present[1].startswith("boost") else present[0]
    if len(set(present)) == 1:
        return present[0]
    if "dilation" in present:
        return "dilation"
    return "galilei_boost" if present[0].startswith("galilei") else present[0].split("_")[0]


def _combined(constants: Sequence[sympy.Expr], members: Sequence[Parts]) -> Parts:
    sums = [
        tuple(
            sympy.expand(
                sympy.Add(*(c * parts[kind][i] for c, parts in zip(constants, members, strict=True)))
            )
            for i in range(len(members[0][kind]))
        )
        for kind in (0, 1)
    ]
    return sums[0], sums[1]


def _charge(lagrangian: Lagrangian, name: str, parts: Parts) -> ConservedCharge:
    back = lagrangian.jets.to_functions
    xi, eta = (tuple(floating(back(part)) for part in side) for side in parts)
    generator = Generator(xi, eta, lagrangian.coordinates, lagrangian.fields)
    return ConservedCharge(name, generator, tuple(lagrangian.noether_current(generator)))


def covector_fields(jets: JetSpace, names: Sequence[str | AppliedUndef]) -> list[int]:
    """Numbers of the fields that form a covector, one a coordinate. Raises `ValueError` for other names."""
    given = [name if isinstance(name, str) else name.func.__name__ for name in names]
    unknown = [name for name in given if name not in jets.field_names]
    if unknown or len(given) != len(jets.coordinates) or len(set(given)) < len(given):
        known = ", ".join(jets.field_names)
        raise ValueError(
            f"got the covector ({', '.join(given)}), expected {len(jets.coordinates)} distinct fields, one a "
            f"coordinate, of: {known}"
        )
    return [jets.field_names.index(name) for name in given]


def _rows(columns: list[list[dict[sympy.Expr, sympy.Expr]]]) -> sympy.Matrix:
    keys = sorted(
        {(a, product) for column in columns for a, e in enumerate(column) for product in e},
        key=lambda key: (key[0], sympy.default_sort_key(key[1])),
    )
    entries = [[column[a].get(product, sympy.S.Zero) for column in columns] for a, product in keys]
    return sympy.Matrix(len(keys), len(columns), [e for row in entries for e in row])


def _echelon(matrix: sympy.Matrix) -> tuple[sympy.Matrix, tuple[int, ...]]:
    return matrix.rref(simplify=sympy.cancel, iszerofunc=lambda e: sympy.cancel(e) == 0)


def _null_space(matrix: sympy.Matrix) -> list[list[sympy.Expr]]:
    count = matrix.cols
    reduced, pivots = _echelon(matrix) if matrix.rows else (matrix, ())
    basis = []
    for free in (column for column in range(count) if column not in pivots):
        vector = [sympy.S.Zero] * count
        vector[free] = sympy.S.One
        for row, pivot in enumerate(pivots):
            vector[pivot] = sympy.cancel(-reduced[row, free])
        basis.append(vector)
    return basis


def _particular(matrix: sympy.Matrix) -> list[sympy.Expr] | None:
    """c with c_0 = 1 and Σ c_i column_i = 0; None where there is none. A free c_1 is 1, others are 0."""
    turned = sympy.Matrix.hstack(matrix[:, 1:], matrix[:, :1])
    last = turned.cols - 1
    reduced, pivots = _echelon(turned) if turned.rows else (turned, ())
    if last in pivots:
        return None
    vector = [sympy.S.One] + [sympy.S.Zero] * last
    if last and 0 not in pivots:
        vector[1] = sympy.S.One
    for row, pivot in enumerate(pivots):
        vector[pivot + 1] = sympy.cancel(-reduced[row, last])
    return vector
