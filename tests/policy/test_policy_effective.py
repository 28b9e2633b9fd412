"""Effective access as a whole: which rung decides, and laws that hold in every tenant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from ipaddress import ip_address, ip_network

from asked import (
    ALLOW_ALL,
    ALLOW_SMTP,
    APP,
    APP_ONLY,
    BASIC,
    CLIENT,
    DENY,
    NOW,
    PRINCIPAL,
    SMTP,
    USER,
    ask,
    box,
    open_tenant,
    person,
    policy,
    said,
    world,
)
from given import guid, mailbox, tries, user
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.policy.effective import Access, Context, effective, walk
from portineria.policy.rungs.ladder import LADDER
from portineria.policy.verdict import Allowed, Answer, Effective, Refused, Unknown
from portineria.tenant.access import (
    NamedLocation,
    Organization,
    PolicyState,
    Transport,
)
from portineria.tenant.apps import App, MailboxRight
from portineria.tenant.caller import AppOnly, UserThrough
from portineria.tenant.mailbox import Protocol, RecipientKind, SmtpSwitch
from portineria.tenant.people import Domain, Group
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

HIDDEN = Unseen("no permission")


def test_the_first_rung_that_refuses_is_named_and_all_are_shown() -> None:
    snapshot = box(smtp=SmtpSwitch.OFF)(world(security_defaults=True)(open_tenant()))
    verdict = ask(snapshot, SMTP, BASIC)
    assert said(verdict) == "no: mailbox switch"
    refusing = [rung.layer.value for rung in verdict.ladder if rung.answer is Answer.NO]
    assert refusing == ["mailbox switch", "security defaults"]


def test_a_refusal_decides_over_an_unknown_that_stands_before_it() -> None:
    snapshot = world(domains=HIDDEN, security_defaults=True)(open_tenant())
    assert said(ask(snapshot, SMTP, BASIC)) == "no: security defaults"


def test_an_unknown_decides_over_every_pass() -> None:
    snapshot = person(per_user_mfa=HIDDEN)(open_tenant())
    assert said(ask(snapshot, SMTP, BASIC)) == "?: per-user MFA"


def test_effective_and_walk_are_the_same_question() -> None:
    snapshot = open_tenant()
    ada = snapshot.mailbox("ADA@contoso.example")
    assert ada is not None
    one = effective(snapshot, ada, SMTP, BASIC, Context(NOW))
    assert one == walk(Access(snapshot, ada, SMTP, BASIC, Context(NOW)))


# --- laws, in any tenant -----------------------------------------------------------------------

maybe = st.sampled_from([True, False, HIDDEN])
names = st.sampled_from([None, "No Basic", "SMTP only", "Everything", "Deleted"])


@st.composite
def policies(draw: st.DrawFn) -> object:
    one_of = st.frozensets
    return policy(
        id=draw(st.sampled_from(["ca-1", "ca-2", "ca-3"])),
        name="Foreign",
        state=draw(st.sampled_from(list(PolicyState))),
        client_apps=draw(
            one_of(st.sampled_from(["all", "other", "mobileAppsAndDesktopClients"]), min_size=1)
        ),
        include_users=draw(one_of(st.sampled_from(["All", "None", "user-ada", "user-ben"]))),
        exclude_users=draw(one_of(st.sampled_from(["user-ada"]))),
        include_groups=draw(one_of(st.sampled_from(["g-ada", "g-hidden", "g-unread"]))),
        exclude_groups=draw(one_of(st.sampled_from(["g-ada", "g-hidden"]))),
        include_roles=draw(one_of(st.sampled_from(["role-1", "role-2"]))),
        include_applications=draw(one_of(st.sampled_from(["All", "Office365", "other", APP]))),
        exclude_applications=draw(one_of(st.sampled_from(["Office365", "other"]))),
        include_locations=draw(one_of(st.sampled_from(["All", "AllTrusted", "loc"]))),
        exclude_locations=draw(one_of(st.sampled_from(["AllTrusted", "loc", "gone"]))),
        service_principals=draw(st.sampled_from([None, None, frozenset({PRINCIPAL})])),
        grant_controls=draw(one_of(st.sampled_from(["block", "mfa", "compliantDevice"]))),
        grant_operator=draw(st.sampled_from(["AND", "OR"])),
        depends_on=draw(st.sampled_from([(), ("sign-in risk",)])),
    )


@st.composite
def tenants(draw: st.DrawFn) -> Snapshot:
    ada = mailbox(
        "ada",
        kind=draw(st.sampled_from([RecipientKind.USER, RecipientKind.SHARED])),
        imap=draw(maybe),
        pop=draw(maybe),
        smtp=draw(st.sampled_from([*SmtpSwitch, HIDDEN])),
        authentication_policy=draw(names),
    )
    account = user(
        "ada",
        enabled=draw(st.booleans()),
        exchange_plan=draw(maybe),
        per_user_mfa=draw(maybe),
    )
    app = App(
        id=APP,
        name="Mail app",
        principal_id=PRINCIPAL,
        enabled=draw(st.booleans()),
        roles=draw(
            st.sampled_from(
                [frozenset(), frozenset({"IMAP.AccessAsApp", "SMTP.SendAsApp"}), HIDDEN]
            )
        ),
        scopes=draw(st.sampled_from([frozenset(), frozenset({"SMTP.Send"}), HIDDEN])),
        assignment_required=draw(st.booleans()),
        registered_as=draw(st.sampled_from([None, PRINCIPAL, "wrong", HIDDEN])),
    )
    place = NamedLocation(
        id="loc",
        name="Floor",
        networks=draw(st.sampled_from([None, (ip_network("203.0.113.0/24"),)])),
        trusted=draw(st.booleans()),
    )
    settled = draw(
        st.sampled_from(
            [
                {},
                {"smtp-oauth-under-security-defaults": "passes"},
                {"smtp-oauth-under-security-defaults": "refused"},
            ]
        )
    )
    right = MailboxRight(full_access=draw(maybe), scoped_smtp=draw(maybe))
    return replace(
        open_tenant(),
        domains=(Domain(name="contoso.example", federated=draw(st.booleans())),),
        security_defaults=draw(maybe),
        conditional_access=tuple(draw(st.lists(policies(), max_size=3))),
        named_locations=(place,),
        authentication_policies=(DENY, ALLOW_SMTP, ALLOW_ALL),
        transport=Transport(smtp_auth_disabled=draw(st.booleans())),
        organization=Organization(default_authentication_policy=draw(names)),
        mailboxes=(ada,),
        users={account.id: account},
        groups={
            "g-ada": Group(id="g-ada", name="Ada's", members=frozenset({"user-ada"})),
            "g-hidden": Group(id="g-hidden", name="Hidden", members=HIDDEN),
        },
        role_members={"role-1": frozenset({"user-ada"})},
        apps={APP: app},
        rights={(APP, guid("ada")): right},
        user_consent=draw(maybe),
        settled=settled,
    )


callers = st.sampled_from([BASIC, USER, CLIENT, APP_ONLY, AppOnly("other"), UserThrough("other")])
protocols = st.sampled_from(list(Protocol))
addresses = st.sampled_from([None, "203.0.113.9", "198.51.100.1"])


@st.composite
def questions(draw: st.DrawFn) -> Access:
    text = draw(addresses)
    snapshot = draw(tenants())
    ada = snapshot.mailbox("ada@contoso.example")
    assert ada is not None
    context = Context(NOW, None if text is None else ip_address(text))
    return Access(snapshot, ada, draw(protocols), draw(callers), context)


def in_tenant(question: Access, snapshot: Snapshot) -> Effective:
    """The same question in another tenant."""
    ada = snapshot.mailbox("ada@contoso.example")
    assert ada is not None
    return effective(snapshot, ada, question.protocol, question.caller, question.context)


@given(questions())
@settings(max_examples=tries(120))
def test_the_verdict_is_what_its_ladder_says(question: Access) -> None:
    verdict = walk(question)
    answers = [rung.answer for rung in verdict.ladder]
    match verdict:
        case Allowed():
            assert set(answers) == {Answer.YES}
        case Refused(by):
            assert by is verdict.ladder[answers.index(Answer.NO)]
        case Unknown(by):
            assert Answer.NO not in answers
            assert by is verdict.ladder[answers.index(Answer.UNKNOWN)]
    steps = iter(LADDER)
    assert all(any(step(question) == rung for step in steps) for rung in verdict.ladder)


def _boxes(snapshot: Snapshot, **changes: object) -> Snapshot:
    assert not isinstance(snapshot.mailboxes, Unseen)
    return replace(
        snapshot,
        mailboxes=tuple(replace(one, **changes) for one in snapshot.mailboxes),  # type: ignore[arg-type]
    )


def _accounts(snapshot: Snapshot, **changes: object) -> Snapshot:
    assert not isinstance(snapshot.users, Unseen)
    users = {key: replace(one, **changes) for key, one in snapshot.users.items()}  # type: ignore[arg-type]
    return replace(snapshot, users=users)


def _apps(snapshot: Snapshot, **changes: object) -> Snapshot:
    assert not isinstance(snapshot.apps, Unseen)
    apps = {key: replace(one, **changes) for key, one in snapshot.apps.items()}  # type: ignore[arg-type]
    return replace(snapshot, apps=apps)


def _rights(snapshot: Snapshot, **changes: object) -> Snapshot:
    rights = {key: replace(one, **changes) for key, one in snapshot.rights.items()}  # type: ignore[arg-type]
    return replace(snapshot, rights=rights)


CLOSINGS: dict[str, Callable[[Snapshot], Snapshot]] = {
    "IMAP off": lambda s: _boxes(s, imap=False),
    "POP off": lambda s: _boxes(s, pop=False),
    "SMTP off": lambda s: _boxes(s, smtp=SmtpSwitch.OFF),
    "tenant off": lambda s: replace(s, transport=Transport(smtp_auth_disabled=True)),
    "own policy denies": lambda s: _boxes(s, authentication_policy=DENY.name),
    "account disabled": lambda s: _accounts(s, enabled=False),
    "plan gone": lambda s: _accounts(s, exchange_plan=False),
    "per-user MFA": lambda s: _accounts(s, per_user_mfa=True),
    "security defaults on": lambda s: replace(s, security_defaults=True),
    "app disabled": lambda s: _apps(s, enabled=False),
    "app unregistered": lambda s: _apps(s, registered_as=None),
    "right gone": lambda s: _rights(s, full_access=False, scoped_smtp=False),
}


@given(questions(), st.sampled_from(sorted(CLOSINGS)))
@settings(max_examples=tries(250))
def test_closing_a_switch_never_opens_anything(question: Access, closing: str) -> None:
    before = walk(question)
    after = in_tenant(question, CLOSINGS[closing](question.snapshot))
    if isinstance(before, Refused):
        assert isinstance(after, Refused)
    if isinstance(before, Unknown):
        assert not isinstance(after, Allowed)


@given(questions(), policies())
@settings(max_examples=tries(200))
def test_one_more_policy_that_blocks_never_opens_anything(question: Access, more: object) -> None:
    existing = question.snapshot.conditional_access
    assert isinstance(existing, tuple)
    blocking = replace(
        more,  # type: ignore[type-var]
        id="ca-more",
        state=PolicyState.ENABLED,
        grant_controls=frozenset({"block"}),
    )
    tighter = replace(question.snapshot, conditional_access=(*existing, blocking))
    before, after = walk(question), in_tenant(question, tighter)
    if isinstance(before, Refused):
        assert isinstance(after, Refused)
    if isinstance(before, Unknown):
        assert not isinstance(after, Allowed)


@given(questions(), policies())
@settings(max_examples=tries(100))
def test_a_policy_that_is_not_enforced_changes_nothing(question: Access, more: object) -> None:
    existing = question.snapshot.conditional_access
    assert isinstance(existing, tuple)
    for state in (PolicyState.DISABLED, PolicyState.REPORT_ONLY):
        idle = replace(more, id="ca-more", state=state)  # type: ignore[type-var]
        with_it = replace(question.snapshot, conditional_access=(*existing, idle))
        assert in_tenant(question, with_it) == walk(question)


FORGETTINGS: dict[str, Callable[[Snapshot], Snapshot]] = {
    **{
        name: lambda s, name=name: replace(s, **{name: HIDDEN})
        for name in (
            "domains", "security_defaults", "conditional_access", "named_locations",
            "authentication_policies", "transport", "organization", "users",
            "role_members", "apps", "own", "user_consent",
        )
    },
    "groups": lambda s: replace(s, groups={}),
    "rights": lambda s: replace(s, rights={}),
    "settled": lambda s: replace(s, settled={}),
    "switches": lambda s: _boxes(s, imap=HIDDEN, pop=HIDDEN, smtp=HIDDEN),
    "own policy": lambda s: _boxes(s, authentication_policy=HIDDEN),
    "account joined": lambda s: _boxes(s, entra_id=None),
    "plan": lambda s: _accounts(s, exchange_plan=HIDDEN),
    "per-user MFA": lambda s: _accounts(s, per_user_mfa=HIDDEN),
    "app": lambda s: _apps(s, roles=HIDDEN, scopes=HIDDEN, registered_as=HIDDEN),
    "app's roles": lambda s: _apps(s, roles=HIDDEN),
    "right": lambda s: _rights(s, full_access=HIDDEN),
    "scoped role": lambda s: _rights(s, scoped_smtp=HIDDEN),
}  # fmt: skip


@given(questions(), st.sampled_from(sorted(FORGETTINGS)))
@settings(max_examples=tries(400))
def test_knowing_less_never_turns_an_answer_into_its_opposite(
    question: Access, forgotten: str
) -> None:
    """Nor does it ever settle what was not known."""
    before = walk(question)
    after = in_tenant(question, FORGETTINGS[forgotten](question.snapshot))
    assert isinstance(after, type(before) | Unknown)


def test_every_family_of_a_snapshot_that_can_be_unseen_is_forgotten_in_turn() -> None:
    can_be = {
        one.name
        for one in fields(Snapshot)
        if "Unseen" in str(one.type) and one.name not in {"licences", "mailboxes", "mailbox_plans"}
    }  # neither licences nor mailbox plans decide a login, and the mailbox is handed in
    assert can_be <= set(FORGETTINGS)
