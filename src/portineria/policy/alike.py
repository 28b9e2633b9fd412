"""Whether two values of Microsoft's are the same, however they are spelled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from portineria.policy.change import Json

_ANNOTATION = re.compile(r".*@odata\.(?!type$)")


def alike(wanted: Json, seen: Json) -> bool:
    """Whether two JSON values mean the same to Microsoft, however they are spelled.

    An absent member, null and an empty list are one; a list of plain values is a set; members
    that only annotate (`…@odata.context`) do not count. False and null stay two: a mailbox
    that inherits its switch is not one that is on.
    """
    if isinstance(wanted, Mapping) or isinstance(seen, Mapping):
        return _objects_alike(wanted or {}, seen or {})
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return _lists_alike(wanted, seen or [])
    if isinstance(seen, Sequence) and not isinstance(seen, str):
        return _lists_alike(wanted or [], seen)
    if isinstance(wanted, bool) or isinstance(seen, bool):
        return wanted is seen
    return bool((wanted or None) == (seen or None))


def _objects_alike(wanted: Json, seen: Json) -> bool:
    if not isinstance(wanted, Mapping) or not isinstance(seen, Mapping):
        return False
    names = {name for name in (*wanted, *seen) if not _ANNOTATION.match(name)}
    return all(alike(wanted.get(name), seen.get(name)) for name in names)


def _lists_alike(wanted: Json, seen: Json) -> bool:
    for side in (wanted, seen):
        if isinstance(side, str) or not isinstance(side, Sequence):
            return False
    if all(isinstance(item, str) for item in (*wanted, *seen)):
        return {item.lower() for item in wanted} == {item.lower() for item in seen}
    return len(wanted) == len(seen) and all(map(alike, wanted, seen))
