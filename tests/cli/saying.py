"""A command that was run, and a small tenant to ask about."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portineria.tenant.access import MailboxPlan, Organization, Transport
from portineria.tenant.mailbox import Mailbox, RecipientKind, SmtpSwitch
from portineria.tenant.people import Domain, Licences, User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.snapshotjson import to_json


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Say = Callable[..., Said]


def a_snapshot() -> Snapshot:
    """A tenant of two, all of it seen: security defaults on, SMTP closed."""
    people = ("ada", "scan")
    return Snapshot(
        tenant_id="5d1c2f0a-8b7e-4f43-9a6d-000000000001",
        taken_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
        domains=(Domain(name="contoso.example", default=True),),
        licences=Licences(entra_p1=True),
        security_defaults=True,
        conditional_access=(),
        named_locations=(),
        authentication_policies=(),
        transport=Transport(smtp_auth_disabled=True, legacy_tls=False),
        organization=Organization(),
        mailbox_plans=(MailboxPlan(name="plan", guid="p"),),
        mailboxes=tuple(
            Mailbox(
                guid=f"guid-{name}",
                entra_id=f"user-{name}",
                address=f"{name}@contoso.example",
                upn=f"{name}@contoso.example",
                display_name=name,
                kind=RecipientKind.USER,
                smtp=SmtpSwitch.INHERIT,
            )
            for name in people
        ),
        users={
            f"user-{name}": User(
                id=f"user-{name}", upn=f"{name}@contoso.example", display_name=name
            )
            for name in people
        },
        role_members={},
        apps={},
        user_consent=True,
    )


def keep(snapshot: Snapshot, path: Path) -> Path:
    path.write_text(json.dumps(to_json(snapshot)))
    return path
