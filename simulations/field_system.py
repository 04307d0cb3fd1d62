"""Any Lagrangian, or any equations solved for the highest time derivative, on a grid, as torch code."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import sympy
import torch

from lagrangians import Lagrangian, parse_equation, to_text
from lagrangians.jets import JetSpace, MultiIndex, jet_name, jet_space, raised

from .derivatives import Derivative, Scheme
from .fields.forces import ConservativeForce, EquationForce, constants, separable_form
from .fields.gradient_form import gradient_form
from .fields.kernels import Kernel
from .fields.laplacian_force import LaplacianForce
from .fields.reduction import reduced
from .fields.semilinear import ModalForce, Semilinear, semilinear
from .fields.spectrum import largest_frequency
from .fields.state import State
from .grids import Grid, has_walls
from .integrators import Integrator, integrator_named

Parameters = Mapping[str | sympy.Symbol, "float | np.ndarray | torch.Tensor"]

ABSORPTION = 40.0  # ∫σ dx/c = 10 in a layer: a wave that crosses it and returns is damped by e^(−10)


class FieldSystem:
    """The dynamics of a field theory on a grid.

    The state of one field is q of shape (…, *grid.points), that of m > 1 fields (…, m, *grid.points), in
    the order of the Lagrangian; theories of second order in time have a velocity v of the same shape
    beside it. Leading axes are batches; dtype and device follow q; everything is differentiable.

    For ℒ = ½ φ_tᵀ M φ_t − U(φ, ∂φ, …; x, t) with constant M ("separable") the acceleration is

        φ_tt = −M⁻¹ Σ_J (−1)^|J| D_J ∂U/∂φ_J

    with the grid's own derivatives D: exactly minus the gradient of the discrete energy Σ weights·U, to
    round-off. Where U is quadratic in first derivatives, with constant coefficients, D² is the grid's own
    second derivative (`LaplacianForce`). Other densities, and given equations, are evaluated as φ_tt =
    F(φ, φ_t, φ_x, …) or φ_t = F(φ, φ_x, …), their spatial jets by repeated derivatives. Equations that are
    not solved for a time derivative at each point, such as w_tx − βw_txxx = … or Proca's with its constraint,
    are solved mode by mode on periodic axes (`Semilinear`).

    The fields of the state, `fields`, are those of the Lagrangian but for

    - a complex field ψ: its real and imaginary parts psi_re, psi_im
    - the potential w of a theory in which w_t occurs under ∂_x only (Korteweg–de Vries, …): the state is
      w_x, which the equations determine and which is periodic; `evaluate(w)` is the potential with mean 0
      of its periodic part
    - A_t of a gauge theory: temporal gauge A_t = 0. The equation that is lost, Gauss's law, is kept by the
      others and is to hold for the initial data
    - A_t of Proca's field, and multipliers: they are solved for
    - φ where the density holds φ_tt²: it is joined by phi_acceleration = φ_tt

    `constraints` names each removed field with an expression that must vanish for the initial data and then
    does for all times; `evaluate(constraints["A_t"], q, v)` is what is left of it.

    On absorbing axes −σ(x) φ_t is added (−σ(x) φ for theories of first order in time), σ rising with the
    cube of the depth in the layer: outgoing waves are damped, and the energy is not conserved. Waves that are
    shorter than the layer come back with less than 1e-4 of their amplitude, much longer ones are reflected.

    Args:
        lagrangian: the theory; its first coordinate is time, the others the grid's axes.
        grid: where it lives; None for mechanics, coordinates (t,), where q has shape (…, m).
        derivative: "fourier" or the order 2, 4, 6, 8 of finite differences.
        parameters: values of the Lagrangian's free parameters, by name or symbol: numbers, arrays that
            broadcast with the grid's points, tensors that may need gradients.
        absorption: the largest σ, a rate; default 40 c/(width of the layer), c the theory's largest speed.

    Raises ValueError for a grid of another dimension, parameters without value or unknown, degenerate
    theories.
    """

    lagrangian: Lagrangian | None
    fields: tuple[str, ...]
    components: tuple[int, ...]  # numbers of the Lagrangian's fields of which the state consists
    base: MultiIndex  # the jet of them that is the state
    constraints: dict[str, sympy.Expr]
    stated: Lagrangian | None  # as it was given, before multipliers and gauge fields were removed
    absorption: float | None
    force: ConservativeForce | LaplacianForce | EquationForce | ModalForce

    def __init__(
        self,
        lagrangian: Lagrangian,
        grid: Grid | None,
        derivative: Scheme = "fourier",
        parameters: Parameters | None = None,
        absorption: float | None = None,
    ):
        if lagrangian.lattice:
            raise ValueError(
                f"got the lattice field {lagrangian.fields[0]}, expected fields over "
                f"({', '.join(lagrangian.jets.coordinate_names)}) alone; use Chain(lagrangian, count)"
            )
        numbers, tensors = _split_parameters(lagrangian.parameters, parameters or {})
        self.stated = lagrangian.substitute(numbers)
        reduction = reduced(self.stated)
        self.lagrangian = reduction.lagrangian
        self._prepare(self.lagrangian.jets, grid, derivative, tensors, absorption)
        self.constraints = dict(reduction.constraints)
        if reduction.equations is not None:
            self.force = EquationForce(reduction.equations, self, given=True)
        else:
            self.force = self._conservative_force() or self._equation_force()
        if isinstance(self.force, EquationForce):
            self._refuse_places_under_derivatives()
        self._choose_absorption()

    def _conservative_force(self) -> ConservativeForce | LaplacianForce | None:
        form = separable_form(self._lagrangian().without_null_terms())
        if form is None:
            return None
        if form.space_order > 1 and any(map(has_walls, self.grid.boundary)):
            raise ValueError(
                f"got walls and a density with derivatives of order {form.space_order} in space, "
                "expected periodic axes or a density of first order"
            )
        gradient = gradient_form(form.potential, self.jets, self._uniform_symbols())
        return ConservativeForce(form, self) if gradient is None else LaplacianForce(form, gradient, self)

    def _equation_force(self) -> EquationForce | ModalForce:
        try:
            return EquationForce(self._lagrangian().equations_of_motion(), self)
        except ValueError as error:
            form = self.semilinear
            if form is None:
                if self.points and set(self.grid.boundary) != {"periodic"}:
                    raise ValueError(f"{error}; periodic axes let some theories be solved in modes") from None
                raise
        self.components = form.dynamic
        if form.potential_axis is not None:
            self.base = raised(self.jets.zero, 1 + form.potential_axis)
        names = self.jets.coordinate_names
        self.fields = tuple(jet_name(self.jets.field_names[a], names, self.base) for a in self.components)
        return ModalForce(form)

    def _uniform_symbols(self) -> set[sympy.Symbol]:
        """The parameters that are the same at every point."""
        return {symbol for symbol in constants(self._lagrangian()) if symbol.name not in self._placed}

    def _refuse_places_under_derivatives(self) -> None:
        """Equations are derived for constant parameters; ∂_α(p φ_α) would need ∂_αp."""
        lagrangian = self._lagrangian()
        for symbol, (_, index) in lagrangian.jets.jets_in(lagrangian.jet_density).items():
            inside = {s.name for s in sympy.diff(lagrangian.jet_density, symbol).free_symbols}
            if any(index) and inside & self._placed:
                raise ValueError(
                    f"got values of {', '.join(sorted(inside & self._placed))} on the grid in a term with "
                    f"{symbol}, expected the same value everywhere; state the parameter as a function of the "
                    "coordinates in the density"
                )

    def _choose_absorption(self) -> None:
        if "absorbing" not in self.grid.boundary:
            if self.absorption is not None:
                raise ValueError("got an absorption and no absorbing axis; use Grid(boundary='absorbing')")
            return
        if self.absorption is None:
            if not isinstance(self.force, LaplacianForce):
                raise ValueError(
                    "got an absorbing layer for a theory without a speed of light, expected the rate of its "
                    "damping: pass absorption=RATE"
                )
            width = min(
                w for w, b in zip(self.grid.layer, self.grid.boundary, strict=True) if b == "absorbing"
            )
            self.absorption = ABSORPTION * self.force.speed() / width

    @classmethod
    def from_equations(
        cls,
        equations: Mapping[str, str] | Sequence[str],
        fields: Sequence[str],
        coordinates: Sequence[str],
        grid: Grid | None,
        derivative: Scheme = "fourier",
        parameters: Parameters | None = None,
        absorption: float | None = None,
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
        system._prepare(jets, grid, derivative, tensors, absorption)
        system.lagrangian = system.stated = None
        system.force = EquationForce(solved, system, given=True)
        system._choose_absorption()
        return system

    def _prepare(
        self,
        jets: JetSpace,
        grid: Grid | None,
        derivative: Scheme,
        tensors: dict[str, torch.Tensor],
        absorption: float | None,
    ) -> None:
        self.jets = jets
        self.grid = Grid((), ()) if grid is None else grid
        names = jets.coordinate_names[1:]
        if len(names) != self.grid.dimension:
            raise ValueError(
                f"got a theory with the space coordinates ({', '.join(names)}) and a grid with "
                f"({', '.join(self.grid.axes)}), expected as many"
            )
        self.fields = jets.field_names
        self.components = tuple(range(len(jets.fields)))
        self.base = jets.zero
        self.constraints = {}
        self.derivative = Derivative(self.grid, derivative)
        self.parameters: dict[str, torch.Tensor] = tensors
        self._placed = {name for name, value in tensors.items() if self._varies_in_space(name, value)}
        self.absorption = absorption
        self._damping: torch.Tensor | None = None
        self._kernels: dict[tuple[sympy.Expr, ...], Kernel] = {}
        self._places: dict[tuple[int, torch.dtype, torch.device], torch.Tensor] = {}

    # What an integrator and `simulate` ask

    @property
    def time_order(self) -> int:
        """1 for φ_t = F, 2 for φ_tt = F."""
        return self.force.time_order

    @property
    def separable(self) -> bool:
        """Whether φ_tt depends on φ alone, not on φ_t: symplectic integrators apply."""
        return self.time_order == 2 and not self.force.needs_velocity and self.absorption is None

    @cached_property
    def semilinear(self) -> Semilinear | None:
        """φ_t = L φ + N in modes, for exponential and splitting integrators; None where there is none.

        It needs a Lagrangian whose time derivatives have constant coefficients, periodic axes, Fourier
        derivatives.
        """
        force = getattr(self, "force", None)
        if isinstance(force, ModalForce):
            return force.semilinear
        given = isinstance(force, EquationForce) and force.given
        return None if given else semilinear(self)

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
        if v is None and not self.separable:
            raise ValueError("got no velocity, expected one: this acceleration depends on it")
        return self._rate(q, v, time)

    def velocity(self, q: torch.Tensor, time: float = 0.0) -> torch.Tensor:
        """φ_t of a theory of first order in time, shape of q. ValueError for second-order theories."""
        if self.time_order == 2:
            raise ValueError("got a theory of second order in time, whose velocity is part of the state")
        return self._rate(q, None, time)

    def _rate(self, q: torch.Tensor, v: torch.Tensor | None, time: float) -> torch.Tensor:
        rate = self.join(self.force(State(self, q, v, time)))
        if self.absorption is not None:
            if self._damping is None or (self._damping.dtype, self._damping.device) != (q.dtype, q.device):
                self._damping = (self.absorption * self.grid.absorption()).to(q)
            rate = rate - self._damping * (q if v is None else v)
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
        """The largest |λ| of the system linearised at this state.

        From the dispersion relation on the grid, as an upper bound, where the force is a `LaplacianForce`; by
        power iteration (a few % low) elsewhere. With a layer the rate of its damping is added.
        """
        if isinstance(self.force, LaplacianForce):
            frequency = self.force.largest_frequency(State(self, q.detach(), v, 0.0))
            return frequency + (self.absorption or 0.0)
        return largest_frequency(self, q, v)

    def check_well_posed(self) -> None:
        """ValueError where general initial data have no solution: ∇²φ with the wrong sign."""
        if isinstance(self.force, LaplacianForce):
            self.force.check_hyperbolic()

    @property
    def frequency_is_bound(self) -> bool:
        """Whether `largest_frequency` is a bound, not an estimate."""
        return isinstance(self.force, LaplacianForce)

    def stable_step(
        self,
        q: torch.Tensor | None = None,
        v: torch.Tensor | None = None,
        integrator: Integrator | None = None,
    ) -> float:
        """The largest stable time step: the integrator's limit on ω·step over the largest ω, less 1%
        where that is a bound and 10% where it is an estimate.

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
        texts = [f"{to_text(left)} = {to_text(right)}" for left, right in self.force.equations().items()]
        attributes = {"equation": "; ".join(texts), "derivative": str(self.derivative.scheme)}
        if self.absorption is not None:
            attributes["absorption"] = f"{self.absorption:.17g}"
            attributes["layer"] = ", ".join(f"{width:.17g}" for width in self.grid.layer)
        if self.lagrangian is not None and not getattr(self.force, "given", False):
            attributes["density"] = self.lagrangian.jet_text()
        return attributes

    # Observables

    def energy_density(
        self, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0
    ) -> torch.Tensor:
        """ℋ = φ_t ∂ℒ/∂φ_t − ℒ at every point, shape (…, *points). ValueError without a Lagrangian.

        Squares of gradients are those of `Derivative.product`: the integral is what the grid conserves.
        """
        density = self.jets.to_jets(self._lagrangian().hamiltonian_density())
        if not isinstance(self.force, LaplacianForce):
            return self.evaluate(density, q, v, time)
        gradient = gradient_form(density, self.jets, self._uniform_symbols())
        if gradient is None:
            return self.evaluate(density, q, v, time)
        total = self.evaluate(gradient.rest, q, v, time)
        fields = self.split(q)
        for axis, metric in gradient.metric.items():
            for a, b in itertools.product(range(len(fields)), repeat=2):
                if metric[a, b] != 0:
                    factor = self.evaluate(metric[a, b] / 2, q, v, time)
                    total = total + factor * self.derivative.product(fields[a], fields[b], axis)
        return total

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

    def _varies_in_space(self, name: str, value: torch.Tensor) -> bool:
        """Whether a parameter is an array on the grid; ValueError if it does not fit the grid's points."""
        tail = tuple(value.shape[max(0, value.ndim - self.grid.dimension) :])
        fits = len(tail) == self.grid.dimension and all(
            size in (1, points) for size, points in zip(tail, self.points, strict=True)
        )
        if value.ndim and not fits:
            raise ValueError(
                f"got the parameter {name} of shape {tuple(value.shape)}, expected a number or the grid's "
                f"shape (…, {', '.join(map(str, self.points))})"
            )
        return value.ndim > 0 and any(size > 1 for size in tail)

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

    def place(self, axis: int, like: torch.Tensor) -> torch.Tensor:
        """The coordinate along an axis at every point, shape `points`, in the dtype and device of `like`."""
        key = (axis, like.dtype, like.device)
        if key not in self._places:
            self._places[key] = self.grid.mesh()[axis].to(like)
        return self._places[key]

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
    arrays = (torch.Tensor, np.ndarray)
    tensors = {name: torch.as_tensor(value) for name, value in values.items() if isinstance(value, arrays)}
    return {name: float(value) for name, value in values.items() if name not in tensors}, tensors
