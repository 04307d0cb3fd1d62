"""Generators that are the same everywhere on a periodic grid: multiplication of Fourier modes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .action import grid_shape
from .base import GeneratorModule
from .derivatives import derivative_matrix
from .families import Zero


class Circulant(GeneratorModule):
    """(L̂_i f)(x) = Σ_o κ_i(o) f(x + o) on a periodic grid of any number of axes, κ real; by FFT, d log d.

    On a plane wave e^{ikx}, k in radians a step, it is multiplication by the symbol s_i(k) = Σ_o κ_i(o)
    e^{iko}. `kernel` has shape (count, *shape), offsets counted from 0 and wrapped around: a given tensor is
    held fixed, a given `nn.Parameter` is learned from there, and without either the kernel is learned from
    N(0, 1/d). With `kills_constants`, Σ_o κ_i(o) is taken off κ_i(0), so that L̂1 = 0 to round-off.

    All families commute. L̂ is antisymmetric, and exp(tL̂) orthogonal, where s is imaginary.
    """

    periodic = True
    kernel: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        count: int = 1,
        kernel: Tensor | None = None,
        kills_constants: bool = False,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        self.shape: tuple[int, ...] = grid_shape(shape)
        self.space_dimensions = len(shape)
        self.kills_constants = kills_constants
        if kernel is None:
            start = torch.randn(count, *shape, dtype=dtype, device=device) / torch.Size(shape).numel() ** 0.5
            kernel = nn.Parameter(start)
        if tuple(kernel.shape[1:]) != self.shape or not kernel.is_floating_point():
            raise ValueError(
                f"got a kernel of shape {tuple(kernel.shape)}, {kernel.dtype}; expected real numbers "
                f"(count, *{self.shape})"
            )
        self.count = len(kernel)
        self.hold("kernel", kernel)

    @classmethod
    def of_symbol(cls, symbol: Tensor, shape: tuple[int, ...]) -> Circulant:
        """The fixed family of the given symbols, on the modes of `torch.fft.rfftn`, of a real κ.

        shape: complex (count, *S[:-1], S[-1]//2 + 1). On a mode that is its own complex conjugate, k = 0 or
        Nyquist on every axis, a real κ keeps the real part alone.
        """
        modes = (*shape[:-1], shape[-1] // 2 + 1)
        if tuple(symbol.shape[1:]) != modes:
            raise ValueError(
                f"got a symbol of shape {tuple(symbol.shape)}, expected (count, *{modes}), the modes of "
                "torch.fft.rfftn"
            )
        axes = tuple(range(1, symbol.ndim))
        return cls(shape, kernel=torch.fft.irfftn(symbol.conj(), s=shape, dim=axes))

    @classmethod
    def derivative(
        cls, shape: tuple[int, ...], order: str | int = "spectral", dtype: torch.dtype | None = None
    ) -> Circulant:
        """∂_α along every axis, per grid step, fixed: Whittaker–Shannon, or a central difference.

        Spectral: s_α(k) = ik_α, and exp(z∂_α) is the exact shift by z steps on an axis of odd size. On one of
        even size the Nyquist mode, which has no real logarithm, is dropped.
        """
        kernels = torch.zeros(len(shape), *shape, dtype=torch.float64)
        for axis, size in enumerate(shape):
            row = derivative_matrix(size, order, period=1.0)[0]
            place = tuple(slice(None) if other == axis else 0 for other in range(len(shape)))
            kernels[axis][place] = row
        return cls(shape, kernel=kernels.to(dtype or torch.get_default_dtype()))

    def effective_kernel(self) -> Tensor:
        """κ, after the sum is taken off where constants are killed. shape: (count, *S)"""
        if not self.kills_constants:
            return self.kernel
        axes = tuple(range(1, self.kernel.ndim))
        centre = torch.zeros(self.shape, dtype=self.kernel.dtype, device=self.kernel.device)
        centre[(0,) * self.space_dimensions] = 1.0
        return self.kernel - self.kernel.sum(axes, keepdim=True) * centre

    def symbol(self) -> Tensor:
        """s_i(k) on the modes of `torch.fft.rfftn`. shape: complex (count, *S[:-1], S[-1]//2 + 1)"""
        return torch.fft.rfftn(
            _transformable(self.effective_kernel()), dim=tuple(range(1, self.kernel.ndim))
        ).conj()

    def act(self, features: Tensor) -> Tensor:
        modes = self._transform(features)
        return self._back(self._beside(self.symbol(), features.ndim) * modes, features)

    def transpose(self, stack: Tensor) -> Tensor:
        symbol = self._beside(self.symbol(), stack.ndim - 1)
        return self._back((symbol.conj() * self._transform(stack)).sum(0), stack)

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        """Mode by mode, (W⁰ + W^i s_i(k)) f̂(k): one transform of each channel."""
        mixing = self._mixing(weight, identity)
        return self._back(_multiplied("ocx,...cx->...ox", mixing, self._transform(features)), features)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        mixing = self._mixing(weight, identity).conj()
        return self._back(_multiplied("ocx,...ox->...cx", mixing, self._transform(residual)), residual)

    def _mixing(self, weight: Tensor, identity: Tensor | None) -> Tensor:
        """W⁰ + W^i s_i(k). shape: complex (o, c, *modes)"""
        symbol = self.symbol()
        mixing = torch.einsum("koc,k...->oc...", weight.to(symbol.dtype), symbol)
        if identity is None:
            return mixing
        return mixing + identity.reshape(*identity.shape, *[1] * self.space_dimensions)

    def exp(self, features: Tensor, times: Tensor) -> Tensor:
        """exp(Σ_i t_i L̂_i) f. shape: (..., m, *S), (count,) -> (..., m, *S)"""
        if tuple(times.shape) != (self.count,):
            raise ValueError(
                f"got times of shape {tuple(times.shape)}, expected ({self.count},), one for each generator"
            )
        exponent = torch.tensordot(times.to(self.symbol().dtype), self.symbol(), dims=1)
        return self._back(exponent.exp() * self._transform(features), features)

    def plus(self, other: Circulant) -> Circulant:
        return Circulant(self.shape, kernel=self.effective_kernel() + other.effective_kernel())

    def commutator(self, other: Circulant) -> Zero:
        """0: Fourier modes are multiplied in any order."""
        return Zero(self.count * other.count, self.space_dimensions, self.kernel.dtype, self.kernel.device)

    def combination(self, matrix: Tensor) -> Circulant:
        return Circulant(self.shape, kernel=torch.tensordot(matrix, self.effective_kernel(), dims=1))

    def matrix(self, shape: tuple[int, ...] | None = None) -> Tensor:
        return super().matrix(self.shape if shape is None else shape)

    def vector_field(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """The displacement of the longest wave along each axis, Im s_i(k)/k at k = 2π/size, everywhere.

        shape: (count, n, *S), in grid steps. For a derivative it is 1 to the derivative's order.
        """
        return super().vector_field(self.shape if shape is None else shape)

    def _transform(self, features: Tensor) -> Tensor:
        self.space_of(features)
        if features.numel():
            return torch.fft.rfftn(_transformable(features), dim=self._axes)
        modes = _transformable(features)[..., : self.shape[-1] // 2 + 1]
        return torch.complex(modes, torch.zeros_like(modes))

    def _back(self, modes: Tensor, like: Tensor) -> Tensor:
        if modes.numel():
            return torch.fft.irfftn(modes, s=self.shape, dim=self._axes).to(like.dtype)
        return modes.real[..., :1].expand(*modes.shape[:-1], self.shape[-1]).to(like.dtype)

    def _beside(self, symbol: Tensor, ndim: int) -> Tensor:
        """s_i to multiply a feature map of `ndim` axes. shape: (count, 1, ..., 1, *S)"""
        return symbol.reshape(self.count, *[1] * (ndim - self.space_dimensions), *symbol.shape[1:])

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(range(-self.space_dimensions, 0))

    def extra_repr(self) -> str:
        return f"shape={self.shape}, count={self.count}"


def _transformable(tensor: Tensor) -> Tensor:
    """Real, in float32 at least, which Fourier transforms need."""
    if tensor.is_complex():
        raise ValueError(
            f"got features of {tensor.dtype}, expected real numbers; give real and imaginary parts as "
            "features of their own"
        )
    return tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor


def _multiplied(product: str, mixing: Tensor, modes: Tensor) -> Tensor:
    """A product over channels at every mode x. shape: (o, c, *modes), (..., c or o, *modes)"""
    axes = mixing.ndim - 2
    result = torch.einsum(product, mixing.flatten(2), modes.flatten(modes.ndim - axes))
    return result.unflatten(-1, modes.shape[modes.ndim - axes :])
