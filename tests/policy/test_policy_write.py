"""The first policy file: valid for any tenant, true to it, and it opens nothing."""

import re
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from portineria.policy.desired import (
    BasicAuthWish,
    Desired,
    DirectSendWish,
    EverybodyElse,
    SecurityDefaultsWish,
    SmtpAuthWish,
    Wish,
)
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.policywrite import MOST_NAMES, init_text
from portineria.tenant.access import MailboxPlan, Organization, Transport
from portineria.tenant.mailbox import Mailbox, RecipientKind, SmtpSwitch
from portineria.tenant.people import Domain
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

WHEN = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
TENANT = "7d0a1c4e-0000-4000-8000-000000000001"


def box(name: str, **more: object) -> Mailbox:
    address = f"{name}@contoso.example"
    plain = Mailbox(
        guid=name, entra_id=None, address=address, upn=address, display_name=name,
        imap=False, pop=False, smtp=SmtpSwitch.OFF,
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]


def unseen(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return strategy | st.builds(Unseen, st.text(max_size=20))


BOXES = st.builds(
    box,
    st.text(min_size=1, max_size=8),
    imap=unseen(st.booleans()),
    pop=unseen(st.booleans()),
    smtp=unseen(st.sampled_from(SmtpSwitch)),
    kind=st.sampled_from(RecipientKind),
)
SNAPSHOTS = st.builds(
    Snapshot,
    tenant_id=st.uuids().map(str),
    taken_at=st.just(WHEN),
    domains=unseen(
        st.lists(
            st.builds(Domain, name=st.text(max_size=12), initial=st.booleans()), max_size=3
        ).map(tuple)
    ),
    security_defaults=unseen(st.booleans()),
    conditional_access=unseen(st.just(())),
    transport=unseen(
        st.builds(
            Transport,
            smtp_auth_disabled=st.booleans(),
            legacy_tls=st.booleans() | st.none(),
        )
    ),
    organization=unseen(st.builds(Organization, reject_direct_send=st.booleans())),
    mailbox_plans=unseen(
        st.lists(
            st.builds(
                MailboxPlan,
                name=st.just("p"),
                guid=st.just("p"),
                imap=st.booleans(),
                pop=st.booleans(),
            ),
            max_size=3,
        ).map(tuple)
    ),
    mailboxes=unseen(st.lists(BOXES, max_size=4).map(tuple)),
)


@given(SNAPSHOTS)
def test_the_first_file_is_valid_and_opens_nothing_whatever_the_tenant(snapshot: Snapshot) -> None:
    desired = parse(init_text(snapshot), read_csv=None)
    assert desired.grants == ()
    assert desired.everyone_else == EverybodyElse()
    assert desired.posture.security_defaults is SecurityDefaultsWish.KEEP
    assert desired.posture.basic_auth is BasicAuthWish.UNMANAGED
    assert desired.posture.direct_send is not DirectSendWish.ALLOW
    wishes = (
        desired.posture.new_mailboxes_imap,
        desired.posture.new_mailboxes_pop,
        desired.posture.legacy_tls,
    )
    assert Wish.ON not in wishes


@given(SNAPSHOTS)
def test_every_wish_of_the_first_file_is_what_is_there(snapshot: Snapshot) -> None:
    posture = parse(init_text(snapshot), read_csv=None).posture
    if posture.smtp_auth is SmtpAuthWish.PER_MAILBOX:
        assert isinstance(snapshot.transport, Transport)
        assert snapshot.transport.smtp_auth_disabled
    if posture.legacy_tls is Wish.OFF:
        assert isinstance(snapshot.transport, Transport)
        assert snapshot.transport.legacy_tls is False
    if posture.direct_send is DirectSendWish.REJECT:
        assert isinstance(snapshot.organization, Organization)
        assert snapshot.organization.reject_direct_send
    for wish, field in ((posture.new_mailboxes_imap, "imap"), (posture.new_mailboxes_pop, "pop")):
        if wish is Wish.OFF:
            assert isinstance(snapshot.mailbox_plans, tuple)
            assert not any(getattr(plan, field) for plan in snapshot.mailbox_plans)


@given(SNAPSHOTS)
def test_planning_the_first_file_changes_nothing_whatever_the_tenant(snapshot: Snapshot) -> None:
    desired = parse(init_text(snapshot), read_csv=None)
    plan = make_plan(snapshot, desired, WHEN)
    assert plan.changes == ()
    assert plan.refusals == ()
    assert plan.exposure == ()
    assert plan.lost == ()


def closed_tenant(*boxes: Mailbox) -> Snapshot:
    return Snapshot(
        tenant_id=TENANT,
        taken_at=WHEN,
        domains=(
            Domain(name="contoso.example", default=True),
            Domain(name="contoso.onmicrosoft.com", initial=True),
        ),
        security_defaults=True,
        conditional_access=(),
        transport=Transport(smtp_auth_disabled=True, legacy_tls=False),
        organization=Organization(reject_direct_send=True),
        mailbox_plans=(MailboxPlan(name="p", guid="p", imap=False, pop=True),),
        mailboxes=boxes,
    )


def test_closed_doors_are_written_down_and_open_ones_left_alone() -> None:
    posture = parse(init_text(closed_tenant()), read_csv=None).posture
    assert posture.smtp_auth is SmtpAuthWish.PER_MAILBOX
    assert posture.legacy_tls is Wish.OFF
    assert posture.direct_send is DirectSendWish.REJECT
    assert posture.new_mailboxes_imap is Wish.OFF
    assert posture.new_mailboxes_pop is Wish.UNMANAGED


def test_the_initial_domain_names_the_tenant_and_its_id_where_no_domain_was_seen() -> None:
    assert parse(init_text(closed_tenant()), read_csv=None).tenant == "contoso.onmicrosoft.com"
    blind = Snapshot(tenant_id=TENANT, taken_at=WHEN)
    assert parse(init_text(blind), read_csv=None).tenant == TENANT


def uncommented(text: str) -> Desired:
    head, _, tail = text.partition("# - name")
    return parse(head + re.sub(r"(?m)^# ?", "", "# - name" + tail), read_csv=None)


def test_open_mailboxes_are_suggested_as_grants_that_are_valid_when_uncommented() -> None:
    snapshot = closed_tenant(
        box("ada", imap=True, pop=True),
        box("grace", imap=True, pop=True),
        box("scan", smtp=SmtpSwitch.ON),
        box("inherits", smtp=SmtpSwitch.INHERIT),
        box("guest", imap=True, kind=RecipientKind.GUEST),
        box("dark", imap=Unseen("no permission")),
    )
    found = uncommented(init_text(snapshot))
    assert {grant.name: grant.who.mailboxes for grant in found.grants} == {
        "open-imap-pop": ("ada@contoso.example", "grace@contoso.example"),
        "open-smtp": ("scan@contoso.example",),
    }


def test_a_mailbox_that_inherits_is_open_when_the_tenant_switch_is_on() -> None:
    snapshot = replace(
        closed_tenant(box("ada", smtp=SmtpSwitch.INHERIT)),
        transport=Transport(smtp_auth_disabled=False),
    )
    assert "open-smtp" in init_text(snapshot)


def test_a_long_list_is_cut_and_counted() -> None:
    boxes = [box(f"b{number}", imap=True) for number in range(MOST_NAMES + 3)]
    text = init_text(closed_tenant(*boxes))
    assert f"b{MOST_NAMES - 1}@" in text
    assert f"b{MOST_NAMES}@" not in text
    assert "and 3 more" in text
    assert f"{MOST_NAMES + 3} mailboxes" in text


def test_what_was_not_seen_is_said_and_not_taken_for_off() -> None:
    text = init_text(Snapshot(tenant_id=TENANT, taken_at=WHEN))
    assert text.count("could not be seen: not looked at") >= 5
    assert "The mailboxes could not be seen: not looked at." in text


def test_a_domain_that_reads_like_a_number_does_not_name_the_tenant() -> None:
    domains = (Domain(name="1.2", initial=True), Domain(name="contoso.example"))
    snapshot = Snapshot(tenant_id=TENANT, taken_at=WHEN, domains=domains)
    assert parse(init_text(snapshot), read_csv=None).tenant == "contoso.example"
    nameless = replace(snapshot, domains=domains[:1])
    assert parse(init_text(nameless), read_csv=None).tenant == TENANT
