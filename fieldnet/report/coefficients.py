"""The section with the coefficients of the density."""

from __future__ import annotations

import numpy as np

from ..results import Discovery, TermEstimate
from .about import by_regression
from .formulas import term_mathml
from .page import Section, details, paragraph
from .tables import table
from .wording import html, number, short, with_error

Z95 = 1.959964
SHOWN = 24
"""Terms up to which the table is open."""
TYPESET = 250
"""Terms up to which they are typeset; more are written as text."""
MOST = 2000
"""Terms in the table; all are in lagrangian.json."""


def coefficients_section(discovery: Discovery) -> Section | None:
    """Each term with its coefficient, standard error, and value before selection."""
    terms = discovery.terms
    if not terms:
        return None
    typeset = len(terms) <= TYPESET
    weak = by_regression(discovery)
    rows = [_row(term, discovery, typeset) for term in terms[:MOST]]
    caption = "Terms of the Lagrangian; a standard error of 0 marks the term that fixes the scale"
    if not weak:
        caption += (
            ". “Before selection” is what the trained network had before terms were dropped and the "
            "rest refitted"
        )
    header = ["term", "coefficient", "standard error", "95% interval" if weak else "before selection"]
    body = table(caption, header, rows, numeric=(1, 2, 3))
    if len(terms) > SHOWN:
        known = [t.stderr / abs(t.coefficient) for t in terms if t.stderr and t.coefficient]
        text = f"The Lagrangian has {len(terms)} terms that fix it"
        text += f"; the median relative standard error is {short(float(np.median(known)))}." if known else "."
        name = f"Table of all {len(terms)} terms" if len(terms) <= MOST else f"The first {MOST} terms"
        body = paragraph(text) + details(name, body)
    return Section("coefficients", "Coefficients", body)


def _row(term: TermEstimate, discovery: Discovery, typeset: bool) -> list[str]:
    name = term_mathml(term.term, discovery.lagrangian) if typeset else f"<code>{html(term.term)}</code>"
    if term.stderr == 0:
        error = "fixed"
    else:
        error = short(term.stderr)
    last = _interval(term) if by_regression(discovery) else number(term.trained)
    return [name, with_error(term.coefficient, term.stderr), error, last]


def _interval(term: TermEstimate) -> str:
    if not term.stderr:
        return ""
    return " … ".join(number(term.coefficient + sign * Z95 * term.stderr) for sign in (-1, 1))
