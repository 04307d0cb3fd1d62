"""Why equations have no Lagrangian: the terms without which they would have one, and what those are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from .densities import Density
from .dissipation import (
    caldirola_kanai_rate,
    expression_of,
    is_odd,
    rayleigh_function,
    text_of,
    without_density,
)
from .linear_spaces import flattened
from .multiplier import MultiplierFit
from .read import ReadEquations
from .verdict import Verdict

NO_DENSITY = "no density gives"
TIME_OR_SPACE = {"dissipative", "odd derivatives in space"}
"""Reasons that are told at the multiplier of the rest, others at the one that is refused least."""


def obstructed(case: ReadEquations) -> Verdict | None:
    """The smallest choice of groups of terms without which the conditions hold names the reason."""
    for reasons, group in groups(case):
        rest = case.test.without(group)
        found = rest.search()
        if found is not None and case.passes(rest, found):
            return beside(case, found, reasons, group)
    return None


def groups(case: ReadEquations) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    """(reasons, atoms set free), the fewest first; the leading derivatives never are."""
    moving = np.ones(len(case.atoms), dtype=bool)
    moving[case.targets] = False
    if case.order == 1:
        yield from losses(case, moving)
        return
    axes = range(1, len(case.jets.coordinates))
    late = np.array([is_odd(atom, 0, case.jets) for atom in case.atoms]) & moving
    odd = np.array([any(is_odd(atom, i, case.jets) for i in axes) for atom in case.atoms]) & moving & ~late
    rest = "non-reciprocal" if case.size > 1 else NO_DENSITY
    named = {"dissipative": late, "odd derivatives in space": odd, rest: moving & ~late & ~odd}
    present = [name for name, group in named.items() if group.any()]
    for count in range(1, len(present) + 1):
        for chosen in combinations(present, count):
            yield chosen, np.any([named[name] for name in chosen], axis=0)


def losses(case: ReadEquations, moving: np.ndarray) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    """What may be lost in equations of first order: amplitudes, then diffusion, then anything.

    Under an antisymmetric kinetic form the conditions say that the flow keeps volumes of phase space.
    """
    linear = np.array([atom.function.is_Symbol for atom in case.atoms]) & moving
    local = linear & np.array([not any(atom.derivative) for atom in case.atoms])
    even = linear & np.array([sum(atom.derivative) % 2 == 0 for atom in case.atoms])
    for group in (local, even, moving):
        if group.any():
            yield ("dissipative",), group


def beside(case: ReadEquations, found: MultiplierFit, reasons: tuple[str, ...], group: np.ndarray) -> Verdict:
    """The part that has a Lagrangian, and the terms beside it with their errors."""
    linear = np.array([atom.function.is_Symbol for atom in case.atoms])
    projector = without_density(found.combinations, case.conditions.matrix, group, linear)
    density = case.density(found, np.eye(len(projector)) - projector)
    terms = terms_beside(case, found, projector)
    refused = case.test.search()
    at = found if refused is None or set(reasons) <= TIME_OR_SPACE else refused
    evidence: dict[str, Any] = {"failed": failed(case, at.multiplier)}
    if terms:
        evidence["standard_errors"] = terms[0]["standard_errors"]
    if reasons == ("dissipative",):
        evidence |= damping(case, found, density, terms, projector)
    evidence["terms_without_density"] = terms
    if case.reading.relation is not None:
        evidence["potential"] = case.reading.relation
    evidence |= case.figures(case.test.fixed(at.multiplier))
    reason = " and ".join(reasons)
    if NO_DENSITY in reasons:
        reason += " " + ", ".join(dict.fromkeys(str(item["term"]) for item in terms))
    return Verdict(
        f"not variational: {reason}",
        evidence,
        density.lagrangian,
        density.terms,
        density.covariance,
        found.multiplier,
        case.multiplier_errors(found),
        equations=case.constrained(found),
    )


def failed(case: ReadEquations, g: np.ndarray) -> str:
    """One line: the condition that fails most, and by how many standard errors."""
    first = case.listed(g)[0]
    where = "" if case.reading.relation is None else f" (with {case.reading.relation})"
    return f"{first['condition']} fails by {first['standard_errors']:.3g} standard errors{where}"


def terms_beside(case: ReadEquations, found: MultiplierFit, projector: np.ndarray) -> list[dict[str, Any]]:
    """The terms c = g⁻¹p of the part that a projector takes, the most significant first."""
    shape = found.coefficients.shape
    inverse = np.linalg.inv(found.multiplier)
    extra = inverse @ (projector @ found.combinations.ravel()).reshape(shape)
    through_g = flattened(found.directions @ extra).T @ found.g_response
    response = np.kron(inverse, np.eye(shape[1])) @ (projector @ found.combinations_response - through_g)
    variance = np.diag(response @ case.covariance @ response.T).clip(0)
    errors = np.sqrt(variance).reshape(shape)
    listed = [
        {
            "equation": case.jets.field_names[a],
            "term": case.atoms[k].text(case.jets.coordinate_names),
            "coefficient": float(extra[a, k]),
            "stderr": float(errors[a, k]),
            "standard_errors": float(abs(extra[a, k]) / max(errors[a, k], 1e-300)),
        }
        for a, k in zip(*np.nonzero(np.abs(extra) > 1e-9 * np.abs(extra).max(initial=0.0)), strict=True)
    ]
    return sorted(listed, key=lambda item: -float(item["standard_errors"]))


def damping(
    case: ReadEquations,
    found: MultiplierFit,
    density: Density,
    terms: list[dict[str, Any]],
    projector: np.ndarray,
) -> dict[str, Any]:
    """Damping coefficients, Rayleigh's function and Caldirola and Kanai's form."""
    single = len(terms) == 1
    values, errors = [t["coefficient"] for t in terms], [t["stderr"] for t in terms]
    where = "" if case.size == 1 else " in the equation of {equation}"
    evidence: dict[str, Any] = {
        "damping": values[0] if single else values,
        "damping_stderr": errors[0] if single else errors,
        "damping_terms": [("{term}" + where).format(**t) for t in terms],
    }
    forces = (projector @ found.combinations.ravel()).reshape(found.coefficients.shape)
    if case.order > 1:
        rows = [expression_of(row, case.reading.expressions) for row in forces]
        evidence["rayleigh"] = text_of(rayleigh_function(rows, case.jets), case.jets)
    if case.reading.relation is None:
        response = projector @ found.combinations_response
        spread = response @ case.covariance @ response.T
        rate = caldirola_kanai_rate(density, forces, spread, case.atoms, case.jets)
        if rate is not None:
            evidence["caldirola_kanai"] = f"exp({rate!r}*t)*({density.lagrangian.jet_text()})"
    return evidence
