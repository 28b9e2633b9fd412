"""The published JSON Schemas: one for each kind of object that --json prints or --output writes.

They lie in `schemas/NAME@VERSION.json`; the policy's own lies beside its parser. The names and
what they are of stand here too, for the command line's help and completion open no file.
"""

from __future__ import annotations

import json
from difflib import get_close_matches
from importlib import resources
from typing import Any, NamedTuple

from portineria.fault import OperatorFault

DEFAULT = "policy"


class Known(NamedTuple):
    """A schema's version, and where its objects come from."""

    version: int
    found_in: str


KNOWN: dict[str, Known] = {
    "policy": Known(1, "the policy file that you write"),
    "error": Known(1, "any verb that fails"),
    "connect": Known(1, "`connect`"),
    "connect-check": Known(1, "`connect check`, `connect --client-id`"),
    "connect-rotate": Known(1, "`connect rotate`"),
    "connect-remove": Known(1, "`connect remove`"),
    "connect-user": Known(1, "`connect user`"),
    "connect-print": Known(1, "`connect --print`"),
    "init": Known(1, "`init`"),
    "look": Known(1, "`look`"),
    "snapshot": Known(1, "`look --output`; a part of `look`"),
    "why": Known(1, "`why`"),
    "inventory": Known(1, "`inventory`"),
    "report": Known(1, "`report`"),
    "settings": Known(1, "`settings`"),
    "settings-clients": Known(1, "`settings --list-clients`"),
    "probe": Known(1, "`probe`"),
    "app-check": Known(1, "`app check`"),
    "plan": Known(
        1,
        "`plan`, `app create`, `app remove`, `close` without --now, `undo --output`; what `apply` "
        "reads",
    ),
    "run": Known(1, "`apply`, `undo`, `close --now`, `app create --yes`, `app remove --yes`"),
    "explain": Known(1, "`explain`"),
    "refusals": Known(1, "`explain --list`"),
    "advise": Known(1, "`advise`"),
    "verify": Known(1, "`verify`"),
    "apps": Known(1, "`app list`"),
    "runs": Known(1, "`runs list`"),
    "journal": Known(1, "`runs show`"),
    "gateway-file": Known(1, "the gateway.yaml that you write; `gateway init`"),
    "gateway": Known(1, "`gateway run`, `gateway up`"),
    "gateway-status": Known(1, "`gateway status`"),
    "gateway-down": Known(1, "`gateway down`"),
    "gateway-init": Known(1, "`gateway init`"),
    "settings-link": Known(1, "`settings link`"),
    "settings-serve": Known(1, "`settings serve`"),
    "script": Known(1, "`script`"),
    "gateway-unlock": Known(1, "`gateway unlock`"),
    "gateway-doors": Known(1, "`gateway doors`; the file that it writes"),
    "gateway-credential": Known(1, "`gateway credential add`, `gateway credential rotate`"),
    "gateway-credentials": Known(
        1, "`gateway credential list`, `gateway credential show`, `gateway credential revoke`"
    ),
    "demo": Known(1, "`demo`"),
    "lab": Known(1, "`lab up`, `lab status`"),
    "lab-down": Known(1, "`lab down`"),
    "schemas": Known(1, "`schema --list`"),
    "completion": Known(1, "`completion`"),
}


def title(name: str) -> str:
    """What stands in the member `schema` of such an object."""
    return f"portineria/{name}@{KNOWN[name].version}"


def published(name: str) -> dict[str, Any]:
    """A schema by `plan`, `plan@1` or `portineria/plan@1`, with those that it refers to inside.

    Raises OperatorFault where there is none of that name.
    """
    short = _short(name)
    document = _file(short)
    inside: dict[str, Any] = {}
    _gather(document, short, inside)
    if inside:
        document["$defs"] = {**document.get("$defs", {}), **inside}
    return document


def every_schema() -> list[dict[str, str]]:
    """name, schema, id, title and description of each, in the order of KNOWN."""
    rows = []
    for name in KNOWN:
        document = _file(name)
        words = {key: str(document[key]) for key in ("title", "description")}
        rows.append({"name": name, "schema": title(name), "id": str(document["$id"]), **words})
    return rows


def _short(name: str) -> str:
    short, _, version = name.removeprefix("portineria/").partition("@")
    if short in KNOWN and version in ("", str(KNOWN[short].version)):
        return short
    close = get_close_matches(short, KNOWN, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise OperatorFault(
        f"there is no schema {name!r}", where="schema", try_=f"{hint}portineria schema --list"
    )


def _file(name: str) -> dict[str, Any]:
    if name == DEFAULT:
        from portineria.policy.schema import schema

        return schema()
    place = resources.files(__package__) / "schemas" / f"{name}@{KNOWN[name].version}.json"
    document: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return document


def _gather(part: Any, own: str, inside: dict[str, Any]) -> None:
    """Put every other schema that is referred to in `inside`, and what those refer to."""
    if isinstance(part, dict):
        target = str(part.get("$ref", ""))
        name = target.partition("#")[0].removeprefix("urn:portineria:").partition(":")[0]
        if name in KNOWN and name != own and name not in inside:
            inside[name] = _file(name)
            _gather(inside[name], own, inside)
    for value in (
        part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    ):
        _gather(value, own, inside)
