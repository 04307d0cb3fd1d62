"""Runs that are killed by SIGKILL and started again, until one ends: python killed_runs.py FOLDER CASE.

CASE is `field` (two fields, several samples, measurement noise) or `oscillators` (a stochastic integrator).
`anywhere.nc` comes from processes killed at random moments, `writing.nc` from such killed before or after a
call that makes files durable or replaces them, each in turn. Every run is a forked process. Prints for both
how many were killed, and how many of these left a checkpoint behind.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from lagrangians import parse_lagrangian
from simulations import FieldSystem, Grid, Kuramoto, simulate, solutions


def arguments(case):
    """(positional, keyword) arguments of the run."""
    if case == "field":
        grid = Grid(10.0, 24)
        density = "u_t**2/2 + v_t**2/2 - u_x**2/2 - v_x**2/2 - u**2*v**2/2"
        system = FieldSystem(parse_lagrangian(density, ("u", "v"), ("t", "x")), grid)
        q = torch.stack([solutions.random_smooth(grid, 2, seed=seed) for seed in (1, 2)], 1)
        return (system, q, 2.0), {"save_every": 0.05, "step": 0.025, "noise": 0.1, "seed": 5}
    system = Kuramoto(1.0, torch.linspace(-1, 1, 12), noise=0.3)
    return (system, torch.zeros(3, 12), 2.0), {"save_every": 0.05, "step": 0.01, "seed": 5}


def run(given, options, out, pause, seconds):
    simulate(
        *given,
        **options,
        out=out,
        progress=lambda fraction: time.sleep(pause),
        checkpoint_saves=3,
        checkpoint_seconds=seconds,
    )


def killed_after(seconds, given, options, out):
    """Whether the process was killed before it was done."""
    child = os.fork()
    if child == 0:
        run(given, options, out, pause=0.005, seconds=0.01)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] != 0


def killed_at_call(number, given, options, out):
    """Whether the process was killed at the n-th moment before or after os.fsync or os.replace."""
    child = os.fork()
    if child == 0:
        moments = 0

        def deadly(function):
            def call(*values):
                moment()
                function(*values)
                moment()

            return call

        def moment():
            nonlocal moments
            moments += 1
            if moments == number:
                os.kill(os.getpid(), signal.SIGKILL)

        os.fsync, os.replace = deadly(os.fsync), deadly(os.replace)
        run(given, options, out, pause=0.0, seconds=100.0)
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def until_one_ends(out, kill, given, options):
    """(processes killed, checkpoints that they left)."""
    kills = checkpoints = 0
    while kill(kills, given, options, out):
        kills += 1
        checkpoints += (out.with_name(f".{out.name}.partial") / "checkpoint.npz").exists()
    return kills, checkpoints


def main():
    folder, case = Path(sys.argv[1]), sys.argv[2]
    torch.set_num_threads(1)
    given, options = arguments(case)
    given[0].largest_frequency = lambda *state: 5.0  # found anew in every process otherwise
    simulate(*given, **options)
    moments = random.Random(1)

    def anywhere(kills, *rest):
        return killed_after(moments.uniform(0.0, 0.1 + 0.01 * kills), *rest)

    def writing(kills, *rest):
        return killed_at_call(1 + kills % 9, *rest)

    print(*until_one_ends(folder / "anywhere.nc", anywhere, given, options))
    print(*until_one_ends(folder / "writing.nc", writing, given, options))


if __name__ == "__main__":
    main()
