"""What a policy file says of the accesses that `why` was asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portineria.policy.desired import Desired
from portineria.policy.effective import Access
from portineria.policy.entitle import Entitlement, entitle
from portineria.policy.voices import Sentence, Speaking
from portineria.tenant.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Spoken:
    """`unseen` are groups and names that could not be resolved: more grants may speak."""

    file: str
    sentence: Sentence
    unseen: tuple[str, ...]


@dataclass(slots=True)
class Policy:
    """One policy file. Its applications are the profile's, known once a tenant was looked at."""

    file: str
    desired: Desired
    mail_app: str | None = None
    smtp_app: str | None = None

    @property
    def groups(self) -> frozenset[str]:
        """Whom it names by address is in the listing of mailboxes; groups are asked for."""
        return frozenset(name for grant in self.desired.grants for name in grant.who.groups)

    def of(self, snapshot: Snapshot, accesses: Sequence[Access]) -> list[Spoken]:
        """What it says of each access, on the day of that access."""
        speaking = Speaking(self.desired.everyone_else, self.mail_app, self.smtp_app)
        entitlements = entitle(self.desired, snapshot, accesses[0].context.now.date())
        unseen = tuple(entitlements.unseen)
        return [
            Spoken(
                self.file,
                speaking.sentence(
                    entitlements.by_mailbox.get(one.mailbox.guid, Entitlement(one.mailbox)),
                    one.protocol,
                    one.caller,
                    one.context.address,
                ),
                unseen,
            )
            for one in accesses
        ]
