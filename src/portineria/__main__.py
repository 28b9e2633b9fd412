"""The way in: `portineria` and `python -m portineria`; Ctrl-C is answered from the first moment."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130


def run() -> None:
    """Run one command and leave with its exit code; never returns."""
    try:
        from portineria.cli.main import main

        code = main()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = INTERRUPTED
    if code == INTERRUPTED:
        # Where Ctrl-C fell into a class that was just being made, Python would send itself the
        # signal again at its end, though it was answered, and die of it.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    run()
