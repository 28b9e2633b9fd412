"""The steps of a mail app, judged without any service: facts in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from appgiven import (
    APP,
    AUDIENCE,
    BARE,
    BOX,
    CERTIFICATE,
    CLAIMS,
    ELSE,
    HIDDEN,
    IN,
    JUST,
    MINE,
    NOW,
    OID,
    OLD,
    RBAC_TOKEN,
    ROLE,
    SHUT,
    THEIRS,
    a_place,
    an_app,
    judged,
    refused,
    registered,
    said,
)

from portineria.policy.appsteps import seen
from portineria.policy.appsteps.case import Login, Place
from portineria.policy.appsteps.ladder import check
from portineria.policy.appsteps.saying import register
from portineria.policy.appsteps.step import Outcome
from portineria.policy.refusals import Stage
from portineria.policy.verdict import Answer, Layer
from portineria.tenant.apps import MailboxRight
from portineria.tenant.mailapp import (
    Consent,
    Enterprise,
    ExchangePrincipal,
    OwnProof,
    Registered,
    ScopedRole,
)
from portineria.tenant.mailbox import Mailbox, Protocol, RecipientKind, SmtpSwitch
from portineria.tenant.unseen import Unseen

ENDED = replace(MINE, ends=OLD)
UNHINTED = replace(MINE, ours=None)
ON_IT = Registered(kind="certificate", key_id="c", starts=OLD, ours=True)
NOT_IT = replace(ON_IT, ours=False)
CREDENTIALS: list[tuple[str, dict[str, Any], str]] = [
    ("a token", {}, "yes"),
    ("nobody asked", {"token": HIDDEN}, "could not tell: 1 token service"),
    ("an id", {"token": refused(7000215), "proof": OwnProof(kind="secret", is_id=True)},
     "no: 1 secret id"),
    ("ended here", {"token": refused(0), "proof": replace(CERTIFICATE, ends=OLD)},
     "no: 1 certificate expired"),
    ("ended there", {"token": refused(7000222), "registration": registered(ENDED)},
     "no: 1 secret expired"),
    ("ended there, unseen", {"token": refused(7000222), "registration": HIDDEN},
     "no: 1 secret expired"),
    ("nobody's secret", {"token": refused(7000215), "registration": registered(THEIRS)},
     "no: 1 secret"),
    ("no secret at all", {"token": refused(7000112), "registration": registered()}, "no: 1 secret"),
    ("without hints", {"token": refused(7000215), "registration": registered(UNHINTED)},
     "no: 1 secret"),
    ("alike", {"token": refused(7000215)}, "no: 1 secret"),
    ("alike, undated", {"token": refused(7000215),
                        "registration": registered(replace(MINE, starts=None))}, "no: 1 secret"),
    ("alike, young", {"token": refused(7000215),
                      "registration": registered(replace(MINE, starts=JUST))},
     "pending: 1 secret"),
    ("nobody's certificate", {"token": refused(700027), "proof": CERTIFICATE},
     "no: 1 certificate mismatch"),
    ("another certificate", {"token": refused(700027), "proof": CERTIFICATE,
                             "registration": registered(NOT_IT)}, "no: 1 certificate mismatch"),
    ("certificate, unseen", {"token": refused(700027), "proof": CERTIFICATE,
                             "registration": HIDDEN}, "no: 1 certificate mismatch"),
    ("certificate ended", {"token": refused(700027, expired=True), "proof": CERTIFICATE,
                           "registration": registered(ON_IT)}, "no: 1 certificate expired"),
    ("certificate refused", {"token": refused(700027), "proof": CERTIFICATE,
                             "registration": registered(ON_IT)}, "no: 1 certificate"),
    ("unknown app", {"token": refused(700016), "registration": None}, "no: 1 application"),
    ("unknown app, old", {"token": refused(700016)}, "no: 1 application"),
    ("unknown app, young", {"token": refused(700016),
                            "registration": registered(MINE, created=JUST)},
     "pending: 1 application"),
    ("another tenant", {"token": refused(90002), "registration": HIDDEN}, "no: 1 tenant"),
    ("anything else", {"token": refused(53003)}, "no: 1 token"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "wanted"), [row[1:] for row in CREDENTIALS],
                         ids=[row[0] for row in CREDENTIALS])  # fmt: skip
def test_step_1_names_the_part_of_the_credential(members: dict[str, Any], wanted: str) -> None:
    assert said(judged(an_app(**members))) == wanted


def test_a_certificate_that_is_there_since_just_now_is_pending() -> None:
    app = an_app(token=refused(700027), proof=CERTIFICATE, registration=registered(ON_IT))
    found = check(
        replace(judged(app).case, first_seen={seen.proof(app): NOW - timedelta(minutes=59)})
    )
    assert said(found) == "pending: 1 certificate"
    assert found.by is not None
    assert found.by.until == NOW + timedelta(minutes=1)


OTHERS = Consent(value="full_access_as_app", created=OLD)
YOUNG_IMAP = (Consent(value="IMAP.AccessAsApp", created=JUST),)
UNDATED_IMAP = (Consent(value="IMAP.AccessAsApp"),)
TOKENS: list[tuple[str, dict[str, Any], str]] = [
    ("another tenant", {"token": replace(CLAIMS, tenant="t2")}, "no: 2 tenant"),
    ("another app", {"token": replace(CLAIMS, app_id="a2")}, "no: 2 application"),
    ("another audience", {"token": replace(CLAIMS, audience="https://graph.microsoft.com")},
     "no: 2 audience"),
    ("a slash more", {"token": replace(CLAIMS, audience=AUDIENCE + "/", expires=None)}, "yes"),
    ("no role, consented long ago", {"token": BARE}, "no: 2 roles"),
    ("no role, consents hidden", {"token": BARE, "consents": HIDDEN}, "no: 2 roles"),
    ("no role, no consent", {"token": BARE, "consents": (OTHERS,)}, "no: 3 consent"),
    ("no role, young consent", {"token": BARE, "consents": YOUNG_IMAP}, "pending: 3 consent"),
    ("no role, undated consent", {"token": BARE, "consents": UNDATED_IMAP}, "no: 2 roles"),
    ("consents hidden, the token shows it", {"consents": HIDDEN}, "yes"),
    ("consent withdrawn, the token is older", {"consents": ()}, "no: 3 consent"),
    ("young consent, undated elsewhere", {"consents": UNDATED_IMAP}, "yes"),
    ("no token, consents hidden", {"token": refused(7000112), "consents": HIDDEN},
     "no: 4 replication"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "wanted"), [row[1:] for row in TOKENS],
                         ids=[row[0] for row in TOKENS])  # fmt: skip
def test_steps_2_and_3_tell_the_token_from_the_consent(
    members: dict[str, Any], wanted: str
) -> None:
    assert said(judged(an_app(**members))) == wanted


INSIDE = MailboxRight(full_access=False, scoped_smtp=True)
SMTP_BOX = replace(BOX, smtp=SmtpSwitch.ON)


def an_smtp_place(**members: Any) -> Place:
    return a_place(SMTP_BOX, Protocol.SMTP, **{"right": INSIDE, **members})


def test_by_application_rbac_empty_roles_are_no_fault() -> None:
    found = judged(an_app(**RBAC_TOKEN), an_smtp_place(), Protocol.SMTP)
    assert said(found) == "yes"
    assert "needs none" in found.ladder[1].because
    assert "no consent is needed" in found.ladder[2].because
    assert [one.number for one in found.ladder] == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_the_mix_is_named_and_the_login_settles_it() -> None:
    mix = an_app(scoped=ROLE)
    right = MailboxRight(full_access=False, scoped_smtp=True)
    for login, wanted in ((IN, "yes"), (SHUT, "no: 7 mix")):
        place = an_smtp_place(right=right, login=login)
        found = judged(mix, place, Protocol.SMTP)
        assert said(found) == wanted
        assert "a mix in which Exchange asks for FullAccess" in found.ladder[1].because
        assert "withdraw SMTP.SendAsApp" in found.ladder[2].because
    unheard = replace(SHUT, answer=Answer.UNKNOWN, layers=frozenset())
    found = judged(mix, an_smtp_place(right=right, login=unheard), Protocol.SMTP)
    assert said(found) == "could not tell: 7 mix"
    full = MailboxRight(full_access=True, scoped_smtp=True)
    assert said(judged(mix, an_smtp_place(right=full), Protocol.SMTP)) == "yes"
    young = replace(mix, token=BARE, consents=(Consent(value="SMTP.SendAsApp", created=JUST),))
    assert said(judged(young, an_smtp_place(right=full), Protocol.SMTP)) == "yes"


SMTP_APPS: list[tuple[str, dict[str, Any], str]] = [
    ("neither way", {"token": BARE, "consents": ()}, "no: 3 consent"),
    ("no consent, roles hidden", {"token": BARE, "consents": (), "scoped": HIDDEN},
     "could not tell: 2 roles"),
    ("hidden consents, scoped", {"token": BARE, "consents": HIDDEN, "scoped": ROLE}, "yes"),
    ("no token, hidden consents", {"token": HIDDEN, "consents": HIDDEN},
     "could not tell: 1 token service"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "wanted"), [row[1:] for row in SMTP_APPS],
                         ids=[row[0] for row in SMTP_APPS])  # fmt: skip
def test_smtp_has_two_ways(members: dict[str, Any], wanted: str) -> None:
    assert said(judged(an_app(**members), protocol=Protocol.SMTP)) == wanted


ENTERPRISES: list[tuple[str, dict[str, Any], str]] = [
    ("none", {"enterprise": None}, "no: 4 missing"),
    ("hidden, a token", {"enterprise": HIDDEN}, "yes"),
    ("hidden, no token", {"enterprise": HIDDEN, "token": HIDDEN},
     "could not tell: 1 token service"),
    ("hidden, none there", {"enterprise": HIDDEN, "token": refused(7000229)}, "no: 4 missing"),
    ("hidden, disabled", {"enterprise": HIDDEN, "token": refused(7000112)}, "no: 4 disabled"),
    ("hidden, unassigned", {"enterprise": HIDDEN, "token": refused(50105)}, "no: 4 assignment"),
    ("disabled", {"enterprise": Enterprise(object_id=OID, enabled=False)}, "no: 4 disabled"),
    ("unassigned", {"token": refused(501051)}, "no: 4 assignment"),
    ("unassigned of Exchange", {"token": refused(501051), "assigned_only": True},
     "no: 4 assignment"),
    ("required of people", {"enterprise": Enterprise(object_id=OID, assignment_required=True)},
     "yes"),
    ("still disabled", {"token": refused(7000112)}, "no: 4 replication"),
    ("unknown there, old", {"token": refused(7000229)}, "no: 4 replication"),
    ("unknown there, young", {"token": refused(7000229),
                              "enterprise": Enterprise(object_id=OID, created=JUST)},
     "pending: 4 replication"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "wanted"), [row[1:] for row in ENTERPRISES],
                         ids=[row[0] for row in ENTERPRISES])  # fmt: skip
def test_step_4_judges_the_enterprise_application(members: dict[str, Any], wanted: str) -> None:
    assert said(judged(an_app(**members))) == wanted


def test_enabled_again_and_still_refused_is_pending_from_when_it_was_seen() -> None:
    app = an_app(token=refused(7000112))
    case = replace(judged(app).case, first_seen={seen.enabled(app): JUST})
    assert said(check(case)) == "pending: 4 replication"


PRINCIPALS: list[tuple[str, dict[str, Any], str]] = [
    ("hidden", {"exchange": HIDDEN}, "could not tell: 5 service principal"),
    ("none", {"exchange": None}, "no: 5 not registered"),
    ("undated", {"exchange": ExchangePrincipal(object_id=OID.upper())}, "yes"),
    ("the registration's", {"exchange": ExchangePrincipal(object_id="registration-1")},
     "no: 5 object id"),
    ("nobody's", {"exchange": ExchangePrincipal(object_id="x")}, "no: 5 object id"),
    ("nobody's, registration hidden",
     {"exchange": ExchangePrincipal(object_id="x"), "registration": HIDDEN}, "no: 5 object id"),
    ("known by the token", {"enterprise": HIDDEN}, "yes"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "wanted"), [row[1:] for row in PRINCIPALS],
                         ids=[row[0] for row in PRINCIPALS])  # fmt: skip
def test_step_5_judges_the_object_id(members: dict[str, Any], wanted: str) -> None:
    assert said(judged(an_app(**members))) == wanted


def test_the_classic_mistake_is_mended_by_exact_commands() -> None:
    app = an_app(exchange=ExchangePrincipal(object_id="registration-1"))
    found = judged(app)
    assert found.by is not None
    assert "object id of the app registration" in found.by.because
    assert found.by.remedy.startswith("Remove-ServicePrincipal -Identity registration-1; New-")
    assert f"-AppId {APP} -ObjectId {OID}" in found.by.remedy
    assert "ENTERPRISE_APPLICATION_OBJECT_ID" in register(an_app(enterprise=None, token=HIDDEN))


def test_where_nothing_tells_the_object_id_step_5_waits_for_it() -> None:
    found = judged(an_app(enterprise=HIDDEN, token=HIDDEN))
    assert found.ladder[4].outcome is Outcome.LATER


BOXES: list[tuple[str, Mailbox | Unseen | None, Protocol, dict[str, Any], str]] = [
    ("hidden", HIDDEN, Protocol.IMAP, {"login": HIDDEN}, "could not tell: 6 mailbox"),
    ("nobody", None, Protocol.IMAP, {"login": HIDDEN}, "no: 6 recipient"),
    ("a group", replace(BOX, kind=RecipientKind.GROUP), Protocol.IMAP, {}, "no: 6 recipient"),
    ("no plan", BOX, Protocol.IMAP, {"plan": False}, "no: 6 licence"),
    ("plan hidden", BOX, Protocol.IMAP, {"plan": HIDDEN}, "could not tell: 6 licence"),
    ("off", replace(BOX, imap=False), Protocol.IMAP, {}, "no: 6 mailbox switch"),
    ("POP off", replace(BOX, pop=False), Protocol.POP, {}, "no: 6 mailbox switch"),
    ("SMTP off", replace(BOX, smtp=SmtpSwitch.OFF), Protocol.SMTP, {}, "no: 6 mailbox switch"),
    ("tenant off", BOX, Protocol.SMTP, {}, "no: 6 tenant switch"),
    ("tenant on", BOX, Protocol.SMTP, {"tenant_off": False}, "yes"),
]  # fmt: skip


@pytest.mark.parametrize(("box", "protocol", "members", "wanted"), [row[1:] for row in BOXES],
                         ids=[row[0] for row in BOXES])  # fmt: skip
def test_step_6_judges_the_mailbox(
    box: Mailbox | Unseen | None, protocol: Protocol, members: dict[str, Any], wanted: str
) -> None:
    found = judged(None, a_place(box, protocol, **members), protocol)
    assert said(found) == wanted
    if found.by is not None and found.by.part.endswith("switch"):
        assert found.by.remedy.startswith("Set-CASMailbox -Identity erp@c.example -")


def test_step_7_judges_the_right() -> None:
    none = MailboxRight(full_access=False)
    found = judged(None, a_place(right=none))
    assert said(found) == "no: 7 mailbox right"
    assert found.by is not None
    assert found.by.remedy == (
        f"Add-MailboxPermission -Identity erp@c.example -User {OID} -AccessRights FullAccess "
        "-AutoMapping $false"
    )
    for right in (HIDDEN, MailboxRight(full_access=HIDDEN)):
        assert said(judged(None, a_place(right=right))) == "could not tell: 7 mailbox right"


def test_step_8_judges_the_scope() -> None:
    app = an_app(**{**RBAC_TOKEN, "scoped": (*ROLE, ScopedRole(name="all"))})
    outside = MailboxRight(full_access=False, scoped_smtp=False)
    found = judged(app, an_smtp_place(right=outside, login=SHUT), Protocol.SMTP)
    assert said(found) == "no: 8 outside the scope"
    assert found.by is not None
    assert found.by.evidence == "S"
    for right in (HIDDEN, MailboxRight(full_access=False, scoped_smtp=HIDDEN)):
        place = an_smtp_place(right=right)
        assert said(judged(app, place, Protocol.SMTP)) == "could not tell: 8 scope"
    gone = an_smtp_place(login=HIDDEN)
    gone = replace(gone, access=None, user_box=None)
    assert said(judged(app, gone, Protocol.SMTP)) == "no: 6 recipient"


def test_step_9_says_what_the_login_said() -> None:
    assert said(judged(None, a_place())) == "yes"
    cut = Login(answer=Answer.UNKNOWN, because="it was cut", stage=Stage.GREETING)
    assert said(judged(None, a_place(login=cut))) == "could not tell: 9 greeting"
    assert said(judged(None, a_place(login=HIDDEN))) == "could not tell: 9"
    alone = replace(SHUT, layers=frozenset({Layer.RECIPIENT}))
    found = judged(None, a_place(login=alone, changed=JUST))
    assert said(found) == "no: 9 recipient"
    assert "nothing above explains it" in found.ladder[-1].because
    unheard = judged(None, a_place(login=replace(SHUT, layers=frozenset())))
    assert said(unheard) == "no: 9 an unknown layer"


def test_a_wrong_user_is_told_whatever_the_login_said() -> None:
    for login in (IN, SHUT):
        assert said(judged(None, a_place(user_box=ELSE, user="ada", login=login))) == "no: 9 user"
        assert said(judged(None, a_place(user_box=None, user="x", login=login))) == "no: 9 user"
    assert said(judged(None, a_place(user_box=HIDDEN, user="x"))) == "yes"
    token = an_app(token=HIDDEN)
    assert said(judged(token, a_place(user_box=None, user="x"))) == "no: 9 user"
    untried = judged(an_app(token=refused(7000222)), a_place(login=HIDDEN))
    assert untried.ladder[-1].because == "not tried: there is no token"


def test_what_is_wrong_hides_what_stands_behind_it() -> None:
    app = an_app(exchange=None, consents=(OTHERS,), token=BARE)
    found = judged(app, a_place(right=MailboxRight(full_access=False), login=SHUT))
    assert said(found) == "no: 3 consent"
    assert [one.number for one in found.ladder if one.outcome is Outcome.NO] == [3]
    told = {one.number: one.because for one in found.ladder if one.outcome is Outcome.LATER}
    assert told[5].startswith("not judged before step 3 is right; seen so far: Exchange does not")
    assert told[9] == "refused, as step 3 explains"
    assert not any(one.remedy for one in found.ladder if one.number > 3)
    misnamed = judged(app, a_place(user_box=None, user="x", login=SHUT))
    assert misnamed.ladder[-1].because.startswith("not judged before step 3 is right")


def test_what_could_not_be_told_stays_so_though_the_login_gets_in() -> None:
    found = judged(an_app(exchange=HIDDEN), a_place())
    assert said(found) == "could not tell: 5 service principal"
    assert found.ladder[-1].outcome is Outcome.YES


TIMES: list[tuple[str, dict[str, Any], dict[str, Any], str, datetime]] = [
    ("registered", {"exchange": ExchangePrincipal(object_id=OID, created=JUST)}, {},
     "pending: 5 service principal in Exchange", JUST + timedelta(hours=2)),
    ("changed", {}, {"changed": JUST},
     "pending: 6 IMAP or POP switch of a mailbox", JUST + timedelta(hours=1)),
    ("given", {}, {"right_given": JUST},
     "pending: 7 mailbox permission of an application", JUST + timedelta(hours=2)),
    ("given beats changed", {}, {"right_given": JUST, "changed": JUST},
     "pending: 7 mailbox permission of an application", JUST + timedelta(hours=2)),
]  # fmt: skip


@pytest.mark.parametrize(("app", "place", "wanted", "until"), [row[1:] for row in TIMES],
                         ids=[row[0] for row in TIMES])  # fmt: skip
def test_a_refusal_is_put_down_to_what_is_young(
    app: dict[str, Any], place: dict[str, Any], wanted: str, until: datetime
) -> None:
    found = judged(an_app(**app), a_place(login=SHUT, **place))
    assert said(found) == wanted
    assert found.by is not None
    assert (found.by.until, found.by.evidence) == (until, "BAD")
    assert found.ladder[-1].because.startswith("refused, as step")
    later = check(replace(found.case, now=until))
    assert said(later).startswith("no: 9 ")


def test_what_bears_no_date_is_as_young_as_it_was_seen_first() -> None:
    place, app = a_place(login=SHUT), an_app(exchange=ExchangePrincipal(object_id=OID))
    case = judged(app, place).case
    assert said(check(case)).startswith("no: 9 ")
    first = {seen.right(app, "g1"): JUST, seen.principal(app): OLD}
    assert said(check(replace(case, first_seen=first))) == (
        "pending: 7 mailbox permission of an application"
    )


def test_an_smtp_switch_and_a_scope_are_waited_for() -> None:
    text = replace(SHUT, layers=frozenset({Layer.TENANT_SWITCH}))
    place = a_place(BOX, Protocol.SMTP, tenant_off=False, transport_changed=JUST, login=text)
    assert said(judged(None, place, Protocol.SMTP)) == "pending: 6 SMTP switch of mailbox or tenant"
    app = an_app(**{**RBAC_TOKEN, "scoped": (ScopedRole(name="s", scope="S", created=JUST),)})
    role = judged(app, an_smtp_place(login=SHUT), Protocol.SMTP)
    assert said(role) == "pending: 7 Application RBAC: role, scope or membership"
    member = an_smtp_place(login=SHUT, member_since=JUST)
    found = judged(an_app(**RBAC_TOKEN), member, Protocol.SMTP)
    assert said(found) == "pending: 8 Application RBAC: role, scope or membership"


def test_without_a_mailbox_the_steps_of_the_app_alone_are_judged() -> None:
    assert [one.number for one in judged().ladder] == [1, 2, 3, 4, 5]
    young = an_app(exchange=ExchangePrincipal(object_id=OID, created=JUST))
    assert said(judged(young)) == "yes"


def test_undated_things_are_noted_where_they_are_and_where_they_are_not() -> None:
    app = an_app(proof=CERTIFICATE, registration=registered(ON_IT, THEIRS))
    both = a_place(right=MailboxRight(full_access=True, scoped_smtp=True))
    keys = [make(app, "g1") for make in (seen.right, seen.scope)]
    keys += [make(app) for make in (seen.proof, seen.enabled, seen.principal)]
    assert seen.told(app, [both, a_place(None)]) == dict.fromkeys(keys, True)
    gone = replace(
        app,
        registration=registered(MINE, NOT_IT),
        enterprise=Enterprise(object_id=OID, enabled=False),
        exchange=None,
    )
    without = a_place(right=MailboxRight(full_access=False, scoped_smtp=False))
    assert seen.told(gone, [without]) == dict.fromkeys(keys, False)


def test_what_was_not_seen_is_neither_there_nor_gone() -> None:
    """A look that failed must not make old things young again."""
    app = an_app(registration=HIDDEN, enterprise=HIDDEN, exchange=HIDDEN, proof=CERTIFICATE)
    unknown = MailboxRight(full_access=HIDDEN, scoped_smtp=HIDDEN)
    assert seen.told(app, [a_place(right=HIDDEN), a_place(HIDDEN), a_place(right=unknown)]) == {}
