"""JSON answers: one object on stdout, with its schema."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from portineria.tenant.lazyjson import pieces


def print_json(schema: str, members: Mapping[str, Any]) -> None:
    document = {"schema": schema, **{k: v for k, v in members.items() if k != "schema"}}
    sys.stdout.writelines(pieces(document))
    print()
