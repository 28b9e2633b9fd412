"""What a rung says beside yes and no: why, what would change it, and which reading it hangs on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from asked import (
    APP_ONLY,
    BASIC,
    CLIENT,
    IMAP,
    POP,
    SMTP,
    USER,
    Twist,
    access,
    ask,
    box,
    default_policy,
    open_tenant,
    person,
    world,
)

from portineria.policy.rungs.ladder import LADDER
from portineria.policy.verdict import Confidence, Layer, Refused, Rung, Unknown
from portineria.tenant.access import Organization
from portineria.tenant.apps import MailboxRight
from portineria.tenant.caller import Caller
from portineria.tenant.mailbox import Protocol, RecipientKind
from portineria.tenant.unseen import Unseen

AFTER = datetime(2027, 1, 1, 12, tzinfo=UTC)
HIDDEN = Unseen("no permission")
READING = "basic-smtp-after-2026"


def retired(settled: str | None) -> Rung:
    known = {} if settled is None else {READING: settled}
    ladder = ask(world(settled=known)(open_tenant()), SMTP, BASIC, at=AFTER).ladder
    (found,) = [rung for rung in ladder if rung.layer is Layer.BASIC_RETIREMENT]
    return found


def test_every_reading_of_basic_smtp_says_something_else() -> None:
    told = {option: retired(option) for option in ("open", "default-off", "removed")}
    assert "still takes passwords" in told["open"].because
    assert "off by default" in told["default-off"].because
    assert "can bring it back" in told["default-off"].remedy
    assert "has removed" in told["removed"].because
    assert "gateway" in told["removed"].remedy
    assert told["removed"].source == told["default-off"].source == retired(None).source


def test_an_unsettled_reading_is_named_unverified_and_tells_how_to_settle_it() -> None:
    found = retired(None)
    assert (found.reading, found.confidence) == (READING, Confidence.UNVERIFIED)
    assert "log in once" in found.remedy


@pytest.mark.parametrize("protocol", [IMAP, POP])
def test_a_retired_password_is_refused_before_any_question_about_the_mailbox(
    protocol: Protocol,
) -> None:
    """Everything else is shut as well, and the server has not even heard the name."""
    shut = box(imap=False, pop=False)(person(enabled=False, exchange_plan=False)(open_tenant()))
    verdict = ask(shut, protocol, BASIC)
    assert isinstance(verdict, Refused)
    assert verdict.by.layer is Layer.BASIC_RETIREMENT
    refusing = [rung.layer for rung in verdict.ladder if rung.answer.value == "no"]
    assert {Layer.ACCOUNT, Layer.LICENCE, Layer.MAILBOX_SWITCH} <= set(refusing)
    assert [rung.layer for rung in verdict.ladder].count(Layer.BASIC_RETIREMENT) == 1


# --- the authentication policy ------------------------------------------------------------------

AGAIN = "read Exchange's organisation and authentication policies again"
DENIED = "assign this one user a policy with AllowBasicAuth{}, or use OAuth"
OWN, DEFAULT = "its own authentication policy", "the default authentication policy"
SPOKEN: list[tuple[Twist, Protocol, tuple[str, str, str, str]]] = [
    (
        default_policy(None),
        SMTP,
        ("yes", "no authentication policy is assigned, and there is no default one", "", ""),
    ),
    (
        default_policy("No Basic"),
        SMTP,
        (
            "no",
            f"{DEFAULT} «No Basic» denies basic authentication for SMTP",
            DENIED.format("Smtp"),
            "No Basic: AllowBasicAuthSmtp",
        ),
    ),
    (
        box(authentication_policy="smtp ONLY"),
        SMTP,
        ("yes", f"{OWN} «SMTP only» lets it in", "", "SMTP only: AllowBasicAuthSmtp"),
    ),
    (
        box(authentication_policy="POLICY-smtp"),
        IMAP,
        (
            "no",
            f"{OWN} «SMTP only» denies basic authentication for IMAP",
            DENIED.format("Imap"),
            "SMTP only: AllowBasicAuthImap",
        ),
    ),
    (
        box(authentication_policy="SMTP only"),
        POP,
        (
            "no",
            f"{OWN} «SMTP only» denies basic authentication for POP",
            DENIED.format("Pop"),
            "SMTP only: AllowBasicAuthPop",
        ),
    ),
    (
        box(authentication_policy="Everything"),
        IMAP,
        ("yes", f"{OWN} «Everything» lets it in", "", "Everything: AllowBasicAuthImap"),
    ),
    (
        default_policy("Everything"),
        POP,
        ("yes", f"{DEFAULT} «Everything» lets it in", "", "Everything: AllowBasicAuthPop"),
    ),
    (
        box(authentication_policy="Deleted"),
        SMTP,
        ("could not tell", f"{OWN} «Deleted» is not among the policies that were read", AGAIN,
         "Deleted"),
    ),
    (
        box(authentication_policy=HIDDEN),
        SMTP,
        ("could not tell", "its authentication policy was not seen: no permission", AGAIN, ""),
    ),
    (
        world(organization=HIDDEN),
        SMTP,
        (
            "could not tell",
            "the default authentication policy was not seen: no permission",
            AGAIN,
            "",
        ),
    ),
    (
        world(
            authentication_policies=HIDDEN,
            organization=Organization(default_authentication_policy="No Basic"),
        ),
        SMTP,
        (
            "could not tell",
            f"{DEFAULT} «No Basic» could not be read: no permission",
            AGAIN,
            "No Basic",
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("twist", "protocol", "wanted"), SPOKEN)
def test_the_authentication_policy_says_which_one_decides_and_by_which_field(
    twist: Twist, protocol: Protocol, wanted: tuple[str, str, str, str]
) -> None:
    ladder = ask(twist(open_tenant()), protocol, BASIC).ladder
    (rung,) = [rung for rung in ladder if rung.layer is Layer.AUTHENTICATION_POLICY]
    assert (rung.answer.value, rung.because, rung.remedy, rung.evidence) == wanted


@pytest.mark.parametrize("caller", [BASIC, USER, CLIENT])
def test_only_an_application_has_a_right_of_its_own_on_a_mailbox(caller: Caller) -> None:
    """A person who signs in through the same application does not borrow it."""
    assert access(open_tenant(), IMAP, APP_ONLY).right == MailboxRight(full_access=True)
    found = access(open_tenant(), IMAP, caller).right
    assert found == Unseen("only an application has rights of this kind")


def test_of_smtp_the_switch_speaks_before_the_policy_and_the_date() -> None:
    layers = [step.layer for step in LADDER]
    last = len(layers) - 1 - layers[::-1].index(Layer.BASIC_RETIREMENT)
    order = [Layer.MAILBOX_SWITCH, Layer.TENANT_SWITCH, Layer.AUTHENTICATION_POLICY]
    assert [layers.index(layer) for layer in order] == sorted(layers.index(x) for x in order)
    assert layers.index(Layer.AUTHENTICATION_POLICY) < last
    assert last < layers.index(Layer.SECURITY_DEFAULTS) < layers.index(Layer.CONDITIONAL_ACCESS)


@pytest.mark.parametrize(
    ("protocol", "caller", "kind", "words"),
    [(SMTP, USER, Unknown, "host of its own"), (IMAP, USER, Refused, "only sends")],
)
def test_high_volume_email_is_told_apart(
    protocol: Protocol, caller: Caller, kind: type, words: str
) -> None:
    verdict = ask(box(kind=RecipientKind.HVE)(open_tenant()), protocol, caller)
    assert isinstance(verdict, kind)
    assert words in verdict.by.because
    assert verdict.by.remedy
