"""What takes a change back."""

from __future__ import annotations

from dataclasses import replace

from portineria.policy.change import OF_APPS, Change, Family, Verb

_OPPOSITE = {Verb.CREATE: Verb.DELETE, Verb.DELETE: Verb.CREATE, Verb.UPDATE: Verb.UPDATE}


def reversible(change: Change) -> bool:
    """Everything but signing people out, and removing what bears an identity that is not given
    twice: an application that is made again is another one, with none of the rights."""
    gone = change.verb is Verb.DELETE and change.target.family in OF_APPS - _REMADE
    return change.target.family is not Family.SESSIONS and not gone


_REMADE = frozenset({Family.GROUP_MEMBER, Family.APP_ROLE})
"""What an application lost and can be given again, where it is still there."""


def inverse(change: Change) -> Change:
    """The change with before and after exchanged, on the object it was made on (real ids)."""
    return replace(change, verb=_OPPOSITE[change.verb], before=change.after, after=change.before)
