"""Systems by name: from what a command line says to a system with initial data."""

from __future__ import annotations

from .options import Experiment, Options
from .prepare import prepare, system_names

__all__ = ["Experiment", "Options", "prepare", "system_names"]
