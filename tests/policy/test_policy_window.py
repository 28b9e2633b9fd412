"""Security defaults, decided: on, off or left, case by case, with what the plan says of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from asked import policy
from given import DOMAIN, NOW, tenant

from portineria.policy.change import Change, Phase
from portineria.policy.draft import Draft
from portineria.policy.entitle import entitle
from portineria.policy.plan import Refusal
from portineria.policy.policyfile import parse
from portineria.policy.window import LOST_WITHOUT_P1, Decision, Defaults, decide
from portineria.tenant.access import PolicyState
from portineria.tenant.people import Licences
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

HIDDEN = Unseen("no permission")
GLASS = "break_glass: [bg1@contoso.example, bg2@contoso.example]"
ENFORCED = f"conditional_access: {{baseline: enforced, {GLASS}}}"
OAUTH = "{name: erp, who: {mailboxes: [erp@contoso.example]}, allow: [smtp], through: oauth-app}"
NETWORK = "from: [203.0.113.0/28], owner: it@contoso.example, reason: knows no OAuth"


def basic(name: str, who: str = "scan") -> str:
    boxes = f"who: {{mailboxes: [{who}@{DOMAIN}]}}"
    return f"{{name: {name}, {boxes}, allow: [smtp], through: basic, {NETWORK}}}"


SCANNER = basic("scanner")
NO_P1 = Licences(entra_p1=False)
ON, OFF = True, False


@dataclass
class Decided:
    """What came of it."""

    decision: Decision
    draft: Draft
    refusals: list[Refusal]
    let_in: list[str]
    changes: tuple[Change, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.changes = self.draft.numbered()


def decided(wish: str, *grants: str, baseline: bool = True, **seen: Any) -> Decided:
    more = f", {ENFORCED}" if baseline else ""
    text = (
        f"tenant: {DOMAIN}\nposture: {{security_defaults: {wish}{more}}}\n"
        f"grants: [{', '.join(grants)}]\n"
    )
    desired = parse(text, read_csv=None)
    snapshot: Snapshot = replace(tenant(), **seen)
    entitlements, draft = entitle(desired, snapshot, NOW.date()), Draft()
    decision = decide(desired, snapshot, entitlements, draft)
    let_in = [grant.name for one in entitlements for grant in one.basic()]
    return Decided(decision, draft, entitlements.refusals, let_in)


UNTOUCHED = Decision(Defaults.UNTOUCHED)

# --- they stay as they are ----------------------------------------------------------------------

LEFT: list[tuple[str, tuple[str, ...], object, list[str]]] = [
    ("keep", (), ON, ["security defaults stay on: nothing asks them off"]),
    ("off-if-needed", (), ON, ["security defaults stay on: nothing asks them off"]),
    (
        "keep",
        (OAUTH,),
        ON,
        [
            "security defaults stay on: they refuse passwords only, and no grant lets a password "
            "in; OAuth and gateway grants sign in as modern clients"
        ],
    ),
    ("on", (), ON, []),
    ("keep", (), OFF, []),
    ("keep", (SCANNER,), OFF, []),
    ("off-if-needed", (SCANNER,), OFF, []),
    ("off", (), OFF, []),
    ("keep", (), HIDDEN, []),
    ("off-if-needed", (OAUTH,), HIDDEN, []),
]


@pytest.mark.parametrize(("wish", "grants", "seen", "notes"), LEFT)
def test_they_are_left_alone_where_nothing_asks_for_more(
    wish: str, grants: tuple[str, ...], seen: object, notes: list[str]
) -> None:
    found = decided(wish, *grants, security_defaults=seen)
    assert found.decision == UNTOUCHED
    assert found.changes == ()
    assert found.refusals == []
    assert list(found.draft.unknown) == []
    assert list(found.draft.notes) == notes
    assert len(found.let_in) == grants.count(SCANNER)


@pytest.mark.parametrize(
    ("wish", "grants"),
    [("keep", (SCANNER,)), ("off-if-needed", (SCANNER,)), ("off", ()), ("on", ())],
)
def test_whoever_needs_to_know_whether_they_are_on_is_told_that_it_was_not_seen(
    wish: str, grants: tuple[str, ...]
) -> None:
    found = decided(wish, *grants, security_defaults=HIDDEN)
    assert found.decision == UNTOUCHED
    assert found.changes == ()
    assert list(found.draft.unknown) == ["security defaults: no permission"]
    assert found.refusals == [], "nobody is refused for what was not seen"


REFUSED = [
    (
        "keep",
        ON,
        True,
        "security defaults stay on (security_defaults: keep) and refuse every password",
        "through: gateway; or security_defaults: off-if-needed",
    ),
    (
        "on",
        ON,
        True,
        "security defaults are wanted on (security_defaults: on) and refuse every password",
        "through: gateway; or security_defaults: off-if-needed",
    ),
    (
        "on",
        OFF,
        True,
        "security defaults are wanted on (security_defaults: on) and refuse every password",
        "through: gateway; or security_defaults: off-if-needed",
    ),
    (
        "off-if-needed",
        ON,
        False,
        "security defaults go off only behind enforced Conditional Access",
        "conditional_access: {baseline: enforced}; or through: gateway",
    ),
    (
        "off",
        ON,
        False,
        "security defaults go off only behind enforced Conditional Access",
        "conditional_access: {baseline: enforced}; or through: gateway",
    ),
]


@pytest.mark.parametrize(("wish", "seen", "baseline", "why", "instead"), REFUSED)
def test_a_password_cannot_be_let_in_where_they_are_to_be_on(
    wish: str, seen: bool, baseline: bool, why: str, instead: str
) -> None:
    found = decided(wish, SCANNER, OAUTH, baseline=baseline, security_defaults=seen)
    refusal = Refusal(grant="scanner", mailbox=f"scan@{DOMAIN}", why=why, instead=instead)
    assert found.refusals == [refusal]
    assert found.let_in == []
    assert found.decision.defaults in {Defaults.UNTOUCHED, Defaults.ON}
    assert not any(change.after == {"isEnabled": False} for change in found.changes)


def test_without_an_enforced_baseline_even_the_wish_for_off_leaves_them_on_and_says_so() -> None:
    found = decided("off", baseline=False)
    assert found.decision == UNTOUCHED
    assert found.changes == ()
    assert list(found.draft.notes) == [
        "security defaults stay on: security defaults go off only behind enforced "
        "Conditional Access"
    ]


# --- they go off --------------------------------------------------------------------------------


def test_they_go_off_for_the_grants_that_need_it_behind_their_replacements() -> None:
    found = decided("off-if-needed", basic("b"), OAUTH, basic("a", "ben"))
    assert found.decision == Decision(Defaults.OFF_BEHIND_REPLACEMENTS, ("a", "b"))
    (change,) = found.changes
    assert (change.before, change.after) == ({"isEnabled": True}, {"isEnabled": False})
    assert (change.phase, change.because, change.risk) == (Phase.WINDOW, ("a",), "high")
    assert change.reason == "security defaults refuse every password, whatever the exception"
    assert list(found.draft.notes) == [
        "security defaults go off because of: a, b. "
        "The same door without that cost: through: gateway"
    ]
    assert found.draft.lost == []
    assert found.let_in == ["b", "a"]


@pytest.mark.parametrize("grants", [(), (OAUTH,), (SCANNER,)])
def test_an_explicit_wish_for_off_is_its_own_cause(grants: tuple[str, ...]) -> None:
    found = decided("off", *grants)
    cause = "security_defaults: off"
    assert found.decision == Decision(Defaults.OFF_BEHIND_REPLACEMENTS, (cause,))
    (change,) = found.changes
    assert (change.after, change.because) == ({"isEnabled": False}, (cause,))
    (note,) = found.draft.notes
    assert note.startswith(f"security defaults go off because of: {cause}. ")


@pytest.mark.parametrize("baseline", [True, False])
@pytest.mark.parametrize("policies", [(), HIDDEN], ids=["seen", "hidden"])
def test_without_p1_they_go_off_without_replacements_and_what_is_lost_is_listed(
    baseline: bool, policies: object
) -> None:
    """Conditional Access cannot be had then, so it matters to nobody whether it was seen."""
    found = decided(
        "off-if-needed",
        SCANNER,
        baseline=baseline,
        licences=NO_P1,
        conditional_access=policies,
    )
    assert found.decision == Decision(Defaults.OFF_WITHOUT_REPLACEMENTS, ("scanner",))
    assert [change.after for change in found.changes] == [{"isEnabled": False}]
    assert tuple(found.draft.lost) == LOST_WITHOUT_P1
    assert list(found.draft.unknown) == []


@pytest.mark.parametrize(
    ("hidden", "unknown"),
    [
        ("licences", "licences: no permission"),
        ("conditional_access", "Conditional Access policies: no permission"),
    ],
)
@pytest.mark.parametrize("wish", ["off-if-needed", "off"])
def test_they_do_not_go_off_over_what_was_not_seen(wish: str, hidden: str, unknown: str) -> None:
    found = decided(wish, SCANNER, **{hidden: HIDDEN})
    assert found.decision == UNTOUCHED
    assert found.changes == ()
    assert list(found.draft.unknown) == [unknown]
    assert found.refusals == []


# --- they go on ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "policies",
    [(), (policy(state=PolicyState.REPORT_ONLY), policy(id="2", state=PolicyState.DISABLED))],
    ids=["none", "none enforced"],
)
def test_they_go_on_where_no_policy_is_enforced(policies: object) -> None:
    found = decided("on", security_defaults=OFF, conditional_access=policies)
    assert found.decision == Decision(Defaults.ON)
    (change,) = found.changes
    assert (change.before, change.after) == ({"isEnabled": False}, {"isEnabled": True})
    assert (change.phase, change.because) == (Phase.CLOSE, ("security_defaults",))
    assert change.reason == "security defaults protect a tenant without Conditional Access"
    assert list(found.draft.unknown) == []


@pytest.mark.parametrize(
    ("names", "told"), [(("A",), "(«A»); "), (("A", "B"), "(«A» and others); ")]
)
def test_they_cannot_go_on_over_an_enforced_policy_which_is_named(
    names: tuple[str, ...], told: str
) -> None:
    policies = (
        policy(id="0", name="watched", state=PolicyState.REPORT_ONLY),
        *(policy(id=name, name=name) for name in names),
    )
    found = decided("on", security_defaults=OFF, conditional_access=policies)
    assert found.decision == UNTOUCHED
    assert found.changes == ()
    assert list(found.draft.unknown) == [
        "security_defaults: on cannot be kept while Conditional Access policies are enforced "
        f"{told}turn them to report-only yourself first"
    ]


def test_they_do_not_go_on_over_policies_that_were_not_seen() -> None:
    found = decided("on", security_defaults=OFF, conditional_access=HIDDEN)
    assert found.decision == UNTOUCHED
    assert found.changes == ()
    assert list(found.draft.unknown) == ["Conditional Access policies: no permission"]
