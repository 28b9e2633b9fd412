"""Files for programs, documents, pages: read back by what reads them, hostile names and all."""

from __future__ import annotations

import plistlib
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
import tree_sitter
import tree_sitter_pwsh

from portineria.policy.verdict import Answer
from portineria.settings.clients import ANY, Client
from portineria.settings.formats import discover, documents, pages, programs, relays
from portineria.settings.given import Closed, Login, Missing, Place, Server, Settings, Tls
from portineria.tenant.mailbox import Protocol

ADDRESS = "ada@contoso.example"
HOSTILE = '<b>"O\'Brien" & שלום $(id) `id` \\ \u202e'


def server(protocol: Protocol, tls: Tls = Tls.IMPLICIT, login: Login = Login.TYPED) -> Server:
    place = Place(host="gate.contoso.example", port=1000 + len(protocol.value), tls=tls)
    return Server(
        protocol=protocol, place=place, login=login, user="CONTOSO\\scan", ca="/etc/ca.pem"
    )


def made(
    tls: Tls = Tls.IMPLICIT,
    login: Login = Login.TYPED,
    protocols: tuple[Protocol, ...] = tuple(Protocol),
) -> Settings:
    return Settings(
        address=ADDRESS,
        display_name="Ada",
        client=Client(id="x", name="msmtp", oauth=Answer.NO, note="A note."),
        servers=tuple(server(protocol, tls, login) for protocol in protocols),
    )


EVERY = {
    "markdown": pages.markdown,
    "html": pages.html,
    "autoconfig": documents.autoconfig,
    "mobileconfig": documents.mobileconfig,
    "dns": documents.zone,
    "msmtp": programs.msmtp,
    "mbsync": programs.mbsync,
    "fetchmail": programs.fetchmail,
    "getmail": programs.getmail,
    "neomutt": programs.neomutt,
    "curl": programs.curl,
    "python": programs.python,
    "powershell": relays.powershell,
}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("tls", list(Tls))
@pytest.mark.parametrize("login", list(Login))
def test_every_form_names_the_server_and_its_port_and_no_password(
    name: str, tls: Tls, login: Login
) -> None:
    told = EVERY[name](made(tls, login))
    assert "gate.contoso.example" in told
    assert any(str(1000 + len(one.value)) in told for one in Protocol)
    assert told.endswith("\n")


@pytest.mark.parametrize(
    ("name", "lacking", "needs"),
    [
        ("msmtp", Protocol.SMTP, "SMTP"),
        ("mbsync", Protocol.IMAP, "IMAP"),
        ("neomutt", Protocol.IMAP, "IMAP"),
        ("mobileconfig", Protocol.SMTP, "IMAP or POP, and SMTP"),
    ],
)
def test_a_form_that_needs_what_is_closed_says_so(name: str, lacking: Protocol, needs: str) -> None:
    rest = tuple(one for one in Protocol if one is not lacking)
    with pytest.raises(Missing, match=needs):
        EVERY[name](made(protocols=rest))
    alone = made(protocols=(Protocol.SMTP,))
    for form in ("fetchmail", "getmail"):
        with pytest.raises(Missing, match="IMAP or POP"):
            EVERY[form](alone)


def test_pop_is_taken_where_imap_is_closed() -> None:
    rest = made(protocols=(Protocol.POP, Protocol.SMTP))
    assert "protocol pop3" in programs.fetchmail(rest)
    assert "SimplePOP3SSLRetriever" in programs.getmail(rest)
    assert "EmailTypePOP" in documents.mobileconfig(rest)


def test_autoconfig_is_xml_with_whatever_name() -> None:
    one = replace(made(Tls.STARTTLS, Login.OAUTH), display_name=HOSTILE)
    root = ET.fromstring(documents.autoconfig(one).encode())
    assert root.findtext("emailProvider/displayName") == HOSTILE
    incoming = root.findall("emailProvider/incomingServer")
    assert [(i.get("type"), i.findtext("socketType")) for i in incoming] == [
        ("imap", "STARTTLS"),
        ("pop3", "STARTTLS"),
    ]
    assert root.findtext("emailProvider/outgoingServer/authentication") == "OAuth2"
    assert root.findtext("emailProvider/outgoingServer/username") == "CONTOSO\\scan"


REQUIRED = {
    "EmailAccountType": str,
    "EmailAddress": str,
    "IncomingMailServerHostName": str,
    "IncomingMailServerPortNumber": int,
    "IncomingMailServerUseSSL": bool,
    "IncomingMailServerUsername": str,
    "IncomingMailServerAuthentication": str,
    "OutgoingMailServerHostName": str,
    "OutgoingMailServerPortNumber": int,
    "OutgoingMailServerUseSSL": bool,
    "OutgoingMailServerUsername": str,
    "OutgoingMailServerAuthentication": str,
    "OutgoingPasswordSameAsIncomingPassword": bool,
    "PayloadIdentifier": str,
    "PayloadUUID": str,
    "PayloadVersion": int,
}
"""Keys of Apple's mail payload and their types."""


def test_a_configuration_profile_has_apples_keys_of_apples_types() -> None:
    one = replace(made(), display_name=HOSTILE)
    document = plistlib.loads(documents.mobileconfig(one).encode())
    assert document["PayloadType"] == "Configuration"
    (payload,) = document["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.mail.managed"
    for key, kind in REQUIRED.items():
        assert type(payload[key]) is kind, key
    assert payload["EmailAccountType"] in ("EmailTypeIMAP", "EmailTypePOP")
    assert payload["IncomingMailServerAuthentication"] == "EmailAuthPassword"
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", payload["PayloadUUID"])
    assert documents.mobileconfig(one) == documents.mobileconfig(one), "installed again it replaces"


def test_a_zone_says_what_is_offered_and_what_is_not_and_leaves_autodiscover_alone() -> None:
    told = documents.zone(made(protocols=(Protocol.IMAP, Protocol.SMTP)))
    records = [line for line in told.splitlines() if not line.startswith((";", "$"))]
    assert len(records) == 6
    assert any(r.startswith("_imaps._tcp") and "1004 gate.contoso.example." in r for r in records)
    assert any(r.startswith("_pop3s._tcp") and "0 0 0 ." in r for r in records)
    assert not any("autodiscover" in record for record in records)
    assert "autodiscover is not here" in told
    idn = documents.zone(replace(made(), address="ada@münchen.example"))
    assert "$ORIGIN xn--mnchen-3ya.example." in idn


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_names_are_text_on_the_page_and_it_asks_for_nothing_outside() -> None:
    one = replace(made(), address=f"{HOSTILE}@contoso.example")
    told = pages.html(one)
    page = Tags(told)
    assert "b" not in page.tags
    assert "svg" in page.tags, "a code for a camera"
    assert "default-src 'none'" in told
    assert "O'Brien" in page.text
    assert "\u202e" not in told


def test_what_is_closed_and_what_to_trust_stand_under_the_table() -> None:
    closed = (
        Closed(protocol=Protocol.POP, answer=Answer.NO, because="a switch", opens="a command"),
        Closed(protocol=Protocol.SMTP, answer=Answer.UNKNOWN, because="unseen", opens="look"),
    )
    told = pages.markdown(replace(made(protocols=(Protocol.IMAP,)), closed=closed))
    assert "POP is closed: a switch. What opens it: a command" in told
    assert "Whether SMTP is open could not be told: unseen. What settles it: look" in told
    assert "has to trust this authority: /etc/ca.pem" in told
    assert "A note." in told
    nothing = replace(made(protocols=()), client=ANY)
    assert pages.markdown(nothing) == "# Mail settings of ada@contoso.example\n"
    assert "<table>" not in pages.html(nothing)
    assert "<svg" not in pages.html(nothing)


def test_a_user_name_survives_the_quotes_of_each_program() -> None:
    hostile = "o'b\"r $(id) `id` \\x"
    one = made()
    many = replace(one, servers=tuple(replace(s, user=hostile) for s in one.servers))
    line = next(text for text in programs.curl(many).splitlines() if "--user" in text)
    words = shlex.split(line.partition("&& ")[2])
    assert words[words.index("--user") + 1].startswith(f"{hostile}:")
    compile(programs.python(many), "settings.py", "exec")
    assert repr(hostile)[1:-1].split("`")[0][-1] in programs.python(many)
    mutt = next(t for t in programs.neomutt(many).splitlines() if "imap_user" in t)
    assert mutt == r'set imap_user="o' + "'" + r'b\"r \$(id) \`id\` \\x"'
    assert r'user "o' + "'" + r"b\"r" in programs.fetchmail(many)
    assert f'user "{hostile}"' in programs.msmtp(many), "its quotes know no escapes"


@pytest.mark.parametrize("tls", list(Tls))
def test_a_relay_sends_by_the_gateway_and_never_in_the_clear_unasked(tls: Tls) -> None:
    one = made(tls)
    told = relays.postfix(one)
    options = dict(
        line.split(" = ", 1) for line in told.splitlines() if line and not line.startswith("#")
    )
    assert options["relayhost"] == "[gate.contoso.example]:1004"
    assert options["smtp_tls_wrappermode"] == ("yes" if tls is Tls.IMPLICIT else "no")
    assert options["smtp_tls_security_level"] == ("none" if tls is Tls.NONE else "secure")
    assert "[gate.contoso.example]:1004 CONTOSO\\scan:..." in told
    mail = dict(line.split("=", 1) for line in relays.ssmtp(one).splitlines() if "=" in line)
    assert mail["mailhub"] == "gate.contoso.example:1004"
    assert mail["AuthPass"] == ""
    assert mail["UseSTARTTLS"] == ("YES" if tls is Tls.STARTTLS else "NO")


@pytest.mark.parametrize("form", [relays.postfix, relays.ssmtp])
def test_a_relay_without_oauth_needs_the_gateway(form: Callable[[Settings], str]) -> None:
    with pytest.raises(Missing, match="through the gateway"):
        form(made(login=Login.OAUTH))
    with pytest.raises(Missing, match="SMTP"):
        form(made(protocols=(Protocol.IMAP,)))


@pytest.mark.parametrize("login", list(Login))
def test_powershell_reads_what_is_written_for_it_with_whatever_name(login: Login) -> None:
    hostile = "o'\u2019b\"r $(Remove-Item x) `n"
    one = made(login=login)
    many = replace(one, servers=tuple(replace(s, user=hostile) for s in one.servers))
    language = tree_sitter.Language(tree_sitter_pwsh.language())
    tree = tree_sitter.Parser(language).parse(relays.powershell(many).encode())
    assert not tree.root_node.has_error
    assert b"Remove-Item" not in {n.text for n in tree.root_node.children}


ASKED = (
    '<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/'
    'outlook/requestschema/2006"><Request><EMailAddress>{}</EMailAddress></Request></Autodiscover>'
)


def test_autodiscover_says_the_servers_and_of_the_address_what_was_asked() -> None:
    assert discover.asked_for(ASKED.format("a&amp;b@contoso.example")) == "a&b@contoso.example"
    assert discover.asked_for("<x/>") is None
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]>' + ASKED.format("&a;@contoso.example")
    assert discover.asked_for(bomb) == "&a;@contoso.example", "nothing is expanded"
    told = discover.response("a&b@x.example", made(Tls.STARTTLS, Login.OAUTH).servers)
    root = ET.fromstring(told.encode())
    name = {"o": discover.OUTLOOK}
    types = [one.text for one in root.findall(".//o:Protocol/o:Type", name)]
    assert types == ["IMAP", "POP3", "SMTP"]
    assert {one.text for one in root.findall(".//o:LoginName", name)} == {"a&b@x.example"}
    assert {one.text for one in root.findall(".//o:Encryption", name)} == {"TLS"}
    assert "600" in discover.refusal(600, "Invalid Request")


def test_the_json_form_leads_to_the_xml_one_and_knows_no_other() -> None:
    assert discover.where("AutodiscoverV1", "mail.example") == (
        200,
        '{"Protocol": "AutodiscoverV1", "Url": '
        '"https://mail.example/autodiscover/autodiscover.xml"}',
    )
    assert discover.where("EWS", "mail.example")[0] == 400
