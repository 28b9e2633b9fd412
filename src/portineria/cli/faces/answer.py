"""JSON answers: one object on stdout, with its schema (`portineria schema --list`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def print_json(schema: str, members: Mapping[str, Any]) -> None:
    print_document({"schema": schema, **{k: v for k, v in members.items() if k != "schema"}})


def print_document(document: Mapping[str, Any]) -> None:
    """The one place that prints an answer or an error as JSON; tests listen here."""
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str))
