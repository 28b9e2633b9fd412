"""The filter of a grant: type, domain, department and name of a mailbox, all of which must hold.

A value is compared as a whole, whatever the case; `*` stands for any run of characters, also
for none. A key with several values holds where one of them does; what a mailbox does not have,
a department for example, matches nothing. Only mailboxes that a grant can open are looked at:
user, shared, room and equipment.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from portineria.policy.recipients import GRANTABLE
from portineria.tenant.mailbox import Mailbox
from portineria.tenant.naming import folded
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

Filter = tuple[tuple[str, tuple[str, ...]], ...]
"""Pairs (type | domain | department | name, values)."""

ANY = "*"


class Where:
    """A filter made ready for many mailboxes."""

    def __init__(self, given: Filter, snapshot: Snapshot) -> None:
        self._tests = [(_SIGHT[key], _pattern(values)) for key, values in sorted(given, key=_last)]
        self._snapshot = snapshot
        self.because = "its account was not among those read"
        """Why a department was not known."""
        if isinstance(snapshot.users, Unseen):
            self.because = snapshot.users.because

    def holds(self, box: Mailbox) -> bool | None:
        """Whether every key holds; None where that hangs on what was not seen."""
        if box.kind not in GRANTABLE:
            return False
        for sight, pattern in self._tests:
            seen = sight(box, self._snapshot)
            if isinstance(seen, Unseen):
                return None
            if not seen or not pattern.fullmatch(folded(seen)):
                return False
        return True


def _last(pair: tuple[str, tuple[str, ...]]) -> bool:
    """The department comes last: where another key does not hold, it need not be known."""
    return pair[0] == "department"


def _pattern(values: tuple[str, ...]) -> re.Pattern[str]:
    options = (".*".join(map(re.escape, folded(value).split(ANY))) for value in values)
    return re.compile("|".join(options), re.DOTALL)


def _department(box: Mailbox, snapshot: Snapshot) -> str | Unseen:
    if box.entra_id is None:
        return ""
    if isinstance(snapshot.users, Unseen):
        return snapshot.users
    user = snapshot.user(box.entra_id)
    if user is None:
        return Unseen("its account was not among those read")
    return user.department or ""


_SIGHT: dict[str, Callable[[Mailbox, Snapshot], str | Unseen]] = {
    "type": lambda box, _: box.kind.value,
    "domain": lambda box, _: box.address.rpartition("@")[2],
    "department": _department,
    "name": lambda box, _: box.display_name,
}
