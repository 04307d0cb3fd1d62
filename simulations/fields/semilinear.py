"""Field theories on periodic grids in modes: φ_t = L φ + N, with the linear part L exact at each mode."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import sympy
import torch

from lagrangians.jets import MultiIndex, raised

from ..integrators.mode_functions import applied
from .evolution_form import EvolutionForm, Operator, evolution_form
from .forces import constants
from .kernels import Kernel, filled
from .pointwise_flow import PointwiseFlow, pointwise_flow
from .spectrum import largest_frequency

if TYPE_CHECKING:
    from ..field_system import FieldSystem, State

SINGULAR = 1e-11  # relative to the largest entry of the matrix of a mode


class Semilinear:
    """The dynamics of a `FieldSystem` on a periodic grid, in modes: ŷ_t = L ŷ + N̂(ŷ, t).

    The field equations M(∂) φ_tt + G(∂) φ_t + S(∂) φ + N[φ] = 0 (see `EvolutionForm`) are solved for the
    highest time derivative mode by mode, ∂_x → ik with the Nyquist mode of k replaced by 0, as the grid's
    Fourier derivatives do. The modes are those of `torch.fft.rfftn`; the state is

    - y = φ for theories of first order in time (M = 0), L = −G⁻¹S;
    - y = (φ, φ_t) for those of second order, L = [[0, 1], [−M⁻¹S, −M⁻¹G]]; `to_modes` then takes (q, v)
      and `from_modes` returns both;
    - y = u = ∂_xφ where G = ∂_x B: the equations do not determine the part of φ that ∂_x annihilates, and φ
      need not be periodic where u is. Modes with k_x = 0 of φ itself are taken to be 0.

    Fields without time derivatives that enter quadratically only (Proca's A_t) are eliminated:
    φ_s = −S_ss⁻¹(G_sd φ_t + S_sd φ).

    N and the whole right-hand side are minus the gradient of the discrete energy, so the semidiscrete energy
    is conserved exactly, without dealiasing.

    Attributes:
        time_order: 1 or 2.
        dynamic: numbers of the fields of the state; auxiliary: of those that are eliminated.
        potential_axis: the space axis of ∂_x in the state ∂_xφ, or None where the state is φ.

    Raises ValueError where a mode has no evolution equation.
    """

    def __init__(self, form: EvolutionForm, system: FieldSystem):
        self.form = form
        self.system = system
        self.time_order = 2 if form.mass else 1
        leading = form.mass or form.gyration
        self.dynamic = tuple(sorted({a for pair in leading for a in pair}))
        self.auxiliary = tuple(a for a in range(len(form.jets.fields)) if a not in self.dynamic)
        self.potential_axis = self._find_potential_axis()
        self._slopes = form.slopes()
        self._check_auxiliary()
        self._symbols: dict[MultiIndex, torch.Tensor] = {}
        self.matrices()

    # What integrators ask

    @property
    def rates(self) -> torch.Tensor:
        """L, shape (*modes, m, m), complex128; m counts the components of the state at a mode."""
        return self.matrices()[0]

    def to_modes(self, q: torch.Tensor, v: torch.Tensor | None = None) -> torch.Tensor:
        """ŷ, shape (…, *modes, m), of (…, [field,] *points)."""
        parts = [*self.system.split(q), *(self.system.split(v) if v is not None else ())]
        return torch.stack([self._transform(part) for part in parts], -1)

    def from_modes(self, modes: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """q, or (q, v) for second order in time: the inverse of `to_modes`."""
        parts = [self._back(modes[..., i]) for i in range(modes.shape[-1])]
        if self.time_order == 1:
            return self.system.join(parts)
        return self.system.join(parts[: len(self.dynamic)]), self.system.join(parts[len(self.dynamic) :])

    def nonlinear(self, modes: torch.Tensor, time: float) -> torch.Tensor:
        """N̂, shape of `modes`."""
        count = len(self.dynamic)
        force = torch.zeros_like(modes[..., :count])
        columns = list(force.unbind(-1))
        for (field, index, _), value in zip(self._slopes, self._slope_values(modes, time), strict=True):
            number = self.dynamic.index(field)
            columns[number] = columns[number] + self.symbol(index).to(modes) * self._transform(value)
        force = torch.stack(columns, -1)
        solved = -applied(self.matrices()[1].to(modes), force)
        return solved if self.time_order == 1 else torch.cat([torch.zeros_like(solved), solved], -1)

    def nonlinear_frequency(
        self, q: torch.Tensor, v: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        """The largest rate |λ| of the linearised N alone, at a state; √ of it for second order in time."""
        return largest_frequency(_NonlinearPart(self, 0.0), q)

    def rate(self, modes: torch.Tensor, time: float) -> torch.Tensor:
        """ŷ_t, shape of `modes`."""
        return applied(self.rates.to(modes), modes) + self.nonlinear(modes, time)

    # Splitting

    @cached_property
    def flow(self) -> PointwiseFlow | None:
        """The flow of V at each point, for first order in time; None where V or G holds derivatives."""
        return pointwise_flow(self.form, self.dynamic) if self.time_order == 1 else None

    @property
    def splits(self) -> bool:
        """Whether the flow of N alone is symplectic and computable, so that `nonlinear_flow` exists."""
        return self.time_order == 2 or self.flow is not None

    def nonlinear_flow(
        self, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """(q, v) after the flow of ẏ = N(y, time) for a time `step`, time frozen in N.

        Second order in time: φ rests and φ_t gets step·N(φ). First order: the flow of V at each point.
        """
        if v is not None:
            kick = self.nonlinear(self.to_modes(q, v), time)[..., len(self.dynamic) :]
            return q, v + step * self.system.join([self._back(part) for part in kick.unbind(-1)])
        if self.flow is None:
            raise ValueError("got a nonlinearity with derivatives, which has no flow at each point")
        parts = self.flow(self.system.split(q), step, lambda name: self._value(name, time, q))
        return self.system.join(parts), None

    # Matrices

    def matrices(self) -> tuple[torch.Tensor, torch.Tensor]:
        """L and the inverse of the leading matrix (M, G or B); recomputed for parameters with gradients."""
        if any(self.system.parameters[name].requires_grad for name in self._coefficient_names):
            return self._matrices()
        return self._constant_matrices

    @cached_property
    def _constant_matrices(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self._matrices()

    @cached_property
    def _coefficient_names(self) -> set[str]:
        """Parameters in L that are tensors."""
        operators = (self.form.mass, self.form.gyration, self.form.stiffness)
        rows = itertools.chain.from_iterable(operator.values() for operator in operators)
        return {symbol.name for row in rows for c in row.values() for symbol in c.free_symbols}

    def _matrices(self) -> tuple[torch.Tensor, torch.Tensor]:
        d, s, axis = self.dynamic, self.auxiliary, self.potential_axis
        form = self.form
        mass, gyration = self._matrix(form.mass, d, d), self._matrix(form.gyration, d, d, lowered=axis)
        stiffness = self._matrix(form.stiffness, d, d)
        if s:
            inverse = self._inverse(self._matrix(form.stiffness, s, s), "constraint")
            mixed_rows, mixed_columns = self._matrix(form.gyration, s, d), self._matrix(form.gyration, d, s)
            tied_rows, tied_columns = self._matrix(form.stiffness, s, d), self._matrix(form.stiffness, d, s)
            mass = mass - mixed_columns @ inverse @ mixed_rows
            gyration = gyration - mixed_columns @ inverse @ tied_rows - tied_columns @ inverse @ mixed_rows
            stiffness = stiffness - tied_columns @ inverse @ tied_rows
        if axis is not None:
            stiffness = stiffness * self._antiderivative(axis)[..., None, None]
        if self.time_order == 1:
            solve = self._inverse(gyration, "coefficient of the time derivative")
            return -solve @ stiffness, solve
        solve = self._inverse(mass, "coefficient of the second time derivative")
        rest = torch.eye(len(d), dtype=mass.dtype).expand(mass.shape)
        top = torch.cat([torch.zeros_like(mass), rest], -1)
        return torch.cat([top, torch.cat([-solve @ stiffness, -solve @ gyration], -1)], -2), solve

    def _matrix(
        self, operator: Operator, rows: Sequence[int], columns: Sequence[int], lowered: int | None = None
    ) -> torch.Tensor:
        """Σ_J coefficient (ik)^J at every mode, one factor ik of an axis less where asked."""
        zero = torch.zeros(self.mode_shape, dtype=torch.complex128)
        lines = []
        for a in rows:
            line = []
            for b in columns:
                total = zero
                for index, coefficient in operator.get((a, b), {}).items():
                    shifted = index if lowered is None else raised(index, 1 + lowered, -1)
                    total = total + self._number(coefficient) * self.symbol(shifted)
                line.append(total)
            lines.append(torch.stack(line, -1))
        return torch.stack(lines, -2)

    def _inverse(self, matrix: torch.Tensor, name: str) -> torch.Tensor:
        scale = matrix.detach().abs().amax()
        smallest = torch.linalg.svdvals(matrix.detach())[..., -1]
        if bool((smallest <= SINGULAR * scale).any()):
            place = np.unravel_index(int(smallest.argmin()), self.mode_shape)
            raise ValueError(
                f"degenerate: the {name} is singular at the mode number ({', '.join(map(str, place))}), so "
                "this mode has no evolution equation; fix the gauge, or change the density or the length"
            )
        return torch.linalg.inv(matrix)

    def _number(self, coefficient: sympy.Expr) -> torch.Tensor | float:
        if not coefficient.free_symbols:
            return float(coefficient)
        kernel = self.system.kernel([coefficient])
        values = {name: self.system.parameters[name].double() for name in kernel.inputs}
        return torch.as_tensor(kernel(values)[0], dtype=torch.float64)

    # Jets of the state

    @property
    def mode_shape(self) -> tuple[int, ...]:
        """Shape of the modes of one real field."""
        points = self.system.points
        return (*points[:-1], points[-1] // 2 + 1)

    def symbol(self, index: MultiIndex) -> torch.Tensor:
        """(ik)^J at every mode, complex128."""
        if index not in self._symbols:
            result = torch.ones(self.mode_shape, dtype=torch.complex128)
            for axis, power in enumerate(index[1:]):
                if power:
                    result = result * self._along(axis) ** power
            self._symbols[index] = result
        return self._symbols[index]

    def auxiliary_fields(self, q: torch.Tensor, v: torch.Tensor | None) -> dict[int, torch.Tensor]:
        """{number: φ_s} of the fields that are eliminated, shape (…, *points) each."""
        if not self.auxiliary:
            return {}
        s, d = self.auxiliary, self.dynamic
        modes = self.to_modes(q, v)
        right = (self._matrix(self.form.stiffness, s, d).to(modes) @ modes[..., : len(d), None])[..., 0]
        if v is not None:
            moving = modes[..., len(d) :, None]
            right = right + (self._matrix(self.form.gyration, s, d).to(modes) @ moving)[..., 0]
        inverse = self._inverse(self._matrix(self.form.stiffness, s, s), "constraint").to(modes)
        solved = -(inverse @ right[..., None])[..., 0]
        return {number: self._back(part) for number, part in zip(s, solved.unbind(-1), strict=True)}

    def antiderivative(self, values: torch.Tensor) -> torch.Tensor:
        """Along `potential_axis`, of the part with k ≠ 0; shape of `values`."""
        axis = self.potential_axis
        if axis is None:
            raise ValueError("got a state that is no derivative, expected one")
        modes = self._transform(values)
        return self._back(self._antiderivative(axis).to(modes) * modes)

    def _antiderivative(self, axis: int) -> torch.Tensor:
        along = self._along(axis)
        inverse = torch.where(along == 0, 0.0, 1 / torch.where(along == 0, 1.0, along))
        return inverse.expand(self.mode_shape)

    def _along(self, axis: int) -> torch.Tensor:
        """ik of one axis, with trailing axes of length 1; 0 at the Nyquist mode."""
        grid = self.system.grid
        points, last = grid.points[axis], axis == grid.dimension - 1
        k = grid.wavenumbers(axis)[: points // 2 + 1 if last else points]
        if points % 2 == 0:
            k = torch.where(torch.arange(len(k)) == points // 2, 0.0, k)
        return (1j * k).reshape([-1, *[1] * (grid.dimension - 1 - axis)])

    def _state_symbol(self, index: MultiIndex) -> torch.Tensor:
        """The factor that turns modes of the state into modes of ∂_Jφ."""
        axis = self.potential_axis
        if axis is None:
            return self.symbol(index)
        if index[1 + axis]:
            return self.symbol(raised(index, 1 + axis, -1))
        return self.symbol(index) * self._antiderivative(axis)

    def _slope_values(self, modes: torch.Tensor, time: float) -> list[torch.Tensor]:
        if not self._slopes:
            return []
        kernel = self._kernel
        reference = self._back(modes[..., 0])
        values = {}
        for name in kernel.inputs:
            if name in kernel.jets:
                field, index = kernel.jets[name]
                part = modes[..., self.dynamic.index(field)]
                values[name] = self._back(self._state_symbol(index).to(modes) * part)
            else:
                values[name] = self._value(name, time, reference)
        return filled(kernel(values), reference)

    @cached_property
    def _kernel(self) -> Kernel:
        return self.system.kernel([expression for _, _, expression in self._slopes])

    def _value(self, name: str, time: float, like: torch.Tensor) -> torch.Tensor:
        """A coordinate or a parameter."""
        names = self.system.jets.coordinate_names
        if name == names[0]:
            return torch.as_tensor(time, dtype=like.dtype, device=like.device)
        if name in names:
            return self.system.place(names.index(name) - 1, like)
        return self.system.parameters[name].to(like)

    def _transform(self, values: torch.Tensor) -> torch.Tensor:
        return torch.fft.rfftn(values, dim=tuple(range(-len(self.system.points), 0)))

    def _back(self, modes: torch.Tensor) -> torch.Tensor:
        points = self.system.points
        return torch.fft.irfftn(modes, s=points, dim=tuple(range(-len(points), 0)))

    # Which theories

    def _find_potential_axis(self) -> int | None:
        """The first axis along which all of G differentiates; ValueError where φ itself occurs in U."""
        if self.time_order == 2:
            return None
        indices = [index for row in self.form.gyration.values() for index in row]
        axes = [a for a in range(self.system.grid.dimension) if all(index[1 + a] for index in indices)]
        if not axes:
            return None
        zero = self.form.jets.zero
        bare = any(zero in row for row in self.form.stiffness.values())
        if bare or any(not any(index) for _, index in self.form.jets.jets_in(self.form.rest).values()):
            name = self.form.jets.coordinate_names[1 + axes[0]]
            raise ValueError(
                f"got a density whose time derivatives are those of ∂_{name} of the field, and the field "
                "itself occurs besides, expected its derivatives alone"
            )
        return axes[0]

    def _check_auxiliary(self) -> None:
        held = {field for field, _ in self.form.jets.jets_in(self.form.rest).values()}
        tied = [a for a in self.auxiliary if a in held]
        if self.auxiliary and (tied or any(set(pair) <= set(self.auxiliary) for pair in self.form.gyration)):
            names = ", ".join(self.form.jets.field_names[a] for a in tied or self.auxiliary)
            raise ValueError(
                f"degenerate: {names} has no equation of motion and is not determined by the other fields "
                "through a linear constraint; eliminate it, or fix the gauge"
            )


def semilinear(system: FieldSystem) -> Semilinear | None:
    """The semilinear form of a system, or None where it has none.

    It needs a Lagrangian whose time derivatives have constant coefficients, a periodic grid and Fourier
    derivatives.
    """
    if system.lagrangian is None or not system.points or system.derivative.scheme != "fourier":
        return None
    if set(system.grid.boundary) != {"periodic"}:
        return None
    numbers = {name for name, value in system.parameters.items() if value.ndim == 0}
    uniform = {symbol for symbol in constants(system.lagrangian) if symbol.name in numbers}
    form = evolution_form(system.lagrangian, uniform)
    if form is None or not (form.mass or form.gyration):
        return None
    return Semilinear(form, system)


class ModalForce:
    """The right-hand side of a `Semilinear` form, for equations that are solved mode by mode only."""

    def __init__(self, form: Semilinear):
        self.semilinear = form
        self.time_order = form.time_order
        count = len(form.dynamic)
        self.needs_velocity = form.time_order == 2 and bool((form.rates[..., count:, count:] != 0).any())

    def __call__(self, state: State) -> list[torch.Tensor]:
        """The highest time derivative of each field of the state, shape (…, *points) each."""
        form = self.semilinear
        v = state.v
        if form.time_order == 2 and v is None:
            v = torch.zeros_like(state.q)
        rate = form.from_modes(form.rate(form.to_modes(state.q, v), state.time))
        return list(form.system.split(rate[1] if isinstance(rate, tuple) else rate))

    def equations(self) -> dict[sympy.Expr, sympy.Expr]:
        """Solved for the highest time derivatives where possible, {w_tx: …}, else {E_a: 0}."""
        lagrangian = self.semilinear.system.lagrangian
        if lagrangian is None:
            return {}
        try:
            return lagrangian.equations_of_motion()
        except ValueError:
            return dict.fromkeys(lagrangian.euler_lagrange(), sympy.S.Zero)


class _NonlinearPart:
    """ẏ = N(y) as a system of its own."""

    def __init__(self, form: Semilinear, time: float):
        self.form = form
        self.time = time
        self.time_order = form.time_order
        self.separable = True

    def velocity(self, q: torch.Tensor, time: float = 0.0) -> torch.Tensor:
        return self._rate(q, None)[0]

    def acceleration(self, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0) -> torch.Tensor:
        return self._rate(q, torch.zeros_like(q))[1]

    def _rate(self, q: torch.Tensor, v: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
        rate = self.form.from_modes(self.form.nonlinear(self.form.to_modes(q, v), self.time))
        return rate if isinstance(rate, tuple) else (rate,)

    def largest_frequency(
        self, q: torch.Tensor, v: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        return largest_frequency(self, q, v)
