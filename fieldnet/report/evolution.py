"""The section that runs what was found beside held-out data."""

from __future__ import annotations

from ..results import Discovery
from .drawing import inline
from .kymographs import draw_error, draw_kymographs, shown_sample, slices
from .page import Section, figure, paragraph
from .phases import draw_phases
from .wording import html, short


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
            for p in slices(discovery.held_out, discovery.model.field)
        )
        caption = (
            f"{which} over {html(planes)}. Data and rollout share one scale, the difference has its own."
        )
    if discovery.simulated is not None:
        caption += " The rollout knows only the first times of the data."
    what = "data, rollout and difference" if discovery.simulated is not None else "held-out data"
    body += figure(inline(drawing, "evolution", f"Kymographs: {what}"), caption)
    error = discovery.rollout_error
    if error is not None:
        phases = discovery.network is not None
        label = "phase error (rms) [1]" if phases else "relative L² error [1]"
        meaning = (
            "Root mean square over the nodes of |exp iθ<sub>rollout</sub> − exp iθ<sub>data</sub>|"
            if phases
            else "L² norm of the difference over the root mean square in time of the norm of the data"
        )
        worst = float(error[:, -1].max())
        text = f"{meaning}; at the end {short(worst)} for the worst held-out sample."
        drawing = draw_error(discovery, sample, label)
        body += figure(inline(drawing, "error", "Error of the rollout against time"), text)
    return Section("evolution", "Rollout against held-out data", body)
