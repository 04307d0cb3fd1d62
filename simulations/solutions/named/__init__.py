"""The exact solutions under the names by which initial data are asked for, placed in a box.

Importing this package enters them into `SOLUTIONS`.
"""

from . import dispersive, frenkel_kontorova, klein_gordon, relativistic, sine_gordon, toda

__all__ = ["dispersive", "frenkel_kontorova", "klein_gordon", "relativistic", "sine_gordon", "toda"]
