"""From the words of `inventory` to what is asked of the tenant, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portineria.cli import session
from portineria.cli.frame import Asked
from portineria.cli.questions import find_mailbox
from portineria.doors.textfile import read_text
from portineria.fault import BadFile
from portineria.policy.csvlist import RowError
from portineria.policy.usage.submission import Sender, senders
from portineria.policy.usage.use import Inventory
from portineria.run.inventory import Wish, conclude, count
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot

if TYPE_CHECKING:
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The options as they were given."""

    days: int
    protocols: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = ()
    report: str | None = None

    def wish(self, snapshot: Snapshot, report: tuple[Sender, ...] | None) -> Wish:
        """Raises NoSuch, CouldNotSee for a mailbox that is not there."""
        named = frozenset(find_mailbox(snapshot, name).guid for name in self.mailboxes)
        return Wish(
            days=self.days,
            protocols=frozenset(map(Protocol, self.protocols)) or frozenset(Protocol),
            mailboxes=named if self.mailboxes else None,
            senders=report,
        )


class _Silent:
    """Nobody waits for a file."""

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        return


def take_stock(said: Asked, asking: Asking, file: str | None) -> tuple[Inventory, Snapshot]:
    """The inventory, and the snapshot it was judged by. The report is read before all else."""
    report = None if asking.report is None else read_report(asking.report)
    if file is None:
        return session.with_tenant(
            said, lambda tenant, teller: _take(tenant, teller, asking, report)
        )
    from portineria.cli.loop import run

    kept = session.read_snapshot(Path(file))
    wish = asking.wish(kept, report)
    counted = run(count(None, kept, wish, kept.taken_at, _Silent()))
    return conclude(counted, kept, wish), kept


async def _take(
    tenant: Tenant, teller: Progress, asking: Asking, report: tuple[Sender, ...] | None
) -> tuple[Inventory, Snapshot]:
    from portineria.wiring.inventory import take

    seen = await tenant.look(teller)
    return await take(tenant, seen, asking.wish(seen, report), teller)


def read_report(file: str) -> tuple[Sender, ...]:
    """Raises NoFile, BadEncoding, BadFile with the row."""
    text = read_text(Path(file))
    try:
        return senders(text)
    except RowError as error:
        why, row, advice = error.why, error.row, error.try_
    raise BadFile(why, where=f"{file}, row {row}", try_=advice)
