"""A policy with grants for exactly those that were found: a draft, for people to go through.

Each grant opens one mailbox for the protocols that it was seen to use, through the least that
serves: a password is proposed through the gateway, with `basic` beside it as a remark. What is
not told is not opened: of protocols that the log does not tell apart, only those whose door is
open already are named. Planning the file changes nothing that is not written in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from portineria.policy.policywrite import inherited, open_doors, plain, posture, tenant_name
from portineria.policy.schema import VERSION
from portineria.policy.usage.use import Inventory, Method, Standing, Use
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.snapshot import Snapshot

TO_FILL = "TO FILL IN"
MOST_OPENED = 40
"""Mailboxes that an application's rights open and that a remark names."""
_GRANTED = (Standing.BREAKS, Standing.BROKEN, Standing.UNTOLD, Standing.STAYS)


def draft_text(inventory: Inventory, snapshot: Snapshot) -> str:
    """The file's text; `policyfile.parse` reads it."""
    lines = [
        f"# Who was seen to use which protocol, {inventory.since:%Y-%m-%d} to "
        f"{inventory.until:%Y-%m-%d}: a draft.",
        f"# Go through every grant: {TO_FILL} stands where only you know.",
        *(f"# Not seen: {plain(name)}: {plain(why)}" for name, why in inventory.unseen.items()),
        f"schema: {VERSION}",
        f"tenant: {tenant_name(snapshot)}",
        "",
        *posture(snapshot),
        "",
        "# Whoever has a door open and was not seen to use it is not named here. When the grants",
        "# are as you mean them, {imap: off, pop: off, smtp: off} closes all others.",
        "everyone_else: unmanaged",
        "",
        "grants:",
        "",
        *_grants(inventory, snapshot),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _grants(inventory: Inventory, snapshot: Snapshot) -> Iterator[str]:
    names: set[str] = set()
    for use in inventory.uses:
        if use.standing in _GRANTED and use.evidence.worked:
            yield from _grant(use, snapshot, names)
    knocks = sum(1 for _ in inventory.of(Standing.KNOCKS))
    if knocks:
        yield f"# {knocks} tried by password and never got in: they are not granted anything."


def _grant(use: Use, snapshot: Snapshot, names: set[str]) -> Iterator[str]:
    if use.mailbox is None:
        yield from _application(use)
        return
    protocols = _protocols(use, use.mailbox, snapshot)
    if not protocols:
        words = ", ".join(p.value for p in use.protocols)
        yield f"# {plain(use.mailbox.address)}: a client that may do {words} logs in, and none of"
        yield "# these doors is open: it gets nothing here, and nothing is proposed."
        yield ""
        return
    through = _through(use, protocols)
    yield from _evidence(use)
    yield f"- name: {_name(use.mailbox, through, names)}"
    yield f"  who: {{mailboxes: [{_quoted(use.mailbox.address)}]}}"
    yield f"  allow: [{', '.join(protocol.value for protocol in protocols)}]"
    yield f"  through: {through}"
    if through == "gateway":
        yield from _gateway(use, protocols)
    yield f'  owner: "{TO_FILL}"'
    yield f'  reason: "{TO_FILL}"'
    if use.method is Method.BASIC and protocols == (Protocol.SMTP,):
        yield from _basic(use)
    yield ""


def _protocols(use: Use, box: Mailbox, snapshot: Snapshot) -> tuple[Protocol, ...]:
    """Those told; of those that are not, the ones whose door is open: a guess opens nothing."""
    if use.told:
        return use.protocols
    opened = open_doors(box, inherited(snapshot))
    return tuple(protocol for protocol in use.protocols if protocol.value in opened)


def _through(use: Use, protocols: Iterable[Protocol]) -> str:
    return "oauth-user" if use.method in (Method.USER, Method.OAUTH) else "gateway"


def _gateway(use: Use, protocols: tuple[Protocol, ...]) -> Iterator[str]:
    networks = _networks(use)
    if networks:
        yield f"  from: [{', '.join(networks)}]"
    if use.evidence.more_addresses:
        yield "  # It came from more addresses than these: name its networks."
    if set(protocols) - {Protocol.SMTP}:
        yield "  # Passwords open neither IMAP nor POP at Microsoft: the gateway takes the password"
        yield "  # and speaks OAuth for the client."


def _basic(use: Use) -> Iterator[str]:
    networks = ", ".join(_networks(use)) or '"203.0.113.5/32"'
    yield "  # The alternative is the password itself. It costs the tenant security defaults, and"
    yield "  # Microsoft ends it: in place of `through` and `from` above"
    yield "  #   through: basic"
    yield f"  #   from: [{networks}]"


def _application(use: Use) -> Iterator[str]:
    """Its token names no mailbox, so a person has to: nothing is granted until then."""
    words = ", ".join(protocol.value for protocol in use.protocols)
    yield from _evidence(use)
    yield "# An application's sign-in names no mailbox: say which, and take the # away."
    yield f"# - name: app-{_slug(use.app_name or use.app_id)}"
    for address in use.opens[:MOST_OPENED]:
        yield f"#   its rights open {plain(address)}"
    if len(use.opens) > MOST_OPENED:
        yield f"#   and {len(use.opens) - MOST_OPENED} more"
    yield f"#   who: {{mailboxes: [{TO_FILL}]}}"
    yield f"#   allow: [{words}]"
    yield "#   through: oauth-app"
    yield f"#   app: {plain(use.app_id)}"
    yield ""


def _evidence(use: Use) -> Iterator[str]:
    evidence = use.evidence
    if use.reported:
        yield f"# the report: {evidence.messages} messages sent, {use.method.value}"
    else:
        last = "never" if evidence.last_in is None else f"{evidence.last_in:%Y-%m-%d %H:%M} UTC"
        client = "a password" if use.method is Method.BASIC else plain(use.app_name or use.app_id)
        yield f"# {client}: got in {evidence.got_in} times, refused {evidence.refused}, last {last}"
    if not use.told:
        words = ", ".join(protocol.value for protocol in use.protocols)
        yield f"# Which protocol the log does not say: one of {words}. Strike what is not used."
    if use.standing is Standing.BROKEN:
        yield f"# Refused today by {plain(use.layer)}: {plain(use.because)}."


def _networks(use: Use) -> list[str]:
    """Each address that it came from as a network of its own."""
    found = []
    for text, _ in use.evidence.addresses:
        try:
            address = ip_address(text)
        except ValueError:
            continue
        found.append(f'"{address}/{address.max_prefixlen}"')
    return found


def _name(box: Mailbox, through: str, names: set[str]) -> str:
    """A name that no other grant has: the mailbox's, what it goes through, a number if need be."""
    base = f"{_slug(box.address.partition('@')[0])}-{through}"
    name, number = base, 1
    while name in names:
        number += 1
        name = f"{base}-{number}"
    names.add(name)
    return name


def _slug(text: str) -> str:
    words = "".join(sign if sign.isascii() and sign.isalnum() else " " for sign in text.lower())
    return "-".join(words.split()) or "mailbox"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
