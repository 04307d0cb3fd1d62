"""What is said of a name that nothing has."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that is none of `known`, with the nearest one."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    remedy = f"; did you mean '{near[0]}'?" if near else ""
    return f"got the unknown {what} '{name}', expected one of {', '.join(names) or 'none'}{remedy}"
