"""portineria settings: what works for a mailbox and a client, in the form that is asked for."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from saying import Say, a_snapshot, keep
from shell import Shell

from doors_tls import write_chain
from leftover import left_over
from portineria.doors.signedprofile import signed
from portineria.fault import BadCredential
from portineria.tenant.unseen import Unseen
from published import judged

LAB = ("--profile", "lab")
ADA, SCAN = "ada@contoso.example", "scan@contoso.example"
POLICY = """\
tenant: contoso.example
grants:
  - name: scanner
    who: {mailboxes: [scan@contoso.example]}
    allow: [imap, smtp]
    through: gateway
"""
GATEWAY = """\
name: gate.contoso.example
listen:
  - {protocol: smtp, at: "0.0.0.0:2525", tls: none, networks: [10.0.0.0/8]}
  - {protocol: smtp, at: "0.0.0.0:587", tls: starttls}
  - {protocol: imap, at: "0.0.0.0:993", tls: implicit}
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("settings"))
    shell("lab", "up", "--detach", "--seed", "small")
    (shell.folder / "policy.yaml").write_text(POLICY)
    (shell.folder / "gateway.yaml").write_text(GATEWAY)
    shell(*LAB, "gateway", "doors", "policy.yaml")
    words = ("--mailbox", SCAN, "--protocol", "smtp", "--protocol", "imap")
    shell(*LAB, "gateway", "credential", "add", "scanner-2f", *words)
    try:
        yield shell
    finally:
        shell("lab", "down", code=None)


@pytest.mark.slow
def test_a_client_that_knows_oauth_gets_microsofts_servers_as_the_profile_names_them(
    shell: Shell,
) -> None:
    found = shell.json(*LAB, "settings", ADA, "--client", "thunderbird")
    info = shell.json("lab", "status")
    by = {one["protocol"]: one for one in found["servers"]}
    assert f"{by['imap']['host']}:{by['imap']['port']}" == info["imaps"]
    assert by["imap"]["login"] == "OAuth2"
    told = {one["protocol"]: one for one in found["closed"]}
    assert "switch" in told["smtp"]["because"]
    assert told["smtp"]["opens"]


@pytest.mark.slow
def test_a_device_gets_the_gateways_place_and_its_own_login_name(shell: Shell) -> None:
    words = ("settings", SCAN, "--client", "printer", "--gateway", "gateway.yaml")
    found = shell.json(*LAB, *words)
    servers = {one["protocol"]: one for one in found["servers"]}
    smtp = servers["smtp"]
    assert (smtp["host"], smtp["port"], smtp["tls"]) == ("gate.contoso.example", 587, "starttls")
    assert (smtp["user"], smtp["login"]) == ("scanner-2f", "password")
    assert [one["because"] for one in found["closed"]] == [
        "no grant opens POP of it through the gateway"
    ]
    assert "gate.contoso.example" in shell(*LAB, *words)
    bare = shell.json(*LAB, "settings", SCAN, "--client", "printer", code=1)
    assert "needs the gateway" in bare["closed"][0]["because"]


@pytest.mark.slow
def test_no_form_holds_a_password_and_files_are_for_their_owner(shell: Shell) -> None:
    words = (*LAB, "settings", SCAN, "--client", "msmtp", "--gateway", "gateway.yaml")
    shell(*words, "--format", "msmtp", "-o", "msmtprc")
    file = shell.folder / "msmtprc"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "passwordeval" in file.read_text()
    told = shell(*words, "--lang", "it")
    assert left_over(told) == ""
    assert "password del dispositivo" in told


def test_a_kept_snapshot_is_enough_and_what_it_lacks_is_not_given(say: Say, tmp_path: Path) -> None:
    kept = keep(a_snapshot(), tmp_path / "s.json")
    found = say("settings", ADA, "--snapshot", kept, "--json")
    assert found.code == 0
    servers = {one["protocol"]: one for one in found.json["servers"]}
    assert servers["imap"]["host"] == "outlook.office365.com"
    assert servers["pop"]["port"] == 995
    blind = replace(a_snapshot(), conditional_access=Unseen("no permission"))
    told = say("settings", ADA, "--snapshot", keep(blind, tmp_path / "b.json"), "--json")
    assert told.code == 3
    assert told.json["servers"] == []
    one = say("settings", ADA, "--snapshot", kept, "--protocol", "pop", "--format", "markdown")
    assert "| POP | outlook.office365.com | 995 | SSL/TLS |" in one.out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "no mailbox is named"),
        ((ADA, "--client", "thunderbrid"), "nothing is known of a client"),
        ((ADA, "--output", "no-such-folder/x"), "cannot be written"),
        (("nobody@contoso.example",), "there is no mailbox"),
        ((ADA, "--format", "msmtp"), "needs SMTP, which is closed here"),
        ((ADA, "--client", "printer", "--gateway", "gone.yaml"), "gone.yaml"),
    ],
)
def test_what_cannot_be_given_is_refused_with_what_to_do(
    say: Say, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    kept = keep(a_snapshot(), tmp_path / "s.json")
    told = say("settings", *words, "--snapshot", kept)
    assert told.code == 2
    assert why in told.err


def test_clients_are_listed_with_their_evidence(say: Say) -> None:
    rows = say("settings", "--list-clients", "--json").json["clients"]
    assert {"thunderbird", "printer"} <= {row["id"] for row in rows}
    assert all(row["source"] for row in rows)
    assert "OAuth2Providers" in say("settings", "--list-clients").out


@pytest.mark.slow
def test_settings_are_served_and_a_link_of_the_same_folder_shows_a_mailbox_once(
    shell: Shell,
) -> None:
    words = [sys.executable, "-m", "portineria", *LAB, "settings", "serve", "--at", "127.0.0.1:0"]
    process = subprocess.Popen(
        [*words, "--json"], stdout=subprocess.PIPE, text=True, env=shell.environment
    )
    try:
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n}\n"):
            text += process.stdout.readline()
        judged(text)
        told = json.loads(text)
        assert told["domains"]["contoso.example"] == ["imap", "pop"]
        url = f"{told['url']}/mail/config-v1.1.xml?emailaddress=x@contoso.example"
        with urlopen(url, timeout=20) as answer:
            assert b"%EMAILADDRESS%" in answer.read()
        made = shell.json(*LAB, "settings", "link", ADA, "--base", told["url"])
        with urlopen(made["url"], timeout=20) as page:
            assert b"Your mail settings" in page.read()
        with urlopen(Request(made["url"], method="POST"), timeout=20) as page:
            assert ADA.encode() in page.read()
        with pytest.raises(HTTPError):
            urlopen(Request(made["url"], method="POST"), timeout=20)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("serve", "--at", "nowhere"), "is no place to listen"),
        (("serve", "--at", "0.0.0.0:80"), "without a certificate"),
        (("serve", "--client", "nobody"), "nothing is known of a client"),
        (("link", ADA, "--base", "ftp://x"), "is no address of a page"),
        ((ADA, "--format", "pdf"), "a PDF goes into a file"),
        ((ADA, "--format", "msmtp", "--sign", "x.pem"), "only a configuration profile is signed"),
    ],
)
def test_what_cannot_be_served_is_refused_with_its_reason(
    words: tuple[str, ...], why: str, say: Say, tmp_path: Path
) -> None:
    kept = keep(a_snapshot(), tmp_path / "a.json")
    told = say("settings", *words, "--snapshot", kept, "--json")
    assert told.code == 2
    assert why in told.json["error"]["why"]


@pytest.mark.stranger
def test_a_pdf_is_one_page_with_the_settings_on_it(say: Say, tmp_path: Path) -> None:
    kept = keep(a_snapshot(), tmp_path / "a.json")
    file = tmp_path / "ada.pdf"
    words = ("settings", ADA, "--snapshot", kept, "--format", "pdf", "--output", str(file))
    assert say(*words).code == 0
    octets = file.read_bytes()
    assert octets.startswith(b"%PDF-")
    assert octets.count(b"/Type /Page\n") + octets.count(b"/Type /Page ") == 1


def test_without_a_browser_a_pdf_is_refused_with_what_to_do(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    kept = keep(a_snapshot(), tmp_path / "a.json")
    words = ("--format", "pdf", "--output", str(tmp_path / "x.pdf"), "--json")
    told = say("settings", ADA, "--snapshot", kept, *words[:-1])
    assert told.code == 2
    assert "no browser that prints" in told.err
    assert not (tmp_path / "x.pdf").exists()


def test_a_signed_profile_is_what_openssl_verifies(say: Say, tmp_path: Path) -> None:
    (tmp_path / "profile").write_bytes(b"<plist/>")
    ca, leaf = write_chain(tmp_path)
    leaf.chmod(0o600)
    octets = signed(b"<plist/>", leaf)
    (tmp_path / "x.mobileconfig").write_bytes(octets)
    words = ["openssl", "cms", "-verify", "-inform", "DER", "-in", str(tmp_path / "x.mobileconfig")]
    done = subprocess.run(
        [*words, "-CAfile", str(ca), "-purpose", "any"], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"<plist/>"), done.stderr
    leaf.chmod(0o644)
    with pytest.raises(BadCredential, match="open to others"):
        signed(b"x", leaf)
    (tmp_path / "no.pem").write_text("no key")
    (tmp_path / "no.pem").chmod(0o600)
    with pytest.raises(BadCredential, match="cannot be signed"):
        signed(b"x", tmp_path / "no.pem")
