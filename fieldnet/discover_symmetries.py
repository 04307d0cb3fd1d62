"""The symmetries of measured dynamics: of fields on a grid and of oscillators."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any

import xarray as xr

from lagrangians import Lagrangian, find_symmetries
from simulations import guess_boundary, load, normalise
from simulations.files.conventions import space_names

from .configuration import BOUNDARIES
from .conservation import Conservation, charge_name, check_conservation
from .discover import versions
from .learning.gradient import Progress
from .symmetry.fields.dynamics import symmetries_of
from .symmetry.fields.equations import Dynamics, dynamics_of
from .symmetry.fields.result import Current, FieldSymmetries
from .symmetry.oscillator_result import OscillatorSymmetries
from .symmetry.oscillators import discover_oscillator_symmetries
from .symmetry.span import closure


def discover_symmetries(
    data: str | os.PathLike | xr.Dataset,
    lagrangian: Lagrangian | str | os.PathLike | None = None,
    field: str | None = None,
    degree: int = 1,
    boundary: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> FieldSymmetries | OscillatorSymmetries:
    """The point symmetries that trajectories show, of a field on a grid or of oscillators on nodes.

    For a field: X = ξ^α∂_α + η^a∂_a, ξ of degree ≤ `degree` in the coordinates and η of one less, at most
    linear in the fields ({1, x^α}∂_β and {1, φ^b}∂_a by default), such that ∫ψ D_E(Q) vanishes beside the
    noise for all test functions ψ; see `fieldnet.symmetry.fields.dynamics`. Of oscillators: the Lie algebra
    that moves them; see `fieldnet.symmetry.oscillators`.

    Args:
        data: a file (see `simulations.load`) or a dataset with named dimensions.
        lagrangian: a Lagrangian, the path of a `lagrangian.json`, or a name of the catalogue with parameters
            such as "sine_gordon:c=1.2,m=0.9"; by default it is learned from the data.
        field: which field, where the data hold several and the theory is about one.
        degree: of the ansatz.
        boundary: for the audit of the charges; by default from the data.
        seed: of the learning and of the random controls.
        progress: called as progress(stage, fraction done, loss) while a Lagrangian is learned.

    Raises ValueError, one line, for data or arguments that cannot be used.
    """
    started = time.perf_counter()
    if boundary is not None and boundary not in BOUNDARIES:
        raise ValueError(f"got the boundary '{boundary}', expected one of {', '.join(BOUNDARIES)}")
    if not isinstance(degree, int) or degree < 1:
        raise ValueError(f"got degree {degree}, expected a whole number from 1")
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(f"got seed {seed}, expected a whole number from 0")
    dataset = normalise(data) if isinstance(data, xr.Dataset) else load(data)
    if space_names(dataset) == ("node",):
        if lagrangian is not None:
            raise ValueError("got a Lagrangian for oscillators, whose symmetries are found without; drop it")
        return discover_oscillator_symmetries(dataset, field or _only_field(dataset), seed=seed)
    dynamics = dynamics_of(dataset, lagrangian, field, boundary, seed, progress)
    try:
        found = symmetries_of(dataset, dynamics, degree, seed)
    except ValueError as error:
        if lagrangian is not None:
            raise
        raise ValueError(
            f"{error}; this equation was learned: learn it with other features (fieldnet discover --features "
            "phase, say) and give its lagrangian.json with --lagrangian"
        ) from None
    theory: Any = dynamics.vanishing() if dynamics.lagrangian is None else dynamics.lagrangian
    proved = find_symmetries(
        theory, degree, fields=dynamics.jets.fields, coordinates=dynamics.jets.coordinates
    )
    edge = boundary or guess_boundary(dataset, dynamics.names[0])
    audit, note = _audited(dynamics, dataset, edge, seed)
    result = FieldSymmetries(
        dynamics=dynamics,
        found=found,
        proved=proved,
        proved_rows=found.ansatz.coefficients(proved.generators),
        closure=closure(found.directions, found.ansatz.bracket) if found.dimension else None,
        currents=_currents(dynamics, proved.generators, proved.variational),
        audit=audit,
        audit_note=note,
    )
    fit = {"seed": seed, "boundary": edge, "versions": versions(), "seconds": time.perf_counter() - started}
    return replace(result, fit=fit)


def _only_field(dataset: xr.Dataset) -> str:
    names = [str(name) for name in dataset.data_vars]
    if len(names) != 1:
        raise ValueError(f"the data hold the fields {', '.join(names)}; choose one with --field (field=...)")
    return names[0]


def _currents(dynamics: Dynamics, generators, variational) -> tuple[Current, ...]:
    """Noether currents of the proved variational symmetries."""
    if dynamics.lagrangian is None:
        return ()
    found = []
    for X, is_variational in zip(generators, variational, strict=True):
        if is_variational:
            found.append(Current(X, charge_name(X), tuple(dynamics.lagrangian.noether_current(X))))
    return tuple(found)


def _audited(
    dynamics: Dynamics, dataset: xr.Dataset, boundary: str, seed: int
) -> tuple[Conservation | None, str | None]:
    """(audit along all trajectories of the file, why there is none)."""
    if dynamics.lagrangian is None:
        return None, "no Lagrangian has exactly these equations: there is no Noether charge"
    try:
        return check_conservation(dynamics.lagrangian, dataset, dynamics.names, boundary, seed=seed), None
    except ValueError as error:
        return None, str(error)
