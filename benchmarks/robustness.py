"""The score of robustness against the measured change of the loss: `fieldnet reproduce robustness`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from fieldnet.experiments.datasets import load_images
from fieldnet.experiments.robustness import run_all

IMAGES = Path(__file__).parents[1] / "tests" / "data" / "digits.npz"
SEEDS = 5


def measure() -> dict[str, Any]:
    """Five seeds of every task and model, every one counted. About six minutes on one core."""
    began = time.perf_counter()
    result = run_all(range(SEEDS), load_images(IMAGES))
    command = f"fieldnet reproduce robustness --images tests/data/digits.npz --seeds {SEEDS} --out DIR"
    return {"seconds": round(time.perf_counter() - began, 1), "same as": command, **result}
