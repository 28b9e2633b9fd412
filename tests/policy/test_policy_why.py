"""Why: every rung, the one that decides, what would change it; and the page of the ladder."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from asked import APP_ONLY, BASIC, IMAP, NOW, SMTP, USER, access, box, open_tenant, world

from portineria.policy.effective import Context, walk
from portineria.policy.rungs.ladder import LADDER
from portineria.policy.show import ladder as ladder_page
from portineria.policy.show import why
from portineria.tenant.mailbox import SmtpSwitch
from portineria.tenant.snapshot import Snapshot

ROOT = Path(__file__).parents[2]


def shown(snapshot: Snapshot, *question: object) -> tuple[str, dict[str, object]]:
    asked = access(snapshot, *question)  # type: ignore[arg-type]
    verdict = walk(asked)
    return why.text(asked, verdict), why.document(asked, verdict)


def closed() -> Snapshot:
    return box(smtp=SmtpSwitch.OFF)(world(security_defaults=True)(open_tenant()))


def test_the_headline_says_what_was_asked_and_what_the_answer_is() -> None:
    assert shown(open_tenant(), IMAP, APP_ONLY)[0].startswith(
        f"IMAP of ada@contoso.example as {APP_ONLY}: yes, open\n"
    )
    assert shown(closed(), SMTP, BASIC)[0].startswith(
        "SMTP of ada@contoso.example as basic: no, mailbox switch refuses\n"
    )
    assert shown(world(security_defaults=True)(open_tenant()), SMTP, USER)[0].startswith(
        "SMTP of ada@contoso.example as user: could not tell, because of security defaults\n"
    )


def test_the_address_is_repeated_where_it_was_given() -> None:
    asked = replace(
        access(open_tenant(), SMTP, BASIC), context=Context(NOW, ip_address("203.0.113.1"))
    )
    assert "as basic from 203.0.113.1:" in why.text(asked, walk(asked))


def test_the_text_shows_every_rung_points_at_one_and_says_what_would_change_it() -> None:
    text, document = shown(closed(), SMTP, BASIC)
    rungs = document["ladder"]
    assert isinstance(rungs, list)
    assert all(rung["because"] in text for rung in rungs)
    (pointed,) = [line for line in text.splitlines() if line.startswith("→")]
    assert "STOP  mailbox switch" in pointed
    assert "What would change it: Set-CASMailbox -SmtpClientAuthenticationDisabled $false" in text
    assert "And then security defaults: " in text


def test_an_unknown_says_what_would_settle_it_and_how_far_to_trust_it() -> None:
    text, _ = shown(world(security_defaults=True)(open_tenant()), SMTP, USER)
    assert "What would settle it: to settle it, log in once" not in text
    assert "What would settle it: log in once as a person with OAuth over SMTP" in text
    assert "unverified: " in text


def test_an_open_access_has_nothing_to_change() -> None:
    text, _ = shown(open_tenant(), IMAP, USER)
    assert "What would" not in text
    assert "STOP" not in text


def test_the_document_is_json_and_names_the_rung_that_decides() -> None:
    _, document = shown(closed(), SMTP, BASIC)
    assert json.loads(json.dumps(document)) == document
    assert document["schema"] == "portineria/why@1"
    assert document["answer"] == "no"
    assert document["layer"] == "mailbox switch"
    rungs = document["ladder"]
    assert isinstance(rungs, list)
    assert [rung["layer"] for rung in rungs if rung["decides"]] == ["mailbox switch"]


@pytest.mark.parametrize("step", LADDER, ids=lambda step: step.judge.__name__)
def test_the_page_of_the_ladder_shows_every_rung(step: object) -> None:
    assert step.asks in ladder_page.page()  # type: ignore[attr-defined]


def test_the_page_links_to_files_that_exist() -> None:
    for step in LADDER:
        path = ROOT / "src" / (step.judge.__module__.replace(".", "/") + ".py")
        assert path.is_file()
