"""Projections of atoms whose functions hold derivatives of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .atoms import Atom
from .functions import FieldFunction
from .measured import MeasuredFields
from .projections import Projections, Slopes
from .smoothed import JetVariables, Smoothing, smoothing_of

DRAWS = 8
"""Draws of noise: N is known to 1/√(8n) of itself, n the effective rows."""


class SmoothedProjections(Projections):
    """As `Projections`, also of atoms such as φ_x² and (φ_tφ_x)_x, whose jets come from smoothed data
    (`smoothed`).

    Their noise at neighbouring points is correlated. N is a parametric bootstrap, for all atoms if one of
    those asked for is of this kind: with noise ε drawn from `seed`, φ̂ the smoothed fields and E_k =
    (−1)^|α| ∫ [F̃_k(φ̂ + ε) − F_k(φ̂)] ∂_αψ, where jets in F̃_k are those of φ̂ plus the smoothed ε, it is
    Σ_ψ E_kE_l on the average over `DRAWS` draws. F_k(φ̂) is the mean of F̃_k(φ̂ + ε) exactly. The fields φ̂
    for this purpose are smoothed twice as wide, since the noise left in them makes N too large. The influence
    of the noise on coefficients is propagated to first order as for other atoms, through the transposes of
    the kernels.

    The ends of the axes that do not close are lost to the kernels: `measured` is without them.
    """

    def __init__(
        self,
        measured: MeasuredFields,
        half_points: Sequence[int],
        orders: int = 4,
        smoothing: Smoothing | None = None,
        seed: int = 0,
    ):
        self.smoothing = smoothing_of(measured) if smoothing is None else smoothing
        self.whole = measured
        self.seed = seed
        super().__init__(
            measured.with_values([self.smoothing.inside(v) for v in measured.values]), half_points, orders
        )
        self._variables: dict[int, JetVariables] = {}
        self._jets: dict[int, list[np.ndarray]] = {}
        self._caches: dict[int, dict] = {}

    def order(self, atom: Atom) -> int:
        """How many derivatives an atom's function takes from the data."""
        return self.measured.jets.order(atom.function)

    def variables(self, order: int) -> JetVariables:
        if order not in self._variables:
            jets, deviations = self.measured.jets, self.measured.deviations
            self._variables[order] = JetVariables(self.smoothing, jets, deviations, order)
        return self._variables[order]

    def smoothed(self, order: int) -> list[np.ndarray]:
        """The values of `variables`."""
        if order not in self._jets:
            self._jets[order] = self.variables(order).values(self.whole.values)
            self._caches[order] = {}
        return self._jets[order]

    def function(self, atom: Atom) -> FieldFunction:
        order = self.order(atom)
        if order and atom.function not in self._functions:
            self._functions[atom.function] = self.variables(order).function(atom.function)
        return super().function(atom)

    def clean(self, atom: Atom) -> FieldFunction:
        order = self.order(atom)
        if order and atom.function not in self._clean:
            deviations = self.variables(order).deviations
            self._clean[atom.function] = self.function(atom).without_noise(deviations)
        return super().clean(atom)

    def values(self, atom: Atom) -> np.ndarray:
        order = self.order(atom)
        if not order:
            return super().values(atom)
        return self.clean(atom).evaluate(self.smoothed(order), self._caches[order])

    def noise(self, atoms: Sequence[Atom]) -> np.ndarray:
        if not any(self.order(atom) for atom in atoms):
            return super().noise(atoms)
        orders = sorted({self.order(atom) for atom in atoms} - {0})
        wider, zero = self.smoothing.wider, self.measured.jets.zero
        fields = [self.smoothing.extended(values) for values in self.whole.values]
        base = {order: self.variables(order).values(fields, wider) for order in orders}
        base[0] = [wider.jet(values, zero) for values in fields]
        caches: dict[int, dict] = {order: {} for order in base}
        means = {
            atom.function: self.function(atom).evaluate(base[self.order(atom)], caches[self.order(atom)])
            for atom in atoms
        }
        rng = np.random.default_rng(self.seed)
        total = np.zeros((len(atoms), len(atoms)))
        for _ in range(DRAWS):
            drawn = [d * rng.standard_normal(self.whole.shape) for d in self.measured.deviations]
            moved = {0: [b + self.smoothing.inside(e) for b, e in zip(base[0], drawn, strict=True)]}
            for order in orders:
                noises = self.variables(order).values(drawn)
                moved[order] = [b + e for b, e in zip(base[order], noises, strict=True)]
            errors = self._errors(atoms, moved, means)
            total += errors.T @ errors
        return total / DRAWS

    def _errors(
        self, atoms: Sequence[Atom], moved: Mapping[int, list[np.ndarray]], means: Mapping
    ) -> np.ndarray:
        """E_k of one draw. shape: (rows, atoms)"""
        caches: dict[int, dict] = {order: {} for order in moved}
        known: dict[object, np.ndarray] = {}
        columns = []
        for atom in atoms:
            key, order = atom.function, self.order(atom)
            if key not in known:
                known[key] = self.clean(atom).evaluate(moved[order], caches[order]) - means[key]
            columns.append((-1) ** sum(atom.derivative) * self.project(known[key], atom.derivative).ravel())
        return np.stack(columns, axis=1)

    def slopes(self, atoms: Sequence[Atom], theta: np.ndarray) -> list[Slopes]:
        """As in `Projections`, and for each order of jets those of its variables."""
        by_order: dict[int, list[int]] = {0: []}
        for n, atom in enumerate(atoms):
            by_order.setdefault(self.order(atom), []).append(n)
        out = [super().slopes([atoms[n] for n in by_order[0]], theta[by_order[0]])[0]]
        for order in range(1, max(by_order) + 1):
            chosen = by_order.get(order, [])
            out.append(
                self._slopes(
                    [atoms[n] for n in chosen],
                    theta[chosen],
                    self.smoothed(order) if chosen else [],
                    [1.0] * len(self.variables(order).symbols),
                    self._caches.get(order, {}),
                )
            )
        return out

    def influence(self, slopes: Sequence[Slopes], rows: np.ndarray) -> list[np.ndarray]:
        out = [self.smoothing.outside(part) for part in super().influence(slopes[:1], rows)]
        for order in range(1, len(slopes)):
            if not slopes[order]:
                continue
            variables = self.variables(order)
            spread = {derivative: self.spread(rows, derivative) for derivative in slopes[order]}
            for number in range(len(variables.symbols)):
                weights = sum(slopes[order][d][number] * spread[d] for d in spread)
                for a, part in variables.pulled(number, weights):
                    out[a] += self.measured.deviations[a] * part
        return out

    def mean_slopes(self, atom: Atom) -> dict[tuple[int, ...], float]:
        """As in `Projections`, for each jet that the atom's function holds."""
        order = self.order(atom)
        if not order:
            return super().mean_slopes(atom)
        variables, values = self.variables(order), self.smoothed(order)
        squares: dict[tuple[int, ...], float] = {}
        for number, (a, index) in enumerate(variables.places):
            slope = self.clean(atom).derivative(number).evaluate(values)
            highest = len(self._weights[0]) - 1
            where = tuple(min(i + j, highest) for i, j in zip(atom.derivative, index, strict=True))
            own = self.measured.deviations[a] ** 2 * float(np.mean(slope**2))
            squares[where] = squares.get(where, 0.0) + own
        return {where: square**0.5 for where, square in squares.items() if square}
