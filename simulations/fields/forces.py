"""Right-hand sides: the exact gradient of a discrete potential energy, or given equations jet by jet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy
import torch

from lagrangians import Lagrangian
from lagrangians.jets import MultiIndex, raised

if TYPE_CHECKING:
    from ..field_system import FieldSystem, State


@dataclass(frozen=True)
class SeparableForm:
    """ℒ = ½ φ_tᵀ M φ_t − U(φ, ∂φ, …; x, t), M constant: M⁻¹ and U in plain jet symbols."""

    inverse_mass: sympy.Matrix
    potential: sympy.Expr
    lagrangian: Lagrangian

    def slopes(self) -> list[list[tuple[sympy.Expr, MultiIndex]]]:
        """For each field the pairs (component of −M⁻¹ ∂U/∂φ_J, multi-index J) that are not 0."""
        jets = self.lagrangian.jets
        indices = sorted({index for _, index in jets.jets_in(self.potential).values()})
        terms: list[list[tuple[sympy.Expr, MultiIndex]]] = [[] for _ in jets.fields]
        for index in indices:
            column = [-sympy.diff(self.potential, jets.symbol(a, index)) for a in range(len(jets.fields))]
            for field, slope in enumerate(self.inverse_mass * sympy.Matrix(column)):
                if slope != 0:
                    terms[field].append((slope, index))
        return terms

    @property
    def space_order(self) -> int:
        """The highest derivative in U."""
        places = self.lagrangian.jets.jets_in(self.potential).values()
        return max((sum(index) for _, index in places), default=0)


def separable_form(lagrangian: Lagrangian) -> SeparableForm | None:
    """The separable form of a density, or None if M is singular or φ_t is mixed with φ, ∂φ or coordinates."""
    jets, density = lagrangian.jets, lagrangian.jet_density
    velocities = [jets.symbol(field, raised(jets.zero, 0)) for field in range(len(jets.fields))]
    places = jets.jets_in(density)
    if any(index[0] and symbol not in velocities for symbol, (_, index) in places.items()):
        return None
    mass = sympy.hessian(density, velocities).applyfunc(sympy.simplify)
    at_rest = dict.fromkeys(velocities, sympy.S.Zero)
    linear = [sympy.simplify(sympy.diff(density, velocity).xreplace(at_rest)) for velocity in velocities]
    if not mass.free_symbols <= constants(lagrangian) or any(linear) or mass.det() == 0:
        return None
    return SeparableForm(mass.inv(), -density.xreplace(at_rest), lagrangian)


def constants(lagrangian: Lagrangian) -> set[sympy.Symbol]:
    """The parameters of a Lagrangian, as symbols with and without assumptions."""
    return {sympy.Symbol(symbol.name) for symbol in lagrangian.parameters} | set(lagrangian.parameters)


class ConservativeForce:
    """φ_tt^a = Σ_J (−1)^|J| D_J (M⁻¹ ∂(−U)/∂φ_J)^a with the derivatives D of fluxes."""

    time_order = 2
    needs_velocity = False

    def __init__(self, form: SeparableForm, system: FieldSystem):
        self.form = form
        self.system = system
        self._terms = form.slopes()
        self._expressions = [expression for terms in self._terms for expression, _ in terms]

    def __call__(self, state: State) -> list[torch.Tensor]:
        """The acceleration of each field, shape (…, *points) each."""
        values = iter(state.values(self._expressions) if self._expressions else [])
        result = []
        for field, terms in enumerate(self._terms):
            total = torch.zeros_like(state.jet(field, self.system.jets.zero))
            for _, index in terms:
                total = total + self._derivative(next(values), index)
            result.append(total)
        return result

    def equations(self) -> dict[sympy.Expr, sympy.Expr]:
        """The continuum equations, {φ_tt: expression}."""
        return self.form.lagrangian.equations_of_motion()

    def _derivative(self, values: torch.Tensor, index: MultiIndex) -> torch.Tensor:
        derivative = self.system.derivative
        for axis, count in enumerate(index[1:]):
            for _ in range(count // 2):
                values = derivative.second(values, axis, winding=False)
            if count % 2:
                values = -derivative.flux(values, axis)
        return values


class EquationForce:
    """φ_tt = F or φ_t = F for every field, F evaluated jet by jet.

    Raises ValueError unless there is one equation a field, all of the same order (1 or 2) in time, whose
    left side is a pure time derivative and whose right side has lower ones only. `given`: the equations are
    not the Euler–Lagrange equations of the system's Lagrangian.
    """

    def __init__(self, equations: Mapping[sympy.Expr, sympy.Expr], system: FieldSystem, given: bool = False):
        jets = system.jets
        self.given = given
        self._equations = dict(equations)
        solved: dict[int, sympy.Expr] = {}
        orders = set()
        for left, right in equations.items():
            place = jets.locate(jets.to_jets(left)) if jets.to_jets(left).is_Symbol else None
            if place is None or any(place[1][1:]) or place[1][0] not in (1, 2):
                raise ValueError(
                    f"got an equation for {left}, expected the first or second time derivative of a field"
                )
            if place[0] in solved:
                raise ValueError(f"got two equations for {jets.field_names[place[0]]}, expected one")
            solved[place[0]] = jets.to_jets(right)
            orders.add(place[1][0])
        missing = [name for field, name in enumerate(jets.field_names) if field not in solved]
        if missing:
            raise ValueError(f"got no equation for {', '.join(missing)}, expected one for each field")
        if len(orders) > 1:
            raise ValueError(
                "got equations of first and of second order in time, expected all of the same order"
            )
        self.time_order = orders.pop()
        self._expressions = [solved[field] for field in range(len(jets.fields))]
        inside = jets.jets_in(sympy.Tuple(*self._expressions)).values()
        highest = max((index[0] for _, index in inside), default=0)
        if highest >= self.time_order:
            raise ValueError(
                f"got a time derivative of order {highest} on the right, "
                f"expected at most {self.time_order - 1}"
            )
        self.needs_velocity = highest == 1

    def __call__(self, state: State) -> list[torch.Tensor]:
        """The right-hand side of each field, shape (…, *points) each."""
        return state.values(self._expressions)

    def equations(self) -> dict[sympy.Expr, sympy.Expr]:
        """The equations as given."""
        return self._equations
