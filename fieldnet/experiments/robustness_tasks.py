"""What models are trained on for the robustness experiment: images of digits, and fields of Sine-Gordon.

Inputs are standardised by the training part, so that noise of size 0.1 is a tenth of their spread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lagrangians import catalogue
from simulations import FieldSystem, Grid, simulate, solutions

from ..generators import Stencil
from ..lconv import LConv
from .classification import Protocol, train_classifier
from .classifiers import CLASSIFIERS, matched_widths
from .datasets import ImageData
from .image_variants import make_variant, split

Part = tuple[Tensor, Tensor]
LENGTH, POINTS, DELAY = 20.0, 32, 2.0
TRAIN, VALIDATION, TEST = 1000, 200, 300
WIDTH, KERNEL, HIDDEN = 32, 7, 128
EPOCHS, BATCH, RATE = 60, 50, 1e-2


@dataclass(frozen=True)
class Task:
    """Models by name with their builders, data of one seed, and how they are trained and judged."""

    loss: str
    train: Part
    validation: Part
    test: Part
    models: dict[str, Callable[[], nn.Module]]
    fit: Callable[[nn.Module, Part, Part, int], None]


def digits(data: ImageData, variant: str, seed: int, epochs: int = 40) -> Task:
    """Classify images, as they are or rotated; parts, angles and weights are drawn by the seed.

    The classifiers of equal size and the training of `fieldnet.experiments.classification`, learning rate
    and weight decay fixed.
    """
    parts = split(data, seed=seed)
    images = make_variant(torch.from_numpy(data.images), variant, seed)
    images = (images - images[parts.train].mean()) / images[parts.train].std().clamp_min(1e-8)
    labels = torch.from_numpy(data.labels)
    train, validation, test = (
        (images[rows], labels[rows]) for rows in (parts.train, parts.validation, parts.test)
    )
    shape = (images.shape[1], images.shape[2], images.shape[3])
    widths = matched_widths(shape, data.classes)

    def build(name: str) -> Callable[[], nn.Module]:
        return lambda: CLASSIFIERS[name](shape, data.classes, widths[name])

    def fit(model: nn.Module, train: Part, validation: Part, seed: int) -> None:
        train_classifier(model, train, validation, Protocol(epochs=epochs), (3e-3, 1e-2), seed)

    names = {"L-conv": "L-conv", "CNN": "CNN", "MLP": "fully connected"}
    models = {shown: build(name) for shown, name in names.items()}
    return Task("cross_entropy", train, validation, test, models, fit)


def sine_gordon(seed: int, epochs: int | None = None) -> Task:
    """Predict (φ, φ_t) of φ_tt = φ_xx − sin φ a time 2 later; random smooth data of amplitude 0.3 to 3.

    shape: inputs and targets (count, 2, 32)
    """
    grid, count = Grid(length=LENGTH, points=2 * POINTS), TRAIN + VALIDATION + TEST
    parts = [
        solutions.random_smooth(grid, count, amplitude, correlation_length=2.0, seed=2 * seed + number)
        for number, amplitude in enumerate((1.0, 0.7))
    ]
    draw = torch.Generator().manual_seed(seed)
    sizes = 0.3 + 2.7 * torch.rand(count, 1, generator=draw, dtype=torch.float64)
    initial = (sizes * parts[0], sizes * parts[1])
    found = simulate(
        FieldSystem(catalogue.sine_gordon(), grid), initial, DELAY, save_every=DELAY, velocities=True
    )
    fields = [torch.from_numpy(next(iter(part.values())).values) for part in found]
    states = torch.stack(fields, 2)[..., ::2]
    centre, spread = states[:TRAIN, 0].mean((0, 2), True), states[:TRAIN, 0].std((0, 2), keepdim=True)
    inputs, targets = (states[:, 0] - centre) / spread, (states[:, -1] - centre) / spread
    train, validation, test = zip(
        *(part.split((TRAIN, VALIDATION, TEST)) for part in (inputs, targets)), strict=True
    )

    def fit(model: nn.Module, train: Part, validation: Part, seed: int) -> None:
        regress(model, train, epochs or EPOCHS, seed)

    return Task("mse", train, validation, test, FIELD_MODELS, fit)


def regress(model: nn.Module, train: Part, epochs: int, seed: int) -> None:
    """Adam on the mean square, the learning rate falling to 0 as a cosine. The model is changed in place."""
    inputs, targets = train
    draw = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters(), RATE)
    batches = -(-len(inputs) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * batches)
    for _ in range(epochs):
        for rows in torch.randperm(len(inputs), generator=draw).split(BATCH):
            loss = (model(inputs[rows]) - targets[rows]).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()


def _layer(channels: int, outputs: int) -> LConv:
    return LConv(channels, outputs, Stencil((LENGTH / POINTS,), radius=KERNEL // 2), bias=True)


def _convolution(channels: int, outputs: int) -> nn.Conv1d:
    return nn.Conv1d(channels, outputs, KERNEL, padding=KERNEL // 2, padding_mode="circular")


FIELD_MODELS: dict[str, Callable[[], nn.Module]] = {
    "L-conv": lambda: nn.Sequential(
        _layer(2, WIDTH), nn.GELU(), _layer(WIDTH, WIDTH), nn.GELU(), _layer(WIDTH, 2)
    ),
    "CNN": lambda: nn.Sequential(_convolution(2, WIDTH), nn.GELU(), _convolution(WIDTH, 2)),
    "MLP": lambda: nn.Sequential(
        nn.Flatten(),
        nn.Linear(2 * POINTS, HIDDEN),
        nn.GELU(),
        nn.Linear(HIDDEN, 2 * POINTS),
        nn.Unflatten(1, (2, POINTS)),
    ),
    "one L-conv layer": lambda: _layer(2, 2),
}
