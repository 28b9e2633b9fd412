"""The published JSON Schema of the policy file, for editors and for whoever wants to check.

The parser (`policyfile`) is the judge and knows more than a schema can say: duplicate names,
break-glass accounts among the grantees, files that cannot be read. A test holds the two together.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

VERSION = "portineria/policy@1"


def schema_text() -> str:
    """The schema as it is packaged."""
    return (resources.files(__package__) / "policy.schema.json").read_text(encoding="utf-8")


def schema() -> dict[str, Any]:
    """The schema as a JSON object (draft 2020-12)."""
    document: dict[str, Any] = json.loads(schema_text())
    return document
