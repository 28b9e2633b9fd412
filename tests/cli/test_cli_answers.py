"""Every verb with --json: one object on standard output, of a published schema."""

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from saying import Say
from shell import Shell
from test_cli_frame import VERBS

from portineria.cli.published import KNOWN
from published import judge

pytestmark = pytest.mark.slow

LAB = ("--profile", "lab")
KEPT = ("--snapshot", "snapshot.json")
CALLS: list[tuple[str, tuple[str, ...], str, int]] = [
    # verb, what is typed, the schema of the answer, exit code
    ("lab up", ("--detach", "--seed", "small"), "lab", 0),
    ("lab status", (), "lab", 0),
    ("look", (*LAB, "--output", "snapshot.json"), "look", 0),
    ("look", ("--profile", "nobody"), "error", 2),
    ("inventory", (*LAB, "--since", "3"), "inventory", 0),
    ("report", KEPT, "report", 3),
    ("settings mailbox", ("ada@contoso.example", *KEPT), "settings", 0),
    ("settings mailbox", ("--list-clients",), "settings-clients", 0),
    ("settings link", ("ada@contoso.example", *KEPT), "settings-link", 0),
    ("gateway init", ("--output", "gateway.yaml"), "gateway-init", 0),
    ("gateway status", (), "gateway-status", 1),
    ("gateway down", (), "gateway-down", 0),
    ("gateway unlock", ("scanner-2f",), "gateway-unlock", 0),
    ("init", (*KEPT, "--output", "policy.yaml"), "init", 0),
    ("why", ("scan@contoso.example", *KEPT), "why", 0),
    ("why", ("scan@contoso.example", "smtp", "--as", "basic", *KEPT), "why", 1),
    ("probe", (*LAB, "erp@contoso.example", "imap"), "probe", 0),
    ("explain", ("535 5.7.139", "--mailbox", "scan@contoso.example", *KEPT), "explain", 0),
    ("explain", ("--list",), "refusals", 0),
    ("advise", ("--protocol", "imap", "--knows", "oauth"), "advise", 0),
    ("app list", LAB, "apps", 0),
    ("app check", (*LAB, "erp@contoso.example", "--protocol", "imap"), "app-check", 0),
    ("plan", (*LAB, "closed.yaml", "--output", "plan.json"), "plan", 0),
    ("close", (*LAB, "leaver@contoso.example"), "plan", 0),
    ("script", ("plan.json",), "script", 0),
    ("apply", (*LAB, "plan.json", "--yes"), "run", 0),
    ("verify", LAB, "verify", 0),
    ("undo", (*LAB, "last", "--output", "undo.json"), "plan", 0),
    ("runs list", (), "runs", 0),
    ("runs show", ("RUN",), "journal", 0),
    ("completion", ("bash",), "completion", 0),
    ("schema", ("--list",), "schemas", 0),
    ("lab down", (), "lab-down", 0),
    ("lab status", (), "lab", 1),
]
CLOSED = """\
tenant: contoso.example
grants: [{name: less, who: {mailboxes: [ada@contoso.example]}, deny: [pop]}]
"""
ELSEWHERE = {"demo": ("demo",), "app create": ("plan",), "app remove": ("plan",)} | {
    f"connect {verb}": schemas
    for verb, schemas in {
        "tenant": ("connect", "connect-print"),
        "check": ("connect-check",),
        "rotate": ("connect-rotate",),
        "remove": ("connect-remove",),
        "user": ("connect-user",),
    }.items()
}
ELSEWHERE |= {"settings serve": ("settings-serve",)}
ELSEWHERE |= {
    f"gateway {verb}": schemas
    for verb, schemas in {
        "run": ("gateway",),
        "up": ("gateway",),
        "trace": (),
        "doors": ("gateway-doors",),
        "credential add": ("gateway-credential",),
        "credential rotate": ("gateway-credential",),
        "credential list": ("gateway-credentials",),
        "credential show": ("gateway-credentials",),
        "credential revoke": ("gateway-credentials",),
    }.items()
}
"""Verb and schemas. The demo takes a minute, and where somebody signs in, the verb's own tests do
that: test_manual_demo.py, test_cli_connect.py and test_cli_app.py hold these answers to them, and
test_cli_gateway.py those of the gateway."""


@pytest.fixture
def lab(tmp_path: Path, state: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    try:
        yield shell
    finally:
        shell("lab", "down", code=None)


def test_every_verb_answers_with_one_object_of_a_published_schema(
    lab: Shell, say: Say, tmp_path: Path
) -> None:
    (tmp_path / "closed.yaml").write_text(CLOSED)
    seen = set()
    run = ""
    for verb, words, schema, code in CALLS:
        told = say(*verb.split(), *(run if word == "RUN" else word for word in words), "--json")
        assert told.code == code, (verb, told)
        document = json.loads(told.out)
        assert judge(document) == schema, verb
        seen.add(schema)
        run = document.get("run", run)
    for file in ("snapshot.json", "plan.json", "undo.json"):
        seen.add(judge(json.loads((tmp_path / file).read_text())))
    policy = json.loads(say("schema", "--json").out)
    jsonschema.Draft202012Validator.check_schema(policy)
    assert policy["properties"]["schema"]["const"] == "portineria/policy@1"
    seen |= {"policy", "gateway-file"}  # files that are written by hand
    asked = {f"portineria {verb}" for verb, *_ in CALLS}
    assert asked | {f"portineria {verb}" for verb in ELSEWHERE} == set(VERBS)
    assert seen | {one for schemas in ELSEWHERE.values() for one in schemas} == set(KNOWN)
