"""Gradient training: Adam, then L-BFGS, on a scalar loss."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

STALLED = 1e-3
"""A chunk of steps that lowers the loss by less than this part has stalled."""

Progress = Callable[[str, float, float], None]
"""Called as progress(stage, fraction done, loss)."""


@dataclass
class History:
    """Training and held-out losses against step and seconds."""

    stage: list[str] = field(default_factory=list)
    train: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def record(self, stage: str, train: float, held_out: float) -> None:
        self.stage.append(stage)
        self.train.append(train)
        self.held_out.append(held_out)
        self.seconds.append(time.perf_counter() - self.started)


def train(
    parameters: Iterable[nn.Parameter],
    loss: Callable[[], Tensor],
    held_out_loss: Callable[[], Tensor],
    adam_steps: int = 120,
    lbfgs_steps: int = 300,
    learning_rate: float = 0.1,
    progress: Progress | None = None,
    label: str = "training",
) -> History:
    """Minimise `loss` by Adam with a cosine schedule, then by L-BFGS with a strong Wolfe line search.

    Losses are relative: ‖R‖²/‖∫ψφ_tt‖², so 1 is no better than nothing. L-BFGS starts
    afresh where it stalls, and stops where a fresh start stalls too. Raises ValueError when the loss is not
    finite.
    """
    parameters = list(parameters)
    history = History()
    total = adam_steps + lbfgs_steps
    done = 0

    def report(stage: str, value: float) -> None:
        if progress is not None:
            progress(f"{label}, {stage}", min(done / total, 1.0), value)

    adam = torch.optim.Adam(parameters, lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, adam_steps, eta_min=learning_rate / 20)
    for step in range(adam_steps):
        adam.zero_grad()
        value = loss()
        if not torch.isfinite(value):
            raise ValueError(
                f"{label}: the loss is {value.item()} at step {step}; rescale the field or coordinates"
            )
        value.backward()
        adam.step()
        schedule.step()
        done += 1
        if step % 10 == 0 or step == adam_steps - 1:
            with torch.no_grad():
                history.record("Adam", value.item(), held_out_loss().item())
        report("Adam", value.item())

    chunk = 25
    lbfgs = _lbfgs(parameters, chunk)
    with torch.no_grad():
        scale = 1e6 / max(loss().item(), 1e-30)  # torch's L-BFGS forgets pairs of yᵀs < 1e-10

    def closure() -> Tensor:
        lbfgs.zero_grad()
        value = scale * loss()
        value.backward()
        return value

    previous = float("inf")
    fresh = True
    for _ in range(0, lbfgs_steps, chunk):
        lbfgs.step(closure)
        done += chunk
        with torch.no_grad():
            present = loss().item()
            history.record("L-BFGS", present, held_out_loss().item())
        report("L-BFGS", present)
        stalled = not present < previous * (1 - STALLED)
        if stalled and fresh:
            break
        if stalled:  # its memory of the curvature may be what misleads it
            lbfgs = _lbfgs(parameters, chunk)
        fresh = stalled
        previous = present
    if progress is not None:
        progress(f"{label}, done", 1.0, history.train[-1])
    return history


def _lbfgs(parameters: list[nn.Parameter], steps: int) -> torch.optim.LBFGS:
    return torch.optim.LBFGS(
        parameters,
        max_iter=steps,
        history_size=50,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-14,
        tolerance_change=1e-16,
    )
