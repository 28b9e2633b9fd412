"""Every sentence of the post office, literally as captured or documented.

Source: dossier exchange-online, section 5, unless a line says otherwise; `# synthetic` marks
words that nobody has captured. `{stamp}` becomes `[frontend host, UTC time, session id]`.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from portineria.mail.imap.words import ImapWords
from portineria.mail.machine import speakable
from portineria.mail.pop.words import PopWords
from portineria.mail.smtp.words import SmtpWords

# --- IMAP (5.2) -----------------------------------------------------------------------------

NOT_CONNECTED = "BAD User is authenticated but not connected."
IMAP_LOGIN_FAILED = "NO LOGIN failed."
IMAP_AUTHENTICATE_FAILED = "NO AUTHENTICATE failed."
IMAP_AUTHENTICATED = "OK AUTHENTICATE completed."
IMAP_BEGIN_TLS = "OK Begin TLS negotiation now."  # synthetic
IMAP_COMPLETED = "OK {verb} completed."
IMAP_SELECTED = "OK [{access}] {verb} completed."
IMAP_COMMAND_ERROR = "BAD Command Error. 10"
IMAP_ARGUMENT_ERROR = "BAD Command Argument Error. 11"  # captured: UID FETCH 2 ()
IMAP_ARGUMENT_COUNT = "BAD Command Argument Error. 12"
IMAP_WRONG_STATE = "BAD Command received in Invalid state."  # captured
IMAP_READ_ONLY = "NO Command received in Invalid state."  # captured: STORE after EXAMINE
IMAP_NO_MESSAGE = "NO The specified message set is invalid."  # captured: FETCH beyond EXISTS
IMAP_BAD_SET = "BAD The specified message set is invalid."  # captured: SEARCH with a wrong key
IMAP_CHARSET = "NO [BADCHARSET (US-ASCII)] The specified charset is not supported."  # captured
IMAP_FOLDER_EXISTS = "NO Mailbox already exists."  # captured
IMAP_FOLDER_FIXED = "NO {verb} failed."  # synthetic
IMAP_IDLE = "OK IDLE completed."
IMAP_CLOSED = "* BYE Connection is closed. 13"

_BEFORE_TLS = (
    "IMAP4 IMAP4rev1 STARTTLS LOGINDISABLED SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE "
    "NAMESPACE LITERAL+"
)  # synthetic: port 143 is not captured
_BEFORE_LOGIN = (
    "IMAP4 IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE "
    "NAMESPACE LITERAL+"
)
_AFTER_LOGIN = (
    "IMAP4 IMAP4rev1 AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES "
    "CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+"
)

# --- POP3 (5.3) -----------------------------------------------------------------------------

POP_AUTHENTICATED = "+OK User successfully authenticated."
POP_AUTH_FAILED = "-ERR Authentication failure: unknown user name or bad password."
POP_LOGON_FAILED = "-ERR Logon failure: unknown user name or bad password."
POP_WRONG_STATE = "-ERR Command is not valid in this state."
# The refusal of a mailbox behind a good token is not captured; the words are borrowed.
POP_NOT_CONNECTED = POP_WRONG_STATE  # synthetic
POP_BEGIN_TLS = "+OK Begin TLS negotiation."  # synthetic
POP_NO_MESSAGE = "-ERR The specified message is out of range."  # synthetic

# --- SMTP (5.4, 5.5) ------------------------------------------------------------------------

SMTP_BEGIN_TLS = "220 2.0.0 SMTP server ready"
SMTP_SENDER_OK = "250 2.1.0 Sender OK"
SMTP_RECIPIENT_OK = "250 2.1.5 Recipient OK"
SMTP_AUTH_FAILED = "535 5.7.3 Authentication unsuccessful {stamp}"
_139 = "535 5.7.139 Authentication unsuccessful, "
_SEE = "Visit https://aka.ms/smtp_auth_disabled for more information. {stamp}"
SMTP_TENANT_OFF = f"{_139}SmtpClientAuthentication is disabled for the Tenant. {_SEE}"
SMTP_MAILBOX_OFF = f"{_139}SmtpClientAuthentication is disabled for the Mailbox. {_SEE}"
SMTP_BASIC_OFF = f"{_139}basic authentication is disabled. {{stamp}}"
SMTP_WRONG_PASSWORD = f"{_139}the user credentials were incorrect. {{stamp}}"
SMTP_SECURITY_DEFAULTS = (
    f"{_139}user is locked by your organization's security defaults policy. "
    "Contact your administrator."
)
SMTP_CRITERIA = (
    f"{_139}the request did not meet the criteria to be authenticated successfully. "
    "Contact your administrator."
)
SMTP_ACCOUNT_LOCKED = f"{_139}account locked"  # third party, unverified
SMTP_RETIRED = "550 5.7.30 Basic authentication is not supported for Client Submission."
SMTP_NO_MAILBOX = "550 Mailbox cannot be accessed"
SMTP_CONNECTIONS = "432 4.3.2 Concurrent connections limit exceeded"
SMTP_DROPPED = "421 4.4.2 Connection dropped"
SMTP_QUOTA = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"
SMTP_TOO_LARGE_FOR_MAILBOX = "554 5.2.270 Message size exceeds the limit."  # synthetic text
SMTP_TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients {stamp}"  # synthetic


def imap_no_folder(name: str) -> str:
    """Captured: NO INBOX doesn't exist."""
    return f"NO {speakable(name.encode(), 255)} doesn't exist."


def imap_no_target(name: str) -> str:
    """For COPY, MOVE and APPEND; the code is what RFC 3501 section 6.3.11 asks. Synthetic."""
    return f"NO [TRYCREATE] {speakable(name.encode(), 255)} doesn't exist."


def imap_copied(code: str) -> str:
    return f"OK [{code}] COPY completed."


def imap_appended(validity: int, uid: int) -> str:
    return f"OK [APPENDUID {validity} {uid}] APPEND completed."


SMTP_EXTENSIONS = ("PIPELINING", "DSN", "ENHANCEDSTATUSCODES")
SMTP_EXTENSIONS_LATER = ("8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8")
SMTP_SIZE = 157_286_400


# --- what Exchange Online writes into and about a message ---------------------------------

# Documented: the report on an address that nobody has.
NOT_FOUND = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
REPORT_FROM = "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@{domain}>"
REPORT_UNDELIVERABLE = "Undeliverable: "
REPORT_DELIVERED = "Delivered: "
REPORT_FAILED = "Your message could not be delivered to:"  # synthetic
REPORT_DONE = "Your message was delivered or sent on to:"  # synthetic


def mail_date(now: datetime) -> str:
    return format_datetime(now)


def received(session: Session, hello: str, address: str, now: datetime) -> str:
    """The trace of a submission, folded as Exchange folds it; TLS and version are left out."""
    return (
        f"Received: from {hello} ({address}) by\r\n {session.server} with Microsoft SMTP\r\n"
        f" Server id 15.20.9115.10; {format_datetime(now)}\r\n"
    )


def smtp_send_as_denied(mailbox: str, sender: str) -> str:
    """The refusal at submission (5.5): 554 5.2.252."""
    return (
        f"554 5.2.252 SendAsDenied; {mailbox} not allowed to send as {sender}; "
        "STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; "
        "Failed to process message due to a permanent exception with message "
        "[BeginDiagnosticData]Cannot submit message."
    )


@dataclass(frozen=True, slots=True)
class Session:
    """Who speaks: the frontend's host, the mailbox server, and the session's id."""

    host: str
    server: str
    id: str

    def stamp(self, now: datetime) -> str:
        """`[<frontend host> <UTC time> <session id>]` (5.5)."""
        return f"[{self.host} {now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z {self.id}]"

    def cipher(self) -> str:
        """The server name as IMAP and POP greet with it: base64 of UTF-16LE (5.2)."""
        return b64encode(self.server.encode("utf-16-le")).decode()


def imap_words(session: Session) -> ImapWords:
    return ImapWords(
        greeting=f"OK The Microsoft Exchange IMAP4 service is ready. [{session.cipher()}]",
        capability_clear=_BEFORE_TLS,
        capability=_BEFORE_LOGIN,
        capability_authenticated=_AFTER_LOGIN,
        identity='("name" "Microsoft.Exchange.Imap4.Imap4Server" "version" "15.20")',
        # PLAIN is heard and refused: what an AUTHENTICATE PLAIN meets is LOGIN's fate.
        mechanisms=frozenset({"XOAUTH2", "PLAIN"}),
        bye="BYE Microsoft Exchange Server 2016 IMAP4 server signing off.",
        completed=IMAP_COMPLETED,
        syntax=IMAP_ARGUMENT_COUNT,
        unknown=IMAP_COMMAND_ERROR,
        wrong_state=IMAP_WRONG_STATE,
        tls_first=IMAP_LOGIN_FAILED,  # synthetic: port 143 is not captured
        unknown_mechanism=IMAP_AUTHENTICATE_FAILED,
        cancelled=IMAP_AUTHENTICATE_FAILED,  # synthetic
        malformed=IMAP_AUTHENTICATE_FAILED,
        too_long=IMAP_COMMAND_ERROR,
        too_many_mistakes="BYE Connection closed. 14",
        go_ahead="Ready for additional command text.",
        idling="IDLE accepted, awaiting DONE command.",
    )


def pop_words(session: Session) -> PopWords:
    return PopWords(
        greeting=f"+OK The Microsoft Exchange POP3 service is ready. [{session.cipher()}]",
        capabilities_clear=("TOP", "UIDL", "STLS"),
        capabilities=("TOP", "UIDL", "SASL PLAIN XOAUTH2", "USER"),
        mechanisms=frozenset({"XOAUTH2", "PLAIN"}),
        bye="+OK Microsoft Exchange Server 2016 POP3 server signing off.",
        capa="+OK",
        user="+OK",
        syntax=POP_WRONG_STATE,
        wrong_state=POP_WRONG_STATE,
        tls_first=POP_WRONG_STATE,  # synthetic: port 110 is not captured
        unknown_mechanism=POP_AUTH_FAILED,
        cancelled=POP_AUTH_FAILED,
        malformed=POP_AUTH_FAILED,
        too_long=POP_WRONG_STATE,
        too_many_mistakes="-ERR Connection is closed. 10",  # synthetic
    )


def smtp_words(session: Session, now: datetime, address: str) -> SmtpWords:
    before = (f"SIZE {SMTP_SIZE}", *SMTP_EXTENSIONS)
    unrecognized = "504 5.7.4 Unrecognized authentication type {stamp}"
    return SmtpWords(
        greeting=f"220 {session.host} Microsoft ESMTP MAIL Service ready at "
        f"{format_datetime(now)} [{session.id}]",
        hello=f"{session.host} Hello [{address}]",
        extensions_clear=(*before, "STARTTLS", *SMTP_EXTENSIONS_LATER),
        extensions=(*before, "AUTH LOGIN XOAUTH2", *SMTP_EXTENSIONS_LATER),
        mechanisms_clear=frozenset(),
        mechanisms=frozenset({"LOGIN", "XOAUTH2"}),
        bye="221 2.0.0 Service closing transmission channel",
        ok="250 2.0.0 OK",
        reset="250 2.0.0 Resetting",
        start_data="354 Start mail input; end with <CRLF>.<CRLF>",
        chunk="250 2.0.0 {size} octets received",  # synthetic
        verify="252 2.1.5 Cannot VRFY user",  # synthetic
        help="214 2.0.0 This server supports the following commands",  # synthetic
        unknown="500 5.3.3 Unrecognized command '{verb}'",
        syntax="501 5.5.4 Invalid arguments",  # synthetic
        parameter="501 5.5.4 Unrecognized parameter",  # synthetic
        utf8_first="550 5.6.7 SMTPUTF8 is needed for this address",  # synthetic
        bad_domain="501 5.5.4 Invalid domain name",
        too_long="500 5.3.3 Unrecognized command ''",  # synthetic
        hello_first="503 5.5.2 Send hello first",  # synthetic
        wrong_order="503 5.5.1 Bad sequence of commands",  # synthetic
        login_first="530 5.7.57 Client not authenticated to send mail.",
        unknown_mechanism=unrecognized,
        cancelled=SMTP_AUTH_FAILED,
        malformed=SMTP_AUTH_FAILED,
        too_large="552 5.3.4 Message size exceeds fixed maximum message size",  # unverified
        too_many_recipients=SMTP_TOO_MANY_RECIPIENTS,
        too_many_mistakes="421 4.3.2 Service not active",
    )


def smtp_authenticated(session: Session) -> str:
    return f"235 2.7.0 Authentication successful target host {session.server}"


def smtp_accepted(message_id: str, session: Session) -> str:
    return f"250 2.0.0 OK <{message_id}> [Hostname={session.server}]"
