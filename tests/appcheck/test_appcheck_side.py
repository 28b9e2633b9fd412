"""What `app check` does to others: nothing; and how much it does at once."""

from __future__ import annotations

from apptenant import ERP, app_tenant

from portineria.policy.appsteps.step import Outcome
from portineria.run.appcheck import LIMIT, AppQuestion
from portineria.tenant.mailbox import Mailbox, Protocol


async def test_nothing_is_written_and_no_mail_is_touched() -> None:
    async with app_tenant() as tenant:
        tenant.lab.history.clear()
        await tenant.check(Protocol.IMAP, Protocol.SMTP)
        assert tenant.logins == 2
        assert list(tenant.lab.history.writes()) == []
        assert {row["step"] for row in tenant.said} == {"auth", "first command"}


async def test_each_attempt_asks_for_a_new_token() -> None:
    async with app_tenant() as tenant:
        for _ in range(3):
            await tenant.check(Protocol.IMAP, Protocol.POP)
        asked = [one for one in tenant.lab.history.asked if one.operation.startswith("token")]
        mine = [one for one in asked if one.caller == tenant.mail.client_id]
        assert len(mine) == 3


async def test_many_mailboxes_are_looked_at_four_at_a_time() -> None:
    async with app_tenant() as tenant:
        rows = list(tenant.lab.world["mailboxes"].all())
        names = [str(row["PrimarySmtpAddress"]) for row in rows if "@contoso.example" in str(row)]
        wanted = tuple(sorted({ERP, *names}))
        question = AppQuestion(apps={Protocol.IMAP: tenant.mail.client_id}, mailboxes=wanted)
        found = await tenant.ask(question)
        assert [one.case.place.name for one in found if one.case.place] == list(wanted)
        assert {one.answer for one in found} >= {Outcome.YES, Outcome.NO}
        assert 1 < tenant.at_once <= LIMIT
        boxes = [one for one in found if one.case.place and isinstance(one.case.place.box, Mailbox)]
        assert len(boxes) == len(wanted)
        batches = [one for one in tenant.lab.history.asked if "batch" in one.path]
        assert len(batches) < len(wanted)
