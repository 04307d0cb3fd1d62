"""Which coefficients of a law stand out of their errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.stats import chi2

from .edges import RISK, Proposal, threshold
from .law import Law
from .shooting import Free, Name, shared_column
from .start import HARMONICS, NEGLIGIBLE

SHARED = 4.0
"""Standard errors by which a coefficient that all nodes share must stand out."""


def judged(
    law: Law,
    free: Free,
    estimates: dict[Name, tuple[float, float]],
    proposal: Proposal,
    states: np.ndarray,
) -> Free:
    """The coefficients that stand out, of `estimates`: values, and how many standard errors they are from 0.

    See `threshold` for edges and dampings, `SHARED` for what all nodes share, `NEGLIGIBLE` for all.
    """
    limit = threshold(law.nodes)
    edges = proposal.edges & ~free.edges
    for i, j in np.argwhere(free.edges):
        material = abs(estimates["edge", i, j][0]) * proposal.part[i, j] > NEGLIGIBLE
        edges[i, j] = abs(estimates["edge", i, j][1]) >= limit and material
    damped = free.damped.copy()
    if law.order == 2:
        damped = _damped(law, estimates, states)
    theta = states[..., : law.nodes]
    spread = law.torque(theta).std()

    def stands_out(kind: str, n: int, part: int) -> bool:
        value, score = estimates[kind, n, part]
        moves = shared_column(law, theta, kind, n, part).std() * abs(value)
        return abs(score) >= SHARED and moves > NEGLIGIBLE * spread

    form = np.zeros((HARMONICS, 2), dtype=bool)
    for n, part in np.ndindex(form.shape):
        form[n, part] = n != free.gauge and stands_out("form", n, part)
    on_site = np.array([[stands_out("on-site", n, part) for part in (0, 1)] for n in (0, 1)])
    return replace(
        free, edges=edges, damped=damped, lag=stands_out("lag", free.gauge, 0), form=form, on_site=on_site
    )


def _damped(law: Law, estimates: dict[Name, tuple[float, float]], states: np.ndarray) -> np.ndarray:
    """Oscillators with damping: each that stands out, and the others too where they do so together (χ²)."""
    size, z = np.abs([estimates["damping", i, 0] for i in range(law.nodes)]).T
    velocity = states[..., law.nodes :]
    material = size * velocity.std((0, 1)) > NEGLIGIBLE * law.torque(states[..., : law.nodes]).std((0, 1))
    clear = (z >= threshold(law.nodes)) & material
    others = ~clear & material
    if others.any() and np.square(z[others]).sum() > chi2.isf(RISK, others.sum()):
        clear |= others & (z > 2)
    return clear


def restricted(law: Law, free: Free) -> Law:
    form = np.where(free.form, law.with_harmonics(HARMONICS).form, 0.0)
    gauge = law.form[free.gauge]
    form[free.gauge] = gauge if free.lag else [np.hypot(*gauge), 0.0]
    return replace(
        law,
        coupling=np.where(free.edges, law.coupling, 0.0),
        damping=np.where(free.damped, law.damping, 0.0),
        form=form,
        on_site=np.where(free.on_site, law.on_site, 0.0),
    )
