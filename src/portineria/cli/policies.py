"""Reading policy files and plans from the disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portineria.fault import OperatorFault

if TYPE_CHECKING:
    from portineria.policy.desired import Desired
    from portineria.policy.plan import Plan


def read_policy(file: str) -> Desired:
    """The policy with the CSV files beside it. Raises OperatorFault."""
    from portineria.policy.policyfile import parse

    folder = Path(file).parent
    return parse(read_text(file), read_csv=lambda name: read_text(str(folder / name)), file=file)


def read_text(file: str) -> str:
    """A whole UTF-8 file; Excel's UTF-16 is read too. Raises OperatorFault."""
    try:
        data = Path(file).read_bytes()
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except OSError as error:
        why = f"the file cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        why = f"the file is not UTF-8 text (byte {error.start})"
    raise OperatorFault(why, where=file, try_="check the name, or save it as UTF-8")


def read_plan(file: str) -> Plan:
    """A plan written by `plan --output`. Raises OperatorFault."""
    from portineria.policy.planjson import from_json

    text = read_text(file)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _no_plan(file, f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise _no_plan(file, "not a plan")
    plan = from_json(document)
    if document.get("digest", plan.digest) != plan.digest:
        raise _no_plan(file, "the plan was changed after it was made: its digest differs")
    return plan


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as it is printed and kept: with its digest, which `read_plan` checks."""
    from portineria.policy.plan import lazily

    return {**lazily(plan), "digest": plan.digest}


def _no_plan(file: str, why: str) -> OperatorFault:
    return OperatorFault(
        why, where=file, try_="write one with `portineria plan --output plan.json`"
    )
