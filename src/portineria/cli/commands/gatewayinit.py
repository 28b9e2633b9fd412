"""portineria gateway init"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb
from portineria.tongue.say import compose


@verb(
    "init",
    examples=["portineria gateway init", "portineria gateway init --output gateway.yaml"],
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    default="gateway.yaml",
    show_default=True,
    shell_complete=completing.files,
    help="Where to write it; - is stdout. A file that is there is never replaced.",
)
def init(output: str) -> None:
    """Write a gateway.yaml with every key, its default, and what it is for."""
    from importlib import resources

    from portineria.cli import session
    from portineria.cli.faces.answer import print_json

    said = asked()
    session.refuse_existing(output)
    text = (resources.files("portineria.gateway") / "gateway.example.yaml").read_text("utf-8")
    if output != "-":
        session.write_new(output, text)
    if said.json:
        print_json("portineria/gateway-init@1", {"file": output, "text": text})
    elif output == "-":
        print(text, end="")
    else:
        told = "{} is written. Next: portineria gateway up --config {}"
        print(compose(told, output, output))
