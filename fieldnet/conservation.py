"""Are the Noether charges of a Lagrangian conserved along measured trajectories? Beside controls that must
fail, and beside what the noise of the data alone would do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy
import xarray as xr

from lagrangians import Generator, Lagrangian, variational_symmetries
from lagrangians.conjugates import conjugate_pairs
from lagrangians.jets import JetSpace, jet_name, raised
from lagrangians.variation import divergence, total_derivative
from simulations import Grid, guess_boundary
from simulations.files.conventions import field_names, space_names

from .audit.controls import CONTROLS, Controls, drift_of
from .audit.names import charge_name
from .audit.near import near_symmetries
from .audit.noise import Noise, NoiseOf
from .trajectory import Trajectory

__all__ = [
    "CONTROLS",
    "Conservation",
    "ConservedCharge",
    "LocalConservation",
    "charge_name",
    "check_conservation",
]

EXACT = 1e-3
"""Drift, and residual, below which data without noise count as conserving a charge."""

WITHIN = 2.0
"""A drift is noise up to this multiple of what noise gives on average, or up to its bound."""


@dataclass(frozen=True)
class ConservedCharge:
    """A charge Q(t) = ∫J⁰dx along trajectories.

    `values` has shape (sample, time). relative_drift = max_t |Q(t) − Q(0)| / mean_t ∫|J⁰|dx, the worst
    sample; `control_drift` is the median of the same figure over `CONTROLS` random generators,
    `control_values` the charge of the median one. `noise_drift` is what noise and smoothing alone give a
    conserved charge: mean and two standard deviations above. `standard_errors`: None for a symmetry of the
    density as it is; else how far its coefficients are from having it, in units of their errors.
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
    noise_drift: float = 0.0
    noise_bound: float = 0.0
    standard_errors: float | None = None
    conditions: int = 0

    @property
    def verdict(self) -> str:
        """`conserved`, `not conserved`, or `undetermined` where the noise would hide the control too."""
        return _verdict(self.relative_drift, self.control_drift, self.noise_drift, self.noise_bound)


@dataclass(frozen=True)
class LocalConservation:
    """‖∂_αJ^α‖ / ‖∂_tJ⁰‖, root mean squares over all kept points, with the same figure of random
    generators, and of noise alone.
    """

    generator: Generator
    name: str
    residual: float
    control_residual: float
    noise_residual: float = 0.0
    noise_bound: float = 0.0
    standard_errors: float | None = None
    conditions: int = 0

    @property
    def verdict(self) -> str:
        """As of `ConservedCharge`."""
        return _verdict(self.residual, self.control_residual, self.noise_residual, self.noise_bound)


def _verdict(found: float, control: float, noise: float, bound: float) -> str:
    limit = max(EXACT, WITHIN * noise, bound)
    if control <= limit:
        return "undetermined"
    return "conserved" if found <= limit else "not conserved"


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
    errors: np.ndarray | None = None,
    noise: Sequence[float] | None = None,
) -> Conservation:
    """Audit every variational point symmetry of `lagrangian` along the trajectories in `dataset` (normal
    form).

    The symmetries are those of `lagrangians.variational_symmetries` with polynomials of the given degree
    (default 1, or 0 for more than three fields). A symmetry whose generator moves the box (ξ or η depends on
    x, or x is moved at walls) has no conserved total charge; its continuity equation is audited point by
    point instead. With `errors` of the coefficients, standard errors or covariance in the order of
    `lagrangian.terms()`, symmetries that the density has within them are audited too: see `near_symmetries`.

    The controls are random generators Σ c X over the ansatz {1, x^α} ∂_β, {1, φ^a} ∂_φ^a, normal numbers on
    coordinates and fields scaled to [−1, 1], their part in the span of the true symmetries projected off;
    none is discarded. Noisy data are smoothed, and a bootstrap says how far noise and smoothing let a
    conserved charge drift; `noise` is σ of each field, estimated where it is not given.

    A complex field psi is audited as psi_re and psi_im. A theory of a potential w may be audited on its slope
    alone: data with the field `w_x` on a periodic axis; currents that hold w itself are then left out.

    Raises ValueError for too few times, and fields that are not in the data.
    """
    if conjugate_pairs(lagrangian.fields):
        lagrangian = lagrangian.real_form()
    jets = lagrangian.jets
    nodes = space_names(dataset) == ("node",)
    boundary = boundary or ("periodic" if nodes else guess_boundary(dataset))
    grid = None if nodes else Grid.from_dataset(dataset, boundary)
    trajectory = Trajectory.from_dataset(dataset, _names(dataset, fields, jets, nodes), jets, grid, noise)
    degree = (1 if len(jets.fields) <= 3 else 0) if degree is None else degree
    proved = _proved(lagrangian, degree, errors)
    controls = Controls(lagrangian, trajectory, [item.generator for item in proved], seed)
    bootstrap = Noise(trajectory, seed) if trajectory.smoothing.is_noisy else None
    charges, local = [], []
    for item in proved:
        if not _is_measured(item.current, trajectory):
            continue
        if _keeps_box(item.generator, boundary):
            charges.append(_charge(item, trajectory, controls, bootstrap))
        else:
            local.append(_local(item, trajectory, controls, bootstrap))
    return Conservation(charges, local)


@dataclass(frozen=True)
class _Proved:
    """A symmetry with its current in plain jet symbols, and how far from the coefficients it is."""

    generator: Generator
    current: tuple[sympy.Expr, ...]
    standard_errors: float | None = None
    conditions: int = 0


def _proved(lagrangian: Lagrangian, degree: int, errors: np.ndarray | None) -> list[_Proved]:
    """Where the conservation law is proved symbolically; numbers may fail that."""
    exact = variational_symmetries(lagrangian, degree=degree)
    found: list[tuple[Lagrangian, Generator, float | None, int]] = [(lagrangian, X, None, 0) for X in exact]
    if errors is not None:
        found += [
            (near.lagrangian, near.generator, near.standard_errors, near.conditions)
            for near in near_symmetries(lagrangian, errors, exact, degree)
        ]
    proved = []
    for theory, symmetry, distance, conditions in found:
        try:
            current = theory.noether_current(symmetry)
        except ValueError:
            continue
        plain = tuple(lagrangian.jets.to_jets(part) for part in current)
        proved.append(_Proved(symmetry, plain, distance, conditions))
    return proved


def _names(dataset: xr.Dataset, fields: Sequence[str] | None, jets: JetSpace, nodes: bool) -> Sequence[str]:
    """The variables that hold the fields; w_x where the data hold no w."""
    known = field_names(dataset)
    if fields is None and nodes:
        return known
    names = jets.field_names if fields is None else tuple(fields)
    if fields is None and not set(names) <= set(known):
        slope = raised(jets.zero, len(jets.zero) - 1)
        slopes = tuple(jet_name(name, jets.coordinate_names, slope) for name in names)
        names = slopes if set(slopes) <= set(known) else names
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(
            f"got no field {', '.join(missing)} in the data, expected one of {', '.join(known)}; "
            "pass fields=(…) with the names in the data, in the order of the theory's fields"
        )
    return names


def _keeps_box(generator: Generator, boundary: str) -> bool:
    """Whether the flow maps the box with its boundary condition to itself."""
    space, jets = set(generator.coordinates[1:]), generator.jets
    if any(jets.to_jets(part).free_symbols & space for part in (*generator.xi, *generator.eta)):
        return False
    return boundary in ("periodic", "winding") or not any(generator.xi[1:])


def _is_measured(current: Sequence[sympy.Expr], trajectory: Trajectory) -> bool:
    """False where the current holds a potential itself, of which only the slope was measured."""
    if not any(trajectory.base):
        return True
    jets = trajectory.jets
    return all(any(index) for _, index in jets.jets_in(sympy.Tuple(*current)).values())


def _charge(
    item: _Proved, trajectory: Trajectory, controls: Controls, noise: Noise | None
) -> ConservedCharge:
    values, scale, drift = drift_of(trajectory, trajectory.evaluate([item.current[0]])[0])
    alone = NoiseOf(0.0, 0.0) if noise is None else noise.drift(item.current[0])
    return ConservedCharge(
        generator=item.generator,
        name=charge_name(item.generator),
        times=trajectory.times,
        values=values,
        scale=scale,
        relative_drift=drift,
        control_drift=controls.drift,
        control_values=controls.values,
        control_scale=controls.scale,
        noise_drift=alone.typical,
        noise_bound=alone.bound,
        standard_errors=item.standard_errors,
        conditions=item.conditions,
    )


def _local(
    item: _Proved, trajectory: Trajectory, controls: Controls, noise: Noise | None
) -> LocalConservation:
    """‖∂_αJ^α‖/‖∂_tJ⁰‖ with every jet, φ_tt too, taken from the data."""
    jets = trajectory.jets
    whole, rate = divergence(item.current, jets), total_derivative(item.current[0], 0, jets)
    total, rates = trajectory.evaluate([whole, rate])
    alone = NoiseOf(0.0, 0.0) if noise is None else noise.continuity(whole, rate)
    return LocalConservation(
        generator=item.generator,
        name=charge_name(item.generator),
        residual=float(np.sqrt(np.mean(total**2) / max(np.mean(rates**2), 1e-300))),
        control_residual=controls.continuity,
        noise_residual=alone.typical,
        noise_bound=alone.bound,
        standard_errors=item.standard_errors,
        conditions=item.conditions,
    )
