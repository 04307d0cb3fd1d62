"""Random generators, whose charges must drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from lagrangians import Generator, Lagrangian
from lagrangians.jets import JetSpace
from lagrangians.variation import boundary_current, divergence, total_derivative

from ..trajectory import Trajectory

CONTROLS = 20


class Controls:
    """Random generators Σ c X over the ansatz {1, x^α} ∂_β, {1, φ^a} ∂_φ^a, their charges and continuity
    residuals on one trajectory.

    The coefficients c are normal on coordinates and fields scaled to [−1, 1]; their part in the span of the
    true symmetries is projected off, and none is discarded. `drift` and `continuity` are medians.
    """

    def __init__(
        self, lagrangian: Lagrangian, trajectory: Trajectory, symmetries: Sequence[Generator], seed: int
    ):
        jets = lagrangian.jets
        ansatz = _ansatz(jets, trajectory)
        chosen = _random_generators(jets, ansatz, symmetries, seed)
        currents = _currents(lagrangian, ansatz)

        densities = np.stack(trajectory.evaluate([current[0] for current in currents]))
        audited = [drift_of(trajectory, np.tensordot(row, densities, axes=1)) for row in chosen]
        drifts = [drift for _, _, drift in audited]
        self.drift = float(np.median(drifts))
        self.values, self.scale, _ = audited[int(np.argsort(drifts)[len(drifts) // 2])]

        self.continuity = float("nan")
        if len(jets.coordinates) > 1:
            wholes = np.stack(trajectory.evaluate([divergence(current, jets) for current in currents]))
            rates = np.stack(
                trajectory.evaluate([total_derivative(current[0], 0, jets) for current in currents])
            )
            ratios = [
                np.linalg.norm(np.tensordot(row, wholes, axes=1))
                / np.linalg.norm(np.tensordot(row, rates, axes=1))
                for row in chosen
            ]
            self.continuity = float(np.median(ratios))


def drift_of(trajectory: Trajectory, density: np.ndarray) -> tuple[np.ndarray, float, float]:
    """(Q(t), mean_t ∫|J⁰|dx of the worst sample, relative drift of the worst sample)."""
    values = trajectory.integrate(density)
    scales = trajectory.integrate(np.abs(density)).mean(1)
    drifts = np.abs(values - values[:, :1]).max(1) / np.maximum(scales, 1e-300)
    worst = int(drifts.argmax())
    return values, float(scales[worst]), float(drifts[worst])


@dataclass(frozen=True)
class _Ansatz:
    """Generators weight·monomial·∂_part, part one of the coordinates and fields."""

    parts: tuple[sympy.Symbol, ...]
    elements: tuple[tuple[int, sympy.Expr, float], ...]


def _ansatz(jets: JetSpace, trajectory: Trajectory) -> _Ansatz:
    """{1, x^α} ∂_β and {1, φ^a} ∂_φ^a, each monomial scaled to size 1 on the data."""
    coordinates = jets.coordinates
    fields = [jets.symbol(a) for a in range(len(jets.fields))]
    sizes = [np.abs(trajectory.coordinate(n)).max() for n in range(len(coordinates))]
    factors = [(sympy.S.One, 1.0), *((x, 1 / (s or 1.0)) for x, s in zip(coordinates, sizes, strict=True))]
    elements = [(alpha, x, w) for alpha in range(len(coordinates)) for x, w in factors]
    for a, (field, values) in enumerate(zip(fields, trajectory.evaluate(fields), strict=True)):
        size = np.abs(values).max() or 1.0
        elements += [(len(coordinates) + a, sympy.S.One, 1.0), (len(coordinates) + a, field, float(1 / size))]
    return _Ansatz((*coordinates, *fields), tuple(elements))


def _random_generators(
    jets: JetSpace, ansatz: _Ansatz, symmetries: Sequence[Generator], seed: int
) -> np.ndarray:
    """Normal coefficients with their part in the span of the symmetries projected off. shape: (CONTROLS,
    ansatz)
    """
    chosen = np.random.default_rng(seed).standard_normal((CONTROLS, len(ansatz.elements)))
    if not symmetries:
        return chosen
    rows = []
    for symmetry in symmetries:
        components = [sympy.Poly(jets.to_jets(part), *ansatz.parts) for part in (*symmetry.xi, *symmetry.eta)]
        rows.append([float(components[n].coeff_monomial(x)) / w for n, x, w in ansatz.elements])
    basis, sizes, _ = np.linalg.svd(np.array(rows).T, full_matrices=False)
    basis = basis[:, sizes > 1e-12 * max(sizes.max(), 1e-300)]
    return chosen - chosen @ basis @ basis.T


def _currents(lagrangian: Lagrangian, ansatz: _Ansatz) -> list[list[sympy.Expr]]:
    """J^α = P^α(η^a − ξ^β∂_βφ^a) + ξ^αℒ of every element.

    For first-order densities P^α = Σ_a Q^a ∂ℒ/∂(∂_αφ^a) is linear in X, also over functions: one current a
    component is enough.
    """
    jets, density = lagrangian.jets, lagrangian.jet_density
    size = len(jets.coordinates)
    if jets.order(density) > 1:
        found = []
        for part, x, w in ansatz.elements:
            moved = boundary_current(density, _change(jets, part, x), jets)
            found.append([w * (j + (x * density if a == part else 0)) for a, j in enumerate(moved)])
        return found
    momenta = [
        [sympy.diff(density, jets.symbol(a, _unit(size, alpha))) for a in range(len(jets.fields))]
        for alpha in range(size)
    ]
    plain = []
    for part in range(len(ansatz.parts)):
        change = _change(jets, part, sympy.S.One)
        flow = [sympy.Add(*(p * q for p, q in zip(row, change, strict=True))) for row in momenta]
        plain.append([j + (density if a == part else 0) for a, j in enumerate(flow)])
    return [[w * x * j for j in plain[part]] for part, x, w in ansatz.elements]


def _change(jets: JetSpace, part: int, factor: sympy.Expr) -> list[sympy.Expr]:
    """Q of X = factor·∂_part."""
    size, count = len(jets.coordinates), len(jets.fields)
    if part < size:
        return [-factor * jets.symbol(a, _unit(size, part)) for a in range(count)]
    return [factor if a == part - size else sympy.S.Zero for a in range(count)]


def _unit(size: int, alpha: int) -> tuple[int, ...]:
    return tuple(int(i == alpha) for i in range(size))
