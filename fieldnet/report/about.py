"""What the sections need to know of a discovery: the fields of its data, the jets of its equations."""

from __future__ import annotations

from lagrangians.jets import JetSpace, jet_space

from ..density import DensityModel
from ..results import Discovery


def fields_of(discovery: Discovery) -> tuple[str, ...]:
    """The fields in the data; the Lagrangian may be about a potential of theirs."""
    return discovery.data_fields or (str(discovery.model.field),)


def jets_of(discovery: Discovery) -> JetSpace:
    """Those of the equations of motion, which are about the fields of the data."""
    theory = discovery.lagrangian
    if not discovery.data_fields or discovery.data_fields == theory.jets.field_names:
        return theory.jets
    try:
        return jet_space(discovery.data_fields, theory.jets.coordinate_names)
    except ValueError:  # names that no formula can have
        return theory.jets


def by_regression(discovery: Discovery) -> bool:
    """Whether the weak regression found it, not a trained network."""
    return isinstance(discovery.model, DensityModel)
