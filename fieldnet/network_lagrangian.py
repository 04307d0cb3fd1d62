"""What the weights of a network of oscillators mean: its Lagrangian, its equations, its free field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
import torch
from numpy.typing import ArrayLike
from sympy.core.function import AppliedUndef

from lagrangians import Lagrangian, expand_mse_loss, parse_expression
from lagrangians.catalogue import freidlin_wentzell, kuramoto_inertial

from .generators import Graph
from .gradient_flow import BrokenCycle, GradientFlow, gradient_flow
from .lconv import LConv
from .learning.network_model import ON_SITE, NetworkModel, Torques


@dataclass(frozen=True)
class NetworkTheory:
    """What there is of a variational principle for a network, from the model alone.

    `kind` is one of
    - "conservative": order 2, no damping, reciprocal in a metric. ℒ is the density of the equations;
    - "dissipative": the same with damping. ℒ is the conservative part; `rayleigh` holds m_iγ_i of Rayleigh's
      function ½Σ m_iγ_iθ̇_i²;
    - "gradient flow", "no gradient flow": order 1. ℒ = ½Σ(θ̇_i − F_i)², Freidlin and Wentzell's;
    - "not reciprocal": order 2 without such a metric. ℒ = ½Σ(θ̈_i + γ_iθ̇_i − F_i)², the small-noise action of
      oscillators driven by white torques.

    With inertia the metric may be indefinite, with kinetic energies of both signs. `flow` is what
    `gradient_flow` says of K, or of K with the rows of negative m turned. `metric` is the m of m_iK_ij =
    m_jK_ji, or None; `reason` says why there is none.
    """

    lagrangian: Lagrangian
    kind: str
    flow: GradientFlow | BrokenCycle
    metric: np.ndarray | None
    rayleigh: np.ndarray | None
    reason: str | None


def network_theory(model: NetworkModel) -> NetworkTheory:
    """The theory of a trained network; its standard errors of K widen the tolerance of `gradient_flow`.

    A network is reciprocal where m_iK_ij = m_jK_ji within that tolerance and the coupling function is odd;
    only then is the density written with the mean of both sides.
    """
    torques = model.torques()
    damping = model.damping.detach().numpy() if model.order == 2 else np.zeros(model.nodes)
    flow = _flow(model, torques)
    if model.order == 2 and isinstance(flow, BrokenCycle):
        flow = _indefinite_flow(model, torques) or flow
    reason = _obstacle(torques, flow)
    metric = flow.metric if isinstance(flow, GradientFlow) and reason is None else None
    if model.order == 1:
        kind = "gradient flow" if metric is not None else "no gradient flow"
        return NetworkTheory(_freidlin_wentzell(model), kind, flow, metric, None, reason)
    if metric is None or not isinstance(flow, GradientFlow):
        return NetworkTheory(_noisy_action(model), "not reciprocal", flow, None, None, reason)
    density = _conservative(model, torques, flow)
    if np.any(damping != 0):
        return NetworkTheory(density, "dissipative", flow, metric, metric * damping, None)
    return NetworkTheory(density, "conservative", flow, metric, None, None)


def network_lagrangian(model: NetworkModel) -> Lagrangian:
    """The density of `network_theory`."""
    return network_theory(model).lagrangian


def equations_of_motion(model: NetworkModel) -> tuple[str, ...]:
    """One string a node, "theta_0_t = 1.2 + 0.5*sin(theta_1 - theta_0)" or "theta_0_tt = …".

    In the grammar of `lagrangians.parser`; numbers read back exactly.
    """
    left = "_t" if model.order == 1 else "_tt"
    return tuple(
        f"{model.field}_{i}{left} = {right}"
        for i, right in enumerate(_right_hand_sides(model, model.torques()))
    )


def incidence_layer(coupling: ArrayLike) -> tuple[LConv, torch.Tensor]:
    """(layer, η) with ½ Σ_nodes rᵀηr = Σ_{i<j} k_ij (1 − cos(θ_i − θ_j)) for r = Q[z], z = (cos θ, sin θ).

    The energy is ½Σ_{i<j} k_ij |z_i − z_j|². Every pair is one row of the incidence matrix, (L̂_c z)_i =
    √|k_ij| (z_j − z_i) for one of its nodes; pairs are coloured so that no node has two rows of one colour c,
    with colours of their own for negative k. Each W^c maps into outputs of its own, so that W⁰ = 0, m₂ = v =
    0 and h^{cc'} = ±δ_{cc'}I exactly.

    Raises ValueError unless the coupling is a symmetric (N, N) array. shape of η: (outputs, outputs)
    """
    k = np.array(coupling, dtype=float)
    if k.ndim != 2 or k.shape[0] != k.shape[1] or not np.array_equal(k, k.T):
        raise ValueError(f"got a coupling of shape {k.shape}, expected a symmetric (N, N) array")
    colours: list[dict[int, int]] = []
    signs: list[float] = []
    for i, j in zip(*np.nonzero(np.triu(k, 1)), strict=True):
        _paint(colours, signs, int(i), int(j), float(np.sign(k[i, j])))
    if not colours:
        colours, signs = [{}], [1.0]
    nodes, count = len(k), len(colours)
    weights = torch.zeros(count, nodes, nodes, dtype=torch.float64)
    for c, rows in enumerate(colours):
        for i, j in rows.items():
            weights[c, i, j] = abs(k[i, j]) ** 0.5
    graph = Graph(nodes, count, edges=weights.any(0), dtype=torch.float64)
    layer = LConv(2, 2 * count, graph, dtype=torch.float64)
    with torch.no_grad():
        graph.weight.copy_(weights)
        layer.weight.zero_()
        for c in range(count):
            layer.weight[1 + c, 2 * c : 2 * c + 2] = torch.eye(2)
    return layer, torch.diag(torch.tensor(signs, dtype=torch.float64).repeat_interleave(2))


def free_field(model: NetworkModel) -> dict[str, Any]:
    """m₂, h, v, a (nested lists) and the signature of h by `lagrangians.expand_mse_loss`.

    Where an energy in a metric exists: of its incidence layer on (cos θ, sin θ), with ½Σ rᵀηr the interaction
    energy, and for every overtone another block on (cos nθ, sin nθ). Else: of the trained layer as it is,
    ‖Q[Φ]‖² on (cos θ, sin θ, 1).
    """
    torques = model.torques()
    flow = _flow(model, torques)
    layers = [(model.layer, torch.eye(2, dtype=torch.float64))]
    if isinstance(flow, GradientFlow) and _obstacle(torques, flow) is None and not _extra(torques):
        layers = [
            (layer, sign * metric)
            for n, a in enumerate(torques.form[:, 0].tolist(), 1)
            if n == 1 or a
            for sign, (layer, metric) in [(np.sign(a) or 1.0, incidence_layer(abs(a) / n * flow.coupling))]
        ]
    with torch.no_grad():
        parts = [
            expand_mse_loss(
                layer.weight.numpy(),
                layer.generators.matrix((model.nodes,)).numpy(),
                output_metric=metric.numpy(),
            )
            for layer, metric in layers
        ]
    return {
        **{name: _blocks([getattr(part, name) for part in parts]).tolist() for name in ("m2", "h", "v", "a")},
        "signature": tuple(int(sum(counts)) for counts in zip(*(p.signature for p in parts), strict=True)),
    }


def _blocks(arrays: list[np.ndarray]) -> np.ndarray:
    """Arrays (…, m, m) as blocks along the diagonal of the last two axes, filled up with generators 0."""
    if len(arrays) == 1:
        return np.asarray(arrays[0])
    ahead = np.max([a.shape[:-2] for a in arrays], axis=0).astype(int)
    total = np.zeros((*ahead, *np.sum([a.shape[-2:] for a in arrays], axis=0)))
    place = 0
    for array in arrays:
        size = array.shape[-1]
        corner = (
            *(slice(0, n) for n in array.shape[:-2]),
            slice(place, place + size),
            slice(place, place + size),
        )
        total[corner] = array
        place += size
    return total


def _paint(colours: list[dict[int, int]], signs: list[float], i: int, j: int, sign: float) -> None:
    """Give the pair the first colour of its sign in which one of its nodes has no row yet."""
    for c, rows in enumerate(colours):
        if signs[c] != sign:
            continue
        for tail, head in ((i, j), (j, i)):
            if tail not in rows:
                rows[tail] = head
                return
    colours.append({i: j})
    signs.append(sign)


def _flow(model: NetworkModel, torques: Torques) -> GradientFlow | BrokenCycle:
    return gradient_flow(torques.coupling.numpy(), model.coupling_stderr.numpy())


def _indefinite_flow(model: NetworkModel, torques: Torques) -> GradientFlow | None:
    """A metric of both signs with m_iK_ij = m_jK_ji: s_is_j = sgn K_ijK_ji, then `gradient_flow` of sK."""
    coupling = torques.coupling.numpy()
    wanted = np.sign(coupling * coupling.T)
    signs = np.zeros(model.nodes)
    for root in range(model.nodes):
        if signs[root]:
            continue
        signs[root], queue = 1.0, [root]
        while queue:
            i = queue.pop()
            for j in np.flatnonzero(wanted[i]):
                if not signs[j]:
                    signs[j] = signs[i] * wanted[i, j]
                    queue.append(int(j))
                elif signs[j] != signs[i] * wanted[i, j]:
                    return None
    flow = gradient_flow(signs[:, None] * coupling, model.coupling_stderr.numpy())
    if isinstance(flow, BrokenCycle):
        return None
    return GradientFlow(signs * flow.metric, flow.coupling, flow.mismatch)


def _obstacle(torques: Torques, flow: GradientFlow | BrokenCycle) -> str | None:
    """Why the torques are no −M⁻¹∂V in any diagonal metric, or None where they are."""
    if isinstance(flow, BrokenCycle):
        return flow.reason
    if torques.phase_lag != 0 and bool(torques.coupling.any()):
        return (
            f"the phase lag {torques.phase_lag:.4g} makes the pull of j on i differ from minus that of i on j"
        )
    even = np.flatnonzero(torques.form[:, 1].numpy())
    if len(even) and bool(torques.coupling.any()):
        n, b = int(even[0]) + 1, float(torques.form[even[0], 1])
        return f"the even part {b:.4g}*cos({n}*d) of the coupling function pulls both of a pair the same way"
    return None


def _extra(torques: Torques) -> bool:
    return bool(torques.sums.any()) or bool(torques.on_site.any())


def _theta(model: NetworkModel) -> tuple[list[AppliedUndef], sympy.Symbol]:
    t = sympy.Symbol("t")
    return [sympy.Function(f"{model.field}_{i}")(t) for i in range(model.nodes)], t


def _conservative(model: NetworkModel, torques: Torques, flow: GradientFlow) -> Lagrangian:
    """`catalogue.kuramoto_inertial` with inertia m, coupling m_iK_ij and torques m_iω_i, and on-site
    terms.
    """
    theta, t = _theta(model)
    m = [float(x) for x in flow.metric]
    base = kuramoto_inertial(
        (float(torques.form[0, 0]) * flow.coupling).tolist(),
        [a * float(w) for a, w in zip(m, torques.frequencies, strict=True)],
        [int(a) if a == 1 else a for a in m],
    )
    density = base.density.xreplace(dict(zip(base.fields, theta, strict=True)))
    density = density.doit() + sympy.Add(
        *_on_site_terms(torques, theta, m), *_overtones(torques, theta, flow)
    )
    return Lagrangian(density, tuple(theta), (t,))


def _on_site_terms(torques: Torques, theta: Sequence[AppliedUndef], m: Sequence[float]) -> list[sympy.Expr]:
    """m_i ∫F_i dθ_i of the on-site torques, and −m_iS_ij cos(θ_i + θ_j − β) of the sums."""
    sine, cosine, sine2, cosine2 = (
        [a * float(x) for a, x in zip(m, column, strict=True)] for column in torques.on_site.T
    )
    terms = []
    for i, q in enumerate(theta):
        terms += [-sine[i] * sympy.cos(q), cosine[i] * sympy.sin(q)]
        terms += [-sine2[i] / 2 * sympy.cos(2 * q), cosine2[i] / 2 * sympy.sin(2 * q)]
    weights = torques.sums * torch.tensor(m, dtype=torch.float64)[:, None]
    both = ((weights + weights.T) / 2).tolist()
    for i, q in enumerate(theta):
        for j in range(i + 1, len(theta)):
            terms.append(-both[i][j] * sympy.cos(q + theta[j] - torques.sum_lag))
    return [term for term in terms if term != 0]


def _overtones(torques: Torques, theta: Sequence[AppliedUndef], flow: GradientFlow) -> list[sympy.Expr]:
    """Σ_{i<j} m_iK_ij (a_n/n) cos n(θ_i − θ_j) for n ≥ 2."""
    return [
        float(a * flow.coupling[i, j] / n) * sympy.cos(n * (theta[i] - theta[j]))
        for n, a in enumerate(torques.form[1:, 0].tolist(), 2)
        if a
        for i, j in zip(*np.nonzero(np.triu(flow.coupling, 1)), strict=True)
    ]


def _drift(model: NetworkModel) -> list[sympy.Expr]:
    theta, t = _theta(model)
    sides = _right_hand_sides(model, model.torques())
    return [parse_expression(side, theta, (t,)) for side in sides]


def _freidlin_wentzell(model: NetworkModel) -> Lagrangian:
    return freidlin_wentzell(_drift(model), _theta(model)[0])


def _noisy_action(model: NetworkModel) -> Lagrangian:
    theta, t = _theta(model)
    rests = [q.diff(t, 2) - force for q, force in zip(theta, _drift(model), strict=True)]
    return Lagrangian(sympy.Add(*(rest**2 / 2 for rest in rests)), tuple(theta), (t,))


def _right_hand_sides(model: NetworkModel, torques: Torques) -> list[str]:
    names = [f"{model.field}_{i}" for i in range(model.nodes)]
    damping = model.damping.tolist() if model.order == 2 else [0.0] * model.nodes
    lag, sum_lag = shifted(torques.phase_lag), shifted(torques.sum_lag)
    strongest = torques.harmonic
    sides = []
    for i, own in enumerate(names):
        terms: list[tuple[float, str]] = [(float(torques.frequencies[i]), "")]
        terms.append((-damping[i], f"*{own}_t"))
        for j, other in enumerate(names):
            weight, difference = float(torques.coupling[i, j]), multiple(strongest, f"{other} - {own}")
            terms.append((weight, f"*sin({difference}{lag})"))
            for n, (a, b) in enumerate(torques.form.tolist(), 1):
                if n != strongest and weight:
                    difference = multiple(n, f"{other} - {own}")
                    terms += [(weight * a, f"*sin({difference})"), (weight * b, f"*cos({difference})")]
        for j, other in enumerate(names):
            terms.append((float(torques.sums[i, j]), f"*sin({other} + {own}{sum_lag})"))
        for function, value in zip(ON_SITE, torques.on_site[i].tolist(), strict=True):
            terms.append((value, f"*{function.replace('theta', own)}"))
        kept = [f"{value!r}{factor}" for value, factor in terms if value != 0 or not factor]
        sides.append(" + ".join(kept).replace("+ -", "- "))
    return sides


def multiple(n: int, difference: str) -> str:
    return difference if n == 1 else f"{n}*({difference})"


def shifted(lag: float) -> str:
    """The text of −α inside a sine."""
    return f" - {lag!r}" if lag > 0 else f" + {-lag!r}" if lag < 0 else ""
