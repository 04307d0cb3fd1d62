"""What the data leave open."""

from __future__ import annotations

from collections.abc import Sequence

from .atoms import Atom
from .dynamics import Dynamics
from .search import EXPLAINED


def undetermined(dynamics: Dynamics) -> str | None:
    """Why the data determine no answer, naming the terms that cannot be told apart; or None."""
    names = dynamics.equations.jets.coordinate_names
    flat = [a for a in dynamics.silent if any(a.derivative[1:]) and a.function.is_Symbol]
    if flat:
        axis = next(names[n] for n, times in enumerate(flat[0].derivative) if n and times)
        listed = ", ".join(dict.fromkeys(a.text(names) for a in flat))
        return f"the field does not vary along {axis}, so that {listed} have no effect"
    if any(len(fit.atoms) < 2 for fit in dynamics.fits):
        return "no term of the library lowers the residual"
    if dynamics.rivals:
        kept, instead = dynamics.rivals[0]
        more = f", nor {len(dynamics.rivals) - 1} more such pairs" if len(dynamics.rivals) > 1 else ""
        return f"{_listed(kept, names)} and {_listed(instead, names)} cannot be told apart{more}; either fits these data"
    if not dynamics.explained:
        worst = max(fit.misfit for fit in dynamics.fits)
        return (
            f"no equation of the library explains these data: the best one leaves {worst:.2g} of the target beyond "
            f"the noise (allowed {EXPLAINED:g}); extend the library or give finer data"
        )
    return None


def _listed(atoms: Sequence[Atom], names: Sequence[str]) -> str:
    return " with ".join(atom.text(names) for atom in atoms)
