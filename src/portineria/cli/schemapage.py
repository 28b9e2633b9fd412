"""Draws docs/schemas.md from the published schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from portineria.cli.published import KNOWN, published, title

DEPTH = 1
"""How many levels of members are shown below the first."""

Schema = Mapping[str, Any]

_OPENING = """\
# Schemas

Every answer with `--json`, every error, and every file that `--output` writes is one object with
a member `schema`, and has a published JSON Schema (draft 2020-12): `portineria schema NAME` prints
it, whole. This page is drawn from them by `make docs`.

**Names may be added to an object**: pass over those that you do not know. What is there keeps its
meaning and its form, or the number behind `@` changes. Values that are listed are all there are,
where no line says that new ones may come. Dates are ISO 8601 in UTC, durations are in seconds.
"""


def schemas_page() -> str:
    """The whole page, ending with a newline."""
    lines = [_OPENING]
    for name in KNOWN:
        document = published(name)
        lines += [f"## {title(name)}", "", f"*{document['title']}.* {document['description']}", ""]
        lines += [f"- {row}" for row in _members(document, document)]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _members(schema: Schema, root: Schema, path: str = "") -> Iterator[str]:
    """One line a member: its kind and what it is; what is inside it comes below."""
    needed = set(schema.get("required", ()))
    for name, written in schema.get("properties", {}).items():
        if name == "schema":
            continue
        member = _resolved(written, root)
        rare = "" if name in needed else ", not always there"
        told = written.get("description") or member.get("description", "")
        yield f"`{path}{name}` ({_kind(member)}{rare}): {told}"
        if path.count(".") < DEPTH and "$id" not in member:
            many = "[]" if "items" in member else ""
            inner = _resolved(member.get("items", member), root)
            yield from _members(inner, root, f"{path}{name}{many}.")


def _resolved(schema: Schema, root: Schema) -> Schema:
    """What a reference points at, in this document or among those it carries."""
    target, _, rest = str(schema.get("$ref", "")).partition("#")
    if not target and not rest:
        return schema
    found = root
    if target:
        found = root["$defs"][target.removeprefix("urn:portineria:").partition(":")[0]]
    for step in filter(None, rest.split("/")):
        found = found[step]
    return found


def _kind(member: Schema) -> str:
    if "enum" in member:
        return " or ".join(json.dumps(value) for value in member["enum"])
    if "const" in member:
        return json.dumps(member["const"])
    choices = member.get("anyOf") or member.get("oneOf")
    if choices:
        kinds = [_unseen(one) or _kind(one) for one in choices]
        return " or ".join(dict.fromkeys(kinds))
    kind = member.get("type", "object")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _unseen(choice: Schema) -> str:
    return "unseen" if str(choice.get("$ref", "")).endswith("/unseen") else ""
