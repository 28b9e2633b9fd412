"""Who uses what: counted without being kept, joined with the switches, drafted as grants."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from given import APP, NOW, address, guid, mailbox, tenant, user

from portineria.policy.csvlist import RowError
from portineria.policy.desired import Through
from portineria.policy.policyfile import parse
from portineria.policy.usage.draft import TO_FILL, draft_text
from portineria.policy.usage.judge import Judge, ends
from portineria.policy.usage.submission import Sender, senders
from portineria.policy.usage.tally import APART, SHOWN, Tally
from portineria.policy.usage.use import (
    Evidence,
    Inventory,
    Method,
    Source,
    Standing,
    Use,
)
from portineria.policy.verdict import Answer
from portineria.tenant.access import Transport
from portineria.tenant.apps import MailboxRight
from portineria.tenant.mailbox import Mailbox, Protocol, SmtpSwitch
from portineria.tenant.signin import Event, MailApp, SignIn
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

BIRD = "9e5f94bc-e8a4-4e73-b8be-63364c29d753"
SENDS = "5e5f94bc-e8a4-4e73-b8be-63364c29d753"
ALL = frozenset(Protocol)
APPS = {
    BIRD: MailApp(id=BIRD, name="Bird", as_user=ALL),
    SENDS: MailApp(id=SENDS, name="Sends only", as_user=frozenset({Protocol.SMTP})),
    APP: MailApp(id=APP, name="Mail app", alone=ALL),
}
OPEN = tenant(security_defaults=False, transport=Transport(smtp_auth_disabled=False))


def basic(name: str = "scan", client: str = "Authenticated SMTP", **more: Any) -> SignIn:
    given = {"user_id": f"user-{name}", "address": "203.0.113.7", "agent": "BAV2ROPC", **more}
    return SignIn(at=given.pop("at", NOW), event=Event.INTERACTIVE, client=client, **given)


def person(name: str = "ada", app: str = BIRD, **more: Any) -> SignIn:
    client = "Mobile Apps and Desktop clients"
    given = {"name": address(name), "app_id": app, "app_name": "Bird", **more}
    return SignIn(at=given.pop("at", NOW), event=Event.SILENT, client=client, **given)


def alone(app: str = APP, **more: Any) -> SignIn:
    return SignIn(at=NOW, event=Event.APPLICATION, app_id=app, app_name="Mail app", **more)


def judge(snapshot: Snapshot = OPEN, protocols: frozenset[Protocol] = ALL) -> Judge:
    return Judge(snapshot=snapshot, apps=APPS, now=NOW, protocols=protocols)


def uses(
    *sign_ins: SignIn,
    snapshot: Snapshot = OPEN,
    report: tuple[Sender, ...] = (),
    protocols: frozenset[Protocol] = ALL,
    mailboxes: frozenset[str] | None = None,
) -> tuple[Use, ...]:
    tally = Tally(snapshot, protocols, mailboxes)
    tally.add(sign_ins)
    return judge(snapshot, protocols).uses(tally, report)


def one(*sign_ins: SignIn, **more: Any) -> Use:
    (use,) = uses(*sign_ins, **more)
    return use


# --- counting ---


def test_a_use_is_counted_with_results_places_and_times() -> None:
    early = NOW - timedelta(days=3)
    use = one(
        basic(at=early, country="IT"),
        basic(country="IT"),
        basic(at=NOW - timedelta(days=1), error=50126, address="198.51.100.1"),
    )
    assert (use.method, use.protocols, use.told) == (Method.BASIC, (Protocol.SMTP,), True)
    evidence = use.evidence
    assert dict(evidence.results) == {0: 2, 50126: 1}
    assert (evidence.got_in, evidence.refused) == (2, 1)
    assert (evidence.first, evidence.last, evidence.last_in) == (early, NOW, NOW)
    assert evidence.addresses == (("203.0.113.7", 2), ("198.51.100.1", 1))
    assert evidence.countries == (("IT", 2),)
    assert evidence.agents == (("BAV2ROPC", 3),)
    assert not evidence.more_addresses


def test_newest_first_or_oldest_first_is_the_same() -> None:
    given = [basic(at=NOW - timedelta(hours=n), error=n % 2) for n in range(5)]
    assert one(*given) == one(*reversed(given))


def test_addresses_are_told_apart_up_to_a_number() -> None:
    few = one(*(basic(address=f"203.0.113.{n}") for n in range(SHOWN + 1)))
    many = one(*(basic(address=f"203.0.113.{n}") for n in range(APART + 5)))
    assert len(few.evidence.addresses) == len(many.evidence.addresses) == SHOWN
    assert few.evidence.more_addresses
    assert many.evidence.more_addresses
    assert many.evidence.got_in == APART + 5


def test_a_person_is_found_by_id_or_by_name_whatever_the_case() -> None:
    found = uses(basic(user_id="user-ada"), basic(user_id="", name=address("ADA")))
    assert [use.mailbox.address for use in found if use.mailbox] == [address("ada")]


def test_names_without_a_mailbox_are_one_counter() -> None:
    tally = Tally(OPEN)
    tally.add(basic(user_id="", name=f"guess{n}@x.example", error=50034) for n in range(1000))
    assert not tally.counts
    assert tally.outsiders.tries == 1000
    assert tally.outsiders.got_in == 0
    assert tally.outsiders.addresses == (("203.0.113.7", 1000),)


def test_only_what_was_asked_for_is_counted() -> None:
    only = frozenset({guid("ada")})
    tally = Tally(OPEN, frozenset({Protocol.IMAP}), only)
    tally.add(
        [
            basic("ada"),
            basic("ada", client="IMAP4"),
            basic("ben", client="IMAP4"),
            basic(user_id="", name="nobody@x.example", client="IMAP4"),
        ]
    )
    ((key, count),) = tally.counts.items()
    assert key == (guid("ada"), Method.BASIC, Protocol.IMAP, "")
    assert count.results.total() == 1
    assert tally.outsiders.tries == 0


@pytest.mark.parametrize(
    ("client", "protocols"),
    [
        ("SMTP", (Protocol.SMTP,)),
        ("IMAP4", (Protocol.IMAP,)),
        ("pop3", (Protocol.POP,)),
        ("Other clients", tuple(Protocol)),
    ],
)
def test_the_clients_name_tells_the_protocol_or_does_not(
    client: str, protocols: tuple[Protocol, ...]
) -> None:
    use = one(basic(client=client))
    assert use.protocols == protocols
    assert use.told is (len(protocols) == 1)


# --- judging ---


def test_who_gets_in_by_password_breaks_and_is_told_first() -> None:
    found = uses(person(), basic(), person("ben", SENDS), basic("ben", client="IMAP4", error=50126))
    assert [use.standing for use in found] == [
        Standing.BREAKS,
        Standing.KNOCKS,
        Standing.UNTOLD,
        Standing.STAYS,
    ]


def test_who_got_in_and_is_refused_today_is_broken_already() -> None:
    use = one(basic(), snapshot=tenant())
    assert use.standing is Standing.BROKEN
    assert (use.today, use.layer) == (Answer.NO, "tenant switch")
    assert "the tenant's switch is off" in use.because


def test_what_cannot_be_told_of_today_is_not_called_refused() -> None:
    unread = tuple(
        replace(one, per_user_mfa=Unseen("not looked at")) for one in (user("scan"), user("ada"))
    )
    blind = replace(OPEN, users={one.id: one for one in unread})
    use = one(basic(), snapshot=blind)
    assert (use.today, use.standing) == (Answer.UNKNOWN, Standing.BREAKS)


def test_oauth_is_one_of_what_the_application_may_do() -> None:
    unsure, sure = one(person()), one(person("ben", SENDS))
    assert (unsure.protocols, unsure.told) == (tuple(Protocol), False)
    assert (sure.protocols, sure.told) == ((Protocol.SMTP,), True)
    assert one(person(app="unknown")).protocols == tuple(Protocol)
    assert uses(person(app=APP)) == ()
    assert one(person(error=53003)).standing is Standing.REFUSED
    assert uses(person("ben", SENDS), protocols=frozenset({Protocol.IMAP})) == ()


def test_oauth_is_asked_about_by_the_best_of_its_protocols() -> None:
    box = mailbox("ada", imap=False, pop=True)
    assert one(person(), snapshot=tenant(mailboxes=(box,))).today is Answer.YES


def test_an_applications_token_names_no_mailbox() -> None:
    use = one(alone())
    assert use.mailbox is None
    assert use.standing is Standing.UNTOLD
    assert use.opens == tuple(address(name) for name in ("ada", "ben", "erp", "scan", "post"))
    assert one(alone(error=7000215)).standing is Standing.REFUSED
    assert uses(alone(app=BIRD)) == ()


def test_of_the_mailboxes_asked_about_only_those_that_the_application_may_open() -> None:
    only = frozenset({guid("ada")})
    assert len(uses(alone(), mailboxes=only)) == 1
    shut = replace(OPEN, rights={(APP, guid("ada")): MailboxRight(full_access=False)})
    assert uses(alone(), snapshot=shut, mailboxes=only) == ()
    assert len(uses(alone(), snapshot=replace(OPEN, rights={}), mailboxes=only)) == 1


def test_an_address_that_is_none_does_not_matter() -> None:
    assert one(basic(address="somewhere")).standing is Standing.BREAKS


def test_passwords_end_on_a_day_that_the_program_knows() -> None:
    assert ends(date(2026, 11, 1)) == ((Protocol.SMTP, "2027-01-01"),)
    assert ends(date(2027, 1, 1)) == ()


# --- the report beside the log ---


def test_the_report_tells_of_senders_whom_the_log_does_not() -> None:
    report = (
        Sender(address("ben"), Method.BASIC, 7),
        Sender(address("ada"), Method.OAUTH, 3),
        Sender(address("erp"), Method.UNTOLD, 1),
        Sender("stranger@fabrikam.example", Method.BASIC, 9),
    )
    found = {use.mailbox.address: use for use in uses(report=report) if use.mailbox}
    assert {name: use.standing for name, use in found.items()} == {
        address("ben"): Standing.BREAKS,
        address("ada"): Standing.STAYS,
        address("erp"): Standing.UNTOLD,
    }
    assert all(use.reported and use.evidence.worked for use in found.values())
    assert found[address("ben")].evidence.messages == 7


def test_what_the_log_shows_is_not_told_twice() -> None:
    report = (Sender(address("scan"), Method.BASIC, 7),)
    assert [use.reported for use in uses(basic(), report=report)] == [False]
    assert [use.reported for use in uses(basic(error=50126), report=report)] == [True, False]


def test_the_report_is_of_smtp_and_of_the_mailboxes_that_were_asked_for() -> None:
    report = (Sender(address("scan"), Method.BASIC, 7),)
    assert uses(report=report, protocols=frozenset({Protocol.IMAP})) == ()
    assert uses(report=report, mailboxes=frozenset({guid("ada")})) == ()


# --- idle doors ---


def idle(
    snapshot: Snapshot, *sign_ins: SignIn, judged: frozenset[Protocol] = ALL
) -> dict[str, Any]:
    found = uses(*sign_ins, snapshot=snapshot)
    return {
        one.mailbox.address: (one.protocols, one.unless)
        for one in judge(snapshot).idle(found, judged)
    }


def test_an_open_door_that_nobody_was_seen_to_use_is_idle() -> None:
    boxes = (mailbox("ada"), mailbox("ben", imap=False, pop=False, smtp=SmtpSwitch.ON))
    snapshot = tenant(mailboxes=boxes)
    assert idle(snapshot, basic("ben", error=50126)) == {
        address("ada"): ((Protocol.IMAP, Protocol.POP), ()),
        address("ben"): ((Protocol.SMTP,), ()),
    }
    assert idle(snapshot, basic("ben"), person("ada")) == {}
    assert idle(snapshot, judged=frozenset()) == {}


def test_recipients_without_a_mailbox_and_unseen_mailboxes_are_not_judged() -> None:
    away = replace(mailbox("ada"), kind=mailbox("ada").kind.GUEST)
    assert idle(tenant(mailboxes=(away,))) == {}
    assert idle(replace(tenant(), mailboxes=Unseen("no permission"))) == {}


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (MailboxRight(full_access=True), None),
        (MailboxRight(full_access=False), ()),
        (MailboxRight(full_access=False, scoped_smtp=Unseen("lost")), ("Mail app",)),
        (None, ("Mail app",)),
    ],
)
def test_a_door_is_idle_unless_an_application_may_use_it(
    right: MailboxRight | None, expected: tuple[str, ...] | None
) -> None:
    rights = {} if right is None else {(APP, guid("ada")): right}
    snapshot = tenant(mailboxes=(mailbox("ada"),), rights=rights)
    found = idle(snapshot, alone())
    if expected is None:
        assert found == {}
    else:
        assert found[address("ada")] == ((Protocol.IMAP, Protocol.POP), expected)


# --- the report itself ---

ENGLISH = "Sender address,Domain,TLS 1.0,TLS 1.1,TLS 1.2,Authentication Protocol,Messages sent\n"
ITALIAN = "Indirizzo del mittente;Dominio;TLS 1.2 (percentuale);Protocollo di autenticazione;"


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH + 'scan@contoso.example,contoso.example,0,0,100,Basic,"1,204"\n',
        "\ufeff" + ENGLISH.replace(",", "\t") + "SCAN@contoso.example\tx\t0\t0\t100\tBasic\t1204\n",
        ITALIAN + "Messaggi inviati\nscan@contoso.example;x;100,0 %;Autenticazione di base;1.204\n",
        ENGLISH
        + "scan@contoso.example,x,0,0,100,BASIC,1200\n\nscan@contoso.example,x,,,,basic,4\n",
    ],
)
def test_the_report_is_read_as_excel_and_both_languages_write_it(text: str) -> None:
    assert senders(text) == (Sender("scan@contoso.example", Method.BASIC, 1204),)


@pytest.mark.parametrize(
    ("said", "method"),
    [
        ("OAuth", Method.OAUTH),
        ("OAuth 2.0", Method.OAUTH),
        ("Moderna", Method.OAUTH),
        ("Di base", Method.BASIC),
        ("Basic; OAuth", Method.UNTOLD),
    ],
)
def test_the_method_is_told_by_word(said: str, method: Method) -> None:
    text = f'Sender,Authentication protocol,Messages\na@b.example,"{said}",1\n'
    assert senders(text) == (Sender("a@b.example", method, 1),)


def test_an_older_report_says_no_method() -> None:
    assert senders("Sender address,Messages sent\na@b.example,5\n") == (
        Sender("a@b.example", Method.UNTOLD, 5),
    )


@pytest.mark.parametrize(
    ("text", "row", "why"),
    [
        ("", 1, "the report holds nothing"),
        ("Date,Messages sent\n", 1, "no column holds the sender address"),
        ("Sender address,Domain\n", 1, "no column holds the messages sent"),
        (ENGLISH + "nobody,x,0,0,0,Basic,1\n", 2, "'nobody' is no address"),
        (ENGLISH + "=HYPERLINK(1)@x.example,x,0,0,0,Basic,1\n", 2, "is no address"),
        (ENGLISH + "a@b.example,x,0,0,0,Basic,many\n", 2, "'many' is no number of messages"),
        (ENGLISH + "a@b.example,x,0,0,0,Basic,-1\n", 2, "'-1' is no number of messages"),
        (ENGLISH + "a@b.example,x,0,0,0,Kerberos,1\n", 2, "'Kerberos' is neither Basic nor OAuth"),
        (ENGLISH + "a@b.example,x,0,0,0,,1\n", 2, "'' is neither Basic nor OAuth"),
        (ENGLISH + "\na@b.example,x\n", 3, "the row ends after 2 of 6 cells"),
        (ENGLISH + 'a@b.example,"x\n', 2, "a quote is opened and never closed"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(text: str, row: int, why: str) -> None:
    with pytest.raises(RowError) as told:
        senders(text)
    assert told.value.row == row
    assert why in told.value.why


# --- the draft ---


def inventory(found: tuple[Use, ...], **more: Any) -> Inventory:
    return Inventory(since=NOW - timedelta(days=30), until=NOW, uses=found, **more)


def drafted(*sign_ins: SignIn, snapshot: Snapshot = OPEN, **more: Any) -> tuple[str, Any]:
    text = draft_text(inventory(uses(*sign_ins, snapshot=snapshot), **more), snapshot)
    return text, parse(text, read_csv=None)


def test_a_password_is_drafted_through_the_gateway_with_basic_as_a_remark() -> None:
    text, desired = drafted(basic(), basic(address="198.51.100.1"))
    (grant,) = desired.grants
    assert grant.name == "scan-gateway"
    assert grant.through is Through.GATEWAY
    assert grant.allow == {Protocol.SMTP}
    assert {str(network) for network in grant.networks} == {"203.0.113.7/32", "198.51.100.1/32"}
    assert (grant.owner, grant.reason) == (TO_FILL, TO_FILL)
    assert "#   through: basic" in text
    assert '#   from: ["203.0.113.7/32", "198.51.100.1/32"]' in text
    assert "# a password: got in 2 times, refused 0, last 2026-11-23 12:00 UTC" in text


def test_the_basic_alternative_is_valid_when_it_is_taken() -> None:
    text, _ = drafted(basic(address="2001:db8::1"))
    lines = [line for line in text.splitlines() if "through: gateway" not in line]
    kept = [line for line in lines if not line.startswith("  from:")]
    taken = "\n".join(line.replace("  #   ", "  ") for line in kept)
    (grant,) = parse(taken, read_csv=None).grants
    assert grant.through is Through.BASIC
    assert [str(network) for network in grant.networks] == ["2001:db8::1/128"]


def test_imap_by_password_can_only_be_the_gateway() -> None:
    text, desired = drafted(basic(client="IMAP4"))
    (grant,) = desired.grants
    assert (grant.through, grant.allow) == (Through.GATEWAY, {Protocol.IMAP})
    assert "Passwords open neither IMAP nor POP at Microsoft" in text
    assert "through: basic" not in text


def test_a_guess_opens_nothing_that_is_shut() -> None:
    box = mailbox("ada", imap=True, pop=False, smtp=SmtpSwitch.OFF)
    text, desired = drafted(person(), snapshot=tenant(mailboxes=(box,)))
    (grant,) = desired.grants
    assert (grant.through, grant.allow) == (Through.OAUTH_USER, {Protocol.IMAP})
    assert "one of imap, pop, smtp. Strike what is not used." in text
    shut = replace(box, imap=False)
    text, desired = drafted(person(), snapshot=tenant(mailboxes=(shut,)))
    assert desired.grants == ()
    assert "none of" in text


def test_an_application_waits_for_a_person_to_name_its_mailboxes() -> None:
    text, desired = drafted(alone())
    assert desired.grants == ()
    assert "# - name: app-mail-app" in text
    assert f"#   its rights open {address('ada')}" in text
    many = tuple(mailbox(f"box{n}") for n in range(50))
    rights = {(APP, box.guid): MailboxRight(full_access=True) for box in many}
    text, _ = drafted(alone(), snapshot=tenant(mailboxes=many, rights=rights))
    assert "#   and 10 more" in text


def test_who_never_got_in_is_granted_nothing() -> None:
    text, desired = drafted(basic(error=50126), person(error=53003))
    assert desired.grants == ()
    assert "# 1 tried by password and never got in" in text


def test_names_of_grants_do_not_meet_and_hostile_names_stay_remarks() -> None:
    hostile = person(app_name="x\n- name: evil\n  allow: [imap]")
    text, desired = drafted(basic("ada"), person("ada", SENDS), hostile, basic("scan"))
    names = [grant.name for grant in desired.grants]
    assert sorted(names) == ["ada-gateway", "ada-oauth-user", "ada-oauth-user-2", "scan-gateway"]
    assert "\n- name: evil" not in text


def test_what_is_refused_or_was_not_seen_is_said_in_the_draft() -> None:
    sources = (Source(name="sign-in logs", because="no licence"),)
    text, _ = drafted(basic(), snapshot=tenant(), sources=sources)
    assert "# Not seen: sign-in logs: no licence" in text
    assert "# Refused today by tenant switch:" in text


def test_the_reports_senders_are_drafted_without_networks() -> None:
    report = (
        Sender(address("ben"), Method.BASIC, 7),
        Sender(address("ada"), Method.OAUTH, 3),
    )
    found = uses(report=report)
    text = draft_text(inventory(found), OPEN)
    through = {grant.name: grant.through for grant in parse(text, read_csv=None).grants}
    assert through == {"ben-gateway": Through.GATEWAY, "ada-oauth-user": Through.OAUTH_USER}
    assert "# the report: 7 messages sent, basic" in text
    assert "203.0.113.5/32" in text


def test_more_places_than_are_told_and_places_that_are_none() -> None:
    text, desired = drafted(*(basic(address=f"203.0.113.{n}") for n in range(SHOWN + 1)))
    assert "It came from more addresses than these" in text
    assert len(desired.grants[0].networks) == SHOWN
    _, desired = drafted(basic(address="nowhere"))
    assert desired.grants[0].networks == ()


def test_a_name_of_other_letters_is_a_grant_all_the_same() -> None:
    box = replace(mailbox("ada"), address="יעל@contoso.example")
    _, desired = drafted(basic("ada"), snapshot=replace(OPEN, mailboxes=(box,)))
    assert desired.grants[0].name == "mailbox-gateway"


def test_what_never_got_in_has_no_last_time() -> None:
    use = Use(
        mailbox=box_of("ada"),
        protocols=(Protocol.SMTP,),
        told=True,
        method=Method.USER,
        evidence=Evidence(results=((0, 1),)),
        standing=Standing.STAYS,
        app_id=SENDS,
    )
    assert f"# {SENDS}: got in 1 times, refused 0, last never" in draft_text(
        inventory((use,)), OPEN
    )


def box_of(name: str) -> Mailbox:
    found = OPEN.mailbox(address(name))
    assert found is not None
    return found


def test_an_inventory_names_what_was_not_seen() -> None:
    found = inventory(
        uses(basic(), person()),
        sources=(Source(name="a", rows=1), Source(name="b", because="no")),
    )
    assert found.unseen == {"b": "no"}
    assert [use.method for use in found.of(Standing.BREAKS)] == [Method.BASIC]
