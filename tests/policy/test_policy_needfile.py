"""Needs in a file: YAML or CSV, and every mistake at once with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.policy.advise.needfile import parse
from portineria.policy.advise.needs import Knows, Need, Sends
from portineria.policy.marked import FileFault
from portineria.tenant.mailbox import Protocol

YAML = """
needs:
  - name: scanner on floor 2
    mailbox: scan@contoso.example
    protocol: smtp
    client: Ricoh MP C3004
    knows: basic
    sends: internal
    volume: 200
    fixed_address: yes
  - {protocol: imap, mailbox: erp@contoso.example, fixed_address: false}
  - {protocol: pop, knows: OAuth, fixed_address: unknown}
"""
CSV = """name;mailbox;Protocol;client;knows;sends;volume;fixed address
scanner on floor 2;scan@contoso.example;smtp;Ricoh MP C3004;basic;internal;200;yes
;erp@contoso.example;imap;;;;;no
;;pop;;oauth
"""
WANTED = (
    Need(
        name="scanner on floor 2",
        mailbox="scan@contoso.example",
        protocol=Protocol.SMTP,
        client="Ricoh MP C3004",
        knows=Knows.BASIC,
        sends=Sends.INTERNAL,
        volume=200,
        fixed_address=True,
    ),
    Need(
        name="erp@contoso.example",
        mailbox="erp@contoso.example",
        protocol=Protocol.IMAP,
        fixed_address=False,
    ),
    Need(name="#3", protocol=Protocol.POP, knows=Knows.OAUTH),
)


@pytest.mark.parametrize(("text", "file"), [(YAML, "needs.yaml"), (CSV, "Needs.CSV")])
def test_a_list_and_a_table_say_the_same(text: str, file: str) -> None:
    assert parse(text, file) == WANTED
    assert parse("\ufeff" + text, file) == WANTED


def test_a_list_needs_no_key_above_it() -> None:
    assert parse("- protocol: imap", "needs.yaml")[0].protocol is Protocol.IMAP


@pytest.mark.parametrize(
    ("text", "file", "told"),
    [
        ("needs: [{knows: basic}]", "n.yaml", "n.yaml:1:9: a need has no protocol"),
        ("- {protocol: ftp}", "n.yaml", "protocol cannot be 'ftp'; write one of imap, pop, smtp"),
        ("- {protocol: smtp, knows: 7}", "n.yaml", "knows cannot be '7'"),
        ("- {protocol: smtp, sends: all}", "n.yaml", "sends cannot be 'all'"),
        ("- {protocol: smtp, volume: many}", "n.yaml", "write how many recipients a day"),
        ("- {protocol: smtp, volume: -3}", "n.yaml", "volume cannot be '-3'"),
        ("- {protocol: smtp, volume: 99999999999}", "n.yaml", "volume cannot be"),
        ("- {protocol: smtp, fixed_address: maybe}", "n.yaml", "write yes or no"),
        ("- {protocol: smtp, name: [a]}", "n.yaml", "name is no single value"),
        ("- {protocol: smtp, colour: red}", "n.yaml", "unknown key 'colour' in a need"),
        ("- smtp", "n.yaml", "a need is text, where a mapping"),
        ("need: []", "n.yaml", "the file has no needs"),
        ("needs: []", "n.yaml", "the file describes no need"),
        ("needs: smtp", "n.yaml", "needs is text, where a list belongs"),
        ("", "n.csv", "the file describes no need"),
        ("protocol\n", "n.csv", "the file describes no need"),
        ("protocol,colour\nsmtp,red\n", "n.csv", "n.csv:1:2: there is no column 'colour'"),
        ("protocol\nftp\n", "n.csv", "n.csv:2:1: protocol cannot be 'ftp'"),
        ('protocol,name\nsmtp,"a\n', "n.csv", "a quote is opened and never closed"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, file: str, told: str) -> None:
    with pytest.raises(FileFault) as caught:
        parse(text, file)
    assert told in caught.value.why


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(FileFault) as caught:
        parse("- {protocol: ftp, knows: x}\n- {sends: y}\n", "n.yaml")
    assert len(caught.value.complaints) == 4


@given(st.text(max_size=120), st.sampled_from(["n.yaml", "n.csv"]))
def test_any_text_is_needs_or_a_fault(text: str, file: str) -> None:
    try:
        needs = parse(text, file)
    except FileFault:
        return
    assert needs
