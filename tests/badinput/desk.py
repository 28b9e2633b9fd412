"""An administrator's desk: a folder, a state folder with the lab's profile, and the command."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from badlab import BadLab
from ruamel.yaml import YAML

from portineria.cli.main import main

NOBODY = 65534
FOLDERS = {"profiles", "runs", "snapshots", "tokens", "lab"}

ERP = """\
tenant: contoso.onmicrosoft.com
grants:
  - name: erp
    who: {mailboxes: [erp@contoso.example]}
    allow: [imap]
    through: oauth-app
    owner: it@contoso.example
    reason: reads orders
"""
CLOSING = """\
tenant: contoso.onmicrosoft.com
everyone_else: {pop: off}
"""


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@dataclass
class Desk:
    """Commands are run in this process, in `folder`, against the lab in its thread."""

    folder: Path
    state: Path
    lab: BadLab
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    secrets: list[str] = field(default_factory=list)
    closing: list[Callable[[], object]] = field(default_factory=list)
    plans: Callable[[str], str] = lambda _: ""
    nobody: bool = False
    held: Path | None = None
    """A lock that is held on purpose."""
    room: Callable[[], object] = lambda: None
    """Makes room on a disk that a row filled."""

    def run(self, *words: str) -> Said:
        self.capture.readouterr()
        if self.nobody:
            os.seteuid(NOBODY)
        try:
            code = main(list(words))
        finally:
            if self.nobody:
                os.seteuid(0)
        told = self.capture.readouterr()
        return Said(code, told.out, told.err)

    def become_nobody(self) -> None:
        """From here on the command is not root, who may read and write everything."""
        if os.geteuid() != 0:
            return
        self.nobody = True
        self.folder.chmod(0o755)
        for path in self.folder.parents:
            mode = stat.S_IMODE(path.stat().st_mode)
            if not mode & 0o001:
                path.chmod(mode | 0o011)
                self.closing.append(lambda path=path, mode=mode: path.chmod(mode))

    def write(self, name: str, content: str | bytes, mode: int = 0o600) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    def plan(self, policy: str = ERP) -> dict[str, Any]:
        """A good plan, written to plan.json; made once for all rows."""
        text = self.plans(policy)
        self.write("plan.json", text)
        return dict(json.loads(text))

    def edit_plan(self, **members: Any) -> None:
        self.write("plan.json", json.dumps({**self.plan(), **members}))

    @property
    def profile(self) -> Path:
        return self.state / "profiles" / "lab.yaml"

    def edit_profile(self, **members: Any) -> None:
        """Replace members of the lab's profile; None takes one out."""
        yaml = YAML(typ="safe")
        document = {**yaml.load(self.profile.read_text()), **members}
        kept = {name: value for name, value in document.items() if value is not None}
        self.profile.write_text(json.dumps(kept))

    def control(self, **members: Any) -> None:
        """The control app of the profile, with these members alone beside its client id."""
        client_id = members.pop("client_id", self.lab.info["admin"]["client_id"])
        self.edit_profile(control={"client_id": client_id, **members})

    def endpoints(self, **members: Any) -> None:
        yaml = YAML(typ="safe")
        known = yaml.load(self.profile.read_text())["endpoints"]
        self.edit_profile(endpoints={**known, **members})

    def secret(self, value: str | bytes, mode: int = 0o600) -> None:
        """The control app's secret is what stands in a file of its own."""
        if isinstance(value, str) and value.strip():
            self.secrets.append(value.strip())
        self.write("control.secret", value, mode)
        self.control(secret=f"file:{self.folder / 'control.secret'}")

    def certificate(self, pem: bytes, mode: int = 0o600, **members: Any) -> None:
        self.write("control.pem", pem, mode)
        self.control(certificate=f"file:{self.folder / 'control.pem'}", **members)

    def forget_runs(self) -> None:
        """As if nothing had been run yet, here and in the tenant."""
        shutil.rmtree(self.state / "runs")
        (self.state / "runs").mkdir(mode=0o700)
        self.lab.restore()

    def footprint(self) -> dict[str, str]:
        """Every file and folder with its mode and content; locks apart, which must be free."""
        found = {}
        for root in (self.folder, self.state):
            for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
                if path.is_symlink() or not path.exists():
                    continue
                if path.name.endswith(".lock") and path.is_file():
                    assert path == self.held or is_free(path), f"{path} is held"
                    continue
                name = str(path.relative_to(root.parent))
                mode = stat.S_IMODE(path.stat().st_mode)
                found[name] = f"{mode:04o} {_content(path)}"
        return found


def is_free(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _content(path: Path) -> str:
    if path.is_dir():
        return "folder"
    if not path.is_file():
        return "special"
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except PermissionError:
        return "closed"


def nothing(_: Desk) -> None:
    """Nothing needs to be arranged."""


Phrases = str | Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One bad input, and what must be said and must not happen.

    `code` is the error's; with "" the answer is no error object but an answer with this exit
    code, and `why` are phrases of it. Phrases must stand in the text and in the JSON. With `run`
    the error stands in the answer of a run. `leaves` are files that may be new, by name; `finish`
    looks at what is left, in each of the two runs; `again`: each run is arranged for by itself.
    """

    name: str
    words: Sequence[str]
    exit: int
    code: str = ""
    arrange: Callable[[Desk], None] = nothing
    where: Phrases = ()
    why: Phrases = ()
    try_: Phrases = ()
    not_said: Phrases = ()
    again: bool = False
    run: bool = False
    leaves: tuple[str, ...] = ()
    finish: Callable[[Desk], None] = nothing

    def phrases(self, kind: str) -> tuple[str, ...]:
        given: Phrases = getattr(self, kind)
        return (given,) if isinstance(given, str) else tuple(given)


def copy_state(template: Path, to: Path) -> None:
    shutil.copytree(template, to)
    to.chmod(0o700)
