"""When something undated was seen first is remembered from one call to the next."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portineria.doors.firstseen import FirstSeenFile
from portineria.doors.state import StateFolder
from portineria.fault import StateFault

NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_memory(folder: Path) -> FirstSeenFile:
    return FirstSeenFile(StateFolder(folder).make(), "tenant")


def test_the_first_time_counts_and_another_call_knows_it(tmp_path: Path) -> None:
    assert a_memory(tmp_path / "s").note({"a"}, (), NOON) == {"a": NOON}
    later = a_memory(tmp_path / "s").note({"a", "b"}, (), NOON + HOUR)
    assert later == {"a": NOON, "b": NOON + HOUR}
    path = tmp_path / "s" / "checks" / "tenant.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_went_away_is_new_when_it_comes_back_and_the_unseen_stays(tmp_path: Path) -> None:
    memory = a_memory(tmp_path / "s")
    memory.note({"a", "b"}, (), NOON)
    memory.note((), {"a"}, NOON + HOUR)
    assert memory.note({"a", "b"}, (), NOON + 2 * HOUR) == {"a": NOON + 2 * HOUR, "b": NOON}


def test_a_clock_that_was_ahead_makes_nothing_younger(tmp_path: Path) -> None:
    memory = a_memory(tmp_path / "s")
    memory.note({"a"}, (), NOON + timedelta(days=400))
    assert memory.note({"a"}, (), NOON) == {"a": NOON}


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": "noon"}', '{"a": "2026-11-05"}'])
def test_a_damaged_memory_is_begun_anew(tmp_path: Path, text: str) -> None:
    memory = a_memory(tmp_path / "s")
    path = tmp_path / "s" / "checks" / "tenant.json"
    path.parent.mkdir(mode=0o700)
    path.write_text(text)
    assert memory.note({"a"}, (), NOON) == {"a": NOON}


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    memory = a_memory(tmp_path / "s")
    (tmp_path / "s" / "checks").mkdir(mode=0o700)
    (tmp_path / "s" / "checks" / "tenant.json").mkdir()
    with pytest.raises(StateFault, match="cannot be written down"):
        memory.note({"a"}, (), NOON)
