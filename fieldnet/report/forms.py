"""The section with the quadratic forms of the layer's loss: m₂, h, v and a as annotated matrices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..density import DensityModel
from ..results import Discovery, FreeField
from .about import by_regression
from .page import Section, details, paragraph
from .tables import matrix, table
from .wording import html, number, short_text, symbols

ROUND_OFF = 1e-12
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
    if by_regression(discovery):
        return Section("forms", "The density as an L-conv layer", _layer(discovery) + _forms(discovery))
    body = paragraph(
        f"The loss of the layer, expanded: r<sup>T</sup>ηr = Φ<sup>T</sup>m₂Φ + "
        f"∂Φ<sup>T</sup>h∂Φ + …, with the channels Φ = ({channels}). "
        f"Signature of h: <strong>{plus} positive, {minus} negative, {null} zero</strong>, as found. "
        f"{_about_indices(discovery)}"
    )
    return Section("forms", "Mass and kinetic forms", body + _forms(discovery))


def _forms(discovery: Discovery) -> str:
    forms = _cleaned(discovery.free_field) if by_regression(discovery) else discovery.free_field
    discovery = replace(discovery, free_field=forms)
    tables = matrix("<strong>m₂</strong>, the mass form", forms.m2, forms.channels)
    body = f'<div class="matrices">{tables}{_matrices("h", discovery)}</div>'
    cross = _matrices("v", discovery) + _matrices("a", discovery)
    if cross:
        sizes = " and ".join(
            f"max |{n}| = {short_text(float(np.abs(getattr(forms, n)).max()))}" for n in ("v", "a")
        )
        body += details(f"The cross terms: {sizes}", f'<div class="matrices">{cross}</div>')
    return body


def _cleaned(forms: FreeField) -> FreeField:
    """Without what is round-off beside the largest entry."""
    parts = [np.asarray(part, dtype=float) for part in (forms.m2, forms.h, forms.v, forms.a)]
    size = max(float(np.abs(part).max(initial=0.0)) for part in parts)
    m2, h, v, a = (np.where(np.abs(part) > ROUND_OFF * size, part, 0.0) for part in parts)
    return replace(forms, m2=m2, h=h, v=v, a=a)


def _layer(discovery: Discovery) -> str:
    """W and η of the layer whose squared residual is the density."""
    model, forms = discovery.model, discovery.free_field
    if not isinstance(model, DensityModel):
        return ""
    plus, minus, null = forms.signature
    channels = html(", ".join(symbols(c) for c in forms.channels))
    coordinates = model.coordinates
    sum_of = " + ".join(["W⁰Φ", *(f"W<sup>{html(c)}</sup>∂<sub>{html(c)}</sub>Φ" for c in coordinates)])
    body = paragraph(
        f"The density factored: ℒ = r<sup>T</sup>ηr{_rest(model)} with r = Q[Φ] = {sum_of} and the channels "
        f"Φ = ({channels}). η holds the signs: signature of h <strong>{plus} positive, "
        f"{minus} negative, {null} zero</strong>. W is unique only up to rotations that leave η as it is."
    )
    weight = model.layer.weight.detach().cpu().numpy().swapaxes(0, 1)
    signs = model.output_metric.cpu().numpy()
    names = ["⁰", *(f"<sup>{html(c)}</sup>" for c in coordinates)]
    rows = [f"r_{n + 1}" for n in range(len(weight))]
    tables = "".join(
        matrix(f"<strong>W{name}</strong>", part, forms.channels, rows)
        for name, part in zip(names, weight.swapaxes(0, 1), strict=True)
        if part.any()
    )
    residuals = [
        [f"r<sub>{n + 1}</sub>", f"{'+' if sign > 0 else '−'}1", _residual(row, model)]
        for n, (row, sign) in enumerate(zip(weight, signs, strict=True))
    ]
    body += table("Residuals of the layer and their signs", ["", "η", "r = Q[Φ]"], residuals, numeric=(1,))
    return body + details("W as matrices", f'<div class="matrices">{tables}</div>')


def _residual(row: np.ndarray, model: DensityModel) -> str:
    """One output of the layer as a sum. shape: (1 + coordinates, channels)"""
    parts = []
    for name, values in zip(("", *model.coordinates), row, strict=True):
        derivative = f"∂<sub>{html(name)}</sub>" if name else ""
        for value, channel in zip(values, model.channels, strict=True):
            if abs(value) > ROUND_OFF * np.abs(row).max():
                shown = "" if channel == "1" else html(symbols(channel))
                inner = f"({shown})" if derivative and not shown.isalpha() else shown
                sign = "+" if value > 0 else "−"
                parts.append(f"{sign} {number(abs(float(value)), 5)} {derivative}{inner}".rstrip())
    return " ".join(parts).removeprefix("+ ")


def _rest(model: DensityModel) -> str:
    """The part that no quadratic form gives."""
    return "" if model.remainder == "0" else f" + <code>{html(model.remainder)}</code>"


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
        empty = (len(set(index)) > 1 or by_regression(discovery)) and not values[index].any()
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
    if isinstance(discovery.model, DensityModel):
        return f"<sup>{html(''.join(discovery.model.coordinates[i] for i in index))}</sup>"
    space = [str(n) for n in discovery.held_out[discovery.model.field].dims[2:]]
    if not index or (discovery.network is not None and discovery.free_field.h.shape[0] == 1):
        return ""
    letters = "".join(str(i + 1) if discovery.network is not None else space[i] for i in index)
    return f"<sup>{html(letters)}</sup>"
