"""Known theories, each stated once as a Lagrangian density.

Arguments are numbers, SymPy expressions or names of symbols; numbers go straight into the density,
symbols become the parameters of the `Lagrangian`. `entries()` lists the theories; `describe(name)` gives
the meaning of the parameters, the vacua, the reference and what is derived from the density.
"""

from __future__ import annotations

from lagrangians.catalogue.chains import fermi_pasta_ulam_tsingou, frenkel_kontorova, toda_lattice
from lagrangians.catalogue.charged import complex_klein_gordon, nonlinear_schroedinger, thirring
from lagrangians.catalogue.description import Theory, describe, entries
from lagrangians.catalogue.dispersive import (
    benjamin_bona_mahony,
    boussinesq,
    euler_bernoulli_beam,
    kadomtsev_petviashvili,
    korteweg_de_vries,
    modified_korteweg_de_vries,
)
from lagrangians.catalogue.gauge import abelian_higgs, maxwell, maxwell_chern_simons, proca
from lagrangians.catalogue.mechanics import (
    coupled_oscillators,
    double_pendulum,
    free_particle,
    harmonic_oscillator,
    henon_heiles,
    kepler,
    pais_uhlenbeck,
    pendulum,
)
from lagrangians.catalogue.multiplets import linear_sigma, sigma_model
from lagrangians.catalogue.oscillators import freidlin_wentzell, kuramoto_inertial, onsager_machlup
from lagrangians.catalogue.registry import Parameter, Vacuum
from lagrangians.catalogue.scalar import (
    born_infeld,
    double_sine_gordon,
    klein_gordon,
    liouville,
    phi4,
    sine_gordon,
    sinh_gordon,
)

__all__ = [
    "Parameter",
    "Theory",
    "Vacuum",
    "abelian_higgs",
    "benjamin_bona_mahony",
    "born_infeld",
    "boussinesq",
    "complex_klein_gordon",
    "coupled_oscillators",
    "describe",
    "double_pendulum",
    "double_sine_gordon",
    "entries",
    "euler_bernoulli_beam",
    "fermi_pasta_ulam_tsingou",
    "free_particle",
    "freidlin_wentzell",
    "frenkel_kontorova",
    "harmonic_oscillator",
    "henon_heiles",
    "kadomtsev_petviashvili",
    "kepler",
    "klein_gordon",
    "korteweg_de_vries",
    "kuramoto_inertial",
    "linear_sigma",
    "liouville",
    "maxwell",
    "maxwell_chern_simons",
    "modified_korteweg_de_vries",
    "nonlinear_schroedinger",
    "onsager_machlup",
    "pais_uhlenbeck",
    "pendulum",
    "phi4",
    "proca",
    "sigma_model",
    "sine_gordon",
    "sinh_gordon",
    "thirring",
    "toda_lattice",
]
