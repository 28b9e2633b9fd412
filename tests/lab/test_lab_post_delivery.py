"""What becomes of mail: by alias, to groups, out of the tenant, to nobody; stamps and reports."""

from __future__ import annotations

import email
import email.message
import email.policy

import pytest
from post_tenant import PASSWORD, Talk, Tenant, auth_login, guid, person

LETTER = "Subject: hello\r\n\r\nhi\r\n"


async def logged_in(tenant: Tenant, name: str = "ada") -> Talk:
    talk = await tenant.smtp()
    assert (await auth_login(talk, name, PASSWORD)).startswith("235 ")
    return talk


async def send(tenant: Tenant, *recipients: str, mail: str = "", body: str = LETTER) -> str:
    """The final reply. A recipient may bring parameters behind a space."""
    talk = await logged_in(tenant)
    assert (await talk.say(f"MAIL FROM:<ada@contoso.example>{mail}")).startswith("250 ")
    for recipient in recipients:
        address, _, wishes = recipient.partition(" ")
        assert (await talk.say(f"RCPT TO:<{address}> {wishes}".strip())).startswith("250 ")
    await talk.say("DATA")
    reply = await talk.say(f"{body}.")
    talk.front.close()
    return reply


def inbox(tenant: Tenant, name: str) -> list[email.message.EmailMessage]:
    messages = tenant.office.store.inbox(guid(name)).messages
    return [email.message_from_bytes(m.content, policy=email.policy.default) for m in messages]


def group(tenant: Tenant, name: str, *members: str) -> None:
    document = {"id": name, "mail": f"{name}@contoso.example", "members": list(members)}
    tenant.put("groups", name, document)


# --- where it goes ---


async def test_an_alias_is_the_mailbox_and_two_names_are_one_message() -> None:
    tenant = Tenant()
    await send(tenant, "bob@contoso.onmicrosoft.example", "BOB@contoso.example")
    assert len(inbox(tenant, "bob")) == 1
    assert tenant.office.store.outbox == []


async def test_a_group_is_its_members_and_those_of_the_groups_inside() -> None:
    tenant = Tenant()
    group(tenant, "inner", person("desk"), "outer", "somebody without a mailbox")
    group(tenant, "outer", person("ada"), person("bob"), "inner")
    await send(tenant, "outer@contoso.example", "bob@contoso.example")
    assert [len(inbox(tenant, name)) for name in ("ada", "bob", "desk")] == [1, 1, 1]


@pytest.mark.parametrize("kind", ["MailUser", "GuestMailUser"])
async def test_a_recipient_whose_mailbox_is_elsewhere_is_sent_out(kind: str) -> None:
    tenant = Tenant()
    tenant.world["mailboxes"].patch(guid("bob"), RecipientTypeDetails=kind)
    await send(tenant, "bob@contoso.example", "x@fabrikam.example")
    (sent,) = tenant.office.store.outbox
    assert sent.recipients == ("bob@contoso.example", "x@fabrikam.example")
    assert inbox(tenant, "ada") == []


@pytest.mark.parametrize("copy", [True, False])
async def test_a_copy_is_kept_among_the_sent_items_unless_that_is_off(copy: bool) -> None:
    tenant = Tenant()
    tenant.world["mailboxes"].patch(guid("ada"), MessageCopyForSMTPClientSubmissionEnabled=copy)
    await send(tenant, "bob@contoso.example")
    kept = tenant.office.store.sent_items(guid("ada")).messages
    assert [message.flags for message in kept] == ([{"\\Seen"}] if copy else [])


# --- what is written on it ---


async def test_a_message_without_id_and_date_gets_them_and_a_trace() -> None:
    tenant = Tenant()
    reply = await send(tenant, "bob@contoso.example")
    (message,) = inbox(tenant, "bob")
    assert message["Message-ID"] == reply.split()[3]
    assert message["Date"] == "Mon, 23 Nov 2026 09:00:00 +0000"
    assert message["Received"].startswith("from client.contoso.example (192.0.2.7) by")
    assert message["Subject"] == "hello"
    assert message.get_content() == "hi\r\n"
    (copy,) = tenant.office.store.sent_items(guid("ada")).messages
    assert b"Received:" not in copy.content


async def test_a_message_keeps_its_own_id_and_date() -> None:
    tenant = Tenant()
    body = f"Message-ID: <mine@here>\r\nDate: Sun, 1 Nov 2026 00:00:00 +0000\r\n{LETTER}"
    assert "<mine@here>" in await send(tenant, "bob@contoso.example", body=body)
    (stored,) = tenant.office.store.inbox(guid("bob")).messages
    assert stored.content.endswith(body.encode())
    assert stored.content.count(b"Date:") == 1


@pytest.mark.parametrize("body", ["no header\r\n", "\r\nan empty one\r\n"])
async def test_a_message_without_a_header_stays_a_body(body: str) -> None:
    tenant = Tenant()
    await send(tenant, "bob@contoso.example", body=body)
    (message,) = inbox(tenant, "bob")
    assert message["Date"]
    assert message.get_content().strip() == body.strip()


# --- reports ---


def told(report: email.message.EmailMessage) -> list[email.message.Message]:
    """The field groups of message/delivery-status."""
    parts = report.get_payload()
    assert isinstance(parts, list)
    assert parts[1].get_content_type() == "message/delivery-status"
    groups = parts[1].get_payload()
    assert isinstance(groups, list)
    return groups


async def test_nobody_there_is_reported_to_the_sender_in_exchanges_words() -> None:
    tenant = Tenant()
    assert (await send(tenant, "nobody@contoso.example", "bob@contoso.example")).startswith("250 ")
    (report,) = inbox(tenant, "ada")
    assert report.get_content_type() == "multipart/report"
    assert report["Subject"] == "Undeliverable: hello"
    assert report["From"].startswith("Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36")
    message, recipient = told(report)
    assert message["Reporting-MTA"].startswith("dns;")
    assert recipient["Final-Recipient"] == "rfc822;nobody@contoso.example"
    assert recipient["Action"] == "failed"
    assert recipient["Status"] == "5.1.10"
    assert recipient["Diagnostic-Code"] == (
        "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
    )
    assert report.get_payload()[2].get_content_type() == "message/rfc822"
    assert len(inbox(tenant, "bob")) == 1
    assert tenant.office.store.outbox == []


async def test_the_wishes_of_dsn_are_heard() -> None:
    tenant = Tenant()
    await send(
        tenant,
        "nobody@contoso.example NOTIFY=NEVER",
        "someone@contoso.example NOTIFY=SUCCESS",
        "bob@contoso.example NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob@old.example",
        "x@fabrikam.example NOTIFY=SUCCESS",
        "y@fabrikam.example",
        mail=" RET=HDRS ENVID=job-7",
    )
    (report,) = inbox(tenant, "ada")
    assert report["Subject"] == "Delivered: hello"
    message, *recipients = told(report)
    assert message["Original-Envelope-Id"] == "job-7"
    assert [(r["Final-Recipient"], r["Action"], r["Status"]) for r in recipients] == [
        ("rfc822;bob@contoso.example", "delivered", "2.0.0"),
        ("rfc822;x@fabrikam.example", "relayed", "2.0.0"),
    ]
    assert recipients[0]["Original-Recipient"] == "rfc822;bob@old.example"
    attached = report.get_payload()[2]
    assert attached.get_content_type() == "text/rfc822-headers"
    assert "hi" not in attached.get_payload()


async def test_the_null_sender_is_told_nothing() -> None:
    tenant = Tenant()
    talk = await logged_in(tenant)
    await talk.say("MAIL FROM:<>")
    await talk.say("RCPT TO:<nobody@contoso.example>")
    await talk.say("DATA")
    assert (await talk.say(f"{LETTER}.")).startswith("250 ")
    assert inbox(tenant, "ada") == []


# --- on the way: octets, chunks, long lines ---


async def test_any_octets_arrive_as_they_were_sent() -> None:
    tenant = Tenant()
    talk = await logged_in(tenant)
    body = b"Subject: octets\r\n\r\n\x00\xff\n.\r\n.\r" + bytes(range(256)) * 20
    await talk.say("MAIL FROM:<ada@contoso.example> BODY=BINARYMIME")
    await talk.say("RCPT TO:<bob@contoso.example>")
    answer = b""
    for start in range(0, len(body), 1_000):
        piece = body[start : start + 1_000]
        answer += await talk.front.receive(b"BDAT %d\r\n" % len(piece) + piece)
    answer += await talk.front.receive(b"BDAT 0 LAST\r\n")
    assert answer.count(b"250 2.0.0 ") == 7
    (stored,) = tenant.office.store.inbox(guid("bob")).messages
    assert stored.content.endswith(body)
