"""The section with the quadratic forms of the layer's loss: m₂, h, v and a as annotated matrices."""

from __future__ import annotations

import numpy as np

from ..results import Discovery
from .page import Section, details, paragraph
from .tables import matrix
from .wording import html, short_text, symbols

SHOWN = 9
"""Blocks of one form that are shown."""
WORDS = {"h": "the kinetic form", "v": "the cross form", "a": "its antisymmetric part"}


def forms_section(discovery: Discovery) -> Section | None:
    """m₂, h and the signature; v and a on request."""
    forms = discovery.free_field
    count = len(forms.channels)
    if forms.m2.shape != (count, count):
        return None
    plus, minus, null = forms.signature
    channels = html(", ".join(symbols(c) for c in forms.channels))
    body = paragraph(
        f"The loss of the layer, expanded: r<sup>T</sup>ηr = Φ<sup>T</sup>m₂Φ + "
        f"∂Φ<sup>T</sup>h∂Φ + …, with the channels Φ = ({channels}). "
        f"Signature of h: <strong>{plus} positive, {minus} negative, {null} zero</strong>, as found. "
        f"{_about_indices(discovery)}"
    )
    tables = matrix("<strong>m₂</strong>, the mass form", forms.m2, forms.channels)
    body += f'<div class="matrices">{tables}{_matrices("h", discovery)}</div>'
    cross = _matrices("v", discovery) + _matrices("a", discovery)
    if cross:
        sizes = " and ".join(
            f"max |{n}| = {short_text(float(np.abs(getattr(forms, n)).max()))}" for n in ("v", "a")
        )
        body += details(f"The cross terms: {sizes}", f'<div class="matrices">{cross}</div>')
    return Section("forms", "Mass and kinetic forms", body)


def _about_indices(discovery: Discovery) -> str:
    generators = discovery.free_field.h.shape[0] if discovery.free_field.h.ndim == 4 else 1
    if discovery.network is None or generators == 1:
        return ""
    return (
        f"The edges are spread over {generators} generators, whose numbers are the indices of h; "
        "blocks that are zero are left out."
    )


def _matrices(name: str, discovery: Discovery) -> str:
    """The blocks of a form as tables, equal ones together; blocks off the diagonal only where not zero."""
    forms = discovery.free_field
    values = np.asarray(getattr(forms, name), dtype=float)
    count = len(forms.channels)
    if values.ndim < 2 or values.shape[-2:] != (count, count) or not values.size:
        return ""
    groups: dict[bytes, tuple[list[str], np.ndarray]] = {}
    for index in np.ndindex(values.shape[:-2]):
        mirrored = len(index) == 2 and index[0] > index[1]
        empty = len(set(index)) > 1 and not values[index].any()
        if not (mirrored or empty):
            key = (np.round(values[index], 12) + 0.0).tobytes()
            groups.setdefault(key, ([], values[index]))[0].append(_superscript(index, discovery))
    tables = []
    for names, block in list(groups.values())[:SHOWN]:
        few = names if len(names) <= 4 else [*names[:2], "…", names[-1]]
        label = " = ".join(n if n == "…" else f"<strong>{name}{n}</strong>" for n in few)
        tables.append(matrix(f"{label}, {WORDS[name]}", block, forms.channels))
    return "".join(tables)


def _superscript(index: tuple[int, ...], discovery: Discovery) -> str:
    """`xx` for a field, numbers of generators for oscillators."""
    space = [str(n) for n in discovery.held_out[discovery.model.field].dims[2:]]
    if not index or (discovery.network is not None and discovery.free_field.h.shape[0] == 1):
        return ""
    letters = "".join(str(i + 1) if discovery.network is not None else space[i] for i in index)
    return f"<sup>{html(letters)}</sup>"
