"""Every dialogue of the gateway goes as written: who says what, to whom, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from gateway_talk import FOLDER, Talk


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_the_dialogue_goes_as_written(path: Path) -> None:
    Talk(path).play()
