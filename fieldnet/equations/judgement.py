"""The verdict on fitted equations from the Helmholtz conditions within their errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import sympy

from .fitted import FittedEquations
from .helmholtz import helmholtz_matrix, plain_reading, potential_reading
from .multiplier import MultiplierFit
from .obstruction import obstructed
from .read import ReadEquations, places_of
from .relaxation import gradient_flow, is_driven, no_gradient_flow
from .verdict import Verdict

LEVEL = 1e-3
"""The conditions are refused where χ² of all, or the worst one times their number, is less probable."""
ACCURACY = 1e-4
"""No coefficient is trusted to a better relative accuracy: see `trusted_covariance`."""


def judge(
    equations: FittedEquations,
    library: Sequence[sympy.Expr] = (),
    accuracy: float = ACCURACY,
    level: float = LEVEL,
) -> Verdict:
    """Whether the fitted equations have a Lagrangian, within their errors.

    A constant multiplier g is sought that satisfies the Helmholtz conditions: the simplest that fits, signs
    before weights before full matrices, so that an indefinite or non-diagonal kinetic metric is found before
    a coupling is called non-reciprocal. Then in turn: for one field the potential form u = φ_x; for equations
    of first order in time a gradient flow; and what must be set free for a multiplier to exist: velocities
    (dissipative), odd derivatives in space, or the rest (non-reciprocal). Of equations of first order for
    several fields the couplings that no potential drives are named where they are the fewer terms.

    `library`: density terms in plain jet symbols, preferred in the density. Raises `ValueError` where
    coefficients, covariance and support do not fit together.
    """
    _check(equations)
    cases = []
    for case in readings(equations, tuple(library), accuracy, level):
        cases.append(case)
        fit = case.test.search()
        if fit is not None and case.passes(case.test, fit):
            return variational(case, fit)
    if cases[0].order > 1:
        return obstructed(cases[0]) or no_gradient_flow(cases[0])
    potential = cases[min(1, len(cases) - 1)]
    flow = gradient_flow(cases[0])
    if flow is not None:
        return flow
    lossy = obstructed(potential)
    if lossy is not None and cases[0].size == 1:
        return lossy
    driven = no_gradient_flow(cases[0])
    return driven if lossy is None or is_driven(cases[0], driven, lossy) else lossy


def trusted_covariance(equations: FittedEquations, accuracy: float = ACCURACY) -> np.ndarray:
    """The covariance with errors of discretisation and of a model that is not quite complete.

    That of equation a times max(1, χ²_a) (1 + (accuracy · t_a)²), t_a its best-determined coefficient in
    standard errors: what noise does not explain counts as noise, and the best coefficient is never trusted
    to a better relative accuracy than `accuracy`, others in proportion. On clean data a damping of less than
    a few times `accuracy` of the main terms is therefore no evidence. Coefficients that come without an error
    get the relative error `accuracy`. shape: (n·atoms, n·atoms)
    """
    count = len(equations.atoms)
    chi = np.nan_to_num(np.asarray(equations.chi_square, dtype=float), nan=1.0, posinf=1.0)
    scale = np.sqrt(np.maximum(chi, 1.0))
    errors = equations.standard_errors() * scale[:, None]
    sizes = np.divide(np.abs(equations.coefficients), errors, out=np.zeros(errors.shape), where=errors > 0)
    scale = scale * np.sqrt(1 + (accuracy * sizes.max(axis=1, initial=0.0)) ** 2)
    every = np.repeat(scale, count)
    covariance = equations.covariance * np.outer(every, every)
    bare = equations.support & (errors == 0)
    bare[range(len(bare)), list(equations.targets)] = False
    return covariance + np.diag(np.where(bare, accuracy * equations.coefficients, 0.0).ravel() ** 2)


def readings(
    equations: FittedEquations, library: tuple[sympy.Expr, ...], accuracy: float, level: float
) -> Iterator[ReadEquations]:
    """The equations as they stand, and for one field as those of a potential, along each axis of space."""
    jets = equations.jets
    active = np.flatnonzero(equations.support.any(axis=0))
    atoms = [equations.atoms[k] for k in active]
    places = places_of(active, equations)
    covariance = trusted_covariance(equations, accuracy)[np.ix_(places, places)]
    read = [plain_reading(atoms, jets)]
    if len(jets.fields) == 1:
        first = equations.atoms[equations.targets[0]].derivative[0] == 1
        for axis in range(1, len(jets.coordinates)):
            potential = potential_reading(atoms, jets, axis, integrated=not first)
            read += [] if potential is None else [potential]
    for reading in read:
        conditions = helmholtz_matrix(atoms, jets, reading)
        yield ReadEquations(equations, active, covariance, reading, conditions, library, level)


def variational(case: ReadEquations, fit: MultiplierFit) -> Verdict:
    """The density, its family, and the equations that it has exactly."""
    density, family = case.density(fit), case.family(fit)
    evidence = case.figures(fit)
    if case.reading.relation is not None:
        evidence["potential"] = case.reading.relation
    compatible = case.test.free_directions(fit, within_errors=True)
    if family:
        evidence["family"] = {
            "statement": f"{len(family)} independent densities give these equations, and their sums with any "
            "weights for which the kinetic form stays regular",
            "densities": [member.density for member in family],
            "multipliers": [member.multiplier.tolist() for member in family],
        }
    if len(compatible) > max(len(family), 1):
        evidence["multipliers_within_errors"] = compatible.tolist()
    return Verdict(
        "variational",
        evidence,
        density.lagrangian,
        density.terms,
        density.covariance,
        fit.multiplier,
        case.multiplier_errors(fit),
        family,
        case.constrained(fit),
    )


def _check(equations: FittedEquations) -> None:
    shape = (len(equations.fields), len(equations.atoms))
    size = shape[0] * shape[1]
    for name, array, expected in (
        ("coefficients", equations.coefficients, shape),
        ("support", equations.support, shape),
        ("covariance", equations.covariance, (size, size)),
    ):
        if np.shape(array) != expected:
            raise ValueError(f"got {name} of shape {np.shape(array)}, expected {expected}: (fields, atoms)")
    if not (np.isfinite(equations.coefficients).all() and np.isfinite(equations.covariance).all()):
        raise ValueError("got coefficients or covariances that are not finite; fit the equations again")
    if len(equations.targets) != shape[0]:
        raise ValueError(f"got {len(equations.targets)} targets, expected {shape[0]}, one a field")
