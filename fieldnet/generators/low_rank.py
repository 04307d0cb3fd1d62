"""Generators of low rank: products of two thin matrices."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..contraction import contract_factors, flatten, unflatten
from .nodes import OnNodes


class LowRank(OnNodes):
    """L̂_i = U_i V_i on a flat axis of d nodes, U_i of shape (d, h), V_i of shape (h, d): rank h = `hidden`.

    `left` U has shape (count, d, h); `right` V has shape (count, h, d), or (1, h, d) with `shared`, where all
    generators read the same h hidden nodes. A layer costs 2·h/d of that of dense matrices. Entries of U start
    from N(0, 1/h), of V from N(0, 1/d), so that L̂f is of the size of f.

    Sums and brackets stay within h + h' hidden nodes: U V + X Y = [U X][V; Y], and [U V, X Y] =
    U(V X)Y − X(Y U)V = [U(VX), −X(YU)][Y; V], of rank 2·min(h, h') at most.

    Raises ValueError for factors that do not fit each other.
    """

    left: Tensor
    right: Tensor

    def __init__(
        self,
        count: int,
        nodes: int,
        hidden: int,
        shared: bool = False,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        if min(count, nodes, hidden) < 1:
            raise ValueError(
                f"got {count} generators on {nodes} nodes of rank {hidden}, expected at least 1 each"
            )
        self.count, self.shape = count, (nodes,)
        left = torch.randn(count, nodes, hidden, dtype=dtype, device=device) / hidden**0.5
        right = torch.randn(1 if shared else count, hidden, nodes, dtype=dtype, device=device) / nodes**0.5
        self.left, self.right = nn.Parameter(left), nn.Parameter(right)

    @classmethod
    def of(cls, left: Tensor, right: Tensor) -> LowRank:
        """Of given factors: an `nn.Parameter` is learned, any other tensor is kept, with its gradient."""
        fits = left.ndim == right.ndim == 3 and left.shape[1:] == right.mT.shape[1:]
        if not fits or len(right) not in (1, len(left)):
            raise ValueError(
                f"got factors of shapes {tuple(left.shape)} and {tuple(right.shape)}, expected (count, d, h) "
                "and (count, h, d), or (1, h, d) for one that all share"
            )
        family = cls.__new__(cls)
        OnNodes.__init__(family)
        family.count, family.shape = len(left), (left.shape[1],)
        family.hold("left", left)
        family.hold("right", right)
        return family

    @property
    def hidden(self) -> int:
        return self.left.shape[2]

    def reset_parameters(self) -> None:
        """Draw learned factors anew."""
        for factor, size in ((self.left, self.hidden), (self.right, self.nodes)):
            if isinstance(factor, nn.Parameter):
                nn.init.normal_(factor, std=size**-0.5)

    def act(self, features: Tensor) -> Tensor:
        self.space_of(features)
        code = torch.einsum("khf,...f->k...h", self._rights(), features)
        return torch.einsum("kdh,k...h->k...d", self.left, code)

    def transpose(self, stack: Tensor) -> Tensor:
        self.space_of(stack)
        code = torch.einsum("kdh,k...d->k...h", self.left, stack)
        return torch.einsum("khf,k...h->...f", self._rights(), code)

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        self.space_of(features)
        flat = flatten(features, 1)
        return unflatten(contract_factors(weight, flat, self.left, self.right, identity), features, 1)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        self.space_of(residual)
        flat, adjoint = flatten(residual, 1), None if identity is None else identity.mT
        result = contract_factors(weight.mT, flat, self._rights().mT, self.left.mT, adjoint)
        return unflatten(result, residual, 1)

    def matrix(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """U_i V_i. shape: (count, d, d)"""
        return self.left @ self.right

    def plus(self, other: LowRank) -> LowRank:
        """L̂_i + M̂_i, of rank h + h', with gradients to both."""
        first, second = self._rights_beside(other)
        left = torch.cat([self.left, other.left], 2)
        return LowRank.of(left, torch.cat([first, second], 1))

    def commutator(self, other: LowRank) -> LowRank:
        """All [L̂_i, M̂_j], of rank h + h', with gradients to both."""
        there = torch.einsum("iah,ihb,jbg->ijag", self.left, self._rights(), other.left)
        back = torch.einsum("jag,jgb,ibh->ijah", other.left, other._rights(), self.left)
        first, second = self.right, other.right
        if len(first) > 1 or len(second) > 1:
            first = self._rights().repeat_interleave(other.count, 0)
            second = other._rights().repeat(self.count, 1, 1)
        return LowRank.of(torch.cat([there, -back], 3).flatten(0, 1), torch.cat([second, first], 1))

    def _rights(self) -> Tensor:
        return self.right.expand(self.count, -1, -1)

    def _rights_beside(self, other: LowRank) -> tuple[Tensor, Tensor]:
        if len(self.right) == len(other.right):
            return self.right, other.right
        return self._rights(), other._rights()
