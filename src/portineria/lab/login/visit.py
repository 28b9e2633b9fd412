"""A sign-in in a browser, step by step: password, second factor, consent, and back.

A *visit* is a document under its flow token: the request, who has signed in so far and how.
Every step asks the tenant's protections again, as they stand for this sign-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portineria.lab.ask import Answer, Ask, Seen
from portineria.lab.login import (
    authorize,
    clients,
    codes,
    consent,
    devices,
    pages,
    people,
    redirects,
    signinlog,
)
from portineria.lab.login.authorize import Request
from portineria.lab.login.conditional import SignIn
from portineria.lab.login.refusals import SignInFault, described
from portineria.lab.login.resources import Wanted, every
from portineria.lab.login.signin import as_of_sign_in, check_protections, first_factor
from portineria.lab.world import Document

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

GOOD_FOR = timedelta(minutes=15)
"""How long a page can be left open. The service's own time is not known to us."""
AGAIN = frozenset({50034, 50053, 50126, 50057})
"""Refusals that leave the person at the password page."""
SECOND_FACTOR = frozenset({50076, 50079})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One browser on its way. `user` is "" until the password was right; `allowed` whether the
    person has accepted what the application asks for, `mine` that a device is theirs."""

    lab: Lab
    ask: Ask
    correlation: str
    flow: str
    request: Request
    user: str = ""
    amr: tuple[str, ...] = ("pwd",)
    allowed: bool = False
    mine: bool = False

    @property
    def seen(self) -> Seen:
        return as_of_sign_in(self.lab.world, self.lab.weather).fresh("oauth2PermissionGrants")

    @property
    def principal(self) -> Document:
        return clients.application(self.seen, self.request.client_id)[1]

    @property
    def name(self) -> str:
        return str(self.principal.get("displayName", ""))

    def text(self, fault: SignInFault) -> str:
        return str(described(self.lab.world, self.correlation, fault)["error_description"])


def begin(lab: Lab, ask: Ask, tenant: str, correlation: str) -> Answer:
    """GET /authorize: the sign-in page, or what is wrong with the request."""
    seen = as_of_sign_in(lab.world, lab.weather)
    try:
        request = authorize.read(lab, seen, tenant, ask.query)
    except authorize.Bounced as bounced:
        return authorize.bounce(lab, correlation, bounced)
    except SignInFault as fault:
        return trouble(lab, correlation, fault)
    return sign_in_page(opened(lab, ask, correlation, request))


def opened(lab: Lab, ask: Ask, correlation: str, request: Request) -> Visit:
    flow = "AQABIQEAAAD" + people.opaque(lab.world, "flow", 60)
    visit = Visit(lab=lab, ask=ask, correlation=correlation, flow=flow, request=request)
    _save(visit)
    return visit


def sign_in_page(visit: Visit, fault: SignInFault | None = None, name: str = "") -> Answer:
    request = visit.request
    said = visit.text(fault) if fault else ""
    return pages.sign_in(visit.flow, request.tenant, visit.name, name or request.login_hint, said)


def password(visit: Visit, form: Mapping[str, str]) -> Answer:
    """POST /login."""
    if form.get("cancel"):
        return _left(visit, "the user canceled the authentication")
    name = form.get("loginfmt", "").strip()
    person = visit.lab.world["users"].find("userPrincipalName", name)
    try:
        user = first_factor(visit.lab.world, name, form.get("passwd", ""))
    except SignInFault as fault:
        _log(visit, person, fault.code, name)
        return sign_in_page(visit, fault, name)
    return _onward(_save(replace(visit, user=user["id"])))


def second_factor(visit: Visit, form: Mapping[str, str]) -> Answer:
    """POST /SAS/ProcessAuth. Only a registered person has something to confirm with."""
    if form.get("cancel"):
        return _left(visit, "the user denied the second factor")
    if not _person(visit).get("mfaRegistered"):
        raise SignInFault(50079)
    return _onward(_save(replace(visit, amr=("pwd", "mfa"))))


def consented(visit: Visit, form: Mapping[str, str]) -> Answer:
    """POST /Consent/Set: write down what the person allows, as far as they may."""
    if form.get("cancel"):
        return _left(visit, visit.text(SignInFault(65004)))
    user = _person(visit)
    for wanted, scopes in _missing(visit):
        resource = consent.resource(visit.seen, wanted)
        if resource is None or not consent.may_allow(visit.seen, user, wanted, scopes):
            return _admin_page(visit)
        clients.settle(visit.lab.world, visit.principal)
        consent.allow(visit.lab.world, visit.principal, user["id"], resource["id"], scopes)
    return _onward(_save(replace(visit, allowed=True)))


def device_page(lab: Lab, ask: Ask, form: Mapping[str, str], correlation: str) -> Answer:
    """GET and POST /oauth2/deviceauth: whose code is it?"""
    if ask.method == "GET":
        return pages.device_code()
    try:
        request = devices.entered(lab, form.get("otc", "").strip())
    except SignInFault as fault:
        said = described(lab.world, correlation, fault)["error_description"]
        return pages.device_code(str(said))
    return sign_in_page(opened(lab, ask, correlation, request))


def device_confirmed(visit: Visit, form: Mapping[str, str]) -> Answer:
    """POST /DeviceAuthConfirm."""
    if form.get("cancel"):
        return _left(visit, "")
    return _onward(_save(replace(visit, mine=True)))


def resumed(lab: Lab, ask: Ask, form: Mapping[str, str], correlation: str) -> Visit:
    """The visit of a flow token. Raises SignInFault 50089 when there is none any more."""
    flow = form.get("flowToken", "")
    kept = lab.world["visits"].get(flow)
    if kept is None or lab.clock.now() - datetime.fromisoformat(kept["at"]) > GOOD_FOR:
        raise SignInFault(50089)
    return Visit(
        lab=lab,
        ask=ask,
        correlation=correlation,
        flow=flow,
        request=Request(**kept["request"]),
        user=kept["user"],
        amr=tuple(kept["amr"]),
        allowed=kept["allowed"],
        mine=kept["mine"],
    )


def trouble(lab: Lab, correlation: str, fault: SignInFault, status: int = 400) -> Answer:
    """A refusal that the person sees and the application does not."""
    text = str(described(lab.world, correlation, fault)["error_description"])
    return pages.refused("We're having trouble signing you in", text, status)


def _save(visit: Visit) -> Visit:
    document = {
        "request": visit.request.document(),
        "user": visit.user,
        "amr": list(visit.amr),
        "allowed": visit.allowed,
        "mine": visit.mine,
        "at": visit.lab.clock.now().isoformat(),
    }
    visit.lab.world["visits"].put(visit.flow, document)
    return visit


def _person(visit: Visit) -> Document:
    """Raises SignInFault 50089 where nobody has signed in on this visit."""
    user = visit.lab.world["users"].get(visit.user) if visit.user else None
    if user is None:
        raise SignInFault(50089)
    return user


def _onward(visit: Visit) -> Answer:
    """The next page, or the way back to the application."""
    user = _person(visit)
    try:
        consent.must_be_assigned(visit.seen, visit.principal, user["id"])
        for wanted in every(visit.request.scope, visit.lab.urls):
            check_protections(visit.lab.world, visit.lab.weather, _sign_in(visit, user, wanted))
    except SignInFault as fault:
        if fault.code in SECOND_FACTOR and user.get("mfaRegistered"):
            return pages.second_factor(visit.flow, visit.request.tenant, user["userPrincipalName"])
        _log(visit, user, fault.code)
        raise
    lacking = _missing(visit)
    if lacking or (visit.request.prompt == "consent" and not visit.allowed):
        return _consent_page(visit, user, lacking)
    return _finished(visit, user)


def _sign_in(visit: Visit, user: Document, wanted: Wanted) -> SignIn:
    request = visit.request
    grant = {
        "amr": visit.amr,
        "clientApp": request.client_app,
        "transfer": request.transfer,
    }
    return people.sign_in_of(grant, user, wanted.application, visit.ask.address)


def _missing(visit: Visit) -> list[tuple[Wanted, tuple[str, ...]]]:
    """What is not consented yet, by resource."""
    found = [
        (wanted, consent.missing(visit.seen, visit.principal, visit.user, wanted))
        for wanted in every(visit.request.scope, visit.lab.urls)
    ]
    return [(wanted, scopes) for wanted, scopes in found if scopes]


def _consent_page(
    visit: Visit, user: Document, lacking: list[tuple[Wanted, tuple[str, ...]]]
) -> Answer:
    for wanted, scopes in lacking:
        if not consent.may_allow(visit.seen, user, wanted, scopes):
            return _admin_page(visit)
    asked = [
        scope for wanted in every(visit.request.scope, visit.lab.urls) for scope in wanted.asked
    ]
    return pages.consent(visit.flow, visit.request.tenant, visit.name, asked)


def _admin_page(visit: Visit) -> Answer:
    said = visit.text(SignInFault(90094))
    return pages.admin_needed(visit.flow, visit.request.tenant, visit.name, said)


def _finished(visit: Visit, user: Document) -> Answer:
    request = visit.request
    if request.device and not visit.mine:
        return pages.device_confirm(visit.flow, request.tenant, visit.name)
    visit.lab.world["visits"].put(visit.flow, None)
    _log(visit, user, 0)
    if request.device:
        devices.approve(visit.lab, request, user["id"], visit.amr)
        return pages.told("You have signed in", f"{visit.name} can go on. You can close this.")
    code = codes.issue(visit.lab, request, user["id"], list(visit.amr))
    session = visit.lab.world.new_id("session")
    members = {"code": code, "state": request.state, "session_state": session}
    return redirects.back(request.redirect_uri, request.mode, members)


def _log(visit: Visit, user: Document | None, code: int, name: str = "") -> None:
    """A record of the whole sign-in at its end; a page for the second factor makes none."""
    first = every(visit.request.scope, visit.lab.urls)[0]
    given = signinlog.Attempt(
        event=signinlog.INTERACTIVE,
        client=signinlog.CLIENTS.get(visit.request.client_app),
        protocol="deviceCode" if visit.request.device else "oAuth2",
        agent=visit.ask.headers.get("user-agent", ""),
        address=visit.ask.address,
        user=user,
        name=name,
        principal=visit.principal,
        resource=first.application,
        amr=frozenset(visit.amr),
        code=code,
    )
    signinlog.note(visit.seen, given)


def _left(visit: Visit, why: str) -> Answer:
    """The person did not want to; the application is told."""
    request = visit.request
    visit.lab.world["visits"].put(visit.flow, None)
    if request.device:
        devices.decline(visit.lab, request)
        return pages.told("You have canceled", f"{visit.name} gets nothing. You can close this.")
    members = {
        "error": "access_denied",
        "error_subcode": "cancel",
        "error_description": why,
        "state": request.state,
    }
    return redirects.back(request.redirect_uri, request.mode, members)
