"""SMTP's texts (dossier exchange-online 1.9, 3, 4.2, 5.4, 5.5; entra-graph 1.2, 2.10).

Most refusals end in ` [<front end> <time> <session>]`, and 235 in ` target host <name>`.
"""

from __future__ import annotations

from portineria.policy.verdict import Confidence, Layer
from portineria.policy.wiretexts.rows import (
    ANYONE,
    APP,
    AUTH,
    BASIC,
    CAPABILITY,
    MAIL,
    NO_MAILBOX,
    OUTSIDE,
    POLICY_OR_RETIRED,
    THROTTLED,
    TOKEN,
    USER,
    Row,
    beside,
    later,
    passed,
    refused,
)

_LATER: tuple[Row, ...] = (
    THROTTLED,
    later(
        r"^432 4\.3\.2",
        "more connections than the three a mailbox may have",
        "exchange-online 4.2, 5.5",
    ),
    later(
        r"^451 4\.7\.0",
        "a proxy failed; if it lasts, an unusable token or a mailbox that was never provisioned",
        "exchange-online 5.5",
    ),
    later(r"^4\d\d\b", "the service could not do it now", "RFC 5321 4.2.1; exchange-online 5.5"),
    later(
        r"^550 5\.2\.25[1-5]\b",
        "refused early after repeated failures of the same kind",
        "exchange-online 4.2, 5.5",
        MAIL,
    ),
)

_LOGIN: tuple[Row, ...] = (
    passed(AUTH, r"^235\b", "the login was accepted", "exchange-online 5.4"),
    refused(
        AUTH,
        ANYONE,
        r"^535 5\.7\.139 .*SmtpClientAuthentication is disabled for the Tenant",
        {Layer.TENANT_SWITCH},
        "authenticated SMTP is off for the tenant, and the mailbox follows it",
        "exchange-online 1.9, 5.5",
    ),
    refused(
        AUTH,
        ANYONE,
        r"^535 5\.7\.139 .*SmtpClientAuthentication is disabled for the Mailbox",
        {Layer.MAILBOX_SWITCH},
        "authenticated SMTP is off for this mailbox",
        "exchange-online 1.9, 5.5",
    ),
    refused(
        AUTH,
        BASIC,
        r"^535 5\.7\.139 .*basic authentication is disabled",
        POLICY_OR_RETIRED,
        "basic authentication is off, by an authentication policy or for good",
        "exchange-online 1.9, 5.5",
    ),
    refused(
        AUTH,
        BASIC,
        r"^535 5\.7\.139 .*the user credentials were incorrect",
        {Layer.CREDENTIAL},
        "the password is wrong",
        "exchange-online 1.9, 5.5",
    ),
    refused(
        AUTH,
        # Whether a person's token can meet this is unproven; the text leaves no doubt who refused.
        ANYONE - APP,
        r"^535 5\.7\.139 .*locked by your organization's security defaults policy",
        {Layer.SECURITY_DEFAULTS},
        "security defaults block this sign-in",
        "exchange-online 5.5; entra-graph 1.2",
    ),
    refused(
        AUTH,
        ANYONE - APP,
        r"^535 5\.7\.139 .*the request did not meet the criteria",
        {Layer.CONDITIONAL_ACCESS, Layer.PER_USER_MFA},
        "Conditional Access or a demand for MFA blocks this sign-in",
        "exchange-online 5.5; entra-graph 2.10",
    ),
    refused(
        AUTH,
        ANYONE,
        r"^535 5\.7\.139 .*account (is )?locked",
        {Layer.ACCOUNT},
        "the account is said to be locked",
        "exchange-online 5.5",
        Confidence.UNVERIFIED,
    ),
    refused(
        AUTH,
        BASIC,
        r"^535 5\.7\.3\b",
        {Layer.CREDENTIAL, Layer.ACCOUNT},
        "the password was refused",
        "exchange-online 1.9, 5.5",
    ),
    refused(
        AUTH,
        USER,
        r"^535 5\.7\.3\b",
        {Layer.CREDENTIAL, Layer.ACCOUNT, Layer.CONSENT, Layer.MAILBOX_RIGHT, Layer.RECIPIENT},
        "the token was refused, or does not open this mailbox",
        "exchange-online 3.5, 5.5",
    ),
    refused(
        AUTH,
        APP,
        r"^535 5\.7\.3\b",
        {
            Layer.CREDENTIAL,
            Layer.CONSENT,
            Layer.SERVICE_PRINCIPAL,
            Layer.MAILBOX_RIGHT,
            Layer.RECIPIENT,
        },
        "the application's token was refused, or does not open this mailbox; rights given less "
        "than two hours ago may not be known yet",
        "exchange-online 1.11, 3.2, 3.3, 5.5",
    ),
    refused(
        AUTH | MAIL,
        BASIC,
        r"^550 5\.7\.30\b",
        {Layer.BASIC_RETIREMENT},
        "basic authentication is retired for client submission",
        "exchange-online 5.5, 6",
        Confidence.DOCUMENTED,
    ),
    refused(
        AUTH,
        ANYONE,
        r"^550 (5\.\d+\.\d+ )?Mailbox cannot be accessed",
        NO_MAILBOX,
        "there is no mailbox or no licence behind this user",
        "exchange-online 5.5",
    ),
    beside(
        r"^504 5\.7\.4\b",
        "this way of logging in is not offered, or not without TLS",
        "exchange-online 5.4, 5.5",
    ),
    beside(r"^501 5\.5\.124\b", "the login was not well formed", "exchange-online 4.5, 5.5"),
)

_MESSAGE: tuple[Row, ...] = (
    passed(MAIL, r"^2\d\d\b", "accepted", "RFC 5321 4.2.1"),
    refused(
        MAIL,
        ANYONE,
        r"^(550 5\.7\.60|554 5\.2\.252|554 5\.2\.0 .*SendAsDenied)",
        {Layer.MAILBOX_RIGHT},
        "the login may not send as this sender",
        "exchange-online 5.5",
    ),
    beside(
        r"^530 5\.7\.57\b",
        "a message was offered before the login",
        "exchange-online 5.5",
    ),
    beside(
        r"^55[024] 5\.(1\.[18]|2\.[02]|2\.270|4\.1|5\.105|7\.6[48])\b",
        "the message, its recipient or a quota was refused, not the login",
        "exchange-online 4.2, 4.5, 4.6, 5.5",
        MAIL,
    ),
)

ROWS: tuple[Row, ...] = (
    *_LATER,
    passed(OUTSIDE, r"^220\b", "the server is there", "exchange-online 5.4"),
    beside(
        r"^(?!.*\bAUTH\b.*\bXOAUTH2\b)",
        "XOAUTH2 is not offered, so no token can be presented",
        "exchange-online 5.4",
        CAPABILITY,
        TOKEN,
    ),
    beside(
        r"^(?!.*\bAUTH\b.*\b(LOGIN|PLAIN)\b)",
        "the server offers no way to send a password; no capture shows why",
        "exchange-online 5.4",
        CAPABILITY,
        BASIC,
    ),
    passed(CAPABILITY, r"", "a way to log in is offered", "exchange-online 5.4"),
    *_LOGIN,
    *_MESSAGE,
    beside(
        r"^(500 5\.3\.3|501 5\.5\.4)\b",
        "the server did not understand the command or our name",
        "exchange-online 5.5",
    ),
)
