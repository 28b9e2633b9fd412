"""Credentials come from the profile or not at all."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from portineria.clock import VirtualClock
from portineria.doors.identity import Authority
from portineria.doors.keyring import SCOPES, Keyring
from portineria.doors.profiles import AppIdentity, PeopleTokens, Probe
from portineria.doors.references import Reference
from portineria.fault import OperatorFault
from portineria.m365.endpoints import Endpoints
from portineria.mail.conversation import Password
from portineria.secret import Secret
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.unseen import Unseen

ID = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"
ADA = Mailbox(
    guid="g",
    entra_id="u",
    address="ada@contoso.example",
    upn="ada.example@contoso.example",
    display_name="Ada",
)


def keyring(probe: Probe) -> Keyring:
    return Keyring(
        Authority(login="https://login.example", tenant="t"),
        Endpoints(),
        probe,
        VirtualClock(datetime(2026, 11, 23, tzinfo=UTC)),
    )


def private(path: Path, text: str) -> Reference:
    path.write_text(text)
    path.chmod(0o600)
    return Reference("file", str(path), "p.yaml:1:1")


@pytest.mark.parametrize("name", ["ADA@contoso.example", "ada.example@contoso.example"])
async def test_a_password_is_found_by_address_or_sign_in_name(tmp_path: Path, name: str) -> None:
    ring = keyring(Probe(passwords=private(tmp_path / "p", f"{name}: 'hunter2'")))
    found = await ring.credential(Basic(), ADA, Protocol.SMTP)
    assert found == Password("ada.example@contoso.example", Secret("hunter2"))
    assert "hunter2" not in f"{ring!r} {found!r}"


@pytest.mark.parametrize(
    ("caller", "why"),
    [
        (Basic(), "names no password"),
        (AppOnly(ID), f"no credential of app {ID}"),
        (UserThrough(), "no sign-in of people"),
        (UserThrough(ID), "no sign-in of people"),
    ],
)
async def test_nothing_in_the_profile_is_unseen_and_never_invented(
    caller: Caller, why: str
) -> None:
    found = await keyring(Probe()).credential(caller, ADA, Protocol.IMAP)
    assert isinstance(found, Unseen)
    assert why in found.because


async def test_another_app_or_client_than_the_profiles_own_is_unseen(tmp_path: Path) -> None:
    tokens = private(tmp_path / "t", "ben@contoso.example: 'token'")
    ring = keyring(
        Probe(
            app=AppIdentity(client_id=ID, secret=Reference("env", "NOT_SET", "p.yaml:1:1")),
            user=PeopleTokens(client_id=ID, refresh_tokens=tokens),
        )
    )
    for caller in (AppOnly(OTHER), UserThrough(OTHER), UserThrough(ID), UserThrough()):
        assert isinstance(await ring.credential(caller, ADA, Protocol.IMAP), Unseen)


async def test_a_secret_that_is_named_and_missing_is_a_mistake_of_the_profile() -> None:
    app = AppIdentity(client_id=ID, secret=Reference("env", "NOT_SET", "p.yaml:1:1"))
    with pytest.raises(OperatorFault, match="NOT_SET is not set"):
        await keyring(Probe(app=app)).credential(AppOnly(ID), ADA, Protocol.IMAP)


def test_every_protocol_has_its_delegated_scope() -> None:
    assert set(SCOPES) == set(Protocol)
