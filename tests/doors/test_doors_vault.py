"""Refresh tokens at rest: sealed, whole, and nothing without the other file."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from portineria.doors.privatemap import read_private_map
from portineria.doors.references import Reference
from portineria.doors.vault import Vault
from portineria.fault import BadCredential, NoFile, StateFault
from portineria.secret import Secret

TOKEN = "0.ARefresh/Token+that=must_not-be-read~"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "keys").mkdir()
    return Vault(tmp_path / "tokens" / "lab.vault", tmp_path / "keys" / "lab.key")


def test_what_is_kept_comes_out_again_by_address_whatever_its_case(vault: Vault) -> None:
    assert vault.read() == {}
    vault.keep("Ada@Contoso.example", Secret(TOKEN))
    vault.keep("ben@contoso.example", Secret("other"))
    vault.keep("ada@contoso.example", Secret(TOKEN))
    assert Vault(vault.path, vault.key).read() == {
        "ada@contoso.example": Secret(TOKEN),
        "ben@contoso.example": Secret("other"),
    }


def test_neither_file_holds_the_token_nor_its_person_in_any_writing(vault: Vault) -> None:
    vault.keep("ada@contoso.example", Secret(TOKEN))
    written = vault.path.read_text() + vault.key.read_text()
    for form in (TOKEN, quote(TOKEN, safe=""), base64.b64encode(TOKEN.encode()).decode()[:20]):
        assert form not in written
    assert "ada" not in written
    for path in (vault.path, vault.key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert TOKEN not in repr(vault)


def test_the_same_list_is_never_sealed_in_the_same_way_twice(vault: Vault) -> None:
    vault.keep("a@x", Secret("t"))
    first = vault.path.read_bytes()
    vault.keep("a@x", Secret("t"))
    assert vault.path.read_bytes() != first


def test_a_reference_to_it_is_read_as_a_list_is(vault: Vault) -> None:
    vault.keep("ada@contoso.example", Secret(TOKEN))
    reference = Reference("file", str(vault.path), "p.yaml:1:1")
    assert read_private_map(reference) == {"ada@contoso.example": Secret(TOKEN)}
    assert Vault.at(vault.path) == Vault(vault.path, vault.path.parent / "../keys/lab.key")


def test_a_list_that_people_write_is_no_vault(tmp_path: Path) -> None:
    path = tmp_path / "tokens.yaml"
    path.write_text("ada@contoso.example: 'token'")
    assert Vault.at(path) is None
    assert Vault.at(tmp_path / "none") is None


@pytest.mark.parametrize("damage", ["flipped", "cut", "other key", "no seal"])
def test_what_was_damaged_is_not_half_read(vault: Vault, damage: str) -> None:
    vault.keep("ada@contoso.example", Secret(TOKEN))
    text = vault.path.read_text()
    if damage == "flipped":
        at = text.index('"sealed": "') + 40
        vault.path.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    elif damage == "cut":
        vault.path.write_text(text[: len(text) // 2])
    elif damage == "no seal":
        vault.path.write_text(text.replace("sealed", "opened"))
    else:
        vault.key.write_bytes(base64.b64encode(b"k" * 32))
    with pytest.raises(BadCredential, match="cannot be opened") as caught:
        vault.read()
    assert "portineria connect user" in caught.value.try_


def test_a_key_that_is_gone_or_open_to_others_is_named(vault: Vault) -> None:
    vault.keep("ada@contoso.example", Secret(TOKEN))
    vault.key.chmod(0o644)
    with pytest.raises(BadCredential, match="open to others"):
        vault.read()
    vault.key.unlink()
    with pytest.raises(NoFile, match="key of the list of tokens"):
        vault.read()


def test_a_folder_that_cannot_be_written_loses_nothing(vault: Vault) -> None:
    with pytest.raises(StateFault, match="cannot be written"):
        Vault(vault.path.parent / "none" / "x.vault", vault.key).keep("a@x", Secret("t"))


def _keep(path: Path, key: Path, number: int) -> None:
    Vault(path, key).keep(f"p{number}@x", Secret(str(number)))


def test_processes_that_write_at_the_same_time_lose_no_token(vault: Vault) -> None:
    with ProcessPoolExecutor(4) as pool:
        for done in [pool.submit(_keep, vault.path, vault.key, n) for n in range(16)]:
            done.result()
    assert len(vault.read()) == 16
