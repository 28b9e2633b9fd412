"""Step 8: does Exchange itself say that the scope takes the mailbox in? Past every cache."""

from __future__ import annotations

from portineria.policy.appsteps import seen
from portineria.policy.appsteps.case import AppCase
from portineria.policy.appsteps.principal import READ_EXCHANGE
from portineria.policy.appsteps.right import REACHES
from portineria.policy.appsteps.step import Said, Settling, Who, app_step, no, unknown, yes
from portineria.policy.delays import Made
from portineria.tenant.unseen import Unseen

COMMAND = "Test-ServicePrincipalAuthorization"


@app_step(
    8,
    "Application RBAC",
    asks=f"Does {COMMAND} say that the mailbox is within the scope?",
    source="Microsoft Learn, Role Based Access Control for Applications in Exchange Online",
    of_mailbox=True,
)
def scope(case: AppCase) -> Said | None:
    place = case.place
    assert place is not None
    if not case.by_scope or place.box is None:
        return None
    inside = place.right if isinstance(place.right, Unseen) else place.right.scoped_smtp
    if isinstance(inside, Unseen):
        because = f"{COMMAND} could not be asked: {inside.because}"
        return unknown("scope", because, READ_EXCHANGE, Who.CONSENT)
    if inside:
        young = Settling(
            Made.SCOPED_ROLE,
            REACHES,
            case.since(place.member_since, seen.scope(case.app, place.box.guid)),
            f"{COMMAND} says that it is within the scope",
            weight=2 if place.member_since is None else 0,
        )
        return yes(f"{COMMAND} says that {place.address} is within the scope", young)
    scoped = () if isinstance(case.scoped, Unseen) else case.scoped
    names = ", ".join(one.scope for one in scoped if one.scope)
    return no(
        "outside the scope",
        f"{COMMAND} says that {place.address} is outside the scope",
        f"make it a direct member of the group that the scope names ({names}): members of groups "
        "inside it do not count",
        Who.RBAC,
        evidence=names,
    )
