"""What the shell offers after TAB: in process, quickly, and in a real bash."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from saying import Say
from test_cli_frame import HEAVY, VERBS

from portineria.cli import completing
from portineria.cli.commands.completion import PLACES
from portineria.cli.completing import GUARD_WORDS, SEEDS, VARIABLE, WEATHERS
from portineria.cli.frame import Asked
from portineria.cli.main import cli
from portineria.cli.published import KNOWN
from portineria.cli.shells import Zsh
from portineria.lab.seeds.reading import NAMES
from portineria.lab.weather import PRESETS
from portineria.m365.endpoints import CLOUDS
from portineria.policy.guards.registry import GUARDS
from terminal import CLEAR, Terminal

RUNS = ("20260101T000000Z-aaaaaaaa", "20260102T000000Z-bbbbbbbb")


@pytest.fixture
def place(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plan, a policy and other files; a state folder with profiles and runs."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "plan.json").write_text('{\n  "schema": "portineria/plan@1"\n}\n')
    (here / "other.json").write_text("{}")
    (here / "policy.yaml").write_text("tenant: contoso.example\n")
    monkeypatch.chdir(here)
    monkeypatch.setenv("PORTINERIA_STATE", str(state))
    (state / "profiles").mkdir(parents=True)
    for name in ("lab", "contoso"):
        (state / "profiles" / f"{name}.yaml").write_text("")
    for run in RUNS:
        (state / "runs" / run).mkdir(parents=True)
        (state / "runs" / run / "journal.jsonl").write_text("")
    return here


def offered(*given: str) -> list[str]:
    """What is offered for the last word, as values; a kind of file as <file>."""
    maker = Zsh(cli, {"obj": Asked()}, "portineria", VARIABLE)
    items = maker.get_completions(list(given[:-1]), given[-1])
    return [item.value if item.type == "plain" else f"<{item.type}>" for item in items]


OFFERS = {
    "verbs": (("lo",), ["look"]),
    "verbs of a group": (("lab", ""), ["up", "down", "status"]),
    "options": (("lab", "up", "--re"), ["--real-ports"]),
    "options of every verb": (("verify", "--prof"), ["--profile"]),
    "a choice": (("why", "ada@contoso.example", "i"), ["imap"]),
    "profiles": (("--profile", ""), ["contoso", "lab"]),
    "profiles, after the verb": (("look", "--profile", "l"), ["lab"]),
    "profiles, in one word": (("look", "--profile=l"), ["--profile=lab"]),
    "the state folder": (("--state", ""), ["<dir>"]),
    "runs to show": (("runs", "show", ""), [RUNS[1], RUNS[0]]),
    "runs to undo": (("undo", ""), ["last", RUNS[1], RUNS[0]]),
    "runs to resume": (("apply", "--resume", "2026"), [RUNS[1], RUNS[0]]),
    "runs to verify": (("verify", ""), [RUNS[1], RUNS[0]]),
    "guards' words": (("plan", "--accept", "ba"), ["basic-twin"]),
    "more of them": (("plan", "--accept", "bl"), ["blast-radius"]),
    "seeds": (("lab", "up", "--seed", "c"), ["contoso", "contoso-free"]),
    "weathers": (("demo", "--weather", "f"), ["fair", "flaky"]),
    "callers": (("probe", "a@contoso.example", "imap", "--as", ""), ["basic", "user", "app"]),
    "protocols": (("probe", "a@contoso.example", "--protocol", ""), ["imap", "pop", "smtp"]),
    "protocols behind": (("probe", "a@contoso.example", "s"), ["smtp"]),
    "texts to explain": (("explain", "print"), ["<file>"]),
    "how TLS starts": (("probe", "--server", "h:1", "--tls", "i"), ["implicit"]),
    "schemas": (("schema", "pl"), ["plan"]),
    "plans": (("apply", ""), ["plan.json"]),
    "policies": (("plan", ""), ["policy.yaml"]),
    "files": (("look", "--output", ""), ["<file>"]),
    "plans elsewhere": (("apply", "../"), ["<file>"]),
    "languages": (("--lang", ""), ["en", "it"]),
    "clouds": (("connect", "contoso.com", "--cloud", "g"), ["global", "gcc-high"]),
    "verbs of connect": (("connect", "r"), ["rotate", "remove"]),
    "shells": (("completion", ""), ["bash", "zsh", "fish"]),
    "nothing to offer": (("close", ""), []),
}


@pytest.mark.parametrize(("line", "wanted"), OFFERS.values(), ids=list(OFFERS))
def test_what_is_offered(place: Path, line: tuple[str, ...], wanted: list[str]) -> None:
    assert offered(*line) == wanted


def test_the_state_folder_of_the_line_is_the_one_that_is_read(place: Path) -> None:
    other = place / "state" / "profiles"
    other.mkdir(parents=True)
    (other / "elsewhere.yaml").write_text("")
    assert offered("--state", "state", "--profile", "") == ["elsewhere"]
    assert offered("--state", "nowhere", "--profile", "") == []


def test_the_lists_are_those_of_their_owners() -> None:
    assert set(GUARD_WORDS) == {guard.word for guard in GUARDS if guard.name != "digest"}
    assert SEEDS == NAMES
    assert tuple(PRESETS) == WEATHERS
    assert offered("schema", "") == list(KNOWN)
    assert (*CLOUDS, "lab") == completing.CLOUDS


def test_every_value_that_has_a_list_offers_it(place: Path) -> None:
    """An option of the same name has the same values, whichever verb it is of."""
    plain = {"--digest", "--mailboxes", "--base-port", "--host", "--from", "--port", "--days"}
    plain |= {"--wait", "--client-id", "--sign-in-client", "--opens", "--since", "--mailbox"}
    plain |= {"--client", "--volume", "--on", "--at", "--base"}
    plain |= {"--server", "--user", "--password", "--token", "--jobs", "--timeout"}
    plain |= {"--until", "--note", "--overlap", "--send-as", "--hours", "--sessions"}
    for verb in VERBS.values():
        for one in verb.params:
            name = one.opts[0]
            listed = getattr(one, "is_flag", False) or isinstance(one.type, click.Choice)
            if name.startswith("--") and not listed and name not in plain:
                assert one._custom_shell_complete is not None, (verb.name, name)


def test_completing_imports_nothing_heavy(place: Path) -> None:
    lines = ["lo", "--profile x", "undo 2", "plan --accept b", "lab up --seed c", "apply p"]
    program = f"""
import os, sys
from portineria.cli.main import main
for line in {lines!r}:
    words = ["portineria", *line.split()]
    os.environ.update(COMP_WORDS="\\n".join(words), COMP_CWORD=str(len(words) - 1))
    os.environ["{VARIABLE}"] = "bash_complete"
    try:
        main([])
    except SystemExit:
        pass
heavy = {{name.partition(".")[0] for name in sys.modules}} & set({HEAVY.split()!r})
print(sorted(heavy), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
    assert "plain,look" in done.stdout
    assert f"plain,{RUNS[0]}" in done.stdout


@pytest.mark.parametrize("shell", PLACES)
def test_the_script_comes_as_text_and_as_an_object(say: Say, shell: str) -> None:
    told = say("completion", shell, "--json").json
    assert say("completion", shell).out == told["script"]
    assert told["file"] == PLACES[shell]
    assert VARIABLE in told["script"]


def test_bash_completes_for_real(place: Path, state: Path) -> None:
    names = Path(sys.executable).parent
    environment = {"PATH": f"{names}:{os.environ['PATH']}", "PORTINERIA_STATE": str(state)}
    environment |= {"PS1": "ready> ", "INPUTRC": "/dev/null", "HOME": str(place)}
    with Terminal(["bash", "--noprofile", "--norc", "-i"], environment, place) as bash:
        bash.typed(
            "bind 'set show-all-if-ambiguous on'; portineria completion bash > ./script\n", "> "
        )
        bash.typed("source ./script; echo sour''ced\n", "sourced")
        bash.typed("portineria lo\t", "portineria look ")
        bash.typed(f"{CLEAR}portineria --profile=l\t", "--profile=lab ")
        bash.typed(f"{CLEAR}portineria --profile l\t", "--profile lab ")
        bash.typed(f"{CLEAR}portineria undo 20260101\t", f"undo {RUNS[0]} ")
        bash.typed(f"{CLEAR}portineria apply \t", "apply plan.json ")
        bash.typed(f"{CLEAR}portineria look --snapshot o\t", "--snapshot other.json ")
        bash.typed(f"{CLEAR}portineria plan --accept bl\t", "blast-radius ")
