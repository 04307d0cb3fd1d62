"""What was found of the symmetries of a field: numbers, tables and pictures."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from lagrangians import Generator, to_latex, to_text
from lagrangians.printing import rounded
from lagrangians.symmetries import SymmetryAlgebra

from ...conservation import Conservation, charge_name
from ...pictures.vector_fields import draw_vector_fields
from ...results import plain
from ..span import Closure, killing_signature, principal_angles
from .dynamics import FoundSymmetries
from .equations import Dynamics
from .text import DIGITS, generator_latex, generator_text

SCHEMA = "fieldnet/symmetries/1"
CRITERION = (
    "amplitude = √(energy of ∫ψ D_E(Q) over that which the measured noise, or the equation's own residual, "
    "causes); null up to the 99.9% quantile of the largest singular value of pure noise (Tracy–Widom), three "
    "times that where the residual is systematic, and on held-out test functions"
)


@dataclass(frozen=True)
class Current:
    """The Noether current of a proved variational symmetry, J^α with ∂_αJ^α + Q·E ≡ 0."""

    generator: Generator
    name: str
    components: tuple[sympy.Expr, ...]


@dataclass(frozen=True)
class FieldSymmetries:
    """The point symmetries of a field's dynamics that the data show, beside those that are proved.

    `found` holds the null space; `proved` the algebra that SymPy derives from the same equations, in the same
    ansatz `proved_rows` (raw coefficients, one generator a row); `closure` that of the found span in scaled
    coefficients. `audit` is None where there is no Lagrangian or no audit could be made; `audit_note` says
    why. `fit`: seed, versions, seconds, boundary.
    """

    dynamics: Dynamics
    found: FoundSymmetries
    proved: SymmetryAlgebra
    proved_rows: np.ndarray
    closure: Closure | None
    currents: tuple[Current, ...]
    audit: Conservation | None
    audit_note: str | None
    fit: dict[str, Any] = field(default_factory=dict)

    @property
    def dimension(self) -> int:
        return self.found.dimension

    @property
    def generators(self) -> tuple[Generator, ...]:
        """The basis in reduced echelon form, coefficients within their errors of 0, halves or whole numbers
        put there.
        """
        return tuple(self.found.ansatz.generator(row) for row in self.found.cleaned)

    @property
    def angles(self) -> np.ndarray:
        """Principal angles in degrees between the found and the proved span, scaled coordinates."""
        if not self.dimension or not len(self.proved_rows):
            return np.zeros(0)
        return principal_angles(self.found.directions, self.found.ansatz.scaled(self.proved_rows))

    @property
    def name(self) -> str | None:
        """Name of the algebra of the cleaned basis; None where that does not close or has no name here."""
        count = self.dimension
        flags = (False,) * count
        return SymmetryAlgebra(self.generators, flags, flags, self.found.ansatz.degree).name if count else "0"

    @property
    def verdict(self) -> str:
        """The algebra, or "undetermined: …" where the data are themselves invariant, or "none"."""
        count, unmoved, proved = self.dimension, self.found.unmoved, len(self.proved_rows)
        if not count:
            return "none: no direction of the ansatz maps these solutions to solutions"
        if unmoved:
            return (
                f"undetermined: {unmoved} of the {count} directions leave the sampled solutions as they are, "
                "and pass whatever the equation is; give samples of other solutions"
            )
        found = self.name or f"{count} directions whose basis closes to no algebra with a name here"
        if count == proved:
            return (
                found
                if self.name
                else f"{found}; {self.angles.max():.2g}° from the proved {self.proved.name}"
            )
        beside = "the data do not break the others" if count > proved else "the data break the others"
        return f"{found}; {proved} are proved: {beside}"

    def content(self) -> dict[str, Any]:
        """The content of symmetries.json."""
        found, closure = self.found, self.closure
        null, scale = found.null, found.scale
        return plain(
            {
                "schema": SCHEMA,
                "coordinates": list(self.dynamics.jets.coordinate_names),
                "fields": list(self.dynamics.jets.field_names),
                "equations": [f"0 = {to_text(rounded(e, 12))}" for e in self.dynamics.vanishing()],
                "source": self.dynamics.source,
                "verdict": self.verdict,
                "dimension": self.dimension,
                "name": self.name,
                "generators": [self._generator(i) for i in range(self.dimension)],
                "ansatz": {
                    "degree": found.ansatz.degree,
                    "directions": [str(X) for X in self._units()],
                    "centres": found.ansatz.centres,
                    "scales": found.ansatz.scales,
                },
                "null_space": {
                    "directions": found.directions,
                    "amplitudes": null.amplitudes,
                    "limits": null.limits,
                    "gap": null.gap,
                    "singular_values": null.singular_values,
                    "criterion": CRITERION,
                    "held_out_amplitudes": found.held_out,
                    "unmoved": found.unmoved,
                    "control_amplitudes": {"median": found.control[0], "least": found.control[1]},
                    "systematic": scale.systematic,
                    "excess": scale.excess,
                    "misfit": scale.misfit,
                },
                "proved": {
                    "dimension": len(self.proved_rows),
                    "generators": [str(X) for X in self.proved.generators],
                    "variational": list(self.proved.variational),
                    "name": self.proved.name,
                    "principal_angles": self.angles,
                },
                "structure_constants": None if closure is None else closure.structure_constants,
                "closure_defect": None if closure is None else closure.defect,
                "killing_form": None if closure is None else closure.killing_form,
                "killing_signature": None
                if closure is None
                else killing_signature(closure.structure_constants, self.killing_tolerance),
                "currents": [self._current(current) for current in self.currents],
                "audit": self._audit(),
                "fit": {
                    **self.fit,
                    "noise": found.noise,
                    "half_widths": found.widths,
                    "test_functions": found.rows,
                    "effective_rows": found.effective_rows,
                    "widths_tried": [{"half_widths": w, "score": s} for w, s in found.scores],
                },
            }
        )

    @property
    def killing_tolerance(self) -> float:
        """Eigenvalues of the Killing form that count as zero, relative to the largest: the closure defect."""
        return 0.01 if self.closure is None else float(np.clip(3 * self.closure.defect, 0.01, 0.3))

    def _units(self) -> list[Generator]:
        return [self.found.ansatz.generator(row) for row in np.eye(self.found.ansatz.size)]

    def _generator(self, i: int) -> dict[str, Any]:
        X, found = self.generators[i], self.found
        units = [str(unit) for unit in self._units()]
        kept = [j for j in range(found.ansatz.size) if j in found.pivots or found.cleaned[i, j] != 0]
        return {
            "text": generator_text(X),
            "latex": generator_latex(X),
            "name": charge_name(X) if len(str(X)) < 40 else None,
            "coefficients": {units[j]: found.basis[i, j] for j in range(found.ansatz.size)},
            "stderr": {units[j]: found.errors[i, j] for j in range(found.ansatz.size)},
            "cleaned": {units[j]: found.cleaned[i, j] for j in kept if found.cleaned[i, j] != 0},
            "angle": self.angle_of(i),
        }

    def angle_of(self, i: int) -> float | None:
        """Degrees between one found generator and the proved span."""
        if not len(self.proved_rows):
            return None
        scaled = self.found.ansatz.scaled
        return float(principal_angles(scaled(self.found.basis[i]), scaled(self.proved_rows))[0])

    def _current(self, current: Current) -> dict[str, Any]:
        names = [f"J^{x}" for x in self.dynamics.jets.coordinate_names]
        return {
            "generator": generator_text(current.generator),
            "name": current.name,
            "text": {n: to_text(rounded(e, DIGITS)) for n, e in zip(names, current.components, strict=True)},
            "latex": {n: to_latex(e, DIGITS) for n, e in zip(names, current.components, strict=True)},
        }

    def _audit(self) -> dict[str, Any]:
        if self.audit is None:
            return {"note": self.audit_note, "conservation": [], "local_conservation": []}
        return {
            "note": self.audit_note,
            "conservation": [
                {
                    "generator": generator_text(item.generator),
                    "name": item.name,
                    "relative_drift": item.relative_drift,
                    "control_drift": item.control_drift,
                }
                for item in self.audit.charges
            ],
            "local_conservation": [
                {
                    "generator": generator_text(item.generator),
                    "name": item.name,
                    "residual": item.residual,
                    "control_residual": item.control_residual,
                }
                for item in self.audit.local
            ],
        }

    def table(self) -> list[tuple[str, str, str]]:
        """(name, value, what it is to be compared with), to be printed."""
        found, null = self.found, self.found.null
        last = null.amplitudes[self.dimension - 1] if self.dimension else float("nan")
        after = f"next {null.amplitudes[self.dimension]:.3g}" if self.dimension < len(null.amplitudes) else ""
        limit = null.limits[max(self.dimension - 1, 0)]
        rows = [
            ("dimension", str(self.dimension), f"proved {len(self.proved_rows)}"),
            ("algebra", str(self.name), f"proved {self.proved.name}"),
            ("amplitude of the last", f"{last:.3g}", f"limit {limit:.3g}, {after}"),
            (
                "control",
                f"{found.control[0]:.3g}",
                f"median of random ones, least {found.control[1]:.3g}",
            ),
        ]
        if len(found.held_out):
            rows.append(("held-out amplitude", f"{found.held_out[-1]:.3g}", "about 1 for noise"))
        if len(self.angles):
            rows.append(("largest angle", f"{self.angles.max():.2g}°", "to the proved span"))
        if self.closure is not None:
            signature = killing_signature(self.closure.structure_constants, self.killing_tolerance)
            rows += [
                ("closure defect", f"{self.closure.defect:.2g}", "0 for a Lie algebra"),
                ("Killing form", "({}, {}, {})".format(*signature), "positive, negative, zero"),
            ]
        noise = ", ".join(f"{level:.2g}" for level in found.noise)
        rows.append(("noise", noise, "of the standard deviation"))
        rows.append(("misfit of the equation", f"{found.scale.misfit:.2g}", "of its largest term"))
        return rows

    def figures(self, folder: str | os.PathLike) -> list[Path]:
        """Write `generator_N.png` into the folder, which is made; return what was written."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        return [draw_vector_fields(self, i, folder / f"generator_{i + 1}.png") for i in range(self.dimension)]

    def known_beside(self, i: int) -> np.ndarray | None:
        """The proved combination nearest to the i-th generator, raw; None where none is proved."""
        if not len(self.proved_rows):
            return None
        scaled = self.found.ansatz.scaled
        truth = scaled(self.proved_rows)
        weights = np.linalg.lstsq(truth.T, scaled(self.found.basis[i]), rcond=None)[0]
        return weights @ self.proved_rows
