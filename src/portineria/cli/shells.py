"""How bash, zsh and fish ask us what to offer: Click's way, mended where it failed in a shell.

Imported when a shell asks, and by `portineria completion`; nothing else waits for it.
"""

from __future__ import annotations

from typing import Any

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local kind value told
    local -a lines plain described
    lines=("${(@f)$(COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT - 1)) \\
        %(complete_var)s=zsh_complete %(prog_name)s)}")
    for kind value told in "${lines[@]}"; do
        case $kind in
            dir) _files -/ ;;
            file) _files ;;
            plain) [[ $told == _ ]] && plain+=("$value") || described+=("$value:$told") ;;
        esac
    done
    (( $#described )) && _describe -V verbs described
    (( $#plain )) && compadd -V values -a plain
}

if [[ $funcstack[1] == _%(prog_name)s ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""
"""Found through fpath, the whole file is the function's body at each call, not only at the first:
Click's own script looks for the first and completes nothing at the second."""


class Bash(BashComplete):
    """bash hands over `--profile=x` in three words."""

    def get_completion_args(self) -> tuple[list[str], str]:
        given, begun = super().get_completion_args()
        return [word for word in given if word != "="], "" if begun == "=" else begun


class WholeWord(ShellComplete):
    """zsh and fish replace the whole word: a value behind `--profile=` needs that before it."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        items = super().get_completions(args, incomplete)
        option, equals, _ = incomplete.partition("=")
        if not (equals and option.startswith("--")):
            return items
        return [CompletionItem(f"{option}={item.value}", item.type, item.help) for item in items]


class Zsh(WholeWord, ZshComplete):
    source_template = _ZSH


class Fish(WholeWord, FishComplete):
    pass


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def listen() -> None:
    """Let these answer when Click is asked."""
    for shell in SHELLS.values():
        add_completion_class(shell)


def script(shell: str, cli: Any, program: str, variable: str) -> str:
    """What the shell is to read. Not Click's `source`: for bash that runs one to see its age."""
    maker = SHELLS[shell](cli, {}, program, variable)
    return (maker.source_template % maker.source_vars()).strip() + "\n"
