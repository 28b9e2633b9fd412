"""The application that signs in, or through which a person does.

A person through no named client stands for "through some client that the tenant lets in":
the layers of the client then have nothing to say.
"""

from __future__ import annotations

from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.unseen import Unseen


@step(
    Layer.APP,
    asks="Does the tenant have the application, and is it enabled?",
    about="applications, and people through a named client",
    source="Graph v1.0, servicePrincipal: accountEnabled",
    confidence=Confidence.DOCUMENTED,
)
def application(access: Access) -> Said | None:
    app = access.app
    if app is None:
        return None
    if isinstance(app, Unseen):
        if access.person and access.snapshot.user_consent is True:
            return yes("the client comes into the tenant when the person consents to it")
        because = f"application {access.client_id} was not seen: {app.because}"
        return unknown(because, "name it in the profile or in a grant, and look again")
    if app.enabled:
        return yes(f"«{app.name}» is enabled", evidence=app.id)
    return no(
        f"«{app.name}» is disabled in this tenant",
        "enable the enterprise application",
        evidence=app.id,
    )
