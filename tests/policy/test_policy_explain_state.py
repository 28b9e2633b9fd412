"""Which of the layers it is, by the tenant's state; or that it could not be told, because."""

from dataclasses import replace

import pytest
from asked import ADA, APP_ONLY, BASIC, IMAP, POP, SHARED, SMTP, USER, open_tenant
from given import NOW, address, mailbox, tenant, user

from portineria.policy.effective import Access, Context
from portineria.policy.explain.find import Message, find
from portineria.policy.explain.state import Judged, judge
from portineria.policy.verdict import Layer
from portineria.policy.wiretexts.catalogue import BY_ID
from portineria.tenant.access import ClientApp, ConditionalAccessPolicy, PolicyState, Transport
from portineria.tenant.caller import Caller
from portineria.tenant.mailbox import Protocol, SmtpSwitch
from portineria.tenant.people import GLOBAL_ADMINISTRATOR
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

HIDDEN = Unseen("the reader may not look")


def access(world: Snapshot, caller: Caller, protocol: Protocol = SMTP, name: str = ADA) -> Access:
    box = world.mailbox(address(name))
    assert box is not None
    return Access(world, box, protocol, caller, Context(NOW))


def told(
    id_: str, world: Snapshot, caller: Caller, protocol: Protocol = SMTP, name: str = ADA
) -> Judged:
    saying = BY_ID[id_]
    message = Message(saying=saying, callers=saying.callers, lines=(1,))
    (judged,) = judge(message, [access(world, caller, protocol, name)])
    return judged


def policy(**changes: object) -> ConditionalAccessPolicy:
    base = ConditionalAccessPolicy(
        id="ca-1",
        name="MFA for all",
        state=PolicyState.ENABLED,
        client_apps=frozenset({ClientApp.ALL}),
        include_users=frozenset({"All"}),
        include_applications=frozenset({"All"}),
        grant_controls=frozenset({"mfa"}),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_the_first_layer_that_refuses_is_the_one_and_others_are_named_as_next() -> None:
    world = replace(open_tenant(), security_defaults=True)
    judged = told("imap-login-failed", world, BASIC, IMAP)
    assert judged.layer is Layer.BASIC_RETIREMENT
    assert judged.also == (Layer.SECURITY_DEFAULTS,)
    assert judged.remedy
    assert judged.who == "nobody"


def test_a_switch_that_is_off_is_named_with_what_would_change_it() -> None:
    boxes = (mailbox(ADA, imap=False, smtp=SmtpSwitch.ON),)
    world = replace(open_tenant(), mailboxes=boxes)
    judged = told("imap-not-connected", world, USER, IMAP)
    assert judged.layer is Layer.MAILBOX_SWITCH
    assert "IMAP" in judged.because
    assert judged.who == "an Exchange Administrator"


def test_where_every_other_layer_lets_it_pass_it_is_the_last_one() -> None:
    judged = told("smtp-refused", open_tenant(), BASIC)
    assert judged.layer is Layer.CREDENTIAL
    assert judged.because == "every other layer that the words allow lets it pass"
    delegate = told("imap-not-connected", open_tenant(), USER, IMAP, SHARED)
    assert delegate.layer is Layer.MAILBOX_RIGHT
    assert "a delegate needs FullAccess" in delegate.because


def test_words_that_leave_one_layer_name_it_whatever_the_state_shows() -> None:
    wrong = told("smtp-wrong-password", open_tenant(), BASIC)
    assert wrong.layer is Layer.CREDENTIAL
    assert "do not show this one" in wrong.because
    follows = replace(open_tenant(), mailboxes=(mailbox(ADA),))
    off = told("smtp-tenant-off", follows, BASIC)
    assert off.layer is Layer.TENANT_SWITCH
    assert "may have been changed since" in off.because
    unseen = replace(open_tenant(), security_defaults=HIDDEN)
    defaults = told("smtp-security-defaults", unseen, BASIC)
    assert defaults.layer is Layer.SECURITY_DEFAULTS
    assert "the reader may not look" in defaults.because


def test_what_could_not_be_seen_is_why_it_could_not_be_told() -> None:
    world = replace(open_tenant(), conditional_access=HIDDEN, users={})
    judged = told("smtp-criteria", world, BASIC)
    assert judged.layer is None
    assert "the reader may not look" in judged.because
    assert judged.remedy == ""


def test_a_state_that_clears_every_layer_is_said_to_be_of_another_time() -> None:
    judged = told("smtp-criteria", open_tenant(), BASIC)
    assert judged.layer is None
    assert "clears every layer" in judged.because


def test_a_layer_that_nobody_looked_at_is_not_found_out_by_leaving_it_over() -> None:
    """Through which client a person came was not said, so nothing is known of the client."""
    judged = told("aadsts700016", open_tenant(), USER, IMAP)
    assert judged.layer is None
    assert judged.because == ("it may be application, and the tenant's settings show nothing of it")


def test_only_accesses_that_the_message_can_have_been_about_are_judged() -> None:
    saying = BY_ID["imap-login-failed"]
    message = Message(saying=saying, callers=saying.callers, lines=(1,))
    world = open_tenant()
    every = [access(world, who, how) for who in (BASIC, USER, APP_ONLY) for how in Protocol]
    assert [(one.protocol, one.caller) for one in judge(message, every)] == [("imap", "basic")]
    assert judge(find("235 2.7.0 Authentication successful").messages[0], every) == ()


@pytest.mark.parametrize(
    ("world", "layer", "because"),
    [
        (replace(open_tenant(), conditional_access=(policy(),)), Layer.CONDITIONAL_ACCESS, "«MFA"),
        (
            replace(open_tenant(), conditional_access=(policy(include_users=frozenset({"x"})),)),
            None,
            "clears every layer",
        ),
        (
            replace(open_tenant(), users={"user-ada": user(ADA, per_user_mfa=True)}),
            Layer.PER_USER_MFA,
            "per-user MFA is on",
        ),
        (
            replace(
                open_tenant(),
                security_defaults=True,
                role_members={GLOBAL_ADMINISTRATOR: frozenset({"user-ada"})},
            ),
            Layer.SECURITY_DEFAULTS,
            "of administrators",
        ),
        (
            replace(open_tenant(), security_defaults=True),
            Layer.SECURITY_DEFAULTS,
            "when Microsoft sees fit",
        ),
        (replace(open_tenant(), security_defaults=HIDDEN, role_members=HIDDEN), None, "x"),
        (
            replace(open_tenant(), users=HIDDEN, conditional_access=HIDDEN),
            None,
            "not all could be seen",
        ),
    ],
)
def test_who_demands_a_second_factor_is_told_by_the_settings(
    world: Snapshot, layer: Layer | None, because: str
) -> None:
    judged = told("aadsts50076", world, USER, POP)
    if because == "x":
        assert judged.layer is Layer.SECURITY_DEFAULTS
        return
    assert judged.layer is layer
    assert because in judged.because


def test_roles_that_were_not_seen_make_nobody_an_administrator() -> None:
    world = replace(open_tenant(), security_defaults=True, role_members=HIDDEN)
    assert "when Microsoft sees fit" in told("aadsts50076", world, USER, IMAP).because


def test_a_closed_tenant_narrows_a_code_without_words() -> None:
    world = tenant(transport=Transport(smtp_auth_disabled=True))
    judged = told("smtp-139-alone", world, BASIC)
    assert judged.layer is Layer.TENANT_SWITCH
    assert Layer.SECURITY_DEFAULTS in judged.also
