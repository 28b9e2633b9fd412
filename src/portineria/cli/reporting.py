"""From the words of `report` to a page: one tenant, or every profile's."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from portineria.cli import session
from portineria.cli.faces.answer import print_json
from portineria.cli.frame import Asked
from portineria.cli.policies import read_policy
from portineria.doors import profiles
from portineria.doors.state import StateFolder
from portineria.fault import Fault, UsageFault
from portineria.policy.desired import Desired
from portineria.policy.report.finding import Severity, WeakDoor
from portineria.policy.report.whole import Report, make_report, to_json
from portineria.policy.show.report import html, markdown
from portineria.policy.show.report.page import Failed, blocks, title
from portineria.run.look import Wants
from portineria.tongue.say import spoken_language

if TYPE_CHECKING:
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant

SCHEMA = "portineria/report@1"
_ENDINGS = {".html": "html", ".htm": "html", ".md": "markdown", ".json": "json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The options as they were given."""

    policy: str | None
    gateway: str | None
    form: str | None
    output: str | None
    snapshot: str | None
    every: bool
    fail_on: str | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What is told of a tenant beside its snapshot: a policy, the weak doors of a gateway."""

    desired: Desired | None = None
    gateway: tuple[WeakDoor, ...] | None = None


@dataclass(slots=True)
class Made:
    """Reports, and the profiles of which none could be made."""

    reports: list[Report] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)

    def code(self, fail_on: str | None) -> int:
        """1: a check that matters does not hold. 3: something could not be told."""
        worst = Severity(fail_on or Severity.LOW)
        if fail_on and any(report.fails(worst) for report in self.reports):
            return 1
        unsure = any(report.unsure(worst) or report.unseen for report in self.reports)
        return 3 if self.failed or unsure else 0


def tell_report(said: Asked, asking: Asking) -> int:
    """Look, judge, write. Raises Fault; with --all only where not one profile is there."""
    form = _form(said, asking)
    session.refuse_unwritable(asking.output)
    beside = Beside(
        None if asking.policy is None else read_policy(asking.policy),
        None if asking.gateway is None else _weak_doors(asking.gateway),
    )
    made = _every(said, asking) if asking.every else Made([_one(said, asking, beside)])
    _write(made, form, asking.output)
    return made.code(asking.fail_on)


def _form(said: Asked, asking: Asking) -> str:
    """Raises UsageFault for options that contradict each other."""
    if asking.every and (asking.policy or asking.snapshot or asking.gateway):
        raise UsageFault(
            "a policy, a gateway and a snapshot are of one tenant, and --all is of every one",
            where="--all",
            try_="leave --policy, --gateway and --snapshot out, or name a profile with --profile",
        )
    if said.json and asking.form not in (None, "json"):
        raise UsageFault(
            f"--json contradicts --format {asking.form}", where="--format", try_="give one of them"
        )
    ending = _ENDINGS.get(Path(asking.output or "").suffix.lower(), "markdown")
    return "json" if said.json else asking.form or ending


def _weak_doors(file: str) -> tuple[WeakDoor, ...]:
    """Raises NoFile, BadEncoding, FileFault."""
    from portineria.wiring.gatewaysource import read_file

    return tuple(
        WeakDoor(
            place=f"{wish.protocol.value} {wish.host}:{wish.port}",
            takes=wish.weakness,
            networks=tuple(map(str, wish.networks)),
        )
        for wish in read_file(Path(file)).listen
        if wish.weakness
    )


def _one(said: Asked, asking: Asking, beside: Beside) -> Report:
    desired = beside.desired
    if asking.snapshot is not None:
        seen = session.read_snapshot(Path(asking.snapshot))
        return make_report(seen, seen.taken_at, desired, asking.policy, gateway=beside.gateway)
    groups = frozenset(
        name for grant in (desired.grants if desired else ()) for name in grant.who.groups
    )

    async def look(tenant: Tenant, teller: Progress) -> Report:
        seen = await tenant.look(teller, Wants(groups=groups))
        if desired is not None:
            tenant.refuse_other_tenant(seen, desired.tenant)

        def tell(done: int, total: int) -> None:
            teller.step("doors", done, total)

        now = tenant.clock.now()
        return make_report(seen, now, desired, asking.policy, tell, beside.gateway)

    return session.with_tenant(said, look)


def _every(said: Asked, asking: Asking) -> Made:
    """One profile after the other; one that fails is told, and the rest go on."""
    made = Made()
    names = profiles.names(StateFolder(said.state).profiles)
    if not names:
        profiles.load(StateFolder(said.state).profiles, said.profile)
    for name in names:
        one = copy(said)
        one.profile_option = name
        try:
            made.reports.append(_one(one, asking, Beside()))
        except Fault as fault:
            made.failed.append(Failed(name, fault.why))
    return made


def _write(made: Made, form: str, output: str | None) -> None:
    if form == "json":
        members = {
            "reports": [to_json(report) for report in made.reports],
            "failed": [{"profile": one.name, "because": one.because} for one in made.failed],
        }
        if output is None:
            print_json(SCHEMA, members)
        else:
            session.write_private(output, {"schema": SCHEMA, **members})
        return
    page = list(blocks(made.reports, made.failed))
    if form == "html":
        text = html.document(page, title(), spoken_language())
    else:
        text = markdown.text(page)
    if output is None:
        print(text, end="")
    else:
        session.write_octets(output, [text.encode()])
        print(output)
