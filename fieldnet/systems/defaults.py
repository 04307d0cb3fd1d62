"""What `fieldnet simulate NAME` does without options: a short run that shows what the system is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Default:
    """Initial data, box and times of a run; lengths and points hold for each axis, boxes are centred at 0.

    `points` is the number of particles of a chain; `dimension` is None for finitely many degrees of freedom.
    """

    initial: str
    t_end: float
    save_every: float
    length: float = 40.0
    points: int = 256
    dimension: int | None = 1
    parameters: Mapping[str, str] = field(default_factory=dict)


def _mechanics(initial: str, t_end: float = 40.0, save_every: float = 0.1, **parameters: str) -> Default:
    return Default(initial, t_end, save_every, dimension=None, parameters=parameters)


CURL = "A_x=-y*exp(-(x**2+y**2)/8),A_y=x*exp(-(x**2+y**2)/8)"
CURL_AT_REST = "A_x_t=-y*exp(-(x**2+y**2)/8),A_y_t=x*exp(-(x**2+y**2)/8)"
SPREADING = "A_x=exp(-(x**2+y**2)/8),A_y=x*exp(-(x**2+y**2)/8)"
RIGHT_MOVER = "psi_1_re=exp(-x**2/8)*cos(2*x),psi_1_im=exp(-x**2/8)*sin(2*x)"
OTHER = Default("gaussian", 20.0, 0.1)
DEFAULTS: dict[str, Default] = {
    "klein_gordon": Default("wave-packet:nx=8", 30.0, 0.15),
    "sine_gordon": Default("kink-antikink:v=0.6", 40.0, 0.2),
    "double_sine_gordon": Default("kink-antikink:v=0.6", 40.0, 0.2),
    "sinh_gordon": Default("gaussian:amplitude=2", 20.0, 0.1),
    "phi4": Default("kink-antikink:v=0.2", 100.0, 0.2),
    "liouville": Default("gaussian:amplitude=2", 8.0, 0.05),
    "born_infeld": Default("gaussian:amplitude=0.5", 15.0, 0.1),
    "sigma_model": Default("n_1=2*exp(-x**2/8),n_2=x*exp(-x**2/8),n_3=1", 20.0, 0.1),
    "linear_sigma": Default("random:amplitude=0.5,correlation=2,vacuum=0", 30.0, 0.1),
    "complex_klein_gordon": Default("phi_re=exp(-x**2/2),phi_im_t=exp(-x**2/2)", 20.0, 0.1),
    "nonlinear_schroedinger": Default("soliton:amplitude=1.5,v=1", 20.0, 0.1, parameters={"g": "-1"}),
    "thirring": Default(RIGHT_MOVER, 15.0, 0.1),
    "maxwell": Default(CURL, 15.0, 0.25, length=30.0, points=64, dimension=2),
    "proca": Default(SPREADING, 15.0, 0.25, length=30.0, points=64, dimension=2),
    "maxwell_chern_simons": Default(CURL_AT_REST, 15.0, 0.25, length=30.0, points=64, dimension=2),
    "abelian_higgs": Default("phi_im=exp(-x**2/8)/2", 20.0, 0.1),
    "korteweg_de_vries": Default("two-solitons:v1=2,v2=0.7", 30.0, 0.1, length=60.0),
    "modified_korteweg_de_vries": Default("breather", 10.0, 0.05),
    "kadomtsev_petviashvili": Default("gaussian", 6.0, 0.1, points=64, dimension=2),
    "benjamin_bona_mahony": Default("gaussian:width=3", 20.0, 0.1),
    "boussinesq": Default("gaussian:amplitude=0.5,width=2", 10.0, 0.1, points=128),
    "euler_bernoulli_beam": Default("gaussian:width=1", 5.0, 0.05, points=128),
    "toda_lattice": Default("two-solitons", 40.0, 0.2, points=64),
    "fermi_pasta_ulam_tsingou": Default("q=exp(-(n-32)**2/8)", 40.0, 0.2, points=64),
    "frenkel_kontorova": Default("kink:v=0.5", 40.0, 0.2, points=64, parameters={"V": "0.25"}),
    "free_particle": _mechanics("q=0,q_t=1", 10.0),
    "harmonic_oscillator": _mechanics("q=1,q_t=0"),
    "coupled_oscillators": _mechanics("q_1=1", 60.0, coupling="0.2"),
    "pendulum": _mechanics("theta=3"),
    "double_pendulum": _mechanics("theta_1=2,theta_2=2", 20.0, 0.05),
    "kepler": _mechanics("x=1,y_t=0.7", 20.0, 0.02),
    "henon_heiles": _mechanics("y=0.1,x_t=0.35,y_t=0.2", 200.0, 0.2),
    "pais_uhlenbeck": _mechanics("q=1,q2=-2", 40.0),
    "freidlin_wentzell": _mechanics("theta_1=0,theta_2=2.5", 5.0, 0.02),
    "onsager_machlup": _mechanics("theta=1", 5.0, 0.02),
}


def default_of(name: str) -> Default:
    """The default run of a theory of the catalogue; one that is not listed starts from a Gaussian."""
    return DEFAULTS.get(name, OTHER)
