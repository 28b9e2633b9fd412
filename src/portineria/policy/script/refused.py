"""Plans that become no script."""

from __future__ import annotations

from portineria.fault import GuardStop, OperatorFault
from portineria.policy.change import ENTRA
from portineria.policy.guards.registry import standing
from portineria.policy.plan import Plan


def refuse(plan: Plan) -> None:
    """Raises GuardStop where a guard stops it, OperatorFault where it makes an application."""
    stops = standing(plan.stops, plan.accepted)
    if stops:
        raise GuardStop(stops[0].why, where=f"guard {stops[0].guard}", try_=stops[0].try_)
    if any(change.target.family in ENTRA for change in plan.changes):
        raise OperatorFault(
            "this plan makes or removes an application, whose certificate is on this machine alone",
            where="PLAN",
            try_="portineria apply does it; a plan of grants alone becomes a script",
        )
