"""JSON answers: one object on stdout, with its schema (`portineria schema --list`)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from portineria.tenant.lazyjson import pieces


def print_json(schema: str, members: Mapping[str, Any]) -> None:
    print_document({"schema": schema, **{k: v for k, v in members.items() if k != "schema"}})


def print_document(document: Mapping[str, Any]) -> None:
    """The one place that prints an answer or an error as JSON; tests listen here."""
    sys.stdout.writelines(pieces(document))
    print()
