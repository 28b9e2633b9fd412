"""What the bodies of most verbs share: the profile that was asked for, and a look at its tenant."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from portineria.cli.frame import Asked

if TYPE_CHECKING:
    from portineria.run.look import Wants
    from portineria.run.ports import Progress
    from portineria.tenant.snapshot import Snapshot
    from portineria.wiring import Tenant

Result = TypeVar("Result")


def with_tenant(said: Asked, work: Callable[[Tenant, Progress], Awaitable[Result]]) -> Result:
    """Open the tenant of the profile, do the work, close everything."""
    from portineria.cli.loop import run
    from portineria.cli.progress import progress
    from portineria.doors import profiles
    from portineria.doors.state import StateFolder
    from portineria.wiring import open_tenant, system_clock

    state = StateFolder(said.state)
    profile = profiles.load(state.profiles, said.profile)
    state.make()

    async def whole() -> Result:
        teller = progress(system_clock())
        try:
            async with open_tenant(profile, state) as tenant:
                warn_of_open_windows(tenant)
                return await work(tenant, teller)
        finally:
            teller.close()

    return run(whole())


def warn_of_open_windows(tenant: Tenant) -> None:
    """The first thing that any command says: a run was killed while security was down."""
    for run in tenant.runs():
        if run.exposed:
            print(
                f"warning: run {run.run} rests inside its window, security may be down: "
                f"portineria apply --resume {run.run}",
                file=sys.stderr,
            )


def snapshot(said: Asked, file: str | None, wants: Wants | None = None) -> Snapshot:
    """The snapshot of a file, or a look at the tenant now."""
    if file is not None:
        return read_snapshot(Path(file))
    return with_tenant(said, lambda tenant, teller: tenant.look(teller, wants))


def read_snapshot(path: Path) -> Snapshot:
    """A snapshot written by `look --output`. Raises OperatorFault."""
    import json

    from portineria.fault import OperatorFault
    from portineria.tenant.snapshotjson import from_json

    document: Any = None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return from_json(document)
    except OSError as error:
        why = error.strerror or "unreadable"
    except (ValueError, AttributeError) as error:
        why = f"not a snapshot: {error}"
    raise OperatorFault(why, where=str(path), try_="write one with `portineria look --output`")


def write_private(file: str, document: Any) -> None:
    """A JSON file for its owner alone, whole or not at all. Raises OperatorFault."""
    from itertools import chain

    from portineria.doors.files import write_atomic
    from portineria.fault import OperatorFault
    from portineria.tenant.lazyjson import pieces

    try:
        write_atomic(Path(file), (piece.encode() for piece in chain(pieces(document), "\n")))
    except OSError as error:
        why = f"the file cannot be written: {error.strerror}"
        raise OperatorFault(why, where=file, try_="name another file") from None


def refuse_existing(file: str) -> None:
    """Raise OperatorFault before any work is done when `file` is there already."""
    from portineria.fault import OperatorFault

    if file != "-" and Path(file).exists():
        raise OperatorFault(
            "the file is there already", where=file, try_="name another one with --output"
        )


def write_new(file: str, text: str) -> None:
    """Write a file that is not there yet. Raises OperatorFault."""
    from portineria.fault import OperatorFault

    try:
        with Path(file).open("x", encoding="utf-8") as target:
            target.write(text)
    except OSError as error:
        why = f"the file cannot be written: {error.strerror}"
        raise OperatorFault(why, where=file, try_="name another one with --output") from None


def not_seen(snapshot: Snapshot) -> dict[str, str]:
    """Families that were looked for and could not be seen, with the reason.

    What nobody asked for was not looked at: that is no failure to see.
    """
    from portineria.tenant.unseen import NOT_LOOKED_AT

    unseen = snapshot.unseen()
    return {name: why for name, why in unseen.items() if why != NOT_LOOKED_AT.because}
