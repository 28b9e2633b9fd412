"""The script that exports, and the classics, on the lab; a folder of exported state looked at."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from labshell import lab_shell
from m365_labworld import LabWorld, lab_world
from powershell import Thrown
from shell import Shell
from test_script_text import EVERY, change, plan

from portineria.fault import BadFile, NoFile, ServiceFault
from portineria.policy.change import Family, Target, Verb
from portineria.policy.script.render import render
from portineria.run.look import Wants
from portineria.tenant.mailbox import RecipientKind, SmtpSwitch
from portineria.tenant.unseen import Unseen
from portineria.wiring.exported import look_at_export

ADA, SCAN, ERP = "ada@contoso.example", "scan@contoso.example", "erp@contoso.example"


@pytest.fixture
async def world() -> AsyncIterator[LabWorld]:
    async with lab_world(seed="contoso") as found:
        yield found


async def ran(world: LabWorld, name: str, folder: Path, **words: Any) -> list[str]:
    async with lab_shell(world.lab) as hands:
        shell = hands.shell()
        await shell.run(EVERY[name], str(folder), **words)
        return shell.said


async def test_an_export_says_what_a_look_says(world: LabWorld, tmp_path: Path) -> None:
    live = await world.look(Wants())
    said = await ran(world, "export", tmp_path)
    assert not any("missing" in line for line in said), said
    found = await look_at_export(tmp_path / "export")
    assert found.tenant_id == live.tenant_id
    assert found.mailboxes == live.mailboxes
    for family in (
        "users", "domains", "licences", "security_defaults", "conditional_access",
        "named_locations", "authentication_policies", "transport", "organization", "mailbox_plans",
        "user_consent", "role_members",
    ):  # fmt: skip
        assert getattr(found, family) == getattr(live, family), family
    assert set(live.groups) <= set(found.groups)


async def test_what_an_export_lacks_is_not_seen_and_never_off(
    world: LabWorld, tmp_path: Path
) -> None:
    await ran(world, "export", tmp_path)
    folder = tmp_path / "export"
    for name in ("Get-TransportConfig", "conditionalAccess", "securityDefaults", "Get-User"):
        (folder / f"{name}.json").unlink()
    found = await look_at_export(folder)
    for family in (found.transport, found.conditional_access, found.security_defaults):
        assert isinstance(family, Unseen)
        assert "the export lacks" in family.because
    assert isinstance(found.mailboxes, tuple)
    assert all(isinstance(box.authentication_policy, Unseen) for box in found.mailboxes)


async def test_a_weather_in_the_export_is_noted_and_stays_unseen(
    world: LabWorld, tmp_path: Path
) -> None:
    async with lab_shell(world.lab) as hands:

        def fails(name: str) -> None:
            if name == "Get-TransportConfig":
                raise Thrown("access is denied")

        hands.before = fails
        await hands.shell().run(EVERY["export"], str(tmp_path))
    missing = list(csv.DictReader((tmp_path / "export" / "missing.csv").open()))
    assert missing == [{"Name": "Get-TransportConfig", "Why": "access is denied"}]
    assert isinstance((await look_at_export(tmp_path / "export")).transport, Unseen)


HEAD = "Guid,PrimarySmtpAddress,DisplayName,ImapEnabled,PopEnabled,SmtpClientAuthenticationDisabled"


def folder_with(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "about.json").write_text('{"tenant": "t-1", "taken": "2026-11-26T12:00:00Z"}')
    for name, text in files.items():
        (tmp_path / f"{name.replace('_', '-')}.csv").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "row",
    [
        f"{HEAD}\ng-1,A@x.example,A,True,False,\n",
        f"#TYPE System.Object\n{HEAD}\ng-1,A@x.example,A,True,False,\n",
        f"\ufeff{HEAD}\ng-1,A@x.example,A,VERO,FALSO,\n",
        f"{HEAD.replace(',', ';')}\ng-1;A@x.example;A;WAHR;FALSCH;\n",
        f'{HEAD}\n"g-1","A@x.example","A","Vrai","Faux","$null"\n',
    ],
)
async def test_a_table_of_get_casmailbox_alone_is_taken(tmp_path: Path, row: str) -> None:
    found = await look_at_export(folder_with(tmp_path, Get_CASMailbox=row))
    assert isinstance(found.mailboxes, tuple)
    (box,) = found.mailboxes
    assert (box.address, box.imap, box.pop) == ("a@x.example", True, False)
    assert box.smtp is SmtpSwitch.INHERIT
    assert box.kind is RecipientKind.OTHER, "what kind it is stands nowhere, and is not guessed"
    assert isinstance(found.users, Unseen)


async def test_a_cell_that_is_no_truth_is_told_with_its_line(tmp_path: Path) -> None:
    table = f"{HEAD}\ng-1,a@x.example,A,True,False,\ng-2,b@x.example,B,perhaps,False,\n"
    with pytest.raises(BadFile, match="ImapEnabled is neither true, false nor empty") as told:
        await look_at_export(folder_with(tmp_path, Get_CASMailbox=table))
    assert told.value.where.endswith("Get-CASMailbox.csv:3")


async def test_a_folder_that_is_no_export_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoFile, match="no such folder"):
        await look_at_export(tmp_path / "nowhere")
    with pytest.raises(NoFile, match="does not say which tenant"):
        await look_at_export(tmp_path)
    (tmp_path / "about.json").write_text("{}")
    with pytest.raises(BadFile, match="names no tenant"):
        await look_at_export(tmp_path)
    (tmp_path / "about.json").write_text('{"tenant": "t", "taken": "yesterday"}')
    with pytest.raises(BadFile, match="is no moment"):
        await look_at_export(tmp_path)
    with pytest.raises(ServiceFault, match="the export lacks"):
        await look_at_export(folder_with(tmp_path))


POLICY = """\
schema: portineria/policy@1
tenant: contoso.onmicrosoft.com
posture: {security_defaults: keep}
everyone_else: unmanaged
grants: [{name: less, who: {mailboxes: [ada@contoso.example]}, deny: [imap, pop]}]
"""


async def test_look_why_plan_script_and_report_work_from_the_folder_alone(
    world: LabWorld, tmp_path: Path
) -> None:
    await ran(world, "export", tmp_path)
    shell = Shell(tmp_path)
    looked = shell.json("look", "--from-export", "export", "--output", "seen.json", code=None)
    assert looked["snapshot"]["tenant_id"] == world.lab.world.tenant_id
    shell.json("why", ADA, "imap", "--as", "user", "--snapshot", "seen.json", code=None)
    shell.json("report", "--snapshot", "seen.json", code=None)
    (tmp_path / "policy.yaml").write_text(POLICY)
    words = ("--snapshot", "seen.json", "--output", "plan.json")
    assert shell.json("plan", "policy.yaml", *words, code=4)["stops"][0]["guard"] == "stale"
    shell.json("script", "plan.json", code=4)
    planned = shell.json("plan", "policy.yaml", *words, "--accept", "stale")
    assert {change["name"] for change in planned["changes"]} == {ADA}
    told = shell.json("script", "plan.json", "--output", "close.ps1")
    assert (told["file"], told["rows"]) == ("close.ps1", None)
    async with lab_shell(world.lab) as hands:
        script = (tmp_path / "close.ps1").read_text()
        await hands.shell().run(script, str(tmp_path), Force=True)
    assert switches(world, ADA)[:2] == (False, False)
    shell("script", "plan.json", "--output", "close.ps1", code=2)
    (tmp_path / "policy.yaml").write_text(POLICY.replace("contoso.on", "fabrikam.on"))
    assert shell.json("plan", "policy.yaml", *words, code=2)["error"]["code"] == "tenant"


def test_script_says_what_is_missing(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell.json("script", code=2)["error"]["code"] == "usage"
    both = shell.json("script", "--export", "--classic", "report", code=2)
    assert both["error"]["code"] == "usage"
    assert "Get-CASMailbox" in shell.json("script", "--export")["text"]
    assert shell("script", "--classic", "enable-csv", "--output", "x.ps1").startswith("Written")
    words = ("look", "--from-export", "x", "--snapshot", "y")
    assert shell.json(*words, code=2)["error"]["code"] == "usage"


HOSTILE = ("it's", "it\u2019s $(Remove-Item x); `n", '"; Write-Host "x', "Zo\u00eb \u05d0\u05d1")


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_name_that_wants_to_be_code_is_a_name(
    world: LabWorld, tmp_path: Path, name: str
) -> None:
    """Made, seen, and taken back under exactly this name."""
    policy = Target(family=Family.AUTHENTICATION_POLICY, key="", name=name)
    made = plan(
        change(
            1,
            target=policy,
            verb=Verb.CREATE,
            before=None,
            after={"AllowBasicAuthSmtp": True, "AllowBasicAuthImap": False},
            reason=name,
        ),
        tenant_id=world.lab.world.tenant_id,
    )
    script = render(made, EVERY["apply"], "plan").text
    policies = world.lab.world["authenticationPolicies"]
    before = len(list(policies.all()))
    async with lab_shell(world.lab) as hands:
        await hands.shell().run(script, str(tmp_path), Force=True)
        found = policies.find("Name", name)
        assert found is not None
        assert (found["AllowBasicAuthSmtp"], found["AllowBasicAuthImap"]) == (True, False)
        assert len(list(policies.all())) == before + 1
        await hands.shell().run(script, str(tmp_path), Undo=True)
    assert len(list(policies.all())) == before


# --- the classics ---


def switches(world: LabWorld, address: str) -> tuple[Any, Any, Any]:
    row = world.lab.world["mailboxes"].find("PrimarySmtpAddress", address)
    assert row is not None
    return row["ImapEnabled"], row["PopEnabled"], row["SmtpClientAuthenticationDisabled"]


def listed(tmp_path: Path, *addresses: str) -> str:
    path = tmp_path / "list.csv"
    path.write_text("Mailbox\n" + "".join(f"{one}\n" for one in addresses))
    return str(path)


def shut(world: LabWorld) -> None:
    boxes = world.lab.world["mailboxes"]
    for key, _ in list(boxes.items()):
        boxes.patch(key, ImapEnabled=False, PopEnabled=False, SmtpClientAuthenticationDisabled=True)


async def test_a_csv_opens_its_mailboxes_and_no_other(world: LabWorld, tmp_path: Path) -> None:
    shut(world)
    world.clock.advance(600)
    words = {
        "Csv": listed(tmp_path, ADA, SCAN, "nobody@contoso.example"),
        "Protocol": ["imap", "smtp"],
    }
    await ran(world, "enable-csv", tmp_path, WhatIf=True, **words)
    assert switches(world, ADA) == (False, False, True)
    await ran(world, "enable-csv", tmp_path, **words)
    assert switches(world, ADA) == switches(world, SCAN) == (True, False, False)
    assert switches(world, ERP) == (False, False, True)
    log = list(csv.DictReader((tmp_path / "enable-csv.log.csv").open()))
    assert [(row["Mailbox"], row["Result"]) for row in log[-3:]] == [
        (ADA, "written"),
        (SCAN, "written"),
        ("nobody@contoso.example", "failed"),
    ]
    world.clock.advance(600)
    said = await ran(world, "enable-csv", tmp_path, **words)
    assert sum("already" in line for line in said) == 2


async def test_a_groups_direct_members_are_opened(world: LabWorld, tmp_path: Path) -> None:
    shut(world)
    world.clock.advance(600)
    groups = world.lab.world["groups"]
    (name,) = [
        row["mail"]
        for _, row in groups.items()
        if row.get("mail") and "canner" in row["displayName"]
    ][:1]
    await ran(world, "enable-group", tmp_path, Group=name, Protocol=["pop"])
    log = list(csv.DictReader((tmp_path / "enable-group.log.csv").open()))
    opened = {row["Mailbox"] for row in log if row["Result"] == "written"}
    assert opened
    for address in opened:
        assert switches(world, address) == (False, True, True)


async def test_all_but_a_list_and_everyone_else(world: LabWorld, tmp_path: Path) -> None:
    shut(world)
    world.clock.advance(600)
    await ran(world, "enable-all-but", tmp_path, Csv=listed(tmp_path, SCAN), Protocol=["imap"])
    assert switches(world, SCAN) == (False, False, True)
    assert switches(world, ADA) == (True, False, True)
    world.clock.advance(600)
    words = {"Csv": listed(tmp_path, ADA), "Protocol": ["imap", "smtp"]}
    await ran(world, "disable-everyone-else", tmp_path, **words)
    assert switches(world, ADA) == (True, False, True)
    assert switches(world, ERP) == (False, False, True)


async def test_the_report_says_who_has_what_and_whose_word_that_is(
    world: LabWorld, tmp_path: Path
) -> None:
    await ran(world, "report", tmp_path)
    rows = {row["Mailbox"]: row for row in csv.DictReader((tmp_path / "who-has-what.csv").open())}
    transport = next(world.lab.world["transport"].all())
    for address in (ADA, SCAN, ERP):
        imap, pop, disabled = switches(world, address)
        row = rows[address]
        assert (row["Imap"], row["Pop"]) == (str(imap), str(pop))
        own = disabled is not None
        refused = disabled if own else transport["SmtpClientAuthenticationDisabled"]
        assert row["Smtp"] == str(not refused)
        assert row["SmtpFrom"] == ("its own switch" if own else "the tenant")
    with pytest.raises(Thrown, match="is there already"):
        await ran(world, "report", tmp_path)


async def test_a_classic_waits_where_the_service_wants_it(world: LabWorld, tmp_path: Path) -> None:
    shut(world)
    world.clock.advance(600)
    left = {"Set-CASMailbox": 2}

    def busy(name: str) -> None:
        if left.get(name):
            left[name] -= 1
            raise Thrown("(429) Too many requests")

    async with lab_shell(world.lab) as hands:
        hands.before = busy
        words = {"Csv": listed(tmp_path, ADA), "Protocol": ["imap"]}
        await hands.shell().run(EVERY["enable-csv"], str(tmp_path), **words)
    assert switches(world, ADA)[0] is True
    assert left == {"Set-CASMailbox": 0}
