"""Does the Euler–Lagrange expression of the loss say how a trained model's loss changes under noise?

Every model of every task is scored on held-out samples, then 64 draws of normal noise of standard deviation
0.1 are put on each input (in units of the inputs' spread). Reported, for each seed: Spearman's correlation of
the RMS change of the loss with the score to first and to second order, beside the loss itself, the norm of
the input and a random number. Nothing here is chosen by looking at a held-out sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..robustness import Robustness, Verification, robustness
from ..robustness.verification import rank_correlation
from .classification import accuracy
from .classifiers import parameter_count
from .datasets import ImageData
from .image_variants import VARIANTS
from .robustness_tasks import Task, digits, sine_gordon

Progress = Callable[[str, float, float], None]
SIZE, DRAWS = 0.1, 64
NOISE_SEED = 10**6  # the noise shares no random numbers with data, weights and probes
SHOWN = 150
"""Samples whose figures are kept for the scatter."""
PREDICTORS = ("second order", "first order", "loss", "norm", "random")


def run_all(
    seeds: Sequence[int],
    images: ImageData | None = None,
    progress: Progress | None = None,
    keep: Callable[[dict[str, Any]], None] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """All tasks, models and seeds, as JSON: under "tasks", task → model → `runs`, a dict a seed.

    Without `images` there is the field task alone. `keep` is called with what there is after every seed of
    a task. `options` go to the tasks (`epochs`).
    """
    makers: dict[str, Callable[[int], Task]] = {}
    if images is not None:
        makers = {
            "digits": lambda seed: digits(images, VARIANTS[0], seed, **options),
            "digits, rotated": lambda seed: digits(images, VARIANTS[1], seed, **options),
        }
    makers["Sine-Gordon field"] = lambda seed: sine_gordon(seed, **options)
    tasks: dict[str, Any] = {}
    examples: dict[str, Any] = {}
    result = {"size": SIZE, "draws": DRAWS, "seeds": list(seeds), "tasks": tasks, "examples": examples}
    for name, make in makers.items():
        tasks[name] = {}
        for place, seed in enumerate(seeds):
            task = make(seed)
            for kind, build in task.models.items():
                model = trained(task, build, seed)
                run, found, verification = judge(task, model, seed)
                tasks[name].setdefault(kind, {"parameters": parameter_count(model), "runs": []})
                tasks[name][kind]["runs"].append(run)
                if place == 0:
                    tasks[name][kind]["samples"] = shown_samples(found, verification)
                    if kind == "L-conv":
                        examples[name] = shown_maps(found)
                if progress is not None:
                    progress(f"{name}, {kind}, seed {seed}, done", 1.0, run["mean loss"])
            if keep is not None:
                keep(result)
    return result


def trained(task: Task, build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """A model from random weights of the seed, in float64 and in use."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build().to(task.train[0].dtype)
    task.fit(model, task.train, task.validation, seed)
    return model.double().eval()


def judge(task: Task, model: nn.Module, seed: int) -> tuple[dict[str, Any], Robustness, Verification]:
    """Score the held-out samples of a model and verify the score. float64: small losses differ too."""
    inputs, targets = task.test[0].double(), task.test[1]
    found = robustness(model, (inputs, targets), task.loss, size=SIZE, seed=seed)
    verification = found.verify(draws=DRAWS, seed=seed + NOISE_SEED)
    correlations = {
        "second order": verification.correlations["score"],
        "first order": rank_correlation(found.first_order, verification.measured),
        **{name: verification.correlations[name] for name in ("loss", "norm", "random")},
    }
    quality = (
        {"accuracy": accuracy(model, (inputs, targets))}
        if task.loss == "cross_entropy"
        else {
            "unexplained": float(
                found.loss.sum() / (targets - targets.mean((0, 2), keepdim=True)).square().sum()
            )
        }
    )
    run = {
        "seed": seed,
        "samples": len(inputs),
        "correlations": {name: round(value, 4) for name, value in correlations.items()},
        "ceiling": round(verification.ceiling, 4),
        "measured over predicted": round(verification.ratio, 4),
        "mean loss": round(float(found.loss.mean()), 6),
        **{name: round(value, 4) for name, value in quality.items()},
    }
    return run, found, verification


def shown_samples(found: Robustness, verification: Verification) -> dict[str, list[float]]:
    """Predicted and measured RMS change of the first samples, and their loss, for the scatter."""
    columns = {"predicted": found.predicted, "measured": verification.measured, "loss": found.loss}
    return {name: [float(f"{x:.4g}") for x in column[:SHOWN]] for name, column in columns.items()}


def shown_maps(found: Robustness) -> list[dict[str, Any]]:
    """Input and Euler–Lagrange expression of the sample of median score and of the two of greatest."""
    order = found.score.argsort()
    places = [int(order[len(order) // 2]), int(order[-2]), int(order[-1])]
    return [
        {
            "score": float(f"{found.score[place]:.4g}"),
            "input": _rounded(found.inputs[place, 0]),
            "euler_lagrange": _rounded(found.euler_lagrange[place, 0]),
        }
        for place in places
    ]


def _rounded(values: Tensor) -> Any:
    """Nested lists, to four decimals of the largest."""
    unit = 10.0 ** (4 - int(torch.log10(values.abs().max().clamp_min(1e-300)).floor()))
    return ((values * unit).round() / unit).tolist()


def robustness_table(result: dict[str, Any]) -> str:
    """Markdown: of the seeds the least rank correlation with the RMS change; of random numbers the farthest
    from 0; and how often the score, to second order, is ahead of the loss, whatever the loss's sign.
    """
    lines = [
        "| task, model | " + " | ".join(PREDICTORS) + " | ceiling | measured/predicted | beats the loss |",
        "| --- | " + " | ".join("---" for _ in range(len(PREDICTORS) + 3)) + " |",
    ]
    for task, models in result["tasks"].items():
        for model, content in models.items():
            runs = content["runs"]
            cells = []
            for name in PREDICTORS:
                values = [run["correlations"][name] for run in runs]
                cells.append(f"{max(values, key=abs) if name == 'random' else min(values):.3f}")
            ratios = [run["measured over predicted"] for run in runs]
            found = [run["correlations"] for run in runs]
            wins = sum(one["second order"] > abs(one["loss"]) for one in found)
            cells += [f"{min(run['ceiling'] for run in runs):.3f}", f"{min(ratios):.2f}–{max(ratios):.2f}"]
            lines.append(f"| {task}, {model} | {' | '.join(cells)} | {wins} of {len(runs)} |")
    return "\n".join(lines)
