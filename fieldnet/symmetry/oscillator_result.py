"""What was found of the symmetries of oscillators, as numbers, a table and a picture."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..pictures.oscillator_symmetries import draw_oscillator_symmetries
from .circle import GeneratedAlgebra, field_names
from .counting import Count
from .cross_ratios import CrossRatioAudit
from .span import killing_signature

SCHEMA = "fieldnet/oscillator-symmetries/1"


@dataclass(frozen=True)
class OscillatorSymmetries:
    """The vector fields w_a(θ)∂_θ along which all oscillators move, and the Lie algebra that they generate.

    `verdict`: the algebra and how it acts, "no common vector field: …", "no finite-dimensional algebra: …" or
    "undetermined: …". `span`: orthonormal rows over 1, cos θ, sin θ, cos 2θ, …, (dimension, 2H + 1), of the
    span of velocities; `algebra` what it generates under [f∂, g∂] = (fg' − gf')∂, None where undetermined.
    `residual`: root mean square of held-out oscillators' velocities at held-out times against the field of
    the others; `noise_floor` what measurement noise makes of it; both relative to the velocities, whose
    root mean square is `speed`. `structure_error`, `angles` (degrees): to sl(2,R) and to the span of 1,
    cos nθ, sin nθ, of a closed algebra of dimension three, with n = `harmonic`.
    """

    verdict: str
    harmonics: int
    span: np.ndarray
    algebra: GeneratedAlgebra | None
    count: Count | None
    singular_values: np.ndarray
    speed: float
    residual: float
    noise_floor: float
    informative_times: int
    order_parameter: float
    structure_error: float | None
    angles: np.ndarray | None
    harmonic: int | None
    cross_ratios: CrossRatioAudit | None
    seed: int

    @property
    def name(self) -> str | None:
        """Name of the algebra where one was found."""
        found = self.algebra is not None and not self.verdict.startswith(("undetermined", "no "))
        return self.algebra.name if found and self.algebra else None

    def content(self) -> dict[str, Any]:
        """Everything as JSON."""
        algebra, count, audit = self.algebra, self.count, self.cross_ratios
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "name": self.name,
            "basis": field_names(self.harmonics),
            "bracket": "[f d, g d] = (f g' - g f') d",
            "span": self.span.tolist(),
            "dimension": len(self.span),
            "generated": None
            if algebra is None
            else {
                "dimension": algebra.dimension,
                "fields": algebra.fields.tolist(),
                "structure_constants": algebra.closure.structure_constants.tolist(),
                "closure_defect": algebra.closure.defect,
                "closes": algebra.closes,
                "killing_signature": list(killing_signature(algebra.closure.structure_constants)),
            },
            "structure_error": self.structure_error,
            "principal_angles": None if self.angles is None else self.angles.tolist(),
            "harmonic": self.harmonic,
            "singular_values": self.singular_values.tolist(),
            "residual_by_dimension": None if count is None else (count.residuals / self.speed).tolist(),
            "split_angle": None if count is None else count.split_angle,
            "residual": _number(self.residual),
            "noise_floor": _number(self.noise_floor),
            "informative_times": self.informative_times,
            "order_parameter": self.order_parameter,
            "cross_ratios": None
            if audit is None
            else {
                "harmonic": audit.harmonic,
                "relative_drift": audit.relative_drift,
                "control_drift": audit.control_drift,
                "noise_drift": audit.noise_drift,
                "wrong_harmonic_drift": audit.wrong_harmonic_drift,
            },
            "seed": self.seed,
        }

    def table(self) -> list[tuple[str, str, str]]:
        """(name, value, what it is to be compared with), to be printed."""
        rows = [
            ("dimension of the span", str(len(self.span)), ""),
            ("held-out residual", f"{self.residual:.2g}", f"noise {self.noise_floor:.2g}"),
        ]
        if self.count is not None:
            rows.append(("angle between two halves", f"{self.count.split_angle:.2g}°", ""))
        if self.algebra is not None and not self.verdict.startswith(("undetermined", "no common")):
            signature = killing_signature(self.algebra.closure.structure_constants)
            rows += [
                ("dimension with brackets", str(self.algebra.dimension), ""),
                ("closure defect", f"{self.algebra.closure.defect:.2g}", "0 for a Lie algebra"),
                ("Killing form", "({}, {}, {})".format(*signature), "(2, 1, 0) for sl(2,R)"),
            ]
        if self.name is not None and self.structure_error is not None:
            rows.append(("structure constants", f"{self.structure_error:.2g}", "0 for sl(2,R)"))
        if self.name is not None and self.angles is not None:
            n = "" if self.harmonic in (None, 1) else str(self.harmonic)
            known = f"to 1, cos {n}θ, sin {n}θ"
            rows.append(("largest angle", f"{self.angles.max():.2g}°", known))
        if self.cross_ratios is not None:
            audit = self.cross_ratios
            control = f"control {audit.control_drift:.2g}, noise {audit.noise_drift:.2g}"
            rows.append(("drift of cross-ratios", f"{audit.relative_drift:.2g}", control))
        return rows

    def figures(self, folder: str | os.PathLike) -> list[Path]:
        """Write `oscillator_symmetries.png` into the folder, which is made; return what was written."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        return [draw_oscillator_symmetries(self, folder / "oscillator_symmetries.png")]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
