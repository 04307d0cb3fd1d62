"""From the phases of oscillators on a network to their theory, run and audited."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import xarray as xr

from simulations import BlowUpError, Kuramoto

from .conservation import Conservation, check_conservation
from .gradient_flow import BrokenCycle, GradientFlow
from .learning.field_data import split_held_out
from .learning.gradient import Progress
from .learning.network_fit import NetworkFit, fit_network
from .network_lagrangian import NetworkTheory, equations_of_motion, free_field, network_theory
from .results import Discovery, FreeField, Network, TermEstimate
from .rollout import phase_error, rollout

NOT_RECIPROCAL = "the coupling is not reciprocal in any diagonal metric"


def discover_network(
    dataset: xr.Dataset, field: str, features: str = "auto", seed: int = 0, progress: Progress | None = None
) -> Discovery:
    """Train networks of first and second order, keep the edges that the data ask for, derive, run and audit.

    `features` is "auto" or "phase": oscillators are linear in (cos θ, sin θ). Raises ValueError for others.
    """
    if features not in ("auto", "phase"):
        raise ValueError(f"got the features '{features}' for oscillators, expected auto or phase")
    samples = dataset.sizes["sample"]
    _, held_out = split_held_out(dataset)
    kept_back = tuple(range(samples - held_out.sizes["sample"], samples)) if samples > 1 else ()
    fit = fit_network(dataset, field, seed, kept_back, progress)
    theory = network_theory(fit.model)
    verdict, evidence = _verdict(fit, theory)
    simulated, error, stopped = _run(fit, held_out, field)
    forms = free_field(fit.model)
    return Discovery(
        name=field,
        model=fit.model,
        lagrangian=theory.lagrangian,
        equations=equations_of_motion(fit.model),
        verdict=verdict,
        evidence=evidence,
        terms=_terms(fit, verdict == "variational"),
        free_field=FreeField(
            m2=np.array(forms["m2"]),
            h=np.array(forms["h"]),
            v=np.array(forms["v"]),
            a=np.array(forms["a"]),
            signature=tuple(forms["signature"]),
            channels=_channels(field, len(forms["m2"])),
        ),
        generators=[],
        network=_network(fit, theory, field),
        conservation=(
            check_conservation(theory.lagrangian, held_out, [field], seed=seed)
            if verdict == "variational"
            else Conservation([], [])
        ),
        histories={f"order {order}": history for order, history in fit.history.items()},
        chosen=f"order {fit.order}",
        held_out=held_out,
        simulated=simulated,
        rollout_error=error,
        fit=_record(fit, error, stopped),
    )


def _channels(field: str, count: int) -> tuple[str, ...]:
    return (f"cos({field})", f"sin({field})", "1")[:count]


def _verdict(fit: NetworkFit, theory: NetworkTheory) -> tuple[str, dict[str, Any]]:
    """The verdict of a network, variational or what exists instead, and what it rests on."""
    if fit.undetermined:
        return f"undetermined: {fit.undetermined}", {}
    flow = theory.flow
    evidence: dict[str, Any] = {}
    if isinstance(flow, GradientFlow):
        evidence |= {"metric": flow.metric, "mismatch": flow.mismatch}
    else:
        evidence |= {"cycle": list(flow.nodes), "forward": flow.forward, "backward": flow.backward}
    if theory.reason is not None:
        evidence["failed"] = theory.reason
    if fit.order == 2 and np.any(fit.damping):
        evidence |= {
            "damping": fit.damping,
            "damping_stderr": fit.damping_stderr,
            "rayleigh": "sum_i gamma_i*theta_i_t**2/2",
        }
        return "not variational: dissipative", evidence
    if theory.kind == "conservative":
        return "variational", evidence
    return f"not variational: {NOT_RECIPROCAL if theory.kind == 'not reciprocal' else theory.kind}", evidence


def _network(fit: NetworkFit, theory: NetworkTheory, field: str) -> Network:
    flow, second = theory.flow, fit.order == 2
    potential = None
    if isinstance(flow, GradientFlow) and theory.metric is not None:
        potential = flow.potential_text(fit.frequencies, field)
    return Network(
        coupling=fit.coupling,
        coupling_stderr=fit.coupling_stderr,
        trained_coupling=fit.trained_coupling,
        frequencies=fit.frequencies,
        frequencies_stderr=fit.frequencies_stderr,
        inertia=np.ones(len(fit.frequencies)) if second else None,
        damping=fit.damping if second else None,
        phase_lag=fit.phase_lag,
        metric=theory.metric,
        potential=potential,
        cycle=flow.reason if isinstance(flow, BrokenCycle) else None,
    )


def _terms(fit: NetworkFit, variational: bool) -> list[TermEstimate]:
    """Terms of the density that fix all others.

    Of ½Σθ̇_i² + Σω_iθ_i + Σ_{i<j}K_ij cos(θ_i − θ_j) all of them, edges as the mean of both directions; of the
    Freidlin–Wentzell density ½Σ(θ̇_i − F_i)² the cross terms −θ̇_iF_i, whose coefficients are −ω_i and −K_ij.
    """
    name = fit.model.field
    K, errors, trained = fit.coupling, fit.coupling_stderr, fit.trained_coupling
    count = len(fit.frequencies)
    velocities = [f"{name}_{i}_t" for i in range(count)]
    terms = [TermEstimate(f"{v}**2", 0.5, 0.0, None) for v in velocities]
    frequencies = [(float(w), float(e)) for w, e in zip(fit.frequencies, fit.frequencies_stderr, strict=True)]
    if variational:
        terms += [TermEstimate(f"{name}_{i}", w, e, None) for i, (w, e) in enumerate(frequencies)]
        for i, j in zip(*np.nonzero(np.triu(K, 1)), strict=True):
            mean, spread = (K[i, j] + K[j, i]) / 2, np.hypot(errors[i, j], errors[j, i]) / 2
            before = float((trained[i, j] + trained[j, i]) / 2)
            terms.append(TermEstimate(f"cos({name}_{i} - {name}_{j})", float(mean), float(spread), before))
        return terms
    terms += [TermEstimate(v, -w, e, None) for v, (w, e) in zip(velocities, frequencies, strict=True)]
    for i, j in zip(*np.nonzero(K), strict=True):
        text = f"{velocities[i]}*sin({name}_{j} - {name}_{i})"
        terms.append(TermEstimate(text, -float(K[i, j]), float(errors[i, j]), -float(trained[i, j])))
    return terms


def _run(
    fit: NetworkFit, held_out: xr.Dataset, field: str
) -> tuple[xr.Dataset | None, np.ndarray | None, str | None]:
    """(rollout, its error against time, why there is none)."""
    torques = fit.model.torques()
    if bool(torques.on_site.any()) or bool(torques.sums.any()):
        return None, None, "the torques that depend on single phases are not simulated"
    second = fit.order == 2
    try:
        with torch.no_grad():
            system = Kuramoto(
                fit.coupling,
                fit.frequencies,
                inertia=1.0 if second else 0.0,
                damping=fit.damping if second else 0.0,
                phase_lag=fit.phase_lag,
            )
            simulated = rollout(system, held_out, [field]).rename({"theta": field})
    except BlowUpError as error:
        return None, None, str(error)
    return simulated, phase_error(simulated[field].values, held_out[field].values), None


def _record(fit: NetworkFit, error: np.ndarray | None, stopped: str | None) -> dict[str, Any]:
    return {
        "method": fit.method,
        "features": "phase",
        "boundary": None,
        "residual": fit.training_residual,
        "held_out_residual": fit.held_out_residual,
        "explanation": fit.explanation,
        "rollout_error": None if error is None else float(error[:, -1].max()),
        "rollout_stopped": stopped,
        "tried": {
            f"order {order}": {"residual": train, "held_out_residual": test}
            for order, (train, test) in fit.order_residuals.items()
        },
    }
