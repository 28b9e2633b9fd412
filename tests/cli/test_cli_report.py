"""portineria report: on the lab, on a kept snapshot, on every profile, in each format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from saying import Say, a_snapshot, keep
from shell import Shell

from leftover import left_over
from portineria.tenant.access import MailboxPlan, Organization
from portineria.tenant.unseen import Unseen
from published import judged

LAB = ("--profile", "lab")
POLICY = """\
tenant: contoso.example
grants:
  - name: Accounting
    allow: [imap]
    through: oauth-user
    who: {mailboxes: [ada@contoso.example]}
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("report"))
    shell("lab", "up", "--detach", "--seed", "small")
    (shell.folder / "policy.yaml").write_text(POLICY)
    try:
        yield shell
    finally:
        shell("lab", "down", code=None)


@pytest.mark.slow
def test_the_report_of_a_lab_tells_posture_findings_and_doors(shell: Shell) -> None:
    told = shell(*LAB, "report", code=3)
    assert "security defaults are on: nobody comes in with a password alone" in told
    assert "`Set-OrganizationConfig -RejectDirectSend $true`" in told
    assert "No policy was given" in told
    assert "ada@contoso.example" in told
    found = shell.json(*LAB, "report", code=3)
    (report,) = found["reports"]
    assert report["counts"]["could not tell"] == 1  # the tenant is silent about legacy TLS
    assert {one["id"] for one in report["findings"] if one["holds"] == "no"} >= {"direct-send"}


@pytest.mark.slow
def test_with_a_policy_doors_by_grant_are_told_from_doors_without_one(shell: Shell) -> None:
    found = shell.json(*LAB, "report", "--policy", "policy.yaml", "--fail-on", "high", code=1)
    (report,) = found["reports"]
    doors = {(one["mailbox"], one["protocol"]): one["grants"] for one in report["doors"]}
    assert doors["ada@contoso.example", "imap"] == ["Accounting"]
    assert doors["bruno@contoso.example", "imap"] == []
    bare = next(one for one in report["findings"] if one["id"] == "doors-without-grant")
    assert bare["holds"] == "no"
    assert "ada@contoso.example IMAP" not in bare["evidence"]
    assert "bruno@contoso.example IMAP" in bare["evidence"]


@pytest.mark.slow
def test_the_page_is_written_as_its_name_ends_and_in_either_language(shell: Shell) -> None:
    shell(*LAB, "report", "-o", "report.html", code=3)
    page = (shell.folder / "report.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert '<html lang="en">' in page
    shell(*LAB, "--lang", "it", "report", "-o", "rapporto.html", code=3)
    assert '<html lang="it">' in (shell.folder / "rapporto.html").read_text()
    shell(*LAB, "report", "-o", "report.json", code=3)
    judged((shell.folder / "report.json").read_text())
    told = shell(*LAB, "--lang", "it", "report", "--policy", "policy.yaml", code=3)
    assert "Che cosa lo protegge" in told
    assert "(medio, direct-send)" in told
    assert left_over(told) == ""


@pytest.mark.slow
def test_all_profiles_are_told_and_one_that_fails_does_not_stop_the_others(shell: Shell) -> None:
    profiles = shell.state / "profiles"
    text = (profiles / "lab.yaml").read_text()
    (profiles / "another.yaml").write_text(text)
    (profiles / "broken.yaml").write_text("tenant: [")
    try:
        found = shell.json("report", "--all", code=3)
        page = shell("report", "--all", "--format", "markdown", code=3)
    finally:
        (profiles / "another.yaml").unlink()
        (profiles / "broken.yaml").unlink()
    assert len(found["reports"]) == 2
    assert [one["profile"] for one in found["failed"]] == ["broken"]
    assert "| broken | ? | ? | ? | ? |" in page


@pytest.mark.slow
def test_nothing_is_written_to_the_tenant(shell: Shell) -> None:
    shell(*LAB, "report", code=3)
    assert shell.json("runs", "list")["runs"] == []


def test_a_kept_snapshot_is_enough_and_what_it_lacks_is_unknown(say: Say, tmp_path: Path) -> None:
    kept = keep(a_snapshot(), tmp_path / "all.json")
    assert say("report", "--snapshot", kept).code == 0
    assert say("report", "--snapshot", kept, "--fail-on", "high").code == 0
    assert say("report", "--snapshot", kept, "--fail-on", "medium").code == 1
    blind = replace(a_snapshot(), conditional_access=Unseen("no permission"))
    told = say("report", "--snapshot", keep(blind, tmp_path / "blind.json"))
    assert told.code == 3
    assert "Could not be seen" in told.out


def test_the_weak_doors_of_a_gateways_file_are_a_finding(say: Say, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(
        "listen:\n"
        "  - {protocol: imap, at: '0.0.0.0:993'}\n"
        "  - {protocol: pop, at: '0.0.0.0:995', old_tls: true, networks: [10.2.0.0/16]}\n"
        "  - {protocol: smtp, at: '0.0.0.0:25', tls: none, networks: [10.1.0.0/24]}\n"
    )
    kept = keep(a_snapshot(), tmp_path / "s.json")
    found = say("report", "--snapshot", kept, "--gateway", file, "--json").json
    (weak,) = [one for one in found["reports"][0]["findings"] if one["id"] == "gateway-weak-doors"]
    assert (weak["holds"], weak["evidence"]) == (
        "no",
        ["pop 0.0.0.0:995: old-tls, 10.2.0.0/16", "smtp 0.0.0.0:25: cleartext, 10.1.0.0/24"],
    )


def test_a_severity_that_holds_passes_though_lesser_checks_do_not(say: Say, tmp_path: Path) -> None:
    seen = replace(
        a_snapshot(),
        user_consent=True,
        organization=Organization(reject_direct_send=True),
        mailbox_plans=(MailboxPlan(name="plan", guid="p", imap=False, pop=False),),
    )
    kept = keep(seen, tmp_path / "s.json")
    found = say("report", "--snapshot", kept, "--fail-on", "high", "--json").json
    held = {one["id"]: one["holds"] for one in found["reports"][0]["findings"]}
    assert (held["user-consent"], held["direct-send"]) == ("no", "yes")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--all", "--snapshot", "s.json"), "a policy, a gateway and a snapshot are of one tenant"),
        (("--all", "--gateway", "g.yaml"), "a policy, a gateway and a snapshot are of one tenant"),
        (("--gateway", "gone.yaml"), "gone.yaml"),
        (("--json", "--format", "html"), "--json contradicts --format html"),
        (("--output", "no-such-folder/report.html"), "cannot be written"),
        (("--snapshot", "gone.json"), "gone.json"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(
    say: Say, words: tuple[str, ...], why: str
) -> None:
    told = say("report", *words)
    assert told.code == 2
    assert why in told.out + told.err


def test_all_without_a_profile_says_where_one_comes_from(say: Say) -> None:
    told = say("report", "--all")
    assert told.code == 2
    assert "lab up" in told.err


def test_a_report_in_a_file_is_json_when_json_is_asked(say: Say, tmp_path: Path) -> None:
    kept = keep(a_snapshot(), tmp_path / "s.json")
    say("report", "--snapshot", kept, "--json", "--output", tmp_path / "r.html")
    assert json.loads((tmp_path / "r.html").read_text())["schema"] == "portineria/report@1"
