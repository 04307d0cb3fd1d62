"""Feature maps z(φ): what the L-conv layer is linear in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy
import torch
from torch import Tensor

PHI = sympy.Symbol("phi", real=True)


@dataclass(frozen=True)
class FeatureMap:
    """Features z_A(φ) of one field, stated once as SymPy expressions in `PHI`.

    Their values and slopes z_A'(φ) on tensors are generated from the expressions.
    """

    name: str
    expressions: tuple[sympy.Expr, ...]

    @property
    def channels(self) -> int:
        return len(self.expressions)

    @cached_property
    def _evaluate(self) -> Callable[[Tensor], Sequence]:
        return sympy.lambdify(PHI, self.expressions, modules="torch")

    @cached_property
    def _slopes(self) -> Callable[[Tensor], Sequence]:
        return sympy.lambdify(PHI, [sympy.diff(z, PHI) for z in self.expressions], modules="torch")

    def values(self, field: Tensor, axis: int) -> Tensor:
        """z(φ), the channel axis inserted at `axis`."""
        return _stack(self._evaluate(field), field, axis)

    def slopes(self, field: Tensor, axis: int) -> Tensor:
        """dz/dφ, the channel axis inserted at `axis`."""
        return _stack(self._slopes(field), field, axis)


def _stack(values: Sequence, field: Tensor, axis: int) -> Tensor:
    return torch.stack(
        [torch.as_tensor(v, dtype=field.dtype, device=field.device).expand_as(field) for v in values], axis
    )


def identity() -> FeatureMap:
    """z = φ: the free field."""
    return FeatureMap("identity", (PHI,))


def polynomial(degree: int = 3) -> FeatureMap:
    """z = (φ, φ², …, φ^degree): potentials up to φ^(2·degree)."""
    if degree < 1:
        raise ValueError(f"polynomial degree is {degree}; expected at least 1")
    name = "polynomial" if degree == 3 else f"polynomial{degree}"
    return FeatureMap(name, tuple(PHI**n for n in range(1, degree + 1)))


def phase() -> FeatureMap:
    """z = (cos φ, sin φ) on the circle |z| = 1: potentials of period 2π."""
    return FeatureMap("phase", (sympy.cos(PHI), sympy.sin(PHI)))


FEATURE_MAPS: dict[str, Callable[[], FeatureMap]] = {
    "identity": identity,
    "polynomial": polynomial,
    "phase": phase,
}


def feature_map(name: str) -> FeatureMap:
    """The feature map of a name; ValueError lists the names there are."""
    degree = name.removeprefix("polynomial")
    if degree != name and degree.isdigit() and 1 <= int(degree) <= 8:
        return polynomial(int(degree))
    if name not in FEATURE_MAPS:
        raise ValueError(
            f"got the features '{name}', expected auto, {', '.join(FEATURE_MAPS)}, "
            "or polynomialN of a degree N from 1 to 8"
        )
    return FEATURE_MAPS[name]()
