"""A state of a field system, and its jets on demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy
import torch

from lagrangians.jets import MultiIndex, raised

from ..grids import has_walls
from .kernels import Kernel, filled

if TYPE_CHECKING:
    from ..field_system import FieldSystem
    from .semilinear import Semilinear


class State:
    """A state (q, v) at a time, and every jet of it on demand, each computed once."""

    def __init__(self, system: FieldSystem, q: torch.Tensor, v: torch.Tensor | None, time: float):
        self.system = system
        self.q, self.v, self.time = q, v, time
        self._jets: dict[tuple[int, MultiIndex], torch.Tensor] = {}
        for field, values in zip(system.components, system.split(q), strict=True):
            self._jets[field, system.base] = values
        if v is not None:
            self._store_velocity(v, 1)

    def values(self, expressions: Sequence[sympy.Expr]) -> list[torch.Tensor]:
        """Expressions in plain jet symbols at every point, shape (…, *points) each."""
        kernel = self.system.kernel(expressions)
        arguments = {name: self._argument(kernel, name) for name in kernel.inputs}
        reference = self._jets[self.system.components[0], self.system.base]
        return filled(kernel(arguments), reference)

    def jet(self, field: int, index: MultiIndex) -> torch.Tensor:
        """∂_index of a field, shape (…, *points)."""
        place = (field, index)
        if place not in self._jets:
            base = self.system.base
            axis = next((alpha for alpha in range(len(index) - 1, 0, -1) if index[alpha] > base[alpha]), None)
            if any(have < least for have, least in zip(index, base, strict=True)):
                self._jets[place] = self._integral(field, index)
            elif axis is None and field not in self.system.components:
                self._eliminate(field, index)
            elif axis is None:
                self._time_derivative(index[0])
            else:
                self._jets[place] = self._space_derivative(field, index, axis)
        return self._jets[place]

    def _space_derivative(self, field: int, index: MultiIndex, axis: int) -> torch.Tensor:
        """Even derivatives by second ones, odd ones by a first one of an even one; only the first unwinds."""
        derivative, number = self.system.derivative, index[axis] - self.system.base[axis]
        if number % 2 == 0:
            lower = self.jet(field, raised(index, axis, -2))
            return derivative.second(lower, axis - 1, winding=number == 2)
        lower = self.jet(field, raised(index, axis, -1))
        if number == 1 or has_walls(self.system.grid.boundary[axis - 1]):
            return derivative.field(lower, axis - 1)
        return derivative.flux(lower, axis - 1)

    def _time_derivative(self, order: int) -> None:
        system = self.system
        if order == 1 and system.time_order == 1:
            self._store_velocity(system.velocity(self.q, self.time), 1)
        elif order == 2 and system.time_order == 2:
            self._store_velocity(system.acceleration(self.q, self.v, self.time), 2)
        elif order == 1:
            raise ValueError("got no velocity, expected one: this expression depends on it")
        else:
            raise ValueError(f"got a time derivative of order {order}, expected at most {system.time_order}")

    def _store_velocity(self, values: torch.Tensor, order: int) -> None:
        for field, part in zip(self.system.components, self.system.split(values), strict=True):
            self._jets[field, raised(self.system.base, 0, order)] = part

    def _integral(self, field: int, index: MultiIndex) -> torch.Tensor:
        """A jet below the state's: the antiderivative along the axis of `base`, with the mean slope for φ."""
        form = self._form()
        axis = self.system.base.index(1)
        slope = self.jet(field, raised(index, axis))
        values = form.antiderivative(slope)
        if any(index):
            return values
        dims = tuple(range(-len(self.system.points), 0))
        along = self.system.place(axis - 1, values) - self.system.grid.origin[axis - 1]
        return values + slope.mean(dims, keepdim=True) * along

    def _form(self) -> Semilinear:
        form = self.system.semilinear
        if form is None:
            raise ValueError("got a jet below those of the state, which only a form in modes can give")
        return form

    def _eliminate(self, field: int, index: MultiIndex) -> None:
        """Fields without time derivative, from their constraint."""
        if any(index):
            name = self.system.jets.field_names[field]
            raise ValueError(f"got a time derivative of {name}, which a constraint determines")
        if self.v is None and self.system.time_order == 2:
            raise ValueError("got no velocity, expected one: this expression depends on it")
        for number, values in self._form().auxiliary_fields(self.q, self.v).items():
            self._jets[number, index] = values

    def _argument(self, kernel: Kernel, name: str) -> torch.Tensor:
        if name in kernel.jets:
            return self.jet(*kernel.jets[name])
        names = self.system.jets.coordinate_names
        if name == names[0]:
            return torch.as_tensor(self.time, dtype=self.q.dtype, device=self.q.device)
        if name in names:
            return self.system.place(names.index(name) - 1, self.q)
        if name not in self.system.parameters:
            raise ValueError(
                f"got the symbol '{name}' without a value, expected a jet, a coordinate or a parameter"
            )
        return self.system.parameters[name].to(self.q)
