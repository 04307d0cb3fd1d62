"""Entry point: exit 0; 2 with one line that begins with `error:` on bad input or usage; 130 on Ctrl-C."""

from __future__ import annotations

import os
import sys
import warnings

import torch
import typer

from .commands import app

TOO_LARGE = "this needs more memory than there is; take fewer points, samples or nodes"


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit. A traceback means a bug in fieldnet (exit 1)."""
    warnings.filterwarnings("ignore")
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(
            1
        )  # tensors of a training step are small: a second thread costs more than it gives
    if not (sys.argv[1:] if arguments is None else arguments):
        sys.exit(_refuse("got no command, expected one as in 'fieldnet discover FILE'; see fieldnet --help"))
    try:
        code = app(args=arguments, prog_name="fieldnet", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except ValueError as error:
        code = _refuse(str(error))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        code = _refuse(f"{place}{error.strerror or error}")
    except MemoryError as error:
        code = _refuse(f"{TOO_LARGE} ({error})")
    except Exception as error:
        if isinstance(error, RuntimeError) and "allocate" in str(error):
            print(f"error: {TOO_LARGE}", file=sys.stderr)
            sys.exit(2)
        if not hasattr(error, "format_message"):  # a usage error of the command-line library has one
            raise
        code = _refuse(error.format_message() or "expected a command; see fieldnet --help")
    sys.exit(code if isinstance(code, int) else 0)


def _refuse(message: str) -> int:
    line = " ".join(message.split()) or "unknown"
    print(f"error: {line}", file=sys.stderr)
    return 2
