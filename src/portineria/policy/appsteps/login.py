"""Step 9: a real login, and what its refusal is put down to."""

from __future__ import annotations

from portineria.policy.appsteps.case import AppCase, Login, Place
from portineria.policy.appsteps.step import Said, Who, app_step, later, no, unknown, yes
from portineria.policy.verdict import Answer, Confidence
from portineria.tenant.unseen import Unseen


@app_step(
    9,
    "login",
    asks="Does a real login get in, as far as the first command on the mailbox?",
    source="exchange-online 1.9, 1.10, 3.2, 5.1, 5.2, 5.3, 5.4, 5.5",
    confidence=Confidence.CAPTURED,
    of_mailbox=True,
)
def login(case: AppCase) -> Said:
    place = case.place
    assert place is not None
    misnamed = _misnamed(place)
    if misnamed is not None:
        return misnamed
    if case.claims is None:
        return later("not tried: there is no token")
    tried = place.login
    if isinstance(tried, Unseen):
        return later(f"not tried: {tried.because}")
    if tried.answer is Answer.YES:
        return yes(f"{case.protocol.value.upper()} let us in", evidence=tried.line)
    if tried.answer is Answer.UNKNOWN:
        return unknown(
            tried.stage.value,
            f"the mail host gave no answer about the access: {tried.because}",
            "run it again; if it stays, portineria probe shows the whole conversation",
            Who.OPERATOR,
        )
    return refused(tried)


def refused(tried: Login) -> Said:
    """A no that nothing explains: every layer that can say it is named."""
    layers = " or ".join(sorted(layer.value for layer in tried.layers)) or "an unknown layer"
    return no(
        layers,
        f"refused ({tried.because}), and nothing above explains it",
        "portineria probe shows the whole conversation; keep one connection instead of many, for "
        "frequent reconnecting is refused in these words too",
        Who.OPERATOR,
        evidence=tried.line,
    )


def _misnamed(place: Place) -> Said | None:
    """The token is the application's; which mailbox it is for, `user=` alone says."""
    box, other = place.box, place.user_box
    if box is None or isinstance(other, Unseen):
        return None
    remedy = f"send user={box.address} in the XOAUTH2 string, the mailbox that is to be opened"
    if other is None:
        return no(
            "user",
            f"user={place.user} in the XOAUTH2 string is nobody's name in this tenant",
            remedy,
            Who.OPERATOR,
            evidence=place.user,
        )
    if other.guid == box.guid:
        return None
    return no(
        "user",
        f"user={place.user} in the XOAUTH2 string names another mailbox, {other.address}",
        remedy,
        Who.OPERATOR,
        evidence=place.user,
    )
