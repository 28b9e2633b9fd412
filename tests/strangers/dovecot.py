"""Dovecot on loopback, with a configuration of its own: one that takes tokens only, as Exchange
Online does, and one that takes passwords only.

Tokens are JSON Web Tokens that Dovecot checks by itself, with a public key from a folder; it wants
`sub` in them. The machine's own Dovecot is not touched.
"""

from __future__ import annotations

import getpass
import json
import socket
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from chains import make_chain

ADA = "ada@contoso.example"
PASSWORD = "correct horse battery"
SERVICES = ("imap", "pop3", "submission")

CONFIG = """\
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap pop3 submission
listen = 127.0.0.1
ssl = {ssl}
ssl_cert = <{folder}/leaf.pem
ssl_key = <{folder}/leaf.pem
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = {plain}
auth_mechanisms = {mechanisms}
mail_location = maildir:{folder}/mail/%u
default_internal_user = {internal}
default_login_user = {login}
first_valid_uid = 1
mail_max_userip_connections = 5000
default_process_limit = 2000
default_client_limit = 5000
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
hostname = mail.contoso.example
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop}
  }}
  inet_listener pop3s {{
    port = {pops}
  }}
}}
service submission-login {{
  inet_listener submission {{
    port = {smtp}
  }}
  inet_listener submissions {{
    port = {smtps}
    ssl = yes
  }}
}}
passdb {{
  {passdb}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u
}}
{more}"""
QUICK = """\
service {name}-login {{
  service_count = 0
  process_min_avail = 1
  process_limit = 1
}}
service {name} {{
  service_count = 1000
}}
"""
TOKENS = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = email
"""


@dataclass(frozen=True)
class Dovecot:
    """A running one. `doors` are ports by name: imap, imaps, pop, pops, smtp, smtps."""

    doors: dict[str, int]
    ca: Path
    key: rsa.RSAPrivateKey

    def token(self, user: str = ADA, seconds: int = 3600) -> str:
        claims = {"sub": user, "email": user, "aud": "mail", "exp": int(time.time()) + seconds}
        head = {"alg": "RS256", "typ": "JWT", "kid": "default"}
        text = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
        signed = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_base64(signed)}"


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


@contextmanager
def dovecot(
    *,
    tokens: bool,
    relay: int,
    mechanisms: str = "xoauth2 oauthbearer",
    clear: bool = False,
    quick: bool = False,
) -> Iterator[Dovecot]:
    """`clear`: passwords are taken without TLS. `quick`: one process logs many in, and others are
    used again, where Debian's own way is a process for each. Its folder is its own and not
    pytest's, which nobody but its owner may enter: mail is kept by another user."""
    with TemporaryDirectory(prefix="dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        more = "".join(QUICK.format(name=one) for one in SERVICES) if quick else ""
        with _running(folder, tokens, relay, mechanisms, clear, more) as found:
            yield found


@contextmanager
def _running(
    folder: Path, tokens: bool, relay: int, mechanisms: str, clear: bool, more: str
) -> Iterator[Dovecot]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write_keys(folder, key)
    chain = make_chain(folder)
    (folder / "mail").mkdir()
    (folder / "mail").chmod(0o777)
    (folder / "passwords").write_text(f"{ADA}:{{PLAIN}}{PASSWORD}\n")
    (folder / "tokens.conf").write_text(TOKENS.format(folder=folder))
    names = ("imap", "imaps", "pop", "pops", "smtp", "smtps")
    doors = dict(zip(names, free_ports(len(names)), strict=True))
    by_token = f"driver = oauth2\n  mechanisms = {mechanisms}\n  args = {folder}/tokens.conf"
    by_password = f"driver = passwd-file\n  args = {folder}/passwords"
    root = getpass.getuser() == "root"
    (folder / "dovecot.conf").write_text(
        CONFIG.format(
            folder=folder,
            mechanisms=mechanisms if tokens else "plain login",
            passdb=by_token if tokens else by_password,
            internal="dovecot" if root else getpass.getuser(),
            login="dovenull" if root else getpass.getuser(),
            relay=relay,
            ssl="yes" if clear else "required",
            plain="no" if clear else "yes",
            more=more,
            **doors,
        )
    )
    running = subprocess.Popen(["dovecot", "-F", "-c", str(folder / "dovecot.conf")])
    try:
        _wait_for(doors, running, folder / "log")
        yield Dovecot(doors, chain.ca, key)
    finally:
        running.terminate()
        running.wait(20)


def _write_keys(folder: Path, key: rsa.RSAPrivateKey) -> None:
    place = folder / "keys" / "default" / "RS256"
    place.mkdir(parents=True)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (place / "default").write_bytes(public)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _wait_for(doors: dict[str, int], running: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        assert running.poll() is None, log.read_text() if log.exists() else "it did not start"
        try:
            for name in ("imap", "pop", "smtp"):
                socket.create_connection(("127.0.0.1", doors[name]), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(log.read_text() if log.exists() else "it does not listen")
