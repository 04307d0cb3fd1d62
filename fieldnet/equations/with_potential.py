"""Equations with a force that the library lacks: the learned potential in the place of imitations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy

from lagrangians import Lagrangian, to_text
from lagrangians.jets import JetSpace

from .atoms import Atom
from .attempts import Attempt
from .densities import DensityTerm
from .dynamics import Dynamics, Report
from .fitted import FittedEquations
from .joining import joined
from .judgement import judge
from .learned_potential import LearnedPotential, learn_potential, needs_potential
from .search import RIVAL, AtomTable, fit_equation
from .verdict import Verdict


@dataclass(frozen=True)
class Force:
    """The part of one field's equation that is a learned or distilled force: `atoms` V' and `functions` V."""

    learned: LearnedPotential
    atoms: tuple[Atom, ...]
    functions: tuple[sympy.Expr, ...]

    def named(self, jets: JetSpace) -> tuple[Atom, ...]:
        """The atoms as a text can show them: a spline is F(φ)."""
        if self.learned.distilled is not None:
            return self.atoms
        return (Atom(jets.zero, sympy.Symbol(f"F({jets.field_names[0]})")),)


def with_learned_potential(
    dynamics: Dynamics, progress: Report | None = None
) -> tuple[Dynamics, Force | None, LearnedPotential | None]:
    """(dynamics with a learned force, that force, what was learned); unchanged where the library is enough.

    One field, second order in time. In symbols where the force could be distilled, else as the smooth
    function itself. It takes the place of equations that the library gave only where those leave more than
    noise, or where the criterion is better by `RIVAL`, one more parameter counted for the wavenumber inside
    the function. Where it does not, but explains the data with a density and the others have none, they are
    rivals: P(φ)/(1 + aφ²) is a force, (1 + aφ²)(φ_tt − φ_xx) + P(φ) = 0 meets no Helmholtz condition.
    """
    if len(dynamics.fits) > 1 or not needs_potential(dynamics):
        return dynamics, None, None
    try:
        learned = learn_potential(dynamics, progress)
    except ValueError:
        return dynamics, None, None
    if not learned.explained or learned.fit.linear[0].derivative[0] != 2:
        return dynamics, None, learned
    if learned.distilled is not None:
        force = Force(learned, learned.distilled.atoms, learned.distilled.terms)
    else:
        force = Force(learned, (learned.atom,), (learned.expression,))
    atoms = (*learned.fit.linear, *force.atoms)
    table = AtomTable(dynamics.widths.projections(dynamics.width), atoms)
    old = dynamics.fits[0]
    if len(table.atoms) < len(atoms) or old.atoms[0] != atoms[0]:
        return dynamics, None, learned
    fit = fit_equation(table, atoms, old.criterion, old.path)
    extra = old.criterion.penalty * (1 if learned.distilled is not None else learned.fit.freedom)
    fits, equations = joined(table, [fit], dynamics.equations.jets)
    if dynamics.explained and fit.score + extra + RIVAL > old.score:
        refused = not judge(dynamics.equations).variational
        if refused and judge_with(equations, force, ()).variational:
            pair = tuple(a for a in old.atoms if a not in atoms), force.named(dynamics.equations.jets)
            return replace(dynamics, rivals=(pair, *dynamics.rivals)), None, learned
        return dynamics, None, learned
    family = "learned" if learned.distilled is None else f"learned: {learned.distilled.family}"
    attempt = Attempt(fits, (family,), (atoms,), dynamics.chosen.order, dynamics.chosen.stage, table)
    found = replace(dynamics, equations=equations, chosen=attempt, rivals=(), explained=True)
    return found, force, learned


def judge_with(equations: FittedEquations, force: Force, library: Sequence[sympy.Expr]) -> Verdict:
    """The verdict with the force set aside: of one field any force V'(φ) is that of a potential.

    The Helmholtz conditions of the other terms decide; −V goes into the density that they give.
    """
    keep = np.array([atom not in force.atoms for atom in equations.atoms])
    linear = replace(
        equations,
        atoms=tuple(a for a, kept in zip(equations.atoms, keep, strict=True) if kept),
        targets=tuple(int(np.sum(keep[:t])) for t in equations.targets),
        coefficients=equations.coefficients[:, keep],
        covariance=equations.covariance[np.ix_(keep, keep)],
        support=equations.support[:, keep],
    )
    verdict = judge(linear, library)
    errors = equations.standard_errors()[0]
    number = {atom: k for k, atom in enumerate(equations.atoms)}
    terms = list(verdict.terms)
    jets = equations.jets
    added = []
    for atom, function in zip(force.atoms, force.functions, strict=True):
        coefficient = float(equations.coefficients[0, number[atom]])
        size, plain = function.as_coeff_Mul()
        stderr = abs(float(size)) * float(errors[number[atom]])
        terms.append(DensityTerm(to_text(plain), -coefficient * float(size), stderr))
        added.append(-coefficient * jets.to_functions(function))
    lagrangian = verdict.lagrangian
    if lagrangian is not None:
        lagrangian = Lagrangian(lagrangian.density + sympy.Add(*added), jets.fields, jets.coordinates)
    evidence = {**verdict.evidence, "potential_from": "the data, not the library"}
    if isinstance(evidence.get("caldirola_kanai"), str) and lagrangian is not None:
        rate = str(evidence["caldirola_kanai"]).split("*(", 1)[0]
        evidence["caldirola_kanai"] = f"{rate}*({lagrangian.jet_text()})"
    return replace(
        verdict,
        lagrangian=lagrangian,
        terms=tuple(terms),
        covariance=None,
        evidence=evidence,
        equations=equations,
    )
