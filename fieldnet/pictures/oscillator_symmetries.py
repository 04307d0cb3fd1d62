"""One picture of the vector fields that oscillators move along, and of what these conserve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..report.drawing import logarithmic
from .saving import save_figure
from .style import picture_style

if TYPE_CHECKING:
    from ..symmetry.oscillator_result import OscillatorSymmetries

SHOWN = 8
"""Quadruples whose cross-ratios are drawn."""


def draw_oscillator_symmetries(found: OscillatorSymmetries, path: Path) -> Path:
    """Learned fields beside known ones, residual against dimension, cross-ratios beside the control."""
    with picture_style():
        figure = Figure(figsize=(10, 6.4), layout="constrained")
        axes = figure.subplots(2, 2)
        _fields(axes[0, 0], found)
        _dimensions(axes[0, 1], found)
        _cross_ratios(axes[1], found)
        figure.suptitle(found.verdict, fontsize=11, wrap=True)
        save_figure(figure, path)
    return path


def _fields(ax: Axes, found: OscillatorSymmetries) -> None:
    ax.set(title="vector fields of the algebra", xlabel="θ", ylabel="v(θ)")
    theta = np.linspace(-np.pi, np.pi, 241)
    ax.set_xticks([-np.pi, 0, np.pi], labels=["−π", "0", "π"])
    if found.algebra is None:
        return _nothing(ax)
    fields = found.algebra.fields
    n = np.arange(1, fields.shape[1] // 2 + 1)[:, None]
    waves = np.stack([np.cos(n * theta), np.sin(n * theta)], axis=1).reshape(-1, theta.size)
    basis = np.concatenate([np.ones((1, theta.size)), waves])
    if found.harmonic is None:
        ax.plot(theta, (fields @ basis).T)
        return None
    m = found.harmonic
    names = ("1", f"cos {'' if m == 1 else m}θ", f"sin {'' if m == 1 else m}θ")
    for number, (place, name) in enumerate(zip((0, 2 * m - 1, 2 * m), names, strict=True)):
        nearest = (fields[:, place] @ fields) @ basis
        ax.plot(theta, nearest, color=f"C{number}", label=f"learned, nearest to {name}")
        ax.plot(
            theta, basis[place], color="0.2", lw=0.9, ls=(0, (4, 3)), label="known" if not number else None
        )
    ax.set_ylim(-1.25, 2.4)
    ax.legend(loc="upper right", ncols=2)
    return None


def _dimensions(ax: Axes, found: OscillatorSymmetries) -> None:
    ax.set(title="left-out oscillators", xlabel="dimension of the span", ylabel="relative to velocities")
    if found.count is None:
        return _nothing(ax)
    residuals = found.count.residuals / found.speed
    ax.plot(residuals, "o-", ms=4, label="residual of their velocities")
    sizes = found.singular_values / found.speed
    ax.plot(np.arange(1, len(residuals)), sizes, "s:", ms=4, label="singular values of the fields")
    logarithmic(ax)
    ax.axvline(len(found.span), color="0.5", lw=0.8)
    ax.axhline(found.noise_floor, color="0.5", lw=0.8, ls="--", label="measurement noise")
    ax.legend(loc="best")
    return None


def _cross_ratios(axes: np.ndarray, found: OscillatorSymmetries) -> None:
    audit = found.cross_ratios
    n = "" if audit is None or audit.harmonic == 1 else str(audit.harmonic)
    titles = (f"log |cross-ratio| of four e^({n}iθ), held out", "control: a random function of the phases")
    for ax, title in zip(axes, titles, strict=True):
        ax.set(title=title, xlabel="t")
    if audit is None:
        _nothing(axes[0])
        return _nothing(axes[1])
    for ax, title, values, drift in (
        (axes[0], titles[0], audit.values, audit.relative_drift),
        (axes[1], titles[1], audit.control_values, audit.control_drift),
    ):
        ax.plot(audit.times, values[:SHOWN].T, lw=1.2)
        ax.set(title=f"{title}; drift {drift:.2g}")
    return None


def _nothing(ax: Axes) -> None:
    ax.text(0.5, 0.5, "undetermined", transform=ax.transAxes, ha="center")
