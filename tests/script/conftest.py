"""The lab in this process and the random small tenants are the safety property's."""

from __future__ import annotations

import sys
from pathlib import Path

for room in ("safety", "run", "m365", "policy", "cli"):
    sys.path.insert(0, str(Path(__file__).parent.parent / room))
