"""Convolutions over Lie groups, and other layers, as networks of L-convs."""

from .approximate import approximate_group_convolution
from .convert import from_convolution, from_graph_convolution
from .depth import depth_errors
from .exponential import exponential_action
from .kernel import GroupKernel, group_convolution
from .recurrent import RecurrentLConv

__all__ = [
    "GroupKernel",
    "RecurrentLConv",
    "approximate_group_convolution",
    "depth_errors",
    "exponential_action",
    "from_convolution",
    "from_graph_convolution",
    "group_convolution",
]
