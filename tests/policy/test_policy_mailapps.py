"""Applications of our own: made for the grants, kept with them, taken away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from given import APP, NOW, address, guid, mailbox, tenant
from ownapp import (
    GROUP,
    IMAP,
    MAIL,
    MAIL_PRINCIPAL,
    POP,
    PRINTS,
    ROLE,
    SEND,
    SEND_PRINCIPAL,
    SMTP,
    grant,
    made,
    own,
    policy,
    stops,
    told,
    world,
)

from portineria.policy.appplan import made_apps, remove_plan
from portineria.policy.change import Family, Phase, Target
from portineria.policy.desired import EverybodyElse, Through, Wish
from portineria.policy.mailapps import Named
from portineria.policy.plan import Plan
from portineria.policy.planjson import from_json, to_json
from portineria.policy.planner import make_plan
from portineria.policy.simulate import simulate
from portineria.tenant.apps import AppKind, MailboxRight, RoleAssignment, ScopeGroup, group_name
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen

HIDDEN = Unseen("no permission")
BOTH = (own(AppKind.MAIL), own(AppKind.SMTP))


def senders(*names: str) -> ScopeGroup:
    tags = own(AppKind.SMTP).tags
    return ScopeGroup(id=GROUP, name=group_name(tags), members=frozenset(map(guid, names)))


def kept(snapshot: Snapshot, *grants: object, named: Named | None = None) -> Plan:
    """What a plan that is not about applications does with them."""
    named = named or Named(mail=MAIL, smtp=SEND)
    desired = policy(*grants)  # type: ignore[arg-type]
    return make_plan(snapshot, desired, NOW, mail_app=named.mail, smtp_app=named.smtp)


def of_apps(plan: Plan) -> list[str]:
    """The changes that are not of switches and policies."""
    others = (" mailbox ", " user ", " authentication-policy ", " transport")
    return [line for line in told(plan) if not any(other in f"{line} " for other in others)]


def test_from_nothing_only_what_the_grants_name_is_made_and_rights_come_last() -> None:
    plan = made(world(), grant("erp", IMAP, SMTP), grant("scan", IMAP, through=Through.GATEWAY))
    assert told(plan) == [
        "+ application",
        "~ application change:1.id",
        "+ service-principal",
        "+ app-role-assignment change:3.id/IMAP.AccessAsApp",
        "+ exchange-service-principal change:3.id",
        "+ application",
        "~ application change:6.id",
        "+ service-principal",
        "+ exchange-service-principal change:8.id",
        "+ distribution-group",
        "+ management-role-assignment change:8.id/Portineria: SMTP senders cdcdcdcdcdcd",
        "+ mailbox-permission guid-erp/change:3.id",
        "+ mailbox-permission guid-scan/change:3.id",
        "+ distribution-group-member change:10.id/guid-erp",
    ]
    phases = [change.phase for change in plan.changes]
    assert phases == [Phase.STAGE] * 11 + [Phase.EXCEPTION] * 3
    assert plan.stops == ()
    assert {kind: change.id for kind, change in made_apps(plan.changes).items()} == {
        AppKind.MAIL: 1,
        AppKind.SMTP: 6,
    }


def test_no_key_is_in_the_plan_and_it_survives_its_json() -> None:
    plan = made(world(), grant("erp", IMAP))
    assert plan.changes[1].after == {"keyCredentials": [PRINTS[AppKind.MAIL]]}
    assert from_json(to_json(plan)) == plan
    assert from_json(to_json(plan)).digest == plan.digest


def test_what_becomes_possible_is_promised_for_the_application_that_the_plan_makes() -> None:
    plan = made(world(), grant("erp", IMAP, SMTP))
    assert [
        (c.address, c.protocol, c.caller, c.before, c.promised, c.after) for c in plan.cells
    ] == [
        (address("erp"), IMAP, "app:change:1.id", "no", "open", "yes"),
        (address("erp"), SMTP, "app:change:6.id", "no", "open", "yes"),
    ]
    assert plan.exposure[-1].endswith(
        f"may open 1 mailbox(es) whole, by FullAccess: {address('erp')}"
    )


def test_what_another_layer_keeps_shut_is_told_and_not_promised() -> None:
    shut = mailbox("erp", imap=False)
    plan = made(world(mailboxes=(shut,)), grant("erp", IMAP))
    assert plan.cells == ()
    assert any("stays refused by" in note and "portineria plan" in note for note in plan.notes)


def test_only_the_protocols_that_are_granted_get_a_permission() -> None:
    plan = made(world(), grant("erp", POP))
    assert [line for line in told(plan) if "app-role" in line] == [
        "+ app-role-assignment change:3.id/POP.AccessAsApp"
    ]


def test_a_grant_that_ended_is_denied_or_goes_another_way_needs_no_application() -> None:
    ended = grant("erp", IMAP, until=NOW.date().replace(year=2025))
    person = grant("ada", IMAP, through=Through.OAUTH_USER)
    denied = replace(grant("scan", IMAP), allow=frozenset(), deny=frozenset({IMAP}))
    plan = made(world(), ended, person, denied, grant("scan", IMAP))
    assert plan.changes == ()
    assert plan.notes == (
        "no grant goes through oauth-app or gateway, so no application is needed",
    )


def test_made_once_there_is_nothing_more_to_do() -> None:
    snapshot = world(own(AppKind.MAIL), own(AppKind.SMTP, group=senders("erp")), full=("erp",))
    assert told(made(snapshot, grant("erp", IMAP, SMTP))) == []


def test_planned_and_simulated_there_is_nothing_more_to_do() -> None:
    grants = (grant("erp", IMAP, SMTP), grant("scan", IMAP))
    once = simulate(world(), made(world(), *grants).changes)
    assert told(made(once, *grants)) == []


def test_when_grants_change_rights_are_closed_first_and_opened_last() -> None:
    snapshot = world(own(AppKind.MAIL), own(AppKind.SMTP, group=senders("erp")), full=("erp",))
    for plan in (
        kept(snapshot, grant("scan", IMAP, SMTP)),
        made(snapshot, grant("scan", IMAP, SMTP)),
    ):
        assert of_apps(plan) == [
            f"- mailbox-permission guid-erp/{MAIL_PRINCIPAL}",
            f"- distribution-group-member {GROUP}/guid-erp",
            f"+ mailbox-permission guid-scan/{MAIL_PRINCIPAL}",
            f"+ distribution-group-member {GROUP}/guid-scan",
        ]
        refused = {(c.address, c.protocol, c.after) for c in plan.cells if c.promised == "refused"}
        assert {(address("erp"), IMAP, "no"), (address("erp"), SMTP, "no")} <= refused
        assert "beyond-grants" not in stops(plan)


def test_no_grant_at_all_takes_every_right_and_says_how_the_application_goes() -> None:
    snapshot = world(own(AppKind.MAIL), own(AppKind.SMTP, group=senders("erp")), full=("erp",))
    assert of_apps(kept(snapshot)) == [
        f"- mailbox-permission guid-erp/{MAIL_PRINCIPAL}",
        f"- distribution-group-member {GROUP}/guid-erp",
    ]
    plan = made(snapshot)
    assert told(plan)[:3] == [
        f"- mailbox-permission guid-erp/{MAIL_PRINCIPAL}",
        f"- app-role-assignment {MAIL_PRINCIPAL}/IMAP.AccessAsApp",
        f"- distribution-group-member {GROUP}/guid-erp",
    ]
    assert sum("app remove takes it away" in note for note in plan.notes) == 2


def test_what_others_hold_is_never_touched() -> None:
    snapshot = world(own(AppKind.MAIL))
    foreign = tenant().apps[APP]  # type: ignore[index]
    both = replace(
        snapshot,
        apps={**snapshot.apps, APP: foreign},  # type: ignore[dict-item]
        rights={**snapshot.rights, (APP, guid("scan")): MailboxRight(full_access=True)},
    )
    assert all(APP not in line and "principal-2" not in line for line in told(made(both)))
    assert of_apps(kept(both)) == []


def test_another_application_in_a_grant_or_in_the_profile_is_left_to_its_owner() -> None:
    snapshot = world()
    assert made(snapshot, grant("erp", IMAP, app=APP)).changes == ()
    elsewhere = Named(mail=APP)
    assert made(snapshot, grant("erp", IMAP, SMTP), named=elsewhere).changes == ()
    # A mail app that is not ours does SMTP as well; one that is ours has a second for it.
    ours = Named(mail=MAIL)
    plan = made(world(own(AppKind.MAIL), full=("erp",)), grant("erp", IMAP, SMTP), named=ours)
    assert "+ distribution-group" in told(plan)


def test_the_one_that_the_profile_names_is_meant_where_there_are_two() -> None:
    other = own(AppKind.MAIL, id="other", principal_id="p-other", registered=("p-other",))
    plan = made(world(other, own(AppKind.MAIL)), grant("erp", IMAP), named=Named(mail=MAIL))
    assert f"+ mailbox-permission guid-erp/{MAIL_PRINCIPAL}" in told(plan)
    assert "app-twice" in stops(plan)


@pytest.mark.parametrize("kind", AppKind)
def test_the_classic_mistake_is_taken_back_first_and_made_right(kind: AppKind) -> None:
    right = own(kind).principal_id
    mistaken = own(kind, registered=("registration-object-id",), assignments=())
    plan = made(world(mistaken), grant("erp", IMAP if kind is AppKind.MAIL else SMTP))
    lines = told(plan)
    gone = lines.index("- exchange-service-principal registration-object-id")
    assert gone < lines.index(f"+ exchange-service-principal {right}")
    assert plan.changes[gone].phase is Phase.CLOSE
    assert plan.changes[gone].before == {"AppId": mistaken.id}


def test_a_run_that_rested_after_the_registration_is_gone_on_with() -> None:
    bare = own(
        AppKind.MAIL, principal_id="", registered=(), roles=frozenset(), thumbprints=frozenset()
    )
    assert told(made(world(bare), grant("erp", IMAP))) == [
        f"~ application {MAIL}",
        "+ service-principal",
        "+ app-role-assignment change:2.id/IMAP.AccessAsApp",
        "+ exchange-service-principal change:2.id",
        "+ mailbox-permission guid-erp/change:2.id",
    ]


def test_an_application_whose_key_is_elsewhere_keeps_its_certificate() -> None:
    plan = made(world(own(AppKind.MAIL, thumbprints=frozenset({"EE" * 20}))), grant("erp", IMAP))
    assert told(plan) == [f"+ mailbox-permission guid-erp/{MAIL_PRINCIPAL}"]
    assert any("key is not on this machine" in note for note in plan.notes)


def test_a_role_whose_group_is_gone_is_made_again() -> None:
    tags = own(AppKind.SMTP).tags
    lost = RoleAssignment(name=group_name(tags), role=ROLE, scope="Group", group="")
    plan = made(world(own(AppKind.SMTP, group=None, assignments=(lost,))), grant("erp", SMTP))
    name = group_name(tags)
    assert told(plan) == [
        f"- management-role-assignment {SEND_PRINCIPAL}/{name}",
        "+ distribution-group",
        f"+ management-role-assignment {SEND_PRINCIPAL}/{name}",
        "+ distribution-group-member change:2.id/guid-erp",
    ]


def test_consent_beside_the_scoped_role_is_withdrawn() -> None:
    mixed = own(AppKind.SMTP, roles=frozenset({"SMTP.SendAsApp"}), group=senders("erp"))
    plan = made(world(mixed), grant("erp", SMTP))
    assert told(plan) == [f"- app-role-assignment {SEND_PRINCIPAL}/SMTP.SendAsApp"]
    assert stops(plan) == []


def test_the_classic_way_is_asked_for_and_kept_afterwards() -> None:
    plan = made(world(), grant("erp", SMTP), classic=True)
    assert told(plan)[3:] == [
        "+ app-role-assignment change:3.id/SMTP.SendAsApp",
        "+ exchange-service-principal change:3.id",
        "+ mailbox-permission guid-erp/change:3.id",
        "+ recipient-permission guid-erp/change:3.id",
    ]
    assert [(c.protocol, c.caller, c.after) for c in plan.cells] == [
        (SMTP, "app:change:1.id", "yes")
    ]
    classic = own(AppKind.MAIL, roles=frozenset({"SMTP.SendAsApp"}))
    later = kept(world(classic, full=("erp",)), grant("erp", SMTP), named=Named(mail=MAIL))
    assert of_apps(later) == []
    assert any(c.caller == f"app:{MAIL}" and c.protocol is SMTP for c in later.cells)


def test_a_right_that_opens_another_protocol_beside_the_grants_stops() -> None:
    snapshot = world()
    plan = made(snapshot, grant("erp", IMAP), grant("scan", POP))
    assert stops(plan) == ["beyond-grants"]
    beside = {(c.address, c.protocol) for c in plan.cells if c.promised == "refused"}
    assert beside == {(address("erp"), POP), (address("scan"), IMAP)}
    shut = tuple(
        replace(box, pop=box.guid != guid("erp"), imap=box.guid != guid("scan"))
        for box in snapshot.mailboxes  # type: ignore[union-attr]
    )
    assert (
        stops(made(replace(snapshot, mailboxes=shut), grant("erp", IMAP), grant("scan", POP))) == []
    )


def test_a_role_that_could_not_be_seen_promises_nothing_beside() -> None:
    hidden = own(AppKind.MAIL, roles=HIDDEN)
    plan = made(world(hidden, full=("erp",)), grant("erp", IMAP))
    assert any("permissions of" in one for one in plan.unknown)
    assert "unknown" in stops(plan)


@pytest.mark.parametrize("member", ["registered", "assignments", "group"])
def test_what_could_not_be_seen_of_an_application_stops(member: str) -> None:
    plan = made(world(own(AppKind.SMTP, **{member: HIDDEN})), grant("erp", SMTP))
    assert any("no permission" in one for one in plan.unknown)
    assert "unknown" in stops(plan)


def test_where_our_applications_could_not_be_seen_none_is_made() -> None:
    plan = made(replace(world(), own=HIDDEN), grant("erp", IMAP))
    assert plan.changes == ()
    assert plan.unknown == ("the applications of our own: no permission",)
    without = kept(replace(world(), own=HIDDEN), grant("erp", IMAP), named=Named())
    assert "the applications of our own: no permission" in without.unknown
    with_one = kept(replace(world(), own=HIDDEN), grant("erp", IMAP), named=Named(mail=MAIL))
    assert "the applications of our own: no permission" not in with_one.unknown


def test_a_right_that_could_not_be_read_is_unknown_and_not_given_again() -> None:
    snapshot = world(own(AppKind.MAIL))
    unread = {**snapshot.rights, (MAIL, guid("erp")): MailboxRight(full_access=HIDDEN)}
    missing = {key: right for key, right in snapshot.rights.items() if key != (MAIL, guid("erp"))}
    for rights in (unread, missing):
        plan = made(replace(snapshot, rights=rights), grant("erp", IMAP))
        assert told(plan) == []
        assert any(f"may do with {address('erp')}" in one for one in plan.unknown)


def test_without_an_application_a_plan_says_who_makes_it() -> None:
    notes = kept(world(), grant("erp", IMAP, SMTP), named=Named()).notes
    assert "there is no application for mail yet: portineria app create makes it" in notes
    assert "there is no application for smtp yet: portineria app create makes it" in notes


def test_an_application_in_the_tenant_is_meant_though_the_profile_names_none() -> None:
    plan = kept(world(*BOTH), grant("erp", IMAP, SMTP), named=Named())
    callers = {(c.protocol, c.caller) for c in plan.cells if c.promised == "open"}
    assert callers == {(IMAP, f"app:{MAIL}"), (SMTP, f"app:{SEND}")}


@pytest.mark.parametrize(
    "broken",
    [
        {"principal_id": "", "registered": ()},
        {"registered": ("registration-object-id",)},
        {"registered": HIDDEN},
    ],
)
def test_nothing_is_opened_for_an_application_that_is_not_complete(
    broken: dict[str, object],
) -> None:
    plan = kept(world(own(AppKind.MAIL, **broken)), grant("erp", IMAP))
    assert of_apps(plan) == []
    assert any("is not complete" in note for note in plan.notes)
    groupless = kept(world(own(AppKind.SMTP, group=None)), grant("erp", SMTP))
    assert of_apps(groupless) == []


def test_an_incomplete_application_that_nobody_needs_is_no_news() -> None:
    plan = kept(world(own(AppKind.SMTP, group=None)))
    assert not any("is not complete" in note for note in plan.notes)


def test_everyone_else_speaks_of_our_applications_too() -> None:
    desired = replace(policy(grant("erp", IMAP)), everyone_else=EverybodyElse(pop=Wish.OFF))
    plan = make_plan(world(*BOTH), desired, NOW, mail_app=MAIL, smtp_app=SEND)
    assert "beyond-grants" not in stops(plan)


def test_removal_takes_rights_first_and_the_application_last() -> None:
    apps = (own(AppKind.MAIL), own(AppKind.SMTP, group=senders("scan")))
    plan = remove_plan(world(*apps, full=("erp",)), NOW, AppKind)
    name = group_name(own(AppKind.SMTP).tags)
    assert told(plan) == [
        f"- mailbox-permission guid-erp/{MAIL_PRINCIPAL}",
        f"- distribution-group-member {GROUP}/guid-scan",
        f"- exchange-service-principal {MAIL_PRINCIPAL}",
        f"- app-role-assignment {MAIL_PRINCIPAL}/IMAP.AccessAsApp",
        f"- service-principal {MAIL_PRINCIPAL}",
        f"- application {MAIL}",
        f"- management-role-assignment {SEND_PRINCIPAL}/{name}",
        f"- distribution-group {GROUP}",
        f"- exchange-service-principal {SEND_PRINCIPAL}",
        f"- service-principal {SEND_PRINCIPAL}",
        f"- application {SEND}",
    ]
    assert plan.stops == ()
    assert simulate(world(*apps, full=("erp",)), plan.changes).own == ()
    assert remove_plan(world(*apps), NOW, [AppKind.MAIL]).changes[-1].target.key == MAIL


def test_removal_of_one_that_was_never_finished_takes_what_there_is() -> None:
    bare = own(AppKind.SMTP, principal_id="", registered=(), assignments=(), group=None)
    assert told(remove_plan(world(bare), NOW, AppKind)) == [f"- application {SEND}"]


def test_removal_of_nothing_says_so_and_of_the_unseen_stops() -> None:
    nothing = remove_plan(world(), NOW, AppKind)
    assert nothing.notes == ("there is no application of ours in the tenant",)
    hidden = remove_plan(replace(world(), own=HIDDEN), NOW, AppKind)
    assert (hidden.notes, stops(hidden)) == ((), ["unknown"])
    parts = dict.fromkeys(("roles", "registered", "assignments", "group"), HIDDEN)
    partly = remove_plan(world(own(AppKind.SMTP, **parts)), NOW, AppKind)
    assert stops(partly) == ["unknown"]


HOSTILE = (
    "made:Portineria: mail app abababababab",
    "x/../y",
    "\u202eppa",
    "change:1.id",
    "a" * 300,
)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_somebody_called_a_mailbox_or_an_application_changes_no_key(name: str) -> None:
    renamed = own(AppKind.MAIL, name=name)
    snapshot = world(renamed, full=("scan",))
    boxes = tuple(replace(box, display_name=name) for box in snapshot.mailboxes)  # type: ignore[union-attr]
    plan = made(replace(snapshot, mailboxes=boxes), grant("erp", IMAP))
    assert told(plan) == [
        f"- mailbox-permission guid-scan/{MAIL_PRINCIPAL}",
        f"+ mailbox-permission guid-erp/{MAIL_PRINCIPAL}",
    ]
    assert all(change.target.family is Family.MAILBOX_PERMISSION for change in plan.changes)
    assert stops(plan) == []


def test_an_application_that_only_bears_our_name_is_not_ours() -> None:
    """`own` holds what bears our tag; a display name makes nothing of ours."""
    plan = made(world(), grant("erp", IMAP))
    assert plan.changes[0].target.name == own(AppKind.MAIL).name
    assert plan.changes[0].after["passwordCredentials"] == []  # type: ignore[index]
    assert plan.changes[0].after["keyCredentials"] == []  # type: ignore[index]


def test_a_guid_in_the_senders_that_is_no_mailbox_is_taken_out() -> None:
    group = replace(senders("erp"), members=frozenset({guid("erp"), "guid-contact"}))
    plan = kept(world(own(AppKind.SMTP, group=group)), grant("erp", SMTP))
    assert of_apps(plan) == [f"- distribution-group-member {GROUP}/guid-contact"]


def test_of_two_the_one_that_the_profile_names_is_meant_wherever_it_stands() -> None:
    other = own(AppKind.MAIL, id="other", principal_id="p-other", registered=("p-other",))
    for apps in ((other, own(AppKind.MAIL)), (own(AppKind.MAIL), other)):
        plan = made(world(*apps), grant("erp", IMAP), named=Named(mail=MAIL))
        assert f"+ mailbox-permission guid-erp/{MAIL_PRINCIPAL}" in told(plan)


def test_where_nobody_looked_for_our_applications_nothing_is_missed() -> None:
    unasked = replace(world(), own=NOT_LOOKED_AT)
    plan = kept(unasked, grant("erp", IMAP), named=Named())
    assert not any("applications of our own" in one for one in plan.unknown)


@pytest.mark.parametrize(
    ("member", "family", "key", "fields"),
    [
        ("roles", Family.APP_ROLE, f"{MAIL_PRINCIPAL}/POP.AccessAsApp", {"appRole": "x"}),
        ("registered", Family.EXCHANGE_PRINCIPAL, "p", {"AppId": MAIL}),
        (
            "assignments",
            Family.ROLE_ASSIGNMENT,
            f"{MAIL_PRINCIPAL}/x",
            {"Role": ROLE, "RecipientWriteScope": "Group", "RecipientGroupScope": GROUP},
        ),
    ],
)
def test_what_was_not_seen_stays_unseen_whatever_is_added_to_it(
    member: str, family: Family, key: str, fields: dict[str, str]
) -> None:
    hidden = own(AppKind.MAIL, **{member: HIDDEN})
    change = replace(
        made(world(), grant("erp", IMAP)).changes[0],
        target=Target(family=family, key=key, name="x"),
        after=fields,
    )
    after = simulate(world(hidden), [change])
    assert isinstance(after.own, tuple)
    assert getattr(after.own[0], member) == HIDDEN


def test_a_right_to_send_opens_nothing_and_the_unseen_stays_so() -> None:
    plan = made(world(), grant("erp", SMTP), classic=True)
    sending = [c for c in plan.changes if c.target.family is Family.RECIPIENT_PERMISSION]
    assert simulate(world(), sending) == world()
    role = [c for c in plan.changes if c.target.family is Family.APP_ROLE]
    hidden = replace(world(), own=HIDDEN)
    assert simulate(hidden, role).own == HIDDEN
