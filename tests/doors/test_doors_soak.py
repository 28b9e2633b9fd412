"""Half a minute of everything at once; `make soak` goes on for an hour."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from soak import judged, soak, summary


@pytest.mark.slow
def test_every_message_that_got_250_is_at_the_mail_server_once_whatever_happens(
    tmp_path: Path,
) -> None:
    told, storm, sizes = asyncio.run(soak(tmp_path, 25))
    assert judged(told, storm) == []
    assert len(told.taken) > 100, summary(told, storm, sizes)
    assert told.refused, "the storm was too mild"
    assert told.unknown
    assert told.sessions["smtp out"]
    assert sizes[1] - sizes[0] < 16 * 1024, summary(told, storm, sizes)
