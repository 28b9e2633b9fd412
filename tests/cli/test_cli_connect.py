"""`connect` from nothing, on a bare lab, as an administrator has it: a process and a browser."""

from __future__ import annotations

import base64
import json
import re
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from shell import Shell
from signing import ADMIN, Signing

from leftover import left_in_english, left_over

pytestmark = pytest.mark.slow

TENANT = "contoso.onmicrosoft.com"
NEW = ("connect", TENANT, "--cloud", "lab", "--no-browser", "--yes")
STEPS = (
    "Registering the application",
    "Giving it its certificate",
    "Making its enterprise application",
    "Consenting to its permissions",
    "Giving it the directory role",
    "Proving both grants",
)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    found = Shell(tmp_path_factory.mktemp("connect"))
    found("lab", "up", "--detach", "--seed", "bare")
    try:
        yield found
    finally:
        found("lab", "down", code=None)


@pytest.fixture
def lab(shell: Shell) -> Signing:
    """A tenant without any application of ours, and a state folder without a profile."""
    info = shell.json("lab", "status")
    door(info, "POST", "/reset", {"seed": "bare"})
    door(info, "POST", "/weather", {"name": "fair"})
    for folder in ("profiles", "keys", "tokens"):
        for path in (shell.state / folder).glob("*"):
            path.unlink()
    return Signing(shell, info)


def door(info: Any, method: str, path: str, body: Any = None) -> Any:
    """The lab's control door; None as a body is `null`, which takes a document away."""
    sent = None if method in ("GET", "DELETE") else json.dumps(body).encode()
    asked = Request(f"{info['control']}{path}", sent, method=method)
    with urlopen(asked, context=ssl.create_default_context(cafile=info["ca"])) as answer:
        return json.loads(answer.read() or b"null")


def world(lab: Signing, kind: str) -> list[dict[str, Any]]:
    return list(door(lab.info, "GET", f"/world/{kind}")["value"].values())


def ours(lab: Signing) -> list[dict[str, Any]]:
    return [a for a in world(lab, "applications") if a["displayName"].startswith("Portineria")]


def kept(lab: Signing) -> set[str]:
    state = lab.shell.state
    return {
        str(path.relative_to(state))
        for name in ("profiles", "keys", "tokens")
        for path in (state / name).iterdir()
    }


# --- the story --------------------------------------------------------------------------------


def test_from_nothing_to_read_to_write_and_away_again(lab: Signing) -> None:
    told = json.loads(lab(*NEW, "--json"))
    assert told["access"] == "read"
    assert told["person"] == ADMIN
    assert told["application"]["made"]
    assert told["role"]["name"] == "Global Reader"
    assert all(one["given"] and one["why"] for one in told["permissions"])
    assert kept(lab) == {"profiles/default.yaml", "keys/default.pem"}
    checked = lab.shell.json("connect", "check")
    assert (checked["answer"], checked["access"]) == ("yes", "read")
    assert lab.shell.json("look")["unseen"] == {}

    told = json.loads(lab(*NEW, "--access", "write", "--json"))
    assert not told["application"]["made"]
    assert told["role"]["name"] == "Exchange Administrator"
    given = {one["value"] for one in told["permissions"] if one["given"]}
    assert given == {
        "Policy.ReadWrite.ConditionalAccess",
        "Policy.ReadWrite.SecurityDefaults",
        "User.RevokeSessions.All",
    }
    assert lab.shell.json("connect", "check")["access"] == "write"
    lab.shell("close", "leaver@contoso.example", "--now")

    lab("connect", "remove", "--yes", "--no-browser", "--json")
    assert ours(lab) == []
    assert kept(lab) == set()


def test_it_shows_everything_with_its_reason_before_it_is_asked(lab: Signing) -> None:
    words = [word for word in NEW if word != "--yes"]
    lab(*words, code=4)
    assert "Policy.Read.All" in lab.out
    assert "to see security defaults, Conditional Access and per-user MFA" in lab.out
    assert "Global Reader (to be given), the least role" in lab.out
    assert "good for 365 days; its key is made here and stays in" in lab.out
    assert "AppRoleAssignment.ReadWrite.All: to give it its permissions" in lab.err
    assert "nobody said yes" in lab.err
    assert ours(lab) == []
    assert kept(lab) == set()


def test_called_again_it_writes_nothing_and_proves_again(lab: Signing) -> None:
    lab(*NEW)
    before = (lab.shell.state / "profiles/default.yaml").read_text()
    door(lab.info, "DELETE", "/history")
    lab(*NEW)
    assert "nothing was written" in lab.out
    lab(*NEW, "--lang", "it")
    assert "nulla è stato scritto" in lab.out
    assert left_over(lab.out) == ""
    wrote = door(lab.info, "GET", "/history?wrote=1")["value"]
    assert [one for one in wrote if one["face"] == "graph"] == []
    assert (lab.shell.state / "profiles/default.yaml").read_text() == before


def test_halves_of_keys_that_a_killed_process_left_are_swept_away(lab: Signing) -> None:
    for name in (".default.pem.123", ".default.next.pem.123"):
        (lab.shell.state / "keys" / name).write_text("half a key")
    (lab.shell.state / "keys" / ".other.pem.123").write_text("another profile's")
    lab(*NEW)
    assert kept(lab) == {"profiles/default.yaml", "keys/default.pem", "keys/.other.pem.123"}


def test_by_device_code_where_there_is_no_browser(lab: Signing) -> None:
    browser = lab.browser()
    lab("connect", TENANT, "--cloud", "lab", "--device-code", "--yes", browser=browser)
    assert browser.seen[0] == "Enter code"
    assert len(ours(lab)) == 1


@pytest.mark.parametrize("step", STEPS)
def test_killed_for_real_at_any_step_the_next_call_finishes_it(lab: Signing, step: str) -> None:
    lab(*NEW, kill_at=step, code=-9)
    if step == STEPS[0]:
        _not_sent_yet(lab)
    lab(*NEW)
    assert len(ours(lab)) == 1
    assert kept(lab) == {"profiles/default.yaml", "keys/default.pem"}
    assert lab.shell.json("connect", "check")["answer"] == "yes"


def _not_sent_yet(lab: Signing) -> None:
    """What was killed just before it sent is waited for 90 seconds: here they have passed."""
    path = lab.shell.state / "keys/default.connect.json"
    if path.exists():
        attempt = json.loads(path.read_text())
        path.write_text(json.dumps({**attempt, "sent": "2026-01-01T00:00:00+00:00"}))


def test_where_the_service_is_slow_it_waits_and_says_so(lab: Signing) -> None:
    door(lab.info, "POST", "/weather", {"name": "newcomer"})
    lab(*NEW)
    assert "not known everywhere yet, asking again" in lab.err
    assert lab.shell.json("connect", "check")["answer"] == "yes"


def test_where_it_is_slower_than_we_wait_it_is_pending_and_goes_on(lab: Signing) -> None:
    slow = {"name": "fair", "overrides": {"effects": {"directoryRole": 3600}}}
    door(lab.info, "POST", "/weather", slow)
    lab(*NEW, "--wait", "2", code=3)
    assert "the service still says" in lab.err
    assert "profiles/default.yaml" in kept(lab)
    checked = lab.shell.json("connect", "check", code=1)
    assert checked["first_wrong"] == "Exchange answers"
    door(lab.info, "POST", "/weather", {"name": "fair"})
    lab(*NEW)
    assert len(ours(lab)) == 1


# --- refused ----------------------------------------------------------------------------------


def test_consent_that_is_refused_leaves_nothing(lab: Signing) -> None:
    lab(*NEW, browser=lab.browser(press={"Permissions requested": "cancel"}), code=6)
    assert "the person declined" in lab.err
    assert ours(lab) == []
    assert kept(lab) == set()


def test_who_is_no_administrator_is_told_before_anything_is_written(lab: Signing) -> None:
    """Somebody consented for everybody long ago: then the page lets an ordinary person through."""
    lab(*NEW, code=0)
    lab("connect", "remove", "--yes", "--no-browser")
    for grant in world(lab, "oauth2PermissionGrants"):
        if "AppRoleAssignment" in grant["scope"]:
            wide = {"consentType": "AllPrincipals", "principalId": None}
            put = f"/world/oauth2PermissionGrants/{grant['id']}?merge=1"
            door(lab.info, "PUT", put, wide)
    lab(*NEW, browser=lab.browser("ada@contoso.example"), code=6)
    assert "ada@contoso.example is no administrator who may do this" in lab.err
    assert "connect --print" in lab.err
    assert ours(lab) == []
    assert kept(lab) == set()


def test_a_profile_of_that_name_is_never_overwritten(lab: Signing) -> None:
    path = lab.shell.state / "profiles/default.yaml"
    path.write_text("tenant: other.example\ncontrol: {client_id: "
                    "11111111-2222-3333-4444-555555555555, secret: env:X}\n")  # fmt: skip
    before = path.read_text()
    lab(*NEW, code=2)
    assert "is not overwritten" in lab.err
    lab("connect", TENANT, "--print", code=2)
    lab("connect", TENANT, "--client-id", "11111111-2222-3333-4444-555555555555", code=2)
    assert path.read_text() == before
    assert ours(lab) == []


def test_a_tenant_that_is_not_there(lab: Signing) -> None:
    lab("connect", "nobody.example", "--cloud", "lab", "--no-browser", "--yes", code=2)
    assert "the tenant was not found" in lab.err


def test_halves_of_files_that_a_killed_process_left_are_swept_away(lab: Signing) -> None:
    keys = lab.shell.state / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    for half in (".default.connect.json.1", ".default.pem.2", ".default.next.pem.3"):
        (keys / half).write_text("half")
    lab(*NEW)
    assert kept(lab) == {"profiles/default.yaml", "keys/default.pem"}


# --- check ------------------------------------------------------------------------------------


def broken(lab: Signing, what: str) -> None:
    """One step wrong, behind every API."""
    (app,) = ours(lab)
    principals = world(lab, "servicePrincipals")
    (mine,) = [one for one in principals if one["appId"] == app["appId"]]

    def gone(kind: str, **members: str) -> None:
        for row in world(lab, kind):
            if all(row[name] == value for name, value in members.items()):
                door(lab.info, "PUT", f"/world/{kind}/{row['id']}", None)

    service = {one["displayName"]: one for one in principals}
    if what == "certificate unknown":
        empty = {"certificates": [], "keyCredentials": []}
        door(lab.info, "PUT", f"/world/applications/{app['id']}?merge=1", empty)
    elif what == "disabled":
        put = f"/world/servicePrincipals/{mine['id']}?merge=1"
        door(lab.info, "PUT", put, {"accountEnabled": False})
    elif what == "consent in Graph":
        gone("appRoleAssignments", resourceId=service["Microsoft Graph"]["id"])
    elif what == "consent in Exchange":
        gone("appRoleAssignments", resourceId=service["Office 365 Exchange Online"]["id"])
    elif what == "role":
        gone("roleAssignments", principalId=mine["id"])
    elif what == "too much":
        roles = service["Microsoft Graph"]["appRoles"]
        (id_,) = [one["id"] for one in roles if one["value"] == "Directory.Read.All"]
        row = {"id": "x", "principalId": mine["id"], "appRoleId": id_}
        row["resourceId"] = service["Microsoft Graph"]["id"]
        door(lab.info, "PUT", "/world/appRoleAssignments/x", row)
    elif what == "another role":
        global_administrator = "62e90394-69f5-4237-9190-012177145e10"
        row = {"id": "x", "principalId": mine["id"], "roleDefinitionId": global_administrator}
        door(lab.info, "PUT", "/world/roleAssignments/x", {**row, "directoryScopeId": "/"})


WRONG = [
    ("certificate unknown", "token for Microsoft Graph", "takes some minutes to be known"),
    ("disabled", "token for Microsoft Graph", "enable it"),
    ("consent in Graph", "permissions on Microsoft Graph", "gives what is missing"),
    ("consent in Exchange", "permissions on Office 365 Exchange Online", "gives what is missing"),
    ("role", "Exchange answers", "Global Reader"),
    ("too much", "permissions on Microsoft Graph", "takes away what is not needed"),
    ("another role", "directory role", "takes them away"),
]


@pytest.mark.parametrize(("what", "step", "repair"), WRONG)
def test_check_names_the_first_wrong_step_and_connect_repairs_it(
    lab: Signing, what: str, step: str, repair: str
) -> None:
    lab(*NEW)
    broken(lab, what)
    told = lab.shell.json("connect", "check", code=1)
    assert told["first_wrong"] == step
    (wrong,) = [one for one in told["steps"] if one["name"] == step]
    assert repair in wrong["repair"]
    for one in told["steps"]:
        said = (one["name"], one["because"], one["repair"])
        assert [left for left in map(left_in_english, said) if left] == []
    if what in ("certificate unknown", "consent in Exchange", "too much", "another role"):
        lab(*NEW)
        assert lab.shell.json("connect", "check")["answer"] == "yes"


def test_what_cannot_be_reached_is_not_called_wrong(lab: Signing) -> None:
    lab(*NEW)
    busy = {"scheduled": [{"operation": "^token", "nth": n, "fault": "503"} for n in range(1, 9)]}
    door(lab.info, "POST", "/weather", {"name": "fair", "overrides": busy})
    told = lab.shell.json("connect", "check", code=3)
    assert told["answer"] == "could not tell"
    assert told["first_wrong"] == "token for Microsoft Graph"


def test_the_labs_own_application_is_right_too(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell("lab", "up", "--detach", "--seed", "small")
    try:
        told = shell.json("--profile", "lab", "connect", "check")
        assert told["answer"] == "yes"
        assert "a secret" in told["steps"][0]["because"]
    finally:
        shell("lab", "down")


# --- rotate -----------------------------------------------------------------------------------


def thumbprints(lab: Signing) -> list[str]:
    (app,) = ours(lab)
    return [one["displayName"] for one in app["keyCredentials"]]


def test_a_certificate_is_renewed_and_the_old_one_gone(lab: Signing) -> None:
    lab(*NEW)
    (old,) = thumbprints(lab)
    told = json.loads(lab("connect", "rotate", "--no-browser", "--days", "30", "--json"))
    assert told["retired"] == [old]
    (new,) = thumbprints(lab)
    assert told["thumbprint"].startswith(new.rpartition(" ")[2])
    assert kept(lab) == {"profiles/default.yaml", "keys/default.pem"}
    checked = lab.shell.json("connect", "check")
    assert checked["answer"] == "yes"
    assert "rotate" in checked["steps"][0]["repair"] or "30 days" in checked["steps"][0]["because"]


@pytest.mark.parametrize(
    "step",
    [
        "Putting the new certificate beside",
        "Proving the new certificate",
        "Taking the old certificate away",
    ],
)
def test_a_rotation_that_was_killed_works_and_is_finished(lab: Signing, step: str) -> None:
    lab(*NEW)
    lab("connect", "rotate", "--no-browser", kill_at=step, code=-9)
    assert lab.shell.json("connect", "check")["answer"] == "yes"
    lab("connect", "rotate", "--no-browser")
    assert len(thumbprints(lab)) == 1
    assert lab.shell.json("connect", "check")["answer"] == "yes"
    assert kept(lab) == {"profiles/default.yaml", "keys/default.pem"}


def test_a_key_that_is_not_ours_is_not_rotated(lab: Signing) -> None:
    lab(*NEW)
    key = lab.shell.folder / "mine.pem"
    (lab.shell.state / "keys/default.pem").rename(key)
    profile = lab.shell.state / "profiles/default.yaml"
    profile.write_text(profile.read_text().replace("file:../keys/default.pem", f"file:{key}"))
    lab.shell("connect", "check")
    lab("connect", "rotate", "--no-browser", code=2)
    assert "not one that `connect` made" in lab.err
    key.unlink()


# --- by somebody else's hands -------------------------------------------------------------------


def test_what_is_printed_can_be_done_by_hand_and_then_works(lab: Signing) -> None:
    told = lab.shell.json("connect", TENANT, "--print")
    assert kept(lab) == {"keys/default.pem", "keys/default.cer"}
    script, steps = told["powershell"], "\n".join(told["portal"])
    for one in told["permissions"]:
        assert one["value"] in script
        assert one["value"] in steps
        assert one["why"]
    assert "-Scopes 'Application.ReadWrite.All'" in script
    key = re.search(r"FromBase64String\('([^']+)'\)", script)
    assert key is not None
    assert base64.b64decode(key[1]) == (lab.shell.state / "keys/default.cer").read_bytes()
    assert "PRIVATE" not in script
    client_id = _by_hand(lab, told, key[1])
    adopted = lab.shell.json("connect", TENANT, "--cloud", "lab", "--client-id", client_id)
    assert adopted["answer"] == "yes"
    assert client_id in (lab.shell.state / "profiles/default.yaml").read_text()


def _by_hand(lab: Signing, told: Any, key: str) -> str:
    """What the script does, by its own table: the lab's control door is the administrator."""
    table = dict(re.findall(r"'([0-9a-f-]{36})' = @\(([^)]*)\)", told["powershell"]))
    services = {one["appId"]: one for one in world(lab, "servicePrincipals")}
    pem = f"-----BEGIN CERTIFICATE-----\n{key}\n-----END CERTIFICATE-----\n"
    client_id = "11111111-aaaa-bbbb-cccc-555555555555"
    app = {"id": "app", "appId": client_id, "displayName": "By hand", "certificates": [pem]}
    door(lab.info, "PUT", "/world/applications/app", app)
    principal = {"id": "sp", "appId": client_id, "displayName": "By hand", "appRoles": []}
    door(lab.info, "PUT", "/world/servicePrincipals/sp", principal)
    for service, values in table.items():
        ids = {one["value"]: one["id"] for one in services[service]["appRoles"]}
        for value in re.findall(r"'([^']+)'", values):
            row = {"principalId": "sp", "resourceId": services[service]["id"]}
            whole = {"id": value, "appRoleId": ids[value], **row}
            door(lab.info, "PUT", f"/world/appRoleAssignments/{value}", whole)
    role = {"id": "r", "principalId": "sp", "directoryScopeId": "/"}
    role["roleDefinitionId"] = re.findall(r"-RoleDefinitionId '([^']+)'", told["powershell"])[0]
    door(lab.info, "PUT", "/world/roleAssignments/r", role)
    return client_id


def test_a_cloud_that_nobody_confirmed_is_told(lab: Signing) -> None:
    lab.shell("connect", TENANT, "--print", "--cloud", "gcc-high")
    assert "-Environment USGov " in lab.shell("connect", TENANT, "--print", "--cloud", "gcc-high")
    assert "warning: of the cloud gcc-high no page of Microsoft's confirms: imap" in lab.shell.err


# --- people -------------------------------------------------------------------------------------


def people(lab: Signing, *words: str, **more: Any) -> str:
    client = ("--client-id", str(lab.info["public_client_id"]))
    return lab("connect", "user", *words, "--no-browser", *client, **more)


def test_a_person_signs_in_and_probe_logs_in_as_they_do(lab: Signing) -> None:
    lab(*NEW)
    ada = "ada@contoso.example"
    told = json.loads(people(lab, ada, "--json", browser=lab.browser(ada)))
    assert told["people"] == [ada]
    first = (lab.shell.state / "tokens/default.vault").read_bytes()
    assert lab.shell.json("probe", ada, "imap", "--as", "user")["answer"] == "yes"
    assert (lab.shell.state / "tokens/default.vault").read_bytes() != first
    assert lab.shell.json("probe", ada, "pop", "--as", "user")["answer"] == "yes"


def test_a_delegate_opens_a_shared_mailbox_with_her_own_token(lab: Signing) -> None:
    lab(*NEW)
    ada, shared = "ada@contoso.example", "invoices@contoso.example"
    (box,) = [b for b in world(lab, "mailboxes") if b["PrimarySmtpAddress"] == shared]
    (user,) = [u for u in world(lab, "users") if u["userPrincipalName"] == ada]
    right = {"Identity": shared, "User": user["id"], "AccessRights": ["FullAccess"]}
    whole = {**right, "IsInherited": False, "Deny": False}
    door(lab.info, "PUT", f"/world/mailboxPermissions/{box['Guid']}/{user['id']}", whole)
    before = lab.shell.json("probe", shared, "imap", "--as", "user", code=3)
    assert "no sign-in of people" in before["results"][0]["because"]
    people(lab, ada, "--opens", shared, browser=lab.browser(ada))
    after = lab.shell.json("probe", shared, "imap", "--as", "user", code=None)
    assert after["answer"] == "yes", after


def test_who_signs_in_has_to_be_who_was_named(lab: Signing) -> None:
    lab(*NEW)
    people(lab, "bruno@contoso.example", browser=lab.browser("ada@contoso.example"), code=2)
    assert "ada@contoso.example signed in, and bruno@contoso.example was named" in lab.err
    assert "tokens/default.vault" not in kept(lab)


def test_a_list_of_tokens_that_is_there_moves_into_the_vault(lab: Signing) -> None:
    lab(*NEW)
    path = lab.shell.state / "profiles/default.yaml"
    client = lab.info["public_client_id"]
    answer = door(lab.info, "POST", "/people/bruno@contoso.example/refresh-token", {})
    listed = lab.shell.state / "tokens/list.yaml"
    listed.write_text(f"bruno@contoso.example: '{answer['refresh_token']}'\n")
    listed.chmod(0o600)
    text = "# mine\nprobe:\n  user: {client_id: %s, refresh_tokens: 'file:../tokens/list.yaml'}\n"
    path.write_text(path.read_text() + text % client)
    people(lab, "ada@contoso.example", browser=lab.browser("ada@contoso.example"))
    assert "# mine" in path.read_text()
    for upn in ("ada@contoso.example", "bruno@contoso.example"):
        assert lab.shell.json("probe", upn, "imap", "--as", "user")["answer"] == "yes"


# --- secrets cannot speak -----------------------------------------------------------------------


def test_no_key_and_no_token_is_on_the_disk_in_clear_or_in_any_output(lab: Signing) -> None:
    ada, said = "ada@contoso.example", []
    for words, somebody in (
        ((*NEW, "--verbose"), ADMIN),
        (("connect", "rotate", "--no-browser", "--verbose"), ADMIN),
        (("connect", "user", ada, "--no-browser", "--verbose"), ada),
    ):
        client = ("--client-id", str(lab.info["public_client_id"])) if somebody == ada else ()
        said.append(lab(*words, *client, browser=lab.browser(somebody)) + lab.err)
    said += [lab.shell("connect", "check", "--json"), lab.shell.err]
    said += [lab.shell("probe", ada, "imap", "--as", "user"), lab.shell.err]
    secrets = [
        *door(lab.info, "GET", "/world/refreshTokens")["value"],
        *door(lab.info, "GET", "/world/authorizationCodes")["value"],
    ]
    assert len(secrets) > 3
    key = (lab.shell.state / "keys/default.pem").read_text().split("-----")[2].strip()
    outputs = "\n".join(said)
    state = [
        (path, path.read_text(errors="replace"))
        for path in lab.shell.state.rglob("*")
        if path.is_file() and "lab" not in path.relative_to(lab.shell.state).parts[:1]
    ]
    for secret in secrets:
        for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
            assert form[:40] not in outputs
            for path, text in state:
                assert form[:40] not in text, path
    assert key[:60] not in outputs
    for path, text in state:
        assert "eyJ0" not in text, path
        assert ("PRIVATE KEY" in text) == (path.name == "default.pem")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert "eyJ0" not in outputs
