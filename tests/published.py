"""Every JSON object that the program prints or writes, judged by its published schema.

The schemas as published let new names through, since names may be added. Here they are closed: a
name that no schema describes fails.
"""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any

import jsonschema

from portineria.cli.published import KNOWN, published

SEEN: set[str] = set()
"""Names of schemas that something was held against, in this process."""


def judge(document: Any) -> str:
    """Hold an object against the schema that it names; the schema's name."""
    named = str(document["schema"])
    name = named.removeprefix("portineria/").partition("@")[0]
    assert name in KNOWN, f"no schema is published for {named}"
    SEEN.add(name)
    wrong = sorted(_validator(name).iter_errors(document), key=lambda e: list(map(str, e.path)))
    assert not wrong, "\n".join(f"{named}: {one.json_path}: {one.message[:300]}" for one in wrong)
    return name


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    formats = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(closed(published(name)), format_checker=formats)


def closed(schema: Any) -> Any:
    """The same schema, where every object that lists its names has no others."""
    return _close(deepcopy(schema))


def _close(part: Any) -> Any:
    if isinstance(part, list):
        return [_close(one) for one in part]
    if not isinstance(part, dict):
        return part
    done = {key: _close(value) for key, value in part.items()}
    objects = done.get("type") == "object" or done.get("type") == ["object", "null"]
    if objects and "properties" in done and "additionalProperties" not in done:
        done["additionalProperties"] = False
    return done


def judged(text: str) -> Any:
    """Standard output as the one object it has to be, held against its schema."""
    document = json.loads(text)
    judge(document)
    return document
