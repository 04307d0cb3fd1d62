"""Symmetries of phase oscillators: the Lie algebra of vector fields on the circle under which all move.

Identical all-to-all oscillators of the first harmonic obey θ̇_i = ω + A(t) cos θ_i + B(t) sin θ_i: one
vector field for all, in the span of 1, cos θ, sin θ, which is sl(2,R). They move by Möbius maps of e^{iθ}, so
that cross-ratios of four e^{iθ} are conserved (Watanabe & Strogatz, Physica D 74 (1994) 197; Marvel, Mirollo
& Strogatz, Chaos 19 (2009) 043104). Here the span is learned from phases alone, in a Fourier ansatz.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from .circle import GeneratedAlgebra, bracket, generate, projective_family
from .common_field import CommonField, informative
from .counting import BLOCKS, Count, count_dimensions
from .cross_ratios import CrossRatioAudit, audit_cross_ratios
from .motion import Motion, smooth_motion
from .oscillator_result import OscillatorSymmetries
from .span import closure, match_structure, principal_angles

UNCOMMON = 2.0
"""Residual over that of measurement noise above which no common vector field explains the velocities."""
MATERIAL = 1e-3
"""Residual, relative to the velocities, below which a common vector field does explain them."""
UNSTABLE = 15.0
"""Degrees between the spans of two halves of the data above which they determine no span."""
NEAR = 10.0
"""Degrees to 1, cos nθ, sin nθ within which a span is called that of the harmonic n."""
CLOSED = (1e-3, 0.2)
"""Closure defects that count as 0, from clean data to noisy ones; between them, four times the sine of the
angle between the spans of two halves."""


LEAST_HARMONICS = 2
"""Below two harmonics the ansatz itself is sl(2,R) and nothing can be found."""
LEAST_TIMES = 4 * BLOCKS


@dataclass(frozen=True)
class _Parts:
    """Rows (sample, time) and oscillators: those that are learned from, and those held out."""

    motion: Motion
    harmonics: int
    seen: np.ndarray
    held: np.ndarray
    training: np.ndarray
    testing: np.ndarray

    def phases(self, rows: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        """shape: (rows, nodes)"""
        return self.motion.phases[rows][:, nodes]

    def velocities(self, rows: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        return self.motion.velocities[rows][:, nodes]


def discover_oscillator_symmetries(
    dataset: xr.Dataset,
    field: str = "theta",
    harmonics: int = 3,
    held_out: float = 0.25,
    seed: int = 0,
) -> OscillatorSymmetries:
    """The Lie algebra of vector fields on the circle under which all oscillators of a dataset move.

    `dataset`: normal form, phases of dims (sample, time, node). The ansatz has `harmonics` harmonics, or as
    many as there are oscillators for, at least two. `held_out`: the part of the oscillators, drawn by `seed`,
    and of the samples (the last ones, of a single sample the last times) that nothing is learned from. Only
    times whose phases are spread enough to tell the fields of the ansatz apart are used.

    Steps: velocities by local polynomials; the dimension of the span by cross-validation over oscillators
    and times; the span by least squares; its brackets, until it closes. The known fields are used for
    scores alone. Raises ValueError for other dims, fewer than eight oscillators, or too few times.
    """
    parts = _parts(dataset, field, harmonics, held_out, seed)
    H, motion = parts.harmonics, parts.motion
    phases, velocities = (take(parts.training, parts.seen) for take in (parts.phases, parts.velocities))
    speed = float(np.sqrt(np.mean(motion.velocities**2)))
    result = OscillatorSymmetries(
        verdict="",
        harmonics=H,
        span=np.zeros((0, 2 * H + 1)),
        algebra=None,
        count=None,
        singular_values=np.zeros(0),
        speed=speed,
        residual=np.nan,
        noise_floor=motion.velocity_noise / max(speed, 1e-300),
        informative_times=int(parts.training.sum()),
        order_parameter=float(np.abs(np.exp(1j * motion.phases).mean(-1)).mean()),
        structure_error=None,
        angles=None,
        harmonic=None,
        cross_ratios=None,
        seed=seed,
    )
    undetermined = _undetermined(parts, result)
    if undetermined is not None:
        return replace(result, verdict=f"undetermined: {undetermined}")
    count = count_dimensions(phases, velocities, H, motion.velocity_noise)
    learned = CommonField(phases, velocities, H)
    span = learned.learn(count.dimension)
    residual = _held_out_residual(parts, span)
    result = replace(
        result,
        span=span,
        count=count,
        singular_values=learned.singular_values(),
        residual=residual / speed,
    )
    if not len(span):
        return replace(result, verdict="undetermined: the oscillators do not move")
    noise = float(np.sin(np.radians(count.split_angle)))
    algebra = generate(span, float(np.clip(4 * noise, *CLOSED)))
    error, angles, harmonic = _scores(algebra, H)
    result = replace(result, algebra=algebra, structure_error=error, angles=angles, harmonic=harmonic)
    result = replace(result, cross_ratios=_cross_ratios(parts, harmonic or 1, seed))
    return replace(result, verdict=_verdict(result, count, algebra, motion.velocity_noise))


def _parts(dataset: xr.Dataset, field: str, harmonics: int, held_out: float, seed: int) -> _Parts:
    if field not in dataset or dataset[field].dims != ("sample", "time", "node"):
        got = tuple(map(str, dataset[field].dims)) if field in dataset else "none"
        raise ValueError(f"got '{field}' of dims {got}, expected phases of dims (sample, time, node)")
    if not 0 < held_out < 1:
        raise ValueError(f"got held_out = {held_out}, expected a part between 0 and 1")
    samples, nodes = dataset.sizes["sample"], dataset.sizes["node"]
    order = np.random.default_rng(seed).permutation(nodes)
    out = max(1, round(held_out * nodes))
    seen, held = np.sort(order[out:]), np.sort(order[:out])
    harmonics = min(harmonics, (len(seen) - 2) // 2)
    if harmonics < LEAST_HARMONICS:
        raise ValueError(
            f"got {nodes} oscillators of which {out} are held out, and {harmonics} harmonics, expected at "
            f"least {2 * LEAST_HARMONICS + 2} to learn {LEAST_HARMONICS} harmonics from"
        )
    motion = smooth_motion(dataset[field].values, dataset["time"].values)
    spread = informative(motion.phases[..., seen], harmonics)
    testing = np.zeros_like(spread)
    if samples > 1:
        usable = np.flatnonzero(spread.any(1))
        testing[usable[len(usable) - max(1, round(held_out * len(usable))) :]] = True
    else:
        known = np.flatnonzero(spread[0])
        testing[0, known[round((1 - held_out) * len(known)) :]] = True
    return _Parts(motion, harmonics, seen, held, spread & ~testing, spread & testing)


def _undetermined(parts: _Parts, result: OscillatorSymmetries) -> str | None:
    rows, times = int(parts.training.sum()), parts.training.size
    if rows < LEAST_TIMES or not parts.testing.any():
        return (
            f"the phases are spread over the circle at {rows} of {times} times only, mean order parameter "
            f"{result.order_parameter:.3f}; give data from before synchrony"
        )
    velocities = parts.motion.velocities[parts.training]
    relative = float(np.sqrt(np.mean((velocities - velocities.mean(-1, keepdims=True)) ** 2)))
    if relative <= UNCOMMON * parts.motion.velocity_noise + 1e-6 * result.speed:
        return "the oscillators are locked: their phases do not move relative to each other"
    return None


def _held_out_residual(parts: _Parts, span: np.ndarray) -> float:
    rows, seen, held = parts.testing, parts.seen, parts.held
    field = CommonField(parts.phases(rows, seen), parts.velocities(rows, seen), parts.harmonics)
    missed = field.missed(span, parts.phases(rows, held), parts.velocities(rows, held))
    return float(np.sqrt(np.mean(missed**2)))


def _scores(algebra: GeneratedAlgebra, harmonics: int) -> tuple[float | None, np.ndarray | None, int | None]:
    """(error of the structure constants, angles to 1, cos nθ, sin nθ, n) of a closed algebra of three."""
    if not algebra.closes or algebra.dimension != 3:
        return None, None, None
    truth = closure(projective_family(), bracket, orthonormal=False).structure_constants
    error = match_structure(algebra.closure.structure_constants, truth)[1]
    known = [projective_family(n, harmonics) for n in range(1, harmonics + 1)]
    size = max(algebra.fields.shape[1], known[0].shape[1])
    fields, *known = (np.pad(rows, ((0, 0), (0, size - rows.shape[1]))) for rows in (algebra.fields, *known))
    angles = [principal_angles(fields, rows) for rows in known]
    best = min(range(len(angles)), key=lambda n: angles[n].max())
    return error, angles[best], best + 1 if angles[best].max() <= NEAR else None


def _cross_ratios(parts: _Parts, harmonic: int, seed: int) -> CrossRatioAudit | None:
    """Along the held-out sample that is spread longest, from the first to the last time at which it is."""
    sample = int(parts.testing.sum(1).argmax())
    times = np.flatnonzero(parts.testing[sample])
    motion, rows = parts.motion, slice(times[0], times[-1] + 1)
    if len(times) < 2:
        return None
    phases = motion.phases[sample, rows]
    return audit_cross_ratios(phases, motion.times[rows], harmonic, motion.phase_noise, seed)


def _verdict(result: OscillatorSymmetries, count: Count, algebra: GeneratedAlgebra, noise: float) -> str:
    speed = max(result.speed, 1e-300)
    left = count.residuals.min()
    if left > max(UNCOMMON * noise, MATERIAL * speed):
        return (
            f"no common vector field: fields of {result.harmonics} harmonics leave {left / speed:.2g} of the "
            f"velocities, where noise would leave {noise / speed:.2g}"
        )
    if count.persistent > MATERIAL * speed:
        return (
            "no common vector field: single oscillators keep velocities of their own, "
            f"{count.persistent / speed:.2g} of all, as different frequencies do"
        )
    if count.split_angle > UNSTABLE:
        return (
            f"undetermined: two halves of the data give spans {count.split_angle:.2g}° apart; "
            "give more oscillators, times or samples"
        )
    if len(result.span) == result.span.shape[1]:
        return (
            f"undetermined: the span fills the whole ansatz of {result.harmonics} harmonics; "
            "give more oscillators, or more harmonics"
        )
    if not algebra.closes:
        return (
            f"no finite-dimensional algebra: the span of dimension {len(result.span)} does not close "
            f"(defect {algebra.closure.defect:.2g})"
        )
    if algebra.name == "sl(2,R)" and result.harmonic is not None:
        n = "" if result.harmonic == 1 else str(result.harmonic)
        return f"sl(2,R), by Möbius maps of e^({n}iθ)"
    return algebra.name or f"an algebra of dimension {algebra.dimension} without a name here"
