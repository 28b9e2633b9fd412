"""Under `make mutants` a property draws the same examples every time, and few of them."""

from __future__ import annotations

import os

from hypothesis import settings

if "EXAMPLES" in os.environ:
    settings.register_profile(
        "mutants",
        max_examples=int(os.environ["EXAMPLES"]),
        derandomize=True,
        deadline=None,
        database=None,
    )
    settings.load_profile("mutants")
