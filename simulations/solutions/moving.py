"""Moving solutions from those at rest: Lorentz transformations, and phases 4 arctan(g/f) with derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

Place = float | torch.Tensor
Pair = tuple[torch.Tensor, torch.Tensor]
Jet = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def coordinates(x: Place, t: Place) -> Pair:
    """x and t as float64 tensors on the device of x."""
    x = torch.as_tensor(x, dtype=torch.float64)
    return x, torch.as_tensor(t, dtype=torch.float64, device=x.device)


def lorentz_factor(v: float, c: float) -> float:
    """γ = 1/√(1 − v²/c²). ValueError for |v| ≥ c."""
    if not abs(v) < c:
        raise ValueError(f"got velocity {v}, expected |v| < c = {c}")
    return 1 / (1 - (v / c) ** 2) ** 0.5


def boosted(
    rest: Callable[[torch.Tensor, torch.Tensor], Jet], x: Place, t: Place, v: float, c: float
) -> Pair:
    """(φ, φ_t) of a scalar solution f that moves with velocity v.

        φ(x, t) = f(x', t'),   φ_t = γ (f_t' − v f_x'),   x' = γ(x − vt), t' = γ(t − vx/c²)

    `rest` takes (x', t') and returns (f, f_t', f_x').
    """
    x, t = coordinates(x, t)
    gamma = lorentz_factor(v, c)
    value, rate, slope = rest(gamma * (x - v * t), gamma * (t - v * x / c**2))
    return value, gamma * (rate - v * slope)


@dataclass(frozen=True)
class Component:
    """A function of (x, t) with its two first derivatives."""

    value: torch.Tensor | float
    t: torch.Tensor | float = 0.0
    x: torch.Tensor | float = 0.0


def phase(numerator: Component, denominator: Component, times: float = 4.0) -> Jet:
    """(φ, φ_t, φ_x) of φ = times · arctan(g/f), f > 0: the form of all Sine-Gordon solitons.

    R. Hirota, J. Phys. Soc. Japan 33 (1972) 1459. A common factor of g, f and of their derivatives, as if it
    were constant, cancels: it keeps exponentials in range.
    """
    g, f = numerator, denominator
    reference = torch.as_tensor(f.value + g.value)
    square = f.value**2 + g.value**2
    rate = times * (g.t * f.value - g.value * f.t) / square
    slope = times * (g.x * f.value - g.value * f.x) / square
    value = times * torch.atan2(_filled(g.value, reference), _filled(f.value, reference))
    return value, _filled(rate, reference), _filled(slope, reference)


def _filled(value: torch.Tensor | float, like: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).expand(like.shape)


def scale(*exponents: torch.Tensor) -> torch.Tensor:
    """max |a_i|, outside of derivatives: the common factor exp(−max |a_i|) of cosh a_i and sinh a_i."""
    largest = torch.zeros_like(exponents[0])
    for exponent in exponents:
        largest = torch.maximum(largest, exponent.detach().abs())
    return largest


def cosh(a: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """exp(−shift) cosh a, finite for shift ≥ |a|."""
    return (torch.exp(a - shift) + torch.exp(-a - shift)) / 2


def sinh(a: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """exp(−shift) sinh a, finite for shift ≥ |a|."""
    return (torch.exp(a - shift) - torch.exp(-a - shift)) / 2


def sech(a: torch.Tensor) -> torch.Tensor:
    """1/cosh a."""
    return 1 / torch.cosh(a)
