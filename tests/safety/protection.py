"""How protected a tenant is, by effective access on the truth; and what is less than that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from itertools import product

from portineria.policy.effective import Context, effective
from portineria.policy.verdict import Refused
from portineria.tenant.access import ClientApp, ConditionalAccessPolicy
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Protocol
from portineria.tenant.people import GLOBAL_ADMINISTRATOR
from portineria.tenant.snapshot import Snapshot

Cell = tuple[str, str, str, str]
INSIDE, OUTSIDE = "203.0.113.5", "198.51.100.7"


@dataclass(frozen=True, slots=True)
class Protection:
    """`open` are the cells (mailbox, protocol, caller, from where) that nothing refuses."""

    open: frozenset[Cell]
    admins_need_mfa: bool
    legacy_is_blocked: bool
    everybody_needs_mfa: bool


def measure(truth: Snapshot, now: datetime, app: str) -> Protection:
    """What could not be told counts as open: unknown is never taken for shut."""
    assert isinstance(truth.mailboxes, tuple)
    callers: tuple[Caller, ...] = (Basic(), UserThrough(None), AppOnly(app))
    cells = {
        (box.guid, protocol.value, str(caller), place)
        for box, protocol, caller in product(truth.mailboxes, Protocol, callers)
        for place in (INSIDE, OUTSIDE)
        if not isinstance(
            effective(truth, box, protocol, caller, Context(now, ip_address(place))), Refused
        )
    }
    defaults = truth.security_defaults is True
    assert isinstance(truth.conditional_access, tuple)
    enforced = [policy for policy in truth.conditional_access if policy.enforced]
    return Protection(
        open=frozenset(cells),
        admins_need_mfa=defaults or any(_asks_admins(policy) for policy in enforced),
        legacy_is_blocked=defaults or any(_blocks_legacy(policy) for policy in enforced),
        everybody_needs_mfa=defaults or any(_asks_all(policy) for policy in enforced),
    )


def _asks_admins(policy: ConditionalAccessPolicy) -> bool:
    return "mfa" in policy.grant_controls and (
        GLOBAL_ADMINISTRATOR in policy.include_roles or "All" in policy.include_users
    ) and "All" in policy.include_applications  # fmt: skip


def _asks_all(policy: ConditionalAccessPolicy) -> bool:
    everything = "All" in policy.include_users and "All" in policy.include_applications
    return "mfa" in policy.grant_controls and everything


def _blocks_legacy(policy: ConditionalAccessPolicy) -> bool:
    everybody = "All" in policy.include_users and "All" in policy.include_applications
    return policy.blocks and everybody and ClientApp.OTHER.value in policy.client_apps


def less_protected(now: Protection, start: Protection, promise: Protection) -> list[str]:
    """What is worse now than both at the start and as promised."""
    worse = [f"{cell} is open" for cell in sorted(now.open - start.open - promise.open)]
    names = ("admins_need_mfa", "legacy_is_blocked", "everybody_needs_mfa")
    worse += [
        f"not {name}"
        for name in names
        if not getattr(now, name) and getattr(start, name) and getattr(promise, name)
    ]
    return worse
