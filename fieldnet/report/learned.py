"""The sections about what the network learned: generator, potential, couplings."""

from __future__ import annotations

import numpy as np

from simulations.files.conventions import spacing

from ..generator_report import BAND
from ..results import Discovery, Network
from .about import fields_of
from .charts import draw_generator, draw_potential, potential_of
from .coupled_potential import coupled_potential, draw_coupled_potential
from .drawing import inline
from .formulas import named_mathml
from .learned_potential import learned_potential_section
from .network_charts import draw_network, draw_nodes
from .page import Section, details, figure, paragraph
from .tables import table
from .wording import html, number, short, symbol, unit, with_error


def generator_section(discovery: Discovery) -> Section | None:
    """Each learned generator beside the derivative along its axis."""
    if not discovery.generators:
        return None
    body = paragraph(
        "The generator L̂ started from random weights. The dynamics fix it up to sign and a scale κ "
        "that the layer’s weight absorbs, and only by its action on the data: stencils that differ can have "
        "the same symbol in the band, and outside it the symbol is free."
    )
    for n, generator in enumerate(discovery.generators):
        axis = html(generator.axis)
        drawing = draw_generator(
            generator, spacing(discovery.held_out, generator.axis), unit(discovery.held_out, generator.axis)
        )
        caption = (
            f"Learned L̂/κ beside ∂<sub>{axis}</sub>. On held-out features their cosine is "
            f"{generator.cosine:.7f}; the symbol s(k)/κ is k to within {short(generator.symbol_error)} "
            f"up to k = {number(generator.band_edge, 3)}, below which lies {BAND:.1%} of the power of the "
            "training data (shaded)."
        )
        alt = f"Stencil, symbol and symbol error of the learned generator along {generator.axis}"
        body += figure(inline(drawing, f"generator{n}", alt), caption)
    return Section("generator", "Learned generator", body)


def potential_section(discovery: Discovery) -> Section | None:
    """V(φ) over the data of a field."""
    theory = discovery.lagrangian
    if discovery.network is not None:
        return None
    if discovery.extra.get("learned_potential"):
        return learned_potential_section(discovery)
    if fields_of(discovery) != theory.jets.field_names and discovery.data_fields:
        return None
    potential = potential_of(theory)
    if potential is None and len(theory.fields) > 1:
        return coupled_potential_section(discovery)
    if potential is None:
        text = "The Lagrangian has no term without derivatives: V = 0."
        return Section("potential", "Potential", paragraph(text))
    letter = html(symbol(discovery.model.field))
    caption = (
        f"V({letter}), solid over the range of the held-out data, dotted beyond; "
        "below, how often they take each value."
    )
    drawing = inline(draw_potential(discovery, potential), "potential", "Potential and histogram of the data")
    return Section("potential", "Potential", figure(drawing, caption))


def coupled_potential_section(discovery: Discovery) -> Section | None:
    """V of several fields; of two of them as a map over the values that the data take."""
    potential = coupled_potential(discovery.lagrangian)
    if potential is None:
        return None
    body = named_mathml("V", potential)
    names = fields_of(discovery)
    if len(names) == 2:
        letters = ", ".join(symbol(n) for n in names)
        caption = f"V({html(letters)}) over the held-out data; the points are a part of these."
        drawing = draw_coupled_potential(discovery, potential)
        body += figure(inline(drawing, "potential", "Potential of two fields and the data on it"), caption)
    return Section("potential", "Potential", body)


def network_section(discovery: Discovery) -> Section | None:
    """Couplings and frequencies of oscillators."""
    network = discovery.network
    if network is None:
        return None
    weights = network.coupling[network.coupling != 0]
    caption = (
        "Row i of K acts upon node i. The right panel shows what selection and refit did "
        "to each possible edge"
    )
    if len(weights):
        error = np.linalg.norm(network.coupling_stderr) / np.linalg.norm(network.coupling)
        caption += f"; standard errors are {short(float(error))} of the couplings"
    body = figure(
        inline(
            draw_network(network), "network", "The network, its coupling matrix and the selection of edges"
        ),
        caption + ".",
    )
    body += figure(
        inline(draw_nodes(network), "nodes", "Frequency, and metric or damping, of each node"),
        _about_nodes(network),
    )
    return Section("network", "Network", body + details("Table of nodes", _node_table(network)))


def _about_nodes(network: Network) -> str:
    text = "Natural frequencies with standard errors"
    if network.metric is not None:
        spread = float(np.ptp(network.metric)) / float(np.abs(network.metric).max())
        even = "; the metric is the same at all nodes" if spread < 1e-2 else ""
        text += ". In the metric m the coupling is symmetric: "
        text += f"m<sub>i</sub>K<sub>ij</sub> = m<sub>j</sub>K<sub>ji</sub>{even}"
    elif network.cycle:
        text += f". No diagonal metric makes the coupling symmetric: {html(network.cycle)}"
    return text.removesuffix(".") + "."


def _node_table(network: Network) -> str:
    optional = (("m", network.metric), ("γ", network.damping))
    columns = [(name, values) for name, values in optional if values is not None]
    rows = []
    for i, (frequency, error) in enumerate(zip(network.frequencies, network.frequencies_stderr, strict=True)):
        row = [str(i), with_error(float(frequency), float(error)), short(float(error))]
        row += [number(float(values[i])) for _, values in columns]
        rows.append([*row, str(int(np.count_nonzero(network.coupling[i])))])
    header = ["node", "frequency ω", "standard error", *(name for name, _ in columns), "edges in"]
    return table("Nodes", header, rows, numeric=range(1, len(header)))
