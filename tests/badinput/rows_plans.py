"""Plans and snapshots: kept, edited, of another version, too old, or of another tenant."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from desk import CLOSING, Desk, Row

APPLY = ["apply", "plan.json", "--yes"]
AGAIN = "portineria plan policy.yaml --output plan.json"
SNAPSHOT = ["look", "--snapshot", "snapshot.json"]
ANOTHER = "99999999-8888-7777-6666-555555555555"


def plan(content: str | bytes) -> Callable[[Desk], None]:
    return lambda desk: desk.write("plan.json", content) and None


def edited(**members: object) -> Callable[[Desk], None]:
    return lambda desk: desk.edit_plan(**members)


def one_change_less(desk: Desk) -> None:
    desk.edit_plan(changes=desk.plan(CLOSING)["changes"][:-1])


def without_digest(desk: Desk) -> None:
    document = desk.plan()
    del document["digest"]
    desk.write("plan.json", json.dumps({**document, "notes": ["all is well"]}))


def without_a_part(desk: Desk) -> None:
    document = desk.plan()
    del document["cells"]
    desk.write("plan.json", json.dumps(document))


def good(desk: Desk) -> None:
    desk.plan(CLOSING)


def old(desk: Desk) -> None:
    """The times of a plan are no part of its digest."""
    then = datetime.now(UTC) - timedelta(hours=3)
    document = {**desk.plan(CLOSING), "snapshot_taken_at": then.isoformat()}
    desk.write("plan.json", json.dumps(document))


def of_another_tenant(desk: Desk) -> None:
    """Whole, and with a digest that fits: made with another profile."""
    from portineria.policy.planjson import from_json

    document = {**desk.plan(CLOSING), "tenant_id": ANOTHER}
    desk.write("plan.json", json.dumps({**document, "digest": from_json(document).digest}))


def snapshot(content: str | bytes) -> Callable[[Desk], None]:
    return lambda desk: desk.write("snapshot.json", content) and None


def plan_as_snapshot(desk: Desk) -> None:
    desk.write("snapshot.json", json.dumps(desk.plan()))


WHOLE = {
    "schema": "portineria/snapshot@1",
    "tenant_id": ANOTHER,
    "taken_at": "2026-11-01T00:00:00+00:00",
}


def bad_plan(name: str, arrange: Callable[[Desk], None], why: object, try_: object = AGAIN) -> Row:
    return Row(name=name, words=APPLY, exit=2, code="bad-plan", arrange=arrange,
               where="plan.json", why=why, try_=try_)  # fmt: skip


def bad_snapshot(name: str, content: str, why: object) -> Row:
    return Row(name=f"snapshot: {name}", words=SNAPSHOT, exit=2, code="bad-file",
               arrange=snapshot(content), where="snapshot.json", why=why,
               try_="portineria look --output snapshot.json")  # fmt: skip


ROWS = [
    Row(name="no such file", words=APPLY, exit=2, code="no-file", where="plan.json",
        why="No such file", try_="it was looked for in"),
    Row(name="UTF-16 without its mark", words=APPLY, exit=2, code="encoding",
        arrange=plan('{"schema": 1}'.encode("utf-16-le")), where="plan.json", why="UTF-16",
        try_="iconv"),
    bad_plan("not JSON", plan("tenant: x\n"), "not JSON: line 1, column 1"),
    bad_plan("cut off", plan('{"schema": "portineria/plan@1"'), "not JSON: line 1, column 31"),
    bad_plan("empty", plan(""), "not JSON"),
    bad_plan("a list", plan("[]"), "JSON, and no plan"),
    bad_plan("a number too long", plan("9" * 5000), "not JSON that can be read"),
    bad_plan("nested without end", plan("[" * 100_000), "not JSON that can be read"),
    bad_plan("something else", plan('{"schema": "portineria/look@1"}'),
             "this is not a plan: schema 'portineria/look@1'"),
    bad_plan("of an older version", edited(schema="portineria/plan@0"),
             ["made by an older version: portineria/plan@0", "reads portineria/plan@1"]),
    bad_plan("of a newer version", edited(schema="portineria/plan@2"),
             ["made by a newer version: portineria/plan@2", "reads portineria/plan@1"]),
    bad_plan("without a part", without_a_part, "damaged: KeyError at 'cells'"),
    bad_plan("with a part of another kind", edited(changes=7), "damaged"),
    bad_plan("with a time without its zone", edited(made_at="2026-11-23T12:00:00"),
             "names no time zone"),
    bad_plan("edited", one_change_less, "changed after it was made: its digest differs",
             ["change the policy instead", AGAIN]),
    bad_plan("edited, its digest taken out", without_digest, "has no digest: somebody took it out"),
    bad_plan("with another digest written into it", edited(digest="0" * 64),
             "its digest differs"),
    Row(name="a digest that does not match", words=["apply", "plan.json", "--digest", "5f2c"],
        exit=4, code="guard", arrange=good, where="plan", why="the promised one is 5f2c",
        try_="look at the plan again"),
    Row(name="nobody said yes", words=["apply", "plan.json"], exit=4, code="guard", arrange=good,
        where="guard digest", why="nobody has said yes", try_="give its digest"),
    Row(name="too old", words=APPLY, exit=4, code="guard", arrange=old, where="guard stale",
        why="180 minutes ago", try_="make the plan again"),
    Row(name="of another tenant", words=APPLY, exit=2, code="tenant", arrange=of_another_tenant,
        where="lab.yaml", why=f"the plan is for tenant {ANOTHER}", try_="--profile"),
    Row(name="snapshot: no such file", words=SNAPSHOT, exit=2, code="no-file",
        where="snapshot.json", why="No such file", try_="looked for in"),
    bad_snapshot("not JSON", "x", "not a snapshot"),
    bad_snapshot("a list", "[]", "not a snapshot"),
    bad_snapshot("nested without end", "[" * 100_000, "not a snapshot"),
    bad_snapshot("of another version", '{"schema": "portineria/snapshot@2"}', "snapshot@2"),
    bad_snapshot("with a member of the future", json.dumps({**WHOLE, "weather": 1}), "weather"),
    bad_snapshot("with a member taken out", json.dumps({**WHOLE, "licences": {}}),
                 "snapshot.licences.entra_p1 is missing"),
    bad_snapshot("with a time without its zone", json.dumps({**WHOLE, "taken_at": "2026-11-01"}),
                 "expected a date with its time zone"),
    bad_snapshot("with text where a list belongs", json.dumps({**WHOLE, "domains": "x"}),
                 "snapshot.domains"),
    Row(name="snapshot: a plan", words=SNAPSHOT, exit=2, code="bad-file",
        arrange=plan_as_snapshot, where="snapshot.json", why="portineria/plan@1",
        try_="look --output"),
]  # fmt: skip
