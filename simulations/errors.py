"""Errors a user can meet: all are ValueErrors, with one line that says got, expected and remedy."""

from __future__ import annotations

import xarray


class DataError(ValueError):
    """A file or dataset that is not a field on a uniform grid, or cannot be read or written."""


class BlowUpError(ValueError):
    """A simulated field left the finite numbers.

    `partial` holds the dataset up to the last finite saved time.
    """

    partial: xarray.Dataset | None = None
