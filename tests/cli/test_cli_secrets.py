"""Nothing secret in any output: every verb runs with secrets that are known, and what it printed,
its files, journals, transcripts and the whole state folder are searched for them.

Known is each value that the program itself held as a Secret, in every process of the story (a hook
in `sitecustomize` notes them), and what the story typed. They are looked for as they are, in base64
at each of its three alignments, URL-encoded, and in hexadecimal.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from test_cli_app import ADMIN, ERP, PERSON, SCAN, Desk, grant

from portineria.cli.main import cli
from portineria.lab.seeds.people import password

TYPED = "Correct-Horse-7!battery staple"
SPY = """
import json, os
path = os.environ.get("SECRETS_SEEN")
if path:
    from portineria.secret import Secret
    made = Secret.__init__
    def noting(self, value):
        made(self, value)
        with open(path, "a") as seen:
            seen.write(json.dumps(value) + "\\n")
    Secret.__init__ = noting
"""
SHORT = 8
"""Characters; what is shorter is no secret of ours but an empty or a made-up one."""
STORES = re.compile(r"(lab|keys|tokens)(/|$)")
"""Folders with secrets on purpose: the lab's own, keys (0600), people's tokens (sealed)."""


class Listener(Desk):
    """Remembers everything that was printed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.printed: list[tuple[str, str]] = []

    def __call__(self, *words: str, code: int | None = 0) -> str:
        told = super().__call__(*words, code=code)
        if words[0] != "lab":
            self.printed.append((" ".join(words), f"{told}\n{self.err}"))
        return told


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Listener]:
    found = Listener(tmp_path)
    found("lab", "up", "--detach", "--seed", "bare")
    found.info = json.loads((found.state / "lab" / "info.json").read_text())
    found.signs_in(ADMIN)
    spy = tmp_path / "spy"
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(SPY)
    found.environment["PYTHONPATH"] = f"{spy}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    found.environment["SECRETS_SEEN"] = str(tmp_path / "seen.jsonl")
    yield found
    del found.environment["PYTHONPATH"]
    found("lab", "down", code=None)


def forms(secret: str) -> Iterator[str]:
    """How a secret may lie in a text."""
    yield secret
    yield quote(secret, safe="")
    raw = secret.encode()
    yield raw.hex()
    for shift in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            whole = encode(b"\0" * shift + raw).decode()
            yield whole[-(-shift * 4 // 3) : len(whole) - 4]


def story(desk: Listener) -> None:
    """Every verb, at least once, some of them with what is wrong."""
    lab = ("--cloud", "lab")
    desk("connect", "contoso.onmicrosoft.com", *lab, "--access", "write", "--logs", "--yes")
    desk("connect", "check", "--json")
    desk("--profile", "other", "connect", "contoso.onmicrosoft.com", *lab, "--print")
    desk("look", "--output", "snapshot.json", "--verbose")
    desk("init", "--output", "policy-today.yaml")
    policy = desk.policy(grant("erp", "erp", "imap, pop, smtp"))
    desk("plan", policy, "--output", "switches.json")
    run = desk.json("apply", "switches.json", "--yes", "--verbose")["run"]
    desk("app", "create", policy, "--yes")
    desk("app", "list", "--json")
    desk("app", "check", ERP, "--wait", "60", "--json")
    desk.signs_in(PERSON)
    client = desk.info["public_client_id"]
    desk("connect", "user", PERSON, "--client-id", client)
    desk.signs_in(ADMIN)
    desk("connect", "rotate")
    desk("probe", ERP, PERSON, "--as", "app", "--as", "user", "--junit", "probe.xml", code=None)
    desk.environment["TYPED"] = TYPED
    desk("probe", PERSON, "--as", "basic", "--password", "env:TYPED", "--verbose", code=None)
    desk("verify", code=None)
    desk("why", ERP, "--json")
    desk("inventory", "--since", "2", code=None)
    desk("report", "--policy", policy, "--output", "report.html", code=None)
    pasted = desk.folder / "printer.log"
    plain = b64encode(f"\0{PERSON}\0{TYPED}".encode()).decode()
    pasted.write_text(
        f"C: a1 LOGIN {PERSON} {TYPED.split()[0]}\nC: AUTH PLAIN {plain}\n"
        "S: 535 5.7.3 Authentication unsuccessful [AM0PR01CA0001.eurprd01.prod.exchangelabs.com]\n"
    )
    desk("explain", str(pasted), code=None)
    desk("explain", str(pasted), "--json", code=None)
    desk("advise", "--policy", policy, "--json")
    _gateway(desk)
    desk("script", "switches.json", "--json")
    desk("undo", run, "--output", "undo.json")
    desk("close", PERSON)
    desk("runs", "list")
    desk("runs", "show", run, "--json")
    desk("app", "remove", "all", "--yes")
    desk("apply", "nothing.json", code=2)
    desk("connect", "remove", "--yes")


def _gateway(desk: Listener) -> None:
    desk("gateway", "doors", desk.policy(grant("scan", "scan", "imap", "gateway")))
    wish = ("--mailbox", SCAN, "--protocol", "imap", "--output", DEVICE)
    desk("gateway", "credential", "add", "scanner-2f", *wish)
    desk("gateway", "credential", "list", "--json")
    desk("gateway", "init", "--output", "gateway.yaml")
    desk("gateway", "up", "--detach", "--listen", "imaps=127.0.0.1:0")
    desk("gateway", "status", "--json")
    desk("gateway", "unlock", "scanner-2f")
    desk("settings", SCAN, "--client", "python", "--format", "python")
    desk("gateway", "down")
    desk("gateway", "trace", "--credential", "scanner-2f", code=2)


DEVICE = "device.txt"
"""The one file that is asked to hold a password."""


def known(desk: Listener) -> set[str]:
    seen = {json.loads(line) for line in (desk.folder / "seen.jsonl").read_text().splitlines()}
    typed = {TYPED, TYPED.split()[0], password(ADMIN), password(PERSON)}
    names = {ERP, PERSON, ADMIN}  # SASL LOGIN presents the name as it presents the password
    return {one for one in seen | typed if len(one) >= SHORT and not one.isspace()} - names


def found_in(text: str, secrets: dict[str, str]) -> str:
    found = ((form, whose) for form, whose in secrets.items() if form in text)
    return next((f"{whose[:6]}… as {form[:6]}…" for form, whose in found), "")


@pytest.mark.slow
def test_no_verb_prints_or_keeps_a_secret_in_any_form(desk: Listener) -> None:
    story(desk)
    secrets = {form: one for one in known(desk) for form in forms(one) if len(form) >= SHORT}
    assert len(known(desk)) > 20, "tokens of administrators, people and applications were held"
    for words, told in desk.printed:
        assert not found_in(told, secrets), words
    for path in desk.folder.rglob("*"):
        inside = path.is_relative_to(desk.state)
        if not path.is_file() or path.name in ("seen.jsonl", "printer.log", DEVICE):
            continue
        if inside and STORES.match(path.relative_to(desk.state).as_posix()):
            assert path.stat().st_mode & 0o077 == 0 or path.name in ("ca.pem", "lab.log"), path
            continue
        assert not found_in(path.read_bytes().decode("latin-1"), secrets), path


def test_every_verb_has_its_part_in_that_story() -> None:
    """A verb that is new is added to it, or stands here because it meets no tenant."""
    source = Path(__file__).read_text()
    apart = {"demo", "lab", "schema", "completion"}
    for verb in set(cli.list_commands(None)) - apart:  # type: ignore[arg-type]
        assert f'"{verb}"' in source or f'"{verb}",' in source, verb
