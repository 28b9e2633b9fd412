"""portineria runs"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portineria.cli import completing
from portineria.cli.frame import Verbs, asked, verb
from portineria.fault import NoSuch
from portineria.tongue.say import say

if TYPE_CHECKING:
    from portineria.run.journal import RunState


@click.group("runs", cls=Verbs)
def command() -> None:
    """List runs and show what their journals say. Reads the state folder only."""


@verb("list", examples=["portineria runs list", "portineria runs list --json"])
def list_runs() -> None:
    """List every run of the state folder, oldest first, and how it stands."""
    from portineria.cli.faces.answer import print_json
    from portineria.cli.faces.tables import print_table
    from portineria.doors.journal import Runs

    said = asked()
    rows = [_row(state) for state in Runs(said.state).each()]
    if said.json:
        print_json("portineria/runs@1", {"runs": rows})
    elif rows:
        print_table(("Run", "Begun", "Tenant", "Stands", "Promised"), (_cells(row) for row in rows))
    else:
        print(say("There are no runs yet."))


@verb("show", examples=["portineria runs show 20261123T201500Z-3f9a1c --json"])
@click.argument("run", shell_complete=completing.runs)
def show(run: str) -> None:
    """Print the journal of one run: every promise and what became of it."""
    from portineria.cli.faces.answer import print_json
    from portineria.cli.faces.tables import plain
    from portineria.doors.journal import Runs

    said = asked()
    runs = Runs(said.state)
    if run not in runs.names():
        raise NoSuch(
            f"there is no run {run!r}", where=str(said.state / "runs"), try_="portineria runs list"
        )
    journal = runs.journal(run)
    entries = journal.entries()
    if said.json:
        print_json("portineria/journal@1", {"run": run, "torn": journal.torn, "entries": entries})
        return
    for entry in entries:
        rest = {k: v for k, v in entry.items() if k not in {"t", "kind", "plan"} and v != ""}
        told = ", ".join(f"{key} {value}" for key, value in rest.items())
        print(f"{entry.get('t', '')}  {entry.get('kind', '')!s:<12}  {plain(told)}")
    if journal.torn:
        print(say("(the last line was cut off and does not count)"))


def _row(state: RunState) -> dict[str, object]:
    return {
        "run": state.run,
        "begun_at": state.begun_at,
        "tenant_id": state.tenant_id,
        "stands": stands(state),
        "promises": state.promises,
        "exposed": state.exposed,
        "unfinished": state.unfinished,
    }


def stands(state: RunState) -> str:
    """How a run stands, in words."""
    if state.exposed:
        return f"INSIDE ITS WINDOW: portineria apply --resume {state.run}"
    if state.unfinished:
        return f"unfinished: {state.stopped}" if state.stopped else "unfinished"
    return state.ended


def _cells(row: dict[str, object]) -> tuple[str, ...]:
    keys = ("run", "begun_at", "tenant_id", "stands", "promises")
    return tuple(say(str(row[key])) if key == "stands" else str(row[key]) for key in keys)


command.add_command(list_runs)
command.add_command(show)
