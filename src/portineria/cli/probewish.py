"""From the words of `probe` to what it shall do; each mistake is said before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from portineria.cli.questions import caller_of
from portineria.doors.references import Reference
from portineria.doors.textfile import read_text
from portineria.fault import BadFile, UsageFault
from portineria.mail.conversation import Credential, Nobody, Password, Token
from portineria.policy.csvlist import RowError, addresses
from portineria.run.asking import Tls
from portineria.secret import Secret
from portineria.tenant.caller import AppOnly, Basic, Caller
from portineria.tenant.mailbox import Protocol
from portineria.wiring.mailserver import Manner

MOST_LIST = 16 * 1024 * 1024
PORTS = {
    143: (Protocol.IMAP, Tls.STARTTLS),
    993: (Protocol.IMAP, Tls.IMPLICIT),
    110: (Protocol.POP, Tls.STARTTLS),
    995: (Protocol.POP, Tls.IMPLICIT),
    25: (Protocol.SMTP, Tls.STARTTLS),
    587: (Protocol.SMTP, Tls.STARTTLS),
    465: (Protocol.SMTP, Tls.IMPLICIT),
}
USUAL = {Protocol.IMAP: 993, Protocol.POP: 995, Protocol.SMTP: 587}
_HIDDEN = "what stands there is not repeated: it may be a secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The command line as it was typed."""

    mailboxes: Sequence[str]
    protocols: Sequence[str] = ()
    callers: Sequence[str] = ()
    file: str | None = None
    source: str | None = None
    server: str | None = None
    tls: str | None = None
    user: str | None = None
    ca: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    look: bool = True
    deep: bool = False
    jobs: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`mailboxes` once each, in order; `callers` in words: without any, what the profile holds."""

    mailboxes: tuple[str, ...]
    protocols: tuple[Protocol, ...]
    callers: tuple[str, ...]
    source: str | None
    look: bool
    deep: bool
    jobs: int
    manner: Manner


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerWish:
    """One server without a tenant. `caller` is None where there is nothing to log in with."""

    host: str
    port: int
    tls: Tls
    ca: Path | None
    user: str | None
    secret: Secret | None
    caller: Caller | None

    def credential(self, mailbox: str) -> Credential | Nobody:
        if self.secret is None:
            return Nobody()
        kind = Password if isinstance(self.caller, Basic) else Token
        return kind(self.user or mailbox, self.secret)


def wish_of(words: Words) -> Wish:
    """Raises OperatorFault."""
    mailboxes, protocols = _sorted_out(words)
    if words.server is None:
        _refuse_server_words(words)
        if not mailboxes:
            raise UsageFault(
                "no mailbox is named",
                where="MAILBOX",
                try_="name one, or a list of them with --file, or a server with --server",
            )
    for word in words.callers:
        if word != "app":
            caller_of(word)
    password = None
    if words.password is not None:
        if len(mailboxes) > 1:
            raise UsageFault(
                "one password cannot be that of several mailboxes",
                where="--password",
                try_="probe one mailbox, or name a file of passwords in the profile: "
                "probe.passwords",
            )
        password = _secret(words.password, "--password")
    return Wish(
        mailboxes=mailboxes,
        protocols=protocols,
        callers=tuple(words.callers),
        source=_source(words.source),
        look=words.look,
        deep=words.deep,
        jobs=words.jobs,
        manner=Manner(closer=True, seconds=words.seconds, password=password),
    )


def server_of(words: Words, wish: Wish) -> tuple[ServerWish, Protocol]:
    """Where --server points to. Raises OperatorFault."""
    host, port, protocol = _place(words.server or "", wish.protocols)
    usual = PORTS.get(port)
    if words.tls is None and usual is None:
        raise UsageFault(
            f"port {port} does not tell whether TLS comes first",
            where="--tls",
            try_="write --tls implicit or --tls starttls",
        )
    token = None if words.token is None else _secret(words.token, "--token")
    secret = wish.manner.password or token
    if secret is not None and not wish.mailboxes:
        raise UsageFault(
            "nobody is named to log in as",
            where="MAILBOX",
            try_="name the mailbox: portineria probe ada@example.com --server mail.example.com:993",
        )
    found = ServerWish(
        host=host,
        port=port,
        tls=Tls(words.tls) if words.tls else PORTS[port][1],
        ca=None if words.ca is None else Path(words.ca),
        user=words.user,
        secret=secret,
        caller=_server_caller(wish, token),
    )
    return found, protocol


def _server_caller(wish: Wish, token: Secret | None) -> Caller | None:
    if token is not None and wish.manner.password is not None:
        raise UsageFault(
            "a password and a token are two logins",
            where="--token",
            try_="try one of them at a time",
        )
    kinds: set[str] = {word.partition(":")[0] for word in wish.callers}
    held = "basic" if wish.manner.password else "token" if token else ""
    if len(wish.callers) > 1 or ("basic" in kinds and held != "basic"):
        raise UsageFault(
            "a server without a profile is logged in to with what the line names",
            where="--as",
            try_="write --password env:NAME, or --token env:NAME with --as user or --as app",
        )
    if held == "basic":
        return Basic()
    if held == "token":
        word = wish.callers[0] if wish.callers else "user"
        return AppOnly("app") if word == "app" else caller_of(word)
    return None


def _sorted_out(words: Words) -> tuple[tuple[str, ...], tuple[Protocol, ...]]:
    """Mailboxes and protocols. A protocol may stand behind the mailboxes, as `why` has it."""
    known = {protocol.value for protocol in Protocol}
    named = [word for word in words.mailboxes if word not in known]
    spoken = [*words.protocols, *(word for word in words.mailboxes if word in known)]
    if words.file is not None:
        named += _listed(words.file)
    once = {name.lower(): name for name in reversed(named)}
    protocols = tuple(protocol for protocol in Protocol if protocol.value in spoken)
    return tuple(reversed(once.values())), protocols or tuple(Protocol)


def _listed(file: str) -> Iterable[str]:
    try:
        found = addresses(read_text(Path(file), most=MOST_LIST))
    except RowError as error:
        raise BadFile(error.why, where=f"{file}:{error.row}", try_=error.try_) from None
    if not found:
        raise BadFile("the list is empty", where=file, try_="write one address a line")
    return found


def _refuse_server_words(words: Words) -> None:
    for option in ("tls", "user", "ca", "token"):
        if getattr(words, option) is not None:
            raise UsageFault(
                f"--{option} belongs to --server: a profile says that by itself",
                where=f"--{option}",
                try_="add --server host:port, or leave it out",
            )


def _place(server: str, protocols: Sequence[Protocol]) -> tuple[str, int, Protocol]:
    host, colon, digits = server.rpartition(":")
    if not colon or server.endswith("]"):
        host, digits = server, ""
    host = host.removeprefix("[").removesuffix("]")
    only = protocols[0] if len(protocols) == 1 else None
    port = int(digits) if digits.isdecimal() and len(digits) < 6 else 0
    if not digits and only is not None:
        port = USUAL[only]
    if not host or not 0 < port < 65536 or any(sign.isspace() for sign in host):
        raise UsageFault(
            f"{server!r} is no server",
            where="--server",
            try_="write host:port, or a host with one --protocol",
        )
    protocol = only or (PORTS[port][0] if port in PORTS else None)
    if protocol is None:
        raise UsageFault(
            f"port {port} does not tell which protocol is spoken there",
            where="--protocol",
            try_="write --protocol imap, pop or smtp",
        )
    return host, port, protocol


def _secret(word: str, option: str) -> Secret:
    kind, colon, name = word.partition(":")
    if not colon or kind not in ("env", "file") or not name.strip():
        raise UsageFault(
            f"a secret does not stand on the command line; {_HIDDEN}",
            where=option,
            try_="write env:NAME or file:PATH",
        )
    return Reference(kind, name.strip(), option).read()


def _source(word: str | None) -> str | None:
    try:
        return None if word is None else str(ip_address(word))
    except ValueError:
        raise UsageFault(
            f"{word!r} is no address",
            where="--from",
            try_="write an address of this machine, as 203.0.113.5",
        ) from None


def callers_of(words: Sequence[str], mail_app: str | None) -> list[Caller]:
    """The callers that were named, or else what the profile holds. Raises UsageFault."""
    if not words:
        return [AppOnly(mail_app) if mail_app else Basic()]
    found: list[Caller] = []
    for word in words:
        if word == "app" and mail_app is None:
            raise UsageFault(
                "the profile names no mail app",
                where="--as",
                try_="name it there under probe.app, or write --as app:CLIENT_ID",
            )
        found.append(AppOnly(mail_app) if word == "app" and mail_app else caller_of(word))
    return list(dict.fromkeys(found))
