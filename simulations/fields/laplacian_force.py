"""Fields whose gradient energy is quadratic: one second derivative an axis and a force at each point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy
import torch

from .forces import SeparableForm
from .gradient_form import GradientForm

if TYPE_CHECKING:
    from ..field_system import FieldSystem, State


class LaplacianForce:
    """φ_tt^a = Σ_α C^α_ab ∂²_αφ^b + F^a(φ; x, t) for U = ½ Σ_α h^α_ab ∂_αφ^a ∂_αφ^b + V(φ; x, t).

    C^α = M⁻¹h^α are numbers or parameters that are the same at every point, F = −M⁻¹ ∂V/∂φ.

    Attributes:
        couplings: {axis: C^α}, symbolic matrices, for the axes that occur.
        forces: F^a in plain jet symbols, coordinates and parameters.
    """

    time_order = 2
    needs_velocity = False

    def __init__(self, form: SeparableForm, gradient: GradientForm, system: FieldSystem):
        self.form = form
        self.system = system
        inverse = form.inverse_mass
        self.couplings = {axis: inverse * metric for axis, metric in sorted(gradient.metric.items())}
        slopes = [sympy.diff(gradient.rest, symbol) for symbol in self._field_symbols()]
        self.forces: tuple[sympy.Expr, ...] = tuple(-(inverse * sympy.Matrix(slopes)))
        self._terms = [
            [(axis, b, matrix[a, b]) for axis, matrix in self.couplings.items() for b in range(len(slopes))]
            for a in range(len(slopes))
        ]
        self._terms = [[term for term in terms if term[2] != 0] for terms in self._terms]
        coefficients = {term[2] for terms in self._terms for term in terms}
        self._numbers = {value: float(value) for value in coefficients if not value.free_symbols}
        self._symbolic = [value for value in coefficients if value.free_symbols]

    def __call__(self, state: State) -> list[torch.Tensor]:
        """The acceleration of each field, shape (…, *points) each."""
        present = [a for a, force in enumerate(self.forces) if force != 0]
        expressions = [*(self.forces[a] for a in present), *self._symbolic]
        values = state.values(expressions) if expressions else []
        local = dict(zip(present, values, strict=False))
        coefficients = {**self._numbers, **dict(zip(self._symbolic, values[len(present) :], strict=True))}
        seconds: dict[tuple[int, int], torch.Tensor] = {}
        result = []
        for a, terms in enumerate(self._terms):
            total = local.get(a)
            for axis, b, coefficient in terms:
                if (axis, b) not in seconds:
                    values_b = state.jet(b, self.system.jets.zero)
                    seconds[axis, b] = self.system.derivative.second(values_b, axis)
                term = coefficients[coefficient] * seconds[axis, b]
                total = term if total is None else total + term
            result.append(torch.zeros_like(state.jet(a, self.system.jets.zero)) if total is None else total)
        return result

    def equations(self) -> dict[sympy.Expr, sympy.Expr]:
        """The continuum equations, {φ_tt: expression}."""
        return self.form.lagrangian.equations_of_motion()

    def speed(self) -> float:
        """The largest characteristic speed: the root of the largest eigenvalue of any C^α."""
        return max(self._largest_eigenvalues().values(), default=0.0) ** 0.5

    def check_hyperbolic(self) -> None:
        """ValueError unless every C^α has real eigenvalues ≥ 0: else short waves grow without limit."""
        for axis, values in self._eigenvalues().items():
            if float(values.real.min()) < -1e-12 or float(values.imag.abs().max()) > 1e-12:
                name = self.system.jets.coordinate_names[1 + axis]
                raise ValueError(
                    f"got gradient terms along {name} of the wrong sign, expected a wave equation: the "
                    "shortest waves grow fastest, without limit; check the sign in the density"
                )

    def largest_frequency(self, state: State) -> float:
        """A bound of ω from the dispersion relation on the grid, ω² ≤ Σ_α ρ(C^α) K_α + max ‖∂F/∂φ‖.

        K_α is the largest eigenvalue of −∂²_α; ∂F/∂φ is taken at every point of the state (largest row sum).
        """
        symbols = self._field_symbols()
        slopes = [sympy.diff(force, symbol) for force in self.forces for symbol in symbols]
        values = state.values(slopes)
        rows = [
            sum(map(torch.abs, values[i : i + len(symbols)])) for i in range(0, len(values), len(symbols))
        ]
        square = max(float(torch.as_tensor(row).detach().max()) for row in rows)
        derivative = self.system.derivative
        square += sum(
            rho * derivative.largest_square(axis) for axis, rho in self._largest_eigenvalues().items()
        )
        return square**0.5

    def _largest_eigenvalues(self) -> dict[int, float]:
        return {axis: float(values.abs().max()) for axis, values in self._eigenvalues().items()}

    def _eigenvalues(self) -> dict[int, torch.Tensor]:
        """The eigenvalues of each C^α, complex, for all samples of parameters that are tensors."""
        parameters = {name: value.detach().flatten().cpu() for name, value in self.system.parameters.items()}
        found = {}
        for axis, matrix in self.couplings.items():
            names = sorted(symbol.name for symbol in matrix.free_symbols)
            compiled = sympy.lambdify([sympy.Symbol(name) for name in names], _plain(matrix), "math")
            samples = (
                zip(*torch.broadcast_tensors(*(parameters[n] for n in names)), strict=True) if names else [()]
            )
            matrices = torch.tensor(
                [compiled(*map(float, sample)) for sample in samples], dtype=torch.float64
            )
            found[axis] = torch.linalg.eigvals(matrices)
        return found

    def _field_symbols(self) -> list[sympy.Symbol]:
        jets = self.system.jets
        return [jets.symbol(field, jets.zero) for field in range(len(jets.fields))]


def _plain(matrix: sympy.Matrix) -> list[list[sympy.Expr]]:
    """Nested lists whose symbols carry no assumptions."""
    names = {symbol: sympy.Symbol(symbol.name) for symbol in matrix.free_symbols}
    return matrix.xreplace(names).tolist()
