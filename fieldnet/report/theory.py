"""The section with the Lagrangian and the equations of motion."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from ..results import Discovery, Network
from .about import by_regression, jets_of
from .formulas import display, equation_latex, equation_mathml, named_mathml, read, term_mathml
from .network_forms import compact_density, compact_equation
from .page import Section, details, paragraph, record, source
from .sums import dissipation_form, flow_form, potential_form
from .wording import html, number, sentence, short, symbols

FEW = 4
"""Oscillators up to which every term is typeset."""

DISSIPATION = "Rayleigh dissipation function"
NAMES = {
    "failed": "Why it is not variational",
    "damping": "Damping γ",
    "damping_stderr": "Standard error of γ",
    "standard_errors": "γ in standard errors",
    "caldirola_kanai": "With explicit time (Caldirola–Kanai)",
    "mismatch": "Largest |log(m_iK_ij / m_jK_ji)|",
}


ELSEWHERE = ("metric", "cycle", "forward", "backward", "damping", "damping_stderr", "rayleigh")
"""Evidence about oscillators that is part of the formulas or of the section on the network."""


def theory_section(discovery: Discovery) -> Section:
    """ℒ and the equations, their LaTeX, and what the verdict rests on."""
    network = discovery.network
    many = network is not None and len(network.frequencies) > FEW
    formulas = _network(discovery, network) if many and network is not None else _every_term(discovery)
    body = f'<div class="theory">{formulas[0]}</div>{formulas[1]}'
    if network is not None and network.cycle:
        body += paragraph(
            f"<strong>The cycle that breaks the potential.</strong> {html(sentence(network.cycle))}",
            note=True,
        )
    evidence = {k: v for k, v in discovery.evidence.items() if not _elsewhere(k, v, network)}
    if evidence and not by_regression(discovery):
        body += record((NAMES.get(k, k), _evidence(k, v, discovery)) for k, v in evidence.items())
    return Section("theory", "Lagrangian", body)


def _elsewhere(key: str, value: Any, network: Network | None) -> bool:
    """Whether a piece of evidence is shown with the formulas or the network."""
    if network is None:
        return key == "rayleigh"
    return key in ELSEWHERE or (isinstance(value, str) and value == network.cycle)


def _line(role: str, formula: str) -> str:
    return f'<p class="role">{html(role)}</p>{formula}'


def _every_term(discovery: Discovery) -> tuple[str, str]:
    theory = discovery.lagrangian
    name = "Lagrangian" if len(theory.coordinates) == 1 else "Lagrangian density"
    formulas = _line(name, named_mathml("ℒ", theory.density))
    jets = jets_of(discovery)
    equations = "".join(equation_mathml(text, jets) for text in discovery.equations)
    formulas += _line(
        "Equation of motion" if len(discovery.equations) == 1 else "Equations of motion", equations
    )
    relation = discovery.evidence.get("potential")
    if by_regression(discovery) and relation:
        formulas += _line("The field of the data", f"<p>{html(symbols(str(relation)))}</p>")
    friction = read(str(discovery.evidence.get("rayleigh", "")), theory)
    if friction is not None:
        formulas += _line(DISSIPATION, named_mathml("𝓡", friction))
    elif discovery.network is not None and _damped(discovery.network):
        formulas += _line(DISSIPATION, display(dissipation_form(discovery).mathml))
    latex = [rf"\mathcal{{L}} = {theory.latex(digits=6)}"]
    latex += [equation_latex(text, jets) for text in discovery.equations]
    exact = [f"L = {theory.jet_text()}", *discovery.equations]
    below = details("LaTeX source", source("\n".join(latex)))
    return formulas, below + details("Text with all digits", source("\n".join(exact)))


def _network(discovery: Discovery, network: Network) -> tuple[str, str]:
    density, motion = compact_density(discovery, network), compact_equation(discovery, network)
    latex, formulas = [], ""
    shown = [("Lagrangian", density), ("Equations of motion", motion)]
    if network.metric is not None and network.inertia is None:
        shown += [
            ("Potential", potential_form(discovery)),
            ("Gradient flow in the metric m", flow_form(discovery)),
        ]
    if _damped(network):
        shown.append((DISSIPATION, dissipation_form(discovery)))
    for role, form in shown:
        if form is None:
            remark = "<p>No short sum has exactly these terms; the full text is below.</p>"
            formulas += _line(role, remark)
        else:
            formulas += _line(role, display(form.mathml))
            latex.append(form.latex)
    below = details("LaTeX source", source("\n".join(latex))) if latex else ""
    below += details("Equations with all numbers", source("\n".join(discovery.equations)))
    below += details("Lagrangian with all numbers", source(f"L = {discovery.lagrangian.jet_text()}"))
    if network.potential:
        below += details("Potential with all numbers", source(f"V = {network.potential}"))
    lag = f" Phase lag α = {number(network.phase_lag)}." if network.phase_lag else ""
    where = "The numbers K<sub>ij</sub> and ω<sub>i</sub> are in the section “Network”."
    return formulas, paragraph(where + lag) + below


def _damped(network: Network) -> bool:
    return network.damping is not None and bool(np.any(network.damping))


def _evidence(key: str, value: Any, discovery: Discovery) -> str:
    """A piece of evidence: a number, a list, a formula where it can be read, else its text."""
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return short(float(value)) if "standard" in NAMES.get(key, "").lower() else number(float(value))
    if isinstance(value, np.ndarray | list | tuple):
        return html(", ".join(f"{v:.6g}" if isinstance(v, numbers.Real) else str(v) for v in value))
    text = str(value)
    if read(text, discovery.lagrangian) is not None:
        return term_mathml(text, discovery.lagrangian)
    return html(symbols(text))
