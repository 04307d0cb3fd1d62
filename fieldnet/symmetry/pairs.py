"""Generators from pairs (x, y = exp(t^i L_i) x), t unknown and different for every pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..generators import GeneratorModule
from .ansatz import Ansatz, Matrices, as_ansatz, real_numbers
from .elements import determined, fit_groups
from .gap import EXPLAINED, Gap, find_gap
from .invariants import find_invariants, stabiliser
from .learned import HeldOut, LearnedGenerators, learned
from .low_pass import choose_low_pass
from .orbits import fit_span, orbit_residual

CONTROLS = 20
SHUFFLED = 24
"""Groups that are fitted to shuffled partners at most; the control spectra are resamples of these."""
HELD_OUT = 0.25
MOST = 3
"""Generators that are fitted jointly at most, where neither groups nor invariants determine them."""


def discover_generators(
    x: np.ndarray,
    y: np.ndarray,
    group: np.ndarray | Sequence[int] | None = None,
    ansatz: Ansatz | GeneratorModule | np.ndarray | None = None,
    resamples: int = 8,
    seed: int = 0,
) -> LearnedGenerators:
    """Find the span of the L_i in y_p = exp(t_p^i L_i) x_p, and how many there are.

    Args:
        x, y: (pairs, *shape): vectors, (pairs, n), or images.
        group: a label for each pair; pairs of one label were moved by the same element. Default: all
            different. Groups are cut to one size, the one that keeps most pairs.
        ansatz: where the generators are sought: matrices (count, n, n), a family of
            `fieldnet.generators`, an `Ansatz`; by default all n×n matrices.
        resamples: bootstrap resamples for `spread`.
        seed: of the split, the controls and the resamples.

    Three ways, the first that the data allow:

    - "elements": the data of a group are at least twice as many as the candidates, as of images or of several
      vectors moved alike. θ_p of every group is fitted by itself; the singular values of {θ_p} in units of
      their standard error part into those of the span and those of noise.
    - "invariants": single vectors. Polynomials h with h(y) = h(x) on all pairs are a null space, the
      generators the null space of A ↦ ∇h·Ax. What is found is the algebra of *all* candidates that keep the
      polynomial invariants, which holds the group that moved the data.
    - "orbits": no invariant, or none that generators keep. k = 1, 2, 3 generators are fitted jointly; the
      held-out distance of y from the orbit of x, per degree of freedom, falls off at the right k.

    The control in all of them are shuffled partners. The dimension is 0 unless the gap stands out from the
    control's, `find_gap`, and the held-out residual is below EXPLAINED times that of the identity and that
    of the control. Pairs that fill orbits of the full dimension n hold no information beyond the orbits:
    for them the answer is none, whatever moved them.

    `held_out`: distance of y from the orbit of x per degree of freedom (`orbit_residual`), for the
    generators, for none, and for the generators with shuffled partners. Raises ValueError for arrays that do
    not match.
    """
    x, y = real_numbers(x, "x"), real_numbers(y, "y")
    if x.shape != y.shape or x.ndim < 2 or not x.size:
        raise ValueError(
            f"got x of shape {x.shape} and y of {y.shape}, expected equal shapes (pairs, *shape), not empty"
        )
    if not (x.any() and y.any()):
        raise ValueError("got x or y that is 0 throughout, expected data that vary")
    if resamples < 0 or seed < 0:
        raise ValueError(f"got resamples {resamples} and seed {seed}, expected 0 or more")
    space = as_ansatz(ansatz, x.shape[1:])
    groups = _grouped(x.reshape(len(x), -1), y.reshape(len(y), -1), group)
    if len(groups[0]) < 8:
        raise ValueError(f"got {len(groups[0])} groups of pairs, expected at least 8")
    problem = _Pairs(*groups, space, seed)
    if determined(space, *groups[0].shape[1:]):
        return problem.elements(resamples)
    if isinstance(space, Matrices) and groups[0].shape[1] == 1:
        found = problem.invariants(resamples)
        if found is not None and found.dimension:
            return found
    return problem.orbits(resamples)


def _grouped(x: np.ndarray, y: np.ndarray, group: np.ndarray | Sequence[int] | None) -> tuple[Tensor, Tensor]:
    """Groups of pairs, cut to one size, the one that keeps most pairs; smaller groups are left out.

    shape: (pairs, length) twice -> (groups, vectors, length) twice
    """
    if group is None:
        return torch.tensor(x)[:, None], torch.tensor(y)[:, None]
    labels = np.asarray(group)
    if labels.shape != (len(x),):
        raise ValueError(f"got group labels of shape {labels.shape}, expected one for each of {len(x)} pairs")
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    sizes = np.sort([len(chosen) for chosen in members])
    vectors = int(sizes[np.argmax(sizes * np.arange(len(sizes), 0, -1))])
    index = np.array([chosen[:vectors] for chosen in members if len(chosen) >= vectors])
    return torch.tensor(x[index]), torch.tensor(y[index])


class _Pairs:
    """Training and held-out groups, and the three ways."""

    def __init__(self, x: Tensor, y: Tensor, ansatz: Ansatz, seed: int):
        self.draw = np.random.default_rng(seed)
        order = torch.tensor(self.draw.permutation(len(x)))
        held = max(2, int(HELD_OUT * len(x)))
        self.x, self.y = x[order[held:]], y[order[held:]]
        self.held_x, self.held_y = x[order[:held]], y[order[:held]]
        self.ansatz, self.seed = ansatz, seed

    def _shuffled(self, y: Tensor) -> Tensor:
        """Partners moved on along a random cycle, so that none keeps its own."""
        order = self.draw.permutation(len(y))
        partner = np.empty_like(order)
        partner[order] = np.roll(order, 1)
        return y[torch.tensor(partner)]

    def _judge(self, rows: np.ndarray, gap: Gap) -> tuple[np.ndarray, HeldOut]:
        """The rows, or none of them where they explain too little of the held-out pairs."""
        held = HeldOut(
            orbit_residual(self.ansatz, rows, self.held_x, self.held_y),
            orbit_residual(self.ansatz, rows[:0], self.held_x, self.held_y),
            orbit_residual(self.ansatz, rows, self.held_x, self._shuffled(self.held_y)),
        )
        explained = held.found < EXPLAINED * min(held.identity, held.control)
        return (rows if explained else rows[:0]), held

    def _result(
        self,
        rows: np.ndarray,
        gap: Gap,
        resampled: list[np.ndarray],
        method: str,
        undetermined: int = 0,
        invariant: np.ndarray | None = None,
    ) -> LearnedGenerators:
        rows, held = self._judge(rows, gap)
        return learned(self.ansatz, rows, gap, resampled, held, method, undetermined, invariant)

    def elements(self, resamples: int) -> LearnedGenerators:
        low_pass = choose_low_pass(self.ansatz, self.x, self.y)
        fit = fit_groups(self.ansatz, self.x, self.y, low_pass)
        shuffled = self._shuffled(self.y)[:SHUFFLED]
        control = fit_groups(self.ansatz, self.x[:SHUFFLED], shuffled, low_pass, fit.noise)
        count = len(control.theta)
        spectra = [
            control.sample(self.draw.integers(count, size=count)).singular_values() for _ in range(CONTROLS)
        ]
        gap = find_gap(fit.singular_values(), spectra, noise=1.0, control_noise=[1.0] * CONTROLS)
        rows = fit.span(gap.dimension)
        samples = [self.draw.integers(len(fit.theta), size=len(fit.theta)) for _ in range(resamples)]
        resampled = [fit.sample(chosen).span(gap.dimension) for chosen in samples]
        return self._result(rows, gap, resampled, "elements")

    def invariants(self, resamples: int) -> LearnedGenerators | None:
        assert isinstance(self.ansatz, Matrices)
        x, y = self.x[:, 0].numpy(), self.y[:, 0].numpy()
        found = find_invariants(x, y, CONTROLS, self.seed)
        if found is None:
            return None
        places = np.concatenate([x, y])
        gradients = found.gradients(places)
        space = stabiliser(gradients, places, self.ansatz)
        spectra = [
            stabiliser(gradients[self.draw.permutation(len(places))], places, self.ansatz).values
            for _ in range(CONTROLS)
        ]
        noise = float(found.gap.values[len(found.weights) - 1])
        gap = find_gap(space.values, spectra, nulls=True, noise=noise, control_noise=[noise] * CONTROLS)
        resampled = []
        for _ in range(resamples):
            chosen = self.draw.integers(len(x), size=len(x))
            again = found.refitted(x[chosen], y[chosen])
            rows = stabiliser(again.gradients(places), places, self.ansatz).span(gap.dimension)
            resampled.append(rows)
        rows = space.span(gap.dimension)
        eta = found.quadratic_form()
        return self._result(rows, gap, resampled, "invariants", space.undetermined, eta)

    def orbits(self, resamples: int) -> LearnedGenerators:
        numbers = self.x.shape[1] * self.x.shape[2]
        most = min(MOST, numbers - 1, self.ansatz.size - 1)
        shuffled, held_shuffled = self._shuffled(self.y), self._shuffled(self.held_y)
        spans = [np.zeros((0, self.ansatz.size))]
        values = [orbit_residual(self.ansatz, spans[0], self.held_x, self.held_y)]
        control = [orbit_residual(self.ansatz, spans[0], self.held_x, held_shuffled)]
        for count in range(1, most + 1):
            spans.append(fit_span(self.ansatz, self.x, self.y, count, self.seed))
            values.append(orbit_residual(self.ansatz, spans[-1], self.held_x, self.held_y))
            wrong = fit_span(self.ansatz, self.x, shuffled, count, self.seed)
            control.append(orbit_residual(self.ansatz, wrong, self.held_x, held_shuffled))
        gap = find_gap(np.array(values), [np.array(control)])
        rows = spans[gap.dimension if gap.dimension <= most else 0]
        resampled = []
        for again in range(min(resamples, 3) if len(rows) else 0):
            chosen = torch.tensor(self.draw.integers(len(self.x), size=len(self.x)))
            resampled.append(
                fit_span(self.ansatz, self.x[chosen], self.y[chosen], len(rows), self.seed + 1 + again)
            )
        return self._result(rows, gap, resampled, "orbits")
