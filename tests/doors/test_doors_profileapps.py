"""Which applications a profile names: entered and taken out, comments kept, nothing in silence."""

from pathlib import Path

import pytest

from portineria.doors.profileapps import Naming, forget_app, name_app
from portineria.doors.profiles import load
from portineria.fault import OtherApp, StateFault
from portineria.policy.marked import FileFault

MAIL, SMTP, OTHER = (f"a9900000-0000-0000-0000-00000000000{n}" for n in (1, 2, 3))
TEXT = """\
# this profile is ours
tenant: contoso.onmicrosoft.com   # the first of three
control: {client_id: 11111111-2222-3333-4444-555555555555, secret: env:CONTROL}
probe:
  # who may be tried
  passwords: file:passwords.yaml
"""


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "profiles" / "contoso.yaml"
    path.parent.mkdir()
    path.write_text(TEXT)
    path.chmod(0o600)
    return path


def naming(profile: Path, client_id: str = MAIL, key: str = "app") -> Naming:
    return Naming(
        key=key, client_id=client_id, certificate=profile.parent.parent / "keys" / "mail.pem"
    )


def test_an_application_is_entered_beside_what_stands_there(profile: Path) -> None:
    assert name_app(profile, naming(profile))
    assert name_app(profile, naming(profile, SMTP, "smtp_app"))
    found = load(profile.parent, "contoso").probe
    assert found.app is not None
    assert found.smtp_app is not None
    assert (found.app.client_id, found.smtp_app.client_id) == (MAIL, SMTP)
    assert found.app.certificate is not None
    assert found.app.certificate.path.name == "mail.pem"
    text = profile.read_text()
    for kept in ("# this profile is ours", "# the first of three", "# who may be tried"):
        assert kept in text
    assert "file:../keys/mail.pem" in text
    assert profile.stat().st_mode & 0o777 == 0o600


def test_named_already_nothing_is_written(profile: Path) -> None:
    name_app(profile, naming(profile))
    before = profile.read_bytes()
    assert not name_app(profile, naming(profile, MAIL.upper()))
    assert profile.read_bytes() == before


def test_another_application_is_replaced_only_where_that_was_said(profile: Path) -> None:
    name_app(profile, naming(profile, OTHER))
    before = profile.read_bytes()
    with pytest.raises(OtherApp) as caught:
        name_app(profile, naming(profile))
    assert OTHER in caught.value.why
    assert profile.read_bytes() == before
    assert name_app(profile, naming(profile), replacing=True)
    app = load(profile.parent, "contoso").probe.app
    assert app is not None
    assert app.client_id == MAIL


def test_a_profile_without_a_probe_gets_one_and_loses_it_again(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text("\n".join(TEXT.splitlines()[:3]) + "\n")
    assert name_app(path, naming(tmp_path / "profiles" / "x"))
    assert forget_app(path, OTHER) == ()
    assert forget_app(path, MAIL.upper()) == ("app",)
    assert "probe" not in path.read_text()
    assert "# this profile is ours" in path.read_text()


def test_what_is_no_profile_is_left_as_it_is(profile: Path) -> None:
    profile.write_text("tenant: [")
    with pytest.raises(FileFault):
        name_app(profile, naming(profile))
    assert profile.read_text() == "tenant: ["


def test_the_control_app_does_not_become_the_mail_app(profile: Path) -> None:
    """Whatever is written must read back as a profile."""
    control = "11111111-2222-3333-4444-555555555555"
    with pytest.raises((FileFault, StateFault)):
        name_app(profile, naming(profile, control))
    assert profile.read_text() == TEXT
