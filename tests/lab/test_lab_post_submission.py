"""Messages after a login to the lab's SMTP: limits, senders, and where the mail ends up."""

from __future__ import annotations

from post_tenant import PASSWORD, Talk, Tenant, auth_login, guid, person


def patched(tenant: Tenant, kind: str, key: str, **members: object) -> None:
    tenant.put(kind, key, {**(tenant.world[kind].get(key) or {}), **members})


async def sent(
    talk: Talk, sender: str, *recipients: str, body: str = "Subject: x\r\n\r\nhi"
) -> str:
    assert (await talk.say(f"MAIL FROM:<{sender}>")) == "250 2.1.0 Sender OK"
    for recipient in recipients:
        assert (await talk.say(f"RCPT TO:<{recipient}>")) == "250 2.1.5 Recipient OK"
    assert (await talk.say("DATA")).startswith("354 ")
    return await talk.say(f"{body}\r\n.")


async def logged_in(tenant: Tenant, name: str = "ada") -> Talk:
    talk = await tenant.smtp()
    assert (await auth_login(talk, name, PASSWORD)).startswith("235 ")
    return talk


async def test_a_message_reaches_outbox_inbox_and_sent_items() -> None:
    tenant = Tenant()
    reply = await sent(
        await logged_in(tenant), "ada@contoso.example", "bob@contoso.example", "x@fabrikam.example"
    )
    assert reply.startswith("250 2.0.0 OK <")
    store = tenant.office.store
    assert [mail.recipients for mail in store.outbox] == [("x@fabrikam.example",)]
    assert len(store.inbox(guid("bob")).messages) == 1
    assert len(store.sent_items(guid("ada")).messages) == 1


async def test_sending_as_another_needs_send_as() -> None:
    tenant = Tenant()
    talk = await logged_in(tenant)
    reply = await sent(talk, "bob@contoso.example", "x@fabrikam.example")
    denied = "554 5.2.252 SendAsDenied; ada@contoso.example not allowed to send as bob@contoso."
    assert reply.startswith(denied)
    forged = "From: Bob <bob@contoso.example>\r\n\r\nhi"
    own = "ada@contoso.example"
    assert (await sent(talk, own, "x@fabrikam.example", body=forged)).startswith(denied)
    right = {"Identity": "bob", "Trustee": "ada", "AccessRights": ["SendAs"]}
    tenant.put("recipientPermissions", f"{guid('bob')}/{person('ada')}", right)
    assert (await sent(talk, own, "x@fabrikam.example", body=forged)).startswith("250 ")
    assert len(tenant.office.store.outbox) == 1


async def test_three_connections_a_mailbox_and_no_fourth() -> None:
    tenant = Tenant()
    talks = [await logged_in(tenant) for _ in range(3)]
    full = "432 4.3.2 Concurrent connections limit exceeded"
    assert await tenant.smtp_login() == full
    talks[0].front.close()
    talks[0].front.close()
    assert (await tenant.smtp_login()).startswith("235 ")
    assert await tenant.smtp_login() == full


async def test_the_thirty_first_message_of_a_minute_waits() -> None:
    tenant = Tenant()
    talk = await logged_in(tenant)
    start = tenant.clock.tick()
    for _ in range(30):
        await sent(talk, "ada@contoso.example", "bob@contoso.example")
    assert tenant.clock.tick() == start
    await sent(talk, "ada@contoso.example", "bob@contoso.example")
    assert tenant.clock.tick() == start + 60


async def test_recipients_are_limited_by_message_and_by_day() -> None:
    tenant = Tenant()
    patched(tenant, "mailboxes", guid("ada"), RecipientLimits="2")
    talk = await logged_in(tenant)
    tenant.office.note_sent(guid("ada"), 9_999)
    reply = await sent(talk, "ada@contoso.example", "a@x.example", "b@x.example")
    assert reply.startswith("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceeded")
    await talk.say("MAIL FROM:<ada@contoso.example>")
    await talk.say("RCPT TO:<a@x.example>")
    await talk.say("RCPT TO:<b@x.example>")
    assert (await talk.say("RCPT TO:<c@x.example>")).startswith("452 4.5.3")


async def test_the_mailbox_limit_refuses_after_data_what_size_allowed() -> None:
    tenant = Tenant()
    patched(tenant, "mailboxes", guid("ada"), MaxSendSize="1 KB (1,024 bytes)")
    body = "Subject: x\r\n\r\n" + "x" * 1_100
    reply = await sent(await logged_in(tenant), "ada@contoso.example", "b@x.example", body=body)
    assert reply.startswith("554 5.2.270")


async def test_size_over_the_advertised_one_is_refused_at_mail() -> None:
    talk = await logged_in(Tenant())
    reply = await talk.say("MAIL FROM:<ada@contoso.example> SIZE=157286401")
    assert reply.startswith("552 5.3.4")


async def test_history_tells_what_became_of_each_message() -> None:
    tenant = Tenant()
    talk = await logged_in(tenant)
    await sent(talk, "ada@contoso.example", "bob@contoso.example", body="hi, a private matter")
    await sent(talk, "bob@contoso.example", "ada@contoso.example")
    rows = [row for row in tenant.history if row["step"] == "message"]
    assert [(row["outcome"], row["gate"]) for row in rows] == [
        ("accepted", ""),
        ("refused", "send as"),
    ]
    assert rows[0]["said"].startswith("250 2.0.0 OK <")
    assert rows[1]["said"].startswith("554 5.2.252 SendAsDenied; ada@contoso.example ")
    assert "private matter" not in repr(tenant.history)
