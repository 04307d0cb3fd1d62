"""`python -m fieldnet` is the command `fieldnet`."""

from .cli import main

if __name__ == "__main__":
    main()
