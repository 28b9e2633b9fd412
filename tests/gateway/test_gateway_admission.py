"""Who may enter: each condition of a credential and of a grant, each with its own reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from portineria.gateway.admission import (
    Admitted,
    Credential,
    Entrance,
    Register,
    Turned,
    folded,
    proof_of,
)
from portineria.gateway.credentials import clash, from_row, is_called, stands, tellable, to_row
from portineria.gateway.hours import parse_hours
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol

KEY = b"k" * 32
RIGHT, WRONG = Secret("right-password"), Secret("wrong-password")
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HERE = ip_address("192.0.2.7")
SCAN, ERP = "scan@contoso.example", "erp@contoso.example"
EVERY = frozenset(Protocol)
NET, ELSEWHERE = ip_network("192.0.2.0/24"), ip_network("198.51.100.0/24")


def credential(**more: Any) -> Credential:
    base = Credential(
        id="c1",
        names=("scanner-2f", "CONTOSO\\scan"),
        proof=proof_of(KEY, RIGHT),
        mailboxes=(SCAN,),
        protocols=EVERY,
        created=NOW - timedelta(days=1),
    )
    return replace(base, **more)


def entrance(**more: Any) -> Entrance:
    return replace(Entrance(mailbox=SCAN, protocol=Protocol.IMAP, grant="scanner"), **more)


def register(one: Credential, *doors: Entrance) -> Register:
    return Register(KEY, [one], doors or (entrance(),))


def judged(
    found: Register,
    name: str = "scanner-2f",
    password: Secret = RIGHT,
    protocol: Protocol = Protocol.IMAP,
) -> Admitted | Turned:
    return found.judge(name, password, protocol, HERE, NOW)


@pytest.mark.parametrize("name", ["scanner-2f", "SCANNER-2F ", "contoso/SCAN", "Contoso\\scan"])
def test_a_name_is_known_however_a_device_writes_it(name: str) -> None:
    assert isinstance(judged(register(credential()), name), Admitted)


@pytest.mark.parametrize(
    ("changes", "doors", "why"),
    [
        ({"revoked": NOW}, (), "the credential is revoked"),
        ({"until": NOW}, (), "the credential has expired"),
        ({"protocols": frozenset({Protocol.POP})}, (), "the credential is not for imap"),
        ({"networks": (ELSEWHERE,)}, (), "the credential is not for this address"),
        ({"hours": parse_hours("mon 00:00-24:00")}, (), "the credential is not for this hour"),
        ({}, (entrance(mailbox=ERP),), "no grant opens this mailbox through the gateway"),
        ({}, (entrance(until=NOW),), "the grant has ended"),
        ({}, (entrance(networks=(ELSEWHERE,)),), "the grant is not for this address"),
        (
            {"mailboxes": (SCAN, ERP)},
            (),
            "the credential is for several mailboxes: NAME/ADDRESS",
        ),
    ],
)
def test_each_reason_to_turn_somebody_away_is_told_by_name(
    changes: dict[str, Any], doors: tuple[Entrance, ...], why: str
) -> None:
    assert judged(register(credential(**changes), *doors)) == Turned(why, "c1")


def test_an_unknown_name_and_a_wrong_password_are_told_apart_in_the_log_alone() -> None:
    found = register(credential())
    assert judged(found, "nobody") == Turned("no credential has this name")
    assert judged(found, password=WRONG) == Turned("wrong password", "c1")


@pytest.mark.parametrize(
    ("changes", "doors"),
    [
        ({"networks": (NET,)}, ()),
        ({"until": NOW + timedelta(seconds=1)}, ()),
        ({"hours": parse_hours("thu 12:00-13:00")}, ()),
        ({}, (entrance(networks=(ELSEWHERE,)), entrance(networks=(NET,)))),
        ({}, (entrance(until=NOW), entrance())),
        ({}, (entrance(mailbox=SCAN.upper()),)),
    ],
)
def test_who_fits_is_let_in(changes: dict[str, Any], doors: tuple[Entrance, ...]) -> None:
    assert isinstance(judged(register(credential(**changes), *doors)), Admitted)


def test_of_several_mailboxes_one_is_chosen_behind_the_name() -> None:
    doors = (entrance(), entrance(mailbox=ERP))
    found = register(credential(mailboxes=(SCAN, ERP)), *doors)
    let_in = judged(found, f"scanner-2f/{ERP.upper()}")
    assert isinstance(let_in, Admitted)
    assert let_in.entrance.mailbox == ERP
    why = "the credential is not for the mailbox behind its name"
    assert judged(found, "scanner-2f/ada@contoso.example") == Turned(why, "c1")
    assert judged(found, "scanner-2f/erp") == Turned("no credential has this name")
    assert judged(found, f"nobody/{ERP}") == Turned("no credential has this name")


def test_a_session_that_is_open_is_judged_by_its_own_mailbox() -> None:
    both = (entrance(), entrance(mailbox=ERP))
    one = credential(mailboxes=(SCAN, ERP))
    opened = judged(register(one, *both), f"scanner-2f/{SCAN}")
    assert isinstance(opened, Admitted)

    def standing(found: Register) -> Admitted | Turned:
        return found.standing(opened, Protocol.IMAP, HERE, NOW)

    assert isinstance(standing(register(one, *both)), Admitted)
    # The other mailbox's grant is no reason to stay in this one.
    assert standing(register(one, entrance(mailbox=ERP))) == Turned(
        "no grant opens this mailbox through the gateway", "c1"
    )
    assert standing(register(replace(one, mailboxes=(ERP,)), *both)) == Turned(
        "the credential is not for this mailbox any more", "c1"
    )
    gone = Turned("the credential is gone", "c1")
    assert standing(register(replace(one, id="c2"), *both)) == gone
    assert standing(register(replace(one, proof="other"), *both)) == gone
    revoked = Turned("the credential is revoked", "c1")
    assert standing(register(replace(one, revoked=NOW), *both)) == revoked


SENDS = (entrance(protocol=Protocol.SMTP),)


def known(*changes: dict[str, Any]) -> Register:
    """Devices without a password."""
    base = credential(proof="", networks=(NET,), protocols=frozenset({Protocol.SMTP}))
    return Register(KEY, [replace(base, **one) for one in changes], SENDS)


def test_a_device_without_a_password_is_known_by_its_address() -> None:
    found = known({})
    let_in = found.judge_address(HERE, NOW)
    assert isinstance(let_in, Admitted)
    assert found.judge_address(ip_address("203.0.113.1"), NOW) is None
    assert found.judge_address(ip_address("::ffff:192.0.2.7"), NOW) == let_in
    assert isinstance(found.standing(let_in, Protocol.SMTP, HERE, NOW), Admitted)
    # Its name is no login: there is no password that could be right.
    assert found.judge("scanner-2f", RIGHT, Protocol.SMTP, HERE, NOW) == Turned(
        "no credential has this name"
    )


def test_of_two_for_one_address_neither_is_guessed() -> None:
    found = known({}, {"id": "c2"}).judge_address(HERE, NOW)
    assert found == Turned("several credentials are for this address", "c1")
    assert known({"revoked": NOW}).judge_address(HERE, NOW) is None
    alone = known({"revoked": NOW}, {"id": "c2"}).judge_address(HERE, NOW)
    assert isinstance(alone, Admitted)


@pytest.mark.parametrize(
    ("sender", "may"),
    [
        (SCAN, True),
        (SCAN.upper(), True),
        ("", True),
        ("shared@contoso.example", True),
        ("ada@contoso.example", False),
        ("scan@elsewhere.example", False),
    ],
)
def test_a_sender_is_the_mailbox_or_one_that_the_credential_names(sender: str, may: bool) -> None:
    one = credential(send_as=("Shared@contoso.example",))
    assert one.may_send_as(sender, SCAN) is may


def test_a_credential_is_kept_whole_and_one_of_before_is_read() -> None:
    one = credential(
        networks=(NET,),
        until=NOW,
        revoked=NOW,
        send_as=(ERP,),
        hours=parse_hours("mon-fri 07:00-19:00 Europe/Rome"),
    )
    row = to_row(one)
    assert from_row(row) == one
    del row["send_as"], row["hours"]
    before = from_row(row)
    assert (before.send_as, before.hours) == ((), None)


def test_no_proof_is_shown() -> None:
    assert proof_of(KEY, RIGHT) not in repr(credential())
    assert folded(" A\\B ") == "a/b"


def test_a_credential_stands_until_it_is_revoked_or_over() -> None:
    assert stands(credential(), NOW)
    assert stands(credential(until=NOW + timedelta(seconds=1)), NOW)
    assert not stands(credential(until=NOW), NOW)
    assert not stands(credential(revoked=NOW), NOW)


def test_it_is_found_by_its_id_and_by_any_of_its_names() -> None:
    one = credential()
    assert all(is_called(one, name) for name in ("c1", "SCANNER-2F", "contoso/scan"))
    assert not is_called(one, "scanner")


def test_two_that_stand_never_share_a_name() -> None:
    one, other = credential(id="c2", names=("contoso/SCAN",)), credential()
    assert clash(one, [other], NOW) == other
    assert clash(one, [credential(revoked=NOW)], NOW) is None
    assert clash(one, [credential(names=("another",))], NOW) is None


SHOWN = "abcdefghjkmnpqrstuvwxyz234"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("scanner-2f", "scanner-2f"),
        (SHOWN, "(a password)"),
        (SHOWN.upper(), "(a password)"),
        (f" {SHOWN} ", " (a password) "),
        (f"OFFICE\\{SHOWN}", "OFFICE\\(a password)"),
        (f"{SHOWN}@contoso.example", "(a password)@contoso.example"),
        (SHOWN[:-1], SHOWN[:-1]),
        (f"{SHOWN}a", f"{SHOWN}a"),
        (SHOWN.replace("a", "1"), SHOWN.replace("a", "1")),
    ],
)
def test_what_looks_like_a_password_is_not_told(name: str, told: str) -> None:
    assert tellable(name) == told


def test_names_and_mailboxes_are_known_by_themselves() -> None:
    """So that what stands in the field of the name is seen to be a password."""
    found = register(credential())
    for word in ("Scanner-2F", "contoso/SCAN", f"scanner-2f/{SCAN}", SCAN.upper()):
        assert found.is_name(word)
    for word in ("scanner", RIGHT.reveal(), ERP, ""):
        assert not found.is_name(word)


def test_a_name_is_told_no_longer_than_a_name_can_be() -> None:
    """Whoever guesses under names of nine thousand letters fills no log and no memory."""
    assert tellable("x" * 320) == "x" * 320
    assert tellable("x" * 9000) == "x" * 320 + "…"
    assert tellable("x" * 310 + " " + SHOWN) == ("x" * 310 + " (a password)")[:320] + "…"
