"""What `lab up` is asked for: options that exclude each other, names, and ports that are taken."""

import errno
import socket
from pathlib import Path

import pytest
from saying import Say

from portineria.cli.labwish import Wish
from portineria.fault import OperatorFault
from portineria.lab.portrefused import PortRefused
from portineria.lab.serve import Options

BAD = {
    "seed and mailboxes": (
        ["--seed", "small", "--mailboxes", "20"],
        "--seed and --mailboxes exclude each other",
    ),
    "two kinds of ports": (
        ["--base-port", "5000", "--real-ports"],
        "--real-ports and --base-port exclude each other",
    ),
    "no host": (["--host", "not a name"], "'not a name' is no host name"),
    "an address": (["--host", "192.0.2.1"], "'192.0.2.1' is no host name"),
    "no mailboxes": (["--mailboxes", "0"], "0 is not in the range"),
    "no port": (["--base-port", "65530"], "65530 cannot be the first of 9 ports"),
}


@pytest.mark.parametrize(("words", "why"), BAD.values(), ids=list(BAD))
@pytest.mark.parametrize("how", [[], ["--detach"]], ids=["here", "detached"])
def test_what_cannot_be_asked_is_refused_and_starts_nothing(
    say: Say, state: Path, words: list[str], why: str, how: list[str]
) -> None:
    told = say("lab", "up", "--json", *how, *words)
    assert told.code == 2
    assert why in told.json["error"]["why"]
    assert not (state / "lab" / "info.json").exists()


@pytest.mark.parametrize("how", [[], ["--detach"]], ids=["here", "detached"])
def test_a_port_that_is_taken_is_named_with_its_option(say: Say, how: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        base = str(port - 2)
        told = say("lab", "up", "--json", "--seed", "small", "--base-port", base, *how)
    error = told.json["error"]
    assert told.code == 2
    assert error["where"] == f"--base-port {base}"
    assert error["why"].startswith("port ")
    assert "is taken" in error["why"]
    assert f"sport = :{error['evidence']['port']}" in error["try"]


def test_a_port_that_is_not_for_this_user_says_so() -> None:
    refused = PortRefused(443, ("login", "graph"), PermissionError(errno.EACCES, "denied"))
    fault = Wish(real_ports=True).port_fault(refused)
    assert fault.why.startswith("port 443 (login, graph) is not for this user")
    assert fault.where == "--real-ports"
    assert "--base-port N" in fault.try_


def test_names_are_compared_in_one_form() -> None:
    one = Wish(hosts=("B.test.", "a.test", "b.test")).check()
    assert one.hosts == ("a.test", "b.test")
    assert one.words() == ["--host", "a.test", "--host", "b.test"]


def test_every_option_is_carried_to_the_lab_in_the_background(tmp_path: Path) -> None:
    wish = Wish(mailboxes=9, weather="lag", base_port=5000, hosts=("a.test",)).check()
    options = wish.options(tmp_path)
    assert wish.words() == (
        ["--mailboxes", "9", "--weather", "lag", "--base-port", "5000", "--host", "a.test"]
    )
    assert (options.mailboxes, options.weather, options.base_port) == (9, "lag", 5000)
    assert options.hosts == ("a.test",)


def test_a_lab_of_many_mailboxes_is_not_the_seed_it_was_made_from() -> None:
    there = {"options": Options(state_dir=Path("lab"), mailboxes=9).told()}
    with pytest.raises(OperatorFault, match="running already, without it"):
        Wish(seed="contoso").refuse_another(there)
    Wish(mailboxes=9).refuse_another(there)
    Wish().refuse_another(there)
