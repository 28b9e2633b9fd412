"""Delivery reports as mail (RFC 3461, 3464): what Exchange Online writes when nobody is there.

The status and the diagnostic text are Exchange's (5.1.10, documented); the sentences for people
are our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from portineria.lab.post import sentences
from portineria.lab.post.sentences import Session
from portineria.mail import mime
from portineria.mail.events import Message

Action = Literal["failed", "delivered", "relayed", "expanded"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What happened to one recipient, and the wishes of its RCPT (NOTIFY, ORCPT)."""

    address: str
    action: Action
    wishes: Mapping[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> bool:
        """Whether a report was asked for: of a failure, unless something else was (RFC 3461)."""
        asked = self.wishes.get("NOTIFY", "FAILURE").upper().split(",")
        return ("FAILURE" if self.action == "failed" else "SUCCESS") in asked


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes the report, and when."""

    session: Session
    domain: str
    now: datetime


def written(fates: Sequence[Fate], content: bytes, message: Message, writer: Writer) -> bytes:
    """The report on these recipients, the message or (RET=HDRS) its header attached."""
    failed = any(fate.action == "failed" for fate in fates)
    header = mime.parse(content).header
    subject = mime.first(header, "subject") or b""
    boundary = f"_report_{writer.session.id}_"
    only_header = message.parameters.get("RET", "").upper() == "HDRS"
    kind = "text/rfc822-headers" if only_header else "message/rfc822"
    said = sentences.REPORT_FAILED if failed else sentences.REPORT_DONE
    people = "".join(f"{fate.address}\r\n" for fate in fates)
    top = (
        f"From: {sentences.REPORT_FROM.replace('{domain}', writer.domain)}\r\n"
        f"To: <{message.sender}>\r\n"
        f"Date: {sentences.mail_date(writer.now)}\r\n"
        f"Message-ID: <{writer.session.id}.{writer.now:%Y%m%d%H%M%S%f}@{writer.domain}>\r\n"
    ).encode()
    title = (sentences.REPORT_UNDELIVERABLE if failed else sentences.REPORT_DELIVERED).encode()
    more = (
        f"In-Reply-To: {_id(header)}\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status;\r\n"
        f'\tboundary="{boundary}"\r\nAuto-Submitted: auto-replied\r\n\r\n'
        f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"{said}\r\n\r\n{people}\r\n"
        f"--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"{_status(fates, message, writer)}"
        f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n"
    ).encode()
    attached = header if only_header else content
    end = f"\r\n--{boundary}--\r\n".encode()
    return top + b"Subject: " + title + subject + b"\r\n" + more + attached + end


def _id(header: bytes) -> str:
    return (mime.first(header, "message-id") or b"").decode("ascii", "replace")


def _status(fates: Iterable[Fate], message: Message, writer: Writer) -> str:
    """The fields of message/delivery-status, a group for the message and one a recipient."""
    envelope = message.parameters.get("ENVID")
    lines = [
        *([f"Original-Envelope-Id: {envelope}"] if envelope else []),
        f"Reporting-MTA: dns;{writer.session.server}",
        "",
    ]
    for fate in fates:
        original = fate.wishes.get("ORCPT")
        lines += [
            *([f"Original-Recipient: {original}"] if original else []),
            f"Final-Recipient: rfc822;{fate.address}",
            f"Action: {fate.action}",
            f"Status: {'5.1.10' if fate.action == 'failed' else '2.0.0'}",
            *([f"Diagnostic-Code: smtp;{sentences.NOT_FOUND}"] if fate.action == "failed" else []),
            "",
        ]
    return "".join(f"{line}\r\n" for line in lines)
