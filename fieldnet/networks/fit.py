"""From the phases of oscillators to their law: a first law from weak projections, then maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from .edges import Proposal, propose, threshold
from .judgement import judged, restricted
from .law import Law
from .shooting import Free, Normal, Trajectories, maximise, moved, normal_equations, solve
from .smoothing import phase_noise, smooth, unwrapped
from .start import HARMONICS, WeakData, coupling_function, first_law, gauge_of
from .stepwise import Sums, stepwise

DENSE = 40
"""Up to so many nodes the likelihood first takes all edges at once."""
EXPLAINED = 1.2
"""Mean square of the residual over the noise, below which oscillators of first order explain the data, and
the factor by which those of second order must do better."""
MANY = 0.4
"""Part of all edges from which on the first law does not discriminate."""
FOLLOWED = 1.2
"""Growth of the mean square of the residual that a fit of longer pieces may bring."""
EXACT = 1e-4
"""Radians that integrators may err by, whatever the noise."""
CLOSE = 0.2
"""Radians, root mean square, within which Gauss–Newton is safe."""
EARLY, ROUNDS = 2, 8
"""Rounds of selection at short pieces and along whole trajectories, at most. Where the latter come to no end,
what does not stand out leaves; if it is the same after one more round, that has settled too."""
Progress = Callable[[str, float, float], None]


@dataclass(frozen=True)
class OscillatorFit:
    """A law with the covariance of its free coefficients, in the order of `Free.names()`, and its grounds.

    `sigma` is the noise that the residual of the trajectories shows, `noise` that of differences in time.
    `full` is K before edges were selected, `full_stderr` its standard errors with all candidates at once.
    `misfits` are the mean squares of the whitened weak residual over the noise, by order. `settled`: whether
    the selection of edges came to an end.
    """

    law: Law
    free: Free
    covariance: np.ndarray
    sigma: float
    noise: float
    full: np.ndarray
    full_stderr: np.ndarray
    misfits: dict[int, float]
    trajectories: Trajectories
    rounds: int
    settled: bool


def fit_law(
    phases: np.ndarray, step: float, progress: Progress | None = None, workers: int = 1
) -> OscillatorFit:
    """The law of unwrapped or wrapped phases of one network. shape: phases (S, T, N)

    `workers`: how many samples, or nodes, are worked on at once; the answer does not depend on it.
    """
    phases = unwrapped(phases)
    noise = phase_noise(phases)
    smoothed = smooth(phases, step)
    report = progress or (lambda *_: None)
    found: dict[int, tuple[WeakData, np.ndarray, float]] = {}
    for order in (1, 2):
        if order == 2 and found[1][2] < EXPLAINED:
            break
        data = WeakData(phases, smoothed, noise, step, order, smoothed.half)
        found[order] = (data, *coupling_function(data))
        report(f"weak projections, order {order}", 0.05 * order, found[order][2])
    misfits = {order: misfit for order, (_, _, misfit) in found.items()}
    order = 2 if misfits.get(2, np.inf) < misfits[1] / EXPLAINED else 1
    start = first_law(found[order][0], found[order][1])
    report("first law", 0.2, misfits[order])
    law = replace(start.law, on_site=np.zeros((2, 2)))
    free = _first_free(law)
    search = _Search(
        phases,
        smoothed.phases,
        smoothed.velocities,
        step,
        noise,
        2 * smoothed.half,
        law,
        free,
        report,
        workers,
    )
    try:
        with np.errstate(over="raise"):
            search.run()
    except FloatingPointError:
        search.run_without_edges()
    return OscillatorFit(
        search.law,
        search.free,
        search.covariance,
        search.variance**0.5,
        noise,
        start.full,
        search.proposal.full_stderr,
        misfits,
        search.trajectories,
        search.rounds,
        search.settled,
    )


def _first_free(law: Law) -> Free:
    form = law.form != 0
    gauge = gauge_of(law.form)
    lag = bool(law.form[gauge, 1])
    damped = np.full(law.nodes, law.order == 2)
    return Free(law.coupling != 0, damped, gauge, lag, form, np.zeros((2, 2), bool))


class _Search:
    """Rounds of maximum likelihood and selection; holds the present law and its trajectories."""

    def __init__(
        self,
        phases: np.ndarray,
        smoothed: np.ndarray,
        velocities: np.ndarray,
        step: float,
        noise: float,
        length: int,
        law: Law,
        free: Free,
        report: Progress,
        workers: int,
    ) -> None:
        self.phases, self.smoothed, self.velocities, self.step = phases, smoothed, velocities, step
        self.law, self.free, self.report, self.rounds, self.noise, self.length = (
            law,
            free,
            report,
            0,
            max(noise, 1e-12),
            length,
        )
        self.workers = workers
        self.settled = True
        self.squares, self.variance, self.covariance = 0.0, 0.0, np.zeros((0, 0))
        self.trajectories: Trajectories
        self.proposal: Proposal

    def run(self) -> None:
        times = self.phases.shape[1]
        length = min(times, self.length)
        self.trajectories = self._pieces(length)
        nodes = self.law.nodes
        if nodes <= DENSE and self.free.edges.sum() > MANY * nodes * (nodes - 1):
            self._all_edges(length)
        self._maximise(3, tolerance=1e-2)
        for _ in range(EARLY):
            if not self._select():
                break
            self._maximise(3, tolerance=1e-2)
        self._lengthen()
        for self.rounds in range(1, ROUNDS + 1):
            self.report(f"edges, round {self.rounds}", 0.4 + 0.6 * self.rounds / ROUNDS, self.chi_square())
            if not self._select():
                return
            self._settle()
        self._prune()
        self.settled = copy(self)._comes_back()

    def _comes_back(self) -> bool:
        """Whether one more round leads to the same coefficients once what does not stand out has left."""
        names = self.free.names()
        try:
            if self._select():
                self._settle()
                self._prune()
        except FloatingPointError:
            return False
        return self.free.names() == names

    def _prune(self) -> None:
        """Until all that is inside stands out; nothing enters."""
        while self._select(entering=False):
            self._settle()

    def run_without_edges(self) -> None:
        """Frequencies and dampings alone, where the likelihood has no maximum that the data resolve.

        Couplings that too few data leave open run away until responses e^{t∂F/∂θ} overflow: every edge then
        has an infinite standard error.
        """
        nodes = self.law.nodes
        none = np.zeros((nodes, nodes))
        form = np.zeros((HARMONICS, 2))
        form[0, 0] = 1.0
        zero = np.zeros(nodes)
        self.law = Law(self.law.order, none, self.velocities.mean((0, 1)), zero, form, np.zeros((2, 2)))
        if self.law.order == 2:
            self.law = replace(self.law, frequencies=zero)
        self.free = replace(_first_free(self.law), damped=np.zeros(nodes, bool))
        self.trajectories = self._pieces(min(self.phases.shape[1], self.length))
        self._maximise(3)
        self._errors()
        self.proposal = Proposal(none > 0, np.full((nodes, nodes), np.inf), none)

    def chi_square(self) -> float:
        return self.variance / self.noise**2

    def _lengthen(self) -> None:
        """Longer and longer pieces, as long as the law follows them to the noise: chaos may end it."""
        times = self.phases.shape[1]
        parts = 1
        while (short := self.trajectories.phases.shape[1]) < times:
            self.report("trajectories", 0.35, self.chi_square())
            while times // parts > 2 * short and not self._is_close(self._joined(parts)):
                parts *= 2
            if times // parts <= short:
                break
            before = self.law, self.trajectories, self.squares, self.variance
            self.trajectories = self._joined(parts)
            self._maximise(8)
            if self.variance <= max(FOLLOWED * before[3], EXACT**2):
                parts = 1
                continue
            self.law, self.trajectories, self.squares, self.variance = before
            parts *= 2

    def _settle(self) -> None:
        """Maximum likelihood after a change; from short pieces again where the change was too large."""
        if not self._is_close(self.trajectories):
            self.trajectories = self._pieces(min(self.length, self.phases.shape[1]))
            self._maximise(3, tolerance=1e-2)
            self._lengthen()
        else:
            self._maximise(8)

    def _pieces(self, length: int) -> Trajectories:
        """The data in pieces of `length` points, each with an initial state from the smoothed phases."""
        samples, times, nodes = self.phases.shape
        count = times // length
        pieces = self.phases[:, : count * length].reshape(samples * count, length, nodes)
        initial = self.smoothed[:, : count * length : length].reshape(-1, nodes)
        if self.law.order == 2:
            speeds = self.velocities[:, : count * length : length].reshape(-1, nodes)
            initial = np.concatenate([initial, speeds], 1)
        return Trajectories(pieces, self.step, initial, self.workers)

    def _joined(self, parts: int) -> Trajectories:
        """Each sample in so many equal pieces, which begin in the states already fitted at the same times."""
        samples, times, _ = self.phases.shape
        old = self.trajectories
        short = old.phases.shape[1]
        states = old.run(self.law).reshape(samples, -1, short, old.initial.shape[1])
        length = times // parts
        starts = np.minimum(np.arange(parts) * length, states.shape[1] * short - 1)
        initial = states[:, starts // short, starts % short].reshape(-1, old.initial.shape[1])
        pieces = self.phases[:, : parts * length].reshape(samples * parts, length, -1)
        return Trajectories(pieces, self.step, initial, self.workers)

    def _is_close(self, trajectories: Trajectories) -> bool:
        squares = trajectories.squares(trajectories.run(self.law))
        return squares < CLOSE**2 * trajectories.phases.size

    def _maximise(self, iterations: int, prior: float = 0.0, tolerance: float = 1e-6) -> None:
        self.law, self.trajectories, self.squares = maximise(
            self.law, self.free, self.trajectories, iterations, tolerance, prior
        )
        self.variance = self.squares / self.trajectories.freedom(self.free.count())

    def _all_edges(self, length: int) -> None:
        """Stepwise selection by the likelihood of all candidates at short pieces.

        The coupling function of the first law and the plain sine are tried; the lower information criterion
        decides.
        """
        sine = np.zeros((HARMONICS, 2))
        sine[0, 0] = 1.0
        best: tuple[float, Law, Free, Trajectories, float] | None = None
        for form in [self.law.form, sine][: 1 if np.array_equal(self.law.form, sine) else 2]:
            law = replace(self.law, form=form)
            if form is sine:
                law = replace(law, coupling=np.zeros_like(law.coupling))
            self._maximise_all(law, length)
            score = self.squares / self.noise**2 + self.free.count() * np.log(self.trajectories.phases.size)
            if best is None or score < best[0]:
                best = (score, self.law, self.free, self.trajectories, self.variance)
        if best is not None:
            _, self.law, self.free, self.trajectories, self.variance = best

    def _maximise_all(self, law: Law, length: int) -> None:
        self.trajectories = self._pieces(length)
        free = replace(_first_free(law), edges=~np.eye(law.nodes, dtype=bool))
        self.law, self.free = law, free
        size = np.square(self.velocities - self.velocities.mean(-1, keepdims=True)).mean()
        prior = self.noise**2 / size
        self._maximise(6, prior)
        normal = normal_equations(self.law, free, self.trajectories, self.trajectories.run(self.law))
        edges = int(free.edges.sum())
        present = np.zeros(len(normal.gradient))
        present[:edges] = self.law.coupling[free.edges]
        moment = normal.gradient + normal.matrix @ present
        square = float(present @ moment) + self.squares
        gram = normal.matrix + np.diag(np.where(np.arange(len(moment)) < edges, prior, 0.0))
        sums = Sums(gram, moment, square, self.trajectories.phases.size, self.variance)
        chosen = stepwise(sums, np.arange(edges), np.arange(edges, sums.count), threshold(law.nodes))
        kept = free.edges.copy()
        kept[free.edges] = chosen.coefficients[:edges] != 0
        self.law = moved(self.law, free, chosen.coefficients - present)
        self.free = replace(free, edges=kept)
        self._maximise(4)

    def _errors(self) -> tuple[Normal, Free, np.ndarray, np.ndarray]:
        """The covariance at the present law; normal equations of all but absent edges; which are inside."""
        wide = _widest(self.law, self.free)
        states = self.trajectories.run(self.law)
        normal = normal_equations(self.law, wide, self.trajectories, states)
        inside = set(self.free.names())
        kept = np.array([name in inside for name in wide.names()])
        self.covariance = self.variance * inverted(normal.matrix[np.ix_(kept, kept)])
        return normal, wide, kept, states

    def _select(self, entering: bool = True) -> bool:
        """Whether coefficients entered or left: Wald's test of those inside, the score test of others."""
        normal, wide, kept, states = self._errors()
        self.proposal = propose(self.law, self.trajectories, states, self.variance)
        names = wide.names()
        values = np.zeros(len(names))
        values[kept] = _values(self.law, self.free)
        inverse = self.covariance / self.variance
        across = normal.matrix[np.ix_(~kept, kept)] @ inverse
        information = np.diag(normal.matrix)[~kept]
        left = information - np.einsum("rk,kr->r", across, normal.matrix[np.ix_(kept, ~kept)])
        gain = normal.gradient[~kept] - across @ normal.gradient[kept]
        known = left > 1e-9 * information
        left = np.where(known, left, 1.0)
        values[~kept] = np.where(known, gain / left, 0.0)
        errors = np.ones(len(names))
        errors[kept] = np.sqrt(np.maximum(np.diag(self.covariance), 1e-300))
        errors[~kept] = np.sqrt(self.variance / left)
        estimates = {name: (float(v), float(v / e)) for name, v, e in zip(names, values, errors, strict=True)}
        free = judged(self.law, self.free, estimates, self.proposal, states)
        if not entering:
            free = free.within(self.free)
        if free.names() == self.free.names():
            return False
        self._restrict(free, normal, kept, wide)
        return True

    def _restrict(self, free: Free, normal: Normal, kept: np.ndarray, wide: Free) -> None:
        """The law moved to where the quadratic likelihood is highest without the coefficients that leave."""
        names = np.array(wide.names(), dtype=object)
        staying = set(free.names())
        leaves = np.array([k and tuple(name) not in staying for k, name in zip(kept, names, strict=True)])
        stays = kept & ~leaves
        values = np.zeros(len(names))
        values[kept] = _values(self.law, self.free)
        step = np.zeros(len(names))
        step[leaves] = -values[leaves]
        right = normal.matrix[np.ix_(stays, leaves)] @ values[leaves] + normal.gradient[stays]
        step[stays] = solve(normal.matrix[np.ix_(stays, stays)], right)
        law = moved(self.law, wide, step)
        self.law, self.free = restricted(law, free), free


def _widest(law: Law, free: Free) -> Free:
    """All shared coefficients and, with inertia, all dampings besides."""
    form = np.ones((HARMONICS, 2), dtype=bool)
    return replace(
        free,
        damped=np.full(law.nodes, law.order == 2),
        lag=True,
        form=form,
        on_site=np.ones((2, 2), dtype=bool),
    )


def _values(law: Law, free: Free) -> np.ndarray:
    """The free coefficients in their order."""
    value = {
        "edge": lambda i, j: law.coupling[i, j],
        "frequency": lambda i, _: law.frequencies[i],
        "damping": lambda i, _: law.damping[i],
        "lag": lambda n, _: np.arctan2(-law.form[n, 1], law.form[n, 0]),
        "form": lambda n, part: law.form[n, part],
        "on-site": lambda n, part: law.on_site[n, part],
    }
    return np.array([value[kind](a, b) for kind, a, b in free.names()])


def inverted(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a positive matrix, scaled to a unit diagonal."""
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    return np.linalg.pinv(matrix / np.outer(scale, scale), rcond=1e-14, hermitian=True) / np.outer(
        scale, scale
    )
