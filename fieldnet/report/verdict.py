"""The section on what the verdict of fitted equations rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..results import Discovery
from .about import by_regression, jets_of
from .formulas import read, term_mathml
from .page import Section, details, paragraph, record
from .tables import matrix, table
from .wording import html, number, sentence, short, symbol, symbols, with_error

NAMES = {
    "otherwise": "Were they told apart",
    "failed": "Why it is not variational",
    "standard_errors": "The extra terms, in standard errors",
    "searched": "Multipliers searched",
    "damping": "Damping",
    "damping_stderr": "Its standard error",
    "damping_terms": "Terms that damp",
    "caldirola_kanai": "With explicit time (Caldirola–Kanai)",
    "potential": "Potential",
    "functional": "Functional that decreases",
    "functional_of_the_rest": "Functional without the terms that have none",
}
TABLES = (
    "conditions",
    "terms_without_density",
    "terms_without_potential",
    "multiplier",
    "multiplier_stderr",
    "multipliers_within_errors",
    "metric",
    "family",
    "chi_square",
    "degrees_of_freedom",
    "p_value",
    "level",
    "rayleigh",
    "functional_terms",
)
WITHOUT_DENSITY = (
    "Terms of the equations that no autonomous density gives; the Lagrangian is that of the rest"
)
WITHOUT_POTENTIAL = "Terms of the equations that no potential drives, such as couplings that do not balance"


def verdict_section(discovery: Discovery) -> Section | None:
    """Helmholtz conditions with their errors, the multiplier, the family, what stands beside a density."""
    if not by_regression(discovery):
        return None
    evidence = discovery.evidence
    plain = [(NAMES.get(k, k), _value(v, discovery)) for k, v in evidence.items() if k not in TABLES]
    body = record(plain)
    body += _conditions(evidence)
    body += _multiplier(discovery)
    body += _beside(evidence.get("terms_without_density"), WITHOUT_DENSITY, discovery)
    body += _beside(evidence.get("terms_without_potential"), WITHOUT_POTENTIAL, discovery)
    body += _family(discovery)
    return Section("verdict", "What the verdict rests on", body)


def _value(value: Any, discovery: Discovery) -> str:
    if isinstance(value, bool | str) or not isinstance(value, int | float | list | tuple):
        return _text(str(value), discovery)
    if isinstance(value, list | tuple):
        return ", ".join(_value(item, discovery) for item in value)
    return number(float(value))


def _text(text: str, discovery: Discovery) -> str:
    for scope in (discovery.lagrangian, jets_of(discovery)):
        if read(text, scope) is not None:
            return term_mathml(text, scope)
    return html(sentence(symbols(text)) if " " in text else symbols(text))


def _conditions(evidence: Mapping[str, Any]) -> str:
    """The table of conditions, and what all of them say together."""
    listed = evidence.get("conditions") or []
    freedom, p = evidence.get("degrees_of_freedom"), evidence.get("p_value")
    text = ""
    if freedom == 0:
        text = "Equations with these terms meet the Helmholtz conditions whatever their coefficients are."
    elif freedom is not None and p is not None:
        text = (
            f"Helmholtz conditions on the coefficients: χ² = {short(evidence.get('chi_square'))} "
            f"of {freedom}, probability {short(p)}; they are refused below {short(evidence.get('level'))}."
        )
    if not listed:
        return paragraph(text) if text else ""
    rows = [
        [
            html(symbols(str(item["condition"]))),
            with_error(float(item["value"]), item["stderr"]),
            short(item["stderr"]),
            short(item["standard_errors"]),
        ]
        for item in listed
    ]
    header = ["condition", "left − right", "standard error", "in standard errors"]
    caption = "Helmholtz conditions, the worst first: each is 0 for equations that have a Lagrangian"
    return paragraph(text) + table(caption, header, rows, numeric=(1, 2, 3))


def _multiplier(discovery: Discovery) -> str:
    """g of −gE = δℒ, as a matrix; nothing for one field, where it is a factor."""
    g = discovery.extra.get("multiplier")
    values = np.atleast_2d(np.asarray([] if g is None else g, dtype=float))
    if values.size < 2 or values.shape[0] != values.shape[1]:
        return ""
    names = jets_of(discovery).field_names
    errors = discovery.evidence.get("multiplier_stderr")
    shown = matrix("<strong>g</strong>, δℒ/δφ<sup>a</sup> = −g<sub>ab</sub>E<sub>b</sub>", values, names)
    if errors is not None and np.any(errors):
        shown += matrix("its standard errors", np.asarray(errors, dtype=float), names)
    signs = np.sign(np.linalg.eigvalsh((values + values.T) / 2)) if np.allclose(values, values.T) else None
    text = "The multiplier that makes the equations Euler–Lagrange’s is the kinetic metric"
    if signs is not None:
        plus, minus = int((signs > 0).sum()), int((signs < 0).sum())
        text += f": {plus} positive and {minus} negative directions"
        text += ", so the energy has no lower bound" if plus and minus else ""
    return paragraph(text + ".") + f'<div class="matrices">{shown}</div>'


def _beside(terms: Sequence[Mapping[str, Any]] | None, caption: str, discovery: Discovery) -> str:
    if not terms:
        return ""
    rows = [
        [
            term_mathml(str(item["term"]), jets_of(discovery)),
            html(symbol(str(item["equation"]))),
            with_error(float(item["coefficient"]), item["stderr"]),
            short(item["stderr"]),
            short(item["standard_errors"]),
        ]
        for item in terms
    ]
    header = ["term", "equation of", "coefficient", "standard error", "in standard errors"]
    return table(caption, header, rows, numeric=(2, 3, 4))


def _family(discovery: Discovery) -> str:
    members = discovery.extra.get("family") or []
    if not members:
        return ""
    rows = [
        [term_mathml(str(member["density"]), discovery.lagrangian), html(_rows(member["multiplier"]))]
        for member in members
    ]
    text = (
        f"{len(members)} independent densities give these equations, and so do their sums as long as the "
        "kinetic form stays regular. The one above is a choice."
    )
    shown = table("Densities with the same equations, and their multipliers", ["density", "g"], rows)
    return paragraph(text) + details("The family", shown)


def _rows(g: Any) -> str:
    return "; ".join(" ".join(f"{v:.6g}" for v in row) for row in np.atleast_2d(np.asarray(g, dtype=float)))
