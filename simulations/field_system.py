"""Any Lagrangian, or any equations solved for the highest time derivative, on a grid, as torch code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy
import torch

from lagrangians import Lagrangian, parse_equation, to_text
from lagrangians.jets import JetSpace, jet_space

from .derivatives import Derivative, Scheme
from .forces import ConservativeForce, EquationForce, separable_form
from .grids import Grid, has_walls
from .integrators import Integrator, integrator_named
from .kernels import Kernel
from .spectrum import largest_frequency
from .state import State

Parameters = Mapping[str | sympy.Symbol, float | torch.Tensor]


class FieldSystem:
    """The dynamics of a field theory on a grid.

    The state of one field is q of shape (…, *grid.points), that of m > 1 fields (…, m, *grid.points), in
    the order of the Lagrangian; theories of second order in time have a velocity v of the same shape
    beside it. Leading axes are batches; dtype and device follow q; everything is differentiable.

    For ℒ = ½ φ_tᵀ M φ_t − U(φ, ∂φ, …; x, t) with constant M ("separable") the acceleration is

        φ_tt = −M⁻¹ Σ_J (−1)^|J| D_J ∂U/∂φ_J

    with the grid's own derivatives D, which are antisymmetric: exactly minus the gradient of the discrete
    energy Σ weights·U, to round-off. Other densities, and given equations, are evaluated as φ_tt = F(φ,
    φ_t, φ_x, …) or φ_t = F(φ, φ_x, …), their spatial jets by repeated derivatives.

    Args:
        lagrangian: the theory; its first coordinate is time, the others the grid's axes.
        grid: where it lives; None for mechanics, coordinates (t,), where q has shape (…, m).
        derivative: "fourier" or the order 2, 4, 6, 8 of finite differences.
        parameters: values of the Lagrangian's free parameters, by name or symbol; tensors may need gradients.

    Raises ValueError for a grid of another dimension, parameters without value or unknown, degenerate
    theories.
    """

    lagrangian: Lagrangian | None

    def __init__(
        self,
        lagrangian: Lagrangian,
        grid: Grid | None,
        derivative: Scheme = "fourier",
        parameters: Parameters | None = None,
    ):
        numbers, tensors = _split_parameters(lagrangian.parameters, parameters or {})
        self.lagrangian = lagrangian.substitute(numbers)
        self._prepare(lagrangian.jets, grid, derivative, tensors)
        form = separable_form(self.lagrangian.without_null_terms())
        if (
            form is not None
            and grid is not None
            and any(map(has_walls, grid.boundary))
            and form.space_order > 1
        ):
            raise ValueError(
                f"got walls and a density with derivatives of order {form.space_order} in space, "
                "expected periodic axes or a density of first order"
            )
        if form is not None:
            self._force: ConservativeForce | EquationForce = ConservativeForce(form, self)
        else:
            self._force = EquationForce(self.lagrangian.equations_of_motion(), self)

    @classmethod
    def from_equations(
        cls,
        equations: Mapping[str, str] | Sequence[str],
        fields: Sequence[str],
        coordinates: Sequence[str],
        grid: Grid | None,
        derivative: Scheme = "fourier",
        parameters: Parameters | None = None,
    ) -> FieldSystem:
        """A system from equations in jet names, one a field: "u_tt = 1.44*u_xx - sin(u) - 0.1*u_t".

        The left side is u_tt for every field, or u_t for every field. The system has no Lagrangian, so no
        energy. Strings go through the allow-list parser. Raises ValueError (ParseError) for anything else.
        """
        jets = jet_space(tuple(fields), tuple(coordinates))
        texts = list(equations.values()) if isinstance(equations, Mapping) else list(equations)
        numbers, tensors = _split_parameters(
            tuple(map(sympy.Symbol, map(str, parameters or {}))), parameters or {}
        )
        names = [str(name) for name in (parameters or {})]
        solved = {}
        for text in texts:
            left, right = parse_equation(text, jets.fields, jets.coordinates, names)
            solved[left] = right.subs({sympy.Symbol(str(name)): value for name, value in numbers.items()})
        system = cls.__new__(cls)
        system._prepare(jets, grid, derivative, tensors)
        system.lagrangian = None
        system._force = EquationForce(solved, system)
        return system

    def _prepare(self, jets: JetSpace, grid: Grid | None, derivative: Scheme, tensors: dict) -> None:
        self.jets = jets
        self.grid = Grid((), ()) if grid is None else grid
        names = jets.coordinate_names[1:]
        if len(names) != self.grid.dimension:
            raise ValueError(
                f"got a theory with the space coordinates ({', '.join(names)}) and a grid with "
                f"({', '.join(self.grid.axes)}), expected as many"
            )
        self.fields: tuple[str, ...] = jets.field_names
        self.derivative = Derivative(self.grid, derivative)
        self.parameters: dict[str, torch.Tensor] = tensors
        self._kernels: dict[tuple[sympy.Expr, ...], Kernel] = {}

    # What an integrator and `simulate` ask

    @property
    def time_order(self) -> int:
        """1 for φ_t = F, 2 for φ_tt = F."""
        return self._force.time_order

    @property
    def separable(self) -> bool:
        """Whether φ_tt depends on φ alone, not on φ_t: symplectic integrators apply."""
        return self.time_order == 2 and not self._force.needs_velocity

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the space axes, ("x",), ("x", "y") …"""
        return self.grid.axes

    @property
    def points(self) -> tuple[int, ...]:
        """Number of points of each axis."""
        return self.grid.points

    def acceleration(self, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0) -> torch.Tensor:
        """φ_tt, shape of q; 0 on Dirichlet walls. ValueError for first-order theories, or a missing v."""
        if self.time_order == 1:
            raise ValueError("got a theory of first order in time, which has no acceleration; use .velocity")
        if v is None and self._force.needs_velocity:
            raise ValueError("got no velocity, expected one: this acceleration depends on it")
        return self._rate(q, v, time)

    def velocity(self, q: torch.Tensor, time: float = 0.0) -> torch.Tensor:
        """φ_t of a theory of first order in time, shape of q. ValueError for second-order theories."""
        if self.time_order == 2:
            raise ValueError("got a theory of second order in time, whose velocity is part of the state")
        return self._rate(q, None, time)

    def _rate(self, q: torch.Tensor, v: torch.Tensor | None, time: float) -> torch.Tensor:
        rate = self.join(self._force(State(self, q, v, time)))
        for axis, boundary in enumerate(self.grid.boundary):
            if boundary == "dirichlet":
                dim = axis - len(self.points)
                inside = rate.narrow(dim, 1, rate.shape[dim] - 2)
                wall = torch.zeros_like(rate.narrow(dim, 0, 1))
                rate = torch.cat([wall, inside, wall], dim)
        return rate

    def largest_frequency(
        self, q: torch.Tensor, v: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        """The largest |λ| of the system linearised at this state, by power iteration (a few % low)."""
        return largest_frequency(self, q, v)

    def stable_step(
        self,
        q: torch.Tensor | None = None,
        v: torch.Tensor | None = None,
        integrator: Integrator | None = None,
    ) -> float:
        """The largest stable time step: the integrator's limit on ω·step over the largest ω, less 10%.

        Linearised at (q, v), by default at the field 0 at rest. The default integrator is the one
        `simulate` takes.
        """
        if q is None:
            q = torch.zeros(self.state_shape(), dtype=torch.float64)
        if v is None and self.time_order == 2:
            v = torch.zeros_like(q)
        integrator = integrator or integrator_named(None, self)
        return integrator.largest_step(self, q, v)

    def description(self) -> dict[str, str]:
        """Equation, density and boundary as attributes for a file."""
        texts = [f"{to_text(left)} = {to_text(right)}" for left, right in self._force.equations().items()]
        attributes = {"equation": "; ".join(texts), "derivative": str(self.derivative.scheme)}
        if self.lagrangian is not None:
            attributes["density"] = self.lagrangian.jet_text()
        return attributes

    # Observables

    def energy_density(
        self, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0
    ) -> torch.Tensor:
        """ℋ = φ_t ∂ℒ/∂φ_t − ℒ at every point, shape (…, *points). ValueError without a Lagrangian."""
        return self.evaluate(self._lagrangian().hamiltonian_density(), q, v, time)

    def energy(self, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0) -> torch.Tensor:
        """∫ℋ dx, shape (…)."""
        return self.integrate(self.energy_density(q, v, time))

    def momentum(
        self, q: torch.Tensor, v: torch.Tensor | None = None, axis: int = 0, time: float = 0.0
    ) -> torch.Tensor:
        """P = −∫ Σ_a (∂ℒ/∂φ^a_t) ∂φ^a dx along a space axis, shape (…).

        Positive for a lump of energy that moves forward.
        """
        momenta = self._lagrangian().momenta()
        coordinate = self.jets.coordinates[1 + axis]
        pairs = zip(momenta, self.jets.fields, strict=True)
        density = -sum(momentum * sympy.Derivative(field, coordinate) for momentum, field in pairs)
        return self.integrate(self.evaluate(density, q, v, time))

    def evaluate(
        self, expression: sympy.Expr, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0
    ) -> torch.Tensor:
        """Any expression in fields, their derivatives and coordinates at a state, shape (…, *points).

        First time derivatives are v (of a first-order theory: its right-hand side), second ones the
        acceleration; spatial derivatives are those of the grid. Such as a Noether charge density along a
        trajectory.
        """
        (result,) = State(self, q, v, time).values([self.jets.to_jets(sympy.sympify(expression))])
        return result

    def integrate(self, density: torch.Tensor) -> torch.Tensor:
        """∫ density dx with the grid's quadrature weights: (…, *points) → (…)."""
        if self.grid.dimension == 0:
            return density
        weights = self.grid.weights().to(density)
        return (density * weights).sum(tuple(range(-self.grid.dimension, 0)))

    def _lagrangian(self) -> Lagrangian:
        if self.lagrangian is None:
            raise ValueError(
                "got a system made from equations, which has no energy; make it from a Lagrangian"
            )
        return self.lagrangian

    # Layout of a state

    def state_shape(self) -> tuple[int, ...]:
        """Shape of q without batch axes."""
        return ((len(self.fields),) if len(self.fields) > 1 else ()) + self.points

    def split(self, q: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """One tensor (…, *points) a field."""
        shape = self.state_shape()
        if tuple(q.shape[q.ndim - len(shape) :]) != shape:
            raise ValueError(
                f"got a state of shape {tuple(q.shape)}, expected (…, {', '.join(map(str, shape))})"
            )
        return q.unbind(-1 - len(self.points)) if len(self.fields) > 1 else (q,)

    def join(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """Inverse of `split`."""
        return torch.stack(list(parts), -1 - len(self.points)) if len(self.fields) > 1 else parts[0]

    def kernel(self, expressions: Sequence[sympy.Expr]) -> Kernel:
        """The compiled kernel of these expressions in plain jet symbols; compiled once."""
        key = tuple(expressions)
        if key not in self._kernels:
            self._kernels[key] = Kernel(key, self.jets)
        return self._kernels[key]


def _split_parameters(
    declared: Sequence[sympy.Symbol], given: Parameters
) -> tuple[dict[str, float], dict[str, torch.Tensor]]:
    values = {str(name): value for name, value in given.items()}
    names = [symbol.name for symbol in declared]
    missing = [name for name in names if name not in values]
    unknown = [name for name in values if name not in names]
    if missing:
        raise ValueError(
            f"got no value for the parameters {', '.join(missing)}; pass parameters={{name: value}}"
        )
    if unknown:
        raise ValueError(
            f"got the unknown parameters {', '.join(unknown)}, expected {', '.join(names) or 'none'}"
        )
    tensors = {name: value for name, value in values.items() if isinstance(value, torch.Tensor)}
    return {name: float(value) for name, value in values.items() if name not in tensors}, tensors
