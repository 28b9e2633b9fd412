"""Enterprise applications that only assigned people may use."""

from __future__ import annotations

from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.apps import App


@step(
    Layer.APP,
    asks="May this person use the client without being assigned to it?",
    about="people through a named client",
    source="Graph v1.0, servicePrincipal: appRoleAssignmentRequired",
    confidence=Confidence.DOCUMENTED,
)
def assignment(access: Access) -> Said | None:
    app = access.app
    if not access.person or not isinstance(app, App):
        return None
    if not app.assignment_required:
        return yes(f"«{app.name}» is for everybody", evidence=app.id)
    return unknown(
        f"«{app.name}» is for assigned people only, and who is assigned was not looked at",
        "see the enterprise application's users and groups",
        evidence=app.id,
    )
