"""Noisy phases: edges, weights, harmonics, lag, damping, order, intervals; data that leave them open."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from fieldnet.discover import discover_lagrangian
from fieldnet.discover_network import discover_network
from fieldnet.learning.network_model import NetworkModel
from fieldnet.network_lagrangian import network_theory
from fieldnet.networks import edges, shooting
from fieldnet.networks.edges import threshold
from fieldnet.networks.fit import _Search, fit_law
from fieldnet.networks.law import Law
from fieldnet.networks.oscillators import _split, as_model, fit_oscillators
from fieldnet.networks.shooting import Free, Trajectories, maximise, moved, sensitivities
from fieldnet.networks.smoothing import phase_noise, smooth, unwrapped
from fieldnet.networks.workers import at_once

NODES, STEP = 6, 0.05
PLAIN = np.array([[1.0, 0.0]])
BENT = np.array([[np.cos(0.3), -np.sin(0.3)], [0.3, 0.1]])


def law(order=1, form=PLAIN, seed=3, nodes=NODES, damping=0.0, strength=1.0, symmetric=True):
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.3, 0.7, (nodes, nodes)) * (rng.random((nodes, nodes)) < 0.5)
    weights = np.triu(weights, 1)
    weights = weights + (weights.T if symmetric else np.triu(rng.permuted(weights.T, axis=0).T, 1).T)
    np.fill_diagonal(weights, 0)
    friction = np.full(nodes, damping)
    return Law(order, strength * weights, rng.normal(0, 1, nodes), friction, form, np.zeros((2, 2)))


def phases(system, samples=5, duration=8.0, noise=0.05, seed=0, speed=0.0):
    rng = np.random.default_rng(100 + seed)
    initial = rng.uniform(-np.pi, np.pi, (samples, system.nodes))
    if system.order == 2:
        initial = np.concatenate([initial, rng.normal(speed, 1, initial.shape)], 1)
    clean = system.run(initial, round(duration / STEP), STEP, 4)[..., : system.nodes]
    return clean + noise * rng.standard_normal(clean.shape)


def dataset(values):
    times = STEP * np.arange(values.shape[1])
    return xr.Dataset({"theta": (("sample", "time", "node"), values)}, coords={"time": times})


def assert_found(found, truth, sizes=4.5):
    """Every edge, and every number within so many of its standard errors, which are small."""
    fit = found.summary
    assert fit.order == truth.order
    np.testing.assert_array_equal(fit.coupling != 0, truth.coupling != 0)
    edges = truth.coupling != 0
    z = (fit.coupling - truth.coupling)[edges] / fit.coupling_stderr[edges]
    assert np.abs(z).max() < sizes
    assert fit.coupling_stderr[edges].max() < 0.1
    z = (fit.frequencies - truth.frequencies) / fit.frequencies_stderr
    assert np.abs(z).max() < sizes
    assert fit.undetermined is None
    return fit


def test_edges_and_weights_at_noise():
    truth = law()
    found = fit_oscillators(dataset(phases(truth)))
    assert assert_found(found, truth).phase_lag == 0
    assert found.fit.sigma == pytest.approx(0.05, rel=0.03)


@pytest.mark.parametrize("samples, holdout, kept", [(5, 0.2, 4), (5, 0.6, 2), (5, 0.95, 1), (1, 0.5, 80)])
def test_held_out_part(samples, holdout, kept):
    """The law of the training part is what that part alone gives on the edges found, to second order of the
    step; the reported law is that of all data.
    """
    values = phases(law(), samples=samples, noise=0.01)[:, :160]
    found = fit_oscillators(dataset(values), holdout=holdout)
    cut = (slice(kept), slice(None)) if samples > 1 else (slice(None), slice(kept))
    start = found.fit.trajectories
    training = replace(start, phases=start.phases[cut], initial=start.initial[cut[0]])
    alone, _, _ = maximise(found.fit.law, found.fit.free, training)
    step = np.abs(alone.frequencies - found.fit.law.frequencies).max()
    assert step > 1e-5
    assert np.abs(found.training_law.frequencies - alone.frequencies).max() < 0.1 * step
    discovery = discover_lagrangian(dataset(values), holdout=holdout)
    assert discovery.held_out.sizes["sample" if samples > 1 else "time"] == (
        samples - kept if samples > 1 else 160 - kept
    )
    assert discovery.fit["held_out_residual"] == found.summary.held_out_residual


@pytest.mark.parametrize("samples, holdout, kept", [(2, 0.2, 4), (3, 0.6, 4), (1, 0.2, 3), (1, 0.6, 1)])
def test_held_out_samples_are_left_out_in_all_their_pieces(samples, holdout, kept):
    """Four pieces each: piece n belongs to sample n // 4."""
    truth = law()
    found = fit_oscillators(dataset(phases(truth, samples=samples, noise=0.01)[:, :160]))
    pieces = np.arange(4 * samples * 40 * NODES, dtype=float).reshape(4 * samples, 40, NODES)
    fit = replace(found.fit, trajectories=Trajectories(pieces, STEP, pieces[:, 0]))
    training, testing = _split(fit, samples, holdout)
    np.testing.assert_array_equal(training.phases, pieces[:kept])
    np.testing.assert_array_equal(testing.phases, pieces[kept:])
    np.testing.assert_array_equal(testing.initial, pieces[kept:, 0])


@pytest.mark.parametrize("order", [1, 2])
def test_workers_give_the_same_bits(order, monkeypatch):
    """Of law and covariance, though samples and nodes are worked on in three threads."""
    single, threads = threading.current_thread(), {}

    def watched(module, name):
        act = getattr(module, name)

        def act_and_say(*arguments):
            threads.setdefault(name, set()).add(threading.current_thread())
            return act(*arguments)

        monkeypatch.setattr(module, name, act_and_say)

    watched(shooting, "sensitivities")
    watched(edges, "own_sums")
    values = dataset(phases(law(order=order), samples=3)[:, :120])
    alone = fit_oscillators(values).fit
    assert threads == {"sensitivities": {single}, "own_sums": {single}}
    together = discover_lagrangian(values, workers=3)
    assert all(len(used - {single}) > 1 for used in threads.values())
    again = fit_oscillators(values, workers=3).fit
    assert again.free.names() == alone.free.names()
    for name in ("coupling", "frequencies", "damping", "form"):
        np.testing.assert_array_equal(getattr(again.law, name), getattr(alone.law, name))
    np.testing.assert_array_equal(again.covariance, alone.covariance)
    np.testing.assert_array_equal(again.full_stderr, alone.full_stderr)
    np.testing.assert_array_equal(together.network.coupling, alone.law.coupling)


@pytest.mark.parametrize("workers", [1, 3])
def test_at_once(workers):
    """In order, whatever ends first; an overflow counts in every thread as where the work was asked for."""
    began = threading.Barrier(workers)

    def square(number):
        began.wait(10)
        return np.float64(number) ** 2

    assert list(at_once(square, range(6), workers)) == [0, 1, 4, 9, 16, 25]
    for raised, expected in (("raise", FloatingPointError), ("ignore", None)):
        with np.errstate(over=raised):
            found = at_once(square, [1e200] * 3, workers)
            if expected is None:
                assert list(found) == [np.inf] * 3
            else:
                with pytest.raises(expected):
                    list(found)


def test_parts_and_workers_that_are_refused():
    single = dataset(phases(law(), samples=1)[:, :60])
    for holdout in (0.05, 0.7):
        with pytest.raises(ValueError, match=r"of 60 times to hold out .*, expected at least 12"):
            fit_oscillators(single, holdout=holdout)
    with pytest.raises(ValueError, match="got 2 workers for the method 'network', expected 1"):
        discover_lagrangian(single, workers=2, method="network")


@pytest.mark.slow
def test_lag_and_harmonics_and_wrapped_phases():
    truth = law(form=BENT)
    values = phases(truth)
    found = fit_oscillators(dataset((values + np.pi) % (2 * np.pi) - np.pi))
    assert_found(found, truth)
    form, errors = found.fit.law.form, found.errors["form"]
    assert found.summary.phase_lag == pytest.approx(0.3, abs=5 * found.summary.phase_lag_stderr)
    assert found.summary.phase_lag_stderr < 0.05
    assert np.all(np.abs(form[1] - BENT[1]) < 5 * errors[1])
    np.testing.assert_array_equal(form[2], 0)
    theory = network_theory(found.summary.model)
    assert theory.kind == "no gradient flow"


@pytest.mark.slow
def test_inertia_with_and_without_damping():
    for damping, kind in ((0.0, "conservative"), (0.4, "dissipative")):
        truth = law(order=2, damping=damping)
        found = fit_oscillators(dataset(phases(truth)))
        fit = assert_found(found, truth)
        np.testing.assert_array_equal(fit.damping != 0, truth.damping != 0)
        assert np.abs(fit.damping - damping).max() <= 5 * fit.damping_stderr.max()
        assert network_theory(fit.model).kind == kind


@pytest.mark.slow
def test_overtones_are_in_the_weights():
    """The L-conv network and the law are the same torques; another weight changes them."""
    truth = law(form=np.vstack([BENT, [[0.0, -0.2]]]), symmetric=False)
    truth = replace(truth, on_site=np.array([[0.1, 0.2], [-0.3, 0.4]]))
    found = fit_oscillators(dataset(phases(law(), samples=2)))
    model = as_model(replace(found.fit, law=truth), "theta")
    theta = 3 * np.random.default_rng(0).standard_normal((4, NODES))
    np.testing.assert_allclose(model.torque(torch.tensor(theta)).detach(), truth.torque(theta), atol=1e-12)
    torques = model.torques()
    np.testing.assert_allclose(torques.coupling, truth.coupling, atol=1e-12)
    np.testing.assert_allclose(torques.form, truth.form, atol=1e-12)
    np.testing.assert_allclose(torques.frequencies, truth.frequencies, atol=1e-12)
    again = NetworkModel(**model.config())
    again.load_state_dict(model.state_dict())
    assert torch.equal(again.torque(torch.tensor(theta)), model.torque(torch.tensor(theta)))
    with torch.no_grad():
        again.overtones[0, 0, 0] += 0.1
    assert not torch.allclose(again.torque(torch.tensor(theta)), model.torque(torch.tensor(theta)))


def test_derivatives_of_the_law():
    truth = replace(law(form=BENT, symmetric=False), on_site=np.array([[0.1, 0.2], [-0.3, 0.4]]))
    theta = np.random.default_rng(0).uniform(-3, 3, NODES)
    eye, small = np.eye(NODES), 1e-6
    ahead, behind = (truth.torque(theta + s * small * eye) for s in (1, -1))
    np.testing.assert_allclose(truth.slopes(theta), (ahead - behind).T / (2 * small), atol=1e-8)
    np.testing.assert_allclose(truth.own_slopes(theta), np.diag(truth.slopes(theta)), atol=1e-12)
    pulls = truth.pulls(theta, 2)
    np.testing.assert_allclose(pulls, truth.pull(theta, np.full(5, 2), np.array([0, 1, 3, 4, 5])), atol=1e-12)


def test_sensitivities():
    """∂θ/∂(coefficients, initial states) against differences of trajectories, column by column."""
    base = law(order=2, damping=0.2).with_harmonics(2)
    every, both = np.ones(NODES, bool), np.ones((2, 2), bool)
    free = Free(base.coupling != 0, every, 0, True, both, both)
    initial = np.random.default_rng(0).uniform(-2, 2, (1, 2 * NODES))
    states = base.run(initial, 60, STEP)
    knots = np.arange(0, 61, 4)
    found = sensitivities(base, free, states[0], knots, STEP)
    small, size = 1e-6, free.count()
    for n in range(size + 2 * NODES):
        step = small * np.eye(size + 2 * NODES)[n]
        ahead, behind = (
            moved(base, free, s * step[:size]).run(initial + s * step[size:], 60, STEP) for s in (1, -1)
        )
        exact = ((ahead - behind) / (2 * small))[0, knots[1:], :NODES]
        assert np.linalg.norm(found[..., n] - exact) < 0.01 * np.linalg.norm(exact)


def test_noise_and_smoothing():
    values = phases(law(), noise=0.05)
    assert phase_noise(values) == pytest.approx(0.05, rel=0.05)
    clean = phases(law(), noise=0.0)
    assert np.std(smooth(values, STEP).phases - clean) < 0.03
    wrapped = (values + np.pi) % (2 * np.pi) - np.pi
    turns = (unwrapped(wrapped) - values) / (2 * np.pi)
    np.testing.assert_allclose(turns, turns.round(), atol=1e-9)
    np.testing.assert_allclose(turns - turns[:, :1], 0, atol=1e-9)


def test_synchronised_phases_are_undetermined():
    truth = replace(law(strength=3.0), frequencies=np.linspace(0.9, 1.1, NODES))
    values = phases(truth, duration=30.0)[:, 400:]
    fit = fit_oscillators(dataset(values)).summary
    assert "cannot be told apart" in fit.undetermined
    assert "theta_" in fit.undetermined


def test_a_selection_without_end_is_undetermined():
    """Of two transients edges enter that leave again; of eight, the control, they stay."""
    truth = law(seed=6, strength=0.6)
    found = discover_lagrangian(dataset(phases(truth, samples=2, noise=0.2, seed=6)))
    assert found.verdict.startswith("undetermined: edges still entered and left after 8 rounds")
    more = fit_law(phases(truth, samples=8, noise=0.2, seed=6), STEP)
    assert more.settled
    np.testing.assert_array_equal(more.law.coupling != 0, truth.coupling != 0)


def test_a_last_round_that_runs_away_leaves_the_edges_as_they_were(monkeypatch):
    """It is made only to see whether the selection has settled: it has not, and nothing else changes."""
    prune, calls = _Search._prune, []

    def runs_away(search):
        calls.append(search.law)
        if len(calls) == 2:
            raise FloatingPointError
        prune(search)

    noisy = phases(law(seed=6, strength=0.6), samples=2, noise=0.2, seed=6)
    plain = fit_law(noisy, STEP)
    monkeypatch.setattr(_Search, "_prune", runs_away)
    found = fit_law(noisy, STEP)
    assert len(calls) == 2
    assert not found.settled
    assert found.law.coupling.any()
    np.testing.assert_array_equal(found.law.coupling, plain.law.coupling)
    np.testing.assert_array_equal(found.covariance, plain.covariance)


def test_what_does_not_stand_out_leaves_at_the_end():
    """Where edges keep entering: every edge that is left stands out, none is false, and it has settled."""
    truth = law(seed=2, strength=0.6)
    found = fit_law(phases(truth, samples=2, noise=0.1, seed=2), STEP)
    edges = found.free.edges
    assert found.settled
    assert found.rounds == 8
    assert not (edges & (truth.coupling == 0)).any()
    errors = np.sqrt(np.diag(found.covariance)[: edges.sum()])
    assert (np.abs(found.law.coupling[edges]) > threshold(truth.nodes) * errors).all()


def test_too_few_data_are_undetermined():
    """Couplings that run away, here of one short transient, are no answer, and no overflow."""
    fit = fit_oscillators(dataset(phases(law(), samples=1)[:, :160])).summary
    assert "give more or longer transients" in fit.undetermined
    np.testing.assert_array_equal(fit.coupling, 0)


def test_without_edges_frequencies_are_left(monkeypatch):
    """Of oscillators with inertia too: uncoupled ones under constant torques."""

    def overflow(search):
        raise FloatingPointError

    monkeypatch.setattr("fieldnet.networks.fit._Search.run", overflow)
    truth = law(order=2, strength=0.0)
    fit = fit_oscillators(dataset(phases(truth, noise=1e-3))).summary
    assert fit.order == 2
    np.testing.assert_allclose(fit.frequencies, truth.frequencies, atol=1e-3)
    assert fit.frequencies_stderr.max() < 1e-3
    assert "give more or longer transients" in fit.undetermined


def test_free_oscillators_have_no_edges():
    truth = law(strength=0.0)
    fit = fit_oscillators(dataset(phases(truth))).summary
    np.testing.assert_array_equal(fit.coupling, 0)
    np.testing.assert_allclose(fit.frequencies, truth.frequencies, atol=0.05)


@pytest.mark.slow
def test_metric_of_both_signs():
    """m = (1, −1, 1, …): K_ij, K_ji differ in sign for some pairs and a density exists; one-way ones fail."""
    base = law(order=2)
    metric = np.where(np.arange(NODES) % 2, -1.0, 1.0)
    found = fit_oscillators(dataset(phases(law(order=2), samples=2)))
    turned = replace(base, coupling=base.coupling / metric[:, None])
    theory = network_theory(as_model(replace(found.fit, law=turned), "theta"))
    assert theory.kind == "conservative"
    assert set(np.sign(theory.metric)) == {-1.0, 1.0}
    one_way = replace(base, coupling=np.triu(base.coupling))
    free = Free(
        one_way.coupling != 0, np.zeros(NODES, bool), 0, False, np.zeros((3, 2), bool), np.zeros((2, 2), bool)
    )
    exact = replace(
        found.fit, law=one_way, free=free, covariance=np.zeros((free.count(),) * 2),
        full_stderr=np.zeros((NODES, NODES)),
    )  # fmt: skip
    assert network_theory(as_model(exact, "theta")).kind == "not reciprocal"


@pytest.mark.slow
def test_discovery_of_noisy_inertial_oscillators():
    """Variational; energy and U(1) charge are conserved along held-out data, the controls are not."""
    truth = law(order=2)
    found = discover_network(dataset(phases(truth, samples=6, noise=0.02, speed=2.0)), "theta")
    assert found.verdict == "variational"
    charges = {charge.name: charge for charge in found.conservation.charges}
    assert set(charges) == {"energy", "phase shift"}
    for charge in charges.values():
        assert charge.relative_drift < 0.2 * charge.control_drift
    network = found.content()["network"]
    assert len(network["form"]) == 1
    assert network["noise"] == pytest.approx(0.02, rel=0.05)


@pytest.mark.slow
def test_intervals_cover():
    """95% intervals of 40 seeds cover 90–99% of all true edges that were found; few are missed."""
    inside = total = missed = false = 0
    for seed in range(40):
        truth = law(seed=seed)
        fit = fit_oscillators(dataset(phases(truth, samples=3, seed=seed))).summary
        edges = (truth.coupling != 0) & (fit.coupling != 0)
        z = (fit.coupling - truth.coupling)[edges] / fit.coupling_stderr[edges]
        inside, total = inside + int((np.abs(z) < 1.96).sum()), total + int(edges.sum())
        missed += int(((truth.coupling != 0) & (fit.coupling == 0)).sum())
        false += int(((truth.coupling == 0) & (fit.coupling != 0)).sum())
    assert 0.9 <= inside / total <= 0.99
    assert missed <= 0.02 * total
    assert false <= 2


def test_bad_data():
    values = phases(law(), samples=2)
    with pytest.raises(ValueError, match=r"expected \('sample', 'time', 'node'\)"):
        fit_oscillators(dataset(values).transpose("sample", "node", "time"))
    with pytest.raises(ValueError, match="at least 2 oscillators"):
        fit_oscillators(dataset(values[..., :1]))
    with pytest.raises(ValueError, match="give more points"):
        fit_oscillators(dataset(values[:, :20]))
    with pytest.raises(ValueError, match="expected weak or network"):
        discover_network(dataset(values), "theta", method="magic")
