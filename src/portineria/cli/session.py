"""What the bodies of most verbs share: the profile that was asked for, and a look at its tenant."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from portineria.cli.frame import Asked
from portineria.tongue.say import compose

if TYPE_CHECKING:
    from portineria.fault import NoFile
    from portineria.run.look import Wants
    from portineria.run.ports import Progress
    from portineria.tenant.snapshot import Snapshot
    from portineria.wiring.tenant import Tenant

Result = TypeVar("Result")


def with_tenant(said: Asked, work: Callable[[Tenant, Progress], Awaitable[Result]]) -> Result:
    """Open the tenant of the profile, do the work, close everything."""
    from portineria.cli.loop import run
    from portineria.cli.progress import progress
    from portineria.doors import profiles
    from portineria.doors.state import StateFolder
    from portineria.wiring.opening import open_tenant, system_clock

    state = StateFolder(said.state)
    profile = profiles.load(state.profiles, said.profile)
    state.make()

    async def whole() -> Result:
        teller = progress(system_clock())
        try:
            async with open_tenant(profile, state) as tenant:
                warn_of_open_windows(tenant)
                warn_of_the_clock(tenant)
                return await work(tenant, teller)
        finally:
            teller.close()

    return run(whole())


def warn_of_open_windows(tenant: Tenant) -> None:
    """The first thing that any command says: a run was killed while security was down.

    A journal that cannot be read may hide such a run: that is said too, and verbs that write
    stop at it.
    """
    from portineria.fault import BadJournal

    try:
        runs = tenant.unfinished()
    except BadJournal as fault:
        told = compose("warning: {} ({}); {}", fault.why, fault.where, fault.try_)
        print(told, file=sys.stderr)
        return
    for run in runs:
        if run.exposed:
            told = compose(
                "warning: run {} rests inside its window, security may be down: "
                "portineria apply --resume {}",
                run.run,
                run.run,
            )
            print(told, file=sys.stderr)


def warn_of_the_clock(tenant: Tenant) -> None:
    """Plans grow stale and runs are dated by it; with a certificate it may also lock us out."""
    from portineria.fault import ClockFault

    if off := tenant.clock_told:
        told = compose("warning: this machine's clock is {}: {}", off, ClockFault.mend)
        print(told, file=sys.stderr)


def snapshot(said: Asked, file: str | None, wants: Wants | None = None) -> Snapshot:
    """The snapshot of a file, or a look at the tenant now."""
    if file is not None:
        return read_snapshot(Path(file))
    return with_tenant(said, lambda tenant, teller: tenant.look(teller, wants))


def snapshot_of_export(folder: str, file: str | None) -> Snapshot:
    """A folder that export.ps1 wrote. Raises UsageFault, NoFile, BadFile, ServiceFault."""
    from portineria.cli.loop import run
    from portineria.fault import UsageFault
    from portineria.wiring.exported import look_at_export

    if file is not None:
        raise UsageFault(
            "there are two things to look at",
            where="--from-export",
            try_="leave --snapshot out: it shows what was looked at before",
        )
    return run(look_at_export(Path(folder)))


MOST_SNAPSHOT = 1024 * 1024 * 1024


def read_snapshot(path: Path) -> Snapshot:
    """A snapshot written by `look --output`. Raises NoFile, BadEncoding, BadFile."""
    import json

    from portineria.doors.textfile import read_text
    from portineria.fault import BadFile
    from portineria.tenant.snapshotjson import from_json

    text = read_text(path, most=MOST_SNAPSHOT)
    try:
        return from_json(json.loads(text))
    except (ValueError, AttributeError, RecursionError) as error:
        why = f"not a snapshot: {str(error)[:200]}"
    raise BadFile(why, where=str(path), try_="write one: portineria look --output snapshot.json")


def write_private(file: str, document: Any) -> None:
    """A JSON file for its owner alone, whole or not at all. Raises NoFile."""
    from itertools import chain

    from portineria.tenant.lazyjson import pieces

    told = chain(pieces(document), "\n")
    write_octets(file, (piece.encode(errors="backslashreplace") for piece in told))


def write_octets(file: str, content: Iterable[bytes], option: str = "--output") -> None:
    """A file for its owner alone, whole or not at all. Raises NoFile."""
    from portineria.doors.files import write_atomic

    path = Path(file)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            # A pipe or a device takes what is written: it must not be replaced by a file.
            with path.open("wb") as target:
                target.writelines(content)
        else:
            write_atomic(path.resolve(), content)
    except (OSError, ValueError) as error:
        raise _unwritten(file, error, option) from None


def refuse_unwritable(file: str | None, option: str = "--output") -> None:
    """Raise NoFile before any work is done where the answer could not be kept in `file`."""
    import os

    if file is None:
        return
    path = Path(file)
    try:
        if path.is_dir():
            raise IsADirectoryError(21, os.strerror(21))
        if not path.exists():
            path = path.resolve().parent
            path.stat()
        if not os.access(path, os.W_OK):
            raise PermissionError(13, os.strerror(13))
    except (OSError, ValueError) as error:
        raise _unwritten(file, error, option) from None


def refuse_existing(file: str) -> None:
    """Raise NoFile before any work is done when `file` is there already, or cannot be made."""
    from portineria.fault import NoFile

    if file == "-":
        return
    refuse_unwritable(file)
    if Path(file).exists():
        raise NoFile(
            "the file is there already",
            where=file,
            try_="move it away, or name another one with --output",
        )


def write_new(file: str, text: str) -> None:
    """Write a file that is not there yet, whole or not at all. Raises NoFile."""
    path = Path(file)
    made = False
    try:
        with path.open("x", encoding="utf-8") as target:
            made = True
            target.write(text)
    except (OSError, ValueError) as error:
        if made:
            path.unlink(missing_ok=True)
        raise _unwritten(file, error) from None


def _unwritten(file: str, error: Exception, option: str = "--output") -> NoFile:
    from portineria.fault import NoFile

    why = error.strerror if isinstance(error, OSError) else "no file can have that name"
    return NoFile(
        f"the file cannot be written: {why}", where=file, try_=f"name another one with {option}"
    )


def not_seen(snapshot: Snapshot) -> dict[str, str]:
    """Families that were looked for and could not be seen, with the reason.

    What nobody asked for was not looked at: that is no failure to see.
    """
    from portineria.tenant.unseen import NOT_LOOKED_AT

    unseen = snapshot.unseen()
    return {name: why for name, why in unseen.items() if why != NOT_LOOKED_AT.because}
