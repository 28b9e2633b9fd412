"""Grants over time, through the command line against a lab: drift, renaming, expiry, who speaks."""

from __future__ import annotations

import json
import os
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from saying import Said, Say, a_snapshot, keep
from shell import Shell

import timer
from portineria.cli.main import main
from portineria.tenant.people import Group
from portineria.tenant.unseen import Unseen

ADA, BRUNO, MONITOR = (f"{name}@contoso.example" for name in ("ada", "bruno", "monitor"))
HEAD = "tenant: contoso.example\n"
LONG_AGO = date(2026, 1, 31)


@dataclass
class Town:
    """A lab, and commands run in this process against it."""

    folder: Path
    info: dict[str, Any]

    def __call__(self, *words: str, code: int = 0) -> Said:
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            found = main([str(word) for word in words])
        told = Said(found, out.getvalue(), err.getvalue())
        assert found == code, f"{words}: {found}\n{told.out}{told.err}"
        return told

    def json(self, *words: str, code: int = 0) -> Any:
        return self(*words, "--json", code=code).json

    def policy(self, text: str, name: str = "policy.yaml") -> str:
        (self.folder / name).write_text(HEAD + text, encoding="utf-8")
        return str(self.folder / name)

    def apply(self, policy: str, *words: str) -> Any:
        """Plan and apply; the outcome of the run."""
        plan = str(self.folder / "plan.json")
        self("plan", policy, "--output", plan, *words)
        return self.json("apply", plan, "--yes")

    def control(self, path: str, body: Any = None) -> Any:
        """The lab's own door."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.info['control']}/{path}", data)
        context = ssl.create_default_context(cafile=self.info["ca"])
        with urllib.request.urlopen(request, context=context, timeout=20) as answer:
            return json.load(answer)

    def box(self, address: str) -> Any:
        found = self.world("mailboxes")
        return next(box for box in found.values() if box["PrimarySmtpAddress"] == address)

    def world(self, kind: str) -> Any:
        """The truth of the lab, by key."""
        return self.control(f"world/{kind}")["value"]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("grants")
    shell = Shell(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PORTINERIA_STATE", str(shell.state))
        patched.setenv("PORTINERIA_PROFILE", "lab")
        try:
            info = shell.json("lab", "up", "--detach", "--seed", "small")
            yield Town(folder, info)
        finally:
            shell("lab", "down", code=None)


# --- drift, and people who are renamed ---------------------------------------------------------

LEAVERS = f"""grants:
  - {{name: readers, who: {{mailboxes: [{ADA}, {BRUNO}]}}, deny: [imap, pop], reason: web only}}
"""


@pytest.fixture(scope="module")
def closed(town: Town) -> Any:
    """The run that closed IMAP and POP for two people."""
    policy = town.policy(LEAVERS)
    first = town.json("plan", policy)
    assert first["drift"] == []
    assert len(first["changes"]) == 2
    done = town.apply(policy)
    assert done["written"] == 2
    return done


@pytest.mark.slow
def test_a_licence_that_opens_pop_again_is_told_as_drift_since_the_run_that_closed_it(
    town: Town, closed: Any
) -> None:
    policy = town.policy(LEAVERS)
    told = town.control(f"people/{ADA}/licence", {"part": "EXCHANGEDESKLESS"})
    assert (told["mailbox"]["ImapEnabled"], told["mailbox"]["PopEnabled"]) == (False, True)
    plan = town.json("plan", policy)
    (change,), (drift,) = plan["changes"], plan["drift"]
    assert change["after"] == {"PopEnabled": False}
    assert (drift["change"], drift["field"], drift["run"]) == (1, "PopEnabled", closed["run"])
    assert (drift["left"], drift["found"]) == (False, True)
    assert "ExchangeOnlineDeskless" in drift["perhaps"]
    text = town("plan", policy).out
    assert "Drift: 1 of the changes repair what earlier runs had left otherwise" in text
    assert f"drifted: run {closed['run']} left PopEnabled false on" in text
    again = town.apply(policy)
    assert again["written"] == 1
    town.control(f"people/{ADA}/licence", {"part": "SPB"})
    twice = town.json("plan", policy)["drift"]
    assert {one["field"]: one["run"] for one in twice} == {
        "ImapEnabled": closed["run"],
        "PopEnabled": again["run"],
    }


@pytest.mark.slow
def test_a_person_who_is_renamed_is_the_same_person_for_plan_apply_and_undo(
    town: Town, closed: Any
) -> None:
    new = "bruno.new@contoso.example"
    wider = LEAVERS.replace("[imap, pop]", "[imap, pop, smtp]")
    policy, kept = town.policy(wider, "wider.yaml"), str(town.folder / "before.json")
    town("plan", policy, "--output", kept)
    town.control(f"people/{BRUNO}/rename", {"upn": new, "name": "Bruno New"})
    done = town.json("apply", kept, "--yes")
    assert (done["end"], done["written"]) == ("done", 2)
    assert town.box(new)["SmtpClientAuthenticationDisabled"] is True
    after = town.json("plan", policy)
    assert after["changes"] == []
    assert any(f"names {BRUNO}, an alias of {new}" in note for note in after["notes"])
    assert town.json("why", BRUNO, "smtp", "--as", "user", code=1)["answers"][0]["mailbox"] == new
    undone = town.json("undo", done["run"], "--yes")
    assert undone["end"] == "done"
    assert town.box(new)["SmtpClientAuthenticationDisabled"] is None


@pytest.mark.slow
def test_an_address_given_to_somebody_else_stops_the_plan_that_would_open_it(
    town: Town, closed: Any
) -> None:
    (here,) = (
        box["UserPrincipalName"]
        for box in town.world("mailboxes").values()
        if box["DisplayName"].startswith("Bruno")
    )
    town.control(f"people/{here}/rename", {"upn": "b.old@contoso.example", "keep": False})
    town.control("people/leaver@contoso.example/rename", {"upn": BRUNO, "keep": False})
    grant = f"grants: [{{name: g, who: {{mailboxes: [{BRUNO}]}}, allow: [imap]}}]\n"
    plan = town.json("plan", town.policy(grant, "reused.yaml"), code=4)
    assert [stop["guard"] for stop in plan["stops"]] == ["unknown"]
    assert "it was the mailbox of b.old@contoso.example" in plan["unknown"][0]
    town("plan", str(town.folder / "reused.yaml"), "--accept", "unknown")


# --- what ended --------------------------------------------------------------------------------

ENDED = f"""posture: {{direct_send: reject}}
everyone_else: {{imap: off}}
grants:
  - {{name: alerts, who: {{mailboxes: [{MONITOR}]}}, allow: [pop], until: {LONG_AGO}}}
"""


@pytest.mark.slow
def test_what_ended_is_closed_by_a_timer_and_nothing_else_of_the_policy(town: Town) -> None:
    policy = town.policy(ENDED, "ended.yaml")
    before = {kind: town.world(kind) for kind in ("mailboxes", "transport", "exchangeOrganization")}
    assert town.box(MONITOR)["PopEnabled"] is True
    told = town("why", MONITOR, "pop", "--as", "user", "--policy", policy).out
    assert "! «alerts» ENDED: its last day was 2026-01-31" in told
    assert f"IT ENDED, AND IT IS STILL OPEN: portineria apply --expired-only {policy}" in told
    runs = len(town.json("runs", "list")["runs"])
    error = town.json("apply", "--expired-only", policy, code=4)["error"]
    assert "nobody has said yes" in error["why"]
    done = town.json("apply", "--expired-only", policy, "--yes")
    assert (done["end"], done["written"]) == ("done", 1)
    after = {kind: town.world(kind) for kind in before}
    guid = town.box(MONITOR)["Guid"]
    now, then = after["mailboxes"].pop(guid), before["mailboxes"].pop(guid)
    assert now["WhenChangedUTC"] != then["WhenChangedUTC"]
    assert now == {**then, "PopEnabled": False, "WhenChangedUTC": now["WhenChangedUTC"]}
    assert after == before
    assert len(town.json("runs", "list")["runs"]) == runs + 1
    answer = town.json("why", MONITOR, "pop", "--as", "user", "--policy", policy, code=1)
    assert answer["answers"][0]["policy"]["ended"]


@pytest.mark.slow
def test_where_nothing_ended_there_is_nothing_to_do_and_that_is_as_asked(town: Town) -> None:
    ended = ENDED.replace(MONITOR, "invoices@contoso.example")
    open_end = ended.replace(f"until: {LONG_AGO}", f"until: {date.today() + timedelta(days=30)}")
    town("apply", "--expired-only", town.policy(ended, "first.yaml"), "--yes")
    runs = town.json("runs", "list")["runs"]
    for text in (open_end, ended):
        policy = town.policy(text, "again.yaml")
        told = town.json("apply", "--expired-only", policy)
        assert (told["end"], told["total"], told["exit_code"]) == ("nothing ended", 0, 0)
    assert "Nothing that ended is open" in town("apply", "--expired-only", policy).out
    assert town.json("runs", "list")["runs"] == runs


@pytest.mark.slow
def test_the_line_of_the_timer_example_closes_what_ended(town: Town) -> None:
    grants = ENDED.replace(MONITOR, "erp@contoso.example").replace("[pop]", "[imap]")
    policy = Path(town.policy(grants, "nightly.yaml"))
    state = town.folder / "state"
    assert timer.environment(state) == {"PORTINERIA_STATE": os.environ["PORTINERIA_STATE"]}
    words = timer.command(state, policy)[3:]
    assert "1 of 1 changes written" in town(*words).out
    assert town.box("erp@contoso.example")["ImapEnabled"] is False
    assert "Nothing that ended is open" in town(*words).out


def test_expired_only_takes_a_policy_and_nothing_beside_it(say: Say, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(HEAD)
    for words in (["plan.json"], ["--resume", "last"], ["--digest", "0" * 64]):
        told = say("apply", *words, "--expired-only", policy)
        assert told.code == 2
        assert "makes its own plan from the policy" in told.err
    missing = say("apply", "--expired-only", tmp_path / "none.yaml", "--yes")
    assert missing.code == 2


# --- who speaks of an access, asked about a kept snapshot --------------------------------------


@pytest.fixture
def speaking(say: Say, tmp_path: Path) -> Callable[..., Any]:
    held = Group(id="g-1", name="Scanners", members=frozenset({"user-scan"}))
    snapshot = replace(
        a_snapshot(), groups={"g-1": held}, groups_asked=frozenset({"Scanners", "Gone"})
    )
    file = keep(snapshot, tmp_path / "kept.json")

    def ask(grants: str, *words: str) -> Said:
        policy = tmp_path / "policy.yaml"
        policy.write_text(HEAD + grants)
        return say("why", *words, "--snapshot", file, "--policy", policy)

    return ask


def test_why_says_which_grants_speak_of_a_mailbox(speaking: Callable[..., Said]) -> None:
    grants = """everyone_else: {smtp: off}
grants:
  - {name: a, who: {mailboxes: [scan@contoso.example]}, allow: [imap], until: 2099-12-31}
  - {name: b, who: {groups: [Scanners]}, deny: [pop], reason: nobody polls}
  - {name: other, who: {mailboxes: [ada@contoso.example]}, allow: [imap, pop, smtp]}
"""
    told = speaking(grants, "scan@contoso.example")
    assert told.code == 0
    assert (
        "wants it open: «a» opens it\n  + «a» opens: through oauth-user until 2099-12" in told.out
    )
    assert "wants it refused: «b» denies it, and deny beats all\n  - «b» denies: nobody" in told.out
    assert "wants it refused: everyone_else closes it\n  - everyone_else closes: smtp: off" in (
        told.out
    )
    assert "«other»" not in told.out
    assert "That is not what is in force: portineria plan" in told.out
    answers = speaking(grants, "scan@contoso.example", "--json").json["answers"]
    pop = next(one for one in answers if (one["protocol"], one["caller"]) == ("pop", "user"))
    assert pop["policy"]["wanted"] == "refused"
    assert pop["policy"]["voices"] == [
        {"grant": "b", "says": "denies", "caller": "", "why": "nobody polls"}
    ]


def test_without_a_policy_file_nothing_is_said_of_one(say: Say, kept: Path) -> None:
    told = say("why", "ada@contoso.example", "imap", "--as", "user", "--snapshot", kept, "--json")
    assert told.json["answers"][0]["policy"] is None


def test_a_group_that_was_not_looked_at_may_hold_more(speaking: Callable[..., Said]) -> None:
    grants = "grants: [{name: a, who: {groups: [Others]}, allow: [imap]}]\n"
    told = speaking(grants, "scan@contoso.example", "imap", "--as", "user")
    assert "asks nothing of it: no grant opens it" in told.out
    assert "? perhaps more: group Others: not looked at" in told.out


def test_an_ended_grant_is_shouted_also_where_its_door_is_shut(
    speaking: Callable[..., Said],
) -> None:
    grants = """grants:
  - {name: old, who: {mailboxes: [scan@contoso.example]}, allow: [smtp], until: 2026-01-31}
"""
    told = speaking(grants, "scan@contoso.example", "smtp", "--as", "user")
    assert told.code == 1
    assert "! «old» ENDED: its last day was 2026-01-31" in told.out
    assert "STILL OPEN" not in told.out
    unknown = speaking(
        grants, "scan@contoso.example", "smtp", "--as", "app:11111111-2222-3333-4444-555555555555"
    )
    assert unknown.code == 1


# --- names that are no address -----------------------------------------------------------------

ROSSI = ["anna.rossi@contoso.example", "anna.rossi.turin@contoso.example"]


@pytest.fixture
def called(say: Say, tmp_path: Path) -> Callable[..., Said]:
    """Asks a kept tenant in which as many people as wanted are called Anna Rossi."""

    def ask(name: str, addresses: list[str], unread: dict[str, str]) -> Said:
        snapshot = a_snapshot()
        assert not isinstance(snapshot.mailboxes, Unseen)
        annas = tuple(
            replace(
                snapshot.mailboxes[0],
                guid=f"guid-{address}",
                address=address,
                upn=address,
                display_name="Anna Rossi",
            )
            for address in addresses
        )
        boxes = (*snapshot.mailboxes, *annas)
        file = keep(replace(snapshot, mailboxes=boxes, unread=unread), tmp_path / "annas.json")
        return say("why", name, "imap", "--as", "user", "--snapshot", file)

    return ask


@pytest.mark.parametrize(
    ("name", "addresses", "hint"),
    [
        ("anna rossi", ROSSI, f"2 are called so: {', '.join(ROSSI)}; name one of them. "),
        (
            "Anna Rossi",
            [f"anna{number}@contoso.example" for number in range(7)],
            "7 are called so: anna0@contoso.example, anna1@contoso.example,"
            " anna2@contoso.example, anna3@contoso.example, anna4@contoso.example and 2 more;",
        ),
        ("ANNA ROSSI", ROSSI[1:], f"did you mean {ROSSI[1]}? "),
        ("anna.rossi", ROSSI, f"did you mean {ROSSI[0]}? "),
        ("anna.rosi@contoso.example", ROSSI, f"did you mean {ROSSI[0]}? "),
        ("somebody else", ROSSI, "try:   portineria look --mailboxes lists them"),
    ],
)
def test_who_is_named_as_people_call_them_is_shown_by_address(
    called: Callable[..., Said], name: str, addresses: list[str], hint: str
) -> None:
    told = called(name, addresses, {})
    assert told.code == 2
    assert f"there is no mailbox {name!r} in this tenant" in told.err
    assert hint in told.err


def test_a_name_that_could_not_be_looked_up_is_not_said_to_be_nobody(
    called: Callable[..., Said],
) -> None:
    told = called("Eve@contoso.example", [], {"eve@contoso.example": "the server was busy"})
    assert told.code == 3
    assert "could not be seen: the server was busy" in told.err


def test_what_a_server_said_cannot_speak_to_the_terminal_through_an_error(
    called: Callable[..., Said],
) -> None:
    told = called("eve@contoso.example", [], {"eve@contoso.example": "busy \x1b[2J\u202e now"})
    assert told.code == 3
    assert "busy \\x1b[2J\\u202e now" in told.err
