"""Keys of what bears no date: when this program saw it first bounds how young it can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portineria.policy.appsteps.case import Place
from portineria.tenant.apps import MailboxRight
from portineria.tenant.mailapp import Enterprise, ExchangePrincipal, MailApp, Registration


def right(app: MailApp, guid: str) -> str:
    return f"{app.client_id}/right/{guid}"


def scope(app: MailApp, guid: str) -> str:
    return f"{app.client_id}/scope/{guid}"


def proof(app: MailApp) -> str:
    """The certificate of the profile on the registration: when it was uploaded is not told."""
    return f"{app.client_id}/certificate/{app.proof.thumbprint}"


def enabled(app: MailApp) -> str:
    return f"{app.client_id}/enabled"


def principal(app: MailApp) -> str:
    return f"{app.client_id}/principal"


def present(app: MailApp, places: Iterable[Place]) -> frozenset[str]:
    """Everything undated that is there now, of this app and these mailboxes."""
    return frozenset((*_of_app(app), *(key for place in places for key in _of_place(app, place))))


def absent(app: MailApp, places: Iterable[Place]) -> frozenset[str]:
    """What was looked for and is not there: once it comes, it is new."""
    places = tuple(places)
    boxes = [place.box.guid for place in places if place.box is not None]
    every = {make(app, guid) for make in (right, scope) for guid in boxes}
    every |= {proof(app), enabled(app), principal(app)}
    return frozenset(every) - present(app, places)


def _of_app(app: MailApp) -> Iterator[str]:
    known = app.registration
    if isinstance(known, Registration) and any(
        one.ours and one.kind == "certificate" for one in known.proofs
    ):
        yield proof(app)
    if isinstance(app.enterprise, Enterprise) and app.enterprise.enabled:
        yield enabled(app)
    if isinstance(app.exchange, ExchangePrincipal):
        yield principal(app)


def _of_place(app: MailApp, place: Place) -> Iterator[str]:
    if place.box is None or not isinstance(place.right, MailboxRight):
        return
    if place.right.full_access is True:
        yield right(app, place.box.guid)
    if place.right.scoped_smtp is True:
        yield scope(app, place.box.guid)
