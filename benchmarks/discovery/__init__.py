"""Equations and Lagrangians from noisy data: fieldnet, pysindy and plain least squares on the same files.

`python -m benchmarks discovery` measures what is not yet in benchmarks/results/discovery.json;
`python -m benchmarks.discovery --help` measures parts of it.
"""

from .ladder import measure
from .results import as_text

__all__ = ["as_text", "measure"]
