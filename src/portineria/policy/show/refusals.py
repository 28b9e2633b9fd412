"""Draws docs/refusals.md from the catalogue (`make docs`); `explain --list` prints its rows."""

from __future__ import annotations

from collections.abc import Iterator

from portineria.policy.explain.meaning import layers_of, meant, repairs
from portineria.policy.wiretexts.catalogue import SAYINGS
from portineria.policy.wiretexts.sayings import Face, Saying

COLUMNS = ("Id", "Said by", "Text", "Possible layers")

_OPENING = """\
# Refusals

Every text of Exchange Online and Entra that `portineria explain` knows, with what it means, the
layers that it can come from, what mends it and who can do that. A layer's name is that of
[the ladder](ladder.md). Texts stand without the bracket of host, time and session that follows
many of them; `{name}` is any short text.

```sh
portineria explain "535 5.7.3 Authentication unsuccessful"
portineria explain printer.log
portineria explain AADSTS53003 --mailbox ada@contoso.example --as user
```

A log is searched whole, however a program has wrapped, broken or escaped the text: every message in
it is shown once, counted, with the numbers of its lines. No secret of a pasted log is told: a known
message is shown as it stands here, and of an unknown one only words that cannot be a secret.
With `--mailbox` the tenant's state says which of the layers it is, or that it could not be told,
and why.

How far to trust an entry stands in its last column: *documented* by Microsoft or a standard,
*captured* from the service by somebody, a *field report*, or *unverified*: nobody has shown it.
What the sources are is told in [sources.md](sources.md). A text that is not here is answered with
*not known*; nothing is concluded from one that is merely like it.

This page is drawn from the catalogue, by `make docs`.
"""


def page() -> str:
    """The whole page, ending with a newline."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _OPENING
    for face in Face:
        yield f"## {face.value}"
        yield ""
        yield "| text | means | possible layers | repair, and who can | trust and source |"
        yield "|---|---|---|---|---|"
        yield from (_entry(saying) for saying in SAYINGS if saying.face is face)
        yield ""


def _entry(saying: Saying) -> str:
    meaning = "; ".join(dict.fromkeys(one.meaning for one in meant(saying)))
    layers = ", ".join(sorted(layers_of(saying))) or "none"
    mends = "; ".join(
        f"{one.layer}: {one.change} ({one.who})" if one.layer else f"{one.change} ({one.who})"
        for one in repairs(saying, layers_of(saying))
    )
    trust = f"{saying.confidence.value}: {saying.source}"
    cells = (f'<a id="{saying.id}"></a>{_code(saying.text)}', meaning, layers, mends, trust)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _code(text: str) -> str:
    return text if text.startswith("(") else f"`{text}`"


def rows() -> Iterator[tuple[str, ...]]:
    """The catalogue as a table, for a terminal."""
    for saying in SAYINGS:
        layers = ", ".join(sorted(layers_of(saying)))
        yield saying.id, saying.face.value, saying.text, layers
