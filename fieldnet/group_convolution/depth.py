"""How the error of the L-conv network falls with its depth."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..generators import GeneratorModule
from .approximate import approximate_group_convolution
from .kernel import GroupKernel, group_convolution


def depth_errors(
    kernel: GroupKernel,
    generators: GeneratorModule,
    features: Tensor,
    depths: Sequence[int],
    order: int = 1,
    truth: Tensor | None = None,
) -> list[float]:
    """‖network(f) − Q[f]‖ / ‖Q[f]‖ for networks of the given depths, Q the exact `group_convolution`.

    Another `truth` than Q[f] may be given, such as that of another group (a control). Draw the result with
    `fieldnet.pictures.depth.plot_depth_errors`. Raises ValueError for a truth that vanishes.
    """
    with torch.no_grad():
        exact = group_convolution(kernel, generators, features) if truth is None else truth
        size = float(exact.norm())
        if not size > 0:
            raise ValueError(f"got a group convolution of norm {size}, expected one that does not vanish")
        networks = (approximate_group_convolution(kernel, generators, depth, order) for depth in depths)
        return [float((network(features) - exact).norm()) / size for network in networks]
