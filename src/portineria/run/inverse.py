"""What takes a change back."""

from __future__ import annotations

from dataclasses import replace

from portineria.policy.change import Change, Family, Phase, Verb

_OPPOSITE = {Verb.CREATE: Verb.DELETE, Verb.DELETE: Verb.CREATE, Verb.UPDATE: Verb.UPDATE}


def reversible(change: Change) -> bool:
    """Everything but signing people out."""
    return change.target.family is not Family.SESSIONS


def inverse(change: Change, *, number: int | None = None, phase: Phase | None = None) -> Change:
    """The change with before and after exchanged, on the object it was made on.

    `change` carries real ids; the inverse of a delete is a create, whose object gets a new id
    where the service gives ids (Conditional Access, named locations).
    """
    key = change.target.key
    made_anew = change.verb is Verb.DELETE and change.target.family in _GIVEN_IDS
    return replace(
        change,
        id=change.id if number is None else number,
        verb=_OPPOSITE[change.verb],
        target=replace(change.target, key="" if made_anew else key),
        before=change.after,
        after=change.before,
        phase=change.phase if phase is None else phase,
    )


_GIVEN_IDS = frozenset({Family.CONDITIONAL_ACCESS, Family.NAMED_LOCATION})
