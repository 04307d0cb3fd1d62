"""Equations of motion of fields that are larger than memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lagrangians.jets import JetSpace, jet_space
from simulations.files.boundary import guess_boundary
from simulations.files.lazy import LazyFields

from ..measured.noise import noise_deviation
from .atoms import Atom
from .attempts import Memory
from .dynamics import Dynamics, Report, find_dynamics
from .estimate import inverse_curvature, smallest_relation, solved_for
from .fitted import FittedEquations
from .library import EquationAtoms
from .measured import MeasuredFields
from .projections import Moments
from .search import NEGLIGIBLE, EquationFit
from .selection import best_supports, needed
from .slabs import SAMPLED, SLAB, ScoredEquation, StreamedFields

PILOT = 2**17
"""Values from which the terms are chosen: pieces spread evenly over the record."""
PIECE = 256  # times of a piece
SHORTEST = 96  # times of a piece where layers are large
LARGE = 4  # times `PILOT` that a piece may hold before it is cut in space too
RIVALS = 4  # atoms beside the chosen ones, for each equation, that more data than the pilot may ask for


@dataclass(frozen=True)
class Fitted:
    """One equation on the whole record: `atoms` with the target first."""

    atoms: tuple[Atom, ...]
    theta: np.ndarray
    ratio: float
    parts: Moments

    def scored(self) -> ScoredEquation:
        return ScoredEquation(self.atoms, self.theta, self.ratio, self.parts)


def stream_dynamics(
    source: LazyFields,
    ansatz: Mapping[str, EquationAtoms],
    fields: Sequence[str] | None = None,
    boundary: str | None = None,
    deviations: Sequence[float] | None = None,
    progress: Report | None = None,
    pilot_values: int = PILOT,
    slab_values: int = SLAB,
    sampled_values: int = SAMPLED,
    workers: int = 1,
    memory: Memory | None = None,
) -> Dynamics:
    """As `find_dynamics`, of a file read in pieces, in memory that does not grow with it.

    Terms and the width of the test functions are chosen on a pilot, `pilot_values` spread evenly over the
    record; `sampled_values`, spread evenly too, decide whether a few more are needed, and give the covariance
    of noise and the standard errors. Coefficients and λ come from one pass over everything, its rows of equal
    weight. `workers` search the pilot; `memory` takes what is done, also of that pass, and spares a later run
    with the same data and options from repeating it. Raises ValueError where terms need derivatives of the
    data.
    """
    names = tuple(source.fields if fields is None else fields)
    pilot, boundary = pilot_fields(source, names, boundary, deviations, pilot_values)
    found = find_dynamics(pilot, ansatz, _scaled(progress, 0.0, 0.5), workers, memory)
    stream = StreamedFields(
        source,
        names,
        boundary == "periodic",
        found.widths.half_points(found.width),
        deviations,
        slab_values,
        sampled_values,
        memory,
    )
    return refined(found, stream, _scaled(progress, 0.5, 1.0))


def pilot_fields(
    source: LazyFields,
    names: Sequence[str],
    boundary: str | None,
    deviations: Sequence[float] | None,
    pilot_values: int = PILOT,
) -> tuple[MeasuredFields, str]:
    """Pieces of the record as samples of one measurement, and the boundary (guessed unless given).

    Of layers so large that `SHORTEST` of them are far more than a pilot, a box in the middle is taken, which
    is open.
    """
    samples, times, *space = source.shape
    layer = int(np.prod(space)) * len(names)
    if boundary is None:
        looked_at = slice(0, min(times, max(16, pilot_values // layer)))
        dataset = source.dataset(names, slice(0, 1), looked_at)
        order = ("periodic", "winding", "open")
        boundary = max((guess_boundary(dataset, name) for name in names), key=order.index)
    box = [slice(None)] * len(space)
    if SHORTEST * layer > LARGE * pilot_values:
        side = int((LARGE * pilot_values / SHORTEST / len(names)) ** (1 / len(space)))
        box = [slice(n // 2 - min(n, side) // 2, n // 2 - min(n, side) // 2 + min(n, side)) for n in space]
        layer = int(np.prod([cut.stop - cut.start for cut in box])) * len(names)
    length = times
    if samples * times * layer > pilot_values:
        length = min(times, max(SHORTEST, min(PIECE, pilot_values // layer)))
    pieces = [(s, n * length) for s in range(samples) for n in range(times // length)]
    wanted = max(1, min(len(pieces), pilot_values // (length * layer)))
    places = np.arange(wanted) if wanted == len(pieces) else np.linspace(0, len(pieces) - 1, wanted + 2)[1:-1]
    chosen = dict.fromkeys(np.rint(places).astype(int).tolist())
    read = [
        source.read(names, slice(s, s + 1), slice(start, start + length), box)
        for s, start in (pieces[n] for n in chosen)
    ]
    values = tuple(np.concatenate(parts) for parts in zip(*read, strict=True))
    sigma = [noise_deviation(v) for v in values] if deviations is None else deviations
    jets = jet_space(tuple(names), ("t", *source.axes))
    periodic = boundary == "periodic" and box[0] == slice(None)
    return MeasuredFields(jets, values, source.spacing, periodic, tuple(sigma)), boundary


def refined(found: Dynamics, stream: StreamedFields, progress: Report | None = None) -> Dynamics:
    """The dynamics found on a pilot with everything but the candidates taken from the whole record."""
    jets = found.equations.jets
    lists = [[*fit.atoms, *_rivals(found, fit)] for fit in found.fits]
    inside = next((a for own in lists for a in own if jets.order(a.function)), None)
    if inside is not None:
        raise ValueError(
            f"got the term {inside.text(jets.coordinate_names)}, expected functions of the fields alone in a "
            "file that is read in pieces; load a part of it that fits in memory"
        )
    atoms = list(dict.fromkeys(atom for own in lists for atom in own))
    number = {atom: n for n, atom in enumerate(atoms)}
    sampled = stream.sampled_moments(atoms)
    chosen = [_chosen(stream, sampled, number, own, fit) for own, fit in zip(lists, found.fits, strict=True)]
    kept = list(dict.fromkeys(atom for own in chosen for atom in own))
    report = progress or (lambda *_: None)

    def passed(part: float) -> None:
        report("all data, moments", 0.2 + 0.7 * part, found.chosen.misfit)

    passed(0.0)
    moments = stream.moments(kept, sampled.of([number[a] for a in kept]), passed)
    number = {atom: n for n, atom in enumerate(kept)}
    while True:
        fits = [_fitted(moments.of([number[a] for a in own]), own) for own in chosen]
        full = _covariance(stream, fits)
        report("all data, errors", 0.9, found.chosen.misfit)
        parts = zip(chosen, fits, _blocks(full, fits), found.fits, strict=True)
        if sum(_drop(own, fit, spread, old) for own, fit, spread, old in parts) == 0:
            break
    done = [
        _as_equation_fit(stream, fit, spread, old)
        for fit, spread, old in zip(fits, _blocks(full, fits), found.fits, strict=True)
    ]
    return replace(
        found,
        equations=_joined(found.equations.jets, fits, full),
        chosen=replace(found.chosen, fits=tuple(done)),
        explained=found.explained and all(fit.explained for fit in done),
    )


def _rivals(found: Dynamics, fit: EquationFit) -> list[Atom]:
    """The `RIVALS` atoms that lower λ most on the pilot when they join an equation."""
    table = found.chosen.table
    jets = found.equations.jets
    field = next(n for n, own in enumerate(found.fits) if own is fit)
    others = [
        a
        for a in found.chosen.candidates[field]
        if a in table.atoms and a not in fit.atoms and not jets.order(a.function)
    ]
    ranked = sorted(others, key=lambda a: smallest_relation(table.of([*fit.atoms, a]))[1])
    return ranked[:RIVALS]


def _chosen(
    stream: StreamedFields, moments: Moments, number: Mapping[Atom, int], own: list[Atom], fit: EquationFit
) -> list[Atom]:
    """The pilot's atoms with those rivals that the criterion takes on the sampled slabs."""
    rows = stream.share * stream.effective_rows(own[:1], np.ones(1))
    criterion = replace(fit.criterion, effective_rows=max(rows, 4.0))
    numbers = [number[a] for a in own]
    always, extra = numbers[1 : len(fit.atoms)], numbers[len(fit.atoms) :]
    taken = needed(best_supports(moments, numbers[0], always, extra, criterion)).chosen
    return [a for a in own if number[a] in taken]


def _fitted(parts: Moments, atoms: Sequence[Atom]) -> Fitted:
    theta, ratio = solved_for(parts, 0)
    theta[~np.isfinite(theta)] = 0.0
    theta[0] = 1.0
    return Fitted(tuple(atoms), theta, ratio, parts)


def _covariance(stream: StreamedFields, fits: Sequence[Fitted]) -> np.ndarray:
    """C = H⁻¹⟨qqᵀ⟩H⁻¹ of the coefficients of all equations one after the other, as `estimate.covariance`."""
    scores = stream.score_gram([fit.scored() for fit in fits])
    inverse = np.zeros_like(scores)
    start = 0
    for fit in fits:
        where = slice(start, start + len(fit.atoms))
        inverse[where, where] = inverse_curvature(fit.parts, fit.ratio, 0) * np.sqrt(max(1.0, fit.ratio))
        start = where.stop
    return inverse @ scores @ inverse.T


def _blocks(full: np.ndarray, fits: Sequence[Fitted]) -> list[np.ndarray]:
    ends = np.cumsum([len(fit.atoms) for fit in fits])
    return [full[e - len(f.atoms) : e, e - len(f.atoms) : e] for e, f in zip(ends, fits, strict=True)]


def _drop(own: list[Atom], fit: Fitted, spread: np.ndarray, old: EquationFit) -> bool:
    """Take the weakest atom from `own` if the whole record does without it, as `find_equation` does.

    Mirror images, which were weak on the pilot already, stay.
    """
    if len(own) < 2:
        return False
    weak = dict(zip(old.atoms[1:], np.abs(old.theta[1:]) / np.maximum(old.errors[1:], 1e-300), strict=True))
    size = np.sqrt(np.diag(fit.parts.gram))
    errors = np.maximum(np.sqrt(np.diag(spread).clip(0)), 1e-300)
    z = np.abs(fit.theta / errors)
    z[[0, *(n for n, a in enumerate(own) if weak.get(a, np.inf) ** 2 <= old.criterion.penalty)]] = np.inf
    weakest = int(np.argmin(z))
    material = abs(fit.theta[weakest]) * size[weakest] > NEGLIGIBLE * size[0]
    if not np.isfinite(z[weakest]) or (z[weakest] ** 2 > old.criterion.penalty and material):
        return False
    own.pop(weakest)
    return True


def _as_equation_fit(
    stream: StreamedFields, fit: Fitted, spread: np.ndarray, old: EquationFit
) -> EquationFit:
    square = max(float(fit.theta @ fit.parts.gram @ fit.theta), 0.0)
    excess = max(square - float(fit.theta @ fit.parts.noise @ fit.theta), 0.0)
    signal = max(fit.parts.gram[0, 0] - fit.parts.noise[0, 0], 1e-300)
    rows = max(stream.effective_rows(fit.atoms[:1], np.ones(1)), 4.0)
    return replace(
        old,
        atoms=fit.atoms,
        theta=fit.theta,
        covariance=spread,
        ratio=fit.ratio,
        residual=float(np.sqrt(square / fit.parts.gram[0, 0])),
        misfit=float(np.sqrt(excess / signal)),
        effective_rows=max(stream.effective_rows(fit.atoms, fit.theta), 4.0),
        criterion=replace(old.criterion, effective_rows=rows),
    )


def _joined(jets: JetSpace, fits: Sequence[Fitted], spread: np.ndarray) -> FittedEquations:
    atoms = tuple(dict.fromkeys(atom for fit in fits for atom in fit.atoms))
    number = {atom: k for k, atom in enumerate(atoms)}
    coefficients = np.zeros((len(fits), len(atoms)))
    support = np.zeros((len(fits), len(atoms)), dtype=bool)
    places = []
    for a, fit in enumerate(fits):
        where = [number[atom] for atom in fit.atoms]
        coefficients[a, where] = fit.theta
        support[a, where] = True
        places += [a * len(atoms) + k for k in where]
    full = np.zeros((coefficients.size, coefficients.size))
    full[np.ix_(places, places)] = spread
    return FittedEquations(
        jets=jets,
        atoms=atoms,
        targets=tuple(number[fit.atoms[0]] for fit in fits),
        coefficients=coefficients,
        covariance=full,
        support=support,
        chi_square=np.array([fit.ratio for fit in fits]),
    )


def _scaled(progress: Report | None, begin: float, end: float) -> Report | None:
    if progress is None:
        return None
    return lambda name, done, misfit: progress(name, begin + (end - begin) * done, misfit)
