"""Lattice theories q(n, t): one equation for all sites, on a ring or between walls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy
import torch

from lagrangians import Lagrangian, to_text
from lagrangians.conjugates import conjugate_pairs
from lagrangians.jets import JetSpace, MultiIndex
from lagrangians.lattice import LatticeJets, field_space

from .fields.kernels import Kernel
from .fields.spectrum import largest_frequency

BOUNDARIES = ("periodic", "fixed")


class Chain:
    """The dynamics of a lattice Lagrangian, in fields q(n, t) with one label n, on `count` sites.

    The state of one field is q of shape (…, count), that of m > 1 fields (…, m, count), with velocity v
    of the same shape for theories of second order in time; leading axes are batches. The equation is the
    lattice Euler–Lagrange equation E_a = Σ_k S^{−k} ∂ℒ/∂q_{n+k} − …, evaluated at all sites at once, which is
    minus the gradient of the energy Σ_n ℋ_n; label values are 0 … count − 1.

    Boundaries:

    - "periodic": q_{n+count} = q_n + rise, a ring; the rise is that of a Toda soliton or of a kink, 2π
    - "fixed": q_n = 0 for n < 0 and q_n = rise for n ≥ count, at rest; bonds to the walls count as energy

    Complex fields are taken apart into real and imaginary parts, psi_re and psi_im.

    Args:
        lagrangian: in fields with exactly one lattice label; coordinates (t,).
        count: number of sites.
        boundary: "periodic" or "fixed".
        rise: see above: a number, or one value a field.
        parameters: values of the Lagrangian's free parameters: numbers, or tensors without axes that may
            need gradients. Properties that vary from site to site are written as functions of the label.

    Raises ValueError for other Lagrangians, kinetic terms that couple sites, and fewer sites than a bond
    spans.
    """

    axes: tuple[str, ...] = ("node",)

    def __init__(
        self,
        lagrangian: Lagrangian,
        count: int,
        boundary: str = "periodic",
        rise: float | Sequence[float] = 0.0,
        parameters: Mapping[str | sympy.Symbol, float | torch.Tensor] | None = None,
    ):
        if len(lagrangian.lattice) != 1 or len(lagrangian.coordinates) != 1:
            raise ValueError(
                f"got fields {', '.join(map(str, lagrangian.fields))} over the coordinates "
                f"{', '.join(map(str, lagrangian.coordinates))}, expected a chain such as q(n, t) over t; "
                "use FieldSystem for fields over space"
            )
        if boundary not in BOUNDARIES:
            raise ValueError(f"got boundary '{boundary}', expected one of {', '.join(BOUNDARIES)}")
        if conjugate_pairs(lagrangian.fields):
            lagrangian = lagrangian.real_form()
        numbers, self.parameters = _split(lagrangian, parameters or {})
        self.lagrangian = lagrangian.substitute(numbers)
        self.boundary = boundary
        self.fields: tuple[str, ...] = self.lagrangian.jets.field_names
        self.points: tuple[int, ...] = (int(count),)
        self.rise = _rises(rise, len(self.fields))
        space = field_space(self.lagrangian.fields, self.lagrangian.coordinates)
        if not isinstance(space, LatticeJets):
            raise ValueError("got fields with different labels, expected the same one for all")
        self._space = space
        self._kernels: dict[tuple[sympy.Expr, ...], _SiteKernel] = {}
        self._solve()

    def _solve(self) -> None:
        equations = self.lagrangian.equations_of_motion()
        solved: dict[int, sympy.Expr] = {}
        orders, held = set(), set()
        for left, right in equations.items():
            field, index = self._space.parse(self._space.to_jets(left).name) or (0, (0,))
            solved[field] = self._space.to_jets(right)
            orders.add(index[0])
            held |= {place[1][0] for place in self._space.jets_in(solved[field]).values()}
        if len(orders) > 1 or not orders <= {1, 2}:
            raise ValueError(
                f"got equations of orders {sorted(orders)} in time, expected first or second order for all"
            )
        self.time_order = orders.pop()
        self.separable = self.time_order == 2 and max(held, default=0) == 0
        self._rates = tuple(solved[field] for field in range(len(self.fields)))
        reach = self._kernel(self._rates).reach
        if self.points[0] < max(1, *reach):
            raise ValueError(
                f"got {self.points[0]} sites, expected at least {max(1, *reach)}, as many as a bond spans"
            )

    # What an integrator and `simulate` ask

    def acceleration(self, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0) -> torch.Tensor:
        """q̈, shape of q. ValueError for first-order theories, or a missing v."""
        if self.time_order == 1:
            raise ValueError("got a theory of first order in time, which has no acceleration; use .velocity")
        return self._join(self._values(self._rates, q, v, time))

    def velocity(self, q: torch.Tensor, time: float = 0.0) -> torch.Tensor:
        """q̇ of a theory of first order in time, shape of q. ValueError for second-order theories."""
        if self.time_order == 2:
            raise ValueError("got a theory of second order in time, whose velocity is part of the state")
        return self._join(self._values(self._rates, q, None, time))

    def largest_frequency(
        self, q: torch.Tensor, v: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        """The largest |λ| of the chain linearised at this state, by power iteration (a few % low)."""
        return largest_frequency(self, q, v)

    def description(self) -> dict[str, str]:
        """Equation, density and boundary as attributes for a file."""
        labels = self.lagrangian.lattice
        equations = self.lagrangian.equations_of_motion().items()
        texts = [f"{to_text(left, labels)} = {to_text(right, labels)}" for left, right in equations]
        rise = ", ".join(map(str, self.rise))
        return {
            "equation": "; ".join(texts),
            "density": self.lagrangian.jet_text(),
            "chain": f"{self.boundary}, rise {rise}",
        }

    def state_shape(self) -> tuple[int, ...]:
        """Shape of q without batch axes."""
        return ((len(self.fields),) if len(self.fields) > 1 else ()) + self.points

    # Observables

    def energy_density(
        self, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0
    ) -> torch.Tensor:
        """ℋ_n at every site, shape (…, count), without the bonds that begin at a wall."""
        return self.evaluate(self.lagrangian.hamiltonian_density(), q, v, time)

    def energy(self, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0) -> torch.Tensor:
        """Σ_n ℋ_n, shape (…), with all bonds to fixed walls."""
        density = self._space.to_jets(self.lagrangian.hamiltonian_density())
        behind, ahead = self._kernel((density,)).reach
        margin = (ahead, behind) if self.boundary == "fixed" else (0, 0)
        (values,) = self._values((density,), q, v, time, margin)
        return values.sum(-1)

    def momentum(self, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0) -> torch.Tensor:
        """Σ_n Σ_a ∂ℒ/∂q̇^a, shape (…): conserved on a ring whose energy holds differences of q only."""
        return self.evaluate(sympy.Add(*self.lagrangian.momenta()), q, v, time).sum(-1)

    def evaluate(
        self, expression: sympy.Expr, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0
    ) -> torch.Tensor:
        """Any expression in q(n + k, t), their velocities, n and t at a state, shape (…, count)."""
        (values,) = self._values((self._space.to_jets(sympy.sympify(expression)),), q, v, time)
        return values

    # Evaluation

    def _values(
        self,
        expressions: tuple[sympy.Expr, ...],
        q: torch.Tensor,
        v: torch.Tensor | None,
        time: float,
        margin: tuple[int, int] = (0, 0),
    ) -> list[torch.Tensor]:
        """Expressions at the sites −margin[0] … count − 1 + margin[1], shape (…, sites) each."""
        shape = self.state_shape()
        if tuple(q.shape[q.ndim - len(shape) :]) != shape:
            wanted = ", ".join(map(str, shape))
            raise ValueError(f"got a state of shape {tuple(q.shape)}, expected (…, {wanted})")
        kernel = self._kernel(expressions)
        if v is None and 1 in kernel.orders:
            if self.time_order == 2:
                raise ValueError("got no velocity, expected one: this expression depends on it")
            v = self.velocity(q, time)
        before, after = kernel.reach[0] + margin[0], kernel.reach[1] + margin[1]
        padded = {
            order: self._padded(state, before, after, order)
            for order, state in enumerate((q, v))
            if state is not None and order in kernel.orders
        }
        sites = self.points[0] + sum(margin)
        arguments: dict[str, torch.Tensor] = {}
        for name, (field, shift, order) in kernel.places.items():
            whole = padded[order]
            part = whole.select(-2, field) if len(self.fields) > 1 else whole
            arguments[name] = part.narrow(-1, kernel.reach[0] + shift, sites)
        label, clock = self.lagrangian.lattice[0].name, self.lagrangian.coordinates[0].name
        place = torch.arange(-margin[0], sites - margin[0], dtype=q.dtype, device=q.device)
        arguments[label] = place
        arguments[clock] = torch.as_tensor(time, dtype=q.dtype, device=q.device)
        arguments |= {name: value.to(q) for name, value in self.parameters.items()}
        batch = q.shape[: q.ndim - len(shape)]
        results = [torch.as_tensor(result, dtype=q.dtype, device=q.device) for result in kernel(arguments)]
        return [result.expand(torch.broadcast_shapes(result.shape, (*batch, sites))) for result in results]

    def _padded(self, state: torch.Tensor, before: int, after: int, order: int) -> torch.Tensor:
        """The state with the sites beyond its ends."""
        count = self.points[0]
        rise = torch.as_tensor(self.rise, dtype=state.dtype, device=state.device)
        rise = rise[:, None] if len(self.fields) > 1 else rise[0]
        if order:
            rise = torch.zeros_like(rise)
        if self.boundary == "periodic":
            left, right = state.narrow(-1, count - before, before), state.narrow(-1, 0, after)
            return torch.cat([left - rise, state, right + rise], -1)
        left, right = (torch.zeros_like(state[..., :1]).expand(*state.shape[:-1], n) for n in (before, after))
        return torch.cat([left, state, right + rise], -1)

    def _kernel(self, expressions: tuple[sympy.Expr, ...]) -> _SiteKernel:
        if expressions not in self._kernels:
            self._kernels[expressions] = _SiteKernel(expressions, self._space)
        return self._kernels[expressions]

    def _join(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.stack(list(parts), -2) if len(self.fields) > 1 else parts[0]


class _SiteKernel:
    """Expressions in q(n + k), q̇(n + k), compiled.

    Attributes:
        places: {argument: (field, k, order in time)}; reach: the largest −k and k, at least 0; orders: the
            orders in time that occur.
    """

    def __init__(self, expressions: tuple[sympy.Expr, ...], space: LatticeJets):
        self.places: dict[str, tuple[int, int, int]] = {}
        rules = {}
        for number, (symbol, (copy, index)) in enumerate(space.jets_in(sympy.Tuple(*expressions)).items()):
            field, (shift,) = space.site(copy)
            name = f"site__{number}"
            self.places[name] = (field, shift, _first_at_most(index, symbol))
            rules[symbol] = sympy.Symbol(name)
        shifts = [shift for _, shift, _ in self.places.values()]
        self.reach = (max(0, *(-k for k in shifts), 0), max(0, *shifts, 0))
        self.orders = {order for _, _, order in self.places.values()}
        rules |= {label: sympy.Symbol(label.name) for label in (*space.labels, *space.coordinates)}
        self._kernel = Kernel([e.xreplace(rules) for e in expressions], _no_jets(space))

    def __call__(self, values: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor | float, ...]:
        return self._kernel(values)


def _no_jets(space: LatticeJets) -> JetSpace:
    """Jets that none of the renamed symbols belongs to."""
    return JetSpace(space.coordinates, (sympy.Function("unused__field")(*space.coordinates),))


def _first_at_most(index: MultiIndex, symbol: sympy.Symbol) -> int:
    if index[0] > 1:
        raise ValueError(f"got {symbol}, expected at most first time derivatives")
    return index[0]


def _rises(rise: float | Sequence[float], count: int) -> tuple[float, ...]:
    values = tuple(map(float, rise)) if isinstance(rise, Sequence) else (float(rise),) * count
    if len(values) != count:
        raise ValueError(f"got {len(values)} values of rise, expected {count}, one for each field")
    return values


def _split(lagrangian: Lagrangian, given: Mapping) -> tuple[dict[str, float], dict[str, torch.Tensor]]:
    values = {str(name): value for name, value in given.items()}
    names = [symbol.name for symbol in lagrangian.parameters]
    if set(values) != set(names):
        raise ValueError(
            f"got parameters {', '.join(values) or 'none'}, expected {', '.join(names) or 'none'}; pass "
            "parameters={name: value}"
        )
    tensors = {name: value for name, value in values.items() if isinstance(value, torch.Tensor)}
    for name, value in tensors.items():
        if value.ndim:
            raise ValueError(
                f"got the parameter {name} of shape {tuple(value.shape)}, expected one number; write what "
                "varies from site to site as a function of the label in the density"
            )
    return {name: float(value) for name, value in values.items() if name not in tensors}, tensors
