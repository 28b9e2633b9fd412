"""portineria completion"""

from __future__ import annotations

import click

from portineria.cli.completing import VARIABLE
from portineria.cli.frame import asked, verb

PLACES = {
    "bash": "~/.local/share/bash-completion/completions/portineria",
    "zsh": "~/.zfunc/_portineria",
    "fish": "~/.config/fish/completions/portineria.fish",
}


@verb(
    "completion",
    examples=[
        "portineria completion bash > ~/.local/share/bash-completion/completions/portineria",
        "portineria completion zsh > ~/.zfunc/_portineria",
        "portineria completion fish > ~/.config/fish/completions/portineria.fish",
    ],
)
@click.argument("shell", type=click.Choice(list(PLACES)))
def command(shell: str) -> None:
    """Print a completion script for your shell.

    Verbs, options and values: profiles, runs, guards' words, seeds, weathers, schemas, plans.
    bash looks there by itself where the package bash-completion is installed; without it,
    `source` the file in ~/.bashrc. zsh needs `fpath+=~/.zfunc` before `compinit` in ~/.zshrc.
    """
    from portineria.cli.faces.answer import print_json
    from portineria.cli.main import cli
    from portineria.cli.shells import script

    text = script(shell, cli, "portineria", VARIABLE)
    if asked().json:
        print_json(
            "portineria/completion@1", {"shell": shell, "script": text, "file": PLACES[shell]}
        )
    else:
        print(text, end="")
