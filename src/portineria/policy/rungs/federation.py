"""Who checks the password: Entra, or somebody else's identity provider?"""

from __future__ import annotations

from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.people import Domain
from portineria.tenant.unseen import Unseen

_LOOK = "log in once with the mailbox's password, or use OAuth"


@step(
    Layer.ACCOUNT,
    asks="Is its domain managed, so that Entra itself checks the password?",
    about="basic",
    source="Graph v1.0, domain: authenticationType",
    confidence=Confidence.DOCUMENTED,
)
def federation(access: Access) -> Said | None:
    if not access.basic:
        return None
    domains = access.snapshot.domains
    if isinstance(domains, Unseen):
        return unknown(f"the domains were not seen: {domains.because}", _LOOK)
    if not access.mailbox.upn:
        return unknown("it has no sign-in name, so no domain checks a password", _LOOK)
    domain = _of(access.mailbox.upn, domains)
    if domain is None:
        return unknown(f"the domain of {access.mailbox.upn} is not among the tenant's", _LOOK)
    if domain.federated:
        because = f"{domain.name} is federated: its own identity provider checks passwords"
        return unknown(because, _LOOK, evidence=domain.name)
    return yes(f"{domain.name} is a managed domain")


def _of(upn: str, domains: tuple[Domain, ...]) -> Domain | None:
    name = upn.rpartition("@")[2].lower()
    return next((domain for domain in domains if domain.name.lower() == name), None)
