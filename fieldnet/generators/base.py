"""What every parametrisation of Lie-algebra generators offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import reduce
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..contraction import flatten, mix, unflatten


class GeneratorModule(nn.Module, ABC):
    """A family of `count` generators L̂_i that act linearly on feature maps f: S → R^m.

    A subclass says how the family acts (`act`), and how families of its kind are added (`plus`) and bracketed
    (`commutator`) within the kind; the transpose, the matrices, the vector fields and the contraction with an
    L-conv layer's weights follow, and may be overridden where the kind knows a shorter way. A feature map is
    channels-first, `(..., m, *S)`, with `space_dimensions` trailing axes for the space S.

    Families form a vector space with a bracket: a + b, a − b, 2 * a, `a.mixed(g)`, `a.bracket(b)`. The
    results are functions of a and b: they have no parameters of their own, and gradients reach those of a
    and b. Form them anew at each step of a training, or use `Sum(a, b)` and `Bracket(a, b)`, which are
    evaluated when they act; under `torch.no_grad()` they are plain fixed families.

    `periodic` says that the space closes on itself along every axis.
    """

    count: int
    space_dimensions: int
    periodic = False

    @abstractmethod
    def act(self, features: Tensor) -> Tensor:
        """L̂_i f for every i. shape: (..., m, *S) -> (count, ..., m, *S)"""

    @abstractmethod
    def plus(self, other: Any) -> GeneratorModule:
        """The family L̂_i + M̂_i of the same kind; `other` is of this kind and has the same count."""

    @abstractmethod
    def commutator(self, other: Any) -> GeneratorModule:
        """The family of all [L̂_i, M̂_j] = L̂_iM̂_j − M̂_jL̂_i of the same kind, j running fastest."""

    def apply(self, features: Any) -> Any:
        """`act` on a feature map; on a function, `torch.nn.Module.apply`, which calls it on every module."""
        if isinstance(features, Tensor):
            return self.act(features)
        return super().apply(features)

    def forward(self, features: Tensor) -> Tensor:
        return self.act(features)

    def transpose(self, stack: Tensor) -> Tensor:
        """Σ_i L̂_iᵀ g_i, the transpose of `act`. shape: (count, ..., m, *S) -> (..., m, *S)

        ⟨g, act(f)⟩ = ⟨transpose(g), f⟩ for all f and g.
        """
        pullback = torch.func.vjp(self.act, torch.zeros_like(stack[0]))[1]
        return pullback(stack)[0]

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        """Σ_i W^i L̂_i f, plus W⁰f where W⁰ = `identity` is given: what an L-conv layer asks for.

        shape: (count, o, c), (..., c, *S), (o, c) -> (..., o, *S)
        """
        space = self.space_dimensions
        flat = flatten(features, space)
        terms = [] if identity is None else [mix(identity, flat)]
        if self.count == 1 and weight.shape[1] < weight.shape[2]:
            mixed = unflatten(mix(weight[0], flat), features, space)
            terms.append(flatten(self.act(mixed)[0], space))
        else:
            moved = self.act(features)
            terms += [mix(w, flatten(one, space)) for w, one in zip(weight, moved, strict=True)]
        return unflatten(total(terms), features, space)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        """Σ_i L̂_iᵀ W^iᵀ r, plus W⁰ᵀr: ⟨r, contract(f)⟩ = ⟨contract_transpose(r), f⟩ for all r and f.

        shape: (count, o, c), (..., o, *S), (o, c) -> (..., c, *S)
        """
        space = self.space_dimensions
        flat = flatten(residual, space)
        terms = [] if identity is None else [mix(identity.mT, flat)]
        if self.count == 1 and weight.shape[1] < weight.shape[2]:
            terms.append(mix(weight[0].mT, flatten(self.transpose(residual[None]), space)))
        else:
            stack = torch.stack([unflatten(mix(w.mT, flat), residual, space) for w in weight])
            terms.append(flatten(self.transpose(stack), space))
        return unflatten(total(terms), residual, space)

    def matrix(self, shape: tuple[int, ...]) -> Tensor:
        """The d×d matrices on a space of the given shape, d = ∏ shape. shape: (count, d, d)"""
        nodes = int(torch.Size(shape).numel())
        reference = self._reference()
        identity = torch.eye(nodes, dtype=reference.dtype, device=reference.device)
        columns = self.act(identity.reshape(nodes, 1, *shape))
        return columns.reshape(self.count, nodes, nodes).transpose(1, 2)

    def vector_field(self, shape: tuple[int, ...]) -> Tensor:
        """v_i^α(x) = (L̂_i x^α)(x) − x^α (L̂_i 1)(x), x in grid steps.

        shape: (count, n, *shape), n = len(shape)

        For a differential operator v^α∂_α + w these are the v^α; of any matrix, the first moment
        Σ_y L(x, y)(y − x)^α. On a periodic space x^α is the angle of the longest wave, θ = 2πx/size: v^α =
        (cos θ L̂ sin θ − sin θ L̂ cos θ) size/2π.
        """
        reference = self._reference()
        steps = [torch.arange(size, dtype=reference.dtype, device=reference.device) for size in shape]
        places = torch.stack(torch.meshgrid(*steps, indexing="ij"))
        if self.periodic:
            turns = 2 * torch.pi / torch.tensor(shape).to(places).reshape(-1, *[1] * len(shape))
            sine, cosine = (turns * places).sin(), (turns * places).cos()
            moved = self.act(torch.stack([sine, cosine]).unsqueeze(2)).squeeze(3)
            return (cosine * moved[:, 0] - sine * moved[:, 1]) / turns
        moved = self.act(places[:, None]).squeeze(2)
        ones = self.act(torch.ones_like(places[:1, None])).squeeze(2)
        return moved - places * ones

    def __add__(self, other: GeneratorModule) -> GeneratorModule:
        """The family L̂_i + M̂_i: of the same kind where both are, else a `Sum`."""
        self._same_space(other)
        if self.count != other.count:
            raise ValueError(
                f"got families of {self.count} and {other.count} generators, expected equal counts"
            )
        return self.plus(other) if self._same_kind(other) else Sum(self, other)

    def bracket(self, other: GeneratorModule) -> GeneratorModule:
        """The family of all [L̂_i, M̂_j], j fastest: of the same kind where both are, else a `Bracket`."""
        self._same_space(other)
        return self.commutator(other) if self._same_kind(other) else Bracket(self, other)

    def mixed(self, matrix: Tensor) -> GeneratorModule:
        """The family Σ_j g_ij L̂_j of a change of basis g. shape: (N, count)"""
        return Combination(matrix, self)

    def __mul__(self, factor: float) -> GeneratorModule:
        reference = self._reference()
        return self.mixed(factor * torch.eye(self.count, dtype=reference.dtype, device=reference.device))

    __rmul__ = __mul__

    def __neg__(self) -> GeneratorModule:
        return self * -1.0

    def __sub__(self, other: GeneratorModule) -> GeneratorModule:
        return self + (-other)

    def _same_kind(self, other: GeneratorModule) -> bool:
        return isinstance(other, type(self)) or isinstance(self, type(other))

    def hold(self, name: str, values: Tensor) -> None:
        """Learn an `nn.Parameter`, keep any other tensor, with its gradient, as a buffer."""
        if isinstance(values, nn.Parameter):
            self.register_parameter(name, values)
        else:
            self.register_buffer(name, values)

    def _same_space(self, other: GeneratorModule) -> None:
        if self.space_dimensions != other.space_dimensions:
            raise ValueError(
                f"got generators on {self.space_dimensions} and {other.space_dimensions} space axes, "
                "expected the same space"
            )

    def _reference(self) -> Tensor:
        """A tensor with the dtype and device of the family."""
        tensors = (*self.parameters(), *self.buffers())
        return next((t for t in tensors if t.is_floating_point()), torch.zeros(()))


class Sum(GeneratorModule):
    """The families of several kinds added, (Σ_k L̂^k_i) f = Σ_k L̂^k_i f, each acting in its own way."""

    def __init__(self, *families: GeneratorModule):
        super().__init__()
        self.families = nn.ModuleList(part for f in families for part in _parts(f))
        self.count, self.space_dimensions = families[0].count, families[0].space_dimensions
        self.periodic = all(family.periodic for family in families)

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
        self.first, self.second = first, second
        self.count, self.space_dimensions = first.count * second.count, first.space_dimensions
        self.periodic = first.periodic and second.periodic

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
        if weight.ndim != 2 or weight.shape[1] != family.count:
            raise ValueError(
                f"got a matrix of shape {tuple(weight.shape)}, expected (N, {family.count}): a column for "
                "each generator"
            )
        self.family = family
        self.hold("weight", weight)
        self.count, self.space_dimensions = len(weight), family.space_dimensions
        self.periodic = family.periodic

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


def same_shape(fields: list[Tensor]) -> list[Tensor]:
    """Vector fields of several families; those of a network are its edge weights, which are no others'."""
    shapes = [tuple(field.shape[1:]) for field in fields]
    if len(set(shapes)) > 1:
        raise ValueError(
            f"got vector fields of shapes {shapes} for each generator, expected one shape; ask each family "
            "for its own"
        )
    return fields


def total(tensors: Iterable[Tensor]) -> Tensor:
    return reduce(torch.add, tensors)
