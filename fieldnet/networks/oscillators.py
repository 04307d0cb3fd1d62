"""The law of a network of oscillators as an L-conv network, with what held-out data say of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
import xarray as xr

from ..learning.field_data import HELD_OUT, held_out_samples, held_out_times
from ..learning.network_fit import NetworkFit
from ..learning.network_model import NetworkModel
from .fit import OscillatorFit, fit_law
from .law import Law
from .shooting import Free, Trajectories, moved, normal_equations, solve
from .smoothing import smooth, unwrapped

METHOD = (
    "weak projections, then maximum likelihood along trajectories (Gauss–Newton); edges by score and Wald "
    "tests at a risk of 1% of any false edge in the network"
)
NOTHING = 0.9
"""Residual relative to constant torques above which nothing is explained."""
FIRST = 25
"""Points of a held-out sample from which its initial state is estimated."""
Progress = Callable[[str, float, float], None]


@dataclass(frozen=True)
class Oscillators:
    """A fitted network: `summary` in the terms of the trained ones, `fit` with the covariance, and the law of
    the same support that the training samples alone give, for the held-out ones.
    """

    summary: NetworkFit
    fit: OscillatorFit
    training_law: Law

    @property
    def errors(self) -> dict[str, np.ndarray]:
        """Standard errors by kind: edge, frequency, damping, lag, form, on-site."""
        return _errors(self.fit)


def fit_oscillators(
    dataset: xr.Dataset,
    field: str = "theta",
    holdout: float = HELD_OUT,
    progress: Progress | None = None,
    workers: int = 1,
) -> Oscillators:
    """Oscillators from the phases of a loaded dataset, dims (sample, time, node).

    All samples fit the coefficients. For what is said of held-out data (the last samples, `holdout` of all;
    of a single one the last times, see `held_out_times`) these are left out again by one Gauss–Newton step of
    the same likelihood; only which edges there are was chosen with them. `workers`: see `fit_law`.

    Raises ValueError for other dims, fewer than 2 oscillators or too few times to fit or to hold out.
    """
    started = time.perf_counter()
    phases, step = _phases(dataset, field)
    if len(phases) == 1:
        _held_out_times(phases.shape[1], holdout)  # before the work, for its error
    fit = fit_law(phases, step, progress, workers)
    training, testing = _split(fit, len(phases), holdout)
    training_law = _without(fit, training)
    model = as_model(fit, field)
    train, test = _residuals(fit, training_law, training, testing)
    errors = _errors(fit)
    undetermined = _undetermined(fit, train)
    summary = NetworkFit(
        model=model,
        order=fit.law.order,
        coupling=fit.law.coupling,
        coupling_stderr=errors["edge"],
        frequencies=fit.law.frequencies,
        frequencies_stderr=errors["frequency"],
        damping=fit.law.damping,
        damping_stderr=errors["damping"],
        phase_lag=_lag(fit.law, fit.free),
        phase_lag_stderr=float(errors["lag"][0]),
        trained_coupling=fit.full,
        history={},
        order_residuals={order: (misfit, misfit) for order, misfit in fit.misfits.items()},
        training_residual=train,
        held_out_residual=test,
        method=METHOD,
        explanation=_explanation(fit, train, test),
        undetermined=undetermined,
        seconds=time.perf_counter() - started,
    )
    return Oscillators(summary, fit, training_law)


def as_model(fit: OscillatorFit, field: str) -> NetworkModel:
    """The L-conv network with the law's weights: W¹ and W⁰ on (cos θ, sin θ, 1), one Wⁿ for each overtone."""
    law = fit.law
    active = np.flatnonzero(law.form.any(1))
    harmonics = int(active.max(initial=0)) + 1
    model = NetworkModel(law.nodes, law.order, field, harmonics)
    (sine, cosine), (sine2, cosine2) = law.on_site
    degree = law.coupling.sum(1)
    with torch.no_grad():
        model.layer.weight.zero_()
        model.layer.weight[0] = torch.tensor([[-sine2, cosine2, -sine], [cosine2, sine2, cosine]]) + 0.0
        model.layer.weight[1, :, :2] = _rotation(*law.form[0])
        for n in range(1, harmonics):
            model.overtones[n - 1] = _rotation(*law.form[n])
        model.graph.edges.copy_(torch.from_numpy(law.coupling != 0))
        model.graph.weight[0] = torch.from_numpy(law.coupling)
        model.frequencies.copy_(torch.from_numpy(law.frequencies + law.form[:, 1].sum() * degree))
        model.damping.copy_(torch.from_numpy(law.damping))
        model.coupling_stderr.copy_(torch.from_numpy(_errors(fit)["edge"]))
    return model


def follow(law: Law, free: Free, phases: np.ndarray, step: float) -> np.ndarray:
    """Phases of the law from the state that best fits the first points of each sample. shape: (S, T, N)"""
    start = _started(law, free, phases[:, : max(FIRST, 2)], step)
    return replace(start, phases=phases).run(law)[..., : law.nodes]


def _started(law: Law, free: Free, phases: np.ndarray, step: float) -> Trajectories:
    """Trajectories with the initial states of least squares; the law is kept."""
    smoothed = smooth(phases, step)
    initial = smoothed.phases[:, 0]
    if law.order == 2:
        initial = np.concatenate([initial, smoothed.velocities[:, 0]], 1)
    found = Trajectories(phases, step, initial)
    still = replace(
        free, edges=np.zeros_like(free.edges), damped=np.zeros_like(free.damped), lag=False,
        form=np.zeros_like(free.form), on_site=np.zeros_like(free.on_site),
    )  # fmt: skip
    for _ in range(4):
        normal = normal_equations(law, still, found, found.run(law))
        found = replace(found, initial=found.initial + normal.initial_steps(np.zeros(still.count())))
    return found


def _phases(dataset: xr.Dataset, field: str) -> tuple[np.ndarray, float]:
    array = dataset[field]
    if array.dims != ("sample", "time", "node"):
        raise ValueError(
            f"field '{field}' has the dimensions {array.dims}; expected ('sample', 'time', 'node')"
        )
    values = np.asarray(array.values, dtype=np.float64)
    _, times, nodes = values.shape
    if nodes < 2:
        raise ValueError(f"field '{field}' has {nodes} node; expected at least 2 oscillators")
    if times < 2 * FIRST:
        raise ValueError(f"got {times} times; expected at least {2 * FIRST}: give more points")
    return unwrapped(values), float(np.mean(np.diff(dataset["time"].values)))


def _split(fit: OscillatorFit, samples: int, holdout: float) -> tuple[Trajectories, Trajectories]:
    """Trajectories (training, held-out) with their initial states.

    A fit that follows samples in pieces leaves out all pieces of the held-out samples; of a single one the
    last pieces, as many as have a held-out time.
    """
    whole = fit.trajectories
    pieces, times, _ = whole.phases.shape
    if holdout == 0:
        return whole, whole
    if samples > 1:
        out = held_out_samples(samples, holdout) * (pieces // samples)
    else:
        held = _held_out_times(pieces * times, holdout)
        if pieces == 1:
            late = whole.run(fit.law)[:, times - held]
            training = replace(whole, phases=whole.phases[:, : times - held])
            return training, Trajectories(whole.phases[:, times - held :], whole.step, late)
        out = min(pieces - 1, -(-held // times))
    training, testing = (
        replace(whole, phases=whole.phases[part], initial=whole.initial[part])
        for part in (slice(-out), slice(-out, None))
    )
    return training, testing


def _held_out_times(times: int, holdout: float) -> int:
    return held_out_times(times, holdout, FIRST, FIRST // 2)


def _without(fit: OscillatorFit, training: Trajectories) -> Law:
    normal = normal_equations(fit.law, fit.free, training, training.run(fit.law))
    return moved(fit.law, fit.free, solve(normal.matrix, normal.gradient))


def _residuals(
    fit: OscillatorFit, training_law: Law, training: Trajectories, testing: Trajectories
) -> tuple[float, float]:
    """Root mean square of θ_data − θ, initial states fitted, relative to that of constant torques."""
    own = training.squares(training.run(fit.law))
    later = testing
    for _ in range(3):
        normal = normal_equations(training_law, fit.free, later, later.run(training_law))
        later = replace(later, initial=later.initial + normal.initial_steps(np.zeros(fit.free.count())))
    there = later.squares(later.run(training_law))
    train, test = (
        float(np.sqrt(squares / max(_alone(part.phases, fit.law.order), 1e-300)))
        for squares, part in ((own, training), (there, testing))
    )
    return train, test


def _alone(phases: np.ndarray, order: int) -> float:
    """Σ of squares that oscillators on their own leave: θ_0 + ωt, or θ_0 + v_0t + ωt²/2, one ω a node."""
    times = np.linspace(-1, 1, phases.shape[1])
    own = np.vander(times, order, increasing=True)
    common = times**order
    basis = np.linalg.qr(own)[0]
    rest = phases - np.einsum("ta,ua,sun->stn", basis, basis, phases)
    common = common - basis @ (basis.T @ common)
    slope = np.einsum("t,stn->n", common, rest) / (common @ common * len(phases))
    return float(np.square(rest - common[:, None] * slope).sum())


def _errors(fit: OscillatorFit) -> dict[str, np.ndarray]:
    """Standard errors; of absent edges those with all candidates at once."""
    nodes = fit.law.nodes
    found = {
        "edge": np.where(fit.free.edges | np.eye(nodes, dtype=bool), 0.0, _bounded(fit.full_stderr)),
        "frequency": np.zeros(nodes),
        "damping": np.zeros(nodes),
        "lag": np.zeros(1),
        "form": np.zeros(fit.law.form.shape),
        "on-site": np.zeros(fit.law.on_site.shape),
    }
    variances = np.maximum(np.diag(fit.covariance), 0.0)
    for (kind, i, j), variance in zip(fit.free.names(), variances, strict=True):
        place = (i, j) if kind in ("edge", "form", "on-site") else (0,) if kind == "lag" else (i,)
        found[kind][place] = np.sqrt(variance)
    return found


def _bounded(errors: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(errors), errors, 1e9)


def _lag(law: Law, free: Free) -> float:
    return float(np.arctan2(-law.form[free.gauge, 1], law.form[free.gauge, 0])) + 0.0


def _rotation(a: float, b: float) -> torch.Tensor:
    return torch.tensor([[a, -b], [b, a]], dtype=torch.float64) + 0.0


def _undetermined(fit: OscillatorFit, residual: float) -> str | None:
    """What the data leave open: edges as strong as any that was found could be there or not."""
    law = fit.law
    if not fit.settled:
        return (
            f"edges still entered and left after {fit.rounds} rounds of selection: these are too few data "
            "for as many edges; give more or longer transients"
        )
    velocities = np.diff(fit.trajectories.phases, axis=1) / fit.trajectories.step
    strongest = float(np.abs(law.coupling).max()) or float(velocities.mean(1).std())
    open_ = (fit.full_stderr > strongest) & ~np.eye(law.nodes, dtype=bool)
    if not open_.any():
        if residual > NOTHING and law.coupling.any():
            return f"residual {residual:.2g}: the network explains no more than constant torques do"
        return None
    nodes = np.flatnonzero(open_.any(1))
    worst = int(nodes[np.argmax(open_[nodes].sum(1))])
    mixed = np.flatnonzero(open_[worst])
    listed = ", ".join(f"theta_{j}" for j in mixed[:6]) + (", …" if len(mixed) > 6 else "")
    others = f" (and at {len(nodes) - 1} more nodes)" if len(nodes) > 1 else ""
    apart = f"at node {worst} the parts of {listed} and the frequency cannot be told apart{others}"
    error = fit.full_stderr[worst, mixed[0]]
    if not np.isfinite(error):
        return f"{apart}: these are too few data for as many edges; give more or longer transients"
    return (
        f"{apart}: these phases move together in all samples; with all edges allowed K_{worst},{mixed[0]} "
        f"has the standard error {error:.3g}"
    )


def _explanation(fit: OscillatorFit, train: float, test: float) -> str | None:
    if test > 3 * train and test > 1e-3:
        return (
            f"held-out residual {test:.2g} is {test / max(train, 1e-300):.0f} times the training one: the "
            "held-out phases go where the training ones do not, or follow another law"
        )
    excess = fit.sigma / max(fit.noise, 1e-300)
    if excess > 1.1 and train > 1e-3:
        return (
            f"the trajectories leave {fit.sigma:.3g} rad, {excess:.3g} times the noise that differences in "
            "time show: the law has a part that none of these torques has"
        )
    return None
