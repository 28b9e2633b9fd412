"""A mail app that is right at every step, its mailbox, and how a verdict is told in short."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from portineria.policy.appsteps.case import AppCase, Login, Place
from portineria.policy.appsteps.ladder import Checked, check
from portineria.policy.refusals import Stage
from portineria.policy.rungs.access import Access, Context
from portineria.policy.verdict import Answer, Layer
from portineria.tenant.access import Transport
from portineria.tenant.apps import MailboxRight
from portineria.tenant.caller import AppOnly
from portineria.tenant.mailapp import (
    Consent,
    Enterprise,
    ExchangePrincipal,
    MailApp,
    OwnProof,
    Registered,
    Registration,
    ScopedRole,
    TokenClaims,
    TokenRefused,
)
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.people import User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=30)
JUST = NOW - timedelta(seconds=20)
TENANT, APP, OID = "tenant-1", "app-1", "enterprise-1"
AUDIENCE = "https://outlook.office365.com"
ROLES = ("IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp")
HIDDEN = Unseen("nobody may look")
CLAIMS = TokenClaims(
    audience=AUDIENCE, tenant=TENANT, app_id=APP, object_id=OID, roles=ROLES, expires=NOW
)
CERTIFICATE = OwnProof(kind="certificate", thumbprint="AB12", ends=NOW + timedelta(days=1))
MINE = Registered(kind="secret", key_id="k1", starts=OLD, ours=True)
THEIRS = Registered(kind="secret", key_id="k2", starts=OLD, ours=False)
BOX = Mailbox(
    guid="g1", entra_id="u1", address="erp@c.example", upn="erp@c.example", display_name=""
)
ELSE = replace(BOX, guid="g2", address="ada@c.example")
IN = Login(answer=Answer.YES, because="in", stage=Stage.FIRST_COMMAND, line="OK")
SHUT = Login(
    answer=Answer.NO,
    because="it stays shut",
    stage=Stage.FIRST_COMMAND,
    line="BAD",
    layers=frozenset({Layer.MAILBOX_RIGHT, Layer.SERVICE_PRINCIPAL, Layer.MAILBOX_SWITCH}),
)


def an_app(**members: Any) -> MailApp:
    known: dict[str, Any] = {
        "proof": OwnProof(kind="secret"),
        "token": CLAIMS,
        "registration": Registration(object_id="registration-1", created=OLD, proofs=(MINE,)),
        "enterprise": Enterprise(object_id=OID, name="Mail", created=OLD),
        "consents": tuple(Consent(value=role, created=OLD) for role in ROLES),
        "exchange": ExchangePrincipal(object_id=OID, created=OLD),
        "scoped": (),
    }
    return MailApp(client_id=APP, **{**known, **members})


def a_place(
    box: Mailbox | Unseen | None = BOX, protocol: Protocol = Protocol.IMAP, **members: Any
) -> Place:
    transport = Transport(smtp_auth_disabled=members.pop("tenant_off", True))
    user = User(
        id="u1", upn="erp@c.example", display_name="", exchange_plan=members.pop("plan", True)
    )
    access: Any = box
    if isinstance(box, Mailbox):
        snapshot = Snapshot(
            tenant_id=TENANT,
            taken_at=NOW,
            transport=transport,
            users={"u1": user},
            mailboxes=(box,),
        )
        access = Access(snapshot, box, protocol, AppOnly(APP), Context(NOW))
    known: dict[str, Any] = {
        "name": "erp@c.example",
        "user": "erp@c.example",
        "user_box": box,
        "right": MailboxRight(full_access=True, scoped_smtp=False),
        "login": IN,
    }
    return Place(access=access, **{**known, **members})


def judged(
    app: MailApp | None = None,
    place: Place | None = None,
    protocol: Protocol = Protocol.IMAP,
    **seen_first: datetime,
) -> Checked:
    return check(
        AppCase(
            now=NOW,
            tenant_id=TENANT,
            audience=AUDIENCE,
            app=app or an_app(),
            protocol=protocol,
            place=place,
            first_seen={key.replace("_", "/"): at for key, at in seen_first.items()},
        )
    )


def said(found: Checked) -> str:
    """What is named: the answer, the step and its part; `yes` where nothing is."""
    if found.by is None:
        return found.answer.value
    return f"{found.answer.value}: {found.by.number} {found.by.part}".rstrip()


def refused(code: int, *, expired: bool = False) -> TokenRefused:
    return TokenRefused(code=code, why="refused", remedy="mend it", expired=expired)


def registered(*proofs: Registered, created: datetime | None = OLD) -> Registration:
    return Registration(object_id="registration-1", created=created, proofs=proofs)


BARE = replace(CLAIMS, roles=())
ROLE = (ScopedRole(name="senders", scope="S", created=OLD),)
RBAC_TOKEN: dict[str, Any] = {"token": BARE, "consents": (), "scoped": ROLE}
"""SMTP by Application RBAC: no permission in Entra at all."""
