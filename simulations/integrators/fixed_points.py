"""Solutions z = G(z) to round-off: fixed-point iteration, else Newton–Krylov; derivatives by the adjoint."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.linalg import solve_triangular

Map = Callable[[torch.Tensor], torch.Tensor]

SLOW = 0.5  # contraction per iteration beyond which Newton's method takes fewer evaluations
MOST_ITERATIONS = 80


class NotConvergedError(ArithmeticError):
    """No solution was found; the caller says with which step."""


def fixed_point(function: Map, start: torch.Tensor, inside: float, rounding: float) -> torch.Tensor:
    """z with z = G(z), any shape and dtype; differentiable once, by the implicit function theorem.

    The iteration z ← G(z) runs while it contracts well; otherwise Newton's method, its linear equations
    solved by GMRES with finite differences of G along single directions (D. A. Knoll, D. E. Keyes,
    Jacobian-free Newton–Krylov methods, J. Comput. Phys. 193 (2004) 357). It ends with an increment below 16
    machine epsilons of |z| + inside (largest components), or where round-off lets it fall no further.

    Args:
        function: G. With gradients enabled, tensors that it closes over get theirs: dz = (1 − G′)⁻¹ dG.
        start: the first guess; the solution does not depend on it but for round-off.
        inside: the size of what z is added to, in units of z.
        rounding: the size of the arguments of G, in units of z: their round-off is what cannot be undercut.

    Raises NotConvergedError.
    """
    with torch.no_grad():
        solution = _iterate(function, start, inside, rounding)
        if solution is None:
            solution = _newton(function, start, inside, rounding)
    if not torch.is_grad_enabled():
        return solution
    value = function(solution)
    if not value.requires_grad:
        return solution
    return _ImplicitFunction.apply(value, solution, function)


def gmres(apply: Map, right: torch.Tensor, tolerance: float, largest: int = 120) -> torch.Tensor:
    """x with |A x − right| ≤ tolerance·|right| in the 2-norm, A given by its action on tensors.

    Not restarted: after `largest` directions the best x in their span (Y. Saad, M. H. Schultz, SIAM J. Sci.
    Stat. Comput. 7 (1986) 856).
    """
    norm = float(right.norm())
    if norm == 0:
        return torch.zeros_like(right)
    basis = (right / norm).reshape(1, -1)
    triangle = np.zeros((largest, largest))
    rotated = np.zeros(largest + 1)
    rotated[0] = norm
    rotations: list[tuple[float, float]] = []
    for column in range(largest):
        vector = apply(basis[-1].view_as(right)).reshape(-1)
        size = float(vector.norm())
        overlaps = basis @ vector
        vector = vector - overlaps @ basis
        again = basis @ vector  # a second time, for an orthonormal basis
        vector = vector - again @ basis
        length = float(vector.norm())
        if not length < float("inf"):
            raise NotConvergedError
        entries = (overlaps + again).tolist()
        for row, (cosine, sine) in enumerate(rotations):
            upper, lower = entries[row], entries[row + 1]
            entries[row], entries[row + 1] = cosine * upper + sine * lower, cosine * lower - sine * upper
        diagonal = float(np.hypot(entries[-1], length))
        if diagonal == 0:
            raise NotConvergedError
        rotations.append((entries[-1] / diagonal, length / diagonal))
        entries[-1] = diagonal
        triangle[: column + 1, column] = entries
        cosine, sine = rotations[-1]
        rotated[column : column + 2] = cosine * rotated[column], -sine * rotated[column]
        exhausted = length <= 4 * torch.finfo(right.dtype).eps * size
        if abs(rotated[column + 1]) <= tolerance * norm or exhausted:
            break
        basis = torch.cat([basis, (vector / length)[None]])
    count = len(rotations)
    weights = solve_triangular(triangle[:count, :count], rotated[:count])
    return (torch.as_tensor(weights).to(right) @ basis[:count]).view_as(right)


def _iterate(function: Map, z: torch.Tensor, inside: float, rounding: float) -> torch.Tensor | None:
    """z ← G(z) to the end, or None where that contracts slowly or not at all."""
    epsilon = torch.finfo(z.dtype).eps
    before = float("inf")
    for _ in range(MOST_ITERATIONS):
        new = function(z)
        change, size = _largest(new - z), _largest(new)
        z = new
        if change <= 16 * epsilon * (size + inside):
            return z
        if change >= SLOW * before:
            return z if change <= 64 * epsilon * (size + rounding) else None
        if not change < float("inf"):
            return None
        before = change
    return None


def _newton(function: Map, z: torch.Tensor, inside: float, rounding: float) -> torch.Tensor:
    epsilon = torch.finfo(z.dtype).eps
    value = function(z)
    distance = float((value - z).norm())
    for _ in range(MOST_ITERATIONS):
        if not distance < float("inf"):
            raise NotConvergedError
        linearised = _linearised(function, z, value, epsilon)
        increment = gmres(linearised, value - z, 1e-4)
        new, part = z + increment, 1.0
        new_value = function(new)
        new_distance = float((new_value - new).norm())
        change, size = _largest(increment), _largest(new)
        if change <= 16 * epsilon * (size + inside):
            return new
        if change <= 1024 * epsilon * (size + rounding) and not new_distance < distance / 2:
            return z if distance < new_distance else new
        while not new_distance < (1 - 1e-4 * part) * distance:
            part /= 2
            if part < 1e-3:
                raise NotConvergedError
            new = z + part * increment
            new_value = function(new)
            new_distance = float((new_value - new).norm())
        z, value, distance = new, new_value, new_distance
    raise NotConvergedError


def _linearised(function: Map, z: torch.Tensor, value: torch.Tensor, epsilon: float) -> Map:
    """u → u − G′(z) u for |u| = 1, by a difference of G."""
    small = epsilon**0.5 * max(float(z.norm()), float(value.norm()))
    return lambda u: u - (function(z + small * u) - value) / small


def _largest(tensor: torch.Tensor) -> float:
    return float(tensor.abs().max())


class _ImplicitFunction(torch.autograd.Function):
    """The solution, with the derivative of value = G(solution) after solving w − G′ᵀw = gradient."""

    @staticmethod
    def forward(ctx, value: torch.Tensor, solution: torch.Tensor, function: Map) -> torch.Tensor:
        ctx.solution, ctx.function = solution, function
        return solution.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: torch.Tensor):
        with torch.enable_grad():
            z = ctx.solution.detach().requires_grad_()
            value = ctx.function(z)

        def transposed(vector: torch.Tensor) -> torch.Tensor:
            (product,) = torch.autograd.grad(value, z, vector, retain_graph=True, materialize_grads=True)
            return vector - product

        epsilon = torch.finfo(z.dtype).eps
        adjoint = gmres(transposed, gradient, 8 * epsilon)
        for _ in range(2):
            missing = gradient - transposed(adjoint)
            if float(missing.norm()) <= 64 * epsilon * float(gradient.norm()):
                break
            adjoint = adjoint + gmres(transposed, missing, 1e-4)
        return adjoint, None, None
