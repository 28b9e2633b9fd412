"""Plans as sentences: what was asked, and what will be done in which order."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from given import APP, DOMAIN, NOW, PRINCIPAL, address, guid, mailbox, tenant, user

from portineria.fault import OperatorFault
from portineria.policy.change import Change, Family, Phase
from portineria.policy.conditionalbody import (
    BLOCK_LEGACY,
    block_legacy,
    block_legacy_outside,
    from_graph,
    mfa_for_all,
    mfa_for_azure,
    mfa_for_roles,
)
from portineria.policy.exceptions import LOCATION
from portineria.policy.plan import Plan
from portineria.policy.planjson import from_json, to_json
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.show.plan import plan_text
from portineria.tenant.access import (
    AuthenticationPolicy,
    ConditionalAccessPolicy,
    NamedLocation,
    Organization,
    PolicyState,
    Transport,
)
from portineria.tenant.mailbox import RecipientKind, SmtpSwitch
from portineria.tenant.people import Licences
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

NAMES = tuple(f"box{n}" for n in range(10))
HEAD = f"tenant: {DOMAIN}\n"
OAUTH = """
grants:
  - {name: erp, who: {mailboxes: [erp@contoso.example]}, allow: [smtp, imap], through: oauth-app}
"""
BASIC = """
grants:
  - {name: scanner, who: {mailboxes: [scan@contoso.example]}, allow: [smtp], through: basic,
     from: [203.0.113.0/28], owner: it@contoso.example, reason: knows no OAuth}
"""
WINDOW = """
posture:
  security_defaults: off-if-needed
  basic_auth: granted-only
  smtp_auth: per-mailbox
  conditional_access:
    baseline: enforced
    break_glass: [bg1@contoso.example, bg2@contoso.example]
"""


def plan(text: str, snapshot: Snapshot | None = None, **options: object) -> Plan:
    desired = parse(HEAD + text, read_csv=None)
    seen = tenant() if snapshot is None else snapshot
    return make_plan(seen, desired, NOW, mail_app=APP, **options)  # type: ignore[arg-type]


def told(change: Change) -> tuple[str, str, str]:
    return change.phase.name, change.target.family.value, change.target.name


def steps(made: Plan) -> list[tuple[str, str, str]]:
    return [told(change) for change in made.changes]


def standing_guards(made: Plan) -> set[str]:
    return {stop.guard for stop in made.stops if stop.word not in made.accepted}


def ours(body: dict[str, object], state: PolicyState, **changes: object) -> ConditionalAccessPolicy:
    policy = from_graph({**body, "id": f"id of {body['displayName']}"})
    return replace(policy, state=state, created=NOW - timedelta(days=30), **changes)  # type: ignore[arg-type]


def test_a_policy_that_asks_nothing_changes_nothing() -> None:
    assert plan("").changes == ()


def test_an_oauth_grant_opens_its_switches_and_leaves_security_defaults_on() -> None:
    made = plan(OAUTH)
    assert steps(made) == [("EXPLICIT", "mailbox", address("erp"))]
    assert made.changes[0].after == {"SmtpClientAuthenticationDisabled": False}
    assert any("security defaults stay on" in note for note in made.notes)
    assert standing_guards(made) == set()


def test_the_basic_twin_of_an_oauth_door_stays_refused_by_a_named_layer() -> None:
    twin = next(c for c in plan(OAUTH).cells if c.caller == "basic" and c.protocol == "smtp")
    assert (twin.promised, twin.after, twin.layer) == ("refused", "no", "security defaults")


def test_without_security_defaults_the_twin_is_shut_by_an_authentication_policy_first() -> None:
    made = plan(OAUTH, tenant(security_defaults=False))
    assert [phase for phase, _, _ in steps(made)] == ["CLOSE", "CLOSE", "EXPLICIT"]
    assert steps(made)[1] == ("CLOSE", "user", address("erp"))
    twin = next(c for c in made.cells if c.caller == "basic" and c.protocol == "smtp")
    assert (twin.after, twin.layer) == ("no", "authentication policy")


def test_a_twin_let_in_by_somebody_elses_policy_stops_the_plan() -> None:
    foreign = AuthenticationPolicy(name="Legacy", guid="g", allow_basic_smtp=True)
    boxes = (mailbox("erp", authentication_policy="Legacy"),)
    snapshot = tenant(security_defaults=False, mailboxes=boxes, authentication_policies=(foreign,))
    made = plan(OAUTH, snapshot)
    assert "basic-twin" in standing_guards(made)
    assert not any(change.target.family is Family.USER for change in made.changes)


def test_a_twin_is_not_shut_where_the_authentication_policies_were_not_seen() -> None:
    made = plan(OAUTH, tenant(security_defaults=False, authentication_policies=Unseen("no right")))
    assert [family for _, family, _ in steps(made)] == ["mailbox"]
    assert "authentication policies: no right" in made.unknown
    assert {"unknown"} <= standing_guards(made)


def test_an_account_that_exchange_does_not_name_is_never_written_to_and_stops_the_plan() -> None:
    """Neither to shut the twin of an OAuth door, nor to take back what a grant had opened."""
    unknown = f"account of {address('erp')}: Exchange names no directory account for it"
    twin = tenant(security_defaults=False, mailboxes=(mailbox("erp", entra_id=None),))
    ours = "Portineria: basic SMTP only"
    left = tenant(
        mailboxes=(mailbox("erp", entra_id=None, authentication_policy=ours),),
        authentication_policies=(AuthenticationPolicy(name=ours, guid="g", allow_basic_smtp=True),),
    )
    for text, snapshot in ((OAUTH, twin), ("", left)):
        made = plan(text, snapshot)
        assert unknown in made.unknown
        assert "unknown" in standing_guards(made)
        assert not {"user", "authentication-policy"} & {family for _, family, _ in steps(made)}


def test_switches_that_were_not_seen_are_not_opened_and_those_of_others_are() -> None:
    boxes = (mailbox("erp", imap=Unseen("not shown")), mailbox("ada"))
    text = OAUTH.replace("[erp@", "[ada@contoso.example, erp@")
    made = plan(text, tenant(mailboxes=boxes))
    assert steps(made) == [("EXPLICIT", "mailbox", address("ada"))]
    assert made.unknown == (f"switches of {address('erp')}: not shown",)


def test_a_basic_grant_asks_for_the_window_names_itself_and_shows_the_gateway() -> None:
    made = plan(WINDOW + BASIC)
    off = [c for c in made.changes if c.target.family is Family.SECURITY_DEFAULTS]
    assert [(c.phase, c.before, c.after, c.because) for c in off] == [
        (Phase.WINDOW, {"isEnabled": True}, {"isEnabled": False}, ("scanner",))
    ]
    note = next(note for note in made.notes if "because of" in note)
    assert "scanner" in note
    assert "through: gateway" in note
    assert standing_guards(made) == set()


def test_the_window_lies_between_staging_and_enforcing_and_the_exception_comes_last() -> None:
    made = plan(WINDOW + BASIC)
    phases = [change.phase for change in made.changes]
    assert phases == sorted(phases)
    assert [told(c)[2] for c in made.changes if c.phase is Phase.ENFORCE] == [
        "Portineria: block legacy authentication",
        "Portineria: MFA for administrators",
        "Portineria: MFA for everybody",
        "Portineria: MFA for Azure management",
    ]
    exception = [told(c)[1:] for c in made.changes if c.phase is Phase.EXCEPTION]
    assert exception == [
        ("conditional-access", "Portineria: block legacy authentication from elsewhere: scanner"),
        ("conditional-access", BLOCK_LEGACY),
        ("authentication-policy", "Portineria: basic SMTP only"),
        ("user", address("scan")),
        ("mailbox", address("scan")),
    ]


def test_what_is_made_in_the_plan_is_named_by_the_change_that_makes_it() -> None:
    made = plan(WINDOW + BASIC)
    by_id = {change.id: change for change in made.changes}
    enforced = next(c for c in made.changes if c.phase is Phase.ENFORCE)
    number = int(enforced.target.key.removeprefix("change:").removesuffix(".id"))
    assert by_id[number].target.name == enforced.target.name
    assert by_id[number].phase is Phase.STAGE


def test_the_granted_scanner_gets_in_from_its_network_only() -> None:
    cells = [c for c in plan(WINDOW + BASIC).cells if c.caller == "basic"]
    assert [(c.place, c.promised, c.before, c.after) for c in cells] == [
        ("203.0.113.1", "open", "no", "yes"),
        ("192.0.2.1", "refused", "no", "no"),
    ]
    assert cells[1].layer == "Conditional Access"


def test_break_glass_is_left_out_of_every_policy_we_make_by_object_id() -> None:
    made = plan(WINDOW + BASIC)
    for change in made.changes:
        is_new = change.target.family is Family.CONDITIONAL_ACCESS and change.before is None
        if is_new and "elsewhere" not in change.target.name:
            assert change.after is not None
            excluded = change.after["conditions"]["users"]["excludeUsers"]
            assert excluded == ["user-bg1", "user-bg2"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BASIC, "security defaults stay on"),
        (WINDOW.replace("off-if-needed", "on") + BASIC, "security defaults are wanted on"),
        ("posture: {security_defaults: off-if-needed}\n" + BASIC, "only behind enforced"),
    ],
)
def test_a_basic_grant_is_refused_where_security_defaults_must_stay(text: str, why: str) -> None:
    made = plan(text)
    assert not [c for c in made.changes if c.phase > Phase.STAGE or c.phase is Phase.EXPLICIT]
    assert [why in refusal.why for refusal in made.refusals] == [True]
    assert "gateway" in made.refusals[0].instead


def test_without_p1_the_plan_lists_what_is_lost_and_waits_for_written_words() -> None:
    snapshot = tenant(licences=Licences(entra_p1=False))
    made = plan(WINDOW + BASIC, snapshot)
    assert standing_guards(made) == {"exposure"}
    assert any("MFA for administrators" in loss for loss in made.lost)
    assert any("networks" in loss for loss in made.lost)
    accepted = plan(WINDOW + BASIC + "\naccept_exposure: no licence, one old scanner\n", snapshot)
    assert standing_guards(accepted) == set()


def test_a_tenant_that_protects_itself_is_judged_by_effect_and_never_edited() -> None:
    foreign = tuple(
        replace(ours(body, PolicyState.ENABLED), id=f"f{n}", name=f"Contoso {n}")
        for n, body in enumerate(
            (block_legacy(()), mfa_for_roles(()), mfa_for_all(()), mfa_for_azure(()))
        )
    )
    snapshot = tenant(security_defaults=False, conditional_access=foreign)
    made = plan(WINDOW + OAUTH, snapshot)
    assert not [c for c in made.changes if c.target.family is Family.CONDITIONAL_ACCESS]
    assert not [c for c in made.changes if c.target.family is Family.SECURITY_DEFAULTS]
    assert any("«Contoso 0»" in note for note in made.notes)


def test_a_foreign_block_in_the_way_of_a_basic_grant_is_named_by_a_guard() -> None:
    block = replace(ours(block_legacy(()), PolicyState.ENABLED), id="f", name="Contoso block")
    snapshot = tenant(security_defaults=False, conditional_access=(block,))
    made = plan(WINDOW + BASIC, snapshot)
    assert "foreign-policy" in standing_guards(made)


def test_with_security_defaults_off_staging_and_enforcing_are_two_plans() -> None:
    text = WINDOW.replace("off-if-needed", "keep")
    first = plan(text, tenant(security_defaults=False))
    assert {c.phase for c in first.changes if c.target.family is Family.CONDITIONAL_ACCESS} == {
        Phase.STAGE
    }
    glass = ("user-bg1", "user-bg2")
    bodies = (block_legacy(glass), mfa_for_roles(glass), mfa_for_all(glass), mfa_for_azure(glass))
    staged = tuple(ours(body, PolicyState.REPORT_ONLY) for body in bodies)
    second = plan(text, tenant(security_defaults=False, conditional_access=staged))
    enforced = [c for c in second.changes if c.phase is Phase.ENFORCE]
    assert [c.after for c in enforced] == [{"state": "enabled"}] * 4
    fresh = tuple(replace(policy, created=NOW - timedelta(days=2)) for policy in staged)
    assert not [
        c
        for c in plan(text, tenant(security_defaults=False, conditional_access=fresh)).changes
        if c.phase is Phase.ENFORCE
    ]


@pytest.mark.parametrize(
    ("grant", "box", "why"),
    [
        ("allow: [imap], through: basic, from: [203.0.113.0/28]", mailbox("x"), "January 2023"),
        (
            "allow: [smtp], through: basic, from: [203.0.113.0/28]",
            mailbox("x", kind=RecipientKind.SHARED),
            "no sign-in",
        ),
        ("allow: [imap], through: oauth-app", mailbox("x", kind=RecipientKind.GUEST), "guest"),
        (
            "allow: [smtp], through: oauth-app",
            mailbox("x", kind=RecipientKind.ON_PREMISES),
            "on-premises mailbox",
        ),
        (
            "allow: [smtp], through: oauth-app",
            mailbox("x", kind=RecipientKind.HVE),
            "High Volume",
        ),
    ],
)
def test_a_grant_that_cannot_be_is_refused_with_the_nearest_thing(
    grant: str, box: object, why: str
) -> None:
    who = "who: {mailboxes: [x@contoso.example]}, owner: it@contoso.example, reason: r"
    text = f"grants: [{{name: g, {who}, {grant}}}]"
    snapshot = tenant(mailboxes=(box,), people=(user("x"),))  # type: ignore[arg-type]
    made = plan(text, snapshot)
    assert made.changes == ()
    assert why in made.refusals[0].why
    assert made.refusals[0].instead


def test_basic_for_an_administrator_is_refused() -> None:
    snapshot = tenant(mailboxes=(mailbox("admin"),))
    made = plan(WINDOW + BASIC.replace("scan@", "admin@"), snapshot)
    assert "administrator role" in made.refusals[0].why


def test_a_grant_that_ended_closes_its_doors() -> None:
    text = OAUTH.replace("through:", "until: 2026-01-31, through:")
    opened = mailbox("erp", smtp=SmtpSwitch.ON)
    made = plan(text, tenant(mailboxes=(opened,)))
    assert [(told(c), c.after) for c in made.changes] == [
        (
            ("CLOSE", "mailbox", address("erp")),
            {"ImapEnabled": False, "SmtpClientAuthenticationDisabled": None},
        )
    ]
    assert any("ended on 2026-01-31" in note for note in made.notes)


def test_deny_beats_every_other_grant() -> None:
    text = (
        OAUTH + "  - {name: leaver, who: {mailboxes: [erp@contoso.example]}, deny: [smtp, imap]}\n"
    )
    made = plan(text)
    assert {c.phase for c in made.changes} == {Phase.CLOSE}
    assert made.changes[0].after == {
        "ImapEnabled": False,
        "SmtpClientAuthenticationDisabled": True,
    }


def test_everyone_else_is_closed_and_the_granted_are_not() -> None:
    text = "everyone_else: {imap: off, pop: off, smtp: off}\n" + OAUTH
    made = plan(text, accepted=("blast-radius",))
    closed = {c.target.name: c.after for c in made.changes if c.phase is Phase.CLOSE}
    assert closed[address("ada")] == {"ImapEnabled": False, "PopEnabled": False}
    assert closed[address("erp")] == {"PopEnabled": False}


def test_the_tenant_switch_closes_after_the_granted_are_explicit() -> None:
    snapshot = tenant(transport=Transport(smtp_auth_disabled=False))
    made = plan("posture: {smtp_auth: per-mailbox}\n" + OAUTH, snapshot)
    assert [(c.phase, c.target.family) for c in made.changes] == [
        (Phase.EXPLICIT, Family.MAILBOX),
        (Phase.TENANT_SWITCH, Family.TRANSPORT),
    ]


def test_a_foreign_default_policy_that_lets_basic_in_is_told_and_stops() -> None:
    foreign = AuthenticationPolicy(name="Legacy", guid="g", allow_basic_smtp=True)
    snapshot = tenant(
        authentication_policies=(foreign,),
        organization=Organization(default_authentication_policy="Legacy"),
    )
    made = plan("posture: {basic_auth: granted-only}", snapshot)
    assert made.changes == ()
    assert standing_guards(made) == {"unknown"}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("transport", "posture: {smtp_auth: per-mailbox}"),
        ("organization", "posture: {basic_auth: granted-only}"),
        ("mailbox_plans", "posture: {new_mailboxes: {imap: off, pop: off}}"),
        ("mailboxes", OAUTH),
        ("security_defaults", WINDOW + BASIC),
        ("licences", WINDOW + BASIC),
        ("conditional_access", WINDOW + BASIC),
    ],
)
def test_what_could_not_be_seen_is_never_taken_for_off(field: str, text: str) -> None:
    made = plan(text, tenant(**{field: Unseen("no permission")}))
    assert "unknown" in standing_guards(made)
    assert any("no permission" in line for line in made.unknown)


def test_a_plan_survives_its_file_and_keeps_its_digest() -> None:
    made = plan(WINDOW + BASIC)
    again = from_json(json.loads(json.dumps(to_json(made))))
    assert again == made
    assert again.digest == made.digest


def test_the_digest_tells_plans_apart_but_not_their_times() -> None:
    made = plan(WINDOW + BASIC)
    assert replace(made, made_at=NOW + timedelta(hours=1)).digest == made.digest
    assert replace(made, changes=made.changes[1:]).digest != made.digest


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ({"schema": "portineria/plan@0"}, "made by an older version"),
        ({"schema": "portineria/plan@2"}, "made by a newer version"),
        ({"schema": "portineria/snapshot@1"}, "this is not a plan"),
        ({"schema": None}, "this is not a plan"),
        ({"made_at": "2026-11-23T12:00:00"}, "names no time zone"),
        ({"tenant_id": "\ud800"}, "damaged"),
        ({"changes": [{}]}, "damaged"),
        ({"made_at": 7}, "damaged"),
    ],
)
def test_a_plan_from_another_version_or_damaged_is_refused(damage: dict, why: str) -> None:
    document = {**to_json(plan(OAUTH)), **damage}
    with pytest.raises(OperatorFault, match=why):
        from_json(document)


def test_the_text_of_a_plan_shows_order_reason_promise_and_digest() -> None:
    made = plan(WINDOW + BASIC)
    text = plan_text(made)
    assert made.digest in text
    assert text.index("close first") < text.index("the window") < text.index("own exception")
    assert "isEnabled: true -> false" in text
    assert "refused by Conditional Access" in text


def test_the_principal_of_the_mail_app_is_not_mistaken_for_its_client_id() -> None:
    cell = next(
        c for c in plan(OAUTH).cells if c.caller.startswith("app:") and c.protocol == "imap"
    )
    assert cell.caller == f"app:{APP}"
    assert PRINCIPAL not in cell.caller
    assert (cell.mailbox, cell.promised, cell.after) == (guid("erp"), "open", "yes")


def test_a_mailbox_and_its_account_count_once_for_the_blast_radius() -> None:
    text = OAUTH.replace("[erp@contoso.example]", f"[{', '.join(address(n) for n in NAMES)}]")
    boxes = tuple(mailbox(name) for name in NAMES)
    people = tuple(user(name) for name in (*NAMES, "bg1", "bg2", "admin"))
    made = plan(text, tenant(security_defaults=False, mailboxes=boxes, people=people))
    assert len({c.target.key for c in made.changes if c.target.family is Family.USER}) == 10
    assert "blast-radius" not in standing_guards(made)


@pytest.mark.parametrize(("seen", "wanted"), [(None, True), (True, True), (False, False)])
def test_legacy_tls_that_the_tenant_does_not_say_is_not_taken_for_off(
    seen: bool | None, wanted: bool
) -> None:
    snapshot = tenant(transport=Transport(smtp_auth_disabled=True, legacy_tls=seen))
    made = plan("posture: {legacy_tls: off}", snapshot)
    assert [c.after for c in made.changes] == [{"AllowLegacyTLSClients": False}] * wanted


def test_from_2027_no_window_opens_for_a_password_that_may_be_refused_anyway() -> None:
    desired = parse(HEAD + WINDOW + BASIC, read_csv=None)
    later = NOW.replace(year=2027)
    made = make_plan(replace(tenant(), taken_at=later), desired, later, mail_app=APP)
    assert standing_guards(made) == {"unknown"}
    settled = replace(tenant(settled={"basic-smtp-after-2026": "open"}), taken_at=later)
    assert standing_guards(make_plan(settled, desired, later, mail_app=APP)) == set()


def standing_block(*excluded: str) -> ConditionalAccessPolicy:
    return ours(block_legacy(excluded), PolicyState.ENABLED)


def scanner_companion() -> ConditionalAccessPolicy:
    body = block_legacy_outside(["user-scan"], "loc", "scanner", PolicyState.ENABLED)
    return ours(body, PolicyState.ENABLED)


def test_break_glass_stays_left_out_where_a_later_policy_file_does_not_name_it() -> None:
    glass = ("user-bg1", "user-bg2")
    policies = (standing_block(*glass, "user-scan"), scanner_companion())
    snapshot = tenant(security_defaults=False, conditional_access=policies)
    made = plan("posture: {direct_send: reject}", snapshot)
    after = [c.after for c in made.changes if c.target.name == BLOCK_LEGACY]
    assert [f["conditions"]["users"]["excludeUsers"] for f in after if f] == [list(glass)]


@pytest.mark.parametrize(
    ("before", "closing", "final"),
    [
        (["203.0.113.0/28"], [], []),
        (["203.0.113.0/27"], ["203.0.113.0/28"], []),
        (["203.0.113.0/29"], [], ["203.0.113.0/28"]),
        (["203.0.113.0/28", "198.51.100.0/24"], ["203.0.113.0/28"], []),
        (["198.51.100.0/24"], [], ["203.0.113.0/28"]),
        (["2001:db8::/64"], [], ["203.0.113.0/28"]),
    ],
)
def test_a_network_that_shrinks_closes_first_and_one_that_grows_opens_last(
    before: list[str], closing: list[str], final: list[str]
) -> None:
    networks = tuple(ip_network(text) for text in before)
    location = NamedLocation(id="loc", name=f"{LOCATION}scanner", networks=networks)
    glass = ("user-bg1", "user-bg2")
    policies = (standing_block(*glass, "user-scan"), scanner_companion())
    snapshot = tenant(
        security_defaults=False, conditional_access=policies, named_locations=(location,)
    )
    made = plan(WINDOW + BASIC, snapshot)
    told_ranges = {
        c.phase: [one["cidrAddress"] for one in (c.after or {})["ipRanges"]]
        for c in made.changes
        if c.target.family is Family.NAMED_LOCATION
    }
    assert told_ranges.get(Phase.CLOSE, []) == closing
    assert told_ranges.get(Phase.EXCEPTION, []) == final


def test_licences_that_were_not_seen_are_not_taken_for_none() -> None:
    made = plan(BASIC, tenant(security_defaults=False, licences=Unseen("no permission")))
    assert made.lost == ()
    assert made.unknown == ("licences: no permission",)
    assert "unknown" in standing_guards(made)


@pytest.mark.parametrize("field", ["conditional_access", "licences", "security_defaults"])
def test_no_overruled_guard_opens_a_window_that_nothing_can_be_put_behind(field: str) -> None:
    snapshot = tenant(**{field: Unseen("no permission")})
    made = plan(WINDOW + BASIC, snapshot, accepted=("unknown", "basic-twin"))
    assert not [c for c in made.changes if c.target.family is Family.SECURITY_DEFAULTS]
    assert not made.window
