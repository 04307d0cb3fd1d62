"""Shifts on a line of d = 20 points: the paper's first experiment, with the many logarithms of a shift.

x has independent normal values on a periodic line and y_i = x_{i+z}, z = 2, so y = exp(zL) x with the
Whittaker–Shannon generator L: L_jk = π/d (−1)^{j−k}/tan(π(j−k)/d), symbol iκ(k) = 2πik/d. For even d the mode
k = d/2 has L = 0: exp(zL) leaves it alone while an odd shift changes its sign, and −1 alone has no real
logarithm. A shift by z = 2 fixes each κ only modulo 2π/z, so that of all real matrices without loss only a
vector field is the truth.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..generators.bases import Trigonometric
from ..generators.derivatives import derivative_matrix
from .learning import simplest
from .scoring import cosine

POINTS = 20
SHIFT = 2
TRAINING, HELD_OUT = 200, 100
ADAM_STEPS = 400
BAND = 4
"""Wavenumbers |k| ≤ 4, where the phase of the shift by two is less than π."""
MODES = 2
FAMILIES = ("constant vector field", "vector field", "circulant", "dense")
PARAMETERS = dict(zip(FAMILIES, (1, 2 * MODES + 1, POINTS, POINTS**2), strict=True))
COARSE = (1, 2, 4, 7, POINTS // 2)
"""Vector fields are fitted to wavenumbers up to these, one after the other."""
PUBLISHED_FINITE = {8: 0.77, 16: 0.93}
Report = Callable[[str, float, float], None]


def translation_generator(points: int = POINTS) -> Tensor:
    """The Whittaker–Shannon ∂, period d. shape: (d, d)"""
    return derivative_matrix(points, "spectral", 1.0).double()


def shift_matrix(z: int, points: int = POINTS) -> Tensor:
    """(S x)_i = x_{i+z}, a permutation. shape: (d, d)"""
    return torch.roll(torch.eye(points, dtype=torch.float64), -z, 0)


def shift_without_nyquist(z: float, points: int = POINTS) -> Tensor:
    """The paper's interpolated shift, Σ_{|k|<d/2} cos(2πk(j − i − z)/d)/d. shape: (d, d)"""
    steps = torch.arange(points, dtype=torch.float64)
    k = torch.arange(-(points // 2) + 1, points // 2, dtype=torch.float64)[:, None, None]
    return torch.cos(2 * math.pi * k * (steps - steps[:, None] - z) / points).mean(0) * len(k) / points


def finite_shifts(
    generator: Tensor, z: float = SHIFT, counts: Sequence[int] = (1, 2, 4, 8, 16, 32, 64)
) -> list[dict]:
    """(I + zL/n)ⁿ and exp(zL), n = None, beside the shift: cosines and largest error."""
    size = len(generator)
    exact, paper = shift_matrix(round(z), size), shift_without_nyquist(z, size)
    one = torch.eye(size, dtype=generator.dtype)
    rows = []
    for n in (*counts, None):
        if n is None:
            matrix = torch.matrix_exp(z * generator)
        else:
            matrix = torch.linalg.matrix_power(one + z / n * generator, n)
        rows.append(
            {
                "n": n,
                "cosine_paper": cosine(matrix, paper),
                "cosine_exact": cosine(matrix, exact),
                "largest_error": float((matrix - exact).abs().max()),
                "published": PUBLISHED_FINITE.get(n) if n else None,
            }
        )
    return rows


def translation_pairs(seed: int, kind: str = "shifted", points: int = POINTS) -> tuple[Tensor, Tensor]:
    """`kind` "shifted"; or the controls "shuffled", partners of other lines, and "unshifted", y = x.

    shape: (TRAINING + HELD_OUT, d) twice
    """
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(TRAINING + HELD_OUT, points, generator=draw, dtype=torch.float64)
    y = {"shifted": x.roll(-SHIFT, 1), "shuffled": x.roll(-SHIFT, 1).roll(1, 0), "unshifted": x}.get(kind)
    if y is None:
        raise ValueError(f"got the kind {kind!r}, expected 'shifted', 'shuffled' or 'unshifted'")
    return x, y


def generator_of(family: str, parameters: Tensor) -> Tensor:
    """zL of a family: v∂ with v constant or of MODES modes, a circulant c_{j−i}, or all entries free.

    shape: (PARAMETERS[family],) -> (POINTS, POINTS)
    """
    if family in FAMILIES[:2]:
        functions = Trigonometric(0 if family == FAMILIES[0] else MODES).values((POINTS,))
        return (parameters @ functions)[:, None] * translation_generator()
    if family == "circulant":
        steps = torch.arange(POINTS)
        return parameters[(steps - steps[:, None]) % POINTS]
    if family == "dense":
        return parameters.reshape(POINTS, POINTS)
    raise ValueError(f"got the family {family!r}, expected one of {', '.join(FAMILIES)}")


def fit_generator(family: str, x: Tensor, y: Tensor, seed: int) -> Tensor:
    """zL by L-BFGS, for matrices after Adam, on y = exp(zL) x from normal parameters of size 0.1/√d.

    Vector fields are fitted to low wavenumbers first; the matrices have no neighbouring modes to learn from.
    """
    draw = torch.Generator().manual_seed(seed)
    parameters = 0.1 / POINTS**0.5 * torch.randn(PARAMETERS[family], generator=draw, dtype=x.dtype)
    smooth = family in FAMILIES[:2]
    for band in COARSE if smooth else COARSE[-1:]:
        low = _low_pass(POINTS, band)
        parameters = _refine(family, parameters, x, y @ low, low, 0 if smooth else ADAM_STEPS)
    return generator_of(family, parameters)


def _refine(family: str, start: Tensor, x: Tensor, target: Tensor, low: Tensor, steps: int) -> Tensor:
    """Least squares of `low` exp(zL) x − target; where L-BFGS leaves the finite numbers, Adam's answer."""
    parameters = start.clone().requires_grad_()

    def loss() -> Tensor:
        operator = low @ torch.matrix_exp(generator_of(family, parameters))
        return ((x @ operator.T - target) ** 2).mean()

    adam = torch.optim.Adam([parameters], 0.02)
    for step in range(steps):
        adam.param_groups[0]["lr"] = 0.02 * (1 - step / steps)
        adam.zero_grad()
        loss().backward()
        adam.step()
    reached, before = parameters.detach().clone(), float(loss().detach())
    newton = torch.optim.LBFGS(
        [parameters], max_iter=100, history_size=30, tolerance_change=1e-15, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        newton.zero_grad()
        value = loss()
        value.backward()
        return float(value.detach())

    newton.step(closure)
    return parameters.detach() if float(loss().detach()) <= before else reached


def _low_pass(points: int, band: int) -> Tensor:
    """The projection on wavenumbers |k| ≤ band. shape: (d, d)"""
    steps = torch.arange(points, dtype=torch.float64)
    k = torch.fft.fftfreq(points, 1 / points, dtype=torch.float64)
    k = k[k.abs() <= band][:, None, None]
    return torch.cos(2 * math.pi * k * (steps - steps[:, None]) / points).sum(0) / points


def run_translation(seed: int, kind: str = "shifted", families: Sequence[str] = FAMILIES) -> dict[str, Any]:
    """Every family on one draw; the one chosen is the simplest within one standard error, held out.

    A generator is found if it leaves less than half of what ŷ = x and ŷ = 0 leave.
    """
    x, y = translation_pairs(seed, kind)
    truth = SHIFT * translation_generator()
    band = _low_pass(POINTS, BAND)
    rows: list[dict[str, Any]] = []
    losses: list[Tensor] = []
    scale = float((y[TRAINING:] ** 2).sum(1).mean())
    for family in families:
        began = time.perf_counter()
        learned = fit_generator(family, x[:TRAINING], y[:TRAINING], seed)
        held_out = ((x[TRAINING:] @ torch.matrix_exp(learned).T - y[TRAINING:]) ** 2).sum(1)
        losses.append(held_out)
        rows.append(
            {
                "family": family,
                "parameters": PARAMETERS[family],
                "held_out_loss": float(held_out.mean()) / scale,
                "cosine": cosine(learned, truth),
                "cosine_in_band": cosine(learned @ band, truth @ band),
                "relative_norm": float(learned.norm() / truth.norm()),
                "generator": learned.tolist(),
                "seconds": round(time.perf_counter() - began, 2),
            }
        )
    chosen, _ = simplest(losses, 1e-6 * scale)
    least = min(1.0, float(((x - y)[TRAINING:] ** 2).sum(1).mean()) / scale)
    found = rows[chosen]["held_out_loss"] < 0.5 * least
    return {
        "seed": seed,
        "kind": kind,
        "chosen": rows[chosen]["family"],
        "cosine": rows[chosen]["cosine"],
        "verdict": "generator found" if found else "no generator",
        "families": rows,
    }


def run_all(
    seeds: Sequence[int], report: Report | None = None, families: Sequence[str] = FAMILIES
) -> dict[str, Any]:
    """The experiment with controls; finite shifts of the truth and of what the first seed learned."""
    runs: list[dict[str, Any]] = []
    controls: list[dict[str, Any]] = []
    cases = [(seed, "shifted") for seed in seeds] + [(seeds[0], "shuffled"), (seeds[0], "unshifted")]
    for number, (seed, kind) in enumerate(cases):
        run = run_translation(seed, kind, families)
        (runs if kind == "shifted" else controls).append(run)
        if report:
            report(
                f"translation {kind} seed {seed}, done",
                (number + 1) / len(cases),
                run["families"][0]["held_out_loss"],
            )
    for run in [*runs[1:], *controls]:
        for row in run["families"]:
            del row["generator"]
    chosen = next(row for row in runs[0]["families"] if row["family"] == runs[0]["chosen"])
    odd = translation_generator(POINTS + 1)
    return {
        "points": POINTS,
        "shift": SHIFT,
        "least_cosine": min(run["cosine"] for run in runs),
        "finite_shifts": {
            "truth": finite_shifts(translation_generator()),
            "learned": finite_shifts(torch.tensor(chosen["generator"], dtype=torch.float64) / SHIFT),
        },
        "nyquist": {
            f"d={points}, shift {z}": float(
                (torch.matrix_exp(z * generator) - shift_matrix(z, points)).abs().max()
            )
            for points, generator in ((POINTS, translation_generator()), (POINTS + 1, odd))
            for z in (1, 2)
        },
        "runs": runs,
        "controls": controls,
    }
