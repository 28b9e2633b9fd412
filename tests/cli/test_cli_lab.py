"""The embedded tenant as a process, and the main job through the command line against it."""

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import Shell

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    found = Shell(tmp_path_factory.mktemp("lab"))
    try:
        found("lab", "up", "--detach", "--seed", "small")
        yield found
    finally:
        found("lab", "down", code=None)


OTHERS = {
    "--seed": (["contoso"], "with --seed small"),
    "--mailboxes": (["50"], "without it"),
    "--weather": (["lag"], "with --weather fair"),
    "--base-port": (["5000"], "without it"),
    "--real-ports": ([], "without it"),
    "--host": (["mail.test"], "without it"),
}


@pytest.mark.parametrize("option", OTHERS)
def test_another_lab_needs_this_one_to_be_down_first(shell: Shell, option: str) -> None:
    value, there = OTHERS[option]
    error = shell.json("lab", "up", "--detach", option, *value, code=2)["error"]
    assert error["why"] == f"a lab is running already, {there}"
    assert error["where"] == option
    assert error["try"].startswith("portineria lab down")


def test_the_profile_points_at_private_files_and_holds_no_secret(shell: Shell) -> None:
    info = shell.json("lab", "status")
    profile = (shell.state / "profiles" / "lab.yaml").read_text()
    secrets = [info["admin"]["client_secret"], info["mail_app"]["client_secret"]]
    secrets += [person["password"] for person in info["people"] if person["password"]]
    assert len(secrets) > 4
    assert not any(secret in profile for secret in secrets)
    for path in (shell.state / "lab").iterdir():
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o644 if path.name == "ca.pem" else 0o600), path


def test_look_sees_all_of_it(shell: Shell) -> None:
    found = shell.json("--profile", "lab", "look")
    assert found["unseen"] == {}
    assert len(found["snapshot"]["mailboxes"]) == 10


def test_the_first_policy_changes_nothing(shell: Shell) -> None:
    shell("--profile", "lab", "init", "--output", "first.yaml")
    plan = shell.json("--profile", "lab", "plan", "first.yaml")
    assert plan["schema"] == "portineria/plan@1"
    assert plan["changes"] == []
    assert plan["stops"] == []


def test_a_policy_of_another_tenant_is_refused(shell: Shell) -> None:
    (shell.folder / "other.yaml").write_text("tenant: fabrikam.example\n")
    error = shell.json("--profile", "lab", "plan", "other.yaml", code=2)["error"]
    assert "the policy is for fabrikam.example" in error["why"]


POLICY = """\
tenant: contoso.example
posture: {smtp_auth: per-mailbox, basic_auth: granted-only}
grants:
  - {name: erp, who: {csv: erp.csv}, allow: [smtp], through: oauth-app}
"""


def test_declare_plan_apply_and_undo(shell: Shell) -> None:
    (shell.folder / "erp.csv").write_text(
        "\ufeffName;PrimarySmtpAddress\nERP;erp@contoso.example\n"
    )
    (shell.folder / "policy.yaml").write_text(POLICY)
    lab = ("--profile", "lab")
    mail_app = shell.json("lab", "status")["mail_app"]["client_id"]
    ask = (*lab, "why", "erp@contoso.example", "smtp", "--as", f"app:{mail_app}")
    assert shell.json(*ask, code=1)["answers"][0]["layer"] == "tenant switch"

    plan = shell.json(*lab, "plan", "--output", "plan.json")
    assert plan["stops"] == []
    shown = shell(*lab, "plan")
    assert plan["digest"] in shown

    edited = {**plan, "accepted": ["lock-out"]}
    (shell.folder / "edited.json").write_text(json.dumps(edited))
    error = shell.json(*lab, "apply", "edited.json", "--yes", code=2)["error"]
    assert "changed after it was made" in error["why"]
    for words in (("apply", "plan.json"), ("apply", "plan.json", "--digest", "0" * 64)):
        assert shell.json(*lab, *words, code=4)["error"]["code"] == "guard"
    assert shell.json("runs", "list")["runs"] == []

    done = shell.json(*lab, "apply", "plan.json", "--digest", plan["digest"])
    assert (done["end"], done["written"]) == ("done", len(plan["changes"]))
    assert f"{len(plan['changes'])} of {len(plan['changes'])}" in shell.err
    assert shell.json(*ask)["answers"][0]["answer"] == "yes"
    assert shell.json(*lab, "plan")["changes"] == []

    (run,) = shell.json("runs", "list")["runs"]
    assert (run["run"], run["stands"]) == (done["run"], "done")
    journal = shell.json("runs", "show", done["run"])
    kinds = [entry["kind"] for entry in journal["entries"]]
    assert kinds[0] == "begin"
    assert kinds.count("promise") == kinds.count("outcome") == len(plan["changes"])
    assert shell.json(*lab, "apply", "--resume", done["run"])["end"] == "done"

    proved = shell.json(*lab, "verify")
    assert proved["run"] == done["run"]
    rows = {(row["protocol"], row["caller"]): row for row in proved["rows"]}
    assert rows["smtp", f"app:{mail_app}"]["wire"] == "yes"
    assert rows["smtp", "basic"]["wire"] == "no"
    assert {row["verdict"] for row in proved["rows"]} == {"kept"}
    assert "kept" in shell(*lab, "verify", done["run"])

    undone = shell.json(*lab, "undo", done["run"], "--yes")
    assert undone["end"] == "done"
    assert shell.json(*ask, code=1)["answers"][0]["layer"] == "tenant switch"


def test_close_shows_what_it_would_do_and_does_it_only_with_now(shell: Shell) -> None:
    lab = ("--profile", "lab")
    ask = (*lab, "why", "leaver@contoso.example", "imap", "--as", "user", "--json")
    before = len(shell.json("runs", "list")["runs"])
    plan = shell.json(*lab, "close", "leaver@contoso.example")
    assert {change["family"] for change in plan["changes"]} >= {"mailbox", "sign-in-sessions"}
    assert len(shell.json("runs", "list")["runs"]) == before
    done = shell.json(*lab, "close", "leaver@contoso.example", "--now")
    assert (done["end"], done["written"]) == ("done", len(plan["changes"]))
    ladder = json.loads(shell(*ask, code=1))["answers"][0]["ladder"]
    assert "mailbox switch" in {rung["layer"] for rung in ladder if rung["answer"] == "no"}
    error = shell.json(*lab, "close", "nobody@contoso.example", "--now", code=2)["error"]
    assert "nobody@contoso.example" in error["why"]


LOGINS = [
    (("erp@contoso.example", "imap"), 0, "yes"),
    (("erp@contoso.example", "imap", "--as", "basic"), 1, "no"),
    (("scan@contoso.example", "smtp", "--as", "basic"), 1, "no"),
    (("monitor@contoso.example", "pop"), 0, "yes"),
    (("ada@contoso.example", "imap", "--as", "user"), 0, "yes"),
    (("bruno@contoso.example", "imap", "--as", "user"), 3, "could not tell"),
]


@pytest.mark.parametrize(("words", "code", "answer"), LOGINS)
def test_a_real_login_says_what_was_expected_or_that_it_could_not_tell(
    shell: Shell, words: tuple[str, ...], code: int, answer: str
) -> None:
    text = shell("--profile", "lab", "probe", *words, "--json", code=code)
    (tried,) = json.loads(text)["results"]
    assert tried["answer"] == answer
    if answer == "could not tell":
        assert "holds no sign-in of this person" in tried["because"]
    else:
        assert tried["expected"] == answer
        assert tried["transcript"]
    info = shell.json("lab", "status")
    assert not any(one["password"] in text for one in info["people"] if one["password"])


def test_a_run_killed_inside_its_window_is_the_first_thing_that_is_said(shell: Shell) -> None:
    tenant = shell.json("lab", "status")["tenant"]
    folder = shell.state / "runs" / "20260101T000000Z-killed"
    folder.mkdir(mode=0o700)
    begin = {"kind": "begin", "run": folder.name, "tenant_id": tenant, "digest": "", "plan": {}}
    opened = {"kind": "window-open", "changes": [1]}
    lines = [{"t": "2026-01-01T00:00:00+00:00", **line} for line in (begin, opened)]
    (folder / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    try:
        shell("--profile", "lab", "look")
        assert shell.err.startswith(f"warning: run {folder.name} rests inside its window")
        runs = shell.json("runs", "list")["runs"]
        assert runs[0]["exposed"]
    finally:
        (folder / "journal.jsonl").unlink()
        folder.rmdir()


def test_no_secret_is_in_what_was_written_down(shell: Shell) -> None:
    info = shell.json("lab", "status")
    secrets = [info["admin"]["client_secret"], info["mail_app"]["client_secret"]]
    files = [path for path in (shell.state / "runs").rglob("*") if path.is_file()]
    files += [path for path in shell.folder.iterdir() if path.is_file()]
    for path in files:
        assert not any(secret in path.read_text() for secret in secrets), path


def test_an_unknown_seed_or_weather_is_bad_input(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    for words in (("--seed", "atlantis"), ("--weather", "frogs")):
        for detach in ((), ("--detach",)):
            error = shell.json("lab", "up", *detach, *words, code=2)["error"]
            assert words[1] in error["why"]
    assert not shell.json("lab", "status", code=1)["running"]


def test_in_the_foreground_it_ends_with_ctrl_c(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    lab = subprocess.Popen(
        [sys.executable, "-m", "portineria", "lab", "up", "--seed", "small", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=shell.environment,
    )
    assert lab.stdout is not None
    with lab.stdout:
        told = ""
        while not told.endswith("\n}\n"):
            told += lab.stdout.readline()
        assert json.loads(told)["pid"] == lab.pid
        lab.send_signal(signal.SIGINT)
        assert lab.wait(20) == 0
    assert not (shell.state / "lab" / "info.json").exists()


@pytest.mark.parametrize(
    ("grant", "posture", "code"),
    [
        ("allow: [smtp], through: oauth-app", "", 0),
        ("allow: [imap], through: basic, from: [203.0.113.0/28]", "", 1),
        (
            "allow: [smtp], through: basic, from: [203.0.113.0/28]",
            "posture: {security_defaults: off-if-needed, conditional_access: {baseline: enforced,"
            " break_glass: [bg1@contoso.onmicrosoft.com, gone@contoso.onmicrosoft.com]}}",
            4,
        ),
    ],
)
def test_plan_says_by_its_exit_code_whether_it_can_be(
    shell: Shell, grant: str, posture: str, code: int
) -> None:
    who = "who: {mailboxes: [erp@contoso.example]}, owner: it@contoso.example, reason: r"
    text = f"tenant: contoso.onmicrosoft.com\n{posture}\ngrants: [{{name: g, {who}, {grant}}}]\n"
    (shell.folder / "coded.yaml").write_text(text)
    shell("--profile", "lab", "plan", "coded.yaml", code=code)
