"""Splitting off the part of a density that is quadratic in first space derivatives."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sympy

from lagrangians.jets import JetSpace


@dataclass(frozen=True)
class GradientForm:
    """A density ½ Σ_α h^α_ab ∂_αφ^a ∂_αφ^b + rest, h constant and symmetric, rest free of space derivatives.

    `metric[α]` is h^α (fields × fields) for each space axis that occurs, counted from 0.
    """

    metric: Mapping[int, sympy.Matrix]
    rest: sympy.Expr


def gradient_form(
    density: sympy.Expr, jets: JetSpace, constants: Collection[sympy.Symbol]
) -> GradientForm | None:
    """The gradient form of a density in plain jet symbols, or None if it has none.

    None for derivatives of higher order, products of derivatives along two axes, coefficients that are more
    than numbers and `constants`, and for densities without space derivatives.
    """
    slopes: dict[sympy.Symbol, tuple[int, int]] = {}
    for symbol, (field, index) in jets.jets_in(density).items():
        if sum(index[1:]) == 0:
            continue
        if index[0] or sum(index) > 1:
            return None
        slopes[symbol] = (field, index.index(1) - 1)
    flat = dict.fromkeys(slopes, sympy.S.Zero)
    count = len(jets.fields)
    metric: dict[int, sympy.Matrix] = {}
    for symbol, (field, axis) in slopes.items():
        slope = sympy.diff(density, symbol)
        if sympy.expand(slope.xreplace(flat)) != 0:
            return None
        for other, (field_2, axis_2) in slopes.items():
            value = sympy.expand(sympy.diff(slope, other))
            if value == 0:
                continue
            if axis_2 != axis or not value.free_symbols <= set(constants):
                return None
            metric.setdefault(axis, sympy.zeros(count, count))[field, field_2] = value
    return GradientForm(metric, density.xreplace(flat)) if metric else None
