"""The fakes of the ports are those of the use-cases; the lab and the guards' cases are others'."""

from __future__ import annotations

import sys
from pathlib import Path

for room in ("run", "m365", "policy"):
    sys.path.insert(0, str(Path(__file__).parent.parent / room))
