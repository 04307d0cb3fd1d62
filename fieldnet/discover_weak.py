"""From measured fields to their Lagrangian by weak regression: the default of `discover_lagrangian`."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy
import xarray as xr

from lagrangians import to_text
from simulations.files.lazy import LazyFields

from .closing import Closing, close_the_loop
from .configuration import Configuration
from .density import DensityModel, density_model
from .equations.atoms import Atom
from .equations.attempts import MIXED, Attempt, union
from .equations.dynamics import Dynamics, find_dynamics
from .equations.fitted import FittedEquations
from .equations.freidlin_wentzell import freidlin_wentzell
from .equations.held_out import HeldOut, residual_of
from .equations.judgement import judge
from .equations.library import FEATURES, EquationAtoms, density_library, equation_atoms
from .equations.library_text import parse_library, require_finite
from .equations.measured import MeasuredFields, measured_fields
from .equations.refit import refitted
from .equations.streamed import pilot_fields, stream_dynamics
from .equations.undetermined import undetermined
from .equations.verdict import Verdict
from .equations.with_potential import Force, judge_with, with_learned_potential
from .learning.field_data import split_held_out
from .learning.gradient import Progress
from .results import Discovery, FreeField, TermEstimate

METHOD = (
    "weak regression: test functions (1 − s²)^7, noise bias removed by the inverse heat flow, generalised "
    "total least squares with the noise covariance of the columns; terms by the extended Bayesian "
    "information criterion, families by the held-out residual and, where that ties, by the same criterion; "
    "verdict by the Helmholtz conditions within the errors of the coefficients"
)
HELD_OUT_VALUES = 2**19
SHORTEST_RUN = 64
"""Of a streamed file no more values are tested than these, and no fewer times are held out if there are as
many."""
LARGEST_EXPONENT = 12.0
"""Fields beyond half of this are not tried with exp(2φ)."""
LARGEST_DEVIATION = 4.0
"""Noise beyond this leaves e^{−8} of the mean of sin φ: nothing, and the inverse of that overflows."""


@dataclass(frozen=True)
class Run:
    """What a user chose, with the boundary that the data show where none was named, and what one run has of
    its own: a memory of finished parts, and whether the result is run and audited on held-out data.
    """

    chosen: Configuration
    boundary: str
    memory: MutableMapping[str, Any]
    closing: bool


def discover_weak(
    dataset: xr.Dataset, fields: Sequence[str], run: Run, progress: Progress | None = None
) -> Discovery:
    """Equations of motion, verdict, density, layer; then run and audited on held-out data."""
    training, held_out = split_held_out(dataset, run.chosen.holdout)
    measured = measured_fields(training, fields, run.boundary)
    ansatz, left_out = ansatz_of(measured, run.chosen.features, run.chosen.library)
    unseen = HeldOut(held_out, tuple(fields), run.boundary, measured.deviations)
    choosing = unseen if run.chosen.holdout else None
    dynamics = find_dynamics(measured, ansatz, progress, run.chosen.workers, run.memory, choosing)
    dynamics, force, learned = with_learned_potential(dynamics, progress)
    final = dynamics
    if run.chosen.holdout:
        final = refitted(dynamics, measured_fields(dataset, fields, run.boundary))
    found = _discovery(final, dynamics, ansatz, left_out, unseen, run, progress, force)
    if learned is None:
        return found
    return replace(found, extra={**found.extra, "learned_potential": learned.content()})


def discover_streamed(
    source: LazyFields, fields: Sequence[str], run: Run, progress: Progress | None = None
) -> Discovery:
    """The same of a file larger than memory: terms from a pilot, coefficients from one pass over everything
    but the last times, which are held out. Of many samples the first are tested on them, with no more than
    `HELD_OUT_VALUES` values.
    """
    layer = source.values // source.shape[1]
    times = source.shape[1]
    most = max(HELD_OUT_VALUES // layer, SHORTEST_RUN)
    held = int(min(run.chosen.holdout * times, most))
    kept = times - held
    clock = source.coordinates["time"]
    training = replace(
        source,
        coordinates={**source.coordinates, "time": clock[:kept]},
        shape=(source.shape[0], kept, *source.shape[2:]),
    )
    last = slice(max(0, times - (held or most)), times)
    tested = HELD_OUT_VALUES * source.shape[0] // (layer * (last.stop - last.start))
    held_out = source.dataset(fields, slice(0, max(1, tested)), last)
    pilot, _ = pilot_fields(training, tuple(fields), run.boundary, None)
    ansatz, left_out = ansatz_of(pilot, run.chosen.features, run.chosen.library)
    dynamics = stream_dynamics(
        training,
        ansatz,
        tuple(fields),
        run.boundary,
        progress=progress,
        workers=run.chosen.workers,
        memory=run.memory,
    )
    unseen = HeldOut(held_out, tuple(fields), run.boundary, dynamics.widths.measured.deviations)
    return _discovery(dynamics, dynamics, ansatz, left_out, unseen, run, progress)


def _discovery(
    dynamics: Dynamics,
    trained: Dynamics,
    ansatz: dict[str, EquationAtoms],
    left_out: Sequence[str],
    unseen: HeldOut,
    run: Run,
    progress: Progress | None,
    force: Force | None = None,
) -> Discovery:
    """`dynamics` is reported; `trained`, which has not seen the held-out data, is tested and run on them."""
    measured = trained.widths.measured
    verdict = _verdict(dynamics, ansatz, force)
    fitted = verdict.equations or dynamics.equations
    lagrangian = verdict.lagrangian or freidlin_wentzell(fitted)
    equations = equations_text(fitted)
    model = density_model(lagrangian, measured.spacing)
    closing = Closing()
    if run.closing:
        closing = close_the_loop(
            verdict,
            lagrangian,
            equations_text(trained.equations),
            unseen.dataset,
            unseen.fields,
            run.boundary,
            run.chosen.seed,
            progress,
        )
    return Discovery(
        name=unseen.fields[0],
        model=model,
        lagrangian=lagrangian,
        equations=equations,
        verdict=verdict.text,
        evidence=verdict.evidence,
        terms=[TermEstimate(t.term, t.coefficient, t.standard_error, None) for t in verdict.terms],
        free_field=_free_field(model),
        generators=[],
        network=None,
        conservation=closing.conservation,
        histories={},
        chosen=f"{dynamics.chosen.family} features",
        held_out=unseen.dataset,
        simulated=closing.simulated,
        rollout_error=closing.error,
        fit=_record(dynamics, trained, unseen, run, closing, left_out),
        extra=_extra(dynamics, verdict, measured),
        data_fields=unseen.fields,
    )


def ansatz_of(
    measured: MeasuredFields, features: str, library: str | None
) -> tuple[dict[str, EquationAtoms], list[str]]:
    """(the ansatz of each family, families left out because their functions overflow on these data).

    Where exponentials would, they are left out of the mixed family too.
    """
    jets = measured.jets
    families, terms = parse_library(library, jets) if library else (("auto",), ())
    if features != "auto" and not set(families) <= {"auto", features}:
        raise ValueError(
            f"got the features '{features}' and a library with {', '.join(families)}, expected one of "
            "the two to name families; leave one out"
        )
    require_finite(terms, jets, measured.values)
    if features != "auto":
        families = (features,)
    names: list[str | None] = []
    for family in families:
        names += list(FEATURES) if family == "auto" else [family]
    large = max(float(np.abs(v).max()) for v in measured.values) > LARGEST_EXPONENT / 2
    lost = ("hyperbolic",) if large else ()
    if max(measured.deviations) > LARGEST_DEVIATION:
        lost = ("phase", MIXED, *lost)
    left_out = [n for n in lost if n in names and len(set(names)) > 1]
    names = list(dict.fromkeys(n for n in names if n not in left_out)) or [None]
    libraries = {n or "own terms": density_library(n, jets, terms, n != MIXED or not large) for n in names}
    return {name: equation_atoms(library) for name, library in libraries.items()}, left_out


def _verdict(dynamics: Dynamics, ansatz: dict[str, EquationAtoms], force: Force | None) -> Verdict:
    if force is not None:
        return judge_with(dynamics.equations, force, next(iter(ansatz.values())).library.terms)
    chosen = union([ansatz[f] for f in dict.fromkeys(dynamics.chosen.families)])
    judged = judge(dynamics.equations, chosen.library.terms)
    reason = undetermined(dynamics)
    if reason is None:
        return judged
    evidence = {"otherwise": judged.text, **judged.evidence}
    return replace(judged, text=f"undetermined: {reason}", evidence=evidence)


def equations_text(fitted: FittedEquations) -> tuple[str, ...]:
    """`phi_tt = …`, one a field, in jet names with numbers."""
    lines = []
    for a, target in enumerate(fitted.targets):
        right = sympy.Add(
            *(
                -float(c) * atom.expression(fitted.jets)
                for k, (c, atom) in enumerate(zip(fitted.coefficients[a], fitted.atoms, strict=True))
                if c and k != target
            )
        )
        left = fitted.atoms[target].text(fitted.jets.coordinate_names)
        lines.append(f"{left} = {to_text(sympy.expand(right))}")
    return tuple(lines)


def _free_field(model: DensityModel) -> FreeField:
    expansion = model.expansion()
    return FreeField(
        m2=np.array(expansion.m2, dtype=float),
        h=np.array(expansion.h, dtype=float),
        v=np.array(expansion.v, dtype=float),
        a=np.array(expansion.a, dtype=float),
        signature=expansion.signature,
        channels=model.channels,
    )


def _record(
    dynamics: Dynamics,
    trained: Dynamics,
    unseen: HeldOut,
    run: Run,
    closing: Closing,
    left_out: Sequence[str],
) -> dict[str, Any]:
    chosen, measured = dynamics.chosen, trained.widths.measured
    projections = unseen.projections(trained.widths, trained.width)
    tested = [residual_of(projections, fit) for fit in trained.fits]
    return {
        "method": METHOD,
        "features": chosen.family,
        "left_out": list(left_out),
        "boundary": run.boundary,
        "order": chosen.order,
        "stage": chosen.stage,
        "explained": dynamics.explained,
        "residual": max(fit.residual for fit in trained.fits),
        "residual_over_noise": [fit.ratio for fit in trained.fits],
        "coefficients_from": "all data" if dynamics is not trained else "the training data",
        "held_out_residual": max(t.relative for t in tested),
        "held_out_residual_over_noise": [t.ratio for t in tested],
        "misfit": [fit.misfit for fit in chosen.fits],
        "effective_rows": [fit.effective_rows for fit in chosen.fits],
        "half_points": list(dynamics.widths.half_points(dynamics.width)),
        "criterion": "extended Bayesian information criterion (Chen & Chen 2008)",
        "tried": {name: _attempt(attempt, measured) for name, attempt in dynamics.tried.items()},
        "path": [_path(fit, measured) for fit in chosen.fits],
        **closing.record,
    }


def _attempt(attempt: Attempt, measured: MeasuredFields) -> dict[str, Any]:
    return {
        "criterion": attempt.criterion,
        "terms": attempt.terms,
        "residual": max(fit.residual for fit in attempt.fits),
        "residual_over_noise": [fit.ratio for fit in attempt.fits],
        "atoms": [[_text(a, measured) for a in fit.atoms] for fit in attempt.fits],
    }


def _path(fit, measured: MeasuredFields) -> list[dict[str, Any]]:
    return [{"atoms": [_text(a, measured) for a in atoms], "over_noise": ratio} for atoms, ratio in fit.path]


def _text(atom: Atom, measured: MeasuredFields) -> str:
    return atom.text(measured.jets.coordinate_names)


def _extra(dynamics: Dynamics, verdict: Verdict, measured: MeasuredFields) -> dict[str, Any]:
    names = measured.jets.field_names
    errors = dynamics.equations.standard_errors()
    return {
        "noise": {
            name: {"deviation": s, "relative": s / max(float(v.std()), 1e-300)}
            for name, s, v in zip(names, measured.deviations, measured.values, strict=True)
        },
        "fitted_equations": {
            name: [
                {
                    "atom": _text(atom, measured),
                    "coefficient": float(c),
                    "stderr": float(e),
                    "interval": [float(c - 1.959964 * e), float(c + 1.959964 * e)],
                }
                for atom, c, e, used in zip(dynamics.equations.atoms, row, err, on, strict=True)
                if used
            ]
            for name, row, err, on in zip(
                names, dynamics.equations.coefficients, errors, dynamics.equations.support, strict=True
            )
        },
        "multiplier": verdict.multiplier,
        "family": [{"multiplier": m.multiplier, "density": m.density} for m in verdict.family],
        "rivals": [
            {"kept": [_text(a, measured) for a in kept], "instead": [_text(a, measured) for a in other]}
            for kept, other in dynamics.rivals
        ],
    }
