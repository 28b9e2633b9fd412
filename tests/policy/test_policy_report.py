"""The report: each check has a tenant where it holds, one where it does not, one of which it
cannot tell; the page says all of it, and names are never markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from ipaddress import ip_network
from typing import Any

import pytest
from asked import ALLOW_SMTP, DENY, open_tenant
from given import NOW, address, mailbox, shared, tenant, user

from portineria.policy.conditionalbody import block_legacy, from_graph, mfa_for_all, mfa_for_roles
from portineria.policy.desired import Desired, Grant, PostureWish, Through, Who
from portineria.policy.policyfile import parse
from portineria.policy.report.doors import Door
from portineria.policy.report.finding import Severity, WeakDoor
from portineria.policy.report.registry import CHECKS
from portineria.policy.report.whole import Report, make_report, to_json
from portineria.policy.show.report import html, markdown
from portineria.policy.show.report.page import (
    Card,
    Code,
    Failed,
    Heading,
    Mark,
    Table,
    blocks,
    title,
)
from portineria.policy.verdict import Answer
from portineria.tenant.access import ClientApp, MailboxPlan, Organization, PolicyState, Transport
from portineria.tenant.mailbox import Protocol, RecipientKind, SmtpSwitch
from portineria.tenant.people import GLOBAL_ADMINISTRATOR, Domain, Group
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

HIDDEN = Unseen("no permission")
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
BOTH = ("user-bg1", "user-bg2")


def policies(*excluded: str, make: Callable[..., Any] = block_legacy, **more: Any) -> Any:
    """One enforced policy of the baseline, with some accounts left out."""
    body = make(excluded, PolicyState.ENABLED)
    return (replace(from_graph({**body, "id": "ca-1"}), **more),)


def grant(*names: str, **more: Any) -> Grant:
    base = Grant(
        name="Scanners",
        who=Who(mailboxes=tuple(map(address, names))),
        allow=frozenset({Protocol.IMAP, Protocol.POP, Protocol.SMTP}),
        through=Through.OAUTH_USER,
        networks=(ip_network("203.0.113.0/24"),),
    )
    return replace(base, **more)


def wish(*grants: Grant, **more: Any) -> Desired:
    return Desired(tenant="contoso.example", grants=grants, **more)


def shut(*names: str, **more: Any) -> Snapshot:
    """Nobody has any door but these."""
    closed = {"imap": False, "pop": False, "smtp": SmtpSwitch.OFF}
    boxes = [mailbox(name) for name in names]
    boxes += [mailbox("ben", **closed)]
    return tenant(mailboxes=tuple(boxes), **more)


OFF: dict[str, Any] = {"security_defaults": False}
Row = tuple[str, Answer, Snapshot, Desired | None]
ROWS: list[Row] = [
    ("legacy-authentication-blocked", YES, tenant(), None),
    (
        "legacy-authentication-blocked",
        YES,
        tenant(**OFF, conditional_access=policies("user-ben")),
        None,
    ),
    ("legacy-authentication-blocked", NO, tenant(**OFF), None),
    ("legacy-authentication-blocked", UNKNOWN, tenant(security_defaults=HIDDEN), None),
    ("legacy-authentication-blocked", UNKNOWN, tenant(**OFF, conditional_access=HIDDEN), None),
    ("administrators-mfa", YES, tenant(), None),
    (
        "administrators-mfa",
        YES,
        tenant(**OFF, conditional_access=policies(*BOTH, make=mfa_for_roles)),
        None,
    ),
    (
        "administrators-mfa",
        NO,
        tenant(
            **OFF,
            conditional_access=policies("user-ben", make=mfa_for_all),
            role_members={GLOBAL_ADMINISTRATOR: frozenset({"user-ben"})},
            people=(user("ben", synced=True),),
        ),
        None,
    ),
    ("administrators-mfa", NO, tenant(**OFF), None),
    ("administrators-mfa", UNKNOWN, tenant(security_defaults=HIDDEN), None),
    ("everybody-mfa", YES, tenant(), None),
    (
        "everybody-mfa",
        YES,
        tenant(**OFF, conditional_access=policies(*BOTH, make=mfa_for_all)),
        None,
    ),
    (
        "everybody-mfa",
        YES,
        tenant(**OFF, conditional_access=policies("user-ben", make=mfa_for_all)),
        wish(posture=PostureWish(break_glass=(address("ben"), "gone@contoso.example"))),
    ),
    (
        "everybody-mfa",
        NO,
        tenant(**OFF, conditional_access=policies("user-ben", "nobody", make=mfa_for_all)),
        None,
    ),
    ("everybody-mfa", UNKNOWN, tenant(**OFF, conditional_access=HIDDEN), None),
    ("smtp-tenant-switch", YES, tenant(), None),
    ("smtp-tenant-switch", NO, tenant(transport=Transport(smtp_auth_disabled=False)), None),
    ("smtp-tenant-switch", UNKNOWN, tenant(transport=HIDDEN), None),
    (
        "legacy-tls",
        YES,
        tenant(transport=Transport(smtp_auth_disabled=True, legacy_tls=False)),
        None,
    ),
    ("legacy-tls", NO, tenant(transport=Transport(smtp_auth_disabled=True, legacy_tls=True)), None),
    ("legacy-tls", UNKNOWN, tenant(transport=Transport(smtp_auth_disabled=True)), None),
    ("legacy-tls", UNKNOWN, tenant(transport=HIDDEN), None),
    ("modern-authentication", YES, tenant(), None),
    (
        "modern-authentication",
        NO,
        tenant(organization=Organization(modern_authentication=False)),
        None,
    ),
    ("modern-authentication", UNKNOWN, tenant(organization=HIDDEN), None),
    ("break-glass", YES, tenant(**OFF, conditional_access=policies(*BOTH)), None),
    (
        "break-glass",
        YES,
        tenant(
            **OFF,
            conditional_access=policies(exclude_groups=frozenset({"g"})),
            groups={"g": Group(id="g", name="Emergency", members=frozenset(BOTH))},
        ),
        None,
    ),
    ("break-glass", NO, tenant(**OFF, conditional_access=policies("user-bg1")), None),
    ("break-glass", NO, tenant(**OFF, conditional_access=policies("user-bg1", "user-ben")), None),
    (
        "break-glass",
        UNKNOWN,
        tenant(**OFF, conditional_access=policies(exclude_groups=frozenset({"g"}))),
        None,
    ),
    (
        "break-glass",
        UNKNOWN,
        tenant(
            **OFF,
            conditional_access=policies(exclude_groups=frozenset({"g"})),
            groups={"g": Group(id="g", name="Emergency", members=HIDDEN)},
        ),
        None,
    ),
    ("break-glass", UNKNOWN, tenant(conditional_access=HIDDEN), None),
    (
        "break-glass",
        UNKNOWN,
        tenant(**OFF, conditional_access=policies(*BOTH), role_members=HIDDEN),
        None,
    ),
    (
        "break-glass",
        UNKNOWN,
        replace(tenant(**OFF, conditional_access=policies(*BOTH)), users=HIDDEN),
        None,
    ),
    ("doors-without-grant", YES, shut("ada"), wish(grant("ada"))),
    ("doors-without-grant", NO, shut("ada"), wish()),
    ("doors-without-grant", UNKNOWN, tenant(mailboxes=HIDDEN), wish()),
    (
        "doors-without-grant",
        UNKNOWN,
        shut(),
        wish(grant(who=Who(groups=("Scanners",)))),
    ),
    (
        "doors-without-grant",
        UNKNOWN,
        tenant(mailboxes=(shared("post"),)),
        wish(),
    ),
    ("ended-grants", YES, shut("ada"), wish(grant("ada"))),
    ("ended-grants", YES, shut(), wish(grant("ben", until=date(2026, 1, 1)))),
    ("ended-grants", NO, shut("ada"), wish(grant("ada", until=date(2026, 1, 1)))),
    (
        "ended-grants",
        UNKNOWN,
        tenant(mailboxes=HIDDEN),
        wish(grant("ada", until=date(2026, 1, 1))),
    ),
    ("password-doors", YES, tenant(), None),
    ("password-doors", NO, open_tenant(), None),
    ("password-doors", UNKNOWN, tenant(mailboxes=HIDDEN), None),
    ("password-doors", UNKNOWN, replace(open_tenant(), security_defaults=HIDDEN), None),
    ("legacy-block-exclusions", YES, tenant(**OFF, conditional_access=policies(*BOTH)), None),
    ("legacy-block-exclusions", NO, tenant(**OFF, conditional_access=policies("user-ben")), None),
    ("smtp-exceptions", YES, tenant(), None),
    (
        "smtp-exceptions",
        YES,
        tenant(mailboxes=(mailbox("ada", smtp=SmtpSwitch.ON),)),
        wish(grant("ada")),
    ),
    ("smtp-exceptions", NO, tenant(mailboxes=(mailbox("ada", smtp=SmtpSwitch.ON),)), wish()),
    ("smtp-exceptions", NO, tenant(mailboxes=(mailbox("ada", smtp=SmtpSwitch.ON),)), None),
    ("smtp-exceptions", UNKNOWN, tenant(mailboxes=(mailbox("ada", smtp=HIDDEN),)), None),
    ("smtp-exceptions", UNKNOWN, tenant(mailboxes=HIDDEN), None),
    (
        "default-authentication-policy",
        YES,
        tenant(
            organization=Organization(default_authentication_policy="no basic"),
            authentication_policies=(DENY, ALLOW_SMTP),
        ),
        None,
    ),
    ("default-authentication-policy", NO, tenant(), None),
    (
        "default-authentication-policy",
        NO,
        tenant(
            organization=Organization(default_authentication_policy="policy-smtp"),
            authentication_policies=(DENY, ALLOW_SMTP),
        ),
        None,
    ),
    (
        "default-authentication-policy",
        UNKNOWN,
        tenant(organization=Organization(default_authentication_policy="Gone")),
        None,
    ),
    (
        "default-authentication-policy",
        UNKNOWN,
        tenant(
            organization=Organization(default_authentication_policy="Gone"),
            authentication_policies=HIDDEN,
        ),
        None,
    ),
    ("default-authentication-policy", UNKNOWN, tenant(organization=HIDDEN), None),
    (
        "new-mailboxes",
        YES,
        tenant(mailbox_plans=(MailboxPlan(name="E1", guid="g", imap=False, pop=False),)),
        None,
    ),
    ("new-mailboxes", NO, tenant(), None),
    ("new-mailboxes", UNKNOWN, tenant(mailbox_plans=()), None),
    ("new-mailboxes", UNKNOWN, tenant(mailbox_plans=HIDDEN), None),
    ("direct-send", YES, tenant(organization=Organization(reject_direct_send=True)), None),
    ("direct-send", NO, tenant(), None),
    ("direct-send", UNKNOWN, tenant(organization=HIDDEN), None),
    ("shared-mailbox-sign-in", YES, tenant(), None),
    (
        "shared-mailbox-sign-in",
        NO,
        tenant(mailboxes=(shared("post"),), people=(user("post"),)),
        None,
    ),
    (
        "shared-mailbox-sign-in",
        UNKNOWN,
        tenant(mailboxes=(shared("post"),), people=(user("ada"),)),
        None,
    ),
    ("shared-mailbox-sign-in", UNKNOWN, replace(tenant(), users=HIDDEN), None),
    ("shared-mailbox-sign-in", UNKNOWN, tenant(mailboxes=HIDDEN), None),
    ("user-consent", YES, tenant(), None),
    ("user-consent", NO, tenant(user_consent=True), None),
    ("user-consent", UNKNOWN, tenant(user_consent=HIDDEN), None),
    ("scuba-legacy-policy", YES, tenant(**OFF, conditional_access=policies()), None),
    ("scuba-legacy-policy", NO, tenant(**OFF, conditional_access=policies("user-ben")), None),
    (
        "scuba-legacy-policy",
        NO,
        tenant(
            **OFF,
            conditional_access=policies(client_apps=frozenset({ClientApp.OTHER.value})),
        ),
        None,
    ),
    ("scuba-legacy-policy", UNKNOWN, tenant(conditional_access=HIDDEN), None),
]


GATEWAYS: dict[Answer, tuple[WeakDoor, ...]] = {
    YES: (),
    NO: (WeakDoor("smtp 0.0.0.0:25", "cleartext", ("10.0.0.0/24", "2001:db8::/32")),),
}


def judged(snapshot: Snapshot, desired: Desired | None = None) -> Report:
    return make_report(snapshot, NOW, desired, None if desired is None else "policy.yaml")


@pytest.mark.parametrize(("answer", "weak"), GATEWAYS.items())
def test_a_gateways_weak_doors_are_named_with_whom_they_let_in(
    answer: Answer, weak: tuple[WeakDoor, ...]
) -> None:
    report = make_report(tenant(), NOW, gateway=weak)
    (found,) = [one for one in report.findings if one.check.id == "gateway-weak-doors"]
    named = ("smtp 0.0.0.0:25: cleartext, 10.0.0.0/24, 2001:db8::/32",)
    assert (found.answer, found.evidence) == (answer, named if weak else ())


def answers(report: Report) -> dict[str, Answer]:
    return {found.check.id: found.answer for found in report.findings}


@pytest.mark.parametrize(
    ("check", "answer", "snapshot", "desired"),
    ROWS,
    ids=[f"{row[0]}-{row[1].value}-{number}" for number, row in enumerate(ROWS)],
)
def test_each_check_says_yes_no_or_could_not_tell(
    check: str, answer: Answer, snapshot: Snapshot, desired: Desired | None
) -> None:
    found = next(one for one in judged(snapshot, desired).findings if one.check.id == check)
    assert found.answer is answer, found.because
    assert found.because


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_has_a_case_of_each_outcome_its_papers_and_a_way_to_mend_it(check: Any) -> None:
    met = {row[1] for row in ROWS if row[0] == check.id}
    if check.id == "gateway-weak-doors":
        met = set(GATEWAYS)
    # Could not tell is told by the block itself; a file that cannot be read is refused.
    once = {"legacy-block-exclusions", "gateway-weak-doors"}
    assert met == ({YES, NO} if check.id in once else {YES, NO, UNKNOWN})
    assert check.source
    assert check.command


@pytest.mark.parametrize("check", [c for c in CHECKS if c.policy], ids=lambda check: check.id)
def test_the_lines_that_mend_a_finding_are_lines_of_a_policy_file(check: Any) -> None:
    text = f"tenant: contoso.com\n{check.policy}\n"
    assert parse(text, read_csv=str, file="policy.yaml") != parse(
        "tenant: contoso.com\n", read_csv=str, file="policy.yaml"
    )


def test_checks_that_were_not_asked_are_not_counted() -> None:
    asked = answers(judged(tenant()))
    assert not {"doors-without-grant", "ended-grants", "break-glass"} & set(asked)
    assert "gateway-weak-doors" not in asked
    assert "legacy-block-exclusions" not in asked


def test_ids_are_kept_and_there_is_one_check_of_each() -> None:
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    ranks = [list(Severity).index(check.severity) for check in CHECKS]
    assert ranks == sorted(ranks), "the gravest first"


def doors(report: Report) -> dict[tuple[str, Protocol], Door]:
    assert not isinstance(report.doors, Unseen)
    return {(door.mailbox.address, door.protocol): door for door in report.doors}


def test_a_door_is_what_effective_access_opens_by_password_or_by_oauth() -> None:
    found = doors(judged(open_tenant(), wish(grant("ada"))))
    smtp = found[address("ada"), Protocol.SMTP]
    assert (smtp.password, smtp.person, smtp.grants) == (YES, YES, ("Scanners",))
    imap = found[address("ben"), Protocol.IMAP]
    assert (imap.password, imap.person, imap.grants) == (NO, YES, ())
    delegate = found[address("post"), Protocol.IMAP]
    assert (delegate.answer, delegate.person) == (UNKNOWN, UNKNOWN)
    assert "delegate" in delegate.because


def test_shut_switches_and_what_is_no_mailbox_are_no_doors() -> None:
    boxes = (
        mailbox("ada", imap=False, pop=False, smtp=SmtpSwitch.OFF),
        mailbox("ben", kind=RecipientKind.GUEST),
        mailbox("erp", imap=False, pop=HIDDEN),
    )
    found = doors(judged(tenant(mailboxes=boxes)))
    assert set(found) == {(address("erp"), Protocol.POP)}
    assert found[address("erp"), Protocol.POP].answer is UNKNOWN


def test_a_disabled_account_has_no_open_door() -> None:
    report = judged(tenant(people=(user("ada", enabled=False),), mailboxes=(mailbox("ada"),)))
    assert doors(report) == {}


def test_progress_is_told_while_mailboxes_are_asked() -> None:
    told: list[tuple[int, int]] = []
    make_report(tenant(), NOW, tell=lambda done, total: told.append((done, total)))
    assert told == [(0, 5)]


POSTURES: list[tuple[str, Answer, str, Snapshot, datetime]] = [
    ("security defaults", YES, "are on", tenant(), NOW),
    ("security defaults", NO, "are off", tenant(**OFF), NOW),
    ("security defaults", UNKNOWN, "not seen", tenant(security_defaults=HIDDEN), NOW),
    ("Conditional Access", NO, "no policy", tenant(), NOW),
    ("Conditional Access", YES, "for everybody by", tenant(conditional_access=policies()), NOW),
    (
        "Conditional Access",
        YES,
        "but for 1 accounts",
        tenant(conditional_access=policies("user-ben")),
        NOW,
    ),
    ("Conditional Access", UNKNOWN, "not seen", tenant(conditional_access=HIDDEN), NOW),
    ("mailbox switch", NO, "of 5 mailboxes 5 have IMAP", tenant(), NOW),
    ("mailbox switch", YES, "0 have IMAP", shut(), NOW),
    ("mailbox switch", UNKNOWN, "not seen: 1", tenant(mailboxes=(mailbox("a", imap=HIDDEN),)), NOW),
    ("mailbox switch", UNKNOWN, "not seen: no perm", tenant(mailboxes=HIDDEN), NOW),
    ("retirement of basic authentication", YES, "IMAP and POP", tenant(), NOW),
    ("retirement of basic authentication", NO, "until the end of", tenant(), NOW),
    (
        "retirement of basic authentication",
        UNKNOWN,
        "off by default",
        tenant(),
        datetime(2027, 2, 1, tzinfo=UTC),
    ),
    (
        "retirement of basic authentication",
        NO,
        "off by default",
        tenant(settled={"basic-smtp-after-2026": "open"}),
        datetime(2027, 2, 1, tzinfo=UTC),
    ),
    (
        "retirement of basic authentication",
        YES,
        "off by default",
        tenant(settled={"basic-smtp-after-2026": "removed"}),
        datetime(2027, 2, 1, tzinfo=UTC),
    ),
]


@pytest.mark.parametrize(("layer", "answer", "words", "snapshot", "now"), POSTURES)
def test_each_layer_of_the_posture_is_one_plain_sentence(
    layer: str, answer: Answer, words: str, snapshot: Snapshot, now: datetime
) -> None:
    said = [one for one in make_report(snapshot, now).posture if one.layer == layer]
    assert any(one.answer is answer and words in one.says for one in said), said


def test_a_report_fails_by_severity_and_is_unsure_apart() -> None:
    report = judged(tenant())
    assert not report.fails(Severity.HIGH)
    assert report.fails(Severity.MEDIUM)
    assert report.unsure(), "the tenant does not say whether it takes legacy TLS"
    assert judged(tenant(**OFF)).fails(Severity.HIGH)
    sure = tenant(transport=Transport(smtp_auth_disabled=True, legacy_tls=False))
    assert not judged(sure).unsure()


HOSTILE = '</td><script>alert("1")</script>`|*_\u202e\x1b[31m'


def hostile() -> Report:
    boxes = (mailbox("ada", address=f"{HOSTILE}@x.example"), mailbox("ben", smtp=SmtpSwitch.ON))
    seen = tenant(
        mailboxes=boxes,
        **OFF,
        conditional_access=policies(*BOTH, name=HOSTILE),
        domains=(Domain(name="contoso.onmicrosoft.com", initial=True),),
    )
    return make_report(seen, NOW, wish(grant("ben", name=HOSTILE)), HOSTILE)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_names_are_text_in_html_and_nothing_outside_is_asked_for() -> None:
    drawn = html.document(blocks([hostile()]), title(), "en")
    page = Tags(drawn)
    assert "script" not in page.tags
    assert not {"src", "href", "onload"} & set(page.attributes)
    assert "default-src 'none'" in drawn
    assert HOSTILE.replace("\u202e", "\\u202e").replace("\x1b", "\\x1b") in page.text
    assert "\x1b" not in drawn


def test_names_are_text_in_markdown_too() -> None:
    drawn = markdown.text(blocks([hostile()]))
    assert "<script>" not in drawn
    assert "\x1b" not in drawn
    table = [line for line in drawn.splitlines() if "x.example" in line and line.startswith("|")]
    assert table
    for line in table:
        assert len(re.findall(r"(?<!\\)\|", line)) == 7, line


@pytest.mark.parametrize(
    ("words", "drawn"),
    [("plain", "`plain`"), ("a`b", "``a`b``"), ("``x", "``` ``x ```"), ("x`", "`` x` ``")],
)
def test_code_is_fenced_by_more_backticks_than_it_has(words: str, drawn: str) -> None:
    assert markdown.code(words) == drawn


def test_both_pages_draw_code_in_a_cell() -> None:
    page = [Table(("Way",), ((Code("a|b"),),))]
    assert "`a|b`" in markdown.text(page).replace("\\|", "|")
    assert "<td><code>a|b</code></td>" in html.document(page, "t", "en")


def test_what_does_not_hold_comes_before_what_could_not_be_told_and_both_have_evidence() -> None:
    page = list(blocks([judged(tenant(transport=HIDDEN), wish())]))
    cards = [block for block in page if isinstance(block, Card)]
    assert [card.mark.answer for card in cards] == sorted(
        (card.mark.answer for card in cards), key=[NO, UNKNOWN].index
    )
    assert {NO, UNKNOWN} == {card.mark.answer for card in cards}
    assert all(card.papers and card.code for card in cards)


def test_more_than_a_page_holds_is_counted_and_not_dropped_in_silence() -> None:
    boxes = tuple(mailbox(f"m{number}", smtp=SmtpSwitch.ON) for number in range(80))
    people = tuple(user(f"m{number}") for number in range(80))
    seen = tenant(mailboxes=boxes, people=people, **OFF)
    report = judged(seen)
    drawn = markdown.text(blocks([report]))
    assert "and 68 more: --json lists them all" in drawn
    assert drawn.count("and 100 more: --json lists them all") == 1
    assert drawn.count("and 20 more: --json lists them all") == 1
    assert len(to_json(report)["doors"]) == 240


def test_a_tenant_whose_mailboxes_were_not_seen_says_so() -> None:
    report = judged(tenant(mailboxes=HIDDEN))
    assert to_json(report)["doors"] is None
    drawn = markdown.text(blocks([report]))
    assert "Mailboxes could not be seen: no permission" in drawn
    assert "Could not be seen" in drawn


def test_several_tenants_have_a_table_of_all_of_them_in_front() -> None:
    reports = [judged(tenant()), judged(tenant(mailboxes=HIDDEN))]
    page = list(blocks(reports, [Failed("fabrikam", "no answer")]))
    table = page[1]
    assert isinstance(page[0], Heading)
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["contoso.example", "contoso.example", "fabrikam"]
    assert [row[4] for row in table.rows] == ["8", "?", "?"]
    assert table.rows[2][5] == "no answer"


def test_every_check_that_holds_is_in_a_table_with_its_evidence() -> None:
    seen = tenant(
        **OFF,
        conditional_access=(
            *policies(*BOTH),
            *policies(*BOTH, make=mfa_for_all, id="ca-2", name="MFA"),
        ),
        transport=Transport(smtp_auth_disabled=True, legacy_tls=False),
        mailbox_plans=(MailboxPlan(name="E1", guid="g", imap=False, pop=False),),
        organization=Organization(
            reject_direct_send=True, default_authentication_policy="No Basic"
        ),
        authentication_policies=(DENY,),
        mailboxes=(),
    )
    report = judged(replace(seen, conditional_access=(*policies(), *seen.conditional_access)))  # type: ignore[misc]
    page = list(blocks([judged(seen)]))
    assert not [b for b in page if isinstance(b, Mark)]
    assert any(isinstance(b, Table) and b.columns[0] == "Check" for b in page)
    assert report.count(YES) > 8


def test_where_every_check_holds_the_page_says_so() -> None:
    seen = judged(tenant())
    perfect = replace(seen, findings=tuple(f for f in seen.findings if f.answer is YES))
    assert "Every check holds." in markdown.text(blocks([perfect]))
    bare = replace(seen, findings=())
    assert "What holds" not in markdown.text(blocks([bare]))
