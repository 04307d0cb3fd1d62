"""Initial phases, networks and frequencies by name and parameters: "erdos-renyi:n=100,degree=6,seed=0"."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..names import unknown
from . import frequencies, initial, networks


@dataclass(frozen=True)
class Named:
    """A function with the meaning of each parameter that a user may set; defaults are the function's own.

    Attributes:
        function: what is called.
        meaning: one line.
        parameters: name → meaning.
    """

    function: Callable[..., Any]
    meaning: str
    parameters: Mapping[str, str]

    def default(self, name: str) -> Any:
        """The default of a parameter."""
        return inspect.signature(self.function).parameters[name].default


_SPREAD = "standard deviation of Gaussian noise on the phases"
_STRENGTH = "sum of the weights K_ij that act on a node, on average"
_CENTRE = "the middle of the distribution"

INITIAL_PHASES: dict[str, Named] = {
    "random": Named(initial.random_phases, "independent uniform phases", {}),
    "splay": Named(
        initial.splay,
        "phases equally spaced along the nodes",
        {"winding": "number of full turns along the nodes", "spread": _SPREAD},
    ),
    "synchronised": Named(initial.synchronised, "equal phases with noise", {"spread": _SPREAD}),
    "chimera": Named(
        initial.chimera,
        "random about the first half of a ring, coherent opposite to it",
        {"height": "range of the random phases", "narrowness": "of the random part: exp(−narrowness·x²)"},
    ),
    "two-clusters": Named(
        initial.two_clusters,
        "two groups of equal phases",
        {
            "fraction": "of the nodes that are in the first group",
            "separation": "phase of the second group",
            "spread": _SPREAD,
        },
    ),
    "wrapped-cauchy": Named(
        initial.wrapped_cauchy,
        "a point of the Ott–Antonsen manifold",
        {"order": "the order parameter"},
    ),
}

NETWORKS: dict[str, Named] = {
    "all-to-all": Named(
        lambda count=None, strength=1.0: float(strength), "every pair with K/N", {"strength": "K"}
    ),
    "ring": Named(
        networks.ring,
        "nearest neighbours on a ring",
        {"neighbours": "on either side", "strength": _STRENGTH},
    ),
    "cosine-ring": Named(
        networks.cosine_ring,
        "the kernel 1 + A cos x on a ring",
        {"amplitude": "A", "strength": "mean of the kernel"},
    ),
    "exponential-ring": Named(
        networks.exponential_ring,
        "the kernel exp(−decay·distance) on a ring of length 1",
        {"decay": "inverse range", "strength": _STRENGTH},
    ),
    "erdos-renyi": Named(
        networks.erdos_renyi,
        "every pair linked with the same probability",
        {"degree": "mean number of links at a node", "strength": _STRENGTH, "seed": "of the links"},
    ),
    "small-world": Named(
        networks.small_world,
        "a ring with some links moved at random",
        {
            "neighbours": "on either side, at first",
            "rewiring": "probability of a link to be moved",
            "strength": _STRENGTH,
            "seed": "of the moves",
        },
    ),
    "scale-free": Named(
        networks.scale_free,
        "growth with preference for nodes with many links",
        {"links": "that a new node brings", "strength": _STRENGTH, "seed": "of the growth"},
    ),
}

FREQUENCIES: dict[str, Named] = {
    "identical": Named(frequencies.identical, "one frequency for all", {"centre": "that frequency"}),
    "lorentzian": Named(
        frequencies.lorentzian,
        "Lorentzian density",
        {"centre": _CENTRE, "width": "half-width at half maximum"},
    ),
    "gaussian": Named(
        frequencies.gaussian, "Gaussian density", {"centre": _CENTRE, "width": "standard deviation"}
    ),
    "uniform": Named(frequencies.uniform, "equal density", {"centre": _CENTRE, "width": "half-width"}),
    "bimodal": Named(
        frequencies.bimodal,
        "mean of two Lorentzians",
        {"centre": _CENTRE, "width": "half-width of each", "separation": "of the two maxima"},
    ),
}


def read_specification(text: str) -> tuple[str, dict[str, float]]:
    """Name and numbers (whole ones as int) of "name:key=number,key=number"; ValueError for anything else."""
    name, _, rest = text.strip().partition(":")
    values: dict[str, float] = {}
    for part in rest.split(",") if rest.strip() else ():
        key, _, number = (piece.strip() for piece in part.partition("="))
        try:
            value = int(number) if number.lstrip("+-").isdigit() else float(number)
        except ValueError:
            value = math.nan
        if not (key and math.isfinite(value)):
            raise ValueError(
                f"got '{part.strip()}' in '{text}', expected key=number, as in 'lorentzian:width=0.5'"
            )
        values[key] = value
    return name, values


def initial_phases(text: str, count: int, samples: int = 1, seed: int = 0) -> torch.Tensor:
    """Phases of shape (sample, node) by specification, such as "two-clusters:fraction=0.3"; see
    `INITIAL_PHASES`.
    """
    named, values = _look_up(text, INITIAL_PHASES, "initial phases", ("seed",))
    return named.function(count, samples=samples, **{"seed": seed, **values})


def network(text: str, count: int | None = None) -> tuple[Any, int | None]:
    """(coupling, number of nodes) by specification, such as "ring:n=100,neighbours=2"; see `NETWORKS`.

    `n` in the text is the number of nodes, otherwise `count`. It may stay unknown (None) for "all-to-all"
    alone.
    """
    named, values = _look_up(text, NETWORKS, "network", ("n",))
    nodes = values.pop("n", count)
    if nodes is None and not text.strip().startswith("all-to-all"):
        raise ValueError(f"got the network '{text}' without a number of nodes, expected one, as in ':n=100'")
    if nodes is not None and (nodes != int(nodes) or nodes < 2):
        raise ValueError(f"got n = {nodes} in '{text}', expected a whole number ≥ 2")
    if nodes is not None and count is not None and nodes != count:
        raise ValueError(f"got n = {nodes} in '{text}' for {count} oscillators, expected the same number")
    nodes = None if nodes is None else int(nodes)
    return named.function(nodes, **values), nodes


def natural_frequencies(text: str, count: int) -> torch.Tensor:
    """ω of shape (node,) by specification, such as "gaussian:width=0.5,seed=3"; see `FREQUENCIES`.

    With `seed` they are drawn at random. Without, they are quantiles, in an order shuffled by the seed
    `shuffle` (0 by default), or rising with the node for `ascending=1`: then neighbours are nearly alike.
    """
    named, values = _look_up(text, FREQUENCIES, "frequencies", ("seed", "shuffle", "ascending"))
    seed, shuffle = values.pop("seed", None), values.pop("shuffle", 0)
    ascending = bool(values.pop("ascending", 0))
    distribution = named.function(**values)
    if seed is not None:
        return distribution.sample(count, int(seed))
    return distribution.quantiles(count, None if ascending else int(shuffle))


def _look_up(
    text: str, known: Mapping[str, Named], kind: str, besides: tuple[str, ...]
) -> tuple[Named, dict[str, Any]]:
    name, values = read_specification(text)
    if name not in known:
        raise ValueError(unknown(kind, name, known))
    allowed = {*known[name].parameters, *besides}
    for key, value in values.items():
        if key not in allowed:
            raise ValueError(unknown(f"parameter of the {kind} {name}", key, sorted(allowed)))
        whole = key in ("seed", "shuffle", "ascending") or (
            key in known[name].parameters and isinstance(known[name].default(key), int)
        )
        if whole and not isinstance(value, int):
            raise ValueError(f"got {key} = {value} in '{text}', expected a whole number")
    return known[name], values
