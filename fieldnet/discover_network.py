"""From the phases of oscillators on a network to their theory, run and audited."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
import xarray as xr

from simulations import BlowUpError, Kuramoto

from .conservation import Conservation, check_conservation
from .gradient_flow import BrokenCycle, GradientFlow
from .learning.field_data import HELD_OUT, split_held_out
from .learning.gradient import Progress
from .learning.network_fit import NetworkFit, fit_network
from .network_lagrangian import (
    NetworkTheory,
    equations_of_motion,
    free_field,
    multiple,
    network_theory,
    shifted,
)
from .networks.oscillators import Oscillators, fit_oscillators, follow
from .networks.result import IDENTIFIABLE, OscillatorNetwork
from .networks.smoothing import smooth, unwrapped
from .results import Discovery, FreeField, Network, TermEstimate
from .rollout import phase_error, rollout

QUIET = 1e-4
"""Radians of noise below which phases are audited as they are."""
NOT_RECIPROCAL = "the coupling is not reciprocal in any diagonal metric"


def discover_network(
    dataset: xr.Dataset,
    field: str,
    features: str = "auto",
    seed: int = 0,
    progress: Progress | None = None,
    method: str = "weak",
    holdout: float = HELD_OUT,
    workers: int = 1,
) -> Discovery:
    """Find order, edges, frequencies, damping and coupling function; derive, run and audit.

    `features` is "auto" or "phase": oscillators are linear in (cos nθ, sin nθ). `method` is "weak"
    (projections and likelihood, see `fit_oscillators`) or "network" (L-conv networks of both orders trained
    by gradient from random weights, see `fit_network`; first harmonic alone). `holdout` is the part of the
    samples that is held out, see `split_held_out`; `workers` how many samples, or nodes, the weak method
    works on at once. Raises ValueError for others.
    """
    if method not in ("weak", "network"):
        raise ValueError(f"got the method '{method}', expected weak or network")
    if features not in ("auto", "phase"):
        raise ValueError(f"got the features '{features}' for oscillators, expected auto or phase")
    _, held_out = split_held_out(dataset, holdout)
    found = fit_oscillators(dataset, field, holdout, progress, workers) if method == "weak" else None
    fit = found.summary if found is not None else fit_network(dataset, field, seed, holdout, progress)
    theory = network_theory(fit.model)
    verdict, evidence = _verdict(fit, theory)
    if found is not None:
        simulated, error, stopped = _followed(found, held_out, field)
    else:
        simulated, error, stopped = _run(fit, held_out, field)
    forms = free_field(fit.model)
    return Discovery(
        name=field,
        model=fit.model,
        lagrangian=theory.lagrangian,
        equations=equations_of_motion(fit.model),
        verdict=verdict,
        evidence=evidence,
        terms=_terms(fit, theory, verdict == "variational"),
        free_field=FreeField(
            m2=np.array(forms["m2"]),
            h=np.array(forms["h"]),
            v=np.array(forms["v"]),
            a=np.array(forms["a"]),
            signature=tuple(forms["signature"]),
            channels=_channels(field, len(forms["m2"])),
        ),
        generators=[],
        network=_network(fit, theory, field) if found is None else _oscillators(found, theory, field),
        conservation=(
            check_conservation(theory.lagrangian, _audited(found, held_out, field), [field], seed=seed)
            if verdict == "variational"
            else Conservation([], [])
        ),
        histories={f"order {order}": history for order, history in fit.history.items()},
        chosen=f"order {fit.order}",
        held_out=held_out,
        simulated=simulated,
        rollout_error=error,
        fit=_record(fit, error, stopped) | ({} if found is None else _weak_record(found)),
    )


def _audited(found: Oscillators | None, held_out: xr.Dataset, field: str) -> xr.Dataset:
    """Held-out phases for the audit of charges, with velocities: smoothed where noisy, ends left out."""
    if found is None or found.fit.noise < QUIET:
        return held_out
    smoothed = smooth(unwrapped(held_out[field].values), found.fit.trajectories.step)
    kept = slice(smoothed.half // 2, -(smoothed.half // 2))
    return held_out.assign({field: held_out[field].copy(data=smoothed.phases)}).isel(time=kept)


def _channels(field: str, count: int) -> tuple[str, ...]:
    if count == 3:
        return f"cos({field})", f"sin({field})", "1"
    angles = [field if n == 1 else f"{n}*{field}" for n in range(1, count // 2 + 1)]
    return tuple(f"{wave}({angle})" for angle in angles for wave in ("cos", "sin"))


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
        potential = _potential(fit, flow, field)
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


def _potential(fit: NetworkFit, flow: GradientFlow, field: str) -> str:
    """V with the overtones, (a_n/n)(1 − cos n(θ_i − θ_j))."""
    form = fit.model.torques().form
    base = replace(flow, coupling=flow.coupling * float(form[0, 0]))
    parts = [base.potential_text(fit.frequencies, field)]
    for n, a in enumerate(form[1:, 0].tolist(), 2):
        for i, j in zip(*np.nonzero(np.triu(flow.coupling, 1) * a), strict=True):
            weight = float(flow.coupling[i, j]) * a / n
            parts.append(f"{weight!r}*(1 - cos({n}*({field}_{i} - {field}_{j})))")
    return " + ".join(parts).replace("+ -", "- ")


def _oscillators(found: Oscillators, theory: NetworkTheory, field: str) -> OscillatorNetwork:
    fit, errors = found.summary, found.errors
    plain = _network(fit, theory, field)
    harmonics = int(np.flatnonzero(found.fit.law.form.any(1)).max(initial=0)) + 1
    return OscillatorNetwork(
        **vars(plain),
        phase_lag_stderr=fit.phase_lag_stderr,
        damping_stderr=fit.damping_stderr if fit.order == 2 else None,
        form=found.fit.law.form[:harmonics],
        form_stderr=errors["form"][:harmonics],
        on_site=found.fit.law.on_site,
        on_site_stderr=errors["on-site"],
        noise=found.fit.sigma,
        identifiable=IDENTIFIABLE[fit.order],
    )


def _terms(fit: NetworkFit, theory: NetworkTheory, variational: bool) -> list[TermEstimate]:
    """Terms of the density that fix all others.

    Of ½Σm_iθ̇_i² + Σm_iω_iθ_i + Σ_{i<j}m_iK_ij cos(θ_i − θ_j) all of them, edges as the mean of both
    directions; of the Freidlin–Wentzell density ½Σ(θ̇_i − F_i)² the cross terms −θ̇_iF_i, whose coefficients
    are −ω_i and −K_ij. Overtones multiply the coefficient of an edge by a_n/n, or by a_n.
    """
    name = fit.model.field
    K, errors, trained = fit.coupling, fit.coupling_stderr, fit.trained_coupling
    count = len(fit.frequencies)
    velocities = [f"{name}_{i}_t" for i in range(count)]
    metric = theory.metric if variational and theory.metric is not None else np.ones(count)
    terms = [
        TermEstimate(f"{v}**2", 0.5 * m, 0.0, None) for v, m in zip(velocities, metric.tolist(), strict=True)
    ]
    frequencies = [(float(w), float(e)) for w, e in zip(fit.frequencies, fit.frequencies_stderr, strict=True)]
    waves = [(n, a, b) for n, (a, b) in enumerate(fit.model.torques().form.tolist(), 1) if a or b]
    if variational:
        terms += [
            TermEstimate(f"{name}_{i}", m * w, abs(m) * e, None)
            for i, ((w, e), m) in enumerate(zip(frequencies, metric.tolist(), strict=True))
        ]
        for i, j in zip(*np.nonzero(np.triu(K + K.T, 1)), strict=True):
            mean = (metric[i] * K[i, j] + metric[j] * K[j, i]) / 2
            spread = np.hypot(metric[i] * errors[i, j], metric[j] * errors[j, i]) / 2
            before = float((metric[i] * trained[i, j] + metric[j] * trained[j, i]) / 2)
            for n, a, _ in waves:
                angle = multiple(n, f"{name}_{i} - {name}_{j}")
                part = a / n
                terms.append(
                    TermEstimate(
                        f"cos({angle})", float(mean * part), float(spread * abs(part)), before * part
                    )
                )
        return terms
    terms += [TermEstimate(v, -w, e, None) for v, (w, e) in zip(velocities, frequencies, strict=True)]
    lag = shifted(fit.phase_lag)
    strongest = fit.model.torques().harmonic
    for i, j in zip(*np.nonzero(K), strict=True):
        weight, error, before = -float(K[i, j]), float(errors[i, j]), -float(trained[i, j])
        for n, a, b in waves:
            angle = multiple(n, f"{name}_{j} - {name}_{i}")
            if n == strongest:
                terms.append(TermEstimate(f"{velocities[i]}*sin({angle}{lag})", weight, error, before))
                continue
            for part, wave in ((a, "sin"), (b, "cos")):
                if part:
                    text = f"{velocities[i]}*{wave}({angle})"
                    terms.append(TermEstimate(text, weight * part, error * abs(part), before * part))
    return terms


def _followed(
    found: Oscillators, held_out: xr.Dataset, field: str
) -> tuple[xr.Dataset | None, np.ndarray | None, str | None]:
    """The law of the training samples from the first points of the held-out ones; see `_run`."""
    measured = unwrapped(held_out[field].values)
    step = found.fit.trajectories.step
    phases = follow(found.training_law, found.fit.free, measured, step)
    if not np.isfinite(phases).all():
        return None, None, "the phases of the rollout are not finite"
    simulated = held_out[[field]].copy(data={field: phases})
    return simulated, phase_error(phases, measured), None


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


def _weak_record(found: Oscillators) -> dict[str, Any]:
    fit = found.fit
    return {
        "noise": fit.noise,
        "residual_over_noise": fit.sigma / max(fit.noise, 1e-300),
        "rounds": fit.rounds,
        "tried": {f"order {order}": {"misfit": misfit} for order, misfit in fit.misfits.items()},
    }


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
