"""`portineria app`: the mail app planned, made, used, kept with the grants, and taken back, by the
commands that an administrator types, on a lab of its own.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shell import Shell

from portineria.cli.labs import control
from portineria.lab.seeds.people import password

ADMIN, PERSON = "admin@contoso.example", "ada@contoso.example"
TESTS = Path(__file__).parents[1]
SECRETS = ("PRIVATE KEY", "Bearer ", "eyJ")


class Desk(Shell):
    """A shell beside a lab, whose profile names no mail app; somebody signs in when asked."""

    def begin(self, who: str = ADMIN) -> None:
        self("lab", "up", "--detach", "--seed", "small")
        self.info = json.loads((self.state / "lab" / "info.json").read_text())
        lab = (self.state / "profiles" / "lab.yaml").read_text()
        kept = "".join(line for line in lab.splitlines(True) if not line.startswith("  app:"))
        self.profile = self.state / "profiles" / "own.yaml"
        self.profile.write_text(f"# what stands here stays\n{kept}")
        self.profile.chmod(0o600)
        self.environment["PORTINERIA_PROFILE"] = "own"
        self.signs_in(who)

    def signs_in(self, who: str) -> None:
        program = f"{sys.executable} {TESTS / 'somebody.py'} {self.info['ca']} {who}"
        self.environment["BROWSER"] = f"{program} {password(who)} %s &"
        for name in ("SSH_CONNECTION", "SSH_TTY"):
            self.environment.pop(name, None)

    def policy(self, *grants: str) -> str:
        path = self.folder / "policy.yaml"
        lines = ["schema: portineria/policy@1", "tenant: contoso.example", "grants:"]
        path.write_text("\n".join([*lines, *(f"  - {{{grant}}}" for grant in grants)]) + "\n")
        return path.name

    def apps(self) -> dict[str, Any]:
        return {row["kind"]: row for row in self.json("app", "list")["apps"]}

    def verified(self, run: str = "") -> list[tuple[str, str, str, str]]:
        words = ["verify", run] if run else ["verify"]
        rows = self.json(*words, code=None)["rows"]
        return [(r["mailbox"], r["protocol"], r["promised"], r["verdict"]) for r in rows]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    found.begin()
    yield found
    found("lab", "down", code=None)


def grant(name: str, who: str, protocols: str, through: str = "oauth-app") -> str:
    boxes = f"who: {{mailboxes: [{who}@contoso.example]}}"
    return f"name: {name}, {boxes}, allow: [{protocols}], through: {through}"


ERP, SCAN, MONITOR = "erp@contoso.example", "scan@contoso.example", "monitor@contoso.example"


@pytest.mark.slow
def test_the_mail_app_from_nothing_to_nothing(desk: Desk) -> None:
    """Shown, applied, used on every protocol, kept with the grants, and back where it was."""
    both = "imap, pop, smtp"
    policy = desk.policy(grant("erp", "erp", both), grant("scan", "scan", "imap, pop", "gateway"))
    desk("plan", policy, "--output", "switches.json")
    desk("apply", "switches.json", "--yes")
    shown = desk("app", "create", policy, "--output", "app.json")
    assert "Nothing was written" not in shown
    assert not any(secret in (desk.folder / "app.json").read_text() for secret in SECRETS)
    assert desk.apps() == {}
    assert (
        desk.json("app", "create", policy)["digest"]
        == json.loads((desk.folder / "app.json").read_text())["digest"]
    ), "the same question, the same plan"

    made = desk.json("apply", "app.json", "--yes")
    assert (made["end"], made["written"]) == ("done", made["total"])
    apps = desk.apps()
    assert apps["mail"]["permissions"] == ["IMAP.AccessAsApp", "POP.AccessAsApp"]
    assert apps["mail"]["mailboxes"] == [ERP, SCAN]
    assert (apps["smtp"]["permissions"], apps["smtp"]["mailboxes"]) == ([], [ERP])
    named = desk.profile.read_text()
    assert named.startswith("# what stands here stays\n")
    assert apps["mail"]["client_id"] in named
    assert apps["smtp"]["client_id"] in named
    assert all(row["named_by_profile"] for row in apps.values())
    assert set(desk.verified()) == {
        (ERP, "imap", "open", "kept"),
        (ERP, "pop", "open", "kept"),
        (ERP, "smtp", "open", "kept"),
        (SCAN, "imap", "open", "kept"),
        (SCAN, "pop", "open", "kept"),
    }
    assert desk.json("app", "create", policy)["changes"] == []

    # Grants change: an ordinary plan closes and opens, and what was closed is shut on the wire.
    changed = desk.policy(
        grant("erp", "erp", "imap, pop"), grant("monitor", "monitor", "imap, pop, smtp", "gateway")
    )
    desk("plan", changed, "--output", "changed.json")
    desk("apply", "changed.json", "--yes")
    apps = desk.apps()
    assert (apps["mail"]["mailboxes"], apps["smtp"]["mailboxes"]) == ([ERP, MONITOR], [MONITOR])
    proved = desk.verified()
    assert {(SCAN, "imap", "refused", "kept"), (ERP, "smtp", "refused", "kept")} <= set(proved)
    assert {verdict for *_, verdict in proved} == {"kept"}
    desk("undo", "last", "--yes")
    assert desk.apps()["mail"]["mailboxes"] == [ERP, SCAN]

    # And back: nothing of it is left in the tenant, nor in the profile.
    desk("undo", made["run"], "--yes")
    assert desk.apps() == {}
    assert apps["mail"]["client_id"] not in desk.profile.read_text()
    assert "# what stands here stays" in desk.profile.read_text()


@pytest.mark.slow
def test_nobody_beyond_the_grants_is_reachable_and_removal_takes_all_of_it(desk: Desk) -> None:
    policy = desk.policy(grant("erp", "erp", "imap"))
    run = desk.json("app", "create", policy, "--yes")
    assert run["end"] == "done"
    client_id = desk.apps()["mail"]["client_id"]
    for who in (SCAN, PERSON, MONITOR):
        desk("probe", who, "--protocol", "imap", "--as", f"app:{client_id}", code=1)
    desk("probe", ERP, "--protocol", "imap", "--as", f"app:{client_id}", code=0)
    desk("probe", ERP, "--protocol", "smtp", "--as", f"app:{client_id}", code=1)
    desk("app", "remove", "all", "--yes")
    assert desk.apps() == {}


@pytest.mark.slow
def test_what_is_not_known_everywhere_yet_is_pending_and_then_kept(desk: Desk) -> None:
    """The mail hosts know a scope up to two hours later (Exchange dossier 1.11)."""
    policy = desk.policy(grant("erp", "erp", "smtp"))
    desk("plan", policy, "--output", "switches.json")
    desk("apply", "switches.json", "--yes")
    effects = {"appRbac": 3600.0, "appRbacIdle": 3600.0}
    control(desk.info, "POST", "/weather", {"name": "fair", "overrides": {"effects": effects}})
    desk("app", "create", policy, "--yes")
    assert desk.verified() == [(ERP, "smtp", "open", "pending")]
    desk("verify", code=3)
    control(desk.info, "POST", "/weather", {"name": "fair"})
    assert desk.verified() == [(ERP, "smtp", "open", "kept")]


@pytest.mark.slow
def test_from_a_bare_tenant_one_command_each_to_a_login_on_every_protocol(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("lab", "up", "--detach", "--seed", "bare")
    try:
        desk.info = json.loads((desk.state / "lab" / "info.json").read_text())
        desk.environment["PORTINERIA_PROFILE"] = "own"
        desk.signs_in(ADMIN)
        tenant, access = desk.info["initial_domain"], ("--access", "write")
        desk("connect", tenant, "--cloud", "lab", *access, "--yes")
        policy = desk.policy(grant("erp", "erp", "imap, pop, smtp"))
        desk("plan", policy, "--output", "switches.json")
        desk("apply", "switches.json", "--yes")
        desk("app", "create", policy, "--yes")
        for protocol in ("imap", "pop", "smtp"):
            desk("probe", ERP, "--protocol", protocol)
    finally:
        desk("lab", "down", code=None)


@pytest.mark.slow
def test_who_may_not_consent_leaves_and_nothing_is_written(desk: Desk) -> None:
    policy = desk.policy(grant("erp", "erp", "imap"))
    desk.signs_in(PERSON)
    desk("app", "create", policy, "--yes", code=6)
    assert desk.apps() == {}
    assert desk.json("runs", "list")["runs"] == []


@pytest.mark.slow
def test_a_profile_that_names_another_app_is_not_changed_in_silence(desk: Desk) -> None:
    policy = desk.policy(grant("erp", "erp", "imap"))
    desk.environment["PORTINERIA_PROFILE"] = "lab"
    before = (desk.state / "profiles" / "lab.yaml").read_text()
    refused = desk.json("app", "create", policy, "--yes", code=2)
    assert "Portineria did not make" in refused["error"]["why"]
    assert (desk.state / "profiles" / "lab.yaml").read_text() == before
    desk("app", "create", policy, "--fresh", "--output", "app.json")
    desk("apply", "app.json", "--yes")
    assert "names another application" in desk.err
    assert (desk.state / "profiles" / "lab.yaml").read_text() == before
    assert desk.apps()["mail"]["named_by_profile"] is False


def test_without_a_lab_the_keys_are_private(tmp_path: Path) -> None:
    """The folder of keys is its owner's alone, whatever the umask."""
    from portineria.doors.state import StateFolder

    old = os.umask(0)
    try:
        state = StateFolder(tmp_path / "state").make()
    finally:
        os.umask(old)
    assert state.keys.stat().st_mode & 0o077 == 0
