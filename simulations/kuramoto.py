"""Phase oscillators on a network; the package `oscillators` holds them."""

from __future__ import annotations

from .oscillators.kuramoto import Kuramoto

__all__ = ["Kuramoto"]
