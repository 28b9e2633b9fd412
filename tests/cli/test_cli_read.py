"""Verbs that only read, asked about a kept snapshot."""

import json
import stat
from dataclasses import replace
from pathlib import Path

from saying import Say, a_snapshot, keep

from portineria.policy.policyfile import parse
from portineria.policy.schema import schema
from portineria.tenant.snapshotjson import from_json
from portineria.tenant.unseen import Unseen


def test_look_shows_posture_and_switches(say: Say, kept: Path) -> None:
    told = say("look", "--snapshot", kept)
    assert told.code == 0
    assert told.err == ""
    rows = {line.split("  ")[0].strip(): line for line in told.out.splitlines()}
    assert rows["security defaults"].endswith("on")
    assert rows["SMTP, tenant switch"].endswith("off")
    assert rows["IMAP"].split() == ["IMAP", "2", "0", "0", "0"]
    assert rows["SMTP"].split() == ["SMTP", "0", "0", "2", "0"]
    assert "ada@contoso.example" not in told.out
    assert "ada@contoso.example" in say("look", "--snapshot", kept, "--mailboxes").out


def test_look_answers_with_the_whole_snapshot_as_json(say: Say, kept: Path) -> None:
    told = say("look", "--snapshot", kept, "--json")
    assert told.json["schema"] == "portineria/look@1"
    assert told.json["unseen"] == {}
    assert from_json(told.json["snapshot"]) == a_snapshot()


def test_what_could_not_be_seen_is_said_and_changes_the_exit_code(say: Say, tmp_path: Path) -> None:
    blind = replace(a_snapshot(), security_defaults=Unseen("no permission Policy.Read.All"))
    file = keep(blind, tmp_path / "blind.json")
    told = say("look", "--snapshot", file)
    assert told.code == 3
    assert "could not tell: no permission Policy.Read.All" in told.out
    unseen = say("look", "--snapshot", file, "--json").json["unseen"]
    assert unseen == {"security_defaults": "no permission Policy.Read.All"}


def test_a_kept_snapshot_is_private_and_can_be_asked_again(
    say: Say, kept: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.json"
    assert say("look", "--snapshot", kept, "--output", copy).code == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert say("look", "--snapshot", copy, "--json").out == (
        say("look", "--snapshot", kept, "--json").out
    )


def test_a_tenants_words_are_shown_and_never_acted_upon(say: Say, tmp_path: Path) -> None:
    snapshot = a_snapshot()
    assert isinstance(snapshot.mailboxes, tuple)
    odd = replace(snapshot.mailboxes[0], address="[red]x\x1b[31m@contoso.example")
    file = keep(replace(snapshot, mailboxes=(odd,)), tmp_path / "odd.json")
    told = say("look", "--snapshot", file, "--mailboxes")
    assert "[red]x\\x1b[31m@contoso.example" in told.out
    assert "\x1b" not in told.out


def test_why_with_one_question_exits_with_the_answer(say: Say, kept: Path) -> None:
    words = ("why", "ada@contoso.example", "--snapshot", kept)
    refused = say(*words, "smtp", "--as", "basic")
    assert refused.code == 1
    assert "no, tenant switch refuses" in refused.out
    assert "What would change it:" in refused.out
    allowed = say(*words, "imap", "--as", "user")
    assert allowed.code == 0, allowed.out
    assert "yes, open" in allowed.out
    unknown = say(*words, "imap", "--as", "app:11111111-2222-3333-4444-555555555555")
    assert unknown.code == 3
    assert "could not tell" in unknown.out


def test_why_with_several_questions_answers_them_all(say: Say, kept: Path) -> None:
    told = say("why", "ada@contoso.example", "--snapshot", kept)
    assert told.code == 0
    assert told.out.count("of ada@contoso.example as ") == 6
    answers = say("why", "ADA@contoso.example", "--snapshot", kept, "--json").json["answers"]
    asked = {(one["protocol"], one["caller"]) for one in answers}
    assert asked == {(p, c) for p in ("imap", "pop", "smtp") for c in ("basic", "user")}
    assert all(one["ladder"] for one in answers)


def test_why_of_an_unknown_mailbox_is_bad_input(say: Say, kept: Path) -> None:
    told = say("why", "nobody@contoso.example", "--snapshot", kept)
    assert told.code == 2
    assert "there is no mailbox 'nobody@contoso.example'" in told.err


def test_init_writes_a_policy_once(say: Say, kept: Path, tmp_path: Path) -> None:
    told = say("init", "--snapshot", kept)
    assert told.code == 0
    assert "portineria plan policy.yaml" in told.out
    text = (tmp_path / "policy.yaml").read_text()
    assert parse(text, read_csv=None).tenant == "contoso.example"
    again = say("init", "--snapshot", kept)
    assert again.code == 2
    assert "there already" in again.err
    assert (tmp_path / "policy.yaml").read_text() == text


def test_init_can_answer_on_stdout(say: Say, kept: Path, tmp_path: Path) -> None:
    told = say("init", "--snapshot", kept, "--output", "-")
    assert parse(told.out, read_csv=None).grants == ()
    assert not (tmp_path / "policy.yaml").exists()
    machine = say("init", "--snapshot", kept, "--output", "-", "--json")
    assert machine.json["text"] == told.out


def test_the_schema_is_printed(say: Say) -> None:
    assert json.loads(say("schema").out) == schema()


def test_a_file_that_is_no_snapshot_is_explained(say: Say, tmp_path: Path) -> None:
    for content in ("", "[]", "{}", '{"schema": "portineria/snapshot@1"}', "\x00"):
        (tmp_path / "x.json").write_text(content)
        told = say("look", "--snapshot", "x.json")
        assert told.code == 2, content
        assert "not a snapshot" in told.err or "is no text" in told.err


def test_a_file_that_is_no_plan_is_explained(say: Say, tmp_path: Path) -> None:
    for content in ("", "[]", "{}", '{"schema": "portineria/plan@1"}'):
        (tmp_path / "x.json").write_text(content)
        told = say("apply", "x.json")
        assert told.code == 2, content
        assert "plan" in told.err
