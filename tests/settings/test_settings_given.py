"""What is given for a mailbox and a client, and what is not and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from asked import open_tenant
from given import APP, NOW, address, mailbox, shared, tenant

from portineria.policy.verdict import Answer
from portineria.settings.clients import ANY, Client, known
from portineria.settings.domainwide import WHOEVER, offers
from portineria.settings.formats import pages
from portineria.settings.given import (
    Closed,
    Gateway,
    Login,
    Place,
    Server,
    Settings,
    Tls,
    settings,
)
from portineria.tenant.mailbox import Mailbox, Protocol, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

DIRECT = {
    Protocol.IMAP: Place(host="outlook.office365.com", port=993, tls=Tls.IMPLICIT),
    Protocol.POP: Place(host="outlook.office365.com", port=995, tls=Tls.IMPLICIT),
    Protocol.SMTP: Place(host="smtp.office365.com", port=587, tls=Tls.STARTTLS),
}
GATE = Place(host="gate.contoso.example", port=9993, tls=Tls.IMPLICIT)
GATEWAY = Gateway(
    places={Protocol.IMAP: GATE, Protocol.SMTP: GATE},
    opened={Protocol.IMAP, Protocol.POP},
    names={Protocol.IMAP: "scanner-2f"},
    ca="ca.pem",
)
PRINTER = Client(id="printer", name="a printer", oauth=Answer.NO)


def given(
    client: Client,
    snapshot: Snapshot | None = None,
    gateway: Gateway | None = GATEWAY,
    box: Mailbox | None = None,
) -> Settings:
    seen = snapshot or open_tenant()
    return settings(seen, box or mailbox("ada"), client, DIRECT, gateway, NOW)


def test_a_client_that_may_know_oauth_gets_microsofts_servers_where_they_are_open() -> None:
    found = given(ANY)
    assert [(one.protocol, one.place, one.login) for one in found.servers] == [
        (protocol, DIRECT[protocol], Login.OAUTH) for protocol in Protocol
    ]
    assert {one.user for one in found.servers} == {address("ada")}
    assert found.closed == ()


def test_what_effective_access_refuses_or_cannot_tell_is_not_given() -> None:
    box = mailbox("ada", imap=False, smtp=SmtpSwitch.OFF)
    found = given(ANY, tenant(mailboxes=(box,), security_defaults=Unseen("no right")), box=box)
    assert found.of(Protocol.IMAP) is None
    closed = {one.protocol: one for one in found.closed}
    assert closed[Protocol.IMAP].answer is Answer.NO
    assert closed[Protocol.IMAP].opens
    delegate = given(ANY, tenant(), box=shared("post"))
    assert {one.answer for one in delegate.closed} == {Answer.UNKNOWN, Answer.NO}


def test_the_clients_own_registration_is_what_is_asked_about() -> None:
    registered = replace(ANY, client_id=APP)
    consent = given(registered, replace(open_tenant(), user_consent=False))
    assert len(consent.closed) == 3, "nobody has consented to it"
    assert len(given(registered).servers) == 3


def test_a_client_without_oauth_gets_the_gateway_where_all_of_it_is_there() -> None:
    found = given(PRINTER)
    assert found.servers == (
        Server(
            protocol=Protocol.IMAP,
            place=GATE,
            login=Login.TYPED,
            user="scanner-2f",
            ca="ca.pem",
        ),
    )
    told = {one.protocol: one.because for one in found.closed}
    assert told[Protocol.POP] == "the gateway does not listen for POP"
    assert told[Protocol.SMTP] == "no grant opens SMTP of it through the gateway"


def test_without_a_credential_the_command_that_makes_one_is_told() -> None:
    found = given(PRINTER, gateway=replace(GATEWAY, names={}))
    closed = {one.protocol: one for one in found.closed}[Protocol.IMAP]
    assert closed.because == "no credential of the gateway opens IMAP of it"
    assert "--mailbox ada@contoso.example --protocol imap" in closed.opens


def test_without_a_gateway_it_is_said_that_one_is_needed() -> None:
    found = given(PRINTER, gateway=None)
    assert len(found.closed) == 3
    assert all(
        isinstance(one, Closed) and "needs the gateway" in one.because for one in found.closed
    )


def test_one_protocol_alone() -> None:
    found = settings(open_tenant(), mailbox("ada"), ANY, DIRECT, None, NOW, [Protocol.POP])
    assert [one.protocol for one in found.servers] == [Protocol.POP]


@pytest.mark.parametrize("client", known().values(), ids=lambda client: client.id)
def test_every_client_has_its_evidence(client: Client) -> None:
    assert client.source
    assert client.name
    assert client.oauth is not Answer.UNKNOWN or not client.client_id


def test_a_domain_is_told_what_works_for_somebody_of_it_and_of_nobody_else() -> None:
    seen = open_tenant()
    assert isinstance(seen.mailboxes, tuple)
    found = offers(seen, ANY, DIRECT, NOW)
    own = address("ada").rpartition("@")[2]
    assert [one.protocol for one in found[own]] == list(Protocol)
    assert {one.user for one in found[own]} == {WHOEVER}
    assert {one.login for one in found[own]} == {Login.OAUTH}
    shut = tuple(replace(box, imap=False, pop=False) for box in seen.mailboxes)
    less = offers(replace(seen, mailboxes=shut), ANY, DIRECT, NOW)
    assert [one.protocol for one in less[own]] == [Protocol.SMTP]
    strange = tuple(replace(box, address="x@elsewhere.example") for box in seen.mailboxes)
    assert offers(replace(seen, mailboxes=strange), ANY, DIRECT, NOW)[own] == ()


def test_of_a_tenant_that_was_not_seen_nothing_is_offered() -> None:
    for family in ("mailboxes", "domains"):
        assert offers(replace(open_tenant(), **{family: Unseen("x")}), ANY, DIRECT, NOW) == {}


def test_what_is_known_of_devices_has_evidence_and_says_where_to_type_it() -> None:
    devices = [one for one in known().values() if one.screen]
    assert {one.id for one in devices} >= {"sharp-bp", "epson-scanner", "canon-imagerunner"}
    assert {one.id for one in devices} >= {"konica-minolta-bizhub", "lexmark"}
    assert all(one.source and one.note for one in devices)
    found = given(known()["sharp-bp"])
    assert {one.login for one in found.servers} == {Login.OAUTH}
    assert "On the device: Settings (Administrator) > " in pages.markdown(found)
    assert all(one.source for one in known().values())


def test_a_device_with_old_tls_is_told_that_the_gateway_alone_takes_it() -> None:
    old = known()["xerox-workcentre"]
    assert old.tls == "1.0"
    found = given(old)
    assert not [one for one in found.servers if one.login is Login.OAUTH]
    assert "TLS 1.0 at most: the gateway takes that from a named network" in pages.markdown(found)
