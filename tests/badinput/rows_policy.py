"""Policy files: the file itself, its YAML, its keys and its values."""

from __future__ import annotations

from collections.abc import Callable

from desk import ERP, Desk, Row

HEAD = "tenant: contoso.onmicrosoft.com\n"
GRANT = HEAD + "grants:\n  - {name: a, who: {mailboxes: [erp@contoso.example]}, "
BASIC = GRANT + "allow: [smtp], through: basic, owner: o, reason: r, "
PLAN = ["plan", "policy.yaml"]


def policy(content: str | bytes) -> Callable[[Desk], None]:
    def arrange(desk: Desk) -> None:
        desk.write("policy.yaml", content)

    return arrange


def near_miss(desk: Desk) -> None:
    desk.write("policies.yaml", ERP)


def folder(desk: Desk) -> None:
    (desk.folder / "policy.yaml").mkdir()


def link_to_itself(desk: Desk) -> None:
    (desk.folder / "policy.yaml").symlink_to("policy.yaml")


def closed_to_us(desk: Desk) -> None:
    desk.write("policy.yaml", ERP, mode=0o000)
    desk.run("plan", "nowhere.yaml")  # imports what a stranger might not be let read
    desk.become_nobody()


def row(
    name: str, content: str | bytes, why: object, try_: object, where: str = "policy.yaml:"
) -> Row:
    return Row(name=name, words=PLAN, exit=2, code="bad-file",
               arrange=policy(content), where=where, why=why, try_=try_)  # fmt: skip


FILES = [
    Row(name="no such file", words=PLAN, exit=2, code="no-file", where="policy.yaml",
        why="cannot be read: No such file", try_="it was looked for in /"),
    Row(name="a name nearly right", words=PLAN, exit=2, code="no-file", arrange=near_miss,
        where="policy.yaml", why="No such file", try_="did you mean policies.yaml?"),
    Row(name="a folder", words=PLAN, exit=2, code="no-file", arrange=folder,
        where="policy.yaml", why="Is a directory", try_="name a file in it"),
    Row(name="a link to itself", words=PLAN, exit=2, code="no-file",
        arrange=link_to_itself, where="policy.yaml", why="symbolic links", try_="check the name"),
    Row(name="not ours to read", words=PLAN, exit=2, code="no-file", arrange=closed_to_us,
        where="policy.yaml", why="Permission denied", try_="chmod u+r"),
    Row(name="endless", words=["plan", "/dev/zero"], exit=2, code="bad-file",
        where="/dev/zero", why="larger than 4 MiB", try_="name the right file"),
    Row(name="a workbook", words=PLAN, exit=2, code="encoding",
        arrange=policy(b"PK\x03\x04\x14\0\x06\0\xff"), where="policy.yaml",
        why="is no text: it is an Excel workbook", try_="CSV UTF-8"),
    Row(name="octets", words=PLAN, exit=2, code="encoding",
        arrange=policy(bytes(range(1, 256))), where="policy.yaml", why="is no text",
        try_="save it as UTF-8"),
    Row(name="a NUL", words=PLAN, exit=2, code="encoding",
        arrange=policy(HEAD + "\0\n"), where="policy.yaml", why=["row 2", "NUL"], try_="UTF-8"),
    Row(name="Windows-1252", words=PLAN, exit=2, code="encoding",
        arrange=policy((HEAD + "accept_exposure: “perché”\n").encode("cp1252")),
        where="policy.yaml", why=["looks like Windows-1252", "row 2, byte 50 (0x93)", "«“»"],
        try_="iconv -f WINDOWS-1252 -t UTF-8 policy.yaml"),
    Row(name="Latin-1", words=PLAN, exit=2, code="encoding",
        arrange=policy((HEAD + "accept_exposure: perché\n").encode("latin-1")),
        where="policy.yaml", why=["Windows-1252 or Latin-1", "row 2", "(0xE9)", "«é»"],
        try_="iconv"),
    Row(name="UTF-16 without its mark", words=PLAN, exit=2, code="encoding",
        arrange=policy(HEAD.encode("utf-16-le")), where="policy.yaml",
        why="UTF-16 without a byte-order mark", try_="iconv -f UTF-16LE"),
    Row(name="UTF-16 that breaks off", words=PLAN, exit=2, code="encoding",
        arrange=policy(HEAD.encode("utf-16")[:-1]), where="policy.yaml",
        why="begins as UTF-16 and breaks off", try_="UTF-8"),
]  # fmt: skip

YAML = [
    row("empty", "", "the file is empty", "portineria init", "policy.yaml:1:1"),
    row("only remarks", "# nothing\n", "the file is empty", "portineria init"),
    row("a tab", HEAD + "\tposture: {}", "a tab where indentation", "YAML takes no tabs",
        "policy.yaml:2:1"),
    row("an open bracket", HEAD + "grants: [", "inside a quote or a bracket", "close what is"),
    row("an open quote", "tenant: 'contoso", "inside a quote or a bracket", "close what is"),
    row("indentation", HEAD + "posture:\n  a: 1\n b: 2", "does not stand under", "indent it"),
    row("a colon", "tenant: a: b", "a colon where no key is", "quotes"),
    row("an alias of nothing", "tenant: *contoso", "begins with * or &", "quotes"),
    row("a sign of YAML's", "tenant: @contoso", "that YAML keeps for itself", "quotes"),
    row("two documents", HEAD + "---\n" + HEAD, "a second document", "take out the ---"),
    row("another YAML", "%YAML 9.0\n---\n" + HEAD, "another version of YAML", "%YAML"),
    row("nested too deep", HEAD + "grants: " + "[" * 5000, "nested too deep", "brackets"),
    row("a control character", HEAD + "posture: \x07", "a control character", "take it out",
        "policy.yaml:2:10"),
    row("an escaped NUL", 'tenant: "a\\0b"', "holds a control character", "write it anew"),
    row("half a sign", 'tenant: "\\ud800"', "holds a control character", "write it anew"),
    row("a list", "- a", "the policy is a list, where a mapping", "key: value"),
    row("a word", "contoso", "the policy is text, where a mapping", "key: value"),
    row("a bomb", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ntenant: *c\n",
        ["unknown key 'a'", "the tenant is a list"], "quotes"),
    row("a circle", "tenant: &a [*a]", "the tenant is a list", "quotes"),
    row("a tag", "tenant: !!python/object:os.system x", "the tenant is of another type", "quotes"),
    row("a key that is a list", HEAD + "? [a]\n: b", "a key of the policy is not text", "word"),
    row("a key that is a number", HEAD + "5: 6", "unknown key '5'", "known here"),
    row("a merge", HEAD + "a: &a {imap: off}\neveryone_else: {<<: *a}", "unknown key '<<'", "imap"),
]  # fmt: skip

KEYS = [
    row("a profile instead of a policy", HEAD + "cloud: global\ncontrol: {client_id: x}\n",
        ["unknown key 'cloud'", "unknown key 'control'"], "known here: schema, tenant"),
    row("an unknown key", "tennant: x\n" + HEAD, "1:1: unknown key 'tennant'", "mean tenant?"),
    row("an unknown key within", HEAD + "posture: {smtp_aut: per-mailbox}",
        "2:11: unknown key 'smtp_aut' in posture", "did you mean smtp_auth?"),
    row("an unknown key of a grant", GRANT + "alow: [imap]}", "unknown key 'alow'", "mean allow?"),
    row("a key twice", HEAD + HEAD, "2:1: tenant is written twice", "in line 1 already"),
    row("two grants of one name", GRANT + "allow: [imap]}" + GRANT.partition("\n")[2]
        .removeprefix("grants:\n") .join(["\n", "allow: [pop]}"]),
        "there are two grants called 'a'", "in line 3; give one another name"),
    row("no tenant", "posture: {}", "the policy has no tenant", "contoso.onmicrosoft.com"),
    row("another version", "schema: portineria/policy@9\n" + HEAD, "is not known here",
        "write portineria/policy@1"),
    row("all mistakes at once", "tenant: 5\nposter: {}\n",
        ["policy.yaml:1:9: the tenant is a number", "policy.yaml:2:1: unknown key 'poster'"],
        "did you mean posture?", "policy.yaml:1:9"),
    row("allow and deny", GRANT + "allow: [imap], deny: [pop]}", "allows and denies", "two grants"),
    row("a break-glass account let in", HEAD + "posture: {conditional_access: {break_glass: "
        "[erp@contoso.example]}}\n" + GRANT.partition("\n")[2] + "allow: [imap]}",
        "lets in erp@contoso.example, a break-glass account", "take it out"),
    row("a baseline without break-glass", HEAD + "posture: {conditional_access: "
        "{baseline: enforced}}", "needs two break-glass accounts", "break_glass: [bg1@"),
    row("a mailbox that is no address", HEAD + "grants: [{name: a, who: {mailboxes: [ada]}, "
        "allow: [imap]}]", "'ada' is no address", "name@contoso.example"),
    row("a client id that is none", GRANT + "allow: [imap], through: oauth-app, app: mail}",
        "'mail' is no client id", "GUID"),
]  # fmt: skip

DAYS = ["31/03/2027", "2027-3-31", "next year", "2027-02-30", "2027-03-31T10:00:00", "20270331",
        "2027-W13-3", "٢٠٢٧-٠٣-٣١", "0000-01-01", "[]", "true", "''"]  # fmt: skip
DATES = [
    row(f"until {day}", GRANT + f"allow: [imap], until: {day}}}", "is no date", "as 2027-03-31")
    for day in DAYS
]

NETWORKS = {
    "203.0.113.9/28": "did you mean 203.0.113.0/28?",
    "2001:db8::1/32": "did you mean 2001:db8::/32?",
    "203.0.113.1-203.0.113.9": "write it as 203.0.113.0/28",
    "203.0.113.0/33": "write it as 203.0.113.0/28",
    "203.0.113.0/255.255.0.255": "write it as 203.0.113.0/28",
    "203.0.113": "write it as 203.0.113.0/28",
    "203.000.113.001": "write it as 203.0.113.0/28",
    "scanner.contoso.example": "write it as 203.0.113.0/28",
    "203.0.113.5:587": "write it as 203.0.113.0/28",
}
PLACES = [
    row(f"from {network}", BASIC + f'from: ["{network}"]}}', "is no network", advice)
    for network, advice in NETWORKS.items()
] + [
    row("from the whole Internet", BASIC + "from: [0.0.0.0/0]}", "whole Internet", "alone"),
    row("from nowhere", BASIC + "from: []}", "from is empty", "name a network"),
    row("basic from anywhere", BASIC + "}", "through basic has no from", "203.0.113.0/28"),
]

ROWS = [*FILES, *YAML, *KEYS, *DATES, *PLACES]
