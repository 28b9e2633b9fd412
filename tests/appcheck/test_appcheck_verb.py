"""`portineria app check` as it is typed, against the lab's real doors."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from appserver import ERP, Desk
from apptenant import Pair, a_pair
from cryptography.hazmat.primitives import serialization


def a_pem(folder: Path, pair: Pair) -> str:
    key = pair.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / f"{pair.thumbprint[:8]}.pem"
    path.write_bytes(key + pair.pem.encode())
    path.chmod(0o600)
    return f"file:{path}"


def register(desk: Desk, pair: Pair) -> None:
    app = desk.application()
    cert = pair.certificate
    row = {
        "keyId": "c1",
        "customKeyIdentifier": base64.b64encode(bytes.fromhex(pair.thumbprint)).decode(),
        "startDateTime": cert.not_valid_before_utc.isoformat(),
        "endDateTime": cert.not_valid_after_utc.isoformat(),
    }
    changed = {**app, "certificates": [pair.pem], "keyCredentials": [row]}
    desk.lab.world["applications"].put(app["id"], changed)


def test_all_right_is_zero_and_a_ladder(desk: Desk) -> None:
    said = desk("app", "check", ERP, "--protocol", "imap")
    assert said.code == 0
    assert "✓ IMAP  yes, right at every step" in said.out
    for step in ("1 credential", "5 Exchange service principal", "7 mailbox right", "9 login"):
        assert step in said.out
    assert "logins 1 of 1" in said.err


def test_the_first_wrong_step_is_one_with_its_repair_and_who_can(desk: Desk) -> None:
    key, _ = desk.right()
    desk.lab.world["mailboxPermissions"].put(key, None)
    said = desk("app", "check", ERP, "--protocol", "imap")
    assert said.code == 1
    assert (
        f"✗ IMAP  no: step 7, mailbox right: the application has no FullAccess on {ERP}" in said.out
    )
    assert f"  Add-MailboxPermission -Identity {ERP} -User " in said.out
    assert "  Who can: Exchange Administrator" in said.out
    assert said.out.count("✗") == 2


def test_without_a_mailbox_the_app_alone_is_proved(desk: Desk) -> None:
    said = desk("app", "check", "--json")
    assert said.code == 0
    assert {one["mailbox"] for one in said.document["checks"]} == {None}
    assert {len(one["steps"]) for one in said.document["checks"]} == {5}
    assert [one["protocol"] for one in said.document["checks"]] == ["imap", "pop", "smtp"]


def test_several_mailboxes_are_a_table_with_each_remedy_once(desk: Desk) -> None:
    said = desk("app", "check", ERP, "nobody@contoso.example", "--protocol", "imap")
    assert said.code == 1
    assert "✓  yes, right at every step" in said.out
    assert "no recipient of this tenant is called nobody@contoso.example" in said.out
    assert said.out.count("To set it right") == 1


def test_json_is_one_object_with_every_step(desk: Desk) -> None:
    said = desk("app", "check", ERP, "--protocol", "pop", "--json")
    (found,) = said.document["checks"]
    assert said.code == 1
    assert (found["step"], found["part"], found["number"]) == ("mailbox", "mailbox switch", 6)
    assert (said.document["answer"], said.document["attempts"]) == ("no", 1)
    assert {one["outcome"] for one in found["steps"]} == {"yes", "no", "not judged"}


def test_pending_is_three_and_waiting_for_it_is_zero(desk: Desk) -> None:
    desk.weather(effects={"mailboxPermission": 3.0})
    desk.give_right()
    words = ("app", "check", ERP, "--protocol", "imap", "--json")
    said = desk(*words)
    assert said.code == 3
    (found,) = said.document["checks"]
    assert (found["answer"], found["number"]) == ("pending", 7)
    assert found["until"] > found["now"]
    waited = desk(*words, "--wait")
    assert waited.code == 0
    assert waited.document["attempts"] > 1
    assert "waiting for mailbox right: until " in waited.err


def test_patience_ends_before_the_service_does(desk: Desk) -> None:
    desk.weather(effects={"mailboxPermission": 3600.0})
    desk.give_right()
    said = desk("app", "check", ERP, "--protocol", "imap", "--wait", "1", "--json")
    assert said.code == 3
    assert said.document["attempts"] == 2


def test_what_was_seen_first_is_remembered_between_calls(desk: Desk) -> None:
    desk.weather(effects={"mailboxPermission": 3600.0})
    desk.give_right()
    words = ("app", "check", ERP, "--protocol", "imap", "--json")
    first, second = (desk(*words).document["checks"][0]["until"] for _ in range(2))
    assert first == second


def test_a_certificate_signs_and_a_wrong_one_is_told_apart(desk: Desk, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    mine, another = (a_pair(now - timedelta(days=1), days=30) for _ in range(2))
    register(desk, mine)
    for pair, wanted in ((mine, "yes"), (another, "certificate mismatch")):
        app = {"client_id": desk.client_id, "certificate": a_pem(tmp_path, pair)}
        desk.probe(app=app)
        (found,) = desk("app", "check", ERP, "--protocol", "imap", "--json").document["checks"]
        assert (found["part"] or found["answer"]) == wanted
    old = a_pair(now - timedelta(days=400), days=10)
    desk.probe(app={"client_id": desk.client_id, "certificate": a_pem(tmp_path, old)})
    (found,) = desk("app", "check", ERP, "--protocol", "imap", "--json").document["checks"]
    assert (found["number"], found["part"]) == (1, "certificate expired")


def test_a_secrets_id_in_the_place_of_its_value_is_recognised(desk: Desk, tmp_path: Path) -> None:
    key = desk.application()["passwordCredentials"][0]["keyId"]
    path = tmp_path / "mail.secret"
    path.write_text(key)
    path.chmod(0o600)
    desk.probe(app={"client_id": desk.client_id, "secret": f"file:{path}"})
    (found,) = desk("app", "check", ERP, "--protocol", "imap", "--json").document["checks"]
    assert (found["number"], found["part"]) == (1, "secret id")


def test_smtp_comes_by_the_application_that_the_profile_names_for_it(desk: Desk) -> None:
    other = "00000000-1111-4222-8333-444444444444"
    desk.probe(smtp_app={"client_id": other, "secret": "file:../lab/mail.secret"})
    found = desk("app", "check", ERP, "--json").document["checks"]
    assert [one["app"] for one in found] == [desk.client_id, desk.client_id, other]
    assert found[2]["part"] == "application"
    one = desk("app", "check", ERP, "--app", other, "--protocol", "smtp", "--json")
    assert [check["app"] for check in one.document["checks"]] == [other]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--app", "99999999-0000-4000-8000-000000000000"), "holds no credential of app"),
        (("--user", "a@b.example"), "no mailbox is named"),
        ((ERP, "--user", " "), "is no mailbox"),
        ((ERP, "--wait", "soon"), "--wait"),
    ],
)
def test_words_that_mean_nothing_are_two(desk: Desk, words: tuple[str, ...], why: str) -> None:
    said = desk("app", "check", *words)
    assert said.code == 2
    assert why in said.err


def test_a_profile_without_a_mail_app_is_told_how_to_get_one(desk: Desk) -> None:
    desk.probe(app=None)
    said = desk("app", "check", ERP)
    assert said.code == 2
    assert "the profile names no mail app for IMAP" in said.err
    assert "portineria app create" in said.err


def test_neither_secret_nor_token_is_in_any_output(desk: Desk) -> None:
    """Not in what is printed, and not in the state folder beyond the files that hold them."""
    tokens = []
    from portineria.lab.login import tokens as minting

    real = minting.mint

    def mint(*args: object, **more: object) -> str:
        token = real(*args, **more)  # type: ignore[arg-type]
        tokens.append(token)
        return token

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minting, "mint", mint)
        told = [
            desk("app", "check", ERP, *more)
            for more in ((), ("--json",), ("--verbose",), ("--user", "ada@contoso.example"))
        ]
    assert tokens
    secret = str(desk.info["mail_app"]["client_secret"])
    needles = [secret, secret[:12], *tokens, *(token.split(".")[1] for token in tokens)]
    forms = [
        form
        for one in needles
        for form in (one, quote(one, safe=""), base64.b64encode(one.encode()).decode().rstrip("="))
    ]
    places = [said.out + said.err for said in told]
    held = {desk.state / "lab" / "mail.secret"}
    files = [path for path in desk.state.rglob("*") if path.is_file() and path not in held]
    places += [path.read_text(errors="replace") for path in files]
    assert not [form[:6] for form in forms for place in places if form in place]


def test_completion_offers_the_applications_of_the_profile(desk: Desk) -> None:
    import click

    from portineria.cli import completing
    from portineria.cli.frame import Asked

    asked = Asked()
    asked.profile_option = "lab"
    context = click.Context(click.Command("check"), obj=asked)
    option = click.Option(["--app"])
    assert completing.mail_apps(context, option, "") == [desk.client_id]
    assert completing.mail_apps(context, option, "zz") == []
    asked.profile_option = "nobody"
    assert completing.mail_apps(context, option, "") == []
