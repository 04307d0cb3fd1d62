"""A potential that no term of the library expresses: the learned function with its band, and its symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from matplotlib.figure import Figure

from lagrangians import parse_expression
from lagrangians.jets import JetSpace

from ..results import Discovery
from .about import jets_of
from .drawing import BLUE, GREY, ORANGE, canvas, inline
from .formulas import term_mathml
from .page import Section, details, figure, paragraph, source
from .wording import axis_label, html, short, symbol, with_error

Z95 = 1.959964


def learned_potential_section(discovery: Discovery) -> Section | None:
    """V and V′ as learned, with 95% bands; in symbols where they were found."""
    learned = discovery.extra.get("learned_potential")
    if not isinstance(learned, Mapping) or not isinstance(learned.get("table"), Mapping):
        return None
    field = str(learned.get("field", discovery.data_fields[0] if discovery.data_fields else "phi"))
    letter = html(symbol(field))
    body = paragraph(
        "No term of the library expresses the force, so it was learned as a smooth function through the same "
        f"weak projections; what it leaves is {short(learned.get('residual_ratio'))} times the noise."
    )
    caption = (
        f"V({letter}) and the force V′({letter}) over the range of the data, with pointwise 95% bands; "
        "below, how often the data take each value."
    )
    distilled = learned.get("distilled")
    drawing = draw_learned_potential(discovery, field, learned["table"], distilled)
    body += figure(inline(drawing, "potential", "Learned potential and force with 95% bands"), caption)
    if isinstance(distilled, Mapping):
        body += paragraph(f"<strong>In symbols:</strong> {_symbols(distilled, discovery)}", note=True)
    else:
        body += paragraph("No short formula explains the data as well: it stays a learned function.")
    body += details("The learned function as text", source(f"V = {learned.get('potential', '')}"))
    return Section("potential", "Potential, learned", body)


def _symbols(distilled: Mapping[str, Any], discovery: Discovery) -> str:
    """V in symbols with its parameters."""
    text = term_mathml(str(distilled.get("potential", "")), jets_of(discovery))
    for name, found in (distilled.get("parameters") or {}).items():
        text += f", {html(symbol(str(name)))} = {with_error(float(found['value']), found['stderr'])}"
        text += f" ± {short(found['stderr'])}"
    difference = distilled.get("criterion_difference")
    return text + (
        f"; criterion lower by {short(abs(difference))} than that of the learned function."
        if difference
        else "."
    )


def draw_learned_potential(
    discovery: Discovery, field: str, columns: Mapping[str, Any], distilled: Mapping[str, Any] | None = None
) -> Figure:
    """V and V′ with 95% bands, in symbols dashed where they were found, above a histogram of held-out data.

    V is drawn up to a constant: the symbols are shifted to the mean of the learned V.
    """
    phi = np.asarray(columns["phi"], dtype=float)
    figure, axes = canvas(4.2, 2, 2, sharex=True, gridspec_kw={"height_ratios": [3, 1]})
    letter = symbol(field)
    for ax, key, label in zip(
        axes[:2], ("potential", "force"), (f"V({letter}) [1]", f"V′({letter}) [1]"), strict=True
    ):
        values, errors = (np.asarray(columns[k], dtype=float) for k in (key, f"{key}_stderr"))
        ax.fill_between(
            phi, values - Z95 * errors, values + Z95 * errors, color=BLUE, alpha=0.25, linewidth=0
        )
        ax.plot(phi, values, color=BLUE, label="learned")
        ax.set_ylabel(label)
        if distilled is not None:
            curve = _curve(str(distilled[key]), field, jets_of(discovery), phi)
            shift = np.mean(values - curve) if key == "potential" else 0.0
            ax.plot(phi, curve + shift, "--", color=ORANGE, label="in symbols")
    if distilled is not None:
        axes[1].legend()
    data = np.asarray(discovery.held_out[field].values, dtype=float).ravel()
    counts, edges = np.histogram(data, bins=100, range=(phi[0], phi[-1]), density=True)
    for ax in axes[2:]:
        ax.stairs(counts, edges, fill=True, color=GREY, alpha=0.75)
        ax.set_xlabel(axis_label(discovery.held_out, field))
    axes[2].set_ylabel("density [1]")
    return figure


def _curve(text: str, field: str, jets: JetSpace, phi: np.ndarray) -> np.ndarray:
    """A function of one field, as text, at values of that field. shape: (n,) -> (n,)"""
    function = jets.to_jets(parse_expression(text, jets.fields, jets.coordinates))
    return np.broadcast_to(
        sympy.lambdify(jets.symbol(jets.field_names.index(field)), function)(phi), phi.shape
    )
