"""A snapshot for people: what protects the tenant, and which switches are open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from portineria.cli.faces.tables import plain, print_many, print_table
from portineria.tenant.mailbox import Mailbox, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen
from portineria.tongue.say import compose, say

Row = tuple[str, str]


def print_posture(snapshot: Snapshot, *, each: bool) -> None:
    """The posture, the switches counted, and with `each` every mailbox."""
    seen = f"{snapshot.taken_at:%Y-%m-%d %H:%M:%S}"
    print(compose("Tenant {}, seen {} UTC", snapshot.tenant_id, seen), end="\n\n")
    rows = posture_rows(snapshot)
    print_table(("Posture", "Today"), ((say(name), told) for name, told in rows))
    print()
    if isinstance(snapshot.mailboxes, Unseen):
        print(plain(compose("Mailboxes could not be seen: {}", snapshot.mailboxes.because)))
        return
    print_table(("Switch", "on", "off", "as the tenant", "could not tell"), _counts(snapshot))
    if each:
        print()
        boxes = snapshot.mailboxes
        columns = ("Mailbox", "Type", "IMAP", "POP", "SMTP", "Authentication policy")
        print_many(columns, lambda: map(_mailbox, boxes))
    told = "A switch that is on is not yet a door that is open: `portineria why MAILBOX` tells."
    print(f"\n{say(told)}")


def print_unseen(unseen: Mapping[str, str]) -> None:
    """Families that could not be seen, each with its reason; nothing where all were."""
    if unseen:
        print()
        rows = ((say(name.replace("_", " ")), say(why)) for name, why in unseen.items())
        print_table(("Could not be seen", "Because"), rows)


def posture_rows(snapshot: Snapshot) -> Iterator[Row]:
    yield "security defaults", _flag(snapshot.security_defaults)
    yield "Conditional Access", _conditional_access(snapshot)
    transport = snapshot.transport
    if isinstance(transport, Unseen):
        yield "SMTP, tenant switch", _unseen(transport)
        yield "legacy TLS", _unseen(transport)
    else:
        yield "SMTP, tenant switch", _flag(not transport.smtp_auth_disabled)
        legacy = transport.legacy_tls
        yield "legacy TLS", say("the tenant does not say") if legacy is None else _flag(legacy)
    organization = snapshot.organization
    if isinstance(organization, Unseen):
        yield "default authentication policy", _unseen(organization)
        yield "direct send", _unseen(organization)
    else:
        policy = organization.default_authentication_policy
        yield "default authentication policy", policy or say("none")
        yield "direct send", say("rejected" if organization.reject_direct_send else "let in")
    yield "new mailboxes", _new_mailboxes(snapshot)
    licences = snapshot.licences
    if isinstance(licences, Unseen):
        yield "Entra ID P1", _unseen(licences)
    else:
        yield "Entra ID P1", say("yes" if licences.entra_p1 else "no")


def _flag(value: bool | Unseen) -> str:
    return _unseen(value) if isinstance(value, Unseen) else say("on" if value else "off")


def _unseen(value: Unseen) -> str:
    return compose("could not tell: {}", value.because)


def _conditional_access(snapshot: Snapshot) -> str:
    policies = snapshot.conditional_access
    if isinstance(policies, Unseen):
        return _unseen(policies)
    states = Counter(policy.state.value for policy in policies)
    told = ", ".join(f"{count} {say(state)}" for state, count in sorted(states.items()))
    return told or say("no policies")


def _new_mailboxes(snapshot: Snapshot) -> str:
    plans = snapshot.mailbox_plans
    if isinstance(plans, Unseen):
        return _unseen(plans)
    return "; ".join(f"{p.name}: IMAP {_flag(p.imap)}, POP {_flag(p.pop)}" for p in plans)


def _counts(snapshot: Snapshot) -> Iterator[tuple[str, ...]]:
    boxes = () if isinstance(snapshot.mailboxes, Unseen) else snapshot.mailboxes
    for name in ("imap", "pop", "smtp"):
        words = Counter(_switch(getattr(box, name)) for box in boxes)
        yield name.upper(), *(str(words[word]) for word in ("on", "off", "inherit", "?"))


def _switch(value: bool | SmtpSwitch | Unseen) -> str:
    if isinstance(value, Unseen):
        return "?"
    return value.value if isinstance(value, SmtpSwitch) else "on" if value else "off"


def _mailbox(box: Mailbox) -> tuple[str, ...]:
    policy = box.authentication_policy
    return (
        box.address,
        say(box.kind.value),
        say(_switch(box.imap)),
        say(_switch(box.pop)),
        say(_switch(box.smtp)),
        "?" if isinstance(policy, Unseen) else policy or "",
    )
