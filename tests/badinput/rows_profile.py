"""Profiles, and what they point at: files, secrets, certificates."""

from __future__ import annotations

import os
from collections.abc import Callable

import pems
from desk import Desk, Row

LOOK = ["look"]
ID = "11111111-2222-3333-4444-555555555555"
PLAIN = f"tenant: contoso.onmicrosoft.com\ncontrol: {{client_id: {ID}, secret: env:APP_SECRET}}\n"
SECRET = "Abc8Q~hunter2hunter2"


def profile(text: str | bytes) -> Callable[[Desk], None]:
    def arrange(desk: Desk) -> None:
        desk.secrets += [SECRET, "hunter2"]
        desk.profile.write_bytes(text.encode() if isinstance(text, str) else text)

    return arrange


def row(name: str, text: str, why: object, try_: object) -> Row:
    return Row(name=name, words=LOOK, exit=2, code="bad-file",
               arrange=profile(text), where="lab.yaml:", why=why, try_=try_)  # fmt: skip


def folder(desk: Desk) -> None:
    desk.profile.unlink()
    desk.profile.mkdir()


def secret(value: str | bytes, mode: int = 0o600) -> Callable[[Desk], None]:
    return lambda desk: desk.secret(value, mode)


def no_secret_file(desk: Desk) -> None:
    desk.control(secret="file:nowhere.secret")


def unset(desk: Desk) -> None:
    desk.control(secret="env:PORTINERIA_SECRET_UNSET")


def no_text(desk: Desk) -> None:
    desk.control(secret="env:PORTINERIA_ODD")
    desk.patch.setenv("PORTINERIA_ODD", os.fsdecode(b"a\xffb"))


def certificate(
    pem: Callable[[], bytes], mode: int = 0o600, **members: str
) -> Callable[[Desk], None]:
    return lambda desk: desk.certificate(pem(), mode, **members)


def locked(given: str) -> Callable[[Desk], None]:
    """A locked key, and the password that the profile names."""

    def arrange(desk: Desk) -> None:
        desk.secrets.append(pems.PASSWORD)
        desk.patch.setenv("PEM_PASSWORD", given)
        desk.certificate(pems.good(pems.PASSWORD), password="env:PEM_PASSWORD")

    return arrange


def no_certificate(desk: Desk) -> None:
    desk.control(certificate="file:nowhere.pem")


def broken_ca(desk: Desk) -> None:
    desk.write("ca.pem", "no certificate")
    desk.edit_profile(ca=str(desk.folder / "ca.pem"))


def passwords(content: str, mode: int = 0o600) -> Callable[[Desk], None]:
    def arrange(desk: Desk) -> None:
        desk.secrets.append("hunter2")
        path = desk.write("passwords.yaml", content, mode)
        desk.edit_profile(probe={"passwords": f"file:{path}"})

    return arrange


PROFILES = [
    Row(name="none of that name", words=["look", "--profile", "fabrikam"], exit=2,
        code="no-such", where="profiles/fabrikam.yaml", why="there is no profile 'fabrikam'",
        try_=["there are: lab", "--profile"]),
    Row(name="a folder", words=LOOK, exit=2, code="no-file", arrange=folder,
        where="lab.yaml", why="Is a directory", try_="name a file"),
    Row(name="Latin-1", words=LOOK, exit=2, code="encoding",
        arrange=profile((PLAIN + "# perché\n").encode("latin-1")), where="lab.yaml",
        why="row 3", try_="iconv"),
    row("empty", "", "the file is empty", "init"),
    row("a tab", "tenant: x.example\n\tcontrol: {}", "a tab", "no tabs"),
    row("no control", "tenant: contoso.example\n", "has no control", "write control:"),
    row("no tenant", PLAIN.partition("\n")[2], "has no tenant", "contoso.onmicrosoft.com"),
    row("an unknown key", PLAIN + "clowd: global", "unknown key 'clowd'", "did you mean cloud?"),
    row("a cloud by its other name", PLAIN + "cloud: usgov", "no cloud is called 'usgov'",
        "there are: global, gcc-high, dod, china"),
    row("a secret written in it", PLAIN.replace("env:APP_SECRET", f'"{SECRET}"'),
        "a secret does not belong into a profile", ["file:PATH", "env:NAME"]),
    row("a secret stuck to its key", PLAIN.replace(" env:APP_SECRET", SECRET),
        "unknown key (not shown)", "write a space behind secret:"),
    row("a secret behind a sign of YAML's", PLAIN.replace("env:APP_SECRET", f"*{SECRET}"),
        "begins with * or &", "quotes"),
    row("a secret in the place of the id", PLAIN.replace(ID, SECRET),
        "what stands here is no client id", "App registrations"),
    row("a secret and a certificate", PLAIN.replace("secret:", "certificate: file:a, secret:"),
        "a secret and a certificate", "give one of them"),
    row("nothing to log in with", f"tenant: contoso.example\ncontrol: {{client_id: {ID}}}",
        "nothing to log in with", "certificate: file:PATH"),
    row("one app for all", PLAIN + f"probe: {{app: {{client_id: {ID}, secret: env:X}}}}",
        "is the control app", "a second application"),
    row("http", PLAIN + "endpoints: {login: 'http://localhost'}", "is no origin", "https://host"),
    row("an endpoint that is no address", PLAIN + "endpoints: {login: 'https://[::1'}",
        "is no origin", "https://host:port"),
    row("a password in an endpoint", PLAIN + "endpoints: {graph: 'https://me:hunter2@x'}",
        "is no origin", "https://host"),
    row("a mail host without its port", PLAIN + "endpoints: {imap: localhost}", "is no mail host",
        "write host:port"),
    row("no CA file", PLAIN + "ca: nowhere.pem", "there is no file", "name a PEM file"),
    row("nobody's home", PLAIN.replace("env:APP_SECRET", "file:~nobody-of-that-name/x"),
        "in a home folder that nobody has", "mode 0600"),
    row("a reading that is none", PLAIN + "settled: {pop-disabled-refusal: maybe}",
        "cannot be 'maybe'", "it is one of"),
]  # fmt: skip

SECRETS = [
    Row(name="secret: no such file", words=LOOK, exit=2, code="no-file", arrange=no_secret_file,
        where="lab.yaml:1:", why="No such file", try_="nowhere.secret"),
    Row(name="secret: open to others", words=LOOK, exit=2, code="credential",
        arrange=secret(SECRET, 0o644), where="control.secret", why="open to others (mode 0644)",
        try_="chmod 600"),
    Row(name="secret: empty", words=LOOK, exit=2, code="credential", arrange=secret("\n"),
        where="lab.yaml:1:", why="is empty", try_="put the secret into"),
    Row(name="secret: two lines", words=LOOK, exit=2, code="credential",
        arrange=secret("hunter2\nhunter3\n"), where="lab.yaml:1:", why="more than one line",
        try_="leave the secret alone"),
    Row(name="secret: Latin-1", words=LOOK, exit=2, code="encoding",
        arrange=secret("perché".encode("latin-1")), where="control.secret", why="row 1, byte 6",
        try_="UTF-8", not_said="«é»"),
    Row(name="secret: an unset variable", words=LOOK, exit=2, code="credential", arrange=unset,
        where="lab.yaml:1:", why="PORTINERIA_SECRET_UNSET is not set", try_="export PORTINERIA_"),
    Row(name="secret: a variable that is no text", words=LOOK, exit=2, code="credential",
        arrange=no_text, where="lab.yaml:1:", why="no text that a secret could be",
        try_="export PORTINERIA_ODD"),
]  # fmt: skip


def pem_row(name: str, arrange: Callable[[Desk], None], why: str, try_: str) -> Row:
    return Row(name=f"certificate: {name}", words=LOOK, exit=2, code="credential",
               arrange=arrange, where="control.pem", why=why, try_=try_)  # fmt: skip


CERTIFICATES = [
    Row(name="certificate: no such file", words=LOOK, exit=2, code="no-file",
        arrange=no_certificate, where="lab.yaml:1:", why="No such file", try_="nowhere.pem"),
    pem_row("open to others", certificate(pems.good, 0o640), "open to others (mode 0640)",
            "chmod 600"),
    pem_row("without its key", certificate(lambda: pems.pem(None, pems.certificate(
        pems.rsa_key()))), "lacks the private key", "into one PEM file"),
    pem_row("a key alone", certificate(lambda: pems.pem(pems.rsa_key())),
            "lacks the certificate", "into one PEM file"),
    pem_row("PKCS#12", certificate(pems.pfx), "no PEM but PKCS#12", "openssl pkcs12 -in"),
    pem_row("a text", certificate(lambda: b"hello"), "cannot be read as PEM", "openssl pkcs12"),
    pem_row("a broken key", certificate(lambda: pems.good().replace(b"MII", b"MIX", 1)),
            "the private key is broken", "into one PEM file"),
    pem_row("a broken certificate", certificate(lambda: pems.good().replace(
        b"CERTIFICATE-----\nMII", b"CERTIFICATE-----\nMIX")), "the certificate is broken",
        "into one PEM file"),
    pem_row("locked, and no password", certificate(lambda: pems.good(pems.PASSWORD)),
            "is locked by a password, and none is named", "password: file:PATH"),
    pem_row("locked by another password", locked("wrong horse"),
            "the password does not open the private key", "check the password"),
    pem_row("of elliptic curves", certificate(lambda: pems.pem(pems.ec_key(), pems.certificate(
        pems.ec_key()))), "is no RSA key", "openssl req -x509 -newkey rsa"),
    pem_row("of another key", certificate(lambda: pems.pem(pems.rsa_key(), pems.certificate(
        pems.rsa_key(2)))), "do not belong together", "own certificate first"),
    pem_row("expired", certificate(lambda: pems.pem(pems.rsa_key(), pems.certificate(
        pems.rsa_key(), -30, -1))), "the certificate expired on 20", "make a new one"),
    pem_row("not yet valid", certificate(lambda: pems.pem(pems.rsa_key(), pems.certificate(
        pems.rsa_key(), 1, 30))), "is not valid until 20", "clock: it says 20"),
]  # fmt: skip

PROBE = ["probe", "ada@contoso.example", "imap", "--as", "basic"]
PRIVATE = [
    Row(name="passwords: open to others", words=PROBE, exit=2, code="credential",
        arrange=passwords("ada@contoso.example: hunter2\n", 0o644), where="passwords.yaml",
        why="open to others", try_="chmod 600"),
    Row(name="passwords: no YAML", words=PROBE, exit=2, code="bad-file",
        arrange=passwords("ada@contoso.example: *hunter2\n"), where="passwords.yaml:1",
        why="the file is not YAML", try_="one a line, quoted"),
    Row(name="passwords: numbers", words=PROBE, exit=2, code="bad-file",
        arrange=passwords("ada@contoso.example: 1234\n"), where="passwords.yaml:1:22",
        why="a secret is a number", try_="between quotes", not_said="1234"),
    Row(name="passwords: somebody twice", words=PROBE, exit=2, code="bad-file",
        arrange=passwords("hunter2: a\nhunter2: b\n"), where="passwords.yaml:2:1",
        why="written twice", try_="take one out"),
]  # fmt: skip

OTHERS = [
    Row(name="CA file: no certificate", words=LOOK, exit=2, code="no-file", arrange=broken_ca,
        where="ca.pem", why="the CA file cannot be used", try_="PEM file"),
]  # fmt: skip

ROWS = [*PROFILES, *SECRETS, *CERTIFICATES, *PRIVATE, *OTHERS]
