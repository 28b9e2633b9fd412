"""gateway init, up, status, trace, down: a gateway that runs by itself, as an admin meets it."""

from __future__ import annotations

import imaplib
import json
import os
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from gatetown import LETTER, SCAN, Town
from shell import Shell, gone

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    found = Town(tmp_path_factory.mktemp("town"))
    try:
        yield found
    finally:
        found.shell("gateway", "down", code=None)
        found.shell("lab", "down", code=None)


def test_up_says_where_it_listens_whom_devices_trust_and_its_process(town: Town) -> None:
    assert set(town.told["listeners"]) == {"imaps", "smtp"}
    assert Path(town.told["ca"]).stat().st_mode & 0o777 == 0o644
    assert (Path(town.told["ca"]).parent / "ca.key").stat().st_mode & 0o777 == 0o600
    again = town("gateway", "up", "--detach", "--config", "gateway.yaml")
    assert again == town.told
    status = town("gateway", "status")
    assert (status["running"], status["troubles"]) == (True, [])
    shown = town.shell("gateway", "status")
    assert f"Process: {town.told['pid']}" in shown
    weak = {"door": "smtp", "takes": "cleartext", "from": ["127.0.0.0/8"]}
    assert town.told["weak"] == [weak], "the door with TLS alone is not named"
    assert "smtp takes passwords in the clear, from 127.0.0.0/8 alone" in shown
    assert "a weak door: " in (town.shell.state / "gateway" / "gateway.log").read_text()


def test_of_several_mailboxes_a_device_chooses_one_behind_its_name(town: Town) -> None:
    words = ("both", "--mailbox", SCAN, "--mailbox", "erp@contoso.example", "--protocol", "imap")
    password = town.add(*words)["password"]
    client = town.imap("both/erp@contoso.example", password)
    assert client.noop()[0] == "OK"
    client.logout()
    with pytest.raises(imaplib.IMAP4.error):
        town.imap("both", password)


def test_a_device_without_a_password_sends_from_its_network(town: Town) -> None:
    words = ("gauge", "--no-password", "--mailbox", SCAN, "--protocol", "smtp")
    told = town.add(*words, "--from", "127.0.0.0/8")
    assert told["password"] is None
    with smtplib.SMTP("localhost", town.port("smtp"), timeout=20) as smtp:
        assert smtp.sendmail(SCAN, ["ada@contoso.example"], LETTER) == {}
        with pytest.raises(smtplib.SMTPSenderRefused):
            smtp.sendmail("ada@contoso.example", [SCAN], LETTER)
    town("gateway", "credential", "rotate", "gauge", code=2)
    town("gateway", "credential", "revoke", "gauge")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--protocol", "imap", "--from", "10.0.0.1", "--no-password"), "may only send"),
        (("--protocol", "smtp", "--no-password"), "may only send"),
        (("--protocol", "imap", "--send-as", "x@contoso.example"), "needs no other sender"),
        (("--protocol", "imap", "--hours", "always"), "are no hours"),
        (("--protocol", "imap", "--from", "here"), "does not appear to be"),
        (("--protocol", "imap", "--until", "soon"), "is no date"),
    ],
)
def test_what_a_credential_cannot_be_is_refused(
    town: Town, words: tuple[str, ...], why: str
) -> None:
    told = town("gateway", "credential", "add", "odd", "--mailbox", SCAN, *words, code=2)
    assert why in told["error"]["why"]


def test_a_balancer_hears_yes_or_no_and_nothing_else(town: Town) -> None:
    def asked(path: str) -> tuple[int, bytes]:
        line = HTTPConnection(town.told["health"], timeout=10)
        line.request("GET", path, headers={"Host": "balancer.example"})
        answer = line.getresponse()
        return answer.status, answer.read()

    assert asked("/readyz") == (200, b"ready\n")
    for path in ("/metrics", "/trace?credential=x", "/healthz", "/"):
        assert asked(path) == (404, b"/readyz\n")


def test_health_readiness_and_metrics_are_for_this_machine_alone(town: Town) -> None:
    assert town.asked("/healthz") == (200, "ok\n")
    code, text = town.asked("/readyz")
    assert (code, json.loads(text)) == (200, {"ready": True, "why": "", "troubles": []})
    password = town.add("counted", "--mailbox", SCAN, "--protocol", "imap")["password"]
    town.imap("counted", password).logout()
    time.sleep(0.2)
    code, text = town.asked("/metrics")
    assert 'portineria_gateway_logins_total{protocol="imap"}' in text
    assert "portineria_gateway_pool_taken 0" not in text, "the pool is used"
    assert town.asked("/anything")[0] == 404
    assert town.asked("/metrics", host="evil.example")[0] == 400


def test_the_dashboard_asks_for_metrics_that_there_are(town: Town) -> None:
    text = town.asked("/metrics")[1]
    known = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    board = Path(__file__).parents[2] / "docs/examples/grafana/gateway.json"
    panels = json.loads(board.read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(queries) >= 6
    for query in queries:
        words = query.replace("(", " ").replace("[", " ").replace("{", " ").split()
        named = {word for word in words if word.startswith("portineria_")}
        assert named, query
        assert named <= known, query


def test_trace_shows_both_halves_and_the_verdict_and_no_secret(town: Town) -> None:
    password = town.add("traced", "--mailbox", SCAN, "--protocol", "imap")["password"]
    words = ["--state", str(town.shell.state), "gateway", "trace", "--credential", "traced"]
    following = subprocess.Popen(
        [sys.executable, "-m", "portineria", *words, "--sessions", "2"],
        stdout=subprocess.PIPE,
        text=True,
        env=town.shell.environment,
    )
    time.sleep(1.5)
    client = town.imap("traced", password)
    client.select()
    client.logout()
    with pytest.raises(imaplib.IMAP4.error):
        town.imap("traced", "no-such-password-at-all")
    told = following.communicate(timeout=20)[0]
    assert "C>G" in told
    assert "G>S G3 AUTHENTICATE XOAUTH2 <" in told
    assert "SELECT <" in told
    assert "it is over: wrong password" in told
    assert password not in told
    assert "no-such-password" not in told
    assert "eyJ" not in told


def test_trace_without_a_gateway_says_so(tmp_path: Path) -> None:
    told = Shell(tmp_path).json("gateway", "trace", "--credential", "x", code=2)
    assert told["error"]["why"] == "no gateway is running here"


def test_sighup_reads_doors_again_and_a_session_goes_on(town: Town) -> None:
    password = town.add("steady", "--mailbox", SCAN, "--protocol", "imap")["password"]
    client = town.imap("steady", password)
    os.kill(town.told["pid"], signal.SIGHUP)
    time.sleep(1.0)
    assert client.noop()[0] == "OK"
    client.logout()
    time.sleep(0.5)
    log = (town.shell.state / "gateway" / "gateway.log").read_text()
    assert "certificates and doors are read again" in log
    assert '"credential":' in log
    assert password not in log
    assert {"time", "level"} <= set.intersection(*(set(json.loads(x)) for x in log.splitlines()))


def test_init_writes_a_file_and_never_replaces_one(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell.json("gateway", "init")["file"] == "gateway.yaml"
    assert "pacing:" in (tmp_path / "gateway.yaml").read_text()
    assert shell("gateway", "init", "--output", "-").startswith("# Where the gateway listens")
    shell("gateway", "init", code=2)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "nothing says where to listen"),
        (("--config", "gateway.yaml", "--listen", "imaps=127.0.0.1:0"), "a file says where"),
        (("--listen", "http=127.0.0.1:80"), "is no place to listen"),
        (("--config", "broken.yaml"), "unknown key"),
        (("--config", "gateway.yaml", "--log", "missing/own.log"), "the file cannot be written"),
        (("--listen", "imaps=127.0.0.1:0"), "a gateway runs already from this state folder"),
    ],
)
def test_a_gateway_that_cannot_be_started_says_why_and_leaves_nothing(
    town: Town, words: tuple[str, ...], why: str
) -> None:
    (town.shell.folder / "broken.yaml").write_text("lissen: []\n")
    told = town("gateway", "run", *words, code=2)
    assert why in told["error"]["why"]
    assert "missing" in told["error"]["where"] or "--log" not in words
    # The one that runs here already is not forgotten by it.
    assert town("gateway", "status")["running"]


def test_a_gateway_goes_down_and_leaves_no_process(tmp_path: Path, town: Town) -> None:
    state = tmp_path / "state"
    (tmp_path / "state").mkdir(mode=0o700)
    for name in ("profiles", "lab"):
        (state / name).symlink_to(town.shell.state / name)
    (state / "gateway").mkdir(mode=0o700)
    (state / "gateway" / "doors.json").write_text(
        (town.shell.state / "gateway" / "doors.json").read_text()
    )
    shell = Shell(tmp_path)
    words = ("--profile", "lab", "gateway", "run", "--listen", "imaps=192.0.2.1:993")
    assert "cannot listen" in shell.json(*words, code=2)["error"]["why"]
    told = shell.json(
        "--profile", "lab", "gateway", "up", "--detach", "--listen", "imaps=127.0.0.1:0"
    )
    assert shell.json("gateway", "down") == {"schema": "portineria/gateway-down@1", "stopped": True}
    assert gone(told["pid"])
    assert not (state / "gateway" / "running.json").exists()
    assert not (state / "gateway" / "control.sock").exists()
    assert shell.json("gateway", "status", code=1)["running"] is False
    assert shell.json("gateway", "down")["stopped"] is False
