"""L-conv against other layers on images: as they are, rotated, and rotated and scrambled.

The paper's image experiment (arXiv:2109.07103) with a test set that is looked at once: the learning rate and
the weight decay are chosen on the validation part by the first seed, the epoch on it by every seed; then the
test part is read. Seeds change initial weights and the order of batches; images, angles, permutation and
parts stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .classifiers import CLASSIFIERS, matched_widths, parameter_count
from .datasets import ImageData
from .image_variants import VARIANTS, Split, make_variant, split

Progress = Callable[[str, float, float], None]
Part = tuple[Tensor, Tensor]
Choice = tuple[float, float]  # learning rate, weight decay


@dataclass(frozen=True)
class Protocol:
    """What is fixed in advance; validation chooses from `learning_rates` and `weight_decays`."""

    width: int = 16
    epochs: int = 40
    batch: int = 64
    learning_rates: tuple[float, ...] = (1e-3, 3e-3)
    weight_decays: tuple[float, ...] = (1e-2, 1.0)
    seeds: tuple[int, ...] = (0, 1, 2)
    largest_angle: float = 180.0
    data_seed: int = 0
    classifiers: tuple[str, ...] = field(default_factory=lambda: tuple(CLASSIFIERS))
    variants: tuple[str, ...] = VARIANTS


@dataclass(frozen=True)
class Trained:
    """A model with the weights of its best epoch, and the accuracy in percent on the validation part."""

    model: nn.Module
    validation: float
    epoch: int
    losses: list[float]


def train_classifier(
    model: nn.Module, train: Part, validation: Part, protocol: Protocol, choice: Choice, seed: int
) -> Trained:
    """Adam with weight decay on the cross entropy; the weights of the epoch of best validation accuracy, and
    of lowest validation loss among these, are kept. The model is changed in place.
    """
    images, labels = train
    draw = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=choice[0], weight_decay=choice[1])
    best, kept, epoch, losses = (-1.0, 0.0), dict(model.state_dict()), 0, []
    for number in range(1, protocol.epochs + 1):
        total = 0.0
        for batch in torch.randperm(len(images), generator=draw).split(protocol.batch):
            loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(batch)
        losses.append(total / len(images))
        score = _score(model, validation)
        if score > best:
            best, epoch = score, number
            kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(kept)
    return Trained(model, best[0], epoch, losses)


def accuracy(model: nn.Module, part: Part) -> float:
    """Percent of images classified rightly."""
    return _score(model, part)[0]


@torch.no_grad()
def _score(model: nn.Module, part: Part) -> tuple[float, float]:
    outputs = torch.cat([model(images) for images in part[0].split(512)])
    loss = float(nn.functional.cross_entropy(outputs, part[1]))
    return 100 * float((outputs.argmax(1) == part[1]).double().mean()), -loss


def compare_classifiers(
    data: ImageData, protocol: Protocol | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Train every classifier on every variant with every seed; accuracies in percent, as JSON.

    Under "results", variant → classifier → `test` (a number a seed), `mean`, `standard_deviation` (of the
    seeds, n − 1), `validation`, `epochs`, `learning_rate`, `weight_decay`, `parameters`, `width`, `seconds`
    of one training. Raises ValueError for unknown names.
    """
    protocol = protocol or Protocol()
    for name in protocol.classifiers:
        if name not in CLASSIFIERS:
            raise ValueError(f"got the classifier '{name}', expected one of {', '.join(CLASSIFIERS)}")
    parts = split(data, seed=protocol.data_seed)
    shape = (data.images.shape[1], data.images.shape[2], data.images.shape[3])
    widths = matched_widths(shape, data.classes, protocol.width)
    results: dict[str, Any] = {}
    done, total = 0, len(protocol.variants) * len(protocol.classifiers)
    for variant in protocol.variants:
        results[variant] = {}
        train, validation, test = _standardised(data, parts, variant, protocol)
        for name in protocol.classifiers:

            def build(seed: int, name: str = name) -> nn.Module:
                torch.manual_seed(seed)
                return CLASSIFIERS[name](shape, data.classes, widths[name])

            with torch.random.fork_rng(devices=[]):
                result = _all_seeds(build, train, validation, test, protocol)
            results[variant][name] = result | {"width": widths[name]}
            done += 1
            if progress is not None:
                progress(f"{variant}, {name}", done / total, result["mean"])
    return {
        "images": {
            "shape": list(shape),
            "classes": data.classes,
            **{part: len(getattr(parts, part)) for part in ("train", "validation", "test")},
            "test set": "drawn" if data.test is None else "of the files",
        },
        "protocol": asdict(protocol),
        "results": results,
    }


def _all_seeds(
    build: Callable[[int], nn.Module], train: Part, validation: Part, test: Part, protocol: Protocol
) -> dict[str, Any]:
    """The choice by the first seed's validation accuracy, then all seeds; the test part last."""
    first = protocol.seeds[0]
    start = time.perf_counter()
    tried = {
        choice: train_classifier(build(first), train, validation, protocol, choice, first)
        for choice in product(protocol.learning_rates, protocol.weight_decays)
    }
    seconds = (time.perf_counter() - start) / len(tried)
    choice = max(tried, key=lambda one: tried[one].validation)
    runs = [tried[choice]]
    runs += [
        train_classifier(build(seed), train, validation, protocol, choice, seed)
        for seed in protocol.seeds[1:]
    ]
    tested = [accuracy(run.model, test) for run in runs]
    return {
        "test": [round(value, 3) for value in tested],
        "mean": round(float(np.mean(tested)), 3),
        "standard_deviation": round(float(np.std(tested, ddof=1)), 3) if len(tested) > 1 else None,
        "validation": [round(run.validation, 3) for run in runs],
        "epochs": [run.epoch for run in runs],
        "learning_rate": choice[0],
        "weight_decay": choice[1],
        "parameters": parameter_count(runs[0].model),
        "seconds": round(seconds, 2),
    }


def _standardised(data: ImageData, parts: Split, variant: str, protocol: Protocol) -> tuple[Part, Part, Part]:
    """The three parts, less the mean of all training pixels, over their standard deviation."""
    images = make_variant(torch.from_numpy(data.images), variant, protocol.data_seed, protocol.largest_angle)
    labels = torch.from_numpy(data.labels)
    mean, size = images[parts.train].mean(), images[parts.train].std().clamp_min(1e-8)
    images = (images - mean) / size
    found = [(images[rows], labels[rows]) for rows in (parts.train, parts.validation, parts.test)]
    return found[0], found[1], found[2]


def accuracy_table(content: Mapping[str, Any]) -> str:
    """Markdown: test accuracies in percent, mean ± standard deviation over seeds, one row a classifier."""
    results = content["results"]
    variants: Sequence[str] = list(results)
    lines = [
        f"| layer | parameters | {' | '.join(variants)} |",
        f"| --- | --- | {' | '.join('---' for _ in variants)} |",
    ]
    for name in results[variants[0]]:
        cells = []
        for variant in variants:
            found = results[variant][name]
            spread = found["standard_deviation"]
            cells.append(f"{found['mean']:.1f}" + ("" if spread is None else f" ± {spread:.1f}"))
        count = results[variants[0]][name]["parameters"]
        lines.append(f"| {name} | {count:,} | {' | '.join(cells)} |")
    return "\n".join(lines)
