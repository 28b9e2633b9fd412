"""How long `portineria --help` takes beside the bare interpreter: medians, and their ratio."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

RUNS = 15


def seconds(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    bare = [sys.executable, "-c", "pass"]
    ours = [sys.executable, "-m", "portineria", "--help"]
    for command in (bare, ours):
        seconds(command)
    pairs = [(seconds(bare), seconds(ours)) for _ in range(RUNS)]
    base = statistics.median(pair[0] for pair in pairs)
    mine = statistics.median(pair[1] for pair in pairs)
    ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
    print(f"bare interpreter   {base * 1000:7.1f} ms")
    print(f"portineria --help  {mine * 1000:7.1f} ms")
    print(f"ratio              {ratio:7.1f}   (at most 6)")
    return 0 if ratio <= 6 else 1


if __name__ == "__main__":
    sys.exit(main())
