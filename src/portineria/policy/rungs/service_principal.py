"""Whether Exchange knows the application, and under the right object id."""

from __future__ import annotations

from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.apps import App
from portineria.tenant.unseen import Unseen


@step(
    Layer.SERVICE_PRINCIPAL,
    asks="Does Exchange know the application by the enterprise application's object id?",
    about="applications",
    source="Microsoft Learn, Authenticate an IMAP, POP or SMTP connection using OAuth; "
    "New-ServicePrincipal reference",
    confidence=Confidence.DOCUMENTED,
)
def service_principal(access: Access) -> Said | None:
    app = access.app
    if access.person or not isinstance(app, App):
        return None
    register = f"New-ServicePrincipal -AppId {app.id} -ObjectId {app.principal_id}"
    known = app.registered_as
    if isinstance(known, Unseen):
        because = f"whether Exchange knows «{app.name}» was not seen: {known.because}"
        return unknown(because, "read Get-ServicePrincipal")
    if known is None:
        return no(f"Exchange does not know «{app.name}»", register, evidence=app.id)
    if known.lower() == app.principal_id.lower():
        return yes(f"Exchange knows «{app.name}» by the right object id", evidence=known)
    return no(
        f"«{app.name}» was registered in Exchange under {known}, which is not the object id of "
        "its enterprise application; usually it is the app registration's by mistake",
        f"Remove-ServicePrincipal {known}, then {register}",
        evidence=known,
    )
