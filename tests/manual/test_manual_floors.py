"""The lab is a stranger to what it tests, and the documents are what the code says.

The floors themselves are contracts of import-linter, kept by `make check`; here only the two
sentences are read from the imports that a reader of the documents relies on.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from documents import FLOORS, SOURCE, rooms_used_by

ROOMS = {
    place.stem
    for place in SOURCE.iterdir()
    if not place.name.startswith("_") and (place.is_dir() or place.suffix == ".py")
}


def test_the_lab_uses_grammar_clock_and_secret_and_nothing_else_of_ours() -> None:
    assert rooms_used_by("lab") <= {"mail", "clock", "secret"}
    assert rooms_used_by("mail") <= {"clock", "secret"}


def test_nobody_but_the_command_line_knows_the_lab() -> None:
    assert {room for room in ROOMS if "lab" in rooms_used_by(room)} == {"cli"}


def test_every_room_stands_on_a_floor_and_leans_downward() -> None:
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    assert set(floor) == ROOMS
    for room in ROOMS:
        for used in rooms_used_by(room):
            assert floor[used] > floor[room], f"{room} leans on {used}"
