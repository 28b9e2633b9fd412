"""`python -m portineria` is `portineria`."""

from __future__ import annotations

import sys

from portineria.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
