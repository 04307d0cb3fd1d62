"""Which back end runs a system: the fastest that applies and whose compilation the run repays."""

from __future__ import annotations

from typing import Any

import torch

from ..integrators import Integrator, SymplecticSplitting
from .compiled import numba_is_installed
from .kernel_field import kernel_propagator
from .kernel_oscillators import MOST_DENSE_SAMPLES, kernel_oscillators, oscillators_fit
from .loop import Propagator, loop
from .stencil import Stencil, stencil_of
from .torch_field import compiler_is_there, torch_propagator
from .torch_oscillators import mean_field_fits, torch_oscillators

BACKENDS = ("loop", "torch", "kernel")

# A guess of what the loop takes: seconds a force, and seconds a force and site (measured).
FORCE, SITE = 1.5e-4, 8e-9
# Seconds of looping from which a compilation pays: of the kernel (1–3 s) and of torch (3–10 s).
KERNEL_PAYS, COMPILING_PAYS = 3.0, 20.0


def backend_for(system: Any, integrator: Integrator, q: torch.Tensor, steps: int | None = None) -> str:
    """ "kernel", "torch" or "loop" for a run of this many steps (None: very many) from states like q.

    It depends on the arguments and on whether numba is installed, not on what has been compiled before: the
    same run gets the same back end each time. A file that is resumed should name the one that it began with.
    """
    if _needs_gradient(system, q) or q.dtype not in (torch.float64, torch.float32):
        return "loop"
    seconds = _seconds(integrator, q, steps)
    stencil = _stencil(system, integrator)
    kernel = numba_is_installed() and q.device.type == "cpu" and seconds > KERNEL_PAYS
    if stencil is not None:
        return "kernel" if kernel else "torch"
    if kernel and oscillators_fit(system, integrator) and _few(system, q):
        return "kernel"
    compiles = seconds > COMPILING_PAYS and compiler_is_there()
    return "torch" if compiles and mean_field_fits(system, integrator) else "loop"


def propagator(
    system: Any,
    integrator: Integrator,
    q: torch.Tensor,
    backend: str | None = None,
    steps: int | None = None,
) -> Propagator:
    """The propagator of a back end for states like q (its shape, dtype and device); see `Propagator`.

    "loop" runs everything. "torch" runs separable fields with finite differences (`stencil_of`) under
    symplectic splittings, and Kuramoto oscillators coupled all to all. "kernel" runs those and Kuramoto
    networks on the CPU; it needs the extra `fast`. `steps` is the length of the whole run, by which
    compilation is judged; None means very many. `backend=None` takes `backend_for`. The propagator's
    attribute `backend` is the name of the one that runs; the plain loop has none.

    Raises ValueError for an unknown name, and for a back end that cannot run this system.
    """
    if backend is None:
        backend = backend_for(system, integrator, q, steps)
    if backend not in BACKENDS:
        raise ValueError(f"got backend '{backend}', expected one of {', '.join(BACKENDS)}, or None to choose")
    plain = loop(system, integrator)
    if backend == "loop":
        return plain
    if backend == "kernel":
        return _kernel(system, integrator, q, plain)
    stencil = _stencil(system, integrator)
    if stencil is not None and isinstance(integrator, SymplecticSplitting):
        compiled = compiler_is_there() and _seconds(integrator, q, steps) > COMPILING_PAYS
        return torch_propagator(stencil, integrator, q, plain, compiled)
    return torch_oscillators(system, integrator, q, plain) if mean_field_fits(system, integrator) else plain


def _kernel(system: Any, integrator: Integrator, q: torch.Tensor, plain: Propagator) -> Propagator:
    if not numba_is_installed():
        raise ValueError(
            "got backend 'kernel' without numba, expected it to be installed: pip install 'fieldnet[fast]'"
        )
    if q.device.type != "cpu" or q.dtype not in (torch.float64, torch.float32):
        raise ValueError(
            f"got {q.dtype} on {q.device} for the backend 'kernel', expected float64 or float32 on the CPU"
        )
    stencil = _stencil(system, integrator)
    if stencil is not None and isinstance(integrator, SymplecticSplitting):
        return kernel_propagator(stencil, integrator, q, plain)
    if oscillators_fit(system, integrator):
        return kernel_oscillators(system, integrator, q, plain)
    raise ValueError(
        f"got backend 'kernel' for a system that it cannot run with {integrator.name}, expected fields with "
        "finite differences, quadratic gradients and a symplectic integrator, or Kuramoto oscillators with "
        "one harmonic; use backend 'loop', or None to choose"
    )


def _stencil(system: Any, integrator: Integrator) -> Stencil | None:
    if type(integrator).step is not SymplecticSplitting.step:
        return None
    return stencil_of(system)


def _few(system: Any, q: torch.Tensor) -> bool:
    """Not many samples on a dense network, which a matrix product serves better."""
    return (
        system.coupling.ndim == 0
        or system.edges is not None
        or (q.numel() <= MOST_DENSE_SAMPLES * q.shape[-1])
    )


def _needs_gradient(system: Any, q: torch.Tensor) -> bool:
    parameters = getattr(system, "parameters", {}).values() if hasattr(system, "parameters") else ()
    held = (*parameters, *(value for value in vars(system).values() if isinstance(value, torch.Tensor)))
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (q, *held))


def _seconds(integrator: Integrator, q: torch.Tensor, steps: int | None) -> float:
    """A guess of what the plain loop would take."""
    if steps is None:
        return float("inf")
    forces = (
        len(integrator.kicks) if isinstance(integrator, SymplecticSplitting) else max(1, integrator.order)
    )
    return steps * forces * (FORCE + SITE * q.numel())
