"""Postfix and sSMTP, which send for others, by the files that `settings` writes for them.

Needs root, as Postfix does.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from clients.program import private
from dovecot import ADA
from test_stranger_gateway import PASSWORD, Front, before_dovecot
from test_stranger_settings import given

from portineria.settings.formats import relays
from portineria.settings.given import Tls

pytestmark = pytest.mark.stranger
__all__ = ["before_dovecot"]

WAYS = pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
SSMTP = Path(sys.prefix) / "ssmtp" / "usr" / "sbin" / "ssmtp"
"""Unpacked beside the tests' own packages: Debian has one program of its kind at a time."""
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = /tmp
myhostname = erp.contoso.example
mydestination =
alias_maps =
inet_interfaces = loopback-only
smtp_host_lookup = native
"""
RUN = """\
set -e
mount --make-rprivate /
mount --bind {folder}/etc /etc/postfix
trap 'postfix stop >/dev/null 2>&1' EXIT
postfix start >/dev/null 2>&1
sendmail -i ada@elsewhere.example <{folder}/letter
for _ in $(seq 150); do
  grep -q 'status=' {folder}/mail.log 2>/dev/null && break
  sleep 0.1
done
cat {folder}/mail.log
"""
"""In a mount namespace of its own: the machine's own Postfix, if it has one, is not touched."""
LETTER = "From: erp@localhost\nTo: ada@elsewhere.example\nSubject: relayed\n\nby a relay\n"


@WAYS
def test_postfix_hands_on_by_its_lines(before_dovecot: Front, tls: Tls) -> None:
    text = relays.postfix(given(before_dovecot, tls))
    with TemporaryDirectory(prefix="postfix-", dir="/tmp") as name:
        folder, before = Path(name), len(before_dovecot.mails)
        folder.chmod(0o755)
        etc = shutil.copytree("/etc/postfix", folder / "etc", symlinks=True)
        (etc / "main.cf").write_text(MAIN.format(folder=folder) + text)
        (etc / "master.cf").write_text(services())
        asked = next(line for line in text.splitlines() if line.endswith(":..."))
        private(etc / "sasl_passwd", asked.lstrip("# ").replace("...", PASSWORD) + "\n")
        (folder / "data").mkdir()
        shutil.chown(folder / "data", "postfix")
        (folder / "queue").mkdir()
        (folder / "letter").write_text(LETTER)
        words = ["unshare", "--mount", "sh", "-c", RUN.format(folder=folder)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        told = done.stdout + done.stderr
        assert "status=sent (250" in told, told
        (mail,) = before_dovecot.mails[before:]
        assert "by a relay" in mail
        assert f"From: {ADA}" in mail, "it sends as the mailbox"


def services() -> str:
    """Debian's own, but nobody listens, and nobody is locked into the queue's folder, which has no
    /etc/hosts."""
    found = []
    for line in Path("/usr/share/postfix/master.cf.dist").read_text().splitlines():
        columns = line.split()
        if len(columns) < 8 or line[0] in "# ":
            found.append(line)
        elif columns[1] != "inet":
            found.append(" ".join([*columns[:4], "n", *columns[5:]]))
    return "\n".join(found) + "\n"


@WAYS
def test_ssmtp_sends_by_its_file(before_dovecot: Front, tmp_path: Path, tls: Tls) -> None:
    text = relays.ssmtp(given(before_dovecot, tls))
    etc = tmp_path / "etc"
    etc.mkdir()
    private(etc / "ssmtp.conf", text.replace("AuthPass=", f"AuthPass={PASSWORD}"))
    alias = next(line for line in text.splitlines() if line.startswith("#   root:"))
    (etc / "revaliases").write_text(alias.lstrip("# ") + "\n")
    before = len(before_dovecot.mails)
    send = f"mount --bind {etc} /etc/ssmtp && exec {SSMTP} ada@elsewhere.example"
    words = ["unshare", "--mount", "sh", "-c", f"mount --make-rprivate / && {send}"]
    Path("/etc/ssmtp").mkdir(exist_ok=True)  # where its package would have put it
    done = subprocess.run(words, input=LETTER, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    (mail,) = before_dovecot.mails[before:]
    assert "by a relay" in mail
