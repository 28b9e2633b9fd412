"""What takes a change back."""

from __future__ import annotations

from dataclasses import replace

from portineria.policy.change import Change, Family, Verb

_OPPOSITE = {Verb.CREATE: Verb.DELETE, Verb.DELETE: Verb.CREATE, Verb.UPDATE: Verb.UPDATE}


def reversible(change: Change) -> bool:
    """Everything but signing people out."""
    return change.target.family is not Family.SESSIONS


def inverse(change: Change) -> Change:
    """The change with before and after exchanged, on the object it was made on (real ids)."""
    return replace(change, verb=_OPPOSITE[change.verb], before=change.after, after=change.before)
