"""JSON answers: one object on stdout, with its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def print_json(schema: str, members: Mapping[str, Any]) -> None:
    document = {"schema": schema, **{k: v for k, v in members.items() if k != "schema"}}
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str))
