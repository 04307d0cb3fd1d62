"""Exact solutions and random initial data: functions that return the pair (φ, φ_t) as float64 tensors.

Fields of theories of first order in time are returned as they are: ψ complex, or (w, u = w_x). x and t
broadcast; the device is that of x. `SOLUTIONS` lists the solutions of each theory of the catalogue by name,
`GENERAL` initial data for every system, and `initial("kink-antikink:v=0.6", system)` makes them.
"""

from . import general, named
from .dispersive import (
    boussinesq_soliton,
    korteweg_de_vries_solitons,
    modified_korteweg_de_vries_breather,
    modified_korteweg_de_vries_soliton,
)
from .initial import available, initial, required_boundary, specification
from .klein_gordon import plane_wave, wave_packet
from .linear_waves import running_wave
from .random_fields import random_smooth
from .registry import GENERAL, SOLUTIONS, GeneralData, Parameter, Solution
from .registry import general as register_general
from .registry import solution as register_solution
from .relativistic import double_sine_gordon_kink, liouville_bounce, phi4_antikink, phi4_kink
from .schroedinger import bright_soliton, condensate_wave, dark_soliton
from .sine_gordon import antikink, breather, kink, kink_antikink, kink_kink
from .theories import theory_parameters
from .toda import toda_solitons

__all__ = [
    "GENERAL",
    "SOLUTIONS",
    "GeneralData",
    "Parameter",
    "Solution",
    "antikink",
    "available",
    "boussinesq_soliton",
    "breather",
    "bright_soliton",
    "condensate_wave",
    "dark_soliton",
    "double_sine_gordon_kink",
    "general",
    "initial",
    "kink",
    "kink_antikink",
    "kink_kink",
    "korteweg_de_vries_solitons",
    "liouville_bounce",
    "modified_korteweg_de_vries_breather",
    "modified_korteweg_de_vries_soliton",
    "named",
    "phi4_antikink",
    "phi4_kink",
    "plane_wave",
    "random_smooth",
    "register_general",
    "register_solution",
    "required_boundary",
    "running_wave",
    "specification",
    "theory_parameters",
    "toda_solitons",
    "wave_packet",
]
