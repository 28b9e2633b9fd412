"""However the octets of both sides arrive, the same is asked and said, in the same order."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from gateway_talk import FOLDER, Talk, octets
from hypothesis import given, settings
from hypothesis import strategies as st

DIALOGUES = sorted(FOLDER.glob("*.txt"))


class Torn(Talk):
    """The same dialogue with every saying cut into pieces, and heard after each piece."""

    def __init__(self, path: Path, seed: int) -> None:
        super().__init__(path)
        self._chance = random.Random(seed)

    def _line(self, line: str) -> None:
        head = line[:2]
        if head not in ("C:", "C|", "S:", "S|"):
            super()._line(line)
            return
        data = octets(line[3:]) + (b"\r\n" if head[1] == ":" else b"")
        feed = self.session.from_client if head[0] == "C" else self.session.from_server
        while data:
            cut = self._chance.randint(1, max(1, len(data)))
            feed(data[:cut])
            data = data[cut:]
            self._hear()


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_any_split_of_both_sides_goes_the_same_way(path: Path, seed: int) -> None:
    Torn(path, seed).play()
