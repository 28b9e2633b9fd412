"""The tables of other folders, to be told in Italian; and a context of its own for each test."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portineria.tongue.say import ENGLISH, speak

for folder in ("", "policy", "cli", "run"):
    sys.path.append(str(Path(__file__).parents[1] / folder))


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    speak(ENGLISH)
