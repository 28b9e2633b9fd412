"""What SMTP says at the login (dossier exchange-online 1.9, 4.2, 5.4, 5.5; entra-graph 1.2)."""

from __future__ import annotations

from functools import partial

from portineria.policy.verdict import Confidence, Layer
from portineria.policy.wiretexts.rows import ANYONE, APP, AUTH, BASIC, MAIL, Sense
from portineria.policy.wiretexts.sayings import CLIENT, EXCHANGE_ADMIN, NOBODY, Face, aside, wire

_wire = partial(wire, Face.SMTP)
_aside = partial(aside, Face.SMTP)
_139 = "‹535 5.7.139 Authentication unsuccessful,› "
_RFC_CODES = "RFC 5321 4.2; RFC 3463 3"

LOGIN = (
    _wire(
        "smtp-tenant-off",
        _139 + "SmtpClientAuthentication is disabled for the Tenant",
        AUTH,
        "exchange-online 1.9, 5.5",
    ),
    _wire(
        "smtp-mailbox-off",
        _139 + "SmtpClientAuthentication is disabled for the Mailbox",
        AUTH,
        "exchange-online 1.9, 5.5",
    ),
    _wire(
        "smtp-basic-disabled",
        "535 5.7.139 Authentication unsuccessful, basic authentication is disabled",
        AUTH,
        "exchange-online 1.9, 5.5",
        callers=BASIC,
    ),
    _wire(
        "smtp-wrong-password",
        _139 + "the user credentials were incorrect",
        AUTH,
        "exchange-online 1.9, 5.5",
        callers=BASIC,
    ),
    _wire(
        "smtp-security-defaults",
        _139 + "user is locked by your organization's security defaults policy",
        AUTH,
        "exchange-online 5.5; entra-graph 1.2",
        callers=ANYONE - APP,
    ),
    _wire(
        "smtp-criteria",
        _139 + "the request did not meet the criteria to be authenticated successfully",
        AUTH,
        "exchange-online 5.5; entra-graph 2.10",
        callers=ANYONE - APP,
    ),
    _wire(
        "smtp-account-locked",
        (
            "535 5.7.139 Authentication unsuccessful, account locked¶",
            "535 5.7.139 Authentication unsuccessful, account is locked¶",
        ),
        AUTH,
        "exchange-online 5.5",
        confidence=Confidence.UNVERIFIED,
    ),
    _aside(
        "smtp-139-alone",
        ("535 5.7.139¶", "535 5.7.139 Authentication unsuccessful¶"),
        Sense.REFUSED,
        "the login was refused by a rule; which one the words behind the code would have told",
        "exchange-online 5.5",
        layers={
            Layer.TENANT_SWITCH,
            Layer.MAILBOX_SWITCH,
            Layer.AUTHENTICATION_POLICY,
            Layer.BASIC_RETIREMENT,
            Layer.SECURITY_DEFAULTS,
            Layer.CONDITIONAL_ACCESS,
            Layer.PER_USER_MFA,
            Layer.ACCOUNT,
            Layer.CREDENTIAL,
        },
        repair="look in the client's log for the whole line behind 5.7.139",
        who=CLIENT,
    ),
    _wire(
        "smtp-refused",
        ("‹535› 5.7.3 Authentication unsuccessful¶", "535 5.7.3¶"),
        AUTH,
        "exchange-online 1.9, 3.2, 3.3, 5.5",
    ),
    _wire(
        "smtp-retired",
        (
            "‹550› 5.7.30 Basic authentication is not supported for Client Submission",
            "550 5.7.30¶",
        ),
        AUTH | MAIL,
        "exchange-online 5.5, 6",
        callers=BASIC,
        confidence=Confidence.DOCUMENTED,
    ),
    _wire(
        "smtp-no-mailbox",
        ("550 Mailbox cannot be accessed", "550 5.{n}.{n} Mailbox cannot be accessed"),
        AUTH,
        "exchange-online 5.5",
    ),
    _wire(
        "smtp-send-as",
        ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", "550 5.7.60¶"),
        MAIL,
        "exchange-online 5.5",
        repair="send from the address that logs in, or give it SendAs on the other",
        who=EXCHANGE_ADMIN,
    ),
    _wire(
        "smtp-send-as-denied",
        (
            "554 5.2.252 SendAsDenied; {mailbox} not allowed to send as {sender};",
            "554 5.2.0 {any} SendAsDenied",
            "554 5.2.252 SendAsDenied",
        ),
        MAIL,
        "exchange-online 5.5",
        repair="send from the address that logs in, or give it SendAs on the other",
        who=EXCHANGE_ADMIN,
    ),
    _aside(
        "smtp-mechanism",
        ("504 5.7.4 Unrecognized authentication type", "504 5.7.4¶"),
        Sense.BESIDE,
        "this way of logging in is not offered, or not without TLS",
        "exchange-online 5.4, 5.5",
        repair="let the client start TLS first, and then use XOAUTH2 or LOGIN: PLAIN, NTLM and "
        "CRAM-MD5 are not offered",
        who=CLIENT,
    ),
    _aside(
        "smtp-malformed-token",
        ("501 5.5.124 Invalid XOAUTH2 auth data", "501 5.5.124¶"),
        Sense.BESIDE,
        "the token was not put into the form that XOAUTH2 has",
        "exchange-online 4.5, 5.1, 5.5",
        repair="build it as user=ADDRESS, 0x01, auth=Bearer TOKEN, 0x01, 0x01, all of it in base64",
        who=CLIENT,
        confidence=Confidence.FIELD_REPORT,
    ),
    _aside(
        "smtp-login-first",
        (
            "530 5.7.57 Client not authenticated to send mail",
            "5.7.57 ‹SMTP;› Client was not authenticated to send anonymous mail during MAIL FROM",
            "5.7.57 Client not authenticated to send mail",
            "530 5.7.57¶",
        ),
        Sense.BESIDE,
        "a message was offered before anybody had logged in",
        "exchange-online 5.5",
        repair="turn on authentication in the client; where it is on, look for the refusal before "
        "this line",
        who=CLIENT,
    ),
    _aside(
        "smtp-accepted",
        "235 2.7.0 Authentication successful",
        Sense.PASSED,
        "the login was accepted",
        "exchange-online 5.4",
    ),
)

LATER = (
    _aside(
        "smtp-connections",
        (
            "‹432› 4.3.2 Concurrent connections limit exceeded",
            "‹432› 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
            "432 4.3.2¶",
        ),
        Sense.LATER,
        "the mailbox has more connections open than the three that it may have",
        "exchange-online 4.2, 5.5",
        repair="open at most three connections for one mailbox, and wait before the next",
        who=CLIENT,
    ),
    _aside(
        "smtp-proxy",
        (
            "451 4.7.0 Temporary server error. Please try again later",
            "451 4.7.0¶",
        ),
        Sense.LATER,
        "a proxy of the service failed; if it lasts, the token is not usable or the mailbox was "
        "never provisioned",
        "exchange-online 5.5",
        repair="try again; if it lasts, check whose token it is and whether the mailbox exists",
        who=CLIENT,
    ),
    _aside(
        "smtp-busy",
        "451 4.7.500 Server busy. Please try again later from {address}",
        Sense.LATER,
        "the service throttles this sender; the text is documented for mail that comes from "
        "outside, and was not captured at submission",
        "exchange-online 4.2, 5.5",
        repair="send more slowly: at most 30 messages a minute from one mailbox",
        who=CLIENT,
        confidence=Confidence.UNVERIFIED,
    ),
    _aside(
        "smtp-temporary",
        "454 4.7.0 Temporary authentication failure",
        Sense.LATER,
        "the login could not be judged now",
        "exchange-online 5.5",
        repair="try again later",
        who=NOBODY,
        confidence=Confidence.UNVERIFIED,
    ),
    _aside(
        "smtp-inactive",
        "421 4.3.2 Service not active",
        Sense.LATER,
        "the server ended the conversation",
        "exchange-online 5.5",
        repair="connect again, and wait longer each time",
        who=CLIENT,
    ),
    _aside(
        "smtp-dropped",
        ("421 4.4.2 Connection dropped", "‹421› 4.4.1 Connection timed out"),
        Sense.LATER,
        "the conversation took too long, or nothing was said for too long",
        "exchange-online 4.4, 5.5",
        repair="connect again; a message whose end was already sent may have been accepted",
        who=CLIENT,
    ),
    _aside(
        "smtp-many-recipients",
        ("452 4.5.3 Too many recipients", "452 4.5.3¶"),
        Sense.LATER,
        "the message has more recipients than one message may have",
        "exchange-online 4.2; RFC 5321 4.5.3.1.10",
        repair="send the message to the rest of them in another transaction",
        who=CLIENT,
        confidence=Confidence.UNVERIFIED,
    ),
)

TALK = (
    _aside(
        "smtp-unrecognized",
        ("500 5.3.3 Unrecognized command", "500 5.3.3¶"),
        Sense.BESIDE,
        "the server did not understand the command",
        "exchange-online 5.5",
        repair="look at what the client sent: a login that was broken off may send a password as "
        "a command",
        who=CLIENT,
    ),
    _aside(
        "smtp-domain",
        "501 5.5.4 Invalid domain name",
        Sense.BESIDE,
        "the name that the client greets with is no domain name",
        "exchange-online 5.5",
        repair="let the client say a whole host name in EHLO",
        who=CLIENT,
    ),
    _aside(
        "smtp-arguments",
        ("501 5.5.4 Invalid arguments", "501 5.5.4 Unrecognized parameter", "501 5.5.4¶"),
        Sense.BESIDE,
        "an argument of the command is not valid",
        _RFC_CODES,
        repair="look at what the client sent",
        who=CLIENT,
        confidence=Confidence.DOCUMENTED,
    ),
    _aside(
        "smtp-order",
        (
            "503 5.5.1 Bad sequence of commands",
            "503 5.5.2 Send hello first",
            "503 5.5.1¶",
            "503 5.5.2¶",
        ),
        Sense.BESIDE,
        "the command came out of its order",
        _RFC_CODES,
        repair="look for the first refusal before this line: the client went on after it",
        who=CLIENT,
        confidence=Confidence.DOCUMENTED,
    ),
    _aside(
        "smtp-utf8",
        "550 5.6.7",
        Sense.BESIDE,
        "an address has letters outside ASCII, and the message was not offered with SMTPUTF8",
        "RFC 6531 3.5",
        repair="write the address in ASCII, or use a client that knows SMTPUTF8",
        who=CLIENT,
        confidence=Confidence.DOCUMENTED,
    ),
    _aside(
        "smtp-goodbye",
        "221 2.0.0 Service closing transmission channel",
        Sense.PASSED,
        "the server says goodbye, as it was asked to",
        "exchange-online 5.5",
    ),
    _aside(
        "smtp-payload",
        "334¶",
        Sense.PASSED,
        "the server waits for the next line of the login",
        "exchange-online 5.4, 5.5",
    ),
    _aside(
        "smtp-queued",
        "250 2.0.0 OK <{id}> [Hostname={host}]",
        Sense.PASSED,
        "the message was accepted",
        "exchange-online 5.4",
    ),
)
