"""What stands beside a conservative part: damping, Rayleigh's function, Caldirola and Kanai's form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy

from lagrangians import to_text
from lagrangians.integration_by_parts import integrate_by_parts
from lagrangians.jets import JetSpace

from .atoms import Atom
from .densities import Density, short_number
from .euler_map import atoms_of
from .linear_spaces import null_space

COMPATIBLE = 4.0
"""Standard errors within which damping coefficients count as one common rate."""


def is_odd(atom: Atom, axis: int, jets: JetSpace) -> bool:
    """Whether the atom changes its sign when the coordinate does; φ_t, (φ³)_t and φ_txx do under t → −t."""
    flipped = {s: -s for s, (_, index) in jets.jets_in(atom.function).items() if index[axis] % 2}
    mirrored = (-1) ** atom.derivative[axis] * atom.function.xreplace(flipped)
    return bool(sympy.expand(mirrored + atom.function) == 0)


def without_density(
    combinations: np.ndarray, matrix: np.ndarray, group: np.ndarray, linear: np.ndarray
) -> np.ndarray:
    """The projector onto the part of p, within a group of atoms, that is no Euler–Lagrange expression.

    Of linear atoms the part orthogonal to those that are: symmetric damping, antisymmetric couplings;
    gyroscopic terms and symmetric couplings stay with the density. Nonlinear atoms go as a whole where they
    meet a condition that fails. `group` and `linear` mark atoms.
    shape: (n, atoms), (conditions, n, atoms), (atoms,), (atoms,) -> (n·atoms, n·atoms)
    """
    n, count = combinations.shape
    flat = matrix.reshape(len(matrix), n * count)
    p = combinations.ravel()
    places = np.flatnonzero(np.tile(group & linear, n))
    allowed = null_space(flat[:, places])
    projector = np.zeros((n * count, n * count))
    projector[np.ix_(places, places)] = np.eye(len(places)) - allowed.T @ allowed
    nonlinear = np.tile(group & ~linear, n)
    size = np.abs(flat) @ np.abs(p)
    while True:
        left = p - projector @ p
        failing = np.abs(flat @ left) > 1e-9 * size
        touched = (flat[failing] != 0).any(axis=0) & nonlinear & (np.diag(projector) == 0)
        if not touched.any():
            return projector
        projector[touched, touched] = 1.0


def rayleigh_function(forces: Sequence[sympy.Expr], jets: JetSpace) -> sympy.Expr:
    """R with ∂R/∂φ^a_t = forces_a, for symmetric forces: ∫₀¹ φ^a_t forces_a(λφ_t) dλ, of lowest order.

    −γφ_txx gives ½γφ_tx², since ∫R is what counts.
    """
    scale = sympy.Dummy("scale", positive=True)
    total = sympy.S.Zero
    for a, force in enumerate(forces):
        velocities = {s: scale * s for s, (_, index) in jets.jets_in(force).items() if index[0]}
        velocity = jets.symbol(a, (1, *jets.zero[1:]))
        total += velocity * sympy.integrate(sympy.expand(force.xreplace(velocities)), (scale, 0, 1))
    return integrate_by_parts(sympy.expand(total), jets)[0]


def caldirola_kanai_rate(
    density: Density,
    dissipative: np.ndarray,
    covariance: np.ndarray,
    atoms: Sequence[Atom],
    jets: JetSpace,
) -> float | None:
    """λ such that e^{λt}ℒ gives the damped equations, or None.

    For a density without higher time derivatives E_a(e^{λt}ℒ) = e^{λt}(E_a(ℒ) − λ ∂ℒ/∂φ^a_t), so the forces
    must be λ ∂ℒ/∂φ^a_t within the errors, up to terms that a phase or a divergence makes.
    shape: dissipative (n, atoms), covariance (n·atoms, n·atoms)
    """
    number = {atom: k for k, atom in enumerate(atoms)}
    pattern = np.zeros(dissipative.shape)
    plain = density.lagrangian.jet_density
    if any(index[0] > 1 for _, index in jets.jets_in(plain).values()):
        return None
    for a in range(len(jets.fields)):
        momentum = sympy.diff(plain, jets.symbol(a, (1, *jets.zero[1:])))
        for atom, value in atoms_of(momentum, jets).items():
            if atom not in number:
                return None
            pattern[a, number[atom]] = float(value)
    q, p = pattern.ravel(), dissipative.ravel()
    used = (np.diag(covariance) > 0) | (p != 0)
    if not q.any() or (q[~used] != 0).any():
        return None
    weight = np.linalg.pinv(covariance, rcond=1e-9, hermitian=True)
    strength = q @ weight @ q
    if strength <= 0:
        return None
    rate = float(q @ weight @ p / strength)
    errors = np.sqrt(np.diag(covariance).clip(0)) + 1e-12 * np.abs(p).max()
    return rate if bool((np.abs(p - rate * q) <= COMPATIBLE * errors).all()) else None


def expression_of(row: np.ndarray, expressions: Sequence[sympy.Expr]) -> sympy.Expr:
    """Σ_k row_k expression_k; what is round-off beside the largest coefficient is dropped."""
    kept = np.abs(row) > 1e-12 * np.abs(row).max(initial=0.0)
    return sympy.Add(*(short_number(row[k]) * expressions[k] for k in map(int, np.flatnonzero(kept))))


def text_of(expression: sympy.Expr, jets: JetSpace) -> str:
    """A plain jet expression as text in jet names."""
    return to_text(jets.to_jets(jets.to_functions(sympy.expand(expression))))
