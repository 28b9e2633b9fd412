"""Exchange's authentication policies: may this user come with a password at all?"""

from __future__ import annotations

from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.access import AuthenticationPolicy
from portineria.tenant.mailbox import Protocol
from portineria.tenant.unseen import Unseen

_AGAIN = "read Exchange's organisation and authentication policies again"


@step(
    Layer.AUTHENTICATION_POLICY,
    asks="Does the user's authentication policy, or else the default, let basic in?",
    about="basic",
    source="Microsoft Learn, Disable Basic authentication in Exchange Online",
    confidence=Confidence.DOCUMENTED,
)
def authentication_policy(access: Access) -> Said | None:
    if not access.basic:
        return None
    own = access.mailbox.authentication_policy
    if isinstance(own, Unseen):
        return unknown(f"its authentication policy was not seen: {own.because}", _AGAIN)
    if own is not None:
        return _judged(access, own, "its own authentication policy")
    organization = access.snapshot.organization
    if isinstance(organization, Unseen):
        because = f"the default authentication policy was not seen: {organization.because}"
        return unknown(because, _AGAIN)
    default = organization.default_authentication_policy
    if default is None:
        return yes("no authentication policy is assigned, and there is no default one")
    return _judged(access, default, "the default authentication policy")


def _judged(access: Access, name: str, which: str) -> Said:
    policies = access.snapshot.authentication_policies
    if isinstance(policies, Unseen):
        because = f"{which} «{name}» could not be read: {policies.because}"
        return unknown(because, _AGAIN, evidence=name)
    wanted = name.lower()
    found = next((p for p in policies if wanted in (p.name.lower(), p.guid.lower())), None)
    if found is None:
        because = f"{which} «{name}» is not among the policies that were read"
        return unknown(because, _AGAIN, evidence=name)
    field, allowed = _switch(found, access.protocol)
    if allowed:
        return yes(f"{which} «{found.name}» lets it in", evidence=f"{found.name}: {field}")
    return no(
        f"{which} «{found.name}» denies basic authentication for {access.protocol.value.upper()}",
        f"assign this one user a policy with {field}, or use OAuth",
        evidence=f"{found.name}: {field}",
    )


def _switch(policy: AuthenticationPolicy, protocol: Protocol) -> tuple[str, bool]:
    """Under Exchange's name, and whether it lets basic in."""
    return {
        Protocol.IMAP: ("AllowBasicAuthImap", policy.allow_basic_imap),
        Protocol.POP: ("AllowBasicAuthPop", policy.allow_basic_pop),
        Protocol.SMTP: ("AllowBasicAuthSmtp", policy.allow_basic_smtp),
    }[protocol]
