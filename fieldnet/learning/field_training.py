"""Training the L-conv network of a field on its weak Euler–Lagrange residual."""

import torch
from torch import Tensor
from torch.func import functional_call

from .band import set_band, stencil_units
from .field_data import FieldSamples
from .field_model import FieldModel
from .gradient import History, Progress, train


def weak_residual(model: FieldModel, samples: FieldSamples) -> Tensor:
    """R_ψ = ∫ψ_tt φ − γ∫ψ_t φ + ∫ψ F(φ) for every test function. shape: (sample, *windows)"""
    project = samples.windows.project
    values = samples.values
    return project(values, 2) - model.damping * project(values, 1) + project(model.force(values))


def relative_loss(model: FieldModel, samples: FieldSamples) -> Tensor:
    """‖R‖² / ‖∫ψ_tt φ‖²: 0 where the equation of motion holds, 1 for the model without force."""
    return (
        weak_residual(model, samples).square().sum()
        / samples.windows.project(samples.values, 2).square().sum()
    )


def initialise(model: FieldModel, samples: FieldSamples) -> dict[str, Tensor]:
    """Draw random weights in the data's own units, and return those units by parameter name.

    W = W̃·U with U the whitening of Φ over the data times the data's rate of change, a = ã·u with u the
    whitening of the stencil's differences so that |L̂z| ~ |z|, γ = γ̃·rate; tilded numbers are of size one. A
    change of units of t or x changes nothing in training.
    """
    channel = -1 - samples.space_dimensions
    with torch.no_grad():
        values = samples.values
        stack = model.stack(values)
        rows = stack.movedim(channel, -1).reshape(-1, stack.shape[channel])
        moment = rows.T @ rows / len(rows)
        moment = moment + 1e-12 * moment.diagonal().mean() * torch.eye(len(moment), dtype=moment.dtype)
        whitening = torch.linalg.inv(torch.linalg.cholesky(moment))
        project = samples.windows.project
        spread = project(values - values.mean()).square().mean().sqrt()
        rate = (project(values, 2).square().mean().sqrt() / spread).sqrt()
        every = torch.eye(model.features.channels, dtype=values.dtype)
        power = set_band(model, samples, every.expand(samples.space_dimensions, -1, -1))
        model.layer.weight.normal_(std=0.3 / len(moment) ** 0.5)
        whitened = stencil_units(model, power)
        model.stencil.weight.copy_(_random_stencil(whitened))
        units = {
            "layer.weight": rate * values.std() * whitening,
            "layer.generators.weight": whitened,
            "damping": rate,
        }
    return units


def _random_stencil(units: Tensor) -> Tensor:
    """Stencils with independent normal weights, in the given units and of size 1 there: |L̂z| ~ |z|.

    Dynamics see s(k)² alone. Normal weights give a symbol without sign changes over the longest waves; normal
    numbers in the whitened units would begin in a minimum where s(k) is −k for the shorter ones. shape: (n,
    radius, radius) -> (n, radius)
    """
    plain = torch.randn(len(units), units.shape[-1], dtype=units.dtype)
    squares = units.square().sum(-1)
    coordinates = torch.einsum("nij,nj->ni", units, plain) / squares.clamp_min(1e-300)
    return coordinates / coordinates.norm(dim=1, keepdim=True).clamp_min(1e-300)


def train_field(
    model: FieldModel,
    training: FieldSamples,
    held_out: FieldSamples,
    progress: Progress | None = None,
    label: str = "training",
) -> History:
    """Train every weight of the network from random numbers; the model is left with the trained ones.

    The random numbers come from torch's global generator: seed it for a reproducible run.
    """
    units = initialise(model, training)
    free = {name: torch.nn.Parameter(p.detach().clone()) for name, p in model.named_parameters()}

    def physical() -> dict[str, Tensor]:
        weight = free["layer.weight"] @ units["layer.weight"]
        return {
            "layer.weight": weight,
            "layer.generators.weight": torch.einsum(
                "ij,ijk->ik", free["layer.generators.weight"], units["layer.generators.weight"]
            ),
            "damping": free["damping"] * units["damping"],
        }

    def loss_on(samples: FieldSamples) -> Tensor:
        return functional_call(_Loss(model), _prefixed(physical()), (samples,))

    history = train(
        free.values(),
        lambda: loss_on(training),
        lambda: loss_on(held_out),
        progress=progress,
        label=label,
    )
    with torch.no_grad():
        for name, value in physical().items():
            model.get_parameter(name).copy_(value)
    return history


class _Loss(torch.nn.Module):
    """The relative loss as a module, so that it can be evaluated at other weights."""

    def __init__(self, model: FieldModel):
        super().__init__()
        self.model = model

    def forward(self, samples: FieldSamples) -> Tensor:
        return relative_loss(self.model, samples)


def _prefixed(parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"model.{name}": value for name, value in parameters.items()}
