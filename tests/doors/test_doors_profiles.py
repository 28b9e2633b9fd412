"""Profiles name a tenant and point at secrets; they never hold one."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from portineria.doors import profiles
from portineria.doors.privatemap import read_private_map
from portineria.doors.profiles import Profile, load, parse
from portineria.doors.references import Reference
from portineria.fault import OperatorFault
from portineria.m365.endpoints import CLOUDS, HostPort
from portineria.policy.marked import FileFault
from portineria.secret import Secret

ID = "11111111-2222-3333-4444-555555555555"
MAIL = "66666666-7777-8888-9999-000000000000"
PLAIN = f"tenant: contoso.example\ncontrol: {{client_id: {ID}, secret: env:PORTINERIA_SECRET}}\n"


def read(text: str, folder: Path = Path("/profiles")) -> Profile:
    return parse(text, name="p", path=folder / "p.yaml")


def test_a_plain_profile_reaches_the_worldwide_cloud() -> None:
    found = read(PLAIN)
    assert found.tenant == "contoso.example"
    assert found.endpoints == CLOUDS["global"]
    assert found.control.client_id == ID
    assert found.control.secret == Reference("env", "PORTINERIA_SECRET", "/profiles/p.yaml:2:68")
    assert found.probe == profiles.Probe()


def test_a_whole_profile(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("pem")
    found = read(
        f"""
schema: portineria/profile@1
tenant: {ID}
cloud: gcc-high
endpoints: {{login: "https://localhost:1443", imap: "127.0.0.1:9993"}}
control: {{client_id: {ID}, certificate: file:c.pem, password: env:P}}
probe:
  app: {{client_id: {MAIL}, secret: file:app}}
  user: {{client_id: {ID}, refresh_tokens: file:tokens.yaml}}
  passwords: file:passwords.yaml
  from: [203.0.113.5, "2001:db8::5"]
ca: ca.pem
settled: {{pop-disabled-refusal: auth}}
""",
        tmp_path,
    )
    assert found.endpoints.login == "https://localhost:1443"
    assert found.endpoints.graph == CLOUDS["gcc-high"].graph
    assert found.endpoints.imap == HostPort("127.0.0.1", 9993)
    assert "imap" not in found.endpoints.unverified
    assert "pop" in found.endpoints.unverified
    assert found.control.certificate is not None
    assert found.control.certificate.name == str(tmp_path / "c.pem")
    assert found.control.secret is None
    assert found.probe.app is not None
    assert found.probe.user is not None
    assert found.probe.user.refresh_tokens.name == str(tmp_path / "tokens.yaml")
    assert found.probe.sources == (ip_address("203.0.113.5"), ip_address("2001:db8::5"))
    assert found.ca == tmp_path / "ca.pem"
    assert found.settled == {"pop-disabled-refusal": "auth"}


REFUSED = {
    "no control": ("tenant: contoso.example", "has no control"),
    "no tenant": (PLAIN.partition("\n")[2], "has no tenant"),
    "typo": (PLAIN + "clowd: global", "did you mean cloud?"),
    "cloud": (PLAIN + "cloud: gccc-high", "did you mean gcc-high?"),
    "version": (PLAIN + "schema: portineria/profile@7", "write portineria/profile@1"),
    "cleartext": (PLAIN + "endpoints: {login: 'http://x'}", "is no origin"),
    "path": (PLAIN + "endpoints: {graph: 'https://x/v1.0'}", "is no origin"),
    "host": (PLAIN + "endpoints: {imap: localhost}", "write host:port"),
    "port": (PLAIN + "endpoints: {imap: 'localhost:99999'}", "write host:port"),
    "client id": (PLAIN.replace(ID, "mine"), "what stands here is no client id"),
    "client id, nearly": (PLAIN.replace(ID, ID[:-1]), f"'{ID[:-1]}' is no client id"),
    "somebody's name in an address": (
        PLAIN + "endpoints: {login: 'https://me:hunter2@x'}",
        "is no origin",
    ),
    "no port": (PLAIN + "endpoints: {login: 'https://x:99999'}", "is no origin"),
    "no address at all": (PLAIN + "endpoints: {login: 'https://[::1'}", "is no origin"),
    "nobody's home": (
        PLAIN.replace("env:PORTINERIA_SECRET", "'file:~nobody-of-that-name/x'"),
        "is in a home folder that nobody has",
    ),
    "ca in nobody's home": (PLAIN + "ca: '~nobody-of-that-name/ca.pem'", "there is no file"),
    "no proof": (
        f"tenant: contoso.example\ncontrol: {{client_id: {ID}}}",
        "nothing to log in with",
    ),
    "two proofs": (
        PLAIN.replace("secret:", "certificate: file:a, secret:"),
        "a secret and a certificate",
    ),
    "certificate not in a file": (
        PLAIN.replace("secret: env:", "certificate: env:"),
        "is kept in a file",
    ),
    "nothing named": (PLAIN.replace("env:PORTINERIA_SECRET", "'env:'"), "names nothing after env:"),
    "passwords in the environment": (PLAIN + "probe: {passwords: env:X}", "is kept in a file"),
    "address": (PLAIN + "probe: {from: [here]}", "'here' is no address"),
    "reading": (PLAIN + "settled: {pop-disabled: auth}", "mean pop-disabled-refusal?"),
    "option": (PLAIN + "settled: {pop-disabled-refusal: maybe}", "it is one of command, auth"),
    "ca": (PLAIN + "ca: nowhere.pem", "there is no file"),
}


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=list(REFUSED))
def test_a_mistake_is_shown_with_its_place(text: str, why: str) -> None:
    with pytest.raises(FileFault) as caught:
        read(text)
    assert why in str(caught.value)
    assert str(caught.value).startswith("/profiles/p.yaml:")


@pytest.mark.parametrize(
    "text",
    [
        f"tenant: contoso.example\ncontrol: {{client_id: {ID}, secret:hunter2}}\n",
        f"tenant: contoso.example\ncontrol: {{client_id: {ID}, secret: *hunter2}}\n",
        "tenant: contoso.example\ncontrol: {client_id: hunter2, secret: env:X}\n",
        PLAIN.replace("}", ", hunter2: 1, hunter2: 2}"),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated_either(text: str) -> None:
    with pytest.raises(FileFault) as caught:
        read(text)
    assert "hunter2" not in f"{caught.value}{caught.value.evidence}"


@pytest.mark.parametrize("literal", ["hunter2", "hun:ter2", "file", "https://hunter2", "12.5x"])
def test_a_secret_in_the_profile_is_refused_and_not_repeated(literal: str) -> None:
    with pytest.raises(FileFault) as caught:
        read(PLAIN.replace("env:PORTINERIA_SECRET", f"'{literal}'"))
    told = str(caught.value)
    assert "a secret does not belong into a profile" in told
    assert "file:PATH" in told
    if literal != "file":
        assert literal not in told
        assert literal not in str(caught.value.evidence)


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def reference(path: Path) -> Reference:
    return Reference("file", str(path), "p.yaml:3:5")


def test_a_secret_is_read_where_it_is_kept(tmp_path: Path) -> None:
    kept = private(tmp_path / "s", "hunter2\n")
    assert reference(kept).read() == Secret("hunter2")
    named = Reference("env", "PORTINERIA_SECRET", "p.yaml:3:5")
    assert named.read({"PORTINERIA_SECRET": "hunter2"}) == Secret("hunter2")


def test_a_missing_secret_says_where_why_and_what_to_try(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault) as caught:
        Reference("env", "PORTINERIA_SECRET", "p.yaml:3:5").read({})
    assert caught.value.where == "p.yaml:3:5"
    assert "PORTINERIA_SECRET is not set" in caught.value.why
    assert "export PORTINERIA_SECRET" in caught.value.try_
    with pytest.raises(OperatorFault) as caught:
        reference(tmp_path / "nowhere").read()
    assert caught.value.where == "p.yaml:3:5"
    assert str(tmp_path / "nowhere") in caught.value.try_


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    kept = private(tmp_path / "s", "hunter2", mode)
    with pytest.raises(OperatorFault, match="open to others") as caught:
        reference(kept).read()
    assert caught.value.try_ == f"chmod 600 {kept}"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00"])
def test_an_empty_or_broken_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    kept = tmp_path / "s"
    kept.write_bytes(content)
    kept.chmod(0o600)
    with pytest.raises(OperatorFault):
        reference(kept).read()


def test_a_file_of_passwords_is_read_by_address(tmp_path: Path) -> None:
    kept = private(tmp_path / "p", "Ada@contoso.example: 'hunter2'\nscan@contoso.example: ' x '\n")
    assert read_private_map(reference(kept)) == {
        "ada@contoso.example": Secret("hunter2"),
        "scan@contoso.example": Secret(" x "),
    }


@pytest.mark.parametrize(
    "text",
    [
        "a@b.example: *hunter2",
        "a@b.example: !hunter2 x",
        "a@b.example: [hunter2]",
        "a@b.example: {hunter2: 1}",
        "a@b.example: 'hunter2",
        "hunter2",
        "- hunter2",
        "a@b.example: 5hunter2: x",
    ],
)
def test_a_broken_file_of_passwords_does_not_speak(tmp_path: Path, text: str) -> None:
    kept = private(tmp_path / "p", text)
    with pytest.raises(OperatorFault) as caught:
        read_private_map(reference(kept))
    assert "hunter2" not in f"{caught.value} {caught.value.evidence} {caught.value.try_}"
    cause = caught.value.__cause__
    assert cause is None


def test_a_profile_is_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(PLAIN)
    assert load(tmp_path, "lab").name == "lab"
    assert profiles.names(tmp_path) == ["lab"]
    with pytest.raises(OperatorFault, match="no profile 'default'") as caught:
        load(tmp_path, "default")
    assert "there are: lab" in caught.value.try_
    with pytest.raises(OperatorFault, match="no profile") as caught:
        load(tmp_path / "empty", "lab")
    assert "lab up" in caught.value.try_


@pytest.mark.parametrize("name", ["../lab", "", "a/b", ".hidden", "a b"])
def test_a_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OperatorFault, match="no name of a profile"):
        load(tmp_path, name)


def test_one_app_for_control_and_mail_is_refused() -> None:
    text = f"{PLAIN}probe: {{app: {{client_id: {ID}, secret: env:MAIL}}}}\n"
    with pytest.raises(FileFault, match="is the control app"):
        read(text)
