"""portineria schema"""

from __future__ import annotations

from portineria.cli.frame import verb


@verb("schema", examples=["portineria schema > policy.schema.json"])
def command() -> None:
    """Print the JSON Schema of the policy file.

    Name it in the first line of policy.yaml for editors that understand
    `# yaml-language-server: $schema=policy.schema.json`.
    """
    from portineria.policy.schema import schema_text

    print(schema_text(), end="")
