"""The parts that equations of motion are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from lagrangians import to_text
from lagrangians.jets import JetSpace, jet_name


@dataclass(frozen=True)
class Atom:
    """D_α F: the total derivative of a function of the fields.

    `derivative` counts derivatives along each coordinate, (t, x[, y]); `function` is an expression in the
    plain jet symbols of a `JetSpace` (`phi`, and only where it cannot be avoided `phi_x`, `phi_t`). In the
    weak form it becomes (−1)^|α| ∫ F ∂_αψ: the more of an atom is in `derivative`, the less the noise
    matters. The linear atoms φ_tt, φ_xx, … have `function` = `phi`; φ_x² has derivative (0, 0) and function
    `phi_x**2`; (φ²)_x has derivative (0, 1) and function `phi**2`.
    """

    derivative: tuple[int, ...]
    function: sympy.Expr

    def text(self, coordinates: Sequence[str]) -> str:
        """`phi_tt`, `sin(phi)`, `(phi**2)_x`."""
        inner = to_text(self.function)
        if not any(self.derivative):
            return inner
        return jet_name(inner if self.function.is_Symbol else f"({inner})", coordinates, self.derivative)

    def expression(self, jets: JetSpace) -> sympy.Expr:
        """The atom written out in applied functions and their derivatives."""
        expression = jets.to_functions(self.function)
        for coordinate, times in zip(jets.coordinates, self.derivative, strict=True):
            if times:
                expression = sympy.diff(expression, coordinate, times)
        return expression
