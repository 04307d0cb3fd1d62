"""A group convolution as a deep L-conv network: the error against the depth (arXiv:2109.07103, Theorem 1).

Equation: Q[f] = ∫ κ(z) exp(z^i L̂_i) f dz, each exp(zL̂) a product of L-convs near the identity.
Groups: translations of a periodic line; rotations of the plane; se(2); and, as a control that must not
converge, translations in the place of rotations.
Runtime: about ten seconds on one core.
Command: .venv/bin/python examples/group_convolution_depth.py [PICTURE.png] [DEEPEST]
"""

from __future__ import annotations

import math
import sys

import numpy as np
import torch

from fieldnet import algebras
from fieldnet.generators import Circulant
from fieldnet.group_convolution import GroupKernel, depth_errors, group_convolution
from fieldnet.pictures.depth import plot_depth_errors


def image(size: int) -> torch.Tensor:
    """A bump beside the centre. shape: (1, 1, size, size)"""
    axis = torch.linspace(-1, 1, size, dtype=torch.float64)
    x, y = torch.meshgrid(axis, axis, indexing="ij")
    return torch.exp(-((x - 0.2) ** 2 + 2 * (y + 0.1) ** 2) / 0.15)[None, None]


def kernel(*half_widths: float, nodes: int = 6) -> GroupKernel:
    """κ(z) = exp(−|z|²)(1 + z¹) on a box."""
    return GroupKernel.from_function(lambda z: torch.exp(-(z**2).sum(1)) * (1 + z[:, 0]), half_widths, nodes)


def main(path: str = "group_convolution_depth.png", deepest: str = "128") -> None:
    depths = [8 * 2**n for n in range(int(math.log2(int(deepest) / 8)) + 1)]
    torch.manual_seed(0)
    line = torch.sin(2 * math.pi * torch.arange(21, dtype=torch.float64) / 7)[None, None]
    plane, around = image(15), kernel(0.6)
    translation = Circulant.derivative((21,), dtype=torch.float64)
    rotation = algebras.rotations(2).on_grid((15, 15), dtype=torch.float64)
    euclid = algebras.special_euclidean(2).on_grid((15, 15), dtype=torch.float64)
    sideways = Circulant.derivative((15, 15), dtype=torch.float64).mixed(
        torch.tensor([[3.0, 0.0]], dtype=torch.float64)
    )
    lines = {
        "translations": depth_errors(kernel(1.5), translation, line, depths),
        "rotations": depth_errors(around, rotation, plane, depths),
        "rotations, second-order steps": depth_errors(around, rotation, plane, depths, order=2),
        "se(2)": depth_errors(kernel(0.3, 0.8, 0.8, nodes=2), euclid, plane, depths),
        "control: translations for rotations": depth_errors(
            around, sideways, plane, depths, truth=group_convolution(around, rotation, plane)
        ),
    }
    for name, errors in lines.items():
        slope = np.polyfit(np.log(depths[-3:]), np.log(errors[-3:]), 1)[0]
        print(f"{name:36s} error at depth {depths[-1]}: {errors[-1]:.1e}   falls as depth^{slope:.2f}")
    plot_depth_errors(depths, lines, path, orders=(1, 2))
    print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
