"""Families made of families: none, and several as one."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from .action import total
from .base import Bracket, GeneratorModule, Sum, check_space, same_shape, take_space


class Zero(GeneratorModule):
    """`count` generators that are 0: the brackets of commuting families."""

    reference: Tensor

    def __init__(
        self,
        count: int,
        space_dimensions: int = 1,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        self.count, self.space_dimensions = count, space_dimensions
        self.register_buffer("reference", torch.zeros((), dtype=dtype, device=device), persistent=False)

    def act(self, features: Tensor) -> Tensor:
        return torch.zeros_like(features).expand(self.count, *features.shape)

    def transpose(self, stack: Tensor) -> Tensor:
        return torch.zeros_like(stack[0])

    def plus(self, other: Zero) -> Zero:
        return self

    def commutator(self, other: Zero) -> Zero:
        return Zero(
            self.count * other.count, self.space_dimensions, self.reference.dtype, self.reference.device
        )


class Concatenated(GeneratorModule):
    """Several families on one space as one, first come first: (L̂_1, …, L̂_n, M̂_1, …, M̂_m, …)."""

    def __init__(self, *families: GeneratorModule):
        super().__init__()
        check_space(*families)
        self.families = nn.ModuleList(families)
        self.count = sum(family.count for family in families)
        take_space(self, families)

    @property
    def parts(self) -> list[GeneratorModule]:
        return cast("list[GeneratorModule]", list(self.families))

    @property
    def counts(self) -> list[int]:
        """The number of generators of each family."""
        return [family.count for family in self.parts]

    def act(self, features: Tensor) -> Tensor:
        return torch.cat([family.act(features) for family in self.parts])

    def transpose(self, stack: Tensor) -> Tensor:
        parts = zip(self.parts, stack.split(self.counts), strict=True)
        return total(family.transpose(part) for family, part in parts)

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        """Each family with its part of the weights."""
        pairs = enumerate(zip(self.parts, weight.split(self.counts), strict=True))
        return total(family.contract(w, features, None if n else identity) for n, (family, w) in pairs)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        pairs = enumerate(zip(self.parts, weight.split(self.counts), strict=True))
        return total(
            family.contract_transpose(w, residual, None if n else identity) for n, (family, w) in pairs
        )

    def matrix(self, shape: tuple[int, ...]) -> Tensor:
        return torch.cat([family.matrix(shape) for family in self.parts])

    def vector_field(self, shape: tuple[int, ...]) -> Tensor:
        return torch.cat(same_shape([family.vector_field(shape) for family in self.parts]))

    def plus(self, other: Concatenated) -> GeneratorModule:
        """Family by family where the counts agree, else a `Sum`."""
        if self.counts != other.counts:
            return Sum(self, other)
        return Concatenated(*(a + b for a, b in zip(self.parts, other.parts, strict=True)))

    def commutator(self, other: Concatenated) -> Bracket:
        return Bracket(self, other)
