"""A certificate of our own: what Entra takes, for its owner alone, whole or not at all."""

import base64
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from portineria.doors import keys
from portineria.doors.proof import AppCredential, proof
from portineria.fault import BadCredential, StateFault

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "contoso.pem"
    keys.make(path, "Portineria control (contoso)", NOW, 90)
    return path


def test_it_is_rsa_for_so_many_days_and_says_whose_it_is(pem: Path) -> None:
    (found,) = x509.load_pem_x509_certificates(pem.read_bytes())
    key = found.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 3072
    assert found.subject == found.issuer
    assert "Portineria control (contoso)" in found.subject.rfc4514_string()
    assert found.not_valid_after_utc == NOW + timedelta(days=90)
    assert found.not_valid_before_utc < NOW
    assert keys.DAYS <= 365


def test_its_file_is_its_owners_alone_and_what_is_read_of_it_is_public(pem: Path) -> None:
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600
    found = keys.read(pem)
    assert base64.b64decode(found.base64) == found.der
    assert b"PRIVATE" not in found.der
    assert len(found.thumbprint) == 64
    assert found.ends == NOW + timedelta(days=90)


def test_the_token_service_can_be_asked_with_it(pem: Path) -> None:
    given = proof(AppCredential(client_id="app", certificate_file=pem), NOW)
    assert isinstance(given, dict)
    assert "private_key" in given


def test_every_key_is_another(tmp_path: Path) -> None:
    one = keys.make(tmp_path / "a.pem", "a", NOW)
    assert one.thumbprint != keys.make(tmp_path / "a.pem", "a", NOW).thumbprint


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\n", b"\x00"])
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pem"
    path.write_bytes(content)
    with pytest.raises(BadCredential, match="no private key with its certificate"):
        keys.read(path)


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(StateFault, match="cannot be written"):
        keys.make(tmp_path / "none" / "a.pem", "a", NOW)
    assert list(tmp_path.iterdir()) == []
