"""gateway.yaml: what it may say, and every mistake with its place."""

from __future__ import annotations

from importlib import resources
from ipaddress import ip_network
from pathlib import Path

import pytest

from portineria.gateway.bodies import BareLf
from portineria.gateway.gatewayfile import DatabaseWish, GatewayFile, Tls, parse
from portineria.gateway.limits import Limits, Pacing
from portineria.policy.marked import FileFault
from portineria.tenant.mailbox import Protocol

HERE = Path("/etc/gate")
LISTEN = "listen: [{protocol: imap, at: '127.0.0.1:993'}]\n"


def read(text: str) -> GatewayFile:
    return parse(text, file="gateway.yaml", folder=HERE)


def test_the_least_that_a_file_says_is_where_to_listen() -> None:
    found = read(LISTEN)
    (wish,) = found.listen
    assert (wish.protocol, wish.host, wish.port, wish.tls) == (
        Protocol.IMAP,
        "127.0.0.1",
        993,
        Tls.IMPLICIT,
    )
    assert (found.name, found.pool, found.control, found.servers) == ("localhost", 0, None, {})
    assert (found.limits, found.pacing) == (Limits(), Pacing())


def test_the_file_that_init_writes_is_read_and_says_the_defaults() -> None:
    text = (resources.files("portineria.gateway") / "gateway.example.yaml").read_text("utf-8")
    found = read(text)
    assert len(found.listen) == 3
    assert (found.limits, found.pacing) == (Limits(), Pacing())
    # What is commented out is right too, once it is not.
    lines = [line.replace("# ", "", 1) if _is_key(line) else line for line in text.splitlines()]
    whole = read("\n".join(lines))
    assert len(whole.listen) == 6
    assert whole.listen[-1].bare_lf is BareLf.END
    assert whole.client_ca == HERE / "devices.pem"
    assert whole.control == ("127.0.0.1", 9180)
    assert set(whole.servers) == {Protocol.IMAP, Protocol.SMTP}


def _is_key(line: str) -> bool:
    """A key that is commented out, not a remark."""
    bare = line.strip().removeprefix("# ")
    return line.strip().startswith("#") and (
        bare.startswith(("- {", "imap:", "smtp:", "ca:", "scope:", "certificates:", "client_ca:"))
        or bare.startswith(("proxy:", "upstream:", "control:", " "))
    )


def test_a_whole_file() -> None:
    found = read(
        "schema: portineria/gateway-file@1\n"
        "name: gate.contoso.example\n"
        "listen:\n"
        "  - {protocol: smtp, at: '[::]:25', tls: none, networks: [10.0.0.0/8], bare_lf: end}\n"
        "  - {protocol: pop, at: 'localhost:0', old_tls: true, networks: ['2001:db8::/32']}\n"
        "  - {protocol: pop, at: 'localhost:0', tls: starttls, old_tls: false}\n"
        "certificates: [{certificate: file:gate.pem, key: gate.key}, {certificate: other.pem}]\n"
        "proxy: [192.0.2.5, 10.0.0.0/8]\n"
        "upstream: {pop: {at: 'mail:110', tls: starttls}, scope: x/.default}\n"
        "limits: {failures: 7}\n"
        "pacing: {messages_per_minute: 0}\n"
        "pool: 3\n"
        "workers: 4\n"
        "health: '[::]:9181'\n"
        "database: file:database.conninfo\n"
    )
    assert found.health == ("::", 9181)
    assert (found.workers, found.database) == (
        4,
        DatabaseWish(kind="file", name=str(HERE / "database.conninfo"), where="gateway.yaml:15:11"),
    )
    assert (found.listen[0].host, found.listen[0].port) == ("::", 25)
    assert [one.bare_lf for one in found.listen[:2]] == [BareLf.END, BareLf.MEND]
    assert [one.old_tls for one in found.listen] == [False, True, False]
    assert [one.weakness for one in found.listen] == ["cleartext", "old-tls", ""]
    assert [one.certificate for one in found.certificates] == [
        HERE / "gate.pem",
        HERE / "other.pem",
    ]
    assert found.proxies == (ip_network("192.0.2.5/32"), ip_network("10.0.0.0/8"))
    assert found.servers[Protocol.POP].tls is Tls.STARTTLS
    assert found.scope == "x/.default"
    assert (found.limits.failures, found.pacing.messages_per_minute, found.pool) == (7, 0, 3)


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("name: gate\n", "1:1", "has no listen"),
        ("schema: x\n" + LISTEN, "1:9", "schema 'x' is not known"),
        ("listen: []\n", "1:9", "nobody is listened to"),
        ("listen: [{at: 'h:1'}]\n", "1:10", "has no protocol"),
        ("listen: [{protocol: imap}]\n", "1:10", "has no at"),
        ("listen: [x]\n", "1:10", "where a mapping"),
        ("listen: [{protocol: http, at: 'h:1'}]\n", "1:21", "the protocol cannot be 'http'"),
        ("listen: [{protocol: imap, at: nowhere}]\n", "1:31", "is no place"),
        ("listen: [{protocol: imap, at: 'h:99999'}]\n", "1:31", "is no place"),
        ("listen: [{protocol: imap, at: 5}]\n", "1:31", "where text belongs"),
        (
            "listen: [{protocol: imap, at: 'h:1', tls: none}]\n",
            "1:10",
            "cleartext and old TLS are for named networks only",
        ),
        (
            "listen: [{protocol: imap, at: 'h:1', old_tls: true}]\n",
            "1:10",
            "cleartext and old TLS are for named networks only",
        ),
        (
            "listen: [{protocol: imap, at: 'h:1', networks: [10.0.0.0/8]}]\n",
            "1:48",
            "nobody may here",
        ),
        (
            "listen: [{protocol: imap, at: 'h:1', bare_lf: end}]\n",
            "1:47",
            "bare_lf is about messages, and imap takes none",
        ),
        (
            "listen: [{protocol: smtp, at: 'h:1', bare_lf: crlf}]\n",
            "1:47",
            "bare_lf cannot be 'crlf'",
        ),
        ("listen: [{protocol: imap, at: 'h:1', old_tls: 7}]\n", "1:47", "neither true nor false"),
        (
            "listen: [{protocol: imap, at: 'h:1'}, {protocol: pop, at: 'h:1'}]\n",
            "1:39",
            "h:1 is listened at already",
        ),
        ("name: 'a b'\n" + LISTEN, "1:7", "is no name of a host"),
        (LISTEN + "certificates: [{key: k}]\n", "2:16", "has no certificate"),
        (LISTEN + "proxy: [everybody]\n", "2:9", "names no network"),
        (LISTEN + "upstream: {imap: {tls: implicit}}\n", "2:18", "has no at"),
        (LISTEN + "upstream: {imap: {at: 'h:1', tls: none}}\n", "2:35", "never goes in the clear"),
        (LISTEN + "limits: {failures: 0}\n", "2:20", "failures cannot be '0'"),
        (LISTEN + "limits: {failures: many}\n", "2:20", "failures cannot be 'many'"),
        (LISTEN + "limits: {speed: 1}\n", "2:10", "unknown key"),
        (LISTEN + "pool: 65\n", "2:7", "pool cannot be '65'"),
        (LISTEN + "control: '0.0.0.0:80'\n", "2:10", "can be reached by others"),
        (LISTEN + "control: here\n", "2:10", "is no place"),
        (LISTEN + "health: here\n", "2:9", "is no place"),
        (LISTEN + "workers: 0\n", "2:10", "workers cannot be '0'"),
        (LISTEN + "database: 5\n", "2:11", "where text belongs"),
        (
            LISTEN + "database: postgresql://gate:pw@db/x\n",
            "2:11",
            "does not belong into this file",
        ),
        (LISTEN + "database: file://db/x\n", "2:11", "does not belong into this file"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(text: str, place: str, why: str) -> None:
    with pytest.raises(FileFault, match=why) as caught:
        read(text)
    assert f"gateway.yaml:{place}:" in str(caught.value)
    assert "gate:pw" not in str(caught.value)


def test_a_database_may_be_named_by_a_variable() -> None:
    found = read(LISTEN + "database: env:GATES\n").database
    assert found is not None
    assert (found.kind, found.name) == ("env", "GATES")


def test_the_published_schema_takes_what_the_parser_takes_and_names_every_key() -> None:
    from jsonschema import Draft202012Validator
    from ruamel.yaml import YAML

    from portineria.cli.published import published
    from portineria.gateway import gatewayfile

    schema = published("gateway-file")
    text = (resources.files("portineria.gateway") / "gateway.example.yaml").read_text("utf-8")
    lines = [line.replace("# ", "", 1) if _is_key(line) else line for line in text.splitlines()]
    for written in (text, "\n".join(lines)):
        assert not list(Draft202012Validator(schema).iter_errors(YAML(typ="safe").load(written)))
    assert set(schema["properties"]) == set(gatewayfile.KEYS)
    assert set(schema["properties"]["listen"]["items"]["properties"]) == set(
        gatewayfile.LISTEN_KEYS
    )
    limits = schema["properties"]["limits"]["properties"]
    assert set(limits) == set(Limits.__dataclass_fields__)
    assert set(schema["properties"]["pacing"]["properties"]) == set(Pacing.__dataclass_fields__)
