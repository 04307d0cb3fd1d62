"""Source text of the compiled loop of a `Stencil`: one sweep over the grid for each kick and drift.

Padded fields `old` and `new` have shape (sample, field, *points + 2·half) with ghost points around, where
the last axis begins at `LEAD` instead of `half`; `v` has shape (sample, field, *points).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..grids import has_walls
from .elementary import elementary_source
from .loop_printer import LoopPrinter
from .stencil import Stencil

LEAD = 8  # ghost points before the first point of a row: a cache line of float64, at least 8/2


@dataclass(frozen=True)
class KernelSource:
    """Text that defines `start`, `propagate`, and the names in the order in which their values are passed.

    Attributes:
        numbers: constants of the theory. places: axes whose coordinates occur.
        uniform: parameters that are the same at every point, as arrays (sample or 1,).
        local: the other parameters, as arrays (sample or 1, *points).
    """

    text: str
    numbers: tuple[float, ...]
    places: tuple[int, ...]
    uniform: tuple[str, ...]
    local: tuple[str, ...]


def kernel_source(stencil: Stencil, dtype: str) -> KernelSource:
    """The source for one dtype, "float64" or "float32"; ValueError for functions it does not know."""
    return _Emitter(stencil).emit(dtype)


class _Emitter:
    def __init__(self, stencil: Stencil):
        self.stencil = stencil
        self.dimension = stencil.grid.dimension
        self.half = stencil.half
        self.index = [f"i{axis}" for axis in range(self.dimension)]
        self.skip = [int(boundary == "dirichlet") for boundary in stencil.grid.boundary]
        meaning = stencil.meaning
        self.places = tuple(sorted({n for kind, n in meaning.values() if kind == "place"}))
        parameters = [name for name, (kind, _) in meaning.items() if kind == "parameter"]
        self.uniform = tuple(name for name in parameters if stencil.uniform(name))
        self.local = tuple(name for name in parameters if not stencil.uniform(name))

    def emit(self, dtype: str) -> KernelSource:
        sweep, numbers = self._sweep()
        parts = [
            "import math\n\nimport numpy as np",
            elementary_source(dtype).strip(),
            self._start(),
            self._ghosts(),
            self._walls(),
            sweep,
            self._propagate(),
        ]
        return KernelSource(
            "\n\n\n".join(part for part in parts if part) + "\n",
            tuple(numbers),
            self.places,
            self.uniform,
            self.local,
        )

    # Text of places

    def _padded(self, array: str, field: object, shift: tuple[int, int] | None = None) -> str:
        """The site of the loop in a padded array, moved by shift = (axis, distance)."""
        indices = []
        for axis, name in enumerate(self.index):
            offset = self._origin(axis) + self.skip[axis]
            if shift is not None and shift[0] == axis:
                offset += shift[1]
            indices.append(f"{name} + {offset}" if offset else name)
        return f"{array}{field}[{', '.join(indices)}]"

    def _plain(self, array: str) -> str:
        places = [f"{n} + {k}" if k else n for n, k in zip(self.index, self.skip, strict=True)]
        return f"{array}[{', '.join(places)}]"

    def _origin(self, axis: int) -> int:
        return LEAD if axis == self.dimension - 1 else self.half

    def _loops(self, sizes: list[str], skip: bool) -> tuple[list[str], str]:
        lines, indent = [], "        "
        for axis, name in enumerate(self.index):
            less = f" - {2 * self.skip[axis]}" if skip and self.skip[axis] else ""
            lines.append(f"{indent}for {name} in range({sizes[axis]}{less}):")
            indent += "    "
        return lines, indent

    def _shape(self, array: str) -> list[str]:
        sizes = [f"n{axis}" for axis in range(self.dimension)]
        return [f"    samples, fields, {', '.join(sizes)} = {array}.shape"]

    # Functions

    def _start(self) -> str:
        """q + drift·v into the inside of a padded array."""
        inside = ", ".join(f"{n} + {self._origin(axis)}" for axis, n in enumerate(self.index))
        plain = ", ".join(self.index)
        sizes = [f"n{axis}" for axis in range(self.dimension)]
        lines = ["def start(new, q, v, drift):", *self._shape("q")]
        lines += ["    for s in range(samples):", "      for a in range(fields):"]
        loops, indent = self._loops(sizes, skip=False)
        lines += loops
        lines.append(f"{indent}new[s, a, {inside}] = q[s, a, {plain}] + drift * v[s, a, {plain}]")
        return "\n".join(lines)

    def _ghosts(self) -> str:
        """Fill the ghost points of every axis, of each line of points on its own."""
        lines = ["def ghosts(q, v):", *self._shape("v")]
        lines += ["    for s in range(samples):", "      for a in range(fields):"]
        for axis, boundary in enumerate(self.stencil.grid.boundary):
            indent = "        "
            for other, name in enumerate(self.index):
                if other != axis:
                    lines.append(f"{indent}for {name} in range(n{other}):")
                    indent += "    "
            lines += [f"{indent}{line}" for line in self._ghost_line(axis, boundary)]
        return "\n".join(lines)

    def _ghost_line(self, axis: int, boundary: str) -> list[str]:
        first, points = self._origin(axis), f"n{axis}"

        def at(offset: int, from_end: bool = False) -> str:
            places = [f"{n} + {self._origin(other)}" for other, n in enumerate(self.index)]
            places[axis] = f"{points} + {first + offset}" if from_end else str(first + offset)
            return f"q[s, a, {', '.join(places)}]"

        lines = []
        if boundary == "winding":
            turn = "real(6.283185307179586)"
            lines.append(f"rise = {turn} * real(np.rint(({at(-1, True)} - {at(0)}) / {turn}))")
        for j in range(1, self.half + 1):
            if has_walls(boundary):
                left, right = at(j), at(-1 - j, True)
                if boundary == "dirichlet":
                    left, right = f"real(2) * {at(0)} - {left}", f"real(2) * {at(-1, True)} - {right}"
            else:
                left, right = at(-j, True), at(j - 1)
                if boundary == "winding":
                    left, right = f"{left} - rise", f"{right} + rise"
            lines += [f"{at(-j)} = {left}", f"{at(j - 1, True)} = {right}"]
        return lines

    def _walls(self) -> str:
        """The drift of the held walls, whose acceleration is 0."""
        if not any(self.skip):
            return ""
        lines = ["def walls(old, new, v, drift, extra):", *self._shape("v")]
        lines += ["    for s in range(samples):", "      for a in range(fields):"]
        for axis in range(self.dimension):
            if not self.skip[axis]:
                continue
            indent = "        "
            for other, name in enumerate(self.index):
                size = f"n{other}" if other != axis else f"(0, n{axis} - 1)"
                lines.append(f"{indent}for {name} in {size if other == axis else f'range({size})'}:")
                indent += "    "
            inside = ", ".join(f"{n} + {self._origin(k)}" for k, n in enumerate(self.index))
            speed = f"v[s, a, {', '.join(self.index)}]"
            lines.append(f"{indent}u = {speed}")
            lines.append(f"{indent}new[s, a, {inside}] = (old[s, a, {inside}] + drift * u) + extra * u")
        return "\n".join(lines)

    def _arguments(self) -> list[str]:
        names = [f"uniform{i}" for i in range(len(self.uniform))]
        names += [f"local{i}" for i in range(len(self.local))]
        return [*names, *(f"place{axis}" for axis in self.places)]

    def _sweep(self) -> tuple[str, list[float]]:
        """v += kick·a(old); new = (old + drift·v) + extra·v, in one pass."""
        stencil = self.stencil
        names = {}
        for name, (kind, number) in stencil.meaning.items():
            if kind == "field":
                names[name] = f"q{number}"
            elif kind == "time":
                names[name] = "time"
            elif kind == "place":
                names[name] = f"x{number}"
            elif name in self.uniform:
                names[name] = f"u{self.uniform.index(name)}"
            else:
                names[name] = f"p{self.local.index(name)}"
        printer = LoopPrinter(names)
        first, constants = printer.statements(stencil.coefficients, "c")
        inner, forces = printer.statements(stencil.forces, "t")
        used = {t.field for t in stencil.terms}

        skip = 2 * self.skip[0]
        reach = skip + (LEAD + self.half if self.dimension == 1 else 2 * self.half)
        head = ["def sweep(old, new, v, weights, numbers, time, kick, drift, extra, piece, ARGUMENTS):"]
        head += ["    begin, end, low, high = piece"]
        head += [f"    number{i} = numbers[{i}]" for i in range(len(printer.numbers))]
        if 0 in self.places:
            head.append(f"    place0 = place0[low : high + {skip}]")
        head += ["    for s in range(begin, end):"]
        for a in range(stencil.fields):
            head.append(f"        old{a} = old[s, {a}][low : high + {reach}]")
            head.append(f"        new{a} = new[s, {a}][low : high + {reach}]")
            head.append(f"        speed{a} = v[s, {a}][low : high + {skip}]")
        for i in range(len(self.uniform)):
            head.append(f"        u{i} = uniform{i}[min(s, uniform{i}.size - 1)]")
        for i in range(len(self.local)):
            head.append(f"        r{i} = local{i}[min(s, local{i}.shape[0] - 1)][low : high + {skip}]")
        sizes = [f"n{axis}" for axis in range(self.dimension)]
        head.append(f"        {', '.join(sizes)}{',' if len(sizes) == 1 else ''} = speed0.shape")
        head += [f"        {line}" for line in first]
        head += self._combined_weights(constants)

        loops, indent = self._loops(sizes, skip=True)
        body = [f"q{a} = {self._padded('old', a)}" for a in range(stencil.fields)]
        for axis in self.places:
            place = f"{self.index[axis]} + {self.skip[axis]}" if self.skip[axis] else self.index[axis]
            body.append(f"x{axis} = place{axis}[{place}]")
        body += [f"p{i} = {self._plain(f'r{i}')}" for i in range(len(self.local))]
        body += inner
        for a, force in enumerate(forces):
            body.append(
                f"a{a} = real({force})" if a not in used else f"a{a} = {self._laplacian(a)} + {force}"
            )
        for a in range(stencil.fields):
            body.append(f"v{a} = {self._plain(f'speed{a}')} + kick * a{a}")
            body.append(f"{self._plain(f'speed{a}')} = v{a}")
            body.append(f"{self._padded('new', a)} = (q{a} + drift * v{a}) + extra * v{a}")
        text = "\n".join([*head, *loops, *(indent + line for line in body)])
        return text.replace("ARGUMENTS", ", ".join(self._arguments())), printer.numbers

    def _combined_weights(self, constants: list[str]) -> list[str]:
        """w_abj = C^axis_ab w_j/Δx², the centres of all axes added up."""
        lines: list[str] = []
        centres: dict[tuple[int, int], list[str]] = {}
        for term in self.stencil.terms:
            for j in range(self.half + 1):
                value = f"({constants[term.number]}) * weights[{term.axis}, {j}]"
                if j == 0:
                    centres.setdefault((term.field, term.source), []).append(value)
                else:
                    lines.append(f"w{term.field}_{term.source}_{term.axis}_{j} = {value}")
        lines += [f"w{a}_{b} = {' + '.join(values)}" for (a, b), values in centres.items()]
        return [f"        {line}" for line in lines]

    def _laplacian(self, a: int) -> str:
        terms = [t for t in self.stencil.terms if t.field == a]
        parts = [f"w{a}_{b} * q{b}" for b in dict.fromkeys(t.source for t in terms)]
        for term in terms:
            for j in range(1, self.half + 1):
                ahead = self._padded("old", term.source, (term.axis, j))
                behind = self._padded("old", term.source, (term.axis, -j))
                parts.append(f"w{a}_{term.source}_{term.axis}_{j} * ({ahead} + {behind})")
        return " + ".join(parts)

    def _propagate(self) -> str:
        """All stages of `count` steps; the result lies in `one` or `two` by turns."""
        names = self._arguments()
        wall = ["            walls(one, two, v, drift, extra)"] if any(self.skip) else []
        lines = [
            "def propagate(",
            "    one, two, v, weights, numbers, kicks, drifts, first, step, count, pieces, ARGUMENTS",
            "):",
            "    stages = len(kicks)",
            "    for number in range(count):",
            "        clock = (first + number) * step",
            "        for stage in range(stages):",
            "            clock += drifts[stage] * step",
            "            time, kick = real(clock), real(kicks[stage] * step)",
            "            drift = real(drifts[stage + 1] * step)",
            "            merge = stage == stages - 1 and number < count - 1",
            "            extra = real(drifts[0] * step) if merge else real(0)",
            "            ghosts(one, v)",
            "            for piece in prange(len(pieces)):",
            "                sweep(",
            "                    one, two, v, weights, numbers, time, kick, drift, extra, pieces[piece],",
            "                    ARGUMENTS",
            "                )",
            *wall,
            "            one, two = two, one",
        ]
        return "\n".join(lines).replace("ARGUMENTS", ", ".join(names))
