"""Keys of what bears no date: when this program saw it first bounds how young it can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portineria.policy.appsteps.case import Place
from portineria.tenant.mailapp import Enterprise, MailApp, Registration
from portineria.tenant.unseen import Unseen


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


def told(app: MailApp, places: Iterable[Place]) -> dict[str, bool]:
    """Whether each undated thing is there. What was not seen is neither: it stays as it was."""
    found = dict(_of_app(app))
    for place in places:
        found |= dict(_of_place(app, place))
    return found


def _of_app(app: MailApp) -> Iterator[tuple[str, bool]]:
    known, entered, exchange = app.registration, app.enterprise, app.exchange
    if isinstance(known, Registration):
        ours = (one.ours and one.kind == "certificate" for one in known.proofs)
        yield proof(app), any(ours)
    if isinstance(entered, Enterprise):
        yield enabled(app), entered.enabled
    if not isinstance(exchange, Unseen):
        yield principal(app), exchange is not None


def _of_place(app: MailApp, place: Place) -> Iterator[tuple[str, bool]]:
    held = place.right
    if place.box is None or isinstance(held, Unseen):
        return
    for key, value in ((right, held.full_access), (scope, held.scoped_smtp)):
        if isinstance(value, bool):
            yield key(app, place.box.guid), value
