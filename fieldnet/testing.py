"""Public checks of equivariance, for any module or function: module(g f) = g' module(f).

g runs over the one-parameter groups exp(t L̂_i) of each generator, which generate the connected group. Two
modes:

    finite          module(exp(tL̂_i) f)  =  exp(tL̂'_i) module(f),        t drawn from [−scale_i, scale_i]
    infinitesimal   D module(f)[L̂_i f]   =  L̂'_i module(f),              D the derivative, by forward mode

An invariant module has L̂' = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp

from .algebras import Algebra
from .generators import GeneratorModule
from .group_convolution.exponential import exponential_of

Module = Callable[[Tensor], Tensor]
Transform = Callable[[Tensor, Tensor], Tensor]
"""(t, f) → g_t f, a one-parameter group with g_0 = 1; t is a tensor without axes."""
Generators = GeneratorModule | Algebra | Tensor | Sequence[Transform]
OutputGenerators = Generators | Literal["same", "invariant"] | None
Mode = Literal["finite", "infinitesimal"]

TOLERANCES = {torch.float64: 1e-9, torch.float32: 1e-4, torch.bfloat16: 5e-2, torch.float16: 1e-2}


def equivariance_error(
    module: Module,
    generators: Generators,
    inputs: Tensor,
    output_generators: OutputGenerators = "same",
    *,
    mode: Mode = "finite",
    scale: float | Sequence[float] = 1.0,
    samples: int = 3,
    seed: int = 0,
) -> Tensor:
    """Relative errors, shape (count, samples); one sample in the infinitesimal mode.

    ‖module(gf) − g'module(f)‖ / ‖g'module(f)‖ in the finite mode; in the infinitesimal one
    ‖D module(f)[L̂f] − L̂'module(f)‖ over the larger of the two norms, over ‖module(f)‖·‖L̂f‖/‖f‖ for an
    invariant module. Norms run over the whole batch. 0/0 counts as 0.

    Generators act on `inputs`, and `output_generators` on the output. Each is one of
    - a `GeneratorModule`: on feature maps (..., m, *S);
    - an `Algebra`: on points, x → exp(t)x on the last axis, (..., n);
    - a tensor of matrices (count, d, d): on the last axis, (..., d), vectors or a flat axis of nodes;
    - a sequence of functions (t, f) → g_t f, one a generator (in the infinitesimal mode differentiable in t);
    "same" takes those of the input, "invariant" (or None) the trivial action. `scale` is one number, or one
    for each generator.

    The module runs in the training or evaluation mode that it is in, each time on copies of its buffers and
    with the random state that `seed` sets: its statistics and the global random state stay. Dtype and device
    are those of `inputs`. Raises ValueError where counts differ, where a generator leaves all inputs as they
    are (then every module would pass), and for outputs that are not finite.
    """
    actions = _actions(generators, inputs)
    invariant = _is_trivial(output_generators)
    if mode not in ("finite", "infinitesimal"):
        raise ValueError(f"got the mode {mode!r}, expected 'finite' or 'infinitesimal'")
    if samples < 1:
        raise ValueError(f"got {samples} samples, expected at least 1")
    function = _repeatable(module, seed)
    with torch.no_grad():
        plain = function(inputs)
        outputs = _outputs(output_generators, actions, plain)
        if len(outputs) != len(actions):
            raise ValueError(
                f"got {len(actions)} generators on the input and {len(outputs)} on the output, "
                "expected equal counts"
            )
        draw = torch.Generator().manual_seed(seed)
        times = 2 * torch.rand(len(actions), samples, generator=draw, dtype=torch.float64) - 1
        times = (times * _scales(scale, len(actions))[:, None]).to(inputs)
        rows = []
        for i, (act, react) in enumerate(zip(actions, outputs, strict=True)):
            if mode == "finite":
                moved = [act(t, inputs) for t in times[i]]
                _check_moves(i, inputs, [one - inputs for one in moved])
                pairs = [(function(one), react(t, plain)) for t, one in zip(times[i], moved, strict=True)]
                rows.append([_relative(left, right, right.norm()) for left, right in pairs])
            else:
                velocity = _velocity(act, inputs)
                _check_moves(i, inputs, [velocity])
                left = jvp(function, (inputs,), (velocity,))[1]
                right = torch.zeros_like(plain) if invariant else _velocity(react, plain)
                size = plain.norm() * velocity.norm() / inputs.norm() if invariant else left.norm()
                rows.append([_relative(left, right, torch.maximum(size, right.norm()))])
    return torch.stack([torch.stack(row) for row in rows])


def assert_equivariant(
    module: Module,
    generators: Generators,
    inputs: Tensor,
    output_generators: OutputGenerators = "same",
    *,
    mode: Mode = "finite",
    scale: float | Sequence[float] = 1.0,
    samples: int = 3,
    tolerance: float | None = None,
    seed: int = 0,
) -> None:
    """Raise AssertionError unless every `equivariance_error` is at most `tolerance`.

    By default 1e-9 in float64 and 1e-4 in float32: round-off, not truncation. A grid's rotation or a
    nonlinearity beyond the band limit needs a larger one; say why where you set it.
    """
    errors = equivariance_error(
        module, generators, inputs, output_generators, mode=mode, scale=scale, samples=samples, seed=seed
    )
    limit = TOLERANCES.get(inputs.dtype, 1e-4) if tolerance is None else tolerance
    worst = int(errors.argmax())
    got = float(errors.flatten()[worst])
    generator, sample = divmod(worst, errors.shape[1])
    if not got <= limit:
        kind = "invariance" if _is_trivial(output_generators) else "equivariance"
        raise AssertionError(
            f"{kind} fails ({mode}): got a relative error of {got:.3g} "
            f"for generator {generator}, sample {sample}, seed {seed}; expected at most {limit:.3g}. "
            f"Largest error of each generator: {', '.join(f'{v:.2g}' for v in errors.amax(1).tolist())}"
        )


def _is_trivial(generators: OutputGenerators) -> bool:
    return generators is None or (isinstance(generators, str) and generators != "same")


def _trivial(_: Tensor, features: Tensor) -> Tensor:
    return features


def _outputs(generators: OutputGenerators, actions: list[Transform], plain: Tensor) -> list[Transform]:
    """g'_t of each generator."""
    if generators is None or isinstance(generators, str):
        if generators not in (None, "same", "invariant"):
            raise ValueError(f"got output_generators={generators!r}, expected 'same' or 'invariant'")
        return actions if generators == "same" else [_trivial for _ in actions]
    return _actions(generators, plain)


def _actions(generators: Generators, features: Tensor) -> list[Transform]:
    """g_t of each generator, in the dtype and on the device of the features."""
    if isinstance(generators, GeneratorModule):
        family = generators
        tensors = {
            name: tensor.detach().to(features if tensor.is_floating_point() else features.device)
            for name, tensor in (*family.named_parameters(), *family.named_buffers())
        }

        def along(i: int, t: Tensor, f: Tensor) -> Tensor:
            return exponential_of(lambda g: t * functional_call(family, tensors, (g,))[i], f)

        return [partial(along, i) for i in range(family.count)]
    if isinstance(generators, Algebra):
        algebra = generators

        def move(unit: Tensor, t: Tensor, x: Tensor) -> Tensor:
            return algebra.transform(algebra.exp(t * unit), x)

        return [partial(move, unit) for unit in torch.eye(algebra.count).to(features)]
    if isinstance(generators, Tensor):
        if generators.ndim != 3 or generators.shape[1:] != (features.shape[-1],) * 2:
            raise ValueError(
                f"generator matrices have shape {tuple(generators.shape)}; expected (count, d, d) with "
                f"d = {features.shape[-1]}, the last axis of the features {tuple(features.shape)}"
            )
        matrices = generators.detach().to(features)
        return [partial(_multiply, L) for L in matrices]
    transforms = list(generators)
    if not transforms or not all(callable(transform) for transform in transforms):
        raise ValueError(
            f"got generators of type {type(generators).__name__}, expected a GeneratorModule, an Algebra, "
            "matrices (count, d, d), or a sequence of functions (t, features)"
        )
    return transforms


def _multiply(L: Tensor, t: Tensor, features: Tensor) -> Tensor:
    return features @ torch.linalg.matrix_exp(t * L).mT


def _velocity(act: Transform, features: Tensor) -> Tensor:
    """L̂f = d/dt g_t f at t = 0."""
    zero = torch.zeros((), dtype=features.dtype, device=features.device)
    return jvp(lambda t: act(t, features), (zero,), (torch.ones_like(zero),))[1]


def _repeatable(module: Module, seed: int) -> Module:
    """The module with copies of its buffers (running statistics stay), and one random state at every call."""

    def call(features: Tensor) -> Tensor:
        devices = [features.device] if features.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            if isinstance(module, nn.Module):
                buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
                output = functional_call(module, buffers, (features,))
            else:
                output = module(features)
        if not isinstance(output, Tensor):
            raise ValueError(f"got an output of type {type(output).__name__}, expected one tensor")
        if not output.is_floating_point() and not output.is_complex():
            raise ValueError(f"got an output of {output.dtype}, expected floating-point numbers")
        if not bool(torch.isfinite(output).all()):
            raise ValueError("got an output that is not finite, expected finite values on the given inputs")
        return output

    return call


def _scales(scale: float | Sequence[float], count: int) -> Tensor:
    scales = torch.as_tensor(scale, dtype=torch.float64)
    if scales.ndim and tuple(scales.shape) != (count,):
        raise ValueError(f"got {len(scales)} scales, expected one, or {count}, one for each generator")
    return scales.expand(count)


def _check_moves(generator: int, inputs: Tensor, changes: list[Tensor]) -> None:
    largest = max(float(change.norm()) for change in changes)
    round_off = min(100 * torch.finfo(inputs.dtype).eps, 0.05)
    if not largest > round_off * float(inputs.norm()):
        raise ValueError(
            f"generator {generator} leaves the inputs as they are, so that every module would pass; "
            "expected inputs that it moves"
        )


def _relative(left: Tensor, right: Tensor, size: Tensor) -> Tensor:
    if left.shape != right.shape:
        raise ValueError(
            f"got outputs of shape {tuple(left.shape)} and {tuple(right.shape)}, expected equal shapes"
        )
    rest = (left - right).norm()
    return torch.where(rest == 0, torch.zeros_like(rest), rest / size)
