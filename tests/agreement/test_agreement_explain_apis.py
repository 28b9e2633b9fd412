"""What the lab's token endpoint and Graph refuse with, explained to the one layer that it is."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from matrix import HOST, policy_body, protect
from stage import DEFAULTS, MAIL_SCOPES, POLICIES, Stage, stage
from uttering import ADDRESS, NAME, account_disabled, mfa_for_all, mfa_per_user

from portineria.lab import graph
from portineria.policy.effective import Access, Context
from portineria.policy.explain.find import find
from portineria.policy.explain.meaning import layers_of
from portineria.policy.explain.state import judge
from portineria.policy.refusals import CallerKind
from portineria.tenant.caller import AppOnly, UserThrough
from portineria.tenant.mailbox import Protocol

Do = Callable[[Stage], Awaitable[None]]
ALL_MFA = {"security defaults", "per-user MFA", "Conditional Access"}


async def _nothing(_: Stage) -> None:
    """The tenant stays as it is."""


async def block_all(stage: Stage) -> None:
    await protect(stage, False, "none")
    body = policy_body(stage, "foreign")
    body |= {"displayName": "Nobody", "grantControls": {"operator": "OR"}}
    body["grantControls"]["builtInControls"] = ["block"]
    made = await stage.graph("POST", POLICIES, body)
    assert made.status_code == 201, made.text


def app_changed(**members: Any) -> Do:
    async def change(stage: Stage) -> None:
        info = stage.lab.info
        client = info["public_client_id"] if "user" in members else info["mail_app"]["client_id"]
        changed = {name: value for name, value in members.items() if name != "user"}
        principal = stage.lab.world["servicePrincipals"].find("appId", client)
        assert principal is not None
        stage.lab.world["servicePrincipals"].patch(principal["id"], **changed)

    return change


async def no_consent(stage: Stage) -> None:
    table = stage.lab.world["oauth2PermissionGrants"]
    for key, _ in list(table.items()):
        table.put(key, None)


@dataclass(frozen=True)
class Case:
    number: int
    caller: CallerKind
    leaves: frozenset[str]
    layer: str
    arrange: Do = _nothing
    form: tuple[tuple[str, str], ...] = ()
    mfa: bool = True


def case(
    number: int, caller: CallerKind, leaves: set[str], layer: str, *more: Any, **kw: Any
) -> Case:
    return Case(number, caller, frozenset(leaves), layer, *more, **kw)


CASES = (
    case(53003, "user", {"Conditional Access"}, "Conditional Access", block_all),
    case(50076, "user", ALL_MFA, "Conditional Access", mfa_for_all, mfa=False),
    case(50076, "user", ALL_MFA, "per-user MFA", mfa_per_user, mfa=False),
    case(50057, "user", {"account"}, "account", account_disabled),
    case(7000112, "app", {"application"}, "application", app_changed(accountEnabled=False)),
    case(
        7000112, "user", {"application"}, "application", app_changed(accountEnabled=False, user=1)
    ),
    case(
        50105,
        "user",
        {"application"},
        "application",
        app_changed(appRoleAssignmentRequired=True, user=1),
    ),
    case(65001, "user", {"consent"}, "consent", no_consent),
    case(7000215, "app", {"credential"}, "credential", form=(("client_secret", "wrong"),)),
    case(
        700016,
        "app",
        {"application", "consent"},
        "application",
        form=(("client_id", "99999999-0000-0000-0000-000000000000"),),
    ),
)


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.number} as {one.caller}: {one.layer}")
async def test_a_refused_token_is_explained_by_number_and_state(one: Case, tmp_path: Path) -> None:
    async with stage(tmp_path) as lab:
        lab.person(NAME, plan=True)
        lab.give_full_access(ADDRESS)
        await protect(lab, False, "none")
        form = await _form(lab, one)
        await one.arrange(lab)
        lab.settle()
        answer = await lab.token(**{**form, **dict(one.form)})
        (message,) = find(answer.text).messages
        assert message.saying.number == one.number
        kinds = frozenset({one.caller})
        assert {layer.value for layer in layers_of(message.saying, kinds)} == one.leaves
        if one.number == 53003:
            rows = (await lab.graph("GET", POLICIES)).json()["value"]
            assert list(message.policies) == [row["id"] for row in rows]
        client = {**form, **dict(one.form)}["client_id"]
        who = AppOnly(client) if one.caller == "app" else UserThrough(client)
        snapshot = await lab.look(ADDRESS)
        box = snapshot.mailbox(ADDRESS)
        assert box is not None
        context = Context(lab.clock.now(), ip_address(HOST))
        (judged,) = judge(message, [Access(snapshot, box, Protocol.IMAP, who, context)])
        if one.number == 700016:
            assert judged.layer is None, "an application that is not there was not seen"
            assert "application" in judged.because
        else:
            assert judged.layer is not None, judged.because
            assert judged.layer.value == one.layer


async def _form(lab: Stage, one: Case) -> dict[str, str]:
    info = lab.lab.info
    if one.caller == "app":
        return {
            "grant_type": "client_credentials",
            "client_id": info["mail_app"]["client_id"],
            "client_secret": info["mail_app"]["client_secret"],
            "scope": "https://outlook.office365.com/.default",
        }
    path = f"https://control.lab/people/{ADDRESS}/refresh-token"
    given = (await lab.http.post(path, json={"mfa": one.mfa})).json()
    return {
        "grant_type": "refresh_token",
        "client_id": given["client_id"],
        "refresh_token": given["refresh_token"],
        "scope": " ".join(f"https://outlook.office.com/{scope}" for scope in MAIL_SCOPES),
    }


# --- Graph -------------------------------------------------------------------------------------


async def test_graphs_refusals_are_explained(tmp_path: Path) -> None:
    async with stage(tmp_path) as lab:
        await protect(lab, True, "none")
        enabled = {**policy_body(lab, "foreign"), "state": "enabled"}
        asked = {
            "graph-security-defaults-on": await lab.graph("POST", POLICIES, enabled),
            "graph-ca-clients": await lab.graph("POST", POLICIES, _clients(enabled)),
            "graph-not-found": await lab.graph(
                "GET", f"{POLICIES}/{'0' * 8}-0000-0000-0000-{'0' * 12}"
            ),
            "graph-method": await lab.graph("DELETE", DEFAULTS),
            "graph-query": await lab.graph("GET", 'users?$search="displayName:x"'),
            "graph-code-request": await lab.graph("GET", "users?$filter=surname lt lt"),
            "graph-token": await _graph(lab, "not a token"),
            "graph-scopes": await _graph(lab, await _mail_token(lab)),
        }
        lab.without_p1()
        lab.settle()
        await lab.graph("PATCH", DEFAULTS, {"isEnabled": False})
        asked["graph-not-licensed"] = await lab.graph("POST", POLICIES, enabled)
    told = {
        wanted: [one.saying.id for one in find(answer.text).messages]
        for wanted, answer in asked.items()
    }
    assert told == {wanted: [wanted] for wanted in asked}


def _clients(body: dict[str, Any]) -> dict[str, Any]:
    conditions = {**body["conditions"], "clientAppTypes": []}
    return {**body, "state": "enabledForReportingButNotEnforced", "conditions": conditions}


async def _graph(lab: Stage, bearer: str) -> Any:
    lab.clock.advance(2.0)
    url = f"https://graph.lab/v1.0/{POLICIES}"
    return await lab.http.get(url, headers={"authorization": f"Bearer {bearer}"})


async def _mail_token(lab: Stage) -> str:
    """A token for Graph of an application that was given nothing there."""
    app = lab.lab.info["mail_app"]
    answer = await lab.token(
        grant_type="client_credentials",
        client_id=app["client_id"],
        client_secret=app["client_secret"],
        scope="https://graph.microsoft.com/.default",
    )
    return str(answer.json()["access_token"])


def test_every_code_that_graph_can_utter_is_known() -> None:
    """Whatever the words: of a code it is told at least that it leaves open what refused."""
    folder = Path(graph.__file__).parent
    source = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    codes = set(re.findall(r'GraphFault\(\s*\d{3},\s*"(\w+)"', source))
    codes |= set(re.findall(r'"code": "(\w+)"', source)) | {
        "TooManyRequests",
        "serviceNotAvailable",
    }
    assert len(codes) > 7
    for code in codes:
        body = json.dumps({"error": {"code": code, "message": "words that nobody has written"}})
        findings = find(body)
        assert findings.known, code
