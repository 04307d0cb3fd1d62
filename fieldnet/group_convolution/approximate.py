"""A group convolution as a deep L-conv network (arXiv:2109.07103, Theorem 1)."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from ..generators import GeneratorModule
from ..lconv import LConv
from .kernel import GroupKernel

ORDERS = (1, 2, 3, 4)


def approximate_group_convolution(
    kernel: GroupKernel, generators: GeneratorModule, depth: int, order: int = 1
) -> nn.Sequential:
    """A network of `depth` L-conv layers without nonlinearity that approximates Σ_q κ_q exp(z_q^i L̂_i) f.

    Each group element is a product of elements near the identity, exp(zL̂) ≈ P(zL̂/n)^n with n = depth/order
    steps and P(a) = Σ_{k≤order} a^k/k!. P factors into `order` linear ones, P(a) = Π_j (1 + c_j a), and
    1 + c_j z^i L̂_i/n is an L-conv near the identity, c_j complex from order 2 on: a pair of real channels.
    All points q run beside each other, m_in (or 2m_in) channels each. The first layer copies the input to
    them, the last sums them with κ_q, and between them `order` layers are used again and again, so that

        depth = number of layers,     error = O(1/depth^order),     distinct layers ≤ order + 2.

    At depth 1 it is the paper's L-conv, W⁰ = ∫κ and W^i = W⁰ε̄^i = ∫κ z^i (eq. 8). The error sets in to fall
    at depth ≈ ‖zL̂‖². Weights have the dtype and device of the kernel's values, which must be those of the
    generators (`GroupKernel.to`), and can be trained.

    Raises ValueError where the kernel's parameters are not one for each generator, and unless order is 1 to 4
    and depth a multiple of it.
    """
    kernel.check(generators)
    if order not in ORDERS or depth < 1 or depth % order:
        raise ValueError(
            f"got depth={depth} and order={order}; expected an order of 1 to 4 and a depth that is a "
            "positive multiple of it"
        )
    values = kernel.values
    points = kernel.points.to(values)
    copies = 1 if order == 1 else 2
    spread, gather = _spread(values, copies), _gather(values, copies)
    steps = [_step(points * order / depth, c, kernel.in_channels, copies) for c in factors(order)]
    if depth == 1:
        return nn.Sequential(LConv.of(gather @ steps[0] @ spread, generators))
    shared = [LConv.of(step, generators) for step in steps]
    middle = [shared[n % order] for n in range(1, depth - 1)]
    first, last = LConv.of(steps[0] @ spread, generators), LConv.of(gather @ steps[-1], generators)
    return nn.Sequential(first, *middle, last)


def factors(order: int) -> list[complex]:
    """c_j with Σ_{k≤order} a^k/k! = Π_j (1 + c_j a); −1/c_j are the roots.

    >>> factors(1)
    [(1+0j)]
    """
    roots = np.roots([1 / math.factorial(k) for k in range(order, -1, -1)])
    return [complex(-1 / root) for root in roots]


def _step(points: Tensor, factor: complex, channels: int, copies: int) -> Tensor:
    """Weights of 1 + c z_q^i L̂_i for all q beside each other, channels (q, re/im, m), c = factor.

    shape: (Q, count) -> (count + 1, Q·copies·m, Q·copies·m)
    """
    real, imaginary = factor.real, factor.imag
    turn = [[real]] if copies == 1 else [[real, -imaginary], [imaginary, real]]
    own = torch.eye(channels).to(points)
    inner = torch.kron(torch.tensor(turn, dtype=torch.float64).to(points), own)
    moves = [torch.kron(torch.diag(z), inner) for z in points.T]
    return torch.stack([torch.eye(len(moves[0])).to(points), *moves])


def _spread(values: Tensor, copies: int) -> Tensor:
    """The input for every point, in its real part. shape: (Q·copies·m_in, m_in)"""
    own = torch.eye(values.shape[2]).to(values)
    start = torch.cat([own, *[torch.zeros_like(own)] * (copies - 1)])
    return start.repeat(len(values), 1)


def _gather(values: Tensor, copies: int) -> Tensor:
    """Σ_q κ_q of the real parts. shape: (m_out, Q·copies·m_in)"""
    blocks = torch.cat([values, *[torch.zeros_like(values)] * (copies - 1)], 2)
    return blocks.transpose(0, 1).flatten(1)
