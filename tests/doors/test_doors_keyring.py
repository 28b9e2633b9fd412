"""Credentials come from the profile or not at all."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portineria.clock import VirtualClock
from portineria.doors.gate.gatetokens import YOUNG, GateTokens
from portineria.doors.identity import Authority, UserTokens
from portineria.doors.keyring import Keyring
from portineria.doors.profiles import AppIdentity, PeopleTokens, Probe
from portineria.doors.references import Reference
from portineria.doors.signins import SCOPES, SignIns
from portineria.doors.vault import Vault
from portineria.fault import BadCredential, OperatorFault
from portineria.gateway.admission import Entrance
from portineria.m365.endpoints import Endpoints
from portineria.mail.conversation import Password, Token
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


# --- people's tokens ---------------------------------------------------------------------------

SHARED = Mailbox(
    guid="s",
    entra_id="v",
    address="invoices@contoso.example",
    upn="invoices@contoso.example",
    display_name="Invoices",
)


class Asked:
    """The token service, which answers each refresh token with a newer one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.with_: list[str] = []
        self.life = 1
        monkeypatch.setattr(UserTokens, "_ask_service", lambda tokens, scope: self._answer(tokens))

    def _answer(self, tokens: UserTokens) -> dict[str, str]:
        refresh = tokens._refresh.reveal()
        self.with_.append(refresh)
        return {
            "access_token": f"at-{refresh}",
            "expires_in": str(self.life),
            "refresh_token": f"{refresh}+",
        }


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "people.vault", tmp_path / "people.key")


def through(path: Path, **more: str) -> Probe:
    tokens = Reference("file", str(path), "p.yaml:1:1")
    return Probe(user=PeopleTokens(client_id=ID, refresh_tokens=tokens, delegates=more))


async def test_a_rotated_token_is_kept_in_the_vault(asked: Asked, vault: Vault) -> None:
    vault.keep(ADA.upn, Secret("r"))
    await keyring(through(vault.path)).credential(UserThrough(), ADA, Protocol.IMAP)
    assert vault.read() == {ADA.upn: Secret("r+")}
    await keyring(through(vault.path)).credential(UserThrough(), ADA, Protocol.IMAP)
    assert asked.with_ == ["r", "r+"]


async def test_a_list_that_a_person_keeps_is_read_and_not_written(
    asked: Asked, tmp_path: Path
) -> None:
    private(tmp_path / "t", f"{ADA.upn}: 'r'  # mine\n")
    found = await keyring(through(tmp_path / "t")).credential(UserThrough(), ADA, Protocol.IMAP)
    assert found == Token(ADA.address, Secret("at-r"))
    assert (tmp_path / "t").read_text() == f"{ADA.upn}: 'r'  # mine\n"


async def test_a_shared_mailbox_is_opened_with_its_delegates_token_and_its_own_address(
    asked: Asked, vault: Vault
) -> None:
    vault.keep(ADA.upn, Secret("r"))
    probe = through(vault.path, **{SHARED.address: ADA.upn})
    found = await keyring(probe).credential(UserThrough(), SHARED, Protocol.IMAP)
    assert found == Token(SHARED.address, Secret("at-r"))


async def test_a_delegate_who_did_not_sign_in_is_named(asked: Asked, vault: Vault) -> None:
    vault.keep("ben@contoso.example", Secret("r"))
    probe = through(vault.path, **{SHARED.address: ADA.upn})
    found = await keyring(probe).credential(UserThrough(), SHARED, Protocol.IMAP)
    assert isinstance(found, Unseen)
    assert f"no sign-in of {ADA.upn}" in found.because
    assert asked.with_ == []


# --- people's tokens, for a gateway ------------------------------------------------------------

DOOR = Entrance(mailbox=ADA.address, protocol=Protocol.IMAP, grant="g", person=ADA.upn)


def for_gateway(vault: Vault) -> GateTokens:
    ring = keyring(through(vault.path))
    assert ring.probe.user is not None
    return GateTokens(
        apps={},
        people=SignIns(ring.authority, ring.probe.user, ring.clock),
        scope="",
        resource="https://outlook.office.com",
        profile="p.yaml",
        clock=ring.clock,
    )


async def test_a_gateway_opens_with_the_token_of_who_signed_in(asked: Asked, vault: Vault) -> None:
    vault.keep(ADA.upn, Secret("r"))
    tokens = for_gateway(vault)
    assert await tokens.token(DOOR) == Secret("at-r")
    assert await tokens.token(DOOR) == Secret("at-r")
    assert asked.with_ == ["r"]
    assert not list(tokens.lacking([DOOR]))


async def test_a_new_sign_in_is_found_while_the_gateway_runs(asked: Asked, vault: Vault) -> None:
    vault.keep("ben@contoso.example", Secret("b"))
    tokens = for_gateway(vault)
    ((door, fault),) = tokens.lacking([DOOR])
    assert (door, fault.try_) == (
        DOOR,
        f"let that person sign in: portineria connect user {ADA.upn}",
    )
    with pytest.raises(BadCredential, match="no sign-in of this person"):
        await tokens.token(DOOR)
    vault.keep(ADA.upn, Secret("first"))
    assert await tokens.token(DOOR) == Secret("at-first")
    vault.keep(ADA.upn, Secret("second"))
    await tokens.clock.sleep(YOUNG)
    assert tokens.renew(DOOR)
    assert await tokens.token(DOOR) == Secret("at-second")
    assert asked.with_ == ["first", "second"]


async def test_a_token_so_young_is_not_asked_for_again(asked: Asked, vault: Vault) -> None:
    vault.keep(ADA.upn, Secret("r"))
    tokens = for_gateway(vault)
    await tokens.token(DOOR)
    assert not tokens.renew(DOOR)


async def test_a_door_of_the_mail_app_is_not_opened_by_a_person(asked: Asked, vault: Vault) -> None:
    vault.keep(ADA.upn, Secret("r"))
    with pytest.raises(BadCredential, match="names no mail app"):
        await for_gateway(vault).token(replace(DOOR, person=""))
    assert asked.with_ == []


async def test_where_nobody_signed_in_for_the_profile_the_gateway_says_so(vault: Vault) -> None:
    tokens = replace(for_gateway(vault), people=None)
    with pytest.raises(BadCredential, match="nobody signed in for this profile"):
        await tokens.token(DOOR)


@pytest.mark.parametrize("stays", [True, False])
async def test_the_next_token_is_asked_for_ahead_of_whoever_is_still_in_the_list(
    asked: Asked, vault: Vault, stays: bool
) -> None:
    """And whoever was taken out of it is not put back."""
    vault.keep(ADA.upn, Secret("r"))
    tokens, asked.life = for_gateway(vault), 700
    await tokens.token(DOOR)
    if not stays:
        vault.change(lambda held: held.clear())
    keeping = asyncio.ensure_future(tokens.keep())
    await asyncio.sleep(0.3)
    keeping.cancel()
    assert (len(asked.with_) > 1) is stays
    assert (ADA.upn in vault.read()) is stays
