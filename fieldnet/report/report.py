"""The report: which sections a discovery has, in which order."""

from __future__ import annotations

from collections.abc import Callable

from ..results import Discovery
from . import audit, coefficients, equations, evolution, forms, learned, making, theory, verdict
from .drawing import drawing_style
from .head import foot, head
from .page import Section, page

SECTIONS: tuple[Callable[[Discovery], Section | None], ...] = (
    theory.theory_section,
    verdict.verdict_section,
    evolution.evolution_section,
    learned.network_section,
    learned.generator_section,
    forms.forms_section,
    learned.potential_section,
    audit.conservation_section,
    coefficients.coefficients_section,
    equations.equations_section,
    making.training_section,
    making.method_section,
)


def report_html(discovery: Discovery) -> str:
    """One HTML file with everything that was found, which loads nothing and runs nothing.

    The same discovery gives the same bytes. Strings that come from a file are escaped; sections without
    content are left out.
    """
    with drawing_style():
        found = [make(discovery) for make in SECTIONS]
    sections = [section for section in found if section is not None]
    return page(f"{discovery.name}: Lagrangian", head(discovery), sections, foot(discovery))
