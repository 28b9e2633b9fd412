"""The logs: what happened at the endpoints is in them, some minutes later, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from body_tenant import ACCESS, BLOCK_LEGACY, START, Tenant, error, tenant
from post_tenant import PASSWORD, auth_login
from post_tenant import Tenant as Office
from test_lab_authorize import BRUNO, Browser

from portineria.clock import VirtualClock
from portineria.lab.login.refusals import SignInFault
from portineria.lab.login.signin import by_password
from portineria.lab.seeds.ground import Ground
from portineria.lab.seeds.people import password
from portineria.lab.seeds.reading import seed_data
from portineria.lab.seeds.signins import plant
from portineria.lab.world import World

SCAN, ADA = "scan@contoso.example", "ada@contoso.example"
SILENT = "signInEventTypes/any(t: t eq 'nonInteractiveUser')"
ALONE = "signInEventTypes/any(t: t eq 'servicePrincipal')"


def empty(t: Tenant) -> None:
    """Without the story of the seed."""
    t.lab.world["signIns"].versions.clear()


async def asked(t: Tenant, version: str = "v1.0", kind: str = "signIns", **query: str) -> Any:
    """One request of the log, after a pause that its limit wants."""
    t.clock.advance(10.0)
    text = "&".join(f"${name}={value}" for name, value in query.items())
    return await t.graph("GET", f"https://graph.lab/{version}/auditLogs/{kind}?{text}")


async def rows(t: Tenant, version: str = "v1.0", kind: str = "signIns", **query: str) -> Any:
    answer: httpx2.Response = await asked(t, version, kind, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]


async def basic(t: Tenant, upn: str = SCAN, given: str | None = None) -> int:
    """A password at SMTP, as far as Entra sees it."""
    try:
        secret = password(upn) if given is None else given
        await by_password(t.lab.world, t.lab.weather, upn, secret, "203.0.113.7")
    except SignInFault as fault:
        return fault.code
    return 0


async def test_a_password_at_smtp_is_an_interactive_sign_in_of_exchange_itself() -> None:
    async with tenant() as t:
        empty(t)
        t.lab.world["policies"].patch("securityDefaults", isEnabled=False)
        assert await basic(t) == 0
        (row,) = await rows(t, "beta")
    assert row["clientAppUsed"] == "Authenticated SMTP"
    assert row["userAgent"] == "BAV2ROPC"
    assert row["authenticationProtocol"] == "ropc"
    assert row["authenticationRequirement"] == "singleFactorAuthentication"
    assert row["authenticationDetails"][0]["authenticationMethod"] == "Password"
    assert row["isInteractive"] is True
    assert row["appId"] == row["resourceId"] == "00000002-0000-0ff1-ce00-000000000000"
    assert row["appDisplayName"] == row["resourceDisplayName"] == "Office 365 Exchange Online"
    assert row["userPrincipalName"] == SCAN
    assert row["ipAddress"] == "203.0.113.7"
    assert row["status"]["errorCode"] == 0


@pytest.mark.parametrize(
    ("upn", "given", "code"),
    [(SCAN, "wrong", 50126), ("nobody@contoso.example", "x", 50034), (SCAN, None, 530035)],
)
async def test_what_entra_refuses_is_logged_with_its_number(
    upn: str, given: str | None, code: int
) -> None:
    async with tenant() as t:
        empty(t)
        assert await basic(t, upn, given) == code
        (row,) = await rows(t)
    assert row["status"]["errorCode"] == code
    assert row["userPrincipalName"] == upn
    assert bool(row["userId"]) is (code != 50034)


async def test_security_defaults_are_among_the_policies_that_were_applied() -> None:
    async with tenant() as t:
        empty(t)
        await basic(t)
        (row,) = await rows(t)
    (defaults,) = row["appliedConditionalAccessPolicies"]
    assert defaults["displayName"] == "Security Defaults"
    assert defaults["result"] == "success"
    assert defaults["enforcedGrantControls"] == ["Mfa"]


async def test_each_policy_tells_what_it_did_report_only_ones_what_they_would_have() -> None:
    async with tenant() as t:
        empty(t)
        await t.made()
        assert await basic(t) == 530035
        (first,) = await rows(t)
        await t.defaults(False)
        (policy,) = (await t.graph("GET", ACCESS)).json()["value"]
        await t.graph("PATCH", f"{ACCESS}/{policy['id']}", {"state": "enabled"})
        assert await basic(t) == 53003
        second, _ = await rows(t)
    results = {p["displayName"]: p["result"] for p in first["appliedConditionalAccessPolicies"]}
    assert results["Block legacy authentication"] == "reportOnlyFailure"
    (enforced,) = second["appliedConditionalAccessPolicies"]
    assert (enforced["result"], enforced["enforcedGrantControls"]) == ("failure", ["Block"])
    assert second["conditionalAccessStatus"] == "failure"


async def test_who_may_not_read_policies_does_not_see_what_they_did() -> None:
    async with tenant() as t:
        empty(t)
        await basic(t)
        role = t.lab.world["servicePrincipals"].find("displayName", "Microsoft Graph")
        assert role is not None
        ids = {one["value"]: one["id"] for one in role["appRoles"]}
        for key, row in list(t.lab.world["appRoleAssignments"].items()):
            if row["appRoleId"] == ids["Policy.Read.All"]:
                t.lab.world["appRoleAssignments"].put(key, None)
        (seen,) = await rows(t)
    assert seen["appliedConditionalAccessPolicies"] == []


async def test_a_person_in_a_browser_is_interactive_and_a_refresh_is_not() -> None:
    async with tenant() as t:
        empty(t)
        browser = Browser(t)
        answer = await browser.sign_in(BRUNO)
        token = (await browser.redeem(answer)).json()
        form = {
            "grant_type": "refresh_token",
            "client_id": browser.asked["client_id"],
            "client_secret": "",
            "refresh_token": token["refresh_token"],
            "scope": "",
        }
        assert (await t.token(**form)).status_code == 200
        (first,) = await rows(t, filter=f"userPrincipalName eq '{BRUNO}'")
        (again,) = await rows(t, "beta", filter=SILENT)
    for row in (first, again):
        assert row["clientAppUsed"] == "Mobile Apps and Desktop clients"
        assert row["appDisplayName"] == "Thunderbird"
        assert row["userPrincipalName"] == BRUNO
        assert row["status"]["errorCode"] == 0
    assert again["isInteractive"] is False
    assert again["authenticationProtocol"] == "oAuth2"


async def test_a_wrong_password_on_the_page_is_logged_and_so_is_a_dead_session() -> None:
    async with tenant() as t:
        empty(t)
        await Browser(t).sign_in(BRUNO, "wrong")
        (row,) = await rows(t)
        refreshed = (await t.control("POST", f"people/{ADA}/refresh-token")).json()
        t.lab.world["users"].patch(t.user(ADA)["id"], accountEnabled=False)
        form = {name: refreshed[name] for name in ("client_id", "refresh_token", "scope")}
        await t.token(grant_type="refresh_token", client_secret="", **form)
        (dead,) = await rows(t, "beta", filter=SILENT)
    assert row["status"]["errorCode"] == 50126
    assert dead["status"]["errorCode"] == 50057


async def test_an_application_is_logged_in_beta_with_a_wrong_secret_too() -> None:
    async with tenant() as t:
        empty(t)
        mail = t.lab.info["mail_app"]
        own = {"client_id": mail["client_id"], "scope": "https://outlook.office365.com/.default"}
        await t.token(**own, client_secret=mail["client_secret"])
        await t.token(**own, client_secret="wrong")
        found = await rows(t, "beta", filter=f"appId eq '{mail['client_id']}' and {ALONE}")
        assert await rows(t) == []
    assert sorted(row["status"]["errorCode"] for row in found) == [0, 7000215]
    assert {row["servicePrincipalId"] for row in found} == {mail["principal_id"]}
    assert {row["resourceDisplayName"] for row in found} == {"Office 365 Exchange Online"}
    assert {row["userPrincipalName"] for row in found} == {""}


async def test_v1_shows_interactive_sign_ins_alone_and_no_members_of_beta() -> None:
    async with tenant() as t:
        assert all("authenticationProtocol" not in row for row in await rows(t))
        assert all(row["isInteractive"] for row in await rows(t))
        assert (await asked(t, filter=SILENT)).status_code == 400
        assert await rows(t, "beta", filter=ALONE)


async def test_mail_hosts_log_the_password_that_reaches_entra_and_only_that() -> None:
    office = Office()
    log = office.world["signIns"]
    for name, given in (("ada", PASSWORD), ("ada", "wrong"), ("bob", PASSWORD)):
        await auth_login(await office.smtp(), name, given)
    codes = [row["status"]["errorCode"] for _, row in log.scan()]
    # Bob's switch is off: the host refuses before it asks anybody.
    assert codes == [0, 50126]


@pytest.mark.parametrize(("protocol", "client"), [("imap", "IMAP4"), ("pop", "POP3")])
async def test_passwords_for_imap_and_pop_are_failures_or_by_the_other_reading_absent(
    protocol: str, client: str
) -> None:
    office = Office()

    async def try_it() -> None:
        talk = await (office.imap() if protocol == "imap" else office.pop())
        if protocol == "imap":
            await talk.say(f'A1 LOGIN "ada@contoso.example" "{PASSWORD}"')
        else:
            await talk.say("USER ada@contoso.example")
            await talk.say(f"PASS {PASSWORD}")

    await try_it()
    ((_, row),) = office.world["signIns"].scan()
    assert (row["clientAppUsed"], row["status"]["errorCode"]) == (client, 50126)
    office.read_as(retired_basic_in_sign_in_log="absent")
    await try_it()
    assert len(list(office.world["signIns"].scan())) == 1


async def test_newest_first_and_a_page_goes_on_behind_its_last_record() -> None:
    async with tenant() as t:
        first = (await asked(t, top="3")).json()
        await basic(t, given="wrong")  # a newer one shifts nothing
        met = [row["id"] for row in first["value"]]
        link = first["@odata.nextLink"]
        while link:
            t.clock.advance(10.0)
            page = (await t.graph("GET", link)).json()
            met += [row["id"] for row in page["value"]]
            link = page.get("@odata.nextLink", "")
        whole = await rows(t)
    assert met == [row["id"] for row in whole][1:]
    times = [row["createdDateTime"] for row in whole]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("clientAppUsed eq 'IMAP4' or clientAppUsed eq 'POP3'", 3),
        ("status/errorCode eq 50034", 1),
        ("startswith(userPrincipalName, 'bruno')", 3),
        ("location/countryOrRegion eq 'XX'", 1),
        ("createdDateTime ge 2026-10-28T00:00:00Z and createdDateTime lt 2026-10-29T00:00:00Z", 2),
        ("createdDateTime gt 2026-11-02T09:00:00.1234567Z", 0),
    ],
)
async def test_the_listed_members_can_be_filtered_on(text: str, found: int) -> None:
    async with tenant() as t:
        assert len(await rows(t, filter=text)) == found


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "userAgent eq 'BAV2ROPC'"},
        {"filter": "clientAppUsed ne 'Browser'"},
        {"filter": "resourceId eq 'x'"},
        {"filter": "endswith(userPrincipalName, 'example')"},
        {"top": "1001"},
        {"top": "0"},
        {"skiptoken": "nonsense"},
    ],
)
async def test_what_is_not_listed_is_refused(query: dict[str, str]) -> None:
    async with tenant() as t:
        assert (await asked(t, **query)).status_code == 400


async def test_a_record_shows_five_to_eleven_minutes_later() -> None:
    async with tenant() as t:
        empty(t)
        t.weather("service", latency=0.0, lag={}, effects={"signInLog": 652.0})
        for number in range(20):
            await basic(t, f"nobody{number}@contoso.example", "x")
        t.clock.advance(290.0)
        assert await rows(t) == []
        t.clock.advance(150.0)
        assert 0 < len(await rows(t)) < 20
        t.clock.advance(200.0)
        assert len(await rows(t)) == 20


async def test_after_thirty_days_it_is_gone() -> None:
    async with tenant() as t:
        assert min(row["createdDateTime"] for row in await rows(t)) < "2026-10-04"
        t.clock.advance(timedelta(days=15).total_seconds())
        assert min(row["createdDateTime"] for row in await rows(t)) > "2026-10-18"


async def test_five_requests_in_ten_seconds_and_the_sixth_is_told_to_wait() -> None:
    async with tenant() as t:
        headers = {"authorization": f"Bearer {await t.bearer()}"}
        url = "https://graph.lab/v1.0/auditLogs/signIns?$top=1"
        answers = [await t.http.get(url, headers=headers) for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 5 + [429]
        assert answers[-1].headers["retry-after"] == "10"
        t.clock.advance(10.0)
        assert (await t.http.get(url, headers=headers)).status_code == 200
        t.weather(reports_per_ten_seconds=0)
        for _ in range(7):
            assert (await t.http.get(url, headers=headers)).status_code == 200


async def test_without_the_permission_nobody_reads_it() -> None:
    async with tenant() as t:
        mail = t.lab.info["mail_app"]
        bearer = await t.bearer(**{n: mail[n] for n in ("client_id", "client_secret")})
        for path in ("auditLogs/signIns", "auditLogs/directoryAudits"):
            answer = await t.graph("GET", path, bearer=bearer)
            assert answer.status_code == 403
            assert error(answer)["code"] == "Authorization_RequestDenied"


async def test_a_forgotten_write_leaves_no_audit_and_a_reset_brings_the_story_back() -> None:
    async with tenant() as t:
        empty(t)
        t.weather(forgets="^PATCH /policies/identitySecurityDefaults")
        assert (await t.defaults(False)).status_code == 204
        assert await rows(t, kind="directoryAudits") == []
        await t.control("POST", "reset", {"seed": "small"})
        assert len(list(t.lab.world["signIns"].scan())) > 40


async def test_policy_writes_are_in_the_audit_log_with_before_and_after() -> None:
    async with tenant() as t:
        await t.defaults(False)
        made = await t.made()
        await t.graph("PATCH", f"{ACCESS}/{made}", {"state": "enabled"})
        await t.graph("DELETE", f"{ACCESS}/{made}")
        place = {
            "@odata.type": "#microsoft.graph.ipNamedLocation",
            "displayName": "Office",
            "ipRanges": [
                {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}
            ],
        }
        await t.graph("POST", ACCESS.replace("policies", "namedLocations"), place)
        found = await rows(t, kind="directoryAudits")
        by_name = await rows(
            t,
            kind="directoryAudits",
            filter="activityDisplayName eq 'Update conditional access policy' and "
            f"activityDateTime ge {START:%Y-%m-%dT%H:%M:%SZ}",
        )
    assert [row["activityDisplayName"] for row in found] == [
        "Add named location",
        "Delete conditional access policy",
        "Update conditional access policy",
        "Add conditional access policy",
        "Update security defaults",
    ]
    assert all(row["result"] == "success" and row["category"] == "Policy" for row in found)
    assert all(row["initiatedBy"]["app"]["displayName"] == "Portineria control" for row in found)
    (update,) = by_name
    changed = {
        one["displayName"]: one for one in update["targetResources"][0]["modifiedProperties"]
    }
    assert changed["state"]["oldValue"] == '"enabledForReportingButNotEnforced"'
    assert changed["state"]["newValue"] == '"enabled"'
    assert update["targetResources"][0]["id"] == made


async def test_a_refused_write_leaves_no_audit() -> None:
    async with tenant() as t:
        refused = await t.graph("POST", ACCESS, {**BLOCK_LEGACY, "state": "enabled"})
        assert refused.status_code == 400
        assert await rows(t, kind="directoryAudits") == []


async def test_applications_are_audited_without_their_secrets() -> None:
    async with tenant() as t:
        admin = t.lab.info["admin"]["principal_id"]
        graph = t.lab.world["servicePrincipals"].find("displayName", "Microsoft Graph")
        assert graph is not None
        role = next(r["id"] for r in graph["appRoles"] if r["value"] == "Application.ReadWrite.All")
        row = {"id": "x", "principalId": admin, "resourceId": graph["id"], "appRoleId": role}
        t.lab.world["appRoleAssignments"].put("x", row)
        app = (await t.graph("POST", "applications", {"displayName": "New"})).json()
        secret = await t.graph("POST", f"applications/{app['id']}/addPassword", {})
        assert secret.status_code == 200, secret.text
        found = await rows(t, kind="directoryAudits")
    assert [one["activityDisplayName"].partition(" \u2013")[0] for one in found] == [
        "Update application",
        "Add application",
    ]
    assert secret.json()["secretText"] not in str(found)


async def test_a_free_tenants_audit_log_is_served_or_by_the_other_reading_refused() -> None:
    async with tenant("contoso-free") as t:
        assert (await asked(t, kind="directoryAudits")).status_code == 200
        t.weather(readings={"directory-audits-without-premium": "refused"})
        refused = await asked(t, kind="directoryAudits")
    assert refused.status_code == 403
    assert error(refused)["code"] == "Authentication_RequestFromNonPremiumTenantOrB2CTenant"


async def test_the_last_sign_in_of_a_person_is_shown_to_who_may_read_the_log() -> None:
    async with tenant() as t:
        path = "users?$select=userPrincipalName,signInActivity"
        people = (await t.graph("GET", path)).json()["value"]
        found = {one["userPrincipalName"]: one["signInActivity"] for one in people}
        for key, row in list(t.lab.world["appRoleAssignments"].items()):
            if row["principalId"] == t.lab.info["admin"]["principal_id"]:
                wanted = "AuditLog.Read.All"
                graph = t.lab.world["servicePrincipals"].get(row["resourceId"]) or {}
                roles = {r["id"]: r["value"] for r in graph.get("appRoles", ())}
                if roles.get(row["appRoleId"]) == wanted:
                    t.lab.world["appRoleAssignments"].put(key, None)
        refused = await t.graph("GET", path)
    assert found[SCAN]["lastSuccessfulSignInDateTime"] > "2026-10-30"
    assert found[ADA]["lastNonInteractiveSignInDateTime"] > "2026-10-30"
    assert found[ADA]["lastSignInDateTime"] is None
    assert found[BRUNO]["lastSuccessfulSignInDateTime"] is None
    assert found["monitor@contoso.example"] is None
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("seed", "clients"),
    [
        ("small", {"Authenticated SMTP", "IMAP4", "Mobile Apps and Desktop clients"}),
        ("contoso", {"Authenticated SMTP", "IMAP4", "POP3", "Mobile Apps and Desktop clients"}),
    ],
)
async def test_a_fresh_lab_has_thirty_days_of_sign_ins(seed: str, clients: set[str]) -> None:
    async with tenant(seed) as t:
        log = [row for _, row in t.lab.world["signIns"].scan()]
        known = {row["userPrincipalName"] for _, row in t.lab.world["users"].scan()}
    assert {row["clientAppUsed"] for row in log} - {None} == clients
    assert max(row["createdDateTime"] for row in log) < f"{START:%Y-%m-%dT%H:%M:%SZ}"
    strangers = {row["userPrincipalName"] for row in log if not row["userId"]} - {""}
    assert strangers
    assert not strangers & known


def test_an_application_that_a_seed_does_not_have_has_not_signed_in() -> None:
    world = World(VirtualClock(START))
    ground = Ground(world, seed_data("small"), START)
    plant(ground)
    assert {row["clientAppUsed"] for _, row in world["signIns"].scan()} == {
        "Authenticated SMTP",
        "IMAP4",
    }
