"""Files of translations as translators' programs know them: gettext's PO, a part of it.

An entry is a comment `#: module` with the modules that say it, the flag `#, composed` where it is
never said as one text, the English sentence as `msgid` and the other as `msgstr`, each a quoted
string on one line or several. An entry without its other language is left out.
Source: GNU gettext manual, The Format of PO Files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class Entry:
    english: str = ""
    other: str = ""
    composed: bool = False


def read(text: str) -> Iterator[Entry]:
    """Every entry that has both; the header, whose English is empty, is none.

    Raises ValueError for a line that is no part of an entry.
    """
    entry, part = Entry(), ""
    for line in [*text.splitlines(), ""]:
        if not line.strip():
            if entry.english and entry.other:
                yield entry
            entry, part = Entry(), ""
        elif line == "#, composed":
            entry.composed = True
        elif not line.startswith("#"):
            name, _, quoted = line.partition('"')
            part = name.strip() or part
            if part == "msgid":
                entry.english += json.loads(f'"{quoted}')
            elif part == "msgstr":
                entry.other += json.loads(f'"{quoted}')
            else:
                raise ValueError(f"no line of an entry: {line}")
