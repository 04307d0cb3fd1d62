"""The section that runs what was found beside held-out data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..results import Discovery
from .about import by_regression, fields_of
from .drawing import inline
from .kymographs import draw_error, draw_kymographs, shown_sample, slices
from .page import Section, figure, paragraph
from .phases import draw_phases
from .wording import html, short, symbol


def evolution_section(discovery: Discovery) -> Section:
    """Data, rollout and difference of a held-out sample; the error against time."""
    sample = shown_sample(discovery)
    count = discovery.held_out.sizes["sample"]
    which = f"Held-out sample {sample + 1} of {count}" if count > 1 else "The held-out sample"
    if discovery.rollout_error is not None and count > 1:
        which += ", the one with the largest error at the end"
    body = ""
    stopped = discovery.fit.get("rollout_stopped")
    if discovery.simulated is None:
        why = f": {html(stopped)}" if stopped else ""
        body += paragraph(f"<strong>No rollout</strong>{why}. The held-out data alone are shown.", note=True)
    if discovery.network is not None:
        drawing, caption = (
            draw_phases(discovery, sample),
            f"{which}: phases modulo 2π and the order parameter.",
        )
    else:
        drawing = draw_kymographs(discovery, sample)
        planes = " and ".join(
            f"({p.across}, {'t' if p.up == 'time' else p.up})" + (f" at {p.title}" if p.title else "")
            for p in slices(discovery.held_out, fields_of(discovery)[0])
        )
        if len(fields_of(discovery)) > 1:
            which += f" of {html(', '.join(symbol(f) for f in fields_of(discovery)))}, one below the other,"
        caption = (
            f"{which} over {html(planes)}. Data and rollout share one scale, the difference has its own."
        )
    if discovery.simulated is not None:
        window = discovery.fit.get("initial_window")
        known = f"first {window} times" if window else "first times"
        caption += f" The rollout knows only the {known} of the data."
    what = "data, rollout and difference" if discovery.simulated is not None else "held-out data"
    body += figure(inline(drawing, "evolution", f"Kymographs: {what}"), caption)
    error = discovery.rollout_error
    if error is not None:
        phases = discovery.network is not None
        label = "phase error (rms) [1]" if phases else "relative L² error [1]"
        if by_regression(discovery):
            label = "error / σ of the field [1]"
        meaning = (
            "Root mean square over the nodes of |exp iθ<sub>rollout</sub> − exp iθ<sub>data</sub>|"
            if phases
            else "L² norm of the difference over the root mean square in time of the norm of the data"
        )
        if by_regression(discovery):
            meaning = (
                "Root mean square over points and fields of the difference, each field in units of its "
                "standard deviation"
            )
        worst = float(error[:, -1].max())
        text = f"{meaning}; at the end {short(worst)} for the worst held-out sample."
        text += _fairly(discovery.fit)
        drawing = draw_error(discovery, sample, label)
        body += figure(inline(drawing, "error", "Error of the rollout against time"), text)
    return Section("evolution", "Rollout against held-out data", body)


def _fairly(fit: Mapping[str, Any]) -> str:
    """How long the run follows the data, beside the noise, the initial data and the Lyapunov time."""
    text = ""
    if fit.get("rollout_tracked") is not None:
        text += f" The error stays within twice the noise for {short(fit['rollout_tracked'])}"
        text += f" of {short(fit.get('rollout_duration'))} time units"
        if fit.get("rollout_initial_error") is not None:
            text += (
                f"; errors of the initial data alone make {short(fit['rollout_initial_error'])} at the end"
            )
        text += "."
    if fit.get("rollout_stopped"):
        text += f" The run stopped early: {html(fit['rollout_stopped'])}."
    if fit.get("chaotic"):
        text += (
            f" The system is chaotic: errors grow by e in {short(fit.get('lyapunov_time'))} time units, "
            "whatever the theory."
        )
    elif fit.get("lyapunov_bound") is not None:
        text += f" No chaos was seen: the Lyapunov exponent is below {short(fit['lyapunov_bound'])}."
    return text
