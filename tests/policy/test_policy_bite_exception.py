"""The grant's own exception to the letter: its bodies, its phases, and what a second plan does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from given import APP, DOMAIN, NOW, address, guid, mailbox, tenant, user

from portineria.policy.change import Change, Family, Phase
from portineria.policy.conditionalbody import BLOCK_LEGACY
from portineria.policy.draft import Draft
from portineria.policy.entitle import entitle
from portineria.policy.exceptions import except_in_authentication_policy
from portineria.policy.plan import Plan
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.simulate import simulate
from portineria.tenant.access import AuthenticationPolicy, Organization, PolicyState
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

POSTURE = f"""tenant: {DOMAIN}
posture:
  security_defaults: off-if-needed
  basic_auth: granted-only
  smtp_auth: per-mailbox
  conditional_access:
    baseline: enforced
    break_glass: [bg1@contoso.example, bg2@contoso.example]
"""
COMPANION = BLOCK_LEGACY + " from elsewhere: scanner"
PLACE = "Portineria: networks of scanner"
BASIC_ONLY = "Portineria: basic SMTP only"


def plan(seen: Snapshot, who: str = "scan", networks: str = "203.0.113.0/28") -> Plan:
    boxes = ", ".join(address(name) for name in who.split())
    grants = f"""grants:
  - {{name: scanner, who: {{mailboxes: [{boxes}]}}, allow: [smtp], through: basic,
     from: [{networks}], owner: it@{DOMAIN}, reason: knows no OAuth}}
"""
    text = POSTURE + (grants if who else "")
    return make_plan(seen, parse(text, read_csv=None), NOW, mail_app=APP)


def done() -> Snapshot:
    """The tenant after the plan that let the scanner in."""
    return simulate(tenant(), plan(tenant()).changes)


def about(made: Plan, name: str) -> list[Change]:
    return [change for change in made.changes if change.target.name == name]


def ranges(*networks: str) -> list[dict[str, str]]:
    kind = "#microsoft.graph.iPv4CidrRange"
    return [{"@odata.type": kind, "cidrAddress": one} for one in networks]


def users(change: Change, side: str) -> tuple[list[str], list[str]]:
    """Before and after."""
    assert change.before is not None
    before: Any = change.before["conditions"]
    after: Any = change.after["conditions"]  # type: ignore[index]
    return before["users"][side], after["users"][side]


def test_the_companion_is_staged_report_only_around_the_networks_and_enforced_last() -> None:
    made = plan(tenant())
    (place,) = about(made, PLACE)
    assert (place.phase, place.target.key, place.before) == (Phase.STAGE, "", None)
    assert place.after == {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "displayName": PLACE,
        "isTrusted": False,
        "ipRanges": ranges("203.0.113.0/28"),
    }
    staged, enforced = about(made, COMPANION)
    assert (staged.phase, staged.target.key, staged.before) == (Phase.STAGE, "", None)
    body: Any = staged.after
    assert body["state"] == "enabledForReportingButNotEnforced"
    assert body["grantControls"] == {"operator": "OR", "builtInControls": ["block"]}
    conditions = body["conditions"]
    assert set(conditions["clientAppTypes"]) == {"exchangeActiveSync", "other"}
    assert conditions["users"]["includeUsers"] == ["user-scan"]
    assert conditions["locations"] == {
        "includeLocations": ["All"],
        "excludeLocations": [f"change:{place.id}.id"],
    }
    assert enforced.target.key == f"change:{staged.id}.id"
    assert enforced.target.family is Family.CONDITIONAL_ACCESS
    assert enforced.phase is Phase.EXCEPTION
    assert enforced.before == {"state": "enabledForReportingButNotEnforced"}
    assert enforced.after == {"state": "enabled"}


def test_the_legacy_block_excludes_the_granted_account_after_its_companion_stands() -> None:
    made = plan(tenant())
    _, _, exclusion = about(made, BLOCK_LEGACY)
    assert exclusion.phase is Phase.EXCEPTION
    assert exclusion.risk == "high"
    before, after = users(exclusion, "excludeUsers")
    assert before == ["user-bg1", "user-bg2"]
    assert after == ["user-bg1", "user-bg2", "user-scan"]
    assert exclusion.id > about(made, COMPANION)[1].id


def test_only_one_account_is_let_in_by_a_policy_that_knows_nothing_but_smtp() -> None:
    made = plan(tenant())
    (policy,) = about(made, BASIC_ONLY)
    assert (policy.phase, policy.before) == (Phase.EXCEPTION, None)
    assert policy.after == {
        "AllowBasicAuthImap": False,
        "AllowBasicAuthPop": False,
        "AllowBasicAuthSmtp": True,
    }
    (given,) = [one for one in made.changes if one.target.family is Family.USER]
    assert (given.before, given.after) == (
        {"AuthenticationPolicy": None},
        {"AuthenticationPolicy": BASIC_ONLY},
    )
    assert (given.phase, given.risk, given.because) == (Phase.EXCEPTION, "high", ("scanner",))


@pytest.mark.parametrize("name", [PLACE, COMPANION, BASIC_ONLY])
def test_the_grant_is_named_as_the_cause_of_its_exception(name: str) -> None:
    assert {change.because for change in about(plan(tenant()), name)} == {("scanner",)}


def test_every_change_of_the_exception_says_its_reason_and_its_risk() -> None:
    for change in plan(tenant()).changes:
        assert change.reason
        assert change.risk in {"low", "medium", "high"}
        assert change.because
        assert all(change.because)


def test_a_second_plan_over_what_the_first_did_changes_nothing() -> None:
    assert plan(done()).changes == ()


@pytest.mark.parametrize(
    ("networks", "phase"),
    [
        ("203.0.113.0/28, 198.51.100.0/24", Phase.EXCEPTION),
        ("198.51.100.0/24", Phase.EXCEPTION),
    ],
)
def test_other_networks_are_written_into_the_location_that_is_there(
    networks: str, phase: Phase
) -> None:
    made = plan(done(), networks=networks)
    (change,) = made.changes
    wanted = sorted(networks.split(", "))
    assert (change.target.family, change.target.name) == (Family.NAMED_LOCATION, PLACE)
    assert change.target.key == done().named_locations[0].id  # type: ignore[index]
    assert change.before == {"ipRanges": ranges("203.0.113.0/28")}
    assert change.after == {"ipRanges": ranges(*wanted)}
    assert (change.phase, change.because) == (phase, ("scanner",))


def test_networks_that_only_shrink_are_a_closing() -> None:
    two = "198.51.100.0/24, 203.0.113.0/28"
    wide = simulate(tenant(), plan(tenant(), networks=two).changes)
    (change,) = plan(wide).changes
    assert change.phase is Phase.CLOSE
    assert change.before == {"ipRanges": ranges("198.51.100.0/24", "203.0.113.0/28")}
    assert change.after == {"ipRanges": ranges("203.0.113.0/28")}


def test_one_more_mailbox_joins_the_companion_that_is_there() -> None:
    made = plan(done(), who="scan erp")
    (joined,) = about(made, COMPANION)
    assert users(joined, "includeUsers") == (["user-scan"], ["user-erp", "user-scan"])
    assert joined.phase is Phase.EXCEPTION
    (excluded,) = about(made, BLOCK_LEGACY)
    before, after = users(excluded, "excludeUsers")
    assert set(after) - set(before) == {"user-erp"}
    assert not about(made, PLACE)
    assert joined.id < excluded.id


def test_a_companion_that_somebody_put_back_to_report_only_is_enforced_again() -> None:
    seen = done()
    assert isinstance(seen.conditional_access, tuple)
    policies = tuple(
        replace(one, state=PolicyState.REPORT_ONLY) if one.name == COMPANION else one
        for one in seen.conditional_access
    )
    (change,) = plan(replace(seen, conditional_access=policies)).changes
    assert change.before == {"state": "enabledForReportingButNotEnforced"}
    assert change.after == {"state": "enabled"}
    assert (change.phase, change.target.name) == (Phase.EXCEPTION, COMPANION)


def test_a_mailbox_that_left_the_grant_is_closed_before_anything_opens() -> None:
    both = simulate(tenant(), plan(tenant(), who="scan erp").changes)
    made = plan(both)
    (block,) = about(made, BLOCK_LEGACY)
    before, after = users(block, "excludeUsers")
    assert (block.phase, set(before) - set(after)) == (Phase.CLOSE, {"user-erp"})
    (taken,) = [one for one in made.changes if one.target.family is Family.USER]
    assert taken.phase is Phase.CLOSE
    assert taken.target.key in {guid("erp"), "user-erp", address("erp")}
    assert taken.before == {"AuthenticationPolicy": BASIC_ONLY}
    assert taken.after == {"AuthenticationPolicy": None}


def test_when_the_grant_is_gone_so_is_the_exclusion_and_the_companion_is_told_of() -> None:
    made = plan(done(), who="")
    (block,) = about(made, BLOCK_LEGACY)
    before, after = users(block, "excludeUsers")
    assert (block.phase, set(before) - set(after)) == (Phase.CLOSE, {"user-scan"})
    assert any(COMPANION in note and "stays until you remove it" in note for note in made.notes)
    assert not about(made, COMPANION)
    assert not about(made, PLACE)


def six(*networks: str) -> list[dict[str, str]]:
    kind = "#microsoft.graph.iPv6CidrRange"
    return [{"@odata.type": kind, "cidrAddress": one} for one in networks]


def test_a_part_of_a_six_network_stays_while_the_rest_closes_and_another_opens_last() -> None:
    wide = simulate(tenant(), plan(tenant(), networks='"2001:db8:1::/48"').changes)
    made = plan(wide, networks='"2001:db8:1:7::/64", "2001:db8:2::/64", 203.0.113.0/28')
    assert [(c.phase, c.before, c.after) for c in made.changes] == [
        (
            Phase.CLOSE,
            {"ipRanges": six("2001:db8:1::/48")},
            {"ipRanges": six("2001:db8:1:7::/64")},
        ),
        (
            Phase.EXCEPTION,
            {"ipRanges": six("2001:db8:1:7::/64")},
            {
                "ipRanges": [
                    *six("2001:db8:1:7::/64", "2001:db8:2::/64"),
                    *ranges("203.0.113.0/28"),
                ]
            },
        ),
    ]


def test_two_grants_share_the_policy_that_lets_smtp_in_and_are_both_its_cause() -> None:
    """Two accounts of one grant name it once."""
    grants = "".join(
        f"  - {{name: {name}, who: {{mailboxes: [{', '.join(map(address, who))}]}}, allow: [smtp], "
        f"through: basic, from: [203.0.113.0/28], owner: it@{DOMAIN}, reason: old}}\n"
        for name, who in (("b", ["scan", "ben"]), ("a", ["erp"]))
    )
    desired = parse(f"{POSTURE}grants:\n{grants}", read_csv=None)
    made = make_plan(tenant(), desired, NOW, mail_app=APP)
    (shared,) = about(made, BASIC_ONLY)
    assert shared.because == ("b", "a")
    assert shared.reason == "a policy that lets basic SMTP in and nothing else"


# --- the account's authentication policy --------------------------------------------------------

HIDDEN = Unseen("no permission")
FOREIGN = AuthenticationPolicy(name="Legacy", guid="g-1", allow_basic_smtp=True)
STRICT = AuthenticationPolicy(name="Strict", guid="g-2")
OURS = AuthenticationPolicy(name=BASIC_ONLY, guid="g-3", allow_basic_smtp=True)
NO_BASIC = "Portineria: no basic authentication"


def let_in(
    own: str | Unseen | None = None,
    default: str | None = None,
    *,
    granted_only: bool = False,
    grant: str = "allow: [smtp], through: basic",
    **seen: Any,
) -> Draft:
    """What is written of authentication policies for one grant on one mailbox."""
    wish = "granted-only" if granted_only else "unmanaged"
    text = (
        f"tenant: {DOMAIN}\nposture: {{basic_auth: {wish}}}\n"
        f"grants: [{{name: scanner, who: {{mailboxes: [{address('x')}]}}, {grant}, "
        f"from: [203.0.113.0/28], owner: it@{DOMAIN}, reason: old}}]\n"
    )
    desired = parse(text, read_csv=None)
    base = tenant(
        mailboxes=(mailbox("x", authentication_policy=own),),
        people=(user("x"),),
        authentication_policies=(FOREIGN, STRICT),
        organization=Organization(default_authentication_policy=default),
    )
    snapshot, draft = replace(base, **seen), Draft()
    entitlements = entitle(desired, snapshot, NOW.date())
    except_in_authentication_policy(desired, snapshot, entitlements, draft)
    return draft


def written(draft: Draft) -> list[str]:
    """`made NAME` and `assigned`, in order."""
    return [
        f"made {change.target.name}" if change.before is None else f"was {change.before}"
        for change in draft.numbered()
    ]


MADE = f"made {BASIC_ONLY}"


def was(name: str | None) -> str:
    return f"was { ({'AuthenticationPolicy': name}) }"


ASSIGNED: list[tuple[str | None, str | None, bool, list[str]]] = [
    # own policy, default, granted-only, what is written
    (None, None, False, []),
    (None, None, True, [MADE, was(None)]),
    (None, "Legacy", False, []),
    (None, "Legacy", True, []),
    (None, "Strict", False, [MADE, was(None)]),
    (None, "Strict", True, [MADE, was(None)]),
    (None, "Deleted", False, [MADE, was(None)]),
    (None, NO_BASIC, False, [MADE, was(None)]),
    (NO_BASIC, None, False, [MADE, was(NO_BASIC)]),
    (NO_BASIC, "Legacy", False, [MADE, was(NO_BASIC)]),
    ("Strict", None, True, []),
    ("Legacy", "Strict", True, []),
]


@pytest.mark.parametrize(("own", "default", "granted_only", "wanted"), ASSIGNED)
def test_a_policy_is_assigned_where_nothing_lets_the_password_in_and_never_over_anothers(
    own: str | None, default: str | None, granted_only: bool, wanted: list[str]
) -> None:
    draft = let_in(own, default, granted_only=granted_only)
    assert written(draft) == wanted
    assert list(draft.unknown) == []


def test_a_policy_of_ours_that_is_there_is_not_made_again() -> None:
    there = (FOREIGN, STRICT, OURS)
    draft = let_in(None, "Strict", authentication_policies=there)
    assert written(draft) == [was(None)]
    assert written(let_in(BASIC_ONLY, "Strict", authentication_policies=there)) == []


UNSEEN: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"authentication_policies": HIDDEN},
        ["authentication policies: no permission"],
    ),
    ({"organization": HIDDEN}, ["organization configuration: no permission"]),
    (
        {"mailboxes": (mailbox("x", authentication_policy=HIDDEN),)},
        [f"authentication policy of {address('x')}: no permission"],
    ),
]


@pytest.mark.parametrize(("seen", "unknown"), UNSEEN)
def test_nothing_is_assigned_over_what_was_not_seen(
    seen: dict[str, Any], unknown: list[str]
) -> None:
    draft = let_in(**seen)
    assert written(draft) == []
    assert list(draft.unknown) == unknown


@pytest.mark.parametrize("seen", [seen for seen, _ in UNSEEN])
def test_and_nobody_misses_it_who_lets_no_password_in(seen: dict[str, Any]) -> None:
    draft = let_in(grant="allow: [smtp], through: gateway", **seen)
    assert (written(draft), list(draft.unknown)) == ([], [])
