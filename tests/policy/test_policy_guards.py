"""Every guard has a case in which it stops and one in which its word overrules it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from given import NOW, mailbox, tenant, user
from ownapp import GROUP, MAIL, SEND, own, world

from portineria.policy.change import Change, Family, Phase, Target, Verb
from portineria.policy.conditionalbody import block_legacy
from portineria.policy.guards.case import Case
from portineria.policy.guards.registry import GUARDS, speak, standing
from portineria.policy.plan import Cell, Plan
from portineria.tenant.access import PolicyState
from portineria.tenant.apps import AppKind, OwnApp, RoleAssignment
from portineria.tenant.mailbox import Protocol
from portineria.tenant.people import Domain
from portineria.tenant.unseen import Unseen

PLAN = Plan(tenant_id="t", made_at=NOW, snapshot_taken_at=NOW, policy_digest="")


def change(family: Family, name: str, key: str = "k", **more: object) -> Change:
    base = Change(
        id=1,
        verb=Verb.UPDATE,
        target=Target(family=family, key=key, name=name),
        before={"x": 1},
        after={"x": 2},
        phase=Phase.CLOSE,
        because=("test",),
        reason="",
    )
    return replace(base, **more)  # type: ignore[arg-type]


def case(plan: Plan = PLAN, **more: object) -> Case:
    base = Case(plan=plan, snapshot=tenant(), now=NOW)
    return replace(base, **more)  # type: ignore[arg-type]


def policy_for_all(*excluded: str) -> Plan:
    body = block_legacy(excluded, PolicyState.ENABLED)
    made = change(
        Family.CONDITIONAL_ACCESS,
        str(body["displayName"]),
        verb=Verb.CREATE,
        before=None,
        after=body,
        phase=Phase.ENFORCE,
    )
    return replace(PLAN, changes=(made,))


def cell(promised: str, after: str, layer: str) -> Cell:
    return Cell(
        mailbox="m",
        address="m@contoso.example",
        protocol=Protocol.SMTP,
        caller="basic",
        promised=promised,
        before="no",
        after=after,
        layer=layer,
    )


def many(count: int) -> Plan:
    changes = tuple(change(Family.MAILBOX, f"m{n}", key=f"k{n}") for n in range(count))
    return replace(PLAN, changes=changes)


READER, SENDER = own(AppKind.MAIL), own(AppKind.SMTP)
READER_AS_P = replace(READER, registered=("p",))
TWO = (READER, own(AppKind.MAIL, id="second", principal_id="p2", registered=("p2",)))
MIXED = replace(SENDER, roles=frozenset({"SMTP.SendAsApp"}))
THEIRS = replace(
    SENDER, assignments=(RoleAssignment(name="x", role="Application Mail.Read", scope="Any"),)
)


def of_app(
    key: str,
    apps: object = (READER, SENDER),
    *,
    family: Family = Family.APPLICATION,
    verb: Verb = Verb.DELETE,
) -> Case:
    """A plan that takes away, edits or makes one thing of an application."""
    after = None if verb is Verb.DELETE else {"tags": [], "keyCredentials": []}
    one = change(family, "x", key=key, verb=verb, before={"AppId": "a"}, after=after)
    return case(replace(PLAN, changes=(one,)), snapshot=replace(world(), own=apps))


def opening(*apps: OwnApp) -> Case:
    """A plan that gives an application of ours a right."""
    right = change(Family.MAILBOX_PERMISSION, "x", key="guid-erp/p", verb=Verb.CREATE)
    return case(replace(PLAN, changes=(right,)), snapshot=world(*apps))


def as_app(promised: str, after: str) -> Cell:
    return replace(cell(promised, after, "mailbox right"), caller=f"app:{MAIL}")


@dataclass(frozen=True)
class Pair:
    """A case that stops, and one like it that passes."""

    stops: Callable[[], Case]
    passes: Callable[[], Case]


GLASS = ("user-bg1", "user-bg2")
CASES: dict[str, list[Pair]] = {
    "digest": [
        Pair(
            lambda: case(applying=True, promised_digest="0" * 64),
            lambda: case(applying=True, promised_digest=PLAN.digest),
        ),
        Pair(lambda: case(applying=True), lambda: case(applying=True, typed_yes=True)),
    ],
    "stale": [
        Pair(
            lambda: case(now=NOW + timedelta(hours=2)),
            lambda: case(now=NOW + timedelta(minutes=59)),
        )
    ],
    "truncated": [
        Pair(
            lambda: case(many(1), snapshot=_without("mailboxes")),
            lambda: case(many(1)),
        )
    ],
    "unknown": [
        Pair(lambda: case(replace(PLAN, unknown=("licences: no permission",))), lambda: case())
    ],
    "not-ours": [
        Pair(
            lambda: case(replace(PLAN, changes=(change(Family.CONDITIONAL_ACCESS, "Contoso"),))),
            lambda: case(
                replace(PLAN, changes=(change(Family.CONDITIONAL_ACCESS, "Portineria: x"),))
            ),
        )
    ],
    "lock-out": [
        Pair(lambda: case(policy_for_all()), lambda: case(policy_for_all(*GLASS))),
        Pair(
            lambda: case(policy_for_all(*GLASS), snapshot=_without("role_members")),
            lambda: case(policy_for_all(*GLASS)),
        ),
        Pair(
            lambda: case(policy_for_all(*GLASS), snapshot=_without("users")),
            lambda: case(policy_for_all(*GLASS)),
        ),
        Pair(
            lambda: case(policy_for_all(*GLASS), snapshot=tenant(role_members={})),
            lambda: case(policy_for_all(*GLASS)),
        ),
    ],
    "break-glass": [
        Pair(lambda: case(policy_for_all("user-bg1")), lambda: case(policy_for_all(*GLASS))),
        Pair(
            lambda: case(policy_for_all("user-bg1", "user-gone")),
            lambda: case(policy_for_all(*GLASS)),
        ),
        Pair(
            lambda: case(policy_for_all("user-bg1", "user-ada")),
            lambda: case(policy_for_all(*GLASS)),
        ),
        *(
            Pair(
                lambda changes=changes: case(
                    policy_for_all(*GLASS),
                    snapshot=tenant(people=(user("bg1", **changes), user("bg2"), user("admin"))),
                ),
                lambda: case(policy_for_all(*GLASS)),
            )
            for changes in ({"enabled": False}, {"synced": True}, {"guest": True})
        ),
        Pair(
            lambda: case(
                policy_for_all(*GLASS),
                snapshot=tenant(domains=(Domain(name="contoso.example", federated=True),)),
            ),
            lambda: case(policy_for_all(*GLASS)),
        ),
    ],
    "blast-radius": [
        Pair(
            lambda: case(many(11)),
            lambda: case(
                many(11), snapshot=tenant(mailboxes=tuple(mailbox(f"m{n}") for n in range(40)))
            ),
        ),
        Pair(lambda: case(many(11)), lambda: case(many(10))),
    ],
    "basic-twin": [
        Pair(
            lambda: case(replace(PLAN, cells=(cell("refused", "yes", ""),))),
            lambda: case(replace(PLAN, cells=(cell("refused", "no", "tenant switch"),))),
        ),
        Pair(
            lambda: case(replace(PLAN, cells=(cell("refused", "could not tell", "account"),))),
            lambda: case(replace(PLAN, cells=(cell("open", "could not tell", "account"),))),
        ),
    ],
    "not-our-app": [
        Pair(lambda: of_app("somebody's"), lambda: of_app(MAIL)),
        Pair(
            lambda: of_app(MAIL, Unseen("no permission")),
            lambda: of_app("change:1.id", verb=Verb.UPDATE),
        ),
        Pair(
            lambda: of_app("somebody's/g", family=Family.GROUP_MEMBER),
            lambda: of_app(f"{GROUP}/g", family=Family.GROUP_MEMBER),
        ),
        Pair(
            lambda: of_app("p", family=Family.EXCHANGE_PRINCIPAL),
            lambda: of_app("p", (READER_AS_P,), family=Family.EXCHANGE_PRINCIPAL),
        ),
        Pair(
            lambda: of_app("p", (replace(READER, registered=Unseen("down")),)),
            lambda: of_app("", verb=Verb.CREATE),
        ),
    ],
    "app-twice": [
        Pair(lambda: opening(*TWO), lambda: opening(READER, SENDER)),
        Pair(
            lambda: opening(*TWO),  # what closes is never held up by it
            lambda: of_app(f"{MAIL}/x", TWO, family=Family.APP_ROLE),
        ),
        Pair(lambda: opening(*TWO), lambda: of_app("second", TWO)),
    ],
    "app-credentials": [
        Pair(
            lambda: opening(replace(READER, secrets=frozenset({"s"}))),
            lambda: opening(READER),
        ),
        Pair(
            lambda: opening(replace(READER, thumbprints=frozenset({"A", "B"}))),
            lambda: of_app(MAIL, (replace(READER, secrets=frozenset({"s"})),)),
        ),
    ],
    "beyond-grants": [
        Pair(
            lambda: case(replace(PLAN, cells=(as_app("refused", "yes"),))),
            lambda: case(replace(PLAN, cells=(as_app("refused", "no"),))),
        ),
        Pair(
            lambda: case(replace(PLAN, cells=(as_app("refused", "could not tell"),) * 2)),
            lambda: case(replace(PLAN, cells=(as_app("open", "yes"),))),
        ),
    ],
    "mixed-grants": [
        Pair(lambda: opening(MIXED), lambda: opening(SENDER)),
        Pair(
            lambda: opening(MIXED),
            lambda: opening(replace(SENDER, roles=Unseen("no permission"))),
        ),
        Pair(lambda: opening(MIXED), lambda: of_app(SEND, (MIXED,))),
    ],
    "foreign-roles": [
        Pair(lambda: opening(THEIRS), lambda: opening(SENDER)),
        Pair(
            lambda: opening(replace(READER, assignments=SENDER.assignments)),
            lambda: opening(replace(SENDER, assignments=Unseen("down"))),
        ),
        Pair(lambda: opening(THEIRS), lambda: of_app(SEND, (THEIRS,))),
    ],
    "foreign-policy": [
        Pair(
            lambda: case(replace(PLAN, cells=(cell("open", "no", "Conditional Access"),))),
            lambda: case(replace(PLAN, cells=(cell("open", "yes", ""),))),
        )
    ],
    "exposure": [Pair(lambda: case(replace(PLAN, lost=("MFA",))), lambda: case())],
}


def _without(field: str) -> object:
    return tenant(**{field: Unseen("no permission")})


PAIRS = [(guard.name, pair) for guard in GUARDS for pair in CASES.get(guard.name, [])]


def test_every_guard_has_its_cases() -> None:
    assert {guard.name for guard in GUARDS} == set(CASES)
    assert all(CASES.values())


@pytest.mark.parametrize(("name", "pair"), PAIRS)
def test_it_stops(name: str, pair: Pair) -> None:
    assert name in {stop.guard for stop in speak(pair.stops())}


@pytest.mark.parametrize(("name", "pair"), PAIRS)
def test_it_lets_the_innocent_pass(name: str, pair: Pair) -> None:
    assert name not in {stop.guard for stop in speak(pair.passes())}


@pytest.mark.parametrize(("name", "pair"), PAIRS)
def test_its_word_overrules_it_and_no_other_word_does(name: str, pair: Pair) -> None:
    stops = tuple(stop for stop in speak(pair.stops()) if stop.guard == name)
    words = tuple(guard.word for guard in GUARDS)
    others = tuple(word for word in words if word != stops[0].word)
    assert standing(stops, others) == stops
    if name == "digest":
        assert standing(stops, words) == stops, "a digest is overruled by the right digest only"
    else:
        assert standing(stops, (stops[0].word,)) == ()


def test_each_stop_says_why_and_what_to_try() -> None:
    for _, pair in PAIRS:
        for stop in speak(pair.stops()):
            assert stop.why
            assert stop.try_
