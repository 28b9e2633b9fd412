"""Signals wait until the window is shut, and then take effect."""

import signal
import subprocess
import sys

import pytest

from portineria.doors.shield import SignalShield

PROGRAM = """
import asyncio, signal, sys
from portineria.doors.shield import SignalShield

async def work():
    for number in (signal.{name}, signal.SIGINT):
        signal.raise_signal(number)
        await asyncio.sleep(0.01)
    print("whole", flush=True)

async def main():
    await SignalShield(lambda text: print("told", flush=True))(work)
    await asyncio.sleep(5)
    print("went on", flush=True)

# A shell that runs the tests in the background has every child ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", -signal.SIGTERM)])
def test_work_is_finished_before_the_signal_takes_effect(name: str, code: int) -> None:
    words = [sys.executable, "-c", PROGRAM.format(name=name)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    assert done.stdout.split() == ["told", "whole"]
    assert done.returncode == code


async def test_without_a_signal_it_only_passes_the_answer_on() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    async def work() -> str:
        return "answer"

    assert await SignalShield()(work) == "answer"
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_a_failure_inside_comes_out_and_the_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)

    async def work() -> None:
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        await SignalShield()(work)
    assert signal.getsignal(signal.SIGINT) is before
