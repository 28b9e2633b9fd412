"""One change beside the tenant: as it was, as promised, or something else."""

from __future__ import annotations

from typing import Any

import pytest
from run_fakes import MAILBOX, Stage, Weather, change, drive

from portineria.policy.change import Family, Phase
from portineria.run.journal import Done
from portineria.run.patience import Patience
from portineria.run.sight import Standing, look, look_ahead, resolve

UPDATE = change(
    1, Phase.CLOSE, Family.MAILBOX, "ada", {"ImapEnabled": True}, {"ImapEnabled": False}
)
CREATE = change(1, Phase.STAGE, Family.NAMED_LOCATION, "", None, {"displayName": "x"}, "x")
DELETE = change(1, Phase.CLOSE, Family.NAMED_LOCATION, "k", {"displayName": "x"}, None, "x")


@pytest.mark.parametrize(
    ("what", "there", "standing"),
    [
        (UPDATE, {(Family.MAILBOX, "ada"): MAILBOX}, Standing.BEFORE),
        (UPDATE, {(Family.MAILBOX, "ada"): {"ImapEnabled": False}}, Standing.AFTER),
        (UPDATE, {(Family.MAILBOX, "ada"): {"ImapEnabled": None}}, Standing.ELSEWHERE),
        (UPDATE, {}, Standing.ELSEWHERE),
        (CREATE, {}, Standing.BEFORE),
        (CREATE, {(Family.NAMED_LOCATION, "k"): {"displayName": "x"}}, Standing.AFTER),
        (DELETE, {(Family.NAMED_LOCATION, "k"): {"displayName": "x"}}, Standing.BEFORE),
        (DELETE, {(Family.NAMED_LOCATION, "k"): {"displayName": "y"}}, Standing.ELSEWHERE),
        (DELETE, {}, Standing.AFTER),
    ],
)
def test_a_change_stands_before_after_or_elsewhere(
    what: Any, there: dict[tuple[Family, str], Any], standing: Standing
) -> None:
    stage = Stage()
    for (family, key), fields in there.items():
        stage.tenant.put(family, key, fields)
    assert drive(look(stage.service, what)).standing is standing


def test_what_cannot_be_read_is_unseen_with_its_reason() -> None:
    stage = Stage(weather=Weather(unavailable=1.0))
    sight = drive(look(stage.service, UPDATE))
    assert sight.standing is Standing.UNSEEN
    assert "503" in sight.tell()


def test_an_old_answer_that_shows_the_wish_is_not_taken_for_done() -> None:
    """Undo soon after apply: a replica that still shows yesterday would say "already so"."""
    stage = Stage(weather=Weather(seed=1, stale=20.0))
    stage.tenant.put(Family.MAILBOX, "ada", {"ImapEnabled": False})
    stage.clock.advance(100)
    for seed in range(50):
        stage.tenant.put(Family.MAILBOX, "ada", {"ImapEnabled": False})
        stage.clock.advance(100)
        stage.tenant.put(Family.MAILBOX, "ada", {"ImapEnabled": True})
        stage.service.weather = Weather(seed=seed, stale=20.0)
        sight = drive(look_ahead(stage.service, stage.clock, Patience(), UPDATE))
        assert sight.standing is Standing.BEFORE


def test_references_are_replaced_wherever_they_stand() -> None:
    given = change(
        4,
        Phase.EXCEPTION,
        Family.CONDITIONAL_ACCESS,
        "change:3.id",
        {"locations": []},
        {"locations": {"excludeLocations": ["change:2.id", "AllTrusted"]}, "text": "change:2.id!"},
    )
    real = resolve(given, {2: Done("place", True), 3: Done("policy", True)})
    assert real.target.key == "policy"
    assert real.after == {
        "locations": {"excludeLocations": ["place", "AllTrusted"]},
        "text": "change:2.id!",
    }
    with pytest.raises(KeyError):
        resolve(given, {3: Done("policy", True)})
