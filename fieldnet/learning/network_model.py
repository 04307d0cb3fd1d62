"""The L-conv network of oscillators: a linear layer on circle-valued features, read as torques."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..generators import Graph
from ..lconv import LConv

ON_SITE = ("sin(theta)", "cos(theta)", "sin(2*theta)", "cos(2*theta)")
"""Functions of one phase that W⁰ and the target channel can give."""


@dataclass(frozen=True)
class Torques:
    """What the weights of a `NetworkModel` mean, for N oscillators:

        F_i = ω_i + Σ_j K_ij sin(θ_j − θ_i − α) + Σ_j S_ij sin(θ_j + θ_i − β) + Σ_n p_in u_n(θ_i)

    with u = (sin θ, cos θ, sin 2θ, cos 2θ). The sums S are the part of W¹ that does not commute with
    rotations. With overtones sin(d − α) gives way to H(d) = Σ_n a_n sin nd + b_n cos nd; `form` holds its
    (a_n, b_n), which are (cos α, −sin α) in the strongest harmonic.

    shape: frequencies (N,), coupling (N, N), sums (N, N), on_site (N, 4), form (harmonics, 2); phase_lag α in
    (−π/2, π/2].
    """

    frequencies: Tensor
    coupling: Tensor
    phase_lag: float
    sums: Tensor
    sum_lag: float
    on_site: Tensor
    form: Tensor

    @property
    def harmonic(self) -> int:
        """The strongest harmonic of H, counted from 1."""
        return int(self.form.square().sum(-1).argmax()) + 1


class NetworkModel(nn.Module):
    """Oscillators θ_i(t) with θ̇_i = F_i (order 1) or θ̈_i + γ_iθ̇_i = F_i (order 2, inertia 1), and

        F_i = ω_i + (J z_i) · Q[Φ]_i,     Φ_i = (cos θ_i, sin θ_i, 1),     J = rotation by π/2,
    where Q is an `LConv` on the nodes whose generator is a learned `Graph`, (L̂f)_i = Σ_j ℓ_ij (f_j − f_i),
    and 1 is the constant target channel. W¹ = I gives Σ_j ℓ_ij sin(θ_j − θ_i), its antisymmetric part a phase
    lag, W⁰ on-site torques; which of them there are is learned. All of it is in the weights, and in
    `config()`: `NetworkModel(**config)` with `load_state_dict` restores the model.

    An overtone n = 2, 3, … of the coupling has a matrix of its own, Wⁿ in `overtones`, that acts on the
    features (cos nθ, sin nθ) over the same edges.

    `coupling_stderr` holds the standard errors of K_ij where a fit knows them: they say which K count as
    reciprocal.

    Raises ValueError for an order other than 1 or 2, fewer than 2 nodes, or phases of another number of
    nodes.
    """

    coupling_stderr: Tensor

    def __init__(self, nodes: int, order: int = 1, field: str = "theta", harmonics: int = 1):
        super().__init__()
        if order not in (1, 2):
            raise ValueError(f"order is {order}; expected 1 (θ̇ = F) or 2 (θ̈ + γθ̇ = F)")
        if nodes < 2:
            raise ValueError(f"got {nodes} node; expected at least 2 oscillators")
        if harmonics < 1:
            raise ValueError(f"got {harmonics} harmonics; expected 1 or more")
        self.nodes, self.order, self.field, self.harmonics = nodes, order, field, harmonics
        self.layer = LConv(3, 2, Graph(nodes, dtype=torch.float64), dtype=torch.float64)
        self.frequencies = nn.Parameter(torch.zeros(nodes, dtype=torch.float64))
        self.damping = nn.Parameter(torch.zeros(nodes, dtype=torch.float64), requires_grad=order == 2)
        if harmonics > 1:
            self.overtones = nn.Parameter(torch.zeros(harmonics - 1, 2, 2, dtype=torch.float64))
        self.register_buffer("coupling_stderr", torch.zeros(nodes, nodes, dtype=torch.float64))

    def config(self) -> dict[str, int | str]:
        """Arguments that rebuild the module, JSON-able."""
        several = {"harmonics": self.harmonics} if self.harmonics > 1 else {}
        return {"nodes": self.nodes, "order": self.order, "field": self.field, **several}

    @property
    def graph(self) -> Graph:
        """The generator on the network."""
        generators = self.layer.generators
        if not isinstance(generators, Graph):
            raise TypeError(f"generators are {type(generators).__name__}; expected Graph")
        return generators

    def stack(self, theta: Tensor) -> Tensor:
        """Φ = (cos θ, sin θ, 1). shape: (..., node) -> (..., 3, node)"""
        if theta.shape[-1:] != (self.nodes,):
            raise ValueError(f"phases have shape {tuple(theta.shape)}; expected (..., {self.nodes})")
        return torch.stack([torch.cos(theta), torch.sin(theta), torch.ones_like(theta)], -2)

    def torque(self, theta: Tensor) -> Tensor:
        """F_i = ω_i + (J z_i) · Q[Φ]_i. shape: (..., node) -> (..., node)"""
        stack = self.stack(theta)
        pull = self.layer(stack)
        torque = self.frequencies + stack[..., 0, :] * pull[..., 1, :] - stack[..., 1, :] * pull[..., 0, :]
        for n in range(2, self.harmonics + 1):
            wave = torch.stack([torch.cos(n * theta), torch.sin(n * theta)], -2)
            pull = self.overtones[n - 2] @ self.graph(wave)[0]
            torque = torque + wave[..., 0, :] * pull[..., 1, :] - wave[..., 1, :] * pull[..., 0, :]
        return torque

    def forward(self, theta: Tensor, velocity: Tensor | None = None) -> Tensor:
        """θ̇ (order 1) or θ̈ (order 2, which needs the velocity). shape: (..., node) -> (..., node)"""
        if self.order == 1:
            return self.torque(theta)
        if velocity is None:
            raise ValueError("got no velocity; oscillators of order 2 need one")
        return self.torque(theta) - self.damping * velocity

    @torch.no_grad()
    def torques(self) -> Torques:
        """The weights as physical coefficients, see `Torques`; an identity, whatever the weights are.

        With W¹ = aI + bJ + [[p, q], [q, −p]], d = θ_j − θ_i and s = θ_j + θ_i each edge pulls by
        ℓ_ij [a sin d + b (cos d − 1) − p (sin s − sin 2θ_i) + q (cos s − cos 2θ_i)].
        """
        edges = self.graph.edge_weights()[0]
        on_node, on_edge = (rotation_parts(weight) for weight in self.layer.weight)
        target = self.layer.weight[0, :, 2]
        a, b, p, q = (float(x) for x in on_edge)
        _, b0, p0, q0 = on_node
        waves = [(a, b)]
        for overtone in self.overtones if self.harmonics > 1 else ():
            (xx, xy), (yx, yy) = overtone.tolist()
            waves.append(((xx + yy) / 2, (yx - xy) / 2))
        strongest = max(range(len(waves)), key=lambda n: math.hypot(*waves[n]))
        main = waves[strongest]
        size = math.hypot(*main)
        sign = -1.0 if main[0] < 0 or (main[0] == 0 and main[1] > 0) else 1.0
        form = torch.tensor(waves, dtype=torch.float64) * (sign / size if size else 1.0)
        degree = edges.sum(-1)
        on_site = torch.stack(
            [
                (-target[0]).expand(self.nodes),
                target[1].expand(self.nodes),
                p * degree - p0,
                q0 - q * degree,
            ],
            -1,
        )
        return Torques(
            frequencies=self.frequencies + b0 - sum(wave[1] for wave in waves) * degree,
            coupling=sign * size * edges + 0.0,
            phase_lag=math.atan2(-sign * main[1], sign * main[0]) + 0.0,
            sums=math.hypot(p, q) * edges + 0.0,
            sum_lag=math.atan2(-q, -p) if p or q else 0.0,
            on_site=on_site + 0.0,
            form=form + 0.0,
        )


def rotation_parts(weight: Tensor) -> Tensor:
    """(a, b, p, q) of the 2×2 block aI + bJ + [[p, q], [q, −p]]. shape: (2, 3) -> (4,)"""
    (xx, xy), (yx, yy) = weight[:, :2]
    return torch.stack([xx + yy, yx - xy, xx - yy, xy + yx]) / 2
