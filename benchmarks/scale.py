"""Time and memory of equations from files of 10⁴ … 10⁸ values, read in pieces.

One record of random Sine-Gordon waves (c = 1.2, m = 0.9, 128 points, float32, 5% noise); shorter files are
its beginning. The unit is one weak projection, ∫ψ_tt φ, of the same file with the same test functions, read
in the same pieces. Seconds are those of the processor, the file in the page cache.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np

from .timing import fresh_process, verdict

POINTS, STEP, NOISE = 128, 0.1, 0.05
C, M = 1.2, 0.9
SIZES = (10**4, 10**5, 10**6, 10**7, 10**8)
WRITTEN = 2**14  # times written at once
TARGET = 3.0

RUN = """
import json, resource, time
import numpy as np
from fieldnet.equations.atoms import Atom
from fieldnet.equations.dynamics import find_dynamics
from fieldnet.equations.library import FEATURES, density_library, equation_atoms
from fieldnet.equations.slabs import StreamedFields
from fieldnet.equations.streamed import pilot_fields, refined
from lagrangians.jets import jet_space
from simulations.files.lazy import open_lazily

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

jets = jet_space(("phi",), ("t", "x"))
ansatz = {name: equation_atoms(density_library(name, jets)) for name in FEATURES}
before, started, begun = peak(), time.process_time(), time.perf_counter()
source = open_lazily(PATH)
pilot, boundary = pilot_fields(source, source.fields, None, None)
found = find_dynamics(pilot, ansatz)
chosen = time.process_time() - started

def whole():
    half = found.widths.half_points(found.width)
    stream = StreamedFields(source, source.fields, boundary == "periodic", half)
    return stream, refined(found, stream)

passes, units = [], []
for _ in range(ROUNDS):
    start = time.process_time()
    stream, result = whole()
    passes.append(time.process_time() - start)
    if len(passes) == 1:
        total = time.perf_counter() - begun
        memory = peak()
    start = time.process_time()
    stream.gram([Atom((2, 0), jets.symbol(0))])
    units.append(time.process_time() - start)
equations = result.equations
print(json.dumps({
    "values": source.values, "choice": chosen, "passes": passes, "units": units, "wall": total,
    "before": before, "peak": memory, "explained": result.explained,
    "terms": {a.text(("t", "x")): [c, s] for a, c, s in zip(
        equations.atoms, equations.coefficients[0].tolist(), equations.standard_errors()[0].tolist())},
    "half widths": list(stream.half_points), "slabs": len(stream.slabs), "sampled": len(stream.sampled),
    "chi square": float(equations.chi_square[0]),
}))
"""


def measure(sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "clean.nc"
        simulate_record(record, max(sizes))
        rows = []
        for size in sizes:
            path = Path(folder) / f"values{size}.nc"
            write_noisy(record, path, size)
            rows.append(_row(path))
            path.unlink()
    return {
        "unit": "one weak projection of φ on ψ_tt, streamed with the same test functions",
        "seconds": "of the processor, one thread",
        "rows": rows,
        "ratio at the largest size": verdict(rows[-1]["ratio to one projection"], TARGET, at_most=True),
    }


def simulate_record(path: Path, values: int) -> None:
    """A record without noise, float64, of at least so many values."""
    from lagrangians import catalogue
    from simulations import FieldSystem, Grid, simulate, solutions

    times = -(-values // POINTS)
    grid = Grid(length=30.0, points=POINTS)
    initial = solutions.random_smooth(grid, 1, amplitude=1.5, correlation_length=2.5, seed=0)
    system = FieldSystem(catalogue.sine_gordon(c=C, m=M), grid, 8)
    simulate(
        system,
        initial,
        times * STEP,
        save_every=STEP,
        step=STEP / 2,
        integrator="blanes_moan4",
        backend="kernel",
        out=path,
    )


def write_noisy(record: Path, path: Path, values: int) -> None:
    """The first so many values with noise, in float32."""
    times = -(-values // POINTS)
    with h5netcdf.File(record, "r") as clean, h5netcdf.File(path, "w") as noisy:
        source = clean["phi"]
        deviation = NOISE * float(np.std(source[:, :10_000]))
        noisy.dimensions = {"t": times, "x": POINTS}
        noisy.create_variable("t", ("t",), data=STEP * np.arange(times))
        noisy.create_variable("x", ("x",), data=np.asarray(clean["x"][:]))
        field = noisy.create_variable("phi", ("t", "x"), "f4")
        noisy.attrs["boundary"] = "periodic"
        for start in range(0, times, WRITTEN):
            piece = np.asarray(source[0, start : min(start + WRITTEN, times)])
            rng = np.random.default_rng([0, start])
            field[start : start + len(piece)] = piece + deviation * rng.standard_normal(piece.shape)


def _row(path: Path) -> dict[str, Any]:
    megabytes = path.stat().st_size / 2**20
    rounds = 5 if megabytes < 100 else 3
    code = RUN.replace("PATH", repr(str(path))).replace("ROUNDS", str(rounds))
    _, printed = fresh_process(code, {"OMP_NUM_THREADS": "1"})
    found = json.loads(printed.splitlines()[-1])
    values = found["values"]
    ratios = [a / b for a, b in zip(found["passes"], found["units"], strict=True)]
    truth = {"phi_xx": -(C**2), "sin(phi)": M**2}
    terms = found["terms"]
    right = set(terms) == {"phi_tt", *truth}
    return {
        "values": values,
        "file, MB": round(megabytes, 1),
        "choice of terms, s": round(found["choice"], 2),
        "whole record, s": round(float(np.median(found["passes"])), 2),
        "whole record, ns a value": round(1e9 * float(np.median(found["passes"])) / values, 1),
        "one projection, ns a value": round(1e9 * float(np.median(found["units"])) / values, 1),
        "ratio to one projection": round(float(np.median(ratios)), 2),
        "memory beyond the imports, MB": round(found["peak"] - found["before"]),
        "peak memory, MB": round(found["peak"]),
        "right terms": right,
        "largest relative error": max(abs(terms[k][0] / v - 1) for k, v in truth.items()) if right else None,
        "largest error in standard errors": (
            max(abs(terms[k][0] - v) / terms[k][1] for k, v in truth.items()) if right else None
        ),
        "half widths": found["half widths"],
        "slabs, sampled": [found["slabs"], found["sampled"]],
        "chi square": round(found["chi square"], 4),
    }
