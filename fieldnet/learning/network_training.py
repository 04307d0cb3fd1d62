"""Training the L-conv network of oscillators on its weak residual."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn
from torch.func import functional_call

from .gradient import History, Progress, train
from .network_model import NetworkModel, rotation_parts
from .weak_form import WindowAxis, half_points, window_axis

FLOOR = 1e-10
"""Combinations of neighbours whose pulls have less than this part of the mean square do not move."""

ROUNDING = 1e-9
"""Torques that vary by less than this part of the phases' own rate vary by rounding alone."""
ROWS = 5
NARROWEST = {1: 10, 2: 14}
"""Half widths in samples at which the derivatives of the windows still integrate to 1e-4, by order."""
STARTS, CONVINCING = 10, 0.01
"""Random starts at most, and the loss at which they may end early."""
DECAYS = (1e-2, 1e-5)
"""Weight decays of a start, one after the other: wrong phase lags fit best with large couplings."""

Weights = dict[str, nn.Parameter]


@dataclass(frozen=True)
class NetworkSamples:
    """Unwrapped phases θ (sample, time, node) with test functions ψ along time, normalised to ∫ψ = 1.

    `variation` is the mean square of the target of `order` about the means of nodes, over the whole data
    set, of which these may be a part: it is the unit of residuals.
    """

    values: Tensor
    windows: WindowAxis
    order: int
    variation: float = 1.0

    @property
    def nodes(self) -> int:
        return self.values.shape[2]

    @property
    def rows(self) -> int:
        """Residuals a node."""
        return self.values.shape[0] * self.windows.count

    def project(self, series: Tensor, derivatives: int = 0) -> Tensor:
        """∫ ψ^(p) f dt. shape: (sample, time, ...) -> (sample, window, ...)"""
        return torch.einsum("wt,st...->sw...", self.windows.weights[derivatives], series)

    @cached_property
    def velocity(self) -> Tensor:
        """∫ψθ̇ = −∫ψ_tθ. shape: (sample, window, node)"""
        return -self.project(self.values, 1)

    @cached_property
    def target(self) -> Tensor:
        """∫ψθ̇ (order 1) or ∫ψθ̈ = ∫ψ_ttθ (order 2). shape: (sample, window, node)"""
        return self.velocity if self.order == 1 else self.project(self.values, 2)

    def scale(self) -> float:
        """The sum of squares that constant torques leave: the loss that counts as 1."""
        return self.variation * self.rows * self.nodes

    def select(self, samples: list[int]) -> "NetworkSamples":
        return replace(self, values=self.values[samples])

    def split_time(self, fraction: float) -> tuple["NetworkSamples", "NetworkSamples"]:
        """The windows before and after a fraction of the time."""
        cut = max(1, min(self.windows.count - 1, round(fraction * self.windows.count)))
        first, second, third = self.windows.weights
        early, late = (
            replace(
                self.windows,
                centres=self.windows.centres[part],
                weights=(first[part], second[part], third[part]),
            )
            for part in (slice(None, cut), slice(cut, None))
        )
        return replace(self, windows=early), replace(self, windows=late)


def network_samples(dataset: xr.Dataset, field: str = "theta", order: int = 1) -> NetworkSamples:
    """Phases of a loaded dataset, dims (sample, time, node), unwrapped along time where a step exceeds π.

    Windows are as wide as the data's spectrum asks for, but narrower, down to `NARROWEST`, where a node would
    have less than `ROWS` of them for each coefficient. Raises ValueError for other dims, fewer than 2 nodes
    or too few times.
    """
    array = dataset[field]
    if array.dims != ("sample", "time", "node"):
        raise ValueError(
            f"field '{field}' has the dimensions {array.dims}; expected ('sample', 'time', 'node')"
        )
    values = np.asarray(array.values, dtype=np.float64)
    samples, points, nodes = values.shape
    if nodes < 2:
        raise ValueError(f"field '{field}' has {nodes} node; expected at least 2 oscillators")
    if points > 1 and np.abs(np.diff(values, axis=1)).max() > np.pi:
        values = np.unwrap(values, axis=1)
    spacing = float(np.mean(np.diff(dataset["time"].values)))
    width = half_points(values, 1, spacing)
    wanted = ROWS * (nodes + 2) / samples  # of the 2 (points − 2 width)/width windows of a sample
    width = min(width, max(NARROWEST[order], round(2 * points / (4 + wanted))))
    windows = window_axis(points, spacing, width, periodic=False)
    whole = NetworkSamples(torch.from_numpy(values), windows, order)
    rounding = ROUNDING**2 * float(whole.velocity.square().mean()) ** order
    spread = float(_centred(whole.target).square().mean())
    return replace(whole, variation=max(spread, rounding, 1e-300))


def weak_residual(model: NetworkModel, samples: NetworkSamples) -> Tensor:
    """−∫ψ_tθ − ∫ψF (order 1) or ∫ψ_ttθ − γ∫ψ_tθ − ∫ψF (order 2). shape: (sample, window, node)"""
    residual = samples.target - samples.project(model.torque(samples.values))
    return residual + model.damping * samples.velocity if model.order == 2 else residual


def relative_residual(model: NetworkModel, samples: NetworkSamples) -> float:
    """‖R‖ over that of constant torques: 0 where the equations hold, 1 for oscillators on their own."""
    with torch.no_grad():
        return float((weak_residual(model, samples).square().sum() / samples.scale()).sqrt())


def train_network(
    model: NetworkModel,
    training: NetworkSamples,
    held_out: NetworkSamples,
    progress: Progress | None = None,
    label: str = "training",
    starts: int = STARTS,
    convincing: float = CONVINCING,
) -> History:
    """Train every weight from random numbers of torch's global generator; the model keeps the trained ones.

    Loss: ‖R‖² relative to constant torques. What trains are numbers of size one (`_Units`); ω_i is at each
    step the mean of what the rest leaves of node i. Short trainings with weight decay from at most `starts`
    random starts choose the one that is trained to the end without decay; they end once the lowest loss is
    reached twice and is below `convincing`.
    """
    units = _Units(model, training)
    loss_module = _Residual(model)

    def residual(weights: dict[str, Tensor], samples: NetworkSamples) -> Tensor:
        weights = weights | {"frequencies": torch.zeros_like(model.frequencies)}
        return functional_call(loss_module, {f"model.{k}": v for k, v in weights.items()}, (samples,))

    def descend(
        parameters: Weights, adam_steps: int, lbfgs_steps: int, begin: float, end: float, decay: float = 0.0
    ) -> History:
        def loss() -> Tensor:
            weights = units.physical(parameters)
            value = _centred(residual(weights, training)).square().sum() / training.scale()
            return value + decay * units.coupling(weights) if decay else value

        def held_out_loss() -> Tensor:
            weights = units.physical(parameters)
            rest = residual(weights, held_out) - residual(weights, training).mean((0, 1))
            return rest.square().sum() / held_out.scale()

        def report(stage: str, done: float, value: float) -> None:
            if progress is not None:
                progress(stage, begin + (end - begin) * done, value)

        return train(
            parameters.values(), loss, held_out_loss, adam_steps, lbfgs_steps, progress=report, label=label
        )

    trials: list[tuple[History, Weights]] = []
    for start in range(starts):
        parameters = {
            "layer.weight": nn.Parameter(torch.randn_like(model.layer.weight) / 3**0.5),
            "layer.generators.weight": nn.Parameter(torch.randn_like(model.graph.weight) / model.nodes**0.5),
        }
        begin, middle, end = (0.6 * (start + part) / starts for part in (0, 0.5, 1))
        early = descend(parameters, 20, 50, begin, middle, DECAYS[0])
        late = descend(parameters, 0, 50, middle, end, DECAYS[1])
        trials.append((_joined(early, late), parameters))
        trials.sort(key=lambda trial: trial[0].train[-1])
        lowest = [trial[0].train[-1] for trial in trials[:2]]
        if len(lowest) > 1 and lowest[1] < min(1.05 * lowest[0], convincing):
            break
    first, parameters = trials[0]
    history = descend(parameters, 0, 400, 0.6, 1.0)
    with torch.no_grad():
        weights = units.physical(parameters)
        model.frequencies.copy_(residual(weights, training).mean((0, 1)))
        for name, value in weights.items():
            model.get_parameter(name).copy_(value)
    return _joined(first, history)


def _joined(first: History, second: History) -> History:
    """One history after another, on one clock."""
    shift = second.started - first.started
    return History(
        first.stage + second.stage,
        first.train + second.train,
        first.held_out + second.held_out,
        first.seconds + [shift + seconds for seconds in second.seconds],
        first.started,
    )


def pulls(samples: NetworkSamples, node: int) -> Tensor:
    """∫ψ (J z_i)·B(z_j − z_i) for B = I, J, diag(1, −1) and the exchange of both axes.

    They are the projections of sin(θ_j − θ_i), cos(θ_j − θ_i) − 1, sin 2θ_i − sin(θ_j + θ_i) and
    cos(θ_j + θ_i) − cos 2θ_i; W¹ mixes them with the coefficients `rotation_parts(W¹)`.
    shape: (sample, window, 4, node)
    """
    theta = samples.values
    own = theta[:, :, node : node + 1]
    difference, total = theta - own, theta + own
    forms = (
        torch.sin(difference),
        torch.cos(difference) - 1,
        torch.sin(2 * own) - torch.sin(total),
        torch.cos(total) - torch.cos(2 * own),
    )
    return torch.stack([samples.project(form) for form in forms], 2)


class _Units:
    """Physical weights from numbers of size one.

    (ℓ_i, γ_i) = L_i⁻ᵀ(ℓ̃_i, γ̃_i) with L_iL_iᵀ the second moment, over the data, of what ℓ_ij and γ_i
    multiply: the projected pulls (J z_i)·W¹(z_j − z_i) of the present W¹, and −∫ψθ̇_i. Equal steps of the
    tilded numbers then move the residual equally, whichever form of coupling W¹ has. `FLOOR` keeps
    combinations in bounds that do not move.
    """

    def __init__(self, model: NetworkModel, samples: NetworkSamples):
        self.size = _centred(samples.target).square().mean().sqrt().clamp_min(1e-300)
        nodes = model.nodes
        self.damped = model.order == 2
        own = -_centred(samples.velocity).flatten(0, 1)
        self.moments = own.new_zeros(nodes, 4, 4, nodes, nodes)
        self.velocity = own.new_zeros(nodes, 4, nodes)
        self.diagonal = own.square().mean(0) if self.damped else own.new_ones(nodes)
        for i in range(nodes):
            columns = _centred(pulls(samples, i)).flatten(0, 1)
            self.moments[i] = torch.einsum("rpj,rqk->pqjk", columns, columns) / samples.rows
            if self.damped:
                self.velocity[i] = torch.einsum("rpj,r->pj", columns, own[:, i]) / samples.rows

    def coupling(self, weights: Mapping[str, Tensor]) -> Tensor:
        """Σ_ij |W¹|²ℓ_ij² a node, in units of the target's mean square."""
        form = rotation_parts(weights["layer.weight"][1])
        edges = weights["layer.generators.weight"]
        return form.square().sum() * edges.square().sum() / (edges.shape[1] * self.size**2)

    def physical(self, free: Mapping[str, Tensor]) -> dict[str, Tensor]:
        weight = free["layer.weight"]
        form = rotation_parts(weight[1])
        own = torch.einsum("p,ipj->ij", form, self.velocity)
        eye = torch.eye(len(own), dtype=own.dtype)
        moment = torch.einsum("p,ipqjk,q->ijk", form, self.moments, form)
        moment = moment + own[:, :, None] * eye[:, None] + own[:, None] * eye[:, :, None]
        moment = moment + torch.diag_embed(eye * self.diagonal[:, None])
        unit = moment.diagonal(dim1=1, dim2=2).clamp_min(1e-300).rsqrt()
        factor = torch.linalg.cholesky(moment * unit[:, :, None] * unit[:, None] + FLOOR * eye)
        free_rows = free["layer.generators.weight"][0]
        solved = torch.linalg.solve_triangular(factor.mT, free_rows[..., None], upper=True)[..., 0]
        rows = self.size * unit * solved
        weights = {
            "layer.weight": torch.cat([self.size * weight[:1], weight[1:]]),
            "layer.generators.weight": (rows * (1 - eye))[None],
        }
        if self.damped:
            weights["damping"] = rows.diagonal()
        return weights


def _centred(rows: Tensor) -> Tensor:
    return rows - rows.mean((0, 1))


class _Residual(nn.Module):
    """The weak residual as a module, so that it can be evaluated at other weights."""

    def __init__(self, model: NetworkModel):
        super().__init__()
        self.model = model

    def forward(self, samples: NetworkSamples) -> Tensor:
        return weak_residual(self.model, samples)
