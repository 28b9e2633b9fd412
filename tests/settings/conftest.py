"""Settings are judged on the small tenant of policy's tests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "policy"))
