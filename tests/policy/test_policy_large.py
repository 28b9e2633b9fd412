"""Plans over thousands of mailboxes: told by kind with every change accounted for, made by work
that grows with the tenant and not with its square, and written in pieces.
"""

from __future__ import annotations

import gc
import re
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import product
from types import FrameType
from typing import Any

import pytest
from given import APP, DOMAIN, NOW, address, mailbox, tenant, user

from portineria.policy.change import Change, Family, Phase, Target, Verb
from portineria.policy.desired import Desired
from portineria.policy.draft import Draft, Once
from portineria.policy.plan import Drift, Plan, Refusal, canonical_digest, lazily, to_json
from portineria.policy.planjson import from_json
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.show.kinds import FEW, MANY, lines_by_kind
from portineria.policy.show.plan import plan_lines, plan_text
from portineria.tenant.lazyjson import canonical, pieces
from portineria.tenant.mailbox import RecipientKind, SmtpSwitch
from portineria.tenant.people import Group
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

CLOSE_ALL = "everyone_else: {imap: off, pop: off, smtp: off}"
GROUP = (
    "grants:\n  - {name: all, who: {groups: [Everybody]}, allow: [smtp, imap], "
    "through: oauth-app, owner: it@contoso.example, reason: test}"
)
STATES = tuple(product((True, False), (True, False), SmtpSwitch))


def crowd(number: int, **changes: Any) -> Snapshot:
    """So many mailboxes, their switches in every combination, all of them in one group."""
    boxes = tuple(
        mailbox(f"p{n}", imap=imap, pop=pop, smtp=smtp)
        for n in range(number)
        for imap, pop, smtp in (STATES[n % len(STATES)],)
    )
    people = tuple(user(f"p{n}") for n in range(number))
    members = frozenset(person.id for person in people)
    everybody = Group(id="everybody", name="Everybody", members=members)
    seen = tenant(mailboxes=boxes, people=people)
    return replace(
        seen, groups={"everybody": everybody}, groups_asked=frozenset({"Everybody"}), **changes
    )


def desired(text: str) -> Desired:
    return parse(f"tenant: {DOMAIN}\n{text}\n", read_csv=None)


@cache
def closed(number: int) -> Plan:
    return make_plan(crowd(number), desired(CLOSE_ALL), NOW)


@cache
def granted(number: int) -> Plan:
    return make_plan(crowd(number), desired(GROUP), NOW, mail_app=APP)


# --- told by kind -------------------------------------------------------------------------------


def counted(text: str) -> int:
    """How many changes the text accounts for: kinds by their number, the others one each."""
    kinds = [int(found) for found in re.findall(r"^  [~+-] (\d+) x ", text, re.MULTILINE)]
    alone = re.findall(r"^  [~+-] +\d+  ", text, re.MULTILINE)
    return sum(kinds) + len(alone)


@pytest.mark.parametrize("number", [10, MANY, 47, 400])
def test_every_change_is_accounted_for_however_many_there_are(number: int) -> None:
    for plan in (closed(number), granted(number)):
        assert counted(plan_text(plan)) == len(plan.changes) > 0
        assert counted(plan_text(plan, each=True)) == len(plan.changes)


def test_a_large_plan_is_read_on_a_page_and_says_where_the_whole_is() -> None:
    told = list(plan_lines(closed(1000), whole="--all tells each"))
    assert len(told) < 80
    assert told[3].startswith("Told by kind and counted, because there is much of it: --all tells")
    assert told[4] == "The digest is of the whole."
    assert f"1. close first: {len(closed(1000).changes)} changes" in told
    assert len(list(plan_lines(closed(1000), each=True))) > 3000


def test_a_kind_says_how_many_who_is_first_and_exactly_what_becomes_of_each() -> None:
    told = list(plan_lines(closed(1200)))
    who = ", ".join(address(f"p{n}") for n in (0, 12, 24))
    at = told.index(f"  ~ 100 x mailbox: {who} and 97 more")
    assert told[at + 1 : at + 5] == [
        "         ImapEnabled: true -> false",
        "         PopEnabled: true -> false",
        "         SmtpClientAuthenticationDisabled: false -> null",
        "         Imap is closed; Pop is closed; authenticated SMTP is closed  (everyone_else)",
    ]


def test_a_few_of_a_kind_are_told_one_by_one() -> None:
    few = make_plan(crowd(len(STATES) * FEW + 12), desired(CLOSE_ALL), NOW)
    rare = replace(few, changes=few.changes[: len(few.changes) - 10])
    text = plan_text(rare)
    assert counted(text) == len(rare.changes)
    assert re.search(r"^  ~ +\d+  mailbox: ", text, re.MULTILINE)


def test_a_small_plan_is_told_as_ever() -> None:
    plan = closed(20)
    assert len(plan.changes) <= MANY
    assert plan_text(plan) == plan_text(plan, each=True)
    assert "Told by kind" not in plan_text(plan)


def test_promises_doors_and_refusals_are_counted_too() -> None:
    plan = granted(1000)
    text = plan_text(plan)
    assert "and 997 more" in text
    assert "more like it)" in text
    refused = tuple(
        Refusal(grant="g", mailbox=address(f"x{n}"), why="there is no such mailbox", instead="?")
        for n in range(500)
    )
    told = plan_text(replace(plan, refusals=refused))
    line = f"  g, {address('x0')}: there is no such mailbox. Instead: ?  (and 499 more like it)"
    assert line in told.splitlines()


def test_lines_of_too_many_kinds_are_counted_at_the_end() -> None:
    lines = [f"kind {number}" for number in range(MANY + 60)]
    told = list(lines_by_kind(lines))
    assert told == [*lines[:MANY], "and 60 more of other kinds"]
    assert list(lines_by_kind(lines[:MANY])) == lines[:MANY]


def test_what_drifted_is_a_kind_of_its_own() -> None:
    plan = closed(600)
    drift = tuple(
        Drift(change=n, field="ImapEnabled", left=False, found=True, run="r", at="2026-01-02T")
        for n in range(1, 301)
    )
    text = plan_text(replace(plan, drift=drift))
    assert counted(text) == len(plan.changes)
    assert "Drift: 300 of the changes repair" in text
    assert "drifted, all of them; the first: drifted: run r left ImapEnabled false" in text


def test_a_tenant_wide_change_is_always_told_in_full() -> None:
    text = "posture: {smtp_auth: per-mailbox, basic_auth: granted-only}\n" + CLOSE_ALL
    plan = make_plan(crowd(500), desired(text), NOW)
    told = plan_text(plan)
    alone = [change for change in plan.changes if change.target.family is not Family.MAILBOX]
    assert alone
    for change in alone:
        assert f"{change.id:>3}  {change.target.family}: {change.target.name}" in told


# --- work ---------------------------------------------------------------------------------------


def work(task: Callable[[], object]) -> int:
    """How many lines of ours are run: what a clock would measure, without the machine's moods."""
    count = 0

    def on_line(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return on_line

    def on_call(frame: FrameType, event: str, argument: object) -> Any:
        return on_line if "portineria" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        task()
    finally:
        sys.settrace(before)
    return count


UNSEEN = Unseen("Get-CASMailbox failed")
TASKS: dict[str, Callable[[int], Callable[[], object]]] = {
    "everybody closed": lambda n: _planning(crowd(n), CLOSE_ALL),
    "a group of everybody granted": lambda n: _planning(crowd(n), GROUP),
    "each granted by name": lambda n: _planning(crowd(n), _each_by_name(n)),
    "nobody found": lambda n: _planning(crowd(5), _each_by_name(n)),
    "switches unseen": lambda n: _planning(_hidden(n), CLOSE_ALL),
    "told": lambda n: _telling(closed(n)),
    "told each": lambda n: _telling(closed(n), each=True),
    "written and read": lambda n: _written_and_read(granted(n)),
}


def _planning(seen: Snapshot, text: str) -> Callable[[], object]:
    wanted = desired(text)
    return lambda: make_plan(seen, wanted, NOW, mail_app=APP)


def _each_by_name(number: int) -> str:
    names = ", ".join(address(f"p{n}") for n in range(number))
    who = f"who: {{mailboxes: [{names}]}}"
    return f"grants: [{{name: g, {who}, allow: [smtp], through: oauth-app, reason: r}}]"


def _hidden(number: int) -> Snapshot:
    seen = crowd(number)
    assert not isinstance(seen.mailboxes, Unseen)
    return replace(seen, mailboxes=tuple(replace(box, imap=UNSEEN) for box in seen.mailboxes))


def _telling(plan: Plan, **how: bool) -> Callable[[], object]:
    return lambda: sum(map(len, plan_lines(plan, **how)))


def _written_and_read(plan: Plan) -> Callable[[], object]:
    return lambda: (from_json(to_json(plan)), canonical_digest(lazily(plan)))


@pytest.mark.parametrize("name", TASKS)
def test_four_times_the_tenant_is_about_four_times_the_work(name: str) -> None:
    """Twice as much where the square of the tenant were at work would be four times too much."""
    small, large = work(TASKS[name](60)), work(TASKS[name](240))
    assert small > 0
    assert large < 5.5 * small, f"{large / small:.1f} times the work for 4 times the tenant"


def test_ten_thousand_mailboxes_are_planned() -> None:
    plan = make_plan(crowd(10_000), desired(CLOSE_ALL), NOW)
    assert len(plan.changes) == sum(
        (imap or pop or smtp is not SmtpSwitch.OFF) and (imap, pop, smtp) != _SHUT
        for n in range(10_000)
        for imap, pop, smtp in (STATES[n % len(STATES)],)
    )


_SHUT = (False, False, SmtpSwitch.INHERIT)


# --- memory -------------------------------------------------------------------------------------


def held(task: Callable[[], object]) -> tuple[int, int, object]:
    """Bytes of what the task gives, the most it held beside, and what it gave."""
    gc.collect()
    tracemalloc.start()
    try:
        found = task()
        gc.collect()
        kept, peak = tracemalloc.get_traced_memory()
        return kept, peak, found
    finally:
        tracemalloc.stop()


def test_a_change_of_a_mailbox_costs_a_few_hundred_bytes() -> None:
    """What says the same is the same object: before, after, cause and reason."""
    seen, wanted = crowd(2000), desired(CLOSE_ALL)
    seen.mailbox("whoever")
    kept, _, plan = held(lambda: make_plan(seen, wanted, NOW))
    assert isinstance(plan, Plan)
    assert kept / len(plan.changes) < 500
    assert len({id(change.after) for change in plan.changes}) <= len(STATES)
    assert len({id(change.reason) for change in plan.changes}) <= len(STATES)


@pytest.mark.parametrize("write", [pieces, canonical, plan_lines], ids=["file", "digest", "text"])
def test_a_plan_is_written_without_being_held_as_text(write: Callable[[Any], Any]) -> None:
    plan = closed(3000)
    given = plan if write is plan_lines else lazily(plan)

    def all_of_it() -> int:
        return sum(map(len, write(given, each=True) if write is plan_lines else write(given)))

    _, peak, length = held(all_of_it)
    assert isinstance(length, int)
    assert length > 300_000
    assert peak < 100_000


# --- drafts -------------------------------------------------------------------------------------


def test_texts_are_kept_once_and_in_order() -> None:
    once = Once()
    once.append("b")
    once += ["a", "b", "c"]
    assert list(once) == ["b", "a", "c"]


def test_a_draft_shares_what_is_equal_and_of_the_same_type_only() -> None:
    draft = Draft()
    for key, before, after in (("1", 1, 0), ("2", True, False), ("3", 1, 0)):
        target = Target(family=Family.MAILBOX, key=key, name=key)
        draft.update(target, {"X": before}, {"X": after}, Phase.CLOSE, "b", "r")
    draft.create(
        Target(family=Family.NAMED_LOCATION, key="", name="n"), {"l": [1]}, Phase.STAGE, "b", "r"
    )
    one, two, three, made = draft.numbered()
    assert one.after is three.after
    assert (one.after, two.after) == ({"X": 0}, {"X": False})
    assert two.after is not one.after
    assert isinstance((two.after or {})["X"], bool)
    assert made.after == {"l": [1]}


def test_a_change_of_an_object_that_the_plan_makes_refers_to_it() -> None:
    draft = Draft()
    made = Target(family=Family.CONDITIONAL_ACCESS, key="", name="Portineria: x")
    draft.create(made, {"state": "enabled"}, Phase.STAGE, "b", "r")
    later = Target(family=Family.CONDITIONAL_ACCESS, key="made:Portineria: x", name="x")
    draft.update(later, {"state": "a"}, {"state": "b"}, Phase.ENFORCE, "b", "r")
    assert [change.target.key for change in draft.numbered()] == ["", "change:1.id"]
    assert draft.creates(Family.CONDITIONAL_ACCESS, "Portineria: x")
    assert not draft.creates(Family.NAMED_LOCATION, "Portineria: x")


def test_kinds_of_recipients_are_of_no_matter_to_the_order() -> None:
    """The same tenant gives the same plan, whatever is shared inside."""
    boxes = tuple(mailbox(f"r{n}", kind=RecipientKind.SHARED) for n in range(60))
    seen = tenant(mailboxes=boxes)
    one, two = (make_plan(seen, desired(CLOSE_ALL), NOW) for _ in range(2))
    assert one == two
    assert one.digest == two.digest
    assert from_json(to_json(one)) == one
    change = Change(
        id=1,
        verb=Verb.UPDATE,
        target=Target(family=Family.MAILBOX, key="k", name="n"),
        before={"a": 1},
        after={"a": 2},
        phase=Phase.CLOSE,
        because=("b",),
        reason="r",
    )
    assert replace(one, changes=(change,)).digest != one.digest
