"""What `app check` prints: every step once, the one that is named, and what mends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from appgiven import (
    APP,
    BARE,
    BOX,
    JUST,
    NOW,
    OID,
    OLD,
    RBAC_TOKEN,
    SHUT,
    a_place,
    an_app,
    judged,
)

from portineria.policy.appsteps.ladder import STEPS
from portineria.policy.appsteps.step import Outcome
from portineria.policy.delays import DELAYS
from portineria.policy.show import appcheck, appsteps
from portineria.tenant.apps import MailboxRight
from portineria.tenant.mailapp import Enterprise, ExchangePrincipal, TokenRefused
from portineria.tenant.mailbox import Protocol
from portineria.tenant.unseen import Unseen

NONE = MailboxRight(full_access=False)


def test_one_mailbox_is_a_ladder_with_one_line_for_what_protocols_share() -> None:
    imap = judged(None, a_place())
    pop = judged(None, a_place(right=NONE, login=SHUT), Protocol.POP)
    told = appcheck.text([imap, pop]).splitlines()
    assert told[:5] == [
        "erp@c.example",
        f"  as «Mail», {APP}",
        "  ✓ IMAP  yes, right at every step",
        "  ✗ POP   no: step 7, mailbox right: the application has no FullAccess on erp@c.example",
        "",
    ]
    assert "  ✓ 1 credential                  a token was got with the profile's secret" in told
    assert len([line for line in told if "1 credential" in line]) == 1
    assert len([line for line in told if "aud https://outlook.office365.com" in line]) == 1
    steps = told[5:]
    assert any(one.startswith("→ ✗") and "POP: the application has no" in one for one in steps)
    assert any(
        line.startswith("  ✓") and "IMAP: the application has FullAccess" in line for line in told
    )
    assert any(
        line.startswith("  ·") and "POP: refused, as step 7 explains" in line for line in told
    )
    at = told.index("To set it right (POP of erp@c.example):")
    assert told[at + 1].startswith("  Add-MailboxPermission -Identity erp@c.example ")
    assert told[at + 2] == "  Who can: Exchange Administrator"


def test_what_is_pending_says_until_when_and_needs_no_mending() -> None:
    app = an_app(exchange=ExchangePrincipal(object_id=OID, created=JUST))
    told = appcheck.text([judged(app, a_place(login=SHUT))])
    assert "… IMAP  pending: step 5, Exchange service principal:" in told
    assert "; until 2026-11-05 13:59:40 UTC at the latest, in 120 min" in told
    assert "To set it right" not in told
    assert "seen: BAD" in told
    assert appcheck.countdown(NOW + timedelta(seconds=3), NOW).endswith("in 1 min")


def test_the_app_alone_and_two_apps_are_told_as_such() -> None:
    alone = appcheck.text([judged(an_app(enterprise=Enterprise(object_id=OID, enabled=False)))])
    assert alone.startswith("The mail app by itself; name a mailbox to go on\n")
    assert "To set it right (IMAP of app-1):" in alone
    scoped = replace(an_app(**RBAC_TOKEN), client_id="app-2")
    both = appcheck.text([judged(None, a_place()), judged(scoped, a_place(), Protocol.SMTP)])
    assert "  as «Mail», app-1\n  ✓ IMAP" in both
    assert "  as «Mail», app-2\n  ✗ SMTP" in both
    silent = appcheck.text([judged(an_app(token=TokenRefused(code=53003, why="blocked")))])
    assert "→ ✗ 1 credential" in silent
    assert "seen:" not in silent.partition("→")[2].partition("\n  ")[0]


def test_many_of_one_remedy_are_told_by_the_first_five() -> None:
    app = an_app(exchange=None)
    checks = [judged(app, a_place(login=SHUT)) for _ in range(7)]
    (_, first, *_) = appcheck.mending(checks)
    assert first == f"To set it right ({', '.join(['IMAP of erp@c.example'] * 5)} and 2 more):"


def test_where_nobody_has_to_be_asked_nobody_is_named() -> None:
    told = list(appcheck.mending([judged(None, a_place(plan=Unseen("no permission")))]))
    assert told[1:] == ["To set it right (IMAP of erp@c.example):", "  read the directory's users"]


def test_names_cannot_speak_to_the_terminal() -> None:
    app = an_app(enterprise=Enterprise(object_id=OID, name="Mail\x1b[2J"))
    assert "\x1b" not in appcheck.text([judged(app, a_place())])


def test_the_document_has_every_check_with_its_ladder() -> None:
    young = an_app(exchange=ExchangePrincipal(object_id=OID, created=JUST))
    told = appcheck.document(
        [judged(None, a_place()), judged(young, a_place(login=SHUT)), judged(young)],
        Outcome.PENDING,
    )
    good, late, alone = told["checks"]
    assert (told["answer"], good["step"], good["until"]) == ("pending", None, None)
    assert (late["number"], late["until"]) == (5, "2026-11-05T13:59:40+00:00")
    assert late["steps"][4]["until"] == late["until"]
    assert (alone["mailbox"], alone["user"]) == (None, None)
    assert good["mailbox"] == good["user"] == BOX.address
    assert [step["number"] for step in good["steps"]] == [1, 2, 3, 4, 5, 6, 7, 9]


def test_the_page_has_every_step_and_every_delay() -> None:
    steps, delays = appsteps.steps(), appsteps.delays()
    assert [line.split("|")[1].strip() for line in steps.splitlines()[2:]] == [
        str(step.number) for step in STEPS
    ]
    assert len(delays.splitlines()) == 2 + len(DELAYS)
    assert "| application or enterprise application | seconds to a minute | 1 min |" in delays


def test_a_token_that_needs_no_role_says_that_it_has_none() -> None:
    told = appcheck.text([judged(an_app(**RBAC_TOKEN), a_place(), Protocol.SMTP)])
    assert "roles none" in told
    assert BARE.roles == ()
    assert OLD < NOW
