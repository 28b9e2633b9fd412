"""What any server's words mean by the RFCs, where nobody knows that it is Exchange Online."""

import pytest

from portineria.policy.refusals import CallerKind, Stage, read, read_standard
from portineria.policy.verdict import Answer, Layer
from portineria.policy.wiretexts.standard import STANDARD
from portineria.tenant.mailbox import Protocol

IMAP, POP, SMTP = Protocol
AUTH, FIRST, OFFER = Stage.AUTH, Stage.FIRST_COMMAND, Stage.CAPABILITY
LOGIN = {Layer.CREDENTIAL, Layer.ACCOUNT}
CASES: list[tuple[Protocol, CallerKind, Stage, str, set[Layer]]] = [
    (IMAP, "user", AUTH, "A2 NO [AUTHENTICATIONFAILED] Authentication failed.", LOGIN),
    (IMAP, "basic", AUTH, "A2 NO [EXPIRED] change it", {Layer.CREDENTIAL}),
    (IMAP, "app", AUTH, "A2 NO [AUTHORIZATIONFAILED] not yours", {Layer.MAILBOX_RIGHT}),
    (IMAP, "app", FIRST, "A3 NO [NOPERM] not yours", {Layer.MAILBOX_RIGHT}),
    (IMAP, "user", AUTH, "A2 NO [CONTACTADMIN] call us", {Layer.ACCOUNT}),
    (IMAP, "user", FIRST, "A3 NO [NONEXISTENT] no INBOX", {Layer.RECIPIENT}),
    (IMAP, "user", AUTH, "A2 NO [UNAVAILABLE] later", set()),
    (IMAP, "basic", AUTH, "A2 NO [PRIVACYREQUIRED] TLS first", set()),
    (IMAP, "basic", OFFER, "IMAP4REV1 LOGINDISABLED AUTH=XOAUTH2", {Layer.BASIC_RETIREMENT}),
    (IMAP, "basic", OFFER, "IMAP4REV1 LOGINDISABLED AUTH=CRAM-MD5", set()),
    (POP, "basic", AUTH, "-ERR [AUTH] Authentication failed.", LOGIN),
    (POP, "basic", AUTH, "-ERR [AUTH] Unsupported authentication mechanism.", {
        Layer.BASIC_RETIREMENT
    }),
    (POP, "user", FIRST, "-ERR [SYS/PERM] broken", {Layer.RECIPIENT, Layer.ACCOUNT}),
    (POP, "user", FIRST, "-ERR [IN-USE] locked", set()),
    (POP, "basic", OFFER, "TOP SASL SCRAM-SHA-256", set()),
    (SMTP, "basic", AUTH, "535 5.7.8 Authentication failed.", LOGIN),
    (SMTP, "basic", AUTH, "432 4.7.12 change it", {Layer.CREDENTIAL}),
    (SMTP, "basic", AUTH, "534 5.7.9 too weak", set()),
    (SMTP, "basic", OFFER, "SIZE AUTH XOAUTH2 OAUTHBEARER", {Layer.BASIC_RETIREMENT}),
    (SMTP, "basic", OFFER, "SIZE AUTH CRAM-MD5", set()),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "caller", "stage", "line", "layers"), CASES)
def test_codes_mean_what_their_rfc_says(
    protocol: Protocol, caller: CallerKind, stage: Stage, line: str, layers: set[Layer]
) -> None:
    found = read_standard(protocol, caller, stage, line)
    assert found.known
    assert found.layers == layers
    assert found.answer is (Answer.NO if layers else Answer.UNKNOWN)


def test_every_row_is_met_by_one_of_these() -> None:
    met = {read_standard(*case[:4]).source for case in CASES}
    assert {row.source for rows in STANDARD.values() for row in rows} <= met


def test_exchange_onlines_own_words_are_still_known() -> None:
    line = "A2 NO AUTHENTICATE failed."
    assert read_standard(IMAP, "app", AUTH, line) == read(IMAP, "app", AUTH, line)


def test_words_of_nobody_stay_unknown() -> None:
    for protocol in Protocol:
        found = read_standard(protocol, "user", AUTH, "??? a text that nobody has described")
        assert (found.known, found.answer) == (False, Answer.UNKNOWN)


def test_a_tenants_mailbox_is_never_judged_by_them() -> None:
    """There the same words could come from any of its layers: it stays unknown."""
    assert not read(IMAP, "user", AUTH, "A2 NO [AUTHENTICATIONFAILED] x").known
