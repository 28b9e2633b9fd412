"""portineria completion"""

from __future__ import annotations

import click

from portineria.cli.frame import verb


@verb(
    "completion",
    examples=["portineria completion bash > ~/.local/share/bash-completion/completions/portineria"],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a completion script for your shell."""
    from click.shell_completion import get_completion_class

    from portineria.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    print(kind(cli, {}, "portineria", "_PORTINERIA_COMPLETE").source())
