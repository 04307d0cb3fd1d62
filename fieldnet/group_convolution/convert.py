"""Convolutional and graph-convolutional layers as L-convs, equal to round-off (arXiv:2109.07103, sec. 3)."""

from __future__ import annotations

from itertools import product

import numpy as np
import torch
from torch import Tensor, nn

from ..generators import Circulant, Fixed, GeneratorModule, Incidence, LocalStencil, Zero
from ..lconv import LConv

NORMALISATIONS = ("symmetric", "random walk", "laplacian")


def from_convolution(conv: nn.Conv1d | nn.Conv2d | nn.Conv3d, shape: tuple[int, ...]) -> LConv:
    """The L-conv that equals a circular convolution on grids of the given shape.

    With S_o f(x) = f(x + o) for every offset o ≠ 0 of the kernel K, and generators L̂_o = S_o − 1, which kill
    constants,

        Σ_o K_o f(x + o) = (Σ_o K_o) f + Σ_{o≠0} K_o L̂_o f,         W⁰ = Σ_o K_o,  W^o = K_o.

    Offsets that agree on the periodic grid are one generator, and the layer is then for that grid alone. Any
    kernel size, dilation, groups and bias. The generators are fixed, the weights are copies and can be
    trained; without padding_mode='circular' only a kernel of one point is accepted. Raises ValueError for
    strides, for another padding mode, and where the output has another shape than the input.
    """
    _check(conv, shape)
    sizes, rates = conv.kernel_size, conv.dilation
    lefts = [_left_padding(conv, axis) for axis in range(len(shape))]
    taps: dict[tuple[int, ...], Tensor] = {}
    kernel, fits = _without_groups(conv).detach(), True
    for place in product(*(range(size) for size in sizes)):
        steps = [a * rate - left for a, rate, left in zip(place, rates, lefts, strict=True)]
        fits = fits and all(2 * abs(step) < size for step, size in zip(steps, shape, strict=True))
        offset = tuple(_nearest(step, size) for step, size in zip(steps, shape, strict=True))
        tap = kernel.flatten(2)[..., int(np.ravel_multi_index(place, sizes))]
        taps[offset] = taps[offset] + tap if offset in taps else tap
    moving = [offset for offset in taps if any(offset)]
    generators = _differences(moving, tuple(shape), kernel, fits)
    weights = [torch.stack(list(taps.values())).sum(0), *(taps[offset] for offset in moving)]
    if not moving:
        weights.append(torch.zeros_like(weights[0]))
    return LConv.of(torch.stack(weights), generators, conv.bias)


def from_graph_convolution(
    adjacency: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    normalisation: str = "symmetric",
    self_loops: bool = True,
) -> LConv:
    """The L-conv that equals a graph convolution H' = ÃHΘ, with feature maps (..., m, d) for H (d, m).

    `adjacency` A is d×d, dense or sparse, A_ij the weight with which node i hears node j; `weight` Θ is
    (m_in, m_out). With D the row sums,
    - "symmetric": Ã = D^−½(A + I)D^−½ (Kipf & Welling 2017), the node's own D^−½ being 0 where D is 0;
    - "random walk": Ã = D⁻¹(A + I);
    - "laplacian": Ã = D − A.
    `self_loops` = False leaves out the I of the first two.

    Where all row sums of Ã are one number r, L̂ = Σ_j Ã_ij(f_j − f_i) lies on the incidence matrix (eq. 72)
    and kills constants, W⁰ = rΘᵀ and W¹ = Θᵀ. Else (the symmetric one, unless the graph is regular) L̂ = Ã − I
    and W⁰ = W¹ = Θᵀ: then L̂ kills not the constants but D^½1.
    """
    if adjacency.ndim != 2 or adjacency.shape[0] != adjacency.shape[1] or weight.ndim != 2:
        raise ValueError(
            f"got an adjacency of shape {tuple(adjacency.shape)} and a weight of shape "
            f"{tuple(weight.shape)}; expected (d, d) and (in, out)"
        )
    matrix = _normalised(adjacency.detach().to_dense().to(weight), normalisation, self_loops)
    theta = weight.detach().T
    sums = matrix.sum(1)
    if (sums - sums[0]).abs().max() <= 100 * torch.finfo(sums.dtype).eps * matrix.abs().sum(1).max():
        off = matrix - torch.diag(matrix.diagonal())
        edges = off.nonzero()
        generators: GeneratorModule = Incidence(
            edges, len(matrix), weight=off[edges[:, 0], edges[:, 1]][None]
        )
        own = sums.mean()
    else:
        generators = Fixed((matrix - torch.eye(len(matrix)).to(matrix))[None])
        own = sums.new_ones(())
    return LConv.of(torch.stack([own * theta, theta]), generators, bias)


def _check(conv: nn.Module, shape: tuple[int, ...]) -> None:
    if not isinstance(conv, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        raise ValueError(f"got {type(conv).__name__}, expected nn.Conv1d, nn.Conv2d or nn.Conv3d")
    if len(shape) != len(conv.kernel_size) or min(shape) < 1:
        raise ValueError(
            f"got a grid of shape {tuple(shape)}, expected {len(conv.kernel_size)} axes of at least one point"
        )
    if any(step != 1 for step in conv.stride):
        raise ValueError(f"got the stride {conv.stride}, expected 1: an L-conv keeps the grid")
    if conv.padding_mode != "circular" and any(size != 1 for size in conv.kernel_size):
        raise ValueError(
            f"got padding_mode={conv.padding_mode!r}, expected 'circular': other paddings break translation"
        )
    if isinstance(conv.padding, str):
        if conv.padding == "valid" and any(size != 1 for size in conv.kernel_size):
            raise ValueError("got padding='valid', expected 'same' or whole numbers that keep the grid")
        return
    for size, rate, padding in zip(conv.kernel_size, conv.dilation, conv.padding, strict=True):
        if 2 * padding != rate * (size - 1):
            raise ValueError(
                f"got the padding {conv.padding} for a kernel {conv.kernel_size} with dilation "
                f"{conv.dilation}, expected one that keeps the grid; use padding='same'"
            )


def _left_padding(conv: nn.Conv1d | nn.Conv2d | nn.Conv3d, axis: int) -> int:
    """Points added before the axis; of 'same', half of dilation·(kernel − 1), rounded down."""
    if isinstance(conv.padding, str):
        return conv.dilation[axis] * (conv.kernel_size[axis] - 1) // 2
    return conv.padding[axis]


def _nearest(offset: int, size: int) -> int:
    """The offset modulo size in (−size/2, size/2]."""
    offset %= size
    return offset - size if 2 * offset > size else offset


def _without_groups(conv: nn.Conv1d | nn.Conv2d | nn.Conv3d) -> Tensor:
    """The kernel of an ungrouped convolution: zero between groups. shape: (m_out, m_in, *kernel_size)"""
    blocks = conv.weight.chunk(conv.groups)
    rows, columns = blocks[0].shape[:2]
    full = conv.weight.new_zeros(conv.out_channels, conv.in_channels, *conv.kernel_size)
    for n, block in enumerate(blocks):
        full[n * rows : (n + 1) * rows, n * columns : (n + 1) * columns] = block
    return full


def _differences(
    offsets: list[tuple[int, ...]], shape: tuple[int, ...], kernel: Tensor, fits: bool
) -> GeneratorModule:
    """S_o − 1 for every offset: local stencils, for any grid, where all fit on this one; else by FFT."""
    if not offsets:
        return Zero(1, len(shape), kernel.dtype, kernel.device)
    count = len(offsets)
    if fits:
        return LocalStencil(offsets, weight=torch.eye(count, dtype=kernel.dtype, device=kernel.device))
    shifts = kernel.new_zeros(count, *shape)
    for n, offset in enumerate(offsets):
        shifts[(n, *offset)] = 1.0
        shifts[(n, *[0] * len(shape))] = -1.0
    return Circulant(shape, kernel=shifts)


def _normalised(adjacency: Tensor, normalisation: str, self_loops: bool) -> Tensor:
    if normalisation not in NORMALISATIONS:
        raise ValueError(f"got the normalisation {normalisation!r}, expected one of {NORMALISATIONS}")
    if normalisation == "laplacian":
        return torch.diag(adjacency.sum(1)) - adjacency
    if self_loops:
        adjacency = adjacency + torch.eye(len(adjacency)).to(adjacency)
    degrees = adjacency.sum(1)
    if (degrees < 0).any():
        raise ValueError("got an adjacency with negative row sums, expected degrees ≥ 0")
    power = -0.5 if normalisation == "symmetric" else -1.0
    factors = torch.where(degrees > 0, degrees, 1.0) ** power * (degrees > 0)
    scaled = factors[:, None] * adjacency
    return scaled * factors if normalisation == "symmetric" else scaled
