"""The section on the fitted equations: intervals, noise, the path of the selection, rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..results import Discovery
from .about import jets_of
from .formulas import term_mathml
from .page import Section, details, paragraph
from .tables import table
from .wording import html, short, symbol, with_error

SHOWN = 24
"""Steps of a path that are shown."""


def equations_section(discovery: Discovery) -> Section | None:
    """Σ coefficient · term = 0 for each field, as fitted, with 95% intervals; what selection did."""
    fitted = discovery.extra.get("fitted_equations")
    if not isinstance(fitted, Mapping) or not fitted:
        return None
    body = paragraph(
        "The equations as fitted, Σ coefficient · term = 0, before any condition on their coefficients. "
        "Terms are total derivatives of functions of the fields, which the weak form moves onto test "
        "functions. Standard errors here are those of noise alone. Those of the density are larger where λ, "
        "below, is above 1, that is where the residual is more than noise, and they trust no coefficient to "
        "more than 10<sup>−4</sup>: they are to cover what the program that made the data did, too."
    )
    for name, rows in fitted.items():
        body += _coefficients(str(name), rows, discovery)
    body += _noise(discovery.extra.get("noise"), discovery)
    body += _rivals(discovery.extra.get("rivals"), discovery)
    body += _paths(discovery.fit.get("path"), list(fitted), discovery)
    return Section("equations", "Fitted equations", body)


def _coefficients(field: str, rows: Sequence[Mapping[str, Any]], discovery: Discovery) -> str:
    lines = []
    for row in rows:
        error, interval = row.get("stderr"), row.get("interval")
        fixed = not error
        ends = [] if fixed or not interval else [with_error(float(end), error) for end in interval]
        lines.append(
            [
                _term(row.get("atom"), discovery),
                with_error(float(row["coefficient"]), error),
                "fixed" if fixed else short(error),
                " … ".join(ends),
            ]
        )
    header = ["term", "coefficient", "standard error", "95% interval"]
    caption = f"Equation of {html(symbol(field))}; the coefficient of its highest time derivative is 1"
    return table(caption, header, lines, numeric=(1, 2, 3))


def _noise(noise: Any, discovery: Discovery) -> str:
    if not isinstance(noise, Mapping) or not noise:
        return ""
    ratios = discovery.fit.get("residual_over_noise") or [None] * len(noise)
    rows = [
        [html(symbol(str(name))), short(item["deviation"]), f"{100 * item['relative']:.2g}%", short(ratio)]
        for (name, item), ratio in zip(noise.items(), ratios, strict=False)
    ]
    caption = (
        "Noise, estimated from the data. λ is the mean squared residual of the equation in units of what "
        "this noise gives: 1 where nothing else is left"
    )
    header = ["field", "σ of the noise", "of the field", "λ"]
    return table(caption, header, rows, numeric=(1, 2, 3))


def _rivals(rivals: Any, discovery: Discovery) -> str:
    if not rivals:
        return ""
    rows = [
        [_terms(pair.get("kept", ()), discovery), _terms(pair.get("instead", ()), discovery)]
        for pair in rivals[:SHOWN]
    ]
    caption = "Terms that these data cannot tell apart: either side fits"
    return table(caption, ["kept", "instead"], rows)


def _paths(paths: Any, fields: Sequence[str], discovery: Discovery) -> str:
    if not paths:
        return ""
    body = ""
    for name, path in zip(fields, paths, strict=False):
        kept = {row.get("atom") for row in discovery.extra["fitted_equations"][name]}
        lines = [
            [str(len(step["atoms"])), _terms(step["atoms"], discovery), short(step["over_noise"])]
            for step in path[:SHOWN]
        ]
        chosen = next((n for n, step in enumerate(path[:SHOWN]) if set(step["atoms"]) == kept), None)
        caption = (
            f"Equation of {html(symbol(str(name)))}: the best terms of each number, and what they leave (λ); "
            "the criterion takes the bold one"
        )
        body += table(caption, ["terms", "which", "λ"], lines, numeric=(0, 2), chosen=chosen)
    return details("Path of the selection", body)


def _terms(names: Sequence[Any], discovery: Discovery) -> str:
    return ", ".join(_term(name, discovery) for name in names)


def _term(name: Any, discovery: Discovery) -> str:
    return term_mathml(str(name), jets_of(discovery))
