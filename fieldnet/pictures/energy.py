"""The energy of a saved field, where the file states its Lagrangian."""

from __future__ import annotations

import numpy as np

from ..trajectory import Trajectory
from .shown import Shown
from .title import theory_of


def energy_of(shown: Shown) -> tuple[np.ndarray, np.ndarray] | None:
    """(t, E): ∫ (φ_t ∂ℒ/∂φ_t − ℒ) dx of the sample, with derivatives taken from the saved field itself.

    None where the file has no density that can be read, parameters without value, gaps, or too few times;
    and for chains.
    """
    theory = theory_of(shown)
    if theory is None or theory.parameters or shown.chain:
        return None
    names = theory.jets.field_names
    values = [shown.dataset[name].values[[shown.sample]] for name in names]
    if not all(np.isfinite(value).all() for value in values):
        return None
    try:
        trajectory = Trajectory(values, shown.times, theory.jets, shown.grid())
        (density,) = trajectory.evaluate([theory.hamiltonian_density()])
    except ValueError:
        return None
    return trajectory.times, trajectory.integrate(density)[0]
