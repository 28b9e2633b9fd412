"""Writes a first policy.yaml from what a tenant does today. Planning it changes nothing.

Doors that are closed today are written down, so that they stay closed; open ones are left
alone (`unmanaged`) with a comment, because a policy that says `on` would open them again after
somebody closed them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portineria.policy.policyfile import TENANT
from portineria.policy.schema import VERSION
from portineria.tenant.mailbox import Mailbox, Protocol, RecipientKind, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

MOST_NAMES = 40
"""Mailboxes named in one suggestion; the rest are counted."""

_WITH_MAILBOX = {
    RecipientKind.USER,
    RecipientKind.SHARED,
    RecipientKind.ROOM,
    RecipientKind.EQUIPMENT,
}


def init_text(snapshot: Snapshot) -> str:
    """A commented policy file that leaves this tenant as it is; `policyfile.parse` reads it."""
    lines = [
        f"# What this tenant does today, seen {snapshot.taken_at:%Y-%m-%d %H:%M} UTC.",
        "# As it stands, planning this file changes nothing. Every key: portineria init --help",
        f"schema: {VERSION}",
        f"tenant: {tenant_name(snapshot)}",
        "",
        *posture(snapshot),
        "",
        "# Mailboxes that no grant names: unmanaged, or {imap: off, pop: off, smtp: off}.",
        "everyone_else: unmanaged",
        "",
        *_grants(snapshot),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def tenant_name(snapshot: Snapshot) -> str:
    """The domain by which a policy names this tenant, quoted where YAML wants it."""
    return _quoted(domain_of(snapshot))


def domain_of(snapshot: Snapshot) -> str:
    """Its initial domain, else the default one, else any; the tenant's id where none was seen."""
    domains = () if isinstance(snapshot.domains, Unseen) else snapshot.domains
    named = sorted(domains, key=lambda domain: (not domain.initial, not domain.default))
    for name in (domain.name for domain in named):
        if TENANT.fullmatch(name) and not name.replace(".", "").isdigit():
            return name.lower()
    return snapshot.tenant_id


def posture(snapshot: Snapshot) -> Iterator[str]:
    """The lines of `posture` that leave the tenant as it is."""
    yield "posture:"
    yield _key("security_defaults: keep", _on(snapshot.security_defaults))
    yield "  # keep | off-if-needed | off | on"
    yield "  conditional_access:"
    yield _key("  baseline: unmanaged", _policies(snapshot))
    yield "    # unmanaged | report-only | enforced; the last two need two accounts in"
    yield "    # break_glass: [bg1@…, bg2@…], enabled, cloud-only, in a managed domain"
    yield from _smtp_auth(snapshot)
    yield from _new_mailboxes(snapshot)
    yield _key("basic_auth: unmanaged", "granted-only denies basic to everybody without a grant")
    yield from _legacy_tls(snapshot)
    yield from _direct_send(snapshot)


def _key(text: str, today: str) -> str:
    return f"  {text:<30} # {today}"


def _today(value: str) -> str:
    return f"today {value}"


def _on(value: bool | Unseen | None) -> str:
    if value is None:
        return "today: the tenant does not say"
    if isinstance(value, Unseen):
        return _unseen(value)
    return _today("on" if value else "off")


def _unseen(value: Unseen) -> str:
    return f"could not be seen: {plain(value.because)}"


def _policies(snapshot: Snapshot) -> str:
    policies = snapshot.conditional_access
    if isinstance(policies, Unseen):
        return _unseen(policies)
    enforced = sum(policy.enforced for policy in policies)
    return f"today {len(policies)} Conditional Access policies, {enforced} of them enforced"


def _smtp_auth(snapshot: Snapshot) -> Iterator[str]:
    transport = snapshot.transport
    if isinstance(transport, Unseen):
        yield _key("smtp_auth: unmanaged", _unseen(transport))
    elif transport.smtp_auth_disabled:
        yield _key("smtp_auth: per-mailbox", "today the tenant switch is off")
    else:
        yield _key("smtp_auth: unmanaged", "today the tenant switch is on; per-mailbox closes it")


def _new_mailboxes(snapshot: Snapshot) -> Iterator[str]:
    plans = snapshot.mailbox_plans
    if isinstance(plans, Unseen):
        yield _key("new_mailboxes: {}", _unseen(plans))
        return
    closed = {
        "imap": bool(plans) and not any(plan.imap for plan in plans),
        "pop": bool(plans) and not any(plan.pop for plan in plans),
    }
    words = ", ".join(f"{key}: {'off' if off else 'unmanaged'}" for key, off in closed.items())
    today = "they begin closed" if all(closed.values()) else "some begin open; off closes them"
    yield _key(f"new_mailboxes: {{{words}}}", today)


def _legacy_tls(snapshot: Snapshot) -> Iterator[str]:
    transport = snapshot.transport
    legacy = transport if isinstance(transport, Unseen) else transport.legacy_tls
    yield _key(f"legacy_tls: {'off' if legacy is False else 'unmanaged'}", _on(legacy))


def _direct_send(snapshot: Snapshot) -> Iterator[str]:
    organization = snapshot.organization
    if isinstance(organization, Unseen):
        yield _key("direct_send: unmanaged", _unseen(organization))
    elif organization.reject_direct_send:
        yield _key("direct_send: reject", "today rejected")
    else:
        yield _key("direct_send: unmanaged", "today let in; reject closes it")


def _grants(snapshot: Snapshot) -> Iterator[str]:
    yield "# Who is let in, or kept out. A grant that denies beats all others."
    yield "grants:"
    yield ""
    mailboxes = snapshot.mailboxes
    if isinstance(mailboxes, Unseen):
        yield f"# The mailboxes could not be seen: {plain(mailboxes.because)}."
        return
    open_by_tenant = inherited(snapshot)
    groups: dict[tuple[str, ...], list[Mailbox]] = {}
    for box in mailboxes:
        doors = open_doors(box, open_by_tenant)
        if doors and box.kind in _WITH_MAILBOX:
            groups.setdefault(doors, []).append(box)
    if not groups:
        yield "# No mailbox switch is open today."
        return
    yield "# Open by their switches today. To let people in on purpose, keep the ones that you"
    yield "# mean in a grant, say how they log in, and close the others in everyone_else."
    for doors, boxes in sorted(groups.items()):
        yield from _suggestion(doors, boxes)


def inherited(snapshot: Snapshot) -> bool:
    """Whether a mailbox that inherits its SMTP switch is open; unseen is not called open."""
    transport = snapshot.transport
    return not isinstance(transport, Unseen) and not transport.smtp_auth_disabled


def open_doors(box: Mailbox, inherited: bool) -> tuple[str, ...]:
    """Protocols whose switch is seen to be open (whether a login gets in is another question)."""
    smtp = box.smtp is SmtpSwitch.ON or (box.smtp is SmtpSwitch.INHERIT and inherited)
    flags = ((Protocol.IMAP, box.imap is True), (Protocol.POP, box.pop is True))
    return tuple(protocol.value for protocol, flag in (*flags, (Protocol.SMTP, smtp)) if flag)


def _suggestion(doors: Iterable[str], boxes: list[Mailbox]) -> Iterator[str]:
    words = tuple(doors)
    yield f"# - name: open-{'-'.join(words)}            # {_count(len(boxes))}"
    yield f"#   allow: [{', '.join(words)}]"
    yield "#   through: oauth-user             # oauth-user | oauth-app | gateway | basic"
    yield "#   who:"
    yield "#     mailboxes:"
    for box in boxes[:MOST_NAMES]:
        yield f"#       - {plain(box.address)}"
    if len(boxes) > MOST_NAMES:
        yield f"#       # and {len(boxes) - MOST_NAMES} more: portineria look --mailboxes"


def _count(number: int) -> str:
    return f"{number} mailbox" if number == 1 else f"{number} mailboxes"


def plain(text: str) -> str:
    """Text for a comment: one line, nothing that a terminal or a parser would act upon."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()


def _quoted(text: str) -> str:
    plain = text.replace("-", "").replace(".", "")
    return text if plain.isalnum() and text[:1].isalpha() and "." in text else f'"{text}"'
