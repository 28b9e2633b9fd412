"""What the texts of Exchange Online and Entra can mean, and what they cannot."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.policy.refusals import CallerKind, Stage, narrowed, read, read_token_error
from portineria.policy.verdict import Answer, Confidence, Layer, Rung
from portineria.policy.wiretexts import imap, pop, smtp
from portineria.policy.wiretexts.rows import Sense
from portineria.policy.wiretexts.tokens import TOKEN_ROWS
from portineria.tenant.mailbox import Protocol

IMAP, POP, SMTP = Protocol
FRONT = " [BL1P221CA0016.NAMP221.PROD.OUTLOOK.COM 2026-11-04T10:07:41.000Z 08DCE8B62813AB2B]"
OFF = "535 5.7.139 Authentication unsuccessful, "
SEE = " Visit https://aka.ms/smtp_auth_disabled for more information."
CONNECTED = "A3 BAD User is authenticated but not connected."
POP_NO = "-ERR Authentication failure: unknown user name or bad password."
CALLERS: tuple[CallerKind, ...] = ("basic", "user", "app")

EXACT: list[tuple[Protocol, str, str, set[str]]] = [
    (SMTP, "any", f"{OFF}SmtpClientAuthentication is disabled for the Tenant.{SEE}", {"tenant"}),
    (SMTP, "any", f"{OFF}SmtpClientAuthentication is disabled for the Mailbox.{SEE}", {"mailbox"}),
    (SMTP, "basic", f"{OFF}basic authentication is disabled.", {"policy", "retired"}),
    (SMTP, "basic", f"{OFF}the user credentials were incorrect.", {"credential"}),
    (
        SMTP,
        "basic",
        f"{OFF}user is locked by your organization's security defaults policy."
        " Contact your administrator.",
        {"defaults"},
    ),
    (
        SMTP,
        "basic",
        f"{OFF}the request did not meet the criteria to be authenticated successfully."
        " Contact your administrator.",
        {"ca", "mfa"},
    ),
    (
        SMTP,
        "basic",
        "550 5.7.30 Basic authentication is not supported for Client Submission.",
        {"retired"},
    ),
    (SMTP, "basic", "535 5.7.3 Authentication unsuccessful", {"credential", "account"}),
    (
        SMTP,
        "user",
        "535 5.7.3 Authentication unsuccessful",
        {"credential", "account", "consent", "right", "recipient"},
    ),
    (
        SMTP,
        "app",
        "535 5.7.3 Authentication unsuccessful",
        {"credential", "consent", "principal", "right", "recipient"},
    ),
    (SMTP, "any", "550 Mailbox cannot be accessed", {"recipient", "licence"}),
    (
        IMAP,
        "user",
        "A2 NO AUTHENTICATE failed.",
        {"credential", "consent", "account", "recipient", "licence"},
    ),
    (
        IMAP,
        "app",
        'A2 NO AUTHENTICATE failed. Error="AuthFailed:LogonDenied-Whatever"',
        {"credential", "consent", "principal", "recipient", "licence"},
    ),
    (
        IMAP,
        "basic",
        "A2 NO [AUTHENTICATIONFAILED] AuthFailed:LogonDenied-BasicAuthBlocked-<UserType:X>",
        {"policy", "retired"},
    ),
]

WORDS = {
    "tenant": Layer.TENANT_SWITCH,
    "mailbox": Layer.MAILBOX_SWITCH,
    "policy": Layer.AUTHENTICATION_POLICY,
    "retired": Layer.BASIC_RETIREMENT,
    "credential": Layer.CREDENTIAL,
    "defaults": Layer.SECURITY_DEFAULTS,
    "ca": Layer.CONDITIONAL_ACCESS,
    "mfa": Layer.PER_USER_MFA,
    "account": Layer.ACCOUNT,
    "consent": Layer.CONSENT,
    "right": Layer.MAILBOX_RIGHT,
    "recipient": Layer.RECIPIENT,
    "licence": Layer.LICENCE,
    "principal": Layer.SERVICE_PRINCIPAL,
}


@pytest.mark.parametrize(("protocol", "who", "line", "names"), EXACT)
def test_a_refusal_at_login_names_every_layer_it_can_come_from_and_no_other(
    protocol: Protocol, who: str, line: str, names: set[str]
) -> None:
    layers = {WORDS[name] for name in names}
    dressed = [line, line.upper(), line + (FRONT if protocol is SMTP else " 15")]
    for caller, text in product(CALLERS if who == "any" else (who,), dressed):
        reading = read(protocol, caller, Stage.AUTH, text)  # type: ignore[arg-type]
        assert reading.layers == layers
        assert reading.answer is Answer.NO
        assert reading.known


@pytest.mark.parametrize(
    ("protocol", "stage", "line"),
    [
        (IMAP, Stage.AUTH, "A2 OK AUTHENTICATE completed."),
        (IMAP, Stage.FIRST_COMMAND, "A5 OK [READ-ONLY] EXAMINE completed."),
        (POP, Stage.AUTH, "+OK User successfully authenticated."),
        (POP, Stage.FIRST_COMMAND, "+OK 0 0"),
        (SMTP, Stage.AUTH, "235 2.7.0 Authentication successful target host X.PROD.OUTLOOK.COM"),
        (SMTP, Stage.MAIL, "250 2.1.0 Sender OK"),
        (SMTP, Stage.GREETING, "220 X.outlook.office365.com Microsoft ESMTP MAIL Service ready"),
    ],
)
def test_an_open_door_reads_as_passed(protocol: Protocol, stage: Stage, line: str) -> None:
    for caller in CALLERS:
        reading = read(protocol, caller, stage, line)
        assert reading.passed
        assert reading.answer is Answer.YES


@pytest.mark.parametrize(
    ("protocol", "stage", "line", "wait"),
    [
        (
            IMAP,
            Stage.FIRST_COMMAND,
            "A3 BAD Request is throttled. Suggested Backoff Time: 299910 milliseconds",
            299.91,
        ),
        (IMAP, Stage.AUTH, "A3 NO Request is throttled.", None),
        (IMAP, Stage.FIRST_COMMAND, "A3 NO Server Unavailable. 15", None),
        (IMAP, Stage.AUTH, "* BYE Connection closed. 14", None),
        (POP, Stage.FIRST_COMMAND, "-ERR [IN-USE] somebody else reads", None),
        (POP, Stage.AUTH, "-ERR [SYS/TEMP] try later", None),
        (SMTP, Stage.AUTH, "432 4.3.2 Concurrent connections limit exceeded" + FRONT, None),
        (
            SMTP,
            Stage.AUTH,
            "451 4.7.0 Temporary server error. Please try again later. PRX4" + FRONT,
            None,
        ),
        (SMTP, Stage.AUTH, "454 4.7.0 Temporary authentication failure", None),
        (SMTP, Stage.GREETING, "421 4.3.2 Service not active", None),
        (SMTP, Stage.MAIL, "550 5.2.251 MailboxFull", None),
    ],
)
def test_a_busy_service_is_not_a_refusal(
    protocol: Protocol, stage: Stage, line: str, wait: float | None
) -> None:
    for caller in CALLERS:
        reading = read(protocol, caller, stage, line)
        assert reading.temporary
        assert reading.answer is Answer.UNKNOWN
        assert reading.wait == wait


def test_security_defaults_are_named_whether_a_password_or_a_persons_token_was_shown() -> None:
    line = f"{OFF}user is locked by your organization's security defaults policy."
    for caller in ("basic", "user"):
        assert read(SMTP, caller, Stage.AUTH, line).layers == {Layer.SECURITY_DEFAULTS}
    assert not read(SMTP, "app", Stage.AUTH, line).known


def test_a_shut_mailbox_after_a_good_login_is_the_switch_or_a_missing_right() -> None:
    user = read(IMAP, "user", Stage.FIRST_COMMAND, CONNECTED).layers
    app = read(IMAP, "app", Stage.FIRST_COMMAND, CONNECTED).layers
    assert user == {Layer.MAILBOX_SWITCH, Layer.MAILBOX_RIGHT, Layer.RECIPIENT, Layer.LICENCE}
    assert app == user | {Layer.SERVICE_PRINCIPAL}


def test_pop_that_says_no_after_a_good_login_is_read_by_its_place_and_says_so() -> None:
    reading = read(POP, "app", Stage.FIRST_COMMAND, "-ERR Command is not valid in this state.")
    assert Layer.MAILBOX_SWITCH in reading.layers
    assert reading.confidence is Confidence.UNVERIFIED


def test_a_password_refused_by_imap_or_pop_may_be_any_rule_about_passwords() -> None:
    spoken = read(IMAP, "basic", Stage.AUTH, "A2 NO LOGIN failed.").layers
    popped = read(
        POP, "basic", Stage.AUTH, "-ERR Logon failure: unknown user name or bad password."
    )
    assert spoken == popped.layers
    assert spoken >= {Layer.BASIC_RETIREMENT, Layer.MAILBOX_SWITCH, Layer.CREDENTIAL}
    assert not spoken & {Layer.TENANT_SWITCH, Layer.APP, Layer.CONSENT, Layer.SERVICE_PRINCIPAL}


def test_a_pop_token_refusal_can_be_the_switch_because_nobody_has_captured_it() -> None:
    assert Layer.MAILBOX_SWITCH in read(POP, "user", Stage.AUTH, POP_NO).layers


def test_capabilities_without_a_way_for_passwords_mean_that_basic_is_retired() -> None:
    new = "IMAP4 IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED SASL-IR UIDPLUS"
    old = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS"
    assert read(IMAP, "basic", Stage.CAPABILITY, new).layers == {Layer.BASIC_RETIREMENT}
    assert read(IMAP, "basic", Stage.CAPABILITY, old).passed
    assert read(IMAP, "app", Stage.CAPABILITY, new).passed
    assert read(POP, "basic", Stage.CAPABILITY, "TOP UIDL SASL XOAUTH2").layers == {
        Layer.BASIC_RETIREMENT
    }


@pytest.mark.parametrize(
    ("protocol", "line"),
    [(IMAP, "IMAP4rev1 AUTH=PLAIN"), (POP, "TOP SASL PLAIN USER"), (SMTP, "AUTH LOGIN PLAIN")],
)
def test_a_server_without_xoauth2_refuses_nobody_it_only_cannot_be_asked(
    protocol: Protocol, line: str
) -> None:
    reading = read(protocol, "app", Stage.CAPABILITY, line)
    assert not reading.passed
    assert reading.answer is Answer.UNKNOWN


def test_words_about_basic_mean_nothing_when_a_token_was_shown() -> None:
    line = f"{OFF}basic authentication is disabled."
    assert not read(SMTP, "app", Stage.AUTH, line).known


@given(st.sampled_from(Protocol), st.sampled_from(CALLERS), st.sampled_from(Stage), st.text())
def test_no_text_makes_the_reader_fail_and_no_refusal_is_without_a_layer(
    protocol: Protocol, caller: CallerKind, stage: Stage, line: str
) -> None:
    reading = read(protocol, caller, stage, line)
    assert (reading.answer is Answer.NO) == bool(reading.layers)
    if not reading.known:
        assert reading.answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    "line", ["", "NO", "A2 NO I do not like you", "599 5.9.9 Something new", "-ERR what"]
)
def test_an_unknown_text_is_could_not_tell(line: str) -> None:
    for protocol, caller in product(Protocol, CALLERS):
        reading = read(protocol, caller, Stage.AUTH, line)
        assert not reading.known
        assert reading.answer is Answer.UNKNOWN


def test_every_row_is_a_pattern_with_a_meaning_and_a_source() -> None:
    for row in (*imap.ROWS, *pop.ROWS, *smtp.ROWS):
        re.compile(row.pattern)
        assert row.meaning
        assert row.source
        assert bool(row.layers) == (row.sense is Sense.REFUSED)


@pytest.mark.parametrize(
    ("code", "caller", "layers"),
    [
        (530035, "user", {Layer.SECURITY_DEFAULTS}),
        (53003, "app", {Layer.CONDITIONAL_ACCESS}),
        (
            50076,
            "user",
            {Layer.SECURITY_DEFAULTS, Layer.PER_USER_MFA, Layer.CONDITIONAL_ACCESS},
        ),
        (65001, "user", {Layer.CONSENT}),
        (700016, "app", {Layer.APP, Layer.CONSENT}),
        (7000112, "app", {Layer.APP}),
        (50105, "user", {Layer.APP}),
        (50057, "user", {Layer.ACCOUNT}),
        (50126, "user", {Layer.CREDENTIAL}),
        (7000215, "app", {Layer.CREDENTIAL}),
    ],
)
def test_codes_of_the_token_endpoint_name_their_layers(
    code: int, caller: CallerKind, layers: set[Layer]
) -> None:
    reading = read_token_error(code, caller)
    assert reading.layers == layers
    assert reading.answer is Answer.NO


def test_a_transient_or_unknown_code_of_the_token_endpoint_is_could_not_tell() -> None:
    assert read_token_error(90033, "app").temporary
    assert read_token_error(90033, "app").answer is Answer.UNKNOWN
    assert not read_token_error(1, "app").known


def test_no_code_of_the_token_endpoint_stands_in_two_rows() -> None:
    codes = [code for row in TOKEN_ROWS for code in row.codes]
    assert len(codes) == len(set(codes))


def test_the_tenants_state_narrows_a_set_and_never_empties_it() -> None:
    reading = read(IMAP, "app", Stage.FIRST_COMMAND, CONNECTED)
    off = Rung(layer=Layer.MAILBOX_SWITCH, answer=Answer.NO, because="IMAP is off")
    fine = Rung(layer=Layer.MAILBOX_RIGHT, answer=Answer.YES, because="FullAccess")
    other = Rung(layer=Layer.TENANT_SWITCH, answer=Answer.NO, because="off")
    assert narrowed(reading, [off, fine, other]) == {Layer.MAILBOX_SWITCH}
    assert narrowed(reading, [fine, other]) == reading.layers
