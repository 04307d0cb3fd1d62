"""The flow of a potential without derivatives at each point of a theory of first order in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import sympy
import torch

from lagrangians.jets import JetSpace

from .evolution_form import EvolutionForm
from .kernels import Kernel

Values = Callable[[str], torch.Tensor]
MOST_ITERATIONS = 50


class PointwiseFlow(Protocol):
    """The symplectic flow of G φ_t = ∂V/∂φ at each point, for a time `step`.

    `values` gives coordinates and parameters by name.
    """

    exact: bool

    def __call__(
        self, parts: Sequence[torch.Tensor], step: float, values: Values, /
    ) -> tuple[torch.Tensor, ...]:
        """The fields afterwards, shape (…, *points) each."""


def pointwise_flow(form: EvolutionForm, fields: Sequence[int]) -> PointwiseFlow | None:
    """The flow of the rest V of an evolution form, or None where V or G holds derivatives.

    `fields` are the numbers of the fields that move. The flow is a rotation where V depends on u² + v² of
    each pair that G joins, else the implicit midpoint rule.
    """
    zero = form.jets.zero
    places = form.jets.jets_in(form.rest).values()
    rows = [row for pair, row in form.gyration.items() if set(pair) <= set(fields)]
    if any(any(index) for _, index in places) or any(set(row) != {zero} for row in rows):
        return None
    matrix = sympy.Matrix(
        [[form.gyration.get((a, b), {}).get(zero, sympy.S.Zero) for b in fields] for a in fields]
    )
    if matrix.det() == 0:
        return None
    symbols = [form.jets.symbol(a) for a in fields]
    angles = _rotation_rates(matrix, symbols, form.rest)
    if angles is not None:
        return Rotation(angles, symbols, form.jets)
    slopes = sympy.Matrix([sympy.diff(form.rest, symbol) for symbol in symbols])
    return ImplicitMidpointFlow(list(matrix.inv() * slopes), symbols, form.jets)


def _rotation_rates(
    matrix: sympy.Matrix, symbols: Sequence[sympy.Symbol], potential: sympy.Expr
) -> dict[tuple[int, int], sympy.Expr] | None:
    """{(u, v): ω} with ω = 2 ∂V/∂(u² + v²)/G_uv for each pair; None where V is no function of the moduli."""
    rates = {}
    plain = potential
    for a, symbol in enumerate(symbols):
        partners = [b for b in range(len(symbols)) if matrix[a, b] != 0]
        if len(partners) != 1:
            return None
        (b,) = partners
        turned = symbol * sympy.diff(potential, symbols[b]) - symbols[b] * sympy.diff(potential, symbol)
        if sympy.simplify(turned) != 0:
            return None
        if a < b:
            rates[a, b] = sympy.Dummy(f"modulus_{a}", nonnegative=True)
            plain = plain.subs({symbols[b]: 0, symbol: sympy.sqrt(rates[a, b])}, simultaneous=True)
    moduli = {rho: symbols[a] ** 2 + symbols[b] ** 2 for (a, b), rho in rates.items()}
    return {
        (a, b): sympy.expand(2 * sympy.diff(plain, rho) / matrix[a, b]).xreplace(moduli)
        for (a, b), rho in rates.items()
    }


class Rotation:
    """u + iv → e^{iωt}(u + iv) for each pair, ω a function of the moduli, which are constant: exact."""

    exact = True

    def __init__(
        self, rates: dict[tuple[int, int], sympy.Expr], symbols: Sequence[sympy.Symbol], jets: JetSpace
    ):
        self.pairs = tuple(rates)
        self._names = [symbol.name for symbol in symbols]
        self._kernel = Kernel(tuple(rates.values()), jets)

    def __call__(
        self, parts: Sequence[torch.Tensor], step: float, values: Values
    ) -> tuple[torch.Tensor, ...]:
        """Shape (…, *points) each."""
        rates = self._kernel(_arguments(self._kernel, self._names, parts, values))
        result = list(parts)
        for (a, b), rate in zip(self.pairs, rates, strict=True):
            angle = step * torch.as_tensor(rate, dtype=parts[0].dtype, device=parts[0].device)
            cosine, sine = torch.cos(angle), torch.sin(angle)
            result[a] = cosine * parts[a] - sine * parts[b]
            result[b] = sine * parts[a] + cosine * parts[b]
        return tuple(result)


class ImplicitMidpointFlow:
    """y' = y + h X((y + y')/2) with X = G⁻¹ ∂V/∂φ: symplectic for the constant form G, of order 2.

    Newton's iteration runs to round-off; derivatives with respect to y are those of the solution.
    """

    exact = False

    def __init__(self, field: Sequence[sympy.Expr], symbols: Sequence[sympy.Symbol], jets: JetSpace):
        self._names = [symbol.name for symbol in symbols]
        self._count = len(symbols)
        self._kernel = Kernel(tuple(field), jets)
        jacobian = [sympy.diff(component, symbol) for component in field for symbol in symbols]
        self._jacobian = Kernel(tuple(jacobian), jets)

    def __call__(
        self, parts: Sequence[torch.Tensor], step: float, values: Values
    ) -> tuple[torch.Tensor, ...]:
        """Shape (…, *points) each."""
        start = torch.stack(list(parts), -1)
        with torch.no_grad():
            present = start + step * self._field(start, values)
            size = float("inf")
            for _ in range(MOST_ITERATIONS):
                change = self._newton(start, present, step, values)
                present = present - change
                last, size = size, float(change.abs().max())
                if not size < last or size == 0:
                    break
        result = present - self._newton(start, present, step, values)
        return result.unbind(-1)

    def _newton(
        self, start: torch.Tensor, present: torch.Tensor, step: float, values: Values
    ) -> torch.Tensor:
        middle = (start + present) / 2
        residual = present - start - step * self._field(middle, values)
        with torch.no_grad():
            slopes = self._evaluate(self._jacobian, middle, values)
            jacobian = slopes.unflatten(-1, (self._count, self._count))
            matrix = torch.eye(self._count, dtype=start.dtype, device=start.device) - step / 2 * jacobian
        return torch.linalg.solve(matrix, residual[..., None])[..., 0]

    def _field(self, state: torch.Tensor, values: Values) -> torch.Tensor:
        return self._evaluate(self._kernel, state, values)

    def _evaluate(self, kernel: Kernel, state: torch.Tensor, values: Values) -> torch.Tensor:
        parts = state.unbind(-1)
        results = kernel(_arguments(kernel, self._names, parts, values))
        return torch.stack(
            [
                torch.as_tensor(r, dtype=state.dtype, device=state.device).expand(parts[0].shape)
                for r in results
            ],
            -1,
        )


def _arguments(
    kernel: Kernel, names: Sequence[str], parts: Sequence[torch.Tensor], values: Values
) -> dict[str, torch.Tensor]:
    return {name: parts[names.index(name)] if name in names else values(name) for name in kernel.inputs}
