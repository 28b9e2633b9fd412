"""The policy file: what is read, and that every mistake is shown at once with its place."""

from datetime import date
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.fault import BadEncoding, OperatorFault
from portineria.policy.csvlist import HEADERS, RowError, addresses
from portineria.policy.desired import (
    BaselineWish,
    Desired,
    EverybodySmtp,
    SecurityDefaultsWish,
    Through,
    Wish,
)
from portineria.policy.marked import SHOWN, FileFault
from portineria.policy.policyfile import parse
from portineria.tenant.mailbox import Protocol

WHOLE = """\
schema: portineria/policy@1
tenant: Contoso.onmicrosoft.com
posture:
  security_defaults: off-if-needed
  conditional_access:
    baseline: report-only
    break_glass: [BG1@contoso.example, bg2@contoso.example]
  smtp_auth: per-mailbox
  new_mailboxes: {imap: off, pop: off}
  basic_auth: granted-only
  legacy_tls: off
  direct_send: reject
everyone_else: {imap: off, pop: off, smtp: denied}
accept_exposure: no licence for Conditional Access
grants:
  - name: scanners
    who:
      {mailboxes: [Scan@contoso.example], groups: [Scanners], csv: two.csv, where: {type: shared}}
    allow: [smtp]
    through: basic
    from: [203.0.113.0/28, "2001:db8::/64"]
    until: 2027-03-31
    owner: it@contoso.example
    reason: knows no OAuth
  - {name: leaver, who: {mailboxes: [x@contoso.example]}, deny: [imap, pop, smtp]}
"""

HEAD = "tenant: contoso.example\n"


def read(text: str, files: dict[str, str] | None = None) -> Desired:
    return parse(text, read_csv=(files or {}).__getitem__)


def mistakes(text: str, files: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(FileFault) as caught:
        read(text, files)
    return str(caught.value).splitlines()


def test_a_whole_file_becomes_values() -> None:
    desired = read(WHOLE, {"two.csv": "second@contoso.example\n"})
    assert desired.tenant == "contoso.onmicrosoft.com"
    assert desired.posture.security_defaults is SecurityDefaultsWish.OFF_IF_NEEDED
    assert desired.posture.baseline is BaselineWish.REPORT_ONLY
    assert desired.posture.break_glass == ("bg1@contoso.example", "bg2@contoso.example")
    assert desired.posture.new_mailboxes_imap is Wish.OFF
    assert desired.everyone_else.smtp is EverybodySmtp.DENIED
    assert desired.accept_exposure == "no licence for Conditional Access"
    scanners, leaver = desired.grants
    assert scanners.who.mailboxes == ("scan@contoso.example", "second@contoso.example")
    assert scanners.who.csv == ("two.csv",)
    assert scanners.who.where == (("type", ("shared",)),)
    assert scanners.allow == {Protocol.SMTP}
    assert scanners.through is Through.BASIC
    assert scanners.networks == (ip_network("203.0.113.0/28"), ip_network("2001:db8::/64"))
    assert scanners.until == date(2027, 3, 31)
    assert scanners.place is not None
    assert scanners.place.line == 16
    assert leaver.deny == frozenset(Protocol)
    assert not leaver.allow


def test_a_short_file_asks_for_nothing() -> None:
    desired = read(HEAD)
    assert desired == Desired(tenant="contoso.example", digest=desired.digest)
    assert read(HEAD + "grants:\n").grants == ()


def test_the_digest_knows_what_was_asked_and_nothing_else() -> None:
    plain = read(
        HEAD + "everyone_else: unmanaged\nposture: {legacy_tls: off, smtp_auth: unmanaged}"
    )
    other = read("# told otherwise\nposture: {smtp_auth: unmanaged, 'legacy_tls': off}\n" + HEAD)
    assert plain.digest == other.digest
    assert len(plain.digest) == 64
    assert read(HEAD + "posture: {legacy_tls: on}").digest != plain.digest
    moved = "\n\n" + WHOLE
    files = {"two.csv": "a@contoso.example"}
    assert read(WHOLE, files).digest == read(moved, files).digest
    assert read(WHOLE, files).digest != read(WHOLE, {"two.csv": "b@contoso.example"}).digest


GRANT = HEAD + "grants:\n  - {name: a, who: {mailboxes: [a@contoso.example]}, "

REFUSED = {
    "unknown key": ("tennant: x.example\n" + HEAD, "1:1: unknown key 'tennant'", "mean tenant?"),
    "unknown key far from any": (HEAD + "zzz: 1", "2:1: unknown key 'zzz'", "known here: schema"),
    "unknown key stuck to its value": (
        "{tenant: contoso.example, posture:off}",
        "1:27: unknown key 'posture:off'",
        "write a space behind posture:",
    ),
    "key twice": (HEAD + HEAD, "2:1: tenant is written twice", "in line 1 already"),
    "no tenant": ("posture: {}", "1:1: the policy has no tenant", "tenant: contoso"),
    "tenant of the wrong type": ("tenant: 5", "1:9: the tenant is a number", "quotes"),
    "tenant that is none": ("tenant: a b", "1:9: 'a b' is no tenant", "domain"),
    "version": ("schema: portineria/policy@9\n" + HEAD, "1:9: schema", "portineria/policy@1"),
    "word": (
        HEAD + "posture: {security_defaults: of}",
        "2:30: security_defaults cannot be 'of'",
        "mean off?",
    ),
    "boolean": (HEAD + "posture: {legacy_tls: false}", "2:23: legacy_tls cannot be", "unmanaged"),
    "posture list": (HEAD + "posture: [a]", "2:10: posture is a list, where a mapping", ""),
    "everybody": (HEAD + "everyone_else: closed", "2:16: everyone_else cannot", "{imap: off"),
    "everybody opened": (HEAD + "everyone_else: {imap: on}", "2:23: imap cannot be 'on'", ""),
    "empty reason": (HEAD + "accept_exposure: ''", "2:18: accept_exposure is empty", ""),
    "one break-glass": (
        HEAD + "posture: {conditional_access: {baseline: enforced, break_glass: [a@b.example]}}",
        "2:65: a baseline that is enforced needs two break-glass accounts, and 1 is named",
        "cloud-only",
    ),
    "the same break-glass twice": (
        HEAD + "posture: {conditional_access: {baseline: enforced, break_glass: [a@b.c, A@b.c]}}",
        "needs two break-glass accounts, and 1 is named",
        "",
    ),
    "no break-glass": (
        HEAD + "posture: {conditional_access: {baseline: report-only}}",
        "and none is named",
        "break_glass",
    ),
    "grants mapping": (HEAD + "grants: {a: 1}", "2:9: grants is a mapping", "dashes"),
    "grant text": (HEAD + "grants: [a]", "2:10: a grant is text", ""),
    "grant nameless": (
        HEAD + "grants: [{who: {groups: [g]}, allow: [imap]}]",
        "2:10: a grant has no name",
        "",
    ),
    "grant for nobody": (HEAD + "grants: [{name: a, allow: [imap]}]", "has no who", "mailboxes"),
    "who text": (
        HEAD + "grants: [{name: a, who: ada, allow: [imap]}]",
        "2:25: who is text, where a mapping",
        "",
    ),
    "mailboxes empty": (
        HEAD + "grants: [{name: a, who: {mailboxes: []}, allow: [imap]}]",
        "2:37: mailboxes is empty",
        "name somebody or take the key out",
    ),
    "groups empty": (
        HEAD + "grants: [{name: a, who: {groups: []}, allow: [imap]}]",
        "2:34: groups is empty",
        "name somebody or take the key out",
    ),
    "a mailbox that is a number": (
        HEAD + "grants: [{name: a, who: {mailboxes: [7]}, allow: [imap]}]",
        "2:38: a mailbox is a number",
        "quotes",
    ),
    "who empty": (HEAD + "grants: [{name: a, who: {}, allow: [imap]}]", "names nobody", "groups"),
    "no address": (
        HEAD + "grants: [{name: a, who: {mailboxes: [ada]}, allow: [imap]}]",
        "2:38: 'ada' is no address",
        "name@",
    ),
    "where": (
        HEAD + "grants: [{name: a, who: {where: {type: sharde}}, allow: [imap]}]",
        "2:40: type cannot be 'sharde'",
        "mean shared?",
    ),
    "where among several": (
        HEAD + "grants: [{name: a, who: {where: {type: [room, sharde]}}, allow: [imap]}]",
        "2:47: type cannot be 'sharde'",
        "mean shared?",
    ),
    "where of no value": (
        HEAD + "grants: [{name: a, who: {where: {name: []}}, allow: [imap]}]",
        "2:40: where.name is empty",
        "take it out",
    ),
    "where of nothing": (
        HEAD + "grants: [{name: a, who: {where: {}}, allow: [imap]}]",
        "2:33: where is empty",
        "department",
    ),
    "where of a number": (
        HEAD + "grants: [{name: a, who: {where: {department: 7}}, allow: [imap]}]",
        "2:46: where.department is a number",
        "quotes",
    ),
    "an address between quotes": (
        HEAD + "grants: [{name: a, who: {mailboxes: [\"'a@b.example'\"]}, allow: [imap]}]",
        "is no address",
        "name@",
    ),
    "almost an id": (
        HEAD + "grants: [{name: a, who: {mailboxes: [0f6a2f1e-3c9d-4c1b]}, allow: [imap]}]",
        "is no address",
        "name@",
    ),
    "protocol": (GRANT + "allow: [pop3]}", "3:62: a protocol cannot be 'pop3'", "mean pop?"),
    "no protocol": (GRANT + "allow: []}", "3:61: allow is empty", "imap"),
    "protocol alone": (GRANT + "allow: imap}", "allow is text, where a list belongs", "[one"),
    "neither": (GRANT + "owner: me}", "neither allows nor denies", "allow: [imap]"),
    "both": (GRANT + "allow: [imap], deny: [pop]}", "allows and denies", "two grants"),
    "deny through": (GRANT + "deny: [pop], through: gateway}", "carries no through", ""),
    "through": (GRANT + "allow: [pop], through: oauth}", "through cannot be 'oauth'", "oauth-"),
    "basic from anywhere": (GRANT + "allow: [smtp], through: basic}", "has no from", "203.0"),
    "the Internet": (
        GRANT + "allow: [smtp], through: basic, from: [0.0.0.0/0]}",
        "is the whole Internet",
        "",
    ),
    "host bits": (
        GRANT + "allow: [smtp], through: basic, from: [203.0.113.9/28]}",
        "is no network: 203.0.113.9/28 has host bits set",
        "did you mean 203.0.113.0/28?",
    ),
    "a range": (
        GRANT + "allow: [smtp], through: basic, from: [203.0.113.1-203.0.113.9]}",
        "is no network",
        "write it as 203.0.113.0/28",
    ),
    "from nowhere": (
        GRANT + "allow: [smtp], through: basic, from: []}",
        "from is empty",
        "name a network or take it out",
    ),
    "from a number": (
        GRANT + "allow: [smtp], through: basic, from: [7]}",
        "3:92: a network is a number",
        "quotes",
    ),
    "from for OAuth": (
        GRANT + "allow: [smtp], from: [203.0.113.0/28]}",
        "from is not enforced through oauth-user",
        "gateway",
    ),
    "app for basic": (
        GRANT + "allow: [imap], app: 11111111-1111-1111-1111-111111111111}",
        "app has no meaning through oauth-user",
        "oauth-app",
    ),
    "app of a list": (
        GRANT + "allow: [imap], through: oauth-app, app: [mail]}",
        "the app is a list",
        "quotes",
    ),
    "app": (GRANT + "allow: [imap], through: oauth-app, app: mail}", "no client id", "GUID"),
    "sign_in without the gateway": (
        GRANT + "allow: [imap], sign_in: person}",
        "sign_in has no meaning through oauth-user",
        "it goes with gateway",
    ),
    "sign_in of nobody": (
        GRANT + "allow: [imap], through: gateway, sign_in: ada}",
        "sign_in cannot be 'ada'",
        "person",
    ),
    "sign_in and app": (
        GRANT
        + "allow: [imap], through: gateway, sign_in: person, "
        + "app: 11111111-1111-1111-1111-111111111111}",
        "sign_in: person uses none",
        "take one of them out",
    ),
    "sign_in of a denial": (
        GRANT + "deny: [imap], sign_in: person}",
        "a grant that denies carries no sign_in",
        "take the key out",
    ),
    "no date": (GRANT + "allow: [imap], until: '2027-02-30'}", "'2027-02-30' is no date", "day"),
    "a time": (GRANT + "allow: [imap], until: 2027-02-03T10:00:00Z}", "is no date", "day"),
    "not YAML": ("tenant: [", "1:10: not YAML", "close what is opened here"),
    "tab": (HEAD + "\tposture: {}", "2:1: not YAML: a tab", "indent with spaces"),
    "two documents": (HEAD + "---\n" + HEAD, "2:1: not YAML: a second document", "take out"),
    "indentation": (HEAD + "a:\n  b: 1\n c: 2", "4:2: not YAML", "indent it like its neighbours"),
    "a colon": ("tenant: a: b", "1:10: not YAML: a colon", "quotes"),
    "an alias of nothing": ("tenant: *hunter2", "1:9: not YAML: a text begins with *", "quotes"),
    "an unheard-of trouble": ("tenant: !<x y", "1:12: not YAML: expected …", "indentation"),
    "nested too deep": ("tenant: " + "[" * 4000, "1:1: not YAML that can be read", "brackets"),
    "nested too deep without brackets": (
        "- " * 1500,
        "1:1: not YAML that can be read",
        "brackets",
    ),
    "a control character": (HEAD + "posture: \x07", "2:10: not YAML: a control", "take it out"),
    "an escaped control": ('tenant: "a\\0b"', "1:9: the tenant holds a control", "anew"),
    "half a sign": ('tenant: "a\\ud800b"', "1:9: the tenant holds a control", "anew"),
    "a key that is a list": (HEAD + "? [a]\n: b", "2:3: a key of the policy is not text", "word"),
    "nothing": ("", "1:1: the file is empty", ""),
    "only comments": ("# nothing\n", "1:1: the file is empty", ""),
    "a list": ("- a", "1:1: the policy is a list, where a mapping", ""),
    "a NUL": ("\x00", "1:1: not YAML", ""),
    "a circle": ("tenant: &a [*a]", "1:9: the tenant is a list", ""),
    "a circle of words": (HEAD + "everyone_else: &a {imap: *a}", "imap cannot be a mapping", ""),
}


@pytest.mark.parametrize(("text", "why", "advice"), REFUSED.values(), ids=list(REFUSED))
def test_a_mistake_is_shown_with_its_place_its_reason_and_advice(
    text: str, why: str, advice: str
) -> None:
    (line,) = mistakes(text)
    assert line.startswith("policy.yaml:")
    assert why in line
    assert advice in line


def test_an_anchor_may_be_used_anew() -> None:
    """YAML 1.2 allows it, and the parser's grumbling about it is no affair of the reader's."""
    read("tenant: &a contoso.example\nposture: {smtp_auth: &a per-mailbox}\n")


def test_of_many_mistakes_the_first_fifty_are_told_and_the_rest_counted() -> None:
    many = ", ".join(f"'x{number}'" for number in range(60))
    with pytest.raises(FileFault) as caught:
        read(GRANT.replace("a@contoso.example", many) + "allow: [imap]}")
    lines = str(caught.value).splitlines()
    assert len(lines) == SHOWN + 1
    assert lines[-1] == "and 10 more"
    errors = caught.value.evidence["errors"]
    assert isinstance(errors, list)
    assert len(errors) == 60


def test_all_mistakes_are_shown_at_once_in_the_order_of_the_file() -> None:
    text = WHOLE.replace("allow: [smtp]", "allow: [smpt]").replace("posture:", "postur:")
    told = mistakes(text.replace("2027-03-31", "soon"), {"two.csv": "a@contoso.example"})
    assert [line.split(":")[1] for line in told] == ["3", "19", "22"]


def test_the_evidence_carries_every_mistake_for_machines() -> None:
    with pytest.raises(OperatorFault) as caught:
        read("tenant: 5\nposter: 1")
    errors = caught.value.evidence["errors"]
    assert isinstance(errors, list)
    assert [(one["line"], one["column"], one["key"]) for one in errors] == [
        (1, 9, "tenant"),
        (2, 1, "poster"),
    ]
    assert caught.value.exit_code == 2


def test_two_grants_of_one_name_are_refused() -> None:
    again = "\n  - {name: a, who: {groups: [g]}, allow: [imap]}"
    (line,) = mistakes(GRANT + "allow: [imap]}" + again)
    assert "two grants called 'a'" in line
    assert "line 3" in line


def test_a_break_glass_account_is_never_let_in_but_may_be_kept_out() -> None:
    posture = "posture: {conditional_access: {break_glass: [a@contoso.example]}}\n"
    (line,) = mistakes(posture + GRANT + "allow: [imap]}")
    assert "a@contoso.example, a break-glass account" in line
    assert read(posture + GRANT + "deny: [imap]}").grants


NAMES = {
    "an apostrophe": ("Nora.O'Malley@contoso.example", "nora.o'malley@contoso.example"),
    "a plus sign": ("scan+floor2@contoso.example", "scan+floor2@contoso.example"),
    "sixty-four signs": ("a" * 64 + "@contoso.example", "a" * 64 + "@contoso.example"),
    "not ASCII": ("Jörg@bücher.example", "jörg@bücher.example"),
    "from right to left": ("יעל@contoso.example", "יעל@contoso.example"),
    "an id": (
        "0F6A2F1E-3C9D-4C1B-9F5E-2A7F6F1D9C01",
        "0f6a2f1e-3c9d-4c1b-9f5e-2a7f6f1d9c01",
    ),
}


@pytest.mark.parametrize(("written", "read_as"), NAMES.values(), ids=list(NAMES))
def test_a_mailbox_may_be_called(written: str, read_as: str) -> None:
    text = HEAD + f'grants: [{{name: a, who: {{mailboxes: ["{written}"]}}, allow: [imap]}}]'
    assert read(text).grants[0].who.mailboxes == (read_as,)
    if "@" in written:
        assert addresses(f"Name;Address\nx;{written}\n") == (read_as,)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("{type: shared}", (("type", ("shared",)),)),
        ("{type: [shared, room, shared]}", (("type", ("shared", "room")),)),
        (
            "{name: 'Scan*', department: [IT, Sales]}",
            (("department", ("IT", "Sales")), ("name", ("Scan*",))),
        ),
    ],
)
def test_a_filter_takes_one_value_or_several(where: str, found: object) -> None:
    text = HEAD + f"grants: [{{name: a, who: {{where: {where}}}, allow: [imap]}}]"
    assert read(text).grants[0].who.where == found


CSV = HEAD + "grants: [{name: a, who: {csv: FILE}, allow: [imap]}]"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a@b.example\nc@d.example\n", ("a@b.example", "c@d.example")),
        ("\ufeffAddress\r\nA@B.example\r\n", ("a@b.example",)),
        ("Name;PrimarySmtpAddress\nAda;a@b.example\n", ("a@b.example",)),
        ("Display name\tUser Principal Name\nAda\ta@b.example", ("a@b.example",)),
        ('"Name","mailbox"\n"Example, Ada","a@b.example"\n', ("a@b.example",)),
        ("# ours\n\na@b.example\n\na@b.example\n", ("a@b.example",)),
        ('Name,mailbox\n"Ada\n# of the second floor",a@b.example\n', ("a@b.example",)),
        ("Name,mailbox\rAda\u2028Example,a@b.example\r", ("a@b.example",)),
        ('# "quoted" and, "not closed\na@b.example\n', ("a@b.example",)),
        ("", ()),
    ],
)
def test_a_csv_list_is_read_as_people_keep_it(text: str, found: tuple[str, ...]) -> None:
    assert addresses(text) == found


@pytest.mark.parametrize(
    ("text", "row", "why"),
    [
        ("address\na@b.example\nnobody\n", 3, "'nobody' is no address"),
        ("Name;address\nAda\n", 2, "an empty cell"),
        ("Name,City\nAda,Turin\n", 1, "none is called"),
        ("a@b.example\n\n# x\na b@c.example\n", 4, "no address"),
        ('Name,mailbox\n"two\nlines",a@b.example\nAda,nobody\n', 3, "'nobody'"),
        ('mailbox\na@b.example\n"c@d.example\ne@f.example\n', 3, "never closed"),
        ('mailbox\n"' + "x@y.example\n" * 20_000, 2, "never closed"),
        ("a@b.example; c@d.example\n", 1, "several columns"),
    ],
)
def test_a_bad_row_is_named(text: str, row: int, why: str) -> None:
    with pytest.raises(RowError) as caught:
        addresses(text)
    assert caught.value.row == row
    assert why in caught.value.why
    (line,) = mistakes(CSV.replace("FILE", "f.csv"), {"f.csv": text})
    assert f"2:31: f.csv row {row}: " in line


def test_a_csv_file_that_cannot_be_read_is_a_mistake_of_the_policy() -> None:
    def missing(name: str) -> str:
        raise FileNotFoundError(2, "No such file or directory", name)

    with pytest.raises(FileFault, match=r"f\.csv: No such file"):
        parse(CSV.replace("FILE", "f.csv"), read_csv=missing)
    with pytest.raises(FileFault, match="cannot be read here"):
        parse(CSV.replace("FILE", "f.csv"), read_csv=None)
    (line,) = mistakes(CSV.replace("FILE", "f.csv"), {"f.csv": "\n"})
    assert "names no mailbox" in line


def test_what_is_the_matter_with_a_csv_file_is_told_at_its_place_with_the_readers_advice() -> None:
    def encoded(name: str) -> str:
        raise BadEncoding(f"{name} is not UTF-8", try_="save it as UTF-8")

    with pytest.raises(FileFault) as caught:
        parse(CSV.replace("FILE", "f.csv"), read_csv=encoded)
    told = str(caught.value)
    assert told == "policy.yaml:2:31: the file f.csv: f.csv is not UTF-8; save it as UTF-8"


@given(st.lists(st.emails(), min_size=1, max_size=5), st.sampled_from(HEADERS))
def test_any_list_of_addresses_survives_every_way_of_writing_it(
    mails: list[str], header: str
) -> None:
    plain = [mail.lower() for mail in mails if not set("'\" ,;()<>") & set(mail)]
    wanted = tuple(dict.fromkeys(plain))
    kept = [mail for mail in plain if not mail.startswith("#")]
    if kept == plain and plain:
        assert addresses("\n".join(plain)) == wanted
        assert addresses("\ufeff" + "\r\n".join([header.upper(), *plain])) == wanted
        assert addresses("\n".join(["n;" + header, *(f"x;{one}" for one in plain)])) == wanted


def survives(text: str) -> None:
    """Parsed, or refused with at least one complaint; anything else is a crash."""
    try:
        read(text)
    except FileFault as fault:
        if not fault.complaints:
            raise AssertionError("refused without a reason") from fault


@given(st.text(max_size=80))
def test_no_text_crashes_the_parser(text: str) -> None:
    survives(text)
    survives(HEAD + text)


@given(st.text(alphabet="tenatgrs:{}[]-&*!|>#'\"%@` \n0.,?\\", max_size=60))
def test_no_yaml_crashes_the_parser(text: str) -> None:
    for whole in (text, HEAD + text, HEAD + "grants: " + text, HEAD + "posture: " + text):
        survives(whole)
