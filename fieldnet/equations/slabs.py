"""Moments and covariances of projections of a field on disk, slab by slab."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lagrangians.jets import jet_space
from simulations.files.lazy import LazyFields

from ..measured.noise import noise_level
from .atoms import Atom
from .attempts import Memory
from .banded import BandedAxis, BandedProjections, thinning_of
from .estimate import score_fields
from .measured import MeasuredFields
from .projections import Moments, positive

SLAB = 2**18
"""Values of one field that are projected at once: about ten arrays of this size are alive."""
SAMPLED = 2**20
"""Values from which covariances of noise and of coefficients are found, spread over the whole record; those
of a smaller record come from all of it."""
LEVEL = 2**23
"""As `SAMPLED`, for the level of the noise: it wants more of them, since it enters the coefficients."""
KEPT_EVERY = 2.0
"""Seconds between two writings of a sum that is not complete."""


@dataclass(frozen=True)
class Slab:
    """`windows` test functions along time from `first` on, of some `samples`; the `times` that they touch."""

    samples: slice
    first: int
    windows: int
    times: slice


@dataclass(frozen=True)
class ScoredEquation:
    """An equation whose scores are wanted: θ of its atoms, λ, and their moments on the whole record."""

    atoms: tuple[Atom, ...]
    theta: np.ndarray
    ratio: float
    parts: Moments


class StreamedFields:
    """Projections of fields on disk on test functions of given half widths, of which one slab is in memory.

    Sums over test functions are sums over slabs, and what a point gives to test functions of two slabs is
    added up before it is squared, so that moments and covariances are those of `Projections` of the whole
    record, to round-off.

    `memory` takes the level of the noise and, every `KEPT_EVERY` seconds, the sums over the slabs so far, as
    JSON values; a later run with the same data and options goes on after the last of these, to the same bits.
    """

    def __init__(
        self,
        source: LazyFields,
        fields: Sequence[str],
        periodic: bool,
        half_points: Sequence[int],
        deviations: Sequence[float] | None = None,
        slab_values: int = SLAB,
        sampled_values: int = SAMPLED,
        memory: Memory | None = None,
    ):
        self.source, self.fields, self.periodic = source, tuple(fields), periodic
        self.half_points = tuple(half_points)
        self.jets = jet_space(self.fields, ("t", *source.axes))
        self.axes = tuple(
            BandedAxis(points, step, half, periodic and n > 0)
            for n, (points, step, half) in enumerate(
                zip(source.shape[1:], source.spacing, half_points, strict=True)
            )
        )
        self.slabs = _plan(source.shape, self.axes[0], slab_values)
        self.sampled = self._spread(sampled_values)
        self._thinning = thinning_of(source.shape, half_points)
        self._memory: Memory = {} if memory is None else memory
        self._like: BandedProjections | None = None
        self._squares: dict[tuple, dict[tuple[int, int], tuple[float, int]]] = {}
        self.deviations = tuple(self._measured_deviations() if deviations is None else deviations)

    @property
    def rows(self) -> int:
        return self.source.shape[0] * int(np.prod([axis.count for axis in self.axes]))

    def projections(self, slab: Slab) -> BandedProjections:
        values = self.source.read(self.fields, slab.samples, slab.times)
        measured = MeasuredFields(self.jets, values, self.source.spacing, self.periodic, self.deviations)
        self._like = BandedProjections(
            measured, self.half_points, self._thinning, slab.times.start, self._like
        )
        return self._like

    def gram(self, atoms: Sequence[Atom], progress: Callable[[float], None] | None = None) -> np.ndarray:
        """AᵀA over all rows, from where an earlier run was interrupted. shape: (atoms, atoms)"""
        listed = "; ".join(f"{atom.derivative} {atom.function}" for atom in atoms)
        noise = ", ".join(map(str, self.deviations))
        key = f"{list(self.half_points)}/sum over {len(self.slabs)} slabs/{listed}/noise {noise}"
        known = self._memory.get(key, {"slabs": 0, "gram": np.zeros((len(atoms), len(atoms))).tolist()})
        total, kept = np.array(known["gram"]), time.monotonic()
        for n, slab in enumerate(self.slabs[known["slabs"] :], known["slabs"] + 1):
            columns = self.projections(slab).columns(atoms)
            total += columns.T @ columns
            if n == len(self.slabs) or time.monotonic() - kept >= KEPT_EVERY:
                self._memory[key] = {"slabs": n, "gram": total.tolist()}
                kept = time.monotonic()
            if progress is not None:
                progress(n / len(self.slabs))
        return total

    def sampled_moments(self, atoms: Sequence[Atom]) -> Moments:
        """AᵀA and ⟨EᵀE⟩ over the rows of the sampled slabs."""
        gram = np.zeros((len(atoms), len(atoms)))
        noise = np.zeros_like(gram)
        for slab in self.sampled:
            own = self.projections(slab)
            columns = own.columns(atoms)
            gram += columns.T @ columns
            noise += own.noise(atoms)
            self._add_squares(own, slab, atoms)
        return Moments(gram, positive(noise, np.sqrt(np.diag(gram))))

    def moments(
        self, atoms: Sequence[Atom], sampled: Moments, progress: Callable[[float], None] | None = None
    ) -> Moments:
        """AᵀA and ⟨EᵀE⟩ over all rows, the noise in proportion to that of the sampled ones."""
        if len(self.sampled) == len(self.slabs):
            return sampled
        return Moments(self.gram(atoms, progress), sampled.noise / self.share)

    @property
    def share(self) -> float:
        """The part of the rows that is in the sampled slabs."""
        return self._windows(self.sampled) / self._windows(self.slabs)

    def effective_rows(self, atoms: Sequence[Atom], theta: np.ndarray) -> float:
        """As `effective.effective_rows`: tr(C)²/tr(C²), C the covariance of the residual rows, banded here.

        `sampled_moments` of these atoms must have been taken before.
        """
        slopes: dict[tuple[int, ...], float] = {}
        for atom, coefficient in zip(atoms, theta, strict=True):
            sign = (-1) ** sum(atom.derivative)
            own = sign * coefficient * self._mean_slope(atom)
            slopes[atom.derivative] = slopes.get(atom.derivative, 0.0) + own
        groups = [(d, s) for d, s in slopes.items() if s]
        if not groups:
            return float(self.rows)
        pairs = [(d, e, s * r) for d, s in groups for e, r in groups]
        trace = square = 0.0
        for d, e, s in pairs:
            trace += s * float(np.prod([_trace(a, d[n], e[n]) for n, a in enumerate(self.axes)]))
            for f, g, r in pairs:
                own = [_trace_of_product(a, (d[n], e[n]), (f[n], g[n])) for n, a in enumerate(self.axes)]
                square += s * r * float(np.prod(own))
        return self.source.shape[0] * trace**2 / max(square, 1e-300)

    def score_gram(self, equations: Sequence[ScoredEquation]) -> np.ndarray:
        """Σ_x q_k(x)q_l(x) of the scores (`score_fields`) of all equations one after the other.

        From the sampled slabs. shape: (all atoms, all atoms)
        """
        count = sum(len(e.atoms) for e in equations)
        total = np.zeros((count, count))
        overlap = self.axes[0].width - self.axes[0].stride
        seen = 0.0

        def add(scores: np.ndarray, times: float) -> None:
            nonlocal total, seen
            flat = scores.reshape(count, -1)
            total += flat @ flat.T
            seen += times * scores.shape[2]

        for run in _runs(self.sampled):
            carried: np.ndarray | None = None
            for slab in run:
                own = self.projections(slab)
                scores = np.concatenate(
                    [score_fields(own, e.atoms, e.theta, e.ratio, e.parts) for e in equations]
                )
                advance = slab.windows * self.axes[0].stride
                if carried is not None:
                    scores[:, :, :, :overlap] += carried
                    add(scores[:, :, :, :advance], advance)
                elif slab.first == 0:
                    add(scores[:, :, :, :advance], advance - overlap / 2)
                else:  # points before it have their part from test functions that are not sampled
                    add(scores[:, :, :, overlap:advance], advance - overlap)
                carried = scores[:, :, :, advance:].copy()
            if carried is not None and run[-1].first + run[-1].windows == self.axes[0].count:
                add(carried, overlap / 2)
        points = self._windows(self.slabs) * self.axes[0].stride
        return total * (points / seen)

    @staticmethod
    def _windows(slabs: Sequence[Slab]) -> int:
        return sum(slab.windows * (slab.samples.stop - slab.samples.start) for slab in slabs)

    def _mean_slope(self, atom: Atom) -> float:
        total = 0.0
        for a, deviation in enumerate(self.deviations):
            total += deviation**2 * self._mean_squares(atom, a)
        return total**0.5

    def _mean_squares(self, atom: Atom, field: int) -> float:
        """⟨(∂F̃/∂φ_a)²⟩ of an atom's function over thinned points."""
        slabs = self._squares[atom.function, field].values()
        return sum(total for total, _ in slabs) / sum(count for _, count in slabs)

    def _add_squares(self, own: BandedProjections, slab: Slab, atoms: Sequence[Atom]) -> None:
        last = slab.first + slab.windows == self.axes[0].count
        end = None if last else slab.windows * self.axes[0].stride
        values = own.thinned([v[:, :end] for v in own.measured.values])
        place = slab.samples.start, slab.first
        for atom in atoms:
            for field in range(len(self.fields)):
                known = self._squares.setdefault((atom.function, field), {})
                if place not in known:
                    slope = own.clean(atom).derivative(field).evaluate(values)
                    known[place] = float(np.sum(slope**2)), slope.size

    def _spread(self, values: int) -> list[Slab]:
        """Slabs, evenly spaced, that hold at least so many values of a field, and no fewer than two."""
        wanted = -(-values // max(1, int(np.prod(self.source.shape)) // len(self.slabs)))
        places = np.linspace(0, len(self.slabs) - 1, min(len(self.slabs), max(2, wanted)))
        return [self.slabs[n] for n in dict.fromkeys(np.rint(places).astype(int).tolist())]

    def _measured_deviations(self) -> list[float]:
        """σ of each field: as `noise_deviation`, from slabs of `LEVEL` values."""
        key = f"{list(self.half_points)}/noise in {len(self.slabs)} slabs/{list(self.fields)}"
        if key in self._memory:
            return self._memory[key]
        out = []
        for name in self.fields:
            variances = []
            for slab in self._spread(LEVEL):
                (values,) = self.source.read((name,), slab.samples, slab.times)
                axes = [axis for axis in range(1, values.ndim) if values.shape[axis] > 8]
                variances.append([(noise_level(values, axis) * values.std()) ** 2 for axis in axes])
            out.append(float(np.sqrt(np.mean(variances, axis=0).min())))
        self._memory[key] = out
        return out


def _plan(shape: Sequence[int], axis: BandedAxis, slab_values: int) -> list[Slab]:
    """Whole samples together where several fit, else test functions along time in equal parts."""
    samples, times, *space = shape
    layer = int(np.prod(space))
    if times * layer <= slab_values:
        together = min(samples, slab_values // (times * layer))
        starts = range(0, samples, together)
        cuts = [0, axis.count]
    else:
        together, starts = 1, range(samples)
        fewest = 2 * -(-axis.width // axis.stride)
        windows = max(fewest, (slab_values // layer - axis.width) // axis.stride + 1)
        parts = max(1, axis.count // windows)
        cuts = [round(axis.count * n / parts) for n in range(parts + 1)]
    slabs = []
    for start in starts:
        for first, end in pairwise(cuts):
            touched = slice(first * axis.stride, (end - 1) * axis.stride + axis.width)
            if end == axis.count:
                touched = slice(touched.start, times)
            slabs.append(Slab(slice(start, min(start + together, samples)), first, end - first, touched))
    return slabs


def _runs(slabs: Sequence[Slab]) -> Iterator[list[Slab]]:
    """Slabs that follow each other without a gap."""
    run: list[Slab] = []
    for slab in slabs:
        if run and (slab.samples != run[-1].samples or slab.first != run[-1].first + run[-1].windows):
            yield run
            run = []
        run.append(slab)
    if run:
        yield run


def _trace(axis: BandedAxis, one: int, other: int) -> float:
    return axis.count * float(axis.kernels[one] @ axis.kernels[other])


def _trace_of_product(axis: BandedAxis, one: tuple[int, int], other: tuple[int, int]) -> float:
    """tr(KL) of the overlap matrices K_ij = ∫∂^pψ_i ∂^qψ_j and L for two pairs (p, q)."""
    k, l = axis.overlaps(*one), axis.overlaps(*other)
    return float(np.sum(axis.pairs * k * l[::-1]))
