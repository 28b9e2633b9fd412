"""From the words of `app check` to its attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portineria.cli.frame import Asked
from portineria.cli.session import with_tenant
from portineria.fault import UsageFault
from portineria.run.appcheck import AppQuestion, app_check
from portineria.run.appwait import Waited, until_settled
from portineria.tenant.mailbox import Protocol

if TYPE_CHECKING:
    from portineria.policy.appsteps.ladder import Checked
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant


def run_check(
    said: Asked,
    mailboxes: tuple[str, ...],
    protocols: tuple[Protocol, ...],
    client_id: str | None,
    user: str | None,
    wait: int | None,
) -> Waited:
    """`wait`: seconds, a negative number for as long as it may take, None: one attempt.

    Raises UsageFault, NoSuch.
    """
    _refuse_odd(mailboxes, user)

    async def work(tenant: Tenant, teller: Progress) -> Waited:
        from portineria.wiring.appcheck import apps_for, hands_of

        apps = apps_for(tenant.profile, protocols, client_id and client_id.lower())
        names = tuple(dict.fromkeys(name.lower() for name in mailboxes))
        question = AppQuestion(apps=apps, mailboxes=names, user=user and user.lower())
        hands = hands_of(tenant, teller)

        async def attempt() -> tuple[Checked, ...]:
            return await app_check(hands, question)

        patience = 0.0 if wait is None else None if wait < 0 else float(wait)
        return await until_settled(attempt, tenant.clock, teller, patience)

    return with_tenant(said, work)


def _refuse_odd(mailboxes: tuple[str, ...], user: str | None) -> None:
    """What cannot be a name is told before anything is asked."""
    for word, where in (*((one, "MAILBOX") for one in mailboxes), (user, "--user")):
        if word is not None and not (word.strip() and word.isprintable()):
            raise UsageFault(
                f"{word!r} is no mailbox", where=where, try_="write an address: erp@contoso.com"
            )
    if user is not None and not mailboxes:
        raise UsageFault(
            "--user says as whom a mailbox is opened, and no mailbox is named",
            where="--user",
            try_="portineria app check MAILBOX --user ADDRESS",
        )
