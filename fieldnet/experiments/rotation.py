"""Rotations of random images: the paper's experiment, ours beside its numbers and beside controls."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .images import exponential_action, random_images, rescale, rotate, smooth_images
from .learning import Selection, learn_field
from .scoring import CENTRES, centre_ceiling, cosine, field_matrix, rotation_coefficients, rotation_scores

FIXED_ANGLE = math.pi / 10
LARGEST_ANGLE = math.pi / 4
PUBLISHED = {(7, "unknown"): 0.70, (7, "fixed"): 0.27, (20, "unknown"): 0.12, (20, "fixed"): -0.01}
"""Cosines in the paper's notebooks: recurrent L-conv for unknown angles, one layer for the fixed one."""
DEGREES = (0, 1, 2, 3)
CONTROL_DEGREES = (0, 1)
HELD_OUT = 100
REGRESSION_PAIRS = 2000
Report = Callable[[str, float, float], None]


def training_pairs(size: int) -> int:
    return 300 if size <= 10 else 200


@dataclass(frozen=True)
class Pairs:
    """x, y = exp(t L) x and the t, which no learner sees; the last HELD_OUT pairs are for choosing."""

    x: Tensor
    y: Tensor
    t: Tensor

    @property
    def training(self) -> tuple[Tensor, Tensor]:
        return self.x[:-HELD_OUT], self.y[:-HELD_OUT]

    @property
    def held_out(self) -> tuple[Tensor, Tensor]:
        return self.x[-HELD_OUT:], self.y[-HELD_OUT:]


def angles(count: int, angle: str, seed: int) -> Tensor:
    """All π/10 ("fixed"), or uniform in [0, π/4] ("unknown"). shape: (count,)"""
    if angle not in ("fixed", "unknown"):
        raise ValueError(f"got the angle {angle!r}, expected 'fixed' or 'unknown'")
    if angle == "fixed":
        return torch.full((count,), FIXED_ANGLE, dtype=torch.float64)
    draw = torch.Generator().manual_seed(seed)
    return LARGEST_ANGLE * torch.rand(count, generator=draw, dtype=torch.float64)


def rotation_pairs(
    size: int, angle: str, seed: int, kind: str = "rotated", count: int | None = None
) -> Pairs:
    """Pairs of `kind` "rotated" (bilinear), "exact" (smooth images, exp(θL_θ) with the spectral matrix), and
    the controls "shuffled" (rotated, partners of other images) and "rescaled" (by exp(θ) instead).
    """
    total = (count or training_pairs(size)) + HELD_OUT
    t = angles(total, angle, 1000 * seed + 1)
    if kind == "exact":
        x = smooth_images(total, size, 1000 * seed, width=0.3)
        truth = field_matrix(rotation_coefficients(0.0, size), 1, size)
        return Pairs(x, exponential_action(truth, x, t), t)
    x = random_images(total, size, 1000 * seed)
    if kind == "rescaled":
        return Pairs(x, rescale(x, t), t)
    y = rotate(x, t)
    if kind == "shuffled":
        y = torch.cat([y[:-HELD_OUT].roll(1, 0), y[-HELD_OUT:].roll(1, 0)])
    elif kind != "rotated":
        raise ValueError(f"got the kind {kind!r}, expected 'rotated', 'exact', 'shuffled' or 'rescaled'")
    return Pairs(x, y, t)


def run_case(
    size: int,
    angle: str,
    seed: int,
    kind: str = "rotated",
    kernel: str = "bilinear",
    degrees: Sequence[int] = DEGREES,
    report: Report | None = None,
    count: int | None = None,
) -> dict[str, Any]:
    """One run from data to scores, as JSON; `count` training pairs, by default `training_pairs`."""
    pairs = rotation_pairs(size, angle, seed, kind, count)
    began = time.perf_counter()
    found = learn_field(pairs.training, pairs.held_out, angle == "unknown", degrees, kernel, seed, report)
    return {
        "seed": seed,
        "kind": kind,
        "kernel": kernel,
        "degree": found.fit.degree,
        **rotation_scores(found.fit.coefficients, found.fit.degree, size),
        "largest_angle_error": angle_error(found, pairs.t, size) if kind in ("rotated", "exact") else None,
        "verdict": found.verdict,
        "degrees": list(degrees),
        "held_out_losses": list(found.losses),
        "standard_errors": list(found.standard_errors),
        "cosines_by_degree": [
            rotation_scores(f.coefficients, f.degree, size)["cosine_true_centre"] for f in found.fits
        ],
        "references": found.references,
        "coefficients": found.fit.coefficients.tolist(),
        "seconds": round(time.perf_counter() - began, 1),
    }


def angle_error(found: Selection, truth: Tensor, size: int) -> float | None:
    """max |θ̂ − θ| in radians over the training pairs, θ̂ = t·(v, L_θ)/(L_θ, L_θ): the rotation within t v."""
    fit = found.fit
    learned, rotation = field_matrix(fit.coefficients, fit.degree, size), rotation_coefficients(0.0, size)
    known = field_matrix(rotation, 1, size)
    rate = float((learned * known).sum() / (known**2).sum())
    t = torch.ones(1, dtype=truth.dtype) if fit.parameters is None else fit.parameters
    return float((rate * t - truth[:-HELD_OUT]).abs().max())


def regression_baseline(size: int, angle: str, seed: int) -> dict[str, float]:
    """The dense matrix M of y = Mx by least squares: cosines of M − I with L_θ.

    M acts on columns, as L_θ does here; the matrix W = Mᵀ of y = xW has the opposite signs.
    """
    pairs = rotation_pairs(size, angle, seed, count=REGRESSION_PAIRS)
    x, y = pairs.training
    matrix = torch.linalg.lstsq(x.flatten(1), y.flatten(1)).solution.T
    return _dense_scores(matrix - torch.eye(len(matrix), dtype=matrix.dtype), size)


def recurrent_baseline(size: int, angle: str, seed: int, steps: int = 1000) -> dict[str, float]:
    """A dense L in y = (I + L)ⁿ x, n = 5 (7×7) or 8, by Adam from N(0, 10⁻⁴/d²): cosines of L with L_θ."""
    pairs = rotation_pairs(size, angle, seed, count=REGRESSION_PAIRS)
    x, y = (part.flatten(1).float() for part in pairs.training)
    draw = torch.Generator().manual_seed(seed)
    dense = (0.01 / size * torch.randn(size**2, size**2, generator=draw)).requires_grad_()
    optimiser = torch.optim.Adam([dense], 2e-3)
    for step in range(steps):
        chosen = torch.randint(0, len(x), (64,), generator=draw)
        state = x[chosen]
        for _ in range(5 if size <= 10 else 8):
            state = state + state @ dense.T
        optimiser.zero_grad()
        ((state - y[chosen]) ** 2).mean().backward()
        optimiser.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
        optimiser.step()
    return _dense_scores(dense.detach().double(), size)


def _dense_scores(matrix: Tensor, size: int) -> dict[str, float]:
    """Rounded, since the last bits of a dense solution change from run to run."""
    truths = {name: field_matrix(rotation_coefficients(o, size), 1, size) for name, o in CENTRES.items()}
    return {f"cosine_{name}_centre": round(cosine(matrix, truth), 9) for name, truth in truths.items()}


def run_setting(
    size: int,
    angle: str,
    seeds: Sequence[int],
    extras: bool = True,
    report: Report | None = None,
    keep: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """All seeds of one grid and kind of angle; with `extras` the controls, baselines and other data too.

    `keep` is given what is done after every seed.
    """

    def told(label: str) -> Report | None:
        if report is None:
            return None
        return lambda stage, fraction, loss: report(
            f"{size}×{size} {angle}, {label}, {stage}", fraction, loss
        )

    content: dict[str, Any] = {
        "size": size,
        "angle": angle,
        "published": PUBLISHED.get((size, angle)),
        "training_pairs": training_pairs(size),
        "held_out_pairs": HELD_OUT,
        "ceiling_paper_centre": centre_ceiling(size),
        "least_cosine": None,
        "runs": [],
    }
    for seed in seeds:
        content["runs"].append(run_case(size, angle, seed, report=told(f"seed {seed}")))
        content["least_cosine"] = min(run["cosine_true_centre"] for run in content["runs"])
        if keep:
            keep(content)
    if extras:
        first = seeds[0]
        small = size <= 10
        content["other_interpolation"] = [
            run_case(size, angle, first, kernel=kernel, degrees=(0, 1, 2), report=told(kernel))
            for kernel in ("cubic", "spectral")
        ]
        content["exact"] = run_case(
            size,
            angle,
            first,
            "exact",
            "exponential" if small else "spectral",
            DEGREES if small else CONTROL_DEGREES,
            told("exact generator"),
        )
        content["controls"] = [
            run_case(size, angle, first, kind, degrees=CONTROL_DEGREES, report=told(kind))
            for kind in ("shuffled", "rescaled")
        ]
        content["baselines"] = {
            "regression": regression_baseline(size, angle, first),
            "recurrent": recurrent_baseline(size, angle, first),
        }
    return content
