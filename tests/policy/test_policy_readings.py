"""Open questions of the service: what holds until they are settled, and by date."""

from __future__ import annotations

from datetime import date

import pytest
from asked import SMTP, USER, ask, open_tenant, world

from portineria.policy.readings import READINGS, RETIREMENT, Reading, era
from portineria.tenant.mailbox import Protocol


@pytest.mark.parametrize("reading", READINGS.values(), ids=lambda reading: reading.id)
def test_every_reading_says_how_it_is_settled_and_where_it_comes_from(reading: Reading) -> None:
    assert READINGS[reading.id] is reading
    assert reading.question.endswith("?")
    assert len(reading.options) > 1
    assert reading.settle
    assert reading.source
    assert reading.assumed is None or reading.assumed in reading.options


@pytest.mark.parametrize("reading", READINGS.values(), ids=lambda reading: reading.id)
def test_what_was_settled_wins_over_what_is_assumed(reading: Reading) -> None:
    assert reading.under({}) == reading.assumed
    for option in reading.options:
        assert reading.under({reading.id: option}) == option


def test_an_option_nobody_has_heard_of_is_an_error_and_not_an_answer() -> None:
    settled = {"smtp-oauth-under-security-defaults": "perhaps"}
    snapshot = world(security_defaults=True, settled=settled)(open_tenant())
    with pytest.raises(ValueError, match="'perhaps' is not one of passes, refused"):
        ask(snapshot, SMTP, USER)


@pytest.mark.parametrize("protocol", Protocol)
def test_every_day_has_an_era_and_eras_are_in_order(protocol: Protocol) -> None:
    starts = [one.start for one in RETIREMENT[protocol]]
    assert starts[0] == date.min
    assert starts == sorted(starts)
    for one in RETIREMENT[protocol]:
        assert era(protocol, one.start) is one
