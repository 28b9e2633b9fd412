"""Reading policy files and plans from the disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portineria.doors.textfile import read_text
from portineria.fault import BadPlan

if TYPE_CHECKING:
    from portineria.policy.desired import Desired
    from portineria.policy.plan import Plan

MOST_POLICY = 4 * 1024 * 1024
MOST_PLAN = 512 * 1024 * 1024
MAKE_ONE = "make one: portineria plan policy.yaml --output plan.json"


def read_policy(file: str) -> Desired:
    """The policy with the CSV files beside it. Raises OperatorFault."""
    from portineria.policy.policyfile import parse

    path = Path(file)
    text = read_text(path, most=MOST_POLICY)
    return parse(text, read_csv=lambda name: read_text(path.parent / name), file=file)


def read_plan(file: str) -> Plan:
    """A plan written by `plan --output`, as it was written. Raises BadPlan, NoFile, BadEncoding."""
    from portineria.policy.planjson import from_json

    text = read_text(Path(file), most=MOST_PLAN)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_plan(file, _not_json(error)) from None
    if not isinstance(document, dict):
        raise _no_plan(file, "the file is JSON, and no plan")
    try:
        plan = from_json(document)
    except BadPlan as fault:
        fault.where = file
        raise
    _refuse_edited(file, document.get("digest"), plan.digest)
    return plan


def plan_from(snapshot: str, desired: Desired, accepted: tuple[str, ...]) -> Plan:
    """A plan from a kept snapshot, without any access to the tenant: what earlier runs left is
    not known to it. Raises WrongTenant for a policy of another tenant."""
    from portineria.cli.session import read_snapshot
    from portineria.fault import WrongTenant
    from portineria.policy.planner import make_plan
    from portineria.tenant.unseen import Unseen
    from portineria.wiring.opening import system_clock

    seen = read_snapshot(Path(snapshot))
    domains = () if isinstance(seen.domains, Unseen) else seen.domains
    known = {domain.name.lower() for domain in domains} | {seen.tenant_id}
    if desired.tenant not in known:
        raise WrongTenant(
            f"the policy is for {desired.tenant}, and the snapshot is of {seen.tenant_id}",
            where="tenant",
            try_="take a snapshot of that tenant, or correct `tenant`",
        )
    return make_plan(seen, desired, system_clock().now(), accepted=accepted)


def _refuse_edited(file: str, said: object, is_: str) -> None:
    """A plan is what was shown: its own digest must be in it, and fit."""
    if said is None:
        raise _no_plan(file, "the plan has no digest: somebody took it out")
    if said != is_:
        raise BadPlan(
            "the plan was changed after it was made: its digest differs",
            where=file,
            try_="change the policy instead, and make the plan again: "
            "portineria plan policy.yaml --output plan.json",
            evidence={"digest_written": str(said)[:64], "digest_found": is_},
        )


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as it is printed and kept: with its digest, which `read_plan` checks."""
    from portineria.policy.plan import lazily

    return {**lazily(plan), "digest": plan.digest}


def _not_json(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"the file is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
    return "the file is not JSON that can be read"


def _no_plan(file: str, why: str) -> BadPlan:
    return BadPlan(why, where=file, try_=MAKE_ONE)
