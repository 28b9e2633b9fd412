"""Who stands beside the gateway in the benchmark, each before a Dovecot of the same machine.

`ours` is the product's own gate (gate.py). emailproxy does the same work; HAProxy relays octets and
checks nobody; nginx asks a web server who may enter, and logs in behind with the client's own
password, in the clear; a Dovecot as proxy checks one password and presents a token.
"""

from __future__ import annotations

import base64
import getpass
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
for folder in ("tests", "tests/strangers"):
    sys.path.insert(0, str(ROOT / folder))

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from dovecot import ADA, Dovecot, free_ports
from dovecot import PASSWORD as DIRECT

from doors_tls import write_chain

PASSWORD = "abcdefghjkmnpqrstuvwxyz234"
EMAILPROXY_ROUNDS = 870_000
"""emailproxy's own number of iterations (release 2026.7)."""
IMPLICIT = {"imap": "imaps", "pop": "pops", "smtp": "smtps"}
"""The mail server's doors that begin with TLS."""


@dataclass(frozen=True)
class Contender:
    """`oauth`: the client presents the token itself. `slow`: fewer logins are asked of it."""

    name: str
    ports: Mapping[str, int]
    pid: int
    ca: Path
    oauth: bool = False
    slow: bool = False
    password: str = PASSWORD


@contextmanager
def running(words: list[str], log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        environment = {**os.environ, **more}
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=file, stderr=file, env=environment
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def gate(
    folder: Path, ca: Path, token: str, servers: dict[str, tuple[int, bool]], pool: int = 0
) -> Iterator[tuple[int, dict[str, int], Path]]:
    """A gateway before these servers: its process, its ports by protocol, whom to trust."""
    own, leaf = write_chain(folder)
    given = {"leaf": str(leaf), "ca": str(ca), "mailbox": ADA, "token": token}
    given |= {"password": PASSWORD, "pool": pool, "servers": servers}
    with (folder / "gate.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "benchmarks" / "gate.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(given) + "\n")
            process.stdin.flush()
            yield process.pid, json.loads(process.stdout.readline()), own
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def ours(folder: Path, upstream: Dovecot, token: str) -> Iterator[Contender]:
    servers = {one: (upstream.doors[door], False) for one, door in IMPLICIT.items()}
    with gate(folder, upstream.ca, token, servers) as (pid, ports, ca):
        yield Contender("portineria", ports, pid, ca)


def _ports() -> dict[str, int]:
    return dict(zip(IMPLICIT, free_ports(len(IMPLICIT)), strict=True))


@contextmanager
def haproxy(folder: Path, upstream: Dovecot) -> Iterator[Contender]:
    (ca, leaf), ports = write_chain(folder), _ports()
    (folder / "haproxy.cfg").write_text(
        "global\n  nbthread 1\ndefaults\n  mode tcp\n  timeout connect 10s\n"
        "  timeout client 1h\n  timeout server 1h\n"
        + "".join(
            f"listen {one}\n  bind 127.0.0.1:{port} ssl crt {leaf}\n"
            f"  server dovecot 127.0.0.1:{upstream.doors[IMPLICIT[one]]} ssl verify required "
            f"ca-file {upstream.ca}\n"
            for one, port in ports.items()
        )
    )
    words = ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]
    with running(words, folder / "haproxy.log") as process:
        yield Contender("HAProxy", ports, process.pid, ca, oauth=True)


def emailproxy_program(folder: Path) -> str:
    """Its own venv, kept beside the benchmark's others."""
    program = folder / "bin" / "emailproxy"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = str(folder / "bin" / "pip")
        subprocess.run([pip, "install", "--quiet", "emailproxy"], check=True)
    return str(program)


@contextmanager
def emailproxy(folder: Path, upstream: Dovecot, token: str) -> Iterator[Contender]:
    (ca, leaf), ports = write_chain(folder), _ports()
    salt = os.urandom(16)
    derive = PBKDF2HMAC(hashes.SHA256(), 32, salt, EMAILPROXY_ROUNDS)
    key = base64.urlsafe_b64encode(derive.derive(PASSWORD.encode()))
    kept = Fernet(key).encrypt(token.encode()).decode()
    (folder / "emailproxy.config").write_text(
        "".join(
            f"[{one.upper()}-{port}]\nlocal_address = 127.0.0.1\nserver_address = 127.0.0.1\n"
            f"server_port = {upstream.doors[IMPLICIT[one]]}\n"
            f"local_certificate_path = {leaf}\nlocal_key_path = {leaf}\n\n"
            for one, port in ports.items()
        )
        + f"[{ADA}]\npermission_url = https://localhost/a\ntoken_url = https://localhost/t\n"
        "oauth2_scope = x\nredirect_uri = http://localhost\nclient_id = x\nclient_secret = x\n"
        f"token_salt = {base64.b64encode(salt).decode()}\n"
        f"token_iterations = {EMAILPROXY_ROUNDS}\naccess_token = {kept}\n"
        f"refresh_token = {kept}\naccess_token_expiry = {int(time.time()) + 86_400}\n"
    )
    program = emailproxy_program(ROOT / ".benchmarks" / "emailproxy")
    words = [program, "--no-gui", "--config-file", str(folder / "emailproxy.config")]
    trusted = {"SSL_CERT_FILE": str(upstream.ca)}
    with running(words, folder / "emailproxy.log", **trusted) as process:
        yield Contender("emailproxy", ports, process.pid, ca, slow=True)


NGINX = """\
load_module {modules}/ngx_mail_module.so;
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{ask};
{answers}  }}
}}
mail {{
  server_name localhost;
  proxy_smtp_auth on;
  ssl_certificate {leaf};
  ssl_certificate_key {leaf};
{servers}}}
"""
MODULES = Path("/usr/lib/nginx/modules")


@contextmanager
def nginx(folder: Path, upstream: Dovecot) -> Iterator[Contender]:
    """Before a Dovecot that takes passwords in the clear: its mail module knows neither a token nor
    TLS behind."""
    (ca, leaf), ports, (ask,) = write_chain(folder), _ports(), free_ports(1)
    answers = "".join(
        f"    location /{one} {{ add_header Auth-Status OK; add_header Auth-Server 127.0.0.1; "
        f"add_header Auth-Port {upstream.doors[one]}; return 200; }}\n"
        for one in ports
    )
    kinds = {"imap": "imap", "pop": "pop3", "smtp": "smtp"}
    more = {"imap": "imap_auth login plain;", "pop": "pop3_auth plain;"}
    more["smtp"] = "smtp_auth plain login; xclient off;"
    servers = "".join(
        f"  server {{ listen 127.0.0.1:{port} ssl; protocol {kinds[one]}; "
        f"auth_http 127.0.0.1:{ask}/{one}; {more[one]} }}\n"
        for one, port in ports.items()
    )
    file = folder / "nginx.conf"
    given = {"folder": folder, "leaf": leaf, "ask": ask, "modules": MODULES}
    file.write_text(NGINX.format(answers=answers, servers=servers, **given))
    words = ["nginx", "-c", str(file), "-e", str(folder / "error.log")]
    with running(words, folder / "nginx.log") as process:
        yield Contender("nginx", ports, process.pid, ca, password=DIRECT)


DOVECOT = """\
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap pop3 submission
listen = 127.0.0.1
ssl = required
ssl_cert = <{leaf}
ssl_key = <{leaf}
ssl_min_protocol = TLSv1.2
auth_mechanisms = plain login
default_internal_user = {internal}
default_login_user = {login}
hostname = localhost
submission_relay_host = 127.0.0.1
{services}passdb {{
  driver = passwd-file
  args = {folder}/users-%s
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/none
}}
"""


@contextmanager
def dovecot_proxy(folder: Path, upstream: Dovecot, token: str) -> Iterator[Contender]:
    """In its quick form: login processes that serve many. It does not verify who is behind."""
    (ca, leaf), ports = write_chain(folder), _ports()
    folder.chmod(0o755)
    names = {"imap": ("imap", "imaps"), "pop": ("pop3", "pop3s")}
    names["smtp"] = ("submission", "submissions")
    services = ""
    for one, (name, listener) in names.items():
        services += (
            f"service {name}-login {{\n  service_count = 0\n  process_min_avail = 1\n"
            f"  inet_listener {name} {{\n    port = 0\n  }}\n"
            f"  inet_listener {listener} {{\n    port = {ports[one]}\n    ssl = yes\n  }}\n}}\n"
        )
        (folder / f"users-{name}").write_text(
            f"{ADA}:{{PLAIN}}{PASSWORD}::::::proxy=y proxy_mech=xoauth2 pass={token} "
            f"host=127.0.0.1 port={upstream.doors[IMPLICIT[one]]} ssl=any-cert\n"
        )
    root, me = getpass.getuser() == "root", getpass.getuser()
    file = folder / "dovecot.conf"
    file.write_text(
        DOVECOT.format(
            folder=folder,
            leaf=leaf,
            internal="dovecot" if root else me,
            login="dovenull" if root else me,
            services=services,
        )
    )
    with running(["dovecot", "-F", "-c", str(file)], folder / "dovecot.log") as process:
        yield Contender("Dovecot", ports, process.pid, ca)


def missing() -> list[str]:
    """Programs and modules that the run needs and that are not here."""
    found = [name for name in ("dovecot", "haproxy", "nginx") if shutil.which(name) is None]
    return found if (MODULES / "ngx_mail_module.so").exists() else [*found, "libnginx-mod-mail"]
