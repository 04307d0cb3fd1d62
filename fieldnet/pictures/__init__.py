"""Pictures of field files: kymographs, films, phases, spectra, and two files beside each other."""

from .making import figure_for, film_for, plot
from .shown import Shown, shown
from .style import picture_style

__all__ = ["Shown", "figure_for", "film_for", "picture_style", "plot", "shown"]
