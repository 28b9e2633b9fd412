"""Reads what `app check` judges, narrowly: one application, and the mailboxes it is asked about.

Implements run.appcheck.AppReader by shape. What cannot be read is Unseen with its reason, each
by itself, so that one refusal hides nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from portineria.fault import NetworkFault, ServiceFault
from portineria.m365.data import Row, moment, truth
from portineria.m365.exchange import mailapp as in_exchange
from portineria.m365.exchange import rights
from portineria.m365.exchange.tenant import transport_row
from portineria.m365.graph import mailapp as in_directory
from portineria.m365.graph import users
from portineria.m365.graph.batch import BATCH
from portineria.m365.session import Session
from portineria.secret import Secret
from portineria.tenant.access import Transport
from portineria.tenant.apps import MailboxRight
from portineria.tenant.mailapp import (
    Consent,
    Enterprise,
    ExchangePrincipal,
    MailApp,
    OwnProof,
    TokenClaims,
)
from portineria.tenant.mailbox import Mailbox
from portineria.tenant.people import User
from portineria.tenant.unseen import Unseen

T = TypeVar("T")


class MailAppReading:
    """One tenant's applications and mailboxes, as this session may see them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[str, Row | None] = {}

    async def app(
        self, client_id: str, proof: OwnProof, begins: Secret | None, token: TokenClaims | None
    ) -> MailApp:
        """Everything but the token. Raises nothing that is the service's to say."""
        session = self._session
        enterprise = await _seen(in_directory.enterprise(session, client_id))
        object_id = enterprise.object_id if isinstance(enterprise, Enterprise) else None
        object_id = object_id or (token.object_id if token else None)
        consents, assigned_only = await self._consents(object_id)
        exchange = await self._principal(client_id, object_id)
        scoped = (
            exchange
            if isinstance(exchange, Unseen)
            else await _seen(in_exchange.scoped(session, exchange))
        )
        return MailApp(
            client_id=client_id,
            proof=proof,
            registration=await _seen(in_directory.registration(session, client_id, proof, begins)),
            enterprise=enterprise,
            consents=consents,
            assigned_only=assigned_only,
            exchange=exchange,
            scoped=scoped,
        )

    async def transport(self) -> tuple[Transport | Unseen, datetime | None]:
        """The tenant's switch, and when anything of the transport settings was last changed."""
        row = await _seen(transport_row(self._session))
        if isinstance(row, Unseen):
            return row, None
        disabled = truth(row.get("SmtpClientAuthenticationDisabled"))
        if disabled is None:
            return Unseen("Get-TransportConfig does not show the switch"), None
        return Transport(smtp_auth_disabled=disabled), moment(row.get("WhenChangedUTC"))

    async def mailboxes(
        self, names: Sequence[str]
    ) -> Mapping[str, tuple[Mailbox | Unseen | None, datetime | None]]:
        """Each name: whose it is, None for nobody's; and when its switches' object was changed."""
        found = await _seen(in_exchange.find(self._session, names))
        if isinstance(found, Unseen):
            return dict.fromkeys(names, (found, None))
        return {
            name: (one.box, one.changed) if isinstance(one, in_exchange.Found) else (one, None)
            for name, one in found.items()
        }

    async def users(self, ids: Collection[str]) -> Mapping[str, User] | Unseen:
        """These accounts of the directory; who is not there is left out."""
        asked, found = sorted(ids), dict[str, User]()
        for start in range(0, len(asked), BATCH):
            part = await _seen(users.some(self._session, asked[start : start + BATCH]))
            if isinstance(part, Unseen):
                return part
            found |= part
        return found

    async def rights(
        self, app: MailApp, guids: Sequence[str]
    ) -> Mapping[str, MailboxRight | Unseen]:
        """FullAccess, and for an app with the scoped role whether each is within the scope."""
        if isinstance(app.exchange, Unseen):
            return dict.fromkeys(guids, app.exchange)
        names = rights.names_of(self._rows.get(app.client_id), app.object_id or "")
        full = await _seen(rights.full_access(self._session, names, guids))
        scoped = await self._scoped(app, guids)
        return {
            guid: MailboxRight(
                full_access=full if isinstance(full, Unseen) else full[guid],
                scoped_smtp=scoped[guid],
            )
            for guid in guids
        }

    async def _scoped(self, app: MailApp, guids: Sequence[str]) -> Mapping[str, bool | Unseen]:
        if isinstance(app.scoped, Unseen):
            return dict.fromkeys(guids, app.scoped)
        if not app.scoped:
            return dict.fromkeys(guids, False)
        found = await _seen(rights.scoped_smtp(self._session, app.client_id, guids))
        return dict.fromkeys(guids, found) if isinstance(found, Unseen) else found

    async def _consents(
        self, object_id: str | None
    ) -> tuple[tuple[Consent, ...] | Unseen, bool | Unseen]:
        if object_id is None:
            unseen = Unseen("there is no enterprise application whose consents could be read")
            return unseen, unseen
        found = await _seen(in_directory.consents(self._session, object_id))
        return (found, found) if isinstance(found, Unseen) else found

    async def _principal(
        self, client_id: str, object_id: str | None
    ) -> ExchangePrincipal | Unseen | None:
        found = await _seen(in_exchange.principal(self._session, client_id, object_id))
        if isinstance(found, Unseen):
            return found
        known, self._rows[client_id] = found
        return known


async def _seen(reading: Awaitable[T]) -> T | Unseen:
    """What was read, or why not. Raises what is nobody's refusal: a wrong credential of ours."""
    try:
        return await reading
    except (ServiceFault, NetworkFault) as fault:
        return Unseen(fault.why)
