"""The command line's frame: the list of verbs, the exit codes, errors rendered once.

0 as asked · 1 a promise is broken, or the answer is no · 2 bad input · 3 could not tell, or
pending · 4 a guard stopped it, nothing was written · 5 partly applied, resumable · 6 the
service, a permission, or the way to it · 70 our bug · 130 interrupted
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from portineria import __version__
from portineria.cli import completing
from portineria.cli.failure import as_fault, tell
from portineria.cli.frame import Asked, Lazy, ReaderLeft, Verbs
from portineria.cli.mouth import hush, open_mouth, unheard
from portineria.tongue.say import language, say, speak

INTERRUPTED = 130

_HOME = "portineria.cli.commands."
VERBS: dict[str, Lazy] = {
    "connect": Lazy(_HOME + "connect", "Give Portineria its own access to a tenant."),
    "init": Lazy(_HOME + "init", "Write a policy.yaml from what the tenant does today."),
    "look": Lazy(_HOME + "look", "Show the tenant's posture and who has which protocol."),
    "why": Lazy(_HOME + "why", "Say why a mailbox's access is open or not, rung by rung."),
    "inventory": Lazy(
        _HOME + "inventory", "Show who really uses which protocol, and who breaks without basic."
    ),
    "report": Lazy(_HOME + "report", "Say on one page what protects the tenant and what is open."),
    "settings": Lazy(_HOME + "settings", "Give a mailbox's settings, for one client."),
    "probe": Lazy(_HOME + "probe", "Log in for real, and explain the answer."),
    "explain": Lazy(_HOME + "explain", "Say what a refusal means, and what mends it."),
    "advise": Lazy(_HOME + "advise", "Rank the ways to serve a need, and say when each stops."),
    "plan": Lazy(_HOME + "plan", "Show what would be done, in which order, and why."),
    "apply": Lazy(_HOME + "apply", "Do exactly what a plan says, and read it back."),
    "script": Lazy(_HOME + "script", "Write a plan as a PowerShell script."),
    "verify": Lazy(_HOME + "verify", "Prove a run's promises: read again, and log in for real."),
    "undo": Lazy(_HOME + "undo", "Take back what a run did, through the same guards."),
    "app": Lazy(_HOME + "app", "The mail app: make it, list it, take it away."),
    "close": Lazy(_HOME + "close", "Shut one mailbox at once."),
    "gateway": Lazy(_HOME + "gateway", "Let old devices in by a password of their own."),
    "runs": Lazy(_HOME + "runs", "List runs and show what their journals say."),
    "demo": Lazy(_HOME + "demo", "Tell the whole story on the embedded tenant."),
    "lab": Lazy(_HOME + "lab", "Start and stop the embedded tenant."),
    "schema": Lazy(_HOME + "schema", "Print the JSON Schema of a policy or of an answer."),
    "completion": Lazy(_HOME + "completion", "Print a completion script for your shell."),
}


@click.group(cls=Verbs, lazy=VERBS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="portineria %(version)s")
def cli() -> None:
    """Open IMAP, POP3 and authenticated SMTP in Microsoft 365 on purpose, with proof.

    Declare who may use what in policy.yaml, look at the tenant, plan, apply, verify by a real
    login, undo. `portineria lab up` starts an embedded tenant to try all of it on.
    """


def terminal_width() -> int:
    """Columns for help texts. Asked here because Click would import shutil for it."""
    try:
        return int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        pass
    try:
        return os.get_terminal_size().columns or 80
    except OSError:
        return 80


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and say how it ended; nothing is raised."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    speak(language(given, os.environ))
    said = Asked()
    mute = open_mouth()
    if mute is not None:
        tell(mute, said, mute)
        return mute.exit_code
    if completing.VARIABLE in os.environ:
        from portineria.cli.shells import listen

        listen()
    try:
        answer = cli.main(
            given,
            prog_name="portineria",
            standalone_mode=False,
            obj=said,
            terminal_width=min(100, terminal_width()),
        )
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        print(say("interrupted"), file=sys.stderr)
        return INTERRUPTED
    except (BrokenPipeError, ReaderLeft):
        hush()
        return INTERRUPTED
    except Exception as error:
        mute = unheard(error)
        said.json = mute is None and (said.json or "--json" in given)
        fault = mute or as_fault(error, said.verb)
        tell(fault, said, error)
        return fault.exit_code
    return answer if isinstance(answer, int) else 0
