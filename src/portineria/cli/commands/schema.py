"""portineria schema"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb
from portineria.fault import UsageFault


@verb(
    "schema",
    examples=[
        "portineria schema > policy.schema.json",
        "portineria schema --list",
        "portineria schema plan",
        "portineria schema portineria/lab@1",
    ],
)
@click.argument("name", required=False, shell_complete=completing.schemas)
@click.option("--list", "listed", is_flag=True, help="List every schema there is.")
def command(name: str | None, listed: bool) -> None:
    """Print a JSON Schema: of the policy file, or of what --json and --output write.

    NAME is what stands in the member `schema` of an object, or its middle: `plan`. Without it
    it is the policy's. Name that file in the first line of policy.yaml for editors that
    understand `# yaml-language-server: $schema=policy.schema.json`.
    """
    import json

    from portineria.cli.published import DEFAULT, published

    if listed and name is not None:
        raise UsageFault("--list takes no name", where="schema", try_="portineria schema --help")
    if listed:
        _list(as_json=asked().json)
        return
    print(json.dumps(published(name or DEFAULT), ensure_ascii=False, indent=2))


def _list(*, as_json: bool) -> None:
    from portineria.cli.faces.answer import print_json
    from portineria.cli.faces.tables import print_table
    from portineria.cli.published import KNOWN, every_schema, title

    if as_json:
        print_json("portineria/schemas@1", {"schemas": every_schema()})
        return
    rows = ((name, title(name), known.found_in) for name, known in KNOWN.items())
    print_table(("Name", "Schema", "Of"), rows)
