"""Kuramoto θ̇_i = ω_i + K/N Σ_j sin(θ_j − θ_i − α): find the Lie algebra under which the oscillators move.

Identical oscillators move along 1, cos θ, sin θ, which close to sl(2,R), the Möbius group of e^{iθ}; with
unequal frequencies there is no common vector field, and with a second harmonic the algebra does not close.

Runtime: about 10 s on one core.
Command: .venv/bin/python examples/kuramoto_moebius.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from fieldnet.symmetry.oscillators import discover_oscillator_symmetries
from simulations import Kuramoto, simulate
from simulations.oscillators.initial import random_phases

OSCILLATORS, SAMPLES = 24, 4


def main(folder: str = "kuramoto_moebius") -> None:
    equal = torch.ones(OSCILLATORS, dtype=torch.float64)
    unequal = equal + 0.1 * torch.from_numpy(np.random.default_rng(0).standard_normal(OSCILLATORS))
    cases = {
        "identical": (Kuramoto(1.5, equal, phase_lag=1.2), 0.0),
        "identical, 1% noise": (Kuramoto(1.5, equal, phase_lag=1.2), 0.01),
        "unequal frequencies": (Kuramoto(1.5, unequal, phase_lag=1.2), 0.0),
        "with a second harmonic": (Kuramoto(1.5, equal, phase_lag=1.2, harmonics=[1.0, 0.5]), 0.0),
    }
    for name, (system, noise) in cases.items():
        start = random_phases(OSCILLATORS, SAMPLES, seed=0)
        found = discover_oscillator_symmetries(simulate(system, start, 15.0, save_every=0.05, noise=noise))
        (picture,) = found.figures(Path(folder) / name.replace(", ", " ").replace(" ", "_").replace("%", ""))
        print(f"\n{name}: {found.verdict}")
        for label, value, compared in found.table():
            print(f"  {label:26} {value:12} {compared}")
        print(f"  written: {picture}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
