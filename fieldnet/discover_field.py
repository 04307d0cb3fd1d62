"""From a field on a grid to its Lagrangian, run and audited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy
import torch
import xarray as xr

from lagrangians import Lagrangian, to_text
from simulations import BlowUpError, FieldSystem, Grid

from .conservation import Conservation, check_conservation
from .derive import derive_lagrangian, equations_of_motion, expand_field_model
from .features import PHI, feature_map
from .generator_report import learned_generators
from .learning.field_data import HELD_OUT, split_held_out
from .learning.field_fit import FieldFit, fit_field
from .learning.gradient import Progress
from .learning.identifiability import undetermined
from .learning.selection import MATERIAL, QUADRATURE
from .results import Discovery, FreeField, TermEstimate
from .rollout import relative_error, rollout

METHOD = (
    "L-conv network: Adam and L-BFGS on the weak Euler–Lagrange residual from random weights; "
    "terms by cross-validated backward elimination; "
    "kept terms and stencil refitted by Gauss–Newton on the same residual"
)
DISSIPATIVE = 3.0
"""Damping counts as found above this many standard errors; selection has already asked for it."""


def discover_field(
    dataset: xr.Dataset,
    field: str,
    features: Sequence[str],
    boundary: str,
    seed: int = 0,
    progress: Progress | None = None,
    holdout: float = HELD_OUT,
) -> Discovery:
    """Fit each feature map, take the one that the held-out residual chooses, derive, run and audit.

    Of fits whose held-out residuals agree to 5%, or are all at the accuracy of the quadrature, the one with
    fewest terms is taken.
    """
    coordinates = ("t", *(str(name) for name in dataset[field].dims[2:]))
    fits = {
        name: fit_field(dataset, field, coordinates, boundary, feature_map(name), seed, progress, holdout)
        for name in features
    }
    chosen = _choose(fits)
    fit = fits[chosen]
    lagrangian = derive_lagrangian(fit.model)
    _, held_out = split_held_out(dataset, holdout)
    others = [other.regression for name, other in fits.items() if name != chosen]
    unknown = undetermined(fit.regression, fit.fit, others)
    verdict, evidence = _verdict(fit, lagrangian, unknown)
    equations = tuple(f"{to_text(a)} = {to_text(b)}" for a, b in equations_of_motion(fit.model).items())
    simulated, error, stopped = _run(fit, lagrangian, equations, held_out, boundary)
    return Discovery(
        name=field,
        model=fit.model,
        lagrangian=lagrangian,
        equations=equations,
        verdict=verdict,
        evidence=evidence,
        terms=_terms(fit, lagrangian),
        free_field=_free_field(fit),
        generators=learned_generators(fit.model, fit.regression.samples, held_out, boundary),
        network=None,
        conservation=_audit(lagrangian, fit, held_out, boundary, seed),
        histories={f"{name} features": f.history for name, f in fits.items()},
        chosen=f"{chosen} features",
        held_out=held_out,
        simulated=simulated,
        rollout_error=error,
        fit=_record(fits, chosen, error, stopped, boundary),
    )


def _choose(fits: dict[str, FieldFit]) -> str:
    best = min(fit.held_out_residual for fit in fits.values())
    limit = max(best * (1 + MATERIAL), QUADRATURE)
    tied = [name for name, fit in fits.items() if fit.held_out_residual <= limit]
    return min(tied, key=lambda name: (len(fits[name].kept), fits[name].library.channels))


def _verdict(fit: FieldFit, lagrangian: Lagrangian, unknown: str | None) -> tuple[str, dict[str, Any]]:
    if unknown:
        return f"undetermined: {unknown}", {}
    if fit.damping and fit.damping_error is not None:
        errors = abs(fit.damping) / max(fit.damping_error, 1e-300)
        if errors > DISSIPATIVE:
            velocity = f"{fit.model.field}_t"
            growth = f"exp({fit.damping!r}*t)"
            return "not variational: dissipative", {
                "failed": "the linearised equation is not self-adjoint: "
                f"the coefficient of {velocity} is not 0",
                "damping": fit.damping,
                "damping_stderr": fit.damping_error,
                "standard_errors": errors,
                "rayleigh": f"{fit.damping / 2!r}*{velocity}**2",
                "caldirola_kanai": f"{growth}*({lagrangian.jet_text()})",
            }
        return (
            f"undetermined: a damping of {fit.damping:.3g} ± {fit.damping_error:.2g} lowers the residual "
            "but is not significant",
            {},
        )
    return "variational", {}


def _terms(fit: FieldFit, lagrangian: Lagrangian) -> list[TermEstimate]:
    """The terms of the derived density with the standard errors of the fit."""
    field = lagrangian.fields[0]
    errors = {}
    for position, n in enumerate(fit.kept):
        term = fit.library.terms[n]
        expression = term.function.subs(PHI, field)
        for axis in term.axes or ():
            expression *= field.diff(lagrangian.coordinates[1 + axis])
        errors[expression] = (float(fit.standard_errors[position]), -float(fit.trained_theta[n]))
    estimates = []
    for term, coefficient in lagrangian.terms():
        stderr, trained = errors.get(term, (None, None))
        fixed = term == field.diff(lagrangian.coordinates[0]) ** 2
        estimates.append(TermEstimate(to_text(term), float(coefficient), 0.0 if fixed else stderr, trained))
    return estimates


def _free_field(fit: FieldFit) -> FreeField:
    expansion = expand_field_model(fit.model)
    channels = tuple(
        to_text(z.subs(PHI, sympy.Symbol(fit.model.field))) for z in fit.model.features.expressions
    )
    h = np.array(expansion.h, dtype=float)[1:, 1:]
    return FreeField(
        m2=np.array(expansion.m2, dtype=float),
        h=h,
        v=np.array(expansion.v, dtype=float),
        a=np.array(expansion.a, dtype=float),
        signature=expansion.signature,
        channels=(*channels, "1"),
    )


def _run(
    fit: FieldFit, lagrangian: Lagrangian, equations: Sequence[str], held_out: xr.Dataset, boundary: str
) -> tuple[xr.Dataset | None, np.ndarray | None, str | None]:
    """(rollout, its relative error against time, why it stopped)."""
    field, jets = fit.model.field, lagrangian.jets
    grid = Grid.from_dataset(held_out, boundary)
    try:
        with torch.no_grad():
            if fit.damping:
                system = FieldSystem.from_equations(equations, jets.field_names, jets.coordinate_names, grid)
            else:
                system = FieldSystem(lagrangian, grid)
            simulated = rollout(system, held_out, [field])
    except BlowUpError as error:
        return None, None, str(error)
    return simulated, relative_error(simulated[field].values, held_out[field].values), None


def _audit(
    lagrangian: Lagrangian, fit: FieldFit, held_out: xr.Dataset, boundary: str, seed: int
) -> Conservation:
    if fit.damping:
        return Conservation([], [])
    try:
        return check_conservation(lagrangian, held_out, [fit.model.field], boundary, seed=seed)
    except ValueError:  # too few held-out times: the fit stands without an audit
        return Conservation([], [])


def _record(
    fits: dict[str, FieldFit], chosen: str, error: np.ndarray | None, stopped: str | None, boundary: str
) -> dict[str, Any]:
    fit = fits[chosen]
    return {
        "method": METHOD,
        "features": chosen,
        "boundary": boundary,
        "residual": fit.training_residual,
        "held_out_residual": fit.held_out_residual,
        "held_out_residual_with_derivative": fit.derivative_residual,
        "explanation": fit.explanation,
        "rollout_error": None if error is None else float(error[:, -1].max()),
        "rollout_stopped": stopped,
        "tried": {
            name: {
                "residual": f.training_residual,
                "held_out_residual": f.held_out_residual,
                "terms": len(f.kept),
                "train_loss": f.history.train[-1],
                "held_out_loss": f.history.held_out[-1],
            }
            for name, f in fits.items()
        },
        "elimination": [vars(step) for step in fit.elimination],
    }
