"""Small systems with known properties, on which the integrators are tested."""

import math

import numpy as np
import torch


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


class SecondOrder:
    """q̈ = a(q, t), separable unless said otherwise."""

    time_order = 2
    separable = True

    def velocity(self, q, time=0.0):
        raise ValueError

    def largest_frequency(self, q, v=None, duration=0.0):
        return 1.0


class FirstOrder(SecondOrder):
    """q̇ = F(q, t)."""

    time_order = 1
    separable = False

    def acceleration(self, q, v=None, time=0.0):
        raise ValueError


class Pendulum(SecondOrder):
    """q̈ = −sin q, of energy ½v² − cos q."""

    def acceleration(self, q, v=None, time=0.0):
        return -torch.sin(q)

    def energy(self, q, v):
        return (v**2 / 2 - torch.cos(q)).sum(-1)


class Chain(Pendulum):
    """Three pendula coupled by springs, q of shape (…, 3): energy ½v² − cos q + ½·0.4·(differences)²."""

    springs = 0.4 * tensor([[1.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 1.0]])
    q0, v0 = (1.1, -0.4, 0.2), (0.3, 0.1, -0.5)

    def acceleration(self, q, v=None, time=0.0):
        return -torch.sin(q) - q @ self.springs.to(q)

    def energy(self, q, v):
        return super().energy(q, v) + ((q @ self.springs) * q).sum(-1) / 2


class Oscillator(SecondOrder):
    """q̈ = −q."""

    def acceleration(self, q, v=None, time=0.0):
        return -q


class Forced(SecondOrder):
    """q̈ = −4 sin q + 4 sin(cos t) − cos t: q = cos t, driven in time yet free of the velocity."""

    def acceleration(self, q, v=None, time=0.0):
        return -4 * torch.sin(q) + 4 * math.sin(math.cos(time)) - math.cos(time)


class DampedForced(SecondOrder):
    """q̈ = −q³ − v/2 + 8 sin³t − 2 sin t + cos t: q = 2 sin t."""

    separable = False

    def acceleration(self, q, v=None, time=0.0):
        return -(q**3) - v / 2 + 8 * math.sin(time) ** 3 - 2 * math.sin(time) + math.cos(time)


class Magnetic(SecondOrder):
    """A charge in a plane with a magnetic field B, V = cos x + cos y: dq∧dv − B dx∧dy is kept."""

    separable = False
    field = 0.8

    def acceleration(self, q, v=None, time=0.0):
        return torch.sin(q) + self.field * torch.stack([v[..., 1], -v[..., 0]], -1)


class CurvedMass(SecondOrder):
    """ℒ = ½(1 + q²)v² − ½q²: q̈ = −q(1 + v²)/(1 + q²), momentum (1 + q²)v."""

    separable = False

    def acceleration(self, q, v=None, time=0.0):
        return -q * (1 + v**2) / (1 + q**2)


class Falling(FirstOrder):
    """q̇ = sin q, with tan(q/2) = e^t tan(q(0)/2): from `start` at t = 0."""

    start = 0.5

    def velocity(self, q, time=0.0):
        return torch.sin(q)

    def exact(self, time):
        return 2 * math.atan(math.exp(time) * math.tan(self.start / 2))


class Driven(FirstOrder):
    """q̇ = −q² + cos t + sin² t, with q = sin t."""

    def velocity(self, q, time=0.0):
        return -(q**2) + math.cos(time) + math.sin(time) ** 2


class Canonical(FirstOrder):
    """ẋ = ∂H/∂p, ṗ = −∂H/∂x of H = ½p²(1 + ½x²) + ½x² + ⅕x₁x₂p₁, which is not separable; q = (x, p)."""

    def hamiltonian(self, q):
        x, p = q[..., :2], q[..., 2:]
        return (p**2 * (1 + x**2 / 2) / 2 + x**2 / 2).sum(-1) + x[..., 0] * x[..., 1] * p[..., 0] / 5

    def velocity(self, q, time=0.0):
        x, p = q[..., :2], q[..., 2:]
        mixed = torch.stack([x[..., 0] * x[..., 1], torch.zeros_like(x[..., 0])], -1) / 5
        forces = -p[..., :1] * x[..., [1, 0]] / 5
        return torch.cat([p * (1 + x**2 / 2) + mixed, -(p**2) * x / 2 - x + forces], -1)


class RigidBody(FirstOrder):
    """L̇ = L × I⁻¹L: conserves |L|² and the energy ½L·I⁻¹L, both quadratic."""

    inertia = tensor([1.0, 2.0, 3.0])

    def velocity(self, q, time=0.0):
        return torch.linalg.cross(q, q / self.inertia.to(q))


class Singular(FirstOrder):
    """q̇ = q², which from 1 is 1/(1 − t), infinite at t = 1."""

    def velocity(self, q, time=0.0):
        return q**2


class OrnsteinUhlenbeck(FirstOrder):
    """dq = −λ q dt + σ dW."""

    rate = 1.0

    def __init__(self, noise_strength=1.0):
        self.noise_strength = noise_strength

    def velocity(self, q, time=0.0):
        return -self.rate * q


def run(method, system, q, v, duration, steps):
    """The state after equal steps from t = 0."""
    q = torch.as_tensor(q, dtype=torch.float64)
    v = None if v is None else torch.as_tensor(v, dtype=torch.float64)
    step = duration / steps
    for number in range(steps):
        q, v = method.step(system, q, v, number * step, step)
    return q, v


def energy_trend(method, system, q, v, step, steps, every=10):
    """The least-squares slope of the energy times the duration, and the peak-to-peak oscillation about it."""
    states = []
    with torch.no_grad():
        for number in range(steps):
            q, v = method.step(system, q, v, number * step, step)
            if number % every == 0:
                states.append(torch.stack([q, v]))
        positions, velocities = torch.stack(states, 1)
        energies = system.energy(positions, velocities).numpy()
    times = np.linspace(-0.5, 0.5, len(energies))
    slope, mean = np.polyfit(times, energies, 1)
    return abs(float(slope)), float(np.ptp(energies - slope * times - mean))
