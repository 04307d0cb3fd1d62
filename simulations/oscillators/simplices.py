"""Couplings of three oscillators at once.

Two forms are in use; both vanish in synchrony and do not change when all phases are shifted:

    "2j-k-i"   sin(2θ_j − θ_k − θ_i − β)    P. S. Skardal & A. Arenas, Commun. Phys. 3 (2020) 218
    "j+k-2i"   sin(θ_j + θ_k − 2θ_i − β)    P. S. Skardal & A. Arenas, Phys. Rev. Lett. 122 (2019) 248301

Neither is the gradient of a potential by itself; both with the same strength and β = 0 are, see
`triplet_potential`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch

from .parameters import Constant, finite_tensor
from .sparse import node_numbers

Form = Literal["2j-k-i", "j+k-2i"]


class MeanFieldTriplets:
    """Every triplet alike, (K/N²) Σ_jk of the form, in O(N) by z_n = (1/N) Σ_j e^{inθ_j}:

        "2j-k-i"   K Im(e^{−iβ} z_2 z̄_1 e^{−iθ_i})
        "j+k-2i"   K Im(e^{−iβ} z_1² e^{−2iθ_i})

    Args:
        strength: K.
        form: which of the two.
        phase_lag: β in radians.
    """

    def __init__(self, strength: Any, form: Form = "2j-k-i", phase_lag: float = 0.0):
        self.strength = finite_tensor(strength, "strength of the triplets")
        if self.strength.ndim:
            raise ValueError(
                f"got a strength of shape {tuple(self.strength.shape)}, expected a number; weights of single "
                "triplets go into Triplets(i, j, k, weight)"
            )
        self.form, self.phase_lag = _checked(form), float(phase_lag)
        self._strength = Constant(self.strength)

    def torque(self, theta: torch.Tensor, sine: torch.Tensor, cosine: torch.Tensor) -> torch.Tensor:
        """The torque on each oscillator; sine and cosine are those of theta. shape: (…, node)"""
        s1, c1 = sine.mean(-1, keepdim=True), cosine.mean(-1, keepdim=True)
        if self.form == "2j-k-i":
            s2 = 2 * (sine * cosine).mean(-1, keepdim=True)
            c2 = 1 - 2 * (sine * sine).mean(-1, keepdim=True)
            real, imaginary = c2 * c1 + s2 * s1, s2 * c1 - c2 * s1
            wave_sine, wave_cosine = sine, cosine
        else:
            real, imaginary = c1 * c1 - s1 * s1, 2 * s1 * c1
            wave_sine, wave_cosine = 2 * sine * cosine, 1 - 2 * sine * sine
        cos, sin = math.cos(self.phase_lag), math.sin(self.phase_lag)
        strength = self._strength.like(theta)
        real, imaginary = strength * (real * cos + imaginary * sin), strength * (imaginary * cos - real * sin)
        return imaginary * wave_cosine - real * wave_sine

    def stiffness(self, count: int) -> torch.Tensor:
        """Gershgorin's bound 4|K| for the torques' derivatives, shape ()."""
        return 4 * self.strength.abs()

    def check(self, count: int) -> None:
        """Fits every number of oscillators."""

    def description(self) -> dict[str, str | float]:
        """Form and parameters."""
        return {
            "triplets": self.form,
            "triplet_strength": float(self.strength),
            "triplet_lag": self.phase_lag,
        }


class Triplets:
    """Given triplets: the torque on i[t] is weight[t] times the sine of the form, summed over the list.

    Args:
        i, j, k: node numbers, shape (triplet,). Only i[t] feels triplet t: one that acts on all three members
            is listed three times.
        weight: a number or shape (triplet,).
        form: "2j-k-i" or "j+k-2i".
        phase_lag: β in radians.
    """

    def __init__(
        self, i: Any, j: Any, k: Any, weight: Any = 1.0, form: Form = "2j-k-i", phase_lag: float = 0.0
    ):
        self.i, self.j, self.k = (node_numbers(nodes, name) for nodes, name in ((i, "i"), (j, "j"), (k, "k")))
        weights = finite_tensor(weight, "weight of the triplets")
        if not len(self.i) == len(self.j) == len(self.k) or weights.shape not in ((), self.i.shape):
            raise ValueError(
                f"got triplets with {len(self.i)} i, {len(self.j)} j, {len(self.k)} k and weights of shape "
                f"{tuple(weights.shape)}, expected as many of each, or one weight"
            )
        self.weight = weights.expand(self.i.shape)
        self.form, self.phase_lag = _checked(form), float(phase_lag)
        self._weight = Constant(self.weight)

    def torque(self, theta: torch.Tensor, sine: torch.Tensor, cosine: torch.Tensor) -> torch.Tensor:
        """The torque on each oscillator. shape: (…, node)"""
        i, j, k = (nodes.to(theta.device) for nodes in (self.i, self.j, self.k))
        if self.form == "2j-k-i":
            phase = 2 * theta[..., j] - theta[..., k] - theta[..., i]
        else:
            phase = theta[..., j] + theta[..., k] - 2 * theta[..., i]
        each = self._weight.like(theta) * torch.sin(phase - self.phase_lag)
        return torch.zeros_like(theta).index_add(-1, i, each)

    def stiffness(self, count: int) -> torch.Tensor:
        """Gershgorin's bound 4 Σ_t |weight| for the torques' derivatives, shape (node,)."""
        return 4 * self.weight.new_zeros(count).index_add(0, self.i, self.weight.abs())

    def check(self, count: int) -> None:
        """ValueError for a node number beyond the oscillators."""
        largest = max((int(nodes.max()) for nodes in (self.i, self.j, self.k) if len(nodes)), default=0)
        if largest >= count:
            raise ValueError(f"got triplets with node {largest}, expected node numbers 0 to {count - 1}")

    def description(self) -> dict[str, str | float]:
        """Form and number; the triplets themselves are data."""
        return {"triplets": self.form, "triplet_count": len(self.i), "triplet_lag": self.phase_lag}


Simplices = MeanFieldTriplets | Triplets


def triplet_potential(
    simplices: Sequence[Simplices], sine: torch.Tensor, cosine: torch.Tensor
) -> torch.Tensor | None:
    """½KN (1 − Re z_1² z̄_2), whose negative gradient is the sum of both forms with strength K; shape (…).

    None where the torques have no potential that is known here: strengths of the two forms that differ, a
    phase lag, or listed triplets.
    """
    strengths = {form: sine.new_zeros(()) for form in get_args(Form)}
    for simplex in simplices:
        if isinstance(simplex, Triplets) or simplex.phase_lag != 0:
            return None
        strengths[simplex.form] = strengths[simplex.form] + simplex.strength.to(sine)
    strength = strengths["2j-k-i"]
    if not torch.equal(strength, strengths["j+k-2i"]):
        return None
    s1, c1 = sine.mean(-1), cosine.mean(-1)
    s2, c2 = 2 * (sine * cosine).mean(-1), 1 - 2 * (sine * sine).mean(-1)
    return strength * sine.shape[-1] / 2 * (1 - (c1 * c1 - s1 * s1) * c2 - 2 * s1 * c1 * s2)


def _checked(form: str) -> Form:
    for known in get_args(Form):
        if form == known:
            return known
    raise ValueError(f"got the form '{form}' of triplets, expected one of {', '.join(get_args(Form))}")
