"""What `advise` is asked about: options, a file of needs, or a policy; and as of which day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from portineria.fault import OperatorFault, UsageFault
from portineria.policy.advise.needfile import parse
from portineria.policy.advise.needs import Around, Knows, Need, Sends, around, of_policy
from portineria.policy.advise.rank import Advice
from portineria.policy.advise.rank import advise as judge
from portineria.tenant.mailbox import Protocol

MOST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Described:
    """The options that describe one need, as they were given."""

    mailbox: str | None
    protocol: str | None
    client: str | None
    knows: str | None
    sends: str | None
    volume: int | None
    fixed_address: bool | None

    @property
    def said(self) -> bool:
        return any(getattr(self, one.name) is not None for one in fields(self))

    def need(self) -> Need:
        """Raises UsageFault where the protocol is missing."""
        if self.protocol is None:
            raise UsageFault(
                "what it has to do was not said",
                where="--protocol",
                try_="add --protocol smtp where it sends, imap or pop where it reads",
            )
        return Need(
            name=self.mailbox or "",
            protocol=Protocol(self.protocol),
            mailbox=self.mailbox or "",
            client=self.client or "",
            knows=Knows(self.knows or Knows.UNKNOWN),
            sends=Sends(self.sends or Sends.UNKNOWN),
            volume=self.volume,
            fixed_address=self.fixed_address,
        )


def advise(
    described: Described, file: str | None, policy: str | None, day: str | None
) -> tuple[tuple[Advice, ...], date]:
    """The advice, and the day it is as of. Raises UsageFault, NoFile, BadFile."""
    today = _today(day)
    needs, there = _asked(described, file, policy)
    return judge(needs, there, today), today


def _asked(
    described: Described, file: str | None, policy: str | None
) -> tuple[Sequence[Need], Around]:
    if described.said + (file is not None) + (policy is not None) != 1:
        raise UsageFault(
            "needs come from options, from --need or from --policy: from one of them",
            where="advise",
            try_="portineria advise --protocol smtp --knows basic --sends internal",
        )
    if file is not None:
        from portineria.doors.textfile import read_text

        text = read_text(Path(file), most=MOST)
        return _found(text, file) if text.lstrip().startswith("{") else parse(text, file), Around()
    if policy is None:
        return [described.need()], Around()
    return _granted(policy)


def _found(text: str, file: str) -> Sequence[Need]:
    """What an inventory has found. Raises OperatorFault for any other JSON, and for one that
    found nobody who got in."""
    import json

    from portineria.policy.advise.found import SCHEMA, of_inventory

    try:
        document = json.loads(text)
        needs = tuple(of_inventory(document)) if document["schema"] == SCHEMA else None
    except (KeyError, TypeError, ValueError):
        needs = None
    if needs is None:
        raise OperatorFault(
            "this is JSON, and not the answer of an inventory",
            where=file,
            try_="portineria inventory --json > found.json; or write the needs as YAML or CSV",
        )
    if not needs:
        raise OperatorFault(
            "the inventory found nobody who got in",
            where=file,
            try_="look further back: portineria inventory --since 30 --json",
        )
    return needs


def _granted(policy: str) -> tuple[Sequence[Need], Around]:
    from portineria.cli.policies import read_policy

    desired = read_policy(policy)
    needs = list(of_policy(desired))
    if not needs:
        raise UsageFault(
            "the policy opens nothing to anybody",
            where=policy,
            try_="describe the need: portineria advise --protocol smtp --knows basic",
        )
    return needs, around(desired)


def _today(day: str | None) -> date:
    if day is None:
        from portineria.wiring.opening import system_clock

        return system_clock().now().date()
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise UsageFault(
            f"{day!r} is no day", where="--on", try_="write it as 2027-03-01"
        ) from None
