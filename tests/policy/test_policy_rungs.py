"""Every rung of the ladder on its own: one door is closed or hidden, all others stand open."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from asked import (
    APP,
    APP_ONLY,
    BASIC,
    CLIENT,
    IMAP,
    POP,
    PRINCIPAL,
    SHARED,
    SMTP,
    USER,
    Twist,
    application,
    ask,
    box,
    conditional,
    default_policy,
    open_tenant,
    person,
    right,
    said,
    world,
)

from portineria.policy.rungs.ladder import LADDER
from portineria.policy.rungs.step import Step
from portineria.policy.verdict import Answer, Confidence, Layer, Refused, Unknown
from portineria.tenant.access import NamedLocation, Transport
from portineria.tenant.caller import AppOnly, Caller, UserThrough
from portineria.tenant.mailbox import Protocol, RecipientKind, SmtpSwitch
from portineria.tenant.people import Domain
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

HIDDEN = Unseen("no permission")
FEDERATED = (Domain(name="contoso.example", federated=True),)
ELSEWHERE = (Domain(name="fabrikam.example"),)


def as_is(snapshot: Snapshot) -> Snapshot:
    return snapshot


TABLE: list[tuple[str, Twist, Protocol, Caller, str]] = [
    # nothing closed
    ("all open", as_is, SMTP, BASIC, "yes"),
    ("all open", as_is, SMTP, USER, "yes"),
    ("all open", as_is, IMAP, USER, "yes"),
    ("all open", as_is, POP, APP_ONLY, "yes"),
    # recipient
    ("on-premises", box(kind=RecipientKind.ON_PREMISES), IMAP, USER, "no: recipient"),
    ("guest", box(kind=RecipientKind.GUEST), IMAP, USER, "no: recipient"),
    ("group", box(kind=RecipientKind.GROUP), IMAP, APP_ONLY, "no: recipient"),
    ("inactive", box(kind=RecipientKind.INACTIVE), IMAP, APP_ONLY, "no: recipient"),
    ("HVE cannot read", box(kind=RecipientKind.HVE), IMAP, USER, "no: recipient"),
    ("HVE sends elsewhere", box(kind=RecipientKind.HVE), SMTP, BASIC, "?: recipient"),
    ("discovery", box(kind=RecipientKind.DISCOVERY), IMAP, USER, "?: recipient"),
    ("unheard of", box(kind=RecipientKind.OTHER), IMAP, USER, "?: recipient"),
    # account
    ("disabled", person(enabled=False), SMTP, BASIC, "no: account"),
    ("disabled", person(enabled=False), IMAP, USER, "no: account"),
    ("disabled, but an app", person(enabled=False), IMAP, APP_ONLY, "yes"),
    ("users hidden", world(users=HIDDEN), SMTP, BASIC, "?: account"),
    ("no account named", box(entra_id=None), SMTP, BASIC, "?: account"),
    ("account not read", box(entra_id="gone"), SMTP, BASIC, "?: account"),
    # federation
    ("federated", world(domains=FEDERATED), SMTP, BASIC, "?: account"),
    ("federated, OAuth", world(domains=FEDERATED), SMTP, USER, "yes"),
    ("domains hidden", world(domains=HIDDEN), SMTP, BASIC, "?: account"),
    ("foreign domain", world(domains=ELSEWHERE), SMTP, BASIC, "?: account"),
    ("domains hidden, OAuth", world(domains=HIDDEN), IMAP, USER, "yes"),
    ("no sign-in name", box(upn=""), SMTP, BASIC, "?: account"),
    # licence
    ("no plan", person(exchange_plan=False), IMAP, USER, "no: licence"),
    ("no plan, app", person(exchange_plan=False), SMTP, APP_ONLY, "no: licence"),
    ("plan hidden", person(exchange_plan=HIDDEN), IMAP, APP_ONLY, "?: licence"),
    # mailbox switch
    ("IMAP off", box(imap=False), IMAP, USER, "no: mailbox switch"),
    ("IMAP off, app", box(imap=False), IMAP, APP_ONLY, "no: mailbox switch"),
    ("IMAP off leaves POP", box(imap=False), POP, USER, "yes"),
    ("POP off", box(pop=False), POP, APP_ONLY, "no: mailbox switch"),
    ("IMAP hidden", box(imap=HIDDEN), IMAP, USER, "?: mailbox switch"),
    ("SMTP off", box(smtp=SmtpSwitch.OFF), SMTP, BASIC, "no: mailbox switch"),
    ("SMTP off gates OAuth", box(smtp=SmtpSwitch.OFF), SMTP, APP_ONLY, "no: mailbox switch"),
    ("SMTP hidden", box(smtp=HIDDEN), SMTP, USER, "?: mailbox switch"),
    # security defaults
    ("on, basic", world(security_defaults=True), SMTP, BASIC, "no: security defaults"),
    ("on, person", world(security_defaults=True), SMTP, USER, "?: security defaults"),
    ("on, person reads", world(security_defaults=True), IMAP, USER, "yes"),
    ("on, app", world(security_defaults=True), SMTP, APP_ONLY, "yes"),
    ("hidden, basic", world(security_defaults=HIDDEN), SMTP, BASIC, "?: security defaults"),
    ("hidden, person", world(security_defaults=HIDDEN), SMTP, USER, "?: security defaults"),
    ("hidden, app", world(security_defaults=HIDDEN), SMTP, APP_ONLY, "yes"),
    # per-user MFA
    ("MFA on", person(per_user_mfa=True), SMTP, BASIC, "no: per-user MFA"),
    ("MFA hidden", person(per_user_mfa=HIDDEN), SMTP, BASIC, "?: per-user MFA"),
    ("MFA on, person", person(per_user_mfa=True), SMTP, USER, "yes"),
    ("MFA hidden, app", person(per_user_mfa=HIDDEN), SMTP, APP_ONLY, "yes"),
    # Conditional Access (its own tables are in test_policy_conditional)
    ("blocked", conditional(), SMTP, BASIC, "no: Conditional Access"),
    ("blocked", conditional(), IMAP, USER, "no: Conditional Access"),
    ("not about apps", conditional(), IMAP, APP_ONLY, "yes"),
    ("hidden", world(conditional_access=HIDDEN), SMTP, BASIC, "?: Conditional Access"),
    ("hidden", world(conditional_access=HIDDEN), SMTP, APP_ONLY, "?: Conditional Access"),
    # application
    ("disabled app", application(enabled=False), IMAP, APP_ONLY, "no: application"),
    ("disabled client", application(enabled=False), IMAP, CLIENT, "no: application"),
    ("disabled elsewhere", application(enabled=False), IMAP, USER, "yes"),
    ("apps hidden", world(apps=HIDDEN), IMAP, APP_ONLY, "?: application"),
    ("app unheard of", as_is, IMAP, AppOnly("other"), "?: application"),
    ("client unheard of", as_is, IMAP, UserThrough("other"), "yes"),
    ("client, no consent", world(user_consent=False), IMAP, UserThrough("x"), "?: application"),
    ("assigned only", application(assignment_required=True), IMAP, CLIENT, "?: application"),
    ("assigned, app", application(assignment_required=True), IMAP, APP_ONLY, "yes"),
    # consent
    ("no role", application(roles=frozenset()), IMAP, APP_ONLY, "no: consent"),
    ("no role", application(roles=frozenset()), SMTP, APP_ONLY, "no: consent"),
    ("roles hidden", application(roles=HIDDEN), IMAP, APP_ONLY, "?: consent"),
    ("people may not", world(user_consent=False), IMAP, CLIENT, "?: consent"),
    ("people hidden", world(user_consent=HIDDEN), IMAP, CLIENT, "?: consent"),
    ("people may not, any client", world(user_consent=False), IMAP, USER, "yes"),
    # Exchange service principal
    ("unknown to Exchange", application(registered_as=None), IMAP, APP_ONLY,
     "no: Exchange service principal"),
    ("wrong object id", application(registered_as="an-app-object-id"), SMTP, APP_ONLY,
     "no: Exchange service principal"),
    ("other case of the id", application(registered_as=PRINCIPAL.upper()), IMAP, APP_ONLY, "yes"),
    ("hidden", application(registered_as=HIDDEN), IMAP, APP_ONLY,
     "?: Exchange service principal"),
    ("nothing to a person", application(registered_as=None), IMAP, CLIENT, "yes"),
    # mailbox right
    ("no right", right(full_access=False), IMAP, APP_ONLY, "no: mailbox right"),
    ("no right", right(full_access=False), SMTP, APP_ONLY, "no: mailbox right"),
    ("right hidden", right(full_access=HIDDEN), IMAP, APP_ONLY, "?: mailbox right"),
    ("not looked at", world(rights={}), IMAP, APP_ONLY, "?: mailbox right"),
    ("scope hidden", right(full_access=False, scoped_smtp=HIDDEN), SMTP, APP_ONLY,
     "?: mailbox right"),
    ("scope is of SMTP", right(full_access=False, scoped_smtp=True), IMAP, APP_ONLY,
     "no: mailbox right"),
    ("role and scope, no right", right(full_access=False, scoped_smtp=True), SMTP, APP_ONLY,
     "?: mailbox right"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("twist", "protocol", "caller", "wanted"),
    [row[1:] for row in TABLE],
    ids=[f"{row[0]}, {row[2].value} as {row[3]}" for row in TABLE],
)
def test_one_closed_or_hidden_door_decides(
    twist: Twist, protocol: Protocol, caller: Caller, wanted: str
) -> None:
    assert said(ask(twist(open_tenant()), protocol, caller)) == wanted


def test_every_layer_that_a_rung_judges_is_in_the_table() -> None:
    judged = {step.layer for step in LADDER}
    decided = {row[4].partition(": ")[2] for row in TABLE} | {
        Layer.TENANT_SWITCH,
        Layer.AUTHENTICATION_POLICY,
        Layer.BASIC_RETIREMENT,
    }  # these three have tables of their own below
    assert {layer.value for layer in judged} <= decided


@pytest.mark.parametrize(
    ("tenant_off", "switch", "wanted"),
    [
        (True, SmtpSwitch.INHERIT, "no: tenant switch"),
        (True, SmtpSwitch.OFF, "no: mailbox switch"),
        (True, SmtpSwitch.ON, "yes"),
        (False, SmtpSwitch.INHERIT, "yes"),
        (False, SmtpSwitch.OFF, "no: mailbox switch"),
        (False, SmtpSwitch.ON, "yes"),
        (None, SmtpSwitch.INHERIT, "?: tenant switch"),
        (None, SmtpSwitch.OFF, "no: mailbox switch"),
        (None, SmtpSwitch.ON, "yes"),
    ],
)
@pytest.mark.parametrize("caller", [BASIC, USER, APP_ONLY], ids=str)
def test_the_tenant_switch_speaks_only_where_the_mailbox_says_nothing(
    tenant_off: bool | None, switch: SmtpSwitch, wanted: str, caller: Caller
) -> None:
    """The table of six in the documentation, and three where the tenant's switch is hidden."""
    transport = HIDDEN if tenant_off is None else Transport(smtp_auth_disabled=tenant_off)
    snapshot = box(smtp=switch)(world(transport=transport)(open_tenant()))
    assert said(ask(snapshot, SMTP, caller)) == wanted


@pytest.mark.parametrize("caller", [BASIC, USER, APP_ONLY], ids=str)
def test_the_tenant_switch_says_nothing_of_imap_and_pop(caller: Caller) -> None:
    snapshot = world(transport=Transport(smtp_auth_disabled=True))(open_tenant())
    for protocol in (IMAP, POP):
        ladder = ask(snapshot, protocol, caller).ladder
        assert Layer.TENANT_SWITCH not in {rung.layer for rung in ladder}


@pytest.mark.parametrize(
    ("own", "default", "wanted"),
    [
        (None, None, "yes"),
        (None, "No Basic", "no: authentication policy"),
        (None, "SMTP only", "yes"),
        ("No Basic", None, "no: authentication policy"),
        ("No Basic", "SMTP only", "no: authentication policy"),
        ("SMTP only", "No Basic", "yes"),
        ("smtp ONLY", "No Basic", "yes"),
        ("policy-smtp", "No Basic", "yes"),
        ("Deleted", None, "?: authentication policy"),
        (HIDDEN, "No Basic", "?: authentication policy"),
    ],
)
def test_the_users_own_authentication_policy_wins_over_the_default(
    own: str | Unseen | None, default: str | None, wanted: str
) -> None:
    snapshot = box(authentication_policy=own)(default_policy(default)(open_tenant()))
    assert said(ask(snapshot, SMTP, BASIC)) == wanted


def test_a_hidden_default_matters_only_to_those_without_a_policy_of_their_own() -> None:
    hidden = world(organization=HIDDEN)(open_tenant())
    assert said(ask(hidden, SMTP, BASIC)) == "?: authentication policy"
    own = box(authentication_policy="SMTP only")(hidden)
    assert said(ask(own, SMTP, BASIC)) == "yes"


def test_authentication_policies_say_nothing_of_oauth() -> None:
    snapshot = default_policy("No Basic")(open_tenant())
    assert said(ask(snapshot, SMTP, USER)) == "yes"
    assert said(ask(snapshot, IMAP, APP_ONLY)) == "yes"


def test_basic_imap_and_pop_are_retired_whatever_the_policies_allow() -> None:
    snapshot = default_policy("Everything")(open_tenant())
    for protocol in (IMAP, POP):
        verdict = ask(snapshot, protocol, BASIC)
        assert said(verdict) == "no: retirement of basic authentication"


@pytest.mark.parametrize(
    ("day", "settled", "wanted"),
    [
        ((2026, 12, 31), None, "yes"),
        ((2027, 1, 1), None, "?: retirement of basic authentication"),
        ((2027, 1, 1), "open", "yes"),
        ((2027, 1, 1), "default-off", "no: retirement of basic authentication"),
        ((2027, 1, 1), "removed", "no: retirement of basic authentication"),
        ((2026, 12, 31), "removed", "yes"),
        ((2031, 6, 1), None, "?: retirement of basic authentication"),
    ],
)
def test_basic_smtp_is_open_until_2027_and_then_unknown_until_settled(
    day: tuple[int, int, int], settled: str | None, wanted: str
) -> None:
    known = {} if settled is None else {"basic-smtp-after-2026": settled}
    snapshot = world(settled=known)(open_tenant())
    at = datetime(*day, 12, tzinfo=UTC)
    assert said(ask(snapshot, SMTP, BASIC, at=at)) == wanted


@pytest.mark.parametrize(
    ("settled", "wanted"),
    [("passes", "yes"), ("refused", "no: security defaults"), (None, "?: security defaults")],
)
def test_smtp_with_oauth_under_security_defaults_waits_for_its_reading(
    settled: str | None, wanted: str
) -> None:
    known = {} if settled is None else {"smtp-oauth-under-security-defaults": settled}
    snapshot = world(security_defaults=True, settled=known)(open_tenant())
    verdict = ask(snapshot, SMTP, USER)
    assert said(verdict) == wanted
    if isinstance(verdict, Unknown):
        assert verdict.by.reading == "smtp-oauth-under-security-defaults"
        assert verdict.by.confidence is Confidence.UNVERIFIED
        assert "log in once" in verdict.by.remedy


def test_a_reading_that_passes_makes_a_hidden_security_default_unimportant_to_nobody_else() -> None:
    """`passes` settles on and off alike, but `refused` needs to know which of them it is."""
    for settled, wanted in (("passes", "yes"), ("refused", "?: security defaults")):
        snapshot = world(
            security_defaults=HIDDEN,
            settled={"smtp-oauth-under-security-defaults": settled},
        )(open_tenant())
        assert said(ask(snapshot, SMTP, USER)) == wanted


@pytest.mark.parametrize(
    ("caller", "protocol", "wanted"),
    [
        (BASIC, SMTP, "no: account"),
        (BASIC, IMAP, "no: retirement of basic authentication"),
        (USER, IMAP, "?: mailbox right"),
        (USER, SMTP, "?: mailbox right"),
        (APP_ONLY, IMAP, "yes"),
        (APP_ONLY, SMTP, "yes"),
    ],
)
def test_a_shared_mailbox_is_for_applications_and_delegates(
    caller: Caller, protocol: Protocol, wanted: str
) -> None:
    """Its account is disabled and has no licence; neither stops an application."""
    assert said(ask(open_tenant(), protocol, caller, SHARED)) == wanted


def test_the_scoped_smtp_role_is_enough_without_consent_or_full_access() -> None:
    snapshot = application(roles=frozenset())(
        right(full_access=False, scoped_smtp=True)(open_tenant())
    )
    assert said(ask(snapshot, SMTP, APP_ONLY)) == "yes"
    assert said(ask(snapshot, IMAP, APP_ONLY)) == "no: consent"


def test_the_classic_mistake_is_named() -> None:
    snapshot = application(registered_as="an-app-object-id")(open_tenant())
    verdict = ask(snapshot, IMAP, APP_ONLY)
    assert isinstance(verdict, Refused)
    assert "app registration's by mistake" in verdict.by.because
    assert f"New-ServicePrincipal -AppId {APP} -ObjectId {PRINCIPAL}" in verdict.by.remedy


def test_a_blocking_policy_is_named_with_its_id() -> None:
    verdict = ask(conditional()(open_tenant()), SMTP, BASIC)
    assert isinstance(verdict, Refused)
    assert verdict.by.evidence == "Foreign (ca-1)"


def test_a_basic_login_from_a_granted_network_differs_from_one_from_elsewhere() -> None:
    place = NamedLocation(id="loc", name="Floor 2", networks=(ip_network("203.0.113.0/28"),))
    snapshot = world(named_locations=(place,))(
        conditional(include_locations=frozenset({"All"}), exclude_locations=frozenset({"loc"}))(
            open_tenant()
        )
    )
    assert said(ask(snapshot, SMTP, BASIC, address="203.0.113.3")) == "yes"
    assert said(ask(snapshot, SMTP, BASIC, address="198.51.100.1")) == "no: Conditional Access"
    assert said(ask(snapshot, SMTP, BASIC)) == "?: Conditional Access"


@pytest.mark.parametrize("step", LADDER, ids=lambda step: step.judge.__name__)
def test_every_rung_states_its_question_its_callers_and_its_source(step: Step) -> None:
    assert step.asks.endswith("?")
    assert step.about
    assert step.source


def test_every_refusal_and_every_unknown_says_what_would_change_it() -> None:
    for _, twist, protocol, caller, _ in TABLE:
        for rung in ask(twist(open_tenant()), protocol, caller).ladder:
            assert rung.because
            assert rung.answer is Answer.YES or rung.remedy, rung
