"""The command line: `fieldnet demo`, `simulate`, `discover`, `rollout`."""

from .main import main

__all__ = ["main"]
