"""What every parametrisation of Lie-algebra generators offers: a vector space with a bracket."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, cast

import torch
from torch import Tensor, nn

from .action import Action, total


class GeneratorModule(Action):
    """A family of `count` generators L̂_i that act linearly on feature maps f: S → R^m.

    A subclass says how the family acts (`act`), and how families of its kind are added (`plus`) and bracketed
    (`commutator`) within the kind. A change of basis (`combination`) may be overridden too.

    Families form a vector space with a bracket: a + b, a − b, 2 * a, `a.mixed(g)`, `a.bracket(b)`. The
    results are functions of a and b: they have no parameters of their own, and gradients reach those of a
    and b. Form them anew at each step of a training, or use `Sum(a, b)` and `Bracket(a, b)`, which are
    evaluated when they act; under `torch.no_grad()` they are plain fixed families.
    """

    @abstractmethod
    def plus(self, other: Any) -> GeneratorModule:
        """The family L̂_i + M̂_i of the same kind; `other` is of this kind, space and count."""

    @abstractmethod
    def commutator(self, other: Any) -> GeneratorModule:
        """The family of all [L̂_i, M̂_j] = L̂_iM̂_j − M̂_jL̂_i of the same kind, j running fastest."""

    def combination(self, matrix: Tensor) -> GeneratorModule:
        """The family Σ_j g_ij L̂_j, of the same kind where the kind knows how. shape: (N, count)"""
        return Combination(matrix, self)

    def __add__(self, other: GeneratorModule) -> GeneratorModule:
        """The family L̂_i + M̂_i: of the same kind where both are, else a `Sum`."""
        if not isinstance(other, GeneratorModule):
            return NotImplemented
        check_summands(self, other)
        return self.plus(other) if self._same_kind(other) else Sum(self, other)

    def bracket(self, other: GeneratorModule) -> GeneratorModule:
        """The family of all [L̂_i, M̂_j], j fastest: of the same kind where both are, else a `Bracket`."""
        check_space(self, other)
        return self.commutator(other) if self._same_kind(other) else Bracket(self, other)

    def mixed(self, matrix: Tensor) -> GeneratorModule:
        """The family Σ_j g_ij L̂_j of a change of basis g. shape: (N, count)"""
        check_mixing(matrix, self)
        return self.combination(matrix)

    def __mul__(self, factor: float) -> GeneratorModule:
        if isinstance(factor, GeneratorModule):
            return NotImplemented
        return self.mixed(factor * torch.eye(self.count, **self._dtype_and_device()))

    __rmul__ = __mul__

    def __neg__(self) -> GeneratorModule:
        return self * -1.0

    def __sub__(self, other: GeneratorModule) -> GeneratorModule:
        return self + (-other)

    def _same_kind(self, other: GeneratorModule) -> bool:
        return isinstance(other, type(self)) or isinstance(self, type(other))


class Sum(GeneratorModule):
    """The families of several kinds added, (Σ_k L̂^k_i) f = Σ_k L̂^k_i f, each acting in its own way."""

    def __init__(self, *families: GeneratorModule):
        super().__init__()
        check_summands(*families)
        self.families = nn.ModuleList(part for f in families for part in _parts(f))
        self.count = families[0].count
        take_space(self, families)

    def act(self, features: Tensor) -> Tensor:
        return total(family.act(features) for family in _parts(self))

    def transpose(self, stack: Tensor) -> Tensor:
        return total(family.transpose(stack) for family in _parts(self))

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        first, *others = _parts(self)
        terms = [first.contract(weight, features, identity)]
        return total(terms + [family.contract(weight, features) for family in others])

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        first, *others = _parts(self)
        terms = [first.contract_transpose(weight, residual, identity)]
        return total(terms + [family.contract_transpose(weight, residual) for family in others])

    def matrix(self, shape: tuple[int, ...]) -> Tensor:
        return total(family.matrix(shape) for family in _parts(self))

    def vector_field(self, shape: tuple[int, ...]) -> Tensor:
        return total(same_shape([family.vector_field(shape) for family in _parts(self)]))

    def plus(self, other: Sum) -> Sum:
        return Sum(self, other)

    def commutator(self, other: Sum) -> Bracket:
        return Bracket(self, other)


class Bracket(GeneratorModule):
    """All [L̂_i, M̂_j] f = L̂_i(M̂_j f) − M̂_j(L̂_i f), j running fastest, of families of any kinds.

    Its vector fields are taken from its action: as exact as the derivative of a ramp, or the longest wave.
    """

    def __init__(self, first: GeneratorModule, second: GeneratorModule):
        super().__init__()
        check_space(first, second)
        self.first, self.second = first, second
        self.count = first.count * second.count
        take_space(self, (first, second))

    def act(self, features: Tensor) -> Tensor:
        there = self.first.act(self.second.act(features))
        back = self.second.act(self.first.act(features))
        return (there - back.transpose(0, 1)).flatten(0, 1)

    def transpose(self, stack: Tensor) -> Tensor:
        pairs = stack.unflatten(0, (self.first.count, self.second.count))
        there = self.second.transpose(self.first.transpose(pairs))
        return there - self.first.transpose(self.second.transpose(pairs.transpose(0, 1)))

    def plus(self, other: Bracket) -> Sum:
        return Sum(self, other)

    def commutator(self, other: Bracket) -> Bracket:
        return Bracket(self, other)


class Combination(GeneratorModule):
    """Σ_j g_ij L̂_j of a family, g of shape (N, count) fixed, or learned if an `nn.Parameter`."""

    weight: Tensor

    def __init__(self, weight: Tensor, family: GeneratorModule):
        super().__init__()
        check_mixing(weight, family)
        self.family = family
        self.hold("weight", weight)
        self.count = len(weight)
        take_space(self, (family,))

    def act(self, features: Tensor) -> Tensor:
        return torch.tensordot(self.weight, self.family.act(features), dims=1)

    def transpose(self, stack: Tensor) -> Tensor:
        return self.family.transpose(torch.tensordot(self.weight.T, stack, dims=1))

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        return self.family.contract(torch.tensordot(self.weight.T, weight, dims=1), features, identity)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        mixed = torch.tensordot(self.weight.T, weight, dims=1)
        return self.family.contract_transpose(mixed, residual, identity)

    def matrix(self, shape: tuple[int, ...]) -> Tensor:
        return torch.tensordot(self.weight, self.family.matrix(shape), dims=1)

    def vector_field(self, shape: tuple[int, ...]) -> Tensor:
        return torch.tensordot(self.weight, self.family.vector_field(shape), dims=1)

    def plus(self, other: Combination) -> Sum:
        return Sum(self, other)

    def commutator(self, other: Combination) -> Bracket:
        return Bracket(self, other)


def _parts(family: GeneratorModule) -> list[GeneratorModule]:
    return cast("list[GeneratorModule]", list(family.families)) if isinstance(family, Sum) else [family]


def take_space(family: GeneratorModule, parts: tuple[GeneratorModule, ...]) -> None:
    """What a family of families takes over from its parts."""
    family.space_dimensions = parts[0].space_dimensions
    family.shape = next((part.shape for part in parts if part.shape is not None), None)
    family.periodic = all(part.periodic for part in parts)
    family.acts_on_channels = any(part.acts_on_channels for part in parts)


def check_space(*families: GeneratorModule) -> None:
    """Raises ValueError unless there are families, and all act on one space."""
    if not families or not all(isinstance(family, GeneratorModule) for family in families):
        kinds = [type(family).__name__ for family in families] or "no family"
        raise ValueError(f"got {kinds}, expected families of generators; `Fixed` makes one of matrices")
    axes = {family.space_dimensions: None for family in families}
    if len(axes) > 1:
        raise ValueError(
            f"got generators on {' and '.join(map(str, axes))} space axes, expected the same space"
        )
    shapes = {family.shape: None for family in families if family.shape is not None}
    if len(shapes) > 1:
        raise ValueError(
            f"got generators on spaces of shapes {' and '.join(map(str, shapes))}, expected the same space"
        )


def check_summands(*families: GeneratorModule) -> None:
    check_space(*families)
    counts = {family.count: None for family in families}
    if len(counts) > 1:
        raise ValueError(
            f"got families of {' and '.join(map(str, counts))} generators, expected equal counts"
        )


def check_mixing(matrix: Tensor, family: GeneratorModule) -> None:
    if matrix.ndim != 2 or matrix.shape[1] != family.count:
        raise ValueError(
            f"got a matrix of shape {tuple(matrix.shape)}, expected (N, {family.count}): a column for "
            "each generator"
        )


def same_shape(fields: list[Tensor]) -> list[Tensor]:
    """Vector fields of several families; those of a network are its edge weights, which are no others'."""
    shapes = [tuple(field.shape[1:]) for field in fields]
    if len(set(shapes)) > 1:
        raise ValueError(
            f"got vector fields of shapes {shapes} for each generator, expected one shape; ask each family "
            "for its own"
        )
    return fields
