"""Words of `probe` that mean nothing."""

from desk import Desk, Row


def a_list(desk: Desk) -> None:
    desk.write("people.csv", "address\nada@contoso.example\nnobody\n")


ADA = ["probe", "ada@contoso.example"]
SERVER = ["probe", "--server"]

ROWS = [
    Row(name="nobody to probe", words=["probe"], exit=2, code="usage", where="MAILBOX",
        why="no mailbox is named", try_="--file"),
    Row(name="a password on the line", words=[*ADA, "--password", "hunter2"], exit=2, code="usage",
        where="--password", why="does not stand on the command line", try_="env:NAME or file:PATH"),
    Row(name="a password that is not there", words=[*ADA, "--password", "env:NOT_SET_HERE"],
        exit=2, code="credential", where="--password", why="NOT_SET_HERE is not set",
        try_="export NOT_SET_HERE"),
    Row(name="one password for two",
        words=[*ADA, "erp@contoso.example", "--password", "env:X"], exit=2, code="usage",
        where="--password", why="cannot be that of several mailboxes", try_="probe.passwords"),
    Row(name="a row that is no address", words=["probe", "--file", "people.csv"], exit=2,
        code="bad-file", arrange=a_list, where="people.csv:3", why="'nobody' is no address",
        try_="correct that row"),
    Row(name="TLS of no server", words=[*ADA, "--tls", "implicit"], exit=2, code="usage",
        where="--tls", why="belongs to --server", try_="add --server"),
    Row(name="no server", words=[*SERVER, "mail.example.com:99999"], exit=2, code="usage",
        where="--server", why="is no server", try_="host:port"),
    Row(name="a port of nobody", words=[*SERVER, "mail.example.com:2525"], exit=2, code="usage",
        where="--protocol", why="which protocol is spoken", try_="imap, pop or smtp"),
    Row(name="authorities that are none", words=[*SERVER, "h.example:993", "--ca", "none.pem"],
        exit=2, code="no-file", where="none.pem", why="cannot be used", try_="check the name"),
    Row(name="a report in no folder", words=[*ADA, "--junit", "nowhere/probe.xml"], exit=2,
        code="no-file", where="nowhere/probe.xml", why="No such file", try_="--junit"),
]  # fmt: skip
