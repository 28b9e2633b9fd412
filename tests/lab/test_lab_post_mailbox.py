"""IMAP and POP3 in the lab: a login opens nothing yet, and the first command tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from post_tenant import APP, Talk, Tenant, b64, guid, person, xoauth2

NOT_CONNECTED = "BAD User is authenticated but not connected."
AUTHENTICATED = "OK AUTHENTICATE completed."
OPENED = "OK [READ-ONLY] EXAMINE completed."
POP_IN = "+OK User successfully authenticated."
POP_SHUT = "-ERR Command is not valid in this state."
POP_NO = "-ERR Authentication failure: unknown user name or bad password."


def patched(tenant: Tenant, kind: str, key: str, **members: object) -> None:
    tenant.put(kind, key, {**(tenant.world[kind].get(key) or {}), **members})


def imap_off(tenant: Tenant) -> None:
    patched(tenant, "mailboxes", guid("ada"), ImapEnabled=False)


def pop_off(tenant: Tenant) -> None:
    patched(tenant, "mailboxes", guid("ada"), PopEnabled=False)


def both_off(tenant: Tenant) -> None:
    imap_off(tenant)
    pop_off(tenant)


def unlicensed(tenant: Tenant) -> None:
    patched(tenant, "users", person("ada"), assignedLicenses=[])


def inactive(tenant: Tenant) -> None:
    patched(tenant, "mailboxes", guid("ada"), IsInactiveMailbox=True)


async def test_a_token_opens_ones_own_mailbox() -> None:
    tenant = Tenant()
    imap = await tenant.imap_bearer("ada", tenant.user_token("ada", "imap"))
    assert imap == (AUTHENTICATED, OPENED)
    pop = await tenant.pop_bearer("ada", tenant.user_token("ada", "pop"))
    assert pop == (POP_IN, "+OK 0 0")


@pytest.mark.parametrize(
    ("stop", "gate"),
    [(both_off, "protocol flag"), (unlicensed, "licence"), (inactive, "mailbox")],
)
async def test_the_login_succeeds_and_the_first_command_tells_that_the_mailbox_is_shut(
    stop: Callable[[Tenant], None], gate: str
) -> None:
    tenant = Tenant()
    stop(tenant)
    imap = await tenant.imap_bearer("ada", tenant.user_token("ada", "imap"))
    assert imap == (AUTHENTICATED, NOT_CONNECTED)
    pop = await tenant.pop_bearer("ada", tenant.user_token("ada", "pop"))
    assert pop == (POP_IN, POP_SHUT)
    assert [(row["face"], row["step"], row["gate"]) for row in tenant.history] == [
        ("imap", "auth", ""),
        ("imap", "first command", gate),
        ("pop", "auth", ""),
        ("pop", "first command", gate),
    ]


async def test_every_command_meets_the_same_answer_while_the_mailbox_is_shut() -> None:
    tenant = Tenant()
    imap_off(tenant)
    talk = await tenant.imap()
    await talk.say(f"a AUTHENTICATE XOAUTH2 {xoauth2('ada', tenant.user_token('ada', 'imap'))}")
    for command in ("NOOP", 'LIST "" "*"', "SELECT INBOX", "FETCH 1 FLAGS", "NAMESPACE"):
        assert await talk.say(f"b {command}") == f"b {NOT_CONNECTED}"
    assert (await talk.say("c CAPABILITY")).startswith("c OK")


async def test_each_flag_closes_its_own_protocol_only() -> None:
    tenant = Tenant()
    imap_off(tenant)
    assert (await tenant.pop_bearer("ada", tenant.user_token("ada", "pop")))[1] == "+OK 0 0"
    tenant = Tenant()
    pop_off(tenant)
    assert (await tenant.imap_bearer("ada", tenant.user_token("ada", "imap")))[1] == OPENED


async def test_a_disabled_pop_mailbox_is_refused_at_auth_under_the_other_reading() -> None:
    tenant = Tenant()
    pop_off(tenant)
    tenant.read_as(pop_disabled_refusal="auth")
    login, _ = await tenant.pop_bearer("ada", tenant.user_token("ada", "pop"))
    assert login == POP_NO
    assert tenant.history[-1]["gate"] == "protocol flag"


async def test_passwords_open_neither_imap_nor_pop() -> None:
    tenant = Tenant()
    imap, pop = await tenant.imap(), await tenant.pop()
    assert await imap.say('a LOGIN ada@contoso.example "correct horse"') == "a NO LOGIN failed."
    plain = b64("\0ada@contoso.example\0correct horse")
    assert await imap.say(f"b AUTHENTICATE PLAIN {plain}") == "b NO AUTHENTICATE failed."
    await pop.say("USER ada@contoso.example")
    reply = "-ERR Logon failure: unknown user name or bad password."
    assert await pop.say("PASS correct horse") == reply
    assert {row["gate"] for row in tenant.history} == {"retirement"}


@pytest.mark.parametrize(
    "claims",
    [
        {"audience": "https://graph.microsoft.com"},
        {"tid": "another tenant"},
        {"seconds": -1},
        {"scp": "SMTP.Send"},
    ],
)
async def test_a_token_for_something_else_is_refused_at_auth(claims: dict[str, object]) -> None:
    tenant = Tenant()
    login, _ = await tenant.imap_bearer("ada", tenant.user_token("ada", "imap", **claims))
    assert login == "NO AUTHENTICATE failed."
    login, _ = await tenant.pop_bearer("ada", tenant.user_token("ada", "pop", **claims))
    assert login == POP_NO


async def test_pop_takes_the_token_in_two_lines_only() -> None:
    tenant = Tenant()
    token = tenant.user_token("ada", "pop")
    talk = await tenant.pop()
    assert await talk.say(f"AUTH XOAUTH2 {xoauth2('ada', token)}") == POP_NO


async def test_a_delegate_opens_a_shared_mailbox_with_full_access() -> None:
    tenant = Tenant()
    token = tenant.user_token("ada", "imap")
    assert (await tenant.imap_bearer("desk", token)) == (AUTHENTICATED, NOT_CONNECTED)
    tenant.allow("desk", person("ada"))
    assert (await tenant.imap_bearer("desk", token)) == (AUTHENTICATED, OPENED)


async def test_an_app_needs_its_role_at_auth_and_its_right_at_the_first_command() -> None:
    tenant = Tenant()
    login, _ = await tenant.imap_bearer("ada", tenant.app_token())
    assert login == "NO AUTHENTICATE failed."
    token = tenant.app_token("imap")
    assert (await tenant.imap_bearer("ada", token)) == (AUTHENTICATED, NOT_CONNECTED)
    assert tenant.history[-1]["gate"] == "service principal"
    tenant.register("the App registration's object id")
    assert (await tenant.imap_bearer("ada", token)) == (AUTHENTICATED, NOT_CONNECTED)
    tenant.register()
    assert (await tenant.imap_bearer("ada", token)) == (AUTHENTICATED, NOT_CONNECTED)
    assert tenant.history[-1]["gate"] == "mailbox right"
    tenant.allow("ada")
    assert (await tenant.imap_bearer("ada", token)) == (AUTHENTICATED, OPENED)


async def test_an_app_role_for_smtp_opens_no_mailbox_over_imap() -> None:
    tenant = Tenant()
    tenant.register()
    scope = {"Name": "S", "RecipientFilter": "PrimarySmtpAddress -eq 'ada@contoso.example'"}
    tenant.put("managementScopes", "S", scope)
    assignment = {"Name": "A", "Role": "Application SMTP.SendAsApp", "RoleAssignee": APP}
    tenant.put("managementRoleAssignments", "A", {**assignment, "CustomResourceScope": "S"})
    login, _ = await tenant.imap_bearer("ada", tenant.app_token("smtp"))
    assert login == "NO AUTHENTICATE failed."


async def test_a_bad_token_is_explained_first_under_the_challenge_reading() -> None:
    tenant = Tenant()
    tenant.read_as(xoauth2_failure="challenge")
    talk = await tenant.imap()
    assert (await talk.say(f"a AUTHENTICATE XOAUTH2 {xoauth2('ada', 'junk')}")).startswith("+ ey")
    assert await talk.say("") == "a NO AUTHENTICATE failed."


# --- reading mail ---

MESSAGE = (
    b"From: Bob <bob@contoso.example>\r\nSubject: hello\r\nTo: ada@contoso.example\r\n\r\n"
    b"one\r\n.two\r\n"
)


async def reading(tenant: Tenant) -> Talk:
    tenant.office.store.inbox(guid("ada")).add(MESSAGE, tenant.clock.now())
    tenant.office.store.inbox(guid("ada")).add(MESSAGE, tenant.clock.now())
    talk = await tenant.imap()
    await talk.say(f"a AUTHENTICATE XOAUTH2 {xoauth2('ada', tenant.user_token('ada', 'imap'))}")
    return talk


async def test_messages_are_fetched_marked_searched_and_expunged() -> None:
    talk = await reading(Tenant())
    selected = await talk.all("b SELECT inbox")
    assert selected[0] == "* 2 EXISTS"
    assert selected[-1] == "b OK [READ-WRITE] SELECT completed."
    fetched = await talk.all("c FETCH 1 (UID BODY[HEADER.FIELDS (SUBJECT)])")
    assert fetched == [
        "* 1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT)] {18}",
        "Subject: hello",
        "",
        ")",
        "* 1 FETCH (FLAGS (\\Seen \\Recent))",
        "c OK FETCH completed.",
    ]
    assert (await talk.all("d SEARCH UNSEEN"))[0] == "* SEARCH 2"
    assert (await talk.all("e UID STORE 2 +FLAGS (\\Deleted)"))[0] == (
        "* 2 FETCH (FLAGS (\\Deleted \\Recent) UID 2)"
    )
    assert (await talk.all("f EXPUNGE"))[0] == "* 2 EXPUNGE"
    assert (await talk.all("g UID FETCH 1:* RFC822.SIZE"))[0] == (
        f"* 1 FETCH (RFC822.SIZE {len(MESSAGE)} UID 1)"
    )
    assert (
        '"hello" (("Bob" NIL "bob" "contoso.example"))' in (await talk.all("h FETCH 1 ENVELOPE"))[0]
    )
    assert (await talk.say("i FETCH 1 NONSENSE")) == "i BAD Command Argument Error. 11"
    assert (await talk.say("j SELECT Nowhere")).startswith("j NO ")


async def test_an_examined_mailbox_is_left_as_it_was() -> None:
    talk = await reading(Tenant())
    await talk.say("b EXAMINE INBOX")
    await talk.all("c FETCH 1 BODY[]")
    assert (await talk.all("d FETCH 1 FLAGS"))[0] == "* 1 FETCH (FLAGS (\\Recent))"
    assert (
        await talk.say("e STORE 1 +FLAGS (\\Deleted)")
    ) == "e NO Command received in Invalid state."


async def test_a_message_can_be_appended_and_the_folder_counted() -> None:
    talk = await reading(Tenant())
    assert await talk.say("b APPEND Drafts (\\Seen) {5}") == "+ Ready for additional command text."
    assert (await talk.say("hello")).startswith("b OK [APPENDUID 19 1]")
    assert (await talk.all("c STATUS Drafts (MESSAGES UIDNEXT)"))[0] == (
        "* STATUS Drafts (MESSAGES 1 UIDNEXT 2) "
    )


async def test_the_maildrop_is_listed_read_and_emptied_at_quit() -> None:
    tenant = Tenant()
    for _ in range(2):
        tenant.office.store.inbox(guid("ada")).add(MESSAGE, tenant.clock.now())
    talk = await tenant.pop()
    await talk.say("AUTH XOAUTH2")
    await talk.say(xoauth2("ada", tenant.user_token("ada", "pop")))
    assert await talk.say("STAT") == f"+OK 2 {2 * len(MESSAGE)}"
    assert (await talk.all("UIDL"))[1:] == ["1 1", "2 2", "."]
    assert (await talk.all("TOP 1 1"))[-3:] == ["", "one", "."]
    assert (await talk.all("RETR 1"))[-3:] == ["one", "..two", "."]
    assert await talk.say("DELE 1") == "+OK"
    assert (await talk.say("RETR 1")).startswith("-ERR")
    assert (await talk.all("LIST"))[1:] == [f"2 {len(MESSAGE)}", "."]
    assert (await talk.say("QUIT")).startswith("+OK Microsoft Exchange")
    assert [m.uid for m in tenant.office.store.inbox(guid("ada")).messages] == [2]


async def test_a_connection_lost_before_quit_deletes_nothing() -> None:
    tenant = Tenant()
    tenant.office.store.inbox(guid("ada")).add(MESSAGE, tenant.clock.now())
    talk = await tenant.pop()
    await talk.say("AUTH XOAUTH2")
    await talk.say(xoauth2("ada", tenant.user_token("ada", "pop")))
    assert await talk.say("DELE 1") == "+OK"
    talk.front.close()
    assert len(tenant.office.store.inbox(guid("ada")).messages) == 1
