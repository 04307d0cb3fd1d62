"""Source text of one sweep over the grid as torch operations on slices, in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import sympy

from lagrangians.codegen import SourcePrinter

from .named_printer import NamedPrinter
from .stencil import Stencil


class TensorPrinter(NamedPrinter):
    """Torch text; sin and cos are arguments of the emitted function."""

    kind = "torch"
    functions: ClassVar[Mapping[type, str]] = {  # type: ignore[misc]
        **{f: f"torch.{name}" for f, name in SourcePrinter.functions.items()},
        sympy.atan: "torch.atan",
        sympy.asin: "torch.asin",
        sympy.acos: "torch.acos",
        sympy.Abs: "torch.abs",
        sympy.sin: "sine",
        sympy.cos: "cosine",
    }

    def __init__(self, names: Mapping[str, str]):
        super().__init__("torch", names)


def torch_source(stencil: Stencil) -> str:
    """Text of `make_sweep(sine, cosine)`, which returns a function for eager or compiled use,
    `sweep(old, new, v, time, kick, drift, extra, given)`.

    It does v += kick·a(old), new = (old + drift·v) + extra·v inside of held walls; `old` and `new` have
    order/2 ghost points on every side; `given` maps names of parameters and "place0", … to tensors that
    broadcast with the inside of the walls. ValueError for functions that torch does not know.
    """
    names, lines = {}, []
    for name, (kind, number) in stencil.meaning.items():
        if kind == "parameter":
            names[name] = f"given[{name!r}]"
        else:
            names[name] = {"field": f"q{number}", "time": "time", "place": f"given['place{number}']"}[kind]
    printer = TensorPrinter(names)
    first, coefficients = printer.statements(stencil.coefficients, "c")
    inner, forces = printer.statements(stencil.forces, "t")
    lines += [*_views(stencil), *first, *inner]
    for a, force in enumerate(forces):
        lines.append(f"a{a} = {_laplacian(stencil, a, coefficients)}{force}")
        lines.append(f"w{a} = v{a} + kick * a{a}")
    for a in range(stencil.fields):
        lines.append(f"v{a}.copy_(w{a})")
        lines.append(f"{_site(stencil, f'new{a}')}.copy_((q{a} + drift * w{a}) + extra * w{a})")
    body = "\n".join(f"        {line}" for line in lines)
    return (
        "import torch\n\n\ndef make_sweep(sine, cosine):\n"
        f"    def sweep(old, new, v, time, kick, drift, extra, given):\n{body}\n\n    return sweep\n"
    )


def _views(stencil: Stencil) -> list[str]:
    lines = []
    for a in range(stencil.fields):
        for array in ("old", "new", "v"):
            whole = f"{array}.select({-1 - stencil.grid.dimension}, {a})" if stencil.fields > 1 else array
            if array == "v":
                whole = f"{whole}[{', '.join(['...', *_inside(stencil, 0)])}]"
            lines.append(f"{array}{a} = {whole}")
        lines.append(f"q{a} = {_site(stencil, f'old{a}')}")
    return lines


def _inside(stencil: Stencil, ghosts: int, shift: tuple[int, int] = (0, 0)) -> list[str]:
    slices = []
    for axis, (points, boundary) in enumerate(zip(stencil.grid.points, stencil.grid.boundary, strict=True)):
        skip = int(boundary == "dirichlet")
        begin = ghosts + skip + (shift[1] if shift[0] == axis else 0)
        slices.append(f"{begin}:{begin + points - 2 * skip}")
    return slices


def _site(stencil: Stencil, array: str, shift: tuple[int, int] = (0, 0)) -> str:
    return f"{array}[{', '.join(['...', *_inside(stencil, stencil.half, shift)])}]"


def _laplacian(stencil: Stencil, a: int, coefficients: list[str]) -> str:
    text = ""
    for term in stencil.terms:
        if term.field != a:
            continue
        weights = stencil.weights()[term.axis]
        parts = [f"{weights[0]!r} * q{term.source}"]
        for j in range(1, stencil.half + 1):
            ahead, behind = (_site(stencil, f"old{term.source}", (term.axis, d)) for d in (j, -j))
            parts.append(f"{weights[j]!r} * ({ahead} + {behind})")
        text += f"({coefficients[term.number]}) * ({' + '.join(parts)}) + "
    return text
