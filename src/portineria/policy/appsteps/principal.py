"""Step 5: does Exchange know the application, by the enterprise application's object id?"""

from __future__ import annotations

from portineria.policy.appsteps import seen
from portineria.policy.appsteps.case import AppCase
from portineria.policy.appsteps.saying import register, when
from portineria.policy.appsteps.step import (
    Said,
    Settling,
    Who,
    app_step,
    later,
    no,
    unknown,
    yes,
)
from portineria.policy.delays import Made
from portineria.policy.verdict import Layer
from portineria.tenant.mailapp import ExchangePrincipal, Registration
from portineria.tenant.unseen import Unseen

READ_EXCHANGE = (
    "let the control application read Exchange: Exchange.ManageAsApp with admin consent, and the "
    "directory role Exchange Administrator or Global Reader (Entra admin center, Roles & admins)"
)


@app_step(
    5,
    "Exchange service principal",
    asks="Does Exchange know the application by the enterprise application's object id?",
    source="Microsoft Learn, Authenticate an IMAP, POP or SMTP connection using OAuth; "
    "New-ServicePrincipal reference",
)
def principal(case: AppCase) -> Said:
    known, app = case.app.exchange, case.app
    if isinstance(known, Unseen):
        because = f"whether Exchange knows the application was not seen: {known.because}"
        return unknown("service principal", because, READ_EXCHANGE, Who.CONSENT)
    if known is None:
        return no(
            "not registered",
            "Exchange does not know the application",
            register(app),
            Who.EXCHANGE,
            evidence=app.client_id,
        )
    wanted = app.object_id
    if wanted is None:
        return later(f"Exchange knows it by {known.object_id}; whether that is right, step 4 tells")
    if known.object_id.lower() == wanted.lower():
        return _right(case, known)
    return _wrong(case, known)


def _right(case: AppCase, known: ExchangePrincipal) -> Said:
    since = case.since(known.created, seen.principal(case.app))
    said = "Exchange knows it by the enterprise application's object id"
    if known.created is not None:
        since_when = when(known.created)
        said = f"Exchange knows it by the enterprise application's object id since {since_when}"
    young = Settling(
        Made.PRINCIPAL,
        frozenset({Layer.SERVICE_PRINCIPAL}),
        since,
        "Exchange knows the application by the right object id",
        weight=0 if known.created is not None else 2,
    )
    return yes(
        said,
        young,
        evidence=known.object_id,
    )


def _wrong(case: AppCase, known: ExchangePrincipal) -> Said:
    mend = f"Remove-ServicePrincipal -Identity {known.object_id}; {register(case.app)}"
    registration = case.app.registration
    if isinstance(registration, Registration) and (
        known.object_id.lower() == registration.object_id.lower()
    ):
        return no(
            "object id",
            "Exchange knows it by the object id of the app registration; it must be that of the "
            "enterprise application",
            f"{mend}; then give its mailbox permissions again",
            Who.EXCHANGE,
            evidence=known.object_id,
        )
    return no(
        "object id",
        f"Exchange knows it by {known.object_id}, which is not the enterprise application's object "
        "id",
        f"{mend}; then give its mailbox permissions again",
        Who.EXCHANGE,
        evidence=known.object_id,
    )
