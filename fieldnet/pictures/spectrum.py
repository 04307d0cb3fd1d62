"""Spectra: of a field on a line, and of a turbulent flow, with the −3 of the enstrophy cascade."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulations.files.boundary import winding_number
from simulations.turbulence.navier_stokes import NavierStokes2D

from ..report.drawing import BLUE, GREY, INK, ORANGE, WIDTH, logarithmic
from ..report.kymographs import cell_edges
from .colours import colours_of
from .shown import Shown, chosen_times
from .style import add_colour_bar
from .title import add_title

FRAMES = 3
GUIDE = -3.0
"""Exponent of E(k) in the enstrophy cascade (Kraichnan, Phys. Fluids 10 (1967) 1417), less a logarithm."""


def line_spectrum(shown: Shown, time: int) -> tuple[np.ndarray, np.ndarray]:
    """(k, |φ_k|²) of the state of a field on a line, Σ over k > 0 half of its mean square.

    The ramp of a winding field is taken off; an open field is multiplied by a Hann window.
    """
    values = np.nan_to_num(shown.values[time])
    x, count = shown.coordinate(shown.axes[0]), len(values)
    boundary = shown.boundary
    if boundary == "winding":
        values = values - 2 * np.pi * winding_number(values) * np.arange(count) / count
    if boundary == "open":
        values = (values - values.mean()) * np.hanning(count) * np.sqrt(8 / 3)
    step = (x[-1] - x[0]) / (count - 1)
    return 2 * np.pi * np.fft.rfftfreq(count, step), np.abs(np.fft.rfft(values) / count) ** 2


def flow_spectrum(shown: Shown, time: int) -> tuple[np.ndarray, np.ndarray]:
    """(k, E) of a vorticity, summed over shells, 0 < k < N/3: where a simulated flow has no aliases."""
    system = NavierStokes2D(shown.grid(), 0.0)
    k, energy = system.energy_spectrum(torch.from_numpy(np.nan_to_num(shown.values[time])))
    most = max(2, -(-min(system.points) // 3))
    return k.numpy()[1:most], energy.numpy()[1:most]


def draw_flow(shown: Shown) -> Figure:
    """Vorticity at a few times, the energy spectrum at these, energy and enstrophy against time."""
    figure = Figure(figsize=(WIDTH, 6.1), layout="constrained")
    layout = figure.add_gridspec(2, 6, height_ratios=[1, 0.85])
    chosen = chosen_times(len(shown.times), FRAMES)
    colours = colours_of(shown, shown.values[chosen])
    top = [figure.add_subplot(layout[0, 2 * n : 2 * n + 2]) for n in range(len(chosen))]
    extent = (*cell_edges(shown.coordinate("x")), *cell_edges(shown.coordinate("y")))
    for ax, n in zip(top, chosen, strict=True):
        image = ax.imshow(
            shown.values[n].T, origin="lower", extent=extent, norm=colours.norm, cmap=colours.map
        )
        ax.grid(False)
        ax.set(title=f"t = {shown.times[n]:.4g}", xlabel=shown.axis_label("x"), ylabel=shown.axis_label("y"))
        if ax is not top[0]:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
    add_colour_bar(figure, image, top, colours.label)
    draw_flow_spectrum(figure.add_subplot(layout[1, :3]), shown, chosen)
    _invariants(figure.add_subplot(layout[1, 3:]), shown)
    add_title(figure, shown)
    return figure


def draw_flow_spectrum(ax: Axes, shown: Shown, times: np.ndarray) -> None:
    """E(k) at these times, the last bold, and a line of slope −3."""
    for n in times:
        k, energy = flow_spectrum(shown, n)
        last = n == times[-1]
        ax.plot(
            k,
            np.where(energy > 0, energy, np.nan),
            color=BLUE if last else GREY,
            linewidth=1.8 if last else 1.0,
            label=f"t = {shown.times[n]:.4g}",
        )
    add_guide(ax, k, energy)
    logarithmic(ax)
    logarithmic(ax, "x")
    ax.set(xlabel="wavenumber k [1/length]", ylabel="E(k), energy of a shell", title="Energy spectrum")
    ax.set_xlim(k[0], k[-1])
    top = float(energy.max()) or 1.0
    ax.set_ylim(max(1e-12 * top, 0.3 * float(energy[energy > 0].min(initial=top))), 6 * top)
    ax.legend(loc="best")


def add_guide(ax: Axes, k: np.ndarray, energy: np.ndarray) -> None:
    """A line of slope −3 above the spectrum, from its peak to half of the largest wavenumber."""
    peak = int(np.argmax(energy))
    inside = (k >= k[peak]) & (k <= max(k[-1] / 2, 2 * k[peak]))
    line = 4 * energy[peak] * (k[inside] / k[peak]) ** GUIDE
    ax.plot(k[inside], line, color=ORANGE, linewidth=1.2, linestyle=(0, (4, 2)), label="k⁻³")


def _invariants(ax: Axes, shown: Shown) -> None:
    system = NavierStokes2D(shown.grid(), 0.0)
    states = torch.from_numpy(np.nan_to_num(shown.values))
    for values, name, colour in (
        (system.energy(states), "energy", BLUE),
        (system.enstrophy(states), "enstrophy", ORANGE),
    ):
        top = float(values.max()) or 1.0
        ax.plot(shown.times, values.numpy() / top, color=colour, label=f"{name}, largest {top:.4g}")
    ax.axhline(0, color=INK, linewidth=0.7)
    ax.set(xlabel=shown.axis_label("time"), ylabel="relative to the largest", title="Energy and enstrophy")
    if len(shown.times) > 1:
        ax.set_xlim(shown.times[0], shown.times[-1])
    ax.set_ylim(-0.02, 1.06)
    ax.legend(loc="best")
