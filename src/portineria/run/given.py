"""When our own runs gave an application what opens mailboxes: Exchange writes down no date.

Implements run.appcheck.Given over what the journals left. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portineria.policy.change import Family
from portineria.policy.drift import Memory, Remembered


@dataclass(frozen=True, slots=True)
class GivenByRuns:
    """A later run that took it away again has taken it out of the memory too."""

    memory: Memory

    def right(self, principal: str, guid: str) -> datetime | None:
        """FullAccess of this principal on this mailbox."""
        key = f"{guid}/{principal}".lower()
        left = self.memory.fields.get((Family.MAILBOX_PERMISSION, key, "AccessRights"))
        if left is None or "FullAccess" not in (left.value or ()):
            return None
        return _at(left)

    def member(self, guid: str) -> datetime | None:
        """The mailbox's place in a group that a scope names; the latest where it has several."""
        end = f"/{guid}".lower()
        dates = (
            _at(left)
            for (family, key, _), left in self.memory.fields.items()
            if family is Family.GROUP_MEMBER and key.endswith(end)
        )
        return max((at for at in dates if at is not None), default=None)


def _at(left: Remembered) -> datetime | None:
    try:
        at = datetime.fromisoformat(left.at)
    except ValueError:
        return None
    return None if at.tzinfo is None else at
