"""Postures to the letter: what each wish writes, in which phase, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from given import APP, DOMAIN, NOW, tenant, user

from portineria.policy.change import Family, Fields, Phase, Verb
from portineria.policy.conditionalbody import BLOCK_LEGACY
from portineria.policy.plan import Plan
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.simulate import simulate
from portineria.tenant.access import (
    AuthenticationPolicy,
    MailboxPlan,
    Organization,
    PolicyState,
    Transport,
)
from portineria.tenant.people import Licences
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

HIDDEN = Unseen("no permission")
NO_BASIC = "Portineria: no basic authentication"
GLASS = "break_glass: [bg1@contoso.example, bg2@contoso.example]"


def plan(posture: str, seen: Snapshot) -> Plan:
    text = f"tenant: {DOMAIN}\nposture: {{{posture}}}\n"
    return make_plan(seen, parse(text, read_csv=None), NOW, mail_app=APP)


Row = tuple[Verb, Family, Fields | None, Fields | None, Phase]


def rows(made: Plan) -> list[Row]:
    return [(c.verb, c.target.family, c.before, c.after, c.phase) for c in made.changes]


def denying(*allowed: str) -> Fields:
    names = ("Imap", "Pop", "Smtp")
    return {f"AllowBasicAuth{name}": name in allowed for name in names}


def with_default(name: str | None, *policies: AuthenticationPolicy) -> Snapshot:
    organization = Organization(default_authentication_policy=name)
    return tenant(organization=organization, authentication_policies=policies)


def test_granted_only_makes_a_denying_policy_and_then_the_default() -> None:
    made = plan("basic_auth: granted-only", with_default(None))
    assert rows(made) == [
        (Verb.CREATE, Family.AUTHENTICATION_POLICY, None, denying(), Phase.CLOSE),
        (
            Verb.UPDATE,
            Family.ORGANIZATION,
            {"DefaultAuthenticationPolicy": None},
            {"DefaultAuthenticationPolicy": NO_BASIC},
            Phase.CLOSE,
        ),
    ]
    assert {c.because for c in made.changes} == {("basic_auth",)}
    assert made.changes[0].target.name == made.changes[0].target.key == NO_BASIC


@pytest.mark.parametrize("protocol", ["imap", "pop", "smtp"])
def test_our_denying_policy_is_set_right_where_somebody_loosened_it(protocol: str) -> None:
    loosened: dict[str, Any] = {f"allow_basic_{protocol}": True}
    ours = AuthenticationPolicy(name=NO_BASIC, guid="g", **loosened)
    (change,) = plan("basic_auth: granted-only", with_default(NO_BASIC, ours)).changes
    field = f"AllowBasicAuth{protocol.title()}"
    assert change.before is not None
    assert change.after is not None
    assert change.target.key == change.target.name == NO_BASIC
    assert (change.before[field], change.after[field]) == (True, False)
    assert (change.phase, change.because) == (Phase.CLOSE, ("basic_auth",))


def test_a_denying_policy_that_stands_is_left_alone() -> None:
    ours = AuthenticationPolicy(name=NO_BASIC, guid="g")
    assert plan("basic_auth: granted-only", with_default(NO_BASIC, ours)).changes == ()


DENYING = AuthenticationPolicy(name="Strict", guid="g", allow_basic_imap=True)
LETTING = AuthenticationPolicy(name="Legacy", guid="h", allow_basic_smtp=True)


def test_a_default_of_somebody_else_that_denies_already_is_noted_and_kept() -> None:
    """Of SMTP alone: of the others Exchange Online takes no password, whatever a policy says."""
    made = plan("basic_auth: granted-only", with_default("Strict", LETTING, DENYING))
    assert made.changes == ()
    assert made.unknown == ()
    assert "basic authentication is already denied by the default policy «Strict»" in made.notes


@pytest.mark.parametrize(("default", "policies"), [("Legacy", (LETTING,)), ("Gone", (DENYING,))])
def test_a_default_of_somebody_else_that_may_let_passwords_in_is_never_edited(
    default: str, policies: tuple[AuthenticationPolicy, ...]
) -> None:
    made = plan("basic_auth: granted-only", with_default(default, *policies))
    assert made.changes == ()
    assert made.unknown == (
        "basic_auth: granted-only cannot be kept, because the organisation's default policy "
        f"«{default}» is not ours and lets basic SMTP in; change or unset it yourself",
    )


@pytest.mark.parametrize("hidden", ["organization", "authentication_policies"])
def test_granted_only_writes_nothing_over_what_was_not_seen(hidden: str) -> None:
    made = plan("basic_auth: granted-only", replace(with_default(None), **{hidden: HIDDEN}))  # type: ignore[arg-type]
    assert made.changes == ()
    assert "unknown" in {stop.guard for stop in made.stops}


def test_the_tenant_switch_is_closed_from_open_and_left_where_it_is_closed() -> None:
    (change,) = plan(
        "smtp_auth: per-mailbox", tenant(transport=Transport(smtp_auth_disabled=False))
    ).changes
    assert change.target.family is Family.TRANSPORT
    assert change.before == {"SmtpClientAuthenticationDisabled": False}
    assert change.after == {"SmtpClientAuthenticationDisabled": True}
    assert (change.phase, change.because) == (Phase.TENANT_SWITCH, ("smtp_auth",))
    shut = tenant(transport=Transport(smtp_auth_disabled=True))
    assert plan("smtp_auth: per-mailbox", shut).changes == ()


@pytest.mark.parametrize(
    ("wish", "there", "phase"),
    [("off", True, Phase.CLOSE), ("on", False, Phase.EXPLICIT), ("off", False, None)],
)
def test_legacy_tls_is_closed_early_and_opened_later(
    wish: str, there: bool, phase: Phase | None
) -> None:
    seen = tenant(transport=Transport(smtp_auth_disabled=True, legacy_tls=there))
    changes = plan(f"legacy_tls: {wish}", seen).changes
    assert [(c.before, c.after) for c in changes] == (
        []
        if phase is None
        else [({"AllowLegacyTLSClients": there}, {"AllowLegacyTLSClients": wish == "on"})]
    )
    assert [c.phase for c in changes][:1] == ([] if phase is None else [phase])
    assert {c.because for c in changes} <= {("legacy_tls",)}


@pytest.mark.parametrize("posture", ["smtp_auth: per-mailbox", "legacy_tls: off"])
def test_a_transport_that_was_not_seen_is_not_written(posture: str) -> None:
    made = plan(posture, tenant(transport=HIDDEN))
    assert made.changes == ()
    assert "unknown" in {stop.guard for stop in made.stops}


def test_new_mailboxes_begin_as_wished_in_every_plan() -> None:
    plans = (
        MailboxPlan(guid="p1", name="One", imap=True, pop=False),
        MailboxPlan(guid="p2", name="Two", imap=False, pop=False),
    )
    made = plan("new_mailboxes: {imap: off, pop: on}", tenant(mailbox_plans=plans))
    told = [(c.target.key, c.before, c.after, c.phase, c.because) for c in made.changes]
    why = ("new_mailboxes",)
    on, off = {"ImapEnabled": True}, {"PopEnabled": False}
    assert told == [
        ("p1", on, {"ImapEnabled": False}, Phase.CLOSE, why),
        ("p1", off, {"PopEnabled": True}, Phase.EXPLICIT, why),
        ("p2", off, {"PopEnabled": True}, Phase.EXPLICIT, why),
    ]


def test_security_defaults_wanted_on_are_a_closing_where_no_policy_is_enforced() -> None:
    seen = tenant(security_defaults=False, conditional_access=())
    (change,) = plan("security_defaults: on", seen).changes
    assert change.target.family is Family.SECURITY_DEFAULTS
    assert (change.before, change.after) == ({"isEnabled": False}, {"isEnabled": True})
    assert (change.phase, change.because) == (Phase.CLOSE, ("security_defaults",))


def test_security_defaults_do_not_go_on_unseen_or_over_an_enforced_policy() -> None:
    posture = f"security_defaults: on, conditional_access: {{baseline: unmanaged, {GLASS}}}"
    hidden = tenant(security_defaults=False, conditional_access=HIDDEN)
    for seen in (hidden, staged(PolicyState.ENABLED)):
        made = plan(posture, seen)
        assert made.changes == ()
        assert "unknown" in {stop.guard for stop in made.stops}


BASELINE = f"conditional_access: {{baseline: enforced, {GLASS}}}"


def staged(state: PolicyState = PolicyState.REPORT_ONLY, days: int = 30) -> Snapshot:
    """Security defaults off, and our four policies there for so many days."""
    bare = tenant(security_defaults=False, conditional_access=())
    made = simulate(bare, plan(BASELINE, bare).changes)
    assert isinstance(made.conditional_access, tuple)
    created = NOW - timedelta(days=days)
    policies = tuple(replace(one, state=state, created=created) for one in made.conditional_access)
    assert len(policies) == 4
    return replace(made, conditional_access=policies)


@pytest.mark.parametrize(
    ("days", "count"), [(6, 0), (7, 4), (30, 4)], ids=["too fresh", "to the day", "long ago"]
)
def test_the_baseline_is_enforced_after_a_week_of_watching(days: int, count: int) -> None:
    made = plan(BASELINE, staged(days=days))
    assert [(c.before, c.after, c.phase, c.risk) for c in made.changes] == [
        (
            {"state": "enabledForReportingButNotEnforced"},
            {"state": "enabled"},
            Phase.ENFORCE,
            "high",
        )
    ] * count
    assert any("report-only first" in note for note in made.notes) == (count == 0)


def test_an_enforced_baseline_is_left_alone() -> None:
    assert plan(BASELINE, staged(PolicyState.ENABLED)).changes == ()


def test_a_policy_of_ours_that_was_switched_off_is_staged_again_and_not_enforced() -> None:
    made = plan(BASELINE, staged(PolicyState.DISABLED))
    assert [(c.before, c.after, c.phase, c.risk) for c in made.changes] == [
        (
            {"state": "disabled"},
            {"state": "enabledForReportingButNotEnforced"},
            Phase.STAGE,
            "medium",
        )
    ] * 4


def test_report_only_is_never_enforced_whatever_its_age() -> None:
    assert plan(BASELINE.replace("enforced", "report-only"), staged()).changes == ()


@pytest.mark.parametrize("field", ["conditional_access", "licences"])
def test_no_baseline_is_made_over_what_was_not_seen(field: str) -> None:
    seen = replace(tenant(security_defaults=False), **{field: HIDDEN})  # type: ignore[arg-type]
    made = plan(BASELINE, seen)
    assert made.changes == ()
    assert "unknown" in {stop.guard for stop in made.stops}


def test_without_p1_there_is_no_baseline_and_the_plan_says_so() -> None:
    seen = tenant(security_defaults=False, licences=Licences(entra_p1=False))
    made = plan(BASELINE, seen)
    assert made.changes == ()
    assert any("Entra ID P1" in note for note in made.notes)


def test_while_security_defaults_go_on_the_baseline_waits() -> None:
    posture = f"security_defaults: on, {BASELINE.replace('enforced', 'report-only')}"
    made = plan(posture, tenant(security_defaults=False, conditional_access=()))
    assert [c.target.family for c in made.changes] == [Family.SECURITY_DEFAULTS]
    assert "the baseline waits: security defaults go on, and forbid enforced policies" in made.notes
    done = simulate(tenant(security_defaults=False, conditional_access=()), made.changes)
    again = plan(posture, done)
    assert {c.phase for c in again.changes} == {Phase.STAGE}, "report-only is allowed beside them"


def test_break_glass_accounts_that_were_not_seen_are_told_of() -> None:
    made = plan(BASELINE, tenant(security_defaults=False, conditional_access=(), users=HIDDEN))
    assert "users: no permission" in made.unknown
    assert {stop.guard for stop in made.stops} >= {"unknown"}


def test_a_break_glass_account_that_is_not_there_is_told_of_and_the_other_is_left_out() -> None:
    there = {one.id: one for one in (user("bg2"), user("admin"))}
    made = plan(BASELINE, tenant(security_defaults=False, conditional_access=(), users=there))
    assert made.unknown == ("break-glass account bg1@contoso.example is not in this tenant",)
    body: Any = next(c for c in made.changes if c.target.name == BLOCK_LEGACY).after
    assert body["conditions"]["users"]["excludeUsers"] == ["user-bg2"]


def test_who_names_no_break_glass_needs_no_accounts() -> None:
    made = plan("basic_auth: granted-only", replace(with_default(None), users=HIDDEN))
    assert made.unknown == ()


def test_the_baseline_stays_report_only_while_security_defaults_do_the_same() -> None:
    seen = replace(staged(), security_defaults=True)
    made = plan(BASELINE, seen)
    assert made.changes == ()
    assert any("they do the same" in note for note in made.notes)


def test_the_legacy_block_of_the_baseline_is_staged_for_everybody_but_break_glass() -> None:
    bare = tenant(security_defaults=False, conditional_access=())
    made = plan(BASELINE, bare)
    block = next(c for c in made.changes if c.target.name == BLOCK_LEGACY)
    assert (block.verb, block.before, block.target.key) == (Verb.CREATE, None, "")
    body: Any = block.after
    assert body["conditions"]["users"]["includeUsers"] == ["All"]
    assert body["conditions"]["users"]["excludeUsers"] == ["user-bg1", "user-bg2"]
    assert {c.risk for c in made.changes} == {"medium"}
    assert {c.because for c in made.changes} == {("conditional_access.baseline",)}


@pytest.mark.parametrize(
    ("wish", "there", "phase", "risk"),
    [
        ("reject", False, Phase.CLOSE, "low"),
        ("allow", True, Phase.EXPLICIT, "high"),
        ("reject", True, None, ""),
        ("unmanaged", False, None, ""),
    ],
)
def test_direct_send_is_refused_early_and_let_in_as_a_risk(
    wish: str, there: bool, phase: Phase | None, risk: str
) -> None:
    seen = tenant(organization=Organization(reject_direct_send=there))
    told = [
        (c.target.family, c.before, c.after, c.phase, c.risk, c.because)
        for c in plan(f"direct_send: {wish}", seen).changes
    ]
    before, after = {"RejectDirectSend": there}, {"RejectDirectSend": wish == "reject"}
    wanted = (Family.ORGANIZATION, before, after, phase, risk, ("direct_send",))
    assert told == ([] if phase is None else [wanted])


def test_direct_send_writes_nothing_over_an_organisation_that_was_not_seen() -> None:
    made = plan("direct_send: reject", tenant(organization=HIDDEN))
    assert made.changes == ()
    assert "unknown" in {stop.guard for stop in made.stops}


# --- in the plan's own words --------------------------------------------------------------------

LOOSE = AuthenticationPolicy(name=NO_BASIC, guid="g", allow_basic_pop=True)
OPEN_DOORS = Transport(smtp_auth_disabled=False, legacy_tls=True)
SHUT_DOORS = Transport(smtp_auth_disabled=True, legacy_tls=False)
WORDS: list[tuple[str, Snapshot, list[tuple[str, str, str]]]] = [
    (
        "basic_auth: granted-only",
        with_default(None),
        [
            (NO_BASIC, "a policy that denies basic authentication", "low"),
            (
                "organization configuration",
                "users without a policy of their own may not use basic authentication",
                "low",
            ),
        ],
    ),
    (
        "basic_auth: granted-only",
        with_default(NO_BASIC, LOOSE),
        [(NO_BASIC, "our denying policy was loosened", "low")],
    ),
    (
        "smtp_auth: per-mailbox",
        tenant(transport=OPEN_DOORS),
        [
            (
                "transport configuration",
                "mailboxes that say nothing of their own no longer send by authenticated SMTP",
                "medium",
            )
        ],
    ),
    (
        "legacy_tls: off",
        tenant(transport=OPEN_DOORS),
        [("transport configuration", "TLS 1.0 and 1.1 on the legacy hosts: off", "low")],
    ),
    (
        "legacy_tls: on",
        tenant(transport=SHUT_DOORS),
        [("transport configuration", "TLS 1.0 and 1.1 on the legacy hosts: on", "high")],
    ),
    (
        "direct_send: reject",
        tenant(organization=Organization()),
        [("organization configuration", "anonymous direct send is refused", "low")],
    ),
    (
        "direct_send: allow",
        tenant(organization=Organization(reject_direct_send=True)),
        [("organization configuration", "anonymous direct send is let in", "high")],
    ),
    (
        "new_mailboxes: {imap: off, pop: on}",
        tenant(mailbox_plans=(MailboxPlan(name="One", guid="p1", imap=True, pop=False),)),
        [
            ("One", "new mailboxes begin with ImapEnabled off", "low"),
            ("One", "new mailboxes begin with PopEnabled on", "low"),
        ],
    ),
]


@pytest.mark.parametrize(("posture", "seen", "wanted"), WORDS)
def test_each_change_names_its_object_its_reason_and_its_risk(
    posture: str, seen: Snapshot, wanted: list[tuple[str, str, str]]
) -> None:
    assert [(c.target.name, c.reason, c.risk) for c in plan(posture, seen).changes] == wanted


MISSED = [
    ("smtp_auth: per-mailbox", "transport", "transport configuration"),
    ("legacy_tls: on", "transport", "transport configuration"),
    ("direct_send: reject", "organization", "organization configuration"),
    ("basic_auth: granted-only", "organization", "organization configuration"),
    ("basic_auth: granted-only", "authentication_policies", "authentication policies"),
    ("new_mailboxes: {imap: off}", "mailbox_plans", "mailbox plans"),
    (BASELINE, "conditional_access", "Conditional Access policies"),
]


@pytest.mark.parametrize(("posture", "field", "called"), MISSED)
def test_what_was_not_seen_is_called_by_its_name(posture: str, field: str, called: str) -> None:
    hidden: dict[str, Any] = {field: HIDDEN}
    made = plan(posture, replace(tenant(security_defaults=False), **hidden))
    assert made.unknown == (f"{called}: no permission",)


@pytest.mark.parametrize(
    ("posture", "field"),
    [
        ("smtp_auth: unmanaged, legacy_tls: unmanaged", "transport"),
        ("direct_send: unmanaged", "organization"),
        ("basic_auth: unmanaged", "authentication_policies"),
        ("new_mailboxes: {imap: unmanaged}", "mailbox_plans"),
        (BASELINE.replace("enforced", "unmanaged"), "conditional_access"),
    ],
)
def test_what_is_unmanaged_is_not_missed(posture: str, field: str) -> None:
    hidden: dict[str, Any] = {field: HIDDEN}
    assert plan(posture, replace(tenant(security_defaults=False), **hidden)).unknown == ()
