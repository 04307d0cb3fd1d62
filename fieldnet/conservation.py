"""Are the Noether charges of a Lagrangian conserved along measured trajectories? Beside controls that must
fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy
import xarray as xr

from lagrangians import Generator, Lagrangian, variational_symmetries
from lagrangians.jets import JetSpace
from lagrangians.variation import divergence, total_derivative
from simulations import Grid, guess_boundary
from simulations.files.conventions import field_names, space_names

from .trajectory import Trajectory

CONTROLS = 20


@dataclass(frozen=True)
class ConservedCharge:
    """A charge Q(t) = ∫J⁰dx along trajectories.

    `values` has shape (sample, time). relative_drift = max_t |Q(t) − Q(0)| / mean_t ∫|J⁰|dx, the worst
    sample; `control_drift` is the median of the same figure over `CONTROLS` random generators,
    `control_values` the charge of the median one.
    """

    generator: Generator
    name: str
    times: np.ndarray
    values: np.ndarray
    scale: float
    relative_drift: float
    control_drift: float
    control_values: np.ndarray
    control_scale: float


@dataclass(frozen=True)
class LocalConservation:
    """‖∂_αJ^α‖ / ‖∂_tJ⁰‖, root mean squares over all kept points, with the same figure of random
    generators.
    """

    generator: Generator
    name: str
    residual: float
    control_residual: float


@dataclass(frozen=True)
class Conservation:
    """The audit: charges that the boundary keeps, and continuity equations for the other symmetries."""

    charges: list[ConservedCharge]
    local: list[LocalConservation]


def check_conservation(
    lagrangian: Lagrangian,
    dataset: xr.Dataset,
    fields: Sequence[str] | None = None,
    boundary: str | None = None,
    degree: int | None = None,
    seed: int = 0,
) -> Conservation:
    """Audit every variational point symmetry of `lagrangian` along the trajectories in `dataset` (normal
    form).

    The symmetries are those of `lagrangians.variational_symmetries` with polynomials of the given degree
    (default 1, or 0 for more than three fields). A symmetry whose generator moves the box (ξ or η depends on
    x, or x is moved at walls) has no conserved total charge; its continuity equation is audited point by
    point instead.

    The controls are random generators Σ c X over the ansatz {1, x^α} ∂_β, {1, φ^a} ∂_φ^a, normal numbers on
    coordinates and fields scaled to [−1, 1], their part in the span of the true symmetries projected off;
    none is discarded.

    Raises ValueError for densities with derivatives above the first, or too few times.
    """
    jets = lagrangian.jets
    if any(sum(index) > 1 for _, index in jets.jets_in(lagrangian.jet_density).values()):
        raise ValueError("got a density with second derivatives, expected one of first order")
    nodes = space_names(dataset) == ("node",)
    boundary = boundary or ("periodic" if nodes else guess_boundary(dataset))
    grid = None if nodes else Grid.from_dataset(dataset, boundary)
    names = fields or (field_names(dataset) if nodes else jets.field_names)
    trajectory = Trajectory.from_dataset(dataset, names, jets, grid)
    degree = (1 if len(jets.fields) <= 3 else 0) if degree is None else degree
    proved = _proved(lagrangian, variational_symmetries(lagrangian, degree=degree))
    controls = _Controls(lagrangian, trajectory, [symmetry for symmetry, _ in proved], seed)
    charges, local = [], []
    for symmetry, current in proved:
        if not _keeps_box(symmetry, boundary):
            residual = _continuity(jets, trajectory, current)
            local.append(LocalConservation(symmetry, charge_name(symmetry), residual, controls.continuity))
            continue
        values, scale, drift = _drift(trajectory, trajectory.evaluate([current[0]])[0])
        charges.append(
            ConservedCharge(
                generator=symmetry,
                name=charge_name(symmetry),
                times=trajectory.times,
                values=values,
                scale=scale,
                relative_drift=drift,
                control_drift=controls.drift,
                control_values=controls.values,
                control_scale=controls.scale,
            )
        )
    return Conservation(charges, local)


def _proved(
    lagrangian: Lagrangian, symmetries: Sequence[Generator]
) -> list[tuple[Generator, tuple[sympy.Expr, ...]]]:
    """(symmetry, current) where the conservation law is proved symbolically; numbers may fail that."""
    proved = []
    for symmetry in symmetries:
        try:
            current = lagrangian.noether_current(symmetry)
        except ValueError:
            continue
        proved.append((symmetry, current))
    return proved


def charge_name(generator: Generator) -> str:
    """The field's name of a charge: energy, momentum, boost, phase shift, …; else the generator itself."""
    coordinates, jets = generator.coordinates, generator.jets
    xi = [jets.to_jets(part) for part in generator.xi]
    eta = [jets.to_jets(part) for part in generator.eta]
    moving = [alpha for alpha, part in enumerate(xi) if part != 0]
    if not any(eta) and len(moving) == 1 and xi[moving[0]].is_number:
        return "energy" if moving == [0] else f"momentum along {coordinates[moving[0]].name}"
    if not moving and all(part.is_number for part in eta):
        return "phase shift" if len(eta) > 1 and len(set(eta)) == 1 else "field shift"
    if not any(eta) and len(moving) == 2:
        first, second = moving
        crossed = xi[first].has(coordinates[second]) and xi[second].has(coordinates[first])
        if crossed:
            return f"boost along {coordinates[second].name}" if first == 0 else "angular momentum"
    return str(generator)


def _keeps_box(generator: Generator, boundary: str) -> bool:
    """Whether the flow maps the box with its boundary condition to itself."""
    space = set(generator.coordinates[1:])
    if any(part.free_symbols & space for part in (*generator.xi, *generator.eta)):
        return False
    return boundary in ("periodic", "winding") or not any(generator.xi[1:])


def _drift(trajectory: Trajectory, density: np.ndarray) -> tuple[np.ndarray, float, float]:
    """(Q(t), mean_t ∫|J⁰|dx of the worst sample, relative drift of the worst sample)."""
    values = trajectory.integrate(density)
    scales = trajectory.integrate(np.abs(density)).mean(1)
    drifts = np.abs(values - values[:, :1]).max(1) / np.maximum(scales, 1e-300)
    worst = int(drifts.argmax())
    return values, float(scales[worst]), float(drifts[worst])


def _continuity(jets: JetSpace, trajectory: Trajectory, current: Sequence[sympy.Expr]) -> float:
    """‖∂_αJ^α‖/‖∂_tJ⁰‖ with every jet, φ_tt too, taken from the data."""
    current = [jets.to_jets(part) for part in current]
    total, rate = trajectory.evaluate([divergence(current, jets), total_derivative(current[0], 0, jets)])
    return float(np.sqrt(np.mean(total**2) / max(np.mean(rate**2), 1e-300)))


class _Controls:
    """Random generators, their charges and continuity residuals on one trajectory."""

    def __init__(
        self, lagrangian: Lagrangian, trajectory: Trajectory, symmetries: Sequence[Generator], seed: int
    ):
        jets = lagrangian.jets
        ansatz = _ansatz(jets, trajectory)
        chosen = _random_generators(jets, ansatz, symmetries, seed)
        translations = [_current(lagrangian, component) for component in range(len(ansatz.parts))]
        currents = [[w * x * j for j in translations[component]] for component, x, w in ansatz.elements]

        densities = np.stack(trajectory.evaluate([current[0] for current in currents]))
        audited = [_drift(trajectory, np.tensordot(row, densities, axes=1)) for row in chosen]
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


def _current(lagrangian: Lagrangian, component: int) -> list[sympy.Expr]:
    """J^α = ∂ℒ/∂(∂_αφ^a)(η^a − ξ^β∂_βφ^a) + ξ^αℒ of X = ∂_component; J is linear in X, also over
    functions.
    """
    jets, density = lagrangian.jets, lagrangian.jet_density
    size, count = len(jets.coordinates), len(jets.fields)
    units = [tuple(int(i == alpha) for i in range(size)) for alpha in range(size)]
    if component < size:
        change = [-jets.symbol(a, units[component]) for a in range(count)]
    else:
        change = [sympy.Integer(int(a == component - size)) for a in range(count)]
    return [
        sympy.Add(*(sympy.diff(density, jets.symbol(a, units[alpha])) * change[a] for a in range(count)))
        + (density if alpha == component else 0)
        for alpha in range(size)
    ]
