"""The state folder, the tenant's lock, the journal and its disk."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from desk import CLOSING, Desk, Row, is_free

LOOK = ["look"]
APPLY = ["apply", "plan.json", "--yes"]
RUN = "20261101T120000Z-abcdef"


def state(path: str) -> Callable[[Desk], None]:
    return lambda desk: desk.patch.setenv("PORTINERIA_STATE", path)


def a_file(desk: Desk) -> None:
    desk.write("state", "not a folder")
    desk.patch.setenv("PORTINERIA_STATE", str(desk.folder / "state"))


def open_to_others(desk: Desk) -> None:
    desk.state.chmod(0o755)


def a_file_for_runs(desk: Desk) -> None:
    (desk.state / "runs").rmdir()
    (desk.state / "runs").write_text("")


def anothers(desk: Desk) -> None:
    """Another's, and closed: the command is run as nobody."""
    desk.run("look", "--profile", "nobody")  # imports what a stranger might not be let read
    desk.become_nobody()
    if not desk.nobody:
        folder = desk.state / "profiles"
        folder.chmod(0)
        desk.closing.append(lambda: folder.chmod(0o700))


def read_only(desk: Desk) -> None:
    """What a file system that is mounted read-only says of every write."""

    def access(path: Any, mode: int, **more: Any) -> bool:
        return not (mode & os.W_OK and str(path).startswith(str(desk.state))) and real(
            path, mode, **more
        )

    real = os.access
    desk.patch.setattr(os, "access", access)


def held(desk: Desk) -> None:
    """Another process (here: another open file) works on the tenant."""
    desk.plan(CLOSING)
    path = desk.state / "runs" / f"{desk.lab.info['tenant']}.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    os.write(handle, b"4711\n")
    desk.closing.append(lambda: os.close(handle))
    desk.held = path


def lock_is_a_folder(desk: Desk) -> None:
    desk.plan(CLOSING)
    (desk.state / "runs" / f"{desk.lab.info['tenant']}.lock").mkdir()


# --- a disk that is full ----------------------------------------------------------------------


def small_disk(desk: Desk) -> None:
    """The system itself refuses files of more than a few octets: real, and before the journal."""
    desk.plan(CLOSING)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    desk.closing.append(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)))


def full_after(lines: int) -> Callable[[Desk], None]:
    """The disk has room for so many lines of the journal, and what was kept for it is gone."""

    def arrange(desk: Desk) -> None:
        desk.plan(CLOSING)
        left = [lines]
        real = os.write

        def write(handle: int, data: bytes) -> int:
            if Path(f"/proc/self/fd/{handle}").readlink().name == "journal.jsonl":
                if left[0] <= 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                left[0] -= 1
            return real(handle, data)

        desk.patch.setattr(os, "write", write)
        desk.room = lambda: desk.patch.setattr(os, "write", real)

    return arrange


def no_run_was_begun(desk: Desk) -> None:
    assert list((desk.state / "runs").glob("*/*")) == []


def resumed_when_there_is_room(desk: Desk) -> None:
    """Every write stands on a promise; with room again the run is finished as it was promised."""
    lines = journal(desk)
    kinds = [line["kind"] for line in lines]
    wrote = [asked for asked in desk.lab.lab.history.asked if asked.writes]
    assert len(wrote) <= kinds.count("promise")
    assert kinds.count("outcome") <= kinds.count("promise")
    desk.room()
    assert desk.run("apply", "--resume", "last").code == 0
    lines = journal(desk)
    kinds = [line["kind"] for line in lines]
    assert kinds.count("outcome") == kinds.count("promise")
    assert kinds[-1] == "end"
    boxes = [box for box in desk.lab.lab.world["mailboxes"].all() if "PopEnabled" in box]
    assert len(boxes) > 8
    assert not any(box["PopEnabled"] for box in boxes)
    assert is_free(desk.state / "runs" / f"{desk.lab.info['tenant']}.lock")


def journal(desk: Desk) -> list[dict[str, Any]]:
    path = max((desk.state / "runs").glob("*/journal.jsonl"))
    return [json.loads(line) for line in path.read_text().splitlines()]


# --- journals that cannot be believed ---------------------------------------------------------


def a_journal(*lines: object) -> Callable[[Desk], None]:
    def arrange(desk: Desk) -> None:
        desk.plan(CLOSING)
        write_journal(desk, *lines)

    return arrange


def write_journal(desk: Desk, *lines: object) -> Path:
    path = desk.state / "runs" / RUN / "journal.jsonl"
    path.parent.mkdir(parents=True)
    told = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{line}\n" for line in told))
    return path


def begun(desk: Desk, **members: Any) -> dict[str, Any]:
    plan = desk.plan(CLOSING)
    return {
        "t": "2026-11-01T12:00:00+00:00",
        "kind": "begin",
        "run": RUN,
        "tenant_id": desk.lab.info["tenant"],
        "digest": plan["digest"],
        "plan": plan,
        **members,
    }


def edited_journal(desk: Desk) -> None:
    plan = desk.plan(CLOSING)
    write_journal(desk, begun(desk, plan={**plan, "changes": plan["changes"][:1]}))


def older_journal(desk: Desk) -> None:
    write_journal(desk, begun(desk, plan={**desk.plan(CLOSING), "schema": "portineria/plan@0"}))


def unfinished(desk: Desk) -> None:
    write_journal(desk, begun(desk))


WINDOW_OPEN = {"t": "2026-11-01T12:00:01+00:00", "kind": "window-open", "changes": [1]}


def in_its_window(desk: Desk) -> None:
    write_journal(desk, begun(desk), WINDOW_OPEN)


def with_a_lost_part(desk: Desk) -> None:
    write_journal(desk, begun(desk), LOST)


NO_LINE = "{"
LOST = {"t": "2026-11-01T12:00:00+00:00", "kind": "promise", "n": 1}

ROWS = [
    Row(name="a file in its place", words=LOOK, exit=2, code="state-folder", arrange=a_file,
        where="state", why="cannot be read: Not a directory", try_="--state"),
    Row(name="a file in the place of runs", words=LOOK, exit=2, code="state-folder",
        arrange=a_file_for_runs, where="state/runs", why="a file stands where",
        try_="move it away"),
    Row(name="a file above it", words=["lab", "up", "--state", "/dev/null/state"], exit=2,
        code="state-folder", where="/dev/null", why="cannot be used: ",
        try_="--state"),
    Row(name="where nobody may make a folder", words=["lab", "up", "--state", "/proc/portineria"],
        exit=2, code="state-folder", where="/proc/portineria", why="cannot be used",
        try_="--state"),
    Row(name="open to others", words=LOOK, exit=2, code="state-folder", arrange=open_to_others,
        where="state", why="open to others (mode 0755)", try_="chmod 700"),
    Row(name="another's", words=LOOK, exit=2, code="state-folder", arrange=anothers,
        where="profiles", why="cannot be read: ", try_="give it back to yourself"),
    Row(name="read-only", words=LOOK, exit=2, code="state-folder", arrange=read_only,
        where="state", why="cannot be written: it is another's, or read-only", try_="--state"),
    Row(name="in nobody's home", words=["look", "--state", "~nobody-of-that-name/state"], exit=2,
        code="state-folder", where="--state", why="in a home folder that nobody has",
        try_="the whole path"),
    Row(name="two processes on one tenant", words=APPLY, exit=4, code="locked", arrange=held,
        where=".lock", why="another process (pid 4711) is working on this tenant",
        try_=["wait until it has finished", "ps -p 4711"]),
    Row(name="a folder in the place of the lock", words=APPLY, exit=2, code="state-folder",
        arrange=lock_is_a_folder, where=".lock", why="Is a directory", try_="--state"),
    Row(name="a disk without room for a journal", words=APPLY, exit=2, code="state-folder",
        arrange=small_disk, where="journal.jsonl", why="cannot be written: File too large",
        try_="make room", finish=no_run_was_begun),
    Row(name="a disk that is full before the first line", words=APPLY, exit=2,
        code="state-folder", arrange=full_after(0), again=True, where="journal.jsonl",
        why="No space left on device", try_="make room", finish=no_run_was_begun),
    Row(name="a disk that is full before the first promise", words=APPLY, exit=2,
        code="state-folder", arrange=full_after(1), again=True, run=True, where="journal.jsonl",
        why="No space left on device", try_="make room", leaves=("state/runs/*",),
        finish=resumed_when_there_is_room),
    *(
        Row(name=f"a disk that is full after line {lines}", words=APPLY, exit=5,
            code="partly-applied", arrange=full_after(lines), again=True, run=True,
            where="journal.jsonl", why="No space left on device: what cannot be promised is not",
            try_=["make room", "portineria apply --resume 20"], leaves=("state/runs/*",),
            finish=resumed_when_there_is_room)
        for lines in (2, 5, 12)
    ),
    Row(name="a journal with a broken line, for one who reads", words=LOOK, exit=0,
        arrange=a_journal(NO_LINE), why=["warning: line 1 of the journal cannot be read", RUN]),
    Row(name="a journal with a broken line", words=APPLY, exit=2, code="bad-journal",
        arrange=a_journal(NO_LINE), where=[RUN, "line 1"], why="cannot be read",
        try_="do not resume"),
    Row(name="a journal with a line that lacks a part", words=["runs", "list"], exit=2,
        code="bad-journal", arrange=with_a_lost_part, where=RUN, why="of kind 'promise'",
        try_="do not resume"),
    Row(name="a journal without its first line", words=["runs", "list"], exit=2,
        code="bad-journal", arrange=a_journal(WINDOW_OPEN), where=RUN,
        why="does not begin with its plan", try_="do not resume"),
    Row(name="a journal of a newer version", words=["runs", "list"], exit=2, code="bad-journal",
        arrange=a_journal({"kind": "siesta"}), where=RUN, why="unknown to this version",
        try_="the version of portineria that wrote it"),
    Row(name="a journal whose plan was edited", words=["apply", "--resume", "last"], exit=2,
        code="bad-journal", arrange=edited_journal, where=RUN, why="its digest differs",
        try_="do not resume"),
    Row(name="a journal with a plan of an older version", words=["apply", "--resume", "last"],
        exit=2, code="bad-journal", arrange=older_journal, where=RUN,
        why="made by an older version", try_="do not resume"),
    Row(name="an unfinished run", words=APPLY, exit=4, code="unfinished", arrange=unfinished,
        where=RUN, why="is unfinished (its process ended)",
        try_=[f"portineria apply --resume {RUN}", f"portineria undo {RUN}"]),
    Row(name="a run in its window, to undo", words=["undo", "last"], exit=4, code="unfinished",
        arrange=in_its_window, where=RUN, why="inside its window", try_="it repairs"),
    Row(name="no such run", words=["undo", "nope"], exit=2, code="no-such", where="runs",
        why="this tenant has no run 'nope'", try_="portineria runs list"),
    Row(name="no such run to show", words=["runs", "show", "../x"], exit=2, code="no-such",
        where="runs", why="there is no run '../x'", try_="portineria runs list"),
    Row(name="no run at all", words=["verify"], exit=2, code="no-such", where="runs",
        why="nothing was promised", try_="portineria plan policy.yaml"),
    Row(name="no run to resume", words=["apply", "--resume", "last"], exit=2, code="no-such",
        where="runs", why="this tenant has no run yet", try_="portineria plan policy.yaml"),
]  # fmt: skip
