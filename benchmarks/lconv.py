"""The L-conv layer in every parametrisation beside the published einsum layer: time and memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.timing import fresh_process, in_turn, milliseconds, ratio, verdict
from fieldnet import LConv
from fieldnet.generators import Circulant, Dense, Incidence, LocalStencil, LowRank, box

# batch, channels in, channels out, nodes, generators; and how many times faster low rank is to be
ROWS: tuple[tuple[tuple[int, ...], float], ...] = (
    ((64, 1, 32, 784, 8), 3),
    ((64, 32, 32, 784, 8), 20),
    ((64, 3, 32, 1024, 8), 4),
    ((16, 16, 16, 4096, 4), 80),
)
DENSE_SPEED, DENSE_MEMORY = 1.2, 0.6
RANK = 8
PLAIN, DENSE, LOW_RANK = "plain einsum", "dense", f"low rank {RANK}"
STRUCTURED = ("stencil 3×3", "circulant by FFT", "graph of 4 neighbours")


def measure() -> dict[str, Any]:
    """A forward and a backward pass with the gradients of the parameters and of the input, in float32."""
    return {
        "peak extra memory, one thread": {_name(sizes): _memory(sizes) for sizes, _ in ROWS},
        **{
            f"time, {threads} thread{'s' * (threads > 1)}": {
                _name(sizes): _time(sizes, goal, threads) for sizes, goal in ROWS
            }
            for threads in (1, 2)
        },
    }


class PlainEinsum(nn.Module):
    """The layer as the paper's authors published it (github.com/nimadehmamy/L-conv-code): two einsums."""

    def __init__(self, inputs: int, outputs: int, nodes: int, count: int):
        super().__init__()
        self.matrices = nn.Parameter(torch.randn(count, nodes, nodes) / nodes**0.5)
        self.weight = nn.Parameter(torch.randn(count + 1, outputs, inputs) / inputs**0.5)

    def forward(self, features: Tensor) -> Tensor:
        moved = torch.einsum("kdf,bcf,koc->bod", self.matrices, features, self.weight[1:])
        return moved + torch.einsum("bcd,oc->bod", features, self.weight[0])


def layer(kind: str, sizes: tuple[int, ...]) -> nn.Module:
    """The contestants have equal sizes; those on a grid take the nodes as a square."""
    _, inputs, outputs, nodes, count = sizes
    side = round(nodes**0.5)
    if kind == PLAIN:
        return PlainEinsum(inputs, outputs, nodes, count)
    makers: dict[str, Callable[[], Any]] = {
        DENSE: lambda: Dense(count, nodes),
        LOW_RANK: lambda: LowRank(count, nodes, RANK),
        STRUCTURED[0]: lambda: LocalStencil(box(1, 2), count),
        STRUCTURED[1]: lambda: Circulant((side, side), count),
        STRUCTURED[2]: lambda: Incidence(_neighbours(side), nodes, count),
    }
    return LConv(inputs, outputs, makers[kind]())


def step(kind: str, sizes: tuple[int, ...]) -> Callable[[], object]:
    """One forward and backward pass, on given features and a given gradient of the result."""
    torch.manual_seed(0)
    batch, inputs, outputs, nodes, _ = sizes
    module = layer(kind, sizes)
    side = round(nodes**0.5)
    space = (side, side) if kind in STRUCTURED[:2] else (nodes,)
    features = torch.randn(batch, inputs, *space, requires_grad=True)
    residual = torch.randn(batch, outputs, *space)
    wanted = (features, *module.parameters())
    return lambda: torch.autograd.grad(module(features), wanted, residual)


def _neighbours(side: int) -> Tensor:
    """Both directions of every edge of a periodic square lattice. shape: (4 · side², 2)"""
    nodes = torch.arange(side * side).reshape(side, side)
    others = [nodes.roll(shift, axis) for axis in (0, 1) for shift in (1, -1)]
    return torch.cat([torch.stack([nodes.flatten(), other.flatten()], 1) for other in others])


def _name(sizes: tuple[int, ...]) -> str:
    batch, inputs, outputs, nodes, count = sizes
    return f"batch {batch}, channels {inputs} to {outputs}, {nodes} nodes, {count} generators"


def _time(sizes: tuple[int, ...], goal: float, threads: int) -> dict[str, Any]:
    torch.set_num_threads(threads)
    seconds = in_turn({kind: step(kind, sizes) for kind in (PLAIN, DENSE, LOW_RANK)}, rounds=9)
    fast = in_turn({kind: step(kind, sizes) for kind in (LOW_RANK, *STRUCTURED)}, rounds=15)
    torch.set_num_threads(1)
    return {
        "milliseconds": milliseconds(seconds) | {kind: milliseconds(fast)[kind] for kind in STRUCTURED},
        f"{PLAIN} to {DENSE}": verdict(ratio(seconds, PLAIN, DENSE), DENSE_SPEED),
        f"{PLAIN} to {LOW_RANK}": verdict(ratio(seconds, PLAIN, LOW_RANK), goal),
        **{f"{LOW_RANK} to {kind}": verdict(ratio(fast, LOW_RANK, kind), 1) for kind in STRUCTURED},
    }


# Resident memory of a fresh process, from just before its first pass of this size to the peak in it. A pass
# of a small size comes before, so that libraries are loaded. The profiler's own count of the tensors' bytes
# is beside it; it leaves out what libraries take for themselves.
MEMORY = """
import re, torch
from benchmarks.lconv import step
torch.set_num_threads(1)
resident = lambda name: 1024 * int(re.search(name + r":\\s+(\\d+)", open("/proc/self/status").read())[1])
step(KIND, (2, *SIZES[1:3], 16, SIZES[4]))()
run = step(KIND, SIZES)
open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
present = resident("VmRSS")
run()
peak = resident("VmHWM") - present
with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
    run()
total, most, first = 0, 0, None
for event in sorted(profile.profiler.kineto_results.events(), key=lambda e: e.start_ns()):
    if event.name() == "[memory]":
        total += event.nbytes()
        most = max(most, total)
print(peak, most)
"""


def _memory(sizes: tuple[int, ...]) -> dict[str, Any]:
    """In MB of 10⁶ bytes: results and gradients count, the parameters and what is given do not."""
    found: dict[str, dict[str, float]] = {"resident": {}, "tensors": {}}
    for kind in (PLAIN, DENSE, LOW_RANK):
        code = MEMORY.replace("KIND", repr(kind)).replace("SIZES", repr(sizes))
        _, printed = fresh_process(code)
        for name, value in zip(found, printed.split(), strict=True):
            found[name][kind] = round(float(value) / 1e6, 1)
    part = found["resident"][DENSE] / found["resident"][PLAIN]
    return {"MB": found, f"{DENSE} to {PLAIN}": verdict(part, DENSE_MEMORY, at_most=True)}
