"""Trained weights → Lagrangian."""

from __future__ import annotations

import numpy as np
import sympy
import torch
from torch import Tensor, nn

from lagrangians import FieldExpansion, Lagrangian, NodeExpansion, expand_mse_loss
from lagrangians.jets import JetSpace, jet_space

from .density import DensityModel
from .features import PHI
from .lconv import LConv
from .learning.field_model import FieldModel
from .learning.network_model import NetworkModel
from .network_lagrangian import network_lagrangian


def derive_lagrangian(model: nn.Module) -> Lagrangian:
    """The Lagrangian that the weights of a trained model mean, from the weights alone.

    Of a `FieldModel`: ℒ = ½φ_t² − ½ rᵀηr with L̂_i = κ_i∂_i, expanded by `lagrangians.expand_mse_loss`, the
    features z(φ) put in, total divergences and constants dropped. Of a `NetworkModel`: see
    `network_lagrangian`. Of a `DensityModel`: ℒ = rᵀηr and the remainder.

    Raises ValueError for other modules; a bare `LConv` has its forms by `expand_layer`.
    """
    if isinstance(model, FieldModel):
        return expand_field_model(model).lagrangian.without_null_terms()
    if isinstance(model, NetworkModel):
        return network_lagrangian(model)
    if isinstance(model, DensityModel):
        return model.lagrangian()
    raise ValueError(
        f"got {type(model).__name__}, expected a FieldModel or a NetworkModel; "
        "for a single LConv layer use fieldnet.expand_layer"
    )


def expand_field_model(model: FieldModel) -> FieldExpansion:
    """m₂, h^{αβ}, v and a of the model's squared residual, h in units of ∂_α: ℒ = ½φ_t² − ½ rᵀηr."""
    jets = _jets(model)
    scales = model.scales().tolist()
    space = len(scales)
    generators = [[0.0] * (1 + i) + [scales[i]] + [0.0] * (space - 1 - i) for i in range(space)]
    field = jets.fields[0]
    features = [z.subs(PHI, field) for z in model.features.expressions]
    kinetic = field.diff(jets.coordinates[0]) ** 2 / 2
    expansion = expand_mse_loss(
        _numbers(model.layer.weight),
        generators,
        output_metric=np.diag(_numbers(model.output_metric)),
        features=[*features, sympy.S.One],
        coordinates=jets.coordinates,
        fields=jets.fields,
        kinetic=kinetic,
    )
    if not isinstance(expansion, FieldExpansion):
        raise TypeError(f"got {type(expansion).__name__}, expected a FieldExpansion")
    return expansion


def expand_layer(
    layer: LConv,
    shape: tuple[int, ...],
    target: bool = False,
    output_metric: Tensor | None = None,
    measure: Tensor | float = 1.0,
) -> NodeExpansion:
    """m₂, h, v and a of the loss Σ_ν ρ r(ν)ᵀηr(ν) of a single layer on a space of the given shape.

    r = Q[f] − y with Φ = [f | y] if `target`, else r = Q[f] and Φ = f. The generators enter as their d×d
    matrices, d = ∏ shape, so the expansion is exact for any of them (the matrix form). Raises ValueError for
    a layer with bias.
    """
    if layer.bias is not None and bool((layer.bias != 0).any()):
        raise ValueError("got a layer with bias, expected none; give it a constant input channel instead")
    expansion = expand_mse_loss(
        _numbers(layer.weight),
        _numbers(layer.generators.matrix(shape)),
        target=layer.out_channels if target else 0,
        output_metric=None if output_metric is None else _numbers(output_metric),
        measure=_numbers(measure) if isinstance(measure, Tensor) else measure,
    )
    if not isinstance(expansion, NodeExpansion):
        raise TypeError(f"got {type(expansion).__name__}, expected a NodeExpansion")
    return expansion


def equations_of_motion(model: FieldModel) -> dict[sympy.Expr, sympy.Expr]:
    """{φ_tt: right-hand side}: the Euler–Lagrange equation of the density, less γφ_t where there is
    damping.
    """
    jets = _jets(model)
    velocity = jets.fields[0].diff(jets.coordinates[0])
    solved = derive_lagrangian(model).equations_of_motion()
    damping = float(model.damping.detach())
    return {left: right - damping * velocity if damping else right for left, right in solved.items()}


def _jets(model: FieldModel) -> JetSpace:
    return jet_space((model.field,), model.coordinates)


def _numbers(tensor: Tensor) -> np.ndarray:
    with torch.no_grad():
        return tensor.detach().cpu().to(torch.float64).numpy()
