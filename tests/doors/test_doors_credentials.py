"""The contract of every store of credentials; a file, and a server."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from portineria.clock import SystemClock
from portineria.doors.gate.credentialfile import (
    ALPHABET,
    FILE,
    Credentials,
    generated,
    hash_key,
)
from portineria.doors.gate.sqlstore import Postgres, SqliteFile
from portineria.fault import StateFault
from portineria.gateway.admission import Credential
from portineria.gateway.credentials import CredentialStore
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol
from postgres import Server, postgres

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def in_a_file(folder: Path) -> CredentialStore:
    return Credentials(SqliteFile(folder / FILE, SystemClock(asyncio.sleep)))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as found:
        yield found


def one(id_: str = "1", *names: str) -> Credential:
    return Credential(
        id=id_,
        names=names or ("scanner",),
        proof=f"proof of {id_}",
        mailboxes=("scan@contoso.example",),
        protocols=frozenset({Protocol.SMTP, Protocol.IMAP}),
        networks=(ip_network("192.0.2.0/24"),),
        created=NOW,
        note="a note",
    )


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.stranger)])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], CredentialStore]:
    if request.param == "file":
        return lambda: in_a_file(tmp_path / "gateway")
    conninfo = Secret(request.getfixturevalue("server").conninfo)
    with Postgres(conninfo, "here").whole("tables") as rows:
        rows("DELETE FROM credential")
    return lambda: Credentials(Postgres(conninfo, "here"))


Opening = Callable[[], CredentialStore]


def test_what_is_kept_is_there_for_the_next_process(opening: Opening) -> None:
    assert opening().add(one(), NOW) is None
    assert opening().every() == [one()]


def test_a_name_that_stands_is_taken_however_it_is_written(opening: Opening) -> None:
    store = opening()
    store.add(one("1", "CONTOSO\\scanner"), NOW)
    assert store.add(one("2", "contoso/Scanner"), NOW) == one("1", "CONTOSO\\scanner")
    assert [kept.id for kept in store.every()] == ["1"]


def test_a_name_is_free_again_once_its_credential_is_over(opening: Opening) -> None:
    store = opening()
    store.add(replace(one(), until=NOW + HOUR), NOW)
    assert store.add(one("2"), NOW + HOUR) is None
    store.revoke("2", NOW + HOUR)
    assert store.add(one("3"), NOW + HOUR) is None


def test_revoking_by_name_or_id_ends_what_stands_and_says_what(opening: Opening) -> None:
    store = opening()
    store.add(one(), NOW)
    store.add(one("2", "other"), NOW)
    assert store.revoke("SCANNER", NOW) == [replace(one(), revoked=NOW)]
    assert store.revoke("scanner", NOW) == []
    assert [kept.id for kept in store.revoke("2", NOW)] == ["2"]
    assert all(kept.revoked == NOW for kept in store.every())


def test_rotating_keeps_both_until_the_old_one_ends(opening: Opening) -> None:
    store = opening()
    store.add(one(), NOW)
    assert store.rotate(one("2"), "1", NOW + HOUR)
    assert store.every() == [replace(one(), until=NOW + HOUR), one("2")]
    assert not store.rotate(one("3"), "9", NOW)


def test_an_overlap_makes_no_credential_last_longer(opening: Opening) -> None:
    store = opening()
    store.add(replace(one(), until=NOW + HOUR), NOW)
    store.rotate(one("2"), "1", NOW + 2 * HOUR)
    assert store.every()[0].until == NOW + HOUR


def test_a_change_by_somebody_else_is_seen_once(opening: Opening) -> None:
    store, other = opening(), opening()
    store.changed()
    assert not store.changed()
    other.add(one(), NOW)
    assert store.changed()
    assert not store.changed()


def test_a_generated_password_is_long_and_has_nothing_to_mistake() -> None:
    password = generated().reveal()
    assert len(ALPHABET) ** len(password) > 2**128
    assert not set(password) & set("01ilo")
    assert password == password.lower()
    assert generated() != generated()


def test_the_key_is_made_once_and_must_be_whole(tmp_path: Path) -> None:
    key = hash_key(tmp_path)
    assert hash_key(tmp_path) == key
    path = tmp_path / "hash.key"
    path.write_bytes(key[:5])
    with pytest.raises(StateFault, match="not 32 octets"):
        hash_key(tmp_path)
    path.chmod(0o644)
    with pytest.raises(StateFault, match="open to others"):
        hash_key(tmp_path)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "credentials.sqlite").write_bytes(b"not a database" * 100)
    (tmp_path / "credentials.sqlite").chmod(0o600)
    with pytest.raises(StateFault, match="cannot be used"):
        in_a_file(tmp_path)
