"""Equations of first order in time beside a gradient flow: the potential, or the couplings that have none."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import sympy

from .dissipation import text_of, without_density
from .freidlin_wentzell import freidlin_wentzell
from .helmholtz import Condition, HelmholtzMatrix
from .multiplier import MultiplierFit
from .obstruction import failed, terms_beside
from .read import SHOWN, SIGNIFICANT, ReadEquations
from .verdict import Verdict

DRAWS = 2000
"""Random members of a space of metrics among which a positive one is sought."""


def gradient_flow(plain: ReadEquations) -> Verdict | None:
    """φ^a_t = −(g⁻¹)_ab δV/δφ^b with a positive metric g, and Freidlin and Wentzell's density."""
    case = plain.with_conditions(at_rest(plain))
    fit = positive_metric(case)
    if fit is None or not case.passes(case.test, fit) or np.linalg.eigvalsh(fit.multiplier).min() <= 0:
        return None
    still = np.ones(case.coefficients.shape)
    still[:, case.targets] = 0.0
    density, constrained = case.density(fit, np.diag(still.ravel())), case.constrained(fit)
    evidence = {
        "failed": first_order(case),
        "functional": text_of(-density.lagrangian.jet_density, case.jets),
        "functional_terms": [
            {"term": t.term, "coefficient": -t.coefficient, "stderr": t.standard_error} for t in density.terms
        ],
        "metric": fit.multiplier.tolist(),
        **case.figures(fit),
    }
    return Verdict(
        "not variational: gradient flow",
        evidence,
        freidlin_wentzell(constrained, fit.multiplier),
        multiplier=fit.multiplier,
        multiplier_errors=case.multiplier_errors(fit),
        equations=constrained,
    )


def at_rest(case: ReadEquations) -> HelmholtzMatrix:
    """The conditions without the velocities, and that g itself be symmetric."""
    whole = case.conditions
    matrix = whole.matrix.copy()
    matrix[:, :, case.targets] = 0.0
    kept = np.abs(matrix).max(axis=(1, 2), initial=0.0) > 0
    rows, symmetric = [], []
    for a, b in combinations(range(case.size), 2):
        row = np.zeros(matrix.shape[1:])
        row[a, case.targets[b]], row[b, case.targets[a]] = 1.0, -1.0
        rows.append(row)
        symmetric.append(Condition(a, b, case.jets.zero, sympy.S.One))
    listed = (c for c, k in zip(whole.conditions, kept, strict=True) if k)
    stacked = np.concatenate([matrix[kept], np.array(rows).reshape(-1, *matrix.shape[1:])])
    return replace(whole, conditions=(*listed, *symmetric), matrix=stacked)


def positive_metric(case: ReadEquations) -> MultiplierFit | None:
    """The simplest metric, or a positive one where those that the coefficients allow too hold one.

    φ_t = −3φ − χ, χ_t = ½φ − χ is symmetric under diag(1, −2), but under positive full metrics too. They are
    drawn in the units of the fields in which |g| has the diagonal 1, g the simplest metric: of volts and
    millivolts few draws would be positive.
    """
    fit = case.test.search()
    if fit is None or np.linalg.eigvalsh(fit.multiplier).min() > 0:
        return fit
    size = np.sqrt(np.diag(_absolute(fit.multiplier)))
    units = np.outer(size, size)
    basis = case.test.free_directions(fit, within_errors=True) / units
    basis /= np.abs(basis).max(axis=(1, 2), keepdims=True)
    draws = np.random.default_rng(0).normal(size=(DRAWS, len(basis)))
    metrics = np.einsum("im,mab->iab", draws, basis)
    values = np.linalg.eigvalsh(metrics)
    roundness = values[:, 0] / np.abs(values).max(axis=1, initial=1e-300)
    best = int(np.argmax(roundness))
    return case.test.fixed(_with_unit(metrics[best] * units)) if roundness[best] > 0 else fit


def no_gradient_flow(case: ReadEquations) -> Verdict:
    """The couplings of fields of first order in time that no potential drives, and the potential of the rest.

    Activator and inhibitor, u_t = … − v and v_t = … + εu, balance under the metric diag(1, −1/ε) alone; under
    diag(1, 1/ε) they are skew to the last digit. So they are told under |g|, g the metric refused least.
    """
    theory = freidlin_wentzell(case.equations) if case.order == 1 else None
    evidence: dict[str, Any] = {"failed": first_order(case)}
    if case.order > 1:
        evidence |= case.figures(case.test.search())
        return Verdict("not variational: no gradient flow", evidence, theory, equations=case.equations)
    resting = case.with_conditions(at_rest(case))
    refused = resting.test.search()
    metric = _absolute(np.eye(resting.size) if refused is None else refused.multiplier)
    moving = np.ones(len(case.atoms), dtype=bool)
    moving[case.targets] = False
    linear = np.array([atom.function.is_Symbol for atom in case.atoms])
    found = resting.test.without(moving).fixed(metric)
    projector = without_density(found.combinations, resting.conditions.matrix, moving, linear)
    terms = [t for t in terms_beside(resting, found, projector) if t["standard_errors"] > SIGNIFICANT]
    if terms:
        listed = ", ".join("{term} in the equation of {equation}".format(**t) for t in terms[:SHOWN])
        evidence["failed"] = f"{failed(resting, metric)}; no potential drives {listed}"
    still = np.ones(case.coefficients.shape)
    still[:, case.targets] = 0.0
    density = resting.density(found, np.diag(still.ravel()) - projector)
    evidence |= {"functional_of_the_rest": text_of(-density.lagrangian.jet_density, case.jets)}
    evidence |= {"terms_without_potential": terms, "metric": metric.tolist()}
    evidence |= resting.figures(resting.test.fixed(metric))
    return Verdict("not variational: no gradient flow", evidence, theory, equations=case.equations)


def _absolute(metric: np.ndarray) -> np.ndarray:
    """|g|, with |g|_11 = 1. shape: (fields, fields)"""
    values, vectors = np.linalg.eigh(metric)
    return _with_unit((vectors * np.abs(values)) @ vectors.T)


def _with_unit(positive: np.ndarray) -> np.ndarray:
    """g/g_11, which keeps g positive."""
    return (positive / positive[0, 0]).round(14) + 0.0


def is_driven(case: ReadEquations, driven: Verdict, lossy: Verdict) -> bool:
    """Whether couplings beside a potential say more of several fields than losses beside a density do.

    So it is where some stand out, they are fewer terms, and no nonlinear term is left to the density: u³ of
    an activator is not, the |ψ|²ψ of a Schrödinger field that loses amplitude is.
    """
    beside = [t for t in lossy.evidence["terms_without_density"] if t["standard_errors"] > SIGNIFICANT]
    lost = {(t["equation"], t["term"]) for t in beside}
    errors = np.sqrt(np.diag(case.covariance)).reshape(case.coefficients.shape)
    held = {
        (case.jets.field_names[a], atom.text(case.jets.coordinate_names))
        for k, atom in enumerate(case.atoms)
        for a in range(case.size)
        if atom.function.free_symbols
        and not atom.function.is_Symbol
        and abs(case.coefficients[a, k]) > SIGNIFICANT * errors[a, k]
    }
    return held <= lost and 0 < len(driven.evidence["terms_without_potential"]) < len(beside)


def first_order(case: ReadEquations) -> str:
    names = [case.conditions.atom_text(a, k) for a, k in enumerate(case.targets)]
    return f"self-adjoint equations have no symmetric part of first order in time, got {', '.join(names)}"
