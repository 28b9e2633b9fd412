"""What a rung says beside yes and no: why, what would change it, and which reading it hangs on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from asked import BASIC, IMAP, POP, SMTP, USER, ask, box, open_tenant, person, world

from portineria.policy.rungs.ladder import LADDER
from portineria.policy.verdict import Confidence, Layer, Refused, Rung, Unknown
from portineria.tenant.caller import Caller
from portineria.tenant.mailbox import Protocol, RecipientKind

AFTER = datetime(2027, 1, 1, 12, tzinfo=UTC)
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
