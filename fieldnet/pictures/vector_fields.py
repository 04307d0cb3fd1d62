"""A learned vector field on spacetime beside the known one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..report.drawing import BLUE, GREY, ORANGE, WIDTH
from ..symmetry.fields.text import generator_text
from .saving import save_figure
from .style import draw_arrows, picture_style

if TYPE_CHECKING:
    from ..symmetry.fields.result import FieldSymmetries

ARROWS = 13
"""Arrows along an axis."""


def draw_vector_fields(found: FieldSymmetries, number: int, path: Path) -> Path:
    """The generator with this number: learned, known, and their difference on the same scale.

    Each plane of coordinates that the vector field moves along gets a row, in the middle of the others; a
    part along the fields is drawn against the field's value. Arrows are in units of half of each axis' range,
    on one scale for all planes: a plane that hardly moves shows dots, not its errors at full length.
    """
    learned = found.found.basis[number]
    known = found.known_beside(number)
    planes = planes_of(found, learned)
    title = generator_text(found.generators[number], 4)
    angle = found.angle_of(number)
    with picture_style():
        figure = Figure(figsize=(WIDTH, 3.4 * len(planes) + 0.5), layout="constrained")
        axes = np.atleast_2d(figure.subplots(len(planes), 3, squeeze=False))
        longest = max(_longest(found, plane, learned) for plane in planes)
        for row, plane in zip(axes, planes, strict=True):
            _row(row, found, plane, learned, known, longest)
        beside = "" if angle is None else f"\n{angle:.2g}° from the span of the proved symmetries"
        figure.suptitle(f"learned: {title}{beside}", fontsize=11)
        save_figure(figure, path)
    return path


def planes_of(found: FieldSymmetries, learned: np.ndarray) -> list[tuple[int, int]]:
    """(horizontal, vertical) components, coordinates first, then fields."""
    ansatz = found.found.ansatz
    space = len(ansatz.jets.coordinates)
    scaled = np.abs(ansatz.scaled(learned))
    size = np.zeros(space + len(ansatz.jets.fields))
    for (component, _), value in zip(ansatz.directions, scaled, strict=True):
        size[component] = max(size[component], value)
    moving = [k for k in range(len(size)) if size[k] > 0.02 * size.max()]
    along = [k for k in moving if k < space]
    planes = [(1, 0)] if along else []
    if along and space > 2:
        pairs = {(1, 2): {1, 2}, (1, 0): {0, 1}, (2, 0): {0, 2}}
        planes = [plane for plane, both in pairs.items() if set(along) <= both][:1] or list(pairs)
    return planes + [(0, k) for k in moving if k >= space]


def _row(
    row: np.ndarray,
    found: FieldSymmetries,
    plane: tuple[int, int],
    learned: np.ndarray,
    known: np.ndarray | None,
    longest: float,
) -> None:
    places, mesh = _places(found, plane)
    first = _arrows(found, learned, plane, places)
    second = None if known is None else _arrows(found, known, plane, places)
    rest = None if second is None else (first[0] - second[0], first[1] - second[1])
    for ax, arrows, label, colour in (
        (row[0], first, "learned", BLUE),
        (row[1], second, "known", ORANGE),
        (row[2], rest, "difference", GREY),
    ):
        _quiver(ax, found, plane, mesh, arrows, longest, label, colour)


def _longest(found: FieldSymmetries, plane: tuple[int, int], learned: np.ndarray) -> float:
    """Of the learned arrows, the scale of all pictures of a generator."""
    return max(float(np.hypot(*_arrows(found, learned, plane, _places(found, plane)[0])).max()), 1e-300)


def _places(
    found: FieldSymmetries, plane: tuple[int, int]
) -> tuple[list[np.ndarray | float], tuple[np.ndarray, np.ndarray]]:
    """Values of all coordinates and fields at the arrows, the others in their middle."""
    ansatz = found.found.ansatz
    centres = [*ansatz.centres, *(0.0 for _ in ansatz.jets.fields)]
    lines = [c + s * np.linspace(-0.92, 0.92, ARROWS) for c, s in zip(centres, ansatz.scales, strict=True)]
    mesh = np.meshgrid(lines[plane[0]], lines[plane[1]])
    values: list[np.ndarray | float] = list(centres)
    values[plane[0]], values[plane[1]] = mesh
    return values, (mesh[0], mesh[1])


def _arrows(
    found: FieldSymmetries, raw: np.ndarray, plane: tuple[int, int], values: list[np.ndarray | float]
) -> tuple[np.ndarray, np.ndarray]:
    """The two components in units of half of each axis' range."""
    ansatz = found.found.ansatz
    shape = np.shape(values[plane[0]])
    parts = [np.zeros(shape), np.zeros(shape)]
    for (component, powers), coefficient in zip(ansatz.directions, raw, strict=True):
        if component in plane:
            monomial = np.ones(shape)
            for value, n in zip(values, powers, strict=True):
                monomial = monomial * np.asarray(value) ** n
            parts[plane.index(component)] += coefficient * monomial / ansatz.scales[component]
    return parts[0], parts[1]


def _quiver(
    ax: Axes,
    found: FieldSymmetries,
    plane: tuple[int, int],
    mesh: tuple[np.ndarray, np.ndarray],
    arrows: tuple[np.ndarray, np.ndarray] | None,
    longest: float,
    label: str,
    colour: str,
) -> None:
    ansatz = found.found.ansatz
    names = (*ansatz.jets.coordinate_names, *ansatz.jets.field_names)
    ax.set(title=label, xlabel=names[plane[0]], ylabel=names[plane[1]])
    if arrows is None:
        ax.text(0.5, 0.5, "no proved symmetry", ha="center", transform=ax.transAxes)
        return
    cell = 1.84 / (ARROWS - 1)
    widths = [ansatz.scales[k] for k in plane]
    u, v = (1.4 * cell * part / longest * width for part, width in zip(arrows, widths, strict=True))
    draw_arrows(ax, mesh, (u, v), colour)
    ends = []
    for k in plane:
        centre = ansatz.centres[k] if k < len(ansatz.centres) else 0.0
        ends.append((centre - 1.08 * ansatz.scales[k], centre + 1.08 * ansatz.scales[k]))
    ax.set(xlim=ends[0], ylim=ends[1])
