"""What grants open, and the file that says so: nothing else opens a door."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network

import pytest

from portineria.fault import BadFile
from portineria.gateway.admission import Entrance
from portineria.gateway.doorsfile import Doors, digest, entrances, over, parse, to_json
from portineria.policy.desired import Grant, OpenedBy, Through, Who
from portineria.policy.entitle import Entitlement, Entitlements
from portineria.tenant.mailbox import Mailbox, Protocol, RecipientKind

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
BOX = Mailbox(
    guid="1",
    entra_id=None,
    upn="scan@contoso.example",
    address="scan@contoso.example",
    display_name="Scan",
    kind=RecipientKind.USER,
)
HERE = (ip_network("192.0.2.0/24"),)


def a_grant(name: str, through: Through = Through.GATEWAY) -> Grant:
    return Grant(name=name, who=Who(), through=through, networks=HERE, until=date(2026, 12, 31))


def opened(**how: dict[Protocol, list[Grant]]) -> tuple[Entrance, ...]:
    return entrances(Entitlements(by_mailbox={"1": Entitlement(BOX, **how)}))


def test_a_gateway_grant_opens_its_protocol_from_its_networks_until_its_last_day_is_over() -> None:
    assert opened(opened={Protocol.IMAP: [a_grant("g")]}) == (
        Entrance(
            mailbox="scan@contoso.example",
            protocol=Protocol.IMAP,
            networks=HERE,
            until=datetime(2027, 1, 1, tzinfo=UTC),
            grant="g",
        ),
    )


def test_a_mailbox_that_a_persons_token_opens_is_told_by_the_persons_sign_in_name() -> None:
    by_person = replace(a_grant("g"), opened_by=OpenedBy.PERSON)
    (found,) = opened(opened={Protocol.IMAP: [by_person]})
    assert found.person == BOX.upn
    row = to_json(Doors(tenant="t", policy="p", looked=NOW, entrances=(found,)))
    assert parse(json.dumps(row), "doors.json").entrances == (found,)


def test_other_ways_in_open_nothing_here() -> None:
    assert opened(opened={Protocol.IMAP: [a_grant("g", Through.OAUTH_USER)]}) == ()


def test_a_deny_beats_it_and_what_ended_is_no_door() -> None:
    both = {Protocol.IMAP: [a_grant("g")]}
    assert opened(opened=both, denied=both) == ()
    assert opened(ended=both) == ()


def test_no_last_day_is_no_end() -> None:
    assert over(None) is None


def a_file() -> Doors:
    one = Entrance(mailbox="a@b.example", protocol=Protocol.POP, networks=HERE, grant="g")
    two = Entrance(mailbox="a@b.example", protocol=Protocol.SMTP, until=NOW, grant="h")
    return Doors(tenant="t", policy="p", looked=NOW, entrances=(one, two), unseen=("a group",))


def test_the_file_is_read_as_it_was_written() -> None:
    assert parse(json.dumps(to_json(a_file())), "doors.json") == a_file()


def test_it_is_old_after_a_week() -> None:
    assert not a_file().is_old(NOW + timedelta(days=7))
    assert a_file().is_old(NOW + timedelta(days=7, seconds=1))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schema": "other"}, "no doors file of this version"),
        ({"policy": "another"}, "was changed after it was written"),
        ({"digest": None}, "was changed after it was written"),
        ({"looked": "2026-11-26T09:00:00"}, "time zone"),
        ({"entrances": [{}]}, "lacks"),
        ({"entrances": 3}, "cannot be used"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(change: dict[str, object], why: str) -> None:
    document = {**to_json(a_file()), **change}
    if change.keys() & {"looked", "entrances"}:
        document["digest"] = digest(document)
    with pytest.raises(BadFile, match=why) as caught:
        parse(json.dumps(document), "doors.json")
    assert caught.value.where == "doors.json"
