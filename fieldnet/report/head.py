"""The top of the page: name, verdict, the figures that matter; and the line at its foot."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..results import Discovery
from .about import by_regression, fields_of
from .page import tiles
from .wording import html, short, short_text, symbol, symbols

LONG = 60
"""Characters up to which a verdict is a heading with its reason."""
Tile = tuple[str, str, str]

VERDICTS = {
    "variational": ("✓", "The equations of motion follow from the Lagrangian below."),
    "not variational": (
        "✗",
        "No autonomous Lagrangian has these equations of motion. What exists instead is below.",
    ),
    "undetermined": (
        "?",
        "The data leave open which Lagrangian it is. The one below is one of those that fit.",
    ),
}


def head(discovery: Discovery) -> str:
    """Heading, verdict and tiles."""
    return (
        f'<h1>{html(discovery.name)}</h1>\n<p class="kicker">{_data(discovery)}</p>\n'
        f"{_verdict(discovery.verdict)}\n{tiles(_tiles(discovery))}"
    )


def foot(discovery: Discovery) -> str:
    """Who made the page."""
    version = discovery.fit.get("versions", {}).get("fieldnet", "")
    return (
        f"<p>Made by fieldnet {html(version)}: Lagrangians of data and Lie algebra convolutions, after "
        "Dehmamy, Walters, Liu, Wang &amp; Yu, "
        "<i>Automatic Symmetry Discovery with Lie Algebra Convolutional Network</i>, "
        "NeurIPS 2021, arXiv:2109.07103.</p>"
    )


def kind_of(verdict: str) -> str:
    """`variational`, `not variational` or `undetermined`."""
    return verdict.partition(":")[0].strip()


def _verdict(verdict: str) -> str:
    kind = kind_of(verdict)
    mark, remark = VERDICTS.get(kind, ("?", ""))
    if verdict == "not variational: gradient flow":
        remark = "First order in time: the state slides down a potential. ℒ is the Freidlin–Wentzell density."
    elif verdict == "not variational: no gradient flow":
        remark = "First order in time, and no potential drives it. ℒ is the Freidlin–Wentzell density."
    elif verdict == "not variational: dissipative":
        remark = "A Lagrangian and, beside it, Rayleigh friction."
    named = len(verdict) <= LONG
    strong = verdict if named else kind
    because = (
        "" if named else f'<span class="remark">{html(symbols(verdict[len(kind) + 1 :].strip()))}</span>'
    )
    style = kind.replace(" ", "-") if kind in VERDICTS else "undetermined"
    return (
        f'<div class="verdict {style}"><span class="mark" aria-hidden="true">{mark}</span>'
        f"<div><strong>{html(strong[:1].upper() + strong[1:])}</strong>{because}"
        f'<span class="remark">{html(remark)}</span></div></div>'
    )


def _data(discovery: Discovery) -> str:
    held_out, fields = discovery.held_out, fields_of(discovery)
    field = fields[0]
    sizes = held_out[field].sizes
    letter = symbol(field)
    if discovery.network is not None:
        what = f"{sizes['node']} oscillators with phases {letter}ᵢ(t)"
    else:
        axes = [str(name) for name in held_out[field].dims[2:]]
        points = " × ".join(str(sizes[name]) for name in axes)
        arguments = ", ".join(["t", *axes])
        what = f"The field{'s' if len(fields) > 1 else ''} "
        what += f"{', '.join(f'{symbol(f)}({arguments})' for f in fields)} on {points} points"
    count = sizes["sample"]
    times = held_out["time"].values
    return html(
        f"{what}; {count} held-out {'sample' if count == 1 else 'samples'} of {sizes['time']} times, "
        f"t = {times[0]:.4g} to {times[-1]:.4g}"
    )


def _tiles(discovery: Discovery) -> list[Tile]:
    entries: list[Tile] = []
    residual = discovery.fit.get("held_out_residual")
    if residual is not None:
        remark = f"training {short_text(discovery.fit.get('residual'))}"
        entries.append(("Held-out residual of the equations", short(float(residual)), remark))
    if discovery.rollout_error is not None:
        last = float(np.max(discovery.rollout_error[:, -1]))
        kind = "phase error (rms)" if discovery.network is not None else "relative L² error"
        floor = discovery.fit.get("rollout_floor")
        if by_regression(discovery):
            kind = f"of σ; noise alone {short_text(floor)}" if floor else "of σ of the field"
        time = float(discovery.held_out["time"].values[-1])
        entries.append((f"Rollout at t = {time:.4g}", short(last), f"{kind}, worst held-out sample"))
    noise = discovery.extra.get("noise")
    if isinstance(noise, Mapping) and noise:
        level = max(float(item["relative"]) for item in noise.values())
        entries.append(("Noise of the data", f"{100 * level:.2g}%", "of σ of the field, as estimated"))
    entries += [
        (
            f"Learned generator against ∂/∂{g.axis}",
            short(g.symbol_error),
            f"symbol error in the band; cosine {g.cosine:.6f}",
        )
        for g in discovery.generators
    ]
    if discovery.network is not None:
        edges = int(np.count_nonzero(discovery.network.coupling))
        possible = len(discovery.network.frequencies) * (len(discovery.network.frequencies) - 1)
        entries.append(("Directed edges found", str(edges), f"of {possible} possible"))
    charges = discovery.conservation.charges
    if charges:
        worst = max(charges, key=lambda charge: charge.relative_drift)
        remark = f"largest, {symbols(worst.name)}; control {short_text(worst.control_drift)}"
        if worst.noise_drift:
            remark += f"; noise alone {short_text(worst.noise_drift)}"
        entries.append(("Drift of the Noether charges", short(worst.relative_drift), remark))
    return entries
