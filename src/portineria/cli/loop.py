"""The only place that starts an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a use-case to its end. Ctrl-C cancels it and comes out as KeyboardInterrupt."""
    return asyncio.run(work)
