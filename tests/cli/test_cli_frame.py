"""The frame: start-up, options before and after a verb, exit codes, errors rendered once."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from saying import Say

from portineria import __version__
from portineria.cli import main as frame
from portineria.cli.failure import as_fault
from portineria.cli.frame import COMMON, Asked, Verb, Verbs
from portineria.config import OPTIONS
from portineria.fault import Fault, OperatorFault

HEAVY = "httpx2 msal requests pydantic rich ruamel starlette uvicorn cryptography jwt asyncio"


def every_verb(group: Verbs = frame.cli, path: str = "portineria") -> Iterator[tuple[str, Verb]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, Verbs):
            yield from every_verb(command, f"{path} {name}")
        else:
            assert isinstance(command, Verb)
            yield f"{path} {name}", command


VERBS = dict(every_verb())


@pytest.mark.parametrize(
    "words", [["--help"], ["lab", "--help"], ["plan", "--help"], ["--version"]]
)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    program = f"""
import sys
from portineria.cli.main import main
code = main({words!r})
heavy = {{name.partition(".")[0] for name in sys.modules}} & set({HEAVY.split()!r})
print(sorted(heavy), file=sys.stderr)
sys.exit(code)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[]"


def test_the_program_is_a_module_and_knows_its_version() -> None:
    words = [sys.executable, "-m", "portineria", "--version"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, f"portineria {__version__}")


def test_the_list_of_verbs_says_what_each_verb_says(say: Say) -> None:
    told = say("--help")
    assert told.code == 0
    context = click.Context(frame.cli)
    for name, place in frame.VERBS.items():
        command = frame.cli.get_command(context, name)
        assert command is not None
        assert f"  {name} " in told.out
        assert place.help.endswith(".")


def test_no_list_of_verbs_breaks_off_in_the_middle() -> None:
    page = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
    lists = re.findall(r"^Verbs:\n(.*?)^(?:```|\n\w)", page, re.MULTILINE | re.DOTALL)
    assert len(lists) > 5
    assert not [line for one in lists for line in one.splitlines() if line.endswith("...")]


@pytest.mark.parametrize("path", VERBS)
def test_every_verb_has_help_with_examples(say: Say, path: str) -> None:
    told = say(*shlex.split(path)[1:], "--help")
    assert told.code == 0
    assert told.err == ""
    assert VERBS[path].examples
    for example in VERBS[path].examples:
        assert example in told.out
    for option in OPTIONS:
        assert f"--{option.name}" in told.out


@pytest.mark.parametrize(
    ("path", "example"), [(path, one) for path, verb in VERBS.items() for one in verb.examples]
)
def test_every_example_is_a_call_of_its_verb(path: str, example: str) -> None:
    words = shlex.split(example.partition(" > ")[0])
    assert words[0] == "portineria"
    context: click.Context = frame.cli.make_context("portineria", words[1:], obj=Asked())
    rest = [*context._protected_args, *context.args]
    command: click.Command = frame.cli
    while isinstance(command, Verbs):
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
        context = command.make_context(name, rest, parent=context)
        rest = [*getattr(context, "_protected_args", []), *context.args]
    assert command is VERBS[path]


BEFORE_AND_AFTER = [
    (["--json", "--profile", "x", "look"], []),
    (["look"], ["--json", "--profile", "x"]),
    (["--json", "look"], ["--profile", "x"]),
    (["--profile", "y", "look"], ["--profile", "x", "--json"]),
]


@pytest.mark.parametrize(("before", "after"), BEFORE_AND_AFTER)
def test_options_stand_before_or_after_the_verb(
    say: Say, before: list[str], after: list[str]
) -> None:
    told = say(*before, *after)
    assert told.code == 2
    assert told.json["error"]["why"] == "there is no profile 'x'"


def test_options_stand_around_nested_verbs(say: Say, state: Path) -> None:
    for words in (
        ("--json", "lab", "status"),
        ("lab", "--json", "status"),
        ("lab", "status", "--json"),
    ):
        told = say(*words)
        assert (told.code, told.json) == (1, {"schema": "portineria/lab@1", "running": False})


def test_the_environment_names_profile_and_state(
    say: Say, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTINERIA_PROFILE", "fromenv")
    told = say("look")
    assert "there is no profile 'fromenv'" in told.err
    assert str(state / "profiles" / "fromenv.yaml") in told.err
    assert "'other'" in say("look", "--profile", "other").err


def test_every_option_of_the_program_is_on_every_verb() -> None:
    for verb in VERBS.values():
        assert set(COMMON) <= set(verb.params)


BAD = {
    "no such verb": (["lok"], 2, ["there is no verb 'lok'", "did you mean look?"]),
    "no such option": (["look", "--mailbox"], 2, ["no such option", "portineria look --help"]),
    "missing argument": (["why"], 2, ["missing", "MAILBOX", "portineria why --help"]),
    "wrong choice": (["why", "a@b.example", "imapp"], 2, ["imapp", "imap", "pop"]),
    "no profile": (["look"], 2, ["there is no profile 'default'", "lab up"]),
    "bad profile name": (["look", "--profile", "../x"], 2, ["is no name of a profile"]),
    "bad caller": (["why", "a@b.example", "--as", "me"], 2, ["'me' is not a caller", "--as"]),
    "bad address": (["why", "a@b.example", "--from", "home"], 2, ["'home' is no address"]),
    "no snapshot": (["look", "--snapshot", "none.json"], 2, ["none.json", "No such file"]),
    "no policy": (["plan", "none.yaml"], 2, ["none.yaml", "No such file"]),
    "no plan": (["apply", "none.json"], 2, ["none.json", "No such file"]),
    "nothing to apply": (["apply"], 2, ["name a plan, or a run to resume"]),
    "a plan and a run": (["apply", "p.json", "--resume", "r"], 2, ["name a plan, or a run"]),
    "no such run": (["runs", "show", "r"], 2, ["there is no run 'r'", "portineria runs list"]),
    "a run that is a path": (["runs", "show", "../x"], 2, ["there is no run '../x'"]),
    "no such shell": (["completion", "tcsh"], 2, ["tcsh", "bash"]),
    "undo without a profile": (["undo", "r"], 2, ["there is no profile"]),
}


@pytest.mark.parametrize(("words", "code", "parts"), BAD.values(), ids=list(BAD))
def test_bad_input_is_explained_once_in_text_and_in_json(
    say: Say, words: list[str], code: int, parts: list[str]
) -> None:
    told = say(*words)
    assert told.code == code
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert told.err.count("error: ") == 1
    for part in parts:
        assert part in told.err
    machine = say("--json", *words)
    assert machine.code == code
    assert machine.err == ""
    assert machine.json["schema"] == "portineria/error@1"
    error = machine.json["error"]
    assert set(error) == {"code", "where", "why", "try", "evidence"}
    text = json.dumps(error, ensure_ascii=False)
    for part in parts:
        assert part in text


def test_every_mistake_of_a_policy_comes_out(say: Say, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("tenant: 5\nposter: {}\n")
    told = say("plan")
    assert told.code == 2
    assert "policy.yaml:1:9: the tenant is a number" in told.err
    assert "policy.yaml:2:1: unknown key 'poster'" in told.err
    errors = say("plan", "--json").json["error"]["evidence"]["errors"]
    assert [error["line"] for error in errors] == [1, 2]


def test_a_bug_of_ours_is_exit_70_and_says_only_its_kind(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr("portineria.cli.session.read_snapshot", broken)
    told = say("look", "--snapshot", "x")
    assert told.code == 70
    assert "this is a bug in portineria: RuntimeError" in told.err
    assert "--verbose" in told.err
    assert "hunter2" not in told.err
    assert "Traceback" in say("look", "--snapshot", "x", "--verbose").err
    machine = say("look", "--snapshot", "x", "--json")
    assert machine.json["error"]["code"] == "internal"


def test_ctrl_c_is_exit_130(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("portineria.cli.session.read_snapshot", stop)
    told = say("look", "--snapshot", "x")
    assert (told.code, told.out) == (130, "")
    assert told.err.strip() == "interrupted"


def test_a_reader_that_goes_away_is_no_error(kept: Path) -> None:
    words = f"{sys.executable} -m portineria look --snapshot {kept} --mailboxes | head -1"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.startswith("Tenant ")


def test_a_fault_in_a_task_group_is_the_fault() -> None:
    fault = OperatorFault("why")
    assert as_fault(ExceptionGroup("tasks", [fault])) is fault
    assert as_fault(ValueError("x")).exit_code == Fault.exit_code == 70


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_every_shell(say: Say, shell: str) -> None:
    told = say("completion", shell)
    assert told.code == 0
    assert "portineria" in told.out


def test_completion_knows_the_verbs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portineria"],
        capture_output=True,
        text=True,
        env={"_PORTINERIA_COMPLETE": "bash_complete", "COMP_WORDS": "portineria l",
             "COMP_CWORD": "1"},
    )  # fmt: skip
    assert {"look", "lab"} <= {line.rpartition(",")[2] for line in done.stdout.splitlines()}
