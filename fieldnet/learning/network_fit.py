"""From the phases of oscillators to their network: train, choose the order, select edges, refit."""

import time
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from .field_data import HELD_OUT, held_out_samples
from .gradient import History, Progress
from .network_model import NetworkModel, rotation_parts
from .network_regression import COMMON, SHAPE, Coefficients, Support, WeakRegression, form_of
from .network_training import (
    CONVINCING,
    STARTS,
    NetworkSamples,
    network_samples,
    relative_residual,
    train_network,
)
from .selection import MATERIAL, QUADRATURE, select_columns

NEGLIGIBLE = 1e-3
"""Terms whose torques are below this part of all torques are taken as errors of the data's own integrator."""
SMALL, LITTLE, NOTHING = 0.1, 0.5, 0.9
"""Held-out residuals below the first need no second training; above the others, little is explained."""
BRIEF = 4
"""Random starts of the first training."""
RANK = 1e-8
"""Combinations of columns below this part of the largest cannot be told from rounding."""


@dataclass(frozen=True)
class NetworkFit:
    """Oscillators θ̇_i or θ̈_i + γ_iθ̇_i = ω_i + Σ_j K_ij sin(θ_j − θ_i − α), beside what `model` has besides.

    `coupling` is K without 1/N, zero diagonal, absent edges exactly 0; `trained_coupling` the K of the
    trained network before edges were selected. Standard errors are clustered over blocks of windows.
    `order_residuals` holds (training, held-out) residuals of the trained network of each order. Residuals
    are relative to constant torques. `explanation` says why the held-out residual is far above the training
    one, `undetermined` what the data leave open.
    """

    model: NetworkModel
    order: int
    coupling: np.ndarray
    coupling_stderr: np.ndarray
    frequencies: np.ndarray
    frequencies_stderr: np.ndarray
    damping: np.ndarray
    damping_stderr: np.ndarray
    phase_lag: float
    phase_lag_stderr: float
    trained_coupling: np.ndarray
    history: dict[int, History]
    order_residuals: dict[int, tuple[float, float]]
    training_residual: float
    held_out_residual: float
    method: str
    explanation: str | None
    undetermined: str | None
    seconds: float


def fit_network(
    dataset: xr.Dataset,
    field: str = "theta",
    seed: int = 0,
    holdout: float = HELD_OUT,
    progress: Progress | None = None,
) -> NetworkFit:
    """Learn oscillators from a loaded dataset, dims (sample, time, node).

    Networks of order 1 and 2 train from random weights drawn with `seed`; the order whose held-out residual
    is smaller is taken, order 1 where they tie. Edges, dampings, phase lag and on-site torques are kept where
    cross-validation asks for them and refitted by least squares of the same weak residual. `holdout`: the
    part of the samples that no fit sees, the last ones; of a single sample, of its windows (by default a
    quarter).

    Raises ValueError for dims other than these or a part that is not from 0 to below 1.
    """
    started = time.perf_counter()
    samples = {order: _split(network_samples(dataset, field, order), holdout) for order in (1, 2)}
    models, history, residuals = _train_both(samples, field, seed, progress)
    first, second = (max(residuals[order][1], QUADRATURE) for order in (1, 2))
    order = 2 if second < min(first, NOTHING) / (1 + MATERIAL) else 1
    model, (training, testing) = models[order], samples[order]
    trained_coupling = model.torques().coupling.numpy()
    regression = WeakRegression(training)
    start, edges = _common_of(model)
    undetermined = _degenerate(regression, start)
    coefficients, support = _selected(regression, start, edges)
    _write(model, coefficients, support)
    torques = model.torques()
    edge_moves, frequency_moves, damping_moves, common_moves = coefficients.influence
    cosine, sine = np.cos(coefficients.common[0]), np.sin(coefficients.common[0])
    frequency_moves = (
        frequency_moves
        + sine * edge_moves.sum(-1)
        + cosine * common_moves[:, :1] * coefficients.edges.sum(-1)
    )
    errors = [np.sqrt((m**2).sum(0)) for m in (edge_moves, frequency_moves, damping_moves, common_moves)]
    train_residual, test_residual = (relative_residual(model, s) for s in (training, testing))
    with torch.no_grad():
        model.coupling_stderr.copy_(torch.from_numpy(errors[0]))
    coupling = torques.coupling.numpy()
    if progress is not None:
        progress("network, done", 1.0, train_residual**2)
    return NetworkFit(
        model=model,
        order=order,
        coupling=coupling,
        coupling_stderr=errors[0],
        frequencies=torques.frequencies.numpy(),
        frequencies_stderr=errors[1],
        damping=model.damping.detach().numpy().copy(),
        damping_stderr=errors[2],
        phase_lag=torques.phase_lag,
        phase_lag_stderr=float(errors[3][0]),
        trained_coupling=trained_coupling,
        history=history,
        order_residuals=residuals,
        training_residual=train_residual,
        held_out_residual=test_residual,
        method=(
            f"L-conv network of order {order} on (cos θ, sin θ, 1): Adam and L-BFGS on the weak residual "
            "from random weights; edges by cross-validated backward elimination, refitted by least squares "
            "of the same residual"
        ),
        explanation=_explanation(train_residual, test_residual, training, testing, support),
        undetermined=undetermined or _open(coupling, errors[0], test_residual),
        seconds=time.perf_counter() - started,
    )


def _train_both(
    samples: dict[int, tuple[NetworkSamples, NetworkSamples]],
    field: str,
    seed: int,
    progress: Progress | None,
) -> tuple[dict[int, NetworkModel], dict[int, History], dict[int, tuple[float, float]]]:
    """Networks of both orders, with (training, held-out) residuals.

    A brief training of both comes first. Where neither explains the held-out data, one with more random
    starts follows, and of each order the network of lower training loss stays.
    """
    models: dict[int, NetworkModel] = {}
    history: dict[int, History] = {}
    residuals: dict[int, tuple[float, float]] = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for starts, convincing, begin, share in ((BRIEF, np.inf, 0.0, 0.2), (STARTS, CONVINCING, 0.4, 0.25)):
            if residuals and min(testing for _, testing in residuals.values()) < SMALL:
                break
            for order, (training, testing) in samples.items():
                model = NetworkModel(training.nodes, order, field)
                at = begin + (order - 1) * share
                shown, label = _within(progress, at, at + share), f"oscillators of order {order}"
                run = train_network(model, training, testing, shown, label, starts, convincing)
                if order not in history or run.train[-1] < history[order].train[-1]:
                    models[order], history[order] = model, run
                    residuals[order] = (
                        relative_residual(model, training),
                        relative_residual(model, testing),
                    )
    return models, history, residuals


def _split(samples: NetworkSamples, holdout: float) -> tuple[NetworkSamples, NetworkSamples]:
    """(training, held-out), as `split_held_out`; of a single sample by windows."""
    count = samples.values.shape[0]
    if holdout == 0:
        return samples, samples
    if count == 1:
        return samples.split_time(0.75 if holdout == HELD_OUT else 1 - holdout)
    last = held_out_samples(count, holdout)
    return samples.select(list(range(count - last))), samples.select(list(range(count - last, count)))


def _within(progress: Progress | None, begin: float, end: float) -> Progress | None:
    if progress is None:
        return None
    return lambda stage, done, loss: progress(stage, begin + (end - begin) * done, loss)


def _common_of(model: NetworkModel) -> tuple[np.ndarray, np.ndarray]:
    """(α, p, q, on-site) of W¹ scaled to a² + b² = 1 and of W⁰, and the edge weights in that scale."""
    with torch.no_grad():
        a, b, p, q = rotation_parts(model.layer.weight[1]).numpy()
        _, _, p0, q0 = rotation_parts(model.layer.weight[0]).numpy()
        target = model.layer.weight[0, :, 2].numpy()
        size = (-1.0 if a < 0 else 1.0) * max(float(np.hypot(a, b)), 1e-300)
        edges = size * model.graph.edge_weights()[0].numpy()
    lag = np.arctan2(-b / size, a / size)
    return np.array([lag, p / size, q / size, -target[0], target[1], -p0, q0]), edges


def _selected(
    regression: WeakRegression, start: np.ndarray, edges: np.ndarray
) -> tuple[Coefficients, Support]:
    """The coefficients that the data ask for, beginning with all that the trained network has."""
    everything = ~np.eye(regression.nodes, dtype=bool)
    damped = np.full(regression.nodes, regression.order == 2)
    size = _torques_of_common(regression, edges, start)
    common = tuple(n for n in range(len(COMMON)) if size[n] > NEGLIGIBLE)
    support = Support(everything, damped, common)
    if common:
        coefficients = regression.solve(support, start)
        support = Support(everything, damped, _kept_common(regression, support, coefficients))
    coefficients = regression.solve(support, start)
    support = _kept_of_nodes(regression, support, coefficients)
    for _ in range(3):
        coefficients = regression.solve(support, coefficients.common)
        smaller = _without_negligible(regression, support, coefficients)
        same = smaller.common == support.common and (smaller.edges == support.edges).all()
        if same and (smaller.damped == support.damped).all():
            break
        support = smaller
    return regression.solve(support, coefficients.common), support


def _torques_of_common(regression: WeakRegression, edges: np.ndarray, common: np.ndarray) -> np.ndarray:
    """Root mean square of what each common coefficient adds, relative to constant torques. shape: (7,)"""
    square = np.zeros(len(COMMON))
    for i in range(regression.nodes):
        columns = regression.common_design(i, edges, common[0], range(len(COMMON))) * common
        square += np.var(columns, axis=0)
    return np.sqrt(square / (regression.nodes * regression.variation))


def _kept_common(regression: WeakRegression, support: Support, coefficients: Coefficients) -> tuple[int, ...]:
    common = list(support.common)
    columns, target = regression.without_nodes(support, coefficients.common, coefficients.edges, common)
    shape = [k for k, n in enumerate(common) if n < SHAPE]
    target = target + columns[:, shape] @ coefficients.common[[common[k] for k in shape]]
    folds = np.tile(regression.folds, regression.nodes)
    kept, _ = select_columns(-columns, target, folds, [COMMON[n] for n in common])
    return tuple(common[k] for k in kept)


def _kept_of_nodes(regression: WeakRegression, support: Support, coefficients: Coefficients) -> Support:
    """Edges and dampings by backward elimination, node by node; the frequency always stays."""
    edges, damped = support.edges.copy(), support.damped.copy()
    form = form_of(coefficients.common)
    for i in range(regression.nodes):
        design = regression.node_design(i, form, support)
        target = regression.target[:, i] - regression.on_site[i] @ coefficients.common[SHAPE:]
        neighbours = np.flatnonzero(support.edges[i])
        size = len(neighbours)
        columns = np.delete(design, size, axis=1)
        names = [f"edge {i}, {j}" for j in neighbours] + ["damping"] * (columns.shape[1] - size)
        kept, _ = select_columns(
            -(columns - columns.mean(0)), target - target.mean(), regression.folds, names
        )
        edges[i] = False
        edges[i, neighbours[[k for k in kept if k < size]]] = True
        damped[i] = size in kept
    return Support(edges, damped, support.common)


def _without_negligible(regression: WeakRegression, support: Support, coefficients: Coefficients) -> Support:
    edges, damped = support.edges.copy(), support.damped.copy()
    form = form_of(coefficients.common)
    all_torques = np.sqrt(regression.variation)
    for i in range(regression.nodes):
        own = np.sqrt(np.mean(regression.spread[:, i] ** 2))
        bar = NEGLIGIBLE * max(own, 0.1 * all_torques)
        pulled = np.einsum("p,rpj->rj", form, regression.pulls[i]) * coefficients.edges[i]
        edges[i] &= np.std(pulled, axis=0) > bar
        damped[i] &= np.std(regression.velocity[:, i]) * abs(coefficients.damping[i]) > bar
    size = _torques_of_common(regression, coefficients.edges, coefficients.common)
    return Support(edges, damped, tuple(n for n in support.common if size[n] > NEGLIGIBLE))


@torch.no_grad()
def _write(model: NetworkModel, coefficients: Coefficients, support: Support) -> None:
    """Put the coefficients into the weights: W¹ = I and W⁰ = 0 where no common term was kept."""
    _, p, q, sine, cosine, sine2, cosine2 = coefficients.common
    a, minus_b = form_of(coefficients.common)[:2]
    weight = torch.zeros_like(model.layer.weight)
    weight[0] = torch.tensor([[-sine2, cosine2, -sine], [cosine2, sine2, cosine]])
    weight[1, :, :2] = torch.tensor([[a + p, q - minus_b], [q + minus_b, a - p]])
    model.layer.weight.copy_(weight + 0.0)
    model.graph.edges.copy_(torch.from_numpy(support.edges))
    model.graph.weight[0] = torch.from_numpy(coefficients.edges)
    model.frequencies.copy_(torch.from_numpy(coefficients.frequencies))
    model.damping.copy_(torch.from_numpy(coefficients.damping))


def _degenerate(regression: WeakRegression, common: np.ndarray) -> str | None:
    """Names what moves together in the data, so that its coefficients cannot be told apart."""
    everything = ~np.eye(regression.nodes, dtype=bool)
    support = Support(everything, np.full(regression.nodes, regression.order == 2), ())
    found = []
    for i in range(regression.nodes):
        design = regression.node_design(i, form_of(common), support)
        scale = np.linalg.norm(design, axis=0)
        _, values, right = np.linalg.svd(design / np.where(scale > 0, scale, 1.0), full_matrices=False)
        if len(values) < design.shape[1]:
            found.append(f"node {i} has {design.shape[1]} coefficients and only {len(values)} windows")
        elif values[-1] < RANK * values[0]:
            names = [f"theta_{j}" for j in np.flatnonzero(everything[i])] + ["the frequency", "the damping"]
            mixed = np.flatnonzero(np.abs(right[-1]) > 0.1 * np.abs(right[-1]).max())
            listed = ", ".join(names[n] for n in mixed[:6]) + (", …" if len(mixed) > 6 else "")
            found.append(f"at node {i} the parts of {listed} cannot be told apart")
    if not found:
        return None
    others = f" (and at {len(found) - 1} more nodes)" if len(found) > 1 else ""
    return f"{found[0]}{others}: these phases move together in all samples"


def _open(coupling: np.ndarray, errors: np.ndarray, testing: float) -> str | None:
    if testing > LITTLE:
        much = "no more" if testing > NOTHING else "little more"
        return f"held-out residual {testing:.2g}: the network explains {much} than constant torques do"
    size = np.linalg.norm(coupling)
    if size > 0 and np.linalg.norm(errors) > 0.5 * size:
        part = np.linalg.norm(errors) / size
        return f"the couplings are uncertain by {part:.0%} of their size; give more data"
    return None


def _explanation(
    train: float, test: float, training: NetworkSamples, testing: NetworkSamples, support: Support
) -> str | None:
    """One sentence where the held-out residual is above `NEGLIGIBLE` and three times the training one."""
    if not (test > 3 * train and test > NEGLIGIBLE):
        return None
    most = int(support.edges.sum(1).max()) + 1
    if training.rows < 5 * most:
        why = f"a node has up to {most} coefficients and only {training.rows} overlapping windows to fit them"
    else:
        why = "the held-out phases go where the training ones do not, or follow another law"
    return f"held-out residual {test:.2g} is {test / max(train, 1e-300):.0f} times the training one: {why}"
