"""`python -m lagrangians.catalogue [NAME …]` prints the catalogue page, or the part on these theories."""

from __future__ import annotations

import sys

from lagrangians.catalogue.page import page

if __name__ == "__main__":
    try:
        sys.stdout.write(page(sys.argv[1:]))
    except ValueError as error:
        sys.exit(f"error: {error}")
