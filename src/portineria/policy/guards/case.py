"""What a guard looks at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portineria.policy.plan import Plan
from portineria.tenant.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A plan, the tenant as it is seen now, and how the plan was handed over.

    `promised_digest` is what the operator gave with --digest; `typed_yes` that they were shown
    the plan and said yes. Both are None/False while a plan is only being made (`applying`).
    """

    plan: Plan
    snapshot: Snapshot
    now: datetime
    applying: bool = False
    promised_digest: str | None = None
    typed_yes: bool = False
