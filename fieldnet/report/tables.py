"""Tables with captions and scopes; cells are markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from .wording import html, number, symbols


def table(
    caption_html: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    numeric: Sequence[int] = (),
    chosen: int | None = None,
) -> str:
    """A table whose first column names the row; `numeric` columns are set right, row `chosen` is bold."""
    kinds = [' class="n"' if n in numeric else "" for n in range(len(header))]
    top = "".join(
        f'<th scope="col"{kind}>{html(name)}</th>' for name, kind in zip(header, kinds, strict=True)
    )
    lines = []
    for position, row in enumerate(rows):
        first = f'<th scope="row"{kinds[0]}>{row[0]}</th>'
        rest = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row[1:], kinds[1:], strict=True))
        mark = ' class="chosen"' if position == chosen else ""
        lines.append(f"<tr{mark}>{first}{rest}</tr>")
    return (
        f'<div class="scroll"><table><caption>{caption_html}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def matrix(
    caption_html: str, values: np.ndarray, names: Sequence[str], rows: Sequence[str] | None = None
) -> str:
    """An annotated matrix, cells tinted by size and sign relative to the largest entry; `rows` are named as
    the columns by default. shape: (rows, columns)
    """
    largest = float(np.abs(values).max()) if values.size else 0.0
    top = "".join(f'<th scope="col">{html(symbols(name))}</th>' for name in names)
    lines = []
    for name, row in zip(names if rows is None else rows, values, strict=True):
        cells = "".join(_cell(float(value), largest) for value in row)
        lines.append(f'<tr><th scope="row">{html(symbols(name))}</th>{cells}</tr>')
    return (
        f'<table class="matrix"><caption>{caption_html}</caption>'
        f"<thead><tr><td></td>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def _cell(value: float, largest: float) -> str:
    strength = abs(value) / largest if largest > 0 else 0.0
    colour = "--tint" if value >= 0 else "--tint-minus"
    shown = 0.0 if strength < 1e-12 else value
    return f'<td style="background: rgba(var({colour}), {0.55 * strength:.3f})">{number(shown, 5)}</td>'
