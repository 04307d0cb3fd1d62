"""Sine-Gordon φ_tt = c²φ_xx − m² sin φ: simulate, learn, run what was learned, and draw it in one picture.

Runtime: about 30 s on two cores.
Command: .venv/bin/python examples/sine_gordon_overview.py [PICTURE.png]
"""

from __future__ import annotations

import sys

import numpy as np
from matplotlib.figure import Figure

from fieldnet import Discovery, discover_lagrangian
from fieldnet.demo import random_sine_gordon


def picture(found: Discovery) -> Figure:
    """Held-out data, rollout and difference; symbol of the learned generator; energy beside the control."""
    measured, simulated = (d["phi"].values[-1] for d in (found.held_out, found.simulated))
    t, x = found.held_out["time"].values, found.held_out["x"].values
    figure = Figure(figsize=(12, 5.4), dpi=110, layout="constrained")
    axes = figure.subplots(2, 3)
    size = np.abs(measured).max()
    panels = (
        (measured, "held-out data φ", "RdBu_r", size),
        (simulated, "derived Lagrangian, run", "RdBu_r", size),
        (simulated - measured, "difference", "PuOr_r", np.abs(simulated - measured).max()),
    )
    for axis, (values, title, colours, limit) in zip(axes[0], panels, strict=True):
        image = axis.imshow(
            values,
            origin="lower",
            aspect="auto",
            extent=(x[0], x[-1], t[0], t[-1]),
            cmap=colours,
            vmin=-limit,
            vmax=limit,
        )
        axis.set(title=title, xlabel="x (natural units)", ylabel="t (natural units)")
        figure.colorbar(image, ax=axis, format="%.1g")

    (generator,) = found.generators
    inside = generator.wavenumbers <= 2 * generator.band_edge
    k = generator.wavenumbers[inside]
    axes[1, 0].axvspan(0, generator.band_edge, color="0.92", label="band of the data")
    axes[1, 0].plot(k, k, color="0.4", label="∂_x: k")
    axes[1, 0].plot(k, generator.symbol[inside], "o", ms=4, label="learned: s(k)/κ")
    axes[1, 0].set(title="symbol of the learned generator", xlabel="wavenumber k", ylabel="s(k)/κ")
    axes[1, 0].legend()

    energy = found.conservation.charges[0]
    for label, values, scale in (
        ("energy", energy.values[-1], energy.scale),
        ("random generator", energy.control_values[-1], energy.control_scale),
    ):
        axes[1, 1].plot(energy.times, (values - values[0]) / scale, label=label)
    axes[1, 1].set(title="charges on held-out data", xlabel="t", ylabel="(Q(t) − Q(0)) / mean ∫|J⁰|dx")
    axes[1, 1].legend()

    for label, history in found.histories.items():
        axes[1, 2].semilogy(history.seconds, history.train, label=label)
        axes[1, 2].semilogy(history.seconds, history.held_out, "--", color=axes[1, 2].lines[-1].get_color())
    axes[1, 2].set(
        title="loss: training, held out dashed", xlabel="seconds", ylabel="relative weak residual²"
    )
    axes[1, 2].legend()
    figure.suptitle(f"$\\mathcal{{L}} = {found.lagrangian.latex(digits=6)}$", fontsize=14)
    return figure


def main(path: str = "sine_gordon.png") -> None:
    found = discover_lagrangian(random_sine_gordon(seed=0), seed=0, method="network")
    print(found.lagrangian)
    picture(found).savefig(path)
    print(f"written: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
