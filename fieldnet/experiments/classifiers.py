"""Classifiers with one feature layer each, ReLU and a linear head, of equal parameter counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from ..generators.low_rank import LowRank
from ..lconv import LConv

TOLERANCE = 0.02
GENERATORS, HIDDEN = 6, 8
KERNEL = 3
Shape = tuple[int, int, int]


class LConvClassifier(nn.Module):
    """L-conv with learned low-rank generators on pixels as nodes, which knows nothing of the grid.

    Images of shape (count, channels, H, W) -> (count, classes).
    """

    def __init__(self, shape: Shape, classes: int, width: int):
        super().__init__()
        channels, height, rows = shape
        nodes = height * rows
        self.layer = LConv(channels, width, LowRank(GENERATORS, nodes, HIDDEN), bias=True)
        self.head = nn.Linear(width * nodes, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(torch.relu(self.layer(images.flatten(2))).flatten(1))


class Convolutional(nn.Module):
    """Convolution with zeros around the image, or around the torus (`circular`)."""

    def __init__(self, shape: Shape, classes: int, width: int, circular: bool = False):
        super().__init__()
        channels, height, rows = shape
        around: Literal["circular", "zeros"] = "circular" if circular else "zeros"
        self.layer = nn.Conv2d(channels, width, KERNEL, padding=KERNEL // 2, padding_mode=around)
        self.head = nn.Linear(width * height * rows, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(torch.relu(self.layer(images)).flatten(1))


class FullyConnected(nn.Module):
    """One hidden layer."""

    def __init__(self, shape: Shape, classes: int, width: int):
        super().__init__()
        channels, height, rows = shape
        self.layer = nn.Linear(channels * height * rows, width)
        self.head = nn.Linear(width, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(torch.relu(self.layer(images.flatten(1))))


def _circular(shape: Shape, classes: int, width: int) -> Convolutional:
    return Convolutional(shape, classes, width, circular=True)


Builder = Callable[[Shape, int, int], nn.Module]
CLASSIFIERS: dict[str, Builder] = {
    "L-conv": LConvClassifier,
    "CNN": Convolutional,
    "fully connected": FullyConnected,
    "circular CNN": _circular,
}


def parameter_count(model: nn.Module) -> int:
    """Number of learned numbers."""
    return sum(p.numel() for p in model.parameters())


def matched_widths(shape: Shape, classes: int, width: int = 16) -> dict[str, int]:
    """Widths with which every classifier has the parameters of the L-conv one of `width`, to 2%.

    Counts are affine in the width. Raises ValueError where no whole width comes so near; a larger one does.
    """
    wanted = parameter_count(LConvClassifier(shape, classes, width))
    widths = {}
    for name, build in CLASSIFIERS.items():
        one, two = (parameter_count(build(shape, classes, n)) for n in (1, 2))
        widths[name] = max(1, round(1 + (wanted - one) / (two - one)))
        got = parameter_count(build(shape, classes, widths[name]))
        if abs(got - wanted) > TOLERANCE * wanted:
            raise ValueError(
                f"got {got} parameters at best for the {name} classifier beside {wanted}, expected a "
                f"difference of 2% at most; choose a width above {width}"
            )
    return widths
