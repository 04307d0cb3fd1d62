"""Source text of the compiled loop of a `Stencil`: one sweep over a tile for each kick and drift.

A tile holds rows low … high of the first axis of one sample and a halo around them, so many rows wide that
several sweeps can follow each other in the cache before the tile goes back: each sweep reaches order/2 rows
less far. Its fields `one` and `two` have shape (field, rows + 2·half, *points + 2·half) with ghost points
around, where the last axis begins at `LEAD` instead of `half`; `speed` has shape (field, rows, *points).
What a site gets does not depend on its tile.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..grids import has_walls
from .elementary import LARGEST_ARGUMENT, elementary_source
from .loop_printer import LoopPrinter
from .stencil import Stencil

LEAD = 8  # ghost points before the first point of a row: a cache line of float64, at least 8/2


@dataclass(frozen=True)
class KernelSource:
    """Text that defines `propagate`, and the names in the order in which their values are passed.

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
            f"LARGEST = real({LARGEST_ARGUMENT[dtype]})",
            self._load(),
            self._store(),
            self._unwrap(),
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
            offset = self._origin(axis) + (self.skip[axis] if axis else 0)
            if shift is not None and shift[0] == axis:
                offset += shift[1]
            indices.append(f"{name} + {offset}" if offset else name)
        return f"{array}{field}[{', '.join(indices)}]"

    def _plain(self, array: str) -> str:
        places = [f"{n} + 1" if axis and self.skip[axis] else n for axis, n in enumerate(self.index)]
        return f"{array}[{', '.join(places)}]"

    def _origin(self, axis: int) -> int:
        return LEAD if axis == self.dimension - 1 else self.half

    def _loops(self, sizes: list[str], skip: bool, indent: str = "        ") -> tuple[list[str], str]:
        lines = []
        for axis, name in enumerate(self.index):
            less = " - 2" if skip and axis and self.skip[axis] else ""
            lines.append(f"{indent}for {name} in range({sizes[axis]}{less}):")
            indent += "    "
        return lines, indent

    # Functions

    def _load(self) -> str:
        """Rows begin … end of q + drift·v and v into a tile, and how many |q| are beyond the sine's range."""
        sizes = [f"n{axis}" for axis in range(self.dimension)]
        inside = ", ".join(f"{n} + {self._origin(axis)}" for axis, n in enumerate(self.index))
        plain = ", ".join(self.index)
        loops, indent = self._loops(sizes, skip=False)
        lines = [
            "def load(tile, speed, q, v, begin, end, offset, drift):",
            "    beyond = 0",
            "    for a in range(len(q)):",
            "        x, u, kept = q[a][begin:end], v[a][begin:end], speed[a][begin + offset : end + offset]",
            f"        new = tile[a][begin + offset : end + offset + {self._reach()}]",
            f"        {', '.join(sizes)}{',' if len(sizes) == 1 else ''} = x.shape",
            *loops,
            f"{indent}new[{inside}] = x[{plain}] + drift * u[{plain}]",
            f"{indent}kept[{plain}] = u[{plain}]",
            f"{indent}beyond += 1 - int(abs(x[{plain}]) <= LARGEST)",
            "    return beyond",
        ]
        return "\n".join(lines)

    def _store(self) -> str:
        sizes = [f"n{axis}" for axis in range(self.dimension)]
        inside = ", ".join(f"{n} + {self._origin(axis)}" for axis, n in enumerate(self.index))
        plain = ", ".join(self.index)
        loops, indent = self._loops(sizes, skip=False)
        lines = [
            "def store(q, v, tile, speed, low, high, offset):",
            "    for a in range(len(q)):",
            "        x, u, kept = q[a][low:high], v[a][low:high], speed[a][low + offset : high + offset]",
            f"        new = tile[a][low + offset : high + offset + {self._reach()}]",
            f"        {', '.join(sizes)}{',' if len(sizes) == 1 else ''} = x.shape",
            *loops,
            f"{indent}x[{plain}] = new[{inside}]",
            f"{indent}u[{plain}] = kept[{plain}]",
        ]
        return "\n".join(lines)

    def _unwrap(self) -> str:
        """Subtract the turns from the rows before the seam, or add them to those behind it.

        `seam` is the place in the tile of the first row behind; the ghost rows are the only ones.
        """
        if self.stencil.grid.boundary[0] != "winding":
            return ""
        lines, indent = self._lines_along(0, "def unwrap(q, v, seam, behind):", "v")
        last, first = (self._along(0, f"seam + {self._origin(0) + k}") for k in (-1, 0))
        lines.append(f"{indent}rise = {self._rise(last, first)}")
        for j in range(1, self.half + 1):
            ahead, back = (self._along(0, f"seam + {self._origin(0) + k}") for k in (j - 1, -j))
            lines += [f"{indent}if behind:", f"{indent}    {ahead} = {ahead} + rise"]
            lines += [f"{indent}else:", f"{indent}    {back} = {back} - rise"]
        return "\n".join(lines)

    def _ghosts(self) -> str:
        """Fill the ghost points of the rows low … high, and beyond those ends that are the grid's."""
        parts = []
        for axis, boundary in enumerate(self.stencil.grid.boundary):
            head = f"def ghosts{axis}(q, v, low, high, left_end, right_end):"
            lines, indent = self._lines_along(axis, head, "v", "low, high")
            begin, end = ("low", "high") if axis == 0 else ("0", f"n{axis}")
            left, right = self._ghost_line(axis, boundary, begin, end)
            if boundary == "winding":
                last, first = (self._along(axis, self._at(axis, *place)) for place in ((end, -1), (begin, 0)))
                lines.append(f"{indent}rise = {self._rise(last, first)}")
            if axis == 0:
                lines += [f"{indent}if left_end:", *(f"{indent}    {line}" for line in left)]
                lines += [f"{indent}if right_end:", *(f"{indent}    {line}" for line in right)]
            else:
                lines += [indent + line for line in (*left, *right)]
            parts.append("\n".join(lines))
        return "\n\n\n".join(parts)

    def _lines_along(self, axis: int, head: str, array: str, rows: str = "n0") -> tuple[list[str], str]:
        """The head of a function and its loops over the fields and the lines along an axis."""
        sizes = [f"n{other}" for other in range(self.dimension)]
        lines = [head, f"    fields, {', '.join(sizes)} = {array}.shape", "    for a in range(fields):"]
        indent = "        "
        for other, name in enumerate(self.index):
            if other != axis:
                lines.append(f"{indent}for {name} in range({rows if other == 0 else sizes[other]}):")
                indent += "    "
        return lines, indent

    def _along(self, axis: int, place: str) -> str:
        places = [f"{n} + {self._origin(other)}" for other, n in enumerate(self.index)]
        places[axis] = place
        return f"q[a, {', '.join(places)}]"

    def _at(self, axis: int, end: str, offset: int) -> str:
        place = self._origin(axis) + offset
        return str(place) if end == "0" else f"{end} + {place}"

    def _rise(self, last: str, first: str) -> str:
        turn = "real(6.283185307179586)"
        return f"{turn} * real(np.rint(({last} - {first}) / {turn}))"

    def _ghost_line(self, axis: int, boundary: str, begin: str, end: str) -> tuple[list[str], list[str]]:
        """What fills the ghost points before the first point of a line, and behind the last."""

        def at(place: str, offset: int) -> str:
            return self._along(axis, self._at(axis, place, offset))

        before, behind = [], []
        for j in range(1, self.half + 1):
            if has_walls(boundary):
                left, right = at(begin, j), at(end, -1 - j)
                if boundary == "dirichlet":
                    left = f"real(2) * {at(begin, 0)} - {left}"
                    right = f"real(2) * {at(end, -1)} - {right}"
            else:
                left, right = at(end, -j), at(begin, j - 1)
                if boundary == "winding":
                    left, right = f"{left} - rise", f"{right} + rise"
            before.append(f"{at(begin, -j)} = {left}")
            behind.append(f"{at(end, j - 1)} = {right}")
        return before, behind

    def _walls(self) -> str:
        """The drift of the held walls, whose acceleration is 0."""
        if not any(self.skip):
            return ""
        lines = ["def walls(old, new, v, drift, extra, low, high, left_end, right_end):"]
        lines += [f"    fields, {', '.join(f'n{axis}' for axis in range(self.dimension))} = v.shape"]
        lines += ["    for a in range(fields):"]
        for axis in range(self.dimension):
            if not self.skip[axis]:
                continue
            indent = "        "
            for other, name in enumerate(self.index):
                size = "range(low, high)" if other == 0 else f"range(n{other})"
                if other == axis:
                    size = "(low, high - 1)" if axis == 0 else f"(0, n{axis} - 1)"
                lines.append(f"{indent}for {name} in {size}:")
                indent += "    "
                if other == axis == 0:
                    lines.append(f"{indent}if left_end if i0 == low else right_end:")
                    indent += "    "
            inside = ", ".join(f"{n} + {self._origin(k)}" for k, n in enumerate(self.index))
            lines.append(f"{indent}u = v[a, {', '.join(self.index)}]")
            lines.append(f"{indent}new[a, {inside}] = (old[a, {inside}] + drift * u) + extra * u")
        return "\n".join(lines)

    def _reach(self) -> int:
        return (LEAD if self.dimension == 1 else self.half) + self.half

    def _arguments(self) -> list[str]:
        return [f"uniform{i}" for i in range(len(self.uniform))] + [*self._rowwise(), *self._elsewhere()]

    def _rowwise(self) -> list[str]:
        """What is loaded into a tile beside the fields."""
        return [f"local{i}" for i in range(len(self.local))] + ["place0"] * (0 in self.places)

    def _elsewhere(self) -> list[str]:
        return [f"place{axis}" for axis in self.places if axis]

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

        head = [
            "def sweep(",
            "    old, new, v, weights, numbers, time, kick, drift, extra, sample, low, high, ARGUMENTS",
            "):",
        ]
        head += [f"    number{i} = numbers[{i}]" for i in range(len(printer.numbers))]
        if 0 in self.places:
            head.append("    place0 = place0[low:high]")
        for a in range(stencil.fields):
            head.append(f"    old{a} = old[{a}][low : high + {self._reach()}]")
            head.append(f"    new{a} = new[{a}][low : high + {self._reach()}]")
            head.append(f"    speed{a} = v[{a}][low:high]")
        for i in range(len(self.uniform)):
            head.append(f"    u{i} = uniform{i}[min(sample, uniform{i}.size - 1)]")
        for i in range(len(self.local)):
            head.append(f"    r{i} = local{i}[low:high]")
        sizes = [f"n{axis}" for axis in range(self.dimension)]
        head.append(f"    {', '.join(sizes)}{',' if len(sizes) == 1 else ''} = speed0.shape")
        head += [f"    {line}" for line in first]
        head += self._combined_weights(constants)

        loops, indent = self._loops(sizes, skip=True, indent="    ")
        body = [f"q{a} = {self._padded('old', a)}" for a in range(stencil.fields)]
        for axis in self.places:
            place = f"{self.index[axis]} + 1" if axis and self.skip[axis] else self.index[axis]
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
        return [f"    {line}" for line in lines]

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
        """`work`, some sweeps of one tile, and `propagate`, all sweeps of `count` steps."""
        boundary, half = self.stencil.grid.boundary[0], self.half
        wrapped = not has_walls(boundary)
        rowwise = self._rowwise()
        lines = [_WORK_HEAD]
        chunks = [("max(start, 0)", "min(stop, rows)", "-start")]
        if wrapped:
            chunks += [("rows + start", "rows", "-rows - start"), ("0", "stop - rows", "rows - start")]
        for number, (begin, end, offset) in enumerate(chunks):
            indent = "    " if number == 0 else "        "
            if number:
                lines.append(f"    if {'start < 0' if number == 1 else 'stop > rows'}:")
            lines.append(f"{indent}beyond += load(one, speed, q, v, {begin}, {end}, {offset}, opening)")
            for i, name in enumerate(rowwise):
                place = "" if name == "place0" else f"[min(sample, {name}.shape[0] - 1)]"
                inside = f"{begin} + ({offset}) : {end} + ({offset})"
                lines.append(f"{indent}kept{i}[{inside}] = {name}{place}[{begin}:{end}]")
        if boundary == "winding":
            lines += ["    if start < 0:", "        unwrap(one, speed, -start, False)"]
            lines += ["    if stop > rows:", "        unwrap(one, speed, rows - start, True)"]
        ends = ("whole", "whole") if wrapped else ("start + top == 0", "start + bottom == rows")
        lines.append(
            _WORK_SWEEPS.replace("HALF", str(half)).replace("LEFT", ends[0]).replace("RIGHT", ends[1])
        )
        for axis in range(self.dimension):
            lines.append(f"        ghosts{axis}(one, speed, top, bottom, left_end, right_end)")
        inner = ("top + left_end", "bottom - right_end") if self.skip[0] else ("top", "bottom")
        uniform = [f"uniform{i}" for i in range(len(self.uniform))]
        given = [*uniform, *(f"kept{i}" for i in range(len(rowwise))), *self._elsewhere()]
        lines += [
            "        sweep(",
            "            one, two, speed, weights, numbers, time, kick, drift, extra, sample,",
            f"            {', '.join([*inner, *given])},",
            "        )",
        ]
        if any(self.skip):
            lines.append("        walls(one, two, speed, drift, extra, top, bottom, left_end, right_end)")
        lines += [_WORK_TAIL, "", "", _PROPAGATE]
        buffers = [f"kept{i}" for i in range(len(rowwise))]
        return (
            "\n".join(lines)
            .replace("CLIP", "parts == 1" if wrapped else "True")
            .replace("ARGUMENTS", ", ".join([*self._arguments(), *buffers]))
            .replace("GIVEN", ", ".join([*self._arguments(), *(f"{name}[worker]" for name in buffers)]))
        )


_WORK_HEAD = """
def work(
    q, v, new_q, new_v, one, two, speed, sample, low, high, start, stop, whole, begin, end, sweeps, weights,
    numbers, kicks, drifts, first, step, ARGUMENTS
):
    rows, stages, beyond = q.shape[1], len(kicks), 0
    opening = real(drifts[0] * step) if begin == 0 else real(0)""".strip()

_WORK_SWEEPS = """    for k in range(begin, end):
        number, stage = k // stages, k % stages
        clock = (first + number) * step
        for i in range(stage + 1):
            clock += drifts[i] * step
        time, kick = real(clock), real(kicks[stage] * step)
        drift = real(drifts[stage + 1] * step)
        merge = stage == stages - 1 and k < sweeps - 1
        extra = real(drifts[0] * step) if merge else real(0)
        left = HALF * (end - 1 - k)
        top, bottom = max(start, low - left) - start, min(stop, high + left) - start
        left_end, right_end = LEFT, RIGHT"""

_WORK_TAIL = """        one, two = two, one
    store(new_q, new_v, one, speed, low, high, -start)
    return beyond"""

_PROPAGATE = """
def propagate(
    q, v, result, rate, spare_q, spare_v, one, two, speed, beyond, parts, group, halo, weights, numbers,
    kicks, drifts, first, step, count, ARGUMENTS
):
    samples, rows, workers, sweeps = q.shape[0], q.shape[2], len(one), count * len(kicks)
    passes = -(-sweeps // group)
    for number in range(passes):
        begin, end = number * group, min(sweeps, (number + 1) * group)
        new_q, new_v = spare_q, spare_v
        if (passes - number) % 2 == 1:
            new_q, new_v = result, rate
        for worker in prange(workers):
            tiles = samples * parts
            for tile in range(tiles * worker // workers, tiles * (worker + 1) // workers):
                sample, part = tile // parts, tile % parts
                low, high = rows * part // parts, rows * (part + 1) // parts
                start, stop = low - halo, high + halo
                if CLIP:
                    start, stop = max(start, 0), min(stop, rows)
                beyond[worker] += work(
                    q[sample], v[sample], new_q[sample], new_v[sample], one[worker], two[worker],
                    speed[worker], sample, low, high, start, stop, parts == 1, begin, end, sweeps, weights,
                    numbers, kicks, drifts, first, step, GIVEN
                )
        if number == 0 and beyond.any():
            return False
        q, v = new_q, new_v
    return True""".strip()
