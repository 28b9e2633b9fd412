"""portineria inventory: on the lab with its logs, without a licence for them, and from a report."""

from __future__ import annotations

import json
import ssl
import stat
import urllib.request
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from saying import Said, Say, a_snapshot, keep
from shell import Shell

from leftover import left_over
from portineria.cli.main import main
from portineria.policy.policyfile import parse

REPORT = (
    "Sender address,Domain,TLS 1.2 (percentage),Authentication Protocol,Messages sent\n"
    "scan@contoso.example,contoso.example,100,Basic,1204\n"
    "ada@contoso.example,contoso.example,100,OAuth,3\n"
)


@dataclass
class Town:
    """A lab, and commands run in this process against it."""

    folder: Path
    info: dict[str, Any]

    def __call__(self, *words: str, code: int = 0) -> Said:
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            found = main([str(word) for word in words])
        assert found == code, f"{words}: {found}\n{out.getvalue()}{err.getvalue()}"
        return Said(found, out.getvalue(), err.getvalue())

    def control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.info['control']}/{path}", data, method=method)
        context = ssl.create_default_context(cafile=self.info["ca"])
        with urllib.request.urlopen(request, context=context, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def reset(self, seed: str = "small") -> None:
        self.control("POST", "reset", {"seed": seed})

    def put(self, kind: str, key: str, **changes: Any) -> None:
        found = self.control("GET", f"world/{kind}")["value"][key]
        self.control("PUT", f"world/{kind}/{key}", {**found, **changes})


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("inventory")
    shell = Shell(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PORTINERIA_STATE", str(shell.state))
        patched.setenv("PORTINERIA_PROFILE", "lab")
        try:
            yield Town(folder, shell.json("lab", "up", "--detach", "--seed", "small"))
        finally:
            shell("lab", "down", code=None)


def by_mailbox(found: Any) -> dict[tuple[str | None, str], Any]:
    return {(use["mailbox"], use["method"]): use for use in found["uses"]}


@pytest.mark.slow
def test_a_fresh_lab_has_a_story_to_tell(town: Town) -> None:
    town.reset()
    told = town("inventory")
    assert "Mailboxes that got in by password and are refused today: 1." in told.out
    assert "Passwords for SMTP are off by default from 2027-01-01 (UTC)." in told.out
    assert "refused today by tenant switch" in told.out
    assert "one of IMAP, POP, SMTP" in told.out
    assert "not seen to be used in the last 30 days, candidates to close" in told.out
    assert "sign-ins with a person there, hours" in told.err
    assert left_over(town("inventory", "--lang", "it").out) == ""
    found = town("inventory", "--json").json
    uses = by_mailbox(found)
    scan = uses["scan@contoso.example", "basic"]
    assert (scan["standing"], scan["got_in"], scan["addresses"]) == (
        "broken",
        29,
        {"203.0.113.7": 29},
    )
    assert uses["ada@contoso.example", "user"]["app"]["name"] == "Thunderbird"
    assert uses["ada@contoso.example", "user"]["protocol_told"] is False
    assert uses["bruno@contoso.example", "basic"]["results"] == {"50126": 3}
    app = uses[None, "app"]
    assert app["app"]["name"] == "Mail access"
    assert "erp@contoso.example" in app["opens"]
    assert found["outsiders"]["tries"] == 1
    idle = {one["mailbox"]: one["protocols"] for one in found["idle"]}
    assert idle["bruno@contoso.example"] == ["imap", "pop"]
    # The ERP's application logs in and may open its mailbox: that door is not idle.
    assert "erp@contoso.example" not in idle
    assert all(source["seen"] for source in found["sources"])


@pytest.mark.slow
def test_where_passwords_get_in_today_it_is_said_who_breaks(town: Town) -> None:
    town.reset()
    town.put("policies", "securityDefaults", isEnabled=False)
    town.put("transport", "", SmtpClientAuthenticationDisabled=False)
    told = town("inventory", "--protocol", "smtp", "--mailbox", "scan@contoso.example")
    assert "Mailboxes that break when basic goes off: 1." in told.out
    found = town("inventory", "--mailbox", "scan@contoso.example", "--since", "7", "--json").json
    use = by_mailbox(found)["scan@contoso.example", "basic"]
    assert (use["standing"], use["got_in"]) == ("breaks", 6)
    # The application stays in sight: its right opens this mailbox.
    assert set(by_mailbox(found)) == {("scan@contoso.example", "basic"), (None, "app")}
    others = town("inventory", "--mailbox", "ada@contoso.example", "--json").json
    assert set(by_mailbox(others)) == {("ada@contoso.example", "user")}


@pytest.mark.slow
def test_the_draft_is_a_policy_that_plan_takes_and_it_names_those_seen(town: Town) -> None:
    town.reset()
    draft = town.folder / "draft.yaml"
    told = town("inventory", "--as-policy", "--output", str(draft))
    assert f"portineria plan {draft}" in told.out
    desired = parse(draft.read_text(encoding="utf-8"), read_csv=None)
    granted = {grant.name: grant.who.mailboxes for grant in desired.grants}
    assert granted == {
        "scan-gateway": ("scan@contoso.example",),
        "ada-oauth-user": ("ada@contoso.example",),
    }
    plan = town("plan", str(draft), "--json").json
    assert {cell["mailbox"] for cell in plan["cells"]}
    assert plan["refusals"] == []
    changed = {(c["name"], *c["after"]) for c in plan["changes"]}
    assert changed == {("scan@contoso.example", "SmtpClientAuthenticationDisabled")}
    again = town("inventory", "--as-policy", "--output", str(draft), code=2)
    assert "there already" in again.err
    assert town("inventory", "--as-policy").out.startswith("# Who was seen")


@pytest.mark.slow
def test_without_a_licence_the_logs_cannot_be_seen_and_the_report_is_read(town: Town) -> None:
    town.reset("contoso-free")
    report = town.folder / "report.csv"
    report.write_bytes(REPORT.encode("utf-16"))
    told = town("inventory", "--csv", str(report), code=3)
    assert "cannot see, because the tenant has no Entra ID P1" in told.out
    assert "1204 messages" in told.out
    assert "Whether open IMAP doors are used could not be told" in told.out
    found = town("inventory", "--csv", str(report), "--json", code=3).json
    assert set(found["could_not_tell"]) == {"imap", "pop", "smtp"}
    assert found["idle"] == []
    assert by_mailbox(found)["scan@contoso.example", "basic"]["messages"] == 1204


@pytest.mark.slow
def test_a_missing_permission_is_named(town: Town) -> None:
    town.reset()
    principal = town.info["admin"]["principal_id"]
    rows = town.control("GET", "world/appRoleAssignments")["value"]
    graph = town.control("GET", "world/servicePrincipals")["value"]
    audit = {
        role["id"]
        for one in graph.values()
        for role in one.get("appRoles", ())
        if role["value"] == "AuditLog.Read.All"
    }
    for key, row in rows.items():
        if row["principalId"] == principal and row["appRoleId"] in audit:
            town.control("PUT", f"world/appRoleAssignments/{key}", {**row, "appRoleId": "gone"})
    told = town("inventory", code=3)
    assert "cannot see, because no permission AuditLog.Read.All" in told.out
    assert "Nobody was seen." in told.out


# --- without a tenant --------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path) -> str:
    return str(keep(a_snapshot(), tmp_path / "kept.json"))


def test_a_report_and_a_kept_snapshot_need_no_tenant(say: Say, kept: str, tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_text(REPORT, encoding="utf-8")
    told = say("inventory", "--snapshot", kept, "--csv", "report.csv")
    assert told.code == 3
    assert "sign-in logs" in told.out
    assert "cannot see, because not looked at" in told.out
    assert "1204 messages" in told.out
    uses = say("inventory", "--snapshot", kept, "--csv", "report.csv", "--json").json["uses"]
    assert [(one["mailbox"], one["method"], one["standing"]) for one in uses] == [
        ("scan@contoso.example", "basic", "broken"),
        ("ada@contoso.example", "oauth", "stays"),
    ]


def test_the_draft_is_an_answer_too_and_a_file_of_ones_own(
    say: Say, kept: str, tmp_path: Path
) -> None:
    (tmp_path / "report.csv").write_text(REPORT, encoding="utf-8")
    words = ("inventory", "--snapshot", kept, "--csv", "report.csv", "--as-policy")
    text = say(*words).out
    assert say(*words, "--json").json["draft"] == text
    assert say(*words, "-o", "draft.yaml", "--json").json["file"] == "draft.yaml"
    assert (tmp_path / "draft.yaml").read_text(encoding="utf-8") == text
    assert stat.S_ISREG((tmp_path / "draft.yaml").stat().st_mode)


def test_nobody_seen_is_said_as_such(say: Say, kept: str) -> None:
    told = say("inventory", "--snapshot", kept)
    assert told.code == 3
    assert "Nobody was seen." in told.out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--mailbox", "nobody@contoso.example"), "there is no mailbox"),
        (("--since", "31"), "31 is not in the range"),
        (("--csv", "none.csv"), "the file cannot be read"),
        (("--csv", "bad.csv"), "'nobody' is no address"),
        (("--csv", "latin.csv"), "the file is not UTF-8"),
    ],
)
def test_bad_input_is_named(
    say: Say, kept: str, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    (tmp_path / "bad.csv").write_text(REPORT + "nobody,x,1,Basic,1\n", encoding="utf-8")
    (tmp_path / "latin.csv").write_bytes(REPORT.replace("Domain", "Città").encode("latin-1"))
    told = say("inventory", "--snapshot", kept, *words)
    assert told.code == 2
    assert why in told.err
    if "bad.csv" in words:
        assert "bad.csv, row 4" in told.err
