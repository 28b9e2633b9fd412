"""A plan as one script for PowerShell 7, with the rows of many mailboxes in a table beside it.

The script does what `apply` does: the same changes in the same order, each read before it is
written and seen to stand before what follows. Many rows are a CSV whose SHA-256 the script knows.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from portineria.policy.change import Change, Family, Phase
from portineria.policy.guards.registry import GUARDS
from portineria.policy.plan import Plan
from portineria.policy.script.quoting import cell, is_plain, object_text, quoted, said
from portineria.policy.script.refused import refuse

INLINE = 100
"""Changes of mailboxes up to which they stand in the script itself."""
HOURS = 24
"""How old the look at the tenant may be when the script begins."""
COLUMNS = ("Id", "Family", "Verb", "Key", "Name", "Before", "After", "Why")
ROWS = frozenset({Family.MAILBOX, Family.USER, Family.MAILBOX_PERMISSION, Family.GROUP_MEMBER})
"""Families of which a plan can have thousands."""
SCOPES = {
    Family.CONDITIONAL_ACCESS: ("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"),
    Family.NAMED_LOCATION: ("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"),
    Family.SECURITY_DEFAULTS: ("Policy.Read.All", "Policy.ReadWrite.SecurityDefaults"),
    Family.SESSIONS: ("User.RevokeSessions.All",),
}
"""What is asked of Graph, and nothing for a plan that needs none of it."""
_GONE_FOR_GOOD = frozenset(
    {Family.EXCHANGE_PRINCIPAL, Family.GROUP, Family.ROLE_ASSIGNMENT, Family.SESSIONS}
)
_FORCED = (Phase.WINDOW, Phase.ENFORCE)


@dataclass(frozen=True, slots=True)
class Script:
    """`text` is the script; `rows` the table beside it, "" where there is none."""

    text: str
    rows: str


def render(plan: Plan, engine: str, name: str) -> Script:
    """`engine` is apply.ps1, `name` that of the script without an ending: its table and its log
    are called after it.

    Raises GuardStop where a guard stops the plan, OperatorFault where it makes an application.
    """
    refuse(plan)
    many = [change for change in plan.changes if _is_row(change)]
    table = _table(many, _reasons(many))
    beside = len(many) > INLINE
    parts = [
        _head(plan, name, _digest(table) if beside else ""),
        _settings(plan, name),
        engine.strip("\n"),
        "# --- the changes ---\n",
        *_changes(plan, many, table, name if beside else ""),
        _main(plan),
    ]
    return Script("\n".join(parts) + "\n", table if beside else "")


def _is_row(change: Change) -> bool:
    target = change.target
    return target.family in ROWS and change.phase not in _FORCED and is_plain(target.key)


def _head(plan: Plan, name: str, digest: str) -> str:
    exchange = any(change.target.family not in SCOPES for change in plan.changes)
    graph = any(change.target.family in SCOPES for change in plan.changes)
    modules = ["ExchangeOnlineManagement"] * exchange + ["Microsoft.Graph.Authentication"] * graph
    lines = ["#Requires -Version 7.2"]
    lines += [f"#Requires -Modules {', '.join(modules)}"] if modules else []
    lines += [
        f"# A plan of Portineria, of {plan.made_at:%Y-%m-%d %H:%M} UTC, digest {plan.digest}",
        f"# for tenant {said(plan.tenant_id)}: {len(plan.changes)} changes.",
        "#",
        f"#   ./{name}.ps1 -WhatIf      shows every change and writes nothing",
        f"#   ./{name}.ps1              does them; called again, it goes on where it ended",
        f"#   ./{name}.ps1 -Undo        takes back what it wrote, last first",
        "#",
        *_told("Doors that open:", plan.exposure),
        *_told("What the tenant loses:", plan.lost),
        *_told("What could not be seen:", plan.unknown),
        *_told("Notes:", plan.notes),
        *_told("Guards that were asked when the plan was made, and let it pass:", [_guards(plan)]),
        *_told("Guards that were overruled:", plan.accepted),
        "[CmdletBinding(SupportsShouldProcess)]",
        "param(",
        "    # Take back what this script wrote.",
        "    [switch]$Undo,",
        "    # Begin though the look at the tenant is old.",
        "    [switch]$Force,",
        "    # Where is written what was done; the next call reads it.",
        f"    [string]$Log = (Join-Path $PSScriptRoot {quoted(f'{name}.log.csv')}),",
        "    # How long a change that was accepted may take until it is seen.",
        "    [int]$ConfirmSeconds = 600,",
        "    # A pause after so many mailboxes.",
        "    [int]$BatchSize = 500,",
        "    [int]$PauseSeconds = 5",
        ")",
        f"$RowsDigest = {quoted(digest)}",
    ]
    return "\n".join(lines) + "\n"


def _guards(plan: Plan) -> str:
    """Again are asked: how old the look is, whose tenant it is, and who is left out."""
    return ", ".join(one.name for one in GUARDS if one.word not in plan.accepted)


def _told(title: str, lines: Iterable[str]) -> list[str]:
    found = [f"#   {said(line)}" for line in lines]
    return [f"# {title}", *found, "#"] if found else []


def _settings(plan: Plan, name: str) -> str:
    families = {change.target.family for change in plan.changes}
    guarded = _break_glass(plan)
    wanted = {scope for family in families for scope in SCOPES.get(family, ())}
    scopes = sorted(wanted | ({"User.Read.All"} if guarded else set()))
    gone = [str(c.id) for c in plan.changes if _for_good(c)]
    exchange = any(family not in SCOPES for family in families)
    return "\n".join(
        (
            f"$Digest = {quoted(plan.digest)}",
            f"$Tenant = {quoted(plan.tenant_id)}",
            f"$Looked = {quoted(plan.snapshot_taken_at.isoformat())}",
            f"$HoursOld = {HOURS}",
            "$Graph = '/v1.0'",
            "$Defaults = '/policies/identitySecurityDefaultsEnforcementPolicy'",
            f"$Rows = (Join-Path $PSScriptRoot {quoted(f'{name}.csv')})",
            f"$NeedsExchange = ${str(exchange).lower()}",
            f"$Scopes = @({', '.join(map(quoted, scopes))})",
            f"$BreakGlass = @({', '.join(map(quoted, guarded))})",
            f"$Irreversible = @({', '.join(gone)})",
        )
    )


def _break_glass(plan: Plan) -> list[str]:
    """Who is left out of the policies for everybody that this plan makes; whoever overruled the
    guard is not asked again."""
    found: set[str] = set()
    for change in plan.changes:
        users = ((change.after or {}).get("conditions") or {}).get("users") or {}
        if "All" in (users.get("includeUsers") or ()):
            found |= set(users.get("excludeUsers") or ())
    return [] if "break-glass" in plan.accepted else sorted(found)


def _for_good(change: Change) -> bool:
    """What cannot be taken back: see run.inverse.reversible."""
    removed = change.verb.value == "delete" and change.target.family in _GONE_FOR_GOOD
    return removed or change.target.family is Family.SESSIONS


def _changes(plan: Plan, many: Sequence[Change], table: str, beside: str) -> Iterator[str]:
    for change in plan.changes:
        if _is_row(change):
            continue
        target = change.target
        yield f"# {change.id}. {change.verb.value} {target.family.value} {said(target.name)}"
        yield f"#    {said(change.reason)} Because: {said(', '.join(change.because)) or '-'}"
        values = (
            target.family.value,
            change.verb.value,
            target.key,
            target.name,
            _fields(change.before),
            _fields(change.after),
        )
        yield f"Add-Change {change.id} {' '.join(map(quoted, values))}\n"
    if not many:
        return
    for (reason, because), number in _reasons(many).items():
        of = sum(1 for change in many if (change.reason, change.because) == (reason, because))
        yield f"# why {number}: {said(reason)} Because: {said(', '.join(because)) or '-'} ({of})"
    if beside:
        yield "Add-Row (Import-Csv -LiteralPath $Rows)\n"
    else:
        # Every line begins with a number, so none can end the text but the last.
        yield f"Add-Row (ConvertFrom-Csv -InputObject @'\n{table.rstrip()}\n'@)\n"


def _reasons(changes: Sequence[Change]) -> dict[tuple[str, tuple[str, ...]], int]:
    found: dict[tuple[str, tuple[str, ...]], int] = {}
    for change in changes:
        found.setdefault((change.reason, change.because), len(found) + 1)
    return found


def _table(changes: Sequence[Change], reasons: dict[tuple[str, tuple[str, ...]], int]) -> str:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(COLUMNS)
    for change in changes:
        writer.writerow(
            (
                change.id,
                change.target.family.value,
                change.verb.value,
                change.target.key,
                cell(change.target.name),
                _fields(change.before),
                _fields(change.after),
                reasons[change.reason, change.because],
            )
        )
    return held.getvalue() if changes else ""


def _fields(fields: object) -> str:
    return object_text(None if fields is None else fields)


def _digest(table: str) -> str:
    return hashlib.sha256(table.encode()).hexdigest().upper()


def _main(plan: Plan) -> str:
    last = plan.changes[-1].id if plan.changes else 0
    return "\n".join(
        (
            "# --- and what is done with them ---\n",
            "Assert-Fresh",
            "Connect-Tenant",
            "Assert-BreakGlass",
            "Read-Log",
            "if (-not $Undo) {",
            *(f"    {step}" for step in _steps(plan.changes)),
            "}",
            "elseif ($Plan.Count -gt 0) {",
            f"    Undo-Plan {last}",
            "}",
            'Write-Host "Done. The log is $Log"',
        )
    )


def _steps(changes: Sequence[Change]) -> Iterator[str]:
    """As `run.apply` goes: mailboxes and accounts together, everything else by itself, what is
    staged seen all at once, and the window in one."""
    window = [change for change in changes if change.phase in _FORCED]
    forced = any(change.phase is Phase.WINDOW for change in window)
    for (phase, _), some in groupby(changes, key=lambda change: _company(change, forced)):
        group = list(some)
        first, last = group[0].id, group[-1].id
        if forced and phase in ("WINDOW", "ENFORCE"):
            yield f"Invoke-Window {first} {last}"
        else:
            yield f"Invoke-Step {quoted(phase)} {first} {last}"


def _company(change: Change, forced: bool) -> tuple[str, int]:
    if forced and change.phase in _FORCED:
        return "WINDOW", 0
    staged = change.phase is Phase.STAGE and change.target.family is Family.CONDITIONAL_ACCESS
    together = staged or change.target.family in ROWS
    return change.phase.name, -int(staged) if together else change.id
