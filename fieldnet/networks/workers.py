"""Independent parts of a fit at once, in threads: the time goes into NumPy, which lets them run beside each
other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
Result = TypeVar("Result")


def at_once(act: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """act(item) of all items in their order, `workers` at a time, so that sums do not depend on `workers`.

    What NumPy raises or ignores is as in the thread that asks.
    """
    if workers == 1:
        yield from map(act, items)
        return
    settings = np.geterr()

    def alike(item: Item) -> Result:
        with np.errstate(**settings):
            return act(item)

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(alike, items)
