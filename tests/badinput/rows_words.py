"""Words of the command line."""

from desk import Desk, Row


def exists(desk: Desk) -> None:
    desk.write("policy.yaml", "tenant: contoso.example\n")


def folder(desk: Desk) -> None:
    (desk.folder / "out").mkdir()


HELP = "--help"

ROWS = [
    Row(name="no such verb", words=["lok"], exit=2, code="usage",
        where="portineria", why=["there is no verb 'lok'", "did you mean look?"], try_=HELP),
    Row(name="no such verb of a group", words=["lab", "upp"], exit=2, code="usage",
        where="portineria lab", why="did you mean up?", try_="portineria lab --help"),
    Row(name="no such option", words=["look", "--mailbox"], exit=2, code="usage",
        where="portineria look", why="no such option", try_="portineria look --help"),
    Row(name="option without its value", words=["look", "--output"], exit=2, code="usage",
        where="portineria look", why="--output", try_="portineria look --help"),
    Row(name="missing argument", words=["why"], exit=2, code="usage",
        where="portineria why", why=["missing", "MAILBOX"], try_="portineria why --help"),
    Row(name="argument too many", words=["completion", "bash", "zsh"], exit=2,
        code="usage", where="portineria completion", why="unexpected extra argument", try_=HELP),
    Row(name="no such protocol", words=["why", "ada@contoso.example", "imapp"], exit=2,
        code="usage", where="portineria why", why=["imapp", "imap", "pop"], try_=HELP),
    Row(name="no such shell", words=["completion", "tcsh"], exit=2, code="usage",
        where="portineria completion", why=["tcsh", "bash"], try_=HELP),
    Row(name="no caller", words=["why", "ada@contoso.example", "--as", "me"], exit=2,
        code="usage", where="--as", why="'me' is not a caller", try_="app:CLIENT_ID"),
    Row(name="no address to ask from", words=["why", "ada@contoso.example", "--from", "home"],
        exit=2, code="usage", where="--from", why="'home' is no address", try_="203.0.113.5"),
    Row(name="no address to probe from",
        words=["probe", "ada@contoso.example", "imap", "--from", "home"],
        exit=2, code="usage", where="--from", why="'home' is no address", try_="of this machine"),
    Row(name="a code and a page at once", exit=2, code="usage",
        words=["connect", "contoso.example", "--cloud", "lab", "--device-code", "--no-browser"],
        where="portineria connect", why="--device-code", try_="leave out"),
    Row(name="no client id to connect with", exit=2, code="usage", where="--client-id",
        words=["connect", "contoso.example", "--client-id", "mine"],
        why="'mine' is no client id", try_="copy the Application (client) ID"),
    Row(name="a certificate of nobody", exit=2, code="usage", where="portineria connect",
        words=["connect", "contoso.example", "--certificate", "x.pem"],
        why="--certificate goes with --client-id", try_="--client-id ID"),
    Row(name="no cloud", words=["connect", "contoso.example", "--cloud", "moon"], exit=2,
        code="usage", where="portineria connect", why=["moon", "gcc-high"], try_=HELP),
    Row(name="neither plan nor run", words=["apply"], exit=2, code="usage",
        where="portineria apply", why="name a plan, or a run", try_="--resume last"),
    Row(name="plan and run", words=["apply", "plan.json", "--resume", "last"], exit=2,
        code="usage", where="portineria apply", why="name a plan, or a run", try_="--resume"),
    Row(name="name of a profile that is a path", words=["look", "--profile", "../x"], exit=2,
        code="usage", where="--profile", why="'../x' is no name of a profile", try_="dashes"),
    Row(name="output in no folder", words=["look", "--output", "nowhere/snapshot.json"], exit=2,
        code="no-file", where="nowhere/snapshot.json", why="cannot be written: No such file",
        try_="another one with --output"),
    Row(name="output that is a folder", words=["plan", "--output", "out"], exit=2,
        code="no-file", arrange=folder, where="out", why="Is a directory", try_="--output"),
    Row(name="init over a policy", words=["init"], exit=2, code="no-file", arrange=exists,
        where="policy.yaml", why="is there already", try_="--output"),
    Row(name="init in no folder", words=["init", "--output", "nowhere/policy.yaml"], exit=2,
        code="no-file", where="nowhere/policy.yaml", why="No such file", try_="--output"),
    Row(name="no such mailbox", words=["why", "erq@contoso.example", "imap"], exit=2,
        code="no-such", where="MAILBOX", why="there is no mailbox 'erq@contoso.example'",
        try_=["did you mean erp@contoso.example?", "look --mailboxes"]),
    Row(name="no such mailbox to close", words=["close", "zzz@contoso.example", "--now"], exit=2,
        code="no-such", where="MAILBOX", why="there is no mailbox", try_="look --mailboxes"),
    Row(name="no such mailbox to probe", words=["probe", "erq@contoso.example", "imap"], exit=2,
        code="no-such", where="MAILBOX", why="there is no mailbox", try_="did you mean erp"),
    Row(name="no such seed", words=["lab", "up", "--seed", "fabrikam"], exit=2,
        code="bad-input", where="lab up", why=["fabrikam", "contoso"], try_="lab up --help"),
    Row(name="no such weather", words=["lab", "up", "--weather", "hail"], exit=2,
        code="bad-input", where="lab up", why=["hail", "flaky"], try_="lab up --help"),
]  # fmt: skip
