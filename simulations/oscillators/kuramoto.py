"""Phase oscillators: of first order in time (Kuramoto, Sakaguchi, Daido, Skardal) or with inertia."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from . import observables
from .couplings import LaggedCoupling, read_coupling
from .parameters import Constant, finite_tensor, per_node
from .simplices import MeanFieldTriplets, Simplices, Triplets, triplet_potential
from .sparse import Edges, SparseCoupling

_Number = float | torch.Tensor
_Wave = tuple[torch.Tensor, torch.Tensor]  # sin nθ, cos nθ
_Term = tuple[int, _Number | None, _Wave, _Wave]  # n, a_n or None for 1, the wave, and its lagged sums

LISTED = 1000  # the most numbers written as a list into a file's attributes


class Kuramoto:
    """Kuramoto oscillators, without 1/N in front of the sum:

        inertia = 0:   θ̇_i = T_i + σ_i ξ_i
        inertia > 0:   m_i θ̈_i + γ_i θ̇_i = T_i + σ_i ξ_i
        T_i = ω_i + Σ_j K_ij f(θ_j − θ_i) + triplets,     f(x) = sin(x − α) or Σ_n a_n sin(nx − α_n)

    The sums are products of K with sines and cosines by the addition theorem: a dense network costs 2N sines,
    not N², a sparse one a sparse product, and a scalar coupling (every pair with K/N, itself included) goes
    through the order parameters z_n = (1/N) Σ e^{inθ_j} in O(N).

    Phases have shape (…, node).

    Args:
        coupling: a scalar for K/N everywhere; or K_ij, row i acting on oscillator i, as an N × N array, a
            SciPy sparse matrix, a sparse tensor, or `Edges(i, j, weight)`.
        frequencies: ω, shape (N,).
        inertia: m, a number or shape (N,): all zero or all positive.
        damping: γ, a number or shape (N,), ≥ 0; needs inertia > 0.
        phase_lag: α in radians (Sakaguchi & Kuramoto, Prog. Theor. Phys. 76 (1986) 576): a number, the same
            in every harmonic; one for each harmonic; or, with a dense coupling, an N × N array α_ij.
        harmonics: a_1, a_2, … (Daido, Prog. Theor. Phys. 88 (1992) 1213), or a mapping {n: a_n}; None is
            the sine alone.
        simplices: `MeanFieldTriplets` or `Triplets`, one or several.
        noise: σ ≥ 0, a number or shape (N,), of white noise with ⟨ξ_i(t)ξ_j(s)⟩ = δ_ij δ(t − s): diffusion
            D = σ²/2 of the phases, or with inertia of the angular momenta. It needs a stochastic integrator.

    Attributes: `coupling` (a tensor, () or N × N, in compressed rows if it was sparse), `frequencies`,
    `inertia`, `damping` (N,), `phase_lag` (a float, or a tensor if it was an array), `harmonics` (None or a
    tensor), `simplices` (a tuple), `noise` (None or a tensor), `noise_strength`, `time_order`, `separable`.

    Raises ValueError for shapes that do not fit, numbers that are not finite, or damping without inertia.
    """

    fields: tuple[str, ...] = ("theta",)
    axes: tuple[str, ...] = ("node",)
    boundary = None

    def __init__(
        self,
        coupling: Any,
        frequencies: Any,
        inertia: Any = 0.0,
        damping: Any = 0.0,
        phase_lag: Any = 0.0,
        *,
        harmonics: Sequence[float] | Mapping[int, float] | torch.Tensor | None = None,
        simplices: Simplices | Sequence[Simplices] = (),
        noise: Any = None,
    ):
        self.frequencies = finite_tensor(frequencies, "frequencies")
        if self.frequencies.ndim != 1 or len(self.frequencies) < 2:
            raise ValueError(
                f"got frequencies of shape {tuple(self.frequencies.shape)}, expected (N,) with N ≥ 2"
            )
        count = len(self.frequencies)
        self.harmonics = _read_harmonics(harmonics)
        lag = _read_lag(phase_lag, 1 if self.harmonics is None else len(self.harmonics), count)
        self.phase_lag: _Number = float(lag) if lag.ndim == 0 and not lag.requires_grad else lag
        self.pairs = read_coupling(coupling, count, lag)
        self.coupling = self.pairs.tensor
        device = self.frequencies.device
        self.inertia = per_node(inertia, "inertia", count).to(device)
        self.damping = per_node(damping, "damping", count).to(device)
        self.simplices = _read_simplices(simplices, count)
        self.noise = _read_noise(noise, count, device)
        if not (bool((self.inertia == 0).all()) or bool((self.inertia > 0).all())):
            raise ValueError("got inertia with zeros beside other values, expected all zero or all positive")
        if bool((self.damping < 0).any()):
            raise ValueError("got negative damping, expected γ ≥ 0")
        self.time_order = 2 if bool((self.inertia > 0).all()) else 1
        damped = bool((self.damping > 0).any())
        if damped and self.time_order == 1:
            raise ValueError(
                "got damping without inertia, expected inertia > 0; first-order oscillators have no γ"
            )
        self.separable = self.time_order == 2 and not damped
        self._terms = _terms(self.harmonics, lag)
        self._constants = {
            name: Constant(getattr(self, name)) for name in ("frequencies", "inertia", "damping")
        }

    @property
    def points(self) -> tuple[int, ...]:
        """Shape of the node axis, (N,)."""
        return (len(self.frequencies),)

    @property
    def noise_strength(self) -> torch.Tensor | None:
        """s in dθ = … + s dW, or with inertia dθ̇ = … + s dW, where s = σ/m; None without noise.

        Additive: it does not depend on the state. Shape () or (node,).
        """
        if self.noise is None:
            return None
        return self.noise / self.inertia if self.time_order == 2 else self.noise

    def velocity(self, theta: torch.Tensor, time: float = 0.0) -> torch.Tensor:
        """θ̇ of the first-order system, without noise; ValueError with inertia. Shape (…, node)."""
        if self.time_order == 2:
            raise ValueError(
                "got oscillators with inertia, whose velocity is part of the state; use .acceleration"
            )
        return self.torque(theta)

    def acceleration(
        self, theta: torch.Tensor, velocity: torch.Tensor | None = None, time: float = 0.0
    ) -> torch.Tensor:
        """θ̈ = (T − γθ̇)/m, without noise; ValueError without inertia. Shape (…, node)."""
        if self.time_order == 1:
            raise ValueError("got oscillators without inertia, which have no acceleration; use .velocity")
        torque = self.torque(theta)
        if not self.separable:
            if velocity is None:
                raise ValueError("got no velocity, expected one: these oscillators are damped")
            torque = torque - self._constants["damping"].like(theta) * velocity
        return torque / self._constants["inertia"].like(theta)

    def torque(self, theta: torch.Tensor) -> torch.Tensor:
        """T_i = ω_i + Σ_j K_ij f(θ_j − θ_i) + triplets, shape (…, node)."""
        sine, cosine = torch.sin(theta), torch.cos(theta)
        torque = self._constants["frequencies"].like(theta)
        for _, amplitude, (wave_sine, wave_cosine), (sines, cosines) in self._harmonic_sums(sine, cosine):
            if amplitude is not None:
                sines, cosines = amplitude * sines, amplitude * cosines
            torque = torch.addcmul(torque, wave_cosine, sines)
            torque = torch.addcmul(torque, wave_sine, cosines, value=-1)
        for simplex in self.simplices:
            torque = torque + simplex.torque(theta, sine, cosine)
        return torque

    def potential(self, theta: torch.Tensor) -> torch.Tensor:
        """V with T = −∂V/∂θ, of unwrapped phases; shape (…):

            V = −Σ ω_iθ_i + ½ Σ_ij K_ij Σ_n (a_n/n) (1 − cos(n(θ_j − θ_i) − α_ij)) + triplets

        It exists where K_ij e^{−iα_ij} is Hermitian: K symmetric and α = 0, or α_ij = −α_ji. Of triplets,
        only mean-field ones of both forms with the same strength have one. ValueError elsewhere.
        """
        sine, cosine = torch.sin(theta), torch.cos(theta)
        triplets = triplet_potential(self.simplices, sine, cosine)
        lagged = any(turn is not None for _, _, turn in self._terms)
        if lagged or triplets is None or not self.pairs.is_hermitian():
            raise ValueError(
                "got oscillators without an energy, expected symmetric coupling, no phase lag (or "
                "α_ij = −α_ji), and triplets of both forms with one strength or none"
            )
        potential = triplets - (self._constants["frequencies"].like(theta) * theta).sum(-1)
        total = self.pairs.total(theta)
        for n, amplitude, (wave_sine, wave_cosine), (sines, cosines) in self._harmonic_sums(sine, cosine):
            pairs = total - (wave_cosine * cosines + wave_sine * sines).sum(-1)
            potential = potential + pairs * (0.5 / n if amplitude is None else amplitude / (2 * n))
        return potential

    def energy(self, theta: torch.Tensor, velocity: torch.Tensor) -> torch.Tensor:
        """½ Σ m_i θ̇_i² + V, with V = −Σ ω_i θ_i + ½ Σ_ij K_ij (1 − cos(θ_i − θ_j)) + … the `potential`;
        shape (…).

        Conserved for inertia > 0 and γ = 0. ValueError where this is no energy: no inertia or no potential.
        """
        if self.time_order == 1:
            raise ValueError("got oscillators without an energy, expected inertia > 0; see .potential")
        kinetic = (self._constants["inertia"].like(theta) * velocity**2).sum(-1) / 2
        return kinetic + self.potential(theta)

    def charge(self, theta: torch.Tensor, velocity: torch.Tensor, time: torch.Tensor | float) -> torch.Tensor:
        """The U(1) charge Σ m_i θ̇_i − t Σ ω_i of the shift θ → θ + ε; shape (…).

        Conserved for γ = 0 where the torques of the couplings add up to zero, so for symmetric K and α = 0.
        """
        inertia, frequencies = (self._constants[name].like(theta) for name in ("inertia", "frequencies"))
        return (inertia * velocity).sum(-1) - time * frequencies.sum()

    def order_parameter(self, theta: torch.Tensor, harmonic: int = 1) -> torch.Tensor:
        """z_n = (1/N) Σ_j e^{inθ_j}, complex, shape (…); |z_1| = 1 in synchrony."""
        return observables.order_parameter(theta, harmonic)

    def local_order_parameter(self, theta: torch.Tensor) -> torch.Tensor:
        """Σ_j |K_ij| e^{iθ_j} / Σ_j |K_ij| at every oscillator, complex, shape (…, node); 0 where nothing
        acts.
        """
        return observables.local_order_parameter(theta, self.coupling)

    def largest_frequency(
        self, theta: torch.Tensor, velocity: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        """A bound for the rates at which the torques change during a run.

        Stiffness: Gershgorin's bound for ∂T/∂θ, 2 Σ_n n|a_n| max_i Σ_j |K_ij| and 4 Σ |K| of the triplets,
        its root with inertia, and γ/m. To it adds the spread of the phase velocities over all nodes, or of
        more than 400 over the middle 99%: those further out, as in the tails of a Lorentzian, turn too fast
        for the others, and are not resolved. With inertia it may grow by the spread of ω_i/m_i times
        the duration.
        """
        with torch.no_grad():
            device = self.frequencies.device
            stiffness = self.pairs.strengths().to(device) * 2 * self._steepness()
            for simplex in self.simplices:
                stiffness = stiffness + simplex.stiffness(self.points[0]).to(device)
            if self.time_order == 1:
                return float(stiffness.max() + _spread(self.frequencies))
            rate = (self.damping / self.inertia).max() + (stiffness / self.inertia).max().sqrt()
            drift = duration * _spread(self.frequencies / self.inertia)
            return float(rate + drift + (0 if velocity is None else float(_spread(velocity))))

    def description(self) -> dict[str, str | float | list[float]]:
        """Equation and parameters as attributes for a file.

        Arrays of at most 1000 numbers as lists, longer ones in words; `static_variables` has all of them.
        """
        left = "theta_i_tt*m_i + gamma_i*theta_i_t" if self.time_order == 2 else "theta_i_t"
        wave = (
            "sin(theta_j - theta_i - alpha)"
            if self.harmonics is None
            else "sum_n a_n*sin(n*(theta_j - theta_i) - alpha_n)"
        )
        right = f"omega_i + sum_j K_ij*{wave}"
        right += " + triplets" if self.simplices else ""
        right += " + sigma_i*xi_i" if self.noise is not None else ""
        attributes: dict[str, str | float | list[float]] = {
            "equation": f"{left} = {right}",
            "frequencies": _in_words(self.frequencies),
            "phase_lag": self.phase_lag if isinstance(self.phase_lag, float) else _in_words(self.phase_lag),
        }
        if self.time_order == 2:
            attributes |= {"inertia": _in_words(self.inertia), "damping": _in_words(self.damping)}
        if self.harmonics is not None:
            attributes["harmonics"] = self.harmonics.tolist()
        if self.noise is not None:
            attributes["noise_strength"] = (
                float(self.noise) if self.noise.ndim == 0 else _in_words(self.noise)
            )
        if isinstance(self.pairs, SparseCoupling):
            attributes["coupling"] = f"{len(self.pairs.weight)} edges"
        elif self.coupling.ndim == 0:
            attributes["coupling"] = float(self.coupling)
        else:
            attributes["coupling"] = _in_words(self.coupling)
        for number, simplex in enumerate(self.simplices):
            suffix = f"_{number}" if len(self.simplices) > 1 else ""
            attributes |= {name + suffix: value for name, value in simplex.description().items()}
        return attributes

    def static_variables(self) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
        """Every parameter as (dims, array), to be stored beside the phases.

        `omega(node)`; `inertia`, `damping`, `noise_sigma` (node) where there are any; `coupling`, a scalar,
        (node, source), or of a sparse network `edge_target`, `edge_source`, `edge_weight` (edge);
        `phase_lag`, a scalar, (harmonic), or (node, source); `harmonics(harmonic)`; `triplet_i`, `triplet_j`,
        `triplet_k`, `triplet_weight` (triplet).
        """
        found: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
            "omega": (("node",), _array(self.frequencies)),
            "phase_lag": (("node", "source"), _array(self.phase_lag))
            if isinstance(self.pairs, LaggedCoupling)
            else (("harmonic",)[: np.ndim(_array(self.phase_lag))], _array(self.phase_lag)),
        }
        if isinstance(self.pairs, SparseCoupling):
            for name, part in zip(("target", "source", "weight"), self.pairs.edges, strict=True):
                found[f"edge_{name}"] = (("edge",), _array(part))
        else:
            found["coupling"] = (("node", "source")[: self.coupling.ndim], _array(self.coupling))
        if self.time_order == 2:
            found |= {name: (("node",), _array(getattr(self, name))) for name in ("inertia", "damping")}
        if self.noise is not None:
            found["noise_sigma"] = (("node",), _array(self.noise.expand(self.frequencies.shape)))
        if self.harmonics is not None:
            found["harmonics"] = (("harmonic",), _array(self.harmonics))
        listed = [simplex for simplex in self.simplices if isinstance(simplex, Triplets)]
        for number, simplex in enumerate(listed):
            suffix = f"_{number}" if len(listed) > 1 else ""
            for name in ("i", "j", "k", "weight"):
                found[f"triplet_{name}{suffix}"] = ((f"triplet{suffix}",), _array(getattr(simplex, name)))
        return found

    @property
    def edges(self) -> Edges | None:
        """The edges of a sparse coupling, None of any other."""
        return self.pairs.edges if isinstance(self.pairs, SparseCoupling) else None

    def _harmonic_sums(self, sine: torch.Tensor, cosine: torch.Tensor) -> list[_Term]:
        """The terms of the coupling function, with their sums over the network."""
        waves = _multiples(sine, cosine, self._terms[-1][0])
        present = [(n, amplitude, turn, waves[n - 1]) for n, amplitude, turn in self._terms]
        sums = self.pairs.sums([part for *_, wave in present for part in wave])
        found: list[_Term] = []
        for place, (n, amplitude, turn, wave) in enumerate(present):
            sines, cosines = sums[2 * place : 2 * place + 2]
            if turn is not None:
                cos, sin = turn
                sines, cosines = sines * cos - cosines * sin, cosines * cos + sines * sin
            found.append((n, amplitude, wave, (sines, cosines)))
        return found

    def _steepness(self) -> float:
        """Σ_n n|a_n|, the largest slope that the coupling function can have."""
        if self.harmonics is None:
            return 1.0
        return sum(n * abs(a) for n, a in enumerate(self.harmonics.tolist(), 1))


def _multiples(sine: torch.Tensor, cosine: torch.Tensor, largest: int) -> list[_Wave]:
    """(sin nθ, cos nθ) for n = 1 … largest, by the addition theorem."""
    waves = [(sine, cosine)]
    for _ in range(2, largest + 1):
        s, c = waves[-1]
        waves.append((s * cosine + c * sine, c * cosine - s * sine))
    return waves


def _terms(
    harmonics: torch.Tensor | None, lag: torch.Tensor
) -> list[tuple[int, _Number | None, tuple[_Number, _Number] | None]]:
    """(n, a_n or None for 1, (cos α_n, sin α_n) or None for 0) where a_n is not zero or may be trained."""
    amplitudes = [None] if harmonics is None else list(harmonics)
    lags = lag.new_zeros(len(amplitudes)) if lag.ndim == 2 else lag.expand(len(amplitudes))
    found: list[tuple[int, _Number | None, tuple[_Number, _Number] | None]] = []
    for n, (amplitude, angle) in enumerate(zip(amplitudes, lags, strict=True), 1):
        if amplitude is None or amplitude.requires_grad or float(amplitude) != 0:
            turned = angle.requires_grad or float(angle) != 0
            turn = (_number(torch.cos(angle)), _number(torch.sin(angle))) if turned else None
            found.append((n, None if amplitude is None else _number(amplitude), turn))
    return found or [(1, 0.0, None)]


def _number(value: torch.Tensor) -> _Number:
    return value if value.requires_grad else float(value)


def _read_harmonics(value: Any) -> torch.Tensor | None:
    if value is None:
        return None
    if isinstance(value, Mapping):
        if not value or any(not isinstance(n, int) or n < 1 for n in value):
            raise ValueError(f"got harmonics {dict(value)}, expected a mapping {{n: amplitude}} with n ≥ 1")
        value = [value.get(n, 0.0) for n in range(1, max(value) + 1)]
    amplitudes = finite_tensor(value, "harmonics")
    if amplitudes.ndim != 1 or len(amplitudes) == 0:
        raise ValueError(
            f"got harmonics of shape {tuple(amplitudes.shape)}, expected a list of amplitudes a_1, a_2, …"
        )
    if not amplitudes.requires_grad and amplitudes.tolist() == [1.0]:
        return None
    return amplitudes


def _read_lag(value: Any, harmonics: int, count: int) -> torch.Tensor:
    lag = finite_tensor(value, "phase_lag")
    if lag.shape not in ((), (harmonics,), (count, count)):
        raise ValueError(
            f"got a phase_lag of shape {tuple(lag.shape)}, expected a number, ({harmonics},) for the "
            f"harmonics, or ({count}, {count})"
        )
    return lag


def _read_simplices(value: Any, count: int) -> tuple[Simplices, ...]:
    found = (value,) if isinstance(value, MeanFieldTriplets | Triplets) else tuple(value)
    for simplex in found:
        if not isinstance(simplex, MeanFieldTriplets | Triplets):
            raise ValueError(
                f"got simplices with a {type(simplex).__name__}, expected MeanFieldTriplets or Triplets"
            )
        simplex.check(count)
    return found


def _read_noise(value: Any, count: int, device: torch.device) -> torch.Tensor | None:
    if value is None:
        return None
    noise = finite_tensor(value, "noise").to(device)
    if noise.shape not in ((), (count,)):
        raise ValueError(f"got noise of shape {tuple(noise.shape)}, expected a number or ({count},)")
    if bool((noise < 0).any()):
        raise ValueError("got negative noise, expected σ ≥ 0")
    return noise if bool((noise > 0).any()) else None


def _spread(values: torch.Tensor) -> torch.Tensor:
    """The largest difference between two nodes, of more than 400 between the middle 99%, over all samples."""
    outside = values.shape[-1] // 200 if values.shape[-1] > 400 else 0
    if outside:
        values = values.sort(-1).values[..., outside : values.shape[-1] - outside]
    return (values.amax(-1) - values.amin(-1)).max()


def _array(value: torch.Tensor | float) -> np.ndarray:
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


def _in_words(values: torch.Tensor) -> str | list[float]:
    if values.numel() <= LISTED:
        return values.flatten().tolist()
    shape = " × ".join(map(str, values.shape))
    low, high, mean = float(values.min()), float(values.max()), float(values.mean())
    return f"{shape} numbers from {low:.6g} to {high:.6g}, mean {mean:.6g}"
