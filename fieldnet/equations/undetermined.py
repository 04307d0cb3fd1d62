"""What the data leave open."""

from __future__ import annotations

from collections.abc import Sequence

from .atoms import Atom
from .dynamics import Dynamics
from .search import EXPLAINED
from .selection import LOST

EXACT = 1e-16
"""Square of a derivative, in units of the field and the step of the coordinates, that is round-off."""
MANY = 5
"""So many functions of one field in an equation are taken for the series of one that the library lacks."""
HIDDEN = 0.3
"""Equations in which noise could hide more than this part of the highest time derivative are not tested."""
SAME_VELOCITY = 0.05
"""Velocities of the fields that differ by less than this part are one."""


def undetermined(dynamics: Dynamics) -> str | None:
    """Why the data determine no answer, naming the terms that cannot be told apart; or None."""
    names = dynamics.equations.jets.coordinate_names
    flat = [n for n in range(len(names)) if _is_flat(dynamics, n)]
    if flat:
        listed = ", ".join(names[n] for n in flat)
        return (
            f"the fields do not vary along {listed} beyond the noise, so that terms in "
            f"∂_{names[flat[0]]} have no effect"
        )
    if _is_transport(dynamics):
        x = names[1]
        jets = dynamics.equations.jets
        field = jets.field_names[0]
        return (
            f"the data are a single travelling wave, {equations_of(dynamics)}: {field}_tt, {field}_t{x}, "
            f"{field}_{x}{x} and functions of {field} cannot be told apart; give waves that meet"
        )
    if any(len(fit.atoms) < 2 for fit in dynamics.fits):
        return "no term of the library lowers the residual"
    worst = max(fit.misfit for fit in dynamics.fits)
    unexplained = (
        f"no equation of the library explains these data: the best one leaves {worst:.2g} of the target "
        f"beyond the noise (allowed {EXPLAINED:g}); extend the library or give finer data"
    )
    if not dynamics.explained and worst > EXPLAINED:
        return unexplained
    if dynamics.rivals:
        kept, instead = dynamics.rivals[0]
        more = f", nor {len(dynamics.rivals) - 1} more such pairs" if len(dynamics.rivals) > 1 else ""
        pair = f"{_listed(kept, names)} and {_listed(instead, names)}"
        return f"{pair} cannot be told apart{more}; either fits these data"
    series = _series(dynamics)
    if series is not None:
        return series
    if not dynamics.explained:
        return unexplained
    loosest = max(dynamics.fits, key=lambda fit: fit.bound)
    if loosest.bound > HIDDEN:
        return (
            f"noise could hide {loosest.bound:.0%} of {loosest.atoms[0].text(names)}, expected at most "
            f"{HIDDEN:.0%} in equations that were tested; give data with less noise, or more of them"
        )
    return None


def _is_flat(dynamics: Dynamics, axis: int) -> bool:
    """Whether the derivatives of all fields along an axis are lost in the noise or vanish."""
    jets = dynamics.equations.jets
    index = tuple(int(n == axis) for n in range(len(jets.coordinates)))
    for a in range(len(jets.fields)):
        parts = dynamics.chosen.table.projections.moments([Atom(index, jets.symbol(a))])
        whole = dynamics.chosen.table.projections.moments([Atom(jets.zero, jets.symbol(a))])
        if parts.gram[0, 0] > LOST * parts.noise[0, 0] and parts.gram[0, 0] > EXACT * whole.gram[0, 0]:
            return False
    return True


def _series(dynamics: Dynamics) -> str | None:
    """What is said of an equation that looks like the series of a function which the library lacks."""
    jets = dynamics.equations.jets
    for fit in dynamics.fits:
        functions = [atom.function for atom in fit.atoms if not any(atom.derivative)]
        for a in range(len(jets.fields)):
            own = [f for f in functions if f.free_symbols == {jets.symbol(a)}]
            if len(own) >= MANY:
                return (
                    f"the force on {fit.atoms[0].function} takes {len(own)} functions of {jets.symbol(a)}, "
                    "the mark of a series that imitates another one; extend the library by what you suspect"
                )
    return None


def _is_transport(dynamics: Dynamics) -> bool:
    """Whether all fields obey φ_t = −vφ_x with one velocity: any function of x − vt does, of any theory."""
    if len(dynamics.equations.jets.coordinates) != 2:
        return False
    velocities = []
    for fit in dynamics.fits:
        target = fit.atoms[0]
        if target.derivative != (1, 0) or len(fit.atoms) != 2:
            return False
        if fit.atoms[1].derivative != (0, 1) or fit.atoms[1].function != target.function:
            return False
        velocities.append(fit.theta[1])
    return max(velocities) - min(velocities) <= SAME_VELOCITY * max(abs(v) for v in velocities)


def equations_of(dynamics: Dynamics) -> str:
    names = dynamics.equations.jets.coordinate_names
    fit = dynamics.fits[0]
    return f"{fit.atoms[0].text(names)} = {-fit.theta[1]:.4g}*{fit.atoms[1].text(names)}"


def _listed(atoms: Sequence[Atom], names: Sequence[str]) -> str:
    return " with ".join(atom.text(names) for atom in atoms)
