"""What stands in a script: it parses, knows only Microsoft's cmdlets, and no name breaks out."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labshell import REFERENCE
from powershell import Node, faults, parse, text_of, walk

from portineria.cli.scripts import COMMON
from portineria.fault import GuardStop, OperatorFault
from portineria.policy.change import Change, Family, Phase, Target, Verb
from portineria.policy.plan import Plan, Stop
from portineria.policy.script.quoting import cell, object_text, quoted, said
from portineria.policy.script.render import INLINE, render

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
PLACE = resources.files("portineria.policy.script")
ENGINE = (PLACE / "apply.ps1").read_text("utf-8")
CLASSICS = ("enable-csv", "enable-group", "enable-all-but", "disable-everyone-else", "report")
EVERYWHERE = {"erroraction", "whatif", "confirm"}
"""Common parameters, and those of every cmdlet that changes something."""
HOSTILE = (
    "it's", "it\u2019s", "\u201cq\u201d", "$(Remove-Item x)", "`n", "a;b", "x\n'@\nRemove-Item y",
    "#>", "\u202eesrever", "=cmd|'/c calc'!A1", "Zo\u00eb \u6f22\u5b57 \U0001f600", '"', "''",
    "a\u2028b", "\r\nx", "\u201a\u201b", "\x00",  "%s{0}", "change:1.id",
)  # fmt: skip


def change(number: int, **more: Any) -> Change:
    given: dict[str, Any] = {
        "verb": Verb.UPDATE,
        "target": Target(
            family=Family.MAILBOX, key=f"guid-{number}", name=f"box{number}@x.example"
        ),
        "before": {"ImapEnabled": True},
        "after": {"ImapEnabled": False},
        "phase": Phase.CLOSE,
        "because": ("everyone_else",),
        "reason": "IMAP is shut for everybody else.",
    } | more
    return Change(id=number, **given)


def plan(*changes: Change, **more: Any) -> Plan:
    usual: dict[str, Any] = {
        "tenant_id": "t",
        "made_at": NOW,
        "snapshot_taken_at": NOW,
        "policy_digest": "d",
    }
    return Plan(**{**usual, **more}, changes=changes)


def classic(name: str) -> str:
    head = (PLACE / "classics" / f"{name}.ps1").read_text("utf-8")
    return head.replace(COMMON, (PLACE / "classics" / "common.ps1").read_text("utf-8"))


EXPORT = (PLACE / "export.ps1").read_text("utf-8")
EVERY = {"apply": ENGINE, "export": EXPORT} | {name: classic(name) for name in CLASSICS}


@pytest.mark.parametrize("name", EVERY)
def test_every_script_is_understood_by_the_grammar(name: str) -> None:
    assert faults(parse(EVERY[name])) == []
    assert "<common>" not in EVERY[name]


def commands(text: str) -> list[Node]:
    return [node for node in walk(parse(text).root_node) if node.type == "command"]


@pytest.mark.parametrize("name", EVERY)
def test_every_cmdlet_and_parameter_stands_in_the_reference(name: str) -> None:
    text = EVERY[name]
    own = {
        text_of(node.named_children[0]).lower()
        for node in walk(parse(text).root_node)
        if node.type == "function_statement"
    }
    known = {cmdlet.lower(): said["parameters"] for cmdlet, said in REFERENCE.items()}
    for node in commands(text):
        called = text_of(node.named_children[0])
        if called.lower() in own:
            continue
        assert called in REFERENCE, called
        for parameter in parameters(node):
            allowed = {one.lower() for one in known[called.lower()]} | EVERYWHERE
            assert parameter.lower() in allowed, f"{called} -{parameter}"


def parameters(command: Node) -> list[str]:
    """Its own, and not those of commands inside its arguments."""
    elements = [child for child in command.named_children if child.type == "command_elements"]
    own = [child for one in elements for child in one.named_children]
    return [text_of(child)[1:] for child in own if child.type == "command_parameter"]


FIELDS = {
    "Set-CASMailbox": ("ImapEnabled", "PopEnabled", "SmtpClientAuthenticationDisabled"),
    "Set-CASMailboxPlan": ("ImapEnabled", "PopEnabled"),
    "Set-User": ("AuthenticationPolicy",),
    "Set-TransportConfig": ("SmtpClientAuthenticationDisabled", "AllowLegacyTLSClients"),
    "Set-OrganizationConfig": ("DefaultAuthenticationPolicy", "RejectDirectSend"),
    "Set-AuthenticationPolicy": ("AllowBasicAuthImap", "AllowBasicAuthPop", "AllowBasicAuthSmtp"),
    "New-AuthenticationPolicy": ("AllowBasicAuthImap", "AllowBasicAuthPop", "AllowBasicAuthSmtp"),
}
"""What a change's fields are splatted into: those that policy.change.Family names."""


@pytest.mark.parametrize("cmdlet", FIELDS)
def test_what_is_splatted_stands_in_the_reference_too(cmdlet: str) -> None:
    assert set(FIELDS[cmdlet]) <= set(REFERENCE[cmdlet]["parameters"])


def test_each_family_is_read_and_written_but_for_what_needs_an_administrator() -> None:
    refused = {Family.APPLICATION, Family.SERVICE_PRINCIPAL, Family.APP_ROLE}
    for family in set(Family) - refused:
        assert f"'{family.value} " in ENGINE, family
        if family is not Family.SESSIONS:
            assert f"        '{family.value}' {{" in ENGINE, family


def named(name: str) -> Plan:
    """A plan in which this name stands wherever a name can."""
    policy = Target(family=Family.AUTHENTICATION_POLICY, key="", name=name)
    box = Target(family=Family.MAILBOX, key="guid", name=name)
    return plan(
        change(1, target=policy, verb=Verb.CREATE, before=None, reason=name),
        change(2, target=box, because=(name,), before={"X": name}),
        exposure=(name,),
        notes=(name,),
        lost=(name,),
        unknown=(name,),
    )


def shape(text: str) -> list[str]:
    """The commands of a script, but for the reading of text that cannot be written plainly."""
    assert faults(parse(text)) == []
    found = [text_of(node.named_children[0]) for node in commands(text)]
    return [name for name in found if name != "ConvertFrom-Json"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_out_of_a_script(name: str) -> None:
    script = render(named(name), ENGINE, "plan").text
    assert shape(script) == shape(render(named("x"), ENGINE, "plan").text)
    odd = plan(change(1, target=Target(family=Family.MAILBOX, key=name, name=name)))
    assert faults(parse(render(odd, ENGINE, "plan").text)) == []


@given(st.text(max_size=40))
def test_any_text_is_one_string_one_comment_one_cell(text: str) -> None:
    script = f"# {said(text)}\n$x = {quoted(text)}\n"
    tree = parse(script)
    kinds = [node.type for node in walk(tree.root_node) if node.is_named]
    assert faults(tree) == []
    assert kinds.count("comment") == 1
    assert kinds.count("string_literal") == 1
    assert kinds.count("assignment_expression") == 1
    assert object_text(text).isascii()
    assert "\n" not in cell(text)
    assert cell(text)[:1] not in tuple("=+-@")


def test_a_hundred_thousand_mailboxes_are_a_table_beside_a_short_script() -> None:
    many = plan(*(change(number) for number in range(1, 100_001)))
    began = time.monotonic()
    script = render(many, ENGINE, "plan")
    assert time.monotonic() - began < 30, "seconds, not minutes"
    assert len(script.text) < 60_000
    rows = list(csv.DictReader(io.StringIO(script.rows)))
    assert len(rows) == 100_000
    assert rows[-1]["Key"] == "guid-100000"
    assert len(script.rows) < 20_000_000
    assert "Invoke-Step 'CLOSE' 1 100000" in script.text
    assert faults(parse(script.text)) == []


def test_few_mailboxes_stand_in_the_script_itself() -> None:
    few = plan(*(change(number) for number in range(1, INLINE + 1)))
    assert render(few, ENGINE, "plan").rows == ""
    assert render(replace(few, changes=(*few.changes, change(INLINE + 1))), ENGINE, "plan").rows


def test_a_script_says_its_order_its_reasons_and_what_opens() -> None:
    switch = Target(family=Family.TRANSPORT, key="", name="tenant")
    made = plan(
        change(1, target=switch, phase=Phase.TENANT_SWITCH, before={"S": False}, after={"S": True}),
        change(2, phase=Phase.EXCEPTION),
        exposure=("smtp for scan@contoso.example by basic",),
        notes=("security defaults stay on",),
    )
    text = render(made, ENGINE, "plan").text
    assert "#   smtp for scan@contoso.example by basic" in text
    assert "#   security defaults stay on" in text
    assert "# 1. update transport tenant" in text
    assert "IMAP is shut for everybody else. Because: everyone_else" in text
    assert text.index("Invoke-Step 'TENANT_SWITCH' 1 1") < text.index("Invoke-Step 'EXCEPTION' 2 2")
    assert "#Requires -Modules ExchangeOnlineManagement\n" in text
    assert "$Scopes = @()" in text, "nothing is asked of Graph where nothing is needed"


def test_who_is_left_out_of_a_policy_for_everybody_is_asked_for_again() -> None:
    target = Target(family=Family.CONDITIONAL_ACCESS, key="", name="block legacy")
    body = {"conditions": {"users": {"includeUsers": ["All"], "excludeUsers": ["bg2", "bg1"]}}}
    one = change(1, target=target, verb=Verb.CREATE, phase=Phase.STAGE, before=None, after=body)
    text = render(plan(one), ENGINE, "plan").text
    assert "$BreakGlass = @('bg1', 'bg2')" in text
    assert "'User.Read.All'" in text
    head = text.partition("[CmdletBinding")[0]
    assert "let it pass:" in head
    assert "break-glass" in head
    overruled = render(plan(one, accepted=("break-glass",)), ENGINE, "plan").text
    assert "$BreakGlass = @()" in overruled
    assert "User.Read.All" not in overruled


def test_what_is_forced_goes_through_the_window_in_one() -> None:
    made = plan(
        change(1, phase=Phase.EXPLICIT),
        change(2, phase=Phase.WINDOW),
        change(3, phase=Phase.ENFORCE),
        change(4, phase=Phase.ENFORCE),
        change(5, phase=Phase.EXCEPTION),
    )
    text = render(made, ENGINE, "plan").text
    steps = [
        line.strip()
        for line in text.splitlines()
        if line.startswith("    Invoke-") and "$" not in line
    ]
    assert steps == [
        "Invoke-Step 'EXPLICIT' 1 1",
        "Invoke-Window 2 4",
        "Invoke-Step 'EXCEPTION' 5 5",
    ]


def test_a_plan_that_a_guard_stops_becomes_no_script() -> None:
    stop = Stop(
        guard="lock-out", why="nobody could sign in", try_="leave somebody out", word="lock-out"
    )
    with pytest.raises(GuardStop, match="nobody could sign in"):
        render(plan(change(1), stops=(stop,)), ENGINE, "plan")
    assert render(plan(change(1), stops=(stop,), accepted=("lock-out",)), ENGINE, "plan").text


def test_a_plan_that_makes_an_application_becomes_no_script() -> None:
    app = Target(family=Family.APPLICATION, key="", name="app")
    with pytest.raises(OperatorFault, match="an application"):
        render(plan(change(1, target=app)), ENGINE, "plan")
