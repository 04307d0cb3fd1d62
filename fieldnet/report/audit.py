"""The section on conservation: Noether charges beside controls that must fail."""

from __future__ import annotations

import re

from ..conservation import CONTROLS, LocalConservation
from ..results import Discovery
from .charts import draw_charges
from .drawing import CYCLE, inline
from .head import kind_of
from .page import Section, figure, paragraph
from .tables import table
from .wording import axis_label, html, plain, short, symbols

_DERIVATIVE = re.compile(r"∂_(\w+)")
WITHOUT = {
    "variational": "The Lagrangian has no point symmetry of the searched kind: there is no charge.",
    "not variational": "No autonomous Lagrangian has exactly these equations: there is no Noether charge.",
    "undetermined": "No Noether charge was audited: which Lagrangian it would belong to is open.",
}
LONG = 60
"""Characters of a generator that are shown in a table; all of them are in its tooltip."""


def conservation_section(discovery: Discovery) -> Section:
    """Charges over time, their drifts, and the continuity equations of the other symmetries."""
    audit = discovery.conservation
    if not audit.charges and not audit.local:
        text = WITHOUT.get(kind_of(discovery.verdict), WITHOUT["undetermined"])
        return Section("conservation", "Conservation", paragraph(text))
    body = paragraph(
        "Each charge is Noether’s for the <em>derived</em> Lagrangian, followed along held-out data. "
        "The control is the same for a random generator, and must drift."
    )
    if audit.charges:
        caption = (
            "Charges over their scale, the time average of ∫|J⁰|dx, and how far they move from their first "
            "value. Each line is the sample that the table speaks of."
        )
        if len(audit.charges) > len(CYCLE):
            caption += f" The first {len(CYCLE)} of {len(audit.charges)} are drawn."
        drawing = draw_charges(audit, axis_label(discovery.held_out, "time"))
        body += figure(inline(drawing, "charges", "Noether charges and a control charge over time"), caption)
        noisy = any(charge.noise_drift > 0 for charge in audit.charges)
        rows = [
            [
                html(symbols(charge.name)),
                generator_cell(str(charge.generator)),
                short(charge.relative_drift),
                *([short(charge.noise_drift)] if noisy else []),
                short(charge.control_drift),
                short(charge.control_drift / max(charge.relative_drift, 1e-300)),
                *([html(charge.verdict)] if noisy else []),
            ]
            for charge in audit.charges
        ]
        header = ["charge", "generator", "relative drift", "control drift", "control / charge"]
        if noisy:
            header = [*header[:3], "noise alone", *header[3:], "verdict"]
        text = (
            "Charges: max |Q(t) − Q(0)| over scale, worst held-out sample; "
            f"control: median of {CONTROLS} random generators"
        )
        if noisy:
            text += "; noise alone: what a conserved charge would show in data of this noise"
        body += table(text, header, rows, numeric=range(2, len(header) - noisy))
    return Section("conservation", "Conservation", body + _local(audit.local))


def _local(local: list[LocalConservation]) -> str:
    if not local:
        return ""
    noisy = any(item.noise_residual > 0 for item in local)
    rows = [
        [
            html(symbols(item.name)),
            generator_cell(str(item.generator)),
            short(item.residual),
            *([short(item.noise_residual)] if noisy else []),
            short(item.control_residual),
            *([html(item.verdict)] if noisy else []),
        ]
        for item in local
    ]
    text = (
        "Symmetries that the box breaks: their continuity equation, "
        "‖∂<sub>α</sub>J<sup>α</sup>‖ / ‖∂<sub>t</sub>J⁰‖"
    )
    header = ["current", "generator", "residual", "control"]
    if noisy:
        header = [*header[:3], "noise alone", *header[3:], "verdict"]
    return table(text, header, rows, numeric=range(2, len(header) - noisy))


def generator_cell(text: str) -> str:
    """A vector field in symbols, cut where it is long."""
    shown = symbols(text)
    if len(shown) <= LONG:
        return _DERIVATIVE.sub(r" ∂<sub>\1</sub>", html(shown)).strip()
    cut = _DERIVATIVE.sub(r" ∂<sub>\1</sub>", html(shown[:LONG].rsplit("+", 1)[0])).strip()
    return f'<span title="{html(plain(text)[:600])}">{cut} + …</span>'
